//! A second opinion on what a set of envelopes comes to, written apart from the fold and slowly, so
//! that nothing takes effect on the word of one program.
//!
//! It shares the decoding of bytes with the rest and nothing else. Each file follows one group of
//! rules of `docs/standing.md` and each function names the rule that it writes down. Everything is
//! computed from the whole set, rank by rank from the root (rule 4); nothing is kept between two
//! questions.

mod baton;
mod case;
mod chain;
mod competence;
mod fault;
mod finding;
mod law;
mod leave;
mod name;
mod office;
mod paper;
mod path;
mod quarrel;
mod reads;
mod receipt;
mod reliance;
mod root;
mod scope;
mod slot;
mod state;
mod told;
mod under;
mod word;

pub use case::{CaseOpinion, Decided, MatterOpinion};
pub use competence::Broken;
pub use fault::{Fault, Form};
pub use finding::Lack;
pub use law::{Asked, Law, Ruling, Signer, Value};
pub use office::{Office, Offices};
pub use paper::{Paper, Papers, Says};
pub use root::is_sound as is_sound_root;
pub use slot::{Held, Slot};
pub use under::Under;

use crate::envelope::{Duty, author_id};
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

/// Whom an author id stands for (rule 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Suite of the key.
    pub suite: u8,
    /// Public key.
    pub key: Vec<u8>,
    /// The office, for ever.
    pub office: OfficeId,
    /// The duty, for ever.
    pub duty: Duty,
}

impl Key {
    fn author(&self) -> AuthorId {
        author_id(self.suite, &self.key, self.office, self.duty)
    }
}

/// How one envelope stands (rules 21 to 26).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has effect.
    Good {
        /// When it counts as filed, ms UTC; none while it is not (rule 26).
        filed: Option<i64>,
    },
    /// It has no effect yet.
    Waiting(Wait),
    /// It never has effect.
    Void(Void),
}

/// What a waiting envelope waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Heads below it.
    Gap,
    /// A superior, who said no to its position or to one below.
    Cut,
    /// A superior, who has to say which of two branches counts.
    Fork,
    /// Its body.
    Body,
    /// What it names.
    Deps,
    /// The appointment that it cites, or what makes that one good.
    Appointment,
    /// A superior, since its provable time straddles an end of its appointment.
    Window,
}

/// Why an envelope never has effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Void {
    /// Its author's duty does not sign such an act.
    Duty,
    /// It cites no appointment, or one that does not make its author.
    Appointment,
    /// It appoints beyond what its signer has.
    Scope,
    /// It was signed outside the interval of its appointment.
    Interval,
    /// It was signed under an appointment that only reads.
    Reads,
}

/// Between which times an envelope was provably signed, ms UTC (rule 23).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// After this one: the newest counting superior receipt cited on its chain up to it.
    pub lower: Option<i64>,
    /// Not after this one: the first counting superior receipt that lists it whole.
    pub filed: Option<i64>,
}

impl Window {
    /// A claimed time moved up to the window, then down to it.
    pub fn clamp(self, claimed: i64) -> i64 {
        let up = claimed.max(self.lower.unwrap_or(i64::MIN));
        up.min(self.filed.unwrap_or(i64::MAX))
    }
}

/// What was found about one envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// How it stands.
    pub state: State,
    /// When it was provably signed.
    pub window: Window,
    /// Filing of the endorsements that it needs; none where it needs none.
    floor: Option<state::Floor>,
}

impl Reading {
    fn without_window(state: State) -> Self {
        Self {
            state,
            window: Window::default(),
            floor: None,
        }
    }
}

/// What a set of envelopes comes to.
#[derive(Debug)]
pub struct Opinion<'a> {
    papers: &'a Papers,
    offices: Offices,
    states: BTreeMap<EnvelopeId, State>,
    readings: BTreeMap<EnvelopeId, Reading>,
    /// Counting receipts with their times.
    counting: BTreeMap<EnvelopeId, i64>,
    complete: BTreeSet<EnvelopeId>,
}

impl<'a> Opinion<'a> {
    /// Judges every envelope, rank by rank from the root (rule 4).
    pub fn of(papers: &'a Papers) -> Self {
        let mut opinion = Self {
            papers,
            offices: Offices::default(),
            states: BTreeMap::new(),
            readings: BTreeMap::new(),
            counting: BTreeMap::new(),
            complete: state::complete(papers),
        };
        for author in papers.root_keepers() {
            opinion.judge(author);
        }
        opinion.found_root();
        for depth in 0..=office::DEPTH_MAX {
            for author in opinion.rank(depth, false) {
                opinion.judge(author);
            }
            opinion.found(depth);
            for author in opinion.rank(depth, true) {
                opinion.judge(author);
            }
        }
        // Whoever's office is not known has no rank and no superiors: all that they signed waits.
        let signers = papers.iter().map(|paper| paper.head.author);
        let left: BTreeSet<AuthorId> = signers
            .filter(|author| {
                let key = papers.key(*author);
                key.is_none_or(|key| opinion.offices.get(key.office).is_none())
            })
            .filter(|author| !papers.keeps_root(*author))
            .collect();
        for author in left {
            opinion.judge(author);
        }
        opinion
    }

    /// The set that was judged.
    pub fn papers(&self) -> &'a Papers {
        self.papers
    }

    /// The offices that are known.
    pub fn offices(&self) -> &Offices {
        &self.offices
    }

    /// What was found about an envelope; none where its head is not here.
    pub fn reading(&self, id: EnvelopeId) -> Option<Reading> {
        self.readings.get(&id).copied()
    }

    /// How an envelope stands; a head that is not here is a gap.
    pub fn state(&self, id: EnvelopeId) -> State {
        let found = self.states.get(&id).copied();
        found.unwrap_or(State::Waiting(Wait::Gap))
    }
}
