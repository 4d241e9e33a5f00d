//! Periodic reports (定期报告): owed by a field of the case, each by a time after the one before (L4,
//! L5).

use super::{Kept, Late, LateKind, LateRules, Lateness, day_of, ending};
use crate::fact::{Fact, What};
use crate::id::EnvelopeId;
use crate::standing::Standing;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};

/// The protected field that says how often.
pub const REPORT_FIELD: &str = "report_every";
pub(super) const WORKFLOW: &str = "report";
/// Settings looked back over.
const LINE_MAX: usize = 1_000;

/// One setting: the act, since when, ms UTC, and its bytes.
struct Setting<'a> {
    id: EnvelopeId,
    at: i64,
    value: &'a [u8],
}

pub(super) fn read(
    standing: &Standing,
    facts: &BTreeMap<EnvelopeId, Fact>,
    at: &impl Fn(&Fact) -> i64,
    rules: &LateRules,
    found: &mut Lateness,
) {
    let settings = settings(standing, facts, at);
    if settings.is_empty() {
        return;
    }
    let reports = reports(standing, facts, at);
    for (index, setting) in settings.iter().enumerate() {
        let end = settings.get(index + 1).map_or(i64::MAX, |next| next.at);
        owed(setting, end, &reports, rules, found);
    }
}

/// What one setting came to until the next.
fn owed(
    setting: &Setting<'_>,
    end: i64,
    reports: &BTreeSet<i64>,
    rules: &LateRules,
    found: &mut Lateness,
) {
    let mut base = setting.at;
    loop {
        let Some(since) = rules.reports_by(setting.value, day_of(base)) else {
            return;
        };
        let next = reports.range((Excluded(base), Unbounded)).next().copied();
        let of = |until| Late {
            kind: LateKind::Report,
            about: setting.id,
            since,
            until,
        };
        if since >= end {
            return;
        }
        match next.filter(|next| *next < end) {
            Some(next) if next <= since => found.kept.push((of(Some(since)), Kept::Reported)),
            next => {
                let until = next.unwrap_or(end);
                found.late.push(of(ending(until)));
            }
        }
        match next {
            Some(next) if next < end => base = next,
            _ => return,
        }
    }
}

/// When reports were recorded, ms UTC.
fn reports(
    standing: &Standing,
    facts: &BTreeMap<EnvelopeId, Fact>,
    at: &impl Fn(&Fact) -> i64,
) -> BTreeSet<i64> {
    let matters = standing.matters.values();
    let good = matters.filter(|matter| {
        matter.workflow == WORKFLOW && matter.state.is_good() && !matter.withdrawn
    });
    good.filter_map(|matter| facts.get(&matter.id))
        .map(at)
        .collect()
}

/// The settings of the field in one line, oldest first.
fn settings<'a>(
    standing: &Standing,
    facts: &'a BTreeMap<EnvelopeId, Fact>,
    at: &impl Fn(&Fact) -> i64,
) -> Vec<Setting<'a>> {
    let slot = standing.fields.get(REPORT_FIELD);
    let mut next = slot.and_then(|slot| slot.in_force()?.0.first().copied());
    let mut line = Vec::new();
    while let Some(fact) = next.take().and_then(|id| facts.get(&id)) {
        let What::Amend { replaces, open, .. } = &fact.what else {
            break;
        };
        line.push(Setting {
            id: fact.id,
            at: at(fact),
            value: open.as_deref().unwrap_or_default(),
        });
        next = replaces.first().copied().filter(|_| line.len() < LINE_MAX);
    }
    line.reverse();
    line
}
