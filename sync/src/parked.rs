//! Envelopes that came before what they name. They wait on the disk, bounded for each peer; here is
//! only who waits for what.

use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::id::{AuthorId, EnvelopeId};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Most envelopes of one peer that wait; the oldest goes out and is asked for again.
pub(crate) const PARKED_MAX: usize = 1_000;
/// Most bytes of one peer that wait.
pub(crate) const PARKED_BYTES_MAX: usize = 1024 * 1024;
/// After this many ms an envelope that still waits is let go; reconciliation brings it again if it
/// is wanted. What waits for a later build is never let go.
pub(crate) const PARKED_MS_MAX: i64 = 7 * 24 * 3_600_000;

/// What an envelope waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub(crate) enum Need {
    /// The introduction of an author.
    #[n(0)]
    Author(#[n(0)] AuthorId),
    /// An envelope of its dossier, or the one that opens it.
    #[n(1)]
    Envelope(#[n(0)] EnvelopeId),
    /// An office's place in the tree, or any other news of the roster.
    #[n(2)]
    Roster,
    /// A later build, which knows the suite.
    #[n(3)]
    Suite(#[n(0)] u8),
}

/// One row of `Table::Parked`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Parked {
    #[n(0)]
    pub(crate) envelope: Envelope,
    /// From whom; none from a file.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) peer: Option<[u8; 32]>,
    #[n(2)]
    pub(crate) need: Need,
    /// When it came, ms UTC.
    #[n(3)]
    pub(crate) since: i64,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    need: Need,
    peer: Option<[u8; 32]>,
    order: u64,
    bytes: usize,
    since: i64,
    whole: bool,
}

impl Row {
    /// What waits for a later build has room of its own, so that nothing else pushes it out.
    fn queue(&self) -> QueueKey {
        (self.peer, matches!(self.need, Need::Suite(_)))
    }
}

/// From whom, and whether it waits for a later build.
type QueueKey = (Option<[u8; 32]>, bool);
/// What waits of one peer, in order of coming, and how many bytes it is.
type Queue = (BTreeMap<u64, EnvelopeId>, usize);

/// Who waits for what.
#[derive(Debug, Default)]
pub(crate) struct Lot {
    rows: BTreeMap<EnvelopeId, Row>,
    waiting: BTreeMap<Need, BTreeSet<EnvelopeId>>,
    queues: BTreeMap<QueueKey, Queue>,
    count: u64,
}

impl Lot {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn holds(&self, id: EnvelopeId) -> bool {
        self.rows.contains_key(&id)
    }

    /// Whether the envelope waits for a later build with all that `envelope` has.
    pub(crate) fn keeps(&self, id: EnvelopeId, envelope: &Envelope) -> bool {
        let row = self.rows.get(&id);
        row.is_some_and(|row| row.queue().1 && (row.whole || envelope.body.is_none()))
    }

    /// Those that wait for a later build.
    pub(crate) fn unchecked(&self) -> Vec<EnvelopeId> {
        let rows = self.rows.iter().filter(|(_, row)| row.queue().1);
        rows.map(|(id, _)| *id).collect()
    }

    /// Notes an envelope that waits; gives those of the same peer that had to go: the oldest, and of
    /// what waits for a later build the one that finds no room.
    pub(crate) fn insert(&mut self, id: EnvelopeId, parked: &Parked) -> Vec<EnvelopeId> {
        self.remove(id);
        let bytes = parked.envelope.head.len() + parked.envelope.body.as_ref().map_or(0, Vec::len);
        self.count += 1;
        let row = Row {
            need: parked.need,
            peer: parked.peer,
            order: self.count,
            bytes,
            since: parked.since,
            whole: parked.envelope.body.is_some(),
        };
        self.rows.insert(id, row);
        self.waiting.entry(row.need).or_default().insert(id);
        let queue = self.queues.entry(row.queue()).or_default();
        queue.0.insert(row.order, id);
        queue.1 += bytes;
        let mut out = Vec::new();
        while let Some((queue, held)) = self.queues.get(&row.queue())
            && (queue.len() > PARKED_MAX || *held > PARKED_BYTES_MAX)
            && let Some(oldest) = queue.values().next().copied()
        {
            let goes = if row.queue().1 { id } else { oldest };
            self.remove(goes);
            out.push(goes);
        }
        out
    }

    pub(crate) fn remove(&mut self, id: EnvelopeId) {
        let Some(row) = self.rows.remove(&id) else {
            return;
        };
        if let Some(ids) = self.waiting.get_mut(&row.need) {
            ids.remove(&id);
            if ids.is_empty() {
                self.waiting.remove(&row.need);
            }
        }
        if let Some((queue, bytes)) = self.queues.get_mut(&row.queue()) {
            queue.remove(&row.order);
            *bytes -= row.bytes;
            if queue.is_empty() {
                self.queues.remove(&row.queue());
            }
        }
    }

    /// Those that wait for this.
    pub(crate) fn waiting_for(&self, need: Need) -> Vec<EnvelopeId> {
        let ids = self.waiting.get(&need).into_iter().flatten();
        ids.copied().collect()
    }

    /// All of them.
    pub(crate) fn ids(&self) -> Vec<EnvelopeId> {
        self.rows.keys().copied().collect()
    }

    /// Those that came before `since` and may be let go.
    pub(crate) fn older_than(&self, since: i64) -> Vec<EnvelopeId> {
        let old = self.rows.iter();
        let old = old.filter(|(_, row)| row.since < since && !row.queue().1);
        old.map(|(id, _)| *id).collect()
    }
}
