//! One author's chain as far as it is known: heads here, ids that heads name, gaps and forks (rules
//! 6, 7, 11).

use super::judge::Judged;
use crate::act::At;
use crate::id::{AuthorId, EnvelopeId};
use std::collections::{BTreeMap, BTreeSet};

/// What authority keeps of a head.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadRow {
    pub(super) author: AuthorId,
    pub(super) n: u64,
    pub(super) prev: Option<EnvelopeId>,
    pub(super) receipt: Option<EnvelopeId>,
}

/// Every head of every author.
#[derive(Debug, Clone, Default)]
pub(super) struct Heads(BTreeMap<EnvelopeId, HeadRow>);

impl Heads {
    /// Puts a head in; false where it was in already.
    pub(super) fn insert(&mut self, id: EnvelopeId, row: HeadRow) -> bool {
        self.0.insert(id, row).is_none()
    }

    pub(super) fn get(&self, id: EnvelopeId) -> Option<&HeadRow> {
        self.0.get(&id)
    }

    /// The head at this place of this author's chain, or none.
    pub(super) fn at(&self, author: AuthorId, n: u64, id: EnvelopeId) -> Option<&HeadRow> {
        self.get(id)
            .filter(|row| row.author == author && row.n == n)
    }

    /// `back(id)`: (n, id) from the given place downwards, the last `prev` named included.
    pub(super) fn back(
        &self,
        author: AuthorId,
        n: u64,
        id: EnvelopeId,
    ) -> impl Iterator<Item = (u64, EnvelopeId)> + '_ {
        let mut next = Some((n, id));
        std::iter::from_fn(move || {
            let (n, id) = next?;
            next = self
                .at(author, n, id)
                .and_then(|row| row.prev)
                .filter(|_| n > 1)
                .map(|prev| (n - 1, prev));
            Some((n, id))
        })
    }
}

/// One author's positions.
#[derive(Debug, Clone, Default)]
pub(super) struct Chain {
    /// Known ids by position, ascending, so that the memory is the same in any order of arrival;
    /// true where the head is here.
    known: BTreeMap<u64, BTreeMap<EnvelopeId, bool>>,
    /// Positions with two or more known ids.
    doubled: BTreeSet<u64>,
    /// Heads at 1..=contiguous are here.
    contiguous: u64,
    /// What superiors and receipts make of it.
    pub(super) judged: Judged,
}

impl Chain {
    /// Notes a head and the id that it names.
    pub(super) fn note(&mut self, id: EnvelopeId, row: &HeadRow) {
        self.note_id(row.n, id, true);
        if let Some(prev) = row.prev
            && row.n > 1
        {
            self.note_id(row.n - 1, prev, false);
        }
        while self.has_head(self.contiguous + 1) {
            self.contiguous += 1;
        }
    }

    fn note_id(&mut self, n: u64, id: EnvelopeId, here: bool) {
        let ids = self.known.entry(n).or_default();
        *ids.entry(id).or_default() |= here;
        if ids.len() > 1 {
            self.doubled.insert(n);
        }
    }

    fn has_head(&self, n: u64) -> bool {
        self.known
            .get(&n)
            .is_some_and(|ids| ids.values().any(|here| *here))
    }

    /// The first position with two known ids.
    pub(super) fn fork(&self) -> Option<u64> {
        self.doubled.first().copied()
    }

    /// Known ids at a position, ascending.
    pub(super) fn ids(&self, n: u64) -> Vec<EnvelopeId> {
        let ids = self.known.get(&n).into_iter().flatten();
        ids.map(|(id, _)| *id).collect()
    }

    /// Heads that are here at a position.
    pub(super) fn heads(&self, n: u64) -> impl Iterator<Item = EnvelopeId> + '_ {
        self.known
            .get(&n)
            .into_iter()
            .flatten()
            .filter(|(_, here)| **here)
            .map(|(id, _)| *id)
    }

    /// Every head that is here with its position.
    pub(super) fn all_heads(&self) -> impl Iterator<Item = (u64, EnvelopeId)> + '_ {
        self.known
            .iter()
            .flat_map(|(n, ids)| ids.iter().map(move |(id, here)| (*n, *id, *here)))
            .filter(|(.., here)| *here)
            .map(|(n, id, _)| (n, id))
    }

    /// The head that is chained highest, where the chain is not forked: all known ids then hang
    /// together.
    pub(super) fn lone_tip(&self) -> Option<At> {
        let id = self.heads(self.contiguous).next()?;
        let n = self.contiguous;
        Some(At { n, id })
    }

    /// The first position without a head below a known one.
    pub(super) fn gap(&self) -> Option<u64> {
        let top = self.known.keys().next_back().copied().unwrap_or(0);
        (top > self.contiguous).then_some(self.contiguous + 1)
    }

    /// Whether the id is alone at its position and nothing is known above it.
    pub(super) fn is_lone_top(&self, n: u64) -> bool {
        self.known.get(&n).is_some_and(|ids| ids.len() == 1)
            && self.known.range(n + 1..).next().is_none()
    }
}
