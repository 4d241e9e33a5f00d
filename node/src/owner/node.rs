//! The state that the owner thread holds: the Replica, the disk behind it, the links beside it, and
//! what is read from them again and again.

use super::access::Recent;
use super::{Flight, LinkRate, Own, Rates, StopError};
use crate::event::Events;
use crate::home::Home;
use crate::identity::RootPin;
use crate::key::Tip;
use crate::link::{LinkEvent, Links};
use crate::metric::{Metrics, add};
use crate::seal::entropy;
use crate::store::{DiskStore, Resealing, StoreReader};
use crate::view::County;
use crate::view::incident::{self, Incidents};
use jiaolian_schema::act::Act;
use jiaolian_schema::authority::Authority;
use jiaolian_schema::content::Content;
use jiaolian_schema::desk::File;
use jiaolian_schema::fix::Fix;
use jiaolian_schema::hold::{DossierKind, Offices};
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId, OfficeId, PersonCode};
use jiaolian_schema::rule::RulePack;
use jiaolian_sync::{Judged, Peer, Replica, Report, ReportError, ReportOutcome, Whence, Write};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

/// Most dossiers kept read.
pub const FILES_MAX: usize = 4_096;

/// What a node is made of.
pub struct Node {
    /// What it knows and decides.
    pub replica: Replica<StoreReader>,
    /// The disk.
    pub store: DiskStore,
    /// Links to other nodes; none in a node that stands alone.
    pub links: Option<Links>,
    /// The rules.
    pub rules: Arc<RulePack>,
    /// Counties on the map.
    pub counties: Arc<Vec<County>>,
    /// Whom to tell.
    pub events: Arc<Events>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The directory, which stays held as long as the state lives; none in a test.
    pub home: Option<Home>,
    /// The office that it stands in.
    pub office: OfficeId,
    /// Whether this is a drill.
    pub demo: bool,
    /// The time, ms UTC.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// The second place of the newest signed positions.
    pub tip: Option<Tip>,
    /// The key at the top, as the office joined under it.
    pub root: Option<RootPin>,
    /// Authors under which the node itself signs.
    pub(super) own: Vec<AuthorId>,
    /// Authors that must not sign here: their chains are longer elsewhere than on this disk.
    pub(super) doubted: BTreeSet<AuthorId>,
    pub(super) signed: BTreeMap<[u8; 32], u64>,
    pub(super) unsaved: Vec<Write>,
    /// Of whom reports are on their way to the disk.
    pub(super) told_next: BTreeSet<PersonCode>,
    pub(super) contents: super::text::Contents,
    pub(super) recent: Recent,
    /// How far rows of earlier epochs are sealed anew; none where none are left.
    pub(super) resealing: Option<Resealing>,
    /// The roster changed or case files were opened since it was asked what is to be destroyed.
    pub(super) to_follow_roster: bool,
    pub(super) duty: super::duty::DutyDesk,
    rates: Rates,
    files: BTreeMap<DossierId, Arc<File>>,
    /// Dossiers that may stand otherwise since, alarms first, each as pages were last told of it.
    pub(super) doubtful: BTreeMap<(bool, DossierId), Arc<File>>,
    /// Which alarms are one incident; none while it must be told again.
    incidents: Option<Arc<Incidents>>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({:?})", self.replica)
    }
}

/// What a node is made of at its start.
#[allow(missing_debug_implementations)]
pub struct Parts {
    /// See `Node`.
    pub replica: Replica<StoreReader>,
    /// See `Node`.
    pub store: DiskStore,
    /// See `Node`.
    pub links: Option<Links>,
    /// See `Node`.
    pub rules: Arc<RulePack>,
    /// See `Node`.
    pub counties: Arc<Vec<County>>,
    /// See `Node`.
    pub events: Arc<Events>,
    /// See `Node`.
    pub metrics: Arc<Metrics>,
    /// See `Node`.
    pub office: OfficeId,
    /// See `Node`.
    pub demo: bool,
    /// See `Node`.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// See `Node`.
    pub tip: Option<Tip>,
}

impl Node {
    /// A node of its parts.
    pub fn new(parts: Parts) -> Self {
        let Parts {
            replica,
            store,
            links,
            rules,
            counties,
            events,
            metrics,
            ..
        } = parts;
        Self {
            replica,
            store,
            links,
            rules,
            counties,
            events,
            metrics,
            office: parts.office,
            demo: parts.demo,
            clock: parts.clock,
            tip: parts.tip,
            root: None,
            own: Vec::new(),
            doubted: BTreeSet::new(),
            home: None,
            signed: BTreeMap::new(),
            unsaved: Vec::new(),
            told_next: BTreeSet::new(),
            contents: super::text::Contents::default(),
            recent: Recent::default(),
            resealing: None,
            to_follow_roster: false,
            duty: super::duty::DutyDesk::default(),
            rates: Rates::default(),
            files: BTreeMap::new(),
            doubtful: BTreeMap::new(),
            incidents: None,
        }
    }

    /// Names the authors of the node itself, whose positions go to the second place too, and those
    /// that must not sign here.
    #[must_use]
    pub fn with_own(mut self, own: [AuthorId; 2], doubted: BTreeSet<AuthorId>) -> Self {
        if own.iter().any(|author| doubted.contains(author)) {
            self.replica.retire_own();
        }
        self.own = own.to_vec();
        self.doubted = doubted;
        self
    }

    /// Names the key at the top.
    #[must_use]
    pub fn with_root(mut self, root: Option<RootPin>) -> Self {
        self.root = root;
        self
    }

    /// Whether an author must not sign here.
    pub fn is_doubted(&self, author: AuthorId) -> bool {
        self.doubted.contains(&author)
    }

    /// The time, ms UTC.
    pub fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Who may sign what.
    pub fn authority(&self) -> &Authority {
        self.replica.authority()
    }

    /// The tree of offices.
    pub fn offices(&self) -> &Offices {
        self.replica.offices()
    }

    /// Whether case files are closed.
    pub fn is_locked(&self) -> bool {
        !self.store.reader().is_open()
    }

    /// Dossiers of one kind.
    pub fn dossiers(&self, kind: DossierKind) -> Vec<DossierId> {
        self.replica
            .dossiers()
            .filter(|(_, row)| row.kind == kind)
            .map(|(id, _)| id)
            .collect()
    }

    /// A dossier as it lies on the desk; none where it is not here.
    pub fn file(&mut self, id: DossierId) -> Option<Arc<File>> {
        if let Some(file) = self.files.get(&id) {
            return Some(Arc::clone(file));
        }
        let standing = self.replica.standing(id)?;
        let facts = self.replica.facts(id).ok()?;
        let file = File::read(id, self.replica.authority(), standing, &facts, |envelope| {
            self.act(envelope)
        });
        let file = Arc::new(file);
        while self.files.len() >= FILES_MAX {
            self.files.pop_first();
        }
        self.files.insert(id, Arc::clone(&file));
        Some(file)
    }

    /// Takes in a position of which the device says nothing more; it is durable when the owner lets
    /// the answer out.
    pub fn report(&mut self, fix: &Fix, live: bool) -> Result<ReportOutcome, ReportError> {
        let outcome = self.replica.report(fix, self.now(), live)?;
        if outcome.judged != Judged::Double {
            add(&self.metrics.fixes, 1);
        }
        Ok(outcome)
    }

    /// Takes in a report for a device gateway; it is durable when the owner lets the answer out.
    pub fn hear_device(
        &mut self,
        report: &Report,
        whence: &Whence,
    ) -> Result<ReportOutcome, ReportError> {
        let outcome = self.replica.hear_device_by(report, self.now(), whence)?;
        if outcome.judged != Judged::Double {
            add(&self.metrics.fixes, 1);
        }
        Ok(outcome)
    }

    /// Which alarms are one incident.
    pub fn incidents(&mut self) -> Arc<Incidents> {
        if let Some(known) = &self.incidents {
            return Arc::clone(known);
        }
        let read = Arc::new(incident::read(self));
        self.incidents = Some(Arc::clone(&read));
        read
    }

    fn act(&self, id: EnvelopeId) -> Option<Act> {
        let body = self.replica.body(id).ok()??;
        Act::from_payload(&body.payload).ok().map(|(_, act)| act)
    }

    /// What was read is read again.
    pub fn forget_all(&mut self) {
        self.files.clear();
        self.incidents = None;
        self.contents = super::text::Contents::default();
    }

    /// Every dossier is read again, and pages are told of those that stand otherwise; merged texts
    /// stay, for they only grow.
    pub fn forget_files(&mut self) {
        for (id, file) in std::mem::take(&mut self.files) {
            let key = (file.kind != DossierKind::Alarm, id);
            self.doubtful.entry(key).or_insert(file);
        }
        self.incidents = None;
        self.forget_book();
    }

    /// One dossier is read again.
    pub fn forget(&mut self, id: DossierId) {
        self.files.remove(&id);
        self.incidents = None;
    }

    /// A row of the shell's own tables, durable with the next commit.
    pub fn put(&mut self, write: Write) {
        self.unsaved.push(write);
    }

    /// Which keys may connect: every node that the roster names.
    pub fn allow_endpoints(&self) {
        if let Some(links) = &self.links {
            let known: BTreeSet<[u8; 32]> = self
                .authority()
                .endpoints()
                .into_keys()
                .filter(|key| *key != links.me())
                .collect();
            links.allow(known);
        }
    }

    /// How fast each lane of a link went lately; none where there was no link.
    pub fn rate(&self, peer: &[u8; 32]) -> Option<LinkRate> {
        self.rates.of(peer)
    }

    /// The content of a dossier, for texts.
    pub fn content(&mut self, file: &File) -> &mut Content {
        self.contents.of(&self.replica, file)
    }
}

impl Own for Node {
    fn take(&mut self, event: LinkEvent) {
        let now = self.now();
        match event {
            LinkEvent::Up { peer, .. } => self.replica.connect(Peer(peer), now),
            LinkEvent::Frame { peer, lane, bytes } => {
                add(&self.metrics.frames_in[lane as usize], 1);
                add(&self.metrics.bytes_in[lane as usize], bytes.len() as u64);
                self.replica.receive(Peer(peer), &bytes, now);
            }
            LinkEvent::Room { .. } => {}
            LinkEvent::Down { peer, .. } => self.replica.disconnect(Peer(peer)),
        }
    }

    fn tick(&mut self) {
        self.replica.tick(self.now(), entropy());
        self.tell_doubtful();
        self.reseal_some();
        self.look_for_departed();
        self.tick_duty();
        self.destroy_days();
        if let Some(links) = &self.links {
            self.rates.sample(Instant::now(), links.counts());
        }
    }

    /// One durable commit of everything since the last, then what follows from it, in order.
    fn settle(&mut self) -> Result<(), StopError> {
        loop {
            let (effects, writes) = self.gathered();
            if effects.is_empty() && writes.is_empty() {
                if !std::mem::take(&mut self.to_follow_roster) {
                    return Ok(());
                }
                self.follow_roster_at_rest()?;
                continue;
            }
            self.carry_out(effects, &writes)?;
        }
    }

    fn begin(&mut self) -> Result<Option<Flight>, StopError> {
        self.begin_commit()
    }

    fn landed(&mut self) {
        self.commit_landed();
    }
}
