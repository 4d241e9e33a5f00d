//! When a node ran, and the gaps between: what an office did not hear because its computer was off, asleep
//! or without power.

use minicbor::{Decode, Encode};

/// A running node gives a sign of life so often, ms.
pub const BEAT_MS: i64 = 60_000;
/// Two signs of life farther apart than this are two runs, ms: the machine slept, or its clock stepped.
const BEAT_MS_MAX: i64 = 3 * BEAT_MS;

/// One stretch in which a node ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Run {
    /// When it began, ms UTC.
    #[n(0)]
    pub started: i64,
    /// The last sign of life, ms UTC.
    #[n(1)]
    pub alive: i64,
    /// 1 where it was told to stop then.
    #[n(2)]
    pub stopped: u8,
}

/// What a sign of life comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Too soon after the last one.
    Soon,
    /// The run goes on.
    On(Run),
    /// Time was lost since the last one: another run.
    Anew(Run),
}

impl Run {
    /// A run that begins now.
    pub fn begin(now: i64) -> Self {
        Self {
            started: now,
            alive: now,
            stopped: 0,
        }
    }

    /// A sign of life.
    pub fn beat(self, now: i64) -> Beat {
        match now - self.alive {
            ..0 => Beat::Anew(Self::begin(now)),
            0..BEAT_MS => Beat::Soon,
            BEAT_MS..=BEAT_MS_MAX => Beat::On(Self { alive: now, ..self }),
            _ => Beat::Anew(Self::begin(now)),
        }
    }

    /// The run as it ends by order.
    #[must_use]
    pub fn stop(self, now: i64) -> Self {
        Self {
            alive: now.max(self.alive),
            stopped: 1,
            ..self
        }
    }
}

/// A stretch in which no node ran, from its first instant to the instant at which one ran again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// The last sign of life before, ms UTC.
    pub from: i64,
    /// The first after, ms UTC.
    pub to: i64,
    /// Whether the node was told to stop.
    pub ordered: bool,
}

/// What lies between runs, in `from..=to`. Of the time before the first run nothing is known and
/// nothing said; after the last run there was none.
pub fn outages(runs: &[Run], from: i64, to: i64) -> Vec<Outage> {
    let mut runs = runs.to_vec();
    runs.sort_unstable();
    let mut found = Vec::new();
    let Some(first) = runs.first() else {
        return found;
    };
    let mut last = *first;
    let mut note = |last: Run, until: i64| {
        let (begin, end) = (last.alive.max(from), until.min(to));
        if begin < end {
            found.push(Outage {
                from: begin,
                to: end,
                ordered: last.stopped == 1,
            });
        }
    };
    for run in &runs {
        if run.started > last.alive {
            note(last, run.started);
        }
        if run.alive >= last.alive {
            last = *run;
        }
    }
    note(last, to);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn run(started: i64, alive: i64, stopped: u8) -> Run {
        Run {
            started,
            alive,
            stopped,
        }
    }

    fn check(runs: &[Run], (from, to): (i64, i64), expected: &[(i64, i64, bool)]) {
        let found = outages(runs, from, to);
        let found: Vec<_> = found.iter().map(|o| (o.from, o.to, o.ordered)).collect();
        assert_eq!(found, expected, "{runs:?} in {from}..={to}");
    }

    #[test]
    fn what_lies_between_two_runs_is_an_outage() {
        let runs = [run(100, 200, 0), run(300, 400, 1), run(450, 500, 0)];
        check(&runs, (0, 500), &[(200, 300, false), (400, 450, true)]);
        check(
            &runs,
            (0, 700),
            &[(200, 300, false), (400, 450, true), (500, 700, false)],
        );
        check(&runs, (250, 420), &[(250, 300, false), (400, 420, true)]);
        check(&runs, (310, 390), &[]);
        check(&[], (0, 500), &[]);
    }

    #[test]
    fn runs_that_overlap_after_the_clock_stepped_back_hide_no_outage_and_make_none() {
        let runs = [
            run(100, 500, 0),
            run(300, 350, 0),
            run(351, 360, 0),
            run(600, 700, 0),
        ];
        check(&runs, (0, 700), &[(500, 600, false)]);
        let mut other = runs;
        other.reverse();
        assert_eq!(outages(&runs, 0, 700), outages(&other, 0, 700), "any order");
    }

    #[test]
    fn a_machine_that_slept_or_whose_clock_stepped_begins_another_run() {
        let begun = Run::begin(0);
        assert_eq!(begun.beat(BEAT_MS - 1), Beat::Soon);
        assert_eq!(begun.beat(BEAT_MS), Beat::On(run(0, BEAT_MS, 0)));
        assert_eq!(begun.beat(BEAT_MS_MAX), Beat::On(run(0, BEAT_MS_MAX, 0)));
        let late = BEAT_MS_MAX + 1;
        assert_eq!(begun.beat(late), Beat::Anew(Run::begin(late)));
        assert_eq!(begun.beat(-1), Beat::Anew(Run::begin(-1)));
        assert_eq!(begun.stop(7), run(0, 7, 1));
    }
}
