//! Rings, parts and their bounds: the plain form of a shape, and its compact bytes.

use minicbor::{Decoder, Encoder, decode, encode};

use super::Coord;

/// A closed ring; the first point is not repeated at the end.
pub(crate) type Ring = Vec<Coord>;
/// An outer ring and its holes.
pub(crate) type Part = Vec<Ring>;

/// The edges of a ring, closing one included.
pub(crate) fn ring_edges(ring: &[Coord]) -> impl Iterator<Item = (Coord, Coord)> {
    let following = ring.iter().cycle().skip(1);
    ring.iter().copied().zip(following.copied())
}

/// The edges of all rings of all parts.
pub(crate) fn edges(parts: &[Part]) -> impl Iterator<Item = (Coord, Coord)> {
    parts.iter().flatten().flat_map(|ring| ring_edges(ring))
}

/// Smallest box of latitude and longitude, edges included, 1e-7 degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) lat_min: i32,
    pub(crate) lat_max: i32,
    pub(crate) lon_min: i32,
    pub(crate) lon_max: i32,
}

impl Bounds {
    /// The box of some places; empty (minimum above maximum) when there are none.
    pub(crate) fn of(places: impl Iterator<Item = Coord>) -> Self {
        let empty = Self {
            lat_min: i32::MAX,
            lat_max: i32::MIN,
            lon_min: i32::MAX,
            lon_max: i32::MIN,
        };
        places.fold(empty, |bounds, place| Self {
            lat_min: bounds.lat_min.min(place.lat()),
            lat_max: bounds.lat_max.max(place.lat()),
            lon_min: bounds.lon_min.min(place.lon()),
            lon_max: bounds.lon_max.max(place.lon()),
        })
    }

    #[inline]
    pub(crate) fn holds(&self, place: Coord) -> bool {
        self.lat_min <= place.lat()
            && place.lat() <= self.lat_max
            && self.lon_min <= place.lon()
            && place.lon() <= self.lon_max
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.lat_min <= other.lat_max
            && other.lat_min <= self.lat_max
            && self.lon_min <= other.lon_max
            && other.lon_min <= self.lon_max
    }
}

/// Writes parts as arrays of rings, a ring as one flat array: first latitude and longitude, then
/// differences.
pub(crate) fn encode_parts<W: encode::Write>(
    parts: &[Part],
    e: &mut Encoder<W>,
) -> Result<(), encode::Error<W::Error>> {
    e.array(parts.len() as u64)?;
    for part in parts {
        e.array(part.len() as u64)?;
        for ring in part {
            e.array(2 * ring.len() as u64)?;
            let (mut lat, mut lon) = (0, 0);
            for place in ring {
                e.i64(i64::from(place.lat()) - lat)?
                    .i64(i64::from(place.lon()) - lon)?;
                (lat, lon) = (i64::from(place.lat()), i64::from(place.lon()));
            }
        }
    }
    Ok(())
}

/// Reads what [`encode_parts`] wrote; at most `points_max` points in all.
pub(crate) fn decode_parts(
    d: &mut Decoder<'_>,
    points_max: usize,
) -> Result<Vec<Part>, decode::Error> {
    let mut left = points_max;
    let mut parts = Vec::new();
    for _ in 0..length(d)? {
        let mut part = Vec::new();
        for _ in 0..length(d)? {
            part.push(decode_ring(d, &mut left)?);
        }
        left = left.checked_sub(1).ok_or_else(too_many)?;
        parts.push(part);
    }
    Ok(parts)
}

fn decode_ring(d: &mut Decoder<'_>, left: &mut usize) -> Result<Ring, decode::Error> {
    let numbers = length(d)?;
    if numbers % 2 != 0 {
        return Err(decode::Error::message("a ring holds pairs of numbers"));
    }
    let count = usize::try_from(numbers / 2).map_err(|_| too_many())?;
    *left = left.checked_sub(count.max(1)).ok_or_else(too_many)?;
    let (mut lat, mut lon) = (0_i64, 0_i64);
    let mut ring = Vec::with_capacity(count);
    for _ in 0..count {
        lat = lat.checked_add(d.i64()?).ok_or_else(too_many)?;
        lon = lon.checked_add(d.i64()?).ok_or_else(too_many)?;
        ring.push(Coord::from_wide(lat, lon).map_err(decode::Error::custom)?);
    }
    Ok(ring)
}

fn length(d: &mut Decoder<'_>) -> Result<u64, decode::Error> {
    d.array()?
        .ok_or_else(|| decode::Error::message("an array names its length"))
}

fn too_many() -> decode::Error {
    decode::Error::message("a shape holds a bounded number of points")
}
