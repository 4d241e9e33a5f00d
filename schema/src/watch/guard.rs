//! One person and one fence (R12 to R17), independent of all others.

use minicbor::{Decode, Encode};

use super::run::{RUN_GAP_MS_MAX, Run};
use super::{Change, Transition};
use crate::fence::{FenceKind, Verdict};
use crate::fix::{FixId, Grade, Point};

/// Fixes and span of an exit, ms.
const EXIT_COUNT: u32 = 3;
const EXIT_SPAN_MS: i64 = 3 * 60_000;
/// Fixes and span of an entry well inside.
const CORE_COUNT: u32 = 2;
const CORE_SPAN_MS: i64 = 60_000;
/// Fixes and span of an entry into the buffer.
const NEAR_COUNT: u32 = 2;
const NEAR_SPAN_MS: i64 = 5 * 60_000;
/// Fixes and span of a clear.
const CLEAR_COUNT: u32 = 2;
const CLEAR_SPAN_MS: i64 = 2 * 60_000;
/// Coarse fixes and span of a suspicion.
const SUSPECT_COUNT: u32 = 3;
const SUSPECT_SPAN_MS: i64 = 15 * 60_000;

/// What is remembered of a person at a fence.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Guard {
    #[n(0)]
    pub(super) fence: String,
    #[n(1)]
    pub(super) open: Option<Open>,
    /// Candidates well inside a `keep_out` fence.
    #[n(2)]
    core: Option<Run>,
    /// All fine candidates.
    #[n(3)]
    near: Option<Run>,
    #[n(4)]
    clear: Option<Run>,
    /// Coarse candidates.
    #[n(5)]
    faint: Option<Run>,
    /// A suspicion was raised since the last `back`.
    #[n(6)]
    suspected: bool,
}

/// A violation that is open.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Open {
    #[n(0)]
    pub(super) time: i64,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) deciding: FixId,
}

/// A decision, before it is given names.
pub(super) struct Turn {
    change: Change,
    time: i64,
    evidence: Vec<Point>,
}

impl Turn {
    fn of(change: Change, run: &Run) -> Self {
        Self {
            change,
            time: run.began(),
            evidence: run.evidence(),
        }
    }

    /// The decision as it leaves the watch; opens or closes the guard's violation.
    pub(super) fn record(self, guard: &mut Guard, person: &str, point: &Point) -> Transition {
        let deciding = point.id(person);
        let closes = self
            .change
            .is_clear()
            .then(|| guard.open.take().map(|open| open.deciding));
        if matches!(self.change, Change::Exit | Change::Enter) {
            guard.open = Some(Open {
                time: self.time,
                deciding,
            });
        }
        Transition {
            fence: guard.fence.clone(),
            change: self.change,
            time: self.time,
            decided_at: point.time,
            deciding,
            evidence: self.evidence,
            closes: closes.flatten(),
        }
    }
}

impl Guard {
    pub(super) fn new(fence: &str) -> Self {
        Self {
            fence: fence.to_owned(),
            open: None,
            core: None,
            near: None,
            clear: None,
            faint: None,
            suspected: false,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        let runs = [&self.core, &self.near, &self.clear, &self.faint];
        self.open.is_none() && !self.suspected && runs.iter().all(|run| run.is_none())
    }

    /// A fix that the fence binds.
    pub(super) fn judge(
        &mut self,
        kind: FenceKind,
        verdict: Verdict,
        point: &Point,
    ) -> Option<Turn> {
        if matches!(verdict, Verdict::Back | Verdict::Clear) {
            self.suspected = false;
        }
        let turn = match (self.open.is_some(), point.grade()) {
            (true, grade) => self.judge_open(verdict, grade, point),
            (false, _) if matches!(verdict, Verdict::Back | Verdict::Clear) => {
                self.empty();
                None
            }
            (false, _) if verdict == Verdict::Neutral => None,
            (false, Grade::Fine) => self.judge_candidate(kind, verdict, point),
            (false, Grade::Coarse) => self.judge_faint(point),
        };
        if turn
            .as_ref()
            .is_some_and(|turn| turn.change != Change::Suspect)
        {
            self.empty();
        }
        turn
    }

    /// A fix that the fence does not bind (R11).
    pub(super) fn release(&mut self, cause: Change, point: &Point) -> Option<Turn> {
        self.empty();
        self.open.is_some().then(|| Turn {
            change: cause,
            time: point.time,
            evidence: vec![*point],
        })
    }

    fn judge_open(&mut self, verdict: Verdict, grade: Grade, point: &Point) -> Option<Turn> {
        if verdict == Verdict::Clear {
            Run::extend(&mut self.clear, point, None);
        } else if verdict.is_candidate() && grade == Grade::Fine {
            self.clear = None;
        }
        Run::reaches(self.clear.as_ref(), CLEAR_COUNT, CLEAR_SPAN_MS)
            .map(|run| Turn::of(Change::ClearReturned, run))
    }

    fn judge_candidate(
        &mut self,
        kind: FenceKind,
        verdict: Verdict,
        point: &Point,
    ) -> Option<Turn> {
        Run::extend(&mut self.near, point, Some(RUN_GAP_MS_MAX));
        if kind == FenceKind::KeepIn {
            let run = Run::reaches(self.near.as_ref(), EXIT_COUNT, EXIT_SPAN_MS);
            return run.map(|run| Turn::of(Change::Exit, run));
        }
        let mut core = None;
        if verdict == Verdict::Core {
            Run::extend(&mut self.core, point, Some(RUN_GAP_MS_MAX));
            core = Run::reaches(self.core.as_ref(), CORE_COUNT, CORE_SPAN_MS);
        }
        core.or_else(|| Run::reaches(self.near.as_ref(), NEAR_COUNT, NEAR_SPAN_MS))
            .map(|run| Turn::of(Change::Enter, run))
    }

    fn judge_faint(&mut self, point: &Point) -> Option<Turn> {
        Run::extend(&mut self.faint, point, Some(RUN_GAP_MS_MAX));
        let run = Run::reaches(self.faint.as_ref(), SUSPECT_COUNT, SUSPECT_SPAN_MS);
        let run = run.filter(|_| !self.suspected)?;
        self.suspected = true;
        Some(Turn::of(Change::Suspect, run))
    }

    fn empty(&mut self) {
        self.core = None;
        self.near = None;
        self.clear = None;
        self.faint = None;
    }
}
