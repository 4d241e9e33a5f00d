//! One person and one fence (R12 to R17), independent of all others.

use minicbor::{Decode, Encode};

use super::number::{Bar, Numbers};
use super::open::Open;
use super::run::{RUN_GAP_MS_MAX, Run};
use super::{AlarmKind, Change, Transition};
use crate::fence::{Fence, FenceKind, Verdict};
use crate::fix::{Grade, Point};
use crate::geo::farther_than;

/// Fixes and span of an exit (R14).
const EXIT: Bar = bar(3, 3);
/// Fixes and span of an entry well inside.
const CORE: Bar = bar(2, 1);
/// Fixes and span of an entry into the buffer.
const NEAR: Bar = bar(2, 5);
/// Fixes and span of a clear (R15).
const CLEAR: Bar = bar(2, 2);
/// Coarse fixes and span of a suspicion (R17).
const SUSPECT: Bar = bar(3, 15);

const fn bar(count: u32, minutes: i64) -> Bar {
    let span_ms = minutes * 60_000;
    Bar { count, span_ms }
}

/// What breaking a fence is, and how many fixes over what span decide it.
pub(super) struct Manner {
    kind: AlarmKind,
    near: Bar,
    core: Option<Bar>,
    /// How far a way from where an exit began makes it graver, mm, and how grave.
    far: Option<(i64, u8)>,
}

impl Manner {
    /// By the role of the fence and the numbers of the rules, or by R14 alone.
    pub(super) fn of(fence: &Fence, numbers: Option<&Numbers>) -> Self {
        let kind = AlarmKind::of_fence(fence, numbers.is_some());
        let (near, core) = match (fence.kind(), kind, numbers) {
            (_, AlarmKind::NightOut, Some(numbers)) => (numbers.night, None),
            (_, AlarmKind::NearPerson, Some(numbers)) => (numbers.person, None),
            (FenceKind::KeepIn, ..) => (EXIT, None),
            (FenceKind::KeepOut, ..) => (NEAR, Some(CORE)),
        };
        let far = numbers.map(|numbers| (numbers.far_mm, numbers.severity_far));
        let far = far.filter(|_| kind == AlarmKind::Exit);
        Self {
            kind,
            near,
            core,
            far,
        }
    }
}

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

/// A decision, before it is given names.
pub(super) struct Turn {
    pub(super) kind: AlarmKind,
    pub(super) change: Change,
    time: i64,
    graver: Option<u8>,
    evidence: Vec<Point>,
}

impl Turn {
    fn of(kind: AlarmKind, change: Change, run: &Run) -> Self {
        Self {
            kind,
            change,
            time: run.began(),
            graver: None,
            evidence: run.evidence(),
        }
    }

    /// The decision as it leaves the watch; opens or closes the guard's condition.
    pub(super) fn record(self, guard: &mut Guard, person: &str, point: &Point) -> Transition {
        let deciding = point.id(person);
        let mut began_by = guard.open.as_ref().map(|open| open.deciding);
        match (self.change, &mut guard.open) {
            (Change::Begin, _) if self.kind == AlarmKind::Suspect => began_by = None,
            (Change::Begin, open) => {
                began_by = None;
                *open = Some(Open {
                    time: self.time,
                    deciding,
                    kind: self.kind,
                    decided_at: point.time,
                    graver: None,
                    first: self.evidence.first().copied(),
                });
            }
            (Change::Worsen, Some(open)) => open.graver = self.graver,
            (_, open) => *open = None,
        }
        Transition {
            about: guard.fence.clone(),
            kind: self.kind,
            change: self.change,
            time: self.time,
            decided_at: point.time,
            deciding,
            graver: self.graver,
            evidence: self.evidence,
            began_by,
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
        manner: &Manner,
        verdict: Verdict,
        point: &Point,
    ) -> Option<Turn> {
        if matches!(verdict, Verdict::Back | Verdict::Clear) {
            self.suspected = false;
        }
        let turn = match (&self.open, point.grade()) {
            (Some(_), grade) => self.judge_open(manner, verdict, grade, point),
            (None, _) if matches!(verdict, Verdict::Back | Verdict::Clear) => {
                self.empty();
                None
            }
            (None, _) if verdict == Verdict::Neutral => None,
            (None, Grade::Fine) => self.judge_candidate(manner, verdict, point),
            (None, Grade::Coarse) => self.judge_faint(point),
        };
        let ends_runs = |turn: &Turn| match turn.change {
            Change::Begin => turn.kind != AlarmKind::Suspect,
            Change::Worsen => false,
            _ => true,
        };
        if turn.as_ref().is_some_and(ends_runs) {
            self.empty();
        }
        turn
    }

    /// A fix that the fence does not bind (R11).
    pub(super) fn release(&mut self, cause: Change, point: &Point) -> Option<Turn> {
        self.empty();
        self.open.as_ref().map(|open| Turn {
            kind: open.kind,
            change: cause,
            time: point.time,
            graver: open.graver,
            evidence: vec![*point],
        })
    }

    fn judge_open(
        &mut self,
        manner: &Manner,
        verdict: Verdict,
        grade: Grade,
        point: &Point,
    ) -> Option<Turn> {
        let open = self.open.as_ref()?;
        if verdict == Verdict::Clear {
            Run::extend(&mut self.clear, point, None);
        } else if verdict.is_candidate() && grade == Grade::Fine {
            self.clear = None;
            return worse(open, manner, point);
        }
        let run = Run::reaches(self.clear.as_ref(), CLEAR.count, CLEAR.span_ms)?;
        let graver = open.graver;
        let turn = Turn::of(open.kind, Change::ClearReturned, run);
        Some(Turn { graver, ..turn })
    }

    fn judge_candidate(
        &mut self,
        manner: &Manner,
        verdict: Verdict,
        point: &Point,
    ) -> Option<Turn> {
        Run::extend(&mut self.near, point, Some(RUN_GAP_MS_MAX));
        let mut run = None;
        if let Some(bar) = manner.core.filter(|_| verdict == Verdict::Core) {
            Run::extend(&mut self.core, point, Some(RUN_GAP_MS_MAX));
            run = Run::reaches(self.core.as_ref(), bar.count, bar.span_ms);
        }
        let Bar { count, span_ms } = manner.near;
        run.or_else(|| Run::reaches(self.near.as_ref(), count, span_ms))
            .map(|run| Turn::of(manner.kind, Change::Begin, run))
    }

    fn judge_faint(&mut self, point: &Point) -> Option<Turn> {
        Run::extend(&mut self.faint, point, Some(RUN_GAP_MS_MAX));
        let run = Run::reaches(self.faint.as_ref(), SUSPECT.count, SUSPECT.span_ms);
        let run = run.filter(|_| !self.suspected)?;
        self.suspected = true;
        Some(Turn::of(AlarmKind::Suspect, Change::Begin, run))
    }

    fn empty(&mut self) {
        self.core = None;
        self.near = None;
        self.clear = None;
        self.faint = None;
    }
}

/// D12: an exit that has gone far from where it began.
fn worse(open: &Open, manner: &Manner, point: &Point) -> Option<Turn> {
    let (far_mm, severity) = manner.far.filter(|_| open.kind == AlarmKind::Exit)?;
    let first = open.first.filter(|_| open.graver.is_none())?;
    let spare_mm = i64::from(first.accuracy_mm) + i64::from(point.accuracy_mm);
    farther_than(first.at, point.at, far_mm.saturating_add(spare_mm)).then(|| Turn {
        kind: open.kind,
        change: Change::Worsen,
        time: point.time,
        graver: Some(severity),
        evidence: vec![first, *point],
    })
}
