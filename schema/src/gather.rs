//! Gatherings (聚集): supervised people who stay together, told from the fixes of all of them. The
//! rules G1 to G10 stand in `docs/gather.md`.

mod group;
mod tell;

use crate::fix::{Grade, Point};
use crate::geo::Coord;
use crate::rule::RulePack;
use group::{Place, groups};
use std::collections::{BTreeMap, BTreeSet};

pub use tell::{
    GatherAlarm, GatherChange, alarm_of, day_of, is_place, match_gatherings, place_name,
};

/// Length of a slice of time, ms.
pub const SLICE_MS: i64 = 60_000;

/// The numbers of the rules, of `schema/rules/alarm_kind.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// So many households make a group.
    pub persons: usize,
    /// People are near up to this distance, mm.
    pub distance_mm: i64,
    /// A run is a gathering from this span on, ms.
    pub dwell_ms: i64,
    /// Fixes of a larger 95 % radius are not looked at, mm.
    pub accuracy_mm_max: u32,
    /// A fix holds for so long where none follows, ms.
    pub hold_ms: i64,
    /// Severity of its alarms, 1 gravest.
    pub severity: u8,
}

impl Numbers {
    /// As the pack says; none where it lacks one.
    pub fn of(pack: &RulePack) -> Option<Self> {
        let kind = pack.alarm_kind("GATHER")?;
        let number = |name: &str| kind.parameter.get(name).copied();
        Some(Self {
            persons: usize::try_from(number("persons")?).ok()?,
            distance_mm: i64::from(number("distance_metres")?) * 1_000,
            dwell_ms: i64::from(number("dwell_seconds")?) * 1_000,
            accuracy_mm_max: number("accuracy_metres_max")?.saturating_mul(1_000),
            hold_ms: i64::from(number("hold_seconds")?) * 1_000,
            severity: kind.severity,
        })
    }
}

/// One person's share in the question.
#[derive(Debug, Clone, Copy)]
pub struct Presence<'a> {
    /// The person's code.
    pub person: &'a str,
    /// Who lives together has one name here; none where the person lives with no other.
    pub household: Option<&'a str>,
    /// Fixes in any order.
    pub points: &'a [Point],
    /// When the office called the person: first and last instant, ms since 1970 UTC.
    pub called: &'a [(i64, i64)],
}

/// People who stayed together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gathering {
    /// When it began, ms since 1970 UTC.
    pub time: i64,
    /// When it was one, ms since 1970 UTC.
    pub decided_at: i64,
    /// When it ended, ms since 1970 UTC; none while it goes on.
    pub until: Option<i64>,
    /// Codes of the people, ascending.
    pub people: Vec<String>,
}

/// A group that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    time: i64,
    people: BTreeSet<String>,
    decided: Option<(i64, BTreeSet<String>)>,
}

/// The runs that go on after some slices: what the next slice needs to know of those before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crowd {
    runs: Vec<Run>,
}

impl Crowd {
    /// Goes on through the whole slices within `from <= time < to`, ms since 1970 UTC, and gives the
    /// gatherings that ended in them. `left_out` says whether a place is in an area that is not
    /// looked at. Fixes from the span that one holds before `from` on belong to the question.
    pub fn step(
        &mut self,
        presences: &[Presence<'_>],
        left_out: impl Fn(Coord) -> bool,
        (from, to): (i64, i64),
        numbers: &Numbers,
    ) -> Vec<Gathering> {
        let mut people: Vec<Presence<'_>> = presences.to_vec();
        people.sort_by_key(|presence| presence.person);
        let trails: Vec<Vec<Point>> = people.iter().map(|one| trail(one, numbers)).collect();
        let homes: Homes<'_> = people
            .iter()
            .map(|one| (one.person, one.household))
            .collect();
        let mut found = Vec::new();
        let first = from.div_euclid(SLICE_MS) + i64::from(from.rem_euclid(SLICE_MS) != 0);
        for slice in first..to.div_euclid(SLICE_MS) {
            let (begin, end) = (slice * SLICE_MS, (slice + 1) * SLICE_MS);
            let called = |one: &Presence<'_>| {
                let mut times = one.called.iter();
                times.any(|(first, last)| *first < end && begin <= *last)
            };
            let places: Vec<Place> = people
                .iter()
                .enumerate()
                .filter(|(_, one)| !called(one))
                .filter_map(|(index, _)| Some((index, place_in(&trails[index], end, numbers)?)))
                .filter(|(_, at)| !left_out(*at))
                .map(|(person, at)| Place { person, at })
                .collect();
            let code = |index: &usize| people[*index].person.to_owned();
            let groups = groups(&places, numbers.distance_mm).into_iter();
            let groups = groups.map(|group| group.iter().map(code).collect::<BTreeSet<String>>());
            let large = groups.filter(|group| households(group.iter(), &homes) >= numbers.persons);
            found.extend(self.advance(large.collect(), &homes, (begin, end), numbers));
        }
        found
    }

    /// Gatherings that go on.
    pub fn going(&self) -> Vec<Gathering> {
        let going = self.runs.iter();
        going.filter_map(|run| gathering(run, None)).collect()
    }

    /// G5 and G6 for one slice.
    fn advance(
        &mut self,
        mut left: Vec<BTreeSet<String>>,
        homes: &Homes<'_>,
        (begin, end): (i64, i64),
        numbers: &Numbers,
    ) -> Vec<Gathering> {
        let mut ended = Vec::new();
        self.runs
            .sort_by(|a, b| (a.time, &a.people).cmp(&(b.time, &b.people)));
        for mut run in std::mem::take(&mut self.runs) {
            let shared =
                |group: &BTreeSet<String>| households(run.people.intersection(group), homes);
            let best = (0..left.len()).max_by_key(|at| (shared(&left[*at]), left.len() - at));
            let best = best.filter(|index| shared(&left[*index]) >= numbers.persons);
            let Some(index) = best else {
                ended.extend(gathering(&run, Some(begin)));
                continue;
            };
            let group = left.remove(index);
            run.people = run.people.intersection(&group).cloned().collect();
            self.runs.push(run);
        }
        self.runs.extend(left.into_iter().map(|people| Run {
            time: begin,
            people,
            decided: None,
        }));
        for run in self.runs.iter_mut().filter(|run| run.decided.is_none()) {
            if end - run.time >= numbers.dwell_ms {
                run.decided = Some((end, run.people.clone()));
            }
        }
        ended
    }
}

/// All gatherings in whole slices within `from <= time < to`, ms since 1970 UTC. `left_out` says
/// whether a place is in an area that is not looked at.
pub fn gatherings(
    presences: &[Presence<'_>],
    left_out: impl Fn(Coord) -> bool,
    span: (i64, i64),
    numbers: &Numbers,
) -> Vec<Gathering> {
    let mut crowd = Crowd::default();
    let mut found = crowd.step(presences, left_out, span, numbers);
    found.extend(crowd.going());
    found.sort();
    found
}

/// G1: what is looked at of a person, by time, one fix an instant.
fn trail(presence: &Presence<'_>, numbers: &Numbers) -> Vec<Point> {
    let counts = |point: &&Point| {
        point.grade() == Grade::Fine && point.accuracy_mm <= numbers.accuracy_mm_max
    };
    let mut points: Vec<Point> = presence.points.iter().filter(counts).copied().collect();
    points.sort_unstable_by_key(Point::order);
    points.dedup_by_key(|point| point.time);
    points
}

fn place_in(trail: &[Point], end: i64, numbers: &Numbers) -> Option<Coord> {
    let before = trail.partition_point(|point| point.time < end);
    let last = trail[..before].last()?;
    let since = (end - SLICE_MS).min(end - numbers.hold_ms);
    (last.time >= since).then_some(last.at)
}

type Homes<'a> = BTreeMap<&'a str, Option<&'a str>>;

/// G4: how many households some people are.
fn households<'a>(of: impl Iterator<Item = &'a String>, homes: &Homes<'_>) -> usize {
    let name = |code: &'a String| match homes.get(code.as_str()).copied().flatten() {
        Some(household) => (Some(household), None),
        None => (None, Some(code)),
    };
    of.map(name).collect::<BTreeSet<_>>().len()
}

fn gathering(run: &Run, until: Option<i64>) -> Option<Gathering> {
    let (decided_at, who) = run.decided.as_ref()?;
    Some(Gathering {
        time: run.time,
        decided_at: *decided_at,
        until,
        people: who.iter().cloned().collect(),
    })
}
