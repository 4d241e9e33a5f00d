//! A second judge of what a device says, slow and plain: it puts all reports in order, cuts them by
//! the spans in which a band was bound, and looks for each kind of condition by itself, as the rules
//! D1 to D9 of `docs/watch-device.md` read. It shares only the geometry with the watch.

use jiaolian_schema::fix::Point;
use jiaolian_schema::geo::farther_than;
use jiaolian_schema::signal::{Sign, Signs};
use jiaolian_schema::watch::{AlarmKind, Word};
use std::collections::BTreeMap;

#[path = "silence.rs"]
mod silence;

use silence::{joined, silences};

const MINUTE_MS: i64 = 60_000;

/// A stretch of time of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrueWear {
    /// Of which kind.
    pub kind: AlarmKind,
    /// Its beginning, ms UTC.
    pub time: i64,
    /// When it was decided, ms UTC.
    pub decided_at: i64,
    /// Its end, ms UTC; none while open.
    pub end: Option<i64>,
    /// How grave it grew.
    pub severity: u8,
}

/// A stretch of time `[from, until)`, ms UTC, in which one binding held, and what it says.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// First instant.
    pub from: i64,
    /// Its end.
    pub until: i64,
    /// How often the device reports, ms.
    pub every_ms: i64,
    /// Whether it is missed from the beginning.
    pub is_missed: bool,
}

/// One instant of which something was heard.
#[derive(Debug, Clone, Copy)]
struct Moment {
    time: i64,
    signs: Signs,
    placed: bool,
    jumped: bool,
}

/// All conditions about a device in a set of its reports, sorted. Spans are `[from, until)`; in
/// none of them is it missed before it was heard.
pub fn judge(
    words: &[Word],
    bound: &[(i64, i64)],
    down: &[(i64, i64)],
    now: i64,
    every_ms: i64,
) -> Vec<TrueWear> {
    let bindings: Vec<Bound> = bound
        .iter()
        .map(|(from, until)| Bound {
            from: *from,
            until: *until,
            every_ms,
            is_missed: false,
        })
        .collect();
    judge_bound(words, &bindings, down, now)
}

/// The same under bindings that say how often the device reports and whether it is missed.
pub fn judge_bound(
    words: &[Word],
    bindings: &[Bound],
    down: &[(i64, i64)],
    now: i64,
) -> Vec<TrueWear> {
    let moments = moments(words);
    let mut found = Vec::new();
    for (from, until) in &joined(bindings) {
        let inside = moments.iter().filter(|m| (*from..*until).contains(&m.time));
        let inside: Vec<Moment> = inside.copied().collect();
        let over = (*until <= now).then_some(*until);
        let gaps = silences(&inside, down, (*until).min(now), (*from, bindings));
        let mut here = Vec::new();
        here.extend(tamper(&inside));
        here.extend(apart(&inside));
        here.extend(off(&inside));
        here.extend(battery(&inside));
        here.extend(unplaced(&inside, &gaps));
        here.extend(fault(&inside));
        here.extend(gaps);
        for condition in &mut here {
            condition.end = condition.end.or(over);
        }
        found.extend(here);
    }
    found.sort();
    found
}

fn moments(words: &[Word]) -> Vec<Moment> {
    let mut at: BTreeMap<i64, Vec<Word>> = BTreeMap::new();
    for word in words {
        at.entry(word.time).or_default().push(*word);
    }
    let (mut last_used, mut last_jump): (Option<Point>, Option<Point>) = (None, None);
    let mut moments = Vec::new();
    for (time, said) in at {
        let signs = said
            .iter()
            .fold(Signs::NONE, |all, word| all.and(word.signs));
        let points = said.iter().filter_map(|word| word.point);
        let usable = points.filter(|point| point.accuracy_mm <= 500_000);
        let best = usable.min_by_key(Point::order);
        let believed = |before: &Option<Point>, point: &Point| {
            before.is_some_and(|before| {
                let way = 60 * (point.time - before.time);
                let spare = i64::from(before.accuracy_mm) + i64::from(point.accuracy_mm);
                !farther_than(before.at, point.at, way + spare)
            })
        };
        let mut jumped = false;
        if let Some(point) = best {
            let first = last_used.is_none();
            jumped = !first && !believed(&last_used, &point) && !believed(&last_jump, &point);
            if jumped {
                last_jump = Some(point);
            } else {
                (last_used, last_jump) = (Some(point), None);
            }
        }
        let placed = best.is_some();
        moments.push(Moment {
            time,
            signs,
            placed,
            jumped,
        });
    }
    moments
}

fn open(kind: AlarmKind, time: i64, decided_at: i64, severity: u8) -> TrueWear {
    TrueWear {
        kind,
        time,
        decided_at,
        end: None,
        severity,
    }
}

/// D2.
fn tamper(all: &[Moment]) -> Vec<TrueWear> {
    let (mut strap, mut housing) = (false, false);
    let mut found: Vec<TrueWear> = Vec::new();
    for moment in all {
        let was = strap || housing;
        if let Some(says) = moment.signs.says(Sign::Strap) {
            strap = says;
        }
        if let Some(says) = moment.signs.says(Sign::Housing) {
            housing = says;
        }
        let is = strap || housing;
        if is && !was {
            found.push(open(AlarmKind::Tamper, moment.time, moment.time, 1));
        }
        if let Some(last) = found.last_mut().filter(|_| was && !is) {
            last.end = Some(moment.time);
        }
    }
    found
}

/// D3.
fn apart(all: &[Moment]) -> Vec<TrueWear> {
    let mut rows: Vec<(Vec<i64>, Option<i64>)> = Vec::new();
    let mut fresh = true;
    for moment in all {
        match moment.signs.says(Sign::Apart) {
            None => {}
            Some(false) => {
                if let Some((_, end)) = rows.last_mut().filter(|_| !fresh) {
                    *end = Some(moment.time);
                }
                fresh = true;
            }
            Some(true) => {
                if std::mem::take(&mut fresh) {
                    rows.push((Vec::new(), None));
                }
                if let Some((says, _)) = rows.last_mut() {
                    says.push(moment.time);
                }
            }
        }
    }
    let mut found = Vec::new();
    for (says, end) in rows {
        let mut first = says[0];
        for pair in 0..says.len() {
            if pair > 0 && says[pair] - says[pair - 1] > 30 * MINUTE_MS {
                first = says[pair];
            }
            if says[pair] - first > 180_000 {
                let condition = open(AlarmKind::Separation, first, says[pair], 2);
                found.push(TrueWear { end, ..condition });
                break;
            }
        }
    }
    found
}

/// D4.
fn off(all: &[Moment]) -> Vec<TrueWear> {
    let mut found: Vec<TrueWear> = Vec::new();
    for (at, moment) in all.iter().enumerate() {
        let says = moment.signs.says(Sign::Off) == Some(true);
        let is_open = found.last().is_some_and(|last| last.end.is_none());
        if !says {
            if let Some(last) = found.last_mut().filter(|_| is_open) {
                last.end = Some(moment.time);
            }
            continue;
        }
        let charge = all[..=at]
            .iter()
            .rev()
            .find_map(|before| before.signs.battery());
        if !is_open && charge.is_some_and(|percent| percent > 20) {
            found.push(open(AlarmKind::PowerOff, moment.time, moment.time, 2));
        }
    }
    found
}

/// D5.
fn battery(all: &[Moment]) -> Vec<TrueWear> {
    let mut found: Vec<TrueWear> = Vec::new();
    for moment in all {
        let Some(percent) = moment.signs.battery() else {
            continue;
        };
        let severity = if percent <= 10 { 3 } else { 4 };
        match found.last_mut().filter(|last| last.end.is_none()) {
            Some(last) if percent > 25 => last.end = Some(moment.time),
            Some(last) if percent <= 20 => last.severity = last.severity.min(severity),
            None if percent <= 20 => {
                found.push(open(AlarmKind::LowBatt, moment.time, moment.time, severity));
            }
            _ => {}
        }
    }
    found
}

/// D6.
fn unplaced(all: &[Moment], gaps: &[TrueWear]) -> Vec<TrueWear> {
    let mut found: Vec<TrueWear> = Vec::new();
    for (at, moment) in all.iter().enumerate() {
        if let Some(last) = found.last_mut().filter(|last| last.end.is_none()) {
            if moment.placed {
                last.end = Some(moment.time);
            }
            continue;
        }
        let since = gaps
            .iter()
            .filter_map(|gap| gap.end)
            .filter(|end| *end <= moment.time)
            .max();
        let known = all[..=at]
            .iter()
            .filter(|m| since.is_none_or(|since| m.time >= since));
        let known: Vec<&Moment> = known.collect();
        let placed = known.iter().rev().find(|m| m.placed);
        let base = placed.map_or(known[0].time, |m| m.time);
        if !moment.placed && moment.time - base >= 120 * MINUTE_MS {
            found.push(open(AlarmKind::Silent, base, moment.time, 3));
        }
    }
    found
}

/// D8.
fn fault(all: &[Moment]) -> Vec<TrueWear> {
    const QUIET_MS: i64 = 30 * MINUTE_MS;
    let mut found: Vec<TrueWear> = Vec::new();
    let (mut count, mut last_fault) = (0, 0);
    for (at, moment) in all.iter().enumerate() {
        let signs = [
            Sign::MadeUp,
            Sign::Fault,
            Sign::Cloned,
            Sign::Clock,
            Sign::Garbled,
        ];
        let signed = signs
            .iter()
            .any(|sign| moment.signs.says(*sign) == Some(true));
        let row = jumps_back_from(&all[..=at], QUIET_MS);
        let is_open = found.last().is_some_and(|last| last.end.is_none());
        let begins = if signed {
            Some(moment.time)
        } else {
            row.first().copied().filter(|_| row.len() >= 3)
        };
        if begins.is_some() || (is_open && moment.jumped) {
            count = if is_open { count + 1 } else { 1 };
            last_fault = moment.time;
            if !is_open {
                found.push(open(
                    AlarmKind::DevFault,
                    begins.unwrap_or(0),
                    moment.time,
                    4,
                ));
            }
            if let Some(last) = found.last_mut().filter(|_| count >= 3) {
                last.severity = 3;
            }
        } else if let Some(last) = found.last_mut().filter(|_| is_open)
            && moment.time - last_fault >= QUIET_MS
        {
            last.end = Some(moment.time);
        }
    }
    found
}

/// Times of the row of jumps that the last moment ends, oldest first; none where it is no jump.
fn jumps_back_from(all: &[Moment], gap_ms: i64) -> Vec<i64> {
    let jumps: Vec<i64> = all.iter().filter(|m| m.jumped).map(|m| m.time).collect();
    if !all.last().is_some_and(|last| last.jumped) {
        return Vec::new();
    }
    let mut row = vec![jumps[jumps.len() - 1]];
    for time in jumps.iter().rev().skip(1) {
        if row[0] - time > gap_ms {
            break;
        }
        row.insert(0, *time);
    }
    row
}
