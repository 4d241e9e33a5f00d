//! Which bodies are here and which are complete: an envelope is complete when all that it names in its dossier is.

use crate::fact::Fact;
use crate::id::{DossierId, EnvelopeId};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy)]
struct Body {
    dossier: DossierId,
    complete: bool,
}

/// Bodies by envelope, and who waits for whom.
#[derive(Debug, Clone, Default)]
pub(super) struct Bodies {
    here: BTreeMap<EnvelopeId, Body>,
    missing: BTreeMap<EnvelopeId, BTreeSet<EnvelopeId>>,
    waiters: BTreeMap<EnvelopeId, BTreeSet<EnvelopeId>>,
}

impl Bodies {
    /// Notes a body; gives the envelopes that are complete since then. None where it was here before.
    pub(super) fn insert(&mut self, fact: &Fact) -> Option<Vec<EnvelopeId>> {
        if self.here.contains_key(&fact.id) {
            return None;
        }
        let dossier = fact.dossier;
        let named = fact.deps.iter().copied().chain(fact.prev_here);
        let missing: BTreeSet<_> = named
            .filter(|id| !self.is_complete_in(*id, dossier))
            .collect();
        let complete = missing.is_empty();
        self.here.insert(fact.id, Body { dossier, complete });
        if complete {
            return Some(self.complete_from(fact.id));
        }
        for id in &missing {
            self.waiters.entry(*id).or_default().insert(fact.id);
        }
        self.missing.insert(fact.id, missing);
        Some(Vec::new())
    }

    pub(super) fn is_here(&self, id: EnvelopeId) -> bool {
        self.here.contains_key(&id)
    }

    pub(super) fn is_complete(&self, id: EnvelopeId) -> bool {
        self.here.get(&id).is_some_and(|body| body.complete)
    }

    /// An id of another dossier never completes an envelope.
    fn is_complete_in(&self, id: EnvelopeId, dossier: DossierId) -> bool {
        self.here
            .get(&id)
            .is_some_and(|body| body.complete && body.dossier == dossier)
    }

    fn complete_from(&mut self, first: EnvelopeId) -> Vec<EnvelopeId> {
        let mut done = vec![first];
        let mut next = 0;
        while let Some(&id) = done.get(next) {
            next += 1;
            for waiter in self.waiters.remove(&id).unwrap_or_default() {
                if self.release(waiter, id) {
                    done.push(waiter);
                }
            }
        }
        done
    }

    fn release(&mut self, waiter: EnvelopeId, by: EnvelopeId) -> bool {
        let other = self.here.get(&by).map(|body| body.dossier);
        let Some(body) = self.here.get_mut(&waiter) else {
            return false;
        };
        if other != Some(body.dossier) {
            return false;
        }
        let Some(missing) = self.missing.get_mut(&waiter) else {
            return false;
        };
        missing.remove(&by);
        if !missing.is_empty() {
            return false;
        }
        body.complete = true;
        self.missing.remove(&waiter);
        true
    }
}
