//! Whoever reports at a door: a terminal, what it shows, and whose it is at an instant.

use crate::owner::Node;
use jiaolian_schema::device::{Card, Device, Regime};
use jiaolian_schema::id::PersonCode;
use jiaolian_schema::watch::NodeClock;

/// One request's terminal, with the state that it is held against.
pub(super) struct Caller<'a> {
    pub(super) node: &'a mut Node,
    pub(super) terminal: &'a str,
    card: &'a Card,
    /// The time here, ms UTC.
    pub(super) now: i64,
    /// The time as the devices agree it is, where the clock here is at fault.
    pub(super) true_now: i64,
    binding: Option<(PersonCode, Device)>,
    /// Whether its binding has neither token nor key, so that nothing it shows would do.
    pub(super) bare: bool,
}

impl<'a> Caller<'a> {
    pub(super) fn new(node: &'a mut Node, terminal: &'a str, card: &'a Card) -> Self {
        let now = node.now();
        let true_now = match node.replica.node_clock() {
            NodeClock::Untrusted { ahead_ms } => now - ahead_ms,
            NodeClock::Trusted | NodeClock::Unknown => now,
        };
        Self {
            node,
            terminal,
            card,
            now,
            true_now,
            binding: None,
            bare: false,
        }
    }

    /// Whose device it is at an instant, and how it watches, if it shows its token or key. A binding
    /// with neither is enough only in a drill.
    pub(super) fn whose(&mut self, time: i64) -> Option<(PersonCode, Regime)> {
        let held = self
            .binding
            .as_ref()
            .filter(|(_, device)| device.holds(time));
        if held.is_none() {
            self.binding = self.node.replica.bound(self.terminal, time);
        }
        let (person, device) = self.binding.as_ref()?;
        let known = (*person, device.regime);
        if device.is_bare() {
            self.bare = true;
            return self.node.demo.then_some(known);
        }
        device.opens_to(self.terminal, self.card).then_some(known)
    }
}
