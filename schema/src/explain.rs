//! What made an alarm: each report of its window judged anew and named for what it was, and whether
//! all of them come to what the alarm says. The shape for other programs is in `docs/explain.md`.

mod exhibit;

use crate::act::Raise;
use crate::checkin::is_of_check_in;
use crate::fence::{BUFFER_MM_MAX, Fence, Fences, Verdict};
use crate::fix::{Fix, Grade, Point};
use crate::permit::Permit;
use crate::watch::{
    AlarmKind, Change, Ground, Numbers, Spans, Step, Terms, Transition, Unused, WatchState, Word,
    alarm_id, judge,
};

pub use exhibit::{EXHIBIT_MARGIN_MS, EXHIBIT_REPORTS_MAX, Exhibit, Kept};

/// Least span of an entry well inside (R14), ms.
const CORE_SPAN_MS: i64 = 60_000;

/// Why a position was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum UnusedCause {
    /// Accuracy above 500 m (R7).
    Inaccurate = 0,
    /// Another one once more (R7).
    Double = 1,
    /// A better one of the same instant (R8).
    Rival = 2,
    /// Too far for the time (R9).
    Jump = 3,
    /// Its time did not fit the node's (R4).
    Skewed = 4,
}

impl UnusedCause {
    /// Its name in files and forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inaccurate => "inaccurate",
            Self::Double => "double",
            Self::Rival => "rival",
            Self::Jump => "jump",
            Self::Skewed => "skewed",
        }
    }
}

/// Why a fence did not bind a fix (R11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Unbound {
    /// No version of it counted.
    Version = 0,
    /// Its schedule was not in force.
    Schedule = 1,
    /// A permit covered the place.
    Permit = 2,
}

impl Unbound {
    /// Its name in files and forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Schedule => "schedule",
            Self::Permit => "permit",
        }
    }
}

/// What one report was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Why its position was not used; none where it was, or where it has none.
    pub unused: Option<UnusedCause>,
    /// Why the fence did not bind it; none where it did, or where there is no fence.
    pub unbound: Option<Unbound>,
    /// The version of the fence that counted.
    pub version: Option<u32>,
    /// Signed distance to the fence's edge, + outside, mm; cut at 5 km.
    pub distance_mm: Option<i64>,
    /// What it is to the fence by R12.
    pub verdict: Option<Verdict>,
    /// It is one of the run that decided.
    pub counts: bool,
    /// It decided.
    pub decides: bool,
}

/// What an alarm says that is not what was found, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The reports decide nothing for this alarm.
    Undecided,
    /// It began at another time, ms UTC.
    Time(i64, i64),
    /// It was decided at another time, ms UTC.
    DecidedAt(i64, i64),
    /// A point that was signed as proof is not among the reports; its time, ms UTC.
    Proof(i64),
    /// A report, by its time, is not what the file says that it was.
    Report(i64),
    /// The fence is no honest one: it crosses itself.
    Fence(String),
}

/// An alarm explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What each report of the exhibit was, in its order.
    pub seen: Vec<Seen>,
    /// What the reports come to for this alarm.
    pub decision: Option<Transition>,
    /// What differs; empty where all agrees.
    pub differs: Vec<Difference>,
    /// Whether reports of a window decide alarms of this kind at all.
    pub is_decidable: bool,
}

/// Judges an exhibit anew and holds it against what was raised.
pub fn explain(raise: &Raise, exhibit: &Exhibit, numbers: &Numbers) -> Explanation {
    let kind = AlarmKind::named(&raise.kind);
    // A fault is one that repeats over days: no window of hours decides it.
    let is_decidable =
        kind.is_some_and(|kind| kind != AlarmKind::DevFault && !is_of_check_in(kind, &raise.fence));
    let fences = Fences::from(exhibit.fences.clone());
    let mut seen: Vec<Seen> = exhibit
        .reports
        .iter()
        .map(|kept| place(raise, exhibit, kept))
        .collect();
    let unused = unused(&exhibit.person, &exhibit.reports);
    for (seen, unused) in seen.iter_mut().zip(unused) {
        seen.unused = unused;
    }
    let decision = is_decidable
        .then(|| decision(raise, exhibit, &fences, numbers))
        .flatten();
    if let Some(decision) = &decision {
        count(exhibit, decision, &mut seen);
    }
    let mut differs = Vec::new();
    if is_decidable {
        differs = differences(raise, exhibit, decision.as_ref());
    }
    for (kept, seen) in exhibit.reports.iter().zip(&seen) {
        if kept.said.is_some_and(|said| said != seen.mark(kept)) {
            differs.push(Difference::Report(kept.time));
        }
    }
    Explanation {
        seen,
        decision,
        differs,
        is_decidable,
    }
}

/// The version of the alarm's fence that counts at an instant.
pub fn version_at<'a>(exhibit: &'a Exhibit, fence: &str, time: i64) -> Option<&'a Fence> {
    let versions = exhibit
        .fences
        .iter()
        .filter(|version| version.id() == fence);
    let valid = versions.filter(|version| version.valid().holds(time));
    valid.max_by_key(|version| version.version())
}

fn place(raise: &Raise, exhibit: &Exhibit, kept: &Kept) -> Seen {
    let mut seen = Seen::default();
    let Some(point) = kept.point else {
        return seen;
    };
    if raise.fence.is_empty() {
        return seen;
    }
    let Some(fence) = version_at(exhibit, &raise.fence, point.time) else {
        seen.unbound = Some(Unbound::Version);
        return seen;
    };
    let lifts = |permit: &Permit| {
        permit.person == exhibit.person && permit.covers(fence.id(), fence.kind(), &point)
    };
    seen.unbound = if !fence.schedule().is_in_force(point.time) {
        Some(Unbound::Schedule)
    } else if exhibit.permits.iter().any(lifts) {
        Some(Unbound::Permit)
    } else {
        None
    };
    seen.version = Some(fence.version());
    seen.distance_mm = Some(fence.distance(point.at, BUFFER_MM_MAX).whole_mm());
    seen.verdict = Some(fence.verdict_of(&point));
    seen
}

/// Why the position of each report is not used, by R4 and R7 to R9; none where it is, or where it has
/// none.
pub fn unused(person: &str, reports: &[Kept]) -> Vec<Option<UnusedCause>> {
    let mut found = vec![None; reports.len()];
    let mut order: Vec<(usize, Point)> = Vec::new();
    for (number, kept) in reports.iter().enumerate() {
        match kept.point {
            Some(_) if !kept.judged => found[number] = Some(UnusedCause::Skewed),
            Some(point) => order.push((number, point)),
            None => {}
        }
    }
    order.sort_by_key(|(_, point)| point.order());
    let (mut state, nothing) = (WatchState::default(), Fences::default());
    for (number, point) in order {
        let fix = Fix {
            person: person.to_owned(),
            point,
        };
        found[number] = match state.step(&fix, &nothing, &[]) {
            Step::Used(_) => None,
            Step::Unused(Unused::Inaccurate) => Some(UnusedCause::Inaccurate),
            Step::Unused(Unused::Double) => Some(UnusedCause::Double),
            Step::Unused(Unused::Rival) | Step::Late => Some(UnusedCause::Rival),
            Step::Unused(Unused::Jump) => Some(UnusedCause::Jump),
        };
    }
    found
}

/// When a decision bound a band. A silence that no report begins is one of a band that the node
/// was to hear and never did: it was missed from then on.
fn bound_of(raise: &Raise, exhibit: &Exhibit) -> Spans {
    let spans = exhibit.bound.iter().copied();
    let heard = exhibit.reports.iter().any(|kept| kept.time <= raise.time);
    if heard || raise.kind != AlarmKind::NoSignal.code() {
        return Spans::new(spans);
    }
    let terms = spans.flat_map(|(from, until)| {
        let cut = raise.time.clamp(from, until);
        [(from, cut, false), (cut, until, true)]
    });
    Spans::of_terms(terms.map(|(from, until, is_heard_here)| Terms {
        from,
        until,
        interval_ms: exhibit.interval_ms,
        is_heard_here,
        is_grave: false,
    }))
}

/// What the reports decide under the alarm's name.
fn decision(
    raise: &Raise,
    exhibit: &Exhibit,
    fences: &Fences,
    numbers: &Numbers,
) -> Option<Transition> {
    let (bound, down) = (
        bound_of(raise, exhibit),
        Spans::new(exhibit.down.iter().copied()),
    );
    let ground = Ground {
        fences,
        permits: &exhibit.permits,
        numbers,
        interval_ms: exhibit.interval_ms,
        bound: &bound,
        down: &down,
    };
    let words: Vec<Word> = exhibit.reports.iter().filter_map(Kept::word).collect();
    let judged = judge(&exhibit.person, &words, &ground, exhibit.window.1);
    let begun = judged
        .transitions
        .into_iter()
        .filter(|decided| decided.change == Change::Begin);
    let mut of_it = begun.filter(|decided| {
        let name = alarm_id(
            &exhibit.person,
            &decided.about,
            decided.kind,
            decided.deciding,
        );
        name == raise.alarm.0
    });
    of_it.next()
}

/// Names the reports of the run that decided: from its first to the deciding one, all that are
/// candidates; of an entry that was decided well inside, only those.
fn count(exhibit: &Exhibit, decision: &Transition, seen: &mut [Seen]) {
    let is_coarse = decision.kind == AlarmKind::Suspect;
    let span = decision.time..=decision.decided_at;
    let mut run: Vec<(usize, i64, bool)> = Vec::new();
    for (number, kept) in exhibit.reports.iter().enumerate() {
        let (Some(point), Some(verdict)) = (kept.point, seen[number].verdict) else {
            continue;
        };
        let is_of = seen[number].unused.is_none() && seen[number].unbound.is_none();
        let is_grade = (point.grade() == Grade::Coarse) == is_coarse;
        if is_of && is_grade && verdict.is_candidate() && span.contains(&point.time) {
            run.push((number, point.time, verdict == Verdict::Core));
        }
    }
    let core: Vec<_> = run.iter().filter(|(_, _, core)| *core).copied().collect();
    let is_core = decision.kind == AlarmKind::Enter
        && core.first().is_some_and(|first| first.1 == decision.time)
        && core
            .last()
            .is_some_and(|last| last.1 == decision.decided_at)
        && decision.decided_at - decision.time >= CORE_SPAN_MS;
    for (number, time, _) in if is_core { core } else { run } {
        seen[number].counts = true;
        seen[number].decides = time == decision.decided_at;
    }
}

fn differences(raise: &Raise, exhibit: &Exhibit, decision: Option<&Transition>) -> Vec<Difference> {
    let mut differs = Vec::new();
    for fence in &exhibit.fences {
        if let Err(error) = fence.check() {
            differs.push(Difference::Fence(error.to_string()));
        }
    }
    match decision {
        None => differs.push(Difference::Undecided),
        Some(found) => {
            if found.time != raise.time {
                differs.push(Difference::Time(raise.time, found.time));
            }
            if found.decided_at != raise.decided_at {
                differs.push(Difference::DecidedAt(raise.decided_at, found.decided_at));
            }
        }
    }
    let proof: Vec<Point> = minicbor::decode(&raise.evidence).unwrap_or_default();
    let is_here = |point: &Point| {
        exhibit
            .reports
            .iter()
            .any(|kept| kept.point == Some(*point))
    };
    let in_window =
        |point: &&Point| exhibit.window.0 <= point.time && point.time < exhibit.window.1;
    let missing = proof
        .iter()
        .filter(in_window)
        .filter(|point| !is_here(point));
    differs.extend(missing.map(|point| Difference::Proof(point.time)));
    differs
}
