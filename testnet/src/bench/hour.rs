//! An hour of a county: everybody under watch reports once a minute to one node with a store on a real
//! disk. The clock is a virtual one, what the hour costs is not.

use super::MeasureError;
use super::figure::Figure;
use super::ingest::Township;
use super::key::code;
use super::world::START_MS;
use jiaolian_schema::fix::{Coord, Fix, Point, Source};
use jiaolian_sync::Judged;
use std::fs;

const SECTION: &str = "supervise";
const PEOPLE: u64 = 25_000;
const PEOPLE_QUICK: u64 = 40;
const MINUTES: i64 = 60;
const MINUTES_QUICK: i64 = 3;
/// What of a core the hour may take, per cent.
const LIMIT_PER_CENT: f64 = 20.0;
/// Time from a fix to its receipt, ms.
const ON_THE_WAY_MS: i64 = 500;
/// Ticks of the system's clock of work in a second, as Linux tells them to programs.
const WORK_TICKS_PER_S: f64 = 100.0;
/// Bytes of a report as its four numbers.
const BARE_REPORT_BYTES: f64 = 24.0;

pub(super) fn measure(quick: bool, people: Option<u32>) -> Result<Vec<Figure>, MeasureError> {
    let (usual, minutes) = if quick {
        (PEOPLE_QUICK, MINUTES_QUICK)
    } else {
        (PEOPLE, MINUTES)
    };
    let people = people.map_or(usual, u64::from);
    let mut township = Township::with_cases(people)?;
    let empty = township.bytes();
    forget_peak();
    let before = worked();
    let begin = START_MS + 3_600_000;
    for second in 0..minutes * 60 {
        let now = begin + second * 1_000;
        let due = (0..people).filter(|person| (*person % 60) as i64 == second % 60);
        for person in due {
            let fix = fix(person, second / 60, now);
            let received_at = now + ON_THE_WAY_MS;
            let outcome = township.node.replica.report(&fix, received_at, true)?;
            if outcome.judged != Judged::Next {
                let text = format!("a report came to {:?}", outcome.judged);
                return Err(MeasureError::Wrong(text));
            }
        }
        township.node.replica.tick(now + ON_THE_WAY_MS, [7; 32]);
        township.node.settle()?;
    }
    let (reports, seconds) = (people * minutes as u64, (minutes * 60) as f64);
    let share = (worked() - before) * 100.0 / seconds;
    let grown = township.bytes().saturating_sub(empty) as f64 / reports as f64;
    let row = |what, figure| Figure::timed(SECTION, what, people, figure);
    Ok(vec![
        row("a fix a minute of n people: of a core", (share, "%"))
            .against("limit", LIMIT_PER_CENT)
            .goal(1.0),
        row(
            "a fix a minute of n people: file growth a fix",
            (grown, "B"),
        )
        .against("its four numbers", BARE_REPORT_BYTES),
        row(
            "a fix a minute of n people: peak memory",
            (peak_mib(), "MiB"),
        )
        .against("a gibibyte", 1_024.0),
    ])
}

/// Somebody near the middle of the ground who walks some metres a minute.
fn fix(person: u64, minute: i64, time: i64) -> Fix {
    let spread = |salt: u64| (person.wrapping_mul(salt) % 200_000) as i32 - 100_000;
    let lat = 277_000_000 + spread(7_919) + minute as i32 * 30;
    let at = Coord::new(lat, 1_115_000_000 + spread(104_729)).expect("a place in the province");
    Fix {
        person: code(person).to_hex(),
        point: Point::new(time, at, Some(15_000), Source::Gnss),
    }
}

/// Seconds of a core that this process has used.
fn worked() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, in brackets, may hold anything.
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after.split_ascii_whitespace().skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|text| text.parse::<f64>().ok()).sum();
    ticks / WORK_TICKS_PER_S
}

/// The peak is counted from here on, where the system allows it.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1_024.0
}
