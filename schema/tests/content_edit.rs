//! Two officers type into one file at the same time, in every order of arrival: the story of why
//! content is a merged document and not a last writer's.
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use jiaolian_schema::content::{
    ApplyError, Content, ContentKind, EDIT_1, EditCommand, EditError, Hash, LedgerError, Value,
    precheck,
};
use proptest::prelude::*;

const WANG: Hash = [0x11; 32];
const LI: Hash = [0x22; 32];
const AT_MS: i64 = 1_770_000_000_000;

fn case() -> Content {
    Content::genesis(ContentKind::Case)
}

fn text(content: &Content, name: &str) -> String {
    content.hydrate().texts[name].clone()
}

/// Writes a text as somebody who saw `base`, and returns the change without applying it.
fn write(content: &Content, actor: Hash, base: &[Hash], text: &str) -> Vec<u8> {
    let command = EditCommand::Text {
        name: "plan",
        base,
        text,
    };
    content.edit(&actor, AT_MS, command).unwrap()
}

fn write_and_apply(content: &mut Content, actor: Hash, text: &str) -> Vec<u8> {
    let change = write(content, actor, &content.heads(), text);
    assert!(!content.apply(&change, &actor).unwrap().known);
    change
}

fn put(content: &Content, actor: Hash, key: &str, value: &str) -> Vec<u8> {
    let base = content.heads();
    let command = EditCommand::Put {
        name: "contact",
        base: &base,
        key,
        value,
    };
    content.edit(&actor, AT_MS, command).unwrap()
}

#[test]
fn genesis_is_the_same_bytes_everywhere() {
    for kind in ContentKind::ALL {
        assert_eq!(kind.regenerate_genesis(), kind.genesis_bytes(), "{kind:?}");
        assert_eq!(Content::genesis(kind).heads(), vec![kind.genesis_hash()]);
    }
    let case = case().hydrate();
    assert_eq!(
        case.texts.keys().collect::<Vec<_>>(),
        ["background", "plan", "remark"]
    );
    assert_eq!(case.maps.keys().collect::<Vec<_>>(), ["contact"]);
    assert_eq!(case.records.keys().collect::<Vec<_>>(), ["record"]);
}

#[test]
fn text_is_written_changed_and_emptied() {
    let mut content = case();
    for target in [
        "每周一到所报告",
        "每周一、周四到所报告🙂",
        "每周四到所报告",
        "新",
        "",
    ] {
        write_and_apply(&mut content, WANG, target);
        assert_eq!(text(&content, "plan"), target);
    }
    assert_eq!(content.changes(), 5);
}

#[test]
fn same_edit_made_twice_has_the_same_bytes() {
    let content = case();
    let heads = content.heads();
    assert_eq!(
        write(&content, WANG, &heads, "计划"),
        write(&content, WANG, &heads, "计划")
    );
}

#[test]
fn concurrent_edits_of_one_text_keep_both_officers_words() {
    let mut wang = case();
    let base = write_and_apply(&mut wang, WANG, "每周到所报告。");
    let mut li = case();
    li.apply(&base, &WANG).unwrap();
    let by_wang = write(&wang, WANG, &wang.heads(), "每周一到所报告。");
    let by_li = write(&li, LI, &li.heads(), "每周到所报告。每月走访一次。");
    wang.apply(&by_wang, &WANG).unwrap();
    wang.apply(&by_li, &LI).unwrap();
    li.apply(&by_li, &LI).unwrap();
    li.apply(&by_wang, &WANG).unwrap();
    assert_eq!(text(&wang, "plan"), "每周一到所报告。每月走访一次。");
    assert_eq!(wang.hydrate(), li.hydrate());
}

#[test]
fn edit_of_a_page_that_was_opened_earlier_does_not_undo_what_came_in_between() {
    let mut content = case();
    write_and_apply(&mut content, WANG, "甲乙丙");
    let seen = content.heads();
    write_and_apply(&mut content, LI, "甲乙丙丁");
    write_and_apply(&mut content, WANG, "零甲乙丙丁");
    let late = write(&content, WANG, &seen, "甲丙");
    content.apply(&late, &WANG).unwrap();
    assert_eq!(text(&content, "plan"), "零甲丙丁");
    assert_eq!(content.text_at("plan", &seen).unwrap(), "甲乙丙");
}

#[test]
fn character_deleted_by_two_officers_is_gone_once() {
    let mut content = case();
    write_and_apply(&mut content, WANG, "甲乙丙");
    let one = write(&content, WANG, &content.heads(), "甲丙");
    let two = write(&content, LI, &content.heads(), "甲丙丁");
    content.apply(&one, &WANG).unwrap();
    content.apply(&two, &LI).unwrap();
    assert_eq!(text(&content, "plan"), "甲丙丁");
}

#[test]
fn concurrent_values_of_one_key_are_both_shown_until_one_replaces_them() {
    let mut content = case();
    let one = put(&content, WANG, "phone", "13800000001");
    let two = put(&content, LI, "phone", "13800000002");
    content.apply(&one, &WANG).unwrap();
    content.apply(&two, &LI).unwrap();
    let shown = content.hydrate().maps["contact"]["phone"].clone();
    assert_eq!(shown.len(), 2);
    let three = put(&content, WANG, "phone", "13800000003");
    content.apply(&three, &WANG).unwrap();
    let shown = content.hydrate().maps["contact"]["phone"].clone();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].value, Value::Text("13800000003".into()));
    assert_eq!(shown[0].author, "11".repeat(32));
}

#[test]
fn value_changed_after_it_was_seen_is_not_overwritten() {
    let mut content = case();
    let seen = content.heads();
    content
        .apply(&put(&content, WANG, "phone", "1"), &WANG)
        .unwrap();
    let command = EditCommand::Put {
        name: "contact",
        base: &seen,
        key: "phone",
        value: "2",
    };
    assert_eq!(
        content.edit(&LI, AT_MS, command),
        Err(EditError::Stale("phone".into()))
    );
    let command = EditCommand::Remove {
        name: "contact",
        base: &seen,
        key: "phone",
    };
    assert_eq!(
        content.edit(&LI, AT_MS, command),
        Err(EditError::Stale("phone".into()))
    );
}

#[test]
fn key_is_removed() {
    let mut content = case();
    content
        .apply(&put(&content, WANG, "phone", "1"), &WANG)
        .unwrap();
    let base = content.heads();
    let command = EditCommand::Remove {
        name: "contact",
        base: &base,
        key: "phone",
    };
    let change = content.edit(&LI, AT_MS, command).unwrap();
    content.apply(&change, &LI).unwrap();
    assert!(content.hydrate().maps["contact"].is_empty());
}

#[test]
fn record_is_written_once() {
    let mut content = case();
    let record = |value| EditCommand::Record {
        name: "record",
        key: "2026-001",
        value,
    };
    let one = content.edit(&WANG, AT_MS, record("谈话")).unwrap();
    let two = content.edit(&LI, AT_MS, record("走访")).unwrap();
    content.apply(&one, &WANG).unwrap();
    let again = content.edit(&LI, AT_MS, record("另一次"));
    assert_eq!(again, Err(EditError::RecordExists("2026-001".into())));
    content.apply(&two, &LI).unwrap();
    assert_eq!(content.hydrate().records["record"]["2026-001"].len(), 2);
}

#[test]
fn edit_that_changes_nothing_or_names_nothing_gives_no_change() {
    let content = case();
    let base = content.heads();
    let edit = |command| content.edit(&WANG, AT_MS, command).unwrap_err();
    let empty = EditCommand::Text {
        name: "plan",
        base: &base,
        text: "",
    };
    assert_eq!(edit(empty), EditError::Unchanged);
    let unknown = EditCommand::Text {
        name: "term",
        base: &base,
        text: "x",
    };
    assert_eq!(edit(unknown), EditError::Container("term".into()));
    let wrong = EditCommand::Text {
        name: "contact",
        base: &base,
        text: "x",
    };
    assert_eq!(edit(wrong), EditError::Container("contact".into()));
    let elsewhere = EditCommand::Text {
        name: "plan",
        base: &[[9; 32]],
        text: "x",
    };
    assert_eq!(edit(elsewhere), EditError::Base([9; 32]));
    let nobody = EditCommand::Put {
        name: "contact",
        base: &base,
        key: "",
        value: "x",
    };
    assert!(content.edit(&WANG, AT_MS, nobody).is_err());
}

#[test]
fn edit_of_five_thousand_characters_passes_and_one_more_does_not() {
    let mut content = case();
    let most: String = (0..5_000_u32)
        .map(|n| char::from_u32(0x4e00 + n).unwrap())
        .collect();
    let change = write_and_apply(&mut content, WANG, &most);
    assert!(
        change.len() < EDIT_1.chunk_bytes_max,
        "{} bytes",
        change.len()
    );
    let more = format!("{most}字");
    let fresh = case();
    let base = fresh.heads();
    let command = EditCommand::Text {
        name: "plan",
        base: &base,
        text: &more,
    };
    let refused = fresh.edit(&WANG, AT_MS, command);
    assert_eq!(
        refused,
        Err(EditError::TooLong {
            characters: 5_001,
            max: 5_000
        })
    );
    write_and_apply(&mut content, LI, "");
    assert_eq!(text(&content, "plan"), "");
}

#[test]
fn change_waits_for_what_it_builds_on() {
    let mut wang = case();
    let first = write_and_apply(&mut wang, WANG, "甲");
    let second = write_and_apply(&mut wang, WANG, "甲乙");
    let first_hash = precheck(&first, &EDIT_1, &WANG).unwrap().hash;
    let mut li = case();
    let before = li.hydrate();
    assert_eq!(
        li.apply(&second, &WANG),
        Err(ApplyError::Missing(vec![first_hash]))
    );
    assert_eq!(li.hydrate(), before);
    li.apply(&first, &WANG).unwrap();
    li.apply(&second, &WANG).unwrap();
    assert!(li.apply(&second, &WANG).unwrap().known);
    assert_eq!(text(&li, "plan"), "甲乙");
}

#[test]
fn change_of_a_case_is_no_change_of_an_alarm() {
    let change = write(&case(), WANG, &case().heads(), "甲");
    let mut alarm = Content::genesis(ContentKind::Alarm);
    let missing = vec![ContentKind::Case.genesis_hash()];
    assert_eq!(
        alarm.apply(&change, &WANG),
        Err(ApplyError::Missing(missing))
    );
}

#[test]
fn author_who_uses_a_number_twice_gets_the_same_answer_everywhere() {
    let one = write(&case(), WANG, &case().heads(), "甲");
    let two = write(&case(), WANG, &case().heads(), "乙");
    let mut content = case();
    content.apply(&one, &WANG).unwrap();
    let standing = precheck(&one, &EDIT_1, &WANG).unwrap().hash;
    let fork = LedgerError::Fork { seq: 1, standing };
    assert_eq!(content.apply(&two, &WANG), Err(ApplyError::Ledger(fork)));
    let (a, refused_a) = Content::rebuild(ContentKind::Case, &[(&one, WANG), (&two, WANG)]);
    let (b, refused_b) = Content::rebuild(ContentKind::Case, &[(&two, WANG), (&one, WANG)]);
    assert_eq!(a.hydrate(), b.hydrate());
    assert_eq!((refused_a.len(), refused_b.len()), (1, 1));
}

#[test]
fn document_with_more_heads_than_a_change_may_name_can_still_be_edited() {
    let mut content = case();
    let writers: Vec<Hash> = (1..=40).map(|n| [n; 32]).collect();
    let fresh = case();
    for writer in &writers {
        let change = put(&fresh, *writer, &format!("key{}", writer[0]), "v");
        content.apply(&change, writer).unwrap();
    }
    assert_eq!(content.heads().len(), 40);
    for round in 0..4 {
        let change = put(&content, writers[39], "merged", &round.to_string());
        content.apply(&change, &writers[39]).unwrap();
    }
    assert_eq!(content.heads().len(), 1);
    assert_eq!(content.hydrate().maps["contact"].len(), 41);
}

#[test]
fn rebuild_without_one_authors_changes_is_the_document_that_never_had_them() {
    let mut content = case();
    let one = write_and_apply(&mut content, WANG, "甲");
    let thief = write_and_apply(&mut content, LI, "甲和贼");
    assert_eq!(text(&content, "plan"), "甲和贼");
    let (without, refused) = Content::rebuild(ContentKind::Case, &[(&one, WANG)]);
    assert!(refused.is_empty());
    assert_eq!(text(&without, "plan"), "甲");
    let (all, _) = Content::rebuild(ContentKind::Case, &[(&thief, LI), (&one, WANG)]);
    assert_eq!(all.hydrate(), content.hydrate());
}

/// One step of a random world: who writes, on which replica, what.
fn step() -> impl Strategy<Value = (usize, u8, String)> {
    (0..3_usize, 0..4_u8, "[甲乙丙a🙂]{0,6}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn replicas_converge_whatever_the_order(
        steps in prop::collection::vec(step(), 1..14),
        shuffle in any::<u64>(),
    ) {
        let mut replicas = [case(), case(), case()];
        let mut changes: Vec<(Vec<u8>, Hash)> = Vec::new();
        for (who, what, string) in steps {
            let actor = [who as u8 + 1; 32];
            let base = replicas[who].heads();
            let key = string.chars().next().map_or("k".into(), String::from);
            let command = match what {
                0 => EditCommand::Put { name: "contact", base: &base, key: &key, value: &string },
                1 => EditCommand::Remove { name: "contact", base: &base, key: &key },
                2 => EditCommand::Text { name: "remark", base: &base, text: &string },
                _ => EditCommand::Text { name: "plan", base: &base, text: &string },
            };
            match replicas[who].edit(&actor, AT_MS, command) {
                Ok(change) => {
                    replicas[who].apply(&change, &actor).unwrap();
                    changes.push((change, actor));
                }
                Err(error) => prop_assert_eq!(error, EditError::Unchanged),
            }
            // Now and then two replicas meet.
            if string.len() % 3 == 0 {
                let other = (who + 1) % 3;
                for (change, author) in &changes {
                    let _waits = replicas[other].apply(change, author);
                }
            }
        }
        let mut order = changes.clone();
        let mut seed = shuffle | 1;
        for place in (1..order.len()).rev() {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            order.swap(place, (seed % (place as u64 + 1)) as usize);
        }
        for replica in &mut replicas {
            for _ in 0..=order.len() {
                for (change, author) in &order {
                    if let Err(error) = replica.apply(change, author) {
                        prop_assert!(matches!(error, ApplyError::Missing(_)), "{}", error);
                    }
                }
            }
            prop_assert_eq!(replica.changes(), changes.len());
        }
        let list: Vec<(&[u8], Hash)> = order.iter().map(|(c, a)| (c.as_slice(), *a)).collect();
        let (rebuilt, refused) = Content::rebuild(ContentKind::Case, &list);
        prop_assert!(refused.is_empty());
        for replica in &replicas {
            prop_assert_eq!(replica.hydrate(), rebuilt.hydrate());
        }
    }
}
