//! The bytes of the wire and the disk: files that are never changed, only added to, and what the
//! door refuses.
//!
//! Ed25519 is deterministic, so the same seed signs the same bytes. A new kind of act adds a file;
//! a changed file would mean that old signatures no longer verify.

// The test itself reads the committed files; the crate does not.
#![allow(clippy::unwrap_used, clippy::disallowed_types)]

use jiaolian_schema::act::{ACT_BYTES_MAX, SECTION_BYTES_MAX};
use jiaolian_schema::act::{
    Act, ActBytes, Amend, Apply, Appoint, Assign, At, Correct, EditBytes, Endorse, Entrust, Found,
    Open, Policy, Raise, Receipt, Receipted, Revoke, Serve, Span, Step, Withdraw,
};
use jiaolian_schema::admit::{AdmitError, Introduction, Introductions, admit};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{BODY_BYTES_MAX, Body, Duty, Envelope, Head, Kind, LOGIN_TYPE};
use jiaolian_schema::envelope::{HEAD_BYTES_MAX, pre_authentication};
use jiaolian_schema::id::{
    AlarmId, AuthorId, BodyHash, DossierId, EnvelopeId, OfficeId, PersonCode, PersonId, sha256,
};
use jiaolian_schema::suite::{Ed25519Signer, Sign, StrictVerifier};
use jiaolian_schema::value::{Fields, Value};
use std::collections::BTreeMap;

const AT: i64 = 1_772_409_600_000;
const OFFICE: OfficeId = OfficeId([1; 16]);
const DOSSIER: DossierId = DossierId([9; 32]);

fn id(byte: u8) -> EnvelopeId {
    EnvelopeId([byte; 32])
}

fn fields() -> Fields {
    BTreeMap::from([
        ("name".to_owned(), Value::from("张三")),
        ("number".to_owned(), Value::Int(-3)),
        ("proof".to_owned(), Value::Bytes(vec![1, 2])),
    ])
}

fn roster_acts() -> Vec<(&'static str, Act)> {
    let at = At { n: 5, id: id(5) };
    let author = AuthorId([4; 32]);
    vec![
        (
            "found",
            Found {
                office: OFFICE,
                parent: Some(OfficeId([2; 16])),
                tier: 1,
                code: "431381001".into(),
                name: "锡矿山司法所".into(),
                drill: 0,
                nonce: None,
            }
            .into(),
        ),
        ("appoint", appoint(&signer(1), Duty::Staff).into()),
        (
            "revoke",
            Revoke {
                author,
                at: Some(at),
                replaces: vec![id(1), id(2)],
                reason: "遗失".into(),
                compromised_since: Some(AT),
            }
            .into(),
        ),
        (
            "endorse",
            Endorse {
                author,
                at,
                replaces: vec![],
            }
            .into(),
        ),
        (
            "policy",
            Policy {
                stale_days: 7,
                fold_version: 1,
                rule_pack: [8; 32],
            }
            .into(),
        ),
        (
            "entrust",
            Entrust {
                office: OFFICE,
                actions: vec!["leave".into()],
                from: AT,
                to: AT + 1,
                document: "委托〔2026〕1号".into(),
                ends: None,
            }
            .into(),
        ),
    ]
}

fn appoint(signer: &Ed25519Signer, duty: Duty) -> Appoint {
    Appoint {
        person: PersonId([3; 16]),
        name: "李四".into(),
        staff_number: "1001".into(),
        suite: 1,
        key: signer.public_key(),
        office: OFFICE,
        duty,
        roles: vec!["OFF_HEAD".into()],
        kinds: vec![1, 2],
        not_before: AT,
        not_after: AT + 1,
        depth: 0,
        endpoint: Some([6; 32]),
        document: String::new(),
        acting: None,
    }
}

fn case_acts() -> Vec<(&'static str, Act)> {
    let span = Some(Span {
        first_day: 20_514,
        last_day: 20_518,
    });
    vec![
        ("open", open()),
        (
            "assign",
            Assign {
                office: OFFICE,
                replaces: vec![],
            }
            .into(),
        ),
        (
            "amend",
            Amend {
                field: "fence/home".into(),
                replaces: vec![id(1)],
                value: vec![1, 2, 3],
            }
            .into(),
        ),
        (
            "apply",
            Apply {
                workflow: "leave".into(),
                version: 1,
                on_behalf: 1,
                span,
                area: Some(vec![4]),
                fields: fields(),
            }
            .into(),
        ),
        (
            "step",
            Step {
                matter: id(2),
                event: "approve".into(),
                replaces: vec![id(1)],
                section: Some(vec![0xA0]),
                fields: fields(),
                span: None,
            }
            .into(),
        ),
        (
            "serve",
            Serve {
                decision: id(3),
                fields: fields(),
            }
            .into(),
        ),
        (
            "withdraw",
            Withdraw {
                act: id(3),
                reason: "日期填错".into(),
            }
            .into(),
        ),
        (
            "correct",
            Correct {
                act: id(3),
                fields: fields(),
                reason: "姓名录入有误".into(),
            }
            .into(),
        ),
        (
            "raise",
            Raise {
                alarm: AlarmId([1; 32]),
                case: DOSSIER,
                office: OFFICE,
                person: PersonCode([7; 16]),
                kind: "GEO_OUT".into(),
                severity: 2,
                fence: "home".into(),
                time: AT,
                decided_at: AT + 180_000,
                retrospective: 0,
                evidence: vec![1],
            }
            .into(),
        ),
    ]
}

fn open() -> Act {
    Open {
        office: OFFICE,
        person: PersonCode([7; 16]),
        minor: 0,
        fields: fields(),
    }
    .into()
}

fn signer(seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(&[seed; 32])
}

fn introduction(seed: u8, duty: Duty) -> Introduction {
    Introduction {
        suite: 1,
        key: signer(seed).public_key(),
        office: OFFICE,
        duty,
    }
}

/// Everybody that the tests introduce.
struct Book(Vec<Introduction>);

impl Introductions for Book {
    fn introduction(&self, author: AuthorId) -> Option<Introduction> {
        self.0.iter().find(|one| one.author() == author).cloned()
    }
}

fn book() -> Book {
    Book(vec![
        introduction(1, Duty::Staff),
        introduction(2, Duty::Witness),
        introduction(3, Duty::Keeper),
    ])
}

fn body(payload: Vec<u8>, opens: bool) -> Body {
    Body {
        salt: [5; 16],
        dossier: (!opens).then_some(DOSSIER),
        m: if opens { 1 } else { 2 },
        prev_here: (!opens).then_some(id(4)),
        deps: if opens { vec![] } else { vec![id(1), id(3)] },
        appointment: Some(id(6)),
        payload,
    }
}

fn head(kind: Kind, body: &[u8]) -> Head {
    let by = match kind {
        Kind::Receipt => introduction(2, Duty::Witness),
        _ => introduction(1, Duty::Staff),
    };
    Head {
        suite: 1,
        kind,
        author: by.author(),
        n: 3,
        prev: Some(id(2)),
        body_hash: BodyHash(sha256(&[body])),
        receipt: Some(id(8)),
    }
}

fn seal(kind: Kind, body: &Body) -> Envelope {
    let bytes = canon::encode(body);
    let seed = if kind == Kind::Receipt { 2 } else { 1 };
    Envelope::seal(&signer(seed), &head(kind, &bytes), bytes).unwrap()
}

fn receipt() -> Receipt {
    let listed = |byte: u8, whole| Receipted {
        author: AuthorId([byte; 32]),
        n: u64::from(byte),
        id: id(byte),
        whole,
    };
    Receipt::new(1, AT, vec![listed(2, 1), listed(1, 0)])
}

/// Every golden value by the name of its file.
fn golden() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (name, act) in roster_acts().into_iter().chain(case_acts()) {
        let opens = matches!(act, Act::Found(_) | Act::Open(_) | Act::Raise(_));
        let body = body(act.to_payload(AT), opens);
        files.insert(format!("body_{name}.cbor"), canon::encode(&body));
    }
    let step = case_acts().remove(4).1;
    let act = seal(Kind::Act, &body(step.to_payload(AT), false));
    files.insert("head_act.cbor".into(), act.head.clone());
    files.insert("envelope_act.cbor".into(), canon::encode(&act));
    let receipt = seal(Kind::Receipt, &body(canon::encode(&receipt()), false));
    files.insert("envelope_receipt.cbor".into(), canon::encode(&receipt));
    let change = EditBytes {
        at: AT,
        change: vec![1, 2, 3],
    };
    let edit = seal(Kind::Edit, &body(canon::encode(&change), false));
    files.insert("envelope_edit.cbor".into(), canon::encode(&edit));
    files
}

#[test]
fn bytes_are_those_of_the_committed_files() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let write = std::env::var_os("JIAOLIAN_WRITE_GOLDEN").is_some();
    for (name, bytes) in golden() {
        let path = dir.join(&name);
        if write && !path.exists() {
            std::fs::File::create(&path)
                .and_then(|mut file| std::io::Write::write_all(&mut file, &bytes))
                .unwrap();
        }
        let mut stored = Vec::new();
        std::fs::File::open(&path)
            .and_then(|mut file| std::io::Read::read_to_end(&mut file, &mut stored))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(stored == bytes, "{name} changed");
    }
}

#[test]
fn ids_are_those_of_the_committed_list() {
    let list = include_str!("golden/ids.txt");
    let mut ids = String::new();
    for (name, bytes) in golden() {
        if name.starts_with("envelope_") {
            let envelope: Envelope = canon::decode("an envelope", &bytes).unwrap();
            ids += &[envelope.id().to_hex().as_str(), " ", &name, "\n"].concat();
        }
    }
    assert_eq!(ids, list);
}

fn checked(envelope: Envelope) -> Result<EnvelopeId, AdmitError> {
    admit(envelope, &book(), &StrictVerifier).map(|admitted| admitted.id())
}

fn act_envelope(change: impl FnOnce(&mut Body)) -> Envelope {
    let mut body = body(case_acts().remove(4).1.to_payload(AT), false);
    change(&mut body);
    seal(Kind::Act, &body)
}

/// Signs a head of any shape over a sound body.
fn head_envelope(change: impl FnOnce(&mut Head)) -> Envelope {
    let bytes = canon::encode(&body(case_acts().remove(4).1.to_payload(AT), false));
    let mut head = head(Kind::Act, &bytes);
    change(&mut head);
    Envelope::seal(&signer(1), &head, bytes).unwrap()
}

/// Signs exactly these bytes as an act's head.
fn signed_head_bytes(head: Vec<u8>) -> Envelope {
    Envelope {
        signature: signer(1)
            .sign(&Head::signed_bytes(Kind::Act, &head))
            .unwrap(),
        head,
        body: None,
    }
}

#[test]
fn sound_envelopes_pass_the_door() {
    for (name, bytes) in golden() {
        // The edit's head and body are golden; the change inside it is none.
        if name.starts_with("envelope_") && name != "envelope_edit.cbor" {
            let envelope: Envelope = canon::decode("an envelope", &bytes).unwrap();
            let id = envelope.id();
            assert_eq!(checked(envelope.clone()), Ok(id), "{name}");
            let admitted = admit(envelope.clone(), &book(), &StrictVerifier).unwrap();
            assert_eq!(*admitted.head(), envelope.parse_head().unwrap());
            assert_eq!(*admitted.envelope(), envelope);
            assert_eq!(admitted.fact().map(|fact| fact.id), Some(id));
            let body = admitted.body().map(canon::encode);
            assert_eq!(body, envelope.body, "{name}");
            let bare = admit(envelope.without_body(), &book(), &StrictVerifier).unwrap();
            assert!(bare.body().is_none() && bare.fact().is_none(), "{name}");
        }
    }
}

#[test]
fn row_65_bytes_that_are_not_the_one_form_of_a_head_are_refused() {
    let good = act_envelope(|_| {}).head;
    let count = usize::from(good[0] & 0x1F);
    assert_eq!(good[..3], [0xA0 | count as u8, 0x00, 0x01]);
    let with = |from: &[u8], to: &[u8]| [to, &good[from.len()..]].concat();
    let cases: [(&str, Vec<u8>); 9] = [
        ("trailing byte", [&good[..], &[0]].concat()),
        (
            "long integer",
            with(&good[..3], &[good[0], 0x00, 0x18, 0x01]),
        ),
        ("long key", with(&good[..3], &[good[0], 0x18, 0x00, 0x01])),
        ("indefinite length", [&[0xBF], &good[1..], &[0xFF]].concat()),
        (
            "duplicate key",
            with(&good[..1], &[good[0] + 1, 0x00, 0x01]),
        ),
        (
            "unknown key",
            [&[good[0] + 1], &good[1..], &[0x17, 0x00]].concat(),
        ),
        (
            "float",
            with(&good[..3], &[good[0], 0x00, 0xF9, 0x3C, 0x00]),
        ),
        ("tag", with(&good[..3], &[good[0], 0x00, 0xC1, 0x01])),
        ("cut short", good[..good.len() - 1].to_vec()),
    ];
    for (what, head) in cases {
        let refused = checked(signed_head_bytes(head));
        assert!(
            matches!(refused, Err(AdmitError::Canon(_))),
            "{what}: {refused:?}"
        );
    }
}

#[test]
fn row_65_a_body_with_trailing_bytes_or_bottomless_nesting_is_refused() {
    let good = canon::encode(&body(open().to_payload(AT), true));
    for bytes in [[&good[..], &[0]].concat(), vec![0x81; 10_000]] {
        let envelope = Envelope::seal(&signer(1), &head(Kind::Act, &bytes), bytes).unwrap();
        assert!(matches!(checked(envelope), Err(AdmitError::Canon(_))));
    }
}

#[test]
fn row_12_a_signature_over_another_kind_of_thing_is_refused() {
    let good = act_envelope(|_| {});
    for other in ["edit/1", "receipt/1", LOGIN_TYPE] {
        let signature = signer(1)
            .sign(&pre_authentication(other, &good.head))
            .unwrap();
        let forged = Envelope {
            signature,
            ..good.clone()
        };
        assert_eq!(
            checked(forged),
            Err(AdmitError::BadSignature("act/1")),
            "{other}"
        );
    }
}

#[test]
fn row_66_a_signature_with_the_group_order_added_is_refused() {
    const ORDER: [u8; 32] = [
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut forged = act_envelope(|_| {});
    let mut carry = 0_u16;
    for (byte, add) in forged.signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(checked(forged), Err(AdmitError::BadSignature("act/1")));
}

#[test]
fn row_66_small_order_and_all_zero_keys_sign_nothing() {
    let mut one = [0; 32];
    one[0] = 1;
    for key in [one, [0; 32]] {
        let weak = Introduction {
            key: key.to_vec(),
            ..introduction(1, Duty::Staff)
        };
        let mut envelope = head_envelope(|head| head.author = weak.author());
        // R the identity and S zero verify under a small-order key where checks are lax.
        envelope.signature = [0; 64];
        envelope.signature[0] = 1;
        let refused = admit(envelope, &Book(vec![weak]), &StrictVerifier).map(|it| it.id());
        assert_eq!(refused, Err(AdmitError::BadSignature("act/1")));
    }
}

#[test]
fn row_67_an_unknown_suite_waits_and_is_no_verdict() {
    let refused = checked(head_envelope(|head| head.suite = 99)).unwrap_err();
    assert_eq!(refused, AdmitError::UnknownSuite(99));
    assert!(!refused.is_verdict() && AdmitError::OtherBody.is_verdict());
    let refused = checked(head_envelope(|head| head.author = AuthorId([0; 32]))).unwrap_err();
    assert!(!refused.is_verdict());
}

#[test]
fn a_chain_starts_at_one_and_only_there_without_prev() {
    let start = |n| Err(AdmitError::ChainStart { n });
    assert_eq!(checked(head_envelope(|head| head.n = 0)), start(0));
    assert_eq!(checked(head_envelope(|head| head.n = 1)), start(1));
    assert_eq!(checked(head_envelope(|head| head.prev = None)), start(3));
    let here = |m| Err(AdmitError::HereStart { m });
    assert_eq!(checked(act_envelope(|body| body.m = 0)), here(0));
    assert_eq!(checked(act_envelope(|body| body.m = 1)), here(1));
}

#[test]
fn a_body_is_the_one_that_the_head_names() {
    let mut swapped = act_envelope(|_| {});
    swapped.body = act_envelope(|body| body.salt = [6; 16]).body;
    assert_eq!(checked(swapped), Err(AdmitError::OtherBody));
    let mut long = act_envelope(|_| {});
    long.body = Some(vec![0; BODY_BYTES_MAX + 1]);
    assert_eq!(
        checked(long),
        Err(AdmitError::BodyTooLong(BODY_BYTES_MAX + 1))
    );
    let long = signed_head_bytes(vec![0; HEAD_BYTES_MAX + 1]);
    assert_eq!(
        checked(long),
        Err(AdmitError::HeadTooLong(HEAD_BYTES_MAX + 1))
    );
}

#[test]
fn deps_ascend_and_are_at_most_sixteen() {
    let unsorted = act_envelope(|body| body.deps = vec![id(3), id(1)]);
    assert_eq!(checked(unsorted), Err(AdmitError::UnsortedDeps));
    let twice = act_envelope(|body| body.deps = vec![id(1), id(1)]);
    assert_eq!(checked(twice), Err(AdmitError::UnsortedDeps));
    let many = act_envelope(|body| body.deps = (0..17).map(id).collect());
    assert_eq!(checked(many), Err(AdmitError::TooManyDeps(17)));
}

/// A step whose section or note is so long.
fn step_with(section: usize, note: usize) -> Act {
    Step {
        matter: id(2),
        event: "n".repeat(note),
        replaces: vec![],
        section: Some(vec![0; section]),
        fields: Fields::new(),
        span: None,
    }
    .into()
}

#[test]
fn lengths_are_refused_beyond_their_bound_and_not_at_it() {
    let said = |section, note| {
        let payload = step_with(section, note).to_payload(AT);
        (
            payload.len(),
            checked(act_envelope(|body| body.payload = payload)),
        )
    };
    assert!(said(SECTION_BYTES_MAX, 1).1.is_ok());
    let long = said(SECTION_BYTES_MAX + 1, 1).1;
    assert_eq!(long, Err(AdmitError::SectionTooLong(SECTION_BYTES_MAX + 1)));
    // The rest of the act makes up the length.
    let spare = ACT_BYTES_MAX - said(0, 100_000).0 + 100_000;
    let (length, at_bound) = said(0, spare);
    assert_eq!(length, ACT_BYTES_MAX);
    assert!(at_bound.is_ok(), "{at_bound:?}");
    let beyond = said(0, spare + 1).1;
    assert_eq!(beyond, Err(AdmitError::ActTooLong(ACT_BYTES_MAX + 1)));
    assert!(checked(act_envelope(|body| body.deps = (0..16).map(id).collect())).is_ok());
    // At the bound they are looked at, and are no bodies and heads.
    let mut body = act_envelope(|_| {});
    body.body = Some(vec![0; BODY_BYTES_MAX]);
    assert_eq!(checked(body), Err(AdmitError::OtherBody));
    let head = checked(signed_head_bytes(vec![0; HEAD_BYTES_MAX]));
    assert!(matches!(head, Err(AdmitError::Canon(_))), "{head:?}");
}

#[test]
fn a_head_says_the_suite_that_its_author_was_introduced_with() {
    let other = Introduction {
        suite: 2,
        ..introduction(1, Duty::Staff)
    };
    let envelope = head_envelope(|head| head.author = other.author());
    let refused = admit(envelope, &Book(vec![other]), &StrictVerifier).map(|it| it.id());
    assert_eq!(refused, Err(AdmitError::OtherSuite { known: 2, said: 1 }));
}

#[test]
fn of_the_rosters_acts_only_a_founding_opens_a_dossier() {
    for (name, act) in roster_acts() {
        let alone = checked(seal(Kind::Act, &body(act.to_payload(AT), true)));
        let inside = checked(seal(Kind::Act, &body(act.to_payload(AT), false)));
        let expected = if name == "found" {
            [true, false]
        } else {
            [false, true]
        };
        assert_eq!([alone.is_ok(), inside.is_ok()], expected, "{name}");
    }
}

#[test]
fn only_openings_open_a_dossier() {
    let unnamed = act_envelope(|body| body.dossier = None);
    assert_eq!(checked(unnamed), Err(AdmitError::Opening));
    let inside = seal(Kind::Act, &body(open().to_payload(AT), false));
    assert_eq!(checked(inside), Err(AdmitError::Opening));
    let mut with_deps = body(open().to_payload(AT), true);
    with_deps.deps = vec![id(1)];
    assert_eq!(
        checked(seal(Kind::Act, &with_deps)),
        Err(AdmitError::Opening)
    );
    let mut later = body(open().to_payload(AT), true);
    (later.m, later.prev_here) = (2, Some(id(4)));
    assert_eq!(checked(seal(Kind::Act, &later)), Err(AdmitError::Opening));
    assert!(checked(seal(Kind::Act, &body(open().to_payload(AT), true))).is_ok());
}

#[test]
fn witnesses_sign_receipts_and_nobody_else_does() {
    let bytes = canon::encode(&body(canon::encode(&receipt()), false));
    let mut by_staff = head(Kind::Receipt, &bytes);
    by_staff.author = introduction(1, Duty::Staff).author();
    let envelope = Envelope::seal(&signer(1), &by_staff, bytes).unwrap();
    assert_eq!(checked(envelope), Err(AdmitError::WitnessOnly));
    let mut wrong = receipt();
    wrong.root = [0; 32];
    let unsound = seal(Kind::Receipt, &body(canon::encode(&wrong), false));
    assert_eq!(checked(unsound), Err(AdmitError::UnsoundReceipt));
}

#[test]
fn an_unknown_kind_of_act_is_kept() {
    let unknown = canon::encode(&ActBytes {
        kind: 999,
        at: AT,
        content: vec![0xF6],
    });
    assert!(checked(act_envelope(|body| body.payload = unknown)).is_ok());
}
