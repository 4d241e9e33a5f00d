//! Acts of a case and of its alarms: opening, assignment, protected fields, matters with their
//! steps, service.

use crate::id::{AlarmId, DossierId, EnvelopeId, OfficeId, PersonCode};
use crate::value::Fields;
use minicbor::{Decode, Encode};

/// Opens a Case dossier.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Open {
    /// The responsible office.
    #[n(0)]
    pub office: OfficeId,
    /// The code by which the OPS domain knows the person.
    #[n(1)]
    pub person: PersonCode,
    /// 1 where the person was under 18 on entry; sticky (社区矫正法 Art. 58).
    #[n(2)]
    pub minor: u8,
    /// Name, ID number, sex, kind of correction and what else the rules ask for.
    #[cbor(n(3), with = "crate::value::pairs")]
    pub fields: Fields,
}

/// Makes another office of the same county responsible.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Assign {
    /// The responsible office from now on.
    #[n(0)]
    pub office: OfficeId,
    /// The placements that this one takes the place of, ascending; all of them in `deps`.
    #[n(1)]
    pub replaces: Vec<EnvelopeId>,
}

/// Sets a protected field. Never merged: two live amends that replace the same are Contested.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Amend {
    /// Name in the rules: `term`, `class`, `address`, `fence/<id>`, `device/<id>` …
    #[n(0)]
    pub field: String,
    /// The amends whose value this one takes the place of, ascending; all of them in `deps` or its
    /// own chain.
    #[n(1)]
    pub replaces: Vec<EnvelopeId>,
    /// The value in the field's own form; empty takes the field away.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub value: Vec<u8>,
}

/// A stretch of civil days in Asia/Shanghai, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Span {
    /// First day, days since 1970-01-01.
    #[n(0)]
    pub first_day: i32,
    /// Last day, days since 1970-01-01.
    #[n(1)]
    pub last_day: i32,
}

/// Opens a matter: what is asked for. The envelope's id is the matter's id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Apply {
    /// Name of the workflow in the rules (`leave`).
    #[n(0)]
    pub workflow: String,
    /// Version of the workflow's table.
    #[n(1)]
    pub version: u16,
    /// 1 where named staff enter a paper application at the desk on the person's behalf.
    #[n(2)]
    pub on_behalf: u8,
    /// The days asked for, where the workflow has any.
    #[n(3)]
    pub span: Option<Span>,
    /// The area asked for, in the byte form of a permit's area; none for anywhere.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub area: Option<Vec<u8>>,
    /// The form's other fields.
    #[cbor(n(5), with = "crate::value::pairs")]
    pub fields: Fields,
}

/// One step of a matter or of an alarm, as its workflow's table names it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Step {
    /// The `Apply` or `Raise` that this is a step of.
    #[n(0)]
    pub matter: EnvelopeId,
    /// Event of the table (`verify`, `opine`, `approve`, `refuse`, `acknowledge` …).
    #[n(1)]
    pub event: String,
    /// The decisions that this one takes the place of, ascending; all of them in `deps` or its own
    /// chain.
    #[n(2)]
    pub replaces: Vec<EnvelopeId>,
    /// The section that was on the screen when a decision was signed, as canonical bytes.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub section: Option<Vec<u8>>,
    /// The form's fields.
    #[cbor(n(4), with = "crate::value::pairs")]
    pub fields: Fields,
    /// The days that this step sets: a return's actual days, an extension's new days.
    #[n(5)]
    pub span: Option<Span>,
}

/// A decision was served on the person, who may rely on it from here.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Serve {
    /// The decision.
    #[n(0)]
    pub decision: EnvelopeId,
    /// How, when, and the person's signature or the witnesses of a refusal to sign.
    #[cbor(n(1), with = "crate::value::pairs")]
    pub fields: Fields,
}

/// Takes back the signer's own application or step, before anybody went on from it (撤回).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Withdraw {
    /// The `Apply` or `Step` that is taken back; in `deps` or the own chain.
    #[n(0)]
    pub act: EnvelopeId,
    /// Reason in words.
    #[n(1)]
    pub reason: String,
}

/// Says what should have stood in an act (更正). The act stays as it was signed; both are shown.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Correct {
    /// The act that is corrected; in `deps` or the own chain.
    #[n(0)]
    pub act: EnvelopeId,
    /// The fields that are different, as they should have been.
    #[cbor(n(1), with = "crate::value::pairs")]
    pub fields: Fields,
    /// Reason in words; a correction without one does not count.
    #[n(2)]
    pub reason: String,
}

/// Raises an alarm and opens its dossier.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Raise {
    /// The same at every gateway that saw the violation.
    #[n(0)]
    pub alarm: AlarmId,
    /// The case that the alarm follows.
    #[n(1)]
    pub case: DossierId,
    /// The responsible office when it was raised.
    #[n(2)]
    pub office: OfficeId,
    /// Whom it concerns.
    #[n(3)]
    pub person: PersonCode,
    /// Kind in the rules (`GEO_OUT`, `GEO_IN` …).
    #[n(4)]
    pub kind: String,
    /// 1 red, 2 orange, 3 yellow, 4 blue.
    #[n(5)]
    pub severity: u8,
    /// The fence, where there is one.
    #[n(6)]
    pub fence: String,
    /// First fix of the run that decided, ms UTC of the device.
    #[n(7)]
    pub time: i64,
    /// The fix that decided, ms UTC of the device.
    #[n(8)]
    pub decided_at: i64,
    /// 1 where it was found among late reports: one severity lower, no live escalation.
    #[n(9)]
    pub retrospective: u8,
    /// The few fixes that prove it, in the byte form of a fix.
    #[cbor(n(10), with = "minicbor::bytes")]
    pub evidence: Vec<u8>,
}
