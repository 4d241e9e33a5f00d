//! A form field's value: an integer, a text or bytes, in one byte form and one JSON form.

use minicbor::{Decode, Decoder, Encode, Encoder, data::Type};
use std::collections::BTreeMap;

/// One field's value. Dates are texts `YYYY-MM-DD`, truth is 0 or 1, times are ms UTC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// An integer.
    Int(i64),
    /// Text as it was entered, normalised by the form.
    Text(String),
    /// Bytes in a form that the field defines.
    Bytes(Vec<u8>),
}

/// Fields by name, ascending.
pub type Fields = BTreeMap<String, Value>;

impl Value {
    /// The integer, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(value) => Some(value),
            _ => None,
        }
    }

    /// The bytes, if it is bytes.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(value) => Some(value),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl<C> Encode<C> for Value {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Int(value) => e.i64(*value)?.ok(),
            Self::Text(value) => e.str(value)?.ok(),
            Self::Bytes(value) => e.bytes(value)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Value {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        match d.datatype()? {
            Type::String => Ok(Self::Text(d.str()?.to_owned())),
            Type::Bytes => Ok(Self::Bytes(d.bytes()?.to_vec())),
            _ => Ok(Self::Int(d.i64()?)),
        }
    }
}

/// Fields as an array of `[name, value]` pairs, ascending: the byte form has no text-keyed maps.
pub mod pairs {
    use super::{Fields, Value};
    use minicbor::{Decoder, Encoder};

    /// Writes the pairs in ascending order of their names.
    pub fn encode<C, W: minicbor::encode::Write>(
        fields: &Fields,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(fields.len() as u64)?;
        for (name, value) in fields {
            e.array(2)?.str(name)?.encode_with(value, ctx)?;
        }
        Ok(())
    }

    /// Reads pairs; a name that comes twice or out of order fails the re-encoding.
    pub fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Fields, minicbor::decode::Error> {
        let pairs: Vec<(String, Value)> = d.decode_with(ctx)?;
        Ok(pairs.into_iter().collect())
    }
}
