//! The keys of days: positions are sealed under the key of the day they are of, and when a day's term is
//! over its key goes, so that no copy of the store gives them any more.
//!
//! The keys lie in the file of keys beside those of dossiers, each under the OPS key: positions are read
//! and judged while nobody is signed in.

use super::book::{ReadBookError, day_record, day_records};
use super::{Form, KEY_BYTES, OpenSealError, OpsKey, Place, Seal, aad, entropy, sealer, start};
use jiaolian_schema::fix::{DAY_MS, SHANGHAI_AHEAD_MS};
use jiaolian_schema::id::PersonCode;
use jiaolian_schema::suite::Suite;
use jiaolian_sync::Table;
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A day of Asia/Shanghai, counted from 1970; all days before count as the first.
pub(crate) type Day = u32;

/// What a key of a day is sealed for in the file of keys.
const KEY_NAME: &[u8] = b"day";

/// The day of an instant, ms UTC.
pub(crate) fn day_of(time: i64) -> Day {
    let local = time.saturating_add(SHANGHAI_AHEAD_MS);
    let day = local.div_euclid(DAY_MS).clamp(0, i64::from(Day::MAX));
    Day::try_from(day).unwrap_or(Day::MAX)
}

/// The day of a row of positions, told by its key; none for a row of another kind.
pub(super) fn day_of_row(table: Table, key: &[u8]) -> Option<Day> {
    if !matches!(table, Table::Fix | Table::Track) {
        return None;
    }
    let time = key.get(PersonCode::BYTES..)?.first_chunk::<8>()?;
    Some(day_of((u64::from_be_bytes(*time) ^ (1 << 63)) as i64))
}

/// The keys that are there.
#[derive(Default)]
pub(super) struct Days {
    keys: BTreeMap<Day, DayKey>,
}

#[derive(Clone)]
struct DayKey {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    rows: Arc<dyn Seal>,
}

impl std::fmt::Debug for Days {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Days({})", self.keys.len())
    }
}

impl Days {
    /// The keys of a file. One that does not open leaves its day's rows closed and harms no other.
    pub(super) fn read(file: &[u8], ops: &OpsKey) -> Result<Self, ReadBookError> {
        let mut days = Self::default();
        for (day, sealed) in day_records(file)? {
            let key = ops.open(place(&name(day)), sealed).map(Zeroizing::new);
            let key = key.ok().and_then(|key| key.as_slice().try_into().ok());
            if let Some(bytes) = key {
                days.note(day, Zeroizing::new(bytes), ops.suite());
            } else {
                tracing::error!(day, "the key of a day's positions does not open");
            }
        }
        Ok(days)
    }

    pub(super) fn get(&self, day: Day) -> Option<Arc<dyn Seal>> {
        self.keys.get(&day).map(|key| Arc::clone(&key.rows))
    }

    /// A new key for a day that has none, and its record for the file of keys.
    pub(super) fn begin(&mut self, day: Day, ops: &OpsKey) -> (Arc<dyn Seal>, Vec<u8>) {
        let bytes = Zeroizing::new(entropy());
        let record = day_record(day, &ops.seal(place(&name(day)), bytes.as_slice()));
        let rows = sealer(ops.suite(), &bytes);
        self.note(day, bytes, ops.suite());
        (rows, record)
    }

    /// All records, for a file that is written anew.
    pub(super) fn records(&self, ops: &OpsKey) -> Vec<u8> {
        let record = |(day, key): (&Day, &DayKey)| {
            day_record(*day, &ops.seal(place(&name(*day)), key.bytes.as_slice()))
        };
        self.keys.iter().flat_map(record).collect()
    }

    pub(super) fn has_before(&self, day: Day) -> bool {
        self.keys.range(..day).next().is_some()
    }

    pub(super) fn forget_before(&mut self, day: Day) {
        self.keys = self.keys.split_off(&day);
    }

    fn note(&mut self, day: Day, bytes: Zeroizing<[u8; KEY_BYTES]>, suite: Suite) {
        let rows = sealer(suite, &bytes);
        self.keys.insert(day, DayKey { bytes, rows });
    }
}

/// Seals a row of positions.
pub(super) fn seal_in(
    suite: Suite,
    (day, rows): (Day, &dyn Seal),
    place: Place<'_>,
    plain: &[u8],
) -> Vec<u8> {
    let mut sealed = start(suite, Form::Day, day, plain.len());
    rows.append(&mut sealed, &aad(suite, Form::Day, day, place), plain);
    sealed
}

/// Opens what `seal_in` made for the same place.
pub(super) fn open_in(
    suite: Suite,
    (day, rows): (Day, &dyn Seal),
    place: Place<'_>,
    sealed: &[u8],
) -> Result<Vec<u8>, OpenSealError> {
    rows.open(&aad(suite, Form::Day, day, place), sealed)
}

fn name(day: Day) -> Vec<u8> {
    [KEY_NAME, &day.to_be_bytes()].concat()
}

fn place(name: &[u8]) -> Place<'_> {
    Place {
        table: 0,
        key: name,
    }
}
