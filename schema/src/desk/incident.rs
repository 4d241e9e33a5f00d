//! Which alarms are one incident: the same condition that fires again before it has been normal for
//! long enough extends what is open already.

use crate::id::DossierId;

/// One alarm, as far as incidents are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenAlarm {
    /// The alarm's dossier.
    pub dossier: DossierId,
    /// The case that it follows.
    pub case: DossierId,
    /// Kind in the rules.
    pub kind: String,
    /// The fence, or nothing.
    pub fence: String,
    /// When the condition began, ms UTC of the device.
    pub time: i64,
    /// When the condition was last known, ms UTC; `i64::MAX` while it lasts.
    pub until: i64,
    /// When the alarm was raised, ms UTC of the node that did.
    pub raised_at: i64,
    /// When its handling ended, ms UTC; none while it is open.
    pub ended_at: Option<i64>,
}

impl SeenAlarm {
    fn condition(&self) -> (DossierId, &str, &str) {
        (self.case, &self.kind, &self.fence)
    }

    fn order(&self) -> (i64, i64, DossierId) {
        (self.time, self.raised_at, self.dossier)
    }
}

/// Groups alarms into incidents; in each the alarm that was raised first stands for all.
///
/// Alarms of one case, kind and fence are one incident while the condition was normal for less than
/// `quiet_ms` between them. Handling that has ended is never extended: whoever closed an alarm did
/// not see what was raised after.
pub fn incidents(mut alarms: Vec<SeenAlarm>, quiet_ms: i64) -> Vec<Vec<SeenAlarm>> {
    alarms.sort_by(|a, b| (a.condition(), a.order()).cmp(&(b.condition(), b.order())));
    let mut groups: Vec<Vec<SeenAlarm>> = Vec::new();
    for alarm in alarms {
        match groups
            .last_mut()
            .filter(|group| extends(group, &alarm, quiet_ms))
        {
            Some(group) => group.push(alarm),
            None => groups.push(vec![alarm]),
        }
    }
    for group in &mut groups {
        group.sort_by_key(|alarm| (alarm.raised_at, alarm.dossier));
    }
    groups
}

fn extends(group: &[SeenAlarm], next: &SeenAlarm, quiet_ms: i64) -> bool {
    let same = group
        .first()
        .is_some_and(|first| first.condition() == next.condition());
    let until = group.iter().map(|alarm| alarm.until).max();
    let normal = next.time.saturating_sub(until.unwrap_or(next.time));
    let ended = |alarm: &SeenAlarm| alarm.ended_at.is_some_and(|at| at < next.raised_at);
    same && normal < quiet_ms && !group.iter().any(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const QUIET: i64 = 30 * MINUTE;

    /// An alarm of one case whose condition held from one minute to another.
    fn alarm(number: u8, from: i64, until: i64) -> SeenAlarm {
        SeenAlarm {
            dossier: DossierId([number; 32]),
            case: DossierId([9; 32]),
            kind: "GEO_OUT".to_owned(),
            fence: "home".to_owned(),
            time: from * MINUTE,
            until: until.saturating_mul(MINUTE),
            raised_at: (from + 3) * MINUTE,
            ended_at: None,
        }
    }

    fn groups(alarms: Vec<SeenAlarm>) -> Vec<Vec<u8>> {
        let groups = incidents(alarms, QUIET).into_iter();
        let numbers = |group: Vec<SeenAlarm>| group.iter().map(|a| a.dossier.0[0]).collect();
        groups.map(numbers).collect()
    }

    #[test]
    fn the_same_condition_again_within_thirty_minutes_extends_the_incident() {
        let again = alarm(1, 49, 60);
        assert_eq!(groups(vec![again, alarm(2, 0, 20)]), [[2, 1]]);
    }

    #[test]
    fn thirty_minutes_of_normal_time_make_a_new_incident() {
        let again = alarm(1, 50, 60);
        assert_eq!(groups(vec![again, alarm(2, 0, 20)]), [[2], [1]]);
    }

    #[test]
    fn normal_time_counts_from_the_end_of_the_condition_and_not_from_its_start() {
        let lasting = alarm(1, 0, i64::MAX);
        assert_eq!(groups(vec![lasting, alarm(2, 600, 610)]), [[1, 2]]);
        assert_eq!(groups(vec![alarm(1, 0, 590), alarm(2, 600, 610)]), [[1, 2]]);
    }

    #[test]
    fn another_person_kind_or_fence_is_another_incident() {
        let first = alarm(1, 0, 5);
        let fence = SeenAlarm {
            fence: "work".to_owned(),
            ..alarm(2, 0, 5)
        };
        let kind = SeenAlarm {
            kind: "TAMPER".to_owned(),
            ..alarm(3, 0, 5)
        };
        let case = SeenAlarm {
            case: DossierId([8; 32]),
            ..alarm(4, 0, 5)
        };
        assert_eq!(groups(vec![first, fence, kind, case]).len(), 4);
    }

    #[test]
    fn what_was_closed_swallows_nothing_that_was_raised_after() {
        let closed = SeenAlarm {
            ended_at: Some(10 * MINUTE),
            ..alarm(1, 0, 5)
        };
        assert_eq!(groups(vec![closed.clone(), alarm(2, 12, 14)]), [[1], [2]]);
        let later = SeenAlarm {
            ended_at: Some(40 * MINUTE),
            ..closed
        };
        assert_eq!(groups(vec![later, alarm(2, 12, 14)]), [[1, 2]]);
    }

    #[test]
    fn the_order_of_arrival_changes_nothing() {
        let alarms = [
            alarm(1, 0, 5),
            alarm(2, 20, 25),
            alarm(3, 50, 55),
            alarm(4, 90, 95),
        ];
        let expected = groups(alarms.to_vec());
        assert_eq!(expected, [vec![1, 2, 3], vec![4]]);
        for turn in 0..alarms.len() {
            let mut turned = alarms.to_vec();
            turned.rotate_left(turn);
            assert_eq!(groups(turned), expected);
        }
    }
}
