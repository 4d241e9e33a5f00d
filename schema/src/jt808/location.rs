//! The location message (`0x0200`): alarm bits, status bits, where, how high and fast, when.

use super::item::Item;
use super::{Read, ReadFrameError, bcd};
use crate::geo::Coord;

/// Bytes before the items.
const FIXED_BYTES: usize = 28;
const LAT_E6_MAX: u32 = 90_000_000;
const LON_E6_MAX: u32 = 180_000_000;

/// The status bits that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub u32);

impl Status {
    /// Bit 1: whether the place is a position at all.
    pub const fn is_located(self) -> bool {
        self.0 & 1 << 1 != 0
    }

    const fn is_south(self) -> bool {
        self.0 & 1 << 2 != 0
    }

    const fn is_west(self) -> bool {
        self.0 & 1 << 3 != 0
    }
}

/// One location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Alarm bits.
    pub alarm: u32,
    /// Status bits.
    pub status: Status,
    /// Degrees north, millionths, WGS-84.
    pub lat_e6: i32,
    /// Degrees east, millionths.
    pub lon_e6: i32,
    /// Height above the sea, m.
    pub altitude_m: i16,
    /// Speed, tenths of km/h.
    pub speed_dkmh: u16,
    /// Course, degrees from north, clockwise.
    pub bearing_deg: u16,
    /// When, ms UTC.
    pub time: i64,
    /// What else it says.
    pub items: Vec<Item>,
}

impl Location {
    /// Reads the body of a location message.
    pub fn read(body: &[u8]) -> Read<Self> {
        let (fixed, rest) = body
            .split_at_checked(FIXED_BYTES)
            .ok_or(ReadFrameError::Field {
                field: "a location",
                wanted: FIXED_BYTES,
                found: body.len(),
            })?;
        let word = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
        let long = |at: usize| u32::from(word(at)) << 16 | u32::from(word(at + 2));
        let status = Status(long(4));
        Ok(Self {
            alarm: long(0),
            status,
            lat_e6: degrees("latitude", long(8), LAT_E6_MAX, status.is_south())?,
            lon_e6: degrees("longitude", long(12), LON_E6_MAX, status.is_west())?,
            altitude_m: word(16) as i16,
            speed_dkmh: word(18),
            bearing_deg: word(20),
            time: bcd::time(&fixed[22..])?,
            items: Item::read_all(rest)?,
        })
    }

    /// What a location says beside its place where that can't be read: no position, and at 1970
    /// where its time can't be read either.
    pub fn read_unplaced(body: &[u8]) -> Read<Self> {
        let mut rest = body.to_vec();
        if let Some(fixed) = rest.get_mut(..FIXED_BYTES) {
            fixed[7] &= !(1 << 1);
            fixed[8..16].fill(0);
        }
        match Self::read(&rest) {
            Err(ReadFrameError::Time(_) | ReadFrameError::Digit { .. }) => {}
            read => return read,
        }
        rest[22..FIXED_BYTES].copy_from_slice(&bcd::bytes("000101000000", 6));
        Ok(Self {
            time: 0,
            ..Self::read(&rest)?
        })
    }

    /// The body of the message; `time` is `YYMMDDhhmmss` in GMT+8.
    pub fn write(&self, time: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FIXED_BYTES);
        bytes.extend(self.alarm.to_be_bytes());
        bytes.extend(self.status.0.to_be_bytes());
        bytes.extend(self.lat_e6.unsigned_abs().to_be_bytes());
        bytes.extend(self.lon_e6.unsigned_abs().to_be_bytes());
        bytes.extend(self.altitude_m.to_be_bytes());
        bytes.extend(self.speed_dkmh.to_be_bytes());
        bytes.extend(self.bearing_deg.to_be_bytes());
        bytes.extend(bcd::bytes(time, 6));
        bytes.extend(Item::write_all(&self.items));
        bytes
    }

    /// Where, if it is a position.
    pub fn place(&self) -> Option<Coord> {
        let scaled = |e6: i32| i64::from(e6) * 10;
        let place = Coord::from_wide(scaled(self.lat_e6), scaled(self.lon_e6));
        place.ok().filter(|_| self.status.is_located())
    }

    /// How many satellites it was measured with, where it says so.
    pub fn satellites(&self) -> Option<u8> {
        self.items.iter().find_map(Item::satellites)
    }
}

fn degrees(field: &'static str, value: u32, limit: u32, is_negative: bool) -> Read<i32> {
    match i32::try_from(value) {
        Ok(degrees) if value <= limit => Ok(if is_negative { -degrees } else { degrees }),
        _ => Err(ReadFrameError::Range {
            field,
            limit,
            value,
        }),
    }
}
