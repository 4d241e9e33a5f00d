//! Check-ins (签到): what a phone is asked in the regime of those who wear no band. Single answers,
//! in windows of the day and to prompts that nobody can foresee; never a trail.
//!
//! What is missed and what is doubtful is a function of the set of check-ins with the times at
//! which they were received; neither order nor doubles enter. Nothing that a phone says takes a
//! missed check-in back: people judge that. The rules K1 to K14 stand in `docs/checkin.md`.

mod apart;
mod doubt;
mod duty;
mod home;
mod miss;
mod owed;
mod plan;
mod told;
mod words;

use crate::fix::Point;
use crate::id::sha256;
use crate::rule::AlarmKind;
use crate::signal::Signs;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

pub use apart::{CHECK_IN_ABOUT, apart};
pub use doubt::{Doubt, Doubtful, doubtful};
pub use duty::{Duty, DutyKind, prompts, windows};
pub use home::may_be;
pub use miss::{Miss, missed};
pub use owed::{Asked, PhoneSpan, PlanSpan};
pub use plan::{
    CHECK_IN_FIELD, OPEN_MINUTES, PROMPTS_A_DAY_MAX, Plan, ReadPlanError, WINDOW_MINUTES_MIN,
};
pub use told::{BAND_BACK_MS, Ground, LOOK_BACK_MS, Story, conditions, is_of_check_in, story};
pub use words::{read_windows, write_windows};

const CHECK_IN_DOMAIN: &[u8] = b"jiaolian check-in/1\0";
const SIGNED_DOMAIN: &[u8] = b"jiaolian check-ins/1\0";
const DUE_DOMAIN: &[u8] = b"jiaolian check-ins due/1\0";
const MINUTE_MS: i64 = 60_000;
const MISS: &str = "CHK_MISS";
const DOUBT: &str = "CHK_ABN";
const APART: &str = "SEPARATION";
const METRE_MM: i64 = 1_000;

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

/// What a phone signs of a request's body that brings check-ins, so that its signature is good for
/// nothing else.
pub fn signed_check_ins(body: &[u8]) -> Vec<u8> {
    [SIGNED_DOMAIN, body].concat()
}

/// What a phone signs of the query by which it asks what is due.
pub fn signed_due(query: &[u8]) -> Vec<u8> {
    [DUE_DOMAIN, query].concat()
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
    /// Doubtful check-ins received no farther from one another than this are one condition, ms.
    pub hold_ms: i64,
    /// A second doubtful check-in within so long is graver, ms.
    pub again_ms: i64,
    /// Severity of a doubtful check-in, and of a second one.
    pub doubts: [u8; 2],
    /// Least likeness and liveness of a face, in thousandths.
    pub face: Face,
    /// Farther than this, and both accuracies, from the band is apart from it, mm.
    pub apart_mm: i64,
    /// The band's positions before and after a check-in tell where it was no longer than this, ms.
    pub bracket_ms: i64,
}

impl Numbers {
    /// Reads them from kinds by code; what is missing or out of range is named.
    pub(crate) fn read(kinds: &BTreeMap<String, AlarmKind>) -> Result<Self, String> {
        let kind = |code: &str| kinds.get(code).ok_or(format!("no kind {code}"));
        let number = |code: &str, name: &str, most: u32| {
            let number = kind(code)?.parameter.get(name).copied();
            let number = number.ok_or(format!("{code} has no parameter {name}"))?;
            let lies = number <= most;
            lies.then_some(number).ok_or(format!(
                "{name} of {code} is at most {most}, found {number}"
            ))
        };
        let times = |code, name, unit: i64| {
            number(code, name, u32::MAX).map(|number| i64::from(number) * unit)
        };
        let severity = |code, name| {
            let found = number(code, name, 4)?;
            u8::try_from(found).map_err(|_| format!("{name} of {code} lies in 1..=4"))
        };
        let permille = |name| {
            let found = number(DOUBT, name, 1_000)?;
            u16::try_from(found).map_err(|_| format!("{name} of {DOUBT} lies in 0..=1000"))
        };
        let minute = |name| number(MISS, name, 1_440).map(i64::from);
        let waking = (
            minute("prompt_from_minute")?,
            minute("prompt_until_minute")?,
        );
        if waking.0 >= waking.1 {
            return Err(format!(
                "prompts of {MISS} end before they begin: {waking:?}"
            ));
        }
        Ok(Self {
            grace_ms: times(MISS, "grace_minutes", MINUTE_MS)?,
            misses: number(MISS, "misses", u32::MAX)?,
            silence_ms: times(MISS, "silence_minutes", MINUTE_MS)?,
            severities: [
                kind(MISS)?.severity,
                severity(MISS, "severity_misses")?,
                severity(MISS, "severity_silence")?,
            ],
            waking,
            hold_ms: times(DOUBT, "hold_minutes", MINUTE_MS)?,
            edge_ms: times(DOUBT, "edge_hours_min", 60 * MINUTE_MS)?,
            again_ms: times(DOUBT, "second_within_days", 24 * 60 * MINUTE_MS)?,
            doubts: [kind(DOUBT)?.severity, severity(DOUBT, "severity_second")?],
            face: Face {
                likeness: permille("likeness_permille_min")?,
                liveness: permille("liveness_permille_min")?,
            },
            apart_mm: times(APART, "face_metres", METRE_MM)?,
            bracket_ms: times(APART, "face_bracket_minutes", MINUTE_MS)?,
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
