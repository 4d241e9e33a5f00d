//! Every kind of trouble that a simulated world can meet, how often it came, and which kinds one
//! seed leaves out.

use super::dice::Dice;
use std::collections::{BTreeMap, BTreeSet};

macro_rules! faults {
    ($($name:ident $word:literal;)*) => {
        /// One kind of trouble.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum Fault {
            $($name,)*
        }

        impl Fault {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word that the output uses.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

faults! {
    Loss "packet-loss";
    Reorder "lane-overtakes";
    Clog "clog";
    CutMidFrame "cut-mid-frame";
    Partition "partition";
    OneWay "one-way-partition";
    Flap "flap";
    LongOffline "days-offline";
    Garbage "garbage-frame";
    CrashBeforeStore "crash-before-store";
    CrashAfterStore "crash-after-store";
    CrashMidSend "crash-mid-send";
    CrashRecovery "crash-in-recovery";
    CaseLocked "case-locked";
    ClockOffset "clock-offset";
    ClockDrift "clock-drift";
    ClockStep "clock-step";
    DeviceDouble "device-double";
    DeviceBacklog "device-backlog";
    DeviceReorder "device-reorder";
    DeviceJump "device-jump";
    DeviceCoarse "device-coarse";
    TwoGateways "two-gateways";
    Revoke "key-revoked";
    Endorse "key-endorsed";
    StolenKey "stolen-key";
    Fork "fork";
    WrongCapacity "wrong-capacity";
    TamperedBundle "tampered-bundle";
    Bundle "bundle-road";
}

/// How often each kind came.
pub type Counts = BTreeMap<Fault, u64>;

/// The kinds that one seed's world knows, and how hard they hit.
#[derive(Debug, Clone)]
pub(crate) struct Swarm {
    on: BTreeSet<Fault>,
    /// Loss on the links, per mille of frames.
    pub(crate) loss: u32,
    /// Mean wait between two partitions, ms.
    pub(crate) partition_ms: i64,
    /// Mean wait between two crashes, ms.
    pub(crate) crash_ms: i64,
    pub(crate) counts: Counts,
}

impl Swarm {
    /// A third of the kinds is left out, other ones with each seed.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        const HOUR_MS: i64 = 3_600_000;
        let on = Fault::ALL.iter().copied().filter(|_| dice.chance(667));
        let on: BTreeSet<Fault> = on.collect();
        Self {
            on,
            loss: dice.between(5, 200) as u32,
            partition_ms: dice.between(2, 24) * HOUR_MS,
            crash_ms: dice.between(3, 36) * HOUR_MS,
            counts: Counts::new(),
        }
    }

    /// No trouble at all: what follows is liveness.
    pub(crate) fn calm(&mut self) {
        self.on.clear();
    }

    pub(crate) fn knows(&self, fault: Fault) -> bool {
        self.on.contains(&fault)
    }

    /// Whether this trouble comes now, so many times in a thousand; it is counted if so.
    pub(crate) fn strikes(&mut self, fault: Fault, dice: &mut Dice, per_mille: u32) -> bool {
        let strikes = self.knows(fault) && dice.chance(per_mille);
        if strikes {
            self.count(fault);
        }
        strikes
    }

    pub(crate) fn count(&mut self, fault: Fault) {
        *self.counts.entry(fault).or_default() += 1;
    }
}
