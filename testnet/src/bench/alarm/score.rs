//! Counting what was told against what was the case.

use super::judge::Told;
use super::why::Case;
use crate::corpus::{Cohort, HOME_FENCE, Person, Truth, Weight, day_of};
use jiaolian_schema::desk::{SeenAlarm, incidents};
use jiaolian_schema::fence::{BUFFER_MM_MAX, Fences};
use jiaolian_schema::fix::write_instant;
use jiaolian_schema::id::DossierId;
use std::collections::BTreeMap;

/// Alarms up to this severity ask an operator for something.
const OPERATOR_SEVERITY: u8 = 3;
/// The same condition again within this time is no further incident, ms (`alarm_quiet_minutes`).
const QUIET_MS: i64 = 30 * 60_000;

/// A kind of truth.
#[derive(Debug, Clone, Default)]
pub(super) struct Kind {
    /// True cases that must be told.
    pub(super) must: usize,
    /// Those of them that were, as a violation.
    pub(super) found: usize,
    /// From the truth to the alarm where the deciding report was live, ms.
    pub(super) delays_ms: Vec<i64>,
    /// The parts of these, where a fence decides.
    pub(super) cases: Vec<Case>,
}

/// A fence.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    /// Incidents with something behind them.
    pub(super) right: usize,
    /// Incidents with nothing behind them.
    pub(super) needless: usize,
}

/// Everything counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Score {
    pub(super) kinds: BTreeMap<&'static str, Kind>,
    /// By fence, and by kind where a device is concerned.
    pub(super) sides: BTreeMap<String, Side>,
    /// Crossings too short to count, and those that were told all the same.
    pub(super) brief: usize,
    pub(super) brief_told: usize,
    /// Operator alarms and days of compliant people.
    pub(super) compliant: BTreeMap<Cohort, (usize, usize)>,
    /// Days of all.
    pub(super) days: usize,
    /// Reports of all.
    pub(super) reports: usize,
    /// Rows on compliant days, for the eye.
    pub(super) rows: Vec<String>,
}

/// Alarms that an operator sees in one row.
struct Incident<'a> {
    alarms: Vec<&'a Told>,
}

impl Score {
    pub(super) fn add(&mut self, person: &Person, fences: &Fences, told: &[Told]) {
        self.days += person.days;
        self.reports += person.heard.len();
        self.count_truths(person, fences, told);
        let entry = self.compliant.entry(person.cohort).or_default();
        entry.1 += (0..person.days)
            .filter(|day| person.is_compliant(*day))
            .count();
        for incident in of_operator(told) {
            let first = incident.alarms[0];
            let real = |truth: &&Truth| truth.weight != Weight::MustNot;
            let truths = person.truths.iter().filter(real);
            let is_right = truths.clone().any(|truth| incident.touches(truth));
            let about = if first.fence.is_empty() {
                first.kind.to_owned()
            } else {
                format!("fence {}", first.fence)
            };
            let side = self.sides.entry(about).or_default();
            side.right += usize::from(is_right);
            side.needless += usize::from(!is_right);
            let day = day_of(first.time).filter(|day| *day < person.days);
            if day.is_some_and(|day| person.is_compliant(day)) {
                self.compliant.entry(person.cohort).or_default().0 += 1;
            }
            if !is_right {
                self.rows.push(row(person, &incident, fences));
            }
        }
    }

    fn count_truths(&mut self, person: &Person, fences: &Fences, told: &[Told]) {
        for truth in &person.truths {
            let of_it = told.iter().filter(|alarm| touches(alarm, truth));
            match truth.weight {
                Weight::Must => {
                    let kind = self.kinds.entry(truth.kind).or_default();
                    kind.must += 1;
                    let first = of_it.filter(|alarm| !alarm.suspect);
                    if let Some(first) = first.min_by_key(|alarm| alarm.known_at) {
                        kind.found += 1;
                        if first.live {
                            kind.delays_ms.push((first.known_at - truth.from).max(0));
                            let mut all = fences.iter();
                            let fence = all.find(|fence| fence.id() == truth.fence);
                            let case = fence.map(|f| Case::new(person, f, truth, first));
                            kind.cases.extend(case);
                        }
                    }
                }
                // Beside an escape on the same day an alarm may be about that.
                Weight::MustNot if truth.fence == HOME_FENCE && is_calm(person, truth) => {
                    self.brief += 1;
                    self.brief_told += usize::from(of_it.count() > 0);
                }
                Weight::MustNot | Weight::May => {}
            }
        }
    }

    /// Share of a kind's true cases that were told.
    pub(super) fn recall(&self, kind: &str) -> Option<f64> {
        let of = self.kinds.get(kind).filter(|of| of.must > 0)?;
        Some(of.found as f64 / of.must as f64)
    }

    /// Share of incidents with something behind them.
    pub(super) fn precision(&self, about: &str) -> Option<f64> {
        let of = self.sides.get(about)?;
        let raised = of.right + of.needless;
        (raised > 0).then(|| of.right as f64 / raised as f64)
    }

    /// Operator alarms of a compliant person in thirty days.
    pub(super) fn needless_a_month(&self) -> Option<f64> {
        let all = self.compliant.values();
        let (alarms, days) = all.fold((0, 0), |(a, d), (alarms, days)| (a + alarms, d + days));
        (days > 0).then(|| alarms as f64 * 30.0 / days as f64)
    }

    /// Reports a day of a person.
    pub(super) fn reports_a_day(&self) -> Option<f64> {
        (self.days > 0).then(|| self.reports as f64 / self.days as f64)
    }

    /// Operator alarms on compliant days of a cohort in thirty days.
    pub(super) fn needless_of(&self, cohort: Cohort) -> Option<f64> {
        let (alarms, days) = self.compliant.get(&cohort)?;
        (*days > 0).then(|| *alarms as f64 * 30.0 / *days as f64)
    }

    /// Delay of a kind, s.
    pub(super) fn delay_s(&self, kind: &str, part: f64) -> Option<f64> {
        let of = self.kinds.get(kind).filter(|of| !of.delays_ms.is_empty())?;
        Some(percentile(&of.delays_ms, part) / 1_000.0)
    }
}

/// The smallest value that this part of all do not exceed; 0 of nothing.
pub(super) fn percentile(values: &[i64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .map_or(0.0, |value| *value as f64)
}

fn is_calm(person: &Person, truth: &Truth) -> bool {
    day_of(truth.from).is_some_and(|day| person.is_compliant(day))
}

fn touches(alarm: &Told, truth: &Truth) -> bool {
    let same = alarm.fence == truth.fence && (!truth.fence.is_empty() || alarm.kind == truth.kind);
    same && alarm.time < truth.to && truth.from < alarm.until
}

impl Incident<'_> {
    fn touches(&self, truth: &Truth) -> bool {
        self.alarms.iter().any(|alarm| touches(alarm, truth))
    }
}

/// A row with nothing behind it, and what the device made of the true place meanwhile.
fn row(person: &Person, incident: &Incident<'_>, fences: &Fences) -> String {
    let first = incident.alarms[0];
    let span = first.time..=first.decided_at;
    let during = person
        .heard
        .iter()
        .filter(|heard| span.contains(&heard.time));
    let fence = fences.iter().find(|fence| fence.id() == first.fence);
    let metres = |at| {
        fence.map_or(0, |fence| {
            fence.distance(at, BUFFER_MM_MAX).whole_mm() / 1_000
        })
    };
    let points = during.clone().filter_map(|heard| heard.point);
    let measured: Vec<i64> = points.clone().map(|point| metres(point.at)).collect();
    let told = if first.suspect {
        "suspicion"
    } else {
        first.kind
    };
    format!(
        "needless: {told} {} {} ({}) {}, {} s until decided, live {}: {} alarms in the row, {} \
         reports truly {} to {} m from the edge, measured {measured:?}, accuracy {:?} m",
        first.fence,
        person.code,
        person.cohort.name(),
        write_instant(first.time),
        (first.decided_at - first.time) / 1_000,
        first.live,
        incident.alarms.len(),
        during.clone().count(),
        during
            .clone()
            .map(|heard| metres(heard.truly))
            .min()
            .unwrap_or_default(),
        during
            .clone()
            .map(|heard| metres(heard.truly))
            .max()
            .unwrap_or_default(),
        points
            .map(|point| point.accuracy_mm / 1_000)
            .collect::<Vec<_>>(),
    )
}

/// What an operator gets of it, the same condition in one row as the desk has it.
fn of_operator(told: &[Told]) -> Vec<Incident<'_>> {
    let grave = told.iter().enumerate();
    let grave = grave.filter(|(_, alarm)| alarm.severity <= OPERATOR_SEVERITY);
    let seen = grave.map(|(number, alarm)| {
        let mut dossier = [0; 32];
        dossier[..8].copy_from_slice(&(number as u64).to_be_bytes());
        SeenAlarm {
            dossier: DossierId(dossier),
            case: DossierId([0; 32]),
            kind: alarm.kind.to_owned(),
            fence: alarm.fence.clone(),
            time: alarm.time,
            until: alarm.until,
            raised_at: alarm.known_at,
            ended_at: None,
        }
    });
    let number = |seen: &SeenAlarm| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&seen.dossier.0[..8]);
        u64::from_be_bytes(bytes) as usize
    };
    let groups = incidents(seen.collect(), QUIET_MS).into_iter();
    groups
        .map(|group| Incident {
            alarms: group.iter().map(|seen| &told[number(seen)]).collect(),
        })
        .collect()
}
