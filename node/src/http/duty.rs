//! Duty: who has it, the list, what nobody could be told, the hand-over, and when this node did not run.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::case::id;
use super::desk::case_reader;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::json::Strict;
use super::page::Query;
use super::sign::{Proof, prove};
use super::who::Who;
use crate::owner::{Access, Hand, Looked, Node};
use crate::view::shape::{
    DutyPage, HandListShape, HandOverPage, List, OutageShape, PhoneShape, ShiftShape, UntoldRow,
};
use crate::view::{Viewer, duty};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiaolian_schema::id::EnvelopeId;
use serde::Deserialize;
use serde_json::Value as Json_;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Longest time asked for at once, ms: a year and a day.
const OUTAGES_MS_MAX: i64 = 366 * 86_400_000;

/// A duty list to sign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListForm {
    /// Windows of the week as a fence has them; none where the office has no hours.
    #[schema(value_type = Object)]
    hours: Json_,
    /// Whether they follow the calendar of working days.
    workdays: bool,
    /// Who has the duty when.
    shifts: Vec<ShiftShape>,
    /// Numbers.
    phones: Vec<PhoneShape>,
    /// The lists that were on the screen.
    replaces: Vec<String>,
    /// The officer's passphrase or PIN.
    sign: Proof,
}

/// A hand-over to sign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HandForm {
    /// When the list on the screen was made, ms UTC.
    at: i64,
    /// SHA-256 of its bytes.
    list_id: String,
    /// The officer's passphrase or PIN.
    sign: Proof,
}

/// A hand-over to take.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TakeForm {
    /// The officer's passphrase or PIN.
    sign: Proof,
}

/// A time.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    /// First instant, ms UTC.
    from: i64,
    /// Last instant, ms UTC.
    to: i64,
}

#[utoipa::path(get, path = "/api/v1/duty", responses(
    (status = 200, body = DutyPage), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody)))]
pub(super) async fn page(State(app): State<App>, who: Who) -> ApiResult<Json<DutyPage>> {
    case_reader(&app, &who.session).await?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let page = duty::page(node, viewer)?;
        note(node, viewer, page.untold.len() + page.calls.len())?;
        Ok(Json(page))
    })
    .await
}

#[utoipa::path(get, path = "/api/v1/duty/untold", responses(
    (status = 200, body = List<UntoldRow>), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody)))]
pub(super) async fn untold(State(app): State<App>, who: Who) -> ApiResult<Json<List<UntoldRow>>> {
    case_reader(&app, &who.session).await?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let items = duty::untold(node, viewer);
        note(node, viewer, items.len())?;
        let total = items.len();
        Ok(Json(List {
            items,
            next: None,
            total,
        }))
    })
    .await
}

#[utoipa::path(get, path = "/api/v1/duty/outages", params(Span), responses(
    (status = 200, body = Vec<OutageShape>), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody)))]
pub(super) async fn outages(
    State(app): State<App>,
    who: Who,
    Query(span): Query<Span>,
) -> ApiResult<Json<Vec<OutageShape>>> {
    case_reader(&app, &who.session).await?;
    let length = span.to.checked_sub(span.from);
    if !length.is_some_and(|length| (0..=OUTAGES_MS_MAX).contains(&length)) {
        return Err(ApiError::bad_request("span", &["366"]));
    }
    app.look(move |node| duty::outages(node, (span.from, span.to)).map(Json))
        .await
}

#[utoipa::path(post, path = "/api/v1/duty", request_body = ListForm, responses(
    (status = 201, body = DutyPage), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(super) async fn set(
    State(app): State<App>,
    who: Who,
    Strict(form): Strict<ListForm>,
) -> ApiResult<Response> {
    let hand = hand_of(&app, who, form.sign).await?;
    let page = app.call(move |node| {
        let rows = (form.shifts, form.phones);
        duty::set_list(
            node,
            &hand,
            &form.hours,
            form.workdays,
            rows,
            &form.replaces,
        )?;
        duty::page(node, &hand.viewer)
    });
    Ok((StatusCode::CREATED, Json(page.await?)).into_response())
}

#[utoipa::path(get, path = "/api/v1/duty/hand-overs", responses(
    (status = 200, body = HandOverPage), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody)))]
pub(super) async fn hand_overs(State(app): State<App>, who: Who) -> ApiResult<Json<HandOverPage>> {
    case_reader(&app, &who.session).await?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let page = duty::hand_page(node, viewer);
        note(node, viewer, page.list.alarms.len())?;
        Ok(Json(page))
    })
    .await
}

#[utoipa::path(get, path = "/api/v1/duty/hand-overs/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = HandListShape), (status = 401, body = ErrorBody),
    (status = 404, body = ErrorBody)))]
pub(super) async fn hand_over(
    State(app): State<App>,
    who: Who,
    Path(act): Path<String>,
) -> ApiResult<Json<HandListShape>> {
    case_reader(&app, &who.session).await?;
    let act = id(EnvelopeId::from_hex, &act)?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let list = duty::kept(node, viewer, act)?;
        note(node, viewer, list.alarms.len())?;
        Ok(Json(list))
    })
    .await
}

#[utoipa::path(post, path = "/api/v1/duty/hand-overs", request_body = HandForm, responses(
    (status = 201, body = HandOverPage), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn give(
    State(app): State<App>,
    who: Who,
    Strict(form): Strict<HandForm>,
) -> ApiResult<Response> {
    let hand = hand_of(&app, who, form.sign).await?;
    sign(&app, hand, Err((form.at, form.list_id))).await
}

#[utoipa::path(post, path = "/api/v1/duty/hand-overs/{id}", request_body = TakeForm,
    params(("id" = String, Path)), responses(
    (status = 201, body = HandOverPage), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, body = ErrorBody)))]
pub(super) async fn take(
    State(app): State<App>,
    who: Who,
    Path(act): Path<String>,
    Strict(form): Strict<TakeForm>,
) -> ApiResult<Response> {
    let act = id(EnvelopeId::from_hex, &act)?;
    let hand = hand_of(&app, who, form.sign).await?;
    sign(&app, hand, Ok(act)).await
}

async fn sign(
    app: &App,
    hand: Hand,
    what: Result<EnvelopeId, (i64, String)>,
) -> ApiResult<Response> {
    let page = app.call(move |node| {
        duty::take_over(node, &hand, what)?;
        Ok(duty::hand_page(node, &hand.viewer))
    });
    Ok((StatusCode::CREATED, Json(page.await?)).into_response())
}

/// Who reads no cases signs nothing of duty either: the list tells of cases.
async fn hand_of(app: &App, who: Who, proof: Proof) -> ApiResult<Hand> {
    case_reader(app, &who.session).await?;
    let (viewer, key) = (Arc::clone(&who.session.viewer), who.session.key);
    let key = prove(app, &viewer.staff_number, key, proof).await?;
    Ok(Hand {
        viewer,
        key: Arc::new(key),
    })
}

fn note(node: &mut Node, viewer: &Viewer, rows: usize) -> ApiResult<()> {
    let access = Access::new(node, viewer, Looked::Alarms).for_purpose("duty");
    node.note_access(access.counting(rows))
}
