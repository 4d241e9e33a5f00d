//! The log for those who oversee, and who looked at a case for those who tell the person concerned.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::case::id;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::page::{Query, page as cut};
use super::who::Who;
use crate::owner::Node;
use crate::view::audit::{self as view, AuditQuery};
use crate::view::shape::{AuditFindings, AuditRow, CaseLooks, List};
use crate::view::{Viewer, case, seat};
use axum::Json;
use axum::extract::{Path, State};
use jiaolian_schema::calendar::{parse_date, start_of};
use jiaolian_schema::id::DossierId;
use serde::Deserialize;
use utoipa::IntoParams;

const DAY_MS: i64 = 86_400_000;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AuditList {
    person: String,
    case: String,
    kind: String,
    day: String,
    office: String,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Refuses whoever does not oversee.
fn check_audits(node: &Node, viewer: &Viewer) -> ApiResult<()> {
    if seat::audits(node, viewer) {
        return Ok(());
    }
    Err(ApiError::new("not_allowed"))
}

#[utoipa::path(get, path = "/api/v1/audit", params(AuditList), responses(
    (status = 200, body = List<AuditRow>), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub(super) async fn list(
    State(app): State<App>,
    who: Who,
    Query(query): Query<AuditList>,
) -> ApiResult<Json<List<AuditRow>>> {
    let day = match query.day.as_str() {
        "" => None,
        text => {
            let date = parse_date(text);
            let date =
                date.map_err(|_| ApiError::bad_request("day", &[&super::json::shown(text)]))?;
            let start = start_of(date);
            Some((start, start + DAY_MS))
        }
    };
    let (cursor, limit) = (query.cursor, query.limit);
    let query = AuditQuery {
        person: query.person,
        case: query.case,
        kind: query.kind,
        day,
        office: query.office,
    };
    let rows = app.look(move |node| {
        let viewer = &who.session.viewer;
        check_audits(node, viewer)?;
        view::list(node, viewer, &query)
    });
    cut(rows.await?, cursor.as_deref(), limit).map(Json)
}

#[utoipa::path(get, path = "/api/v1/audit/findings", responses(
    (status = 200, body = AuditFindings), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody)))]
pub(super) async fn findings(State(app): State<App>, who: Who) -> ApiResult<Json<AuditFindings>> {
    app.look(move |node| {
        let viewer = &who.session.viewer;
        if !seat::audits(node, viewer) && !seat::reads_cases(node, viewer) {
            return Err(ApiError::new("not_allowed"));
        }
        view::findings(node, viewer.office)
    })
    .await
    .map(Json)
}

#[utoipa::path(get, path = "/api/v1/cases/{id}/looks", params(("id" = String, Path)), responses(
    (status = 200, body = CaseLooks), (status = 401, body = ErrorBody),
    (status = 404, body = ErrorBody)))]
pub(super) async fn looks(
    State(app): State<App>,
    who: Who,
    Path(case): Path<String>,
) -> ApiResult<Json<CaseLooks>> {
    let case = id(DossierId::from_hex, &case)?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let file = case::find(node, viewer, case)?;
        view::looks(node, viewer, &file)
    })
    .await
    .map(Json)
}
