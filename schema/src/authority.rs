//! Who may sign, and what of what was signed counts: a function of the set of heads, roster acts
//! and receipts.
//!
//! Nothing here reads arrival order or a clock. What is kept between calls is only a memory of that
//! function: a head or a fact judges again those authors whose inputs it changed, in ascending rank
//! (depth of office, keepers and witnesses before staff). A rule about an author reads authors of
//! smaller rank only, so there is no cycle.

mod admin;
mod ask;
mod body;
mod chain;
mod index;
mod judge;
mod name;
mod root;
mod seat;
mod settle;
mod stand_in;
mod state;
mod statement;
mod superior;
mod tree;
mod vouch;
mod weigh;

pub use admin::{AdminClash, is_admin_role};
pub use name::OfficeName;
pub use seat::{Appointments, Entrustment, STALE_DAYS_DEFAULT};
pub use stand_in::StoodIn;
pub use state::{Fork, NodeSeat, PathState, PolicyInForce, State, VoidReason, Wait, Window};

use crate::act::{Act, At, PublicKey, Receipt, RootStatement};
use crate::admit::{Introduction, Introductions};
use crate::fact::Fact;
use crate::hold::Offices;
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use body::Bodies;
use chain::{Chain, Heads};
use index::Index;
use judge::{Effect, Judged};
use root::Roots;
use std::collections::{BTreeMap, BTreeSet};
use weigh::{Said, Signed};

/// A root whose one key is its keeper too: trusted by configuration, appointed by nobody. Its claimed
/// times are its filed times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootKey {
    /// The root office.
    pub office: OfficeId,
    /// The keeper's key; its office is the root office and its duty keeper.
    pub introduction: Introduction,
}

impl From<RootKey> for RootStatement {
    fn from(root: RootKey) -> Self {
        let Introduction { suite, key, .. } = root.introduction;
        Self::single(root.office, PublicKey { suite, key })
    }
}

/// The heads, roster acts and receipts that are here, and what follows from them.
#[derive(Debug, Clone)]
pub struct Authority {
    roots: Roots,
    heads: Heads,
    chains: BTreeMap<AuthorId, Chain>,
    seats: BTreeMap<AuthorId, Introduction>,
    acts: BTreeMap<EnvelopeId, Signed>,
    bodies: Bodies,
    index: Index,
    offices: Offices,
    /// Authors whose inputs changed since they were judged; empty between calls.
    dirty: BTreeSet<AuthorId>,
}

impl Authority {
    /// Knows the pinned root statement and nothing else.
    pub fn new(pinned: impl Into<RootStatement>) -> Self {
        let pinned = pinned.into();
        let former = pinned.former.iter().map(|former| &former.key);
        let keepers = former.chain([&pinned.keeper]);
        let seats = keepers.map(|key| key.keeper_of(pinned.office));
        Self {
            seats: seats.map(|seat| (seat.author(), seat)).collect(),
            roots: Roots::new(pinned),
            heads: Heads::default(),
            chains: BTreeMap::new(),
            acts: BTreeMap::new(),
            bodies: Bodies::default(),
            index: Index::default(),
            offices: Offices::default(),
            dirty: BTreeSet::new(),
        }
    }

    /// The tree of offices, folded from good founding acts and from those that move offices; empty
    /// until the root's own is here.
    pub fn offices(&self) -> &Offices {
        &self.offices
    }

    /// The root office, by configuration.
    pub fn root_office(&self) -> OfficeId {
        self.roots.office()
    }

    /// The highest head of which every head down to position 1 is here; on the good path as far as
    /// that reaches.
    pub fn chain_tip(&self, author: AuthorId) -> Option<At> {
        self.chains.get(&author)?.judged.tip
    }

    /// The heads of an author that are here at a position, ascending.
    pub fn heads_at(&self, author: AuthorId, n: u64) -> Vec<EnvelopeId> {
        let chain = self.chains.get(&author);
        let mut heads: Vec<EnvelopeId> = chain.into_iter().flat_map(|one| one.heads(n)).collect();
        heads.sort_unstable();
        heads
    }

    /// The highest position on the good path that a superior had covered by an instant, ms UTC.
    pub fn last_covered_by(&self, author: AuthorId, by: i64) -> Option<At> {
        let judged = &self.chains.get(&author)?.judged;
        let mut path = judged.path.iter().enumerate().rev();
        path.find(|(_, id)| judged.covered.get(id).is_some_and(|time| *time <= by))
            .map(|(index, id)| At {
                n: index as u64 + 1,
                id: *id,
            })
    }

    /// The first position without a head below a known one.
    pub fn chain_gap(&self, author: AuthorId) -> Option<u64> {
        self.chains.get(&author)?.gap()
    }

    /// Rule 8: when a superior first covered the head, ms UTC.
    pub fn covered(&self, id: EnvelopeId) -> Option<i64> {
        self.judged_of(id)?.covered.get(&id).copied()
    }

    /// Rule 9: when a superior first filed the envelope whole, ms UTC.
    pub fn filed0(&self, id: EnvelopeId) -> Option<i64> {
        self.judged_of(id)?.filed.get(&id).copied()
    }

    /// As `filed0`, counting only the witnesses of `office` and of those above it.
    pub fn filed_with(&self, id: EnvelopeId, office: OfficeId) -> Option<i64> {
        let author = self.heads.get(id)?.author;
        let receipts = self.index.listed_by.get(&author).into_iter().flatten();
        receipts
            .filter(|receipt| self.was_said_over(**receipt, office))
            .filter_map(|receipt| self.superior_receipt(*receipt, author))
            .filter(|(receipt, _)| {
                let listed = judge::listed_for(receipt, author);
                listed.iter().any(|head| head.id == id && head.whole == 1)
            })
            .map(|(receipt, _)| receipt.time)
            .min()
    }

    /// Where a head lies: on the good path, above a gap, cut, or on an unsettled fork.
    pub fn path_state(&self, id: EnvelopeId) -> PathState {
        let Some(row) = self.heads.get(id) else {
            return PathState::Gap;
        };
        self.chains
            .get(&row.author)
            .map_or(PathState::Gap, |chain| {
                self.path_state_in(row.author, &chain.judged, id)
            })
    }

    /// Forked chains, by author, each at the first position where it is forked.
    pub fn forks(&self) -> Vec<Fork> {
        let forked = self.chains.iter().filter_map(|(author, chain)| {
            chain.fork().map(|n| Fork {
                author: *author,
                n,
                ids: chain.ids(n),
            })
        });
        forked.collect()
    }

    /// The first position of an author's chain at which two ids are known.
    pub fn fork_of(&self, author: AuthorId) -> Option<u64> {
        self.chains.get(&author)?.fork()
    }

    /// Whether one more head may change how earlier ones stand, although it only goes on: in a
    /// chain that is forked, or of which a superior spoke.
    pub fn is_disputed(&self, author: AuthorId) -> bool {
        self.index.said_about.contains_key(&author)
            || self.is_cut_by_root(author)
            || self.fork_of(author).is_some()
    }

    /// Positions that revocations and endorsements of an author name, whether they count or not.
    pub fn named_positions(&self, author: AuthorId) -> Vec<At> {
        let said = self.index.said_about.get(&author).into_iter().flatten();
        let acts = said.filter_map(|id| self.acts.get(id)?.act());
        acts.filter_map(|act| match act {
            Act::Revoke(revoke) => revoke.at,
            Act::Endorse(endorse) => Some(endorse.at),
            _ => None,
        })
        .collect()
    }

    /// Whether the body is here.
    pub fn has_body(&self, id: EnvelopeId) -> bool {
        self.bodies.is_here(id)
    }

    /// Whether the body and all that it names in its dossier are here.
    pub fn is_complete(&self, id: EnvelopeId) -> bool {
        self.bodies.is_complete(id)
    }

    fn path_state_in(&self, author: AuthorId, judged: &Judged, id: EnvelopeId) -> PathState {
        let Some(row) = self.heads.get(id).filter(|row| row.author == author) else {
            return PathState::Gap;
        };
        if judged.is_on_path(row.n, id) {
            return PathState::Good;
        }
        let mut state = PathState::Fork;
        let mut lowest = (row.n, id);
        for (n, below) in self.heads.back(author, row.n, id) {
            lowest = (n, below);
            if judged.is_on_path(n, below) {
                return state;
            }
            if judged.told(below).is_no() {
                state = PathState::Cut;
            }
        }
        let (n, last) = lowest;
        if n == 1 && self.heads.at(author, n, last).is_some() {
            state
        } else {
            PathState::Gap
        }
    }

    fn judged_of(&self, id: EnvelopeId) -> Option<&Judged> {
        let author = self.heads.get(id)?.author;
        self.chains.get(&author).map(|chain| &chain.judged)
    }

    fn seat(&self, author: AuthorId) -> Option<&Introduction> {
        self.seats.get(&author)
    }

    fn effect(&self, author: AuthorId, id: EnvelopeId) -> Option<Effect> {
        let chain = self.chains.get(&author)?;
        chain.judged.effects.get(&id).copied()
    }

    fn receipt(&self, id: EnvelopeId) -> Option<(&Receipt, AuthorId)> {
        let signed = self.acts.get(&id)?;
        match &signed.said {
            Said::Receipt(receipt) => Some((receipt, signed.author)),
            Said::Act(_) => None,
        }
    }
}

impl Introductions for Authority {
    fn introduction(&self, author: AuthorId) -> Option<Introduction> {
        self.seat(author).cloned()
    }
}

impl Authority {
    /// Puts a head in. Twice is once; any order gives the same.
    pub fn add_head(&mut self, id: EnvelopeId, head: &crate::envelope::Head) {
        self.take_head(id, head);
        self.settle();
    }

    /// Puts a fact in: a roster act or a receipt whole, of anything else that its body is here.
    pub fn add_fact(&mut self, fact: &Fact) {
        self.take_fact(fact);
        self.settle();
    }

    /// Puts many in and judges once: how a node starts and how a first copy comes in.
    pub fn extend<'a>(
        &mut self,
        heads: impl IntoIterator<Item = (EnvelopeId, &'a crate::envelope::Head)>,
        facts: impl IntoIterator<Item = &'a Fact>,
    ) {
        for (id, head) in heads {
            self.take_head(id, head);
        }
        for fact in facts {
            self.take_fact(fact);
        }
        self.settle();
    }
}
