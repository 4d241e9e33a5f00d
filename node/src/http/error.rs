//! Refusals as the console reads them: one code, one status, words in both languages, faults by
//! field.

use super::text::{Text, words, words_with};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One field's fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldFault {
    /// Which fault.
    pub code: String,
    /// In Chinese.
    pub message_zh: String,
    /// In English.
    pub message_en: String,
}

impl FieldFault {
    /// A fault named in the table of words.
    pub fn new(code: &str, values: &[&str]) -> Self {
        Self::said(code, words_with("field", code, values))
    }

    /// A fault in words of its own.
    pub fn said(code: &str, text: Text) -> Self {
        Self {
            code: code.to_owned(),
            message_zh: text.zh,
            message_en: text.en,
        }
    }
}

/// What a refusal holds; see `ErrorBody`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErrorInside {
    /// Which refusal.
    pub code: String,
    /// In Chinese.
    pub message_zh: String,
    /// In English.
    pub message_en: String,
    /// Faults by field name; empty when none.
    pub fields: BTreeMap<String, FieldFault>,
}

/// The body of every answer that refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErrorBody {
    /// The refusal.
    pub error: ErrorInside,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    text: Text,
    fields: BTreeMap<String, FieldFault>,
    retry_after_s: Option<u64>,
}

/// The code of a refusal, beside the answer, for whoever passes it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused(pub(super) &'static str);

/// What a handler answers.
pub type ApiResult<T> = Result<T, ApiError>;

const CODES: [(&str, u16); 35] = [
    ("bad_request", 400),
    ("not_signed_in", 401),
    ("login_refused", 401),
    ("passphrase_wrong", 401),
    ("ukey_pin", 401),
    ("ukey_pin_wrong", 401),
    ("ukey_locked", 403),
    ("ukey_absent", 409),
    ("ukey_other", 409),
    ("ukey_failed", 503),
    ("not_allowed", 403),
    ("purpose_needed", 403),
    ("origin_refused", 403),
    ("not_found", 404),
    ("draft_absent", 404),
    ("moved_out", 410),
    ("section_changed", 409),
    ("offer_gone", 409),
    ("already_claimed", 409),
    ("same_person", 409),
    ("clock_behind", 409),
    ("authority_stale", 409),
    ("rolled_back", 409),
    ("duplicate", 409),
    ("base_unknown", 409),
    ("reenrol_unable", 409),
    ("too_large", 413),
    ("fields_invalid", 422),
    ("rule_refused", 422),
    ("too_many_attempts", 429),
    ("reenrol_often", 429),
    ("store_failed", 503),
    ("locked", 503),
    ("busy", 503),
    ("fault", 500),
];

impl ApiError {
    /// A refusal by its code.
    pub fn new(code: &'static str) -> Self {
        Self::with(code, &[])
    }

    /// A refusal whose words hold values.
    pub fn with(code: &'static str, values: &[&str]) -> Self {
        Self::said(code, words("error", code).fill(values))
    }

    /// A refusal in words of its own.
    pub fn said(code: &'static str, text: Text) -> Self {
        let status = CODES
            .iter()
            .find(|(known, _)| *known == code)
            .map_or(500, |(_, s)| *s);
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code,
            text,
            fields: BTreeMap::new(),
            retry_after_s: None,
        }
    }

    /// 400 with the rule that the request broke, by its key in the table of words, and the values
    /// shown in it.
    pub fn bad_request(rule: &str, values: &[&str]) -> Self {
        let rule = words_with("bad", rule, values);
        Self::said(
            "bad_request",
            words("error", "bad_request").fill_texts(&[&rule]),
        )
    }

    /// 404, the same bytes for what is absent and for what this person may not see.
    pub fn not_found() -> Self {
        Self::new("not_found")
    }

    /// 422 with the fault of each field.
    pub fn fields(fields: BTreeMap<String, FieldFault>) -> Self {
        Self {
            fields,
            ..Self::new("fields_invalid")
        }
    }

    /// The same refusal with the fault of one field.
    #[must_use]
    pub fn at(mut self, field: &str, fault: FieldFault) -> Self {
        self.fields.insert(field.to_owned(), fault);
        self
    }

    /// The faults by field.
    pub fn into_fields(self) -> BTreeMap<String, FieldFault> {
        self.fields
    }

    /// 422 with one field's fault.
    pub fn field(name: &str, fault: FieldFault) -> Self {
        Self::fields(BTreeMap::from([(name.to_owned(), fault)]))
    }

    /// 422 with the rule in words.
    pub fn rule(rule: &Text) -> Self {
        Self::said(
            "rule_refused",
            words("error", "rule_refused").fill_texts(&[rule]),
        )
    }

    /// 429 with the wait, seconds.
    pub fn too_many(retry_after_s: u64) -> Self {
        let words = Self::with("too_many_attempts", &[&retry_after_s.to_string()]);
        Self {
            retry_after_s: Some(retry_after_s),
            ..words
        }
    }

    /// The refusal in words, Chinese.
    pub fn sentence(&self) -> &str {
        &self.text.zh
    }

    /// The code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            error: ErrorInside {
                code: self.code.to_owned(),
                message_zh: self.text.zh,
                message_en: self.text.en,
                fields: self.fields,
            },
        };
        let mut response = (self.status, Json(body)).into_response();
        response.extensions_mut().insert(Refused(self.code));
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_words_of_its_own() {
        for (code, status) in CODES {
            let error = ApiError::new(code);
            assert_eq!(error.status.as_u16(), status);
            assert_ne!(error.text.zh, code, "{code} has no words");
        }
    }
}
