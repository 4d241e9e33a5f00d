//! The bytes of a track: some of a person's positions of one day, column by column, each column
//! compressed by itself. What was stored comes back exactly, but for the time of receipt, of which
//! whole seconds are kept.
//!
//! A column that never changes is one number; any other is its first value, the greatest step that
//! divides all differences, and the packed multiples of that step. The packing is told which way to
//! go wherever its own search would ask a hash table, so that equal columns give equal bytes.

use crate::replica::StoredFix;
use jiaolian_schema::canon;
use jiaolian_schema::fix::{Coord, DAY_MS, Point, SHANGHAI_AHEAD_MS, Source};
use jiaolian_schema::signal::Signs;
use minicbor::data::Type;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use pco::standalone::{simple_compress, simple_decompress};
use pco::{ChunkConfig, DeltaSpec, ModeSpec};

/// Most positions of one row.
pub(crate) const POSITIONS_MAX: usize = 16_384;
/// Most positions that a row is read for: a moment with very many can't be cut in two.
const POSITIONS_READ_MAX: u32 = 1 << 22;
/// How hard packing tries, 0 to 12.
const LEVEL: usize = 8;
/// Columns of a track.
const COLUMNS: usize = 9;

const SOURCE_MASK: i64 = 0b11;
const LIVE: i64 = 0b100;
const JUDGED: i64 = 0b1000;
const SIGNED: i64 = 0b1_0000;

/// First instant of the civil day in Asia/Shanghai that holds `time`, ms UTC.
pub(crate) fn day_start(time: i64) -> i64 {
    let local = time.saturating_add(SHANGHAI_AHEAD_MS);
    let start = local.saturating_sub(local.rem_euclid(DAY_MS));
    start.saturating_sub(SHANGHAI_AHEAD_MS)
}

/// The row of positions of one day, in the order given.
pub(crate) fn pack(day: i64, fixes: &[StoredFix]) -> Vec<u8> {
    let column = |value: &dyn Fn(&StoredFix) -> i64| {
        let values: Vec<i64> = fixes.iter().map(value).collect();
        Column::of(&values)
    };
    let signs = |fix: &StoredFix| fix.signs.map_or((0, 0, 0), Signs::to_parts);
    let columns = vec![
        column(&|fix| fix.point.time.saturating_sub(day)),
        column(&|fix| i64::from(fix.point.at.lat())),
        column(&|fix| i64::from(fix.point.at.lon())),
        column(&|fix| i64::from(fix.point.accuracy_mm)),
        column(&marks),
        column(&|fix| seconds(fix.received_at).saturating_sub(seconds(fix.point.time))),
        column(&|fix| i64::from(signs(fix).0)),
        column(&|fix| i64::from(signs(fix).1)),
        column(&|fix| i64::from(signs(fix).2)),
    ];
    canon::encode(&Form {
        count: fixes.len() as u32,
        columns,
    })
}

/// The positions of a row, in the order in which they were packed; none where it is no such row.
pub(crate) fn unpack(person: &str, day: i64, bytes: &[u8]) -> Option<Vec<StoredFix>> {
    let form: Form = decode(bytes).ok()?;
    if form.count > POSITIONS_READ_MAX || form.columns.len() != COLUMNS {
        return None;
    }
    let count = form.count as usize;
    let columns: Vec<Vec<i64>> = form
        .columns
        .iter()
        .map(|column| column.values(count))
        .collect::<Option<_>>()?;
    let fix = |at: usize| {
        let value = |column: usize| columns[column][at];
        let time = day.saturating_add(value(0));
        let place = Coord::from_wide(value(1), value(2)).ok()?;
        let source = match value(4) & SOURCE_MASK {
            0 => Source::Gnss,
            1 => Source::Wifi,
            2 => Source::Cell,
            _ => return None,
        };
        let parts = (
            u32::try_from(value(6)).ok()?,
            u32::try_from(value(7)).ok()?,
            u8::try_from(value(8)).ok()?,
        );
        Some(StoredFix {
            person: person.to_owned(),
            point: Point {
                time,
                at: place,
                accuracy_mm: u32::try_from(value(3)).ok()?,
                source,
            },
            received_at: seconds(time).saturating_add(value(5)).saturating_mul(1_000),
            live: value(4) & LIVE != 0,
            judged: value(4) & JUDGED != 0,
            signs: match value(4) & SIGNED {
                0 => None,
                _ => Some(Signs::from_parts(parts)?),
            },
        })
    };
    (0..count).map(fix).collect()
}

fn seconds(time: i64) -> i64 {
    time.div_euclid(1_000)
}

fn marks(fix: &StoredFix) -> i64 {
    let flag = |is: bool, bit: i64| if is { bit } else { 0 };
    fix.point.source as i64
        | flag(fix.live, LIVE)
        | flag(fix.judged, JUDGED)
        | flag(fix.signs.is_some(), SIGNED)
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Form {
    #[n(0)]
    count: u32,
    #[n(1)]
    columns: Vec<Column>,
}

/// One column: a number, or `[first, step, packed]`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Constant(i64),
    Packed {
        first: i64,
        step: i64,
        /// Multiples of 32 bits, or of 64 where that does not hold them.
        wide: bool,
        bytes: Vec<u8>,
    },
}

impl Column {
    fn of(values: &[i64]) -> Self {
        let first = values.first().copied().unwrap_or(0);
        let apart = |value: &i64| value.wrapping_sub(first).unsigned_abs();
        let step = match values.iter().map(apart).fold(0, common_step) {
            0 => return Self::Constant(first),
            step => i64::try_from(step).unwrap_or(1),
        };
        let multiples: Vec<i64> = values
            .iter()
            .map(|value| value.wrapping_sub(first) / step)
            .collect();
        let narrow: Result<Vec<i32>, _> = multiples.iter().map(|n| i32::try_from(*n)).collect();
        let wide = narrow.is_err();
        let packed = match &narrow {
            Ok(narrow) => simple_compress(narrow, &config()),
            Err(_) => simple_compress(&multiples, &config()),
        };
        Self::Packed {
            first,
            step,
            wide,
            bytes: packed.expect("a column in memory packs into memory"),
        }
    }

    fn values(&self, count: usize) -> Option<Vec<i64>> {
        let (first, step, wide, bytes) = match self {
            Self::Constant(value) => return Some(vec![*value; count]),
            Self::Packed {
                first,
                step,
                wide,
                bytes,
            } => (*first, *step, *wide, bytes),
        };
        let multiples: Vec<i64> = if wide {
            simple_decompress::<i64>(bytes).ok()?
        } else {
            let narrow = simple_decompress::<i32>(bytes).ok()?;
            narrow.into_iter().map(i64::from).collect()
        };
        let value = |n: &i64| first.wrapping_add(n.wrapping_mul(step));
        (multiples.len() == count).then(|| multiples.iter().map(value).collect())
    }
}

fn config() -> ChunkConfig {
    ChunkConfig::default()
        .with_compression_level(LEVEL)
        .with_mode_spec(ModeSpec::Classic)
        .with_delta_spec(DeltaSpec::Auto)
}

fn common_step(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl<C> Encode<C> for Column {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        match self {
            Self::Constant(value) => e.i64(*value)?,
            Self::Packed {
                first,
                step,
                wide,
                bytes,
            } => {
                // A wide column's step is written below zero.
                let step = if *wide { -step } else { *step };
                e.array(3)?.i64(*first)?.i64(step)?.bytes(bytes)?
            }
        };
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Column {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        if d.datatype()? != Type::Array {
            return Ok(Self::Constant(d.i64()?));
        }
        if d.array()? != Some(3) {
            return Err(decode::Error::message(
                "a column is a number or three things",
            ));
        }
        let (first, step, bytes) = (d.i64()?, d.i64()?, d.bytes()?.to_vec());
        Ok(Self::Packed {
            first,
            step: step.checked_abs().filter(|step| *step > 0).ok_or_else(|| {
                decode::Error::message("the step of a column that changes is not 0")
            })?,
            wide: step < 0,
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiaolian_schema::signal::Sign;
    use proptest::prelude::*;

    const DAY: i64 = 1_772_409_600_000 - SHANGHAI_AHEAD_MS;

    fn stored() -> impl Strategy<Value = StoredFix> {
        let place = (
            -900_000_000..=900_000_000_i32,
            -1_800_000_000..=1_800_000_000_i32,
        );
        let source = prop_oneof![Just(Source::Gnss), Just(Source::Wifi), Just(Source::Cell)];
        let signs = proptest::option::of((any::<bool>(), 0..=100_u8));
        let late = -10_000_000_000..10_000_000_000_i64;
        (
            0..DAY_MS,
            place,
            any::<u32>(),
            source,
            late,
            any::<(bool, bool)>(),
            signs,
        )
            .prop_map(
                |(time, (lat, lon), accuracy, source, late, (live, judged), signs)| StoredFix {
                    person: "ab".to_owned(),
                    point: Point::new(
                        DAY + time,
                        Coord::new(lat, lon).unwrap(),
                        Some(accuracy),
                        source,
                    ),
                    received_at: (DAY + time + late).div_euclid(1_000) * 1_000,
                    live,
                    judged,
                    signs: signs.map(|(strap, battery)| {
                        Signs::NONE.with(Sign::Strap, strap).with_battery(battery)
                    }),
                },
            )
    }

    proptest! {
        #[test]
        fn whatever_was_packed_comes_back(fixes in proptest::collection::vec(stored(), 0..300)) {
            prop_assert_eq!(unpack("ab", DAY, &pack(DAY, &fixes)), Some(fixes));
        }

        #[test]
        fn any_column_comes_back(values in proptest::collection::vec(any::<i64>(), 0..200)) {
            let column = Column::of(&values);
            prop_assert_eq!(column.values(values.len()), Some(values));
        }

        #[test]
        fn a_row_that_was_cut_is_none(
            fixes in proptest::collection::vec(stored(), 1..60),
            at in any::<prop::sample::Index>(),
        ) {
            let bytes = pack(DAY, &fixes);
            prop_assert_eq!(unpack("ab", DAY, &bytes[..at.index(bytes.len())]), None);
        }
    }

    #[test]
    fn receipt_is_kept_to_the_second_and_no_further() {
        let fix = StoredFix {
            person: "ab".to_owned(),
            point: Point::new(DAY + 999, Coord::new(1, 2).unwrap(), None, Source::Gnss),
            received_at: DAY + 2_345,
            live: true,
            judged: true,
            signs: None,
        };
        let back = unpack("ab", DAY, &pack(DAY, std::slice::from_ref(&fix))).unwrap();
        let received_at = DAY + 2_000;
        assert_eq!(back, [StoredFix { received_at, ..fix }]);
    }

    #[test]
    fn the_same_positions_always_give_the_same_bytes() {
        let fix = |at: i64| StoredFix {
            person: "ab".to_owned(),
            point: Point::new(
                DAY + at * 1_000,
                Coord::new(280_000_000 + (at * at % 97) as i32 * 10, 1_131_000_000).unwrap(),
                Some(15_000),
                Source::Gnss,
            ),
            received_at: DAY + at * 1_000,
            live: at % 3 == 0,
            judged: true,
            signs: None,
        };
        let fixes: Vec<_> = (0..2_000).map(fix).collect();
        let first = pack(DAY, &fixes);
        assert!((0..8).all(|_| pack(DAY, &fixes) == first));
        assert!(first.len() < 3 * fixes.len(), "{} B", first.len());
    }

    #[test]
    fn a_day_begins_at_midnight_in_shanghai_at_any_instant() {
        assert_eq!(day_start(DAY), DAY);
        assert_eq!(day_start(DAY + DAY_MS - 1), DAY);
        assert_eq!(day_start(DAY - 1), DAY - DAY_MS);
        for edge in [i64::MIN, i64::MIN + 1, i64::MAX] {
            assert!(day_start(edge) <= edge);
        }
    }
}
