//! Bytes from people who mean harm. Automerge 0.12 takes 34 seconds and 2.2 GiB for 127 of them,
//! and panics on 1.6 % of mutated changes; none of that may pass the door, and no panic may leave.
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "corpus/forge.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod forge;

use forge::{CONTACT, FIRST, Forge, WANG, body_of, chunk, literal, run, signed, unsigned};
use jiaolian_schema::content::{
    ApplyError, Content, ContentKind, EDIT_1, EditCommand, PrecheckError, Value, precheck,
};

fn check(bytes: &[u8]) -> PrecheckError {
    let mut content = Content::genesis(ContentKind::Case);
    let before = content.hydrate();
    let refused = precheck(bytes, &EDIT_1, &WANG).expect_err("must be refused");
    assert_eq!(
        content.apply(bytes, &WANG),
        Err(ApplyError::Precheck(refused.clone()))
    );
    assert_eq!(content.hydrate(), before);
    refused
}

fn check_forge(forge: &Forge) -> PrecheckError {
    check(&forge.bytes())
}

fn is_operation(error: &PrecheckError, expected: &str) {
    match error {
        PrecheckError::Operation { rule, .. } => assert_eq!(*rule, expected),
        other => panic!("{other}"),
    }
}

/// An honest text edit, long enough to have every column.
fn honest() -> Vec<u8> {
    let mut content = Content::genesis(ContentKind::Case);
    for text in ["每周一到所报告", "每周四到所报告，每月走访"] {
        let base = content.heads();
        let command = EditCommand::Text {
            name: "plan",
            base: &base,
            text,
        };
        let change = content.edit(&WANG, 1_770_000_000_000, command).unwrap();
        content.apply(&change, &WANG).unwrap();
        if content.changes() == 2 {
            return change;
        }
    }
    unreachable!("two changes were made")
}

#[test]
fn forge_that_lies_about_nothing_is_admitted() {
    let mut content = Content::genesis(ContentKind::Case);
    let applied = content.apply(&Forge::default().bytes(), &WANG).unwrap();
    assert_eq!(
        (applied.summary.start_op, applied.summary.ops_max),
        (FIRST, FIRST)
    );
    let shown = &content.hydrate().maps["contact"]["手机"];
    assert_eq!(shown[0].value, Value::Text("1".into()));
}

#[test]
fn documents_compressed_changes_and_bundles_are_refused_by_their_type() {
    for found in [0, 2, 3, 4, 255] {
        let bytes = chunk(found, &Forge::default().body());
        assert_eq!(check(&bytes), PrecheckError::ChunkType { found });
    }
}

#[test]
fn change_of_two_hundred_bytes_with_five_million_operations_is_refused() {
    let columns = vec![
        (0x01, run(5_000_000, &[1])),
        (0x02, run(5_000_000, &[CONTACT])),
        (0x15, run(5_000_000, b"\x01k")),
        (0x34, unsigned(5_000_000)),
        (0x42, run(5_000_000, &[1])),
        (0x56, run(5_000_000, &[0])),
        (0x70, run(5_000_000, &[0])),
    ];
    let bytes = Forge {
        columns,
        ..Forge::default()
    }
    .bytes();
    assert!(bytes.len() < 210, "{} bytes", bytes.len());
    let rows = PrecheckError::Rows {
        column: "action",
        rows: 5_000_000,
        max: 5_000,
    };
    assert_eq!(check(&bytes), rows);
    assert_eq!(
        rows.to_string(),
        "the runs of column action add up to at most 5000 rows, here to 5000000 or more"
    );
}

#[test]
fn bomb_in_any_single_column_is_refused() {
    let huge = [i64::MAX, 5_001, 1 << 40];
    for rows in huge {
        let nulls = [vec![0], unsigned(rows as u64)].concat();
        for spec in [0x01, 0x02, 0x11, 0x13, 0x15, 0x42, 0x56, 0x70, 0x71, 0x73] {
            check_forge(&Forge::default().column(spec, run(rows, &[1])));
            check_forge(&Forge::default().column(spec, nulls.clone()));
            check_forge(&Forge::default().column(spec, signed(-rows)));
            check_forge(&Forge::default().column(spec, signed(i64::MIN)));
        }
        check_forge(&Forge::default().column(0x34, unsigned(rows as u64)));
        check_forge(&Forge::default().column(0x70, literal(&unsigned(rows as u64))));
    }
}

#[test]
fn bomb_of_predecessors_is_refused() {
    let forge = Forge::default().column(0x70, literal(&unsigned(5_001)));
    let rows = PrecheckError::Rows {
        column: "pred count",
        rows: 5_001,
        max: 5_000,
    };
    assert_eq!(check_forge(&forge), rows);
}

#[test]
fn compressed_and_unknown_columns_are_refused() {
    let deflated = Forge::default().column(0x5f, b"1".to_vec());
    assert_eq!(
        check_forge(&deflated),
        PrecheckError::Deflate { spec: 0x5f }
    );
    for spec in [0x94, 0xa5, 0x12, 0xf0_0001] {
        let marked = Forge::default().column(spec, vec![1]);
        assert_eq!(check_forge(&marked), PrecheckError::Column { spec });
    }
}

#[test]
fn columns_out_of_order_twice_or_empty_are_refused() {
    let mut forge = Forge::default();
    forge.columns.swap(0, 1);
    assert_eq!(
        check_forge(&forge),
        PrecheckError::Order {
            what: "columns",
            index: 1
        }
    );
    let mut forge = Forge::default();
    forge.columns.insert(1, forge.columns[0].clone());
    assert_eq!(
        check_forge(&forge),
        PrecheckError::Order {
            what: "columns",
            index: 1
        }
    );
    let mut forge = Forge::default();
    forge.columns[6].1.clear();
    assert_eq!(
        check_forge(&forge),
        PrecheckError::EmptyColumn { spec: 0x57 }
    );
    let mut forge = Forge::default();
    forge.columns.clear();
    assert_eq!(
        check_forge(&forge),
        PrecheckError::Count {
            what: "columns",
            count: 0,
            max: 12
        }
    );
}

#[test]
fn wrong_checksum_magic_and_length_are_refused() {
    let good = Forge::default().bytes();
    let mut bytes = good.clone();
    bytes[5] ^= 1;
    assert!(matches!(check(&bytes), PrecheckError::Checksum { .. }));
    let mut bytes = good.clone();
    bytes[0] ^= 1;
    assert!(matches!(check(&bytes), PrecheckError::Magic { .. }));
    let trailing = [good.as_slice(), &[0]].concat();
    assert!(matches!(check(&trailing), PrecheckError::BodyLength { .. }));
    let twice = [good.as_slice(), &good].concat();
    assert!(matches!(check(&twice), PrecheckError::BodyLength { .. }));
}

#[test]
fn change_cut_at_any_byte_is_refused_with_and_without_a_right_header() {
    let good = honest();
    for end in 0..good.len() {
        check(&good[..end]);
    }
    let body = body_of(&good);
    for end in 0..body.len() {
        check(&chunk(1, &body[..end]));
    }
}

#[test]
fn byte_behind_the_columns_is_refused() {
    let forge = Forge {
        extra: vec![0],
        ..Forge::default()
    };
    assert_eq!(
        check_forge(&forge),
        PrecheckError::Extra { bytes: 1, max: 0 }
    );
    let author = Forge {
        extra: vec![7; 60_000],
        ..Forge::default()
    };
    assert_eq!(
        check_forge(&author),
        PrecheckError::Extra {
            bytes: 60_000,
            max: 0
        }
    );
}

#[test]
fn chunk_longer_than_64_kib_is_refused_before_anything_is_read() {
    let bytes = vec![0; 64 * 1024 + 1];
    assert_eq!(
        check(&bytes),
        PrecheckError::ChunkLength {
            bytes: 65_537,
            max: 65_536
        }
    );
}

#[test]
fn change_in_another_authors_name_is_refused() {
    let li = Forge {
        actor: vec![0x22; 32],
        ..Forge::default()
    };
    let found = [0x22; 32];
    assert_eq!(
        check_forge(&li),
        PrecheckError::Actor {
            expected: WANG,
            found
        }
    );
    for bytes in [0, 16, 31, 33, 300] {
        let odd = Forge {
            actor: vec![0x11; bytes],
            ..Forge::default()
        };
        assert_eq!(
            check_forge(&odd),
            PrecheckError::ActorLength {
                bytes: bytes as u64
            }
        );
    }
}

#[test]
fn message_is_refused() {
    let forge = Forge {
        message: b"hello".to_vec(),
        ..Forge::default()
    };
    assert_eq!(check_forge(&forge), PrecheckError::Message { bytes: 5 });
}

#[test]
fn deps_are_one_to_sixteen_and_ascend() {
    let none = Forge {
        deps: vec![],
        ..Forge::default()
    };
    assert_eq!(
        check_forge(&none),
        PrecheckError::Count {
            what: "deps",
            count: 0,
            max: 16
        }
    );
    let deps: Vec<_> = (0..17).map(|n| [n; 32]).collect();
    let many = Forge {
        deps,
        ..Forge::default()
    };
    assert_eq!(
        check_forge(&many),
        PrecheckError::Count {
            what: "deps",
            count: 17,
            max: 16
        }
    );
    for deps in [vec![[2; 32], [1; 32]], vec![[1; 32], [1; 32]]] {
        let forge = Forge {
            deps,
            ..Forge::default()
        };
        assert_eq!(
            check_forge(&forge),
            PrecheckError::Order {
                what: "deps",
                index: 1
            }
        );
    }
}

#[test]
fn actors_are_at_most_64_ascend_and_are_all_needed() {
    let others = (0..64).map(|n| vec![n; 32]).collect();
    let many = Forge {
        others,
        ..Forge::default()
    };
    assert_eq!(
        check_forge(&many),
        PrecheckError::Count {
            what: "actors",
            count: 65,
            max: 64
        }
    );
    let mut idle = Forge::default();
    idle.others.push(vec![0xff; 32]);
    is_operation(&check_forge(&idle), "a listed actor is referred to");
    let mut twice = Forge::default();
    twice.others.push(twice.others[0].clone());
    assert_eq!(
        check_forge(&twice),
        PrecheckError::Order {
            what: "other actors",
            index: 1
        }
    );
    let mut own = Forge::default();
    own.others.insert(0, WANG.to_vec());
    assert_eq!(
        check_forge(&own),
        PrecheckError::Order {
            what: "other actors",
            index: 0
        }
    );
    let unlisted = Forge::default().column(0x01, literal(&[2]));
    is_operation(&check_forge(&unlisted), "an actor is on the list of actors");
}

#[test]
fn key_and_value_are_bounded() {
    let key = |bytes: usize| {
        let text = [unsigned(bytes as u64), vec![b'k'; bytes]].concat();
        Forge::default().column(0x15, literal(&text))
    };
    assert!(precheck(&key(256).bytes(), &EDIT_1, &WANG).is_ok());
    let too_long = PrecheckError::Length {
        what: "a key",
        bytes: 257,
        max: 256,
    };
    assert_eq!(check_forge(&key(257)), too_long);
    let value = |bytes: usize| {
        let meta = unsigned((bytes as u64) << 4 | 6);
        Forge::default()
            .column(0x56, literal(&meta))
            .column(0x57, vec![b'v'; bytes])
    };
    assert!(precheck(&value(32 * 1024).bytes(), &EDIT_1, &WANG).is_ok());
    let too_long = PrecheckError::Length {
        what: "a value",
        bytes: 32_769,
        max: 32_768,
    };
    assert_eq!(check_forge(&value(32_769)), too_long);
    is_operation(&check_forge(&key(0)), "a key has 1 or more bytes");
    let not_utf8 = Forge::default().column(0x15, literal(b"\x01\xff"));
    assert_eq!(
        check_forge(&not_utf8),
        PrecheckError::Utf8 { within: "a key" }
    );
    let not_utf8 = Forge::default().column(0x57, b"\xff".to_vec());
    assert_eq!(
        check_forge(&not_utf8),
        PrecheckError::Utf8 { within: "a value" }
    );
}

#[test]
fn counters_beyond_their_range_are_refused() {
    for seq in [0, 1 << 32] {
        assert!(matches!(
            check_forge(&Forge {
                seq,
                ..Forge::default()
            }),
            PrecheckError::Range {
                what: "a sequence number",
                ..
            }
        ));
    }
    for start_op in [0, 1 << 31, u64::MAX] {
        assert!(matches!(
            check_forge(&Forge {
                start_op,
                ..Forge::default()
            }),
            PrecheckError::Range {
                what: "a first counter",
                ..
            }
        ));
    }
}

#[test]
fn objects_counters_marks_and_the_root_are_out_of_reach() {
    for action in [0, 2, 4, 5, 6, 7, 200] {
        let forge = Forge::default().column(0x42, literal(&unsigned(action)));
        is_operation(
            &check_forge(&forge),
            "an edit sets or deletes a key, inserts or deletes a character",
        );
    }
    let root = Forge::default().column(0x01, vec![]).column(0x02, vec![]);
    is_operation(
        &check_forge(&root),
        "an edit changes a container, never the root",
    );
    let rule = "a value is nothing, true, false, a whole number, text, bytes or a time";
    for code in [5, 8, 10, 15] {
        let forge = Forge::default().column(0x56, literal(&[0x10 | code]));
        is_operation(&check_forge(&forge), rule);
    }
}

#[test]
fn run_that_an_honest_writer_would_write_otherwise_is_refused() {
    let one = Forge::default().column(0x42, run(1, &[1]));
    assert_eq!(
        check_forge(&one),
        PrecheckError::Run {
            column: "action",
            run: 0
        }
    );
    let split = [literal(&[1]), literal(&[1])].concat();
    let split = Forge::default().column(0x42, split);
    assert_eq!(
        check_forge(&split),
        PrecheckError::Run {
            column: "action",
            run: 1
        }
    );
    let repeated = Forge::default().column(0x42, [signed(-2), vec![1, 1]].concat());
    assert_eq!(
        check_forge(&repeated),
        PrecheckError::Run {
            column: "action",
            run: 0
        }
    );
    let overlong = Forge::default().column(0x42, literal(&[0x81, 0x00]));
    assert_eq!(
        check_forge(&overlong),
        PrecheckError::Number { within: "action" }
    );
    let nulls = Forge::default().column(0x71, vec![0, 1]);
    assert!(matches!(
        check_forge(&nulls),
        PrecheckError::RowCount { .. }
    ));
}

#[test]
fn value_of_the_wrong_type_by_a_valid_signer_is_shown_as_malformed() {
    let number = Forge::default()
        .column(0x56, literal(&[0x14]))
        .column(0x57, vec![42]);
    let mut content = Content::genesis(ContentKind::Case);
    content.apply(&number.bytes(), &WANG).unwrap();
    let shown = &content.hydrate().maps["contact"]["手机"];
    assert!(
        matches!(&shown[0].value, Value::Malformed(raw) if raw.contains("42")),
        "{shown:?}"
    );
    assert_eq!(shown[0].author, "11".repeat(32));
}

#[test]
fn key_is_set_once_in_a_change() {
    let twice = |keys: &[u8]| {
        Forge::default()
            .column(0x01, run(2, &[1]))
            .column(0x02, run(2, &[CONTACT]))
            .column(0x15, keys.to_vec())
            .column(0x34, vec![2])
            .column(0x42, run(2, &[1]))
            .column(0x56, run(2, &[0]))
            .column(0x57, vec![])
            .column(0x70, run(2, &[0]))
    };
    let rule = "the keys that a change sets ascend without repeats";
    is_operation(&check_forge(&twice(b"\x02\x01a")), rule);
    is_operation(&check_forge(&twice(b"\x7e\x01b\x01a")), rule);
    assert!(precheck(&twice(b"\x7e\x01a\x01b").bytes(), &EDIT_1, &WANG).is_ok());
}
