//! What an author took back before anybody went on from it (撤回), and what was only corrected
//! (更正): rules Q1–Q8 of `docs/standing-quarrel.md`.
//!
//! Whatever goes on from an act lies after it in causal order, so acts are settled from the last to
//! the first and there is no cycle.

use super::Withdrawal;
use super::entry::{Entry, Past};
use super::reader::Reader;
use super::slot::UNFILED;
use crate::act::Appoint;
use crate::fact::What;
use crate::id::EnvelopeId;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Matters of one act, which are only corrected.
const RECORD: &str = "record";

impl Reader<'_> {
    /// The withdrawals in the dossier, by the entry of what each names; what is not here yet is
    /// taken back by nothing.
    pub(super) fn name_withdrawals(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut named: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, entry) in self.entries.iter().enumerate() {
            if let What::Withdraw { act } = &entry.fact.what
                && let Some(of) = self.by_id.get(act)
            {
                named.entry(*of).or_default().push(index);
            }
        }
        named
    }

    /// What was taken back, as a past knew it or as of now.
    pub(super) fn gone_in(&self, within: Option<&Past>) -> Cow<'_, BTreeSet<EnvelopeId>> {
        match within {
            None => Cow::Borrowed(&self.gone),
            Some(_) => Cow::Owned(self.taken_back(within)),
        }
    }

    /// Works out what was taken back, of the entries in a past or of all.
    pub(super) fn taken_back(&self, within: Option<&Past>) -> BTreeSet<EnvelopeId> {
        let seen = |index: &usize| within.is_none_or(|past| past.contains(*index));
        let mut gone = BTreeSet::new();
        for (act, withdrawals) in self.withdrawals_of.iter().rev() {
            let mut seen_ones = withdrawals.iter().copied().filter(seen);
            if seen_ones.any(|index| self.takes_back(index, *act, within, &gone)) {
                gone.insert(self.entries[*act].fact.id);
            }
        }
        gone
    }

    /// Whether an entry was taken back, or its matter was.
    pub(super) fn is_gone(&self, index: usize, gone: &BTreeSet<EnvelopeId>) -> bool {
        let fact = self.entries[index].fact;
        gone.contains(&fact.id)
            || matches!(&fact.what, What::Step { matter, .. } if gone.contains(matter))
    }

    /// Since when an entry that was taken back no longer counts: the claimed time of the earliest
    /// counting withdrawal of it or of its matter that it did not know of, moved into its window, ms
    /// UTC.
    pub(super) fn gone_since(&self, index: usize) -> Option<i64> {
        let matter = match &self.entries[index].fact.what {
            What::Step { matter, .. } => self.by_id.get(matter).copied(),
            _ => None,
        };
        let of = |act: usize| {
            let all = self.withdrawals_of.get(&act).into_iter().flatten();
            all.filter(move |withdrawal| self.takes_back(**withdrawal, act, None, &self.gone))
        };
        let all = of(index).chain(matter.into_iter().flat_map(of));
        let unknown = all.filter(|withdrawal| !self.entries[index].past.contains(**withdrawal));
        unknown
            .map(|withdrawal| self.entries[*withdrawal].claimed)
            .min()
    }

    /// Q1–Q4. `gone` holds what was taken back of everything later than `act`.
    fn takes_back(
        &self,
        withdrawal: usize,
        act: usize,
        within: Option<&Past>,
        gone: &BTreeSet<EnvelopeId>,
    ) -> bool {
        let by = &self.entries[withdrawal];
        let Some(matter) = self.withdrawable(act) else {
            return false;
        };
        let seen = |index: &usize| within.is_none_or(|past| past.contains(*index));
        by.state.is_good()
            && by.past.contains(act)
            && is_one_person(by.seat, self.entries[act].seat)
            && !(act + 1..self.entries.len()).filter(seen).any(|next| {
                self.goes_on(next, act, matter, gone) && !self.comes_before(withdrawal, next)
            })
    }

    /// The matter of an application or a step that may be taken back at all (Q2).
    fn withdrawable(&self, act: usize) -> Option<EnvelopeId> {
        let fact = self.entries[act].fact;
        let matter = match &fact.what {
            What::Apply { .. } => fact.id,
            What::Step { matter, .. } => *matter,
            _ => return None,
        };
        let opener = &self.entries[*self.by_id.get(&matter)?].fact.what;
        matches!(opener, What::Apply { workflow, .. } if workflow != RECORD).then_some(matter)
    }

    /// Whether an entry is a next step of the matter after `act`, or a service in it (Q3).
    fn goes_on(
        &self,
        next: usize,
        act: usize,
        matter: EnvelopeId,
        gone: &BTreeSet<EnvelopeId>,
    ) -> bool {
        let entry = &self.entries[next];
        if !entry.past.contains(act) || !entry.state.is_good() {
            return false;
        }
        match &entry.fact.what {
            What::Step { matter: of, .. } => {
                let decides = self.slot_value(next).is_some();
                *of == matter
                    && !gone.contains(&entry.fact.id)
                    && (!decides || self.was_competent(next))
            }
            What::Serve { decision } => {
                !gone.contains(decision) && self.step_matter(*decision) == Some(matter)
            }
            _ => false,
        }
    }

    /// Q4: the next step knew of the withdrawal, or was filed C later without knowing. An unfiled
    /// step is infinitely late, an unfiled service is not: restriction fails off.
    fn comes_before(&self, withdrawal: usize, next: usize) -> bool {
        let (by, entry) = (&self.entries[withdrawal], &self.entries[next]);
        if entry.past.contains(withdrawal) {
            return true;
        }
        let Some(filed) = by.filed().filter(|_| !by.past.contains(next)) else {
            return false;
        };
        match (entry.filed(), &entry.fact.what) {
            (None, What::Serve { .. }) => false,
            (next, _) => filed.saturating_add(self.contest_ms()) <= next.unwrap_or(UNFILED),
        }
    }

    fn step_matter(&self, id: EnvelopeId) -> Option<EnvelopeId> {
        match &self.entries[*self.by_id.get(&id)?].fact.what {
            What::Step { matter, .. } => Some(*matter),
            _ => None,
        }
    }

    /// Every complete withdrawal with what it comes to.
    pub(super) fn withdrawals(&self) -> BTreeMap<EnvelopeId, Withdrawal> {
        let named = self.withdrawals_of.iter();
        let all = named.flat_map(|(act, indexes)| indexes.iter().map(|index| (*act, *index)));
        all.map(|(act, index)| {
            let withdrawal = Withdrawal {
                act: self.entries[act].fact.id,
                counts: self.takes_back(index, act, None, &self.gone),
            };
            (self.entries[index].fact.id, withdrawal)
        })
        .collect()
    }

    /// Corrections that count, by what they correct.
    pub(super) fn corrections(&self) -> BTreeMap<EnvelopeId, Vec<EnvelopeId>> {
        let mut found: BTreeMap<EnvelopeId, Vec<EnvelopeId>> = BTreeMap::new();
        for entry in &self.entries {
            if let What::Correct { act, reasoned: 1 } = &entry.fact.what
                && let Some(of) = self.by_id.get(act)
                && entry.state.is_good()
                && entry.past.contains(*of)
                && self.may_correct(entry, &self.entries[*of])
            {
                found.entry(*act).or_default().push(entry.fact.id);
            }
        }
        for ids in found.values_mut() {
            ids.sort_unstable();
        }
        found
    }

    /// Q8: the author, or somebody of the author's office or of one that stood above it.
    fn may_correct(&self, by: &Entry<'_>, of: &Entry<'_>) -> bool {
        let (Some(signer), Some(author)) = (by.seat, of.seat) else {
            return false;
        };
        let offices = self.authority.offices();
        matches!(
            of.fact.what,
            What::Apply { .. } | What::Step { .. } | What::Serve { .. }
        ) && (signer.person == author.person
            || offices.stood_over(signer.office, author.office, by.moment))
    }

    /// Good applications and steps that a withdrawal signed now would take back.
    pub(super) fn unfollowed(&self) -> BTreeSet<EnvelopeId> {
        let mut of_matter: BTreeMap<EnvelopeId, Vec<usize>> = BTreeMap::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let matter = match &entry.fact.what {
                What::Step { matter, .. } => Some(*matter),
                What::Serve { decision } => self.step_matter(*decision),
                _ => None,
            };
            if let Some(matter) = matter {
                of_matter.entry(matter).or_default().push(index);
            }
        }
        let is_free = |index: &usize| {
            let Some(matter) = self.withdrawable(*index) else {
                return false;
            };
            let after = of_matter.get(&matter).into_iter().flatten();
            let mut after = after.filter(|next| *next > index);
            self.entries[*index].state.is_good()
                && !self.is_gone(*index, &self.gone)
                && !after.any(|next| self.goes_on(*next, *index, matter, &self.gone))
        };
        (0..self.entries.len())
            .filter(is_free)
            .map(|index| self.entries[index].fact.id)
            .collect()
    }
}

fn is_one_person(by: Option<&Appoint>, of: Option<&Appoint>) -> bool {
    match (by, of) {
        (Some(by), Some(of)) => by.person == of.person,
        _ => false,
    }
}
