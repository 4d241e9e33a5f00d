//! Places and fixes judged a second, beside `geo` on the same polygons and places in the same run.

use super::dice::Dice;
use super::figure::Figure;
use super::terrain::{counties, fences_of, float, floats, span_of, strewn, vertices, walk};
use super::{MeasureError, peer, timing};
use geo::{BoundingRect as _, Contains as _, MultiPolygon};
use jiaolian_schema::fence::{Fence, Fences};
use jiaolian_schema::fix::{Coord, Fix, Grade};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::watch::{Step, WatchState};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use std::time::Duration;

const SECTION: &str = "watch";
/// Small fences beside the one county.
const STREWN: usize = 10_000;
const STREWN_QUICK: usize = 300;

/// How much is measured.
struct Effort {
    least: Duration,
    places: usize,
    strewn: usize,
}

pub(super) fn measure(quick: bool) -> Result<Vec<Figure>, MeasureError> {
    let effort = if quick {
        Effort {
            least: Duration::from_millis(5),
            places: 2_000,
            strewn: STREWN_QUICK,
        }
    } else {
        Effort {
            least: Duration::from_millis(1_500),
            places: 200_000,
            strewn: STREWN,
        }
    };
    let counties = counties()?;
    let mut figures = verdict(&counties, &effort)?;
    let strewn = strewn(&counties, effort.strewn);
    figures.extend(containment(&counties, &strewn, &effort)?);
    figures.push(step_strewn(&counties, strewn, &effort)?);
    Ok(figures)
}

/// `geo` and the box that it is asked behind.
struct Floats {
    area: MultiPolygon<f64>,
    bounds: geo::Rect<f64>,
}

impl Floats {
    fn of(shape: &Shape) -> Self {
        let area = floats(shape);
        let bounds = area.bounding_rect().expect("a shape has points");
        Self { area, bounds }
    }

    fn holds(&self, at: geo::Coord<f64>) -> bool {
        let (min, max) = (self.bounds.min(), self.bounds.max());
        let in_box = min.x <= at.x && at.x <= max.x && min.y <= at.y && at.y <= max.y;
        in_box && self.area.contains(&at)
    }
}

fn places(shapes: &[Shape], count: usize) -> Vec<Coord> {
    let (span, mut dice) = (span_of(shapes), Dice::new(5));
    (0..count).map(|_| span.place(&mut dice)).collect()
}

/// One verdict on the largest real county.
fn verdict(counties: &[Shape], effort: &Effort) -> Result<Vec<Figure>, MeasureError> {
    let county = &counties[0];
    let fence = fences_of(counties, 1).remove(0);
    let places = places(&counties[..1], effort.places);
    let peer = Floats::of(county);
    let there: Vec<_> = places.iter().map(|at| float(*at)).collect();
    same_containments(
        places.iter().filter(|at| county.holds(**at)).count(),
        there.iter().filter(|at| peer.holds(**at)).count(),
    )?;
    let judge = |at: &Coord| fence.verdict(*at, 15_000, Grade::Fine).is_candidate();
    let verdicts = timing::rate(effort.least, || {
        std::hint::black_box(places.iter().filter(|at| judge(at)).count());
        places.len()
    });
    let contained = timing::rate(effort.least, || {
        std::hint::black_box(places.iter().filter(|at| county.holds(**at)).count());
        places.len()
    });
    let floats = timing::rate(effort.least, || {
        let some = &there[..there.len().min(20_000)];
        std::hint::black_box(some.iter().filter(|at| peer.holds(**at)).count());
        some.len()
    });
    let n = vertices(county) as u64;
    let tg = peer::TG_CONTAINMENT;
    let verdict = || {
        Figure::timed(
            SECTION,
            "verdict, one county (n vertices)",
            n,
            (verdicts, "/s"),
        )
    };
    let bare = Figure::timed(
        SECTION,
        "containment, one county (n vertices)",
        n,
        (contained, "/s"),
    );
    Ok(vec![
        verdict()
            .against("geo 0.33 containment alone, this run", floats)
            .more()
            .goal(1.0),
        verdict().against(tg.name, tg.figure).more().goal(1.0),
        bare.against(tg.name, tg.figure).more(),
    ])
}

/// Every fix must be used, or the steps are not what they are called.
fn step_rate(fences: &Fences, fixes: &[Fix], effort: &Effort) -> Result<f64, MeasureError> {
    let mut unused = 0;
    let rate = timing::rate(effort.least, || {
        let mut state = WatchState::default();
        for fix in fixes {
            let step = state.step(fix, fences, &[]);
            unused += usize::from(!matches!(std::hint::black_box(step), Step::Used(_)));
        }
        fixes.len()
    });
    if unused > 0 {
        return Err(MeasureError::Wrong(format!(
            "{unused} fixes of a walk were not used"
        )));
    }
    Ok(rate)
}

/// Which of ten thousand fences hold a place.
fn containment(
    counties: &[Shape],
    fences: &[Fence],
    effort: &Effort,
) -> Result<Vec<Figure>, MeasureError> {
    let places = places(counties, effort.places);
    let there: Vec<_> = places.iter().map(|at| float(*at)).collect();
    let peers: Vec<Floats> = fences
        .iter()
        .map(|fence| Floats::of(fence.shape()))
        .collect();
    let boxes = peers.iter().enumerate().map(|(at, peer)| {
        let (min, max) = (peer.bounds.min(), peer.bounds.max());
        GeomWithData::new(Rectangle::from_corners([min.x, min.y], [max.x, max.y]), at)
    });
    let tree = RTree::bulk_load(boxes.collect());
    let set: Fences = fences.to_vec().into();
    let held_here = |at: &Coord| set.holding(*at).count();
    let held_there = |at: &geo::Coord<f64>| {
        let found = tree.locate_in_envelope_intersecting(AABB::from_point([at.x, at.y]));
        found
            .filter(|entry| peers[entry.data].area.contains(at))
            .count()
    };
    let some = places.len().min(20_000);
    same_containments(
        places[..some].iter().map(held_here).sum(),
        there[..some].iter().map(held_there).sum(),
    )?;
    let here = timing::rate(effort.least, || {
        std::hint::black_box(places[..some].iter().map(held_here).sum::<usize>());
        some
    });
    let floats = timing::rate(effort.least, || {
        std::hint::black_box(there[..some].iter().map(held_there).sum::<usize>());
        some
    });
    let n = fences.len() as u64;
    let figure = || Figure::timed(SECTION, "containment (n fences)", n, (here, "points/s")).more();
    let (single, grouped, postgis) = (peer::GEOS_SINGLE, peer::GEOS_GROUPED, peer::POSTGIS_SINGLE);
    Ok(vec![
        figure().against("rstar + geo, this run", floats).goal(1.0),
        figure()
            .against(peer::LIMIT_STEPS.name, peer::LIMIT_STEPS.figure)
            .goal(1.0),
        figure().against(single.name, single.figure),
        figure().against(grouped.name, grouped.figure),
        figure().against(postgis.name, postgis.figure),
    ])
}

/// Steps of one person who walks over all counties under ten thousand fences.
fn step_strewn(
    counties: &[Shape],
    fences: Vec<Fence>,
    effort: &Effort,
) -> Result<Figure, MeasureError> {
    let n = fences.len() as u64;
    let fixes = walk("a", span_of(counties), effort.places.min(50_000), 3);
    let steps = step_rate(&fences.into(), &fixes, effort)?;
    let tile38 = peer::TILE38_FENCES;
    Ok(
        Figure::timed(SECTION, "watch steps (n fences)", n, (steps, "fixes/s"))
            .against(tile38.name, tile38.figure)
            .more(),
    )
}

fn same_containments(here: usize, there: usize) -> Result<(), MeasureError> {
    if here == there && here > 0 {
        return Ok(());
    }
    Err(MeasureError::Wrong(format!(
        "the same containments: {here} by whole numbers, {there} by geo"
    )))
}
