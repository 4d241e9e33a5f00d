//! Leaves that are over without a return (L2, L3).

use super::{Kept, Late, LateKind, LateRules, Lateness, ending, midnight, recorded};
use crate::fact::{Fact, What};
use crate::id::EnvelopeId;
use crate::standing::{MatterStanding, Outcome, StepStanding};
use crate::watch::Spans;
use std::collections::BTreeMap;

pub(super) const WORKFLOW: &str = "leave";
const RETURN: &str = "return";
const EXTEND: &str = "approve_extension";
const REFUSE: &str = "refuse_extension";

pub(super) fn read(
    matter: &MatterStanding,
    facts: &BTreeMap<EnvelopeId, Fact>,
    rules: &LateRules,
    found: &mut Lateness,
) {
    let (Some(grant), Some(asked)) = (matter.grant, matter.span) else {
        return;
    };
    let late_from = |last_day: i32| midnight(last_day.saturating_add(1)) + rules.leave_grace_ms();
    let returned = recorded(matter, RETURN).map(|step| step.at).min();
    let over = returned.unwrap_or(i64::MAX);
    let over = over.min(grant.revoked_at.unwrap_or(i64::MAX));
    let ends = ends(matter, facts, asked.last_day);
    let late = ends.iter().enumerate().map(|(index, (from, last_day))| {
        let next = ends.get(index + 1).map_or(i64::MAX, |(from, _)| *from);
        let since = late_from(*last_day).max(*from).max(grant.signed_at);
        (since, next.min(over))
    });
    let of = |since, until| Late {
        kind: LateKind::Leave,
        about: matter.id,
        since,
        until: ending(until),
    };
    let late = Spans::new(late);
    found
        .late
        .extend(late.iter().map(|(since, until)| of(since, until)));
    for (index, (_, last_day)) in ends.iter().enumerate() {
        let due = late_from(*last_day);
        let mut later = ends.iter().skip(index + 1);
        let lengthened = later.any(|(from, longer)| *from <= due && longer > last_day);
        let cause = match returned {
            Some(at) if at <= due => Kept::Reported,
            _ if lengthened => Kept::Extended,
            _ => continue,
        };
        found.kept.push((of(due, due), cause));
    }
}

/// The last days of a leave, each with the instant from which on it was, ms UTC: as it was asked
/// for, with every extension from its signing on, and without it again from a refusal on.
fn ends(
    matter: &MatterStanding,
    facts: &BTreeMap<EnvelopeId, Fact>,
    asked_last: i32,
) -> Vec<(i64, i32)> {
    let counts = |step: &&StepStanding| match step.event.as_str() {
        EXTEND => matches!(step.outcome, Outcome::Live | Outcome::Replaced),
        REFUSE => step.outcome == Outcome::Live,
        _ => false,
    };
    let mut steps: Vec<&StepStanding> = matter.steps.iter().filter(counts).collect();
    steps.sort_by_key(|step| (step.at, step.id));
    let mut ends = vec![(i64::MIN, asked_last)];
    let mut granted: Vec<(Outcome, i32)> = Vec::new();
    for step in steps {
        if step.event == REFUSE {
            granted.retain(|(outcome, _)| *outcome == Outcome::Live);
        } else if let Some(last_day) = set_by(facts, step.id) {
            granted.push((step.outcome, last_day));
        }
        let longest = granted.iter().map(|(_, last_day)| *last_day).max();
        ends.push((step.at, asked_last.max(longest.unwrap_or(asked_last))));
    }
    ends
}

fn set_by(facts: &BTreeMap<EnvelopeId, Fact>, step: EnvelopeId) -> Option<i32> {
    match facts.get(&step)?.what {
        What::Step { span, .. } => Some(span?.last_day),
        _ => None,
    }
}
