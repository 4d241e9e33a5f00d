//! Matters: list and page.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::case::id;
use super::desk::case_reader;
use super::error::{ApiResult, ErrorBody};
use super::page::{Query, page as cut};
use super::who::Who;
use crate::owner::{Access, Looked};
use crate::view::matter::{self as view, MatterQuery};
use crate::view::purpose;
use crate::view::shape::{List, MatterPage, MatterRow};
use axum::Json;
use axum::extract::{Path, State};
use jiaolian_schema::id::EnvelopeId;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MatterList {
    workflow: String,
    state: String,
    mine: bool,
    q: String,
    cursor: Option<String>,
    limit: Option<usize>,
}

#[utoipa::path(get, path = "/api/v1/matters", params(MatterList), responses(
    (status = 200, body = List<MatterRow>), (status = 401, body = ErrorBody)))]
pub(super) async fn list(
    State(app): State<App>,
    who: Who,
    Query(query): Query<MatterList>,
) -> ApiResult<Json<List<MatterRow>>> {
    case_reader(&app, &who.session).await?;
    let MatterList {
        workflow,
        state,
        mine,
        q,
        cursor,
        limit,
    } = query;
    let query = MatterQuery {
        workflow,
        state,
        mine,
        q,
    };
    let rows = app
        .look(move |node| {
            let viewer = &who.session.viewer;
            let rows = view::list(node, viewer, &query);
            let looked = if query.q.trim().is_empty() {
                Looked::Matters
            } else {
                Looked::Search
            };
            node.note_access(Access::new(node, viewer, looked).counting(rows.len()))?;
            Ok(rows)
        })
        .await?;
    cut(rows, cursor.as_deref(), limit).map(Json)
}

#[utoipa::path(get, path = "/api/v1/matters/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = MatterPage), (status = 404, body = ErrorBody)))]
pub(super) async fn page(
    State(app): State<App>,
    who: Who,
    Path(matter): Path<String>,
) -> ApiResult<Json<MatterPage>> {
    let matter = id(EnvelopeId::from_hex, &matter)?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let file = view::find(node, viewer, matter)?;
        let purpose = purpose::of(node, viewer, &file, "")?;
        let access = Access::new(node, viewer, Looked::Matter).of(file.id);
        node.note_access(access.about(matter).for_purpose(&purpose))?;
        view::page(node, viewer, &file, matter)
    })
    .await
    .map(Json)
}
