//! Cases: list, page, texts, records, timeline.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::desk::case_reader;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::json::Strict;
use super::page::{Query, page as cut};
use super::who::Who;
use crate::owner::{Access, Looked, Node};
use crate::view::case::CaseQuery;
use crate::view::shape::{ActShape, CasePage, CaseRow, List, OfferShape, TextItems, TextSaved};
use crate::view::{
    Viewer, act, case as view, form, incident, opening, purpose, text as texts_view,
};
use axum::Json;
use axum::extract::{Path, State};
use jiaolian_schema::desk::{File, RECORD_WORKFLOW};
use jiaolian_schema::fact::What;
use jiaolian_schema::id::{DossierId, EnvelopeId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CaseList {
    q: String,
    state: String,
    class: String,
    office: String,
    flag: String,
    cursor: Option<String>,
    limit: Option<usize>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ActList {
    kind: String,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Why a case is looked at, where no work of one's own leads there.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LookReason {
    pub(super) reason: String,
}

/// The form to open a case, where this person may.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NewCase {
    offer: Option<OfferShape>,
}

/// An edited text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TextEdit {
    base: String,
    value: String,
}

/// A path's id, or the refusal for what is absent.
pub(super) fn id<T>(parse: impl Fn(&str) -> Option<T>, text: &str) -> ApiResult<T> {
    parse(text).ok_or(ApiError::not_found())
}

#[utoipa::path(get, path = "/api/v1/cases", params(CaseList), responses(
    (status = 200, body = List<CaseRow>), (status = 401, body = ErrorBody)))]
pub(super) async fn list(
    State(app): State<App>,
    who: Who,
    Query(query): Query<CaseList>,
) -> ApiResult<Json<List<CaseRow>>> {
    case_reader(&app, &who.session).await?;
    let CaseList {
        q,
        state,
        class,
        office,
        flag,
        cursor,
        limit,
    } = query;
    let query = CaseQuery {
        q,
        state,
        class,
        office,
        flag,
    };
    let rows = app
        .look(move |node| {
            let viewer = &who.session.viewer;
            let rows = view::list(node, viewer, &query);
            let looked = if query.q.trim().is_empty() {
                Looked::Cases
            } else {
                Looked::Search
            };
            node.note_access(Access::new(node, viewer, looked).counting(rows.len()))?;
            Ok(rows)
        })
        .await?;
    cut(rows, cursor.as_deref(), limit).map(Json)
}

#[utoipa::path(get, path = "/api/v1/cases/new", responses(
    (status = 200, body = NewCase), (status = 401, body = ErrorBody)))]
pub(super) async fn new(State(app): State<App>, who: Who) -> ApiResult<Json<NewCase>> {
    app.look(move |node| {
        let offer = opening::opening_offer(node, &who.session.viewer);
        let post = "/api/v1/cases";
        Ok(NewCase {
            offer: offer.map(|offer| form::offer_shape(node, &offer, post, None, &[])),
        })
    })
    .await
    .map(Json)
}

#[utoipa::path(get, path = "/api/v1/cases/{id}", params(("id" = String, Path), LookReason),
    responses((status = 200, body = CasePage), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody)))]
pub(super) async fn page(
    State(app): State<App>,
    who: Who,
    Path(case): Path<String>,
    Query(query): Query<LookReason>,
) -> ApiResult<Json<CasePage>> {
    let case = id(DossierId::from_hex, &case)?;
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let file = open(node, viewer, case, (Looked::Case, &query.reason))?;
        Ok(view::page(node, viewer, &file))
    })
    .await
    .map(Json)
}

#[utoipa::path(get, path = "/api/v1/cases/{id}/texts", params(("id" = String, Path)), responses(
    (status = 200, body = TextItems), (status = 404, body = ErrorBody)))]
pub(super) async fn texts(
    State(app): State<App>,
    who: Who,
    Path(case): Path<String>,
) -> ApiResult<Json<TextItems>> {
    let case = id(DossierId::from_hex, &case)?;
    app.look(move |node| {
        let file = open(node, &who.session.viewer, case, (Looked::Texts, ""))?;
        Ok(TextItems {
            items: texts_view::fields(node, &who.session.viewer, &file),
        })
    })
    .await
    .map(Json)
}

#[utoipa::path(put, path = "/api/v1/cases/{id}/texts/{name}", request_body = TextEdit,
    params(("id" = String, Path), ("name" = String, Path)), responses(
    (status = 200, body = TextSaved), (status = 404, body = ErrorBody),
    (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn save_text(
    State(app): State<App>,
    who: Who,
    Path((case, name)): Path<(String, String)>,
    Strict(edit): Strict<TextEdit>,
) -> ApiResult<Json<TextSaved>> {
    let case = id(DossierId::from_hex, &case)?;
    app.call(move |node| {
        let viewer = &who.session.viewer;
        let file = view::find(node, viewer, case)?;
        if !texts_view::NAMES.contains(&name.as_str()) {
            return Err(ApiError::not_found());
        }
        if !texts_view::may_edit(node, viewer, &file) {
            return Err(ApiError::new("not_allowed"));
        }
        let pair = (&edit.base[..], &edit.value[..]);
        let saved = node.save_text((viewer, &who.session.key), &file, &name, pair)?;
        Ok(texts_view::saved(viewer, saved))
    })
    .await
    .map(Json)
}

#[utoipa::path(get, path = "/api/v1/cases/{id}/records", params(("id" = String, Path), ActList),
    responses((status = 200, body = List<ActShape>), (status = 404, body = ErrorBody)))]
pub(super) async fn records(
    State(app): State<App>,
    who: Who,
    Path(case): Path<String>,
    Query(query): Query<ActList>,
) -> ApiResult<Json<List<ActShape>>> {
    let case = id(DossierId::from_hex, &case)?;
    let kind = query.kind;
    let acts = app.look(move |node| {
        let viewer = &who.session.viewer;
        let file = open(node, viewer, case, (Looked::Records, ""))?;
        let is_record = |what: &What| {
            matches!(what, What::Apply { workflow, .. } if workflow == RECORD_WORKFLOW)
        };
        let mut acts = shapes(node, viewer, &file, is_record);
        for shape in &mut acts {
            let id = EnvelopeId::from_hex(&shape.id);
            let mendable = id.and_then(|id| act::mendable_shape(node, viewer, &file, id));
            *shape = mendable.unwrap_or_else(|| shape.clone());
        }
        acts.retain(|act| kind.is_empty() || act.kind == kind);
        newest_first(&mut acts);
        Ok(acts)
    });
    cut(acts.await?, query.cursor.as_deref(), query.limit).map(Json)
}

#[utoipa::path(get, path = "/api/v1/cases/{id}/timeline", params(("id" = String, Path), ActList),
    responses((status = 200, body = List<ActShape>), (status = 404, body = ErrorBody)))]
pub(super) async fn timeline(
    State(app): State<App>,
    who: Who,
    Path(case): Path<String>,
    Query(query): Query<ActList>,
) -> ApiResult<Json<List<ActShape>>> {
    let case = id(DossierId::from_hex, &case)?;
    let kind = query.kind;
    let acts = app.look(move |node| {
        let viewer = &who.session.viewer;
        let file = open(node, viewer, case, (Looked::Timeline, ""))?;
        let mut acts = shapes(node, viewer, &file, |what| !matches!(what, What::Edit));
        let incidents = incident::of_case(node, case);
        for alarm in incidents.iter().flat_map(|incident| &incident.alarms) {
            if view::sees(node, viewer, alarm.id) {
                acts.extend(shapes(node, viewer, alarm, |what| {
                    !matches!(what, What::Edit)
                }));
            }
        }
        acts.retain(|act| kind.is_empty() || act.kind == kind);
        newest_first(&mut acts);
        Ok(acts)
    });
    cut(acts.await?, query.cursor.as_deref(), query.limit).map(Json)
}

/// A case that this person may see, with the look at it and its purpose written down.
pub(super) fn open(
    node: &mut Node,
    viewer: &Viewer,
    case: DossierId,
    (looked, reason): (Looked, &str),
) -> ApiResult<Arc<File>> {
    let file = view::find(node, viewer, case)?;
    let purpose = purpose::of(node, viewer, &file, reason)?;
    let access = Access::new(node, viewer, looked).of(case);
    node.note_access(access.for_purpose(&purpose))?;
    Ok(file)
}

fn shapes(
    node: &Node,
    viewer: &Viewer,
    file: &File,
    fits: impl Fn(&What) -> bool,
) -> Vec<ActShape> {
    let entries = file.filed.iter().filter(|entry| fits(&entry.fact.what));
    let ids: Vec<EnvelopeId> = entries.map(|entry| entry.fact.id).collect();
    ids.into_iter()
        .filter_map(|id| act::act_shape(node, viewer, file, id))
        .collect()
}

fn newest_first(acts: &mut [ActShape]) {
    acts.sort_by_key(|act| std::cmp::Reverse(act.claimed_at));
}
