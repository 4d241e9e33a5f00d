//! A forgotten passphrase: asked for before anybody signs in, answered by a keeper of an office
//! above, who types the code that the officer reads over the telephone.

use super::app::App;
use super::error::{ApiError, ApiResult, ErrorBody, FieldFault};
use super::json::{Strict, read_body};
use super::sign::{Proof, prove};
use super::who::{Who, Writer};
use crate::owner::{Hand, Node};
use crate::reenrol::{self, ASK_DAYS, AnswerError, AskError, Reply};
use crate::view::Viewer;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiaolian_schema::act::Ask;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::OfficeId;
use qrcodegen::{QrCode, QrCodeEcc};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::sync::Arc;
use utoipa::ToSchema;

/// Who forgot, and the new passphrase.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Forgotten {
    staff_number: String,
    passphrase: String,
}

/// What the officer's screen shows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BegunShape {
    /// To be read over the telephone.
    code: String,
    /// The whole request, for a stick.
    line: String,
    /// The same as a picture, a `data:` address.
    qr: String,
    /// Within how many days it is answered.
    days: i64,
}

/// A request that waits; the code is not among it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WaitingShape {
    office: String,
    name: String,
    staff_number: String,
    at: i64,
}

/// All that waits below the keeper's office.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WaitingList {
    items: Vec<WaitingShape>,
}

/// The keeper's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Approval {
    /// As it was read out.
    code: String,
    /// The request itself, where it came by hand.
    line: Option<String>,
    /// The keeper's passphrase or PIN.
    sign: Proof,
}

/// What was signed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApprovedShape {
    office: String,
    name: String,
    staff_number: String,
    /// Where the answer can be fetched as a file, for a desk without a link.
    reply: String,
}

#[utoipa::path(post, path = "/api/v1/reenrol", request_body = Forgotten, responses(
    (status = 201, body = BegunShape), (status = 422, body = ErrorBody),
    (status = 429, body = ErrorBody)))]
pub(super) async fn begin(
    State(app): State<App>,
    _: Writer,
    Strict(form): Strict<Forgotten>,
) -> ApiResult<Response> {
    let number = form.staff_number.trim().to_owned();
    let asked = number.clone();
    let suite = app.look(move |node| {
        let at = (node.office, node.now());
        Ok(reenrol::suite_of(&node.replica, at, &asked))
    });
    let suite = suite.await?;
    let drawn = app.draw_key(suite, number.clone(), form.passphrase).await?;
    let begun = app.call(move |node| {
        let at = (node.office, node.now());
        let begun = reenrol::begin(&mut node.replica, at, &number, drawn);
        let begun = begun.map_err(|error| refuse_ask(&error))?;
        for write in begun.writes.clone() {
            node.put(write);
        }
        Ok(begun)
    });
    let begun = begun.await?;
    let shape = BegunShape {
        qr: picture(&begun.line),
        code: begun.code,
        line: begun.line,
        days: ASK_DAYS,
    };
    Ok((StatusCode::CREATED, Json(shape)).into_response())
}

#[utoipa::path(get, path = "/api/v1/reenrol/requests", responses(
    (status = 200, body = WaitingList), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody)))]
pub(super) async fn requests(State(app): State<App>, who: Who) -> ApiResult<Json<WaitingList>> {
    app.look(move |node| {
        check_keeper(node, &who.session.viewer)?;
        let waiting = reenrol::waiting(&node.replica, who.session.viewer.office, node.now());
        let items = waiting.into_iter().map(|waits| WaitingShape {
            office: waits.office_name,
            name: waits.name,
            staff_number: waits.ask.staff_number,
            at: waits.at,
        });
        Ok(Json(WaitingList {
            items: items.collect(),
        }))
    })
    .await
}

#[utoipa::path(post, path = "/api/v1/reenrol/approvals", request_body = Approval, responses(
    (status = 201, body = ApprovedShape), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 422, body = ErrorBody),
    (status = 429, body = ErrorBody)))]
pub(super) async fn approve(
    State(app): State<App>,
    who: Who,
    Strict(form): Strict<Approval>,
) -> ApiResult<Response> {
    let viewer = who.session.viewer;
    let seen = Arc::clone(&viewer);
    app.look(move |node| check_keeper(node, &seen)).await?;
    let tries = format!("code:{}", viewer.staff_number);
    app.count(&tries)?;
    let key = prove(&app, &viewer.staff_number, who.session.key, form.sign).await?;
    let key = Arc::new(key);
    let hand = Hand { viewer, key };
    let shape = app
        .call(move |node| answer(node, &hand, &form.code, form.line.as_deref()))
        .await?;
    app.keys.forgive(&tries);
    Ok((StatusCode::CREATED, Json(shape)).into_response())
}

/// The answer for one office, as a file.
#[utoipa::path(get, path = "/api/v1/reenrol/replies/{office}", responses(
    (status = 200), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody)))]
pub(super) async fn reply(
    State(app): State<App>,
    who: Who,
    Path(office): Path<String>,
) -> ApiResult<Response> {
    let bytes = app.look(move |node| {
        check_keeper(node, &who.session.viewer)?;
        let office = OfficeId::from_hex(&office).ok_or(ApiError::not_found())?;
        if !node.offices().is_above(who.session.viewer.office, office) {
            return Err(ApiError::not_found());
        }
        let reply = Reply::new(&node.replica, office);
        let reply = reply.map_err(|_| ApiError::new("store_failed"))?;
        Ok(reply.to_bytes())
    });
    let mut response = bytes.await?.into_response();
    let name = HeaderValue::from_static("attachment; filename=\"answer.reply\"");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// An answer that came by hand. Anybody may bring it: each envelope in it stands by its signature.
#[utoipa::path(post, path = "/api/v1/reenrol/replies", responses(
    (status = 204), (status = 413, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn take(State(app): State<App>, _: Writer, body: Body) -> ApiResult<StatusCode> {
    app.count("reply:")?;
    let bytes = read_body(body).await?;
    app.call(move |node| {
        let refused = |reason: String| ApiError::field("file", line_fault(&reason));
        let reply = Reply::parse(&bytes).map_err(|error| refused(error.to_string()))?;
        let (own, now) = (node.office, node.now());
        let taken = reply.take(&mut node.replica, own, now);
        taken.map_err(|error| refused(error.to_string()))?;
        node.forget_files();
        Ok(())
    })
    .await?;
    app.keys.forgive("reply:");
    Ok(StatusCode::NO_CONTENT)
}

fn answer(
    node: &mut Node,
    hand: &Hand,
    code: &str,
    line: Option<&str>,
) -> ApiResult<ApprovedShape> {
    let (own, now) = (hand.viewer.office, node.now());
    let carried = match line.filter(|line| !line.trim().is_empty()) {
        None => None,
        Some(line) => {
            let read = reenrol::read_carried(&node.replica, line);
            Some(read.map_err(|error| ApiError::field("line", line_fault(&error.to_string())))?)
        }
    };
    let found = reenrol::find(&node.replica, (own, now), carried, code);
    let waits = found.map_err(|error| refuse_answer(&error))?;
    let roster = node.replica.roster(waits.ask.office);
    for act in reenrol::acts(&node.replica, &waits, now) {
        node.sign(hand, roster, act)?;
    }
    check_answered(node, &waits.ask)?;
    tracing::info!(staff_number = %waits.ask.staff_number, "a new key was appointed");
    Ok(ApprovedShape {
        reply: format!("/api/v1/reenrol/replies/{}", waits.ask.office.to_hex()),
        office: waits.office_name,
        name: waits.name,
        staff_number: waits.ask.staff_number,
    })
}

/// A keeper may have been given less than it takes.
fn check_answered(node: &Node, ask: &Ask) -> ApiResult<()> {
    let answered = node.authority().answer_to(ask);
    answered.map(|_| ()).ok_or(ApiError::new("not_allowed"))
}

fn check_keeper(node: &Node, viewer: &Viewer) -> ApiResult<()> {
    let appointment = viewer
        .appointment
        .and_then(|id| node.authority().appointment(id));
    let keeper = appointment.is_some_and(|appoint| appoint.duty == Duty::Keeper);
    keeper.then_some(()).ok_or(ApiError::new("not_allowed"))
}

fn refuse_ask(error: &AskError) -> ApiError {
    match error {
        AskError::TooOften => ApiError::new("reenrol_often"),
        AskError::Store(_) => ApiError::new("store_failed"),
        AskError::NoRoster | AskError::Sign(_) => {
            tracing::warn!(%error, "no new key can be asked for");
            ApiError::new("reenrol_unable")
        }
    }
}

fn refuse_answer(error: &AnswerError) -> ApiError {
    let fault = match error {
        AnswerError::Code => FieldFault::new("reenrol_code", &[]),
        AnswerError::Unknown => FieldFault::new("reenrol_unknown", &[]),
        other => FieldFault::new("reenrol_refused", &[&other.to_string()]),
    };
    tracing::warn!(%error, "a request for a new key was not answered");
    ApiError::field("code", fault)
}

fn line_fault(reason: &str) -> FieldFault {
    FieldFault::new("reenrol_line", &[reason])
}

/// A QR picture; empty where the text is too long for one.
fn picture(text: &str) -> String {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Low) else {
        return String::new();
    };
    let (size, border) = (code.size(), 4);
    let mut path = String::new();
    for y in 0..size {
        for x in 0..size {
            if code.get_module(x, y) {
                let _ = write!(path, "M{},{}h1v1h-1z", x + border, y + border);
            }
        }
    }
    let side = size + 2 * border;
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {side} {side}'>\
         <path d='M0,0h{side}v{side}h-{side}z' fill='white'/><path d='{path}'/></svg>"
    );
    let escaped = svg
        .replace('<', "%3C")
        .replace('>', "%3E")
        .replace('#', "%23");
    format!("data:image/svg+xml,{escaped}")
}
