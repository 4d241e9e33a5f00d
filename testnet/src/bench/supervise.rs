//! Fixes judged a second and core while ten thousand people are under watch, each fix of another person
//! than the one before, so that nobody's state is at hand; beside GEOS and `geo` in the same run.

use super::dice::Dice;
use super::figure::Figure;
use super::rival::{geos, told};
use super::terrain::{Span, counties, fences_of, float, floats, jagged, span_of, walk};
use super::{Args, MeasureError, Part, hour, peer, timing, track};
use geo::{BoundingRect as _, Contains as _, MultiPolygon};
use jiaolian_schema::fence::{Fence, Fences};
use jiaolian_schema::fix::{Coord, Fix, Grade};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::watch::{Step, WatchState};
use std::time::Duration;

const SECTION: &str = "supervise";
/// People under watch.
const PEOPLE: usize = 10_000;
const PEOPLE_QUICK: usize = 200;
/// Fixes of each in one go.
const FIXES_EACH: usize = 12;
/// Fences of a person.
const FENCES: [usize; 3] = [1, 10, 100];
/// Vertices of a jagged fence.
const JAGGED: usize = 5_000;
/// Nearer than buffer and accuracy, degrees: 115 m.
const NEAR_DEGREES: f64 = 0.001_04;
/// Places that a verdict alone is asked for.
const PLACES: usize = 200_000;
const PLACES_QUICK: usize = 2_000;

/// How much is measured.
struct Effort {
    least: Duration,
    people: usize,
    places: usize,
}

pub(super) fn measure(args: &Args, notes: &mut Vec<String>) -> Result<Vec<Figure>, MeasureError> {
    let mut figures = Vec::new();
    if args.wants(Part::Judged) {
        figures.extend(all_judged(args.quick, notes)?);
    }
    if args.wants(Part::Track) {
        figures.extend(track::measure(args.quick, args.tracks.as_deref())?);
    }
    if args.wants(Part::Hour) {
        figures.extend(hour::measure(args.quick, args.people)?);
    }
    Ok(figures)
}

fn all_judged(quick: bool, notes: &mut Vec<String>) -> Result<Vec<Figure>, MeasureError> {
    let effort = if quick {
        Effort {
            least: Duration::from_millis(5),
            people: PEOPLE_QUICK,
            places: PLACES_QUICK,
        }
    } else {
        Effort {
            least: Duration::from_millis(1_500),
            people: PEOPLE,
            places: PLACES,
        }
    };
    let counties = counties()?;
    let ground = span_of(&counties[..1]);
    let jagged: Vec<Shape> = jagged(&counties, FENCES[2], JAGGED)?;
    let mut figures = Vec::new();
    for (name, shapes) in [
        ("real counties", &counties),
        ("5,000 jagged vertices", &jagged),
    ] {
        for count in FENCES {
            figures.extend(judged(name, (shapes, count), ground, &effort, notes)?);
        }
    }
    figures.extend(verdict(&jagged[0], &effort, notes)?);
    Ok(figures)
}

/// Everybody's next fix, then everybody's one after it, and so on.
fn fixes(ground: Span, people: usize) -> Vec<Fix> {
    let walks: Vec<Vec<Fix>> = (0..people)
        .map(|number| walk(&format!("{number:032x}"), ground, FIXES_EACH, number as u64))
        .collect();
    let at = |at: usize| {
        walks
            .iter()
            .map(move |walk| walk[at].clone())
            .collect::<Vec<_>>()
    };
    (0..FIXES_EACH).flat_map(at).collect()
}

fn judged(
    name: &str,
    (shapes, count): (&[Shape], usize),
    ground: Span,
    effort: &Effort,
    notes: &mut Vec<String>,
) -> Result<Vec<Figure>, MeasureError> {
    let fences = fences_of(shapes, count);
    let areas: Vec<MultiPolygon<f64>> = fences.iter().map(|fence| floats(fence.shape())).collect();
    let fixes = fixes(ground, effort.people);
    let rate = step_rate(&fences.into(), &fixes, effort)?;
    let there: Vec<_> = fixes.iter().map(|fix| float(fix.point.at)).collect();
    let what = format!("fixes judged, {} people, {name} (n fences)", effort.people);
    let figure = || Figure::timed(SECTION, what.clone(), count as u64, (rate, "fixes/s")).more();
    let limit = figure().against(peer::LIMIT_STEPS.name, peer::LIMIT_STEPS.figure);
    let mut figures = vec![
        if count <= 10 { limit.goal(1.0) } else { limit },
        figure().against(
            "geo containment alone, this run",
            contained(&areas, &there, effort),
        ),
    ];
    if count == 1 {
        let tg = peer::TG_CONTAINMENT;
        figures.push(figure().against(tg.name, tg.figure));
    }
    let some = &there[..there.len().min(5_000)];
    let rival = told(geos(&areas, some, NEAR_DEGREES, effort.least), notes);
    if let Some((inside, near)) = rival {
        let both = 1.0 / (1.0 / inside + 1.0 / near);
        figures.push(figure().against("GEOS containment and distance, prepared, this run", both));
    }
    Ok(figures)
}

/// Every fix must be used, or the steps are not what they are called.
fn step_rate(fences: &Fences, fixes: &[Fix], effort: &Effort) -> Result<f64, MeasureError> {
    let mut unused = 0;
    let rate = timing::rate(effort.least, || {
        let mut states = vec![WatchState::default(); effort.people];
        for everybody in fixes.chunks(effort.people) {
            for (state, fix) in states.iter_mut().zip(everybody) {
                let step = state.step(fix, fences, &[]);
                unused += usize::from(!matches!(std::hint::black_box(step), Step::Used(_)));
            }
        }
        fixes.len()
    });
    if unused > 0 {
        let text = format!("{unused} fixes of walks were not used");
        return Err(MeasureError::Wrong(text));
    }
    Ok(rate)
}

/// Places a second that `geo` tells to be in every one of some areas, each behind its box.
fn contained(areas: &[MultiPolygon<f64>], places: &[geo::Coord<f64>], effort: &Effort) -> f64 {
    let boxes: Vec<_> = areas
        .iter()
        .map(|area| area.bounding_rect().expect("points"))
        .collect();
    let holds = |at: &geo::Coord<f64>| {
        let held = areas.iter().zip(&boxes).filter(|(area, bounds)| {
            let (min, max) = (bounds.min(), bounds.max());
            let in_box = min.x <= at.x && at.x <= max.x && min.y <= at.y && at.y <= max.y;
            in_box && area.contains(at)
        });
        held.count()
    };
    let some = &places[..places.len().min(1_000)];
    timing::rate(effort.least, || {
        std::hint::black_box(some.iter().map(holds).sum::<usize>());
        some.len()
    })
}

/// A verdict with its distance, on one jagged ring.
fn verdict(
    ring: &Shape,
    effort: &Effort,
    notes: &mut Vec<String>,
) -> Result<Vec<Figure>, MeasureError> {
    let fence: Fence = fences_of(std::slice::from_ref(ring), 1).remove(0);
    let (span, mut dice) = (span_of([ring]), Dice::new(5));
    let places: Vec<Coord> = (0..effort.places).map(|_| span.place(&mut dice)).collect();
    let there: Vec<_> = places.iter().map(|at| float(*at)).collect();
    let areas = [floats(ring)];
    let same = places.iter().zip(&there).take(2_000);
    if let Some((at, _)) = same
        .clone()
        .find(|(a, b)| ring.holds(**a) != areas[0].contains(*b))
    {
        return Err(MeasureError::Wrong(format!(
            "whole numbers and geo differ at {at:?}"
        )));
    }
    let verdicts = timing::rate(effort.least, || {
        let judge = |at: &&Coord| fence.verdict(**at, 15_000, Grade::Fine).is_candidate();
        std::hint::black_box(places.iter().filter(judge).count());
        places.len()
    });
    let what = "verdict with distance, one jagged ring (n vertices)";
    let figure = || Figure::timed(SECTION, what, JAGGED as u64, (verdicts, "/s")).more();
    let tg = peer::TG_CONTAINMENT;
    let mut figures = vec![
        figure().against(tg.name, tg.figure),
        figure().against(
            "geo containment alone, this run",
            contained(&areas, &there, effort),
        ),
    ];
    let some = &there[..there.len().min(20_000)];
    if let Some((inside, near)) = told(geos(&areas, some, NEAR_DEGREES, effort.least), notes) {
        let both = 1.0 / (1.0 / inside + 1.0 / near);
        figures.push(
            figure()
                .against("GEOS containment, prepared, this run", inside)
                .goal(1.0),
        );
        figures.push(figure().against("GEOS containment and distance, prepared, this run", both));
    }
    Ok(figures)
}
