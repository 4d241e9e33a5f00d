//! Where the time of a delay went: from the truth to the alarm, in parts that add up.

use super::judge::Told;
use crate::corpus::{Cohort, Heard, Person, Truth};
use jiaolian_schema::fence::{Fence, Verdict};
use jiaolian_schema::fix::{Grade, write_instant};
use std::fmt;

/// Kinds that fences decide, and the time that each dwells, s.
pub(super) const DWELLS: [(&str, f64); 4] = [
    ("GEO_OUT", 180.0),
    ("LEAVE_DEV", 180.0),
    ("NIGHT_OUT", 180.0),
    ("GEO_IN", 60.0),
];
/// What a delay is made of, in the order in which it comes.
pub(super) const PARTS: [&str; 6] = [
    "waiting for a report",
    "too near for its accuracy, rough or without a position",
    "measured as no candidate, or broken off",
    "dwell",
    "no fine candidate when the dwell was over",
    "on the way",
];

/// A true case that was told by a live report.
#[derive(Debug, Clone)]
pub(super) struct Case {
    person: String,
    cohort: Cohort,
    pub(super) kind: &'static str,
    from: i64,
    /// The interval in force when it began, ms.
    pub(super) wait_ms: i64,
    /// See [`PARTS`], ms.
    pub(super) parts_ms: [i64; 6],
    seen: Seen,
}

/// Reports between the truth and the decision.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    all: usize,
    /// Not sent at once.
    late: usize,
    placeless: usize,
    rough: usize,
    candidate: usize,
    neutral: usize,
    back: usize,
}

impl Case {
    /// The parts of one case at a fence.
    pub(super) fn new(person: &Person, fence: &Fence, truth: &Truth, alarm: &Told) -> Self {
        let span = truth.from..=alarm.decided_at;
        let after = person.heard.iter().filter(|heard| heard.time >= truth.from);
        let wait_ms = after
            .clone()
            .map(|heard| heard.wait_ms)
            .find(|wait| *wait > 0);
        let between = after.filter(|heard| span.contains(&heard.time));
        let first = between.clone().map(|heard| heard.time).next();
        let able = between.clone().find(|heard| is_able(fence, heard));
        let dwell_s = DWELLS.iter().find(|(kind, _)| *kind == truth.kind);
        let dwell_ms = dwell_s.map_or(0, |(_, dwell_s)| (dwell_s * 1_000.0) as i64);
        let dwelt = alarm.time.max(truth.from) + dwell_ms;
        let marks = [
            first,
            able.map(|heard| heard.time),
            Some(alarm.time),
            Some(dwelt.min(alarm.decided_at)),
            Some(alarm.decided_at),
            Some(alarm.known_at),
        ];
        let mut at = truth.from;
        let parts_ms = marks.map(|mark| {
            let from = at;
            at = at.max(mark.unwrap_or(at));
            at - from
        });
        let mut seen = Seen::default();
        for heard in between {
            seen.count(fence, heard);
        }
        Self {
            person: person.code.clone(),
            cohort: person.cohort,
            kind: truth.kind,
            from: truth.from,
            wait_ms: wait_ms.unwrap_or_default(),
            parts_ms,
            seen,
        }
    }

    /// All of it, ms.
    pub(super) fn delay_ms(&self) -> i64 {
        self.parts_ms.iter().sum()
    }

    /// Which part but the dwell is the longest, by its place in [`PARTS`].
    pub(super) fn main_part(&self) -> usize {
        let parts = (0..PARTS.len()).filter(|part| PARTS[*part] != "dwell");
        parts.max_by_key(|part| self.parts_ms[*part]).unwrap_or(0)
    }
}

/// Whether an honest fix of that accuracy at the true place is a candidate.
fn is_able(fence: &Fence, heard: &Heard) -> bool {
    let of = |point: jiaolian_schema::fix::Point| {
        let verdict = fence.verdict(heard.truly, point.accuracy_mm, point.grade());
        point.grade() == Grade::Fine && verdict.is_candidate()
    };
    heard.point.is_some_and(of)
}

impl Seen {
    fn count(&mut self, fence: &Fence, heard: &Heard) {
        self.all += 1;
        self.late += usize::from(!heard.live);
        let Some(point) = heard.point else {
            self.placeless += 1;
            return;
        };
        let kind = match (point.grade(), fence.verdict_of(&point)) {
            (Grade::Coarse, _) => &mut self.rough,
            (Grade::Fine, Verdict::Core | Verdict::Candidate) => &mut self.candidate,
            (Grade::Fine, Verdict::Neutral) => &mut self.neutral,
            (Grade::Fine, Verdict::Back | Verdict::Clear) => &mut self.back,
        };
        *kind += 1;
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |ms: i64| (ms + 500) / 1_000;
        let from = write_instant(self.from);
        let (person, cohort) = (&self.person, self.cohort.name());
        write!(
            f,
            "{} {person} ({cohort}) {from}: {} s",
            self.kind,
            s(self.delay_ms())
        )?;
        write!(f, ", an interval of {} s in force", s(self.wait_ms))?;
        for (name, ms) in PARTS.iter().zip(self.parts_ms) {
            write!(f, "; {name} {} s", s(ms))?;
        }
        let Seen {
            all,
            late,
            placeless,
            rough,
            candidate,
            neutral,
            back,
        } = self.seen;
        write!(
            f,
            "; of {all} reports {late} late, {placeless} without a position, {rough} rough, \
             {candidate} candidates, {neutral} between, {back} back"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::told;
    use super::super::score::Score;
    use crate::corpus::{Cohort, Corpus, Land, Movement, Noise};
    use jiaolian_schema::fence::Fences;
    use jiaolian_schema::rule::RulePack;

    #[test]
    fn the_parts_of_a_delay_add_up_to_it() {
        let corpus = Corpus {
            land: Land::demo().unwrap(),
            movement: Movement::synthetic(),
            noise: Noise::STATED,
            seed: 5,
            days: 10,
        };
        let mut score = Score::default();
        let people = (0..60).map(|number| corpus.person(number));
        for person in people.filter(|person| person.cohort == Cohort::Fugitive) {
            let fences = Fences::from(person.fences.clone());
            let alarms = told(&person, &fences, 600_000, &RulePack::builtin());
            score.add(&person, &fences, &alarms);
        }
        let of = &score.kinds["GEO_OUT"];
        assert!(of.cases.len() >= 5, "{}", of.cases.len());
        for (case, delay_ms) in of.cases.iter().zip(&of.delays_ms) {
            assert_eq!(case.delay_ms(), *delay_ms, "{case}");
            assert!(case.parts_ms.iter().all(|ms| *ms >= 0), "{case}");
            assert!(case.wait_ms >= 10_000, "{case}");
        }
    }
}
