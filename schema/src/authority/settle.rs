//! Keeps the memory of authority true: what changed, whom it concerns, and in which order they are
//! judged again.

use super::Authority;
use super::chain::{Chain, HeadRow};
use super::judge::Judged;
use super::weigh::Said;
use crate::act::Act;
use crate::envelope::{Duty, Head};
use crate::fact::Fact;
use crate::id::{AuthorId, EnvelopeId};
use std::collections::BTreeSet;

/// Ascending order of evaluation (rule 4); authors without a known office last.
type Rank = (u8, bool);

impl Authority {
    pub(super) fn take_head(&mut self, id: EnvelopeId, head: &Head) {
        let row = HeadRow {
            author: head.author,
            n: head.n,
            prev: head.prev,
            receipt: head.receipt,
        };
        if head.n == 0 || !self.heads.insert(id, row) {
            return;
        }
        if let Some(receipt) = row.receipt {
            let citing = self.index.cited_by.entry(receipt).or_default();
            citing.insert(row.author);
        }
        let known = self.chains.contains_key(&row.author);
        self.chains.entry(row.author).or_default().note(id, &row);
        if !known || !self.append(id, &row) {
            self.dirty.insert(row.author);
        }
    }

    /// The usual case: the next head of a chain that nobody disputes lengthens the good path by
    /// itself.
    fn append(&mut self, id: EnvelopeId, row: &HeadRow) -> bool {
        let time = self.cited_time(row.author, id);
        let plain = !self.dirty.contains(&row.author)
            && !self.index.said_about.contains_key(&row.author)
            && !self.is_cut_by_root(row.author)
            && !self.acts.contains_key(&id);
        let Some(chain) = self.chains.get_mut(&row.author).filter(|_| plain) else {
            return false;
        };
        let next = chain.judged.path.len() as u64 + 1 == row.n
            && chain.judged.path.last().copied() == row.prev
            && chain.fork().is_none()
            && chain.is_lone_top(row.n)
            && !chain.judged.unplaced.contains(&id);
        if next {
            let judged = &mut chain.judged;
            judged.path.push(id);
            judged.raise_lower(row.n, time);
            judged.tip = Some(crate::act::At { n: row.n, id });
        }
        next
    }

    pub(super) fn take_fact(&mut self, fact: &Fact) {
        let Some(complete) = self.bodies.insert(fact) else {
            return;
        };
        self.take_said(fact);
        for id in complete {
            if let Some(author) = self.acts.get(&id).map(|signed| signed.author) {
                self.refresh_act(author, id);
            }
        }
    }

    /// Weighs one act alone where it is the newest of an undisturbed chain; else its author is
    /// judged again.
    fn refresh_act(&mut self, author: AuthorId, id: EnvelopeId) {
        let alone = !self.dirty.contains(&author)
            && !self.index.founds.contains(&id)
            && self.chains.get(&author).is_some_and(|chain| {
                let n = chain.judged.path.len() as u64;
                chain.judged.is_on_path(n, id)
            });
        if !alone {
            self.dirty.insert(author);
            return;
        }
        let mut chain = self.chains.remove(&author).unwrap_or_default();
        self.add_effect(id, &mut chain.judged);
        let effect = chain.judged.effects.get(&id).copied();
        self.chains.insert(author, chain);
        match effect {
            Some(effect) if effect.counts && self.receipt(id).is_some() => self.list(id, author),
            Some(_) => self.spread(id),
            None => {}
        }
    }

    /// The usual case of a receipt that begins to count: it only adds times to chains of staff that
    /// nobody disputes.
    fn list(&mut self, id: EnvelopeId, witness: AuthorId) {
        let Some(Said::Receipt(receipt)) = self.acts.get(&id).map(|signed| &signed.said) else {
            return;
        };
        let receipt = receipt.clone();
        let mut listed: Vec<AuthorId> = receipt.heads.iter().map(|head| head.author).collect();
        listed.dedup();
        self.dirty
            .extend(self.index.cited_by.get(&id).into_iter().flatten());
        for author in listed {
            let staff = self
                .seat(author)
                .is_some_and(|seat| seat.duty == Duty::Staff);
            let disputed =
                self.dirty.contains(&author) || self.index.said_about.contains_key(&author);
            let witnessed = self.is_witness_of(witness, author);
            match self.chains.get_mut(&author) {
                Some(chain) if staff && !disputed && chain.fork().is_none() => {
                    if witnessed {
                        chain.judged.take_receipt(&self.heads, author, &receipt);
                    }
                }
                _ => {
                    self.dirty.insert(author);
                }
            }
        }
    }

    fn add_effect(&self, id: EnvelopeId, judged: &mut Judged) {
        let Some(effect) = self.effect_of(id, judged) else {
            return;
        };
        judged.effects.insert(id, effect);
        if let Some((receipt, _)) = self.receipt(id) {
            judged.newest = judged.newest.max(Some(receipt.time));
        }
    }

    fn rank(&self, author: AuthorId) -> Rank {
        if self.is_root_keeper(author) {
            return (0, false);
        }
        let Some(seat) = self.seat(author) else {
            return (u8::MAX, true);
        };
        let depth = self.offices.depth(seat.office);
        (
            depth.map_or(u8::MAX, |depth| depth + 1),
            seat.duty == Duty::Staff,
        )
    }

    /// Judges every dirty author, the smallest rank first; whom a judgement concerns is of greater
    /// rank.
    pub(super) fn settle(&mut self) {
        let mut queue: BTreeSet<(Rank, AuthorId)> = BTreeSet::new();
        let mut tree_news = self.follow_root() | std::mem::take(&mut self.index.bound_grew);
        loop {
            for author in std::mem::take(&mut self.dirty) {
                queue.insert((self.rank(author), author));
            }
            let Some((_, author)) = queue.pop_first() else {
                // Which founding counts is asked of the root statement and of bound ids too.
                if std::mem::take(&mut tree_news) && self.regrow() {
                    continue;
                }
                return;
            };
            if self.rejudge(author) && self.regrow() {
                let authors: Vec<AuthorId> = queue.iter().map(|(_, author)| *author).collect();
                queue.clear();
                self.dirty.extend(authors);
            }
        }
    }

    /// Judges one author and tells whom it concerns; true where a founding changed.
    fn rejudge(&mut self, author: AuthorId) -> bool {
        let Some(mut chain) = self.chains.remove(&author) else {
            return false;
        };
        let judged = self.judge(author, &chain);
        let before = std::mem::replace(&mut chain.judged, judged);
        self.weigh_acts(author, &mut chain);
        let changed = changed_effects(&before, &chain.judged);
        self.chains.insert(author, chain);
        let mut founding = false;
        for id in changed {
            self.spread(id);
            founding |= self.index.founds.contains(&id);
        }
        founding
    }

    fn weigh_acts(&self, author: AuthorId, chain: &mut Chain) {
        for (_, id) in self.index.acts_of.get(&author).into_iter().flatten() {
            self.add_effect(*id, &mut chain.judged);
        }
    }

    /// Marks everybody whom a changed effect concerns.
    fn spread(&mut self, id: EnvelopeId) {
        let Some(signed) = self.acts.get(&id) else {
            return;
        };
        match &signed.said {
            Said::Receipt(receipt) => {
                let listed = receipt.heads.iter().map(|head| head.author);
                let citing = self.index.cited_by.get(&id).into_iter().flatten().copied();
                self.dirty.extend(listed.chain(citing));
            }
            Said::Act(Act::Appoint(appoint)) => {
                if appoint.duty != Duty::Staff {
                    self.dirty.insert(appoint.author());
                }
            }
            Said::Act(Act::Revoke(revoke)) => {
                self.dirty.insert(revoke.author);
            }
            Said::Act(Act::Endorse(endorse)) => {
                self.dirty.insert(endorse.author);
            }
            Said::Act(_) => {}
        }
    }

    /// Folds the tree again; true where it changed. Whoever sits in an office whose path changed is
    /// judged again.
    fn regrow(&mut self) -> bool {
        let grown = self.grow_tree();
        if grown == self.offices {
            return false;
        }
        let before = std::mem::replace(&mut self.offices, grown);
        let moved = self.seats.iter().filter(|(_, seat)| {
            before.path(seat.office) != self.offices.path(seat.office)
                || before.get(seat.office).is_some() != self.offices.get(seat.office).is_some()
        });
        let moved: Vec<AuthorId> = moved.map(|(author, _)| *author).collect();
        self.dirty.extend(moved);
        true
    }
}

fn changed_effects(before: &Judged, after: &Judged) -> Vec<EnvelopeId> {
    let gone = before
        .effects
        .iter()
        .filter(|(id, effect)| after.effects.get(id) != Some(*effect));
    let come = after
        .effects
        .keys()
        .filter(|id| !before.effects.contains_key(id));
    gone.map(|(id, _)| id).chain(come).copied().collect()
}
