//! Evidence to carry away: a case, a matter or an alarm as one file.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::case::{LookReason, id};
use super::desk::case_reader;
use super::error::{ApiResult, ErrorBody};
use super::page::Query;
use super::who::Who;
use crate::view::bundle::{Wanted, bundle, file_name};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiaolian_schema::id::{DossierId, EnvelopeId};

async fn file(app: &App, who: Who, wanted: Wanted, reason: String) -> ApiResult<Response> {
    case_reader(app, &who.session).await?;
    let (subject, bytes) = app
        .look(move |node| bundle(node, &who.session.viewer, wanted, &reason))
        .await?;
    let kind = HeaderValue::from_static("application/cbor");
    let mut response = ([(header::CONTENT_TYPE, kind)], bytes).into_response();
    let disposition = format!("attachment; filename=\"{}\"", file_name(subject));
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

#[utoipa::path(get, path = "/api/v1/cases/{id}/bundle", params(("id" = String, Path), LookReason),
    responses((status = 200, content_type = "application/cbor"), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody)))]
pub(super) async fn case(
    State(app): State<App>,
    who: Who,
    Path(case): Path<String>,
    Query(query): Query<LookReason>,
) -> ApiResult<Response> {
    let case = id(DossierId::from_hex, &case)?;
    file(&app, who, Wanted::Case(case), query.reason).await
}

#[utoipa::path(get, path = "/api/v1/matters/{id}/bundle", params(("id" = String, Path), LookReason),
    responses((status = 200, content_type = "application/cbor"), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody)))]
pub(super) async fn matter(
    State(app): State<App>,
    who: Who,
    Path(matter): Path<String>,
    Query(query): Query<LookReason>,
) -> ApiResult<Response> {
    let matter = id(EnvelopeId::from_hex, &matter)?;
    file(&app, who, Wanted::Matter(matter), query.reason).await
}

#[utoipa::path(get, path = "/api/v1/alarms/{id}/bundle", params(("id" = String, Path), LookReason),
    responses((status = 200, content_type = "application/cbor"), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody)))]
pub(super) async fn alarm(
    State(app): State<App>,
    who: Who,
    Path(alarm): Path<String>,
    Query(query): Query<LookReason>,
) -> ApiResult<Response> {
    let alarm = id(DossierId::from_hex, &alarm)?;
    file(&app, who, Wanted::Alarm(alarm), query.reason).await
}
