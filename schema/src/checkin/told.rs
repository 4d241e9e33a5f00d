//! What is told of check-ins, as conditions that alarms stand for: misses in a row by the day, and
//! doubtful check-ins that came together (K10, K11). Two conditions of a kind never overlap.

use super::doubt::doubtful;
use super::miss::{Turn, turns};
use super::{Asked, CheckIn, Doubtful, Duty, DutyKind, Miss, may_be};
use crate::fence::Fences;
use crate::fix::{DAY_MS, FixId, Point, SHANGHAI_AHEAD_MS};
use crate::id::sha256;
use crate::permit::Permit;
use crate::watch::{AlarmKind, Change, Clearing, Condition};

/// How far back duties and receipts are looked at, ms. What is older stands as it was told.
pub const LOOK_BACK_MS: i64 = 31 * DAY_MS;
/// Most points that prove a doubt.
const EVIDENCE_MAX: usize = 8;

const MISS_DOMAIN: &[u8] = b"jiaolian missed check-in/1\0";

/// Whether alarms of this kind, about this, are told of check-ins and not of a device's reports.
pub fn is_of_check_in(kind: AlarmKind, about: &str) -> bool {
    let _ = about;
    matches!(kind, AlarmKind::CheckMiss | AlarmKind::CheckDoubt)
}

/// What is to be told as far as it is known at `now`, ms since 1970 UTC, by kind and time.
/// `check_ins` go back twice [`LOOK_BACK_MS`] by their device time.
pub fn conditions(
    asked: &Asked<'_>,
    (fences, permits): (&Fences, &[Permit]),
    check_ins: &[CheckIn],
    now: i64,
) -> Vec<Condition> {
    let duties = asked.duties(now - LOOK_BACK_MS, now);
    let duties = asked.owed(&duties, check_ins);
    let turns = turns(&duties, check_ins, asked.numbers, now);
    let mut found = of_misses(asked, &turns);
    let may_be = |point: &Point| may_be(fences, permits, asked.person, point);
    let knows = |terminal: &str, time| asked.knows(terminal, time);
    let doubtful = doubtful(&duties, check_ins, knows, may_be, asked.numbers);
    found.extend(of_doubts(asked, doubtful, now));
    found
}

/// Misses in a row that become known on one day are one condition. It is over when a later duty was
/// answered, or with the first miss of another day.
fn of_misses(asked: &Asked<'_>, turns: &[Turn]) -> Vec<Condition> {
    let mut found: Vec<Condition> = Vec::new();
    let mut open: Option<(Condition, Miss)> = None;
    for turn in turns {
        let (condition, last) = match (open.take(), turn) {
            (Some((condition, last)), Turn::Answered(received_at)) => {
                let end = (*received_at).max(last.since + 1);
                found.push(ended(condition, end));
                continue;
            }
            (None, Turn::Answered(_)) => continue,
            (Some((mut condition, last)), Turn::Missed(miss))
                if day(last.since) == day(miss.since) =>
            {
                condition.graver = condition.graver.min(Some(miss.severity));
                (condition, miss)
            }
            (Some((condition, _)), Turn::Missed(miss)) => {
                found.push(ended(condition, miss.since));
                (begun(asked, miss), miss)
            }
            (None, Turn::Missed(miss)) => (begun(asked, miss), miss),
        };
        open = Some((condition, *last));
    }
    found.extend(open.map(|(condition, _)| condition));
    found
}

fn begun(asked: &Asked<'_>, miss: &Miss) -> Condition {
    Condition {
        kind: AlarmKind::CheckMiss,
        about: String::new(),
        time: miss.since,
        decided_at: miss.since,
        deciding: name_of(asked.person, &miss.duty),
        graver: Some(miss.severity),
        evidence: Vec::new(),
        cleared: None,
    }
}

/// Doubtful check-ins, each received within `hold` of the one before, are one condition.
fn of_doubts(asked: &Asked<'_>, mut doubtful: Vec<Doubtful>, now: i64) -> Vec<Condition> {
    let since = now - LOOK_BACK_MS;
    doubtful.retain(|one| {
        let (at, received_at) = (one.check_in.at, one.check_in.received_at);
        received_at >= since && received_at - at <= LOOK_BACK_MS
    });
    doubtful.sort_by_cached_key(|one| {
        let check_in = &one.check_in;
        (check_in.received_at, check_in.at, check_in.id(asked.person))
    });
    let hold_ms = asked.numbers.hold_ms.max(1);
    let received = |one: &Doubtful| one.check_in.received_at;
    let together = doubtful.chunk_by(|a, b| received(b) - received(a) < hold_ms);
    together.map(|chain| doubt(asked, chain, hold_ms)).collect()
}

fn doubt(asked: &Asked<'_>, chain: &[Doubtful], hold_ms: i64) -> Condition {
    let (first, last) = (&chain[0].check_in, &chain[chain.len() - 1].check_in);
    let points = chain.iter().filter_map(|one| one.check_in.point);
    let condition = Condition {
        kind: AlarmKind::CheckDoubt,
        about: String::new(),
        time: first.received_at,
        decided_at: first.received_at,
        deciding: first.id(asked.person),
        graver: chain.iter().map(|one| one.severity).min(),
        evidence: points.take(EVIDENCE_MAX).collect(),
        cleared: None,
    };
    ended(condition, last.received_at + hold_ms)
}

fn ended(condition: Condition, time: i64) -> Condition {
    let cleared = Clearing {
        change: Change::ClearReturned,
        time,
        decided_at: time,
        evidence: Vec::new(),
    };
    Condition {
        cleared: Some(cleared),
        ..condition
    }
}

/// What decides a miss, as a fix decides an exit: the duty.
fn name_of(person: &str, duty: &Duty) -> FixId {
    let kind = match duty.kind {
        DutyKind::Window => 0,
        DutyKind::Prompt => 1,
    };
    let (from, until) = (duty.from.to_be_bytes(), duty.until.to_be_bytes());
    sha256(&[MISS_DOMAIN, &from, &until, &[kind], person.as_bytes()])
}

fn day(time: i64) -> i64 {
    (time + SHANGHAI_AHEAD_MS).div_euclid(DAY_MS)
}
