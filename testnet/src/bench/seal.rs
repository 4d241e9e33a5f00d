//! Signatures and seals a second, beside the bare primitive in the same run.

use super::figure::Figure;
use super::key::{code, root, signer};
use super::{peer, timing};
use ed25519_dalek::{Signer as _, SigningKey};
use jiaolian_node::seal::{CaseSecret, OpsKey, Place};
use jiaolian_schema::act::{Act, Open};
use jiaolian_schema::admit::{Introduction, Introductions, admit};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Duty, Envelope, Head, Kind};
use jiaolian_schema::id::{AuthorId, BodyHash, sha256};
use jiaolian_schema::suite::{ED25519, Sign as _, StrictVerifier, Verify as _};
use std::collections::BTreeMap;
use std::time::Duration;

const SECTION: &str = "seal";
/// Bytes of a row that is sealed: about a stored fix.
const ROW_BYTES: usize = 120;
/// Things done between two looks at the clock.
const AT_ONCE: usize = 64;

pub(super) fn measure(quick: bool) -> Vec<Figure> {
    let least = Duration::from_millis(if quick { 3 } else { 800 });
    let mut figures = signatures(least);
    figures.extend(seals(least));
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
        suite: ED25519,
        kind: Kind::Act,
        author: book.0.author(),
        n: 1,
        prev: None,
        body_hash: BodyHash(sha256(&[&bytes])),
        receipt: None,
    };
    (head, bytes)
}

fn signatures(least: Duration) -> Vec<Figure> {
    let key = signer("root");
    let office = root().office;
    let introduction = Introduction {
        suite: ED25519,
        key: key.public_key(),
        office,
        duty: Duty::Staff,
    };
    let book = Book(introduction);
    let (head, body) = draft(&book);
    let envelope = Envelope::seal(&key, &head, body.clone());
    let message = Head::signed_bytes(head.kind, &envelope.head);
    let bare = SigningKey::from_bytes(&sha256(&[b"bare"]));
    let (public, signature) = (bare.verifying_key(), bare.sign(&message));
    let bare_sign = rate(least, || bare.sign(&message).to_bytes());
    let seal = rate(least, || Envelope::seal(&key, &head, body.clone()));
    let bare_verify = rate(least, || public.verify_strict(&message, &signature).is_ok());
    let (public, signature) = (public.to_bytes(), signature.to_bytes());
    let verify = rate(least, || {
        StrictVerifier.verify(ED25519, &public, &message, &signature)
    });
    let admitted = rate(least, || {
        admit(envelope.clone(), &book, &StrictVerifier)
            .expect("the envelope was made to be admitted")
    });
    let row = |what, figure: f64, beside, peer_figure: f64| {
        Figure::timed(SECTION, what, 1, (figure, "/s"))
            .against(beside, peer_figure)
            .more()
    };
    let quiet = peer::QUIET_VERIFY;
    vec![
        row("bare verify_strict", bare_verify, quiet.name, quiet.figure),
        row(
            "sign an envelope",
            seal,
            "bare Ed25519 sign, this run",
            bare_sign,
        )
        .goal(0.8),
        row(
            "verify, key from bytes",
            verify,
            "bare verify_strict, this run",
            bare_verify,
        ),
        row(
            "admit an envelope",
            admitted,
            "bare verify_strict, this run",
            bare_verify,
        )
        .goal(0.7),
    ]
}

fn seals(least: Duration) -> Vec<Figure> {
    let (ops, case) = (OpsKey::generate(), CaseSecret::generate());
    let public = case.public();
    let place = Place {
        table: 10,
        key: &[9; 56],
    };
    let plain = vec![5; ROW_BYTES];
    let (sealed, boxed) = (ops.seal(place, &plain), public.seal(place, &plain));
    let hash = 1e6 / rate(least, || sha256(&[&sealed]));
    let seal = 1e6 / rate(least, || ops.seal(place, &plain));
    let open = 1e6 / rate(least, || ops.open(place, &sealed));
    let seal_box = 1e6 / rate(least, || public.seal(place, &plain));
    let open_box = 1e6 / rate(least, || case.open(place, &boxed));
    let peer = "SHA-256 of the row, this run";
    let row = |what, figure: f64| {
        Figure::timed(SECTION, what, ROW_BYTES as u64, (figure, "µs")).against(peer, hash)
    };
    let overhead = (sealed.len() - plain.len()) as f64;
    vec![
        row("seal a row, OPS (n bytes)", seal),
        row("open a row, OPS", open),
        row("seal a row to the closed CASE domain", seal_box),
        row("open such a row", open_box),
        Figure::counted(
            SECTION,
            "bytes that a seal adds",
            ROW_BYTES as u64,
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
