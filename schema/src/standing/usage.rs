//! When a positioning device may be used on a person: only while a decision under 社区矫正法 Art. 29
//! is in force, read from the acts of its matter without a word about the person, so that a gateway
//! stops by itself at night with nobody signed in.
//!
//! What limits a person fails off: a decision that is contested, waiting, taken back or not yet here
//! lets no report in.

use super::{MatterStanding, Outcome, Standing, StepStanding};
use crate::act::Span;
use crate::deadline::{add_days, add_months};
use crate::fact::{Fact, What};
use crate::fix::{DAY_MS, SHANGHAI_AHEAD_MS};
use crate::id::EnvelopeId;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// The workflow of W9.
const DEVICE: &str = "device";
/// Longest use by one decision and by each extension, months (社区矫正法 Art. 29).
const USE_MONTHS_MAX: i32 = 3;

/// A stretch of time in which a device may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceUse {
    /// The matter that decided it.
    pub matter: EnvelopeId,
    /// First instant, ms UTC: approved, begun and fitted.
    pub from: i64,
    /// First instant at which it is over, ms UTC.
    pub until: i64,
}

impl DeviceUse {
    /// Whether a report of this instant, ms UTC, has its ground in law.
    pub fn holds(&self, time: i64) -> bool {
        (self.from..self.until).contains(&time)
    }
}

/// Every use that is or was decided, by its beginning.
pub fn device_uses(standing: &Standing, facts: &BTreeMap<EnvelopeId, Fact>) -> Vec<DeviceUse> {
    let matters = standing.matters.values();
    let devices = matters.filter(|matter| matter.workflow == DEVICE && !matter.withdrawn);
    let mut uses: Vec<DeviceUse> = devices
        .filter_map(|matter| device_use(matter, facts))
        .collect();
    uses.sort_by_key(|one| (one.from, one.matter));
    uses
}

fn device_use(matter: &MatterStanding, facts: &BTreeMap<EnvelopeId, Fact>) -> Option<DeviceUse> {
    let asked = matter.span.filter(|_| matter.state.is_good())?;
    if !is_short(asked.first_day, asked.last_day) {
        return None;
    }
    let approved = first(matter, "approve")?.at;
    let fitted = first(matter, "fit")?.at;
    let from = midnight(asked.first_day).max(approved).max(fitted);
    let mut last_day = asked.last_day;
    for extension in counted(matter, "approve_extension") {
        let Some(span) = span_of(facts, extension.id) else {
            continue;
        };
        // Signed after the end it would be a fresh decision, and that is another matter.
        let in_time = extension.at < midnight(last_day + 1);
        if in_time && span.last_day > last_day && is_short(last_day, span.last_day) {
            last_day = span.last_day;
        }
    }
    let ended = first(matter, "remove").map_or(i64::MAX, |removal| removal.at);
    let until = midnight(last_day.saturating_add(1)).min(ended);
    (from < until).then_some(DeviceUse {
        matter: matter.id,
        from,
        until,
    })
}

/// Steps that count, or counted until a later decision took their place, by time.
fn counted<'a>(matter: &'a MatterStanding, event: &'a str) -> Vec<&'a StepStanding> {
    let counts = |step: &&StepStanding| {
        step.event == event
            && matches!(
                step.outcome,
                Outcome::Recorded | Outcome::Live | Outcome::Replaced
            )
    };
    let mut steps: Vec<_> = matter.steps.iter().filter(counts).collect();
    steps.sort_by_key(|step| (step.at, step.id));
    steps
}

/// The first step that counts now.
fn first<'a>(matter: &'a MatterStanding, event: &'a str) -> Option<&'a StepStanding> {
    let steps = counted(matter, event).into_iter();
    let mut standing = steps.filter(|step| step.outcome != Outcome::Replaced);
    standing.next()
}

fn span_of(facts: &BTreeMap<EnvelopeId, Fact>, step: EnvelopeId) -> Option<Span> {
    match facts.get(&step)?.what {
        What::Step { span, .. } => span,
        _ => None,
    }
}

/// Whether a use from one day to another is no longer than the law lets it be.
fn is_short(first_day: i32, last_day: i32) -> bool {
    let civil = |day: i32| add_days(Date::constant(1970, 1, 1), i64::from(day));
    let end = civil(first_day).and_then(|first| add_months(first, USE_MONTHS_MAX));
    end.is_ok_and(|end| civil(last_day).is_ok_and(|last| last <= end))
}

/// First instant of a civil day in Asia/Shanghai, ms UTC.
fn midnight(day: i32) -> i64 {
    i64::from(day) * DAY_MS - SHANGHAI_AHEAD_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::State;
    use crate::calendar::{instant_of, parse_date};
    use crate::hold::DossierKind;
    use crate::id::{AuthorId, DossierId, OfficeId};
    use crate::standing::SlotStanding;

    const MATTER: EnvelopeId = EnvelopeId([1; 32]);

    fn at(time: &str) -> i64 {
        instant_of(time.parse().unwrap())
    }

    fn day(text: &str) -> i32 {
        let since = parse_date(text).unwrap().since(Date::constant(1970, 1, 1));
        since.unwrap().get_days()
    }

    /// A matter and the days that its extensions set.
    struct Paper {
        matter: MatterStanding,
        facts: BTreeMap<EnvelopeId, Fact>,
    }

    impl Paper {
        fn asked(from: &str, to: &str) -> Self {
            let matter = MatterStanding {
                id: MATTER,
                state: State::Good { filed: Some(0) },
                workflow: DEVICE.to_owned(),
                version: 1,
                span: Some(Span {
                    first_day: day(from),
                    last_day: day(to),
                }),
                area: None,
                steps: Vec::new(),
                slots: BTreeMap::new(),
                reliance: false,
                served: false,
                grant: None,
                withdrawn: false,
            };
            Self {
                matter,
                facts: BTreeMap::new(),
            }
        }

        fn step(mut self, event: &str, time: &str, outcome: Outcome) -> Self {
            let id = EnvelopeId([self.matter.steps.len() as u8 + 2; 32]);
            self.matter.steps.push(StepStanding {
                id,
                event: event.to_owned(),
                author: AuthorId([0; 32]),
                person: None,
                office: None,
                state: State::Good { filed: Some(0) },
                at: at(time),
                outcome,
            });
            self
        }

        fn extended(self, new_to: &str, time: &str, outcome: Outcome) -> Self {
            let mut paper = self.step("approve_extension", time, outcome);
            let id = paper.matter.steps.last().unwrap().id;
            let span = Some(Span {
                first_day: 0,
                last_day: day(new_to),
            });
            let what = What::Step {
                matter: MATTER,
                event: "approve_extension".to_owned(),
                replaces: Vec::new(),
                section: None,
                span,
            };
            let fact = Fact {
                id,
                author: AuthorId([0; 32]),
                n: 0,
                dossier: DossierId([9; 32]),
                m: 0,
                prev_here: None,
                deps: Vec::new(),
                appointment: None,
                at: at(time),
                what,
            };
            paper.facts.insert(id, fact);
            paper
        }

        /// In use from 30 November 2025 to 28 February 2026, fitted at nine.
        fn active() -> Self {
            Self::asked("2025-11-30", "2026-02-28")
                .step("approve", "2025-11-28T11:00", Outcome::Live)
                .step("fit", "2025-11-30T09:00", Outcome::Recorded)
        }

        fn uses(self) -> Vec<(i64, i64)> {
            let standing = Standing {
                kind: DossierKind::Case,
                place: OfficeId([0; 16]),
                minor: false,
                person: None,
                fields: BTreeMap::new(),
                matters: BTreeMap::from([(MATTER, self.matter)]),
                listed: Vec::new(),
                unknown: false,
                withdrawals: BTreeMap::new(),
                corrections: BTreeMap::new(),
                seal: SlotStanding::Open,
                consults: Vec::new(),
                unfollowed: std::collections::BTreeSet::new(),
            };
            let uses = device_uses(&standing, &self.facts);
            uses.iter().map(|one| (one.from, one.until)).collect()
        }
    }

    const FITTED: &str = "2025-11-30T09:00";

    #[test]
    fn a_device_is_used_from_its_fitting_to_the_midnight_of_its_last_day() {
        let uses = Paper::active().uses();
        assert_eq!(uses, [(at(FITTED), at("2026-03-01T00:00"))]);
    }

    #[test]
    fn nothing_is_used_before_it_was_approved_and_fitted_or_while_that_is_contested() {
        let asked = || Paper::asked("2025-11-30", "2026-02-28");
        let fit = |paper: Paper| paper.step("fit", FITTED, Outcome::Recorded);
        assert_eq!(fit(asked()).uses(), []);
        let approved = |outcome| asked().step("approve", "2025-12-02T08:00", outcome);
        assert_eq!(approved(Outcome::Live).uses(), []);
        for outcome in [
            Outcome::Conflicted,
            Outcome::Late,
            Outcome::NotCompetent,
            Outcome::NoEffect,
            Outcome::Replaced,
        ] {
            assert_eq!(fit(approved(outcome)).uses(), [], "{outcome:?}");
        }
        let late = fit(approved(Outcome::Live)).uses();
        assert_eq!(late, [(at("2025-12-02T08:00"), at("2026-03-01T00:00"))]);
    }

    #[test]
    fn longer_than_three_months_is_no_use_at_all() {
        let long = Paper::asked("2025-11-30", "2026-03-01")
            .step("approve", "2025-11-28T11:00", Outcome::Live)
            .step("fit", FITTED, Outcome::Recorded);
        assert_eq!(long.uses(), []);
    }

    #[test]
    fn scenario_16_an_extension_counts_where_it_was_signed_in_time_and_is_short() {
        let end = |paper: Paper| paper.uses()[0].1;
        let extended = |new_to, time| Paper::active().extended(new_to, time, Outcome::Live);
        let spring = at("2026-06-01T00:00");
        let as_it_was = at("2026-03-01T00:00");
        assert_eq!(end(extended("2026-05-31", "2026-02-28T23:00")), spring);
        assert_eq!(end(extended("2026-06-01", "2026-02-27T09:00")), as_it_was);
        assert_eq!(end(extended("2026-05-31", "2026-03-01T10:00")), as_it_was);
        let wrong =
            Paper::active().extended("2026-05-31", "2026-02-27T09:00", Outcome::NotCompetent);
        assert_eq!(end(wrong), as_it_was);
    }

    #[test]
    fn each_extension_goes_on_from_the_one_before() {
        let twice = Paper::active()
            .extended("2026-05-31", "2026-02-20T09:00", Outcome::Replaced)
            .extended("2026-08-31", "2026-05-20T09:00", Outcome::Live);
        assert_eq!(twice.uses()[0].1, at("2026-09-01T00:00"));
        let gap = Paper::active()
            .extended("2026-08-31", "2026-05-20T09:00", Outcome::Live)
            .uses();
        assert_eq!(gap[0].1, at("2026-03-01T00:00"));
    }

    #[test]
    fn a_removal_ends_it_at_once() {
        let removed = |outcome| Paper::active().step("remove", "2026-01-10T16:00", outcome);
        let ends = |outcome| removed(outcome).uses()[0].1;
        assert_eq!(ends(Outcome::Live), at("2026-01-10T16:00"));
        assert_eq!(ends(Outcome::NotCompetent), at("2026-03-01T00:00"));
    }
}
