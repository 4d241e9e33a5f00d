//! Every request of the interface leaves a row in the node's log before its answer goes out, or is
//! named here with the reason why it leaves none.

use super::app::App;
use super::error::{ApiError, Refused};
use super::who::{channel, token_of};
use crate::owner::{Access, Looked};
use crate::view::Viewer;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiaolian_schema::id::DossierId;
use std::sync::Arc;

/// Which row a request leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// One of this kind, written beside the handler.
    Row(Looked),
    /// The handler writes it, for it knows more.
    Inside(Looked),
    /// None, and why.
    Exempt(&'static str),
}

use Trace::{Exempt, Inside, Row};

/// Every endpoint: method, path, trace. What is not listed here leaves a row all the same.
const ROUTES: &[(&str, &str, Trace)] = &[
    (
        "GET",
        "/api/v1/node",
        Exempt("asked before anybody signs in; names the office only"),
    ),
    (
        "GET",
        "/api/v1/session",
        Exempt("one's own session, asked by the page itself"),
    ),
    ("POST", "/api/v1/session", Inside(Looked::SignedIn)),
    ("DELETE", "/api/v1/session", Row(Looked::SignedOut)),
    (
        "GET",
        "/api/v1/status",
        Exempt("counts and times of lines, asked by the page itself"),
    ),
    ("GET", "/api/v1/today", Row(Looked::Today)),
    ("GET", "/api/v1/cases", Inside(Looked::Cases)),
    ("POST", "/api/v1/cases", Inside(Looked::Signed)),
    ("GET", "/api/v1/cases/new", Row(Looked::Form)),
    ("GET", "/api/v1/cases/{id}", Inside(Looked::Case)),
    ("GET", "/api/v1/cases/{id}/texts", Inside(Looked::Texts)),
    (
        "PUT",
        "/api/v1/cases/{id}/texts/{name}",
        Row(Looked::TextSaved),
    ),
    ("GET", "/api/v1/cases/{id}/records", Inside(Looked::Records)),
    (
        "GET",
        "/api/v1/cases/{id}/timeline",
        Inside(Looked::Timeline),
    ),
    ("GET", "/api/v1/cases/{id}/looks", Row(Looked::Looks)),
    ("GET", "/api/v1/cases/{id}/devices", Inside(Looked::Case)),
    ("GET", "/api/v1/cases/{id}/bundle", Inside(Looked::Export)),
    ("GET", "/api/v1/matters/{id}/bundle", Inside(Looked::Export)),
    ("GET", "/api/v1/alarms/{id}/bundle", Inside(Looked::Export)),
    ("POST", "/api/v1/cases/{id}/events", Inside(Looked::Signed)),
    ("GET", "/api/v1/matters", Inside(Looked::Matters)),
    ("GET", "/api/v1/matters/{id}", Inside(Looked::Matter)),
    (
        "POST",
        "/api/v1/matters/{id}/events",
        Inside(Looked::Signed),
    ),
    ("GET", "/api/v1/alarms", Inside(Looked::Alarms)),
    ("GET", "/api/v1/alarms/{id}", Inside(Looked::Alarm)),
    ("GET", "/api/v1/alarms/{id}/explain", Inside(Looked::Alarm)),
    ("POST", "/api/v1/alarms/{id}/events", Inside(Looked::Signed)),
    (
        "GET",
        "/api/v1/map/counties",
        Exempt("the public map of counties"),
    ),
    ("GET", "/api/v1/map/fences", Row(Looked::Fences)),
    ("GET", "/api/v1/map/people", Inside(Looked::Positions)),
    (
        "GET",
        "/api/v1/people/{person}/tally",
        Inside(Looked::Track),
    ),
    ("GET", "/api/v1/map/people/{id}", Inside(Looked::Positions)),
    ("GET", "/api/v1/map/track", Inside(Looked::Track)),
    ("POST", "/api/v1/fences/check", Row(Looked::Tried)),
    (
        "POST",
        "/api/v1/devices/{terminal}/locate",
        Inside(Looked::Track),
    ),
    (
        "POST",
        "/api/v1/devices/{terminal}/text",
        Inside(Looked::Asked),
    ),
    (
        "GET",
        "/api/v1/network",
        Exempt("offices, lines and counts, asked by the page itself"),
    ),
    ("GET", "/api/v1/wall", Row(Looked::Network)),
    ("POST", "/api/v1/wall", Row(Looked::Asked)),
    ("GET", "/api/v1/network/refused", Row(Looked::Network)),
    (
        "GET",
        "/api/v1/network/refused/export",
        Inside(Looked::Refused),
    ),
    ("GET", "/api/v1/duty", Inside(Looked::Alarms)),
    ("POST", "/api/v1/duty", Inside(Looked::Signed)),
    ("GET", "/api/v1/duty/untold", Inside(Looked::Alarms)),
    ("GET", "/api/v1/duty/outages", Row(Looked::Network)),
    ("GET", "/api/v1/duty/hand-overs", Inside(Looked::Alarms)),
    ("POST", "/api/v1/duty/hand-overs", Inside(Looked::Signed)),
    (
        "GET",
        "/api/v1/duty/hand-overs/{id}",
        Inside(Looked::Alarms),
    ),
    (
        "POST",
        "/api/v1/duty/hand-overs/{id}",
        Inside(Looked::Signed),
    ),
    ("GET", "/api/v1/drafts", Row(Looked::Draft)),
    ("GET", "/api/v1/drafts/{key}", Row(Looked::Draft)),
    ("PUT", "/api/v1/drafts/{key}", Row(Looked::DraftSaved)),
    ("DELETE", "/api/v1/drafts/{key}", Row(Looked::DraftSaved)),
    ("GET", "/api/v1/audit", Row(Looked::Audit)),
    ("GET", "/api/v1/audit/findings", Row(Looked::Audit)),
    ("GET", "/api/v1/account", Inside(Looked::Account)),
    ("GET", "/api/v1/events", Row(Looked::Asked)),
    ("GET", "/api/v1/certificate", Row(Looked::Network)),
    ("GET", "/api/v1/stand-ins", Row(Looked::Network)),
    ("POST", "/api/v1/stand-ins", Row(Looked::Signed)),
    ("POST", "/api/v1/reenrol", Row(Looked::Asked)),
    ("GET", "/api/v1/reenrol/requests", Row(Looked::Network)),
    ("POST", "/api/v1/reenrol/approvals", Row(Looked::Signed)),
    ("POST", "/api/v1/reenrol/replies", Row(Looked::Asked)),
    (
        "GET",
        "/api/v1/reenrol/replies/{office}",
        Row(Looked::Export),
    ),
];

/// What a request to an endpoint leaves; none where the endpoint is not listed.
pub fn trace_of(method: &str, path: &str) -> Option<Trace> {
    let mut routes = ROUTES.iter();
    routes
        .find(|(known, at, _)| *known == method && *at == path)
        .map(|(.., trace)| *trace)
}

/// What is known of a request before its handler has it.
struct Asked {
    viewer: Arc<Viewer>,
    trace: Option<Trace>,
    case: Option<DossierId>,
}

/// Lets a request through and writes its row; without the row there is no answer.
pub(super) async fn trace(State(app): State<App>, request: Request, next: Next) -> Response {
    let asked = ask(&app, &request);
    let response = next.run(request).await;
    let Some(asked) = asked else {
        return response;
    };
    let refused = response.extensions().get::<Refused>().copied();
    let Some((looked, word)) = row_for(asked.trace, response.status(), refused) else {
        return response;
    };
    let kind = match asked.trace {
        Some(Row(looked) | Inside(looked)) => looked,
        _ => Looked::Asked,
    };
    let noted = app.call(move |node| {
        let mut access = Access::new(node, &asked.viewer, looked);
        if let Some(case) = asked.case {
            access = access.of(case);
        }
        if let Some(word) = word {
            access = access.saying(word).for_purpose(kind.word());
        }
        node.note_access(access)
    });
    match noted.await {
        Ok(()) => response,
        Err(error) => error.into_response(),
    }
}

fn ask(app: &App, request: &Request) -> Option<Asked> {
    let token = token_of(request.headers(), channel(request.extensions()))?;
    let session = app.sessions.find(&token, app.session_now(), false)?;
    // Inside the interface's own router the path has lost what that is nested under.
    let path = format!(
        "/api/v1{}",
        request.uri().path().trim_start_matches("/api/v1")
    );
    let mut routes = ROUTES.iter();
    let route =
        routes.find(|(known, at, _)| *known == method(request.method()) && is_path_of(at, &path));
    let trace = route.map(|(.., trace)| *trace);
    Some(Asked {
        viewer: session.viewer,
        trace,
        case: dossier_in(
            request.uri().path(),
            request.uri().query().unwrap_or_default(),
        ),
    })
}

/// Whether a path is one of an endpoint's: a name in braces stands for one segment.
fn is_path_of(endpoint: &str, path: &str) -> bool {
    let (mut known, mut asked) = (endpoint.split('/'), path.split('/'));
    loop {
        match (known.next(), asked.next()) {
            (None, None) => return true,
            (Some(known), Some(asked)) if known == asked || known.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// A HEAD reads as a GET does.
fn method(method: &Method) -> &str {
    match method.as_str() {
        "HEAD" => "GET",
        other => other,
    }
}

/// The dossier that a request names, in its path or as `case` in its query.
fn dossier_in(path: &str, query: &str) -> Option<DossierId> {
    let named = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("case="));
    let mut texts = path.split('/').chain(named);
    texts.find_map(DossierId::from_hex)
}

/// Which row an answer calls for, and the code of a refusal.
fn row_for(
    trace: Option<Trace>,
    status: StatusCode,
    refused: Option<Refused>,
) -> Option<(Looked, Option<&'static str>)> {
    if status.is_client_error() {
        let code = refused.map_or("refused", |refused| refused.0);
        // A form with a field missing, and the question for a reason, are no attempt at anything.
        let typing = ["fields_invalid", "not_signed_in", "purpose_needed"].contains(&code);
        return (!typing).then_some((Looked::Denied, Some(code)));
    }
    if status.is_server_error() {
        return None;
    }
    match trace {
        Some(Row(looked)) => Some((looked, None)),
        Some(Inside(_) | Exempt(_)) => None,
        None => Some((Looked::Asked, None)),
    }
}

/// Notes that somebody was not let in. Guesses are slowed elsewhere, so rows don't flood.
pub(super) async fn note_refused_sign_in(app: &App, staff_number: &str, error: &ApiError) {
    let (number, code) = (staff_number.to_owned(), error.code());
    if code != "login_refused" {
        return;
    }
    let noted = app.call(move |node| {
        let mut known = node.authority().appointments();
        let person = known
            .find(|(_, appoint, _)| !number.is_empty() && appoint.staff_number == number)
            .map(|(_, appoint, _)| appoint.person);
        drop(known);
        let access = Access::by_nobody(node, Looked::SignInRefused).saying(code);
        node.note_access(access.by(person))
    });
    // Nothing is shown to whoever was refused, so nothing depends on the row.
    let _ = noted.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dossier_is_found_in_the_path_or_the_query() {
        let hex = "ab".repeat(32);
        let wanted = DossierId::from_hex(&hex);
        assert_eq!(
            dossier_in(&format!("/api/v1/cases/{hex}/texts"), ""),
            wanted
        );
        let query = format!("from=1&case={hex}&to=2");
        assert_eq!(dossier_in("/api/v1/map/track", &query), wanted);
        assert_eq!(dossier_in("/api/v1/cases/new", "case=zz"), None);
    }

    #[test]
    fn refusals_have_rows_whatever_the_endpoint_and_typing_has_none() {
        let refused = |code| Some(Refused(code));
        let exempt = Some(Exempt("x"));
        let row = row_for(exempt, StatusCode::FORBIDDEN, refused("not_allowed"));
        assert_eq!(row, Some((Looked::Denied, Some("not_allowed"))));
        let typing = row_for(
            None,
            StatusCode::UNPROCESSABLE_ENTITY,
            refused("fields_invalid"),
        );
        assert_eq!(typing, None);
        assert_eq!(
            row_for(None, StatusCode::OK, None),
            Some((Looked::Asked, None))
        );
    }
}
