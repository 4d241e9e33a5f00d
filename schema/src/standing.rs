//! One dossier read legally: what stands, what is contested, what waits and why (`standing` rules
//! 25–39).
//!
//! The fold is a function of the dossier's facts and of authority. It reads no clock, no arrival
//! order and no `m`; claimed times order nothing that has effect.

mod baton;
mod competence;
mod entry;
mod grant;
mod matter;
mod permit;
mod reader;
mod reads;
mod rule;
mod slot;
mod state_root;
mod usage;
mod withdraw;

pub use grant::Grant;
pub use matter::{MatterStanding, Outcome, StepStanding};
pub use permit::{GrantedPermit, permits};
pub use reads::is_void_by_reading;
pub use rule::{Decision, Signer, SlotAct, SlotRules, Verdict};
pub use slot::{InForce, SlotStanding, SlotValue};
pub use usage::{DeviceUse, device_uses};

use crate::authority::{Authority, State};
use crate::fact::{Fact, What};
use crate::hold::DossierKind;
use crate::id::{EnvelopeId, OfficeId, PersonCode, PersonId};
use reader::Reader;
use slot::SlotKey;
use std::collections::{BTreeMap, BTreeSet};

/// The version of this fold; standings of two versions are not compared.
pub const FOLD_VERSION: u16 = 1;

/// What a dossier comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it is about.
    pub kind: DossierKind,
    /// The responsible office; the root office while the opening is not here.
    pub place: OfficeId,
    /// Whether it concerns a minor.
    pub minor: bool,
    /// Whom it concerns.
    pub person: Option<PersonCode>,
    /// Protected fields by name.
    pub fields: BTreeMap<String, SlotStanding>,
    /// Matters by the act that opened them; the alarm itself in an Alarm dossier.
    pub matters: BTreeMap<EnvelopeId, MatterStanding>,
    /// Everything that is waiting or void, ascending, with its reason.
    pub listed: Vec<(EnvelopeId, State)>,
    /// Rule 39: an act of an unknown kind is in it, so new decisions are refused.
    pub unknown: bool,
    /// Withdrawals by their own ids: what each takes back, and whether it counts (Q1–Q6).
    pub withdrawals: BTreeMap<EnvelopeId, Withdrawal>,
    /// Corrections that count, ascending, by the act that they correct (Q8).
    pub corrections: BTreeMap<EnvelopeId, Vec<EnvelopeId>>,
    /// Whether the case is sealed, as its acts say (rules S-1 to S-4).
    pub seal: SlotStanding,
    /// Authorisations that count to read it while it is sealed, ascending.
    pub consults: Vec<Consultation>,
    /// Applications and steps from which nobody went on: their authors may still take them back.
    pub unfollowed: BTreeSet<EnvelopeId>,
}

/// What a withdrawal comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withdrawal {
    /// The act that it names.
    pub act: EnvelopeId,
    /// Whether it takes that act back.
    pub counts: bool,
}

/// A sealed case is open to one person for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consultation {
    /// The act.
    pub id: EnvelopeId,
    /// Who may read.
    pub person: PersonId,
    /// First instant, ms UTC.
    pub from: i64,
    /// Last instant, ms UTC.
    pub to: i64,
}

impl Standing {
    /// Whether nobody reads the case but under a consultation. While seal and lifting contradict one
    /// another it is.
    pub fn is_sealed(&self) -> bool {
        match &self.seal {
            SlotStanding::Open => false,
            SlotStanding::Stands { value, .. } => *value == SlotValue::Verdict(Verdict::Approve),
            SlotStanding::Conflicted { .. } => true,
        }
    }

    /// Whether a consultation lets a person read a sealed case at a time.
    pub fn may_consult(&self, person: PersonId, at: i64) -> bool {
        let mut all = self.consults.iter();
        all.any(|one| one.person == person && (one.from..=one.to).contains(&at))
    }

    /// Whether the act's author took it back.
    pub fn is_withdrawn(&self, act: EnvelopeId) -> bool {
        let mut all = self.withdrawals.values();
        all.any(|withdrawal| withdrawal.act == act && withdrawal.counts)
    }
}

/// Folds the facts of one dossier. Facts of other dossiers among them are left out.
pub fn fold(
    authority: &Authority,
    rules: &dyn SlotRules,
    facts: &BTreeMap<EnvelopeId, Fact>,
) -> Standing {
    let opening = Opening::of(authority, facts);
    let reader = Reader::new(authority, rules, facts, &opening);
    Standing {
        kind: opening.kind,
        place: reader.place(None),
        minor: opening.minor,
        person: opening.person,
        fields: reader
            .keys()
            .filter_map(|key| match key {
                SlotKey::Field(name) => Some((name.clone(), reader.fold_slot(key, None).standing)),
                _ => None,
            })
            .collect(),
        matters: reader.matters(),
        listed: listed(&reader, facts),
        unknown: facts.values().any(|fact| {
            matches!(fact.what, What::Unknown { .. }) && reader.state_of(fact).is_good()
        }),
        withdrawals: reader.withdrawals(),
        corrections: reader.corrections(),
        seal: reader.fold_slot(&SlotKey::Seal, None).standing,
        consults: reader.consults(),
        unfollowed: reader.unfollowed(),
    }
}

fn listed(reader: &Reader<'_>, facts: &BTreeMap<EnvelopeId, Fact>) -> Vec<(EnvelopeId, State)> {
    facts
        .values()
        .map(|fact| (fact.id, reader.state_of(fact)))
        .filter(|(_, state)| !state.is_good())
        .collect()
}

/// What the envelope that opened the dossier says; it is read even while it waits (rule 28).
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    kind: DossierKind,
    place: OfficeId,
    minor: bool,
    person: Option<PersonCode>,
}

impl Opening {
    fn of(authority: &Authority, facts: &BTreeMap<EnvelopeId, Fact>) -> Self {
        let opening = facts
            .values()
            .find(|fact| EnvelopeId::from(fact.dossier) == fact.id);
        let unopened = Self {
            kind: DossierKind::Case,
            place: authority.root_office(),
            minor: false,
            person: None,
        };
        match opening.map(|fact| &fact.what) {
            Some(What::Open {
                office,
                person,
                minor,
            }) => Self {
                kind: DossierKind::Case,
                place: *office,
                minor: *minor != 0,
                person: Some(*person),
            },
            Some(What::Raise(raise)) => Self {
                kind: DossierKind::Alarm,
                place: raise.office,
                minor: false,
                person: Some(raise.person),
            },
            Some(What::Ledger { office, .. }) => Self {
                kind: DossierKind::Audit,
                place: *office,
                ..unopened
            },
            Some(What::Roster(_)) => Self {
                kind: DossierKind::Roster,
                place: founded(opening).unwrap_or(unopened.place),
                ..unopened
            },
            _ => unopened,
        }
    }
}

fn founded(opening: Option<&Fact>) -> Option<OfficeId> {
    match opening?.what.roster_act()? {
        crate::act::Act::Found(found) => Some(found.office),
        _ => None,
    }
}
