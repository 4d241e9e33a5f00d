//! A province with one county and two townships, its people and their acts.

use crate::net::{Disk, Net};
use jiaolian_schema::act::{
    Act, Amend, Apply, Appoint, Assign, Entrust, Found, Open, Raise, Span, Step,
};
use jiaolian_schema::admit::Introduction;
use jiaolian_schema::authority::RootKey;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, OfficeId, PersonCode, PersonId, sha256};
use jiaolian_schema::standing::{Decision, Signer, SlotAct, SlotRules, Verdict};
use jiaolian_schema::suite::{ED25519, Ed25519Signer, Sign, StrictVerifier};
use jiaolian_sync::{
    Draft, Limits, LocalSeat, MemoryStore, Payload, Replica, Seat, Setup, SignError,
};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const DAY: i64 = 24 * 3_600_000;
pub(crate) const START: i64 = 20_500 * DAY;
pub(crate) const P: usize = 0;
pub(crate) const C: usize = 1;
pub(crate) const T1: usize = 2;
pub(crate) const T2: usize = 3;

/// Approvals and refusals of a leave are decisions, and heads of offices decide.
#[derive(Debug)]
pub(crate) struct Rules;

impl SlotRules for Rules {
    fn decision(&self, workflow: &str, _: u16, event: &str) -> Option<Decision> {
        let value = match event {
            "approve" if workflow == "leave" => Verdict::Approve,
            "refuse" if workflow == "leave" => Verdict::Refuse,
            _ => return None,
        };
        Some(Decision {
            step: "decide".to_owned(),
            value,
            restrictive: false,
        })
    }

    fn gather_numbers(&self) -> Option<jiaolian_schema::gather::Numbers> {
        jiaolian_schema::gather::Numbers::of(&jiaolian_schema::rule::RulePack::builtin())
    }

    fn leads(&self, role: &str) -> bool {
        role.ends_with("_HEAD")
    }

    fn competent(&self, signer: &Signer<'_>, _: &SlotAct<'_>, _: u8) -> bool {
        signer.roles.iter().any(|role| role == "HEAD")
    }
}

pub(crate) fn seed(name: &str) -> [u8; 32] {
    sha256(&[b"seed", name.as_bytes()])
}

pub(crate) fn signer(name: &str) -> Ed25519Signer {
    Ed25519Signer::from_seed(&seed(name))
}

pub(crate) fn office(name: &str) -> OfficeId {
    OfficeId(
        sha256(&[b"office", name.as_bytes()])[..16]
            .try_into()
            .unwrap(),
    )
}

fn person(name: &str) -> PersonId {
    PersonId(
        sha256(&[b"person", name.as_bytes()])[..16]
            .try_into()
            .unwrap(),
    )
}

pub(crate) fn peer_key(name: &str) -> [u8; 32] {
    sha256(&[b"peer", name.as_bytes()])
}

pub(crate) fn root() -> RootKey {
    RootKey {
        office: office("p"),
        introduction: Introduction {
            suite: ED25519,
            key: signer("root").public_key(),
            office: office("p"),
            duty: Duty::Keeper,
        },
    }
}

pub(crate) struct World {
    pub(crate) net: Net,
    pub(crate) seats: BTreeMap<&'static str, Seat>,
    names: Vec<&'static str>,
    salt: u64,
    limits: Limits,
}

/// An office: name, superior, tier, who founds it.
pub(crate) type Office = (&'static str, Option<&'static str>, u8, &'static str);
/// Somebody: name, office, duty, roles.
pub(crate) type Officer = (&'static str, &'static str, Duty, &'static [&'static str]);

const OFFICES: [Office; 4] = [
    ("p", None, 4, "root"),
    ("c", Some("p"), 2, "root"),
    ("t1", Some("c"), 1, "c-keeper"),
    ("t2", Some("c"), 1, "c-keeper"),
];

/// Who works where.
const PEOPLE: [Officer; 14] = [
    ("p-node", "p", Duty::Staff, &["NODE"]),
    ("p-witness", "p", Duty::Witness, &[]),
    ("c-keeper", "c", Duty::Keeper, &[]),
    ("c-node", "c", Duty::Staff, &["NODE"]),
    ("c-witness", "c", Duty::Witness, &[]),
    ("c-head", "c", Duty::Staff, &["HEAD"]),
    ("c-deputy", "c", Duty::Staff, &["HEAD"]),
    ("t1-node", "t1", Duty::Staff, &["NODE"]),
    ("t1-head", "t1", Duty::Staff, &["HEAD"]),
    ("t1-officer", "t1", Duty::Staff, &[]),
    ("t1-deputy", "t1", Duty::Staff, &["HEAD"]),
    ("t2-node", "t2", Duty::Staff, &["NODE"]),
    ("t2-head", "t2", Duty::Staff, &["HEAD"]),
    ("t2-officer", "t2", Duty::Staff, &[]),
];

impl World {
    /// All offices founded and staffed by the province, whose node then hands every other its join
    /// file.
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        Self::of(&OFFICES, &PEOPLE, limits)
    }

    /// These offices, the root first, each after its superior, with these people.
    pub(crate) fn of(offices: &[Office], people: &[Officer], limits: Limits) -> Self {
        let mut world = Self {
            net: Net::new(START),
            seats: BTreeMap::new(),
            names: offices.iter().map(|row| row.0).collect(),
            salt: 0,
            limits,
        };
        world
            .net
            .add(peer_key("p"), setup("p", &BTreeMap::new(), limits));
        let author = root().introduction.author();
        world.seats.insert(
            "root",
            Seat {
                author,
                appointment: None,
            },
        );
        let mut rosters = BTreeMap::new();
        for (name, parent, tier, keeper) in offices.iter().copied() {
            let found = Found {
                office: office(name),
                parent: parent.map(office),
                tier,
                code: "430000".to_owned(),
                name: name.to_owned(),
                drill: 1,
                nonce: None,
            };
            let id = world.act(P, keeper, None, found.into()).unwrap();
            for (who, at, duty, roles) in people.iter().copied().filter(|row| row.1 == name) {
                world.appoint(id.into(), who, at, duty, roles);
            }
            rosters.insert(name, DossierId::from(id));
        }
        for (at, above, ..) in offices.iter().copied().filter(|row| row.2 == 1) {
            let entrust = Entrust {
                office: office(at),
                actions: vec!["leave".to_owned()],
                from: 0,
                to: START + 900 * DAY,
                document: "1".to_owned(),
                ends: None,
            };
            world
                .act(P, "root", Some(rosters[above.unwrap()]), entrust.into())
                .unwrap();
        }
        world.net.carry_out(P);
        world.net.restart(P, setup("p", &world.seats, limits));
        for name in world.names.clone().into_iter().skip(1) {
            let file = world.net.nodes[P].replica.join_file(office(name)).unwrap();
            let at = world
                .net
                .add(peer_key(name), setup(name, &world.seats, limits));
            let now = world.net.now;
            let outcome = world.net.nodes[at].replica.import(file, now);
            assert!(
                outcome.refused.is_empty() && outcome.parked == 0,
                "{name}: {outcome:?}"
            );
            world.net.carry_out(at);
        }
        world
    }

    fn appoint(
        &mut self,
        roster: DossierId,
        name: &'static str,
        at: &str,
        duty: Duty,
        roles: &[&str],
    ) {
        self.appoint_until(roster, (name, at), duty, roles, START + 700 * DAY);
    }

    /// Appoints somebody whose term ends at a time, ms UTC.
    pub(crate) fn appoint_until(
        &mut self,
        roster: DossierId,
        (name, at): (&'static str, &str),
        duty: Duty,
        roles: &[&str],
        not_after: i64,
    ) {
        let appoint = Appoint {
            person: person(name),
            name: name.to_owned(),
            staff_number: name.to_owned(),
            suite: ED25519,
            key: signer(name).public_key(),
            office: office(at),
            duty,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            kinds: vec![1, 2],
            not_before: START - DAY,
            not_after,
            depth: 3,
            endpoint: roles.contains(&"NODE").then(|| peer_key(at)),
            document: "1".to_owned(),
            acting: None,
        };
        let author = appoint.author();
        let id = self.act(P, "root", Some(roster), appoint.into()).unwrap();
        self.seats.insert(
            name,
            Seat {
                author,
                appointment: Some(id),
            },
        );
    }

    pub(crate) fn setup_of(&self, at: usize) -> Setup {
        setup(self.names[at], &self.seats, self.limits)
    }

    /// The roster of an office, which the province has.
    pub(crate) fn roster(&self, name: &str) -> DossierId {
        let mut all = self.net.nodes[P].replica.dossiers();
        let roster =
            all.find(|(_, row)| row.kind == DossierKind::Roster && row.place == office(name));
        roster.unwrap().0
    }

    /// What a node's disk holds now.
    pub(crate) fn image(&self, at: usize) -> MemoryStore {
        self.net.nodes[at].disk.0.borrow().clone()
    }

    /// Starts a node from an earlier image of its disk, with its links cut.
    pub(crate) fn put_back(&mut self, at: usize, image: MemoryStore) {
        *self.net.nodes[at].disk.0.borrow_mut() = image;
        let setup = self.setup_of(at);
        self.net.restart(at, setup);
    }

    pub(crate) fn replica(&mut self, at: usize) -> &mut Replica<Disk> {
        &mut self.net.nodes[at].replica
    }

    /// Links every office with the one above it.
    pub(crate) fn link_all(&mut self) {
        for (a, b) in [(P, C), (C, T1), (C, T2)] {
            self.net.heal(a, b);
        }
    }

    pub(crate) fn sign(
        &mut self,
        at: usize,
        who: &str,
        dossier: Option<DossierId>,
        payload: Payload,
    ) -> Result<EnvelopeId, SignError> {
        self.salt += 1;
        let salt = sha256(&[&self.salt.to_be_bytes()])[..16]
            .try_into()
            .unwrap();
        let (seat, now) = (self.seats[who], self.net.now);
        let draft = Draft { dossier, payload };
        let signed = self.replica(at).sign(&signer(who), seat, draft, now, salt);
        self.net.carry_out(at);
        signed
    }

    pub(crate) fn act(
        &mut self,
        at: usize,
        who: &str,
        dossier: Option<DossierId>,
        act: Act,
    ) -> Result<EnvelopeId, SignError> {
        self.sign(at, who, dossier, Payload::Act(act))
    }

    pub(crate) fn open(
        &mut self,
        at: usize,
        who: &str,
        place: &str,
        number: u64,
        minor: bool,
    ) -> DossierId {
        let open = Open {
            office: office(place),
            person: code(number),
            minor: u8::from(minor),
            fields: [(
                "name".to_owned(),
                format!("canary-{number}").as_str().into(),
            )]
            .into(),
        };
        self.act(at, who, None, open.into()).unwrap().into()
    }

    pub(crate) fn amend(
        &mut self,
        at: usize,
        who: &str,
        case: DossierId,
        field: &str,
        value: &[u8],
    ) -> EnvelopeId {
        let amend = Amend {
            field: field.to_owned(),
            replaces: Vec::new(),
            value: value.to_vec(),
        };
        self.act(at, who, Some(case), amend.into()).unwrap()
    }

    pub(crate) fn apply(&mut self, at: usize, who: &str, case: DossierId) -> EnvelopeId {
        let apply = Apply {
            workflow: "leave".to_owned(),
            version: 1,
            on_behalf: 1,
            span: Some(Span {
                first_day: 20_510,
                last_day: 20_512,
            }),
            area: None,
            fields: BTreeMap::new(),
        };
        self.act(at, who, Some(case), apply.into()).unwrap()
    }

    pub(crate) fn step(
        &mut self,
        at: usize,
        who: &str,
        case: DossierId,
        matter: EnvelopeId,
        event: &str,
    ) -> Result<EnvelopeId, SignError> {
        let step = Step {
            matter,
            event: event.to_owned(),
            replaces: Vec::new(),
            section: None,
            fields: BTreeMap::new(),
            span: None,
        };
        self.act(at, who, Some(case), step.into())
    }

    pub(crate) fn assign(&mut self, at: usize, who: &str, case: DossierId, to: &str) -> EnvelopeId {
        let assign = Assign {
            office: office(to),
            replaces: vec![case.into()],
        };
        self.act(at, who, Some(case), assign.into()).unwrap()
    }

    pub(crate) fn raise(
        &mut self,
        at: usize,
        who: &str,
        case: DossierId,
        place: &str,
        number: u64,
    ) -> DossierId {
        let raise = Raise {
            alarm: AlarmId(sha256(&[b"alarm", &number.to_be_bytes()])),
            case,
            office: office(place),
            person: code(1),
            kind: "GEO_OUT".to_owned(),
            severity: 1,
            fence: "f".to_owned(),
            time: START,
            decided_at: START,
            retrospective: 0,
            evidence: Vec::new(),
        };
        self.act(at, who, None, raise.into()).unwrap().into()
    }

    /// Frontier and state of every dossier that two nodes share are equal.
    pub(crate) fn assert_equal(&mut self, a: usize, b: usize) {
        let shared: Vec<DossierId> = {
            let other = &self.net.nodes[b].replica;
            let ids = self.net.nodes[a].replica.dossiers().map(|(id, _)| id);
            ids.filter(|id| other.dossier(*id).is_some()).collect()
        };
        for id in shared {
            let here = (self.replica(a).frontier(id), self.replica(a).state_root(id));
            let there = (self.replica(b).frontier(id), self.replica(b).state_root(id));
            assert_eq!(here, there, "dossier {id} at {a} and {b}");
        }
    }

    pub(crate) fn count(&self, at: usize) -> usize {
        self.net.nodes[at].replica.dossiers().count()
    }
}

pub(crate) fn code(number: u64) -> PersonCode {
    PersonCode(
        sha256(&[b"code", &number.to_be_bytes()])[..16]
            .try_into()
            .unwrap(),
    )
}

fn setup(name: &str, seats: &BTreeMap<&'static str, Seat>, limits: Limits) -> Setup {
    let local = |who: String| {
        let seat = seats.get(who.as_str())?;
        let signer = Box::new(signer(&who));
        Some(LocalSeat {
            signer,
            seat: *seat,
        })
    };
    Setup {
        office: office(name),
        root: root().into(),
        node: local(format!("{name}-node")),
        witness: local(format!("{name}-witness")),
        rules: Arc::new(Rules),
        pack: [7; 32],
        verifier: Box::new(StrictVerifier),
        limits,
        entropy: seed(name),
    }
}
