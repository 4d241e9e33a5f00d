//! Changes whose bytes are in order and whose references are not, and those that are known to make
//! automerge panic: neither may reach it.
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "corpus/forge.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod forge;

use automerge::{Automerge, Change, TextEncoding};
use forge::{FIRST, Forge, WANG, body_of, literal};
use jiaolian_schema::content::{ApplyError, Content, ContentKind, EDIT_1, LedgerError, precheck};

/// Passes the pre-check, is refused for the past it names.
fn check_past(forge: &Forge) -> LedgerError {
    let mut content = Content::genesis(ContentKind::Case);
    precheck(&forge.bytes(), &EDIT_1, &WANG).expect("must pass the pre-check");
    match content.apply(&forge.bytes(), &WANG) {
        Err(ApplyError::Ledger(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn counter_that_skips_ahead_is_refused_so_that_nobody_can_use_them_up() {
    let forge = Forge {
        start_op: 2_000_000_000,
        ..Forge::default()
    };
    let expected = LedgerError::Counter {
        expected: FIRST,
        found: 2_000_000_000,
    };
    assert_eq!(check_past(&forge), expected);
}

#[test]
fn sequence_number_that_skips_or_repeats_is_refused() {
    let forge = Forge {
        seq: 2,
        ..Forge::default()
    };
    assert_eq!(
        check_past(&forge),
        LedgerError::Sequence {
            expected: 1,
            found: 2
        }
    );
    let mut content = Content::genesis(ContentKind::Case);
    content.apply(&Forge::default().bytes(), &WANG).unwrap();
    let twin = Forge {
        time: 1,
        ..Forge::default()
    };
    let refused = content.apply(&twin.bytes(), &WANG);
    assert!(matches!(
        refused,
        Err(ApplyError::Ledger(LedgerError::Fork { seq: 1, .. }))
    ));
}

#[test]
fn reference_to_what_is_not_in_the_past_is_refused() {
    let elsewhere = Forge::default().column(0x02, literal(&[1]));
    assert!(
        matches!(check_past(&elsewhere), LedgerError::Reference { .. }),
        "a key in a text"
    );
    // A character after one that nobody inserted, though the counter is old enough.
    let mut lost = Forge::default()
        .column(0x02, literal(&[1]))
        .column(0x11, literal(&[1]))
        .column(0x13, literal(&[3]))
        .column(0x15, vec![])
        .column(0x34, vec![0, 1]);
    let rule = "a place in a text is a character of its past";
    assert_eq!(
        check_past(&lost),
        LedgerError::Reference {
            index: 0,
            rule,
            found: 3
        }
    );
    lost.others.push(vec![0x77; 32]);
    let lost = lost.column(0x11, literal(&[2]));
    assert_eq!(
        check_past(&lost),
        LedgerError::Reference {
            index: 0,
            rule,
            found: 3
        }
    );
    let pred = Forge::default()
        .column(0x70, literal(&[1]))
        .column(0x71, literal(&[1]))
        .column(0x73, literal(&[5]));
    let rule = "a predecessor set the same key in its past";
    assert_eq!(
        check_past(&pred),
        LedgerError::Reference {
            index: 0,
            rule,
            found: 5
        }
    );
}

#[test]
fn container_is_one_of_the_genesis_and_not_an_operation_of_the_author() {
    let mut content = Content::genesis(ContentKind::Case);
    content.apply(&Forge::default().bytes(), &WANG).unwrap();
    let deps = content.heads();
    let mut own = Forge {
        deps,
        seq: 2,
        start_op: FIRST + 1,
        ..Forge::default()
    };
    own.others.clear();
    let own = own
        .column(0x01, literal(&[0]))
        .column(0x02, literal(&[FIRST as u8]));
    let refused = content.apply(&own.bytes(), &WANG);
    let rule = "an edit changes a container of the genesis";
    let expected = LedgerError::Reference {
        index: 0,
        rule,
        found: FIRST,
    };
    assert_eq!(refused, Err(ApplyError::Ledger(expected)));
}

const PANICS: [(&str, &[u8]); 8] = [
    ("batch 136", include_bytes!("corpus/panic_batch_136.bin")),
    ("batch 146", include_bytes!("corpus/panic_batch_146.bin")),
    ("batch 859", include_bytes!("corpus/panic_batch_859.bin")),
    ("batch 920", include_bytes!("corpus/panic_batch_920.bin")),
    ("batch 949", include_bytes!("corpus/panic_batch_949.bin")),
    ("batch 1121", include_bytes!("corpus/panic_batch_1121.bin")),
    (
        "change graph 564",
        include_bytes!("corpus/panic_change_graph_564.bin"),
    ),
    (
        "change graph 569",
        include_bytes!("corpus/panic_change_graph_569.bin"),
    ),
];

/// Splits a row of chunks.
fn chunks(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut chunks = Vec::new();
    while !bytes.is_empty() {
        let number = bytes[9..].iter().scan(true, |more, byte| {
            std::mem::replace(more, byte & 0x80 != 0).then_some(u64::from(byte & 0x7f))
        });
        let number: Vec<u64> = number.collect();
        let length = number.iter().rev().fold(0, |sum, part| sum << 7 | part) as usize;
        let (chunk, rest) = bytes.split_at(9 + number.len() + length);
        chunks.push(chunk);
        bytes = rest;
    }
    chunks
}

/// The actor stands behind the deps and its own length byte.
fn actor_of(chunk: &[u8]) -> [u8; 32] {
    let body = body_of(chunk);
    let at = 2 + 32 * usize::from(body[0]);
    body[at..at + 32].try_into().unwrap()
}

#[test]
fn every_change_known_to_make_automerge_panic_is_refused_before_it() {
    for (site, bytes) in PANICS {
        let chunks = chunks(bytes);
        let (hostile, past) = chunks.split_last().unwrap();
        let mut content = Content::genesis(ContentKind::Case);
        for change in past {
            content.apply(change, &actor_of(change)).unwrap();
        }
        let refused = content.apply(hostile, &actor_of(hostile));
        assert!(
            matches!(refused, Err(ApplyError::Precheck(_))),
            "{site}: {refused:?}"
        );
        let unguarded = std::panic::catch_unwind(|| {
            let parse = |bytes: &[u8]| Change::from_bytes(bytes.to_vec()).unwrap();
            let mut document = Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint);
            document
                .apply_changes([parse(ContentKind::Case.genesis_bytes())])
                .unwrap();
            document
                .apply_changes(past.iter().map(|bytes| parse(bytes)).collect::<Vec<_>>())
                .unwrap();
            let _panics = document.apply_changes([parse(hostile)]);
            document.hydrate(None)
        });
        assert!(unguarded.is_err(), "{site}: automerge has mended this one");
    }
}
