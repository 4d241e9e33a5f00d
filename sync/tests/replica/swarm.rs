//! Many seeds of cuts, restarts, broken frames and work at every desk; afterwards all that may have
//! a thing have it alike.

use crate::world::{C, P, T1, T2, World};
use jiaolian_schema::id::{DossierId, EnvelopeId};

struct Dice(u64);

impl Dice {
    fn throw(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

const LINKS: [(usize, usize); 3] = [(P, C), (C, T1), (C, T2)];

fn desk(at: usize, throw: usize) -> &'static str {
    let people: &[&str] = match at {
        C => &["c-head", "c-deputy"],
        T1 => &["t1-officer", "t1-head", "t1-deputy"],
        _ => &["t2-officer", "t2-head"],
    };
    people[throw % people.len()]
}

/// One act at some desk, of whatever kind is possible there.
fn work(
    world: &mut World,
    dice: &mut Dice,
    matters: &mut Vec<(DossierId, EnvelopeId)>,
    number: u64,
) {
    let at = [C, T1, T2][dice.throw(3)];
    let who = desk(at, dice.throw(6));
    let cases: Vec<DossierId> = {
        let here = &world.net.nodes[at].replica;
        let offices = here.authority().offices();
        let cases = here.dossiers().filter(|(_, row)| {
            let is_case = row.person.is_some() && row.case.is_none();
            is_case && jiaolian_schema::hold::may_hold(offices, here.office(), &row.audience())
        });
        cases.map(|(id, _)| id).collect()
    };
    let place = ["t1", "t2"][dice.throw(2)];
    if cases.is_empty() || dice.throw(4) == 0 {
        let place = match at {
            T1 => "t1",
            T2 => "t2",
            _ => place,
        };
        world.open(at, who, place, number, dice.throw(5) == 0);
        return;
    }
    let case = cases[dice.throw(cases.len())];
    match dice.throw(8) {
        0 => {
            let matter = world.apply(at, who, case);
            matters.push((case, matter));
        }
        1 | 2 if !matters.is_empty() => {
            let (case, matter) = matters[dice.throw(matters.len())];
            let event = ["approve", "refuse", "verify"][dice.throw(3)];
            if world.replica(at).fact(case, matter).is_some() {
                // Late and incompetent ones are refused; that is not what is tested here.
                let _ = world.step(at, who, case, matter, event);
            }
        }
        3 if at == C => {
            world.assign(at, "c-head", case, place);
        }
        4 => {
            let node = ["p-node", "c-node", "t1-node", "t2-node"][at];
            let place = if at == T2 { "t2" } else { "t1" };
            world.raise(at, node, case, place, number);
        }
        _ => {
            world.amend(at, who, case, "term", &number.to_be_bytes());
        }
    }
}

fn trouble(world: &mut World, dice: &mut Dice) {
    let (a, b) = LINKS[dice.throw(3)];
    match dice.throw(6) {
        0 => world.net.cut(a, b),
        1 => {
            let at = dice.throw(4);
            let setup = world.setup_of(at);
            world.net.restart(at, setup);
        }
        2 => world.net.tick(30_000),
        3 => world.net.tick(11 * 60_000),
        _ => world.net.heal(a, b),
    }
}

fn run(seed: u64) -> World {
    let mut world = World::new();
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut matters = Vec::new();
    for number in 0..120 {
        match dice.throw(4) {
            0 => trouble(&mut world, &mut dice),
            _ => work(&mut world, &mut dice, &mut matters, number),
        }
        for _ in 0..dice.throw(12) {
            world.net.deliver_one();
        }
        world.net.tick(1_000);
    }
    world.link_all();
    for _ in 0..3 {
        world.net.rest();
        world.net.tick(11 * 60_000);
    }
    world.net.rest();
    world
}

#[test]
fn after_any_trouble_all_that_may_have_a_dossier_have_it_alike() {
    for seed in 1..=24 {
        let mut world = run(seed);
        for (upper, lower) in LINKS {
            let status = world.replica(lower).links();
            assert!(
                status.iter().all(|link| link.agreed),
                "seed {seed} at {lower}: {status:?}"
            );
            let held: Vec<DossierId> = {
                let office = world.net.nodes[lower].replica.office();
                let here = &world.net.nodes[lower].replica;
                let offices = here.authority().offices();
                let upper_office = world.net.nodes[upper].replica.office();
                let may = |row: &jiaolian_sync::DossierRow, who| {
                    jiaolian_schema::hold::may_hold(offices, who, &row.audience())
                };
                let rows = here.dossiers();
                rows.filter(|(_, row)| may(row, office) && may(row, upper_office))
                    .map(|(id, _)| id)
                    .collect()
            };
            for id in held {
                let below = (
                    world.replica(lower).frontier(id),
                    world.replica(lower).state_root(id),
                );
                let above = (
                    world.replica(upper).frontier(id),
                    world.replica(upper).state_root(id),
                );
                assert_eq!(
                    below, above,
                    "seed {seed}: dossier {id} at {lower} and {upper}"
                );
            }
        }
        for at in [P, C, T1, T2] {
            assert_eq!(
                world.replica(at).refused_count(),
                0,
                "seed {seed} at {at}: {:?}",
                world.replica(at).refused(0, 3)
            );
            let parked = world.replica(at).parked_count();
            assert_eq!(parked, 0, "seed {seed} at {at}");
        }
    }
}

#[test]
fn one_seed_gives_the_same_bytes_twice() {
    let trace = |world: &World| {
        let frames = world.net.frames.iter();
        let frames: Vec<u8> = frames.flat_map(|(_, _, _, frame)| frame.clone()).collect();
        jiaolian_schema::id::sha256(&[&frames])
    };
    assert_eq!(trace(&run(5)), trace(&run(5)));
}
