//! How long check-ins stay: as long as positions do, for their places are some. A round over all who
//! have any goes on a little with each tick.

use super::super::super::Replica;
use super::super::stored;
use crate::store::{Store, StoreError, Table};
use crate::track::day_start;
use jiaolian_schema::id::PersonCode;
use jiaolian_schema::watch::NodeClock;

/// Time from the beginning of one round to that of the next, ms.
const ROUND_MS: i64 = 3_600_000;
/// People looked at with one tick.
const PEOPLE_AT_ONCE: usize = 16;
/// Rows taken away at once.
const GONE_AT_ONCE: usize = 256;

/// How far a round has come.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// When this or the last round began, ms UTC.
    began: Option<i64>,
    /// From which key on people are to be looked at; none between two rounds.
    from: Option<Vec<u8>>,
}

impl<S: Store> Replica<S> {
    /// Takes away some of what is older than positions stay.
    pub(super) fn sweep_check_ins(&mut self) {
        let Some(keep_ms) = self.limits.track_keep_ms else {
            return;
        };
        // A clock that the devices do not believe destroys nothing.
        if matches!(self.node_clock(), NodeClock::Untrusted { .. }) {
            return;
        }
        let sweep = &mut self.desk.checks.sweep;
        if sweep.from.is_none() {
            let since = sweep.began.map(|began| self.now - began);
            if since.is_some_and(|since| (0..ROUND_MS).contains(&since)) {
                return;
            }
            (sweep.began, sweep.from) = (Some(self.now), Some(Vec::new()));
        }
        let kept = day_start(self.now.saturating_sub(keep_ms));
        for _ in 0..PEOPLE_AT_ONCE {
            let Some(from) = self.desk.checks.sweep.from.take() else {
                return;
            };
            // A disk that refuses is asked again with the next round.
            self.desk.checks.sweep.from = self.sweep_one(&from, kept).unwrap_or_default();
        }
    }

    /// Looks at the first person from a key on; gives from where to go on.
    fn sweep_one(&mut self, from: &[u8], kept: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let end = [u8::MAX; PersonCode::BYTES + 1];
        let first = self.disk.range(Table::CheckIn, from, &end, 1)?;
        let Some((key, _)) = first.first() else {
            return Ok(None);
        };
        let Some(person) = PersonCode::from_slice(&key[..PersonCode::BYTES.min(key.len())]) else {
            return Ok(None);
        };
        let (lo, hi) = (
            stored::fix_prefix(person, i64::MIN),
            stored::fix_prefix(person, kept),
        );
        let gone = self.disk.range(Table::CheckIn, &lo, &hi, GONE_AT_ONCE)?;
        for (key, _) in &gone {
            self.disk.remove(Table::CheckIn, key);
        }
        let next = match gone.len() {
            GONE_AT_ONCE => lo,
            _ => [&person.0[..], &[u8::MAX; 9]].concat(),
        };
        Ok(Some(next))
    }
}
