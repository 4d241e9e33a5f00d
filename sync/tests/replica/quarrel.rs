//! Contradictions between whole nodes: two deputies at two desks, an act that is taken back while
//! others go on, a key that signed twice under three kinds of receipts, a county that dates back.

use crate::world::{C, DAY, P, T1, T2, World};
use jiaolian_schema::act::{Act, At, Endorse, Receipt, Receipted, Revoke, Step, Withdraw};
use jiaolian_schema::authority::{State, Wait, Window};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_schema::standing::{Outcome, SlotStanding, Verdict};
use jiaolian_schema::suite::ED25519;
use jiaolian_sync::{Payload, Setup, SignError};

/// In which order links come back, and whether the county's node restarts between them.
const MEETINGS: [[(usize, usize); 3]; 6] = [
    [(C, T1), (P, C), (C, T2)],
    [(C, T1), (C, T2), (P, C)],
    [(P, C), (C, T1), (C, T2)],
    [(P, C), (C, T2), (C, T1)],
    [(C, T2), (P, C), (C, T1)],
    [(C, T2), (C, T1), (P, C)],
];

fn slot(world: &mut World, at: usize, case: DossierId, matter: EnvelopeId) -> SlotStanding {
    let standing = world.replica(at).standing(case).unwrap();
    standing.matters[&matter].slots["decide"].clone()
}

fn outcome(
    world: &mut World,
    at: usize,
    case: DossierId,
    (matter, step): (EnvelopeId, EnvelopeId),
) -> Outcome {
    let standing = world.replica(at).standing(case).unwrap();
    let steps = &standing.matters[&matter].steps;
    steps.iter().find(|one| one.id == step).unwrap().outcome
}

/// The head of the first township decides at the office, its deputy at the county's desk; neither
/// desk hears of the other before the links come back in one order or another.
fn quarrel(order: usize) -> (World, DossierId, EnvelopeId, [EnvelopeId; 2]) {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let matter = world.apply(T1, "t1-officer", case);
    world.net.rest();
    for (a, b) in MEETINGS[0] {
        world.net.cut(a, b);
    }
    let yes = world.step(T1, "t1-head", case, matter, "approve").unwrap();
    let no = world.step(C, "t1-deputy", case, matter, "refuse").unwrap();
    for (a, b) in MEETINGS[order] {
        world.net.heal(a, b);
        world.net.flow();
        if order % 2 == 1 {
            let setup = world.setup_of(C);
            world.net.restart(C, setup);
        }
        world.net.tick(3_000);
    }
    world.link_all();
    world.net.rest();
    (world, case, matter, [yes, no])
}

#[test]
fn scenario_9_two_deputies_meet_in_any_order_and_the_county_rules_on_both() {
    for order in 0..MEETINGS.len() {
        let (mut world, case, matter, [yes, no]) = quarrel(order);
        let mut tips = vec![yes, no];
        tips.sort_unstable();
        let expected = SlotStanding::Conflicted {
            tips: tips.clone(),
            in_force: None,
        };
        for at in [T1, C, P] {
            assert_eq!(
                slot(&mut world, at, case, matter),
                expected,
                "{order} at {at}"
            );
        }
        let ruling = |replaces| Step {
            matter,
            event: "refuse".to_owned(),
            replaces,
            section: None,
            fields: std::collections::BTreeMap::new(),
            span: None,
        };
        let own = world.act(T1, "t1-head", Some(case), ruling(tips.clone()).into());
        assert!(matches!(own, Err(SignError::NoEffect(_))), "{own:?}");
        let ruled = world.act(C, "c-head", Some(case), ruling(tips.clone()).into());
        let ruled = ruled.unwrap();
        world.net.rest();
        for at in [T1, C, P] {
            let standing = slot(&mut world, at, case, matter);
            let SlotStanding::Stands { ids, value, .. } = standing else {
                panic!("{order} at {at}: {standing:?}");
            };
            assert_eq!(ids, [ruled]);
            assert_eq!(
                value,
                jiaolian_schema::standing::SlotValue::Verdict(Verdict::Refuse)
            );
            let of = (matter, yes);
            assert_eq!(outcome(&mut world, at, case, of), Outcome::Replaced);
        }
        for (a, b) in [(T1, C), (C, P)] {
            world.assert_equal(a, b);
        }
    }
}

#[test]
fn an_act_taken_back_at_one_desk_while_another_goes_on_stands_the_same_everywhere() {
    for county_knew in [false, true] {
        let mut world = World::new();
        world.link_all();
        let case = world.open(T1, "t1-officer", "t1", 1, false);
        let matter = world.apply(T1, "t1-officer", case);
        let verify = world
            .step(T1, "t1-officer", case, matter, "verify")
            .unwrap();
        world.net.rest();
        if !county_knew {
            world.net.cut(C, T1);
        }
        let back = Withdraw {
            act: verify,
            reason: "another person's".to_owned(),
        };
        let foreign = world.act(T1, "t1-head", Some(case), back.clone().into());
        assert!(
            matches!(foreign, Err(SignError::NoEffect(_))),
            "{foreign:?}"
        );
        world
            .act(T1, "t1-officer", Some(case), back.clone().into())
            .unwrap();
        if county_knew {
            world.net.rest();
        }
        world.step(C, "c-head", case, matter, "approve").unwrap();
        world.net.heal(C, T1);
        world.net.rest();
        let expected = if county_knew {
            Outcome::Withdrawn
        } else {
            Outcome::Recorded
        };
        for at in [T1, C, P] {
            let found = outcome(&mut world, at, case, (matter, verify));
            assert_eq!(found, expected, "at {at}");
        }
        if !county_knew {
            let late = world.act(T1, "t1-officer", Some(case), back.into());
            assert!(matches!(late, Err(SignError::NoEffect(_))), "{late:?}");
        }
        for (a, b) in [(T1, C), (C, P)] {
            world.assert_equal(a, b);
        }
    }
}

/// A deputy's key is reported lost. One approval was receipted before, one note is signed by whoever
/// has the key, and the news and the note meet in one order or another.
#[test]
fn scenario_24_what_a_lost_key_signed_waits_whatever_comes_first_and_is_endorsed_in_one_act() {
    for order in MEETINGS {
        let mut world = World::new();
        world.link_all();
        let case = world.open(T1, "t1-officer", "t1", 1, false);
        let matter = world.apply(T1, "t1-officer", case);
        let yes = world
            .step(T1, "t1-deputy", case, matter, "approve")
            .unwrap();
        world.net.rest();
        for (a, b) in order {
            world.net.cut(a, b);
        }
        word(&mut world, "c-keeper", case, (false, yes));
        let late = world.step(T1, "t1-deputy", case, matter, "note").unwrap();
        let last = world.step(T1, "t1-deputy", case, matter, "note").unwrap();
        for (a, b) in order {
            world.net.heal(a, b);
            world.net.flow();
            world.net.tick(3_000);
        }
        world.net.rest();
        let cut = State::Waiting(Wait::Cut);
        assert_eq!(
            states(&mut world, case, [late, last]),
            [cut, cut],
            "{order:?}"
        );
        assert!(
            states(&mut world, case, [yes, yes])[0].is_good(),
            "{order:?}"
        );
        let listed = world.replica(C).standing(case).unwrap().listed.clone();
        assert!(
            [late, last]
                .iter()
                .all(|id| listed.iter().any(|(of, _)| of == id))
        );
        word(&mut world, "root", case, (true, last));
        let healed = states(&mut world, case, [late, last]);
        assert!(
            healed.iter().all(|state| state.is_good()),
            "{order:?}: {healed:?}"
        );
    }
}

/// An officer's term ends while the office is cut off.
#[test]
fn scenario_10_what_was_signed_in_a_term_and_seen_after_it_waits_and_is_mended() {
    for receipted in [true, false] {
        let mut world = World::new();
        let end = world.net.now + 3 * DAY;
        let roster = world.roster("t1");
        world.appoint_until(roster, ("t1-acting", "t1"), Duty::Staff, &["HEAD"], end);
        world.link_all();
        let case = world.open(T1, "t1-officer", "t1", 1, false);
        let matter = world.apply(T1, "t1-officer", case);
        world.net.rest();
        if !receipted {
            world.net.cut(C, T1);
        }
        let yes = world
            .step(T1, "t1-acting", case, matter, "approve")
            .unwrap();
        world.net.rest();
        world.net.tick(4 * DAY);
        let after = world.step(T1, "t1-acting", case, matter, "note");
        assert!(
            matches!(after, Err(SignError::OutsideInterval { .. })),
            "{after:?}"
        );
        world.net.heal(C, T1);
        world.net.rest();
        let state = states(&mut world, case, [yes, yes])[0];
        assert_eq!(state.is_good(), receipted, "{state:?}");
        if !receipted {
            assert_eq!(state, State::Waiting(Wait::Window));
            assert_eq!(slot(&mut world, P, case, matter), SlotStanding::Open);
            word(&mut world, "c-keeper", case, (true, yes));
            assert!(states(&mut world, case, [yes, yes])[0].is_good());
        }
    }
}

/// Who covers the two branches of the officer's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Covered {
    First,
    Both,
    Neither,
}

/// The officer's key signs the terms `a` and `b` at one position: once at the office, and once more
/// on a disk that was put back.
fn forked(covered: Covered) -> (World, DossierId, [EnvelopeId; 2]) {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    if covered != Covered::First {
        // The county's node runs on without the key that receipts.
        let setup = Setup {
            witness: None,
            ..world.setup_of(C)
        };
        world.net.restart(C, setup);
    }
    world.net.cut(C, T1);
    let image = world.image(T1);
    let a = world.amend(T1, "t1-officer", case, "term", b"a");
    world.link_all();
    world.net.rest();
    world.put_back(T1, image);
    let b = world.amend(T1, "t1-officer", case, "term", b"b");
    world.link_all();
    world.net.rest();
    if covered == Covered::Both {
        let listed = [a, b].map(|id| {
            let fact = world.replica(C).fact(case, id).unwrap();
            Receipted {
                author: fact.author,
                n: fact.n,
                id,
                whole: 1,
            }
        });
        let receipt = Receipt::new(ED25519, world.net.now, listed.to_vec());
        let roster = world.roster("t1");
        world
            .sign(C, "c-witness", Some(roster), Payload::Receipt(receipt))
            .unwrap();
        world.net.rest();
    }
    (world, case, [a, b])
}

fn states(world: &mut World, case: DossierId, ids: [EnvelopeId; 2]) -> [State; 2] {
    let of = |world: &mut World, at: usize| {
        ids.map(|id| {
            let fact = world.replica(at).fact(case, id).unwrap();
            world.replica(at).authority().state(&fact, true)
        })
    };
    let here = of(world, C);
    for at in [T1, P] {
        assert_eq!(of(world, at), here, "at {at}");
    }
    for (a, b) in [(T1, C), (C, P)] {
        world.assert_equal(a, b);
    }
    here
}

/// A keeper's word on the officer's chain: no above a position, or yes up to it.
fn word(world: &mut World, by: &str, case: DossierId, (yes, id): (bool, EnvelopeId)) {
    let fact = world.replica(P).fact(case, id).unwrap();
    let at = At { n: fact.n, id };
    let author = fact.author;
    let act: Act = if yes {
        Endorse {
            author,
            at,
            replaces: Vec::new(),
        }
        .into()
    } else {
        Revoke {
            author,
            at: Some(at),
            replaces: Vec::new(),
            reason: "two at one number".to_owned(),
            compromised_since: None,
        }
        .into()
    };
    let roster = world.roster("t1");
    world.act(P, by, Some(roster), act).unwrap();
    world.net.rest();
}

const FORK: State = State::Waiting(Wait::Fork);

#[test]
fn of_two_branches_the_one_covered_first_stands_until_a_judge_changes_it_in_two_acts() {
    let (mut world, case, [a, b]) = forked(Covered::First);
    let [first, second] = states(&mut world, case, [a, b]);
    assert!(matches!(first, State::Good { filed: Some(_) }), "{first:?}");
    assert_eq!(second, FORK);
    word(&mut world, "root", case, (true, b));
    assert!(
        states(&mut world, case, [a, b])[0].is_good(),
        "an endorsement displaces nothing"
    );
    word(&mut world, "c-keeper", case, (false, case.into()));
    let [first, second] = states(&mut world, case, [a, b]);
    assert_eq!(first, State::Waiting(Wait::Cut));
    assert!(second.is_good(), "{second:?}");
}

#[test]
fn of_two_branches_that_nobody_covered_the_endorsed_one_stands() {
    let (mut world, case, [a, b]) = forked(Covered::Neither);
    assert_eq!(states(&mut world, case, [a, b]), [FORK, FORK]);
    word(&mut world, "c-keeper", case, (true, b));
    let [first, second] = states(&mut world, case, [a, b]);
    assert_eq!(first, FORK);
    assert!(second.is_good(), "{second:?}");
}

#[test]
fn of_two_branches_covered_at_the_same_time_neither_stands_until_a_judge_cuts_and_endorses() {
    let (mut world, case, [a, b]) = forked(Covered::Both);
    assert_eq!(states(&mut world, case, [a, b]), [FORK, FORK]);
    word(&mut world, "root", case, (true, a));
    assert_eq!(
        states(&mut world, case, [a, b]),
        [FORK, FORK],
        "covered as the other is"
    );
    word(&mut world, "c-keeper", case, (false, case.into()));
    let [first, second] = states(&mut world, case, [a, b]);
    assert!(first.is_good(), "{first:?}");
    assert_eq!(second, State::Waiting(Wait::Cut));
}

/// The county's witness lists the last act of the case as if it had been there a minute after the
/// county's own last receipt.
#[test]
fn a_county_that_dates_back_is_bounded_by_the_cities_receipt_that_the_township_cites() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    let before = world.net.now;
    world.net.tick(3 * 3_600_000);
    let own = world.open(C, "c-head", "c", 2, false);
    world.net.rest();
    let upper = {
        let fact = world.replica(P).fact(own, own.into()).unwrap();
        world.replica(P).authority().window(&fact).filed.unwrap()
    };
    assert!(upper > before + 60_000);
    world.net.cut(C, T1);
    let late = world.amend(T1, "t1-officer", case, "term", b"x");
    let setup = Setup {
        witness: None,
        ..world.setup_of(C)
    };
    world.net.restart(C, setup);
    world.link_all();
    world.net.rest();
    let fact = world.replica(C).fact(case, late).unwrap();
    let listed = Receipted {
        author: fact.author,
        n: fact.n,
        id: late,
        whole: 1,
    };
    let forged = Receipt::new(ED25519, before + 60_000, vec![listed]);
    let roster = world.roster("t1");
    let signed = world.sign(C, "c-witness", Some(roster), Payload::Receipt(forged));
    signed.unwrap();
    world.net.rest();
    for at in [T1, C, P] {
        let authority = world.replica(at).authority();
        let window = authority.window(&fact);
        // A node that cites as it should can't even be believed: its receipt contradicts its head.
        assert_eq!(authority.filed0(late), None, "at {at}");
        let lower = window.lower.unwrap();
        assert_eq!(
            window,
            Window {
                lower: Some(lower),
                filed: None
            },
            "at {at}"
        );
        assert!(lower >= upper, "at {at}");
    }
}
