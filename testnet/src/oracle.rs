//! A second judge of reports, slow and plain: sort first, then walk each fence by itself, as rules
//! R7 to R16, D11 and D12 of the watch read. It shares only the geometry with the watch that it
//! checks.

pub mod device;

use jiaolian_schema::fence::{Fence, FenceKind, FenceRole, Verdict};
use jiaolian_schema::fix::{Grade, Point};
use jiaolian_schema::geo::farther_than;
use jiaolian_schema::permit::Permit;
use jiaolian_schema::watch::AlarmKind;
use std::collections::BTreeSet;

const MINUTE_MS: i64 = 60_000;
/// R13: longest gap inside a run, ms.
const GAP_MS: i64 = 30 * MINUTE_MS;
/// R9: fastest anybody travels, metres a second.
const SPEED_M_S: f64 = 60.0;
/// Metres in a degree of latitude; the watch's table differs by less than a hundredth.
const DEGREE_M: f64 = 111_000.0;

/// A stretch of time in which somebody broke a fence's rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrueViolation {
    /// The fence.
    pub fence: String,
    /// Of which kind.
    pub kind: AlarmKind,
    /// Its first fix, ms UTC.
    pub time: i64,
    /// The fix that decided it, ms UTC.
    pub decided_at: i64,
    /// Its end, ms UTC; none while open.
    pub end: Option<i64>,
    /// Whether it went farther than 20 km from where it began.
    pub far: bool,
}

/// All violations in a set of one person's fixes, by fence and time.
pub fn judge(points: &[Point], fences: &[Fence], permits: &[Permit]) -> Vec<TrueViolation> {
    let used = used(points);
    let names: BTreeSet<&str> = fences.iter().map(Fence::id).collect();
    let mut found = Vec::new();
    for name in names {
        let versions: Vec<&Fence> = fences.iter().filter(|fence| fence.id() == name).collect();
        found.extend(judge_fence(name, &used, &versions, permits));
    }
    found
}

/// R7 to R9: what is accurate enough, one fix an instant, no jumps.
fn used(points: &[Point]) -> Vec<Point> {
    let mut sorted: Vec<Point> = points
        .iter()
        .filter(|p| p.is_accurate_enough())
        .copied()
        .collect();
    sorted.sort_by_key(Point::order);
    sorted.dedup_by_key(|point| point.time);
    let mut used: Vec<Point> = Vec::new();
    let mut jumped: Option<Point> = None;
    for point in sorted {
        let far = used.last().is_some_and(|last| is_jump(last, &point));
        let agrees = jumped.is_some_and(|before| !is_jump(&before, &point));
        if far && !agrees {
            jumped = Some(point);
        } else {
            jumped = None;
            used.push(point);
        }
    }
    used
}

fn is_jump(from: &Point, to: &Point) -> bool {
    let degrees = |units: i32| f64::from(units) / 1e7;
    let north = (degrees(to.at.lat()) - degrees(from.at.lat())) * DEGREE_M;
    let shrink = degrees(to.at.lat()).to_radians().cos();
    let east = (degrees(to.at.lon()) - degrees(from.at.lon())) * DEGREE_M * shrink;
    let slack = f64::from(from.accuracy_mm + to.accuracy_mm) / 1_000.0;
    north.hypot(east) > SPEED_M_S * (to.time - from.time) as f64 / 1_000.0 + slack
}

/// What one fence has seen since the last break.
#[derive(Default)]
struct Seen {
    /// Exit candidates, or near ones.
    near: Vec<i64>,
    core: Vec<i64>,
    clear: Vec<i64>,
    open: Option<TrueViolation>,
    /// Points of `near` and `core` by time, to find where an exit began.
    walked: Vec<Point>,
}

impl Seen {
    fn forget(&mut self) {
        self.near.clear();
        self.core.clear();
        self.clear.clear();
    }
}

fn judge_fence(
    name: &str,
    points: &[Point],
    versions: &[&Fence],
    permits: &[Permit],
) -> Vec<TrueViolation> {
    let (mut seen, mut found) = (Seen::default(), Vec::new());
    for point in points {
        let valid = versions
            .iter()
            .filter(|fence| fence.valid().holds(point.time));
        let fence = valid.max_by_key(|fence| fence.version());
        let fence = fence.filter(|fence| fence.schedule().is_in_force(point.time));
        let bound = fence.filter(|fence| {
            !permits
                .iter()
                .any(|permit| permit.covers(name, fence.kind(), point))
        });
        if let Some(fence) = bound {
            let away = permits
                .iter()
                .any(|permit| permit.lifts(name, FenceKind::KeepIn, point.time));
            step(&mut seen, (fence, away), point, &mut found);
        } else {
            seen.forget();
            end(&mut seen, point.time, &mut found);
        }
    }
    found.extend(seen.open);
    found
}

fn end(seen: &mut Seen, time: i64, found: &mut Vec<TrueViolation>) {
    if let Some(open) = seen.open.take() {
        found.push(TrueViolation {
            end: Some(time),
            ..open
        });
    }
}

/// D12: farther than 20 km and both accuracies from the first fix.
fn is_far(seen: &Seen, open: &TrueViolation, point: &Point) -> bool {
    let first = seen.walked.iter().find(|walked| walked.time == open.time);
    open.kind == AlarmKind::Exit
        && first.is_some_and(|first| {
            let spare = i64::from(first.accuracy_mm) + i64::from(point.accuracy_mm);
            farther_than(first.at, point.at, 20_000_000 + spare)
        })
}

fn step(
    seen: &mut Seen,
    (fence, away): (&Fence, bool),
    point: &Point,
    found: &mut Vec<TrueViolation>,
) {
    seen.walked.push(*point);
    let verdict = fence.verdict_of(point);
    let candidate = verdict.is_candidate() && point.grade() == Grade::Fine;
    if let Some(open) = &seen.open {
        if candidate {
            let far = is_far(seen, open, point);
            seen.clear.clear();
            seen.open.iter_mut().for_each(|open| open.far |= far);
        } else if verdict == Verdict::Clear {
            seen.clear.push(point.time);
        }
        if let Some(first) = reach(&seen.clear, 2, 2) {
            end(seen, first, found);
            seen.forget();
        }
        return;
    }
    if matches!(verdict, Verdict::Back | Verdict::Clear) {
        return seen.forget();
    }
    if !candidate {
        return;
    }
    grow(&mut seen.near, point.time);
    if verdict == Verdict::Core {
        grow(&mut seen.core, point.time);
    }
    let is_core = verdict == Verdict::Core;
    let (kind, run) = match (fence.kind(), fence.role()) {
        (FenceKind::KeepIn, Some(FenceRole::Curfew)) => {
            (AlarmKind::NightOut, reach(&seen.near, 3, 3))
        }
        (FenceKind::KeepIn, _) if away => (AlarmKind::LeaveDev, reach(&seen.near, 3, 3)),
        (FenceKind::KeepIn, _) => (AlarmKind::Exit, reach(&seen.near, 3, 3)),
        (FenceKind::KeepOut, Some(FenceRole::Person)) => {
            (AlarmKind::NearPerson, reach(&seen.near, 2, 2))
        }
        (FenceKind::KeepOut, _) => {
            let core = is_core.then(|| reach(&seen.core, 2, 1)).flatten();
            (AlarmKind::Enter, core.or_else(|| reach(&seen.near, 2, 5)))
        }
    };
    if let Some(time) = run {
        let (fence, decided_at) = (fence.id().to_owned(), point.time);
        seen.forget();
        seen.open = Some(TrueViolation {
            fence,
            kind,
            time,
            decided_at,
            end: None,
            far: false,
        });
    }
}

fn grow(run: &mut Vec<i64>, time: i64) {
    if run.last().is_some_and(|last| time - last > GAP_MS) {
        run.clear();
    }
    run.push(time);
}

fn reach(run: &[i64], count: usize, minutes: i64) -> Option<i64> {
    let (first, last) = (run.first()?, run.last()?);
    (run.len() >= count && last - first >= minutes * MINUTE_MS).then_some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiaolian_schema::fence::Fences;
    use jiaolian_schema::fix::{Coord, Source};
    use jiaolian_schema::geo::Shape;
    use jiaolian_schema::signal::Signs;
    use jiaolian_schema::watch::{Ground, Numbers, Spans, Word, judge as judge_words};
    use std::collections::BTreeMap;

    fn fence(id: &str, kind: FenceKind, east: i64) -> Fence {
        let corner = |lat: i64, lon: i64| Coord::from_wide(lat, lon).unwrap();
        let (low, high) = (1_130_000_000 + east, 1_130_100_000 + east);
        let ring = vec![
            corner(280_000_000, low),
            corner(280_000_000, high),
            corner(280_100_000, high),
            corner(280_100_000, low),
        ];
        Fence::new(id, kind, Shape::new(vec![vec![ring]]).unwrap(), 50_000).unwrap()
    }

    /// A walk to and fro over the edges, with poor fixes and outliers in it.
    fn walk(seed: u64) -> Vec<Point> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut throw = |bound: i64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % bound as u64) as i64
        };
        let (mut time, mut east, mut tour) = (0, 50_000, 0);
        let mut points = Vec::new();
        for _ in 0..400 {
            time += [20_000, 60_000, 90_000, 240_000, 1_700_000, 2_000_000][throw(6) as usize];
            east = (east + throw(60_001) - 30_000).clamp(-100_000, 250_000);
            let jump = if throw(30) == 0 || tour > 0 {
                5_000_000
            } else {
                0
            };
            tour = if tour > 0 {
                tour - 1
            } else {
                8 * i64::from(throw(150) == 0)
            };
            let at = Coord::from_wide(280_050_000, 1_130_000_000 + east + jump).unwrap();
            let source = [
                Source::Gnss,
                Source::Gnss,
                Source::Gnss,
                Source::Wifi,
                Source::Cell,
            ];
            let accuracy = Some(1_000 * (5 + throw(60)) as u32);
            points.push(Point::new(time, at, accuracy, source[throw(5) as usize]));
        }
        points
    }

    #[test]
    fn both_judges_find_the_same_violations_on_random_walks() {
        let role = |fence: Fence, role| fence.with_role(role).unwrap();
        let fences = vec![
            fence("in", FenceKind::KeepIn, 0),
            fence("out", FenceKind::KeepOut, 100_000),
            role(fence("night", FenceKind::KeepIn, 20_000), FenceRole::Curfew),
            role(
                fence("victim", FenceKind::KeepOut, 80_000),
                FenceRole::Person,
            ),
        ];
        let set = Fences::from(fences.clone());
        let permit = |from, area| Permit {
            person: "p".to_owned(),
            from,
            to: from + 40_000_000,
            area,
            fence: None,
            signed: None,
            revoked: Some(from + 30_000_000),
        };
        let elsewhere = fence("there", FenceKind::KeepIn, 300_000).shape().clone();
        let permits = [
            permit(60_000_000, None),
            permit(160_000_000, Some(elsewhere)),
        ];
        let (bound, down) = (Spans::always(), Spans::default());
        let numbers = Numbers::default();
        let ground = Ground {
            fences: &set,
            permits: &permits,
            numbers: &numbers,
            interval_ms: None,
            bound: &bound,
            down: &down,
        };
        let mut kinds = BTreeMap::new();
        let mut far = 0;
        for seed in 1..=200 {
            let points = walk(seed);
            let words: Vec<Word> = points
                .iter()
                .rev()
                .map(|point| Word {
                    time: point.time,
                    point: Some(*point),
                    signs: Signs::NONE,
                })
                .collect();
            let judged = judge_words("p", &words, &ground, i64::MIN);
            let about_fences = judged.conditions.iter().filter(|c| !c.about.is_empty());
            let mut quick: Vec<_> = about_fences
                .map(|c| {
                    let end = c.cleared.as_ref().map(|cleared| cleared.time);
                    let far = c.graver.is_some();
                    (c.about.clone(), c.kind, c.time, c.decided_at, end, far)
                })
                .collect();
            let mut slow: Vec<_> = judge(&points, &fences, &permits)
                .into_iter()
                .map(|v| (v.fence, v.kind, v.time, v.decided_at, v.end, v.far))
                .collect();
            quick.sort();
            slow.sort();
            for found in &slow {
                *kinds.entry(found.1).or_insert(0) += 1;
                far += usize::from(found.5);
            }
            assert_eq!(quick, slow, "seed {seed}");
        }
        assert!(
            kinds.len() == 5 && kinds.values().all(|n| *n > 20),
            "{kinds:?}"
        );
        assert!(far > 5, "{far} went far");
    }
}
