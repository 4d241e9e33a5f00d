//! How many reports came and what became of them, for an operator's eyes: never whose.

use super::rule::{RULES, Rule};
use super::turn::Outcome;
use crate::metric::add;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the gateway counted since the start of the process.
#[derive(Debug, Default)]
pub struct Count {
    /// Reports stored.
    pub accepted: AtomicU64,
    /// Reports that were here before.
    pub repeated: AtomicU64,
    /// Reports stored and not judged, for their time is too far from the clock here.
    pub skewed: AtomicU64,
    /// Alarms raised by reports.
    pub alarms: AtomicU64,
    /// Requests of devices that are not known, not bound, or show another token.
    pub strangers: AtomicU64,
    /// Of those, requests of devices whose binding has no token: the case must bind them anew.
    pub bare: AtomicU64,
    /// Requests turned away because of their number.
    pub limited: AtomicU64,
    /// Requests turned away because of their form or size.
    pub malformed: AtomicU64,
    /// Terminals of JT/T 808 that showed their code.
    pub terminals: AtomicU64,
    /// Connections of such terminals that gave way to a newer one.
    pub displaced: AtomicU64,
    /// Numbers under which two terminals took turns.
    pub cloned: AtomicU64,
    /// Connections for which there was no place.
    pub crowded: AtomicU64,
    /// Connections that said nothing for too long, or never ended what they began.
    pub silent: AtomicU64,
    /// Times a terminal was told to report quicker, and refusals.
    pub quickened: AtomicU64,
    /// See [`Self::quickened`].
    pub quick_refused: AtomicU64,
    /// Times a vendor's reports could not be fetched.
    pub vendor_failed: AtomicU64,
    refused: [AtomicU64; RULES],
}

impl Count {
    /// Reports refused by a rule.
    pub fn refused(&self, rule: Rule) -> u64 {
        self.refused[rule as usize].load(Ordering::Relaxed)
    }

    pub(super) fn heard(&self, outcomes: &[Outcome], alarms: usize) {
        add(&self.alarms, alarms as u64);
        for outcome in outcomes {
            match outcome {
                Outcome::Taken { skewed } => {
                    add(&self.accepted, 1);
                    add(&self.skewed, u64::from(*skewed));
                }
                Outcome::Repeated => add(&self.repeated, 1),
                Outcome::Refused { fault, .. } => add(&self.refused[fault.rule as usize], 1),
            }
        }
    }

    /// Appends all counters in Prometheus text form.
    pub(crate) fn write(&self, out: &mut String) {
        let counters = [
            ("accepted", "Reports stored.", &self.accepted),
            ("repeated", "Reports that were here before.", &self.repeated),
            (
                "skewed",
                "Reports stored and not judged, clocks apart.",
                &self.skewed,
            ),
            ("alarms", "Alarms raised by reports.", &self.alarms),
            ("strangers", "Requests of unknown devices.", &self.strangers),
            (
                "bare",
                "Requests of devices bound without a token.",
                &self.bare,
            ),
            ("limited", "Requests turned away, too many.", &self.limited),
            (
                "malformed",
                "Requests turned away, bad form.",
                &self.malformed,
            ),
            ("terminals", "Terminals let in over TCP.", &self.terminals),
            (
                "displaced",
                "Connections that gave way to a newer one.",
                &self.displaced,
            ),
            ("cloned", "Numbers used by two terminals.", &self.cloned),
            ("crowded", "Connections without a place.", &self.crowded),
            ("silent", "Connections closed for silence.", &self.silent),
            (
                "quickened",
                "Times a terminal was told to report quicker.",
                &self.quickened,
            ),
            (
                "quick_refused",
                "Times a terminal refused that.",
                &self.quick_refused,
            ),
            (
                "vendor_failed",
                "Times a vendor's reports could not be fetched.",
                &self.vendor_failed,
            ),
        ];
        for (name, help, counter) in counters {
            let value = counter.load(Ordering::Relaxed);
            let name = format!("jiaolian_gateway_{name}_total");
            let _ = writeln!(
                out,
                "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}"
            );
        }
        let name = "jiaolian_gateway_refused_total";
        let _ = writeln!(
            out,
            "# HELP {name} Reports refused, by rule.\n# TYPE {name} counter"
        );
        for rule in Rule::all() {
            let _ = writeln!(
                out,
                "{name}{{rule=\"{}\"}} {}",
                rule.name(),
                self.refused(rule)
            );
        }
    }
}
