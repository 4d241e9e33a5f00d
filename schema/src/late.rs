//! What is late by the acts of a case and the clock alone, with no position: a leave from which
//! nobody came back, a report that is overdue, a person who never appeared, somebody found lost.
//!
//! Rules L1 to L9 of `docs/late.md`. Everything is a function of the facts and of the rules; no
//! present enters. Who reads the clock compares it with [`Late::since`].

mod arrival;
mod kind;
mod leave;
mod lost;
mod report;
mod rule;

pub use kind::LateKind;
pub use lost::{is_finding, lost};
pub use report::REPORT_FIELD;
pub use rule::LateRules;

use crate::authority::Authority;
use crate::fact::{Fact, What};
use crate::fix::{DAY_MS, SHANGHAI_AHEAD_MS};
use crate::id::{AlarmId, EnvelopeId, PersonCode, sha256};
use crate::standing::{MatterStanding, Outcome, Standing, StepStanding};
use std::collections::BTreeMap;

/// Separates these names from those of alarms that a report decides.
const LATE_DOMAIN: &[u8] = b"jiaolian late/1\0";

/// A stretch of time in which something was owed and not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Late {
    /// Of which kind.
    pub kind: LateKind,
    /// The act that made it owed: the leave, the setting of reports, the notice; the alarm in which
    /// somebody was found lost.
    pub about: EnvelopeId,
    /// First instant at which it is late, ms UTC; may be to come.
    pub since: i64,
    /// When it was done after all or no longer owed, ms UTC; none where it was not.
    pub until: Option<i64>,
}

impl Late {
    /// The name of its alarm: every node that knows the same acts mints the same.
    pub fn alarm(&self, person: PersonCode) -> AlarmId {
        let kind = [self.kind as u8];
        let since = self.since.to_be_bytes();
        AlarmId(sha256(&[
            LATE_DOMAIN,
            &person.0,
            &kind,
            &self.about.0,
            &since,
        ]))
    }
}

/// Why something that looked late was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// It was reported in time, and word of that came late.
    Reported,
    /// It was lengthened in time, and word of that came late.
    Extended,
}

/// All that the acts of a case come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lateness {
    /// What is or was late, and what will be if nothing is done; by its beginning.
    pub late: Vec<Late>,
    /// What would have been late had not something come in time.
    pub kept: Vec<(Late, Kept)>,
}

/// Reads the lateness of a case.
pub fn lateness(
    standing: &Standing,
    facts: &BTreeMap<EnvelopeId, Fact>,
    authority: &Authority,
    rules: &LateRules,
) -> Lateness {
    let mut found = Lateness::default();
    let at = |fact: &Fact| authority.window(fact).clamp(fact.at);
    let matters = standing.matters.values();
    for matter in matters.filter(|matter| matter.state.is_good() && !matter.withdrawn) {
        match matter.workflow.as_str() {
            leave::WORKFLOW => leave::read(matter, facts, rules, &mut found),
            arrival::WORKFLOW => {
                let told = facts.get(&matter.id).map(&at);
                arrival::read(matter, told, rules, &mut found);
            }
            _ => {}
        }
    }
    report::read(standing, facts, &at, rules, &mut found);
    found
        .late
        .sort_unstable_by_key(|late| (late.since, late.kind, late.about));
    found.kept.sort_unstable();
    found.kept.dedup();
    let late = &found.late;
    // An end that was put off and then put back is late all the same.
    found.kept.retain(|(kept, _)| {
        let same =
            |one: &Late| (one.kind, one.about, one.since) == (kept.kind, kept.about, kept.since);
        !late.iter().any(same)
    });
    found
}

/// Whether an act may change what is late: one of a case, or one of an alarm's handling.
pub fn bears_on(what: &What, alarm: bool) -> bool {
    match what {
        What::Step { event, .. } if alarm => lost::is_word(event),
        What::Apply { workflow, .. } => {
            let known = [leave::WORKFLOW, arrival::WORKFLOW, report::WORKFLOW];
            known.contains(&workflow.as_str())
        }
        What::Amend { field, .. } => field == REPORT_FIELD,
        What::Step { .. } | What::Withdraw { .. } | What::Assign { .. } => !alarm,
        _ => false,
    }
}

/// Steps of an event that stand.
fn recorded<'a>(
    matter: &'a MatterStanding,
    event: &'a str,
) -> impl Iterator<Item = &'a StepStanding> {
    let steps = matter.steps.iter();
    steps.filter(move |step| step.event == event && step.outcome == Outcome::Recorded)
}

/// First instant of a civil day in Asia/Shanghai, ms UTC.
fn midnight(day: i32) -> i64 {
    i64::from(day) * DAY_MS - SHANGHAI_AHEAD_MS
}

/// The civil day of Asia/Shanghai in which an instant lies.
fn day_of(ms: i64) -> i32 {
    let day = ms.saturating_add(SHANGHAI_AHEAD_MS).div_euclid(DAY_MS);
    i32::try_from(day).unwrap_or(i32::MAX)
}

/// An end that is not known is none.
fn ending(until: i64) -> Option<i64> {
    (until < i64::MAX).then_some(until)
}
