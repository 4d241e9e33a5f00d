//! A node's log is signed in batches and goes up. Whoever cuts, edits or exchanges rows on its disk
//! is told of at the county, with the number of the row.

use crate::world::{C, DAY, P, T1, T2, World, office};
use jiaolian_schema::audit::{Fault, Looked, Row};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, PersonId};
use jiaolian_sync::{Lane, Limits, Store as _, Table, Write};

const BATCH_MS: i64 = 300_000;

fn world() -> World {
    World::with(Limits {
        log_ms: Some(BATCH_MS),
        ..Limits::default()
    })
}

fn look(world: &mut World, at: usize, name: &str, number: u8) {
    let row = Row {
        case: Some(DossierId([number; 32])),
        ..Row::new(
            world.net.now,
            Some(PersonId([1; 16])),
            office(name),
            Looked::Case,
        )
    };
    world.replica(at).note(row).unwrap();
    world.net.carry_out(at);
}

/// Twelve looks at the township, the first eight of them signed and at the county.
fn looked() -> World {
    let mut world = world();
    world.link_all();
    world.net.rest();
    for number in 0..8 {
        look(&mut world, T1, "t1", number);
    }
    world.net.tick(BATCH_MS);
    world.net.rest();
    for number in 8..12 {
        look(&mut world, T1, "t1", number);
    }
    // What was written last is read from the disk from now on.
    world.net.tick(1_000);
    world
}

fn rows(world: &World, at: usize) -> Vec<(u64, Vec<u8>)> {
    let end = u64::MAX.to_be_bytes();
    let rows = world.net.nodes[at]
        .disk
        .range(Table::Access, &[], &end, 1_000);
    rows.unwrap()
        .into_iter()
        .map(|(key, row)| (u64::from_be_bytes(key.try_into().unwrap()), row))
        .collect()
}

/// What somebody with the disk in hand does.
fn put(world: &mut World, number: u64, value: Option<Vec<u8>>) {
    let key = number.to_be_bytes().to_vec();
    let write = Write {
        table: Table::Access,
        key,
        value,
    };
    world.net.nodes[T1].disk.0.borrow_mut().commit(&[write]);
}

fn edited(row: &[u8]) -> Vec<u8> {
    let row = Row {
        person: Some(PersonId([9; 16])),
        ..Row::read(row).unwrap()
    };
    row.to_bytes()
}

fn sync(world: &mut World) {
    world.net.tick(BATCH_MS);
    world.net.rest();
}

fn found(world: &World, at: usize) -> Vec<(u64, u64, Fault)> {
    let findings = world.net.nodes[at].replica.log_findings().unwrap();
    let of_township = findings.into_iter().filter(|f| f.office == office("t1"));
    of_township
        .map(|f| (f.flaw.number, f.flaw.to, f.flaw.fault))
        .collect()
}

/// The numbers of the newest signed row and of the newest row of all.
fn tops(world: &World) -> (u64, u64) {
    let batches = world.net.nodes[T1].replica.log_batches().unwrap();
    let own = batches.iter().filter(|batch| batch.office == office("t1"));
    let signed = own.map(|batch| batch.log.top()).max().unwrap();
    (
        signed,
        world.net.nodes[T1].replica.log_tip().unwrap().number,
    )
}

#[test]
fn every_row_goes_up_in_order_and_nothing_is_found_where_nothing_is_wrong() {
    let mut world = looked();
    sync(&mut world);
    for at in [T1, C, P] {
        let replica = &world.net.nodes[at].replica;
        let batches = replica.log_batches().unwrap();
        let own = batches.iter().filter(|batch| batch.office == office("t1"));
        let numbers: Vec<u64> = own
            .flat_map(|batch| replica.batch_rows(batch))
            .map(|(number, _)| number)
            .collect();
        let top = tops(&world).1;
        assert_eq!(numbers, (1..=top).collect::<Vec<_>>(), "node {at}");
        assert_eq!(found(&world, at), []);
    }
    let other = world.net.nodes[T2].replica.dossiers();
    let foreign =
        other.filter(|(_, row)| row.kind == DossierKind::Audit && row.place != office("t2"));
    assert_eq!(foreign.count(), 0, "another township has nothing of it");
    world.assert_equal(T1, C);
    world.assert_equal(C, P);
}

#[test]
fn an_edited_row_is_named_at_the_county_signed_or_not() {
    let mut world = looked();
    let (signed, top) = tops(&world);
    let all = rows(&world, T1);
    for number in [signed - 3, top - 2] {
        put(
            &mut world,
            number,
            Some(edited(&all[number as usize - 1].1)),
        );
    }
    sync(&mut world);
    let expected = [signed - 3, top - 2].map(|n| (n, n, Fault::Altered));
    assert_eq!(found(&world, C), expected);
    assert_eq!(found(&world, P), expected);
    let mended = rows(&world, T1);
    assert_eq!(
        mended[signed as usize - 4],
        all[signed as usize - 4],
        "what was signed is put back"
    );
    sync(&mut world);
    assert_eq!(found(&world, C), expected, "and told of once");
}

#[test]
fn the_newest_row_edited_is_named() {
    let mut world = looked();
    let (_, top) = tops(&world);
    let newest = rows(&world, T1).pop().unwrap().1;
    put(&mut world, top, Some(edited(&newest)));
    sync(&mut world);
    assert_eq!(found(&world, C), [(top, top, Fault::Altered)]);
}

#[test]
fn a_row_cut_out_of_the_middle_is_named() {
    let mut world = looked();
    let (signed, top) = tops(&world);
    for number in [signed - 2, top - 1] {
        put(&mut world, number, None);
    }
    sync(&mut world);
    let expected = [signed - 2, top - 1].map(|n| (n, n, Fault::Absent));
    assert_eq!(found(&world, C), expected);
}

#[test]
fn a_tail_cut_off_is_named_from_its_first_row() {
    let mut world = looked();
    let (signed, top) = tops(&world);
    for number in signed - 1..=top {
        put(&mut world, number, None);
    }
    sync(&mut world);
    let cut = found(&world, C);
    assert_eq!(cut[0], (signed - 1, signed, Fault::Absent));
    assert_eq!(cut[1], (signed + 1, top, Fault::Absent));
}

#[test]
fn two_rows_exchanged_are_both_named_and_no_other() {
    let mut world = looked();
    let (signed, top) = tops(&world);
    let all = rows(&world, T1);
    for (a, b) in [(signed - 4, signed - 1), (top - 3, top - 1)] {
        put(&mut world, a, Some(all[b as usize - 1].1.clone()));
        put(&mut world, b, Some(all[a as usize - 1].1.clone()));
    }
    sync(&mut world);
    let expected = [signed - 4, signed - 1, top - 3, top - 1].map(|n| (n, n, Fault::Altered));
    assert_eq!(found(&world, C), expected);
}

#[test]
fn a_table_put_back_from_an_older_copy_is_named_at_the_first_row_that_is_missing() {
    let mut world = world();
    world.link_all();
    world.net.rest();
    for number in 0..5 {
        look(&mut world, T1, "t1", number);
    }
    let tip_key = b"access-tip".to_vec();
    let old = rows(&world, T1);
    let old_tip = world.net.nodes[T1]
        .disk
        .get(Table::Local, &tip_key)
        .unwrap();
    for number in 5..9 {
        look(&mut world, T1, "t1", number);
    }
    sync(&mut world);
    let (signed, _) = tops(&world);
    let now = rows(&world, T1);
    let kept = old.len() as u64;
    for (number, _) in now.iter().skip(old.len()) {
        put(&mut world, *number, None);
    }
    let tip = Write {
        table: Table::Local,
        key: tip_key,
        value: old_tip,
    };
    world.net.nodes[T1].disk.0.borrow_mut().commit(&[tip]);
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    world.net.heal(C, T1);
    sync(&mut world);
    assert_eq!(found(&world, C), [(kept + 1, signed, Fault::Absent)]);
    assert_eq!(
        rows(&world, T1).len() as u64,
        tops(&world).1,
        "the rows are put back"
    );
}

#[test]
fn a_row_that_was_never_on_the_disk_is_no_row() {
    let mut world = looked();
    let (_, top) = tops(&world);
    put(&mut world, top - 1, Some(vec![0xff; 2_000]));
    sync(&mut world);
    assert_eq!(found(&world, C), [(top - 1, top - 1, Fault::Unreadable)]);
}

#[test]
fn batches_go_last_and_not_more_often_than_they_may() {
    let mut world = world();
    world.link_all();
    world.net.rest();
    sync(&mut world);
    world.net.forget_bytes();
    for number in 0..20 {
        look(&mut world, T1, "t1", number);
        world.net.tick(10_000);
        world.net.flow();
    }
    let batches = world.net.kinds_sent(T1, C);
    let lanes = |lane| batches.iter().filter(|(l, _)| *l == lane).count();
    assert!(lanes(Lane::Bulk) <= 2, "{batches:?}");
    assert_eq!(lanes(Lane::Normal), 0, "{batches:?}");
}

#[test]
fn a_line_cut_and_mended_stands_in_the_log_with_the_time_that_was_delivered() {
    let mut world = looked();
    sync(&mut world);
    let before = tops(&world).1;
    let cut_at = world.net.now;
    world.net.cut(C, T1);
    world.net.tick(DAY);
    world.net.heal(C, T1);
    sync(&mut world);
    let rows = world.net.nodes[T1]
        .replica
        .log_rows(before + 1, 10)
        .unwrap();
    let lines: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
    let kinds: Vec<Looked> = lines.iter().map(|row| row.looked).collect();
    assert_eq!(kinds, [Looked::LineDown, Looked::Clock, Looked::LineUp]);
    let down = &lines[0];
    assert_eq!((down.at, down.peer), (cut_at, Some(office("c"))));
    assert!(
        down.as_of
            .is_some_and(|as_of| as_of <= cut_at && as_of > cut_at - BATCH_MS)
    );
}

#[test]
fn each_act_stands_in_the_log_of_the_commit_that_made_it_durable() {
    let mut world = world();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let minor = world.open(T1, "t1-officer", "t1", 2, true);
    let rows = world.net.nodes[T1].replica.log_rows(1, 10).unwrap();
    let acts: Vec<_> = rows
        .iter()
        .map(|(_, row)| (row.looked, row.act, row.case))
        .collect();
    assert_eq!(acts[0], (Looked::Signed, Some(case.into()), Some(case)));
    assert_eq!((acts[1].0, acts[1].1), (Looked::Signed, Some(minor.into())));
    assert_ne!(acts[1].2, Some(minor), "a minor's case goes by a pseudonym");
    assert!(rows.iter().all(|(_, row)| row.person.is_some()));
}

const KEEP_MS: i64 = 184 * DAY;

fn with_purge() -> World {
    let mut world = World::with(Limits {
        log_ms: Some(BATCH_MS),
        audit_keep_ms: Some(KEEP_MS),
        ..Limits::default()
    });
    world.link_all();
    world.net.rest();
    for number in 0..6 {
        look(&mut world, T1, "t1", number);
    }
    pass(&mut world, BATCH_MS);
    world
}

/// Time passes; batches and receipts are signed and go where they go.
fn pass(world: &mut World, ms: i64) {
    world.net.tick(ms);
    for _ in 0..3 {
        world.net.rest();
        world.net.tick(11 * 60_000);
    }
    world.net.rest();
}

fn logs_of(world: &mut World, at: usize, name: &str) -> Vec<DossierId> {
    let all = world.replica(at).dossiers();
    let own = all.filter(|(_, row)| row.kind == DossierKind::Audit && row.place == office(name));
    own.map(|(id, _)| id).collect()
}

/// A look in a later month, and so another log.
fn next_month(world: &mut World, number: u8) {
    pass(world, 31 * DAY);
    look(world, T1, "t1", number);
    pass(world, BATCH_MS);
}

#[test]
fn an_old_log_goes_everywhere_behind_an_act_that_was_filed_above_long_after_its_end() {
    let mut world = with_purge();
    let old = logs_of(&mut world, T1, "t1");
    assert_eq!(old.len(), 1);
    next_month(&mut world, 7);
    pass(&mut world, KEEP_MS - 40 * DAY);
    for at in [T1, C, P] {
        assert!(
            logs_of(&mut world, at, "t1").contains(&old[0]),
            "{at}: too early"
        );
    }
    let before = rows(&world, T1).len();
    // Its last batch was filed a month after it was opened, with the next word that went up.
    for _ in 0..7 {
        pass(&mut world, 11 * DAY);
    }
    for at in [T1, C, P] {
        assert!(!logs_of(&mut world, at, "t1").contains(&old[0]), "at {at}");
        assert!(
            world.replica(at).log_findings().unwrap().is_empty(),
            "at {at}"
        );
        let head = world.replica(at).envelope(old[0].into()).unwrap();
        assert!(head.is_some_and(|head| head.body.is_none()), "at {at}");
    }
    let left = rows(&world, T1);
    assert!(left[0].0 > 6 && left.len() < before + 40, "{:?}", left[0].0);
    for (a, b) in [(T1, C), (C, P)] {
        world.assert_equal(a, b);
    }

    // From there on the chain verifies as before, after a restart too, and a cut is told by its number.
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    world.link_all();
    for number in 0..4 {
        look(&mut world, T1, "t1", number);
    }
    pass(&mut world, BATCH_MS);
    let newest = rows(&world, T1).last().unwrap().0;
    put(&mut world, newest - 1, None);
    look(&mut world, T1, "t1", 9);
    pass(&mut world, BATCH_MS);
    for at in [T1, C, P] {
        let found = world.replica(at).log_findings().unwrap();
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.flaw.number, one.flaw.fault))
            .collect();
        assert_eq!(told, [(newest - 1, Fault::Absent)], "at {at}");
        assert!(!logs_of(&mut world, at, "t1").contains(&old[0]), "at {at}");
    }
}

#[test]
fn without_word_from_above_no_log_goes() {
    let mut world = with_purge();
    let old = logs_of(&mut world, T1, "t1");
    next_month(&mut world, 7);
    world.net.cut(C, T1);
    for _ in 0..30 {
        pass(&mut world, 10 * DAY);
    }
    let before = rows(&world, T1);
    assert_eq!(before[0].0, 1, "every row is there");
    for at in [T1, C, P] {
        assert!(logs_of(&mut world, at, "t1").contains(&old[0]), "at {at}");
    }
    world.net.heal(C, T1);
    for _ in 0..3 {
        pass(&mut world, DAY);
    }
    assert!(!logs_of(&mut world, T1, "t1").contains(&old[0]));
    assert!(!logs_of(&mut world, C, "t1").contains(&old[0]));
}
