//! A matter as it comes in (counting acts, slots) and as it stands (state, deadlines, offers).

use super::due::{Due, Reminder};
use super::field::FieldError;
use super::guard::MatterFacts;
use super::sign::{RuleError, SignRule, Signer};
use super::value::Form;
use crate::id::EnvelopeId;

/// One counting act of a matter: the one that opens it, or a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Id of the act.
    pub id: EnvelopeId,
    /// Name of the event.
    pub event: String,
    /// Who signed.
    pub by: Signer,
    /// When it was signed, as far as that stands; milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// What was filled in, as far as it is open here.
    pub form: Form,
    /// The decisions that it takes the place of.
    pub replaces: Vec<EnvelopeId>,
}

/// How a slot stands; a slot that is not listed is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotOutcome {
    /// These acts stand; where several agree, any of them carries it.
    Stands(Vec<EnvelopeId>),
    /// Contradictory decisions; the state stays as before them.
    Conflicted(Vec<EnvelopeId>),
}

/// Why an act has no effect on the state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreReason {
    /// The signer may not sign it.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The form is not the event's.
    #[error("form: {0}")]
    Form(FieldError),
    /// The matter was not in a state in which it can happen.
    #[error("{event:?} does not happen in state {state:?}")]
    Turn {
        /// The event.
        event: String,
        /// The state the matter was in.
        state: String,
    },
    /// Another decision stands, or none yet.
    #[error("another decision stands, or the slot is open")]
    Overruled,
    /// Contradictory decisions await a ruling.
    #[error("contradictory decisions await a ruling")]
    Conflicted,
}

/// An act without effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// Id of the act.
    pub id: EnvelopeId,
    /// Why.
    pub reason: IgnoreReason,
}

/// What can be signed next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventOffer {
    /// Name of the event.
    pub event: String,
    /// Who may sign, the usual signer first.
    pub who: Vec<SignRule>,
    /// Fields that must be filled in.
    pub needs: Vec<String>,
    /// Fields that may be filled in.
    pub takes: Vec<String>,
}

/// A state that begins by itself if nothing is signed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// First instant of the state, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The state.
    pub state: String,
    /// What can be signed then.
    pub next: Vec<EventOffer>,
}

/// How a matter stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterState {
    /// State after the last counting act.
    pub state: String,
    /// When it was entered, milliseconds since 1970 UTC.
    pub since_ms: i64,
    /// True if nothing is owed any more.
    pub ended: bool,
    /// States to come by themselves, in order of time.
    pub ahead: Vec<Timed>,
    /// Everything filled in.
    pub facts: MatterFacts,
    /// Deadlines of this state and of those ahead.
    pub due: Vec<Due>,
    /// What can be signed next.
    pub next: Vec<EventOffer>,
    /// Reminders of this state and of those ahead.
    pub reminders: Vec<Reminder>,
    /// Hints that block nothing, as text keys.
    pub warnings: Vec<String>,
    /// Slots with contradictory decisions.
    pub conflicts: Vec<String>,
    /// Acts without effect.
    pub ignored: Vec<Ignored>,
}

impl MatterState {
    /// The state at `now_ms` if nothing more is signed.
    pub fn at(&self, now_ms: i64) -> &str {
        let passed = self.ahead.iter().take_while(|timed| timed.at_ms <= now_ms);
        passed.last().map_or(&self.state, |timed| &timed.state)
    }

    /// What can be signed at `now_ms`.
    pub fn next_at(&self, now_ms: i64) -> &[EventOffer] {
        let passed = self.ahead.iter().take_while(|timed| timed.at_ms <= now_ms);
        passed.last().map_or(&self.next, |timed| &timed.next)
    }
}
