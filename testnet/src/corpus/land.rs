//! Real ground: the counties of Hunan as areas to stay in, and places at a wanted distance from
//! their lines.

use super::chance::Chance;
use jiaolian_node::view::{County, ReadCountiesError};
use jiaolian_schema::datum::Datum;
use jiaolian_schema::fence::{BUFFER_MM_MAX, Fence, FenceKind, ReadShapeError, read_shape};
use jiaolian_schema::fix::Coord;
use jiaolian_schema::geo::Shape;
use thiserror::Error;

/// Throws for one place before the wish is given up.
const THROWS_MAX: usize = 4_000;

/// Why a file holds no counties.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum ReadLandError {
    #[error(transparent)]
    Disk(#[from] std::io::Error),
    #[error(transparent)]
    Form(#[from] ReadCountiesError),
    #[error("county {0} is an honest area: {1}")]
    Shape(String, ReadShapeError),
    #[error("county {0} is an area: {1}")]
    Fence(String, String),
    #[error("a land has a county, this one has none")]
    Empty,
}

/// A place in degrees, WGS-84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) lat: f64,
    pub(super) lon: f64,
}

impl Place {
    /// Metres in a degree of latitude and of longitude here, on WGS-84.
    fn scale(self) -> (f64, f64) {
        let phi = self.lat.to_radians();
        let north = 111_132.954 - 559.822 * (2.0 * phi).cos() + 1.175 * (4.0 * phi).cos();
        (north, 111_412.84 * phi.cos() - 93.5 * (3.0 * phi).cos())
    }

    pub(super) fn moved(self, (east, north): (f64, f64)) -> Self {
        let (per_lat, per_lon) = self.scale();
        Self {
            lat: self.lat + north / per_lat,
            lon: self.lon + east / per_lon,
        }
    }

    /// Metres east and north to another place.
    pub(super) fn to(self, other: Self) -> (f64, f64) {
        let (per_lat, per_lon) = self.scale();
        (
            (other.lon - self.lon) * per_lon,
            (other.lat - self.lat) * per_lat,
        )
    }

    pub(super) fn metres_to(self, other: Self) -> f64 {
        let (east, north) = self.to(other);
        east.hypot(north)
    }

    /// The place that lies this part of the way to another.
    pub(super) fn between(self, other: Self, part: f64) -> Self {
        Self {
            lat: self.lat + (other.lat - self.lat) * part,
            lon: self.lon + (other.lon - self.lon) * part,
        }
    }

    pub(super) fn coord(self) -> Coord {
        let units = |degrees: f64| (degrees * 1e7).round() as i32;
        Coord::new(units(self.lat), units(self.lon)).expect("ways of people lie in Hunan")
    }

    fn of(at: Coord) -> Self {
        Self {
            lat: f64::from(at.lat()) / 1e7,
            lon: f64::from(at.lon()) / 1e7,
        }
    }
}

/// A county as an area to stay in.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) adcode: String,
    pub(super) fence: Fence,
    /// The longest outer ring, and the box around it.
    ring: Vec<Place>,
    low: Place,
    high: Place,
}

/// Counties.
#[derive(Debug, Clone)]
pub struct Land {
    pub(super) grounds: Vec<Ground>,
}

impl Land {
    /// The counties that come with the program.
    pub fn demo() -> Result<Self, ReadLandError> {
        Self::of(County::demo())
    }

    /// Counties of a GeoJSON file in WGS-84 with the properties `adcode` and `name`.
    pub fn read(path: &std::path::Path) -> Result<Self, ReadLandError> {
        Self::of(County::read(&std::fs::read_to_string(path)?)?)
    }

    fn of(counties: Vec<County>) -> Result<Self, ReadLandError> {
        let mut grounds = Vec::new();
        for county in counties {
            let shape = read_shape(&county.geometry, Datum::Wgs84)
                .map_err(|error| ReadLandError::Shape(county.name.clone(), error))?;
            let ground = Ground::new(&county.adcode, shape)
                .map_err(|error| ReadLandError::Fence(county.name.clone(), error))?;
            grounds.push(ground);
        }
        grounds.sort_by(|a, b| a.adcode.cmp(&b.adcode));
        if grounds.is_empty() {
            return Err(ReadLandError::Empty);
        }
        Ok(Self { grounds })
    }

    /// The fence of a county, if it has one here.
    pub fn fence(&self, adcode: &str) -> Option<&Fence> {
        let ground = self.grounds.iter().find(|ground| ground.adcode == adcode);
        ground.map(|ground| &ground.fence)
    }
}

/// Signed distance of a place to a fence's edge in metres, + outside, cut at 5 km.
pub(super) fn distance_m(fence: &Fence, at: Place) -> f64 {
    fence.distance(at.coord(), BUFFER_MM_MAX).whole_mm() as f64 / 1_000.0
}

impl Ground {
    fn new(adcode: &str, shape: Shape) -> Result<Self, String> {
        let rings = shape.parts().iter().filter_map(|part| part.first());
        let ring = rings
            .max_by_key(|ring| ring.len())
            .ok_or("it has no ring")?;
        let ring: Vec<Place> = ring.iter().map(|at| Place::of(*at)).collect();
        let fold = |pick: fn(f64, f64) -> f64, from: f64| {
            let far = Place {
                lat: from,
                lon: from,
            };
            ring.iter().fold(far, |far, at| Place {
                lat: pick(far.lat, at.lat),
                lon: pick(far.lon, at.lon),
            })
        };
        let (low, high) = (fold(f64::min, f64::MAX), fold(f64::max, f64::MIN));
        let kind = FenceKind::KeepIn;
        let fence = Fence::new(super::HOME_FENCE, kind, shape, kind.buffer_default_mm())
            .map_err(|error| error.to_string())?;
        Ok(Self {
            adcode: adcode.to_owned(),
            fence,
            ring,
            low,
            high,
        })
    }

    /// Metres to the line, + outside, cut at 5 km.
    pub(super) fn depth_m(&self, at: Place) -> f64 {
        distance_m(&self.fence, at)
    }

    /// A place inside, between so many metres from the line; none where the county has none.
    pub(super) fn inside(&self, low_m: f64, high_m: f64, chance: &mut Chance) -> Option<Place> {
        let near = high_m < 2_000.0;
        for _ in 0..THROWS_MAX {
            let at = if near {
                let (corner, next) = self.edge(chance.below(self.ring.len()));
                let reach = chance.within(low_m, high_m * 1.5);
                let offset = chance.anywhere(reach);
                corner.between(next, chance.part()).moved(offset)
            } else {
                Place {
                    lat: chance.within(self.low.lat, self.high.lat),
                    lon: chance.within(self.low.lon, self.high.lon),
                }
            };
            let depth = -self.depth_m(at);
            if (low_m..=high_m).contains(&depth) {
                return Some(at);
            }
        }
        None
    }

    /// The line's edge of that number, from and to.
    pub(super) fn edge(&self, number: usize) -> (Place, Place) {
        let count = self.ring.len();
        (self.ring[number % count], self.ring[(number + 1) % count])
    }

    pub(super) fn edges(&self) -> usize {
        self.ring.len()
    }

    /// Corners of the line by their distance from a place, the nearest first.
    pub(super) fn corners_by(&self, at: Place) -> Vec<usize> {
        let mut corners: Vec<(i64, usize)> = self
            .ring
            .iter()
            .enumerate()
            .map(|(number, corner)| (at.metres_to(*corner) as i64, number))
            .collect();
        corners.sort_unstable();
        corners.into_iter().map(|(_, number)| number).collect()
    }

    /// The direction out of the county across an edge, of length 1; none for an edge of no length
    /// or one whose sides can't be told apart.
    pub(super) fn outward(&self, number: usize) -> Option<(f64, f64)> {
        let (from, to) = self.edge(number);
        let (east, north) = from.to(to);
        let length = east.hypot(north);
        if length < 1.0 {
            return None;
        }
        let middle = from.between(to, 0.5);
        let side = (north / length, -east / length);
        let other = (-side.0, -side.1);
        let is_out =
            |side: (f64, f64)| self.depth_m(middle.moved((side.0 * 30.0, side.1 * 30.0))) > 0.0;
        match (is_out(side), is_out(other)) {
            (true, false) => Some(side),
            (false, true) => Some(other),
            _ => None,
        }
    }
}
