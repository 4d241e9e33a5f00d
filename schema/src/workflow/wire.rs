//! Between the fields of an act and the form of a table: days travel as a span, the rest by type.
//!
//! What travels in the span, in the area or in the act that raises an alarm is *open*: it can be
//! read before anybody signs in. Decisions are judged on open fields only.

use jiff::civil::{Date, date};

use super::Workflow;
use super::field::{Field, FieldError, FieldType};
use super::guard::MatterFacts;
use super::table::Event;
use super::value::{Form, Value};
use crate::act::Span;
use crate::calendar::parse_date;
use crate::value::{Fields, Value as Wire};

const EPOCH: Date = date(1970, 1, 1);

/// The parts of an act that a form fills.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActForm {
    /// Fields of the body.
    pub fields: Fields,
    /// Days.
    pub span: Option<Span>,
    /// Area.
    pub area: Option<Vec<u8>>,
}

/// Days since 1970-01-01 of a civil date.
pub fn day_number(at: Date) -> i32 {
    (EPOCH.duration_until(at).as_hours() / 24) as i32
}

/// The civil date of days since 1970-01-01, if it can be written.
pub fn date_of_day(day: i32) -> Option<Date> {
    EPOCH
        .checked_add(jiff::Span::new().try_days(day).ok()?)
        .ok()
}

impl Workflow {
    /// Reads an act's parts as the form of `event`; what does not fit is left out and reported.
    ///
    /// Without the body's fields the open ones are still read.
    pub fn read_act(&self, event: &str, act: &ActForm) -> (Form, Vec<FieldError>) {
        let mut form = Form::new();
        let mut errors = Vec::new();
        let Ok(event) = self.find_event(event) else {
            return (form, errors);
        };
        for (name, wire) in &act.fields {
            match self.field(name).filter(|_| event.names_field(name)) {
                None => errors.push(FieldError::Unknown(name.clone())),
                Some(field) => match field.read_wire(wire) {
                    Ok(value) => form.set(name, value),
                    Err(error) => errors.push(error),
                },
            }
        }
        if let (Some(names), Some(span)) = (&event.span, act.span) {
            let days = [(&names.first, span.first_day), (&names.last, span.last_day)];
            for (name, day) in days {
                if let (true, Some(date)) = (event.names_field(name), date_of_day(day)) {
                    form.set(name, Value::Date(date));
                }
            }
        }
        if let (Some(name), Some(area)) = (&event.area, &act.area) {
            form.set(name, Value::Area(area.clone()));
        }
        (form, errors)
    }

    /// The parts of the act that `event` signs with `form`; `facts` supply days of the matter.
    pub fn write_act(&self, event: &str, form: &Form, facts: &MatterFacts) -> ActForm {
        let mut act = ActForm::default();
        let Ok(event) = self.find_event(event) else {
            return act;
        };
        for (name, value) in form {
            let in_span = event.span.as_ref().is_some_and(|span| span.names(name));
            match value {
                Value::Area(bytes) if event.area.as_ref() == Some(name) => {
                    act.area = Some(bytes.clone());
                }
                Value::Date(_) if in_span => {}
                value => {
                    act.fields.insert(name.clone(), write_wire(value));
                }
            }
        }
        if let Some(span) = &event.span {
            let day = |name: &str| form.date(name).or_else(|| facts.form.date(name));
            if let (Some(first), Some(last)) = (day(&span.first), day(&span.last)) {
                let (first_day, last_day) = (day_number(first), day_number(last));
                act.span = Some(Span {
                    first_day,
                    last_day,
                });
            }
        }
        act
    }

    /// Whether a field can be read before anybody signs in.
    pub fn is_open(&self, field: &str) -> bool {
        const RAISED: [&str; 5] = ["kind", "severity", "since", "retrospective", "fence"];
        let raised = self.opening().raise && RAISED.contains(&field);
        raised
            || self
                .table()
                .event
                .iter()
                .any(|event| event.carries_open(field))
    }
}

impl Event {
    /// Whether the form of this event may hold `field`.
    pub fn names_field(&self, field: &str) -> bool {
        let conditional = self.needs_when.iter().flat_map(|needs| &needs.needs);
        self.needs
            .iter()
            .chain(&self.takes)
            .chain(conditional)
            .any(|name| name == field)
    }

    pub(super) fn carries_open(&self, field: &str) -> bool {
        let in_span = self.span.as_ref().is_some_and(|span| span.names(field));
        in_span || self.area.as_deref() == Some(field)
    }
}

impl Field {
    fn read_wire(&self, wire: &Wire) -> Result<Value, FieldError> {
        let value = match (&self.kind, wire) {
            (FieldType::Bool, Wire::Int(0)) => Some(Value::Bool(false)),
            (FieldType::Bool, Wire::Int(1)) => Some(Value::Bool(true)),
            (FieldType::Int { .. }, Wire::Int(number)) => Some(Value::Int(*number)),
            (FieldType::Time, Wire::Int(at_ms)) => Some(Value::Time(*at_ms)),
            (FieldType::Date, Wire::Text(text)) => parse_date(text).ok().map(Value::Date),
            (FieldType::Text { .. }, Wire::Text(text)) => Some(Value::Text(text.clone())),
            (FieldType::Choice(_), Wire::Text(text)) => Some(Value::Choice(text.clone())),
            (FieldType::Ref, Wire::Bytes(id)) => id.as_slice().try_into().ok().map(Value::Ref),
            (FieldType::Area { .. }, Wire::Bytes(bytes)) => Some(Value::Area(bytes.clone())),
            _ => None,
        };
        let value = value.ok_or_else(|| self.wrong_type())?;
        self.check(&value)?;
        Ok(value)
    }

    /// Reads the byte value of a protected field.
    pub fn read_value(&self, wire: &Wire) -> Result<Value, FieldError> {
        self.read_wire(wire)
    }
}

/// The value as an act carries it.
pub fn write_wire(value: &Value) -> Wire {
    match value {
        Value::Bool(yes) => Wire::Int(i64::from(*yes)),
        Value::Int(number) | Value::Time(number) => Wire::Int(*number),
        Value::Date(date) => Wire::Text(date.to_string()),
        Value::Text(text) | Value::Choice(text) => Wire::Text(text.clone()),
        Value::Ref(id) => Wire::Bytes(id.to_vec()),
        Value::Area(bytes) => Wire::Bytes(bytes.clone()),
    }
}
