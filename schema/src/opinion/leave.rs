//! How many days of leave come together: a matter of level (rule 29), on civil days alone.

use super::State;
use super::case::Desk;
use super::law::Value;
use crate::act::{Act, Span, Step};
use crate::id::EnvelopeId;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// The event that reports a return; its span holds the actual days.
const RETURN: &str = "return";
/// Longest stretch that is counted, days.
const SPAN_DAYS_MAX: i64 = 3_660;

/// Days of a stretch, first and last included.
pub(super) fn days(span: Span) -> u32 {
    let between = i64::from(span.last_day) - i64::from(span.first_day) + 1;
    between.clamp(0, SPAN_DAYS_MAX) as u32
}

/// First day of the window of so many months that ends on a day.
fn window_first(last_day: i32, months: u32) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    let last = epoch.checked_add(jiff::Span::new().days(last_day));
    let day_before = last.and_then(|last| last.checked_sub(jiff::Span::new().months(months)));
    let hours = day_before.map(|day| epoch.duration_until(day).as_hours());
    hours.map_or(i32::MIN, |hours| (hours / 24) as i32 + 1)
}

impl Desk<'_> {
    /// Days of a request with those of granted leaves in the window before its end, as far as
    /// `past` knows of them; each day once.
    pub(super) fn days_together(
        &self,
        matter: EnvelopeId,
        workflow: (&str, u16),
        span: Option<Span>,
        past: &BTreeSet<EnvelopeId>,
    ) -> u32 {
        let Some(request) = span else {
            return 0;
        };
        let Some(months) = self.law.window_months(workflow) else {
            return days(request);
        };
        let first = window_first(request.last_day, months);
        let mut others = BTreeSet::new();
        for other in past.iter().filter(|id| **id != matter) {
            let Some(granted) = self.granted(*other, past) else {
                continue;
            };
            let from = granted.first_day.max(first);
            let to = granted.last_day.min(request.last_day);
            others.extend((from..=to).take(SPAN_DAYS_MAX as usize));
        }
        let own = request.first_day..=request.last_day;
        let others = others.iter().filter(|day| !own.contains(*day));
        days(request) + others.count() as u32
    }

    /// The days of a leave as granted, or as spent where the person came back early.
    fn granted(&self, matter: EnvelopeId, past: &BTreeSet<EnvelopeId>) -> Option<Span> {
        let (workflow, asked) = self.applied(matter)?;
        self.law.window_months(workflow)?;
        let mut span = asked?;
        let gone = self.not_taken(matter, Some(past));
        if gone.contains(&matter) {
            return None;
        }
        let slots = self.slots(matter, Some(past));
        let decided: Vec<EnvelopeId> = slots
            .values()
            .filter_map(|weighed| weighed.slot.in_force())
            .filter(|held| held.value == Value::Approve)
            .flat_map(|held| held.ids.clone())
            .collect();
        // An extension alone, which sets days of its own, grants nothing.
        if !decided
            .iter()
            .any(|id| self.step(*id).is_some_and(|step| step.span.is_none()))
        {
            return None;
        }
        let steps = self.steps_of(matter).into_iter();
        let taken: Vec<EnvelopeId> = steps
            .filter(|id| past.contains(id) && !gone.contains(id))
            .collect();
        for step in decided.iter().filter_map(|id| self.step(*id)) {
            span.last_day = step
                .span
                .map_or(span.last_day, |set| span.last_day.max(set.last_day));
        }
        for id in taken {
            let good = matches!(self.state(id), State::Good { .. });
            let back = self.step(id).filter(|step| good && step.event == RETURN);
            if let Some(set) = back.and_then(|step| step.span) {
                span.last_day = span.last_day.min(set.last_day);
            }
        }
        Some(span)
    }

    fn step(&self, id: EnvelopeId) -> Option<&Step> {
        match self.papers.get(&id)?.act()? {
            (_, Act::Step(step)) => Some(step),
            _ => None,
        }
    }
}
