//! When somebody has to check in: the windows of the plan (K1), and prompts whose instants follow
//! from a secret of the node, so that no phone can foresee them and no restart draws them anew (K2).

use crate::fix::{DAY_MS, SHANGHAI_AHEAD_MS};
use crate::id::sha256;
use crate::schedule::Schedule;

const PROMPT_DOMAIN: &[u8] = b"jiaolian prompt/1\0";
const MINUTE_MS: i64 = 60_000;

/// What asks for a check-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DutyKind {
    /// A window of the plan.
    Window,
    /// A prompt.
    Prompt,
}

/// A stretch of time in which one check-in is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duty {
    /// First instant, ms since 1970 UTC.
    pub from: i64,
    /// First instant after it, ms since 1970 UTC.
    pub until: i64,
    /// What asks.
    pub kind: DutyKind,
}

impl Duty {
    /// Whether an instant lies within.
    pub const fn holds(&self, time: i64) -> bool {
        self.from <= time && time < self.until
    }
}

/// The windows of a plan that begin within `from <= begin < to`, ms since 1970 UTC.
pub fn windows(plan: &Schedule, from: i64, to: i64) -> Vec<Duty> {
    let stretches = plan.stretches(from, to).into_iter();
    let duty = |(from, until)| Duty {
        from,
        until,
        kind: DutyKind::Window,
    };
    stretches.map(duty).collect()
}

/// The prompts of a civil day (days since 1970-01-01, Asia/Shanghai) to a person: `count` of them,
/// each open for `open_ms`, one in each of as many equal parts of the day between two minutes of it:
/// nobody is woken.
///
/// `secret` never leaves the node; without it the instants can't be told from any others.
pub fn prompts(
    secret: &[u8; 32],
    person: &str,
    day: i64,
    (count, open_ms): (u8, i64),
    (first, end): (i64, i64),
) -> Vec<Duty> {
    let waking = (end - first).max(1) * MINUTE_MS;
    let begins = day * DAY_MS - SHANGHAI_AHEAD_MS + first * MINUTE_MS;
    let part = waking / i64::from(count.max(1));
    let free = (part - open_ms).max(1).unsigned_abs();
    let prompt = |number: u8| {
        let drawn = sha256(&[
            PROMPT_DOMAIN,
            secret,
            &day.to_be_bytes(),
            &[number],
            person.as_bytes(),
        ]);
        let drawn = drawn[..8]
            .iter()
            .fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
        let from = begins + i64::from(number) * part + (drawn % free) as i64;
        Duty {
            from,
            until: from + open_ms,
            kind: DutyKind::Prompt,
        }
    };
    (0..count).map(prompt).collect()
}
