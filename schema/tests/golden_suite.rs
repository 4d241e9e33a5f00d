//! Suite 2's bytes for ever: envelopes of an SM2 officer and of an SM2 witness, and their ids by SM3.
//!
//! Signing is deterministic, so the same seed signs the same bytes. Files are only added.

// The test itself reads the committed files; the crate does not.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use jiaolian_schema::act::{Act, Appoint, EditBytes, Open, Receipt, Receipted};
use jiaolian_schema::admit::{AdmitError, Introduction, Introductions, admit};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Duty, Envelope, Head, Kind, body_hash, head_id};
use jiaolian_schema::id::{
    AuthorId, DossierId, EnvelopeId, OfficeId, PersonCode, PersonId, sha256, sm3,
};
use jiaolian_schema::suite::{ED25519, SM2, SeedSigner, Sign as _, StrictVerifier, Suite};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const OFFICE: OfficeId = OfficeId([0x11; 16]);
/// 2026-03-02T01:00Z, ms.
const AT: i64 = 1_772_413_200_000;

fn signer(suite: Suite, duty: Duty) -> SeedSigner {
    SeedSigner::new(suite, &[duty as u8 + 0x20; 32])
}

fn introduction(suite: Suite, duty: Duty) -> Introduction {
    Introduction {
        suite: suite.number(),
        key: signer(suite, duty).public_key(),
        office: OFFICE,
        duty,
    }
}

/// Everybody in both suites.
struct Book;

impl Introductions for Book {
    fn introduction(&self, author: AuthorId) -> Option<Introduction> {
        let duties = [Duty::Keeper, Duty::Witness, Duty::Staff];
        let mut all = Suite::ALL
            .into_iter()
            .flat_map(|suite| duties.map(|duty| introduction(suite, duty)));
        all.find(|one| one.author() == author)
    }
}

fn id(byte: u8) -> EnvelopeId {
    EnvelopeId([byte; 32])
}

fn body(payload: Vec<u8>, opens: bool) -> Body {
    Body {
        salt: [5; 16],
        dossier: (!opens).then_some(DossierId([9; 32])),
        m: if opens { 1 } else { 2 },
        prev_here: (!opens).then_some(id(4)),
        deps: if opens { vec![] } else { vec![id(1), id(3)] },
        appointment: Some(id(6)),
        payload,
    }
}

fn sealed(suite: Suite, kind: Kind, duty: Duty, body: &Body) -> Envelope {
    let bytes = canon::encode(body);
    let head = Head {
        suite: suite.number(),
        kind,
        author: introduction(suite, duty).author(),
        n: 3,
        prev: Some(id(2)),
        body_hash: body_hash(suite.number(), &bytes),
        receipt: Some(id(8)),
    };
    Envelope::seal(&signer(suite, duty), &head, bytes).unwrap()
}

fn receipt(suite: Suite) -> Receipt {
    let listed = |byte: u8, whole| Receipted {
        author: AuthorId([byte; 32]),
        n: u64::from(byte),
        id: id(byte),
        whole,
    };
    Receipt::new(
        suite.number(),
        AT,
        vec![listed(2, 1), listed(1, 0), listed(3, 1)],
    )
}

fn open() -> Act {
    Open {
        office: OFFICE,
        person: PersonCode([7; 16]),
        minor: 0,
        fields: BTreeMap::new(),
    }
    .into()
}

/// An Ed25519 county is appointed by an SM2 keeper, and the other way round.
fn appoint(suite: Suite) -> Act {
    Appoint {
        person: PersonId([3; 16]),
        name: "刘建国".to_owned(),
        staff_number: "43138110001".to_owned(),
        suite: suite.number(),
        key: signer(suite, Duty::Staff).public_key(),
        office: OFFICE,
        duty: Duty::Staff,
        roles: vec!["OFF_HEAD".to_owned()],
        kinds: vec![1, 2],
        not_before: AT,
        not_after: AT + 1,
        depth: 0,
        endpoint: None,
        acting: None,
        document: "1".to_owned(),
    }
    .into()
}

fn golden() -> Vec<(&'static str, Envelope)> {
    let two = Suite::Sm2;
    let appoints = |suite| body(appoint(suite).to_payload(AT), false);
    vec![
        (
            "suite2_open.cbor",
            sealed(
                two,
                Kind::Act,
                Duty::Staff,
                &body(open().to_payload(AT), true),
            ),
        ),
        (
            "suite2_appoint_suite1.cbor",
            sealed(two, Kind::Act, Duty::Keeper, &appoints(Suite::Ed25519)),
        ),
        (
            "suite1_appoint_suite2.cbor",
            sealed(Suite::Ed25519, Kind::Act, Duty::Keeper, &appoints(two)),
        ),
        (
            "suite2_receipt.cbor",
            sealed(
                two,
                Kind::Receipt,
                Duty::Witness,
                &body(canon::encode(&receipt(two)), false),
            ),
        ),
    ]
}

#[test]
fn bytes_and_ids_are_those_of_the_committed_files() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let write = std::env::var_os("JIAOLIAN_WRITE_GOLDEN").is_some();
    let mut ids = String::new();
    for (name, envelope) in golden() {
        let (path, bytes) = (dir.join(name), canon::encode(&envelope));
        if write && !path.exists() {
            std::fs::write(&path, &bytes).unwrap();
        }
        let stored = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(stored == bytes, "{name} changed");
        writeln!(ids, "{} {name}", envelope.id()).unwrap();
    }
    let path = dir.join("ids_suite2.txt");
    if write && !path.exists() {
        std::fs::write(&path, &ids).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), ids);
}

#[test]
fn they_pass_the_door_and_are_named_in_their_own_suite() {
    for (name, envelope) in golden() {
        let head = envelope.parse_head().unwrap();
        let named = if head.suite == SM2 { sm3 } else { sha256 };
        assert_eq!(envelope.id().0, named(&[&envelope.head]), "{name}");
        assert_eq!(head.body_hash.0, named(&[envelope.body.as_ref().unwrap()]));
        let admitted = admit(envelope, &Book, &StrictVerifier).unwrap();
        assert_eq!(admitted.head(), &head, "{name}");
    }
}

/// A body hashed in the other suite, and a root in the other suite, are not the head's.
#[test]
fn hashes_of_the_other_suite_are_refused() {
    let bytes = canon::encode(&body(open().to_payload(AT), true));
    let crossed = |suite: Suite, hash: u8| {
        let head = Head {
            suite: suite.number(),
            kind: Kind::Act,
            author: introduction(suite, Duty::Staff).author(),
            n: 1,
            prev: None,
            body_hash: body_hash(hash, &bytes),
            receipt: None,
        };
        let signer = signer(suite, Duty::Staff);
        let envelope = Envelope::seal(&signer, &head, bytes.clone()).unwrap();
        admit(envelope, &Book, &StrictVerifier).map(|_| ())
    };
    assert_eq!(crossed(Suite::Sm2, SM2), Ok(()));
    assert_eq!(crossed(Suite::Sm2, ED25519), Err(AdmitError::OtherBody));
    assert_eq!(crossed(Suite::Ed25519, SM2), Err(AdmitError::OtherBody));
    let other = body(canon::encode(&receipt(Suite::Ed25519)), false);
    let envelope = sealed(Suite::Sm2, Kind::Receipt, Duty::Witness, &other);
    assert_eq!(
        admit(envelope, &Book, &StrictVerifier).map(|_| ()),
        Err(AdmitError::UnsoundReceipt)
    );
    assert!(receipt(Suite::Sm2).is_sound(SM2));
    assert!(!receipt(Suite::Sm2).is_sound(ED25519));
}

/// The suite is inside the signed bytes: a head that says another one is not its author's.
#[test]
fn a_head_can_not_change_its_suite() {
    let (_, envelope) = golden().remove(0);
    let mut head = envelope.parse_head().unwrap();
    head.suite = ED25519;
    let turned = Envelope {
        head: canon::encode(&head),
        ..envelope.clone()
    };
    let refused = admit(turned, &Book, &StrictVerifier).map(|_| ());
    let (known, said) = (SM2, ED25519);
    assert_eq!(refused, Err(AdmitError::OtherSuite { known, said }));
    head.suite = 99;
    let unknown = Envelope {
        head: canon::encode(&head),
        ..envelope
    };
    assert_eq!(unknown.id().0, sha256(&[&unknown.head]));
    let refused = admit(unknown, &Book, &StrictVerifier).unwrap_err();
    assert_eq!(refused, AdmitError::UnknownSuite(99));
    assert!(!refused.is_verdict());
}

/// The id looks at the first bytes only; whatever parses as a head says the same suite there.
#[test]
fn the_id_takes_the_suite_that_the_head_says() {
    let (_, envelope) = golden().remove(0);
    let mut head = envelope.parse_head().unwrap();
    for suite in 0..=u8::MAX {
        head.suite = suite;
        let bytes = canon::encode(&head);
        let read: Head = canon::decode("a head", &bytes).unwrap();
        assert_eq!(read.suite, suite);
        let named = if suite == SM2 { sm3 } else { sha256 };
        assert_eq!(head_id(&bytes).0, named(&[&bytes]), "suite {suite}");
    }
    for odd in [&[][..], &[0xa6], &[0xa6, 0], &[0xa6, 0, 0x18], &[0; 300]] {
        assert_eq!(head_id(odd).0, sha256(&[odd]));
    }
}

/// An edit's actor is its author's id, in whichever suite that was named.
#[test]
fn an_edit_of_an_sm2_author_is_judged_like_any_other() {
    let change = vec![1, 2, 3];
    let payload = canon::encode(&EditBytes { at: AT, change });
    let envelope = sealed(Suite::Sm2, Kind::Edit, Duty::Staff, &body(payload, false));
    let refused = admit(envelope, &Book, &StrictVerifier).unwrap_err();
    assert!(matches!(refused, AdmitError::Change(_)), "{refused}");
}
