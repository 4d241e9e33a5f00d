//! What the watch says, held against what happened: recall, precision and delay of each kind of
//! alarm over the labelled corpus, and what operators get for nothing.

mod judge;
mod score;
mod table;
mod why;

use super::figure::Figure;
use super::{Args, MeasureError};
use crate::corpus::{Corpus, Land, Movement, Noise, Person};
use jiaolian_schema::fence::{Fence, Fences};
use jiaolian_schema::rule::RulePack;
use score::Score;
use std::sync::Arc;

const SEED: u64 = 20_260_302;
/// Other buffers of the home fence than 100 m; the truth stays that of 100 m.
const BUFFERS: [(&str, u32); 2] = [
    ("home fences with a buffer of 200 m", 200_000),
    ("home fences with a buffer of 300 m", 300_000),
];

/// How many people, and how long.
#[derive(Debug, Clone, Copy)]
struct Size {
    people: usize,
    days: usize,
}

pub(super) fn measure(args: &Args, notes: &mut Vec<String>) -> Result<Vec<Figure>, MeasureError> {
    let (main, side) = sizes(args.quick);
    let deaf = args.deaf.unwrap_or_default();
    if !(0.0..=1.0).contains(&deaf) {
        return Err(MeasureError::Wrong(format!(
            "--deaf is a share of 0 to 1: {deaf}"
        )));
    }
    let noise = Noise::STATED.deaf(deaf);
    let stated = corpus(args, noise, main.days)?;
    let scored = judge_all(&stated, main, &By::Own);
    let mut figures = table::told(&scored, &stated);
    figures.extend(table::cost(&scored));
    notes.extend(left_out(args));
    if args.why {
        notes.extend(table::why(&scored, &stated));
        return Ok(figures);
    }
    let untold = judge_all(&corpus(args, noise.deaf(1.0), main.days)?, main, &By::Own);
    figures.extend(table::beside("nobody told to be quick", &untold, &scored));
    let plain = judge_all(&stated, side, &By::Own);
    for (what, noise) in conditions(noise) {
        let other = judge_all(&corpus(args, noise, side.days)?, side, &By::Own);
        figures.extend(table::beside(what, &other, &plain));
    }
    for (what, buffer_mm) in BUFFERS {
        let other = judge_all(&stated, side, &By::Buffer(buffer_mm));
        figures.extend(table::beside(what, &other, &plain));
    }
    if let Some(path) = &args.boundaries {
        let land = Land::read(path).map_err(|error| MeasureError::Wrong(error.to_string()))?;
        let other = judge_all(&stated, side, &By::Land(land));
        figures.extend(table::beside("other boundaries", &other, &plain));
    }
    Ok(figures)
}

fn sizes(is_quick: bool) -> (Size, Size) {
    let size = |people, days| Size { people, days };
    if is_quick {
        (size(100, 4), size(30, 4))
    } else {
        (size(600, 30), size(200, 30))
    }
}

/// Other devices, other reports.
fn conditions(noise: Noise) -> [(&'static str, Noise); 7] {
    let mute = Noise { mute: 1.0, ..noise };
    [
        ("3 in 10 can't be told", noise.deaf(0.3)),
        ("accuracy never said", mute),
        ("accuracy always said", Noise { mute: 0.0, ..noise }),
        ("accuracy half believed", noise.overconfident()),
        ("60 s at rest", noise.reporting(60_000, 60_000)),
        (
            "60 s at rest, nobody told",
            noise.reporting(60_000, 60_000).deaf(1.0),
        ),
        (
            "30 s, 60 s at rest, nobody told",
            noise.reporting(30_000, 60_000).deaf(1.0),
        ),
    ]
}

/// What was left out.
fn left_out(args: &Args) -> Vec<String> {
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

/// By what home fences people are judged.
enum By {
    /// Their own.
    Own,
    /// Their own with this buffer, mm.
    Buffer(u32),
    /// Those of another land.
    Land(Land),
}

impl By {
    fn home(&self, person: &Person) -> Option<Fence> {
        let own = &person.fences[0];
        match self {
            Self::Own => Some(own.clone()),
            Self::Buffer(buffer_mm) => {
                Fence::new(own.id(), own.kind(), own.shape().clone(), *buffer_mm).ok()
            }
            Self::Land(land) => land.fence(&person.adcode).cloned(),
        }
    }
}

fn judge_all(corpus: &Corpus, size: Size, by: &By) -> Score {
    let (mut score, rules) = (Score::default(), RulePack::builtin());
    for number in 0..size.people {
        let person = corpus.person(number);
        let Some(home) = by.home(&person) else {
            continue;
        };
        let rest = person.fences[1..].iter().cloned();
        let fences: Vec<Fence> = std::iter::once(home).chain(rest).collect();
        let fences = Fences::new(fences.into_iter().map(Arc::new));
        let told = judge::told(&person, &fences, corpus.noise.still_ms, &rules);
        score.add(&person, &fences, &told);
    }
    score
}
