//! The wall screen, and the session that may look at nothing else.

use super::app::App;
use super::desk::case_reader;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::{Over, Who, token_of};
use crate::view::shape::Wall;
use crate::view::wall as view;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

#[utoipa::path(get, path = "/api/v1/wall", responses(
    (status = 200, body = Wall), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub(super) async fn show(State(app): State<App>, who: Who) -> ApiResult<Json<Wall>> {
    case_reader(&app, &who.session).await?;
    app.look(move |node| Ok(view::wall(node, &who.session.viewer)))
        .await
        .map(Json)
}

#[utoipa::path(post, path = "/api/v1/wall", responses(
    (status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub(super) async fn pin(
    State(app): State<App>,
    who: Who,
    Over(channel): Over,
    headers: HeaderMap,
) -> ApiResult<StatusCode> {
    case_reader(&app, &who.session).await?;
    let token = token_of(&headers, channel).ok_or(ApiError::new("not_signed_in"))?;
    app.sessions.pin(&token, app.session_now());
    super::session::close_if_empty(&app).await;
    Ok(StatusCode::NO_CONTENT)
}
