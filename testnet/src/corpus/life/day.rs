//! One day out of a life, by cohort.

use super::super::land::{Ground, Place};
use super::super::path::Sky;
use super::super::plan::{Plan, is_kept};
use super::super::{Cohort, day_span, minute_of_day};
use super::{CORRIDOR_M, HOUR_MS, Leave, Setting, beside_axis_m, left_of, scaled};

/// Tries for a way along or across the line.
const TRIES: usize = 40;
/// A walk and a car on a mountain road, m/s.
const WALK_M_S: (f64, f64) = (1.0, 1.6);
const CAR_M_S: (f64, f64) = (9.0, 18.0);
const BUS_M_S: (f64, f64) = (7.0, 12.0);
/// Longest crossing of the line that a bus makes, s.
const CROSSING_S_MAX: f64 = 170.0;

/// Lives a day that begins at home in the morning, and comes home.
pub(super) fn live(plan: &mut Plan<'_>, cohort: Cohort, setting: &Setting, day: usize) {
    let weekday = day % 7;
    if let Some(leave) = setting.leave.as_ref().filter(|leave| leave.days.0 == day) {
        return travel(plan, leave);
    }
    if weekday < 5
        && let Some(work) = setting.work
    {
        commute(plan, work);
    }
    match cohort {
        Cohort::Along if weekday < 6 => along(plan),
        Cohort::Across if weekday.is_multiple_of(2) => across(plan),
        Cohort::Fugitive if plan.chance.happens(0.25) => escape(plan),
        Cohort::Ordered => pass(plan, setting),
        _ => {}
    }
    errands(plan);
    if cohort == Cohort::Curfewed && plan.chance.happens(0.15) {
        night_out(plan, day);
    }
}

fn within(plan: &mut Plan<'_>, (low, high): (f64, f64)) -> f64 {
    plan.chance.within(low, high)
}

fn errands(plan: &mut Plan<'_>) {
    for _ in 0..=plan.chance.below(3) {
        if minute_of_day(plan.time()) > 20 * 60 {
            return;
        }
        let ground = plan.ground;
        plan.errand(|place| ground.depth_m(place) < -3.0);
        plan.stay((20.0, 150.0), Sky::Indoor);
    }
}

/// To work by bus in the morning, home in the evening.
fn commute(plan: &mut Plan<'_>, work: Place) {
    let home = plan.home;
    let speed = within(plan, BUS_M_S);
    plan.ride(&plan.straight(work), speed);
    plan.stay((200.0, 260.0), Sky::Indoor);
    let ground = plan.ground;
    plan.errand(|place| ground.depth_m(place) < -3.0);
    plan.stay((180.0, 260.0), Sky::Indoor);
    plan.ride(&plan.straight(home), speed);
    plan.stay((10.0, 60.0), Sky::Indoor);
}

/// A bus that follows the line inside of it, and comes back.
fn along(plan: &mut Plan<'_>) {
    let ground = plan.ground;
    let home = plan.home;
    let corners = ground.corners_by(home);
    let inside = |place: Place| ground.depth_m(place) < -5.0;
    for _ in 0..TRIES {
        let first = corners[plan.chance.below(corners.len().min(12))];
        let offset = within(plan, (40.0, 160.0));
        let length = within(plan, (2_000.0, 7_000.0));
        let way = beside_line(ground, first, offset, length);
        let road = way
            .windows(2)
            .all(|pair| is_kept(pair[0], pair[1], &inside));
        let starts = way
            .first()
            .is_some_and(|first| is_kept(home, *first, &inside));
        if way.len() < 8 || !road || !starts {
            continue;
        }
        let speed = within(plan, BUS_M_S);
        plan.go(way[0], 1.3, Sky::Open);
        plan.ride(&way, speed);
        plan.stay((20.0, 120.0), Sky::Indoor);
        let back: Vec<Place> = way.iter().rev().copied().collect();
        plan.ride(&back, speed);
        plan.go(home, 1.3, Sky::Open);
        return;
    }
}

/// Places beside the line from one of its corners on.
fn beside_line(ground: &Ground, first: usize, offset_m: f64, length_m: f64) -> Vec<Place> {
    let (mut way, mut gone, mut last) = (Vec::new(), 0.0, None::<Place>);
    for edge in first..first + ground.edges() {
        let (from, to) = ground.edge(edge);
        let Some(out) = ground.outward(edge) else {
            continue;
        };
        let at = from.between(to, 0.5).moved(scaled(out, -offset_m));
        let depth = -ground.depth_m(at);
        if !(offset_m * 0.4..=offset_m * 1.2).contains(&depth) {
            continue;
        }
        gone += last.map_or(0.0, |last| last.metres_to(at));
        way.push(at);
        last = Some(at);
        if gone > length_m {
            break;
        }
    }
    way
}

/// A bus that cuts a corner of the neighbour's land, there and back.
fn across(plan: &mut Plan<'_>) {
    let (ground, home) = (plan.ground, plan.home);
    let corners = ground.corners_by(home);
    for _ in 0..TRIES {
        let edge = corners[plan.chance.below(corners.len().min(20))];
        let Some(out) = ground.outward(edge) else {
            continue;
        };
        let (from, to) = ground.edge(edge);
        let middle = from.between(to, 0.5);
        let (deep, wide) = (within(plan, (80.0, 600.0)), within(plan, (60.0, 600.0)));
        let tangent = (-out.1, out.0);
        let side = |by: f64| middle.moved(scaled(tangent, by));
        let inner = |at: Place| at.moved(scaled(out, -250.0));
        let way = [
            inner(side(-wide)),
            middle.moved(scaled(out, deep)),
            inner(side(wide)),
        ];
        let speed = within(plan, CAR_M_S);
        let outside = seconds_outside(ground, home, &way, speed);
        if !(20.0..=CROSSING_S_MAX).contains(&outside) {
            continue;
        }
        let back = [way[1], way[0], home];
        plan.ride(&way, speed);
        plan.stay((15.0, 90.0), Sky::Indoor);
        plan.ride(&back, speed);
        return;
    }
}

/// Longest time outside in one go on a way from home along places, s.
fn seconds_outside(ground: &Ground, home: Place, way: &[Place], speed: f64) -> f64 {
    let (mut longest, mut now, mut at) = (0.0_f64, 0.0, home);
    for place in way {
        let metres = at.metres_to(*place);
        let count = (metres / 15.0).ceil().max(1.0);
        for n in 1..=count as usize {
            let is_out = ground.depth_m(at.between(*place, n as f64 / count)) > 0.0;
            now = if is_out {
                now + metres / count / speed
            } else {
                0.0
            };
            longest = longest.max(now);
        }
        at = *place;
    }
    longest
}

/// Out of the county and back: near and on foot, or far and by car.
fn escape(plan: &mut Plan<'_>) {
    let (ground, home) = (plan.ground, plan.home);
    let corners = ground.corners_by(home);
    let on_foot = plan.chance.happens(0.5);
    for _ in 0..TRIES {
        let edge = corners[plan.chance.below(corners.len().min(8))];
        let Some(out) = ground.outward(edge) else {
            continue;
        };
        let (from, to) = ground.edge(edge);
        let way_out = if on_foot {
            (400.0, 1_500.0)
        } else {
            (800.0, 15_000.0)
        };
        let metres = within(plan, way_out);
        let line = from.between(to, 0.5);
        let goal = line.moved(scaled(out, metres));
        if ground.depth_m(goal) < 250.0 {
            continue;
        }
        let speed = within(plan, if on_foot { WALK_M_S } else { CAR_M_S });
        let walk = |plan: &mut Plan<'_>, to: Place| {
            if on_foot {
                let sky = plan.street();
                plan.go(to, speed, sky);
            } else {
                plan.ride(&plan.straight(to), speed);
            }
        };
        walk(plan, line);
        walk(plan, goal);
        let sky = if plan.chance.happens(0.5) {
            Sky::Indoor
        } else {
            plan.street()
        };
        plan.stay((12.0, 180.0), sky);
        walk(plan, line);
        walk(plan, home);
        plan.stay((10.0, 60.0), Sky::Indoor);
        return;
    }
}

/// A leave: there on the first day, some days, back on the last one or late.
fn travel(plan: &mut Plan<'_>, leave: &Leave) {
    let (home, goal) = (plan.home, leave.goal);
    let speed = within(plan, CAR_M_S);
    let keeps = |place: Place| {
        place.metres_to(goal) < CORRIDOR_M * 0.8
            || beside_axis_m(home, goal, place) < CORRIDOR_M * 0.6
                && place.metres_to(goal) < home.metres_to(goal)
    };
    plan.ride(&plan.straight(goal), speed);
    let (_, end) = day_span(leave.days.1);
    let mut strays = leave.strays;
    loop {
        plan.stay((60.0, 300.0), Sky::Indoor);
        let minute = minute_of_day(plan.time());
        if plan.time() > end - 10 * HOUR_MS {
            break;
        }
        if strays && (600..1_000).contains(&minute) {
            strays = false;
            let metres = within(plan, (8_000.0, 14_000.0));
            let off = goal.moved(scaled(left_of(home, goal), metres));
            plan.ride(&plan.straight(off), speed);
            plan.stay((20.0, 90.0), Sky::Open);
            plan.ride(&plan.straight(goal), speed);
        } else if (480..1_200).contains(&minute) {
            plan.errand(keeps);
        } else {
            plan.stay((200.0, 400.0), Sky::Indoor);
        }
    }
    let way_ms = (home.metres_to(goal) / speed * 1_000.0) as i64;
    let hours = within(plan, (1.0, 6.0)) * HOUR_MS as f64;
    let leaves = if leave.late {
        end + hours as i64
    } else {
        // Tunnels, stops and the rest take longer than the bare way.
        end - 2 * way_ms - 2 * HOUR_MS
    };
    plan.stay_until(leaves, Sky::Indoor);
    plan.ride(&plan.straight(home), speed);
}

/// By bus past the forbidden place and back; now and then into it.
fn pass(plan: &mut Plan<'_>, setting: &Setting) {
    let Some((middle, radius_m)) = setting.order else {
        return;
    };
    let home = plan.home;
    let gap = within(plan, (30.0, 140.0));
    let side = left_of(home, middle);
    let beside = middle.moved(scaled(side, radius_m + gap));
    let ahead = scaled((side.1, -side.0), 1_200.0);
    let beyond = beside.moved(ahead);
    let before = beside.moved(scaled(ahead, -0.6));
    let speed = within(plan, BUS_M_S);
    plan.ride(&[before, beside, beyond], speed);
    plan.stay((10.0, 60.0), Sky::Indoor);
    if plan.chance.happens(0.2) {
        plan.go(beside, 1.3, Sky::Open);
        plan.go(middle, 1.2, Sky::Open);
        let sky = if plan.chance.happens(0.4) {
            Sky::Indoor
        } else {
            Sky::Open
        };
        plan.stay((4.0, 60.0), sky);
        plan.go(beside, 1.2, Sky::Open);
        plan.go(before, 1.3, Sky::Open);
    } else {
        plan.ride(&[beside, before], speed);
    }
    plan.go(home, 6.0, Sky::Open);
    plan.stay((10.0, 40.0), Sky::Indoor);
}

/// Away from home in the night.
fn night_out(plan: &mut Plan<'_>, day: usize) {
    let (midnight, _) = day_span(day);
    let leaves = midnight + 22 * HOUR_MS + plan.chance.minutes(10.0, 150.0);
    if plan.time() > leaves {
        return;
    }
    let (ground, home) = (plan.ground, plan.home);
    let metres = within(plan, (1_600.0, 4_000.0));
    let goal = home.moved(plan.chance.anywhere(metres));
    if ground.depth_m(goal) > -50.0 {
        return;
    }
    plan.stay_until(leaves, Sky::Indoor);
    let speed = within(plan, BUS_M_S);
    plan.ride(&plan.straight(goal), speed);
    plan.stay((20.0, 150.0), Sky::Indoor);
    plan.ride(&plan.straight(home), speed);
}
