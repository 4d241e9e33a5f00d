//! One session with a peer: what it may see, what waits to be sent on each lane, and how much of it
//! is not yet durable there.

use crate::effect::{Lane, Peer};
use crate::frame::{Chain, Frame};
use crate::frontier::{Known, Reading};
use crate::index::View;
use crate::item::{Group, Key, Salt, Short};
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::hold::Offices;
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId, OfficeId};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Most frames kept that came before the peer's greeting.
pub(crate) const EARLY_FRAMES_MAX: usize = 64;
/// Most single envelopes that wait on one lane; beyond it a check finds what was dropped.
pub(crate) const QUEUE_MAX: usize = 10_000;
/// Bytes after which a frame of envelopes is closed.
pub(crate) const BATCH_BYTES: usize = 32 * 1024;
/// Quiet between two checks, ms: the first wait and the longest.
pub(crate) const CHECK_MS: (i64, i64) = (1_000, 60_000);
/// Points of bad conduct after which a session is ended.
pub(crate) const SCORE_MAX: u32 = 64;

/// Ranks in which whole dossiers go out: rosters by depth, alarms, cases with fences or permits,
/// cases, chains.
pub(crate) const RANKS: u8 = 14;

/// One thing to send that is not a whole dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    /// An envelope with its body.
    Whole(DossierId, EnvelopeId),
    /// A head alone.
    Head(EnvelopeId),
}

/// What a peer lacks of a dossier or of a chain.
#[derive(Debug, Clone)]
pub(crate) enum Job {
    /// Everything beyond what the peer said it has; counted when its turn comes.
    Dossier {
        /// Which.
        id: DossierId,
        /// What the peer has.
        known: Known,
        /// What it refused.
        refused: BTreeSet<Short>,
        /// What is left to send, once it is known.
        left: Option<VecDeque<EnvelopeId>>,
    },
    /// Heads of a chain, between two positions.
    Heads {
        /// Whose.
        author: AuthorId,
        /// The next position.
        from: u64,
        /// The last position.
        to: u64,
    },
}

/// What a peer was last known to agree on. May be thrown away.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct Hint {
    /// The root over all items shown.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) root: [u8; 12],
    /// The number of the last change here that the root knows.
    #[n(1)]
    pub(crate) seq: u64,
    /// All changes here up to this one are durable there.
    #[n(2)]
    pub(crate) acked: u64,
    /// When that was last known, ms UTC.
    #[n(3)]
    pub(crate) as_of: i64,
    /// When the peer was last heard, ms UTC.
    #[n(4)]
    pub(crate) heard: i64,
    /// When this row was last written, ms UTC.
    #[n(5)]
    pub(crate) saved: i64,
}

/// Sent on one lane and not yet known to be durable.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    sent: u64,
    acked: u64,
    bytes: usize,
    batches: VecDeque<(u64, usize)>,
}

impl Flight {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn count(&self) -> u64 {
        self.sent - self.acked
    }

    fn launch(&mut self, envelopes: usize, bytes: usize) {
        self.sent += envelopes as u64;
        self.bytes += bytes;
        self.batches.push_back((self.sent, bytes));
    }

    /// Notes that so many are durable; false where so many were never sent.
    fn land(&mut self, count: u64) -> bool {
        if count > self.sent || count < self.acked {
            return false;
        }
        self.acked = count;
        while let Some((last, bytes)) = self.batches.front().copied()
            && last <= count
        {
            self.bytes -= bytes;
            self.batches.pop_front();
        }
        true
    }
}

/// One session.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) peer: Peer,
    pub(crate) office: OfficeId,
    pub(crate) view: View,
    pub(crate) salt_here: [u8; 4],
    /// The session's salt, once the peer has greeted.
    pub(crate) salt: Option<Salt>,
    pub(crate) early: Vec<Frame>,
    pub(crate) queue: [VecDeque<Item>; 3],
    pub(crate) jobs: [BTreeMap<(u8, Key), Job>; 3],
    /// What could not be read while the CASE domain is closed.
    pub(crate) shut: Vec<(Lane, Item)>,
    pub(crate) shut_jobs: Vec<(Lane, (u8, Key), Job)>,
    pub(crate) flight: [Flight; 3],
    /// Envelopes received on each lane, and how many of them the peer was told of.
    pub(crate) got: [u64; 3],
    pub(crate) told: [u64; 3],
    /// Chains whose lower heads were asked for, up to which position.
    pub(crate) asked: BTreeMap<AuthorId, u64>,
    /// The root and the agreed root that this node greeted with, until the peer has greeted.
    pub(crate) greeted: Option<([u8; 12], [u8; 12])>,
    /// Offices whose rosters the peer keeps for its moved cases, and those that it was told of from
    /// here.
    pub(crate) guests: BTreeSet<OfficeId>,
    pub(crate) told_guests: BTreeSet<OfficeId>,
    /// What the peer was told is here of guests' chains.
    pub(crate) told_chains: BTreeMap<AuthorId, Chain>,
    /// Dossiers that went elsewhere, of which the peer was told in this session.
    pub(crate) parted: BTreeSet<DossierId>,
    /// Dossiers of which the peer need not be told again what is here, until it speaks of them
    /// anew.
    pub(crate) answered: BTreeSet<DossierId>,
    /// What the peer said of a dossier that could not be explained, and how often it said that.
    pub(crate) unexplained: BTreeMap<DossierId, ([u8; 8], u8)>,
    /// Dossiers found to be at the peer whole.
    pub(crate) arrived: Vec<DossierId>,
    /// Both said that they have the same.
    pub(crate) agreed: bool,
    /// They have said so in this session, so that what is sent since is all that can be missing.
    pub(crate) has_agreed: bool,
    pub(crate) since: i64,
    pub(crate) heard: i64,
    pub(crate) moved: i64,
    pub(crate) gaps_at: i64,
    pub(crate) gaps_wait: i64,
    pub(crate) check_at: i64,
    pub(crate) check_wait: i64,
    pub(crate) score: u32,
    /// Items that the peer has made this node list or look up.
    pub(crate) listed: usize,
    out: Vec<(Lane, Frame)>,
}

impl Link {
    pub(crate) fn new(peer: Peer, office: OfficeId, view: View, salt: [u8; 4], now: i64) -> Self {
        Self {
            peer,
            office,
            view,
            salt_here: salt,
            salt: None,
            early: Vec::new(),
            queue: Default::default(),
            jobs: Default::default(),
            shut: Vec::new(),
            shut_jobs: Vec::new(),
            flight: Default::default(),
            got: [0; 3],
            told: [0; 3],
            asked: BTreeMap::new(),
            greeted: None,
            guests: BTreeSet::new(),
            told_guests: BTreeSet::new(),
            told_chains: BTreeMap::new(),
            parted: BTreeSet::new(),
            answered: BTreeSet::new(),
            unexplained: BTreeMap::new(),
            arrived: Vec::new(),
            agreed: false,
            has_agreed: false,
            since: now,
            heard: now,
            moved: now,
            gaps_at: now + CHECK_MS.0,
            gaps_wait: CHECK_MS.0,
            check_at: now + CHECK_MS.0,
            check_wait: CHECK_MS.0,
            score: 0,
            listed: 0,
            out: Vec::new(),
        }
    }

    pub(crate) fn say(&mut self, lane: Lane, frame: Frame) {
        self.out.push((lane, frame));
    }

    pub(crate) fn take_out(&mut self) -> Vec<(Lane, Frame)> {
        std::mem::take(&mut self.out)
    }

    pub(crate) fn push(&mut self, lane: Lane, item: Item) {
        let queue = &mut self.queue[lane as usize];
        if queue.len() < QUEUE_MAX {
            queue.push_back(item);
        }
        self.agreed = false;
    }

    pub(crate) fn launch(&mut self, lane: Lane, envelopes: Vec<Envelope>) {
        if envelopes.is_empty() {
            return;
        }
        let bytes = envelopes.iter().map(weight).sum();
        self.flight[lane as usize].launch(envelopes.len(), bytes);
        let lane_number = lane as u8;
        let frame = Frame::Envelopes {
            lane: lane_number,
            envelopes,
        };
        self.say(lane, frame);
    }

    /// Compares something else from now on; what is agreed on is asked again soon.
    pub(crate) fn look(&mut self, view: View, now: i64) {
        if self.view != view {
            self.view = view;
            self.agreed = false;
            (self.check_at, self.check_wait) = (now, CHECK_MS.0);
        }
    }

    /// Takes up again what could not be read before.
    pub(crate) fn reopen(&mut self) {
        for (lane, item) in std::mem::take(&mut self.shut) {
            self.push(lane, item);
        }
        for (lane, key, job) in std::mem::take(&mut self.shut_jobs) {
            self.jobs[lane as usize].entry(key).or_insert(job);
        }
    }

    /// Notes what is durable at the peer; false where it never came from here.
    pub(crate) fn land(&mut self, counts: [u64; 3]) -> bool {
        let mut flights = self.flight.iter_mut().zip(counts);
        flights.all(|(flight, count)| flight.land(count))
    }

    /// The clock was set back: nothing waits for longer than it would from now on.
    pub(crate) fn turn_back(&mut self, now: i64) {
        self.gaps_at = self.gaps_at.min(now + self.gaps_wait);
        self.check_at = self.check_at.min(now + self.check_wait);
        for past in [&mut self.since, &mut self.heard, &mut self.moved] {
            *past = (*past).min(now);
        }
    }

    /// Whether nothing waits, flies or is being told.
    pub(crate) fn is_idle(&self) -> bool {
        self.salt.is_some()
            && self.queue.iter().all(VecDeque::is_empty)
            && self.jobs.iter().all(BTreeMap::is_empty)
            && self.shut.is_empty()
            && self.shut_jobs.is_empty()
            && self.flight.iter().all(|flight| flight.count() == 0)
    }

    /// Items that wait on a lane: single ones, and dossiers or chains as one each, with what flies and
    /// what can't be read before an officer signs in.
    pub(crate) fn waiting(&self, lane: Lane) -> u64 {
        let at = lane as usize;
        let shut = self.shut.iter().filter(|(of, _)| *of == lane).count();
        let shut = shut + self.shut_jobs.iter().filter(|(of, ..)| *of == lane).count();
        (self.queue[at].len() + self.jobs[at].len() + shut) as u64 + self.flight[at].count()
    }

    pub(crate) fn add_job(&mut self, lane: Lane, rank: u8, key: Key, job: Job) {
        for jobs in &mut self.jobs {
            for rank in 0..RANKS {
                jobs.remove(&(rank, key));
            }
        }
        self.jobs[lane as usize].insert((rank, key), job);
        self.agreed = false;
    }

    /// The peer knows what is here of the dossier: its job says nothing of that.
    pub(crate) fn spare_answer(&mut self, dossier: DossierId) {
        self.answered.insert(dossier);
    }

    /// How to read what the peer said of a dossier: when it says the same again, the first reading
    /// was wrong; when that helps no more than the first, nothing does before it says something else.
    pub(crate) fn reading(&mut self, dossier: DossierId, known: &Known) -> Reading {
        let mark = known.mark();
        let heard = self.unexplained.entry(dossier).or_insert((mark, 0));
        if heard.0 != mark {
            *heard = (mark, 0);
        }
        heard.1 = heard.1.saturating_add(1);
        match heard.1 {
            2 => Reading::Anything,
            _ => Reading::OneBranch,
        }
    }

    /// Whether a whole dossier is about to be sent, which will bring its newest envelopes too.
    pub(crate) fn has_fresh_job(&self, key: &Key) -> bool {
        self.jobs.iter().any(|jobs| {
            (0..RANKS).any(|rank| {
                let job = jobs.get(&(rank, *key));
                matches!(job, Some(Job::Dossier { left: None, .. }))
            })
        })
    }
}

/// Bytes that an envelope takes in a frame.
pub(crate) fn weight(envelope: &Envelope) -> usize {
    envelope.head.len() + 80 + envelope.body.as_ref().map_or(0, |body| body.len() + 6)
}

/// The tier of counties: inside one a case may be given to another office.
pub(crate) const COUNTY_TIER: u8 = 2;

/// What two offices compare: everything of the lower one and all below it that both may hold, the
/// rosters above, and those by which both have dossiers of an office that was moved. `offices` is the
/// tree of the day.
pub(crate) fn view(
    offices: &Offices,
    (here, there): (OfficeId, OfficeId),
    shared: &BTreeSet<OfficeId>,
    now: i64,
) -> View {
    use crate::item::Class;
    let (upper, lower) = if offices.covers(there, here) {
        (there, Some(here))
    } else if offices.covers(here, there) {
        (here, Some(there))
    } else {
        (there, None)
    };
    let tier_of = |id| offices.get(id).map_or(u8::MAX, |office| office.tier);
    let tier = tier_of(upper);
    let by_county = tier > COUNTY_TIER && lower.is_some_and(|id| tier_of(id) >= COUNTY_TIER);
    let mut groups = Vec::new();
    for office in lower
        .map(|lower| offices.subtree(lower))
        .unwrap_or_default()
    {
        groups.extend([Class::Roster, Class::KeeperChain].map(|class| Group::new(class, office)));
        if tier <= 4 {
            let classes = if by_county {
                [Class::CountyAlarm, Class::CountyCase, Class::StaffChain]
            } else {
                [Class::Alarm, Class::Case, Class::StaffChain]
            };
            groups.extend(classes.map(|class| Group::new(class, office)));
            groups.push(Group::new(Class::Audit, office));
        }
        if tier <= COUNTY_TIER {
            groups.push(Group::new(Class::MinorCase, office));
        }
    }
    let above_there: BTreeSet<OfficeId> = offices.path(there).into_iter().collect();
    let above = offices.path(here);
    let common = above.into_iter().filter(|id| above_there.contains(id));
    groups.extend(common.map(|office| Group::new(Class::Roster, office)));
    // What goes ahead of the day on which an office comes to stand under both.
    let due = shared.iter().filter(|id| {
        let both = [here, there];
        let stands = both.iter().all(|end| offices.covers(*end, **id));
        tier <= 4 && !stands && both.iter().all(|end| offices.is_due(*end, **id, now))
    });
    for office in due {
        groups.extend([Class::Alarm, Class::Case, Class::Audit].map(|of| Group::new(of, *office)));
        if tier <= COUNTY_TIER {
            groups.push(Group::new(Class::MinorCase, *office));
        }
    }
    let shown: BTreeSet<Group> = groups.iter().copied().collect();
    let rosters = shared.iter().map(|id| Group::new(Class::Roster, *id));
    for (office, roster) in shared.iter().zip(rosters) {
        if !shown.contains(&roster) {
            groups.extend([roster, Group::new(Class::KeeperChain, *office)]);
        }
    }
    View::new(groups)
}
