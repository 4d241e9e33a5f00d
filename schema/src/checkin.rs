//! Check-ins (签到): what a phone is asked in the regime of those who wear no band. Single answers,
//! in windows of the day and to prompts that nobody can foresee; never a trail.
//!
//! What is missed and what is doubtful is a function of the set of check-ins with the times at
//! which they were received; neither order nor doubles enter. Nothing that a phone says takes a
//! missed check-in back: people judge that. The rules K1 to K8 stand in `docs/checkin.md`.

mod doubt;
mod duty;
mod miss;

use crate::fix::Point;
use crate::id::sha256;
use crate::rule::RulePack;
use crate::signal::Signs;
use minicbor::{Decode, Encode};

pub use doubt::{Doubt, Doubtful, doubtful};
pub use duty::{Duty, DutyKind, prompts, windows};
pub use miss::{Miss, missed};

const CHECK_IN_DOMAIN: &[u8] = b"jiaolian check-in/1\0";
const MINUTE_MS: i64 = 60_000;

/// How alike a face was to the one on file, and how alive, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Face {
    /// 0 to 1,000.
    #[n(0)]
    pub likeness: u16,
    /// 0 to 1,000.
    #[n(1)]
    pub liveness: u16,
}

/// One check-in as it came in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CheckIn {
    /// Device time, ms since 1970 UTC.
    #[n(0)]
    pub at: i64,
    /// When the first gateway had it, ms since 1970 UTC.
    #[n(1)]
    pub received_at: i64,
    /// Number of the phone.
    #[n(2)]
    pub terminal: String,
    /// Where; none where the phone had no position.
    #[n(3)]
    pub point: Option<Point>,
    /// What was seen; none where nobody was.
    #[n(4)]
    pub face: Option<Face>,
    /// What the phone says of itself.
    #[n(5)]
    pub signs: Signs,
}

impl CheckIn {
    /// The name of a check-in of a person: the same through any gateway, whenever that had it.
    pub fn id(&self, person: &str) -> [u8; 32] {
        let said = Self {
            received_at: 0,
            ..self.clone()
        };
        let length = (person.len() as u64).to_be_bytes();
        let said = crate::canon::encode(&said);
        sha256(&[CHECK_IN_DOMAIN, &length, person.as_bytes(), &said])
    }
}

/// The numbers of the rules, of `schema/rules/alarm_kind.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// How long after its end a duty may still be answered on paper of the receiver, ms.
    pub grace_ms: i64,
    /// So many misses in a row are graver.
    pub misses: u32,
    /// So long without any check-in is graver still, ms.
    pub silence_ms: i64,
    /// Severity of one miss, of `misses` in a row, of silence.
    pub severities: [u8; 3],
    /// First minute of the day at which anybody is prompted, and the first at which nobody is any
    /// more, Asia/Shanghai.
    pub waking: (i64, i64),
    /// Check-ins of two days or two windows stand farther apart than this, ms.
    pub edge_ms: i64,
    /// A second doubtful check-in within so long is graver, ms.
    pub again_ms: i64,
    /// Severity of a doubtful check-in, and of a second one.
    pub doubts: [u8; 2],
    /// Least likeness and liveness of a face, in thousandths.
    pub face: Face,
}

impl Numbers {
    /// As the pack says; none where it lacks one.
    pub fn of(pack: &RulePack) -> Option<Self> {
        let (miss, abnormal) = (pack.alarm_kind("CHK_MISS")?, pack.alarm_kind("CHK_ABN")?);
        let number = |name: &str| abnormal.parameter.get(name).copied();
        let of_miss = |name: &str| miss.parameter.get(name).copied();
        let silence = miss.worsen.iter().min_by_key(|worse| worse.severity)?;
        let face = |name: &str| u16::try_from(number(name)?).ok();
        Some(Self {
            grace_ms: i64::from(of_miss("grace_minutes")?) * MINUTE_MS,
            misses: of_miss("misses")?,
            silence_ms: i64::from(silence.after_minutes) * MINUTE_MS,
            severities: [
                miss.severity,
                u8::try_from(of_miss("misses_severity")?).ok()?,
                silence.severity,
            ],
            waking: (
                i64::from(of_miss("prompt_from_minute")?),
                i64::from(of_miss("prompt_until_minute")?),
            ),
            edge_ms: i64::from(number("edge_hours_min")?) * 60 * MINUTE_MS,
            again_ms: i64::from(number("second_within_days")?) * 24 * 60 * MINUTE_MS,
            doubts: [
                abnormal.severity,
                u8::try_from(number("second_severity")?).ok()?,
            ],
            face: Face {
                likeness: face("likeness_permille_min")?,
                liveness: face("liveness_permille_min")?,
            },
        })
    }
}

/// Check-ins by time, each once: of one that came through two gateways the earlier receipt counts.
fn in_order(check_ins: &[CheckIn]) -> Vec<CheckIn> {
    let said = |one: &CheckIn| {
        let point = one.point.map(|point| (point.order(), point.at));
        let place = point.map(|(order, at)| (order, at.lat(), at.lon()));
        (one.at, one.terminal.clone(), one.face, one.signs, place)
    };
    let mut sorted = check_ins.to_vec();
    sorted.sort_by_cached_key(|one| (said(one), one.received_at));
    sorted.dedup_by(|later, earlier| said(later) == said(earlier));
    sorted
}
