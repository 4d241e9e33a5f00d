//! What a node knows and decides: one sans-IO state machine, its protocol and its lanes.

mod effect;
pub mod frame;
mod frontier;
mod index;
mod item;
mod link;
mod overlay;
mod pack;
mod parked;
mod reconcile;
mod replica;
mod store;
mod subject;
mod track;

pub use effect::{Effect, Event, Lane, Peer};
pub use frontier::{Frontier, Tip};
pub use item::ItemRef;
pub use replica::{
    Batch, CheckInError, CheckInOutcome, CheckInReport, Delivery, DossierRow, Draft, Finding,
    ImportOutcome, Judged, LIVE_SKEW_MS, LastSeen, Limits, LinkStatus, LocalSeat, MovedOut,
    OpenError, Payload, Refusal, Replica, Report, ReportError, ReportOutcome, Seat, Setup,
    ShredView, SignError, StaleAuthority, StoredFix, StoredSignal, Taken, Unsigned, Waiting,
    WatchView, Whence,
};
pub use store::{MemoryStore, Rows, Store, StoreError, Table, Write};
pub use subject::dossier_of;
