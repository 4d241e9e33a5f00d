//! Chance with real numbers, forked so that one person's throws never shift another's.

use crate::sim::dice::Dice;

/// A seeded sequence of one person or one part of a person.
#[derive(Debug, Clone)]
pub(super) struct Chance(Dice);

impl Chance {
    pub(super) fn new(seed: u64, number: u64) -> Self {
        Self(Dice::new(seed).fork(number + 1))
    }

    /// A sequence of its own for one part.
    pub(super) fn fork(&mut self, label: u64) -> Self {
        Self(self.0.fork(label))
    }

    /// A number in `[0, 1)`.
    pub(super) fn part(&mut self) -> f64 {
        (self.0.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number from `low` up to `high`.
    pub(super) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.part()
    }

    /// A span of time from `low` to `high` minutes, ms.
    pub(super) fn minutes(&mut self, low: f64, high: f64) -> i64 {
        (self.within(low, high) * 60_000.0) as i64
    }

    /// True with this probability.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.part() < probability
    }

    /// A number below `bound`, which is above 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0.below(bound)
    }

    /// Normal with mean 0 and deviation 1: twelve uniform numbers, which no library rounds
    /// otherwise on another machine.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.part()).sum::<f64>() - 6.0
    }

    /// A length of this size in any direction, metres east and north.
    pub(super) fn anywhere(&mut self, metres: f64) -> (f64, f64) {
        let turn = self.within(0.0, std::f64::consts::TAU);
        (metres * turn.cos(), metres * turn.sin())
    }
}
