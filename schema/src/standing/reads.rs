//! Who only reads: what is signed under an appointment that the rules bind to reading is void.

use super::rule::SlotRules;
use crate::act::{Appoint, ROSTER_KINDS};
use crate::authority::{Authority, State, VoidReason};
use crate::fact::{Fact, What};

/// A state as the rules leave it: void where the envelope is good by itself and its appointment only
/// reads.
pub(super) fn bound(
    state: State,
    fact: &Fact,
    seat: Option<&Appoint>,
    rules: &dyn SlotRules,
) -> State {
    let reads = || seat.is_some_and(|seat| rules.only_reads(&seat.roles));
    if state.is_good() && is_bound(&fact.what) && reads() {
        State::Void(VoidReason::Reads)
    } else {
        state
    }
}

/// Whether an envelope would have no effect because its appointment only reads. For signers, before
/// they sign.
pub fn is_void_by_reading(authority: &Authority, rules: &dyn SlotRules, fact: &Fact) -> bool {
    let seat = fact.appointment.and_then(|id| authority.appointment(id));
    is_bound(&fact.what) && seat.is_some_and(|seat| rules.only_reads(&seat.roles))
}

/// Everything but what the roster and a node's own log are made of, and receipts.
fn is_bound(what: &What) -> bool {
    match what {
        What::Unknown { kind } => !ROSTER_KINDS.contains(kind),
        What::Roster(_)
        | What::Receipt(_)
        | What::Ledger { .. }
        | What::Log(_)
        | What::Damage { .. }
        | What::Purge { .. } => false,
        _ => true,
    }
}
