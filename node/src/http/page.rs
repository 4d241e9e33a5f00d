//! Lists by pages, and what a query string may hold.

use super::error::{ApiError, ApiResult};
use super::json::{named, shown};
use crate::view::shape::List;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// Rows of a page when none are asked for.
pub(super) const LIMIT_DEFAULT: usize = 50;
/// Most rows of a page.
pub(super) const LIMIT_MAX: usize = 200;

/// A query string in which nothing is unknown.
#[derive(Debug, Clone)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let read = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        read.map(|query| Self(query.0)).map_err(|error| {
            let named = named(&error.body_text());
            named.unwrap_or_else(|| ApiError::bad_request("query", &[]))
        })
    }
}

/// Cuts a page out of all rows. The cursor is the number of rows before it.
pub(super) fn page<T>(
    rows: Vec<T>,
    cursor: Option<&str>,
    limit: Option<usize>,
) -> ApiResult<List<T>> {
    let start = match cursor.filter(|text| !text.is_empty()) {
        None => 0,
        Some(text) => text
            .parse()
            .map_err(|_| ApiError::bad_request("cursor", &[&shown(text)]))?,
    };
    let limit = limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let total = rows.len();
    let items: Vec<T> = rows.into_iter().skip(start).take(limit).collect();
    let end = start.saturating_add(items.len());
    let next = (end < total && !items.is_empty()).then(|| end.to_string());
    Ok(List { items, next, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_to_the_end_and_a_huge_one_is_capped() {
        let rows: Vec<usize> = (0..501).collect();
        let first = page(rows.clone(), None, Some(10_000)).unwrap();
        assert_eq!((first.items.len(), first.total), (LIMIT_MAX, 501));
        let second = page(rows.clone(), first.next.as_deref(), Some(200)).unwrap();
        let last = page(rows.clone(), second.next.as_deref(), Some(200)).unwrap();
        assert_eq!((last.items.len(), last.next), (101, None));
        assert!(page(rows.clone(), Some("-1"), None).is_err());
        assert!(
            page(rows, Some("99999999999999"), None)
                .unwrap()
                .items
                .is_empty()
        );
    }
}
