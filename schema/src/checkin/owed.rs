//! What a person owes between two instants (K1, K2): the windows and prompts of all plans that hold,
//! as far as a phone was bound to answer them and the node ran to hear it.

use super::duty::{DutyKind, prompts, windows};
use super::miss::answers;
use super::{CheckIn, Duty, Numbers, Plan};
use crate::fix::{DAY_MS, SHANGHAI_AHEAD_MS};
use crate::watch::Spans;

/// A plan as long as it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanSpan {
    /// What it says.
    pub plan: Plan,
    /// First instant at which the node that asks goes by it, ms since 1970 UTC.
    pub from: i64,
    /// First instant at which it no longer does, ms since 1970 UTC.
    pub until: i64,
}

/// A phone as long as it is bound.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhoneSpan {
    /// Its number.
    pub terminal: String,
    /// First instant, ms since 1970 UTC.
    pub from: i64,
    /// First instant after it, ms since 1970 UTC.
    pub until: i64,
    /// Since when the node that asks knows of it, ms since 1970 UTC: before, it let nobody in.
    pub known: i64,
}

impl PhoneSpan {
    /// Whether it is bound at an instant.
    pub const fn holds(&self, time: i64) -> bool {
        self.from <= time && time < self.until
    }
}

/// By what a person's check-ins are judged.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The person's code, hexadecimal digits.
    pub person: &'a str,
    /// Plans, in any order.
    pub plans: &'a [PlanSpan],
    /// Phones, in any order.
    pub phones: &'a [PhoneSpan],
    /// What prompts are drawn from; never leaves the node.
    pub secret: &'a [u8; 32],
    /// When the node did not run.
    pub down: &'a Spans,
    /// The numbers of the rules.
    pub numbers: &'a Numbers,
}

impl Asked<'_> {
    /// Duties that begin within `from <= begin < to`, ms since 1970 UTC, by end; each lies as a whole
    /// within its plan and within the binding of one phone.
    pub fn duties(&self, from: i64, to: i64) -> Vec<Duty> {
        let mut found = Vec::new();
        for span in self.plans {
            let (lo, hi) = (from.max(span.from), to.min(span.until));
            if lo >= hi {
                continue;
            }
            let windows = span
                .plan
                .windows
                .iter()
                .flat_map(|plan| windows(plan, lo, hi));
            let prompts = self.prompts_of(&span.plan, lo, hi).into_iter();
            let in_plan = |duty: &Duty| duty.until <= span.until;
            found.extend(windows.chain(prompts).filter(in_plan));
        }
        let bound = |duty: &Duty| {
            let mut phones = self.phones.iter();
            phones
                .any(|phone| phone.from.max(phone.known) <= duty.from && duty.until <= phone.until)
        };
        found.retain(bound);
        found.sort_by_key(|duty| (duty.until, duty.from, duty.kind));
        found.dedup();
        found
    }

    fn prompts_of(&self, plan: &Plan, from: i64, to: i64) -> Vec<Duty> {
        if plan.prompts == 0 {
            return Vec::new();
        }
        let day = |time: i64| (time + SHANGHAI_AHEAD_MS).div_euclid(DAY_MS);
        let a_day = (plan.prompts, plan.open_ms());
        let of_day = |day| prompts(self.secret, self.person, day, a_day, self.numbers.waking);
        let drawn = (day(from)..=day(to)).flat_map(of_day);
        drawn
            .filter(|duty| (from..to).contains(&duty.from))
            .collect()
    }

    /// The same without those that nobody answered while the node did not run at some instant of
    /// them: nobody can tell whether somebody tried (K9).
    pub fn owed(&self, duties: &[Duty], check_ins: &[CheckIn]) -> Vec<Duty> {
        let heard = |duty: &Duty| {
            let until = duty.until + self.numbers.grace_ms;
            let mut down = self.down.iter();
            !down.any(|(from, to)| from < until && duty.from < to)
        };
        let answered = |duty: &Duty| check_ins.iter().any(|one| answers(one, duty, self.numbers));
        let stays = |duty: &&Duty| heard(duty) || answered(duty);
        duties.iter().filter(stays).copied().collect()
    }

    /// What is owed at an instant, ms since 1970 UTC, and not answered: never what is to come.
    pub fn due(&self, check_ins: &[CheckIn], now: i64) -> Vec<Duty> {
        let longest = DAY_MS;
        let duties = self.duties(now - longest, now + 1).into_iter();
        let open = duties.filter(|duty| duty.holds(now));
        let answered = |duty: &Duty| check_ins.iter().any(|one| answers(one, duty, self.numbers));
        open.filter(|duty| !answered(duty)).collect()
    }

    /// The first instant after `now` at which the clock decides something, ms since 1970 UTC; none
    /// where no plan asks any more. A far one is looked for again in a week.
    pub fn next_after(&self, now: i64) -> Option<i64> {
        let known = |duty: &Duty| duty.until + self.numbers.grace_ms;
        let begun = now - 2 * DAY_MS - self.numbers.grace_ms;
        let duties = self.duties(begun, now + LOOK_AHEAD_MS);
        let next = duties.iter().map(known).filter(|known| *known > now).min();
        let lasts = self.plans.iter().any(|span| span.until > now);
        next.or_else(|| lasts.then_some(now + LOOK_AHEAD_MS))
    }

    /// Whether a phone of that number was bound at an instant, ms since 1970 UTC.
    pub fn knows(&self, terminal: &str, time: i64) -> bool {
        let mut phones = self.phones.iter();
        phones.any(|phone| phone.terminal == terminal && phone.holds(time))
    }
}

/// How far ahead duties are looked for, ms: windows come back within a week.
const LOOK_AHEAD_MS: i64 = 7 * DAY_MS;

/// Whether a duty is a window.
pub(super) fn is_window(duty: &Duty) -> bool {
    duty.kind == DutyKind::Window
}
