//! Signatures and seals a second in either suite, beside the bare primitive in the same run.

use super::figure::Figure;
use super::key::{code, root};
use super::{peer, timing};
use ed25519_dalek::{Signer as _, SigningKey};
use jiaolian_node::seal::{CaseSecret, OpsKey, Place};
use jiaolian_schema::act::{Act, Open};
use jiaolian_schema::admit::{Introduction, Introductions, admit};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Duty, Envelope, Head, Kind, body_hash};
use jiaolian_schema::id::{AuthorId, sha256, sm3};
use jiaolian_schema::suite::{
    SM2_USER_ID, SeedSigner, Sign as _, StrictVerifier, Suite, Verify as _,
};
use sm2::dsa::signature::Verifier as _;
use std::collections::BTreeMap;
use std::time::Duration;

const SECTION: &str = "seal";
/// Bytes of a row that is sealed: about a stored fix.
const ROW_BYTES: usize = 120;
/// Things done between two looks at the clock.
const AT_ONCE: usize = 64;

pub(super) fn measure(quick: bool) -> Vec<Figure> {
    let least = Duration::from_millis(if quick { 3 } else { 800 });
    let mut figures = Vec::new();
    for suite in Suite::ALL {
        figures.extend(signatures(suite, least));
    }
    for suite in Suite::ALL {
        figures.extend(seals(suite, least));
    }
    figures
}

struct Book(Introduction);

impl Introductions for Book {
    fn introduction(&self, author: AuthorId) -> Option<Introduction> {
        (self.0.author() == author).then(|| self.0.clone())
    }
}

/// An act that opens a case, as its head and its body's bytes.
fn draft(book: &Book) -> (Head, Vec<u8>) {
    let office = root().office;
    let open = Open {
        office,
        person: code(1),
        minor: 0,
        fields: BTreeMap::new(),
    };
    let body = Body {
        salt: [7; 16],
        dossier: None,
        m: 1,
        prev_here: None,
        deps: Vec::new(),
        appointment: None,
        payload: Act::from(open).to_payload(super::world::START_MS),
    };
    let bytes = canon::encode(&body);
    let head = Head {
        suite: book.0.suite,
        kind: Kind::Act,
        author: book.0.author(),
        n: 1,
        prev: None,
        body_hash: body_hash(book.0.suite, &bytes),
        receipt: None,
    };
    (head, bytes)
}

/// What the bare primitive of a suite does in a second: signing and checking.
fn bare(suite: Suite, message: &[u8], least: Duration) -> (f64, f64) {
    let seed = sha256(&[b"bare"]);
    match suite {
        Suite::Ed25519 => {
            let key = SigningKey::from_bytes(&seed);
            let (public, signature) = (key.verifying_key(), key.sign(message));
            let sign = rate(least, || key.sign(message).to_bytes());
            let check = || public.verify_strict(message, &signature).is_ok();
            (sign, rate(least, check))
        }
        Suite::Sm2 => {
            let key = sm2::dsa::SigningKey::from_slice(SM2_USER_ID, &seed)
                .expect("the hash is below the order of the curve");
            let (public, signature) = (key.verifying_key(), key.sign(message));
            let sign = rate(least, || key.sign(message).to_bytes());
            let check = || public.verify(message, &signature).is_ok();
            (sign, rate(least, check))
        }
    }
}

fn signatures(suite: Suite, least: Duration) -> Vec<Figure> {
    let key = SeedSigner::new(suite, &sha256(&[b"bench seed", b"root"]));
    let introduction = Introduction {
        suite: suite.number(),
        key: key.public_key(),
        office: root().office,
        duty: Duty::Staff,
    };
    let book = Book(introduction);
    let (head, body) = draft(&book);
    let sealed = || Envelope::seal(&key, &head, body.clone()).expect("a key in memory signs");
    let envelope = sealed();
    let message = Head::signed_bytes(head.kind, &envelope.head);
    let (bare_sign, bare_verify) = bare(suite, &message, least);
    let seal = rate(least, sealed);
    let public = key.public_key();
    let verify = rate(least, || {
        StrictVerifier.verify(suite.number(), &public, &message, &envelope.signature)
    });
    let admitted = rate(least, || {
        admit(envelope.clone(), &book, &StrictVerifier)
            .expect("the envelope was made to be admitted")
    });
    let number = u64::from(suite.number());
    let row = |what, figure: f64, beside, peer_figure: f64| {
        Figure::timed(SECTION, what, number, (figure, "/s"))
            .against(beside, peer_figure)
            .more()
    };
    let quiet = match suite {
        Suite::Ed25519 => peer::QUIET_VERIFY,
        Suite::Sm2 => peer::QUIET_SM2_VERIFY,
    };
    let (sign_goal, admit_goal) = match suite {
        Suite::Ed25519 => (0.8, 0.7),
        // The key is wiped after each use, so its public half is made anew.
        Suite::Sm2 => (0.4, 0.7),
    };
    vec![
        row(
            "bare verify (suite n)",
            bare_verify,
            quiet.name,
            quiet.figure,
        ),
        row(
            "sign an envelope (suite n)",
            seal,
            "bare sign of the suite, this run",
            bare_sign,
        )
        .goal(sign_goal),
        row(
            "verify, key from bytes (suite n)",
            verify,
            "bare verify of the suite, this run",
            bare_verify,
        ),
        row(
            "admit an envelope (suite n)",
            admitted,
            "bare verify of the suite, this run",
            bare_verify,
        )
        .goal(admit_goal),
    ]
}

fn seals(suite: Suite, least: Duration) -> Vec<Figure> {
    let (ops, case) = (OpsKey::generate_in(suite), CaseSecret::generate_in(suite));
    let public = case.public();
    let place = Place {
        table: 10,
        key: &[9; 56],
    };
    let plain = vec![5; ROW_BYTES];
    let (sealed, boxed) = (ops.seal(place, &plain), public.seal(place, &plain));
    let (peer, hash) = match suite {
        Suite::Ed25519 => {
            let hash = 1e6 / rate(least, || sha256(&[&sealed]));
            ("SHA-256 of the row, this run", hash)
        }
        Suite::Sm2 => {
            let hash = 1e6 / rate(least, || sm3(&[&sealed]));
            ("SM3 of the row, this run", hash)
        }
    };
    let seal = 1e6 / rate(least, || ops.seal(place, &plain));
    let open = 1e6 / rate(least, || ops.open(place, &sealed));
    let seal_box = 1e6 / rate(least, || public.seal(place, &plain));
    let open_box = 1e6 / rate(least, || case.open(place, &boxed));
    let number = u64::from(suite.number());
    let row = |what, figure: f64| {
        Figure::timed(SECTION, what, number, (figure, "µs")).against(peer, hash)
    };
    let overhead = (sealed.len() - plain.len()) as f64;
    vec![
        row("seal a row of 120 B, OPS (suite n)", seal),
        row("open a row of 120 B, OPS (suite n)", open),
        row("seal a row to the closed CASE domain (suite n)", seal_box),
        row("open such a row (suite n)", open_box),
        Figure::counted(
            SECTION,
            "bytes that a seal adds (suite n)",
            number,
            (overhead, "B"),
        )
        .against("the row", ROW_BYTES as f64),
    ]
}

/// How often a second.
fn rate<T>(least: Duration, work: impl Fn() -> T) -> f64 {
    timing::rate(least, || {
        (0..AT_ONCE).for_each(|_| drop(std::hint::black_box(work())));
        AT_ONCE
    })
}
