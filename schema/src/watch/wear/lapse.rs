//! What the clock alone decides after the last report: a silence, how grave it grows, and the end of all
//! where the binding ends (D7, D9).

use super::{Wear, moment, record};
use crate::fix::Point;
use crate::watch::open::Open;
use crate::watch::{AlarmKind, Change, Ground, Transition};

/// What the clock alone decides after the last report.
#[derive(Default)]
pub(in crate::watch) struct Lapse {
    pub(in crate::watch) decided: Vec<Transition>,
    pub(super) silence: Option<Open>,
    pub(super) is_over: bool,
}

/// A stretch of time in which a device is missed: since when, and the end of the binding.
#[derive(Clone, Copy)]
struct Stretch {
    since: i64,
    bound_until: i64,
    /// Something was heard in it.
    heard: bool,
}

impl Wear {
    /// What is decided between the last report and an instant: a silence, how grave it grows, and
    /// the end of all where the decision that binds the device ends.
    pub(in crate::watch) fn lapse(
        &self,
        until: i64,
        ground: &Ground<'_>,
        seen: Option<Point>,
    ) -> Lapse {
        let mut lapse = Lapse::default();
        for stretch in self.stretches(ground) {
            if stretch.since < until {
                self.lapse_in(&stretch, until, (ground, seen), &mut lapse);
            }
        }
        lapse
    }

    fn lapse_in(
        &self,
        stretch: &Stretch,
        until: i64,
        (ground, seen): (&Ground<'_>, Option<Point>),
        lapse: &mut Lapse,
    ) {
        let end = until.min(stretch.bound_until);
        let silence = silence_in(stretch.since, end, (ground, seen), &mut lapse.decided);
        if stretch.bound_until > until {
            lapse.silence = silence;
            return;
        }
        let open = self.open.iter().filter(|_| stretch.heard);
        for open in open.chain(&silence) {
            let (change, at) = (Change::ClearUnbound, stretch.bound_until);
            lapse.decided.push(record(open, change, at, at, seen));
        }
        lapse.is_over |= stretch.heard;
    }

    /// The next instant after `now` at which the clock may decide more.
    pub(in crate::watch) fn due_after(&self, now: i64, ground: &Ground<'_>) -> Option<i64> {
        let due = self.stretches(ground).flat_map(|stretch| {
            let after = ground.silent_after_ms(stretch.since);
            let later = ground.numbers.worsen.iter().map(|(ms, _)| *ms);
            let silent = later.chain([after]).filter(move |ms| *ms >= after);
            let silent = silent
                .map(move |ms| ground.down.outside(stretch.since, ms).saturating_add(1))
                .filter(move |due| *due < stretch.bound_until);
            silent.chain([stretch.bound_until])
        });
        due.filter(|due| *due > now).min()
    }

    /// Where the device is missed from the last report on: to the end of that binding, and in those
    /// that follow from their beginning, where this node is to hear it.
    fn stretches<'a>(&self, ground: &'a Ground<'_>) -> impl Iterator<Item = Stretch> + use<'a> {
        let last = self.last.as_ref().map(|heard| heard.time);
        let first = last.and_then(|since| {
            let (_, bound_until) = ground.bound.around(since)?;
            Some(Stretch {
                since,
                bound_until,
                heard: true,
            })
        });
        let floor = self.floor.map(|floor| floor.saturating_sub(1));
        let known = last.or(floor);
        let later = ground.bound.iter();
        let later = later.filter(move |(from, _)| known.is_none_or(|known| *from > known));
        let later = later.filter_map(|span| {
            Some(Stretch {
                since: ground.bound.missed_from(span)?,
                bound_until: span.1,
                heard: false,
            })
        });
        first.into_iter().chain(later)
    }
}

/// D7: the silence after an instant, if it is one by `end`, with how it grew.
fn silence_in(
    since: i64,
    end: i64,
    (ground, seen): (&Ground<'_>, Option<Point>),
    decided: &mut Vec<Transition>,
) -> Option<Open> {
    let after = ground.silent_after_ms(since);
    let begun = ground.down.outside(since, after);
    if begun >= end {
        return None;
    }
    let base = ground.numbers.severity(AlarmKind::NoSignal);
    let is_blind = seen.is_some_and(|seen| ground.fences.is_blind(seen.at, since));
    let severity = |ms| {
        if is_blind {
            ground.numbers.severity_of_blind_silence(ms)
        } else {
            ground.numbers.severity_of_silence(ms)
        }
    };
    let graver = |ms| Some(severity(ms)).filter(|s| *s != base);
    let mut silence = Open {
        time: since,
        deciding: moment(since),
        kind: AlarmKind::NoSignal,
        decided_at: begun,
        graver: graver(after),
        first: None,
    };
    decided.push(record(&silence, Change::Begin, since, begun, seen));
    for (ms, _) in ground.numbers.worsen.iter().filter(|(ms, _)| *ms > after) {
        let at = ground.down.outside(since, *ms);
        let graver = graver(*ms);
        if at < end && graver != silence.graver {
            silence.graver = graver;
            decided.push(record(&silence, Change::Worsen, at, at, seen));
        }
    }
    Some(silence)
}
