//! The node's state machine: verbs in, effects out. It holds what a node knows and decides what to
//! keep, sign and send.
//!
//! Nothing here reads a clock, a disk or a wire. Time and entropy are arguments; writes, frames and
//! news leave as effects, which the shell carries out in order. Several verbs may come before one `drain`, and become one
//! durable commit.

mod aside;
mod ask;
mod audit;
mod author;
mod branch;
mod carry;
mod chain;
mod departure;
mod door;
mod dossier;
mod evidence;
mod greet;
mod guest;
mod heads;
mod open;
mod parting;
mod receipt;
mod shred;
mod supervise;
mod talk;
mod track;
mod tree;

pub(crate) use ask::RefusedRow;
pub use ask::{Delivery, LinkStatus, Refusal, StaleAuthority, Waiting};
pub use audit::{Batch, Finding};
pub use author::{Draft, Payload, Seat, SignError, Unsigned};
pub use departure::MovedOut;
pub use door::{ImportOutcome, Taken};
pub use dossier::DossierRow;
pub use open::{LocalSeat, OpenError, Setup};
pub use shred::ShredView;
pub use supervise::{
    CheckInError, CheckInOutcome, CheckInReport, Judged, LIVE_SKEW_MS, LastSeen, Report,
    ReportError, ReportOutcome, StoredFix, StoredSignal, WatchView, Whence,
};

use crate::effect::{Effect, Event, Lane, Peer};
use crate::frame::Frame;
use crate::index::Index;
use crate::link::{Hint, Link};
use crate::overlay::Overlay;
use crate::parked::Lot;
use crate::store::{Store, Table};
use chain::ChainRow;
use jiaolian_schema::authority::{Authority, NodeSeat};
use jiaolian_schema::fact::Fact;
use jiaolian_schema::hold::Offices;
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId, OfficeId, sha256};
use jiaolian_schema::standing::{SlotRules, Standing};
use jiaolian_schema::suite::Verify;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bounds that a node sets for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes in flight to a peer and not yet durable there, by lane.
    pub window_bytes: [usize; 3],
    /// Standings kept ready.
    pub standings_max: usize,
    /// Least time between two receipts over one link, ms, where nothing asks for one at once.
    pub receipt_ms: i64,
    /// Rows of the change log that peers' hints may look back over.
    pub changed_max: usize,
    /// Least time between two signed batches of the node's own log, ms; with none the node notes
    /// nothing by itself and signs no log.
    pub log_ms: Option<i64>,
    /// How long a log stays after it was filed above, ms; with none it stays for ever.
    pub audit_keep_ms: Option<i64>,
    /// How long positions stay after their day, ms; with none they stay for ever.
    pub track_keep_ms: Option<i64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window_bytes: [256 * 1024, 256 * 1024, 128 * 1024],
            standings_max: 256,
            receipt_ms: 10 * 60_000,
            changed_max: 4_096,
            log_ms: None,
            audit_keep_ms: None,
            track_keep_ms: None,
        }
    }
}

/// What one node knows, and the machine that brings nodes together.
pub struct Replica<S> {
    disk: Overlay<S>,
    office: OfficeId,
    node: Option<LocalSeat>,
    witness: Option<LocalSeat>,
    rules: Arc<dyn SlotRules + Send + Sync>,
    verifier: Box<dyn Verify + Send>,
    limits: Limits,
    pack: [u8; 32],
    authority: Authority,
    rows: BTreeMap<DossierId, DossierRow>,
    /// Alarms by the case that they follow.
    following: BTreeMap<DossierId, BTreeSet<DossierId>>,
    chains: BTreeMap<AuthorId, ChainRow>,
    /// Chains with heads missing below one that is here.
    gapped: BTreeSet<AuthorId>,
    index: Index,
    parked: Lot,
    links: BTreeMap<Peer, Link>,
    hints: BTreeMap<Peer, Hint>,
    shunned: BTreeMap<Peer, (i64, i64)>,
    seq: u64,
    changed: BTreeMap<u64, DossierId>,
    refused: BTreeMap<(Option<Peer>, EnvelopeId), Option<DossierId>>,
    refused_count: u64,
    witnesses: BTreeSet<OfficeId>,
    endpoints: BTreeMap<[u8; 32], NodeSeat>,
    unreceipted: BTreeMap<OfficeId, receipt::Pending>,
    standings: BTreeMap<DossierId, (u64, Arc<Standing>)>,
    asked: u64,
    roster_news: bool,
    /// The tree of the day, by which the index is ordered, and the instants between which it is the
    /// same, ms UTC.
    tree: Offices,
    tree_holds: (i64, i64),
    /// With whom the offices of links share rosters, as far as that was asked.
    evidence: BTreeMap<OfficeId, BTreeSet<OfficeId>>,
    /// When the store had last changed before it was opened, ms UTC.
    seen_at: i64,
    /// Cases that were ever assigned, and whether to ask again where they stand.
    moved: BTreeSet<DossierId>,
    to_place: bool,
    /// Offices whose people signed in dossiers that came from elsewhere.
    guests: BTreeMap<DossierId, BTreeSet<OfficeId>>,
    /// Dossiers that went elsewhere with work of this office that may not have come up yet.
    gone: BTreeSet<DossierId>,
    to_tell: bool,
    shredded: BTreeMap<DossierId, shred::ShredRow>,
    /// What is to be destroyed here and is compared with nobody, and all that orders name.
    shelved: BTreeSet<DossierId>,
    ordered: BTreeSet<DossierId>,
    /// Offices that have said that a case is gone.
    confirmations: BTreeMap<DossierId, BTreeSet<OfficeId>>,
    /// Cases that went elsewhere and of which only that is known, and who said so of which.
    parted: BTreeMap<DossierId, departure::PartedRow>,
    partings: BTreeMap<DossierId, BTreeSet<OfficeId>>,
    /// Logs that were let go of here, and acts by which others are to be.
    purged: BTreeMap<DossierId, audit::PurgedRow>,
    purges: BTreeMap<DossierId, Fact>,
    desk: supervise::Desk,
    log: audit::LogDesk,
    tracks: track::Tracks,
    superior_heard: i64,
    entropy: [u8; 32],
    now: i64,
    out: Vec<Effect>,
}

impl<S> std::fmt::Debug for Replica<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (dossiers, links) = (self.rows.len(), self.links.len());
        write!(
            f,
            "Replica({}, {dossiers} dossiers, {links} links)",
            self.office
        )
    }
}

impl<S: Store> Replica<S> {
    /// Begins a session with a node that the transport has proved.
    pub fn connect(&mut self, peer: Peer, now: i64) {
        self.turn_clock(now);
        self.disconnect(peer);
        let Some(seat) = self.endpoints.get(&peer.0).copied() else {
            return self.hang_up(peer, "the peer is not in the roster".to_owned());
        };
        if let Some((until, _)) = self.shunned.get(&peer)
            && *until > now
        {
            return self.hang_up(
                peer,
                format!("the peer sent what is refused; not before {until}"),
            );
        }
        self.greet(peer, seat.office, now);
        self.note_line(peer, seat.office, true);
        self.publish(Event::Link { peer, up: true });
    }

    /// The session ended. What was not yet durable at the peer is found again by the next one.
    pub fn disconnect(&mut self, peer: Peer) {
        if let Some(link) = self.links.remove(&peer) {
            self.note_line(peer, link.office, false);
            self.publish(Event::Link { peer, up: false });
        }
    }

    /// A frame came. Any bytes are answered by refusal at worst; none of them stops the node.
    pub fn receive(&mut self, peer: Peer, frame: &[u8], now: i64) {
        self.turn_clock(now);
        let Some(link) = self.links.get_mut(&peer) else {
            return;
        };
        link.heard = now;
        match Frame::decode(frame) {
            Ok(frame) => self.hear(peer, frame),
            Err(error) => self.shun(peer, format!("the frame is refused: {error}")),
        }
        self.settle();
    }

    /// Time passes: receipts, checks, and what waited too long. `entropy` is fresh at every call.
    pub fn tick(&mut self, now: i64, entropy: [u8; 32]) {
        self.turn_clock(now);
        self.entropy = sha256(&[&self.entropy, &entropy]);
        self.save_unsaved();
        self.let_go_of_parked();
        self.follow_epoch();
        self.follow_trust();
        self.follow_clock();
        self.sign_receipts();
        self.sign_log();
        self.purge_logs();
        self.keep_tracks();
        self.check_links();
        self.settle();
    }

    /// A clock that was set back must not leave timers waiting for a time that is far ahead now.
    fn turn_clock(&mut self, now: i64) {
        let back = self.now - now;
        self.note_clock(now);
        self.note_time(self.now, now);
        self.now = now;
        let (from, until) = self.tree_holds;
        // An office passed to another superior with the day.
        self.roster_news |= now < from || now >= until;
        self.superior_heard = self.superior_heard.min(now);
        if back <= 0 {
            return;
        }
        for link in self.links.values_mut() {
            link.turn_back(now);
        }
        for (until, wait) in self.shunned.values_mut() {
            *until = (*until).min(now + *wait);
        }
        for pending in self.unreceipted.values_mut() {
            pending.turn_back(now);
        }
        for hint in self.hints.values_mut() {
            (hint.heard, hint.saved) = (hint.heard.min(now), hint.saved.min(now));
        }
    }

    /// Bodies can be read again: an officer signed in. What could not be sent before is sent now.
    pub fn unlocked(&mut self, now: i64) {
        self.turn_clock(now);
        for link in self.links.values_mut() {
            link.reopen();
        }
        // A row that can't be read now was listed once; what is parked comes again by itself.
        let _ = self.read_closed();
        self.retry_all();
        self.settle();
    }

    /// Everything to do since the last call: at most one `Store`, first.
    pub fn drain(&mut self) -> Vec<Effect> {
        self.settle();
        self.save_unsaved();
        let writes = self.disk.drain();
        let mut effects = Vec::new();
        if !writes.is_empty() {
            effects.push(Effect::Store(writes));
        }
        for link in self.links.values_mut() {
            let peer = link.peer;
            if link.got != link.told {
                link.told = link.got;
                let [urgent, normal, bulk] = link.got;
                let frame = Frame::Durable {
                    urgent,
                    normal,
                    bulk,
                };
                link.say(Lane::Urgent, frame);
            }
            let frames = link.take_out().into_iter();
            effects.extend(frames.map(|(lane, frame)| Effect::Send {
                peer,
                lane,
                frame: frame.encode(),
            }));
        }
        effects.append(&mut self.out);
        effects
    }

    /// What follows from what was just taken in: news of the roster, and more to send where there
    /// is room.
    fn settle(&mut self) {
        while std::mem::take(&mut self.roster_news) {
            self.follow_roster();
        }
        if std::mem::take(&mut self.to_place) {
            self.place_all();
        }
        if std::mem::take(&mut self.to_tell) {
            self.tell_guests();
        }
        self.follow_watched();
        let peers: Vec<Peer> = self.links.keys().copied().collect();
        for peer in peers {
            self.pump(peer);
        }
    }

    /// The roster changed: views, places and sessions follow it.
    fn follow_roster(&mut self) {
        self.standings.clear();
        self.follow_seats();
        self.follow_tree();
        self.shelve();
        self.retry(crate::parked::Need::Roster);
        (self.to_place, self.to_tell) = (true, true);
        let mut cut = Vec::new();
        let peers = self.links.iter().map(|(peer, link)| (*peer, link.office));
        for (peer, office) in peers.collect::<Vec<_>>() {
            match self.endpoints.get(&peer.0) {
                Some(seat) if seat.office == office => {
                    let view = self.view_of(office);
                    if let Some(link) = self.links.get_mut(&peer) {
                        link.look(view, self.now);
                    }
                }
                _ => cut.push(peer),
            }
        }
        for peer in cut {
            self.hang_up(peer, "the roster no longer names the peer".to_owned());
        }
        self.publish(Event::Roster);
    }

    fn publish(&mut self, event: Event) {
        self.out.push(Effect::Publish(event));
    }

    fn hang_up(&mut self, peer: Peer, reason: String) {
        self.disconnect(peer);
        self.out.push(Effect::Hangup { peer, reason });
    }

    /// Hangs up on a peer that breaks the rules, and does not listen to it for a while: a minute,
    /// doubling up to a day.
    fn shun(&mut self, peer: Peer, reason: String) {
        const MINUTE_MS: i64 = 60_000;
        const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
        let wait = self.shunned.get(&peer).map_or(MINUTE_MS, |(_, wait)| *wait);
        self.shunned
            .insert(peer, (self.now + wait, (wait * 2).min(DAY_MS)));
        self.hang_up(peer, reason);
    }

    /// Entropy for one use, from what the last `tick` brought.
    fn fresh(&mut self) -> [u8; 32] {
        let out = sha256(&[b"use", &self.entropy]);
        self.entropy = sha256(&[b"next", &self.entropy]);
        out
    }

    /// A dossier changed here: the next number of the change log is its.
    fn note_change(&mut self, dossier: DossierId, before: u64) {
        if self.changed.get(&before) == Some(&dossier) {
            self.changed.remove(&before);
            self.disk.remove(Table::Changed, &before.to_be_bytes());
        }
        self.changed.insert(self.seq, dossier);
        self.disk
            .put(Table::Changed, &self.seq.to_be_bytes(), dossier.0.to_vec());
        while self.changed.len() > self.limits.changed_max
            && let Some((oldest, _)) = self.changed.pop_first()
        {
            self.disk.remove(Table::Changed, &oldest.to_be_bytes());
        }
        self.disk
            .put(Table::Local, b"seq", self.seq.to_be_bytes().to_vec());
    }
}
