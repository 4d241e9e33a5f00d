//! Everything that the standing of a dossier rests on, so that somebody without a node can judge it
//! anew: the dossier, the rosters of everybody who had a hand in it and of all who ever stood above them, and whole
//! chains.

use super::Replica;
use crate::store::{Store, StoreError};
use jiaolian_schema::admit::Introductions as _;
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

impl<S: Store> Replica<S> {
    /// The envelopes of a dossier and of all that it rests on, each once, ascending by id. The case
    /// bodies among them are closed until an officer signs in.
    pub fn evidence(&self, dossier: DossierId) -> Result<Vec<Envelope>, StoreError> {
        let mut found = BTreeMap::new();
        self.gather(dossier, &mut found)?;
        let facts = self.load_facts(dossier)?;
        let mut offices = self.offices_in(facts.values());
        offices.insert(self.office);
        let mut rosters = BTreeSet::new();
        loop {
            let news: Vec<DossierId> = self
                .with_superiors(&offices)
                .into_iter()
                .filter_map(|office| self.roster_here(office))
                .filter(|roster| !rosters.contains(roster))
                .collect();
            if news.is_empty() {
                break;
            }
            for roster in news {
                rosters.insert(roster);
                self.gather(roster, &mut found)?;
                offices.extend(self.offices_in(self.load_facts(roster)?.values()));
            }
        }
        let mut authors = BTreeSet::new();
        for envelope in found.values() {
            authors.extend(envelope.parse_head().map(|head| head.author));
        }
        for author in authors {
            self.gather_chain(author, &mut found)?;
        }
        Ok(found.into_values().collect())
    }

    fn with_superiors(&self, offices: &BTreeSet<OfficeId>) -> BTreeSet<OfficeId> {
        let tree = self.authority.offices();
        let above = offices.iter().flat_map(|office| tree.superiors(*office));
        above.chain(offices.iter().copied()).collect()
    }

    fn gather(
        &self,
        dossier: DossierId,
        found: &mut BTreeMap<EnvelopeId, Envelope>,
    ) -> Result<(), StoreError> {
        for id in self.load_facts(dossier)?.into_keys() {
            if let Some(envelope) = self.load_envelope(id)? {
                found.insert(id, envelope);
            }
        }
        Ok(())
    }

    /// Heads say nothing of a dossier, so the whole chain goes, without bodies where none are due.
    fn gather_chain(
        &self,
        author: AuthorId,
        found: &mut BTreeMap<EnvelopeId, Envelope>,
    ) -> Result<(), StoreError> {
        if self.authority.introduction(author).is_none() {
            return Ok(());
        }
        for (_, id) in self.heads_between(author, 1, u64::MAX - 1, usize::MAX) {
            if let std::collections::btree_map::Entry::Vacant(place) = found.entry(id)
                && let Some(head) = self.load_head(id)?
            {
                place.insert(head);
            }
        }
        Ok(())
    }
}
