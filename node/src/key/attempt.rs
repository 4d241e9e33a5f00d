//! How long the next try for a staff number must wait. An unknown number costs exactly what a known one
//! costs. A node keeps the tries in a sealed file of its directory, whatever number they were for, so that
//! who guesses gains nothing by ending the process; a file that is gone, damaged or can't be written
//! slows nobody down, for nobody could unlock an off-line desk.

use crate::platform;
use crate::seal::{OpsKey, Place};
use jiaolian_schema::canon;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;

/// The file's name in the data directory.
pub(super) const ATTEMPT_FILE: &str = "attempt";
/// Longest file, bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Wrong tries that cost no wait.
const FREE_TRIES: u32 = 4;
const DELAY_FIRST_MS: u64 = 1_000;
/// The longest wait, in milliseconds.
const DELAY_MAX_MS: u64 = 15 * 60 * 1_000;
/// Numbers remembered at once; the one tried longest ago goes first.
const NUMBERS_MAX: usize = 4_096;

/// The wait after so many wrong tries in a row, in milliseconds: 0 for the first four, then 1 s
/// doubling to
/// 15 min.
pub fn delay_ms(wrong_tries: u32) -> u64 {
    match wrong_tries.checked_sub(FREE_TRIES + 1) {
        None => 0,
        Some(doublings) => DELAY_FIRST_MS
            .checked_shl(doublings.min(32))
            .map_or(DELAY_MAX_MS, |delay| delay.min(DELAY_MAX_MS)),
    }
}

#[derive(Debug, Clone, Copy)]
struct Record {
    wrong_tries: u32,
    last_ms: i64,
}

/// One number's tries as the file keeps them.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Row {
    #[n(0)]
    number: String,
    #[n(1)]
    wrong_tries: u32,
    /// ms UTC.
    #[n(2)]
    last_ms: i64,
}

/// Where tries are kept, and under which key.
#[derive(Debug)]
struct Kept {
    path: PathBuf,
    ops: OpsKey,
}

/// Tries that did not succeed, by staff number.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    records: BTreeMap<String, Record>,
    kept: Option<Kept>,
}

impl Attempts {
    /// The tries that a file keeps, which goes on keeping them; none where it keeps nothing that can be
    /// read.
    pub(super) fn kept_in(path: PathBuf, ops: OpsKey) -> Self {
        let kept = Kept { path, ops };
        let rows = kept.read().unwrap_or_else(|| {
            if kept.path.exists() {
                tracing::warn!("the tries of passphrases before this start can't be read");
            }
            Vec::new()
        });
        let record = |row: Row| {
            let Row {
                number,
                wrong_tries,
                last_ms,
            } = row;
            (
                number,
                Record {
                    wrong_tries,
                    last_ms,
                },
            )
        };
        Self {
            records: rows.into_iter().map(record).take(NUMBERS_MAX).collect(),
            kept: Some(kept),
        }
    }

    fn keep(&self) {
        let Some(kept) = &self.kept else { return };
        let row = |(number, record): (&String, &Record)| Row {
            number: number.clone(),
            wrong_tries: record.wrong_tries,
            last_ms: record.last_ms,
        };
        let rows: Vec<Row> = self.records.iter().map(row).collect();
        let sealed = kept.ops.seal(place(), &canon::encode(&rows));
        if let Err(error) = platform::write_atomically(&kept.path, &sealed) {
            tracing::warn!(%error, "tries of passphrases are not kept over the next start");
        }
    }

    /// Counts one more try, or answers how many milliseconds too early it comes.
    pub(super) fn charge(&mut self, staff_number: &str, now_ms: i64) -> Result<(), u64> {
        let record = self.records.get(staff_number).copied();
        let record = record.unwrap_or(Record {
            wrong_tries: 0,
            last_ms: now_ms,
        });
        let delay = delay_ms(record.wrong_tries);
        // A clock set back must not lengthen the wait, also where an earlier process had it ahead.
        if record.last_ms > now_ms && delay > 0 {
            let record = Record {
                last_ms: now_ms,
                ..record
            };
            self.records.insert(staff_number.to_owned(), record);
        }
        let passed = u64::try_from(now_ms.saturating_sub(record.last_ms)).unwrap_or(0);
        if passed < delay {
            return Err(delay - passed);
        }
        self.make_room(staff_number);
        let wrong_tries = record.wrong_tries.saturating_add(1);
        self.records.insert(
            staff_number.to_owned(),
            Record {
                wrong_tries,
                last_ms: now_ms,
            },
        );
        self.keep();
        Ok(())
    }

    /// The try succeeded: the number starts afresh.
    pub(super) fn forget(&mut self, staff_number: &str) {
        if self.records.remove(staff_number).is_some() {
            self.keep();
        }
    }

    fn make_room(&mut self, staff_number: &str) {
        if self.records.len() < NUMBERS_MAX || self.records.contains_key(staff_number) {
            return;
        }
        let oldest = self.records.iter().min_by_key(|(_, record)| record.last_ms);
        if let Some(number) = oldest.map(|(number, _)| number.clone()) {
            self.records.remove(&number);
        }
    }
}

impl Kept {
    fn read(&self) -> Option<Vec<Row>> {
        let file = std::fs::File::open(&self.path).ok()?;
        let mut sealed = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut sealed).ok()?;
        let plain = self.ops.open(place(), &sealed).ok()?;
        canon::decode("tries of passphrases", &plain).ok()
    }
}

fn place() -> Place<'static> {
    Place {
        table: 0,
        key: b"attempt",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_kept_and_a_damaged_file_slows_nobody_down() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(ATTEMPT_FILE);
        let ops = OpsKey::generate();
        let open = || Attempts::kept_in(path.clone(), ops.clone());
        let mut attempts = open();
        for _ in 0..6 {
            let _ = attempts.charge("A", 1_000);
        }
        assert_eq!(open().charge("A", 1_000), Err(1_000));
        // An hour later by the clock, or with a clock that an earlier process had a year ahead.
        open().charge("A", 3_601_000).unwrap();
        let mut back = open();
        assert_eq!(back.charge("A", 0), Err(delay_ms(6)));
        let wait = i64::try_from(delay_ms(6)).unwrap();
        back.charge("A", wait).unwrap();
        back.forget("A");
        open().charge("A", 0).unwrap();

        for _ in 0..6 {
            let _ = open().charge("B", 9_000);
        }
        assert!(open().charge("B", 9_000).is_err());
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        open().charge("B", 9_000).unwrap();
        std::fs::write(&path, b"").unwrap();
        open().charge("B", 9_000).unwrap();
    }

    #[test]
    fn waits_double_from_the_fifth_wrong_try_and_end_at_a_quarter_of_an_hour() {
        let waits: Vec<u64> = (0..9).map(delay_ms).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 1_000, 2_000, 4_000, 8_000]);
        assert_eq!(delay_ms(15), DELAY_MAX_MS);
        assert_eq!(delay_ms(u32::MAX), DELAY_MAX_MS);
    }

    #[test]
    fn memory_stays_bounded_and_drops_the_oldest() {
        let mut attempts = Attempts::default();
        for i in 0..NUMBERS_MAX + 10 {
            attempts
                .charge(&i.to_string(), i64::try_from(i).unwrap())
                .unwrap();
        }
        assert_eq!(attempts.records.len(), NUMBERS_MAX);
        assert!(!attempts.records.contains_key("0"));
    }

    #[test]
    fn a_clock_set_back_waits_no_longer_than_the_delay() {
        let mut attempts = Attempts::default();
        for i in 0..6 {
            attempts.charge("A", 1_000_000 + i * 60_000).unwrap();
        }
        let wait = attempts.charge("A", 0).unwrap_err();
        assert_eq!(wait, delay_ms(6));
    }
}
