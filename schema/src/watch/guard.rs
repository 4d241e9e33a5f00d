//! One person and one fence (R12 to R17), independent of all others.

use minicbor::{Decode, Encode};

use super::number::Bar;
use super::open::Open;
use super::run::{RUN_GAP_MS_MAX, Run};
use super::{AlarmKind, Change, Measure, Transition};
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
    /// How grave it is from the beginning, where that is graver than its kind.
    grave: Option<u8>,
}

impl Manner {
    /// By the role of the fence and the numbers of the rules, or by R14 alone.
    pub(super) fn of(fence: &Fence, measure: Option<Measure<'_>>) -> Self {
        let numbers = measure.map(|measure| measure.numbers);
        let kind = AlarmKind::of_fence(fence, measure.is_some());
        let (near, core) = match (fence.kind(), kind, numbers) {
            (_, AlarmKind::NightOut, Some(numbers)) => (numbers.night, None),
            (_, AlarmKind::NearPerson, Some(numbers)) => (numbers.person, None),
            (FenceKind::KeepIn, ..) => (EXIT, None),
            (FenceKind::KeepOut, ..) => (NEAR, Some(CORE)),
        };
        let far = numbers.map(|numbers| (numbers.far_mm, numbers.severity_far));
        let far = far.filter(|_| kind == AlarmKind::Exit);
        let grave = measure.filter(|measure| measure.is_grave && kind == AlarmKind::Exit);
        Self {
            kind,
            near,
            core,
            far,
            grave: grave.map(|measure| measure.numbers.severity_grave),
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

    /// An exit under a leave for another place is another matter (D11).
    pub(super) fn turn_away(&mut self) {
        (self.kind, self.graver) = (AlarmKind::LeaveDev, None);
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
                    graver: self.graver,
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
            .map(|run| Turn {
                graver: manner.grave,
                ..Turn::of(manner.kind, Change::Begin, run)
            })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fence::FenceRole;
    use crate::fix::{ACCURACY_FINE_MM_MAX, Source};
    use crate::geo::{Coord, Shape};
    use crate::rule::RulePack;
    use crate::watch::CLOCK_FAULT_MS;
    use crate::watch::number::Numbers;
    use crate::watch::sieve::SPEED_MM_PER_MS_MAX;

    #[test]
    fn the_numbers_of_the_rules_are_those_of_the_watch() {
        let pack = RulePack::builtin();
        let number = |code: &str, name: &str| pack.alarm_kind(code).unwrap().parameter[name];
        let bar = |code: &str, dwell: &str| Bar {
            count: number(code, "candidates"),
            span_ms: i64::from(number(code, dwell)) * 1_000,
        };
        assert_eq!(bar("GEO_OUT", "dwell_seconds"), EXIT);
        assert_eq!(bar("GEO_IN", "dwell_seconds"), CORE);
        assert_eq!(bar("GEO_IN", "inside_buffer_seconds"), NEAR);
        let fine = number("GEO_OUT", "accuracy_metres_max") * 1_000;
        assert_eq!(fine, ACCURACY_FINE_MM_MAX);
        // A metre a second is a millimetre a millisecond.
        let speed = number("DEV_FAULT", "speed_metres_per_second_max");
        assert_eq!(i64::from(speed), SPEED_MM_PER_MS_MAX);
        let clock = number("DEV_FAULT", "clock_seconds_max");
        assert_eq!(i64::from(clock) * 1_000, CLOCK_FAULT_MS);
    }

    #[test]
    fn a_fence_without_a_role_has_the_bytes_it_always_had() {
        let corner = |lat, lon| Coord::new(lat, lon).unwrap();
        let ring = vec![corner(0, 0), corner(0, 9_000), corner(9_000, 0)];
        let shape = Shape::new(vec![vec![ring]]).unwrap();
        let fence = Fence::new("f", FenceKind::KeepOut, shape, 0).unwrap();
        let bytes = minicbor::to_vec(&fence).unwrap();
        assert_eq!(bytes[0], 0xa6, "six entries");
        assert_eq!(minicbor::decode::<Fence>(&bytes).unwrap().role(), None);
        let about = fence.clone().with_role(FenceRole::Person).unwrap();
        let more = minicbor::to_vec(&about).unwrap();
        assert_eq!(more[1..bytes.len()], bytes[1..]);
        assert_eq!(more[bytes.len()..], [8, 4]);
        assert_eq!(minicbor::decode::<Fence>(&more).unwrap(), about);
        assert!(fence.with_role(FenceRole::Home).is_err());
    }

    fn usual(numbers: &Numbers) -> Measure<'_> {
        Measure {
            numbers,
            is_grave: false,
        }
    }

    #[test]
    fn a_role_decides_by_its_own_count_and_dwell() {
        let corner = |lat, lon| Coord::new(lat, lon).unwrap();
        let ring = vec![corner(0, 0), corner(0, 9_000), corner(9_000, 0)];
        let shape = Shape::new(vec![vec![ring]]).unwrap();
        let fence = Fence::new("f", FenceKind::KeepOut, shape, 200_000).unwrap();
        let about = fence.clone().with_role(FenceRole::Person).unwrap();
        let numbers = Numbers::default();
        let decided = |fence: &Fence, numbers: Option<&Numbers>, seconds: i64| {
            let mut guard = Guard::new("f");
            let mut turn = None;
            for time in [0, seconds * 1_000] {
                let point = Point::new(time, corner(3_000, 12_000), None, Source::Gnss);
                let manner = Manner::of(fence, numbers.map(usual));
                turn = guard.judge(&manner, fence.verdict_of(&point), &point);
            }
            turn.map(|turn| turn.kind)
        };
        assert_eq!(decided(&about, Some(&numbers), 119), None);
        assert_eq!(
            decided(&about, Some(&numbers), 120),
            Some(AlarmKind::NearPerson)
        );
        assert_eq!(decided(&about, None, 299), None);
        assert_eq!(decided(&about, None, 300), Some(AlarmKind::Enter));
        assert_eq!(decided(&fence, Some(&numbers), 299), None);
    }
}
