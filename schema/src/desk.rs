//! A dossier as it lies on an officer's desk: every act in causal order with who signed it and how
//! it stands, its matters run by their tables, and what the officer is offered to sign.
//!
//! Everything here is a function of the envelopes, the roster and the rules. Words are those of the
//! rule pack.

mod area;
mod field;
mod file;
mod ground;
mod incident;
mod mass;
mod matter;
mod offer;
mod section;

pub use area::union_of;
pub use field::{FieldEntry, amend_of, field_entry, value_of};
pub use file::{Capacity, File, Filed};
pub use ground::{Changed, Ground, changed_since, contested, grounds_of, settle_fault};
pub use incident::{SeenAlarm, incidents};
pub use mass::{ALONE_SEVERITY, Fallen, MassRule, Row, Shared, fold_silences};
pub use matter::{
    ALARM_WORKFLOW, DeskMatter, cause_of, granted_leaves, matter_of, matters_of, name_of,
};
pub use offer::{
    Offer, OfferField, RECORD_WORKFLOW, Tone, case_offers, matter_offers, opening_offer,
};
pub use section::{Section, SectionLine, section_of};

/// Words for people in both languages.
pub use crate::workflow::Label;
