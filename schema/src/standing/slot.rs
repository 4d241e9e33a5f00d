//! One slot: which of its decisions are live, which stands, and when they contradict one another
//! (rules 30–36).

use super::entry::Past;
use super::rule::Verdict;
use crate::id::{EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

/// A filing time that is still open: infinitely late.
pub(super) const UNFILED: i64 = i64::MAX;

/// What a slot is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SlotKey {
    /// A protected field.
    Field(String),
    /// The responsible office.
    Place,
    /// Whether the case is sealed.
    Seal,
    /// One authorisation to read it.
    Consult(EnvelopeId),
    /// A step of a matter.
    Step(EnvelopeId, String),
}

/// What a slot holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlotValue {
    /// Of a step.
    Verdict(Verdict),
    /// Of a protected field.
    Field {
        /// SHA-256 of the value.
        hash: [u8; 32],
        /// The value itself, for fields of the OPS domain.
        open: Option<Vec<u8>>,
    },
    /// Of the placement.
    Office(OfficeId),
}

/// The value in force while a slot is conflicted: the one before the quarrel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The acts that set it, ascending.
    pub ids: Vec<EnvelopeId>,
    /// The value.
    pub value: SlotValue,
}

/// How a slot stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotStanding {
    /// Nothing live decides it.
    Open,
    /// One value stands.
    Stands {
        /// The acts that say so, ascending.
        ids: Vec<EnvelopeId>,
        /// The value.
        value: SlotValue,
        /// Whether one of them is filed, with all before it.
        filed: bool,
    },
    /// Two offices of one rank contradict one another: the value before stays.
    Conflicted {
        /// The acts that contradict one another, ascending; who replaces them all resolves it.
        tips: Vec<EnvelopeId>,
        /// The value before the quarrel; none where nothing was decided.
        in_force: Option<InForce>,
    },
}

impl SlotStanding {
    /// The value in force, with the acts that set it.
    pub fn in_force(&self) -> Option<(&[EnvelopeId], &SlotValue)> {
        match self {
            Self::Stands { ids, value, .. } => Some((ids, value)),
            Self::Conflicted {
                in_force: Some(before),
                ..
            } => Some((&before.ids, &before.value)),
            _ => None,
        }
    }

    /// The acts that a decision made now replaces, ascending: the tips.
    pub fn tips(&self) -> &[EnvelopeId] {
        match self {
            Self::Open => &[],
            Self::Stands { ids, .. } => ids,
            Self::Conflicted { tips, .. } => tips,
        }
    }
}

/// A good, competent act on a slot.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) index: usize,
    pub(super) id: EnvelopeId,
    pub(super) past: Past,
    /// Filed(e), `UNFILED` while it is not.
    pub(super) filed: i64,
    /// How many offices stand above the signer's; the smallest number is the highest office.
    pub(super) depth: u8,
    pub(super) value: SlotValue,
}

/// How much earlier a filing must be to come before another.
#[derive(Debug, Clone, Copy)]
pub(super) enum Contest {
    /// C, ms: steps and fields.
    After(i64),
    /// The baton: any earlier filing.
    Strict,
}

/// A slot that was folded.
#[derive(Debug, Clone)]
pub(super) struct Folded {
    pub(super) standing: SlotStanding,
    /// F of every candidate.
    pub(super) filed: BTreeMap<EnvelopeId, i64>,
    pub(super) late: BTreeSet<EnvelopeId>,
}

/// What every act on the slot says that it replaces, candidate or not.
pub(super) type Replaced<'a> = BTreeMap<EnvelopeId, &'a [EnvelopeId]>;

/// Folds candidates given in causal order.
pub(super) fn fold(candidates: &[Candidate], replaced: &Replaced<'_>, contest: Contest) -> Folded {
    let filed = filed_with_past(candidates);
    let mut order: Vec<&Candidate> = candidates.iter().collect();
    order.sort_by_key(|e| (filed[&e.id], e.past.size(), e.id));
    let mut live: BTreeMap<EnvelopeId, (&Candidate, BTreeSet<EnvelopeId>)> = BTreeMap::new();
    let mut late = BTreeSet::new();
    for e in order {
        let stands_for = expand(e.id, replaced, |id| live.contains_key(id));
        let beaten = live.values().any(|(x, of_x)| {
            !stands_for.contains(&x.id)
                && (of_x.is_empty() && stands_for.is_empty() || !of_x.is_disjoint(&stands_for))
                && is_before(x, e, &filed, contest)
        });
        if beaten {
            late.insert(e.id);
        } else {
            live.insert(e.id, (e, stands_for));
        }
    }
    let gone: BTreeSet<EnvelopeId> = live.values().flat_map(|(_, ids)| ids).copied().collect();
    let tips: Vec<&Candidate> = live
        .values()
        .map(|(e, _)| *e)
        .filter(|e| !gone.contains(&e.id))
        .collect();
    Folded {
        standing: settle(&tips, candidates, replaced, contest, &filed),
        filed,
        late,
    }
}

/// F(e): its own filing or that of a candidate in its past, whichever is later.
fn filed_with_past(candidates: &[Candidate]) -> BTreeMap<EnvelopeId, i64> {
    let mut filed = BTreeMap::new();
    for (i, e) in candidates.iter().enumerate() {
        let past = candidates[..i]
            .iter()
            .filter(|x| e.past.contains(x.index))
            .map(|x| filed[&x.id]);
        filed.insert(e.id, past.fold(e.filed, i64::max));
    }
    filed
}

/// R(e): a replaced id that is not live stands for what it replaced itself.
fn expand(
    id: EnvelopeId,
    replaced: &Replaced<'_>,
    is_live: impl Fn(&EnvelopeId) -> bool,
) -> BTreeSet<EnvelopeId> {
    let of = |id: &EnvelopeId| replaced.get(id).copied().unwrap_or_default().to_vec();
    let mut open = of(&id);
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    while let Some(next) = open.pop() {
        if !seen.insert(next) {
            continue;
        }
        if is_live(&next) {
            found.insert(next);
        } else {
            open.extend(of(&next));
        }
    }
    found
}

fn is_before(
    x: &Candidate,
    y: &Candidate,
    filed: &BTreeMap<EnvelopeId, i64>,
    contest: Contest,
) -> bool {
    if y.past.contains(x.index) {
        return true;
    }
    let (fx, fy) = (filed[&x.id], filed[&y.id]);
    if x.past.contains(y.index) || fx == UNFILED {
        return false;
    }
    match contest {
        Contest::After(ms) => fx.saturating_add(ms) <= fy,
        Contest::Strict => fx < fy,
    }
}

/// Rule 34: one value, or the highest office's one value, or a conflict.
fn settle(
    tips: &[&Candidate],
    candidates: &[Candidate],
    replaced: &Replaced<'_>,
    contest: Contest,
    filed: &BTreeMap<EnvelopeId, i64>,
) -> SlotStanding {
    let Some(highest) = tips.iter().map(|e| e.depth).min() else {
        return SlotStanding::Open;
    };
    let agreed = |of: &[&Candidate]| of.windows(2).all(|two| two[0].value == two[1].value);
    let top: Vec<&Candidate> = if agreed(tips) {
        tips.to_vec()
    } else {
        let of_highest = tips.iter().filter(|e| e.depth == highest);
        of_highest.copied().collect()
    };
    if agreed(&top) {
        return SlotStanding::Stands {
            ids: top.iter().map(|e| e.id).collect(),
            value: top[0].value.clone(),
            filed: top.iter().any(|e| filed[&e.id] != UNFILED),
        };
    }
    let before: Vec<Candidate> = candidates
        .iter()
        .filter(|x| tips.iter().all(|tip| tip.past.contains(x.index)))
        .cloned()
        .collect();
    let quarrel_free = fold(&before, replaced, contest).standing;
    SlotStanding::Conflicted {
        tips: tips.iter().map(|e| e.id).collect(),
        in_force: quarrel_free.in_force().map(|(ids, value)| InForce {
            ids: ids.to_vec(),
            value: value.clone(),
        }),
    }
}
