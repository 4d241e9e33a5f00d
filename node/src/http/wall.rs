//! The wall screen, and the session that may look at nothing else.

use super::app::App;
use super::desk::case_reader;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::live::{Closed, Sender, ended, send};
use super::who::{Over, Who, token_of};
use crate::event::{Change, Feed};
use crate::owner::Node;
use crate::session::Session;
use crate::view::shape::Wall;
use crate::view::wall as view;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// The numbers go out at most so often, ms.
const WALL_GAP_MS: u64 = 2_000;
/// They go out, changed or not, after so many such times.
const WALL_QUIET_TICKS: u32 = 5;

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

/// The stream of a wall: its numbers when they may have changed, and now and then so that it is seen
/// to live. Nothing else is told to a screen that anybody may stand before.
pub(super) async fn follow(app: App, session: Session, mut feed: Feed, sender: Sender) {
    let mut ending = session.ending.clone();
    let mut ticks = tokio::time::interval(Duration::from_millis(WALL_GAP_MS));
    let (mut sent, mut changed, mut quiet) = (feed.newest, true, 0);
    loop {
        tokio::select! {
            item = feed.live.recv() => match item {
                Ok(item) => {
                    sent = item.number;
                    changed |= !matches!(item.change, Change::Located(_));
                }
                Err(RecvError::Lagged(_)) => changed = true,
                Err(RecvError::Closed) => return,
            },
            _ = ticks.tick() => {
                quiet += 1;
                if changed || quiet >= WALL_QUIET_TICKS {
                    (changed, quiet) = (false, 0);
                    if tell(&app, &session, &sender, sent).await.is_err() {
                        return;
                    }
                }
            }
            reason = ended(&mut ending) => {
                let why = json!({ "reason": reason });
                let _ = send(&app, &sender, (sent, "signed_out"), &why);
                return;
            }
            () = sender.closed() => return,
            () = app.owner.ended() => return,
        }
    }
}

async fn tell(app: &App, session: &Session, sender: &Sender, number: u64) -> Result<(), Closed> {
    let viewer = Arc::clone(&session.viewer);
    let look = move |node: &mut Node| json!(view::wall(node, &viewer));
    match app.owner.look(look).await {
        Ok(told) => send(app, sender, (number, "wall"), &told),
        Err(_) => Ok(()),
    }
}
