//! Alarms against violations: violations are computed, alarms are history (R19).

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use super::{Change, Violation};
use crate::fence::FenceKind;
use crate::fix::{FixId, Point};
use crate::permit::Permit;

const ALARM_DOMAIN: &[u8] = b"jiaolian alarm/1\0";

/// SHA-256 that names an alarm; two gateways that decide by the same fix mint the same.
pub type AlarmId = [u8; 32];

/// What the watch raises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum AlarmKind {
    /// Left a `keep_in` fence.
    #[n(0)]
    Exit,
    /// Entered a `keep_out` fence.
    #[n(1)]
    Enter,
    /// Coarse fixes make one of these likely.
    #[n(2)]
    Suspect,
}

impl AlarmKind {
    /// The alarm that a decision raises, if it raises one.
    pub const fn of(change: Change) -> Option<Self> {
        match change {
            Change::Exit => Some(Self::Exit),
            Change::Enter => Some(Self::Enter),
            Change::Suspect => Some(Self::Suspect),
            Change::ClearReturned | Change::ClearPermitted | Change::ClearUnbound => None,
        }
    }
}

/// The name of the alarm that a fix decided.
pub fn alarm_id(person: &str, fence: &str, kind: AlarmKind, deciding: FixId) -> AlarmId {
    let mut hash = Sha256::new();
    hash.update(ALARM_DOMAIN);
    for text in [person, fence] {
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
    /// Its fence.
    pub fence: String,
    /// Its kind.
    pub kind: AlarmKind,
    /// When its violation began, ms since 1970.
    pub time: i64,
    /// When its violation ended, ms since 1970; `None` while open.
    pub until: Option<i64>,
    /// The points that proved it.
    pub evidence: Vec<Point>,
}

/// Why an alarm no longer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithdrawalCause {
    /// A permit that was not known covers it: 已批准外出(迟到).
    PermitLate,
    /// Fixes that were not known show that there was no violation.
    FixLate,
}

/// What is to be done about one alarm or violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmChange {
    /// The alarm stands for the violation of this index; its times are the violation's.
    Stands {
        /// The alarm.
        alarm: AlarmId,
        /// Index into the violations.
        violation: usize,
    },
    /// No violation is behind the alarm.
    Withdraw {
        /// The alarm.
        alarm: AlarmId,
        /// Why.
        cause: WithdrawalCause,
    },
    /// Two alarms stand for one violation; the smaller id stays, this one points to it.
    Merge {
        /// The alarm that no longer stands by itself.
        alarm: AlarmId,
        /// The one it points to.
        into: AlarmId,
    },
    /// A violation without an alarm: raise one retrospectively, one severity lower, without live
    /// escalation.
    /// Where the node has withdrawn an alarm of this id before, it is that one that stands again.
    RaiseRetrospective {
        /// The alarm's name.
        alarm: AlarmId,
        /// Index into the violations.
        violation: usize,
    },
}

/// Matches one person's standing alarms with the violations now computed, by overlap of [time,
/// clear).
///
/// Suspicions have no violation and are left alone. An alarm over two violations stands for the
/// earlier one.
pub fn match_alarms(
    person: &str,
    violations: &[Violation],
    alarms: &[StandingAlarm],
    permits: &[Permit],
) -> Vec<AlarmChange> {
    let mut changes = Vec::new();
    let mut standing: BTreeMap<usize, Vec<AlarmId>> = BTreeMap::new();
    for alarm in alarms
        .iter()
        .filter(|alarm| alarm.kind != AlarmKind::Suspect)
    {
        match earliest_overlap(alarm, violations) {
            Some(index) => standing.entry(index).or_default().push(alarm.id),
            None => changes.push(AlarmChange::Withdraw {
                alarm: alarm.id,
                cause: withdrawal_cause(person, alarm, permits),
            }),
        }
    }
    for (index, violation) in violations.iter().enumerate() {
        let mut ids = standing.remove(&index).unwrap_or_default();
        ids.sort_unstable();
        ids.dedup();
        if let Some((first, others)) = ids.split_first() {
            changes.push(AlarmChange::Stands {
                alarm: *first,
                violation: index,
            });
            let merge = |alarm: &AlarmId| AlarmChange::Merge {
                alarm: *alarm,
                into: *first,
            };
            changes.extend(others.iter().map(merge));
        } else if let Some(kind) = AlarmKind::of(violation.change) {
            let alarm = alarm_id(person, &violation.fence, kind, violation.deciding);
            changes.push(AlarmChange::RaiseRetrospective {
                alarm,
                violation: index,
            });
        }
    }
    changes
}

fn earliest_overlap(alarm: &StandingAlarm, violations: &[Violation]) -> Option<usize> {
    let overlaps = |violation: &Violation| {
        let ends = violation
            .cleared
            .as_ref()
            .map_or(i64::MAX, |clearing| clearing.time);
        violation.fence == alarm.fence
            && AlarmKind::of(violation.change) == Some(alarm.kind)
            && violation.time < alarm.until.unwrap_or(i64::MAX)
            && alarm.time < ends
    };
    let matching = violations
        .iter()
        .enumerate()
        .filter(|(_, violation)| overlaps(violation));
    matching
        .min_by_key(|(_, violation)| violation.time)
        .map(|(index, _)| index)
}

fn withdrawal_cause(person: &str, alarm: &StandingAlarm, permits: &[Permit]) -> WithdrawalCause {
    let kind = match alarm.kind {
        AlarmKind::Exit => FenceKind::KeepIn,
        AlarmKind::Enter | AlarmKind::Suspect => FenceKind::KeepOut,
    };
    let is_covered = |point: &Point| {
        permits
            .iter()
            .any(|permit| permit.person == person && permit.covers(&alarm.fence, kind, point))
    };
    if alarm.evidence.iter().any(is_covered) {
        WithdrawalCause::PermitLate
    } else {
        WithdrawalCause::FixLate
    }
}
