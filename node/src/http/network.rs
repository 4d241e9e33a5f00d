//! Offices, links, refused envelopes.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::desk::case_reader;
use super::error::{ApiResult, ErrorBody};
use super::page::{Query, page as cut};
use super::who::Who;
use crate::owner::{Access, Looked};
use crate::view::network as view;
use crate::view::shape::{List, Network, RefusedRow};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Paging {
    pub(super) cursor: Option<String>,
    pub(super) limit: Option<usize>,
}

#[utoipa::path(get, path = "/api/v1/network", responses(
    (status = 200, body = Network), (status = 401, body = ErrorBody)))]
pub(super) async fn page(State(app): State<App>, who: Who) -> ApiResult<Json<Network>> {
    app.look(move |node| Ok(view::page(node, &who.session.viewer)))
        .await
        .map(Json)
}

#[utoipa::path(get, path = "/api/v1/network/refused", params(Paging), responses(
    (status = 200, body = List<RefusedRow>), (status = 401, body = ErrorBody)))]
pub(super) async fn refused(
    State(app): State<App>,
    who: Who,
    Query(query): Query<Paging>,
) -> ApiResult<Json<List<RefusedRow>>> {
    let rows = app
        .look(move |node| Ok(view::refused(node, &who.session.viewer)))
        .await?;
    cut(rows, query.cursor.as_deref(), query.limit).map(Json)
}

#[utoipa::path(get, path = "/api/v1/network/refused/export", params(ExportQuery), responses(
    (status = 200, content_type = "application/x-ndjson"), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody)))]
pub(super) async fn export(
    State(app): State<App>,
    who: Who,
    Query(query): Query<ExportQuery>,
) -> ApiResult<Response> {
    case_reader(&app, &who.session).await?;
    let (lines, name) = app
        .look(move |node| {
            let viewer = &who.session.viewer;
            node.note_access(Access::new(node, viewer, Looked::Refused))?;
            let lines = view::refused_file(node, viewer, query.from)?;
            Ok((lines, view::refused_file_name(node)))
        })
        .await?;
    let mut response = ([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response();
    let disposition = format!("attachment; filename=\"{name}\"");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// From which number on.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ExportQuery {
    from: u64,
}
