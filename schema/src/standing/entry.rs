//! The complete envelopes of a dossier in causal order, each with what lies in its past.

use super::reads::bound;
use super::rule::SlotRules;
use crate::act::Appoint;
use crate::authority::{Authority, State};
use crate::fact::{Fact, What};
use crate::hold::Moment;
use crate::id::EnvelopeId;
use std::collections::{BTreeMap, BTreeSet};

const WORD_BITS: usize = 64;

/// A set of entries by index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Past(Vec<u64>);

impl Past {
    pub(super) fn insert(&mut self, index: usize) {
        let word = index / WORD_BITS;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (index % WORD_BITS);
    }

    pub(super) fn contains(&self, index: usize) -> bool {
        let word = self.0.get(index / WORD_BITS);
        word.is_some_and(|word| word >> (index % WORD_BITS) & 1 == 1)
    }

    pub(super) fn size(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn unite(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }
}

/// One complete envelope that can bear on legal state.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    pub(super) fact: &'a Fact,
    /// The closed past: everything named, and everything that those name.
    pub(super) past: Past,
    pub(super) state: State,
    /// The cited appointment, whether it counts or not; none where it is not the signer's.
    pub(super) seat: Option<&'a Appoint>,
    /// The claimed time moved into the provable window, ms UTC.
    pub(super) claimed: i64,
    /// When it was said: at `claimed`.
    pub(super) moment: Moment,
}

impl Entry<'_> {
    /// When it was filed, if it is good and filed.
    pub(super) fn filed(&self) -> Option<i64> {
        match self.state {
            State::Good { filed } => filed,
            _ => None,
        }
    }

    pub(super) fn replaces(&self) -> &[EnvelopeId] {
        match &self.fact.what {
            What::Amend { replaces, .. }
            | What::Assign { replaces, .. }
            | What::Seal { replaces, .. }
            | What::Step { replaces, .. } => replaces,
            _ => &[],
        }
    }
}

fn bears_on_law(what: &What) -> bool {
    !matches!(
        what,
        What::Edit
            | What::Roster(_)
            | What::Receipt(_)
            | What::Ledger { .. }
            | What::Log(_)
            | What::Damage { .. }
            | What::Purge { .. }
            | What::Unknown { .. }
    )
}

fn named(fact: &Fact) -> impl Iterator<Item = EnvelopeId> + '_ {
    fact.deps.iter().copied().chain(fact.prev_here)
}

/// Entries in causal order, and the ids of all complete envelopes.
pub(super) fn order<'a>(
    authority: &'a Authority,
    rules: &dyn SlotRules,
    facts: &'a BTreeMap<EnvelopeId, Fact>,
) -> (Vec<Entry<'a>>, BTreeSet<EnvelopeId>) {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    let mut pasts: BTreeMap<EnvelopeId, Past> = BTreeMap::new();
    for fact in causal(facts) {
        let mut past = Past::default();
        for id in named(fact) {
            past.unite(&pasts[&id]);
        }
        let mut after = past.clone();
        if bears_on_law(&fact.what) {
            let moment = authority.moment_of(fact);
            after.insert(entries.len());
            let seat = fact.appointment.and_then(|id| authority.appointment(id));
            // Another's appointment tells nobody who signed.
            let seat = seat.filter(|seat| seat.author() == fact.author);
            entries.push(Entry {
                fact,
                past,
                state: bound(authority.state(fact, true), fact, seat, rules),
                seat,
                claimed: moment.said,
                moment,
            });
        }
        pasts.insert(fact.id, after);
    }
    (entries, pasts.into_keys().collect())
}

/// The complete facts of the dossier, each after all that it names. What names anything else is not
/// among them.
fn causal(facts: &BTreeMap<EnvelopeId, Fact>) -> Vec<&Fact> {
    let mut open: BTreeMap<EnvelopeId, usize> = BTreeMap::new();
    let mut waiters: BTreeMap<EnvelopeId, Vec<EnvelopeId>> = BTreeMap::new();
    for fact in facts.values() {
        let wanted: BTreeSet<EnvelopeId> = named(fact).collect();
        open.insert(fact.id, wanted.len());
        for id in wanted {
            let same = facts.get(&id).is_some_and(|at| at.dossier == fact.dossier);
            if same {
                waiters.entry(id).or_default().push(fact.id);
            }
        }
    }
    let mut ready: BTreeSet<EnvelopeId> = open
        .iter()
        .filter(|(_, missing)| **missing == 0)
        .map(|(id, _)| *id)
        .collect();
    let mut order = Vec::with_capacity(facts.len());
    while let Some(id) = ready.pop_first() {
        order.push(&facts[&id]);
        for waiter in waiters.remove(&id).unwrap_or_default() {
            let missing = open.get_mut(&waiter).expect("a waiter is one of the facts");
            *missing -= 1;
            if *missing == 0 {
                ready.insert(waiter);
            }
        }
    }
    order
}
