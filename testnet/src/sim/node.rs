//! One office's process: a Replica over a disk, a clock that may be wrong, and a life that may end
//! between any two effects.

use super::disk::Disk;
use super::plan::{OFFICES, Plan, START};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::standing::SlotRules;
use jiaolian_sync::{Limits, LocalSeat, Peer, Replica, Seat, Setup};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everybody's seat by name.
pub(crate) type Seats = BTreeMap<String, Seat>;

/// Least time between two signed batches of a node's log, ms: rare, for there are many nodes.
const LOG_MS: i64 = 12 * 3_600_000;

/// What a wrong clock shows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Clock {
    /// Ahead of the true time, ms.
    pub(crate) offset_ms: i64,
    /// Gained in a million ms, ms.
    pub(crate) drift_ppm: i64,
}

impl Clock {
    pub(crate) fn show(self, now: i64) -> i64 {
        now + self.offset_ms + (now - START) * self.drift_ppm / 1_000_000
    }
}

/// Where in the next round of effects a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    BeforeStore,
    AfterStore,
    /// After so many frames.
    MidSend(usize),
}

/// One office's node.
pub(crate) struct Node {
    pub(crate) peer: Peer,
    pub(crate) disk: Disk,
    /// None while the process is down.
    pub(crate) replica: Option<Replica<Disk>>,
    pub(crate) clock: Clock,
    pub(crate) death: Option<Death>,
    /// Counts the processes that ran here.
    pub(crate) life: u32,
    /// How often each alarm dossier was announced here.
    pub(crate) announced: BTreeMap<jiaolian_schema::id::DossierId, u32>,
}

impl Node {
    pub(crate) fn new(plan: Plan, at: usize) -> Self {
        Self {
            peer: Peer(plan.peer(at)),
            disk: Disk::default(),
            replica: None,
            clock: Clock::default(),
            death: None,
            life: 0,
            announced: BTreeMap::new(),
        }
    }
}

/// The rules by which everybody honest decides.
pub(crate) fn rules() -> Arc<RulePack> {
    Arc::new(RulePack::builtin())
}

/// What a process is told at its start.
pub(crate) fn setup(
    plan: Plan,
    at: usize,
    seats: &Seats,
    (rules, pack): (Arc<dyn SlotRules + Send + Sync>, [u8; 32]),
    entropy: [u8; 32],
) -> Setup {
    let local = |suffix: &str| {
        let name = format!("{}-{suffix}", OFFICES[at].0);
        let seat = *seats.get(&name)?;
        Some(LocalSeat {
            signer: Box::new(plan.signer(&name)),
            seat,
        })
    };
    Setup {
        office: plan.office(at),
        root: plan.root().into(),
        node: local("node"),
        witness: local("witness"),
        rules,
        pack,
        verifier: Box::new(super::signature::SimVerifier),
        limits: Limits {
            log_ms: Some(LOG_MS),
            ..Limits::default()
        },
        entropy,
    }
}
