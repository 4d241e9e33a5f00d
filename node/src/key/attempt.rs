//! How long the next try for a staff number must wait. Kept in memory: an unknown number must cost
//! exactly
//! what a known one costs, and a row on the disk would tell them apart.

use std::collections::BTreeMap;

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

/// Tries that did not succeed, by staff number.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    records: BTreeMap<String, Record>,
}

impl Attempts {
    /// Counts one more try, or answers how many milliseconds too early it comes.
    pub(super) fn charge(&mut self, staff_number: &str, now_ms: i64) -> Result<(), u64> {
        let record = self.records.get(staff_number).copied();
        let record = record.unwrap_or(Record {
            wrong_tries: 0,
            last_ms: now_ms,
        });
        let delay = delay_ms(record.wrong_tries);
        // A clock set back must not lengthen the wait.
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
        Ok(())
    }

    /// The try succeeded: the number starts afresh.
    pub(super) fn forget(&mut self, staff_number: &str) {
        self.records.remove(staff_number);
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

#[cfg(test)]
mod tests {
    use super::*;

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
