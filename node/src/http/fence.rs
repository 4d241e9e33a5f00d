//! Areas while they are drawn: judged by the rules of the watch before anybody signs.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::desk::case_reader;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::json::Strict;
use super::who::Who;
use crate::view::fence_check;
use crate::view::shape::FenceCheck;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value as Json_};
use std::sync::Arc;
use utoipa::ToSchema;

/// The form of an area as it is filled in so far.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FenceForm {
    #[schema(value_type = Object)]
    fields: Map<String, Json_>,
}

#[utoipa::path(post, path = "/api/v1/fences/check", request_body = FenceForm, responses(
    (status = 200, body = FenceCheck), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody)))]
pub(super) async fn check(
    State(app): State<App>,
    who: Who,
    Strict(form): Strict<FenceForm>,
) -> ApiResult<Json<FenceCheck>> {
    case_reader(&app, &who.session).await?;
    let counties = app.look(|node| Ok(Arc::clone(&node.counties))).await?;
    // A large area takes its time, and nobody else waits for it.
    let checking = tokio::task::spawn_blocking(move || fence_check::check(&counties, &form.fields));
    let checked = checking.await.map_err(|_| ApiError::new("fault"))?;
    Ok(Json(checked))
}
