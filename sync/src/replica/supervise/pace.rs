//! How often a band should report, by the fences and leaves of the person who wears it.

use super::super::Replica;
use crate::store::Store;
use jiaolian_schema::device::Regime;
use jiaolian_schema::watch::{Pace, Quick, Word};

impl<S: Store> Replica<S> {
    /// What a band is to be told after a report of it that came at an instant, ms UTC by the clock
    /// here. A phone is told nothing: it gives single checks.
    pub fn pace_of(
        &mut self,
        terminal: &str,
        (word, received_at): (&Word, i64),
        pace: &mut Pace,
    ) -> Option<Quick> {
        let (person, device) = self.bound(terminal, word.time)?;
        if device.regime == Regime::Phone {
            return None;
        }
        let heard_at = self.true_time(received_at);
        let watched = self.watch_of(person).ok()?;
        let numbers = self.desk.numbers.clone();
        let ground = watched
            .ground
            .on(&numbers, &watched.permits, &self.desk.down);
        let quick = pace.hear(&person.to_hex(), word, heard_at, &ground);
        self.desk.watched.insert(person, watched);
        quick
    }
}
