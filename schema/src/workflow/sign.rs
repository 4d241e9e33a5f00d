//! Capacity and level: whether a signer may sign an event, from typed facts alone.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Workflow;
use super::field::Label;
use super::guard::{Guard, JudgeError, MatterFacts};
use super::table::{Apart, Event, Path};
use crate::id::PersonId;

/// How the signer's office stands to the office responsible for the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// It is the responsible office.
    Own,
    /// It is above it.
    Above,
    /// It is below it.
    Below,
    /// It belongs to the place that a transfer or a consultation asks.
    Receiving,
    /// The signer is the person concerned, or acts for them, and has no office.
    Subject,
    /// None of these.
    Outside,
}

/// Who signs, as far as rules ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The person, not the key.
    pub person: PersonId,
    /// Tier of the office, 1 township to 5 ministry; 0 without an office.
    pub tier: u8,
    /// Role ids of the appointment.
    pub roles: BTreeSet<String>,
    /// How the office stands to the responsible one.
    pub relation: Relation,
}

/// One capacity that may sign.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignRule {
    /// Tiers of the office, 1 township to 5 ministry; 0 without an office.
    pub tiers: Vec<u8>,
    /// Any of these roles.
    pub roles: Vec<String>,
    /// How the office must stand to the responsible one.
    #[serde(default = "own_or_above")]
    pub at: Vec<Relation>,
}

fn own_or_above() -> Vec<Relation> {
    vec![Relation::Own, Relation::Above]
}

impl SignRule {
    /// Whether `signer` has this capacity.
    pub fn fits(&self, signer: &Signer) -> bool {
        self.tiers.contains(&signer.tier)
            && self.at.contains(&signer.relation)
            && self.roles.iter().any(|role| signer.roles.contains(role))
    }
}

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// No such workflow.
    #[error("no workflow {name:?} version {version} in this rule pack")]
    Workflow {
        /// Name asked for.
        name: String,
        /// Version asked for.
        version: u16,
    },
    /// No such event.
    #[error("workflow {workflow:?} has no event {event:?}")]
    Event {
        /// Name of the workflow.
        workflow: String,
        /// Event asked for.
        event: String,
    },
    /// No capacity of the signer is one that signs this event.
    #[error("{event:?} is not signed in this capacity (tier {tier}, {relation:?})")]
    Capacity {
        /// The event.
        event: String,
        /// Tier of the signer.
        tier: u8,
        /// Relation of the signer.
        relation: Relation,
    },
    /// The capacity would sign it, but not in this case.
    #[error("{event:?} belongs to another level here, {guard} does not hold")]
    Level {
        /// The event.
        event: String,
        /// The condition that fails.
        guard: &'static str,
    },
    /// Whoever prepared does not decide.
    #[error("the person who signed {earlier:?} does not sign {event:?}")]
    Preparer {
        /// The event.
        event: String,
        /// What the same person signed before.
        earlier: String,
    },
    /// Two amendments of a field that the decision rests on contradict one another.
    #[error("the field {:?} is contested: it is settled first", field.zh)]
    Contested {
        /// What people call the field.
        field: Label,
    },
    /// Whoever signed one side does not settle the quarrel.
    #[error("the person who signed one side does not settle the quarrel")]
    Rival,
    /// A quarrel is settled by a head of the office or by an office above.
    #[error("a quarrel is settled by a head who signed neither side, or by an office above")]
    Settle,
    /// A fact that decides is missing.
    #[error(transparent)]
    Facts(#[from] JudgeError),
}

impl RuleError {
    /// Key of the sentence that people read.
    pub fn text_key(&self) -> &'static str {
        match self {
            Self::Workflow { .. } | Self::Event { .. } | Self::Facts(_) => "rule.missing",
            Self::Capacity { .. } => "rule.capacity",
            Self::Level { .. } => "rule.level",
            Self::Preparer { .. } => "rule.preparer",
            Self::Contested { .. } => "rule.contested",
            Self::Rival => "rule.rival",
            Self::Settle => "rule.settle",
        }
    }
}

impl Workflow {
    /// Whether `signer` may sign `event`, whatever state the matter is in.
    pub fn may_sign(
        &self,
        event: &str,
        signer: &Signer,
        facts: &MatterFacts,
    ) -> Result<(), RuleError> {
        let event = self.find_event(event)?;
        let mut refused = None;
        let mut allowed = false;
        for path in event.path.iter().filter(|path| path.fits(signer)) {
            match self.failing(&path.when, facts)? {
                None => allowed = true,
                Some(guard) => refused = Some(guard.name()),
            }
        }
        if allowed {
            return self.stands_apart(event, signer, facts);
        }
        Err(match refused {
            Some(guard) => RuleError::Level {
                event: event.id.clone(),
                guard,
            },
            None => RuleError::Capacity {
                event: event.id.clone(),
                tier: signer.tier,
                relation: signer.relation,
            },
        })
    }

    /// The first condition that does not hold.
    pub(super) fn failing<'a>(
        &self,
        guards: &'a [Guard],
        facts: &MatterFacts,
    ) -> Result<Option<&'a Guard>, JudgeError> {
        for guard in guards {
            if !guard.judge(facts, self.limits)? {
                return Ok(Some(guard));
            }
        }
        Ok(None)
    }

    pub(super) fn stands_apart(
        &self,
        event: &Event,
        signer: &Signer,
        facts: &MatterFacts,
    ) -> Result<(), RuleError> {
        for Apart { from, when } in &event.apart {
            if self.failing(when, facts)?.is_some() {
                continue;
            }
            let signed = facts
                .signed
                .iter()
                .find(|(earlier, person)| *person == signer.person && from.contains(earlier));
            if let Some((earlier, _)) = signed {
                let earlier = earlier.clone();
                return Err(RuleError::Preparer {
                    event: event.id.clone(),
                    earlier,
                });
            }
        }
        Ok(())
    }
}

impl Path {
    pub(super) fn fits(&self, signer: &Signer) -> bool {
        self.sign.iter().any(|rule| rule.fits(signer))
    }

    pub(super) fn starts_in(&self, state: &str) -> bool {
        self.from.iter().any(|from| from == state)
    }
}
