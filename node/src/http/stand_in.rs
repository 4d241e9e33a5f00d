//! Stand-ins (AB岗): the list for the office and those above it, and the page by which somebody steps in
//! and steps back.

use super::app::App;
use super::case::id;
use super::error::{ApiError, ApiResult, ErrorBody, FieldFault};
use super::json::Strict;
use super::sign::{Proof, prove};
use super::who::{Over, Who, token_of};
use crate::owner::Hand;
use crate::view::seat;
use crate::view::shape::{SessionShape, StandIns};
use crate::view::stand_in::{self, REASON_CHARS_MAX};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::suite::Sign as _;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A place that is taken or given back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// The stand-in's appointment.
    appointment: String,
    /// Whether the place is given back.
    back: bool,
    /// The condition that came about, or why the place is given back.
    reason: String,
    /// The officer's passphrase or PIN.
    sign: Proof,
}

#[utoipa::path(get, path = "/api/v1/stand-ins", responses(
    (status = 200, body = StandIns), (status = 401, body = ErrorBody)))]
pub(super) async fn list(State(app): State<App>, who: Who) -> ApiResult<Json<StandIns>> {
    app.look(move |node| {
        let items = stand_in::rows(node, &who.session.viewer);
        Ok(Json(StandIns { items }))
    })
    .await
}

/// The answer is the session as it is from then on: the capacity has changed.
#[utoipa::path(post, path = "/api/v1/stand-ins", request_body = Change, responses(
    (status = 201, body = SessionShape), (status = 401, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(super) async fn change(
    State(app): State<App>,
    Over(channel): Over,
    who: Who,
    headers: HeaderMap,
    Strict(form): Strict<Change>,
) -> ApiResult<Response> {
    let appointment = id(EnvelopeId::from_hex, &form.appointment)?;
    let reason = form.reason.trim().to_owned();
    check_reason(&reason)?;
    let (viewer, session_key) = (who.session.viewer, who.session.key);
    let (number, back) = (viewer.staff_number.clone(), form.back);
    let ukey = session_key.ukey().is_some();
    let key = Arc::new(prove(&app, &number, session_key, form.sign).await?);
    let hand = Hand { viewer, key };
    let viewer = app.call(move |node| {
        stand_in::change(node, &hand, appointment, &reason, back)?;
        let (public, now) = (hand.key.public_key(), node.now());
        seat::find(node, &number, &public, now).ok_or(ApiError::new("not_allowed"))
    });
    let viewer = viewer.await?;
    let token = token_of(&headers, channel).ok_or(ApiError::new("not_signed_in"))?;
    let session = app.sessions.reseat(&token, viewer);
    let session = session.ok_or(ApiError::new("not_signed_in"))?;
    let left = session.expires_at - app.session_now();
    let shape = app
        .look(move |node| Ok(seat::session_shape(node, &session.viewer, (left, ukey))))
        .await?;
    Ok((StatusCode::CREATED, Json(shape)).into_response())
}

fn check_reason(reason: &str) -> ApiResult<()> {
    let chars = reason.chars().count();
    if chars == 0 {
        return Err(ApiError::field("reason", FieldFault::new("required", &[])));
    }
    if chars > REASON_CHARS_MAX {
        let most = REASON_CHARS_MAX.to_string();
        let fault = FieldFault::new("too_long", &[&most]);
        return Err(ApiError::field("reason", fault));
    }
    Ok(())
}
