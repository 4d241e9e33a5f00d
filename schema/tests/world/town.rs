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

use jiaolian_schema::act::{
    Act, Amend, Apply, Appoint, At, Correct, EditBytes, Endorse, Found, Open, Receipt, Receipted,
    Replant, Revoke, Serve, Span, Step, Withdraw,
};
use jiaolian_schema::admit::Introduction;
use jiaolian_schema::authority::{Authority, RootKey, State};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Duty, Head, Kind, author_id};
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::{
    AuthorId, BodyHash, DossierId, EnvelopeId, OfficeId, PersonCode, PersonId, sha256,
};
use jiaolian_schema::opinion::Opinion;
use jiaolian_schema::standing::{
    Decision, Signer, SlotAct, SlotRules, SlotStanding, SlotValue, Standing, Verdict, fold,
};
use jiaolian_schema::value::Fields;
use std::collections::BTreeMap;

#[path = "second.rs"]
mod second;

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

/// Heads and deputies decide; the rest of level is not this world's matter.
#[derive(Debug)]
pub struct TownRules;

impl SlotRules for TownRules {
    fn decision(&self, workflow: &str, _: u16, event: &str) -> Option<Decision> {
        let (step, value) = match (workflow, event) {
            ("leave", "approve" | "adjudicate_approve") | ("home", "approve") => {
                ("decide", Verdict::Approve)
            }
            ("leave", "refuse" | "adjudicate_refuse") | ("home", "refuse") => {
                ("decide", Verdict::Refuse)
            }
            ("leave", "extend") => ("extend", Verdict::Approve),
            ("leave", "bind") => ("bind", Verdict::Approve),
            ("leave", "free") => ("bind", Verdict::Refuse),
            ("transfer", "register") => ("baton", Verdict::Approve),
            ("transfer", "cancel") => ("baton", Verdict::Refuse),
            _ => return None,
        };
        Some(Decision {
            step: step.to_owned(),
            value,
            restrictive: event != "free" && (value == Verdict::Refuse || event == "bind"),
        })
    }

    fn is_apart(&self, _: (&str, u16), _: &str, earlier: Option<&str>) -> bool {
        earlier.is_none_or(|earlier| earlier == "verify")
    }

    fn only_reads(&self, roles: &[String]) -> bool {
        roles.iter().any(|role| role == "PROC")
    }

    fn leads(&self, role: &str) -> bool {
        role.ends_with("_HEAD")
    }

    fn competent(&self, signer: &Signer<'_>, act: &SlotAct<'_>, _: u8) -> bool {
        let decides = signer
            .roles
            .iter()
            .any(|role| role.ends_with("_HEAD") || role.ends_with("_DEP"));
        match act {
            SlotAct::Step {
                workflow: "home",
                entrusted,
                ..
            } => decides && (*entrusted || signer.tier >= 2),
            SlotAct::Step {
                workflow, cum_days, ..
            } => decides && (*workflow != "leave" || *cum_days <= 30 || signer.tier >= 3),
            SlotAct::Amend { .. } => true,
            SlotAct::Assign => signer.tier >= 2,
            SlotAct::Seal { .. } | SlotAct::Consult { .. } => decides,
        }
    }
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

    pub fn found(&mut self, name: &str, parent: Option<&str>, tier: u8) -> EnvelopeId {
        let by = format!("{}.k", parent.unwrap_or("P"));
        let act = Found {
            office: office(name),
            parent: parent.map(office),
            tier,
            code: name.to_owned(),
            name: name.to_owned(),
            drill: 0,
            nonce: None,
        };
        let id = self.sign(&by, Draft::default(), act.into());
        self.rosters.insert(name.to_owned(), id.into());
        self.offices.insert(name.to_owned(), office(name));
        id
    }

    /// `who` is `office.name`; the person is the name's, the interval days from `first` to `last`.
    pub fn appoint(
        &mut self,
        who: &str,
        by: &str,
        duty: Duty,
        roles: &[&str],
        first: i64,
        last: i64,
    ) -> EnvelopeId {
        self.appoint_as(who, by, duty, roles, (first, last), &[1, 2])
    }

    /// Staff for some kinds of case only.
    pub fn appoint_for(&mut self, who: &str, by: &str, roles: &[&str], kinds: &[u8]) -> EnvelopeId {
        self.appoint_as(who, by, Duty::Staff, roles, (0, ALWAYS), kinds)
    }

    fn appoint_as(
        &mut self,
        who: &str,
        by: &str,
        duty: Duty,
        roles: &[&str],
        (first, last): (i64, i64),
        kinds: &[u8],
    ) -> EnvelopeId {
        let at = who.split('.').next().unwrap().to_owned();
        let act = Appoint {
            person: person(who),
            name: who.to_owned(),
            staff_number: String::new(),
            suite: 1,
            key: key(who),
            office: office(&at),
            duty,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            kinds: kinds.to_vec(),
            not_before: first * DAY,
            not_after: last * DAY,
            depth: 3,
            endpoint: roles.contains(&"NODE").then(|| sha256(&[who.as_bytes()])),
            document: String::new(),
            acting: None,
        };
        self.reappoint(who, by, act)
    }

    /// Signs this appointment, and `who` signs under it from now on.
    pub fn reappoint(&mut self, who: &str, by: &str, act: Appoint) -> EnvelopeId {
        let at = who.split('.').next().unwrap();
        let author = act.author();
        let roster = self.rosters.get(at).or_else(|| self.rosters.get("P"));
        let draft = Draft {
            dossier: roster.copied(),
            ..Draft::default()
        };
        let id = self.sign(by, draft, act.into());
        self.seats.insert(
            who.to_owned(),
            Seat {
                author,
                appointment: Some(id),
                n: 0,
                last: None,
                here: BTreeMap::new(),
                cites: None,
            },
        );
        id
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

    pub fn revoke(
        &mut self,
        by: &str,
        whose: &str,
        at: Option<At>,
        replaces: &[EnvelopeId],
    ) -> EnvelopeId {
        let act = Revoke {
            author: self.author(whose),
            at,
            replaces: replaces.to_vec(),
            reason: String::new(),
            compromised_since: None,
        };
        let draft = self.roster_draft(whose, 50);
        self.sign(by, draft, act.into())
    }

    /// As `revoke`, on a day.
    pub fn revoke_on(
        &mut self,
        by: &str,
        whose: &str,
        at: Option<At>,
        replaces: &[EnvelopeId],
        day: i64,
    ) -> EnvelopeId {
        let act = Revoke {
            author: self.author(whose),
            at,
            replaces: replaces.to_vec(),
            reason: String::new(),
            compromised_since: None,
        };
        let draft = self.roster_draft(whose, day);
        self.sign(by, draft, act.into())
    }

    /// Signs on `day` that an office stands under another one from `first` on, with ten days of grace.
    pub fn replant(
        &mut self,
        by: &str,
        who: &str,
        under: &str,
        first: i32,
        day: i64,
    ) -> EnvelopeId {
        let act = Replant {
            office: office(who),
            parent: office(under),
            from_day: first,
            grace_days: 10,
        };
        self.replant_as(by, act, day)
    }

    pub fn replant_as(&mut self, by: &str, act: Replant, day: i64) -> EnvelopeId {
        let at = by.split('.').next().unwrap();
        let draft = Draft {
            dossier: Some(self.rosters[at]),
            day,
            ..Draft::default()
        };
        self.sign(by, draft, act.into())
    }

    pub fn endorse(&mut self, by: &str, whose: &str, at: EnvelopeId, day: i64) -> EnvelopeId {
        self.endorse_over(by, whose, at, day, &[])
    }

    pub fn endorse_over(
        &mut self,
        by: &str,
        whose: &str,
        at: EnvelopeId,
        day: i64,
        replaces: &[EnvelopeId],
    ) -> EnvelopeId {
        let act = Endorse {
            author: self.author(whose),
            at: self.at(at),
            replaces: replaces.to_vec(),
        };
        let draft = self.roster_draft(whose, day);
        self.sign(by, draft, act.into())
    }

    fn roster_draft(&self, whose: &str, day: i64) -> Draft {
        let at = whose.split('.').next().unwrap();
        Draft {
            dossier: Some(self.rosters[at]),
            day,
            ..Draft::default()
        }
    }

    /// Opens the case of T1 that the other acts belong to.
    pub fn open(&mut self, who: &str) -> DossierId {
        let at = who.split('.').next().unwrap();
        let act = Open {
            office: office(at),
            person: PersonCode([7; 16]),
            minor: 0,
            fields: Fields::new(),
        };
        let id = self.sign(who, Draft::default(), act.into());
        self.case = Some(id.into());
        id.into()
    }

    fn in_case(&self, deps: &[EnvelopeId], day: i64) -> Draft {
        let case = self.case.unwrap();
        let mut deps = deps.to_vec();
        deps.push(case.into());
        Draft {
            dossier: Some(case),
            deps,
            day,
            ..Draft::default()
        }
    }

    pub fn apply(&mut self, who: &str, workflow: &str, days: (i32, i32)) -> EnvelopeId {
        let act = Apply {
            workflow: workflow.to_owned(),
            version: 1,
            on_behalf: 1,
            span: Some(Span {
                first_day: days.0,
                last_day: days.1,
            }),
            area: None,
            fields: Fields::new(),
        };
        let draft = self.in_case(&[], 10);
        self.sign(who, draft, act.into())
    }

    pub fn step(
        &mut self,
        who: &str,
        matter: EnvelopeId,
        event: &str,
        replaces: &[EnvelopeId],
        deps: &[EnvelopeId],
    ) -> EnvelopeId {
        self.step_on(who, matter, event, replaces, deps, 11)
    }

    pub fn step_on(
        &mut self,
        who: &str,
        matter: EnvelopeId,
        event: &str,
        replaces: &[EnvelopeId],
        deps: &[EnvelopeId],
        day: i64,
    ) -> EnvelopeId {
        let mut replaces = replaces.to_vec();
        replaces.sort_unstable();
        let mut all = deps.to_vec();
        all.push(matter);
        all.extend(&replaces);
        let act = Step {
            matter,
            event: event.to_owned(),
            replaces,
            section: None,
            fields: Fields::new(),
            span: None,
        };
        let draft = self.in_case(&all, day);
        self.sign(who, draft, act.into())
    }

    pub fn serve(&mut self, who: &str, decision: EnvelopeId, day: i64) -> EnvelopeId {
        let act = Serve {
            decision,
            fields: Fields::new(),
        };
        let draft = self.in_case(&[decision], day);
        self.sign(who, draft, act.into())
    }

    /// Takes an act back, having seen it and `deps`.
    pub fn withdraw(&mut self, who: &str, act: EnvelopeId, deps: &[EnvelopeId]) -> EnvelopeId {
        let withdraw = Withdraw {
            act,
            reason: "entered for another person".to_owned(),
        };
        let deps: Vec<EnvelopeId> = deps.iter().copied().chain([act]).collect();
        let draft = self.in_case(&deps, 11);
        self.sign(who, draft, withdraw.into())
    }

    /// From now on the author signs as if nothing of the case was known.
    pub fn forget_place(&mut self, who: &str) {
        let case = self.case.unwrap();
        self.seats.get_mut(who).unwrap().here.remove(&case);
    }

    /// Corrects an act.
    pub fn correct(&mut self, who: &str, act: EnvelopeId, reason: &str) -> EnvelopeId {
        let correct = Correct {
            act,
            fields: [("note".to_owned(), "as it was".into())].into(),
            reason: reason.to_owned(),
        };
        let draft = self.in_case(&[act], 11);
        self.sign(who, draft, correct.into())
    }

    pub fn amend(&mut self, who: &str, value: &str, replaces: &[EnvelopeId]) -> EnvelopeId {
        let mut replaces = replaces.to_vec();
        replaces.sort_unstable();
        let act = Amend {
            field: "term".to_owned(),
            replaces: replaces.clone(),
            value: value.as_bytes().to_vec(),
        };
        let draft = self.in_case(&replaces, 11);
        self.sign(who, draft, act.into())
    }

    /// Any act on the case.
    pub fn any(&mut self, who: &str, act: Act, deps: &[EnvelopeId]) -> EnvelopeId {
        let draft = self.in_case(deps, 11);
        self.sign(who, draft, act)
    }

    /// A change of the case's texts.
    pub fn edit(&mut self, who: &str) -> EnvelopeId {
        let draft = self.in_case(&[], 11);
        let edit = EditBytes {
            at: draft.day * DAY,
            change: vec![1],
        };
        self.seal(who, draft, Kind::Edit, canon::encode(&edit))
    }

    /// An act that says nothing of weight: a note on the chain.
    pub fn note(&mut self, who: &str, day: i64) -> EnvelopeId {
        let draft = self.in_case(&[], day);
        let matter = self.case.unwrap().into();
        let act = Step {
            matter,
            event: "note".to_owned(),
            replaces: Vec::new(),
            section: None,
            fields: Fields::new(),
            span: None,
        };
        self.sign(who, draft, act.into())
    }

    /// As `note`, on another head than the last one.
    pub fn note_after(
        &mut self,
        who: &str,
        day: i64,
        n: u64,
        prev: Option<EnvelopeId>,
    ) -> EnvelopeId {
        let seat = self.seats[who].clone();
        let case = self.case.unwrap();
        self.seats.get_mut(who).unwrap().here.remove(&case);
        let draft = Draft {
            after: Some((n, prev)),
            ..self.in_case(&[], day)
        };
        let act = Step {
            matter: case.into(),
            event: "note".to_owned(),
            replaces: Vec::new(),
            section: None,
            fields: Fields::new(),
            span: None,
        };
        let id = self.sign(who, draft, act.into());
        self.seats.insert(who.to_owned(), seat);
        id
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

/// The author id of somebody who was never appointed.
pub fn stranger(name: &str, at: &str) -> AuthorId {
    author_id(1, &key(name), office(at), Duty::Staff)
}
