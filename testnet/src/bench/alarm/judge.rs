//! What the product makes of a person's reports: the one place that knows its functions.

use crate::corpus::{Person, day_span};
use jiaolian_schema::fence::Fences;
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::watch::{AlarmKind, Change, Ground, Numbers, Spans, Word, judge};
use std::collections::BTreeMap;

/// An alarm as an operator gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) kind: &'static str,
    pub(super) fence: String,
    /// A suspicion has no condition behind it.
    pub(super) suspect: bool,
    /// 1 to 4.
    pub(super) severity: u8,
    /// When it began, by the device, ms UTC.
    pub(super) time: i64,
    /// The deciding report by the device's time, ms UTC.
    pub(super) decided_at: i64,
    /// When the deciding report came, or the clock decided, ms UTC.
    pub(super) known_at: i64,
    /// Whether that report was live.
    pub(super) live: bool,
    /// Its end, ms UTC; `i64::MAX` while it lasts.
    pub(super) until: i64,
}

/// Everything that is raised about a person whose device says that it reports so often, ms.
pub(super) fn told(
    person: &Person,
    fences: &Fences,
    interval_ms: i64,
    rules: &RulePack,
) -> Vec<Told> {
    let heard = person.heard.iter();
    let words: Vec<Word> = heard
        .clone()
        .map(|heard| Word {
            time: heard.time,
            point: heard.point,
            signs: heard.signs,
        })
        .collect();
    let came: BTreeMap<i64, (i64, bool)> = heard
        .map(|heard| (heard.time, (heard.received_at, heard.live)))
        .collect();
    let (numbers, bound, down) = (Numbers::default(), Spans::always(), Spans::default());
    let ground = Ground {
        fences,
        permits: &person.permits,
        numbers: &numbers,
        interval_ms: Some(interval_ms),
        bound: &bound,
        down: &down,
    };
    let (_, end) = day_span(person.days.saturating_sub(1));
    let judged = judge(&person.code, &words, &ground, end);
    let mut told = Vec::new();
    for begun in judged
        .transitions
        .iter()
        .filter(|t| t.change == Change::Begin)
    {
        let same = judged.conditions.iter().find(|c| {
            c.deciding == begun.deciding && c.about == begun.about && c.kind == begun.kind
        });
        let until = match same {
            Some(condition) => condition.cleared.as_ref().map_or(i64::MAX, |c| c.time),
            None => begun.decided_at + 1,
        };
        let suspect = begun.kind == AlarmKind::Suspect;
        let of_kind = rules
            .alarm_kind(begun.kind.code())
            .map_or(4, |kind| kind.severity);
        let severity = if suspect {
            3
        } else {
            begun.graver.unwrap_or(of_kind)
        };
        let (known_at, live) = came
            .get(&begun.decided_at)
            .copied()
            .unwrap_or((begun.decided_at, true));
        told.push(Told {
            kind: begun.kind.code(),
            fence: begun.about.clone(),
            suspect,
            severity: severity + u8::from(!live && !begun.about.is_empty()),
            time: begun.time,
            decided_at: begun.decided_at,
            known_at,
            live,
            until,
        });
    }
    told
}
