//! A small generator with a fixed seed: the same inputs in every run.
// Each test file uses a part of this.
#![allow(dead_code, unreachable_pub, missing_docs)]

#[derive(Debug)]
pub struct Xorshift(pub u64);

impl Xorshift {
    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
