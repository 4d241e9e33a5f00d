//! What hearing many reports costs the disk, and that a copy is known as one whatever is looked up for it.

use crate::supervise::{fix, report, watched};
use crate::world::{T1, code};
use jiaolian_sync::{Effect, Judged, Table};

const MINUTE: i64 = 60_000;

#[test]
fn many_reports_of_a_person_are_one_row_of_the_watch() {
    let (mut world, _) = watched();
    report(&mut world, T1, 0, -30, true).unwrap();
    for minute in 1..21 {
        let fix = fix(minute, -30);
        let outcome = world.replica(T1).report(&fix, fix.point.time, true);
        assert_eq!(outcome.unwrap().judged, Judged::Next);
    }
    let effects = world.replica(T1).drain();
    let Some(Effect::Store(writes)) = effects.first() else {
        panic!("{effects:?}");
    };
    let rows = |table| writes.iter().filter(|write| write.table == table).count();
    assert_eq!((rows(Table::Fix), rows(Table::Watch)), (20, 1));
}

#[test]
fn a_copy_of_a_position_that_was_not_believed_is_a_copy_after_a_restart_too() {
    let (mut world, _) = watched();
    report(&mut world, T1, 0, -30, true).unwrap();
    let ahead = fix(30, -30);
    let received = ahead.point.time - 20 * MINUTE;
    let hear = |world: &mut crate::world::World, fix| {
        let outcome = world.replica(T1).report(fix, received, true).unwrap();
        world.net.carry_out(T1);
        outcome.judged
    };
    assert_eq!(hear(&mut world, &ahead), Judged::Skewed);
    assert_eq!(hear(&mut world, &ahead), Judged::Double);
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    assert_eq!(hear(&mut world, &ahead), Judged::Double);
    assert_eq!(hear(&mut world, &fix(0, -30)), Judged::Double);
    let kept = world.replica(T1).fixes(code(1), 0, i64::MAX, 9).unwrap();
    assert_eq!(kept.len(), 2);
}
