//! Days that were granted: of one matter, and summed over the two months before the end of a
//! request (外出累计).

use super::entry::{Entry, Past};
use super::reader::Reader;
use super::rule::Verdict;
use super::slot::SlotValue;
use crate::act::Span;
use crate::fact::What;
use crate::id::EnvelopeId;
use jiff::{ToSpan as _, civil::Date};
use std::collections::BTreeSet;

/// Months that the sum looks back from the last day asked for (domain W6).
const CUM_MONTHS: i64 = 2;
/// Event that reports a return; its span holds the actual days.
const RETURN: &str = "return";

/// What was granted in a matter, as it counts now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The decision that grants or granted.
    pub decision: EnvelopeId,
    /// First day, days since 1970-01-01 in Asia/Shanghai.
    pub first_day: i32,
    /// Last day, with what an extension or a return made of it.
    pub last_day: i32,
    /// When the decision was signed, moved into its provable window, ms UTC.
    pub signed_at: i64,
    /// Since when it no longer counts, ms UTC; none while it does.
    pub revoked_at: Option<i64>,
}

/// Days of the leaves that are granted in an act's past and fall into the months before the end of
/// its request, with the days of the request; a day that stands twice counts once. Only its past is
/// read, so the sum is the same wherever it is made.
pub(super) fn cum_days(
    reader: &Reader<'_>,
    matter: EnvelopeId,
    entry: &Entry<'_>,
    asked: Option<Span>,
) -> u32 {
    let (Some(asked), Some((workflow, _))) = (asked, reader.workflow(matter)) else {
        return 0;
    };
    let window = window(asked);
    let others = reader.entries.iter().enumerate().filter(|(index, other)| {
        entry.past.contains(*index)
            && other.fact.id != matter
            && reader
                .workflow(other.fact.id)
                .is_some_and(|(name, _)| name == workflow)
    });
    let granted = others
        .filter_map(|(_, other)| granted_span(reader, other.fact.id, Some(&entry.past)))
        .flat_map(|span| span.first_day.max(window.first_day)..=span.last_day.min(window.last_day))
        .filter(|day| !(asked.first_day..=asked.last_day).contains(day));
    let other_days: BTreeSet<i32> = granted.collect();
    days(asked).saturating_add(other_days.len() as u32)
}

/// The days that stand granted in a matter, now or as a past knew them.
pub(super) fn granted_span(
    reader: &Reader<'_>,
    matter: EnvelopeId,
    within: Option<&Past>,
) -> Option<Span> {
    let granted = reader.steps_of(matter).any(|(key, _)| {
        let folded = reader.fold_slot(key, within);
        let in_force = folded.standing.in_force();
        in_force.is_some_and(|(ids, value)| {
            *value == SlotValue::Verdict(Verdict::Approve)
                && ids.iter().all(|id| step_span(reader, *id).is_none())
        })
    });
    if !granted {
        return None;
    }
    span_in_the_end(reader, matter, within)
}

/// The days asked for, lengthened by extensions in force, cut short by an actual return.
pub(super) fn span_in_the_end(
    reader: &Reader<'_>,
    matter: EnvelopeId,
    within: Option<&Past>,
) -> Option<Span> {
    let index = *reader.by_id.get(&matter)?;
    let What::Apply { span, .. } = &reader.entries[index].fact.what else {
        return None;
    };
    let mut span = (*span)?;
    for (key, _) in reader.steps_of(matter) {
        let folded = reader.fold_slot(key, within);
        if let Some((ids, SlotValue::Verdict(Verdict::Approve))) = folded.standing.in_force() {
            for set in ids.iter().filter_map(|id| step_span(reader, *id)) {
                span.last_day = span.last_day.max(set.last_day);
            }
        }
    }
    for actual in returns(reader, matter, within) {
        span.last_day = span.last_day.min(actual.last_day);
    }
    Some(span)
}

fn returns<'a>(
    reader: &'a Reader<'_>,
    matter: EnvelopeId,
    within: Option<&'a Past>,
) -> impl Iterator<Item = Span> + 'a {
    let gone = reader.gone_in(within);
    let entries = reader.entries.iter().enumerate();
    entries
        .filter(move |(index, entry)| {
            entry.state.is_good()
                && within.is_none_or(|past| past.contains(*index))
                && !reader.is_gone(*index, &gone)
        })
        .filter_map(move |(_, entry)| match &entry.fact.what {
            What::Step {
                matter: of,
                event,
                span,
                ..
            } if *of == matter && event == RETURN => *span,
            _ => None,
        })
}

fn step_span(reader: &Reader<'_>, id: EnvelopeId) -> Option<Span> {
    match &reader.entries[*reader.by_id.get(&id)?].fact.what {
        What::Step { span, .. } => *span,
        _ => None,
    }
}

fn days(span: Span) -> u32 {
    u32::try_from(i64::from(span.last_day) - i64::from(span.first_day) + 1).unwrap_or(0)
}

/// From the day after the same day two months earlier, to the last day asked for.
fn window(asked: Span) -> Span {
    let epoch = Date::constant(1970, 1, 1);
    let first = epoch
        .checked_add(i64::from(asked.last_day).days())
        .and_then(|last| last.checked_sub(CUM_MONTHS.months()))
        .and_then(|before| before.since(epoch))
        .map_or(asked.last_day, |since| since.get_days() + 1);
    Span {
        first_day: first,
        last_day: asked.last_day,
    }
}
