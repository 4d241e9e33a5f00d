//! What one seed's run comes to, in words that the seed determines.

use super::check;
use super::fault::{Counts, Fault};
use super::world::World;
use jiaolian_schema::id::hex;
use std::collections::BTreeMap;
use std::fmt;

/// The outcome of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Days of trouble.
    pub days: u32,
    /// Events of the queue.
    pub events: u64,
    /// How often each kind of fault came.
    pub faults: Counts,
    /// How often a line came back.
    pub heals: u64,
    /// Envelopes signed by people, by what they are.
    pub signed: BTreeMap<&'static str, u64>,
    /// Why nothing was signed.
    pub unsigned: BTreeMap<String, u64>,
    /// Why nodes hung up.
    pub hangups: BTreeMap<String, u64>,
    /// Why nodes refused envelopes.
    pub refusals: BTreeMap<String, u64>,
    /// Receipts not signed since the clock was behind.
    pub clock_behind: u64,
    /// Fixes acknowledged, dossiers, alarms, heads in the union of all.
    pub held: [(&'static str, u64); 5],
    /// Frames and bytes on all lines.
    pub sent: (u64, u64),
    /// How long it took after healing for all lines to be up, ms.
    pub rested_ms: i64,
    /// Rules that are broken.
    pub broken: Vec<String>,
    /// SHA-256 over every dossier's standing.
    pub state: [u8; 32],
}

impl Report {
    pub(super) fn of(
        world: &World,
        days: u32,
        rested_ms: i64,
        broken: Vec<String>,
        (state, held): check::Sum,
    ) -> Self {
        let journal = &world.journal;
        Self {
            seed: world.plan.seed,
            days,
            events: world.events,
            faults: world.swarm.counts.clone(),
            heals: world.links.iter().map(|link| link.heals).sum(),
            signed: journal.signed.clone(),
            unsigned: journal.unsigned.clone(),
            hangups: journal.hangups.clone(),
            refusals: journal.refusals.clone(),
            clock_behind: journal.clock_behind,
            held,
            sent: (journal.frames, journal.bytes),
            rested_ms,
            broken,
            state,
        }
    }

    /// The run in one line, and one more for each broken rule.
    pub fn line(&self) -> String {
        let faults: u64 = self.faults.values().sum();
        let signed: u64 = self.signed.values().sum();
        let mut text = format!(
            "seed {} days {} events {} faults {faults} heals {} signed {signed} frames {} state {}\n",
            self.seed,
            self.days,
            self.events,
            self.heals,
            self.sent.0,
            &hex(&self.state)[..16],
        );
        for rule in &self.broken {
            text.extend(["  BROKEN ", rule, "\n"]);
        }
        text
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {} days {} events {}",
            self.seed, self.days, self.events
        )?;
        for (what, count) in self.held {
            writeln!(f, "held {what} {count}")?;
        }
        writeln!(f, "frames {} bytes {}", self.sent.0, self.sent.1)?;
        writeln!(
            f,
            "heals {} up after {} s",
            self.heals,
            self.rested_ms / 1_000
        )?;
        for fault in Fault::ALL {
            let count = self.faults.get(fault).copied().unwrap_or_default();
            writeln!(f, "fault {} {count}", fault.word())?;
        }
        for (what, count) in &self.signed {
            writeln!(f, "signed {what} {count}")?;
        }
        let lists = [
            ("unsigned", &self.unsigned),
            ("hangup", &self.hangups),
            ("refused", &self.refusals),
        ];
        for (name, list) in lists {
            for (reason, count) in list {
                writeln!(f, "{name} {count} {reason}")?;
            }
        }
        writeln!(f, "clock-behind {}", self.clock_behind)?;
        for rule in &self.broken {
            writeln!(f, "BROKEN {rule}")?;
        }
        writeln!(f, "state {}", hex(&self.state))
    }
}
