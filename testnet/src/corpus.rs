//! People whose true ways are known, and what their devices report of them: tracks with labels, so
//! that what the watch says can be held against what happened.
//!
//! A seed and a number make a person: a home on real ground, a month of days, a device with stated
//! errors, and the truth of each day. `docs/corpus.md` gives every number. Labels are never written
//! by hand: they are read off the true way (`label`), so that a plan that fails makes another
//! label and no wrong one.

mod chance;
mod device;
mod gateway;
mod label;
mod land;
mod life;
mod movement;
mod noise;
mod path;
mod plan;
mod receiver;
mod write;

use chance::Chance;
use gateway::Gateway;
use jiaolian_schema::fence::Fence;
use jiaolian_schema::fix::{Coord, DAY_MS, Point, SHANGHAI_AHEAD_MS};
use jiaolian_schema::permit::Permit;
use jiaolian_schema::signal::Signs;

pub use land::{Land, ReadLandError};
pub use movement::{Movement, ReadTracksError};
pub use noise::Noise;
pub use write::{CorpusCommand, command};

/// First instant of every corpus: Monday 2 March 2026, 00:00 in Shanghai, ms UTC.
pub const CORPUS_START_MS: i64 = 1_772_409_600_000 - 8 * 3_600_000;
/// Fence of the county that a person stays in.
pub const HOME_FENCE: &str = "home";
/// Fence of the place that a person stays out of.
pub const ORDER_FENCE: &str = "order";
/// Fence around the home at night.
pub const CURFEW_FENCE: &str = "curfew";

/// What kind of life a person leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cohort {
    /// Lives and works well inside the county.
    Settled,
    /// Lives 20 to 150 m from the county line.
    Dweller,
    /// Takes a bus that runs along the line, inside of it.
    Along,
    /// Takes a bus that crosses the line for less than three minutes.
    Across,
    /// Leaves the county now and then, on foot or by car.
    Fugitive,
    /// Travels with leave, in a corridor; seldom strays from it or comes back late.
    Traveller,
    /// Passes a forbidden place by bus; seldom enters it.
    Ordered,
    /// Has a curfew; seldom breaks it.
    Curfewed,
    /// Something is the matter with the device: cut, swapped, jammed, off, empty, blind.
    Troubled,
}

impl Cohort {
    /// Every cohort, with how many of a hundred people are of it.
    pub const ALL: [(Self, usize); 9] = [
        (Self::Settled, 26),
        (Self::Dweller, 18),
        (Self::Along, 8),
        (Self::Across, 8),
        (Self::Fugitive, 14),
        (Self::Traveller, 6),
        (Self::Ordered, 8),
        (Self::Curfewed, 6),
        (Self::Troubled, 6),
    ];

    /// Its name in files and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Dweller => "dweller",
            Self::Along => "along",
            Self::Across => "across",
            Self::Fugitive => "fugitive",
            Self::Traveller => "traveller",
            Self::Ordered => "ordered",
            Self::Curfewed => "curfewed",
            Self::Troubled => "troubled",
        }
    }

    fn of(number: usize) -> Self {
        // A stride that is coprime to 100 mixes the cohorts, so that few people hold some of most.
        let mut at = number * 37 % 100;
        for (cohort, share) in Self::ALL {
            if at < share {
                return cohort;
            }
            at -= share;
        }
        Self::Settled
    }
}

/// What is expected of the watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It must be told.
    Must,
    /// Either answer is right.
    May,
    /// It must not be told: too short for the rules to count.
    MustNot,
}

impl Weight {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::May => "may",
            Self::MustNot => "must_not",
        }
    }
}

/// A stretch of time in which something was the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Kind of alarm in the rules that is about it.
    pub kind: &'static str,
    /// The fence; empty where none is concerned.
    pub fence: &'static str,
    /// First instant, ms UTC.
    pub from: i64,
    /// First instant at which it was over, ms UTC.
    pub to: i64,
    /// What is expected.
    pub weight: Weight,
}

/// One report as the gateway has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Device time, ms UTC.
    pub time: i64,
    /// When it came, ms UTC.
    pub received_at: i64,
    /// Whether it is a report of its moment.
    pub live: bool,
    /// Where; none without a position.
    pub point: Option<Point>,
    /// What the device says of itself.
    pub signs: Signs,
    /// Where it truly was.
    pub truly: Coord,
    /// How long the device had waited since its last report, by the interval then in force, ms.
    pub wait_ms: i64,
}

/// A person with a month of truth and reports.
#[derive(Debug, Clone)]
pub struct Person {
    /// The person's code.
    pub code: String,
    /// What kind of life.
    pub cohort: Cohort,
    /// Six digits of the county that the person stays in.
    pub adcode: String,
    /// Fences, the county's first.
    pub fences: Vec<Fence>,
    /// Leaves.
    pub permits: Vec<Permit>,
    /// What the device reported, in the order of device time.
    pub heard: Vec<Heard>,
    /// Of a swapped band: what the other band reported.
    pub beside: Vec<Heard>,
    /// What was the case, in order of time.
    pub truths: Vec<Truth>,
    /// Days of the corpus.
    pub days: usize,
}

impl Person {
    /// Truths that touch a day, by its number from 0.
    pub fn truths_of(&self, day: usize) -> impl Iterator<Item = &Truth> {
        let (from, to) = day_span(day);
        let touches = move |truth: &&Truth| truth.from < to && from < truth.to;
        self.truths.iter().filter(touches)
    }

    /// Whether nothing but what must not be told was the case on a day.
    pub fn is_compliant(&self, day: usize) -> bool {
        self.truths_of(day)
            .all(|truth| truth.weight == Weight::MustNot)
    }
}

/// First instant of a day of the corpus and of the next one, ms UTC.
pub fn day_span(day: usize) -> (i64, i64) {
    let from = CORPUS_START_MS + day as i64 * DAY_MS;
    (from, from + DAY_MS)
}

/// The day of the corpus on which an instant lies; none before its first.
pub fn day_of(time: i64) -> Option<usize> {
    usize::try_from((time - CORPUS_START_MS).div_euclid(DAY_MS)).ok()
}

/// All that makes people.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// The ground that they live on.
    pub land: Land,
    /// How they move.
    pub movement: Movement,
    /// How their devices err.
    pub noise: Noise,
    /// What makes it another corpus.
    pub seed: u64,
    /// Days of each person.
    pub days: usize,
}

impl Corpus {
    /// The person of that number, the same in every run.
    pub fn person(&self, number: usize) -> Person {
        let mut chance = Chance::new(self.seed, number as u64);
        let cohort = Cohort::of(number);
        let life = life::lead(self, cohort, &mut chance);
        let code = format!("p{number:05}");
        let permits: Vec<Permit> = life
            .permits
            .into_iter()
            .map(|permit| Permit {
                person: code.clone(),
                ..permit
            })
            .collect();
        let mut truths = label::truths(&life.path, &life.fences, &permits);
        let gateway = Gateway::new(&code, &life.fences, &permits, self.noise.still_ms);
        let mut heard = noise::hear(&self.noise, (&life.path, gateway), &mut chance.fork(1));
        let mut beside = Vec::new();
        if let Some(other) = &life.other {
            let gateway = Gateway::new(&code, &[], &[], self.noise.still_ms);
            beside = noise::hear(&self.noise, (other, gateway), &mut chance.fork(2));
        }
        let mut trouble = chance.fork(3);
        device::live(cohort, self.days, &mut heard, &mut truths, &mut trouble);
        if !beside.is_empty() {
            device::swap(
                self.days,
                &mut heard,
                &mut beside,
                &mut truths,
                &mut trouble,
            );
        }
        truths.sort_by_key(|truth| (truth.from, truth.kind));
        Person {
            code,
            cohort,
            adcode: life.adcode,
            fences: life.fences,
            permits,
            heard,
            beside,
            truths,
            days: self.days,
        }
    }
}

/// Minutes after midnight in Shanghai.
fn minute_of_day(time: i64) -> i64 {
    (time + SHANGHAI_AHEAD_MS).rem_euclid(DAY_MS) / 60_000
}

#[cfg(test)]
mod tests;
