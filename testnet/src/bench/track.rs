//! Bytes of a stored position once its day is packed and sealed, row key included, on a real disk.
//!
//! The way is made up, as a band reports one: two thirds of the time at a place with an error that
//! drifts, else on foot or on a bus, places in millionths of a degree as JT/T 808 tells them, an accuracy
//! that changes every half minute, received within a second. A file of real tracks may be given.

use super::MeasureError;
use super::dice::Dice;
use super::figure::Figure;
use super::ingest::Township;
use super::key::code;
use super::timing;
use super::world::{DAY_MS, START_MS};
use jiaolian_schema::fix::{Coord, Fix, Point, Source, read_instant};
use jiaolian_schema::geo::decimal_to_integer;
use jiaolian_sync::Table;
use std::collections::BTreeMap;
use std::path::Path;

const SECTION: &str = "supervise";
/// Bytes that a position may take.
const LIMIT_BYTES: f64 = 2.5;
/// Time between two positions, how it is called, and whether the limit holds for it.
const STEPS: [(i64, &str, bool); 3] = [
    (1_000, "one a second", true),
    (5_000, "one in 5 s", true),
    (60_000, "one a minute", false),
];
/// Positions in a commit.
const BATCH: usize = 500;
/// Units of latitude in a metre, about.
const UNITS_PER_METRE: f64 = 90.0;
/// Units in a millionth of a degree.
const MILLIONTH: i32 = 10;

pub(super) fn measure(quick: bool, file: Option<&Path>) -> Result<Vec<Figure>, MeasureError> {
    let mut figures = Vec::new();
    let day = if quick { 3_600_000 } else { DAY_MS };
    for (step_ms, name, has_goal) in STEPS {
        let count = (day / step_ms) as usize;
        let ways = BTreeMap::from([(0, wander(step_ms, count))]);
        let what = format!("track, made up, {name}: bytes a position (n)");
        figures.extend(packed(&what, &ways, has_goal)?);
    }
    if let Some(file) = file {
        let what = "track, the file's: bytes a position (n)";
        figures.extend(packed(what, &read(file)?, true)?);
    }
    Ok(figures)
}

/// Stores the ways of some people, lets days pass, and weighs what lies there then.
fn packed(
    what: &str,
    ways: &BTreeMap<u64, Vec<Point>>,
    has_goal: bool,
) -> Result<Vec<Figure>, MeasureError> {
    let mut township = Township::with_cases(ways.len() as u64)?;
    let (mut dice, mut last) = (Dice::new(3), START_MS);
    for (person, way) in ways {
        for points in way.chunks(BATCH) {
            for point in points {
                let fix = Fix {
                    person: code(*person).to_hex(),
                    point: *point,
                };
                let received_at = point.time + 100 + dice.below(900) as i64;
                township.node.replica.report(&fix, received_at, false)?;
                last = last.max(received_at);
            }
            township.node.settle()?;
        }
    }
    let count = township.count(Table::Fix)?;
    let (mut now, mut rounds) = (last + 4 * DAY_MS, 0);
    let (took, done) = timing::time(|| -> Result<(), MeasureError> {
        while township.count(Table::Fix)? > 0 && rounds < 10_000 {
            township.node.replica.tick(now, [7; 32]);
            township.node.settle()?;
            (now, rounds) = (now + 600_000, rounds + 1);
        }
        Ok(())
    });
    done?;
    let bytes = township.sealed_bytes(Table::Track)? as f64 / count as f64;
    let figure = Figure::counted(SECTION, what, count, (bytes, "B")).against("limit", LIMIT_BYTES);
    let micros = timing::micros(took) / count as f64;
    Ok(vec![
        if has_goal { figure.goal(1.0) } else { figure },
        Figure::timed(
            SECTION,
            "packing a position away (n)",
            count,
            (micros, "µs"),
        )
        .against("a millisecond", 1_000.0),
    ])
}

/// A made-up way from the beginning of the bench's time.
fn wander(step_ms: i64, count: usize) -> Vec<Point> {
    let mut dice = Dice::new(29);
    let seconds = step_ms as f64 / 1_000.0;
    let (mut north, mut east) = (0.0_f64, 0.0_f64);
    let (mut speed, mut turn, mut left) = (0.0_f64, 0.0_f64, 0.0_f64);
    let (mut drift_n, mut drift_e) = (0.0_f64, 0.0_f64);
    let mut accuracy_m = 8;
    // A sum of four is near enough to an error of the instrument.
    let mut error = |size: f64| {
        let sum: f64 = (0..4).map(|_| dice.part() - 0.5).sum();
        (sum * size, dice.part())
    };
    let mut points = Vec::with_capacity(count);
    for number in 0..count {
        if left <= 0.0 {
            let (_, kind) = error(0.0);
            let (_, long) = error(0.0);
            speed = [0.0, 0.0, 1.3, 8.0][(kind * 4.0) as usize % 4];
            left = if speed > 2.0 {
                900.0 * long
            } else {
                3_600.0 * long
            };
            turn = std::f64::consts::TAU * error(0.0).1;
        }
        left -= seconds;
        turn += error(0.1).0;
        (north, east) = (
            north + speed * seconds * turn.cos(),
            east + speed * seconds * turn.sin(),
        );
        let keep = 0.98_f64.powf(seconds);
        let fresh = (1.0 - keep * keep).sqrt() * 5.0;
        drift_n = drift_n * keep + error(fresh).0;
        drift_e = drift_e * keep + error(fresh).0;
        let time = START_MS + number as i64 * step_ms;
        if time % 30_000 < step_ms {
            accuracy_m = 5 + (error(0.0).1 * 20.0) as u32;
        }
        let units = |metres: f64| {
            let millionths = (metres * UNITS_PER_METRE / f64::from(MILLIONTH)).round();
            millionths as i32 * MILLIONTH
        };
        let lat = 277_000_000 + units(north + drift_n);
        let lon = 1_114_000_000 + units(east + drift_e);
        let at = Coord::new(lat, lon).expect("a walk stays in its province");
        points.push(Point::new(time, at, Some(accuracy_m * 1_000), Source::Gnss));
    }
    points
}

/// Tracks of a file of lines `person,time,lat,lon`, moved by whole days into the bench's time.
fn read(file: &Path) -> Result<BTreeMap<u64, Vec<Point>>, MeasureError> {
    let wrong = |line: &str| MeasureError::Wrong(format!("no person,time,lat,lon: {line}"));
    let text = std::fs::read_to_string(file)?;
    let (mut names, mut ways) = (Vec::new(), BTreeMap::<u64, Vec<Point>>::new());
    for line in text.lines().skip(1) {
        let [name, time, lat, lon] = line.split(',').collect::<Vec<_>>()[..] else {
            return Err(wrong(line));
        };
        let person = names
            .iter()
            .position(|known| known == name)
            .unwrap_or(names.len());
        if person == names.len() {
            names.push(name.to_owned());
        }
        let degrees = |text| decimal_to_integer(text, 7).ok();
        let at = degrees(lat).zip(degrees(lon));
        let at = at.and_then(|(lat, lon)| Coord::from_wide(lat, lon).ok());
        let time = read_instant(time).map_err(|_| wrong(line))?;
        let at = at.ok_or_else(|| wrong(line))?;
        let way = ways.entry(person as u64).or_default();
        way.push(Point::new(time, at, None, Source::Gnss));
    }
    let first = ways
        .values()
        .flatten()
        .map(|point| point.time)
        .min()
        .unwrap_or(START_MS);
    let days = (START_MS - first).div_euclid(DAY_MS) + 1;
    for point in ways.values_mut().flatten() {
        point.time += days * DAY_MS;
    }
    Ok(ways)
}
