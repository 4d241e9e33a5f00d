//! A form is checked against its table before anybody signs it, field by field.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::value::{Form, Value};
use crate::calendar::parse_date;
use crate::id::unhex;

/// A word for people, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
}

/// What a field may hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FieldType {
    /// Yes or no.
    Bool,
    /// A civil date.
    Date,
    /// An instant.
    Time,
    /// The id of an act, an attachment or a person.
    Ref,
    /// A whole number in a closed range.
    Int {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// Text with something written in it.
    Text {
        /// Longest text, in characters.
        chars_max: u32,
    },
    /// One of the options.
    Choice(Vec<FieldOption>),
    /// A map area; the bytes are judged by the part that knows fences.
    Area {
        /// Largest form, in bytes.
        bytes_max: u32,
    },
}

/// One option of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldOption {
    /// What is stored.
    pub id: String,
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
}

/// One field of a table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Name in the form.
    pub id: String,
    /// What people read.
    pub label: Label,
    /// What it may hold.
    #[serde(rename = "type")]
    pub kind: FieldType,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// The event does not know the field.
    #[error("field {0:?} does not belong to this form")]
    Unknown(String),
    /// The event needs the field.
    #[error("field {0:?} is missing")]
    Missing(String),
    /// The value has another type.
    #[error("field {field:?} must be {expected}")]
    Type {
        /// The field.
        field: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The text is empty or too long.
    #[error("field {field:?} has 1 to {chars_max} characters, found {found}")]
    Length {
        /// The field.
        field: String,
        /// Longest text.
        chars_max: u32,
        /// Length found.
        found: usize,
    },
    /// The number is out of range.
    #[error("field {field:?} lies in {min}..={max}, found {found}")]
    Range {
        /// The field.
        field: String,
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
        /// Value found.
        found: i64,
    },
    /// No such option.
    #[error("field {field:?} has no option {found:?}")]
    Option {
        /// The field.
        field: String,
        /// Value found.
        found: String,
    },
    /// The area is too large.
    #[error("field {field:?} has 1 to {bytes_max} bytes, found {found}")]
    Size {
        /// The field.
        field: String,
        /// Largest form.
        bytes_max: u32,
        /// Size found.
        found: usize,
    },
    /// Two fields together break a rule of the table.
    #[error("{0}")]
    Rule(String),
}

impl Field {
    /// Checks one value.
    pub fn check(&self, value: &Value) -> Result<(), FieldError> {
        match (&self.kind, value) {
            (FieldType::Bool, Value::Bool(_))
            | (FieldType::Date, Value::Date(_))
            | (FieldType::Time, Value::Time(_))
            | (FieldType::Ref, Value::Ref(_)) => Ok(()),
            (FieldType::Int { min, max }, Value::Int(found)) => self.check_int(*min, *max, *found),
            (FieldType::Text { chars_max }, Value::Text(text)) => self.check_text(*chars_max, text),
            (FieldType::Choice(options), Value::Choice(found)) => {
                if options.iter().any(|option| option.id == *found) {
                    return Ok(());
                }
                Err(FieldError::Option {
                    field: self.id.clone(),
                    found: found.clone(),
                })
            }
            (FieldType::Area { bytes_max }, Value::Area(bytes)) => {
                let found = bytes.len();
                if (1..=*bytes_max as usize).contains(&found) {
                    return Ok(());
                }
                Err(FieldError::Size {
                    field: self.id.clone(),
                    bytes_max: *bytes_max,
                    found,
                })
            }
            _ => Err(self.wrong_type()),
        }
    }

    /// Reads a JSON value as this field's type and checks it.
    ///
    /// Dates are `YYYY-MM-DD`, times milliseconds or RFC 3339, ids and areas hexadecimal.
    pub fn read(&self, json: &Json) -> Result<Value, FieldError> {
        let text = json.as_str();
        let value = match &self.kind {
            FieldType::Bool => json.as_bool().map(Value::Bool),
            FieldType::Int { .. } => json.as_i64().map(Value::Int),
            FieldType::Date => text.and_then(|text| parse_date(text).ok()).map(Value::Date),
            FieldType::Time => json.as_i64().or_else(|| read_time(text?)).map(Value::Time),
            FieldType::Text { .. } => text.map(|text| Value::Text(text.to_owned())),
            FieldType::Choice(_) => text.map(|text| Value::Choice(text.to_owned())),
            FieldType::Ref => text
                .and_then(unhex)
                .and_then(|bytes| bytes.try_into().ok())
                .map(Value::Ref),
            FieldType::Area { .. } => text.and_then(unhex).map(Value::Area),
        };
        let value = value.ok_or_else(|| self.wrong_type())?;
        self.check(&value)?;
        Ok(value)
    }

    fn check_int(&self, min: i64, max: i64, found: i64) -> Result<(), FieldError> {
        if (min..=max).contains(&found) {
            return Ok(());
        }
        Err(FieldError::Range {
            field: self.id.clone(),
            min,
            max,
            found,
        })
    }

    fn check_text(&self, chars_max: u32, text: &str) -> Result<(), FieldError> {
        let found = text.chars().count();
        // A reason of blanks is no reason.
        if !text.trim().is_empty() && found <= chars_max as usize {
            return Ok(());
        }
        Err(FieldError::Length {
            field: self.id.clone(),
            chars_max,
            found,
        })
    }

    pub(super) fn wrong_type(&self) -> FieldError {
        let expected = match self.kind {
            FieldType::Bool => "true or false",
            FieldType::Date => "a date YYYY-MM-DD",
            FieldType::Time => "a time",
            FieldType::Ref => "an id of 64 hexadecimal digits",
            FieldType::Int { .. } => "a whole number",
            FieldType::Text { .. } => "text",
            FieldType::Choice(_) => "one of the options",
            FieldType::Area { .. } => "an area",
        };
        FieldError::Type {
            field: self.id.clone(),
            expected,
        }
    }
}

/// Checks a whole form: nothing unknown, nothing missing, every value of its type.
pub(super) fn check_form(
    fields: &BTreeMap<String, Field>,
    needs: &[&str],
    takes: &[String],
    form: &Form,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (name, value) in form {
        let known = needs.contains(&name.as_str()) || takes.contains(name);
        match fields.get(name).filter(|_| known) {
            None => errors.push(FieldError::Unknown(name.clone())),
            Some(field) => errors.extend(field.check(value).err()),
        }
    }
    let missing = needs.iter().filter(|name| form.get(name).is_none());
    errors.extend(missing.map(|name| FieldError::Missing((*name).to_owned())));
    errors
}

/// Reads a JSON object into a form by the types of `fields`; null counts as left out.
pub(super) fn read_form(
    fields: &BTreeMap<String, Field>,
    json: &Map<String, Json>,
) -> Result<Form, Vec<FieldError>> {
    let mut form = Form::new();
    let mut errors = Vec::new();
    for (name, value) in json.iter().filter(|(_, value)| !value.is_null()) {
        match fields.get(name).map(|field| field.read(value)) {
            None => errors.push(FieldError::Unknown(name.clone())),
            Some(Err(error)) => errors.push(error),
            Some(Ok(value)) => form.set(name, value),
        }
    }
    if errors.is_empty() {
        Ok(form)
    } else {
        Err(errors)
    }
}

fn read_time(text: &str) -> Option<i64> {
    text.parse::<Timestamp>()
        .ok()
        .map(Timestamp::as_millisecond)
}
