//! The map.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::case::id;
use super::desk::case_reader;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::page::Query;
use super::who::Who;
use crate::owner::{Access, Looked};
use crate::view::shape::{MapPeople, PersonCard, Track};
use crate::view::{County, case, map as view};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiaolian_schema::id::{DossierId, hex, sha256};
use serde::Deserialize;
use serde_json::Value as Json_;
use utoipa::IntoParams;

/// Longest time of one track, ms: seven days.
const TRACK_SPAN_MS_MAX: i64 = 7 * DAY_MS;
const DAY_MS: i64 = 86_400_000;
/// Why somebody looks where people are. It is written down.
const REASONS: [&str; 4] = ["duty", "alarm", "search", "inspection"];

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    reason: String,
}

#[utoipa::path(get, path = "/api/v1/map/counties", responses(
    (status = 200, body = Object), (status = 304), (status = 401, body = ErrorBody)))]
pub(super) async fn counties(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let collection = app.look(move |node| {
        let office = node.offices().get(who.session.viewer.office).cloned();
        let (code, tier) = office
            .map(|office| (office.code, office.tier))
            .unwrap_or_default();
        Ok(County::collection(&node.counties, &code, tier))
    });
    let bytes = serde_json::to_vec(&collection.await?).unwrap_or_default();
    let tag = format!("\"{}\"", &hex(&sha256(&[&bytes]))[..32]);
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|value| value == tag.as_str());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/geo+json")], bytes).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=86400"),
    );
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

#[utoipa::path(get, path = "/api/v1/map/fences", responses(
    (status = 200, body = Object), (status = 401, body = ErrorBody)))]
pub(super) async fn fences(State(app): State<App>, who: Who) -> ApiResult<Json<Json_>> {
    case_reader(&app, &who.session).await?;
    app.look(move |node| Ok(view::fences(node, &who.session.viewer)))
        .await
        .map(Json)
}

#[utoipa::path(get, path = "/api/v1/map/people", params(Reason), responses(
    (status = 200, body = MapPeople), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody)))]
pub(super) async fn people(
    State(app): State<App>,
    who: Who,
    Query(query): Query<Reason>,
) -> ApiResult<Json<MapPeople>> {
    check_reason(&query.reason)?;
    case_reader(&app, &who.session).await?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let access = Access::new(node, viewer, Looked::Positions).for_purpose(&query.reason);
        node.note_access(access)?;
        Ok(view::people(node, viewer))
    })
    .await
    .map(Json)
}

#[utoipa::path(get, path = "/api/v1/map/people/{id}", params(("id" = String, Path), Reason),
    responses((status = 200, body = PersonCard), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn person(
    State(app): State<App>,
    who: Who,
    Path(case): Path<String>,
    Query(query): Query<Reason>,
) -> ApiResult<Json<PersonCard>> {
    check_reason(&query.reason)?;
    let case = id(DossierId::from_hex, &case)?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let file = case::find(node, viewer, case)?;
        let card = view::card(node, viewer, &file)?;
        let access = Access::new(node, viewer, Looked::Positions).of(case);
        node.note_access(access.for_purpose(&query.reason))?;
        let shown: Vec<DossierId> = card
            .alarms
            .iter()
            .filter_map(|row| DossierId::from_hex(&row.id))
            .collect();
        node.note_shown(viewer, &shown)?;
        Ok(card)
    })
    .await
    .map(Json)
}

/// Refuses a purpose that is not of the list.
pub(super) fn check_reason(reason: &str) -> ApiResult<()> {
    if REASONS.contains(&reason) {
        return Ok(());
    }
    Err(ApiError::bad_request("reason", &[reason]))
}

/// Whose track, over which time, and why.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct TrackQuery {
    case: String,
    from: i64,
    to: i64,
    reason: String,
}

#[utoipa::path(get, path = "/api/v1/map/track", params(TrackQuery), responses(
    (status = 200, body = Track), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody)))]
pub(super) async fn track(
    State(app): State<App>,
    who: Who,
    Query(query): Query<TrackQuery>,
) -> ApiResult<Json<Track>> {
    let TrackQuery {
        case,
        from,
        to,
        reason,
    } = query;
    check_reason(&reason)?;
    if !(1..=TRACK_SPAN_MS_MAX).contains(&to.saturating_sub(from)) {
        let days = (TRACK_SPAN_MS_MAX / DAY_MS).to_string();
        return Err(ApiError::bad_request("span", &[&days]));
    }
    let case = id(DossierId::from_hex, &case)?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let file = case::find(node, viewer, case)?;
        let track = view::track(node, viewer, &file, (from, to))?;
        let access = Access::new(node, viewer, Looked::Track).of(case);
        node.note_access(access.for_purpose(&reason).over(from, to))?;
        Ok(track)
    })
    .await
    .map(Json)
}
