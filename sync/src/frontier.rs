//! What a node has of one dossier in a few words: each author's tips there, and what a peer with
//! other tips lacks.

use crate::frame::{TIP_BYTES, TIPS_MAX};
use crate::item::{Digest, Salt, Short};
use jiaolian_schema::canon;
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::{AuthorId, EnvelopeId, sha256};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// The last of an author's envelopes on one branch inside a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Tip {
    /// Position on the author's chain inside the dossier.
    #[n(0)]
    pub m: u64,
    /// The envelope.
    #[n(1)]
    pub id: EnvelopeId,
}

/// Author → tips, usually one. Since nothing is stored before what it names, the tips tell the
/// whole set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier(pub BTreeMap<AuthorId, Vec<Tip>>);

impl Frontier {
    /// Adds an envelope whose predecessor is here.
    pub(crate) fn add(&mut self, fact: &Fact) {
        let tips = self.0.entry(fact.author).or_default();
        tips.retain(|tip| Some(tip.id) != fact.prev_here);
        tips.push(Tip {
            m: fact.m,
            id: fact.id,
        });
        tips.sort_unstable();
    }

    /// The tip that an author goes on from: the last of the longest branch.
    pub fn tip(&self, author: AuthorId) -> Option<Tip> {
        self.0.get(&author)?.last().copied()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let rows: Vec<(AuthorId, &Vec<Tip>)> = self.0.iter().map(|(a, t)| (*a, t)).collect();
        canon::encode(&rows)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let rows: Vec<(AuthorId, Vec<Tip>)> = minicbor::decode(bytes).ok()?;
        Some(Self(rows.into_iter().collect()))
    }

    pub(crate) fn digest(&self) -> Digest {
        let mut digest = Digest::default();
        digest.copy_from_slice(&sha256(&[&self.encode()])[..16]);
        digest
    }

    /// The tips in the packed form of a frame.
    pub(crate) fn pack(&self, salt: Salt) -> Vec<u8> {
        let tips = self.0.iter().flat_map(|(author, tips)| {
            let author = salt.short(&author.0);
            tips.iter().map(move |tip| (author, *tip))
        });
        let mut out = Vec::new();
        for (author, tip) in tips.take(TIPS_MAX) {
            out.extend_from_slice(&author);
            out.extend_from_slice(&position(tip.m).to_be_bytes());
            out.extend_from_slice(&salt.short(&tip.id.0));
        }
        out
    }
}

fn position(m: u64) -> u32 {
    u32::try_from(m).unwrap_or(u32::MAX)
}

/// What a peer said it has of a dossier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    tips: BTreeSet<(Short, u32, Short)>,
}

impl Known {
    pub(crate) fn unpack(bytes: &[u8]) -> Self {
        let row = |row: &[u8]| {
            let (mut author, mut m, mut id) = ([0; 6], [0; 4], [0; 6]);
            author.copy_from_slice(&row[..6]);
            m.copy_from_slice(&row[6..10]);
            id.copy_from_slice(&row[10..16]);
            (author, u32::from_be_bytes(m), id)
        };
        Self {
            tips: bytes.chunks_exact(TIP_BYTES).map(row).collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tips.is_empty()
    }

    /// Tells one saying from another.
    pub(crate) fn mark(&self) -> [u8; 8] {
        let mut bytes = Vec::with_capacity(self.tips.len() * TIP_BYTES);
        for (author, m, id) in &self.tips {
            bytes.extend_from_slice(author);
            bytes.extend_from_slice(&m.to_be_bytes());
            bytes.extend_from_slice(id);
        }
        let mut mark = [0; 8];
        mark.copy_from_slice(&sha256(&[&bytes])[..8]);
        mark
    }

    /// Whether the peer has something that this frontier can't explain: surely, by tips that lie
    /// beyond it.
    pub(crate) fn is_beyond(&self, frontier: &Frontier, salt: Salt) -> bool {
        let ours = Self::unpack(&frontier.pack(salt));
        self.tips.difference(&ours.tips).any(|(author, m, _)| {
            let mut last = ours.tips.iter().filter(|tip| tip.0 == *author);
            !last.any(|tip| tip.1 > *m)
        })
    }
}

/// What a peer lacks of a dossier, in causal order, and whether it has something that is not here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) ids: Vec<EnvelopeId>,
    pub(crate) beyond: bool,
}

/// How tips of the peer that are not here are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As going on from the author's branch here: nearly always so, and little is sent.
    OneBranch,
    /// As telling nothing: an author who signed two at one position has other branches there.
    Anything,
}

/// Compares what is here with what the peer said.
pub(crate) fn missing(
    facts: &BTreeMap<EnvelopeId, Fact>,
    known: &Known,
    refused: &BTreeSet<Short>,
    (salt, reading): (Salt, Reading),
) -> Missing {
    let mut authors: BTreeMap<Short, Vec<&Fact>> = BTreeMap::new();
    for fact in facts.values() {
        let short = salt.short(&fact.author.0);
        authors.entry(short).or_default().push(fact);
    }
    let (mut has, mut beyond) = (Vec::new(), false);
    for (author, m, id) in &known.tips {
        let ours = authors.get(author).map(Vec::as_slice).unwrap_or_default();
        let at = |fact: &&&Fact| position(fact.m) == *m && salt.short(&fact.id.0) == *id;
        if let Some(fact) = ours.iter().find(at) {
            has.push(fact.id);
        } else {
            beyond = true;
            let same = reading == Reading::OneBranch;
            let below = ours.iter().filter(|fact| same && position(fact.m) < *m);
            has.extend(below.map(|fact| fact.id));
        }
    }
    let mut skip = past(facts, has);
    if !refused.is_empty() {
        let unwanted = facts
            .keys()
            .filter(|id| refused.contains(&salt.short(&id.0)));
        skip.extend(unwanted.copied());
    }
    let ids = causal_order(facts, &skip);
    Missing { ids, beyond }
}

/// These envelopes and everything that they rest on in their dossier.
pub(crate) fn past(
    facts: &BTreeMap<EnvelopeId, Fact>,
    mut next: Vec<EnvelopeId>,
) -> BTreeSet<EnvelopeId> {
    let mut seen = BTreeSet::new();
    while let Some(id) = next.pop() {
        if let Some(fact) = facts.get(&id)
            && seen.insert(id)
        {
            next.extend(fact.deps.iter().copied().chain(fact.prev_here));
        }
    }
    seen
}

/// Everything but `skip`, each after what it rests on; ids settle what is free.
pub(crate) fn causal_order(
    facts: &BTreeMap<EnvelopeId, Fact>,
    skip: &BTreeSet<EnvelopeId>,
) -> Vec<EnvelopeId> {
    let (mut order, mut done) = (Vec::new(), skip.clone());
    for id in facts.keys() {
        let mut stack = vec![(*id, false)];
        while let Some((id, ready)) = stack.pop() {
            let Some(fact) = facts.get(&id) else { continue };
            if ready {
                if done.insert(id) {
                    order.push(id);
                }
            } else if !done.contains(&id) {
                stack.push((id, true));
                let named = fact.deps.iter().copied().chain(fact.prev_here);
                stack.extend(named.filter(|id| !done.contains(id)).map(|id| (id, false)));
            }
        }
    }
    order
}

/// What nothing else in the dossier rests on.
pub(crate) fn heads(facts: &BTreeMap<EnvelopeId, Fact>) -> BTreeSet<EnvelopeId> {
    let named = |fact: &Fact| fact.deps.iter().copied().chain(fact.prev_here).collect();
    let mut heads: BTreeSet<EnvelopeId> = facts.keys().copied().collect();
    for fact in facts.values() {
        let named: Vec<EnvelopeId> = named(fact);
        for id in named {
            heads.remove(&id);
        }
    }
    heads
}
