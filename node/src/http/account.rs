//! The account of a person's duty as a file, for the person, for the heads above and for those who
//! oversee.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::page::Query;
use super::who::Who;
use crate::account::{ACCOUNT_SPAN_MS_MAX, Asked, make};
use crate::owner::{Access, Looked, Node};
use crate::seal::entropy;
use crate::view::{Viewer, seat};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiaolian_schema::id::{OfficeId, PersonId};
use serde::Deserialize;
use utoipa::IntoParams;

const DAY_MS: i64 = 86_400_000;

/// Of whom, over which time.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountQuery {
    /// Staff number.
    person: String,
    /// From when, ms UTC.
    from: i64,
    /// Until when, ms UTC, not included.
    to: i64,
}

#[utoipa::path(get, path = "/api/v1/account", params(AccountQuery), responses(
    (status = 200, content_type = "application/octet-stream"), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn file(
    State(app): State<App>,
    who: Who,
    Query(query): Query<AccountQuery>,
) -> ApiResult<Response> {
    let (from, to) = (query.from, query.to);
    if !(1..=ACCOUNT_SPAN_MS_MAX).contains(&to.saturating_sub(from)) {
        let days = (ACCOUNT_SPAN_MS_MAX / DAY_MS).to_string();
        return Err(ApiError::bad_request("account", &[&days]));
    }
    let number = query.person.clone();
    let bytes = app
        .call(move |node| {
            let viewer = &who.session.viewer;
            let (person, office) = whom(node, viewer, &number)?;
            let access = Access::new(node, viewer, Looked::Account).over(from, to);
            node.note_access(access.saying(&number))?;
            node.replica.flush_log(node.now(), entropy());
            let root = node.root.clone().ok_or(ApiError::new("fault"))?;
            let asked = Asked {
                person,
                office,
                span: (from, to),
            };
            make(&node.replica, &root, asked, node.now()).map_err(|error| {
                tracing::error!(%error, "no account was made");
                ApiError::new("store_failed")
            })
        })
        .await?;
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    let mut response = (kind, bytes).into_response();
    // Staff numbers have digits and letters only.
    let name: String = query
        .person
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let disposition = format!("attachment; filename=\"account-{name}.jla\"");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// The person and the office whose log tells of them: oneself, or somebody whom one heads or
/// oversees. The same refusal for anybody else and for nobody.
fn whom(node: &Node, viewer: &Viewer, number: &str) -> ApiResult<(PersonId, OfficeId)> {
    let known = node.authority().appointments();
    let mut known =
        known.filter(|(_, appoint, _)| !number.is_empty() && appoint.staff_number == number);
    let found = known
        .next()
        .map(|(_, appoint, _)| (appoint.person, appoint.office));
    let (person, office) = found.ok_or(ApiError::not_found())?;
    let over = (seat::audits(node, viewer) || seat::heads(node, viewer))
        && node.offices().covers(viewer.office, office);
    if person == viewer.person || over {
        return Ok((person, office));
    }
    Err(ApiError::not_found())
}
