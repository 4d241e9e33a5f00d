//! What is told of check-ins, as conditions that alarms stand for: misses in a row by the day,
//! doubtful check-ins that came together (K10, K11), and those made far from a band (K12). Two
//! conditions of a kind never overlap.

use super::apart::{CHECK_IN_ABOUT, apart};
use super::doubt::doubtful;
use super::miss::{Turn, missed, turns};
use super::{Asked, CheckIn, Doubtful, Duty, DutyKind, Miss, may_be};
use crate::fence::Fences;
use crate::fix::{DAY_MS, FixId, Point, SHANGHAI_AHEAD_MS};
use crate::id::sha256;
use crate::permit::Permit;
use crate::watch::{AlarmKind, Change, Clearing, Condition};

/// How far back duties and receipts are looked at, ms. What is older stands as it was told.
pub const LOOK_BACK_MS: i64 = 31 * DAY_MS;
/// How far back check-ins are held against the positions of a band, ms: as long as these lie row by
/// row.
pub const BAND_BACK_MS: i64 = 3 * DAY_MS;
/// Most points that prove a doubt.
const EVIDENCE_MAX: usize = 8;

const MISS_DOMAIN: &[u8] = b"jiaolian missed check-in/1\0";

/// Whether alarms of this kind, about this, are told of check-ins and not of a device's reports.
pub fn is_of_check_in(kind: AlarmKind, about: &str) -> bool {
    match kind {
        AlarmKind::CheckMiss | AlarmKind::CheckDoubt => true,
        AlarmKind::Separation => about == CHECK_IN_ABOUT,
        _ => false,
    }
}

/// What places are held against.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The person's areas.
    pub fences: &'a Fences,
    /// The person's leaves.
    pub permits: &'a [Permit],
    /// Positions of the person's band since [`BAND_BACK_MS`] ago, in any order.
    pub band: &'a [Point],
}

/// What is behind such conditions, one by one, for a person to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Story {
    /// Duties missed, by their ends; with what came too late for them.
    pub missed: Vec<Miss>,
    /// Check-ins that are doubtful, by their times.
    pub doubtful: Vec<Doubtful>,
    /// Check-ins made far from the band, by their times.
    pub apart: Vec<CheckIn>,
}

/// The same as [`conditions`], one by one.
pub fn story(asked: &Asked<'_>, ground: &Ground<'_>, check_ins: &[CheckIn], now: i64) -> Story {
    let duties = asked.duties(now - LOOK_BACK_MS, now);
    let duties = asked.owed(&duties, check_ins);
    let may_be = |point: &Point| may_be(ground.fences, ground.permits, asked.person, point);
    let knows = |terminal: &str, time| asked.knows(terminal, time);
    let since = now - BAND_BACK_MS;
    let apart = apart(check_ins, ground.band, asked.numbers).into_iter();
    Story {
        missed: missed(&duties, check_ins, asked.numbers, now),
        doubtful: doubtful(&duties, check_ins, knows, may_be, asked.numbers),
        apart: apart.filter(|one| one.at >= since).collect(),
    }
}

/// What is to be told as far as it is known at `now`, ms since 1970 UTC, by kind and time.
/// `check_ins` go back twice [`LOOK_BACK_MS`] by their device time.
pub fn conditions(
    asked: &Asked<'_>,
    ground: &Ground<'_>,
    check_ins: &[CheckIn],
    now: i64,
) -> Vec<Condition> {
    let duties = asked.duties(now - LOOK_BACK_MS, now);
    let duties = asked.owed(&duties, check_ins);
    let turns = turns(&duties, check_ins, asked.numbers, now);
    let mut found = of_misses(asked, &turns);
    let Story {
        doubtful, apart, ..
    } = story(asked, ground, check_ins, now);
    let doubts = doubtful
        .into_iter()
        .map(|one| (one.check_in, Some(one.severity)));
    found.extend(together(asked, &DOUBT, doubts.collect(), now));
    let apart = apart.into_iter().map(|one| (one, None));
    found.extend(together(asked, &APART, apart.collect(), now));
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

/// A kind of what is told of single check-ins, and what it is about.
struct Single {
    kind: AlarmKind,
    about: &'static str,
}

const DOUBT: Single = Single {
    kind: AlarmKind::CheckDoubt,
    about: "",
};
const APART: Single = Single {
    kind: AlarmKind::Separation,
    about: CHECK_IN_ABOUT,
};

/// Check-ins with their severities, each received within `hold` of the one before, are one
/// condition.
fn together(
    asked: &Asked<'_>,
    of: &Single,
    mut singles: Vec<(CheckIn, Option<u8>)>,
    now: i64,
) -> Vec<Condition> {
    let since = now - LOOK_BACK_MS;
    singles.retain(|(one, _)| one.received_at >= since && one.received_at - one.at <= LOOK_BACK_MS);
    singles.sort_by_cached_key(|(one, _)| (one.received_at, one.at, one.id(asked.person)));
    singles.dedup_by(|(later, _), (earlier, _)| later == earlier);
    let hold_ms = asked.numbers.hold_ms.max(1);
    let chains = singles.chunk_by(|(a, _), (b, _)| b.received_at - a.received_at < hold_ms);
    chains
        .map(|chain| single(asked, of, chain, hold_ms))
        .collect()
}

fn single(
    asked: &Asked<'_>,
    of: &Single,
    chain: &[(CheckIn, Option<u8>)],
    hold_ms: i64,
) -> Condition {
    let (first, last) = (&chain[0].0, &chain[chain.len() - 1].0);
    let points = chain.iter().filter_map(|(one, _)| one.point);
    let condition = Condition {
        kind: of.kind,
        about: of.about.to_owned(),
        time: first.received_at,
        decided_at: first.received_at,
        deciding: first.id(asked.person),
        graver: chain.iter().filter_map(|(_, severity)| *severity).min(),
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
