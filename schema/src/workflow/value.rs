//! What people fill in, read by the types of a table: the meaning of an act's fields.

use std::collections::BTreeMap;
use std::collections::btree_map::Iter;

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use crate::act::Raise;
use crate::id::hex;

/// One filled-in value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A civil date in Asia/Shanghai.
    Date(Date),
    /// An instant, milliseconds since 1970 UTC.
    Time(i64),
    /// Free text.
    Text(String),
    /// The id of one of the options.
    Choice(String),
    /// The id of an act, an attachment or a fix.
    Ref([u8; 32]),
    /// A map area in the byte form of a permit's area.
    Area(Vec<u8>),
}

impl Value {
    /// As JSON: dates `YYYY-MM-DD`, times in milliseconds, ids and areas in hexadecimal.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Bool(yes) => json!(yes),
            Self::Int(number) | Self::Time(number) => json!(number),
            Self::Date(date) => json!(date.to_string()),
            Self::Text(text) | Self::Choice(text) => json!(text),
            Self::Ref(id) => json!(hex(id)),
            Self::Area(bytes) => json!(hex(bytes)),
        }
    }
}

/// Filled-in fields by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(BTreeMap<String, Value>);

impl Form {
    /// A form without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// The form of the act that raises an alarm.
    pub fn of_raise(raise: &Raise) -> Self {
        let form = Self::new()
            .with("kind", Value::Choice(raise.kind.clone()))
            .with("severity", Value::Int(i64::from(raise.severity)))
            .with("since", Value::Time(raise.time))
            .with("retrospective", Value::Bool(raise.retrospective == 1));
        if raise.fence.is_empty() {
            return form;
        }
        form.with("fence", Value::Text(raise.fence.clone()))
    }

    /// The same form with `name` filled in.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.set(name, value);
        self
    }

    /// Fills in `name`.
    pub fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The date in `name`.
    pub fn date(&self, name: &str) -> Option<Date> {
        match self.0.get(name) {
            Some(Value::Date(date)) => Some(*date),
            _ => None,
        }
    }

    /// The number in `name`.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// The instant in `name`.
    pub fn time(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Value::Time(at_ms)) => Some(*at_ms),
            _ => None,
        }
    }

    /// The flag in `name`; left out it is false.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Value::Bool(true)))
    }

    /// The chosen option in `name`.
    pub fn choice(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Value::Choice(option)) => Some(option),
            _ => None,
        }
    }

    /// Lays `other` over this form.
    pub fn lay(&mut self, other: &Self) {
        for (name, value) in &other.0 {
            self.0.insert(name.clone(), value.clone());
        }
    }

    /// All fields in ascending order of name.
    pub fn iter(&self) -> Iter<'_, String, Value> {
        self.0.iter()
    }

    /// True without fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Form {
    type Item = (&'a String, &'a Value);
    type IntoIter = Iter<'a, String, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
