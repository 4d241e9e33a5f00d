//! Who asks: the session behind a cookie, and whether the page was opened for that very person.

use super::app::App;
use super::error::ApiError;
use crate::session::{Session, SessionToken};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};

/// The person that a page was opened for. Two tabs share one cookie; after a switch in one of them
/// the other must not write in the next person's name.
pub(super) const PERSON_HEADER: &str = "x-jiaolian-person";

/// What a page asks by itself, without a person's doing: it keeps no session alive.
const POLLED: [&str; 4] = [
    "/api/v1/status",
    "/api/v1/session",
    "/api/v1/events",
    "/api/v1/network",
];

/// The signed-in person behind a request.
#[derive(Debug, Clone)]
pub(super) struct Who {
    /// The session.
    pub(super) session: Session,
}

impl FromRequestParts<App> for Who {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = token_of(&parts.headers, app.tls).ok_or(ApiError::new("not_signed_in"))?;
        let active = parts.method != Method::GET || !POLLED.contains(&parts.uri.path());
        let session = app.sessions.find(&token, app.session_now(), active);
        let session = session.ok_or(ApiError::new("not_signed_in"))?;
        if parts.method != Method::GET && is_for_another(&parts.headers, &session) {
            return Err(ApiError::new("not_signed_in"));
        }
        // Oversight reads: whoever holds its role writes nothing here, whatever else they hold.
        if !parts.method.is_safe() && session.viewer.reads_only {
            return Err(ApiError::new("not_allowed"));
        }
        Ok(Self { session })
    }
}

/// Whether the page was opened for somebody else.
pub(super) fn is_for_another(headers: &HeaderMap, session: &Session) -> bool {
    let said = headers.get(PERSON_HEADER).map(HeaderValue::as_bytes);
    said.is_some_and(|said| said != session.viewer.person.to_hex().as_bytes())
}

/// A browser takes a `__Host-` cookie over TLS only.
fn cookie_name(tls: bool) -> &'static str {
    if tls {
        "__Host-jl_session"
    } else {
        "jl_session"
    }
}

/// The token in a request's cookie.
pub(super) fn token_of(headers: &HeaderMap, tls: bool) -> Option<SessionToken> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == cookie_name(tls))?;
    SessionToken::parse(value)
}

/// The header that gives a browser its token, or takes it away.
pub(super) fn set_cookie(token: Option<&SessionToken>, tls: bool) -> HeaderValue {
    let name = cookie_name(tls);
    let secure = if tls { "; Secure" } else { "" };
    let text = match token {
        Some(token) => {
            format!(
                "{name}={}; Path=/; HttpOnly; SameSite=Strict{secure}",
                token.to_text()
            )
        }
        None => format!("{name}=; Path=/; HttpOnly; SameSite=Strict{secure}; Max-Age=0"),
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_from_the_cookie_that_carried_it() {
        let token = SessionToken::new([7; 32]);
        let set = set_cookie(Some(&token), false);
        let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        let line = format!("other=1; {pair}");
        headers.insert(header::COOKIE, HeaderValue::from_str(&line).unwrap());
        assert_eq!(token_of(&headers, false), Some(token));
        assert_eq!(token_of(&headers, true), None);
    }

    #[test]
    fn odd_cookies_are_no_token() {
        for line in [
            "jl_session=",
            "jl_session=zz",
            "jl_session=00",
            "jl_session",
            "",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(line));
            assert_eq!(token_of(&headers, false), None, "{line}");
        }
    }
}
