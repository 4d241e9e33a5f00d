//! Alarms against conditions: conditions are computed, alarms are history (R19).

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{AlarmKind, Condition};
use crate::fix::{FixId, Point};
use crate::permit::Permit;

const ALARM_DOMAIN: &[u8] = b"jiaolian alarm/1\0";

/// SHA-256 that names an alarm; two gateways that decide by the same fix mint the same.
pub type AlarmId = [u8; 32];

/// The name of the alarm that a fix or an instant decided, about a fence or, where that is empty,
/// about the device.
pub fn alarm_id(person: &str, about: &str, kind: AlarmKind, deciding: FixId) -> AlarmId {
    let mut hash = Sha256::new();
    hash.update(ALARM_DOMAIN);
    for text in [person, about] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.update([kind as u8]);
    hash.update(deciding);
    hash.finalize().into()
}

/// An alarm that has been raised and neither withdrawn nor merged into another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingAlarm {
    /// Its name.
    pub id: AlarmId,
    /// Its fence; empty where it is about the device.
    pub about: String,
    /// Its kind.
    pub kind: AlarmKind,
    /// When its condition began, ms since 1970.
    pub time: i64,
    /// When its condition ended, ms since 1970; `None` while open.
    pub until: Option<i64>,
    /// The points that proved it.
    pub evidence: Vec<Point>,
}

/// Why an alarm no longer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithdrawalCause {
    /// A permit that was not known covers it: 已批准外出(迟到).
    PermitLate,
    /// Reports that were not known show that there was no such condition.
    FixLate,
    /// Reports that were not known fill the silence.
    Filled,
}

/// What is to be done about one alarm or condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmChange {
    /// The alarm stands for the condition of this index; its times are the condition's.
    Stands {
        /// The alarm.
        alarm: AlarmId,
        /// Index into the conditions.
        condition: usize,
    },
    /// No condition is behind the alarm.
    Withdraw {
        /// The alarm.
        alarm: AlarmId,
        /// Why.
        cause: WithdrawalCause,
    },
    /// Two alarms stand for one condition; the smaller id stays, this one points to it.
    Merge {
        /// The alarm that no longer stands by itself.
        alarm: AlarmId,
        /// The one it points to.
        into: AlarmId,
    },
    /// A condition without an alarm: raise one. Of a fence it is retrospective, one severity lower
    /// and without live escalation; of the device only where the condition is over (D10).
    /// Where the node has withdrawn an alarm of this id before, it is that one that stands again.
    Raise {
        /// The alarm's name.
        alarm: AlarmId,
        /// Index into the conditions.
        condition: usize,
    },
}

/// Matches one person's standing alarms with the conditions now computed, by overlap of [time,
/// clear).
///
/// Suspicions have no condition and are left alone. An alarm over two conditions stands for the
/// earlier one.
pub fn match_alarms(
    person: &str,
    conditions: &[Condition],
    alarms: &[StandingAlarm],
    permits: &[Permit],
) -> Vec<AlarmChange> {
    let mut changes = Vec::new();
    let mut standing: BTreeMap<usize, Vec<AlarmId>> = BTreeMap::new();
    for alarm in alarms
        .iter()
        .filter(|alarm| alarm.kind != AlarmKind::Suspect)
    {
        match earliest_overlap(alarm, conditions) {
            Some(index) => standing.entry(index).or_default().push(alarm.id),
            None => changes.push(AlarmChange::Withdraw {
                alarm: alarm.id,
                cause: withdrawal_cause(person, alarm, permits),
            }),
        }
    }
    for (index, condition) in conditions.iter().enumerate() {
        let mut ids = standing.remove(&index).unwrap_or_default();
        ids.sort_unstable();
        ids.dedup();
        if let Some((first, others)) = ids.split_first() {
            changes.push(AlarmChange::Stands {
                alarm: *first,
                condition: index,
            });
            let merge = |alarm: &AlarmId| AlarmChange::Merge {
                alarm: *alarm,
                into: *first,
            };
            changes.extend(others.iter().map(merge));
        } else {
            let (about, kind) = (&condition.about, condition.kind);
            changes.push(AlarmChange::Raise {
                alarm: alarm_id(person, about, kind, condition.deciding),
                condition: index,
            });
        }
    }
    changes
}

fn earliest_overlap(alarm: &StandingAlarm, conditions: &[Condition]) -> Option<usize> {
    let overlaps = |condition: &Condition| {
        let ends = condition
            .cleared
            .as_ref()
            .map_or(i64::MAX, |clearing| clearing.time);
        condition.about == alarm.about
            && condition.kind == alarm.kind
            && condition.time < alarm.until.unwrap_or(i64::MAX)
            && alarm.time < ends
    };
    let matching = conditions
        .iter()
        .enumerate()
        .filter(|(_, condition)| overlaps(condition));
    matching
        .min_by_key(|(_, condition)| condition.time)
        .map(|(index, _)| index)
}

fn withdrawal_cause(person: &str, alarm: &StandingAlarm, permits: &[Permit]) -> WithdrawalCause {
    let Some(kind) = alarm.kind.fence_kind() else {
        let silent = alarm.kind == AlarmKind::NoSignal;
        return if silent {
            WithdrawalCause::Filled
        } else {
            WithdrawalCause::FixLate
        };
    };
    let is_covered = |point: &Point| {
        permits
            .iter()
            .any(|permit| permit.person == person && permit.covers(&alarm.about, kind, point))
    };
    if alarm.evidence.iter().any(is_covered) {
        WithdrawalCause::PermitLate
    } else {
        WithdrawalCause::FixLate
    }
}
