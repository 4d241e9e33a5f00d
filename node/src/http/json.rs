//! The door for JSON: bounded in bytes, depth and time, no key twice, no unknown field.

use super::error::ApiError;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;

/// Longest JSON body, bytes.
pub const JSON_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Deepest nesting of a JSON body, levels.
pub const JSON_DEPTH_MAX: usize = 32;
/// Longest time for a body to arrive, ms.
pub const BODY_WAIT_MS: u64 = 30_000;

/// Longest value that a refusal shows, characters.
const SHOWN_CHARS_MAX: usize = 60;
/// How a refusal of the reader begins when a name comes twice.
const TWICE: &str = "comes twice: ";
/// A refusal of the reader.
const TOO_DEEP: &str = "JSON nests too deep";

/// A JSON body read strictly.
#[derive(Debug, Clone)]
pub(super) struct Strict<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Strict<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let said = request.headers().get(header::CONTENT_LENGTH);
        let said = said
            .and_then(|value| value.to_str().ok())
            .and_then(|v| v.parse::<u64>().ok());
        if said.is_some_and(|bytes| bytes > JSON_BYTES_MAX as u64) {
            return Err(too_large());
        }
        let bytes = read_body(request.into_body()).await?;
        parse(&bytes).map(Self)
    }
}

/// The whole body, or a refusal once it is too long or too slow.
pub(super) async fn read_body(body: Body) -> Result<Vec<u8>, ApiError> {
    let reading = axum::body::to_bytes(body, JSON_BYTES_MAX);
    match tokio::time::timeout(Duration::from_millis(BODY_WAIT_MS), reading).await {
        Ok(Ok(bytes)) => Ok(bytes.to_vec()),
        Ok(Err(error)) if is_too_long(&error) => Err(too_large()),
        Ok(Err(_)) => Err(ApiError::bad_request("broke_off", &[])),
        Err(_) => {
            let limit = (BODY_WAIT_MS / 1_000).to_string();
            Err(ApiError::bad_request("slow", &[&limit]))
        }
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.to_string().contains("length limit exceeded") {
            return true;
        }
        source = inner.source();
    }
    error.to_string().contains("length limit exceeded")
}

fn too_large() -> ApiError {
    ApiError::with("too_large", &["2 MiB"])
}

/// Reads one JSON value strictly.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let refuse = |error: serde_json::Error| malformed(&error);
    let value = read_value(bytes).map_err(refuse)?;
    serde_json::from_value(value).map_err(refuse)
}

/// Reads one JSON value of any shape: bounded in depth, no key twice, nothing after it.
pub(crate) fn read_value(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Level(JSON_DEPTH_MAX).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// The refusal of what is no form, with the name or the place that is wrong.
fn malformed(error: &serde_json::Error) -> ApiError {
    let said = error.to_string();
    let depth = JSON_DEPTH_MAX.to_string();
    if said.starts_with(TOO_DEEP) {
        return ApiError::bad_request("deep", &[&depth]);
    }
    named(&said).unwrap_or_else(|| {
        let (line, column) = (error.line().to_string(), error.column().to_string());
        ApiError::bad_request("json", &[&line, &column])
    })
}

/// A value as a refusal shows it: not longer than a line.
pub(super) fn shown(value: &str) -> String {
    value.chars().take(SHOWN_CHARS_MAX).collect()
}

/// The refusal of a name that comes twice, is unknown or is missing; none for other faults.
pub(super) fn named(said: &str) -> Option<ApiError> {
    let kinds = [
        (TWICE, "twice"),
        ("unknown field ", "unknown"),
        ("missing field ", "missing"),
    ];
    kinds.into_iter().find_map(|(beginning, key)| {
        let (_, rest) = said.split_once(beginning)?;
        let name = rest.split('`').nth(1)?;
        Some(ApiError::bad_request(key, &[&shown(name)]))
    })
}

/// Reads a value that nests at most so many levels more.
struct Level(usize);

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner()?)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self.inner()?)?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("{TWICE}`{key}`")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

impl Level {
    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        let left = self.0.checked_sub(1);
        left.map(Self).ok_or_else(|| E::custom(TOO_DEEP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Form {
        event: String,
        fields: Value,
    }

    fn refusal(json: &str) -> String {
        format!("{:?}", parse::<Form>(json.as_bytes()).unwrap_err())
    }

    #[test]
    fn a_key_that_comes_twice_is_refused_at_any_level() {
        assert!(refusal(r#"{"event":"a","event":"b","fields":{}}"#).contains("comes twice"));
        assert!(refusal(r#"{"event":"a","fields":{"x":[{"y":1,"y":2}]}}"#).contains("comes twice"));
    }

    #[test]
    fn unknown_fields_trailing_bytes_and_deep_nesting_are_refused() {
        let unknown = refusal(r#"{"event":"a","fields":{},"role":"CTY_HEAD"}"#);
        assert!(unknown.contains("没有“role”这一项"), "{unknown}");
        assert!(refusal(r#"{"event":"a","fields":{}} x"#).contains("line 1"));
        let deep = format!(
            r#"{{"event":"a","fields":{}{}}}"#,
            "[".repeat(100_000),
            "]".repeat(9)
        );
        assert!(refusal(&deep).contains("nested more than 32 levels"));
        assert!(refusal("\u{0}").contains("line 1, column 1"));
    }
}
