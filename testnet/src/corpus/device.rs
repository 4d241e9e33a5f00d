//! What happens to devices: cut, jammed, switched off, empty, blind, or worn by somebody else.

use super::chance::Chance;
use super::{Cohort, Heard, Truth, Weight, day_span, minute_of_day};
use jiaolian_schema::fix::Point;
use jiaolian_schema::signal::{Sign, Signs};

const MINUTE_MS: i64 = 60_000;
/// Charge that a device loses in a minute away from its charger, per cent.
const DRAIN: f64 = 0.045;
/// What it loses more with each report that it was told to make, per cent.
const DRAIN_QUICK: f64 = 0.006;
/// A shorter wait was told, ms.
const QUICK_MS: i64 = MINUTE_MS;
/// Charge at and below which it is low, per cent.
const LOW: u8 = 20;
/// When it is on its charger: from ten in the evening to seven in the morning, minutes of the day.
const CHARGER: (i64, i64) = (22 * 60, 7 * 60);

/// One mishap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mishap {
    /// The strap is cut; the position stays.
    Cut,
    /// Drowned out: it says so once, then nothing.
    Jammed,
    /// Switched off in order.
    Off,
    /// Nothing comes, and nothing was said.
    Silent,
    /// Reports without a position.
    Blind,
    /// Not charged in the night before.
    Empty,
}

const MISHAPS: [Mishap; 6] = [
    Mishap::Cut,
    Mishap::Jammed,
    Mishap::Off,
    Mishap::Silent,
    Mishap::Blind,
    Mishap::Empty,
];

/// Gives reports their signs, and the troubled theirs.
pub(super) fn live(
    cohort: Cohort,
    days: usize,
    heard: &mut Vec<Heard>,
    truths: &mut Vec<Truth>,
    chance: &mut Chance,
) {
    let mut uncharged = Vec::new();
    let mut mishaps = Vec::new();
    if cohort == Cohort::Troubled {
        for day in (1..days).step_by(2) {
            let mishap = MISHAPS[chance.below(MISHAPS.len())];
            let (midnight, _) = day_span(day);
            let from = midnight + chance.minutes(540.0, 1_020.0);
            match mishap {
                Mishap::Empty => uncharged.push(day),
                _ => mishaps.push((mishap, from, from + length(mishap, chance))),
            }
        }
    }
    charge(heard, &uncharged, truths);
    for (mishap, from, to) in mishaps {
        suffer(mishap, (from, to), heard, truths);
    }
    heard.sort_by_key(|report| report.time);
}

fn length(mishap: Mishap, chance: &mut Chance) -> i64 {
    match mishap {
        Mishap::Cut => chance.minutes(20.0, 200.0),
        Mishap::Blind => chance.minutes(150.0, 300.0),
        _ => chance.minutes(45.0, 240.0),
    }
}

/// Battery and charger of each report, and the low battery of who forgot to charge it.
fn charge(heard: &mut [Heard], uncharged: &[usize], truths: &mut Vec<Truth>) {
    let (mut level, mut last) = (100.0_f64, None);
    let mut low: Option<i64> = None;
    for report in heard {
        let day = super::day_of(report.time).unwrap_or(0);
        let minute = minute_of_day(report.time);
        // The night belongs to the day that it ends in.
        let night = if minute >= CHARGER.0 { day + 1 } else { day };
        let at_night = minute >= CHARGER.0 || minute < CHARGER.1;
        let charging = at_night && !uncharged.contains(&night);
        let gone = last.map_or(0, |last| report.time - last) as f64 / MINUTE_MS as f64;
        level = if charging {
            level + gone * 0.5
        } else {
            let is_quick = (1..QUICK_MS).contains(&report.wait_ms);
            level - gone * DRAIN - if is_quick { DRAIN_QUICK } else { 0.0 }
        };
        level = level.clamp(3.0, 100.0);
        last = Some(report.time);
        let battery = level as u8;
        let signs = Signs::NONE.with(Sign::Strap, false);
        report.signs = signs.with(Sign::Charging, charging).with_battery(battery);
        if battery <= LOW {
            low.get_or_insert(report.time);
        } else if let Some(from) = low.take() {
            truths.push(truth("LOW_BATT", (from, report.time)));
        }
    }
    if let (Some(from), Some(to)) = (low, last) {
        truths.push(truth("LOW_BATT", (from, to)));
    }
}

fn truth(kind: &'static str, (from, to): (i64, i64)) -> Truth {
    Truth {
        kind,
        fence: "",
        from,
        to,
        weight: Weight::Must,
    }
}

fn suffer(mishap: Mishap, (from, to): (i64, i64), heard: &mut Vec<Heard>, truths: &mut Vec<Truth>) {
    let inside = |report: &Heard| (from..to).contains(&report.time);
    let before = heard.iter().rfind(|report| report.time < from).copied();
    let Some(before) = before else {
        return;
    };
    let signs = before.signs;
    let said = |signs: Signs| Heard {
        time: from,
        received_at: from + 3_000,
        live: true,
        point: None,
        signs,
        truly: before.truly,
        wait_ms: 0,
    };
    match mishap {
        Mishap::Cut => {
            for report in heard.iter_mut().filter(|report| inside(report)) {
                report.signs = report.signs.with(Sign::Strap, true);
            }
            heard.push(said(signs.with(Sign::Strap, true)));
            truths.push(truth("TAMPER", (from, to)));
        }
        Mishap::Blind => {
            for report in heard.iter_mut().filter(|report| inside(report)) {
                report.point = None;
            }
            truths.push(truth("SILENT", (from, to)));
        }
        Mishap::Jammed | Mishap::Off | Mishap::Silent => {
            heard.retain(|report| !inside(report));
            let silence = (before.time, to);
            match mishap {
                Mishap::Jammed => {
                    heard.push(said(signs.with(Sign::Jammed, true)));
                    truths.push(truth("NO_SIGNAL", (from, to)));
                }
                Mishap::Off => {
                    heard.push(said(signs.with(Sign::Off, true)));
                    truths.push(truth("POWER_OFF", (from, to)));
                    // What is off is silent too; who is told of the one needs not be of the other.
                    truths.push(Truth {
                        weight: Weight::May,
                        ..truth("NO_SIGNAL", (from, to))
                    });
                }
                _ => truths.push(truth("NO_SIGNAL", silence)),
            }
        }
        Mishap::Empty => {}
    }
    heard.sort_by_key(|report| report.time);
}

/// Two bands on one arm: the first reports where the second is, a few metres apart.
pub(super) fn swap(
    days: usize,
    heard: &mut Vec<Heard>,
    beside: &mut [Heard],
    truths: &mut Vec<Truth>,
    chance: &mut Chance,
) {
    for report in beside.iter_mut() {
        report.signs = Signs::NONE.with(Sign::Strap, false).with_battery(90);
    }
    for day in (2..days).step_by(6) {
        let (midnight, _) = day_span(day);
        let from = midnight + chance.minutes(540.0, 900.0);
        let to = from + chance.minutes(120.0, 300.0);
        let signs = heard.iter().rfind(|report| report.time < from);
        let signs = signs.map_or(Signs::NONE, |report| report.signs);
        heard.retain(|report| !(from..to).contains(&report.time));
        let borrowed = beside
            .iter()
            .filter(|report| (from..to).contains(&report.time));
        let copied: Vec<Heard> = borrowed
            .map(|report| {
                let later = chance.minutes(0.02, 0.1);
                let moved = |point: Point| Point {
                    time: point.time + later,
                    ..point
                };
                Heard {
                    time: report.time + later,
                    received_at: report.received_at + later,
                    point: report.point.map(moved),
                    signs,
                    ..*report
                }
            })
            .collect();
        heard.extend(copied);
        truths.push(truth("SEPARATION", (from, to)));
    }
    heard.sort_by_key(|report| report.time);
}
