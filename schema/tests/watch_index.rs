//! The index over many fences only shortens the way: a person under all of them together is judged
//! as under each of them alone.

#![allow(clippy::unwrap_used, reason = "a test may end by panicking")]

use jiaolian_schema::fence::{Fence, FenceKind, Fences, Validity};
use jiaolian_schema::fix::{Point, Source};
use jiaolian_schema::geo::{Coord, LAT_E7_MAX, LON_E7_MAX, Shape};
use jiaolian_schema::watch::{Transition, rejudge};
use proptest::prelude::*;

const MINUTE_MS: i64 = 60_000;
/// Minute at which the second version of a fence takes the place of the first.
const TURN_MS: i64 = 30 * MINUTE_MS;

/// A square about a place of a ground some kilometres wide.
#[derive(Debug, Clone)]
struct Plan {
    kind: FenceKind,
    middle: (i32, i32),
    radius: i32,
    buffer_mm: u32,
    /// Where it moves at the turn, if it does.
    moves: Option<(i32, i32)>,
}

fn clamped(lat: i64, lon: i64) -> Coord {
    let within = |value: i64, limit: i32| value.clamp(-i64::from(limit), i64::from(limit)) as i32;
    Coord::new(within(lat, LAT_E7_MAX), within(lon, LON_E7_MAX)).unwrap()
}

fn square(corner: Coord, middle: (i32, i32), radius: i32) -> Option<Shape> {
    let at = |lat: i32, lon: i32| {
        clamped(
            i64::from(corner.lat()) + i64::from(middle.0 + lat),
            i64::from(corner.lon()) + i64::from(middle.1 + lon),
        )
    };
    let ring = vec![
        at(-radius, -radius),
        at(-radius, radius),
        at(radius, radius),
        at(radius, -radius),
    ];
    Shape::new(vec![vec![ring]]).ok()
}

/// The versions of each fence.
fn fences(corner: Coord, plans: &[Plan]) -> Vec<Vec<Fence>> {
    let one = |(at, plan): (usize, &Plan)| {
        let fence = |middle| {
            let shape = square(corner, middle, plan.radius)?;
            Fence::new(&format!("f{at}"), plan.kind, shape, plan.buffer_mm).ok()
        };
        let first = fence(plan.middle)?;
        let Some(second) = plan.moves.and_then(fence) else {
            return Some(vec![first]);
        };
        let turn = Some(TURN_MS);
        Some(vec![
            first.with_version(
                1,
                Validity {
                    from: None,
                    until: turn,
                },
            ),
            second.with_version(
                2,
                Validity {
                    from: turn,
                    until: None,
                },
            ),
        ])
    };
    plans.iter().enumerate().filter_map(one).collect()
}

fn plan() -> impl Strategy<Value = Plan> {
    let middle = || (0..400_000_i32, 0..400_000_i32);
    let buffer = prop_oneof![Just(0_u32), Just(50_000), 0..5_000_000_u32];
    let kind = prop_oneof![4 => Just(FenceKind::KeepOut), 1 => Just(FenceKind::KeepIn)];
    let moves = proptest::option::weighted(0.3, middle());
    (kind, middle(), 100..60_000_i32, buffer, moves).prop_map(
        |(kind, middle, radius, buffer_mm, moves)| Plan {
            kind,
            middle,
            radius,
            buffer_mm,
            moves,
        },
    )
}

/// Corners of the ground: in China, on the equator, near a pole and beside the 180th meridian.
fn corner() -> impl Strategy<Value = Coord> {
    prop_oneof![
        Just((276_000_000, 1_114_000_000)),
        Just((-200_000, -200_000)),
        Just((899_500_000, 300_000_000)),
        Just((-899_900_000, 300_000_000)),
        Just((400_000_000, 1_799_700_000)),
    ]
    .prop_map(|(lat, lon)| Coord::new(lat, lon).unwrap())
}

fn points(corner: Coord, steps: &[(i32, i32, u32, bool)]) -> Vec<Point> {
    let point = |(minute, (lat, lon, accuracy_mm, fine)): (usize, &(i32, i32, u32, bool))| {
        let at = clamped(i64::from(corner.lat() + lat), i64::from(corner.lon() + lon));
        let source = if *fine { Source::Gnss } else { Source::Wifi };
        Point::new(minute as i64 * MINUTE_MS, at, Some(*accuracy_mm), source)
    };
    steps.iter().enumerate().map(point).collect()
}

fn sorted(mut transitions: Vec<Transition>) -> Vec<Transition> {
    transitions.sort_by(|a, b| (a.decided_at, &a.about).cmp(&(b.decided_at, &b.about)));
    transitions
}

/// Steps of a walk of some hundred metres, in runs near one place, so that exits and entries occur.
fn walk() -> impl Strategy<Value = Vec<(i32, i32, u32, bool)>> {
    let stay = (-150_000..550_000_i32, -150_000..550_000_i32, 1..9_usize);
    let stays = proptest::collection::vec(stay, 1..12);
    let jitter = proptest::collection::vec((-900..900_i32, -900..900_i32, 1..200_000_u32), 96);
    (stays, jitter, proptest::bool::weighted(0.9)).prop_map(|(stays, jitter, fine)| {
        let places = stays
            .iter()
            .flat_map(|(lat, lon, times)| vec![(*lat, *lon); *times]);
        places
            .zip(jitter)
            .map(|((lat, lon), (y, x, a))| (lat + y, lon + x, a, fine))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn many_fences_judge_as_each_alone(
        corner in corner(),
        plans in proptest::collection::vec(plan(), 16..60),
        steps in walk(),
    ) {
        let fences = fences(corner, &plans);
        let points = points(corner, &steps);
        let together: Fences = fences.iter().flatten().cloned().collect::<Vec<_>>().into();
        let alone = fences.iter().flat_map(|versions| {
            rejudge("a", &points, &Fences::from(versions.clone()), &[]).transitions
        });
        let alone = sorted(alone.collect());
        let together = rejudge("a", &points, &together, &[]);
        prop_assert_eq!(sorted(together.transitions), alone);
    }

    #[test]
    fn many_fences_hold_what_each_holds_alone(
        corner in corner(),
        plans in proptest::collection::vec(plan(), 16..60),
        steps in walk(),
    ) {
        let fences: Vec<Fence> = fences(corner, &plans).into_iter().flatten().collect();
        let together = Fences::from(fences.clone());
        for point in points(corner, &steps) {
            let mut alone: Vec<_> = fences
                .iter()
                .filter(|fence| fence.shape().holds(point.at))
                .map(|fence| (fence.id().to_owned(), fence.version()))
                .collect();
            let held = together.holding(point.at);
            let mut held: Vec<_> =
                held.map(|fence| (fence.id().to_owned(), fence.version())).collect();
            alone.sort();
            held.sort();
            prop_assert_eq!(held, alone);
        }
    }
}
