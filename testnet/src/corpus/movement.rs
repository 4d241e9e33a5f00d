//! How people go about: trips as offsets from where they begin, of real tracks where a file is
//! given, of the same statistics where none is.

use super::chance::Chance;
use super::land::Place;
use flate2::read::GzDecoder;
use jiaolian_schema::fix::read_instant;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use thiserror::Error;

/// A longer gap ends a trip, ms.
const GAP_MS: i64 = 5 * 60_000;
/// Time between two places of a trip, ms.
const STEP_MS: i64 = 30_000;
/// Shorter trips are none, ms.
const TRIP_MS_MIN: i64 = 3 * 60_000;
/// Most bytes of a file of tracks, unpacked.
const TRACK_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why a file holds no tracks.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum ReadTracksError {
    #[error(transparent)]
    Disk(#[from] std::io::Error),
    #[error("a file of tracks has at most {TRACK_BYTES_MAX} bytes")]
    TooLong,
    #[error("a line of tracks is user,time_utc,lat,lon, line {0} is not")]
    Line(usize),
    #[error("a file of tracks has a trip of 3 minutes, this one has none")]
    Empty,
}

/// Places of one trip, metres east and north of its beginning, 30 s apart.
pub(super) type Trip = Vec<(f64, f64)>;

/// Where trips come from.
#[derive(Debug, Clone, Default)]
pub struct Movement {
    trips: Vec<Trip>,
}

impl Movement {
    /// Trips made up, with the statistics of the real ones.
    pub fn synthetic() -> Self {
        Self::default()
    }

    /// Trips of a CSV file `user,time_utc,lat,lon`, packed with gzip where its name ends in `.gz`.
    pub fn read(path: &Path) -> Result<Self, ReadTracksError> {
        let file = std::fs::File::open(path)?;
        let mut bytes = Vec::new();
        let most = TRACK_BYTES_MAX as u64 + 1;
        if path.extension().is_some_and(|ending| ending == "gz") {
            GzDecoder::new(file).take(most).read_to_end(&mut bytes)?;
        } else {
            file.take(most).read_to_end(&mut bytes)?;
        }
        if bytes.len() > TRACK_BYTES_MAX {
            return Err(ReadTracksError::TooLong);
        }
        let trips = trips(&String::from_utf8_lossy(&bytes))?;
        if trips.is_empty() {
            return Err(ReadTracksError::Empty);
        }
        Ok(Self { trips })
    }

    /// Whether trips are real ones.
    pub fn is_real(&self) -> bool {
        !self.trips.is_empty()
    }

    /// How many trips it holds.
    pub fn trips(&self) -> usize {
        self.trips.len()
    }

    /// A trip from a place, turned at random.
    pub(super) fn trip(&self, from: Place, chance: &mut Chance) -> Vec<Place> {
        let trip = if self.trips.is_empty() {
            invent(chance)
        } else {
            self.trips[chance.below(self.trips.len())].clone()
        };
        let (sin, cos) = chance.within(0.0, std::f64::consts::TAU).sin_cos();
        let turned =
            |&(east, north): &(f64, f64)| (east * cos - north * sin, east * sin + north * cos);
        trip.iter()
            .map(|offset| from.moved(turned(offset)))
            .collect()
    }

    /// Time between two places of a trip, ms.
    pub(super) const fn step_ms() -> i64 {
        STEP_MS
    }
}

/// Half of the trips take 6 to 21 minutes at 0.7 to 3 m/s, and lead away as far as three quarters
/// of their length, as those of the tracks do.
fn invent(chance: &mut Chance) -> Trip {
    let minutes = (10.0 * (0.85 * chance.normal()).exp()).clamp(3.0, 80.0);
    let speed = (1.6 * (0.95 * chance.normal()).exp()).clamp(0.4, 14.0);
    let mut heading = chance.within(0.0, std::f64::consts::TAU);
    let mut at = (0.0, 0.0);
    let mut trip = vec![at];
    for _ in 0..(minutes * 60_000.0 / STEP_MS as f64) as usize {
        heading += 0.3 * chance.normal();
        let way = speed * chance.within(0.5, 1.5) * STEP_MS as f64 / 1_000.0;
        at = (at.0 + way * heading.cos(), at.1 + way * heading.sin());
        trip.push(at);
    }
    trip
}

fn trips(text: &str) -> Result<Vec<Trip>, ReadTracksError> {
    let mut users: BTreeMap<&str, Vec<(i64, Place)>> = BTreeMap::new();
    for (number, line) in text.lines().enumerate().skip(1) {
        let wrong = ReadTracksError::Line(number + 1);
        let fields: Vec<&str> = line.trim_end().split(',').collect();
        let [user, time, lat, lon] = fields[..] else {
            return Err(wrong);
        };
        let read = (read_instant(time).ok(), lat.parse().ok(), lon.parse().ok());
        let (Some(time), Some(lat), Some(lon)) = read else {
            return Err(wrong);
        };
        users
            .entry(user)
            .or_default()
            .push((time, Place { lat, lon }));
    }
    let mut trips = Vec::new();
    for mut places in users.into_values() {
        places.sort_by_key(|(time, _)| *time);
        let whole = places.chunk_by(|a, b| b.0 - a.0 <= GAP_MS);
        trips.extend(whole.filter_map(thinned));
    }
    Ok(trips)
}

/// One place each half minute, between those that were measured.
fn thinned(places: &[(i64, Place)]) -> Option<Trip> {
    let (first, last) = (places.first()?, places.last()?);
    if last.0 - first.0 < TRIP_MS_MIN {
        return None;
    }
    let mut next = 0;
    let mut trip = Vec::new();
    for time in (first.0..=last.0).step_by(STEP_MS as usize) {
        while next + 1 < places.len() && places[next + 1].0 <= time {
            next += 1;
        }
        let (from, to) = (places[next], places[(next + 1).min(places.len() - 1)]);
        let part = (time - from.0) as f64 / (to.0 - from.0).max(1) as f64;
        trip.push(first.1.to(from.1.between(to.1, part.clamp(0.0, 1.0))));
    }
    Some(trip)
}
