//! Drafts: what a person has typed and not signed. Sealed on the disk, durable when answered, seen
//! by nobody else.

use super::app::App;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::json::{Strict, shown};
use super::network::Paging;
use super::page::{Query, page as cut};
use super::who::Who;
use crate::owner::Node;
use crate::view::shape::List;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiaolian_schema::id::PersonId;
use jiaolian_sync::{Store as _, StoreError, Table, Write};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json_;
use utoipa::ToSchema;

/// Longest body of a draft, bytes of JSON.
pub(super) const DRAFT_BYTES_MAX: usize = 64 * 1024;
/// Most drafts of one person.
const DRAFTS_MAX: usize = 500;
/// Longest key.
const KEY_CHARS_MAX: usize = 160;
/// Longest title, characters.
const TITLE_CHARS_MAX: usize = 200;

/// What is saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DraftForm {
    title: String,
    #[schema(value_type = Object)]
    body: Json_,
}

/// A draft.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct DraftShape {
    key: String,
    title: String,
    #[schema(value_type = Object)]
    body: Json_,
    saved_at: i64,
}

/// A draft in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct DraftRow {
    key: String,
    title: String,
    saved_at: i64,
}

fn check_key(key: &str) -> ApiResult<()> {
    let known =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":._-".contains(&byte);
    if (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(known) {
        return Ok(());
    }
    let most = KEY_CHARS_MAX.to_string();
    Err(ApiError::bad_request("draft_key", &[&most, &shown(key)]))
}

fn row_key(person: PersonId, key: &str) -> Vec<u8> {
    [&person.0[..], key.as_bytes()].concat()
}

fn refuse(error: &StoreError) -> ApiError {
    match error {
        StoreError::Locked(_) => ApiError::new("locked"),
        _ => ApiError::new("store_failed"),
    }
}

fn mine(node: &Node, person: PersonId) -> ApiResult<Vec<DraftShape>> {
    let end = [&person.0[..], &[0xff]].concat();
    let rows = node
        .store
        .reader()
        .range(Table::Draft, &person.0, &end, DRAFTS_MAX + 1);
    let rows = rows.map_err(|error| refuse(&error))?;
    Ok(rows
        .iter()
        .filter_map(|(_, value)| serde_json::from_slice(value).ok())
        .collect())
}

#[utoipa::path(get, path = "/api/v1/drafts", params(Paging), responses(
    (status = 200, body = List<DraftRow>), (status = 401, body = ErrorBody)))]
pub(super) async fn list(
    State(app): State<App>,
    who: Who,
    Query(query): Query<Paging>,
) -> ApiResult<Json<List<DraftRow>>> {
    let drafts = app
        .look(move |node| mine(node, who.session.viewer.person))
        .await?;
    let row = |draft: DraftShape| DraftRow {
        key: draft.key,
        title: draft.title,
        saved_at: draft.saved_at,
    };
    let mut rows: Vec<DraftRow> = drafts.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.saved_at));
    cut(rows, query.cursor.as_deref(), query.limit).map(Json)
}

#[utoipa::path(get, path = "/api/v1/drafts/{key}", params(("key" = String, Path)), responses(
    (status = 200, body = DraftShape), (status = 404, body = ErrorBody)))]
pub(super) async fn read(
    State(app): State<App>,
    who: Who,
    Path(key): Path<String>,
) -> ApiResult<Json<DraftShape>> {
    check_key(&key)?;
    app.look(move |node| {
        let row = row_key(who.session.viewer.person, &key);
        let value = node
            .store
            .reader()
            .get(Table::Draft, &row)
            .map_err(|error| refuse(&error))?;
        let draft = value.and_then(|value| serde_json::from_slice(&value).ok());
        draft.ok_or(ApiError::new("draft_absent"))
    })
    .await
    .map(Json)
}

#[utoipa::path(put, path = "/api/v1/drafts/{key}", request_body = DraftForm,
    params(("key" = String, Path)), responses(
    (status = 204), (status = 400, body = ErrorBody), (status = 413, body = ErrorBody)))]
pub(super) async fn save(
    State(app): State<App>,
    who: Who,
    Path(key): Path<String>,
    Strict(form): Strict<DraftForm>,
) -> ApiResult<StatusCode> {
    check_key(&key)?;
    let bytes = serde_json::to_vec(&form.body).unwrap_or_default().len();
    if bytes > DRAFT_BYTES_MAX || form.title.chars().count() > TITLE_CHARS_MAX {
        return Err(ApiError::with("too_large", &["64 KiB"]));
    }
    app.call(move |node| {
        let person = who.session.viewer.person;
        let drafts = mine(node, person)?;
        if drafts.len() >= DRAFTS_MAX && !drafts.iter().any(|draft| draft.key == key) {
            return Err(ApiError::with("too_large", &["500"]));
        }
        let saved_at = node.now();
        let row = row_key(person, &key);
        let draft = DraftShape {
            key,
            title: form.title,
            body: form.body,
            saved_at,
        };
        let value = serde_json::to_vec(&draft).unwrap_or_default();
        node.put(Write {
            table: Table::Draft,
            key: row,
            value: Some(value),
        });
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

#[utoipa::path(delete, path = "/api/v1/drafts/{key}", params(("key" = String, Path)),
    responses((status = 204)))]
pub(super) async fn drop(
    State(app): State<App>,
    who: Who,
    Path(key): Path<String>,
) -> ApiResult<StatusCode> {
    check_key(&key)?;
    app.call(move |node| {
        let key = row_key(who.session.viewer.person, &key);
        node.put(Write {
            table: Table::Draft,
            key,
            value: None,
        });
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
