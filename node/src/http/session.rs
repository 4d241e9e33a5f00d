//! Signing in and out. The passphrase opens the officer's key and the node's case files; the roster
//! says in which seat.

use super::app::App;
use super::error::{ApiError, ApiResult};
use super::json::Strict;
use super::trace::note_refused_sign_in;
use super::who::{Over, Who, is_for_another, set_cookie, token_of};
use crate::key::{OfficerKey, OpenedKey};
use crate::metric::add;
use crate::owner::{Access, Looked, Node, refuse_key};
use crate::reenrol;
use crate::seal::CaseSecret;
use crate::session::{Ending, Proof};
use crate::view::seat;
use crate::view::shape::{NodeInfo, SessionShape};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiaolian_schema::suite::Sign as _;
use serde::Deserialize;
use std::time::Duration;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// How often sessions that are over are looked for, ms.
const SWEEP_MS: u64 = 5_000;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    staff_number: String,
    passphrase: String,
    /// The PIN of the officer's UKey, where the key is on one: it signs that its owner signed in.
    #[serde(default)]
    pin: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/node", responses((status = 200, body = NodeInfo)))]
pub(super) async fn node(State(app): State<App>) -> ApiResult<Json<NodeInfo>> {
    app.look(|node| Ok(seat::node_info(node))).await.map(Json)
}

#[utoipa::path(get, path = "/api/v1/session", responses(
    (status = 200, body = SessionShape),
    (status = 401, body = super::error::ErrorBody)))]
pub(super) async fn show(State(app): State<App>, who: Who) -> ApiResult<Json<SessionShape>> {
    let left = who.session.expires_at - app.session_now();
    let ukey = who.session.key.ukey().is_some();
    let (viewer, at_wall) = (who.session.viewer, who.session.wall);
    app.look(move |node| {
        let mut shape = seat::session_shape(node, &viewer, (left, ukey));
        if at_wall {
            shape.views = vec![seat::WALL_VIEW.to_owned()];
        }
        Ok(shape)
    })
    .await
    .map(Json)
}

#[utoipa::path(post, path = "/api/v1/session", request_body = SignIn, responses(
    (status = 201, body = SessionShape),
    (status = 401, body = super::error::ErrorBody),
    (status = 429, body = super::error::ErrorBody)))]
pub(super) async fn sign_in(
    State(app): State<App>,
    Over(channel): Over,
    headers: HeaderMap,
    Strict(form): Strict<SignIn>,
) -> ApiResult<Response> {
    let number = form.staff_number.trim().to_owned();
    adopt(&app).await?;
    let passphrase = Zeroizing::new(form.passphrase.clone());
    let opened = app
        .open_key(number.clone(), form.passphrase, "login_refused")
        .await;
    let opened = match opened {
        Ok(opened) => with_pin(opened, form.pin).await,
        Err(error) => Err(error),
    };
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) => {
            note_refused_sign_in(&app, &number, &error).await;
            return Err(error);
        }
    };
    let key = opened.key;
    let public = key.public_key();
    let case_secret = opened.case_secret.clone();
    let again = case_secret.clone();
    let (asked, tls) = (number.clone(), channel.tls);
    let signing = key.clone();
    // The same words as for a wrong passphrase: a revoked officer learns nothing else.
    let viewer = app
        .call(move |node| {
            let now = node.now();
            let viewer = seat::find(node, &asked, &public, now);
            let viewer = viewer.ok_or(ApiError::new("login_refused"))?;
            let who = (node.office, viewer.person, viewer.author);
            Ok((viewer, Proof::ask(who, tls, now)))
        })
        .await?;
    let (viewer, proof) = viewer;
    let signer = key.clone();
    // A device is slow, and the node's own thread must not wait for it.
    let signing_in = tokio::task::spawn_blocking(move || proof.sign(&signer));
    let proof = signing_in.await.map_err(|_| ApiError::new("fault"))?;
    let proof = match proof {
        Ok(proof) => proof,
        Err(error) => {
            let error = refuse_key(&error);
            note_refused_sign_in(&app, &number, &error).await;
            return Err(error);
        }
    };
    let viewer = app
        .call(move |node| {
            node.note_access(Access::new(node, &viewer, Looked::SignedIn))?;
            unlock(node, case_secret)?;
            node.put(proof.row());
            Ok(viewer)
        })
        .await?;
    if opened.case_secret.is_none() {
        app.give_case_secret(&number, &passphrase, &signing).await?;
    }
    add(&app.metrics.logins, 1);
    if let Some(old) = token_of(&headers, channel) {
        app.sessions.end(&old, Ending::Replaced);
    }
    let token = App::new_token();
    let session = app.sessions.open(&token, viewer, key, app.session_now());
    let left = session.expires_at - app.session_now();
    let ukey = session.key.ukey().is_some();
    let viewer = session.viewer;
    let shape = app.call(move |node| {
        // The last session before this one may have ended, and closed case files, meanwhile.
        unlock(node, again)?;
        Ok(seat::session_shape(node, &viewer, (left, ukey)))
    });
    let shape = shape.await?;
    let mut response = (StatusCode::CREATED, Json(shape)).into_response();
    response
        .headers_mut()
        .insert(header::SET_COOKIE, set_cookie(Some(&token), channel));
    Ok(response)
}

/// A key that is on a UKey, with the PIN that the device finds right: the session signs with it what needs
/// no PIN of its own, and the sign-in first.
async fn with_pin(opened: OpenedKey, pin: Option<String>) -> ApiResult<OpenedKey> {
    let Some(ukey) = opened.key.ukey().cloned() else {
        return match pin {
            None => Ok(opened),
            Some(_) => Err(ApiError::bad_request("proof", &[])),
        };
    };
    let pin = Zeroizing::new(pin.ok_or(ApiError::new("ukey_pin"))?);
    let checking = tokio::task::spawn_blocking(move || ukey.with_pin(pin));
    let checked = checking.await.map_err(|_| ApiError::new("fault"))?;
    let key = checked
        .map(OfficerKey::Ukey)
        .map_err(|error| refuse_key(&error))?;
    Ok(OpenedKey { key, ..opened })
}

/// Opens case files, where they are closed and the officer's key does.
fn unlock(node: &mut Node, secret: CaseSecret) -> ApiResult<()> {
    if node.is_locked() && !secret.is_none() {
        node.unlock(secret)?;
    }
    Ok(())
}

/// Takes over keys that were appointed since they were asked for.
async fn adopt(app: &App) -> ApiResult<()> {
    if !reenrol::has_pending(&app.disk) {
        return Ok(());
    }
    app.call(|node| {
        let adopted = reenrol::adopt(&node.replica, node.now());
        let writes = adopted.map_err(|error| {
            tracing::error!(%error, "waiting keys can't be read");
            ApiError::new("store_failed")
        })?;
        for write in writes {
            node.put(write);
        }
        Ok(())
    })
    .await
}

#[utoipa::path(delete, path = "/api/v1/session", responses((status = 204)))]
pub(super) async fn sign_out(
    State(app): State<App>,
    Over(channel): Over,
    headers: HeaderMap,
) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let Some(token) = token_of(&headers, channel) else {
        return response;
    };
    let session = app.sessions.find(&token, app.session_now(), false);
    if session.is_some_and(|session| is_for_another(&headers, &session)) {
        return response;
    }
    app.sessions.end(&token, Ending::Replaced);
    close_if_empty(&app).await;
    let cookie: HeaderValue = set_cookie(None, channel);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

/// Ends sessions that are over or whose appointment no longer stands, for ever. With the last one
/// case files close.
pub async fn sweep(app: App) {
    let mut ticks = tokio::time::interval(Duration::from_millis(SWEEP_MS));
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.owner.ended() => return,
        }
        let viewers = app.sessions.viewers();
        if viewers.is_empty() {
            continue;
        }
        let fallen = app.look(move |node| {
            let now = node.now();
            let fallen = viewers
                .into_iter()
                .filter(|viewer| !seat::stands(node, viewer, now));
            Ok(fallen.map(|viewer| viewer.author).collect::<Vec<_>>())
        });
        let Ok(fallen) = fallen.await else { continue };
        app.sessions
            .sweep(app.session_now(), |viewer| fallen.contains(&viewer.author));
        close_if_empty(&app).await;
    }
}

pub(super) async fn close_if_empty(app: &App) {
    if app.sessions.count() > 0 {
        return;
    }
    let sessions = std::sync::Arc::clone(&app.sessions);
    let closing = app.call(move |node| {
        // Somebody may have signed in meanwhile.
        if sessions.count() == 0 && !node.is_locked() {
            node.lock();
        }
        Ok(())
    });
    let _ = closing.await;
}
