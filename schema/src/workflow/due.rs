//! Deadlines and reminders of a matter, absolute, so that nobody has to poll a rule.

use super::run::Fold;
use super::table::{AlarmClock, Base, DueRule, Edge, ReminderRule};
use super::value::Value;
use crate::calendar::{ZONE, civil_of, end_of, instant_of, start_of};
use crate::deadline::{DueAt, Moment, Period, Roll, Unit, add_days, due};
use crate::rule::{Deadline, Sla};

/// Longest chain of states that end by themselves; a table that loops stops here.
const TIMED_CHAIN_MAX: usize = 8;
/// Prefixes of the deadlines that name the tier that is to hear of an alarm.
const TIER_DUES: [&str; 2] = ["escalate_t", "escalate_again_t"];

/// Something owed by a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Name in the table; escalations carry the tier.
    pub id: String,
    /// The day (until its end) or the moment.
    pub at: Moment,
    /// True while a calendar that decides it is not published.
    pub provisional: bool,
    /// What its length is counted in.
    pub unit: Unit,
    /// Who owes it.
    pub role: String,
    /// At which tier, 1 township to 5 ministry; 0 outside the offices.
    pub tier: u8,
    /// The state in which it is owed.
    pub state: String,
}

impl Due {
    /// Whether it is the clock by which a tier hears of an alarm that is not handled.
    pub fn is_for_tier(&self, tier: u8) -> bool {
        let named = TIER_DUES.iter().find_map(|name| self.id.strip_prefix(name));
        self.tier == tier && named.is_some_and(|named| named.parse() == Ok(tier))
    }

    /// Key of what people read; every tier of an escalation reads the same.
    pub fn text_key(&self) -> String {
        let id = match self.id.rsplit_once("_t") {
            Some((id, tier)) if tier.parse::<u8>().is_ok() => id,
            _ => &self.id,
        };
        format!("due.{id}")
    }
}

/// Something to be shown at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// Key in the text catalogue.
    pub text: String,
    /// When, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Who sees it.
    pub role: String,
    /// At which tier.
    pub tier: u8,
    /// The state in which it stands.
    pub state: String,
}

impl Fold<'_> {
    /// States that begin by themselves from here on, each with its first instant.
    pub(super) fn timed_ahead(&self) -> Vec<(i64, String)> {
        let mut ahead = Vec::new();
        let mut state = self.state.clone();
        let mut since_ms = self.since_ms;
        while ahead.len() < TIMED_CHAIN_MAX {
            let rules = &self.workflow.table().timed;
            let Some(rule) = rules.iter().find(|rule| rule.from == state) else {
                break;
            };
            let at_ms = match (self.facts.form.get(&rule.field), rule.edge) {
                (Some(Value::Date(date)), Edge::Start) => start_of(*date),
                (Some(Value::Date(date)), Edge::End) => end_of(*date),
                (Some(Value::Time(at_ms)), _) => *at_ms,
                _ => break,
            };
            since_ms = at_ms.max(since_ms);
            state.clone_from(&rule.next);
            ahead.push((since_ms, state.clone()));
        }
        ahead
    }

    /// Deadlines and reminders of this state and of those ahead.
    pub(super) fn clocks(&self, ahead: &[(i64, String)]) -> (Vec<Due>, Vec<Reminder>) {
        let mut states = vec![(self.since_ms, self.state.clone())];
        states.extend_from_slice(ahead);
        let mut dues: Vec<Due> = Vec::new();
        let mut reminders: Vec<Reminder> = Vec::new();
        for (index, (since_ms, state)) in states.iter().enumerate() {
            let earlier = &states[..index];
            let table = self.workflow.table();
            for rule in table
                .due
                .iter()
                .filter(|rule| runs(&rule.states, state, earlier))
            {
                if !self.settled(&rule.until) && self.holds(&rule.when) {
                    dues.extend(self.dues_of(rule, *since_ms, state));
                }
            }
            for rule in &table.reminder {
                let runs = runs(&rule.states, state, earlier);
                if runs && !self.settled(&rule.until) && self.holds(&rule.when) {
                    reminders.extend(self.reminder_of(rule, *since_ms, state, &dues));
                }
            }
        }
        reminders.sort_by(|a, b| (a.at_ms, &a.text).cmp(&(b.at_ms, &b.text)));
        (dues, reminders)
    }

    fn settled(&self, until: &[String]) -> bool {
        until.iter().any(|event| self.happened.contains_key(event))
    }

    fn holds(&self, when: &[super::Guard]) -> bool {
        matches!(self.workflow.failing(when, &self.facts), Ok(None))
    }

    fn dues_of(&self, rule: &DueRule, since_ms: i64, state: &str) -> Vec<Due> {
        let Some(from) = self.base_of(&rule.base, since_ms, &[]) else {
            return Vec::new();
        };
        let named = |id: String, tier: u8, (at, unit): (DueAt, Unit)| Due {
            id,
            at: at.at,
            provisional: at.provisional,
            unit,
            role: rule.role.clone(),
            tier,
            state: state.to_owned(),
        };
        let after = |period: Period| {
            let at = due(self.pack.calendar(), from, period).ok()?;
            Some((at, period.unit))
        };
        if let Some(id) = &rule.deadline {
            let period = self.pack.deadline(id).map(Deadline::period);
            let at = period.and_then(after);
            return at
                .map(|at| named(rule.id.clone(), rule.tier, at))
                .into_iter()
                .collect();
        }
        let kind = self
            .facts
            .form
            .choice("kind")
            .and_then(|kind| self.pack.alarm_kind(kind));
        let (Some(kind), Some(clock)) = (kind, rule.alarm) else {
            return Vec::new();
        };
        let single = match clock {
            AlarmClock::Ack => kind.ack_minutes.map(minutes),
            AlarmClock::Handle => kind.handle.map(Sla::period),
            AlarmClock::Escalate => {
                let each = kind.escalate.iter().filter_map(|step| {
                    let at = after(minutes(step.after_minutes))?;
                    Some(named(format!("{}_t{}", rule.id, step.tier), step.tier, at))
                });
                return each.collect();
            }
        };
        let at = single.and_then(after);
        at.map(|at| named(rule.id.clone(), rule.tier, at))
            .into_iter()
            .collect()
    }

    fn reminder_of(
        &self,
        rule: &ReminderRule,
        since_ms: i64,
        state: &str,
        dues: &[Due],
    ) -> Option<Reminder> {
        let base = self.base_of(&rule.base, since_ms, dues)?;
        let date = add_days(base.date(), i64::from(rule.shift_days)).ok()?;
        let at_ms = match (&rule.at, base) {
            (Some(clock), _) => instant_of(date.to_datetime(clock.parse().ok()?)),
            (None, Moment::Time(at)) => instant_of(date.to_datetime(at.time())),
            (None, Moment::Day(_)) => start_of(date),
        };
        Some(Reminder {
            text: rule.text.clone(),
            at_ms,
            role: rule.role.clone(),
            tier: rule.tier,
            state: state.to_owned(),
        })
    }

    fn base_of(&self, base: &Base, since_ms: i64, dues: &[Due]) -> Option<Moment> {
        match base {
            Base::Entered => Some(Moment::of_ms(since_ms)),
            Base::Event(event) => self.happened.get(event).map(|at_ms| Moment::of_ms(*at_ms)),
            Base::Field(field) => match self.facts.form.get(field)? {
                Value::Date(date) => Some(Moment::Day(*date)),
                Value::Time(at_ms) => Some(Moment::Time(civil_of(*at_ms))),
                _ => None,
            },
            Base::Due(id) => dues.iter().find(|due| due.id == *id).map(|due| due.at),
        }
    }
}

/// A clock is listed once, under the first of its states that is reached.
fn runs(of_rule: &[String], state: &String, earlier: &[(i64, String)]) -> bool {
    of_rule.contains(state) && !earlier.iter().any(|(_, before)| of_rule.contains(before))
}

fn minutes(n: u32) -> Period {
    Period {
        n,
        unit: Unit::Minute,
        roll: Roll::None,
    }
}

const _: () = assert!(
    ZONE.seconds() == 28_800,
    "reminders are shown by the clock of Shanghai"
);
