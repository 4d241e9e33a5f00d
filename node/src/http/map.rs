//! The map.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::desk::case_reader;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::page::Query;
use super::who::Who;
use crate::view::shape::MapPeople;
use crate::view::{County, map as view};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiaolian_schema::id::{hex, sha256};
use serde::Deserialize;
use serde_json::Value as Json_;
use utoipa::IntoParams;

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
    if !REASONS.contains(&query.reason.as_str()) {
        return Err(ApiError::bad_request(
            "a reason to look is duty, alarm, search or inspection",
        ));
    }
    case_reader(&app, &who.session).await?;
    let person = who.session.viewer.person;
    tracing::info!(%person, reason = %query.reason, "positions were looked at");
    app.look(move |node| Ok(view::people(node, &who.session.viewer)))
        .await
        .map(Json)
}
