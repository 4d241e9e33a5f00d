//! A case that another office became responsible for: the office that may hold it no more lets go of
//! rows and keys once nothing of its own is missing above and the term is over, and not before.

use crate::world::{C, DAY, P, T1, T2, World, office};
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_sync::{Store, Table};

const KEEP_MS: i64 = 5 * DAY;

/// What the shell does: rows, then keys, then the word.
fn let_go(world: &mut World, at: usize, case: DossierId) {
    let now = world.net.now;
    assert_eq!(world.replica(at).departed(now, KEEP_MS), [case], "at {at}");
    world.replica(at).let_go(case, now).unwrap();
    world.net.carry_out(at);
    let keys = world.replica(at).unburied_keys();
    assert!(keys.len() == 1 && keys[0].1.contains(&case.0), "{keys:?}");
    assert!(world.replica(at).confirm_gone(case, now));
    assert!(world.replica(at).unburied_keys().is_empty());
    world.net.carry_out(at);
}

fn has_none(world: &mut World, at: usize) -> bool {
    let now = world.net.now;
    world.replica(at).departed(now, KEEP_MS).is_empty()
}

/// Rows of a disk that name a dossier in their key.
fn rows_of(world: &World, at: usize, dossier: DossierId) -> usize {
    let image = world.image(at);
    let end = [dossier.0.as_slice(), &[0xFF; 33]].concat();
    let tables = [Table::Fact, Table::Index, Table::Frontier, Table::View];
    let rows = tables.map(|table| image.range(table, &dossier.0, &end, 100).unwrap().len());
    rows.iter().sum()
}

#[test]
fn an_office_lets_go_of_a_case_that_moved_and_gets_it_whole_when_it_comes_back() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let matter = world.apply(T1, "t1-officer", case);
    let alarm = world.raise(T1, "t1-node", case, "t1", 1);
    let other = world.open(T1, "t1-officer", "t1", 2, false);
    world.net.rest();
    let moved = world.assign(C, "c-head", case, "t2");
    world.net.rest();
    assert!(has_none(&mut world, T1), "the term has just begun");
    let seen = world.replica(T1).moved_out(case).unwrap();
    assert_eq!(
        (seen.from, seen.to, seen.let_go_at),
        (office("t1"), office("t2"), None)
    );
    world.net.now += KEEP_MS;
    for at in [P, C, T2] {
        assert!(has_none(&mut world, at), "{at} holds it on");
    }
    let_go(&mut world, T1, case);
    world.net.rest();
    for gone in [case, alarm] {
        assert!(world.replica(T1).dossier(gone).is_none());
        assert_eq!(rows_of(&world, T1, gone), 0);
        let head = world.replica(T1).envelope(gone.into()).unwrap();
        assert!(head.is_some_and(|head| head.body.is_none()));
    }
    assert!(world.replica(T1).body(matter).unwrap().is_none());
    let said = world.replica(C).partings(case);
    assert_eq!(said.into_iter().collect::<Vec<_>>(), [office("t1")]);

    // The record outlives a restart, chains go on, and nothing comes again by itself.
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    world.amend(T1, "t1-officer", other, "term", b"2027");
    world.link_all();
    world.net.rest();
    world.net.rest();
    let seen = world.replica(T1).moved_out(case).unwrap();
    assert_eq!((seen.to, seen.let_go_at.is_some()), (office("t2"), true));
    assert!(world.replica(T1).dossier(case).is_none());
    for (a, b) in [(T1, C), (C, P), (T2, C)] {
        world.assert_equal(a, b);
    }
    let refused = [T1, C].map(|at| world.replica(at).refused_count());
    assert_eq!(refused, [0, 0]);

    // It comes back.
    let back = jiaolian_schema::act::Assign {
        office: office("t1"),
        replaces: vec![moved],
    };
    world.act(C, "c-head", Some(case), back.into()).unwrap();
    world.net.rest();
    assert!(world.replica(T1).moved_out(case).is_none());
    assert!(world.replica(T1).body(matter).unwrap().is_some());
    assert!(world.replica(T1).dossier(alarm).is_some());
    world.assert_equal(T1, C);
    world.net.now += KEEP_MS;
    assert!(has_none(&mut world, T1), "it is this office's again");
    let_go(&mut world, T2, case);
    world.net.rest();
    assert!(world.replica(T2).dossier(case).is_none());
    world.assert_equal(T1, C);
}

/// A township that worked while it was cut off hears that its case moved, and the line goes before its
/// work is up; none where the work was quicker in this order of frames.
fn torn(throws: usize) -> Option<(World, DossierId, EnvelopeId)> {
    let mut world = World::new();
    for _ in 0..throws {
        world.net.throw(2);
    }
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    world.net.cut(C, T1);
    world.assign(C, "c-head", case, "t2");
    world.net.rest();
    let late = world.amend(T1, "t1-officer", case, "term", b"2026");
    world.net.now += 2 * KEEP_MS;
    assert!(has_none(&mut world, T1), "nobody has told it");
    world.net.heal(C, T1);
    for _ in 0..200 {
        if world.replica(T1).moved_out(case).is_some() || !world.net.deliver_one() {
            break;
        }
    }
    let up = world.replica(C).facts(case).unwrap().contains_key(&late);
    (!up && world.replica(T1).moved_out(case).is_some()).then_some((world, case, late))
}

#[test]
fn work_that_has_not_come_up_keeps_the_case_where_it_was_done() {
    let found = (0..64).find_map(torn);
    let (mut world, case, late) = found.expect("an order in which the line goes in between");
    world.net.cut(C, T1);
    world.net.now += KEEP_MS;
    assert!(has_none(&mut world, T1), "its work is only here");
    world.net.heal(C, T1);
    world.net.rest();
    assert!(world.replica(C).facts(case).unwrap().contains_key(&late));
    // In a quiet moment it learns that nothing of its own is missing above.
    world.net.tick(DAY / 24);
    world.net.rest();
    world.net.now += KEEP_MS;
    let_go(&mut world, T1, case);
    world.net.rest();
    world.assert_equal(T2, C);
}
