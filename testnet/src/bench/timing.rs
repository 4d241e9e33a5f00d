//! Clocks of the bench: the median of several runs, and a stopwatch that leaves out what is not
//! measured.

use std::time::{Duration, Instant};

/// The median of an odd number of runs, each of which times itself.
pub(super) fn median_of(runs: usize, mut run: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..runs.max(1)).map(|_| run()).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// How long one call takes.
pub(super) fn time<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let result = std::hint::black_box(work());
    (started.elapsed(), result)
}

/// How many of `count` things a second, when all of them took `took`.
pub(super) fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(1e-9)
}

/// Runs `work` over and over for `least`, and says how many things a second it did; `work` returns
/// how many it did.
pub(super) fn rate(least: Duration, mut work: impl FnMut() -> usize) -> f64 {
    let (started, mut count) = (Instant::now(), 0);
    loop {
        count += work();
        let took = started.elapsed();
        if took >= least {
            return per_second(count, took);
        }
    }
}

/// Microseconds.
pub(super) fn micros(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6
}

/// Milliseconds.
pub(super) fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}
