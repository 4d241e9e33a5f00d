//! Silence of many at once: what one dead cell, gateway, vendor or office did is one row, and nobody
//! who is in danger or away is hidden in it.

use crate::id::{DossierId, PersonCode};
use crate::rule::RulePack;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

const MINUTE_MS: i64 = 60_000;
/// Kinds that many people may have for one reason of the network's.
const SILENCES: [&str; 3] = ["NO_SIGNAL", "SILENT", "DEV_FAULT"];

/// Up to this severity somebody is in danger, and never shown among others.
pub const ALONE_SEVERITY: u8 = 1;

/// What people who fell silent may have in common; the narrowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shared {
    /// The cell of the mobile network that heard the device last.
    Cell,
    /// The gateway that took its reports.
    Gateway,
    /// Who made the device or runs its platform.
    Vendor,
    /// The office that is responsible.
    Office,
}

/// One alarm, as far as silences are folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallen {
    /// The alarm's dossier.
    pub dossier: DossierId,
    /// Whom it concerns.
    pub person: PersonCode,
    /// Kind in the rules.
    pub kind: String,
    /// 1 red, 2 orange, 3 yellow, 4 blue, as it stands now.
    pub severity: u8,
    /// When the condition began, ms UTC of the device.
    pub time: i64,
    /// When it was last known, ms UTC; `i64::MAX` while it lasts.
    pub until: i64,
    /// What the device last shared with others, where it is known.
    pub shares: BTreeMap<Shared, String>,
}

/// How many, and how near in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MassRule {
    /// Fewest people of one incident.
    pub people_min: usize,
    /// Longest time between the first and the last of them to fall silent, ms.
    pub within_ms: i64,
}

impl MassRule {
    /// The numbers of the rules: `mass_silence_people`, `mass_silence_minutes`.
    pub fn of(rules: &RulePack) -> Self {
        let number = |id: &str| rules.policy(id).map(|policy| policy.n);
        Self {
            people_min: number("mass_silence_people").map_or(usize::MAX, |n| n as usize),
            within_ms: number("mass_silence_minutes").map_or(0, |n| i64::from(n) * MINUTE_MS),
        }
    }
}

/// What is shown in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// An alarm by itself.
    Alone(DossierId),
    /// Silence of many.
    Mass {
        /// What they have in common, and which one it is.
        cause: (Shared, String),
        /// When the first and the last of them fell silent, ms UTC.
        began: (i64, i64),
        /// Its alarms, ascending by beginning.
        alarms: Vec<DossierId>,
    },
}

/// Folds silences that share a cause into one row each; every alarm is in exactly one row. Rows come
/// in the order of their first beginning.
///
/// Folded are only kinds of silence of severity 2 or milder, only of people with nothing else the
/// matter: whoever is silent for so long that it is of severity 1, whoever has an alarm of another
/// kind near in time, and whoever had fallen silent before, keeps a row.
pub fn fold_silences(mut alarms: Vec<Fallen>, rule: MassRule) -> Vec<Row> {
    alarms.sort_by_key(|alarm| (alarm.time, alarm.dossier));
    let mut left = foldable(&alarms, rule);
    let mut rows: Vec<(i64, DossierId, Row)> = Vec::new();
    let mut folded = BTreeSet::new();
    while let Some((cause, group)) = largest(&alarms, &left, rule) {
        left.retain(|number| !group.contains(number));
        let (first, last) = (&alarms[group[0]], &alarms[group[group.len() - 1]]);
        let row = Row::Mass {
            cause,
            began: (first.time, last.time),
            alarms: group.iter().map(|number| alarms[*number].dossier).collect(),
        };
        rows.push((first.time, first.dossier, row));
        folded.extend(group);
    }
    for (number, alarm) in alarms.iter().enumerate() {
        if !folded.contains(&number) {
            rows.push((alarm.time, alarm.dossier, Row::Alone(alarm.dossier)));
        }
    }
    rows.sort_by_key(|(time, dossier, _)| (*time, *dossier));
    rows.into_iter().map(|(_, _, row)| row).collect()
}

/// Silences of people with nothing of their own the matter.
fn foldable(alarms: &[Fallen], rule: MassRule) -> Vec<usize> {
    let mut of: BTreeMap<PersonCode, Vec<usize>> = BTreeMap::new();
    for (number, alarm) in alarms.iter().enumerate() {
        of.entry(alarm.person).or_default().push(number);
    }
    let is_free = |number: &usize| {
        let alarm = &alarms[*number];
        let mut others = of[&alarm.person].iter().filter(|other| *other != number);
        let is_mild = alarm.is_silence() && alarm.severity > ALONE_SEVERITY;
        is_mild && !others.any(|other| alarms[*other].sets_apart(alarm, rule))
    };
    (0..alarms.len()).filter(is_free).collect()
}

impl Fallen {
    /// Whether an alarm of this kind is a silence that may be folded.
    pub fn is_kind(kind: &str) -> bool {
        SILENCES.contains(&kind)
    }

    fn is_silence(&self) -> bool {
        Self::is_kind(&self.kind)
    }

    /// Whether this keeps a silence of the same person out of every fold.
    fn sets_apart(&self, silence: &Self, rule: MassRule) -> bool {
        let from = silence.time.saturating_sub(rule.within_ms);
        let to = silence.time.saturating_add(rule.within_ms);
        let is_near = self.time <= to && self.until >= from;
        is_near && (!self.is_silence() || self.time < from)
    }
}

type Group = ((Shared, String), Vec<usize>);

/// The group of most people; of equal ones the narrowest cause.
fn largest(alarms: &[Fallen], left: &[usize], rule: MassRule) -> Option<Group> {
    let mut sharing: BTreeMap<(Shared, &str), Vec<usize>> = BTreeMap::new();
    for number in left {
        for (shared, which) in &alarms[*number].shares {
            sharing.entry((*shared, which)).or_default().push(*number);
        }
    }
    let mut best: Option<(usize, Group)> = None;
    for ((shared, which), numbers) in sharing {
        let Some((people, range)) = densest(alarms, &numbers, rule) else {
            continue;
        };
        if best.as_ref().is_none_or(|(most, _)| people > *most) {
            best = Some((
                people,
                ((shared, which.to_owned()), numbers[range].to_vec()),
            ));
        }
    }
    best.map(|(_, group)| group)
}

/// Of alarms with one cause in common, in order, those that began together: most people, of equal
/// ones the latest.
fn densest(alarms: &[Fallen], numbers: &[usize], rule: MassRule) -> Option<(usize, Range<usize>)> {
    let mut people: BTreeMap<PersonCode, usize> = BTreeMap::new();
    let (mut best, mut end) = (None, 0);
    for (start, first) in numbers.iter().enumerate() {
        let to = alarms[*first].time.saturating_add(rule.within_ms);
        while let Some(number) = numbers.get(end).filter(|n| alarms[**n].time <= to) {
            *people.entry(alarms[*number].person).or_insert(0) += 1;
            end += 1;
        }
        let most = best.as_ref().map_or(rule.people_min, |(most, _)| *most);
        if people.len() >= most {
            best = Some((people.len(), start..end));
        }
        let person = alarms[*first].person;
        if let Some(count) = people.get_mut(&person) {
            *count -= 1;
            if *count == 0 {
                people.remove(&person);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests;
