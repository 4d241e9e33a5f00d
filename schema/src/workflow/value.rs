//! What people fill in: a closed set of value types with one byte form.
//!
//! A form travels inside signed acts, so it has exactly one encoding: an array of
//! `[name, type, value]` in ascending order of name.

use std::collections::BTreeMap;
use std::collections::btree_map::Iter;

use jiff::civil::Date;
use minicbor::data::Type;
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

/// Thirty-two bytes that name an act or a person.
pub type Id = [u8; 32];

/// Most fields that one form may carry.
pub const FORM_FIELDS_MAX: u64 = 64;
/// Longest name of a field, in bytes.
pub const NAME_BYTES_MAX: usize = 40;

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
    /// The id of an act, an attachment or a person.
    Ref(Id),
    /// Bytes that another part understands, such as an area.
    Bytes(Vec<u8>),
}

impl Value {
    fn tag(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Int(_) => 1,
            Self::Date(_) => 2,
            Self::Time(_) => 3,
            Self::Text(_) => 4,
            Self::Choice(_) => 5,
            Self::Ref(_) => 6,
            Self::Bytes(_) => 7,
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

    /// The chosen option in `name`.
    pub fn choice(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Value::Choice(option)) => Some(option),
            _ => None,
        }
    }

    /// The id in `name`.
    pub fn id(&self, name: &str) -> Option<Id> {
        match self.0.get(name) {
            Some(Value::Ref(id)) => Some(*id),
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

impl<C> Encode<C> for Form {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.array(self.0.len() as u64)?;
        for (name, value) in &self.0 {
            e.array(3)?.str(name)?.u8(value.tag())?;
            match value {
                Value::Bool(yes) => e.bool(*yes)?,
                Value::Int(number) | Value::Time(number) => e.i64(*number)?,
                Value::Date(date) => e.i32(date_number(*date))?,
                Value::Text(text) | Value::Choice(text) => e.str(text)?,
                Value::Ref(id) => e.bytes(id)?,
                Value::Bytes(bytes) => e.bytes(bytes)?,
            };
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Form {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, DecodeError> {
        let count = definite(d.array()?)?;
        if count > FORM_FIELDS_MAX {
            return Err(DecodeError::message("a form has at most 64 fields"));
        }
        let mut fields = BTreeMap::new();
        let mut last: Option<&str> = None;
        for _ in 0..count {
            if definite(d.array()?)? != 3 {
                return Err(DecodeError::message("a field is [name, type, value]"));
            }
            let name = d.str()?;
            if name.len() > NAME_BYTES_MAX || last.is_some_and(|last| last >= name) {
                return Err(DecodeError::message("field names ascend and are short"));
            }
            last = Some(name);
            fields.insert(name.to_owned(), decode_value(d)?);
        }
        Ok(Self(fields))
    }
}

fn decode_value(d: &mut Decoder<'_>) -> Result<Value, DecodeError> {
    let value = match d.u8()? {
        0 => Value::Bool(d.bool()?),
        1 => Value::Int(d.i64()?),
        2 => Value::Date(date_of_number(d.i32()?)?),
        3 => Value::Time(d.i64()?),
        4 => Value::Text(d.str()?.to_owned()),
        5 => Value::Choice(d.str()?.to_owned()),
        6 => Value::Ref(
            d.bytes()?
                .try_into()
                .map_err(|_| DecodeError::message("an id has 32 bytes"))?,
        ),
        7 if d.datatype()? == Type::Bytes => Value::Bytes(d.bytes()?.to_vec()),
        _ => return Err(DecodeError::message("field type is 0 to 7")),
    };
    Ok(value)
}

fn definite(len: Option<u64>) -> Result<u64, DecodeError> {
    len.ok_or_else(|| DecodeError::message("arrays have a definite length"))
}

/// `YYYYMMDD` as a number, so that a dump can be read.
fn date_number(date: Date) -> i32 {
    i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day())
}

fn date_of_number(number: i32) -> Result<Date, DecodeError> {
    let wrong = || DecodeError::message("a date is YYYYMMDD");
    let year = i16::try_from(number / 10_000).map_err(|_| wrong())?;
    let (month, day) = ((number / 100) % 100, number % 100);
    match (i8::try_from(month), i8::try_from(day)) {
        (Ok(month), Ok(day)) if number > 0 => Date::new(year, month, day).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<i64>().prop_map(Value::Time),
            (1900i16..2200, 1i8..=12, 1i8..=28)
                .prop_map(|(y, m, d)| Value::Date(Date::new(y, m, d).unwrap())),
            "\\PC{0,30}".prop_map(Value::Text),
            "[a-z_]{1,10}".prop_map(Value::Choice),
            any::<Id>().prop_map(Value::Ref),
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        ]
    }

    proptest! {
        #[test]
        fn a_form_has_one_encoding(fields in proptest::collection::btree_map("[a-z_]{1,12}", value(), 0..10)) {
            let form = Form(fields);
            let bytes = minicbor::to_vec(&form).unwrap();
            let again: Form = minicbor::decode(&bytes).unwrap();
            prop_assert_eq!(minicbor::to_vec(&again).unwrap(), bytes);
            prop_assert_eq!(again, form);
        }

        #[test]
        fn any_bytes_are_answered_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _: Result<Form, _> = minicbor::decode(&bytes);
        }
    }

    #[test]
    fn fields_out_of_order_are_refused() {
        let mut bytes = vec![0x82];
        for name in ["b", "a"] {
            bytes.extend([0x83, 0x61, name.as_bytes()[0], 0x00, 0xf5]);
        }
        assert!(minicbor::decode::<Form>(&bytes).is_err());
    }
}
