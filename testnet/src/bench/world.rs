//! A province with one county and one township, its keys and what they sign: the smallest house in
//! which every part of a node has work.

use super::MeasureError;
use super::key::{bytes16, code, office, peer, root, signer};
use super::node::{Memory, Node};
use jiaolian_schema::act::{Act, Amend, Appoint, Entrust, Found, Open, Revoke};
use jiaolian_schema::envelope::{Duty, Envelope};
use jiaolian_schema::id::{DossierId, EnvelopeId, PersonId, sha256};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::{ED25519, Sign as _, StrictVerifier};
use jiaolian_schema::value::Fields;
use jiaolian_sync::{Draft, Limits, LocalSeat, Payload, Seat, Setup, Store};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Milliseconds of a day.
pub(super) const DAY_MS: i64 = 24 * 3_600_000;
/// When everything begins, ms UTC: 2026-02-16.
pub(super) const START_MS: i64 = 20_500 * DAY_MS;
/// How long appointments and devices last, days.
pub(super) const TERM_DAYS: i64 = 9_000;

/// Name, parent, tier and keeper of each office.
const OFFICES: [(&str, Option<&str>, u8, &str); 3] = [
    ("p", None, 4, "root"),
    ("c", Some("p"), 2, "root"),
    ("t", Some("c"), 1, "c-keeper"),
];

/// Who works where: name, office, duty, roles.
const PEOPLE: [(&str, &str, Duty, &[&str]); 9] = [
    ("p-node", "p", Duty::Staff, &["NODE"]),
    ("p-witness", "p", Duty::Witness, &[]),
    ("c-keeper", "c", Duty::Keeper, &[]),
    ("c-node", "c", Duty::Staff, &["NODE"]),
    ("c-witness", "c", Duty::Witness, &[]),
    ("c-head", "c", Duty::Staff, &["CTY_HEAD", "CTY_BUREAU"]),
    ("t-node", "t", Duty::Staff, &["NODE"]),
    ("t-head", "t", Duty::Staff, &["OFF_HEAD", "OFF_STAFF"]),
    ("t-officer", "t", Duty::Staff, &["OFF_STAFF"]),
];

/// The house: the province's node, everybody's keys, and the time.
pub(super) struct World {
    pub(super) now: i64,
    pub(super) province: Node<Memory>,
    rules: Arc<RulePack>,
    seats: BTreeMap<String, Seat>,
    rosters: BTreeMap<&'static str, DossierId>,
    salt: u64,
}

impl World {
    /// All offices, founded and staffed by the province's keeper.
    pub(super) fn found() -> Result<Self, MeasureError> {
        let rules = Arc::new(RulePack::builtin());
        let seats = BTreeMap::new();
        let (province, _) = Node::in_memory(peer("p"), setup("p", &seats, &rules))?;
        let (now, rosters) = (START_MS, BTreeMap::new());
        let mut world = Self {
            now,
            province,
            rules,
            seats,
            rosters,
            salt: 0,
        };
        let root = Seat {
            author: root().introduction.author(),
            appointment: None,
        };
        world.seats.insert("root".to_owned(), root);
        for (name, parent, tier, keeper) in OFFICES {
            world.found_office(name, parent, tier, keeper)?;
        }
        let entrust = Entrust {
            office: office("t"),
            actions: vec!["leave".to_owned()],
            from: 0,
            to: START_MS + TERM_DAYS * DAY_MS,
            document: "1".to_owned(),
            ends: None,
        };
        world.act_above("root", Some(world.rosters["c"]), entrust.into())?;
        Ok(world)
    }

    fn found_office(
        &mut self,
        name: &'static str,
        parent: Option<&str>,
        tier: u8,
        keeper: &str,
    ) -> Result<(), MeasureError> {
        let found = Found {
            office: office(name),
            parent: parent.map(office),
            tier,
            code: "430000".to_owned(),
            name: name.to_owned(),
            drill: 1,
            nonce: None,
        };
        let roster = self.act_above(keeper, None, found.into())?.into();
        self.rosters.insert(name, roster);
        for (who, at, duty, roles) in PEOPLE.into_iter().filter(|row| row.1 == name) {
            self.appoint(who, at, duty, roles)?;
        }
        Ok(())
    }

    /// Appoints one more person.
    pub(super) fn appoint(
        &mut self,
        name: &str,
        at: &'static str,
        duty: Duty,
        roles: &[&str],
    ) -> Result<(), MeasureError> {
        let appoint = Appoint {
            person: PersonId(bytes16("person", name)),
            name: name.to_owned(),
            staff_number: name.to_owned(),
            suite: ED25519,
            key: signer(name).public_key(),
            office: office(at),
            duty,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            kinds: vec![1, 2],
            not_before: START_MS - DAY_MS,
            not_after: START_MS + TERM_DAYS * DAY_MS,
            depth: 3,
            endpoint: roles.contains(&"NODE").then(|| peer(at).0),
            document: "1".to_owned(),
            acting: None,
        };
        let author = appoint.author();
        let id = self.act_above("root", Some(self.rosters[at]), appoint.into())?;
        self.seats.insert(
            name.to_owned(),
            Seat {
                author,
                appointment: Some(id),
            },
        );
        Ok(())
    }

    /// Says no to a person's chain after a position.
    pub(super) fn revoke(
        &mut self,
        who: &str,
        at: Option<jiaolian_schema::act::At>,
    ) -> Result<EnvelopeId, MeasureError> {
        let revoke = Revoke {
            author: self.seats[who].author,
            at,
            replaces: Vec::new(),
            reason: "lost".to_owned(),
            compromised_since: None,
        };
        self.act_above("root", Some(self.rosters["t"]), revoke.into())
    }

    fn act_above(
        &mut self,
        who: &str,
        dossier: Option<DossierId>,
        act: Act,
    ) -> Result<EnvelopeId, MeasureError> {
        let (seat, salt) = (self.seats[who], self.salt());
        let draft = Draft {
            dossier,
            payload: Payload::Act(act),
        };
        let id = self
            .province
            .replica
            .sign(&signer(who), seat, draft, self.now, salt)?;
        self.province.settle()?;
        Ok(id)
    }

    /// What a new node of an office is handed.
    pub(super) fn join_file(&self, name: &str) -> Result<Vec<Envelope>, MeasureError> {
        Ok(self.province.replica.join_file(office(name))?)
    }

    /// What a node of an office is told at its start.
    pub(super) fn setup(&self, name: &str) -> Setup {
        setup(name, &self.seats, &self.rules)
    }

    /// A node of an office, in memory, joined.
    pub(super) fn join(&mut self, name: &str) -> Result<(Node<Memory>, Memory), MeasureError> {
        let (mut node, memory) = Node::in_memory(peer(name), self.setup(name))?;
        self.enter(name, &mut node)?;
        Ok((node, memory))
    }

    /// Reads the join file in.
    pub(super) fn enter<S: Store>(
        &self,
        name: &str,
        node: &mut Node<S>,
    ) -> Result<(), MeasureError> {
        let outcome = node.replica.import(self.join_file(name)?, self.now);
        if !outcome.refused.is_empty() || outcome.parked > 0 {
            return Err(MeasureError::Wrong(format!(
                "the join file of {name}: {outcome:?}"
            )));
        }
        node.settle()
    }

    pub(super) fn seat(&self, who: &str) -> Seat {
        self.seats[who]
    }

    pub(super) fn rules(&self) -> &RulePack {
        &self.rules
    }

    pub(super) fn roster(&self, name: &str) -> DossierId {
        self.rosters[name]
    }

    fn salt(&mut self) -> [u8; 16] {
        self.salt += 1;
        bytes16("salt", &self.salt.to_string())
    }

    /// Signs an act at a node.
    pub(super) fn act<S: Store>(
        &mut self,
        node: &mut Node<S>,
        who: &str,
        dossier: Option<DossierId>,
        act: Act,
    ) -> Result<EnvelopeId, MeasureError> {
        let (seat, salt) = (self.seats[who], self.salt());
        let draft = Draft {
            dossier,
            payload: Payload::Act(act),
        };
        Ok(node
            .replica
            .sign(&signer(who), seat, draft, self.now, salt)?)
    }

    /// Opens a case at the township.
    pub(super) fn open<S: Store>(
        &mut self,
        node: &mut Node<S>,
        number: u64,
        fields: Fields,
    ) -> Result<DossierId, MeasureError> {
        let open = Open {
            office: office("t"),
            person: code(number),
            minor: 0,
            fields,
        };
        Ok(self.act(node, "t-officer", None, open.into())?.into())
    }

    /// Sets a protected field.
    pub(super) fn amend<S: Store>(
        &mut self,
        node: &mut Node<S>,
        who: &str,
        case: DossierId,
        (field, value): (&str, &[u8]),
        replaces: Vec<EnvelopeId>,
    ) -> Result<EnvelopeId, MeasureError> {
        let amend = Amend {
            field: field.to_owned(),
            replaces,
            value: value.to_vec(),
        };
        self.act(node, who, Some(case), amend.into())
    }
}

fn setup(name: &str, seats: &BTreeMap<String, Seat>, rules: &Arc<RulePack>) -> Setup {
    let local = |who: String| {
        let seat = *seats.get(&who)?;
        Some(LocalSeat {
            signer: Box::new(signer(&who)),
            seat,
        })
    };
    Setup {
        office: office(name),
        root: root().into(),
        node: local(format!("{name}-node")),
        witness: local(format!("{name}-witness")),
        rules: rules.clone(),
        pack: rules.pack_id(),
        verifier: Box::new(StrictVerifier),
        limits: Limits::default(),
        entropy: sha256(&[b"bench entropy", name.as_bytes()]),
    }
}
