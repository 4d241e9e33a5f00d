//! Fields with legal effect: who may amend them, and what they may hold.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::text::keyed;
use crate::canon::{self, CanonError};
use crate::value::Value as Wire;
use crate::workflow::{Field, FieldError, FieldType, SignRule, Signer, Value, write_wire};

/// Why the bytes of an amendment are not a value of its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFieldError {
    /// Not the one byte form.
    #[error(transparent)]
    Bytes(#[from] CanonError),
    /// Not a value of this field.
    #[error(transparent)]
    Field(#[from] FieldError),
}

/// One protected field of a case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseField {
    /// Stable number on the wire; never used again for another field.
    pub number: u32,
    /// Name, label and type.
    pub field: Field,
    /// True if there are several, named `id/name`.
    #[serde(default)]
    pub many: bool,
    /// Who may amend it.
    pub amend: Vec<SignRule>,
    /// Law, measure or design default.
    pub source: String,
    /// True if it was read in the official text.
    pub verified: bool,
}

impl CaseField {
    /// Whether `signer` may amend it.
    pub fn may_amend(&self, signer: &Signer) -> bool {
        self.amend.iter().any(|rule| rule.fits(signer))
    }

    /// Checks a value.
    pub fn check(&self, value: &Value) -> Result<(), FieldError> {
        self.field.check(value)
    }

    /// The bytes of an amendment: an area as it is, anything else as one field value.
    pub fn encode(value: &Value) -> Vec<u8> {
        match value {
            Value::Area(bytes) => bytes.clone(),
            value => canon::encode(&write_wire(value)),
        }
    }

    /// Reads the bytes of an amendment; none where the field was taken away.
    pub fn decode(&self, bytes: &[u8]) -> Result<Option<Value>, DecodeFieldError> {
        if bytes.is_empty() {
            return Ok(None);
        }
        if matches!(self.field.kind, FieldType::Area { .. }) {
            let value = Value::Area(bytes.to_vec());
            self.check(&value)?;
            return Ok(Some(value));
        }
        let wire: Wire = canon::decode("a field value", bytes)?;
        Ok(Some(self.field.read_value(&wire)?))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    case_field: Vec<CaseField>,
}

pub(super) fn parse(text: &str) -> Result<BTreeMap<String, CaseField>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut numbers: Vec<u32> = file.case_field.iter().map(|field| field.number).collect();
    numbers.sort_unstable();
    if let Some([number, _]) = numbers.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("field number {number} stands twice"));
    }
    keyed(file.case_field, |field| &field.field.id)
}
