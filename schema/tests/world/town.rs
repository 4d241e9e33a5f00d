//! A small world for stories: P over C1 and C2, T1 and T2 under C1, T3 under C2; h head, a and b
//! deputies everywhere.
//!
//! Heads and facts are the real ones, only without signatures, which the fold doesn't read. Times
//! are days.
// Each story file uses a part of this world; what is impossible here is a mistake of the story.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unused_self,
    clippy::unwrap_used,
    clippy::needless_pass_by_value
)]

use jiaolian_schema::act::{Act, At, Receipt, Receipted};
use jiaolian_schema::admit::Introduction;
use jiaolian_schema::authority::RootKey;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Duty, Head, Kind, author_id};
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::{AuthorId, BodyHash, DossierId, EnvelopeId, OfficeId, PersonId, sha256};
use std::collections::BTreeMap;

#[path = "town/answer.rs"]
mod answer;
#[path = "town/case.rs"]
mod case;
#[path = "town/roster.rs"]
mod roster;
#[path = "town/rule.rs"]
mod rule;
#[path = "second.rs"]
mod second;

pub use rule::TownRules;

pub const DAY: i64 = 86_400_000;
const ALWAYS: i64 = 100_000;

pub fn office(name: &str) -> OfficeId {
    OfficeId::from_slice(&sha256(&[name.as_bytes()])[..16]).unwrap()
}

fn person(name: &str) -> PersonId {
    PersonId::from_slice(&sha256(&[name.as_bytes()])[..16]).unwrap()
}

fn key(name: &str) -> Vec<u8> {
    sha256(&[b"key", name.as_bytes()]).to_vec()
}

#[derive(Debug, Clone)]
struct Seat {
    author: AuthorId,
    appointment: Option<EnvelopeId>,
    n: u64,
    last: Option<EnvelopeId>,
    here: BTreeMap<DossierId, (u64, EnvelopeId)>,
    cites: Option<EnvelopeId>,
}

/// What is put together before it is signed.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    pub dossier: Option<DossierId>,
    pub deps: Vec<EnvelopeId>,
    pub day: i64,
    pub cites: Option<EnvelopeId>,
    /// Signs on another head than the last one: a fork.
    pub after: Option<(u64, Option<EnvelopeId>)>,
}

#[derive(Debug, Clone)]
pub struct World {
    pub root: RootKey,
    pub heads: BTreeMap<EnvelopeId, Head>,
    pub facts: BTreeMap<EnvelopeId, Fact>,
    /// Who signed each envelope, and its body's bytes, whatever is forgotten later.
    signed: BTreeMap<EnvelopeId, (String, Vec<u8>)>,
    seats: BTreeMap<String, Seat>,
    rosters: BTreeMap<String, DossierId>,
    pub offices: BTreeMap<String, OfficeId>,
    salt: u64,
    pub case: Option<DossierId>,
}

impl World {
    pub fn empty() -> Self {
        let introduction = Introduction {
            suite: 1,
            key: key("P.k"),
            office: office("P"),
            duty: Duty::Keeper,
        };
        let root_seat = Seat {
            author: introduction.author(),
            appointment: None,
            n: 0,
            last: None,
            here: BTreeMap::new(),
            cites: None,
        };
        Self {
            root: RootKey {
                office: office("P"),
                introduction,
            },
            heads: BTreeMap::new(),
            facts: BTreeMap::new(),
            signed: BTreeMap::new(),
            seats: BTreeMap::from([("P.k".to_owned(), root_seat)]),
            rosters: BTreeMap::new(),
            offices: BTreeMap::new(),
            salt: 0,
            case: None,
        }
    }

    /// The usual offices and people, all appointed on day 0.
    pub fn new() -> Self {
        let mut w = Self::empty();
        w.found("P", None, 4);
        w.people("P");
        for county in ["C1", "C2"] {
            w.found(county, Some("P"), 2);
            w.people(county);
        }
        for (township, county) in [("T1", "C1"), ("T2", "C1"), ("T3", "C2")] {
            w.found(township, Some(county), 1);
            w.people(township);
        }
        w
    }

    /// As `new`, under cities: K1 over C1 and C2, K2 over C3; T1 and T2 under C1, T3 under C2, T4 under
    /// C3.
    pub fn deep() -> Self {
        let mut w = Self::empty();
        w.found("P", None, 4);
        w.people("P");
        let offices = [
            ("K1", "P", 3),
            ("K2", "P", 3),
            ("C1", "K1", 2),
            ("C2", "K1", 2),
            ("C3", "K2", 2),
            ("T1", "C1", 1),
            ("T2", "C1", 1),
            ("T3", "C2", 1),
            ("T4", "C3", 1),
        ];
        for (name, above, tier) in offices {
            w.found(name, Some(above), tier);
            w.people(name);
        }
        w
    }

    fn people(&mut self, office: &str) {
        if office != "P" {
            self.appoint(
                &format!("{office}.k"),
                "P.k",
                Duty::Keeper,
                &["KEEPER"],
                0,
                ALWAYS,
            );
        }
        self.appoint(
            &format!("{office}.w"),
            "P.k",
            Duty::Witness,
            &["NODE_WITNESS"],
            0,
            ALWAYS,
        );
        let by = format!("{office}.k");
        for (name, role) in [
            ("h", "OFF_HEAD"),
            ("h2", "CTY_HEAD"),
            ("a", "X_DEP"),
            ("b", "X_DEP"),
            ("s", "OFF_STAFF"),
        ] {
            self.appoint(
                &format!("{office}.{name}"),
                &by,
                Duty::Staff,
                &[role],
                0,
                ALWAYS,
            );
        }
    }

    pub fn author(&self, who: &str) -> AuthorId {
        self.seats[who].author
    }

    pub fn appointed(&self, who: &str) -> bool {
        self.seats.contains_key(who)
    }

    pub fn person_of(&self, who: &str) -> PersonId {
        person(who)
    }

    pub fn roster(&self, office: &str) -> DossierId {
        self.rosters[office]
    }

    pub fn appointment_of(&self, who: &str) -> EnvelopeId {
        self.seats[who].appointment.unwrap()
    }

    /// From now on the author cites this appointment.
    pub fn sign_under(&mut self, who: &str, appointment: EnvelopeId) {
        self.seats.get_mut(who).unwrap().appointment = Some(appointment);
    }

    pub fn sign(&mut self, who: &str, draft: Draft, act: Act) -> EnvelopeId {
        let payload = act.to_payload(draft.day * DAY);
        self.seal(who, draft, Kind::Act, payload)
    }

    fn seal(&mut self, who: &str, draft: Draft, kind: Kind, payload: Vec<u8>) -> EnvelopeId {
        self.salt += 1;
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&self.salt.to_be_bytes());
        let seat = self.seats.get_mut(who).expect(who);
        let (n, prev) = draft.after.unwrap_or((seat.n, seat.last));
        let here = draft.dossier.and_then(|id| seat.here.get(&id).copied());
        let mut deps = draft.deps;
        deps.sort_unstable();
        deps.dedup();
        let body = Body {
            salt,
            dossier: draft.dossier,
            m: here.map_or(1, |(m, _)| m + 1),
            prev_here: here.map(|(_, id)| id),
            deps,
            appointment: seat.appointment,
            payload,
        };
        let head = Head {
            suite: 1,
            kind,
            author: seat.author,
            n: n + 1,
            prev,
            body_hash: BodyHash(sha256(&[&canon::encode(&body)])),
            receipt: draft.cites.or(seat.cites),
        };
        let id = EnvelopeId(sha256(&[&canon::encode(&head)]));
        (seat.n, seat.last) = (n + 1, Some(id));
        let dossier = draft.dossier.unwrap_or(id.into());
        seat.here.insert(dossier, (body.m, id));
        self.facts.insert(id, Fact::of(id, &head, &body).unwrap());
        self.signed
            .insert(id, (who.to_owned(), canon::encode(&body)));
        self.heads.insert(id, head);
        id
    }

    /// A receipt of `witness` at `day` over ids, whole unless said.
    pub fn receipt(&mut self, witness: &str, day: i64, ids: &[EnvelopeId]) -> EnvelopeId {
        self.receipt_as(witness, day, ids, 1)
    }

    pub fn receipt_as(
        &mut self,
        witness: &str,
        day: i64,
        ids: &[EnvelopeId],
        whole: u8,
    ) -> EnvelopeId {
        let heads = ids.iter().map(|id| Receipted {
            author: self.heads[id].author,
            n: self.heads[id].n,
            id: *id,
            whole,
        });
        let receipt = Receipt::new(1, day * DAY, heads.collect());
        let draft = Draft {
            dossier: Some(self.rosters["C1"]),
            ..Draft::default()
        };
        self.sign_receipt(witness, draft, &receipt)
    }

    /// A receipt that lies where the draft says.
    pub fn sign_receipt(&mut self, witness: &str, draft: Draft, receipt: &Receipt) -> EnvelopeId {
        self.seal(witness, draft, Kind::Receipt, canon::encode(receipt))
    }

    pub fn at(&self, id: EnvelopeId) -> At {
        At {
            n: self.heads[&id].n,
            id,
        }
    }

    /// The position below a head on its author's chain.
    pub fn receipt_before(&self, id: EnvelopeId) -> At {
        self.at(self.heads[&id].prev.unwrap())
    }

    /// A second head at position 1 of a witness: a fork.
    pub fn fork_first(&mut self, witness: &str, day: i64) -> EnvelopeId {
        let receipt = Receipt::new(1, day * DAY, Vec::new());
        let seat = self.seats[witness].clone();
        self.seats.get_mut(witness).unwrap().here.clear();
        let draft = Draft {
            dossier: Some(self.rosters["C1"]),
            after: Some((0, None)),
            ..Draft::default()
        };
        let id = self.seal(witness, draft, Kind::Receipt, canon::encode(&receipt));
        self.seats.insert(witness.to_owned(), seat);
        id
    }

    /// From now on the author's heads cite this receipt.
    pub fn cite(&mut self, who: &str, receipt: EnvelopeId) {
        self.seats.get_mut(who).unwrap().cites = Some(receipt);
    }

    /// As if it had never come.
    pub fn forget(&mut self, id: EnvelopeId) {
        self.heads.remove(&id);
        self.facts.remove(&id);
    }
}

/// The author id of somebody who was never appointed.
pub fn stranger(name: &str, at: &str) -> AuthorId {
    author_id(1, &key(name), office(at), Duty::Staff)
}
