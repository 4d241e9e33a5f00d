//! Keeps the memory of authority true: what changed, whom it concerns, and in which order they are judged again.

use super::Authority;
use super::chain::{Chain, HeadRow};
use super::judge::Judged;
use super::weigh::{Said, Signed};
use crate::act::Act;
use crate::admit::Introduction;
use crate::envelope::{Duty, Head};
use crate::fact::{Fact, What};
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

/// Who is concerned by what.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// Revocations and endorsements by the author that they speak of.
    pub(super) said_about: BTreeMap<AuthorId, BTreeSet<EnvelopeId>>,
    /// Receipts by the authors whose heads they list.
    pub(super) listed_by: BTreeMap<AuthorId, BTreeSet<EnvelopeId>>,
    /// Authors by the receipts that their heads cite.
    pub(super) cited_by: BTreeMap<EnvelopeId, BTreeSet<AuthorId>>,
    /// Acts of keepers and witnesses in the order of their chains.
    pub(super) acts_of: BTreeMap<AuthorId, BTreeSet<(u64, EnvelopeId)>>,
    /// Appointing acts by the office that they appoint to.
    pub(super) appoints: BTreeMap<OfficeId, BTreeSet<EnvelopeId>>,
    /// Witness authors by office.
    pub(super) witnesses: BTreeMap<OfficeId, BTreeSet<AuthorId>>,
    /// Founding acts.
    pub(super) founds: BTreeSet<EnvelopeId>,
    /// Policies and entrustments.
    pub(super) rulings: BTreeSet<EnvelopeId>,
}

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

    /// The usual case: the next head of a chain that nobody disputes lengthens the good path by itself.
    fn append(&mut self, id: EnvelopeId, row: &HeadRow) -> bool {
        let time = self.cited_time(row.author, id);
        let plain = !self.dirty.contains(&row.author)
            && !self.index.said_about.contains_key(&row.author)
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

    fn take_said(&mut self, fact: &Fact) {
        let said = match &fact.what {
            What::Roster(_) => fact.what.roster_act().map(Said::Act),
            What::Receipt(receipt) => Some(Said::Receipt(receipt.clone())),
            _ => None,
        };
        let Some(said) = said else { return };
        self.take_index(fact.id, &said);
        let of = self.index.acts_of.entry(fact.author).or_default();
        of.insert((fact.n, fact.id));
        self.acts.insert(
            fact.id,
            Signed {
                author: fact.author,
                appointment: fact.appointment,
                at: fact.at,
                said,
            },
        );
    }

    fn take_index(&mut self, id: EnvelopeId, said: &Said) {
        let index = &mut self.index;
        match said {
            Said::Receipt(receipt) => {
                // Rule 10 asks of whoever cites it as soon as it is here, counting or not.
                let citing = index.cited_by.get(&id).into_iter().flatten();
                self.dirty.extend(citing);
                for head in &receipt.heads {
                    index.listed_by.entry(head.author).or_default().insert(id);
                }
            }
            Said::Act(Act::Found(_)) => {
                index.founds.insert(id);
            }
            Said::Act(Act::Appoint(appoint)) => {
                index.appoints.entry(appoint.office).or_default().insert(id);
                self.introduce(Introduction {
                    suite: appoint.suite,
                    key: appoint.key.clone(),
                    office: appoint.office,
                    duty: appoint.duty,
                });
            }
            Said::Act(Act::Revoke(revoke)) => {
                index
                    .said_about
                    .entry(revoke.author)
                    .or_default()
                    .insert(id);
            }
            Said::Act(Act::Endorse(endorse)) => {
                index
                    .said_about
                    .entry(endorse.author)
                    .or_default()
                    .insert(id);
            }
            Said::Act(_) => {
                index.rulings.insert(id);
            }
        }
    }

    fn introduce(&mut self, introduction: Introduction) {
        let author = introduction.author();
        if self.seats.contains_key(&author) {
            return;
        }
        if introduction.duty == Duty::Witness {
            let witnesses = self.index.witnesses.entry(introduction.office).or_default();
            witnesses.insert(author);
        }
        self.seats.insert(author, introduction);
        self.dirty.insert(author);
    }

    /// Weighs one act alone where it is the newest of an undisturbed chain; else its author is judged again.
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
        let felt = chain.judged.effects.contains_key(&id);
        self.chains.insert(author, chain);
        if felt {
            self.spread(id);
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
        if author == self.root_author {
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

    /// Judges every dirty author, the smallest rank first; whom a judgement concerns is of greater rank.
    pub(super) fn settle(&mut self) {
        let mut queue: BTreeSet<(Rank, AuthorId)> = BTreeSet::new();
        loop {
            for author in std::mem::take(&mut self.dirty) {
                queue.insert((self.rank(author), author));
            }
            let Some((_, author)) = queue.pop_first() else {
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

    /// Folds the tree again; true where it changed. Whoever sits in an office whose path changed is judged again.
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
