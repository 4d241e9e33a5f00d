//! The dossier while it is read: entries, slots, and who of them is a candidate, decided in causal
//! order.

use super::baton::{self, BATON};
use super::entry::{self, Entry, Past};
use super::reads::bound;
use super::rule::{Decision, SlotRules, Verdict};
use super::slot::{self, Candidate, Contest, Folded, Replaced, SlotKey, SlotValue, UNFILED};
use super::{Consultation, Opening};
use crate::authority::{Authority, State};
use crate::fact::{Fact, What};
use crate::id::{EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

const DAY_MS: i64 = 86_400_000;
/// Name and version under which the rules know the closed loop of an alarm.
const ALARM_WORKFLOW: (&str, u16) = ("alarm", 1);

/// One dossier and what was found out about it so far.
pub(super) struct Reader<'a> {
    pub(super) authority: &'a Authority,
    pub(super) rules: &'a dyn SlotRules,
    pub(super) opening: &'a Opening,
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) by_id: BTreeMap<EnvelopeId, usize>,
    complete: BTreeSet<EnvelopeId>,
    pub(super) facts: &'a BTreeMap<EnvelopeId, Fact>,
    slots: BTreeMap<SlotKey, Vec<usize>>,
    /// What each entry puts into its slot.
    values: Vec<Option<(SlotKey, SlotValue)>>,
    /// Whether each entry's signer was competent, be it good or not. Grows in causal order.
    competent: Vec<bool>,
    contest_ms: i64,
    /// Withdrawals by the act that each names.
    pub(super) withdrawals_of: BTreeMap<usize, Vec<usize>>,
    /// What was taken back, as of now.
    pub(super) gone: BTreeSet<EnvelopeId>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        authority: &'a Authority,
        rules: &'a dyn SlotRules,
        facts: &'a BTreeMap<EnvelopeId, Fact>,
        opening: &'a Opening,
    ) -> Self {
        let (entries, complete) = entry::order(authority, rules, facts);
        let by_id = entries.iter().enumerate().map(|(i, e)| (e.fact.id, i));
        let mut reader = Self {
            authority,
            rules,
            opening,
            by_id: by_id.collect(),
            entries,
            complete,
            facts,
            slots: BTreeMap::new(),
            values: Vec::new(),
            competent: Vec::new(),
            contest_ms: i64::from(authority.policy(opening.place).stale_days) * DAY_MS,
            withdrawals_of: BTreeMap::new(),
            gone: BTreeSet::new(),
        };
        reader.withdrawals_of = reader.name_withdrawals();
        reader.values = (0..reader.entries.len())
            .map(|index| reader.value(index))
            .collect();
        for (index, value) in reader.values.iter().enumerate() {
            if let Some((key, _)) = value {
                reader.slots.entry(key.clone()).or_default().push(index);
            }
        }
        for index in 0..reader.entries.len() {
            let competent = reader.is_competent(index);
            reader.competent.push(competent);
        }
        reader.gone = reader.taken_back(None);
        reader
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &SlotKey> {
        self.slots.keys()
    }

    /// The slots of one matter, by the names of their steps.
    pub(super) fn steps_of(&self, matter: EnvelopeId) -> impl Iterator<Item = (&SlotKey, &str)> {
        let from = SlotKey::Step(matter, String::new());
        self.slots
            .range(from..)
            .map_while(move |(key, _)| match key {
                SlotKey::Step(of, step) if *of == matter => Some((key, step.as_str())),
                _ => None,
            })
    }

    pub(super) fn state_of(&self, fact: &Fact) -> State {
        if let Some(&index) = self.by_id.get(&fact.id) {
            return self.entries[index].state;
        }
        let state = self.authority.state(fact, self.complete.contains(&fact.id));
        let seat = fact.appointment;
        let seat = seat.and_then(|id| self.authority.appointment(id));
        bound(state, fact, seat, self.rules)
    }

    /// Workflow and version of a matter, where its opening act is here and complete.
    pub(super) fn workflow(&self, matter: EnvelopeId) -> Option<(&'a str, u16)> {
        match &self.entries[*self.by_id.get(&matter)?].fact.what {
            What::Apply {
                workflow, version, ..
            } => Some((workflow, *version)),
            What::Raise(_) => Some(ALARM_WORKFLOW),
            _ => None,
        }
    }

    /// What a step decides.
    pub(super) fn decision(&self, matter: EnvelopeId, event: &str) -> Option<Decision> {
        let (workflow, version) = self.workflow(matter)?;
        self.rules.decision(workflow, version, event)
    }

    fn value(&self, index: usize) -> Option<(SlotKey, SlotValue)> {
        match &self.entries[index].fact.what {
            What::Amend {
                field, value, open, ..
            } => Some((
                SlotKey::Field(field.clone()),
                SlotValue::Field {
                    hash: *value,
                    open: open.clone(),
                },
            )),
            What::Assign { office, .. } => Some((SlotKey::Place, SlotValue::Office(*office))),
            What::Seal { sealed, .. } => {
                let value = if *sealed == 1 {
                    Verdict::Approve
                } else {
                    Verdict::Refuse
                };
                Some((SlotKey::Seal, SlotValue::Verdict(value)))
            }
            What::Consult { .. } => {
                let id = self.entries[index].fact.id;
                let allowed = SlotValue::Verdict(Verdict::Approve);
                Some((SlotKey::Consult(id), allowed))
            }
            What::Step { matter, event, .. } => {
                let decision = self.decision(*matter, event)?;
                Some((
                    SlotKey::Step(*matter, decision.step),
                    SlotValue::Verdict(decision.value),
                ))
            }
            _ => None,
        }
    }

    pub(super) fn slot_value(&self, index: usize) -> Option<&(SlotKey, SlotValue)> {
        self.values[index].as_ref()
    }

    pub(super) fn was_competent(&self, index: usize) -> bool {
        self.competent.get(index).copied().unwrap_or(false)
    }

    /// Rule 30, as of now.
    pub(super) fn is_candidate(&self, index: usize) -> bool {
        self.was_competent(index)
            && self.entries[index].state.is_good()
            && !self.is_gone(index, &self.gone)
    }

    /// Entries on a slot, candidates or not, in causal order.
    pub(super) fn on_slot(&self, key: &SlotKey) -> &[usize] {
        self.slots.get(key).map_or(&[], Vec::as_slice)
    }

    fn replaced(&self, key: &SlotKey) -> Replaced<'_> {
        let on = self.on_slot(key).iter();
        on.map(|index| &self.entries[*index])
            .map(|entry| (entry.fact.id, entry.replaces()))
            .collect()
    }

    /// Folds a slot over its candidates, or over those in a past.
    pub(super) fn fold_slot(&self, key: &SlotKey, within: Option<&Past>) -> Folded {
        let gone = self.gone_in(within);
        let indexes = self
            .on_slot(key)
            .iter()
            .copied()
            .filter(|index| within.is_none_or(|past| past.contains(*index)))
            .filter(|index| self.was_competent(*index) && self.entries[*index].state.is_good())
            .filter(|index| !self.is_gone(*index, &gone));
        match key {
            SlotKey::Step(_, step) if step == BATON => {
                let candidates = baton::candidates(self, indexes.collect(), within);
                slot::fold(&candidates, &Replaced::new(), Contest::Strict)
            }
            _ => {
                let candidates: Vec<Candidate> =
                    indexes.filter_map(|index| self.candidate(index)).collect();
                let contest = Contest::After(self.contest_ms);
                slot::fold(&candidates, &self.replaced(key), contest)
            }
        }
    }

    pub(super) fn candidate(&self, index: usize) -> Option<Candidate> {
        let entry = &self.entries[index];
        let (_, value) = self.slot_value(index)?;
        Some(Candidate {
            index,
            id: entry.fact.id,
            past: entry.past.clone(),
            filed: entry.filed().unwrap_or(UNFILED),
            depth: self.authority.offices().depth(entry.seat?.office)?,
            value: value.clone(),
        })
    }

    /// Authorisations to read a sealed case that count, ascending.
    pub(super) fn consults(&self) -> Vec<Consultation> {
        let counting = (0..self.entries.len()).filter(|index| self.is_candidate(*index));
        let mut all: Vec<Consultation> = counting
            .filter_map(|index| match self.entries[index].fact.what {
                What::Consult {
                    person, from, to, ..
                } => Some(Consultation {
                    id: self.entries[index].fact.id,
                    person,
                    from,
                    to,
                }),
                _ => None,
            })
            .collect();
        all.sort_unstable_by_key(|one| one.id);
        all
    }

    /// C, ms.
    pub(super) fn contest_ms(&self) -> i64 {
        self.contest_ms
    }

    /// The responsible office, now or as a past knew it.
    pub(super) fn place(&self, within: Option<&Past>) -> OfficeId {
        let folded = self.fold_slot(&SlotKey::Place, within);
        match folded.standing.in_force() {
            Some((_, SlotValue::Office(office))) => *office,
            _ => self.opening.place,
        }
    }
}
