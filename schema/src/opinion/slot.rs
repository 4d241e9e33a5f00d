//! Rules 30 to 36: which of the acts on one slot stands.

use super::law::Value;
use crate::id::{EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

/// A value with the acts that set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The acts, ascending.
    pub ids: Vec<EnvelopeId>,
    /// The value.
    pub value: Value,
}

/// How a slot stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// Nothing decides it.
    Open,
    /// A value stands.
    Stands(Held),
    /// Acts of one rank contradict one another.
    Conflicted {
        /// The acts, ascending.
        tips: Vec<EnvelopeId>,
        /// What was in force before.
        in_force: Option<Held>,
    },
}

impl Slot {
    /// The value in force.
    pub fn in_force(&self) -> Option<&Held> {
        match self {
            Self::Open => None,
            Self::Stands(held) => Some(held),
            Self::Conflicted { in_force, .. } => in_force.as_ref(),
        }
    }
}

/// A good, competent act on a slot.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) id: EnvelopeId,
    pub(super) value: Value,
    pub(super) office: OfficeId,
    /// Offices above the signer's: the smaller, the higher.
    pub(super) depth: u8,
    pub(super) filed: Option<i64>,
    /// Everything that its signer had seen in the dossier.
    pub(super) past: BTreeSet<EnvelopeId>,
}

/// What the acts of one slot come to.
#[derive(Debug, Clone)]
pub(super) struct Weighed {
    pub(super) slot: Slot,
    pub(super) late: BTreeSet<EnvelopeId>,
}

/// What any act of the dossier names as replaced, whether it counts or not.
pub(super) type Replaced = BTreeMap<EnvelopeId, Vec<EnvelopeId>>;

/// One weighing of the candidates of a slot.
struct Scales<'a> {
    candidates: &'a [Candidate],
    replaced: &'a Replaced,
    /// C in milliseconds; none for the baton, where the earlier filing wins (rule 31).
    stale_ms: Option<i64>,
}

/// Folds a slot over its candidates.
pub(super) fn weigh(
    candidates: &[Candidate],
    replaced: &Replaced,
    stale_ms: Option<i64>,
) -> Weighed {
    let scales = Scales {
        candidates,
        replaced,
        stale_ms,
    };
    let live = scales.live();
    let ids = candidates.iter().map(|candidate| candidate.id);
    let late = ids.filter(|id| !live.contains_key(id)).collect();
    Weighed {
        slot: scales.slot(&live),
        late,
    }
}

/// Live candidates with what they replace: R of rule 32.
type Live = BTreeMap<EnvelopeId, BTreeSet<EnvelopeId>>;

impl Scales<'_> {
    /// Rule 30: F, none where the candidate or one in its past is not filed.
    fn filed(&self, one: &Candidate) -> Option<i64> {
        let before = self.candidates.iter();
        let mut seen = before.filter(|other| one.past.contains(&other.id));
        let newest = seen.try_fold(i64::MIN, |newest, other| Some(newest.max(other.filed?)));
        Some(newest?.max(one.filed?))
    }

    /// Rule 31.
    fn is_before(&self, x: &Candidate, y: &Candidate) -> bool {
        if y.past.contains(&x.id) {
            return true;
        }
        if x.past.contains(&y.id) {
            return false;
        }
        let Some(x) = self.filed(x) else {
            return false;
        };
        let y = self.filed(y).unwrap_or(i64::MAX);
        match self.stale_ms {
            Some(stale) => x.saturating_add(stale) <= y,
            None => x < y,
        }
    }

    /// Rule 32: what an act replaces, an id that is not live standing for what it replaced itself.
    fn replaces(&self, id: EnvelopeId, live: &Live) -> BTreeSet<EnvelopeId> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = self.replaced.get(&id).cloned().unwrap_or_default();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            if live.contains_key(&id) {
                found.insert(id);
            } else {
                open.extend(self.replaced.get(&id).into_iter().flatten());
            }
        }
        found
    }

    /// Rule 33: candidates that are not late.
    fn live(&self) -> Live {
        let mut order: Vec<&Candidate> = self.candidates.iter().collect();
        order.sort_by_key(|one| {
            let filed = self.filed(one).unwrap_or(i64::MAX);
            (filed, one.past.len(), one.id)
        });
        let mut live = Live::new();
        for one in order {
            let own = self.replaces(one.id, &live);
            let others = self.candidates.iter();
            let late = others
                .filter_map(|other| Some((other, live.get(&other.id)?)))
                .any(|(other, theirs)| {
                    let same = theirs.is_empty() && own.is_empty() || !theirs.is_disjoint(&own);
                    same && !own.contains(&other.id) && self.is_before(other, one)
                });
            if !late {
                live.insert(one.id, own);
            }
        }
        live
    }

    /// Rules 34 and 35.
    fn slot(&self, live: &Live) -> Slot {
        let replaced: BTreeSet<EnvelopeId> = live.values().flatten().copied().collect();
        let is_tip = |one: &&Candidate| live.contains_key(&one.id) && !replaced.contains(&one.id);
        let tips: Vec<&Candidate> = self.candidates.iter().filter(is_tip).collect();
        let Some(highest) = tips.iter().map(|tip| tip.depth).min() else {
            return Slot::Open;
        };
        let of_highest = tips.iter().filter(|tip| tip.depth == highest);
        for kept in [tips.clone(), of_highest.copied().collect()] {
            if kept.iter().all(|tip| tip.value == kept[0].value) {
                return Slot::Stands(Held {
                    ids: ids(&kept),
                    value: kept[0].value.clone(),
                });
            }
        }
        let before = self.candidates.iter();
        let before: Vec<Candidate> = before
            .filter(|one| tips.iter().all(|tip| tip.past.contains(&one.id)))
            .cloned()
            .collect();
        let before = weigh(&before, self.replaced, self.stale_ms);
        Slot::Conflicted {
            tips: ids(&tips),
            in_force: before.slot.in_force().cloned(),
        }
    }
}

fn ids(kept: &[&Candidate]) -> Vec<EnvelopeId> {
    let ids: BTreeSet<EnvelopeId> = kept.iter().map(|tip| tip.id).collect();
    ids.into_iter().collect()
}
