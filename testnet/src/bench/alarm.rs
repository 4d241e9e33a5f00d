//! What the watch says, held against what happened: recall, precision and delay of each kind of
//! alarm over the labelled corpus, and what operators get for nothing.

mod judge;
mod score;

use super::figure::Figure;
use super::{Args, MeasureError};
use crate::corpus::{Cohort, Corpus, Land, Movement, Noise};
use jiaolian_schema::fence::{Fence, Fences};
use jiaolian_schema::rule::RulePack;
use score::Score;
use std::sync::Arc;

const SECTION: &str = "alarms";
const SEED: u64 = 20_260_302;
/// Share of true cases that must be told.
const RECALL_MIN: f64 = 0.99;
/// Operator alarms that a month of a compliant person may cost.
const NEEDLESS_MAX: f64 = 1.0;
/// Alarms of a tracked person and day in programmes of the United States, a month of them
/// (`openparliament.ca`).
const FIELD_A_MONTH: f64 = 1.25 * 30.0;
/// Kinds that fences decide, and the time that each dwells, s.
const DWELLS: [(&str, f64); 4] = [
    ("GEO_OUT", 180.0),
    ("LEAVE_DEV", 180.0),
    ("NIGHT_OUT", 180.0),
    ("GEO_IN", 60.0),
];

/// How many people, and how long.
#[derive(Debug, Clone, Copy)]
struct Size {
    people: usize,
    days: usize,
}

pub(super) fn measure(args: &Args) -> Result<Vec<Figure>, MeasureError> {
    let (main, side) = if args.quick {
        (
            Size {
                people: 100,
                days: 4,
            },
            Size {
                people: 30,
                days: 4,
            },
        )
    } else {
        (
            Size {
                people: 600,
                days: 30,
            },
            Size {
                people: 200,
                days: 30,
            },
        )
    };
    let stated = corpus(args, Noise::STATED, main.days)?;
    let scored = judge_all(&stated, main, None);
    let mut figures = told(&scored, &stated);
    figures.extend(cost(&scored));
    let stated_noise = Noise::STATED;
    let sides = [
        (
            "accuracy never said",
            Noise {
                mute: 1.0,
                ..stated_noise
            },
        ),
        ("accuracy half believed", stated_noise.overconfident()),
        ("60 s at rest", stated_noise.reporting(60_000, 60_000)),
        ("30 s, 60 s at rest", stated_noise.reporting(30_000, 60_000)),
    ];
    let plain = judge_all(&stated, side, None);
    for (what, noise) in sides {
        let other = judge_all(&corpus(args, noise, side.days)?, side, None);
        figures.extend(beside(what, &other, &plain));
    }
    if let Some(path) = &args.boundaries {
        let land = Land::read(path).map_err(|error| MeasureError::Wrong(error.to_string()))?;
        let other = judge_all(&stated, side, Some(&land));
        figures.extend(beside("other boundaries", &other, &plain));
    }
    Ok(figures)
}

/// What was left out, and which true cases nothing judges yet.
pub(super) fn notes(args: &Args) -> Vec<String> {
    let mut notes = Vec::new();
    if args.boundaries.is_none() {
        notes.push("the second set of boundaries is not judged: no --boundaries FILE".to_owned());
    }
    if args.tracks.is_none() {
        notes.push("people move by made-up trips: no --tracks FILE".to_owned());
    }
    notes
}

fn corpus(args: &Args, noise: Noise, days: usize) -> Result<Corpus, MeasureError> {
    let wrong = |error: String| MeasureError::Wrong(error);
    let movement = match &args.tracks {
        Some(path) => Movement::read(path).map_err(|error| wrong(error.to_string()))?,
        None => Movement::synthetic(),
    };
    Ok(Corpus {
        land: Land::demo().map_err(|error| wrong(error.to_string()))?,
        movement,
        noise,
        seed: SEED,
        days,
    })
}

/// Judges everybody; by the fences of another land where one is given.
fn judge_all(corpus: &Corpus, size: Size, other: Option<&Land>) -> Score {
    let (mut score, rules) = (Score::default(), RulePack::builtin());
    for number in 0..size.people {
        let person = corpus.person(number);
        let home = match other {
            None => Some(&person.fences[0]),
            Some(land) => land.fence(&person.adcode),
        };
        let Some(home) = home else {
            continue;
        };
        let rest = person.fences[1..].iter().cloned();
        let fences: Vec<Fence> = std::iter::once(home.clone()).chain(rest).collect();
        let fences = Fences::new(fences.into_iter().map(Arc::new));
        score.add(
            &person,
            &judge::told(&person, &fences, corpus.noise.still_ms, &rules),
        );
    }
    score
}

/// Recall, precision and delay of each kind.
fn told(score: &Score, corpus: &Corpus) -> Vec<Figure> {
    let mut figures = Vec::new();
    let report_s = corpus.noise.moving_ms as f64 / 1_000.0;
    for (kind, dwell_s) in DWELLS {
        let Some(of) = score.kinds.get(kind).filter(|of| of.must > 0) else {
            continue;
        };
        let must = of.must as u64;
        let recall = (of.found as f64 / of.must as f64, "of 1");
        let counted =
            |what: &str, figure| Figure::counted(SECTION, format!("{kind} {what}"), must, figure);
        figures.push(
            counted("recall (n must)", recall)
                .against("wanted", RECALL_MIN)
                .more()
                .goal(1.0),
        );
        for (what, part, goal) in [("p50", 0.5, None), ("p99", 0.99, Some(1.0))] {
            let delay = (score::percentile(&of.delays_ms, part) / 1_000.0, "s");
            let figure = counted(&format!("delay {what}, live"), delay)
                .against("dwell + one report", dwell_s + report_s);
            figures.push(match goal {
                Some(goal) => figure.goal(goal),
                None => figure,
            });
        }
    }
    let judged = |kind: &str| DWELLS.iter().any(|(known, _)| *known == kind);
    for (kind, of) in score.kinds.iter().filter(|(kind, _)| !judged(kind)) {
        let recall = (of.found as f64 / of.must.max(1) as f64, "of 1");
        let what = format!("{kind} recall (n must)");
        let figure = Figure::counted(SECTION, what, of.must as u64, recall);
        figures.push(figure.against("wanted", RECALL_MIN).more());
    }
    for (about, of) in &score.sides {
        let raised = of.right + of.needless;
        if raised == 0 {
            continue;
        }
        let precision = (of.right as f64 / raised as f64, "of 1");
        let what = format!("precision, {about} (n incidents)");
        let figure = Figure::counted(SECTION, what, raised as u64, precision);
        figures.push(figure.against("none needless", 1.0).more());
    }
    if score.brief > 0 {
        let share = (score.brief_told as f64 / score.brief as f64, "of 1");
        let what = "crossings under 3 min that were told (n)";
        let figure = Figure::counted(SECTION, what, score.brief as u64, share);
        figures.push(figure.against("limit: 1 in 100", 0.01));
    }
    figures
}

/// What compliant people cost.
fn cost(score: &Score) -> Vec<Figure> {
    let all = score.compliant.values();
    let (alarms, days) = all.fold((0, 0), |(a, d), (alarms, days)| (a + alarms, d + days));
    let rate = |alarms: usize, days: usize| (alarms as f64 * 30.0 / days.max(1) as f64, "a month");
    let figure = |what: String, days: usize, alarms: usize| {
        Figure::counted(SECTION, what, days as u64, rate(alarms, days))
    };
    let whole = || {
        figure(
            "operator alarms, compliant (n days)".to_owned(),
            days,
            alarms,
        )
    };
    let mut figures = vec![
        whole().against("limit", NEEDLESS_MAX).goal(1.0),
        whole().against("programmes in the field", FIELD_A_MONTH),
    ];
    for (cohort, _) in Cohort::ALL {
        if let Some((alarms, days)) = score.compliant.get(&cohort) {
            let what = format!("of these {} (n days)", cohort.name());
            figures.push(figure(what, *days, *alarms).against("limit", NEEDLESS_MAX));
        }
    }
    figures
}

/// A figure's name, its unit, and how a score gives it.
type Told = (&'static str, &'static str, fn(&Score) -> Option<f64>);

/// The same people under another condition.
fn beside(what: &str, other: &Score, plain: &Score) -> Vec<Figure> {
    let mut figures = Vec::new();
    let values: [Told; 6] = [
        ("recall GEO_OUT", "of 1", |score| score.recall("GEO_OUT")),
        ("precision home", "of 1", |score| {
            score.precision("fence home")
        }),
        ("operator alarms", "a month", Score::needless_a_month),
        ("delay p99 GEO_OUT", "s", |score| {
            score.delay_s("GEO_OUT", 0.99)
        }),
        ("delay p99 NIGHT_OUT", "s", |score| {
            score.delay_s("NIGHT_OUT", 0.99)
        }),
        ("delay p99 GEO_IN", "s", |score| {
            score.delay_s("GEO_IN", 0.99)
        }),
    ];
    for (name, unit, value) in values {
        if let (Some(here), Some(there)) = (value(other), value(plain))
            && there > 0.0
        {
            let what = format!("{what}: {name}");
            let size = other.days as u64;
            let figure = Figure::counted(SECTION, what, size, (here, unit));
            figures.push(figure.against("as stated, same people", there));
        }
    }
    figures
}
