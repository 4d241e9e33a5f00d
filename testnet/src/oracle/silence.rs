//! The second judge's reading of D7: when a band was bound, and when it was silent for too long, whether it was
//! heard before or never.

use super::{Bound, MINUTE_MS, Moment, TrueWear, open};
use jiaolian_schema::watch::AlarmKind;

/// Bindings that follow one another are one stretch where they touch.
pub(super) fn joined(bindings: &[Bound]) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> = bindings.iter().map(|b| (b.from, b.until)).collect();
    all.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, until) in all {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => joined.push((from, until)),
        }
    }
    joined
}

/// Milliseconds from `a` to `b` in which the node ran.
fn ran(a: i64, b: i64, down: &[(i64, i64)]) -> i64 {
    let lost = down
        .iter()
        .map(|(from, until)| ((*until).min(b) - (*from).max(a)).max(0));
    (b - a) - lost.sum::<i64>()
}

/// The last instant at which the node had run for no longer than so long since `a`: found by
/// halving.
fn after(a: i64, ms: i64, down: &[(i64, i64)]) -> i64 {
    let longest: i64 = down.iter().map(|(from, until)| until - from).sum();
    let (mut low, mut high) = (a, a + ms + longest);
    while low < high {
        let middle = low + (high - low + 1) / 2;
        if ran(a, middle, down) <= ms {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// D7. The end of the known time is given, too.
pub(super) fn silences(
    all: &[Moment],
    down: &[(i64, i64)],
    known: i64,
    (from, bindings): (i64, &[Bound]),
) -> Vec<TrueWear> {
    let mut times: Vec<i64> = all.iter().map(|moment| moment.time).collect();
    // From where it is missed though nothing was heard yet.
    let end = known.max(times.last().copied().unwrap_or(known));
    let missed = bindings.iter().filter(|b| b.is_missed && b.until > from);
    let missed = missed.map(|b| b.from.max(from)).min();
    let first = times.first().copied().unwrap_or(i64::MAX);
    times.splice(
        0..0,
        missed.filter(|missed| *missed < first && *missed < end),
    );
    let mut found = Vec::new();
    for (at, time) in times.iter().copied().enumerate() {
        let held = bindings.iter().filter(|b| b.from <= time && time < b.until);
        let every_ms = held.map(|b| b.every_ms).max().unwrap_or(0);
        let limit = (30 * MINUTE_MS).max(3 * every_ms);
        let next = times.get(at + 1).copied();
        let until = next.unwrap_or(known);
        let lasted = ran(time, until, down);
        if until <= time || lasted <= limit {
            continue;
        }
        let reached = |ms: i64| after(time, ms, down) < until || limit >= ms;
        let severity = match () {
            () if reached(1_440 * MINUTE_MS) => 1,
            () if reached(120 * MINUTE_MS) => 2,
            () => 3,
        };
        let decided_at = after(time, limit, down);
        found.push(TrueWear {
            end: next,
            ..open(AlarmKind::NoSignal, time, decided_at, severity)
        });
    }
    found
}
