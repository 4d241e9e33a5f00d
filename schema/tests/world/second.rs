//! The same world for the second opinion: signed envelopes with their bodies, rules of its own, and
//! the demand that both agree on everything that can be asked.

use super::{World, key};
use jiaolian_schema::admit::{AdmitError, Admitted, admit};
use jiaolian_schema::authority::Authority;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Envelope, Head};
use jiaolian_schema::id::{EnvelopeId, sha256};
use jiaolian_schema::opinion::{
    Asked, CaseOpinion, Law, Opinion, Papers, Ruling, Signer, Slot, Value,
};
use jiaolian_schema::standing::{InForce, SlotStanding, SlotValue, Standing, Verdict};
use jiaolian_schema::suite::Verify;
use std::collections::BTreeSet;

/// The town's rules, told once more.
#[derive(Debug)]
pub struct TownLaw;

impl Law for TownLaw {
    fn ruling(&self, workflow: (&str, u16), event: &str) -> Option<Ruling> {
        let (slot, yes) = match (workflow.0, event) {
            ("leave", _) if event.ends_with("approve") => ("decide", true),
            ("leave", _) if event.ends_with("refuse") => ("decide", false),
            ("leave", "extend") => ("extend", true),
            ("leave", "bind") => ("bind", true),
            ("leave", "free") => ("bind", false),
            ("home", "approve") => ("decide", true),
            ("home", "refuse") => ("decide", false),
            ("transfer", "register") => ("baton", true),
            ("transfer", "cancel") => ("baton", false),
            _ => return None,
        };
        Some(Ruling {
            slot: slot.to_owned(),
            value: if yes { Value::Approve } else { Value::Refuse },
            restrictive: event == "bind" || !yes && event != "free",
        })
    }

    fn apart(&self, _: (&str, u16), _: &str) -> BTreeSet<String> {
        ["apply".to_owned(), "verify".to_owned()].into()
    }

    fn opening(&self, _: (&str, u16)) -> Option<String> {
        Some("apply".to_owned())
    }

    fn fits(&self, signer: &Signer<'_>, asked: &Asked<'_>) -> bool {
        match asked {
            Asked::Decide {
                workflow,
                days_together,
                entrusted,
                ..
            } => {
                let mut roles = signer.roles.iter();
                let decides = roles.any(|role| role.contains("_HEAD") || role.contains("_DEP"));
                let level = match workflow.0 {
                    "leave" => *days_together <= 30 || signer.tier > 2,
                    "home" => *entrusted || signer.tier > 1,
                    _ => true,
                };
                decides && level
            }
            Asked::Amend(_) => true,
            Asked::Assign => signer.tier > 1,
            Asked::Seal(..) => {
                let mut roles = signer.roles.iter();
                roles.any(|role| role.contains("_HEAD") || role.contains("_DEP"))
            }
        }
    }

    fn reads(&self, role: &str) -> bool {
        role == "PROC"
    }

    fn leads(&self, role: &str) -> bool {
        role.ends_with("_HEAD")
    }

    fn action(&self, workflow: (&str, u16)) -> Option<String> {
        Some(workflow.0.to_owned())
    }

    fn window_months(&self, workflow: (&str, u16)) -> Option<u32> {
        (workflow.0 == "leave").then_some(2)
    }

    fn stale_days(&self) -> u16 {
        7
    }
}

/// Signatures of the town: a hash that only the key's owner is asked for.
#[derive(Debug)]
pub struct TownVerifier;

pub fn stand_in(key: &[u8], message: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&sha256(&[key, message]));
    signature
}

impl Verify for TownVerifier {
    fn verify(&self, suite: u8, key: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        suite == 1 && stand_in(key, message) == *signature
    }

    fn knows(&self, suite: u8) -> bool {
        suite == 1
    }
}

impl World {
    /// Every head that is here, with its body where that is.
    pub fn envelopes(&self) -> Vec<Envelope> {
        let heads = self.heads.iter();
        heads.map(|(id, head)| self.envelope(*id, head)).collect()
    }

    fn envelope(&self, id: EnvelopeId, head: &Head) -> Envelope {
        let (name, body) = &self.signed[&id];
        let bytes = canon::encode(head);
        Envelope {
            signature: stand_in(&key(name), &Head::signed_bytes(head.kind, &bytes)),
            head: bytes,
            body: self.facts.contains_key(&id).then(|| body.clone()),
        }
    }

    /// What the door says of an envelope, by an authority that knows all the others.
    pub fn admitted(&self, id: EnvelopeId) -> Result<Admitted, AdmitError> {
        let envelope = self.envelope(id, &self.heads[&id]);
        admit(envelope, &self.authority(), &TownVerifier)
    }

    pub fn papers(&self) -> Papers {
        Papers::open(
            self.root.clone().into(),
            self.envelopes().iter(),
            &TownVerifier,
        )
        .unwrap()
    }

    /// Both opinions on every envelope and every slot of the case are one.
    pub fn agree(&self) {
        if let Err(difference) = self.differences() {
            panic!("{difference}");
        }
    }

    /// The first thing on which the opinions part.
    pub fn differences(&self) -> Result<(), String> {
        let papers = self.papers();
        let opinion = Opinion::of(&papers);
        let authority = self.authority();
        for fact in self.facts.values() {
            let complete = authority.is_complete(fact.id);
            let fold = format!("{:?}", authority.state(fact, complete));
            let second = format!("{:?}", opinion.state(fact.id));
            let (who, _) = &self.signed[&fact.id];
            same(format!("{who} {} {:?}", fact.n, fact.what), fold, second)?;
            if opinion.state(fact.id)
                != jiaolian_schema::opinion::State::Waiting(jiaolian_schema::opinion::Wait::Body)
            {
                let reading = opinion.reading(fact.id).unwrap();
                if let jiaolian_schema::opinion::State::Good { .. } = reading.state {
                    let fold = authority.window(fact);
                    let second = reading.window;
                    same(
                        format!("window of {who} {}", fact.n),
                        format!("{:?} {:?}", fold.lower, fold.filed),
                        format!("{:?} {:?}", second.lower, second.filed),
                    )?;
                }
            }
        }
        self.offices_alike(&authority, &opinion)?;
        let Some(case) = self.case else {
            return Ok(());
        };
        let second = opinion.of_case(case, &TownLaw);
        let fold = self.standing();
        same("place".into(), fold.place.to_hex(), second.place.to_hex())?;
        same(
            "unknown".into(),
            fold.unknown.to_string(),
            second.unknown.to_string(),
        )?;
        for (name, slot) in &fold.fields {
            let other = second.fields.get(name).unwrap_or(&Slot::Open);
            same(format!("field {name}"), say_fold(slot), say_second(other))?;
        }
        seals_agree(&fold, &second)?;
        for (id, matter) in &fold.matters {
            let other = &second.matters[id];
            for name in matter.slots.keys().chain(other.slots.keys()) {
                let fold = matter.slots.get(name).unwrap_or(&SlotStanding::Open);
                let second = other.slots.get(name).unwrap_or(&Slot::Open);
                same(format!("slot {name}"), say_fold(fold), say_second(second))?;
            }
            same(
                "reliance".into(),
                matter.reliance.to_string(),
                other.reliance.to_string(),
            )?;
        }
        let fates = fold.matters.values().flat_map(|matter| &matter.steps);
        for step in fates {
            let second = second.decided.get(&step.id).map(|fate| format!("{fate:?}"));
            let second = second.unwrap_or_else(|| "Recorded".to_owned());
            let fold = format!("{:?}", step.outcome);
            let words = [
                ("Live", "Stands"),
                ("NotCompetent", "Incompetent"),
                ("Withdrawn", "Withdrawn"),
                ("NoEffect", "NoEffect"),
            ];
            let word = words.iter().find(|(word, _)| *word == fold);
            let word = word.map_or(fold.as_str(), |(_, word)| word);
            // Steps that decide nothing are recorded to the verifier, withdrawn or not.
            let nothing = match fold.as_str() {
                "NoEffect" => ["Recorded", "Unserved", "Withdrawn"].contains(&second.as_str()),
                // Nor does it matter that whoever took it back was not competent.
                "Withdrawn" => second == "Recorded" || second.starts_with("Incompetent"),
                _ => false,
            };
            let alike = second.starts_with(word) || nothing;
            if !alike {
                return Err(format!("step {}: fold {fold}, second {second}", step.event));
            }
        }
        Ok(())
    }

    /// Both know the same offices, at all times under the same ones.
    fn offices_alike(&self, authority: &Authority, opinion: &Opinion<'_>) -> Result<(), String> {
        for name in self.offices.keys() {
            let id = super::office(name);
            let fold = authority.offices().get(id);
            let second = opinion.offices().get(id);
            let founded = second.map(|it| it.under.first().map(|under| under.parent));
            same(
                format!("office {name}"),
                format!("{:?}", fold.map(|it| (it.parent, &it.name, it.tier))),
                format!(
                    "{:?}",
                    second.map(|it| (founded.flatten(), &it.name, it.tier))
                ),
            )?;
            let stays = authority.offices().stays(id).iter().skip(1);
            let stays: Vec<_> = stays.map(|stay| (stay.parent, stay.from)).collect();
            let under = second.into_iter().flat_map(|it| it.under.iter().skip(1));
            let under: Vec<_> = under
                .map(|under| (under.parent, under.from.unwrap_or(i64::MIN)))
                .collect();
            same(
                format!("stays of {name}"),
                format!("{stays:?}"),
                format!("{under:?}"),
            )?;
        }
        Ok(())
    }

    /// What the second opinion says of the case.
    pub fn second<T>(&self, ask: impl Fn(&Opinion<'_>, &CaseOpinion) -> T) -> T {
        let papers = self.papers();
        let opinion = Opinion::of(&papers);
        let case = opinion.of_case(self.case.unwrap(), &TownLaw);
        ask(&opinion, &case)
    }
}

/// Complains where the two say different things of one.
fn same(what: String, fold: String, second: String) -> Result<(), String> {
    if fold == second {
        Ok(())
    } else {
        Err(format!("{what}: fold {fold}, second {second}"))
    }
}

fn seals_agree(fold: &Standing, second: &CaseOpinion) -> Result<(), String> {
    let consults: Vec<EnvelopeId> = fold.consults.iter().map(|one| one.id).collect();
    let one = format!("seal {} {consults:?}", say_fold(&fold.seal));
    let other = format!("seal {} {:?}", say_second(&second.seal), second.consults);
    if one == other {
        return Ok(());
    }
    Err(format!("fold {one}, second {other}"))
}

fn say_fold(slot: &SlotStanding) -> String {
    let value = |value: &SlotValue| match value {
        SlotValue::Verdict(Verdict::Approve) => "approve".to_owned(),
        SlotValue::Verdict(Verdict::Refuse) => "refuse".to_owned(),
        SlotValue::Field { hash, .. } => format!("{hash:?}"),
        SlotValue::Office(office) => office.to_hex(),
    };
    let held = |held: &InForce| format!("{} by {:?}", value(&held.value), held.ids);
    match slot {
        SlotStanding::Open => "open".to_owned(),
        SlotStanding::Stands { ids, value: of, .. } => format!("{} by {ids:?}", value(of)),
        SlotStanding::Conflicted { tips, in_force } => {
            format!("conflicted {tips:?}, {:?}", in_force.as_ref().map(held))
        }
    }
}

fn say_second(slot: &Slot) -> String {
    let value = |value: &Value| match value {
        Value::Approve => "approve".to_owned(),
        Value::Refuse => "refuse".to_owned(),
        Value::Field(bytes) => format!("{:?}", sha256(&[bytes])),
        Value::Office(office) => office.to_hex(),
    };
    let held =
        |held: &jiaolian_schema::opinion::Held| format!("{} by {:?}", value(&held.value), held.ids);
    match slot {
        Slot::Open => "open".to_owned(),
        Slot::Stands(stands) => held(stands),
        Slot::Conflicted { tips, in_force } => {
            format!("conflicted {tips:?}, {:?}", in_force.as_ref().map(held))
        }
    }
}

/// A state of the second opinion as the vectors write it.
pub fn word_of(state: jiaolian_schema::opinion::State) -> String {
    use jiaolian_schema::opinion::State;
    match state {
        State::Good { .. } => "good".to_owned(),
        State::Waiting(wait) => format!("waiting {wait:?}"),
        State::Void(void) => format!("void {void:?}"),
    }
}

/// A slot of the second opinion as the vectors write it.
pub fn slot_word(slot: Option<&Slot>) -> String {
    let value = |value: &Value| match value {
        Value::Approve => "approve".to_owned(),
        Value::Refuse => "refuse".to_owned(),
        Value::Field(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Office(office) => office.to_hex(),
    };
    match slot {
        None | Some(Slot::Open) => "open".to_owned(),
        Some(Slot::Stands(held)) => value(&held.value),
        Some(Slot::Conflicted { in_force, .. }) => match in_force {
            None => "conflicted, undecided".to_owned(),
            Some(before) => format!("conflicted, {} in force", value(&before.value)),
        },
    }
}
