//! Alarms: list and page.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::case::id;
use super::desk::case_reader;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::page::{Query, page as cut};
use super::who::Who;
use crate::owner::{Access, Looked, Node};
use crate::view::Viewer;
use crate::view::alarm::{self as view, AlarmQuery};
use crate::view::incident;
use crate::view::shape::{AlarmPage, AlarmRow, ExplainShape, List};
use axum::Json;
use axum::extract::{Path, State};
use jiaolian_schema::id::DossierId;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AlarmList {
    state: String,
    severity: Option<u8>,
    kind: String,
    q: String,
    /// Id of a silence of many: its rows, each by itself.
    mass: String,
    cursor: Option<String>,
    limit: Option<usize>,
}

#[utoipa::path(get, path = "/api/v1/alarms", params(AlarmList), responses(
    (status = 200, body = List<AlarmRow>), (status = 401, body = ErrorBody)))]
pub(super) async fn list(
    State(app): State<App>,
    who: Who,
    Query(query): Query<AlarmList>,
) -> ApiResult<Json<List<AlarmRow>>> {
    case_reader(&app, &who.session).await?;
    let AlarmList {
        state,
        severity,
        kind,
        q,
        mass,
        cursor,
        limit,
    } = query;
    let query = AlarmQuery {
        state,
        severity,
        kind,
        q,
        mass,
    };
    let rows = app
        .look(move |node| {
            let viewer = &who.session.viewer;
            let rows = view::list(node, viewer, &query);
            let looked = if query.q.trim().is_empty() {
                Looked::Alarms
            } else {
                Looked::Search
            };
            node.note_access(Access::new(node, viewer, looked).counting(rows.len()))?;
            note_open(node, viewer, &rows)?;
            Ok(rows)
        })
        .await?;
    cut(rows, cursor.as_deref(), limit).map(Json)
}

#[utoipa::path(get, path = "/api/v1/alarms/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = AlarmPage), (status = 404, body = ErrorBody)))]
pub(super) async fn page(
    State(app): State<App>,
    who: Who,
    Path(alarm): Path<String>,
) -> ApiResult<Json<AlarmPage>> {
    let alarm = id(DossierId::from_hex, &alarm)?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        view::find(node, viewer, alarm)?;
        let incident = incident::of_alarm(node, viewer, alarm).ok_or(ApiError::not_found())?;
        let access = Access::new(node, viewer, Looked::Alarm).of(alarm);
        node.note_access(access.for_purpose("alarm"))?;
        Ok(view::page(node, viewer, &incident))
    })
    .await
    .map(Json)
}

#[utoipa::path(get, path = "/api/v1/alarms/{id}/explain", params(("id" = String, Path)),
    responses((status = 200, body = ExplainShape), (status = 404, body = ErrorBody)))]
pub(super) async fn explain(
    State(app): State<App>,
    who: Who,
    Path(alarm): Path<String>,
) -> ApiResult<Json<ExplainShape>> {
    let alarm = id(DossierId::from_hex, &alarm)?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        view::find(node, viewer, alarm)?;
        let access = Access::new(node, viewer, Looked::Alarm).of(alarm);
        node.note_access(access.for_purpose("alarm"))?;
        crate::view::explain::page(node, viewer, alarm)
    })
    .await
    .map(Json)
}

/// Notes which open alarms a list brought to a person's eyes.
pub(super) fn note_open(node: &mut Node, viewer: &Viewer, rows: &[AlarmRow]) -> ApiResult<()> {
    let open = rows.iter().filter_map(|row| DossierId::from_hex(&row.id));
    let open: Vec<DossierId> = open.collect();
    node.note_shown(viewer, &open)
}
