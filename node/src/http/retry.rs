//! The same answer for the same idempotency key: a double click or a retry after a cut connection
//! happens once.

use super::app::App;
use super::error::ApiError;
use super::json::shown;
use super::who::{channel, token_of};
use crate::session::{ANSWER_BYTES_MAX, Answer};
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const KEY_HEADER: &str = "idempotency-key";
/// Length of a key, hexadecimal digits.
const KEY_CHARS: usize = 32;

/// Answers from memory where the key was seen in this session before.
pub(super) async fn retry(State(app): State<App>, request: Request, next: Next) -> Response {
    let key = match key_of(&request) {
        Ok(Some(key)) if request.method() != Method::GET => key,
        Ok(_) => return next.run(request).await,
        Err(error) => return error.into_response(),
    };
    let token = token_of(request.headers(), channel(request.extensions()));
    let session = token.and_then(|token| app.sessions.find(&token, app.session_now(), false));
    let Some(session) = session else {
        return next.run(request).await;
    };
    let key = format!("{} {} {key}", request.method(), request.uri().path());
    let place = session.answers.place(&key);
    let mut known = place.lock().await;
    if let Some(answer) = &*known {
        return repeat(answer);
    }
    let (parts, body) = next.run(request).await.into_parts();
    // A cut-off answer can't be repeated, and is not kept.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return ApiError::new("store_failed").into_response();
    };
    if is_final(parts.status) && bytes.len() <= ANSWER_BYTES_MAX {
        *known = Some(Answer {
            status: parts.status.as_u16(),
            body: bytes.to_vec(),
        });
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// Refusals that a person can mend with the same form are asked again.
fn is_final(status: StatusCode) -> bool {
    status.is_success() || status == StatusCode::CONFLICT
}

fn key_of(request: &Request) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get(KEY_HEADER) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let sound = text.len() == KEY_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let refused = ApiError::bad_request("repeat_key", &[&shown(text)]);
    sound
        .then(|| Some(text.to_ascii_lowercase()))
        .ok_or(refused)
}

fn repeat(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body.clone()).into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
