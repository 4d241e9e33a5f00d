//! What people of each cohort do in a month.

use super::chance::Chance;
use super::land::{Ground, Place};
use super::path::{Path, Sky};
use super::plan::{Plan, is_kept};
use super::{CORPUS_START_MS, CURFEW_FENCE, Cohort, Corpus, HOME_FENCE, ORDER_FENCE, day_span};
use jiaolian_schema::fence::{Fence, FenceKind, FenceRole};
use jiaolian_schema::fix::DAY_MS;
use jiaolian_schema::geo::Shape;
use jiaolian_schema::permit::Permit;
use jiaolian_schema::schedule::{Schedule, Window};

const HOUR_MS: i64 = 3_600_000;
/// Half the width of a leave's corridor, m.
const CORRIDOR_M: f64 = 3_000.0;

mod day;

/// A month as it was lived.
pub(super) struct Life {
    pub(super) adcode: String,
    pub(super) path: Path,
    pub(super) fences: Vec<Fence>,
    pub(super) permits: Vec<Permit>,
    /// Whose band was swapped with this person's: that one's way.
    pub(super) other: Option<Path>,
}

/// What a person has for the whole month.
struct Setting {
    home: Place,
    work: Option<Place>,
    order: Option<(Place, f64)>,
    curfew: Option<f64>,
    leave: Option<Leave>,
}

/// A leave of some days to a place outside.
struct Leave {
    goal: Place,
    /// First and last day.
    days: (usize, usize),
    strays: bool,
    late: bool,
}

/// A person's month.
pub(super) fn lead(corpus: &Corpus, cohort: Cohort, chance: &mut Chance) -> Life {
    let (low, high) = match cohort {
        Cohort::Dweller => (20.0, 150.0),
        Cohort::Along => (100.0, 900.0),
        Cohort::Across => (300.0, 1_800.0),
        Cohort::Fugitive => (200.0, 1_900.0),
        _ => (2_000.0, 40_000.0),
    };
    let (ground, home) = settle(corpus, (low, high), chance);
    let setting = Setting {
        home,
        work: workplace(ground, home, chance),
        order: (cohort == Cohort::Ordered).then(|| zone(ground, home, chance)),
        curfew: (cohort == Cohort::Curfewed).then(|| chance.within(300.0, 800.0)),
        leave: (cohort == Cohort::Traveller).then(|| leave(corpus, home, chance)),
    };
    let path = month(corpus, cohort, ground, &setting, chance.fork(10));
    let other = (cohort == Cohort::Troubled && chance.happens(0.33)).then(|| {
        let neighbour = Setting {
            home: home.moved(chance.anywhere(900.0)),
            work: None,
            order: None,
            curfew: None,
            leave: None,
        };
        month(corpus, Cohort::Settled, ground, &neighbour, chance.fork(11))
    });
    let permits = setting.leave.iter().map(|leave| permit(home, leave));
    Life {
        adcode: ground.adcode.clone(),
        path,
        fences: fences(ground, &setting),
        permits: permits.collect(),
        other,
    }
}

/// A county and a home in it at such a distance from the line.
fn settle<'a>(
    corpus: &'a Corpus,
    (low_m, high_m): (f64, f64),
    chance: &mut Chance,
) -> (&'a Ground, Place) {
    let grounds = &corpus.land.grounds;
    loop {
        let ground = &grounds[chance.below(grounds.len())];
        if let Some(home) = ground.inside(low_m, high_m, chance) {
            return (ground, home);
        }
    }
}

fn month(
    corpus: &Corpus,
    cohort: Cohort,
    ground: &Ground,
    setting: &Setting,
    chance: Chance,
) -> Path {
    let start = (setting.home, CORPUS_START_MS);
    let mut plan = Plan::new(ground, &corpus.movement, start, chance);
    for day in 0..corpus.days {
        let (midnight, _) = day_span(day);
        let wake = midnight + plan.chance.minutes(360.0, 480.0);
        if plan.time() > wake {
            continue;
        }
        plan.stay_until(wake, Sky::Indoor);
        day::live(&mut plan, cohort, setting, day);
    }
    let (_, end) = day_span(corpus.days - 1);
    let end = end.max(plan.time());
    plan.end(end)
}

/// A place of work that a straight road inside the county leads to.
fn workplace(ground: &Ground, home: Place, chance: &mut Chance) -> Option<Place> {
    (0..60).find_map(|_| {
        let metres = chance.within(1_500.0, 8_000.0);
        let at = home.moved(chance.anywhere(metres));
        let inside = |place: Place| ground.depth_m(place) < -5.0;
        (ground.depth_m(at) < -400.0 && is_kept(home, at, &inside)).then_some(at)
    })
}

/// A forbidden place that has a bus line past it, and its radius.
fn zone(ground: &Ground, home: Place, chance: &mut Chance) -> (Place, f64) {
    let radius = chance.within(60.0, 250.0);
    let found = (0..200).find_map(|_| {
        let metres = chance.within(1_000.0, 4_000.0);
        let at = home.moved(chance.anywhere(metres));
        (ground.depth_m(at) < -600.0).then_some(at)
    });
    // Homes of this cohort lie 2 km inside.
    (found.unwrap_or_else(|| home.moved((1_000.0, 0.0))), radius)
}

fn leave(corpus: &Corpus, home: Place, chance: &mut Chance) -> Leave {
    let grounds = &corpus.land.grounds;
    let goal = loop {
        let ground = &grounds[chance.below(grounds.len())];
        let at = ground.inside(2_000.0, 40_000.0, chance);
        let is_near = |at: &Place| (15_000.0..120_000.0).contains(&home.metres_to(*at));
        if let Some(at) = at.filter(is_near) {
            break at;
        }
    };
    let length = 2 + chance.below(3);
    let first = 1 + chance.below(corpus.days.saturating_sub(length + 2).max(1));
    Leave {
        goal,
        days: (first, first + length - 1),
        strays: chance.happens(0.3),
        late: chance.happens(0.3),
    }
}

fn permit(home: Place, leave: &Leave) -> Permit {
    let (first, last) = leave.days;
    let (from, _) = day_span(first);
    let (_, end) = day_span(last);
    Permit {
        person: String::new(),
        from,
        to: end - 1,
        area: Some(corridor(home, leave.goal)),
        fence: None,
        signed: Some(from - DAY_MS),
        revoked: None,
    }
}

/// Offset to the left of a way, of length 1.
fn left_of(from: Place, to: Place) -> (f64, f64) {
    let (east, north) = from.to(to);
    let length = east.hypot(north).max(1.0);
    (-north / length, east / length)
}

fn scaled((east, north): (f64, f64), by: f64) -> (f64, f64) {
    (east * by, north * by)
}

/// A strip along the straight way, as far beyond its ends as it is wide.
fn corridor(home: Place, goal: Place) -> Shape {
    let left = left_of(home, goal);
    let back = (-left.1, left.0);
    let corner = |at: Place, along: f64, side: f64| {
        let along = scaled(back, along * CORRIDOR_M);
        let side = scaled(left, side * CORRIDOR_M);
        at.moved((along.0 + side.0, along.1 + side.1)).coord()
    };
    let ring = vec![
        corner(home, 1.0, 1.0),
        corner(home, 1.0, -1.0),
        corner(goal, -1.0, -1.0),
        corner(goal, -1.0, 1.0),
    ];
    Shape::new(vec![vec![ring]]).expect("a strip is an area")
}

fn circle(middle: Place, radius_m: f64) -> Shape {
    let corner = |n: usize| {
        let turn = n as f64 / 24.0 * std::f64::consts::TAU;
        middle
            .moved((radius_m * turn.cos(), radius_m * turn.sin()))
            .coord()
    };
    Shape::new(vec![vec![(0..24).map(corner).collect()]]).expect("a circle is an area")
}

fn fences(ground: &Ground, setting: &Setting) -> Vec<Fence> {
    let mut fences = vec![ground.fence.clone()];
    let mut add = |id: &str, kind: FenceKind, shape: Shape, schedule: Schedule| {
        let fence = Fence::new(id, kind, shape, kind.buffer_default_mm());
        fences.push(fence.expect("a short name").with_schedule(schedule));
    };
    if let Some((middle, radius_m)) = setting.order {
        let shape = circle(middle, radius_m);
        add(ORDER_FENCE, FenceKind::KeepOut, shape, Schedule::ALWAYS);
    }
    if let Some(radius_m) = setting.curfew {
        let night = Window::new(&[1, 2, 3, 4, 5, 6, 7], 22 * 60, 6 * 60);
        let night = Schedule::new(vec![night.expect("a window of each night")]);
        let shape = circle(setting.home, radius_m);
        let schedule = night.expect("one window");
        add(CURFEW_FENCE, FenceKind::KeepIn, shape, schedule);
        let curfew = fences
            .pop()
            .and_then(|f| f.with_role(FenceRole::Curfew).ok());
        fences.extend(curfew);
    }
    debug_assert_eq!(fences[0].id(), HOME_FENCE);
    fences
}

/// Metres of a place from the axis of a leave.
fn beside_axis_m(home: Place, goal: Place, at: Place) -> f64 {
    let left = left_of(home, goal);
    let (east, north) = home.to(at);
    (east * left.0 + north * left.1).abs()
}
