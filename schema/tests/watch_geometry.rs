//! The index of a shape only shortens the way: its answers are those of every edge looked at in
//! turn.

#![allow(clippy::unwrap_used, reason = "a test may end by panicking")]

use jiaolian_schema::fence::{Fence, FenceKind, Verdict};
use jiaolian_schema::fix::Grade;
use jiaolian_schema::geo::{CheckShapeError, Coord, Scale, Shape, Side, depth_mm};
use proptest::prelude::*;

type Ring = Vec<(i32, i32)>;

fn shape(rings: &[Ring]) -> Shape {
    let place = |(lat, lon): &(i32, i32)| Coord::new(*lat, *lon).unwrap();
    Shape::new(vec![
        rings
            .iter()
            .map(|ring| ring.iter().map(place).collect())
            .collect(),
    ])
    .unwrap()
}

fn plain_edges(rings: &[Ring]) -> Vec<((i32, i32), (i32, i32))> {
    let ring_edges = |ring: &Ring| -> Vec<_> {
        (0..ring.len())
            .map(|i| (ring[i], ring[(i + 1) % ring.len()]))
            .collect()
    };
    rings.iter().flat_map(ring_edges).collect()
}

/// Crossing number over all edges, in wide integers.
fn plain_side(rings: &[Ring], at: Coord) -> Side {
    let (y, x) = (i128::from(at.lat()), i128::from(at.lon()));
    let mut is_inside = false;
    for ((ay, ax), (by, bx)) in plain_edges(rings) {
        let (ay, ax, by, bx) = (
            i128::from(ay),
            i128::from(ax),
            i128::from(by),
            i128::from(bx),
        );
        let cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
        let in_box = x >= ax.min(bx) && x <= ax.max(bx) && y >= ay.min(by) && y <= ay.max(by);
        if cross == 0 && in_box {
            return Side::Edge;
        }
        if (ay <= y) != (by <= y) && (cross > 0) == (by > ay) {
            is_inside = !is_inside;
        }
    }
    if is_inside {
        Side::Inside
    } else {
        Side::Outside
    }
}

/// Distance to the nearest edge in floats, mm.
fn plain_distance_mm(rings: &[Ring], at: Coord) -> f64 {
    let scale = Scale::at(at);
    let relative = |(lat, lon): (i32, i32)| {
        let x = f64::from(lon) - f64::from(at.lon());
        let y = f64::from(lat) - f64::from(at.lat());
        (x * scale.lon_mm as f64 / 1e7, y * scale.lat_mm as f64 / 1e7)
    };
    let distances = plain_edges(rings).into_iter().map(|(a, b)| {
        let ((ax, ay), (bx, by)) = (relative(a), relative(b));
        let (ux, uy) = (bx - ax, by - ay);
        let length2 = ux * ux + uy * uy;
        let along = if length2 == 0.0 {
            0.0
        } else {
            -(ax * ux + ay * uy) / length2
        };
        let along = along.clamp(0.0, 1.0);
        (ax + along * ux).hypot(ay + along * uy)
    });
    distances.fold(f64::INFINITY, f64::min)
}

/// R12 for a signed distance in mm; `None` within a millimetre of a threshold, where floats may not
/// tell.
fn plain_verdict(kind: FenceKind, d: f64, a: f64, b: f64, grade: Grade) -> Option<Verdict> {
    let certain = if grade == Grade::Coarse { a } else { 0.0 };
    let (thresholds, is_zero_exact) = match kind {
        FenceKind::KeepIn => ([b + a, -certain, -b / 2.0 - certain, -certain], true),
        FenceKind::KeepOut => ([-a, b - a, 1.5 * b + certain, b + certain], true),
    };
    let is_close = |limit: &f64| (d - limit).abs() < 1.0 && !(is_zero_exact && *limit == 0.0);
    if thresholds.iter().any(is_close) {
        return None;
    }
    Some(match kind {
        FenceKind::KeepIn if d > b + a => Verdict::Candidate,
        FenceKind::KeepIn if d < -b / 2.0 - certain => Verdict::Clear,
        FenceKind::KeepIn if grade == Grade::Fine && d <= 0.0 => Verdict::Back,
        FenceKind::KeepIn if grade == Grade::Coarse && d < -a => Verdict::Back,
        FenceKind::KeepOut if d < -a => Verdict::Core,
        FenceKind::KeepOut if d < b - a => Verdict::Candidate,
        FenceKind::KeepOut if d > 1.5 * b + certain => Verdict::Clear,
        FenceKind::KeepOut if d > b + certain => Verdict::Back,
        _ => Verdict::Neutral,
    })
}

fn ring(size: i32) -> impl Strategy<Value = Ring> {
    let place = (-size..=size, -size..=size)
        .prop_map(|(lat, lon)| (276_500_000 + lat, 1_114_000_000 + lon));
    prop::collection::vec(place, 3..40)
}

/// Places anywhere around the rings, on their vertices, and on the middle of their edges.
fn place_near(rings: &[Ring], seed: (u16, i32, i32)) -> Coord {
    let edges = plain_edges(rings);
    let (a, b) = edges[usize::from(seed.0) % edges.len()];
    let (lat, lon) = match seed.0 % 5 {
        0 => a,
        1 => (a.0.midpoint(b.0), a.1.midpoint(b.1)),
        2 => (
            a.0.midpoint(b.0) + seed.1 % 30_000,
            a.1.midpoint(b.1) + seed.2 % 30_000,
        ),
        3 => (a.0, seed.2 + 1_114_000_000),
        _ => (276_500_000 + seed.1, 1_114_000_000 + seed.2),
    };
    Coord::new(lat, lon).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn side_and_verdict_equal_the_plain_geometry(
        rings in prop_oneof![
            prop::collection::vec(ring(900_000), 1..3),
            prop::collection::vec(ring(20_000), 1..3),
            prop::collection::vec(ring(40), 1..3),
            prop::collection::vec(ring(100_000_000), 1..2),
        ],
        seeds in prop::collection::vec((any::<u16>(), -1_200_000..1_200_000_i32, -1_200_000..1_200_000_i32), 40),
        (buffer_mm, accuracy_mm) in (0..400_000_u32, 1..500_000_u32),
    ) {
        let shape = shape(&rings);
        for seed in seeds {
            let at = place_near(&rings, seed);
            let side = plain_side(&rings, at);
            prop_assert_eq!(shape.side(at), side, "{:?}", at);
            let away = plain_distance_mm(&rings, at);
            let d = match side {
                Side::Edge => 0.0,
                Side::Inside => -away.max(f64::MIN_POSITIVE),
                Side::Outside => away.max(f64::MIN_POSITIVE),
            };
            let (a, b) = (f64::from(accuracy_mm), f64::from(buffer_mm));
            for kind in [FenceKind::KeepIn, FenceKind::KeepOut] {
                let fence = Fence::new("F", kind, shape.clone(), buffer_mm).unwrap();
                for grade in [Grade::Fine, Grade::Coarse] {
                    if let Some(expected) = plain_verdict(kind, d, a, b, grade) {
                        let found = fence.verdict(at, accuracy_mm, grade);
                        prop_assert_eq!(found, expected, "{:?} {:?} {:?} d {} mm", kind, grade, at, d);
                    }
                }
            }
        }
    }

    #[test]
    fn bytes_of_a_fence_read_back_and_are_one_form(rings in prop::collection::vec(ring(900_000), 1..4)) {
        let fence = Fence::new("围栏 1", FenceKind::KeepOut, shape(&rings), 50_000).unwrap();
        let bytes = minicbor::to_vec(&fence).unwrap();
        let back: Fence = minicbor::decode(&bytes).unwrap();
        prop_assert_eq!(&back, &fence);
        prop_assert_eq!(minicbor::to_vec(&back).unwrap(), bytes);
    }

    #[test]
    fn cut_or_changed_bytes_never_panic(cut in 0..120_usize, at in 0..120_usize, byte in any::<u8>()) {
        let square = vec![(0, 0), (0, 9000), (9000, 9000), (9000, 0)];
        let fence = Fence::new("F", FenceKind::KeepIn, shape(&[square]), 0).unwrap();
        let mut bytes = minicbor::to_vec(&fence).unwrap();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(length - cut % length);
        let read = minicbor::decode::<Fence>(&bytes);
        prop_assert!(cut % length == 0 || read.is_err());
    }
}

fn square(lat: i32, lon: i32, size: i32) -> Ring {
    vec![
        (lat, lon),
        (lat, lon + size),
        (lat + size, lon + size),
        (lat + size, lon),
    ]
}

fn check(parts: &[&[Ring]]) -> Result<(), CheckShapeError> {
    let place = |(lat, lon): &(i32, i32)| Coord::new(*lat, *lon).unwrap();
    let parts = parts.iter().map(|part| {
        part.iter()
            .map(|ring| ring.iter().map(place).collect())
            .collect()
    });
    Shape::new(parts.collect()).and_then(|shape| shape.check())
}

#[test]
fn rings_that_cross_themselves_are_refused_and_those_that_touch_are_not() {
    let bowtie = vec![(0, 0), (100, 100), (100, 0), (0, 100)];
    assert!(matches!(
        check(&[&[bowtie]]),
        Err(CheckShapeError::Crossing(_))
    ));
    // The same crossing with a vertex of both ways on it.
    let knot = vec![(0, 0), (50, 50), (100, 100), (100, 0), (50, 50), (0, 100)];
    assert!(matches!(
        check(&[&[knot]]),
        Err(CheckShapeError::Crossing(_))
    ));
    let pinched = vec![(0, 0), (0, 100), (50, 50), (100, 100), (100, 0), (50, 50)];
    assert_eq!(check(&[&[pinched]]), Ok(()));
    let spike = vec![(0, 0), (0, 100), (0, 150), (0, 100), (100, 100), (100, 0)];
    assert!(matches!(
        check(&[&[spike]]),
        Err(CheckShapeError::SharedEdge(_))
    ));
    for winding in [
        square(0, 0, 100),
        square(0, 0, 100).into_iter().rev().collect(),
    ] {
        assert_eq!(check(&[&[winding]]), Ok(()));
    }
}

#[test]
fn parts_that_overlap_or_share_an_edge_are_refused_and_those_that_touch_are_not() {
    let home = [square(0, 0, 100)];
    assert!(matches!(
        check(&[&home, &home]),
        Err(CheckShapeError::SharedEdge(_))
    ));
    assert!(matches!(
        check(&[&home, &[square(0, 100, 100)]]),
        Err(CheckShapeError::SharedEdge(_))
    ));
    assert!(matches!(
        check(&[&home, &[square(20, 100, 30)]]),
        Err(CheckShapeError::SharedEdge(_))
    ));
    assert!(matches!(
        check(&[&home, &[square(50, 50, 100)]]),
        Err(CheckShapeError::Crossing(_))
    ));
    assert!(matches!(
        check(&[&home, &[square(20, 20, 30)]]),
        Err(CheckShapeError::Overlap(_))
    ));
    assert!(matches!(
        check(&[&[square(20, 20, 30)], &home]),
        Err(CheckShapeError::Overlap(_))
    ));
    let diamond = vec![(0, 50), (50, 100), (100, 50), (50, 0)];
    assert!(matches!(
        check(&[&home, &[diamond]]),
        Err(CheckShapeError::Overlap(_))
    ));
    assert_eq!(check(&[&home, &[square(100, 100, 100)]]), Ok(()));
    assert_eq!(check(&[&home, &[square(300, 300, 10)]]), Ok(()));
}

#[test]
fn holes_lie_inside_and_islands_may_lie_in_them() {
    let (outer, hole) = (square(0, 0, 100), square(20, 20, 50));
    assert_eq!(check(&[&[outer.clone(), hole.clone()]]), Ok(()));
    assert_eq!(
        check(&[&[outer.clone(), hole.clone()], &[square(30, 30, 10)]]),
        Ok(())
    );
    let touching = vec![(0, 50), (40, 60), (40, 40)];
    assert_eq!(check(&[&[outer.clone(), touching]]), Ok(()));
    let refused = |rings: &[Ring]| matches!(check(&[rings]), Err(CheckShapeError::Hole(_)));
    assert!(refused(&[outer.clone(), square(200, 200, 10)]));
    assert!(refused(&[outer.clone(), hole, square(30, 30, 10)]));
    assert!(matches!(
        check(&[&[outer, square(0, 20, 50)]]),
        Err(CheckShapeError::SharedEdge(_))
    ));
}

#[test]
fn a_place_on_the_edge_of_a_hole_is_inside_and_one_in_the_hole_is_not() {
    let shape = shape(&[square(0, 0, 1000), square(200, 200, 500)]);
    let side = |lat, lon| shape.side(Coord::new(lat, lon).unwrap());
    assert_eq!(side(200, 300), Side::Edge);
    assert_eq!(side(300, 300), Side::Outside);
    assert_eq!(side(100, 300), Side::Inside);
    assert_eq!(side(0, 0), Side::Edge);
    assert_eq!(side(1000, 1000), Side::Edge);
    assert_eq!(side(1001, 1000), Side::Outside);
}

#[test]
fn depth_is_half_the_width_of_a_strip() {
    // 0.01 degree tall, 1 degree wide: 554 m deep along its whole middle.
    let strip = shape(&[vec![
        (276_000_000, 1_110_000_000),
        (276_000_000, 1_120_000_000),
        (276_100_000, 1_120_000_000),
        (276_100_000, 1_110_000_000),
    ]]);
    let half = Scale::at(Coord::new(276_050_000, 1_115_000_000).unwrap()).lat_mm / 200;
    let depth = depth_mm(&strip, 2_500_000);
    assert!(
        depth <= half && depth > half * 995 / 1000,
        "{depth} of {half}"
    );
    assert!(depth_mm(&strip, 100_000) > 100_000);
}
