//! What can be asked of the town: states and standing, each by the second opinion too.

use super::{TownRules, World, second};
use jiaolian_schema::authority::{Authority, State};
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::{EnvelopeId, sha256};
use jiaolian_schema::opinion::Opinion;
use jiaolian_schema::standing::{SlotStanding, SlotValue, Standing, Verdict, fold};
use std::collections::BTreeMap;

impl World {
    pub fn authority(&self) -> Authority {
        let mut authority = Authority::new(self.root.clone());
        authority.extend(
            self.heads.iter().map(|(id, head)| (*id, head)),
            self.facts.values(),
        );
        authority
    }

    pub fn case_facts(&self) -> BTreeMap<EnvelopeId, Fact> {
        let case = self.case.unwrap();
        let facts = self.facts.iter().filter(|(_, fact)| fact.dossier == case);
        facts.map(|(id, fact)| (*id, fact.clone())).collect()
    }

    pub fn standing(&self) -> Standing {
        fold(&self.authority(), &TownRules, &self.case_facts())
    }

    /// The state of one envelope, its completeness as the authority knows it.
    pub fn state(&self, id: EnvelopeId) -> State {
        let authority = self.authority();
        authority.state(&self.facts[&id], authority.is_complete(id))
    }

    /// `good`, `waiting Cut`, `void Interval`: what the fold and the second opinion both say.
    pub fn word(&self, id: EnvelopeId) -> String {
        let fold = match self.state(id) {
            State::Good { .. } => "good".to_owned(),
            State::Waiting(wait) => format!("waiting {wait:?}"),
            State::Void(reason) => format!("void {reason:?}"),
        };
        self.agree();
        let papers = self.papers();
        let second = second::word_of(Opinion::of(&papers).state(id));
        assert_eq!(second, fold, "the second opinion differs");
        fold
    }

    pub fn words(&self, ids: &[EnvelopeId]) -> Vec<String> {
        ids.iter().map(|id| self.word(*id)).collect()
    }

    /// `open`, `approve`, `refuse`, `conflicted, undecided` … of the matter's one slot: what the
    /// fold and the second opinion both say.
    pub fn slot(&self, matter: EnvelopeId) -> String {
        let standing = self.standing();
        let slots = &standing.matters[&matter].slots;
        let fold = slots
            .values()
            .next()
            .map_or_else(|| "open".to_owned(), Self::say);
        self.agree();
        let second =
            self.second(|_, case| second::slot_word(case.matters[&matter].slots.values().next()));
        assert_eq!(second, fold, "the second opinion differs");
        fold
    }

    /// The protected field `term`.
    pub fn field(&self) -> String {
        let standing = self.standing();
        let fold = standing
            .fields
            .get("term")
            .map_or_else(|| "open".to_owned(), Self::say);
        self.agree();
        let second = self.second(|_, case| second::slot_word(case.fields.get("term")));
        assert_eq!(second, fold, "the second opinion differs");
        fold
    }

    fn say(slot: &SlotStanding) -> String {
        let value = |value: &SlotValue| match value {
            SlotValue::Verdict(Verdict::Approve) => "approve".to_owned(),
            SlotValue::Verdict(Verdict::Refuse) => "refuse".to_owned(),
            SlotValue::Field { hash, .. } => ["A", "B", "C", "BAD"]
                .into_iter()
                .find(|text| sha256(&[text.as_bytes()]) == *hash)
                .unwrap_or("?")
                .to_owned(),
            SlotValue::Office(id) => id.to_hex(),
        };
        match slot {
            SlotStanding::Open => "open".to_owned(),
            SlotStanding::Stands { value: held, .. } => value(held),
            SlotStanding::Conflicted { in_force, .. } => match in_force {
                None => "conflicted, undecided".to_owned(),
                Some(before) => format!("conflicted, {} in force", value(&before.value)),
            },
        }
    }

    pub fn reliance(&self, matter: EnvelopeId) -> bool {
        let fold = self.standing().matters[&matter].reliance;
        self.agree();
        let second = self.second(|_, case| case.matters[&matter].reliance);
        assert_eq!(second, fold, "the second opinion differs");
        fold
    }
}
