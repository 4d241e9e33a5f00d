//! One small bundle, byte for byte: whoever writes another verifier can begin with it. What it says
//! is written down in `docs/bundle.md`.

// The test itself reads the committed file; the crate does not.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use jiaolian_schema::act::{
    Act, Apply, Appoint, Entrust, Found, Open, PublicKey, Receipt, Receipted, RootStatement, Span,
    Step,
};
use jiaolian_schema::bundle::{Bundle, BundleError, Subject};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Duty, Envelope, Head, Kind, author_id, body_hash};
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId, PersonCode, PersonId};
use jiaolian_schema::opinion::{Decided, Opinion, Papers, Slot, State, Value};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::{ED25519, Ed25519Signer, Sign as _, StrictVerifier};
use jiaolian_schema::value::Fields;
use std::collections::BTreeMap;

const AT: i64 = 1_772_409_600_000;
const DAY: i64 = 86_400_000;
const PROVINCE: OfficeId = OfficeId([1; 16]);
const TOWNSHIP: OfficeId = OfficeId([2; 16]);
/// The rules of the day are not part of the form.
const RULES: [u8; 32] = [7; 32];

struct Pen {
    key: Ed25519Signer,
    office: OfficeId,
    duty: Duty,
    appointment: Option<EnvelopeId>,
    last: Option<EnvelopeId>,
    n: u64,
    here: BTreeMap<DossierId, (u64, EnvelopeId)>,
}

impl Pen {
    fn new(seed: u8, office: OfficeId, duty: Duty) -> Self {
        Self {
            key: Ed25519Signer::from_seed(&[seed; 32]),
            office,
            duty,
            appointment: None,
            last: None,
            n: 0,
            here: BTreeMap::new(),
        }
    }

    fn sign(
        &mut self,
        kind: Kind,
        dossier: Option<DossierId>,
        deps: &[EnvelopeId],
        payload: Vec<u8>,
    ) -> Envelope {
        let here = dossier.and_then(|id| self.here.get(&id).copied());
        let mut deps = deps.to_vec();
        deps.sort_unstable();
        let body = canon::encode(&Body {
            salt: [self.n as u8; 16],
            dossier,
            m: here.map_or(1, |(m, _)| m + 1),
            prev_here: here.map(|(_, id)| id),
            deps,
            appointment: self.appointment,
            payload,
        });
        let head = Head {
            suite: ED25519,
            kind,
            author: author_id(ED25519, &self.key.public_key(), self.office, self.duty),
            n: self.n + 1,
            prev: self.last,
            body_hash: body_hash(ED25519, &body),
            receipt: None,
        };
        let envelope = Envelope::seal(&self.key, &head, body).unwrap();
        let id = envelope.id();
        (self.n, self.last) = (self.n + 1, Some(id));
        let m = here.map_or(1, |(m, _)| m + 1);
        self.here.insert(dossier.unwrap_or(id.into()), (m, id));
        envelope
    }

    fn act(
        &mut self,
        dossier: Option<DossierId>,
        deps: &[EnvelopeId],
        act: impl Into<Act>,
    ) -> Envelope {
        self.sign(Kind::Act, dossier, deps, act.into().to_payload(AT))
    }

    fn appoint(&self, name: &str, role: &str) -> Appoint {
        Appoint {
            person: PersonId([name.len() as u8 + self.key.public_key()[0]; 16]),
            name: name.to_owned(),
            staff_number: String::new(),
            suite: ED25519,
            key: self.key.public_key(),
            office: self.office,
            duty: self.duty,
            roles: vec![role.to_owned()],
            kinds: vec![1],
            not_before: AT - DAY,
            not_after: AT + 30 * DAY,
            depth: 0,
            endpoint: None,
            document: "湘司任〔2026〕1号".to_owned(),
            acting: None,
        }
    }
}

fn found(office: OfficeId, parent: Option<OfficeId>, tier: u8, name: &str) -> Act {
    Found {
        office,
        parent,
        tier,
        code: "43".to_owned(),
        name: name.to_owned(),
        drill: 1,
        nonce: None,
    }
    .into()
}

/// A province and a township; a leave of three days, asked for by one officer, granted by the head,
/// and filed by the province. Gives the envelopes, the case and the grant.
fn story() -> (RootStatement, Vec<Envelope>, DossierId, EnvelopeId) {
    let mut root = Pen::new(1, PROVINCE, Duty::Keeper);
    let mut witness = Pen::new(2, PROVINCE, Duty::Witness);
    let mut staff = Pen::new(3, TOWNSHIP, Duty::Staff);
    let mut head = Pen::new(4, TOWNSHIP, Duty::Staff);
    let mut all = Vec::new();
    let mut put = |envelope: Envelope| -> EnvelopeId {
        all.push(envelope);
        all[all.len() - 1].id()
    };
    let province = put(root.act(None, &[], found(PROVINCE, None, 4, "湖南省司法厅"))).into();
    let township = put(root.act(None, &[], found(TOWNSHIP, Some(PROVINCE), 1, "集里司法所")));
    let appoint = witness.appoint("收讫", "NODE_WITNESS");
    witness.appointment = Some(put(root.act(Some(province), &[], appoint)));
    let appoint = staff.appoint("李工", "OFF_STAFF");
    staff.appointment = Some(put(root.act(Some(township.into()), &[], appoint)));
    let appoint = head.appoint("王所长", "OFF_HEAD");
    head.appointment = Some(put(root.act(Some(township.into()), &[], appoint)));
    let entrust = Entrust {
        office: TOWNSHIP,
        actions: vec!["leave".to_owned()],
        from: AT - DAY,
        to: AT + 30 * DAY,
        document: String::new(),
        ends: None,
    };
    put(root.act(Some(province), &[], entrust));
    let open = Open {
        office: TOWNSHIP,
        person: PersonCode([5; 16]),
        minor: 0,
        fields: Fields::new(),
    };
    let case: DossierId = put(staff.act(None, &[], open)).into();
    let apply = Apply {
        workflow: "leave".to_owned(),
        version: 1,
        on_behalf: 1,
        span: Some(Span {
            first_day: 20_516,
            last_day: 20_518,
        }),
        area: None,
        fields: Fields::new(),
    };
    let matter = put(staff.act(Some(case), &[], apply));
    let approve = Step {
        matter,
        event: "approve".to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: Fields::new(),
        span: None,
    };
    let approve = head.act(Some(case), &[matter], approve);
    let grant = put(approve);
    let listed = Receipted {
        author: author_id(ED25519, &head.key.public_key(), TOWNSHIP, Duty::Staff),
        n: 1,
        id: grant,
        whole: 1,
    };
    let receipt = canon::encode(&Receipt::new(ED25519, AT + DAY, vec![listed]));
    put(witness.sign(Kind::Receipt, Some(province), &[], receipt));
    let key = PublicKey {
        suite: ED25519,
        key: root.key.public_key(),
    };
    let pin = RootStatement::single(PROVINCE, key);
    (pin, all, case, grant)
}

fn bundle() -> Bundle {
    let (root, envelopes, case, _) = story();
    Bundle::new(
        &root,
        Subject::Case(case),
        AT + 2 * DAY,
        (RULES, 1),
        envelopes,
    )
}

#[test]
fn the_golden_bundle_keeps_its_bytes() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/leave.bundle");
    let bytes = bundle().to_bytes();
    if std::env::var_os("JIAOLIAN_WRITE_GOLDEN").is_some() && !path.exists() {
        std::fs::write(&path, &bytes).unwrap();
    }
    let golden = std::fs::read(&path).unwrap();
    assert_eq!(
        jiaolian_schema::id::hex(&bytes),
        jiaolian_schema::id::hex(&golden)
    );
    let read = Bundle::parse(&golden).unwrap();
    assert_eq!(read.envelopes, bundle().envelopes);
    assert_eq!(read.root(), bundle().root());
}

#[test]
fn the_golden_bundle_says_who_granted_what() {
    let (root, envelopes, case, grant) = story();
    let papers = Papers::open(root, envelopes.iter(), &StrictVerifier).unwrap();
    let opinion = Opinion::of(&papers);
    let filed = Some(AT + DAY);
    assert_eq!(opinion.state(grant), State::Good { filed });
    assert_eq!(opinion.lacks(case), []);
    let found = opinion.of_case(case, &RulePack::builtin());
    assert_eq!(found.place, TOWNSHIP);
    assert_eq!(found.decided[&grant], Decided::Stands);
    let matter = found.matters.values().next().unwrap();
    let Slot::Stands(held) = &matter.slots["grant"] else {
        panic!("{matter:?}");
    };
    assert_eq!((&held.value, &held.ids), (&Value::Approve, &vec![grant]));
    let by = opinion.capacity(papers.get(grant).unwrap()).unwrap();
    assert_eq!(
        (by.name.as_str(), by.roles[0].as_str()),
        ("王所长", "OFF_HEAD")
    );
}

#[test]
fn without_the_receipt_the_grant_is_not_filed_and_without_a_middle_head_the_chain_has_a_hole() {
    let (root, envelopes, case, grant) = story();
    let without = |gone: &dyn Fn(&Envelope) -> bool| {
        let left: Vec<Envelope> = envelopes.iter().filter(|e| !gone(e)).cloned().collect();
        Papers::open(root.clone(), left.iter(), &StrictVerifier).unwrap()
    };
    let papers = without(&|envelope| envelope.parse_head().unwrap().kind == Kind::Receipt);
    let filed = None;
    assert_eq!(Opinion::of(&papers).state(grant), State::Good { filed });
    let papers = without(&|envelope| {
        let head = envelope.parse_head().unwrap();
        head.author == root.keeper.keeper_of(root.office).author() && head.n == 6
    });
    assert_eq!(Opinion::of(&papers).lacks(case), []);
    let papers = without(&|envelope| {
        let head = envelope.parse_head().unwrap();
        head.author == root.keeper.keeper_of(root.office).author() && head.n == 2
    });
    let opinion = Opinion::of(&papers);
    let said = opinion.lacks(case)[0].to_string();
    assert!(
        said.starts_with("rule 7:") && said.ends_with("lacks n = 2"),
        "{said}"
    );
    assert!(!matches!(opinion.state(grant), State::Good { .. }));
}

#[test]
fn every_single_bit_of_a_bundle_is_held_by_something() {
    let bytes = bundle().to_bytes();
    for at in (0..bytes.len() * 8).step_by(7) {
        let mut flipped = bytes.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        assert!(Bundle::parse(&flipped).is_err(), "bit {at}");
    }
    for end in (0..bytes.len()).step_by(11) {
        assert!(Bundle::parse(&bytes[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn an_envelope_that_was_edited_is_refused_though_the_digest_is_made_anew() {
    let (root, envelopes, case, _) = story();
    for (at, envelope) in envelopes.iter().enumerate() {
        for place in 0..3 {
            let mut all = envelopes.clone();
            let edited: &mut [u8] = match place {
                0 => &mut all[at].signature,
                1 => all[at].body.as_mut().unwrap(),
                _ => &mut all[at].head,
            };
            let middle = edited.len() / 2;
            edited[middle] ^= 1;
            let file = Bundle::new(&root, Subject::Case(case), AT, (RULES, 1), all).to_bytes();
            let refused = match Bundle::parse(&file) {
                Err(BundleError::Subject(_)) => true,
                Err(error) => panic!("{error}"),
                Ok(read) => {
                    Papers::open(read.root().clone(), read.envelopes.iter(), &StrictVerifier)
                        .is_err()
                }
            };
            assert!(refused, "{place} of {:?}", envelope.id());
        }
    }
}

#[test]
fn forms_that_are_none_are_refused_by_their_sentence() {
    let says = |bytes: &[u8]| Bundle::parse(bytes).unwrap_err().to_string();
    assert!(says(b"\xa0").contains("the file is no bundle"));
    assert!(says(&[0x9f; 64]).contains("the file is no bundle"));
    let text = bundle().to_bytes();
    let at = text.windows(3).position(|three| three == b"e/1").unwrap();
    let mut other = text;
    other[at + 2] = b'2';
    assert!(says(&other).contains("a bundle's form is jiaolian-bundle/1"));
    let long = vec![0; jiaolian_schema::bundle::BUNDLE_BYTES_MAX + 1];
    assert!(says(&long).contains("a bundle has at most 67108864 bytes"));
    let (root, envelopes, ..) = story();
    let elsewhere = Subject::Alarm(DossierId([9; 32]));
    let file = Bundle::new(&root, elsewhere, AT, (RULES, 1), envelopes).to_bytes();
    assert!(says(&file).contains("of which the file holds nothing"));
}
