//! The tree of offices from good founding acts, level by level, so that a lower claim never
//! displaces a higher one.

use super::Authority;
use super::weigh::Signed;
use crate::act::{Act, Found};
use crate::envelope::Duty;
use crate::hold::{DEPTH_MAX, Office, Offices};
use crate::id::{EnvelopeId, OfficeId};
use std::collections::BTreeMap;

/// A good founding act: filed when, and its id; the smaller claim wins an office that two found at
/// one level.
type Claim<'a> = ((i64, EnvelopeId), &'a Found);

impl Authority {
    /// The offices that good founding acts make.
    pub(super) fn grow_tree(&self) -> Offices {
        let mut by_parent: BTreeMap<Option<OfficeId>, Vec<Claim<'_>>> = BTreeMap::new();
        for id in &self.index.founds {
            if let Some((claim, found)) = self.claim(*id) {
                by_parent
                    .entry(found.parent)
                    .or_default()
                    .push((claim, found));
            }
        }
        let mut offices = Offices::default();
        let mut level: Vec<Option<OfficeId>> = vec![None];
        for _ in 0..DEPTH_MAX {
            let mut rivals: BTreeMap<OfficeId, Claim<'_>> = BTreeMap::new();
            for claim in level.iter().filter_map(|at| by_parent.get(at)).flatten() {
                let (rank, found) = *claim;
                if !fits(&offices, found) {
                    continue;
                }
                let best = rivals.entry(found.office).or_insert((rank, found));
                if rank < best.0 {
                    *best = (rank, found);
                }
            }
            level = rivals.keys().copied().map(Some).collect();
            for (id, (_, found)) in rivals {
                offices.insert(id, office(found));
            }
        }
        offices
    }

    /// A good founding by a keeper of the parent, or of the root by its own keeper; of an id that
    /// is bound to its parent by no other's.
    fn claim(&self, id: EnvelopeId) -> Option<((i64, EnvelopeId), &Found)> {
        let signed = self.acts.get(&id)?;
        let Some(Act::Found(found)) = Signed::act(signed) else {
            return None;
        };
        let effect = self.effect(signed.author, id)?;
        let seat = self.seat(signed.author)?;
        let allowed = match found.parent {
            None => self.is_root_keeper(signed.author) && found.office == self.roots.office(),
            Some(parent) => seat.duty == Duty::Keeper && seat.office == parent,
        };
        let rightful = found.is_bound() || !self.index.bound.contains(&found.office);
        (allowed && rightful).then_some(((effect.filed, id), found))
    }
}

fn fits(offices: &Offices, found: &Found) -> bool {
    if offices.get(found.office).is_some() {
        return false;
    }
    match found.parent.map(|parent| offices.get(parent)) {
        None => true,
        Some(None) => false,
        Some(Some(parent)) => found.tier < parent.tier && found.drill == parent.drill,
    }
}

fn office(found: &Found) -> Office {
    Office {
        parent: found.parent,
        tier: found.tier,
        code: found.code.clone(),
        name: found.name.clone(),
        drill: found.drill,
    }
}
