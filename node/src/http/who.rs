//! Who asks: the session behind a cookie, and whether the page was opened for that very person.

use super::accept::Channel;
use super::app::App;
use super::error::ApiError;
use crate::session::{Session, SessionToken};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, header};
use std::convert::Infallible;

/// The person that a page was opened for. Two tabs share one cookie; after a switch in one of them
/// the other must not write in the next person's name.
pub(super) const PERSON_HEADER: &str = "x-jiaolian-person";

/// What a page asks by itself, without a person's doing: it keeps no session alive.
const POLLED: [&str; 5] = ["/status", "/session", "/events", "/network", "/wall"];
/// All that a session at the wall may ask for.
const WALL: [&str; 3] = ["/wall", "/session", "/events"];

/// The signed-in person behind a request.
#[derive(Debug, Clone)]
pub(super) struct Who {
    /// The session.
    pub(super) session: Session,
}

impl FromRequestParts<App> for Who {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = token_of(&parts.headers, channel(&parts.extensions));
        let token = token.ok_or(ApiError::new("not_signed_in"))?;
        // Inside the interface's own router the path has lost what that is nested under.
        let path = parts.uri.path().trim_start_matches("/api/v1");
        let active = parts.method != Method::GET || !POLLED.contains(&path);
        let session = app.sessions.find(&token, app.session_now(), active);
        let session = session.ok_or(ApiError::new("not_signed_in"))?;
        if parts.method != Method::GET && is_for_another(&parts.headers, &session) {
            return Err(ApiError::new("not_signed_in"));
        }
        if session.wall && !(parts.method.is_safe() && WALL.contains(&path)) {
            return Err(ApiError::new("not_allowed"));
        }
        // Oversight reads: whoever holds its role writes nothing here, whatever else they hold.
        if !parts.method.is_safe() && session.viewer.reads_only {
            return Err(ApiError::new("not_allowed"));
        }
        Ok(Self { session })
    }
}

/// Anybody, signed in or not, but for a person who is signed in and only reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer;

impl FromRequestParts<App> for Writer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match Who::from_request_parts(parts, app).await {
            Err(error) if error.code() == "not_allowed" => Err(error),
            _ => Ok(Self),
        }
    }
}

/// Over what a request came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Over(pub(super) Channel);

impl<S: Sync> FromRequestParts<S> for Over {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(channel(&parts.extensions)))
    }
}

/// Whether the page was opened for somebody else.
pub(super) fn is_for_another(headers: &HeaderMap, session: &Session) -> bool {
    let said = headers.get(PERSON_HEADER).map(HeaderValue::as_bytes);
    said.is_some_and(|said| said != session.viewer.person.to_hex().as_bytes())
}

/// Over what a request came; plainly where nothing says so.
pub(super) fn channel(extensions: &Extensions) -> Channel {
    extensions.get().copied().unwrap_or_default()
}

/// A browser takes a `__Host-` cookie over TLS only. The two names also keep a token that went over
/// TLS from ever being sent plainly.
fn cookie_name(channel: Channel) -> &'static str {
    if channel.tls {
        "__Host-jl_session"
    } else {
        "jl_session"
    }
}

/// The token in a request's cookie.
pub(super) fn token_of(headers: &HeaderMap, channel: Channel) -> Option<SessionToken> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == cookie_name(channel))?;
    SessionToken::parse(value)
}

/// The header that gives a browser its token, or takes it away.
pub(super) fn set_cookie(token: Option<&SessionToken>, channel: Channel) -> HeaderValue {
    let name = cookie_name(channel);
    let secure = if channel.tls { "; Secure" } else { "" };
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

    const PLAIN: Channel = Channel { tls: false };
    const TLS: Channel = Channel { tls: true };

    #[test]
    fn a_token_comes_back_from_the_cookie_that_carried_it() {
        let token = SessionToken::new([7; 32]);
        let set = set_cookie(Some(&token), PLAIN);
        let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        let line = format!("other=1; {pair}");
        headers.insert(header::COOKIE, HeaderValue::from_str(&line).unwrap());
        assert_eq!(token_of(&headers, PLAIN), Some(token));
        assert_eq!(token_of(&headers, TLS), None);
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
            assert_eq!(token_of(&headers, PLAIN), None, "{line}");
        }
    }
}
