//! The strip at the top and the first page.

use super::alarm::note_open;
use super::app::App;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::text::words;
use super::who::Who;
use crate::session::Session;
use crate::view::shape::{Notice, Status, Today};
use crate::view::{seat, status as strip, today as first};
use axum::Json;
use axum::extract::State;

/// Refuses a person whose role reads no cases.
pub(super) async fn case_reader(app: &App, session: &Session) -> ApiResult<()> {
    let viewer = std::sync::Arc::clone(&session.viewer);
    app.look(move |node| {
        if seat::reads_cases(node, &viewer) {
            Ok(())
        } else {
            Err(ApiError::new("not_allowed"))
        }
    })
    .await
}

#[utoipa::path(get, path = "/api/v1/status", responses(
    (status = 200, body = Status), (status = 401, body = ErrorBody)))]
pub(super) async fn status(State(app): State<App>, who: Who) -> ApiResult<Json<Status>> {
    let strip = app.look(move |node| Ok(strip::status(node, &who.session.viewer)));
    let mut strip = strip.await?;
    // A new key opens no case files before somebody else did.
    let closed = (!app.disk.is_open()).then(|| ("case_closed", words("notice", "case_closed")));
    let notices = closed.into_iter().chain(app.lan.notice(app.now()));
    strip.notices.extend(notices.map(|(code, text)| Notice {
        code: code.into(),
        severity: 3,
        text,
        target: None,
    }));
    Ok(Json(strip))
}

#[utoipa::path(get, path = "/api/v1/today", responses(
    (status = 200, body = Today), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub(super) async fn today(State(app): State<App>, who: Who) -> ApiResult<Json<Today>> {
    case_reader(&app, &who.session).await?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let today = first::today(node, viewer);
        note_open(node, viewer, &today.alarms)?;
        Ok(today)
    })
    .await
    .map(Json)
}
