//! Rules 6, 7 and 11: what a head proves about the heads below it, and where a chain is forked.

use super::paper::{Paper, Papers};
use crate::act::At;
use crate::id::{AuthorId, EnvelopeId};
use std::collections::{BTreeMap, BTreeSet};

impl Papers {
    /// Rule 6: the positions found by following `prev` from `at`, the last `prev` named included.
    pub(super) fn back(&self, at: At) -> Vec<At> {
        let mut found = vec![at];
        let mut here = self.all.get(&at.id).filter(|paper| paper.head.n == at.n);
        while let Some(paper) = here {
            let Some(prev) = paper.head.prev else {
                break;
            };
            found.push(At {
                n: paper.head.n - 1,
                id: prev,
            });
            here = self.below(paper);
        }
        found
    }

    /// The head that `prev` names, where it is here and lies one below on the same chain.
    pub(super) fn below(&self, paper: &Paper) -> Option<&Paper> {
        let below = self.all.get(&paper.head.prev?)?;
        let fits = below.head.author == paper.head.author && below.head.n + 1 == paper.head.n;
        fits.then_some(below)
    }

    /// The heads of one author by position, ascending.
    pub(super) fn heads_of(&self, author: AuthorId) -> BTreeMap<u64, Vec<&Paper>> {
        let mut heads = BTreeMap::<u64, Vec<&Paper>>::new();
        for paper in self
            .all
            .values()
            .filter(|paper| paper.head.author == author)
        {
            heads.entry(paper.head.n).or_default().push(paper);
        }
        heads
    }

    /// Rule 7: the heads of one author that reach position 1 through heads that are here.
    pub(super) fn chained(&self, author: AuthorId) -> BTreeSet<EnvelopeId> {
        let mut chained = BTreeSet::new();
        for paper in self.heads_of(author).into_values().flatten() {
            let below = self.below(paper);
            if paper.head.n == 1 || below.is_some_and(|below| chained.contains(&below.id)) {
                chained.insert(paper.id);
            }
        }
        chained
    }

    /// Rule 11: the smallest position for which two ids are known, with all ids known there.
    pub fn fork(&self, author: AuthorId) -> Option<(u64, BTreeSet<EnvelopeId>)> {
        let mut known = BTreeMap::<u64, BTreeSet<EnvelopeId>>::new();
        for paper in self
            .all
            .values()
            .filter(|paper| paper.head.author == author)
        {
            known.entry(paper.head.n).or_default().insert(paper.id);
            if let Some(prev) = paper.head.prev {
                known.entry(paper.head.n - 1).or_default().insert(prev);
            }
        }
        known.into_iter().find(|(_, ids)| ids.len() > 1)
    }
}
