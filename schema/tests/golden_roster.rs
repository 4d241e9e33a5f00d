//! The bytes of the roster's later acts and of later fields of its earlier ones: files that are never
//! changed, only added to.

// The test itself reads the committed files; the crate does not.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use jiaolian_schema::act::{
    Act, Acting, Appoint, Ask, At, Damage, Entrust, FormerKeeper, Found, Ledger, Log, PublicKey,
    Restyle, Root, RootSignature, RootStatement, Shred, Shredded, StandIn, Stays, Vouch,
    bound_office_id,
};
use jiaolian_schema::admit::{AdmitError, Introduction, Introductions, admit};
use jiaolian_schema::audit::{Fault, Flaw};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Duty, Envelope, Head, Kind};
use jiaolian_schema::id::{AuthorId, BodyHash, DossierId, EnvelopeId, OfficeId, PersonId, sha256};
use jiaolian_schema::suite::{Ed25519Signer, Sign as _, StrictVerifier};

const AT: i64 = 1_772_409_600_000;
const OFFICE: OfficeId = OfficeId([1; 16]);

fn id(byte: u8) -> EnvelopeId {
    EnvelopeId([byte; 32])
}

fn signer(seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(&[seed; 32])
}

fn public(seed: u8) -> PublicKey {
    PublicKey {
        suite: 1,
        key: signer(seed).public_key(),
    }
}

/// Version 2: two of three, another keeper, and of the first one everything up to position 5.
fn root() -> Root {
    let mut keys: Vec<PublicKey> = [11, 12, 13].map(public).into();
    keys.sort();
    let mut former = vec![
        FormerKeeper {
            key: public(3),
            stays: Stays::UpTo(At { n: 5, id: id(5) }),
        },
        FormerKeeper {
            key: public(4),
            stays: Stays::All,
        },
        FormerKeeper {
            key: public(5),
            stays: Stays::Nothing,
        },
    ];
    former.sort_by(|a, b| a.key.cmp(&b.key));
    let statement = RootStatement {
        version: 2,
        office: OFFICE,
        threshold: 2,
        keys,
        keeper: public(6),
        former,
    };
    let bytes = statement.signed_bytes();
    let sign = |seed| RootSignature {
        key: public(seed),
        signature: signer(seed).sign(&bytes).unwrap(),
    };
    let mut signatures: Vec<RootSignature> = [3, 11, 13].map(sign).into();
    signatures.sort_by(|a, b| a.key.cmp(&b.key));
    Root {
        statement,
        signatures,
    }
}

fn acts() -> Vec<(&'static str, Act)> {
    let entrust = Entrust {
        office: OFFICE,
        actions: vec![],
        from: AT,
        to: AT + 1,
        document: String::new(),
        ends: Some(vec![id(1), id(2)]),
    };
    let appoint = Appoint {
        person: PersonId([3; 16]),
        name: "李四".into(),
        staff_number: "1001".into(),
        suite: 1,
        key: signer(1).public_key(),
        office: OFFICE,
        duty: Duty::Staff,
        roles: vec!["OFF_HEAD".into()],
        kinds: vec![1, 2],
        not_before: AT,
        not_after: AT + 1,
        depth: 0,
        endpoint: None,
        document: "湘司任〔2026〕1号".into(),
        acting: Some(Acting {
            person: PersonId([4; 16]),
            condition: "所长外出超过三日".into(),
        }),
    };
    let restyle = Restyle {
        office: OFFICE,
        from_day: 20_514,
        name: Some("新城司法所".into()),
        code: None,
    };
    let stand_in = StandIn {
        appointment: id(6),
        reason: "所长赴省参会".into(),
        back: 0,
    };
    vec![
        ("root", root().into()),
        ("restyle", restyle.into()),
        ("stand_in", stand_in.into()),
        ("entrust_ends", entrust.into()),
        ("appoint_acting", appoint.into()),
    ]
}

fn found() -> Found {
    let (parent, nonce) = (OfficeId([2; 16]), [7; 16]);
    Found {
        office: bound_office_id(parent, nonce),
        parent: Some(parent),
        tier: 1,
        code: "431381001".into(),
        name: "锡矿山司法所".into(),
        drill: 1,
        nonce: Some(nonce),
    }
}

fn vouch() -> Vouch {
    Vouch {
        authority: Some([8; 32]),
        replaces: vec![id(1), id(2)],
        document: "网安〔2026〕3号".into(),
    }
}

fn ask() -> Ask {
    Ask {
        office: OFFICE,
        person: PersonId([3; 16]),
        staff_number: "1001".into(),
        duty: Duty::Staff,
        suite: 1,
        key: signer(7).public_key(),
        last: Some(At { n: 5, id: id(5) }),
        nonce: [6; 16],
    }
}

/// What offices keep and destroy, and what their machines write down.
fn kept() -> Vec<(&'static str, Act)> {
    let shred = Shred {
        dossier: DossierId([9; 32]),
        basis: "个人信息保护法第四十七条".into(),
        document: "矫销〔2026〕1号".into(),
    };
    let shredded = Shredded {
        shred: id(1),
        dossier: DossierId([9; 32]),
    };
    let ledger = Ledger {
        office: OFFICE,
        after: Some(id(2)),
    };
    let log = Log {
        first: 4,
        before: [3; 32],
        last: [4; 32],
        rows: vec![vec![1, 2].into(), vec![].into()],
    };
    let flaw = Flaw {
        number: 3,
        to: 4,
        fault: Fault::Altered,
    };
    let damage = Damage { flaws: vec![flaw] };
    vec![
        ("found_bound", found().into()),
        ("vouch", vouch().into()),
        ("ask", ask().into()),
        ("shred", shred.into()),
        ("shredded", shredded.into()),
        ("ledger", ledger.into()),
        ("log", log.into()),
        ("damage", damage.into()),
    ]
}

fn seal(act: &Act) -> Envelope {
    let body = Body {
        salt: [5; 16],
        dossier: Some(DossierId([9; 32])),
        m: 2,
        prev_here: Some(id(4)),
        deps: vec![id(1), id(3)],
        appointment: Some(id(6)),
        payload: act.to_payload(AT),
    };
    let bytes = canon::encode(&body);
    let head = Head {
        suite: 1,
        kind: Kind::Act,
        author: keeper().author(),
        n: 3,
        prev: Some(id(2)),
        body_hash: BodyHash(sha256(&[&bytes])),
        receipt: Some(id(8)),
    };
    Envelope::seal(&signer(1), &head, bytes).unwrap()
}

fn keeper() -> Introduction {
    public(1).keeper_of(OFFICE)
}

struct Book;

impl Introductions for Book {
    fn introduction(&self, author: AuthorId) -> Option<Introduction> {
        Some(keeper()).filter(|keeper| keeper.author() == author)
    }
}

#[test]
fn bytes_are_those_of_the_committed_files() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let write = std::env::var_os("JIAOLIAN_WRITE_GOLDEN").is_some();
    for (name, act) in acts().into_iter().chain(kept()) {
        let path = dir.join(format!("roster_{name}.cbor"));
        let bytes = canon::encode(&seal(&act));
        if write && !path.exists() {
            std::fs::write(&path, &bytes).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{name} changed");
        let envelope: Envelope = canon::decode("an envelope", &bytes).unwrap();
        let body: Body = canon::decode("a body", envelope.body.as_ref().unwrap()).unwrap();
        assert_eq!(Act::from_payload(&body.payload), Ok((AT, act)), "{name}");
    }
}

#[test]
fn the_door_looks_at_the_signatures_inside_a_root_act() {
    for (_, act) in acts() {
        assert!(admit(seal(&act), &Book, &StrictVerifier).is_ok());
    }
    let mut forged = root();
    forged.statement.threshold = 1;
    let refused = admit(seal(&forged.into()), &Book, &StrictVerifier);
    let refused = refused.map(|admitted| admitted.id()).unwrap_err();
    assert!(matches!(refused, AdmitError::Root(_)) && refused.is_verdict());
    let mut unknown = root();
    unknown.signatures[0].key.suite = 0;
    let refused = admit(seal(&unknown.into()), &Book, &StrictVerifier);
    let refused = refused.map(|admitted| admitted.id()).unwrap_err();
    assert!(!refused.is_verdict(), "{refused}");
}
