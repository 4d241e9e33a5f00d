//! Whether the node's own clock is to be believed, judged by what satellites told the devices.

use std::collections::BTreeMap;

/// Devices that must agree before a node's clock is judged.
pub const CLOCK_DEVICES_MIN: usize = 3;
/// Difference above which a clock is at fault, ms.
pub const CLOCK_FAULT_MS: i64 = 5 * 60_000;
/// Devices agree when their clocks differ by no more, ms.
pub const CLOCK_AGREE_MS: i64 = 60_000;

/// One live fix as it came in: stored reports of a device say nothing about the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReport<'a> {
    /// The device that sent it.
    pub device: &'a str,
    /// The device's time, ms since 1970.
    pub device_time: i64,
    /// The node's time when it came, ms since 1970.
    pub receive_time: i64,
}

/// What the devices say about the node's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeClock {
    /// Too few devices agree.
    Unknown,
    /// Within [`CLOCK_FAULT_MS`] of the largest group of devices.
    Trusted,
    /// At fault: show the mark, judge live fixes by device time, keep raising alarms.
    Untrusted {
        /// How far the node is ahead of the devices, ms; negative is behind.
        ahead_ms: i64,
    },
}

/// Judges the node's clock by the latest report of each device, in the order received.
///
/// The largest group of devices that agree with one another decides; of two equal groups the one
/// nearer to
/// the node, so that a tie accuses nobody.
pub fn judge_clock(reports: &[ClockReport<'_>]) -> NodeClock {
    let mut latest: BTreeMap<&str, i64> = BTreeMap::new();
    for report in reports {
        latest.insert(
            report.device,
            report.receive_time.saturating_sub(report.device_time),
        );
    }
    judge_clock_ahead(latest.into_values().collect())
}

/// The same by how far the node's clock was ahead of each device's, ms, a number a device.
pub fn judge_clock_ahead(mut ahead: Vec<i64>) -> NodeClock {
    ahead.sort_unstable();
    let mut end = 0;
    let group_from = |first: usize| {
        let agrees = |other: &i64| other.saturating_sub(ahead[first]) <= CLOCK_AGREE_MS;
        while ahead.get(end).is_some_and(agrees) {
            end += 1;
        }
        &ahead[first..end]
    };
    let middle = |group: &[i64]| group[group.len() / 2];
    let groups = (0..ahead.len()).map(group_from);
    let largest =
        groups.max_by_key(|group| (group.len(), std::cmp::Reverse(middle(group).unsigned_abs())));
    match largest
        .filter(|group| group.len() >= CLOCK_DEVICES_MIN)
        .map(middle)
    {
        None => NodeClock::Unknown,
        Some(ahead_ms) if ahead_ms.abs() <= CLOCK_FAULT_MS => NodeClock::Trusted,
        Some(ahead_ms) => NodeClock::Untrusted { ahead_ms },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn check(ahead: &[(&str, i64)], expected: NodeClock) {
        let now = 1_772_409_600_000;
        let reports: Vec<_> = ahead
            .iter()
            .map(|(device, ahead)| ClockReport {
                device,
                device_time: now - ahead,
                receive_time: now,
            })
            .collect();
        assert_eq!(judge_clock(&reports), expected, "{ahead:?}");
    }

    #[test]
    fn three_devices_that_agree_accuse_a_clock_three_hours_fast() {
        let fast = [
            ("a", 3 * HOUR_MS),
            ("b", 3 * HOUR_MS + 900),
            ("c", 3 * HOUR_MS + 2_000),
        ];
        check(
            &fast,
            NodeClock::Untrusted {
                ahead_ms: 3 * HOUR_MS + 900,
            },
        );
        check(&fast[..2], NodeClock::Unknown);
    }

    #[test]
    fn devices_that_disagree_accuse_nobody() {
        check(
            &[("a", HOUR_MS), ("b", 2 * HOUR_MS), ("c", 3 * HOUR_MS)],
            NodeClock::Unknown,
        );
        let split = [
            ("a", HOUR_MS),
            ("b", HOUR_MS),
            ("c", HOUR_MS),
            ("d", 900),
            ("e", 0),
            ("f", 5),
        ];
        check(&split, NodeClock::Trusted);
    }

    #[test]
    fn a_device_counts_once_by_its_latest_report() {
        check(
            &[("a", HOUR_MS), ("a", HOUR_MS), ("a", HOUR_MS)],
            NodeClock::Unknown,
        );
        check(
            &[("a", HOUR_MS), ("a", 0), ("b", 100), ("c", 300_000)],
            NodeClock::Unknown,
        );
        check(
            &[("a", 250_000), ("b", 280_000), ("c", 300_000)],
            NodeClock::Trusted,
        );
    }
}
