//! What desks write into a case beside its leaves: facts amended, an office assigned, texts, and
//! decisions served.

use crate::sim::plan::OFFICES;
use crate::sim::world::World;
use jiaolian_schema::act::{Amend, Assign, EditBytes, Serve};
use jiaolian_schema::canon;
use jiaolian_schema::content::{Content, ContentKind, EditCommand};
use jiaolian_schema::fact::What;
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_schema::value::Fields;
use jiaolian_sync::Payload;
use std::collections::BTreeSet;

impl World {
    pub(super) fn amend(&mut self, at: usize) {
        let cases = self.own_cases(at);
        let Some(case) = self.dice.pick(&cases).copied() else {
            return;
        };
        let Some(standing) = self.standing(at, case) else {
            return;
        };
        let (field, who) = [
            ("home_address", "case"),
            ("class", "head"),
            ("class", "deputy"),
        ][self.dice.below(3)];
        let before = standing.fields.get(field).map(|slot| slot.tips().to_vec());
        let value = format!("value-{}", self.dice.below(5)).into_bytes();
        let amend = Amend {
            field: field.to_owned(),
            replaces: before.unwrap_or_default(),
            value,
        };
        self.act(at, who, Some(case), amend.into());
    }

    /// Hands a case without a device to another township of the county.
    pub(super) fn assign(&mut self, at: usize) {
        let watched: BTreeSet<DossierId> = self
            .people
            .iter()
            .filter_map(|person| person.case)
            .collect();
        let mut cases = self.own_cases(at);
        cases.retain(|case| !watched.contains(case));
        let Some(case) = self.dice.pick(&cases).copied() else {
            return;
        };
        let replica = self.nodes[at].replica.as_ref();
        let facts = replica
            .and_then(|replica| replica.facts(case).ok())
            .unwrap_or_default();
        let placed = facts
            .values()
            .filter(|fact| matches!(fact.what, What::Assign { .. } | What::Open { .. }));
        let replaced: BTreeSet<EnvelopeId> = facts
            .values()
            .filter_map(|fact| match &fact.what {
                What::Assign { replaces, .. } => Some(replaces.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        let replaces: Vec<EnvelopeId> = placed
            .map(|fact| fact.id)
            .filter(|id| !replaced.contains(id))
            .collect();
        let below: Vec<usize> = (0..OFFICES.len())
            .filter(|office| OFFICES[*office].1 == Some(at))
            .collect();
        let Some(to) = self.dice.pick(&below).copied() else {
            return;
        };
        if let Some(note) = self.journal.cases.get_mut(&case) {
            note.places.insert(to);
        }
        let assign = Assign {
            office: self.plan.office(to),
            replaces,
        };
        self.act(at, "head", Some(case), assign.into());
    }

    /// Types into the remark of a case, on top of what this node has of it.
    pub(super) fn write(&mut self, at: usize, people: &[&str]) {
        let cases = self.own_cases(at);
        let Some(case) = self.dice.pick(&cases).copied() else {
            return;
        };
        let who = people[self.dice.below(people.len())];
        let author = self.seats[&format!("{}-{who}", OFFICES[at].0)].author.0;
        let content = self.content(at, case);
        let heads = content.heads();
        let word = format!("{} ", self.dice.below(1_000));
        let text = content.text_at("remark", &heads).unwrap_or_default() + &word;
        let command = EditCommand::Text {
            name: "remark",
            base: &heads,
            text: &text,
        };
        let change = content.edit(&author, self.clock(at), command);
        match change {
            Ok(change) => {
                self.sign(at, who, Some(case), Payload::Edit(change));
            }
            Err(error) => self.journal.refused_to_sign(&error.to_string()),
        }
    }

    /// The merged text of a case, as a node has it.
    pub(crate) fn content(&self, at: usize, case: DossierId) -> Content {
        let Some(replica) = self.nodes[at].replica.as_ref() else {
            return Content::genesis(ContentKind::Case);
        };
        let facts = replica.facts(case).unwrap_or_default();
        let edits = facts
            .values()
            .filter(|fact| matches!(fact.what, What::Edit));
        let changes: Vec<(Vec<u8>, [u8; 32])> = edits
            .filter_map(|fact| {
                let body = replica.body(fact.id).ok()??;
                let edit: EditBytes = canon::decode("an edit", &body.payload).ok()?;
                Some((edit.change, fact.author.0))
            })
            .collect();
        let changes: Vec<(&[u8], [u8; 32])> = changes
            .iter()
            .map(|(bytes, actor)| (bytes.as_slice(), *actor))
            .collect();
        Content::rebuild(ContentKind::Case, &changes).0
    }

    pub(super) fn serve(&mut self, at: usize) {
        let cases = self.own_cases(at);
        let mut decisions = Vec::new();
        for case in cases {
            let Some(standing) = self.standing(at, case) else {
                continue;
            };
            let open = standing.matters.values().filter(|matter| !matter.served);
            let tips = open.filter_map(|matter| matter.slots.get("grant")?.tips().first().copied());
            decisions.extend(tips.map(|id| (case, id)));
        }
        if let Some((case, decision)) = self.dice.pick(&decisions).copied() {
            let serve = Serve {
                decision,
                fields: Fields::new(),
            };
            self.act(at, "case", Some(case), serve.into());
        }
    }
}
