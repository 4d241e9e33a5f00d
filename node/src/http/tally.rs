//! A person's day, second by second.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::case::id;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::map::check_reason;
use super::page::Query;
use super::who::Who;
use crate::owner::{Access, Looked};
use crate::view::shape::TallyShape;
use crate::view::{case, tally as view};
use axum::Json;
use axum::extract::{Path, State};
use jiaolian_schema::fix::{DAY_MS, read_day};
use jiaolian_schema::id::PersonCode;
use jiaolian_schema::tally::midnight;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which day, and why.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct TallyQuery {
    /// Civil day in Shanghai, YYYY-MM-DD.
    day: String,
    reason: String,
}

#[utoipa::path(get, path = "/api/v1/people/{person}/tally",
    params(("person" = String, Path), TallyQuery), responses(
    (status = 200, body = TallyShape), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody)))]
pub(super) async fn day(
    State(app): State<App>,
    who: Who,
    Path(person): Path<String>,
    Query(query): Query<TallyQuery>,
) -> ApiResult<Json<TallyShape>> {
    check_reason(&query.reason)?;
    let wrong = || ApiError::bad_request("day", &[&super::json::shown(&query.day)]);
    let day = read_day(&query.day).ok_or_else(wrong)?;
    let day = i32::try_from(day).map_err(|_| wrong())?;
    let person = id(PersonCode::from_hex, &person)?;
    let reason = query.reason;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let cases: Vec<_> = node.replica.cases_of(person).collect();
        let mut files = cases.into_iter().map(|id| case::find(node, viewer, id));
        let file = files.find_map(Result::ok).ok_or(ApiError::not_found())?;
        let shape = view::of_day(node, viewer, &file, day)?;
        let access = Access::new(node, viewer, Looked::Track).of(file.id);
        let from = midnight(day);
        node.note_access(access.for_purpose(&reason).over(from, from + DAY_MS))?;
        Ok(shape)
    })
    .await
    .map(Json)
}
