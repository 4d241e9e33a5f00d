//! The section of a decision: what must be on the screen when it is signed, as one byte form.
//!
//! Besides the lines that a person reads it names every act of the matter, so a step that arrives
//! meanwhile makes it another section, and the decision is asked for again.

use super::ground::Ground;
use super::matter::DeskMatter;
use crate::canon;
use crate::id::{EnvelopeId, sha256};
use minicbor::{Decode, Encode};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SectionLine {
    /// What, in Chinese: the language of the record.
    #[n(0)]
    pub label: String,
    /// The value, in Chinese.
    #[n(1)]
    pub value: String,
}

/// What was on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Section {
    /// Form of the section.
    #[n(0)]
    pub version: u8,
    /// The matter.
    #[n(1)]
    pub matter: EnvelopeId,
    /// Every counting act of the matter, in causal order.
    #[n(2)]
    pub acts: Vec<EnvelopeId>,
    /// The lines, in their order on the screen.
    #[n(3)]
    pub lines: Vec<SectionLine>,
    /// The protected fields that it rests on, where its table names any.
    #[n(4)]
    pub grounds: Option<Vec<Ground>>,
}

impl Section {
    /// Its one byte form.
    pub fn bytes(&self) -> Vec<u8> {
        canon::encode(self)
    }

    /// SHA-256 of its bytes.
    pub fn id(&self) -> [u8; 32] {
        sha256(&[&self.bytes()])
    }
}

/// The section of a matter with the lines that are shown and the fields that it rests on.
pub fn section_of(matter: &DeskMatter, lines: Vec<SectionLine>, grounds: Vec<Ground>) -> Section {
    Section {
        version: 1,
        matter: matter.id,
        acts: matter.acts.clone(),
        lines,
        grounds: (!grounds.is_empty()).then_some(grounds),
    }
}
