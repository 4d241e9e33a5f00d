//! Every question that a node asks of its authority, answered where one check alone decides: whose
//! word it is, up to which instant, of which office, and what only looks alike.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{
    Act, Acting, Appoint, Ask, At, FormerKeeper, PublicKey, Restyle, Root, RootSignature,
    RootStatement, Shred, StandIn, Stays, Vouch,
};
use jiaolian_schema::admit::Introductions;
use jiaolian_schema::authority::{Authority, Fork, PathState};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId, sha256};
use town::{DAY, Draft, World, office, stranger};

fn roster_of(w: &World, at: &str) -> Draft {
    Draft {
        dossier: Some(w.roster(at)),
        day: 11,
        ..Draft::default()
    }
}

fn appoint_of(w: &World, id: EnvelopeId) -> Appoint {
    match w.facts[&id].what.roster_act() {
        Some(Act::Appoint(appoint)) => appoint,
        other => panic!("{other:?}"),
    }
}

/// T1's officer x with three notes, and a receipt of the county over the second.
fn noted() -> (World, [EnvelopeId; 3]) {
    let mut w = World::new();
    w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 0, 1_000);
    w.open("T1.s");
    let notes = [3, 4, 5].map(|day| w.note("T1.x", day));
    w.receipt("C1.w", 6, &[notes[1]]);
    (w, notes)
}

#[test]
fn rule_8_the_last_position_that_was_covered_by_an_instant() {
    let (mut w, [one, two, three]) = noted();
    w.receipt("P.w", 9, &[three]);
    let authority = w.authority();
    let x = w.author("T1.x");
    let by = |ms: i64| authority.last_covered_by(x, ms).map(|at| (at.n, at.id));
    assert_eq!(by(6 * DAY - 1), None);
    assert_eq!(by(6 * DAY), Some((2, two)));
    assert_eq!(by(9 * DAY - 1), Some((2, two)));
    assert_eq!(by(9 * DAY), Some((3, three)));
    assert_eq!(authority.covered(one), Some(6 * DAY));
    assert_eq!(
        authority.last_covered_by(stranger("T1.q", "T1"), 9 * DAY),
        None
    );
}

#[test]
fn rule_11_a_fork_is_told_by_its_first_position_and_both_ids() {
    let (mut w, [one, two, three]) = noted();
    let x = w.author("T1.x");
    let plain = w.authority();
    assert_eq!((plain.fork_of(x), plain.forks()), (None, vec![]));
    assert!(!plain.is_disputed(x));
    assert_eq!(plain.heads_at(x, 2), [two]);
    assert_eq!(plain.heads_at(x, 4), []);
    let rival = w.note_after("T1.x", 12, 1, Some(one));
    let last = w.note_after("T1.x", 13, 2, Some(rival));
    let authority = w.authority();
    let mut both = vec![two, rival];
    both.sort_unstable();
    assert_eq!(authority.fork_of(x), Some(2));
    assert_eq!(authority.heads_at(x, 2), both);
    let fork = Fork {
        author: x,
        n: 2,
        ids: both,
    };
    assert_eq!(authority.forks(), [fork]);
    assert!(authority.is_disputed(x));
    assert!(!authority.is_disputed(w.author("T1.a")));
    // The branch that was covered stands up to there; everything above the fork is chained.
    assert_eq!(authority.path_state(two), PathState::Good);
    assert_eq!(authority.path_state(last), PathState::Fork);
    assert_eq!(authority.chain_tip(x).unwrap().id, three.min(last));
    assert_eq!(authority.chain_tip(x).unwrap().n, 3);
}

#[test]
fn rule_7_the_tip_of_a_forked_chain_is_the_highest_head_that_hangs_together() {
    let (mut w, [one, two, three]) = noted();
    let x = w.author("T1.x");
    w.note_after("T1.x", 12, 1, Some(one));
    let loose = w.note_after("T1.x", 14, 4, Some(EnvelopeId([5; 32])));
    let authority = w.authority();
    assert_eq!(authority.chain_tip(x), Some(At { n: 3, id: three }));
    assert_eq!(authority.chain_gap(x), Some(4));
    assert_eq!(authority.path_state(loose), PathState::Gap);
    // Above the last good head it is whatever is chained; below it, the good path.
    w.forget(three);
    assert_eq!(w.authority().chain_tip(x), Some(At { n: 2, id: two }));
}

#[test]
fn a_superiors_word_makes_a_chain_disputed_and_names_a_position() {
    let (mut w, [_, two, three]) = noted();
    let x = w.author("T1.x");
    assert_eq!(w.authority().named_positions(x), []);
    let at = w.at(two);
    let cut = w.revoke("C1.k", "T1.x", Some(at), &[]);
    w.revoke("C1.k", "T1.x", None, &[]);
    w.endorse("P.k", "T1.x", three, 20);
    let authority = w.authority();
    assert!(authority.is_disputed(x));
    let mut named = authority.named_positions(x);
    named.sort_unstable();
    assert_eq!(named, [w.at(two), w.at(three)]);
    let said = |by: &str| {
        let said = authority.said_by(office(by), x);
        said.map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert_eq!(said("C1").len(), 2);
    assert_eq!(said("P").len(), 1);
    assert_eq!(said("T1"), []);
    // What its own office replaced is no word any more.
    let mut replaced = w.clone();
    let new = replaced.revoke("C1.k", "T1.x", Some(at), &[cut]);
    let authority = replaced.authority();
    let said: Vec<EnvelopeId> = authority
        .said_by(office("C1"), x)
        .map(|(id, _)| id)
        .collect();
    assert!(!said.contains(&cut) && said.contains(&new));
}

#[test]
fn bodies_and_introductions_are_told_apart_from_heads() {
    let (mut w, [_, _, three]) = noted();
    w.facts.remove(&three);
    let authority = w.authority();
    assert!(!authority.has_body(three) && authority.has_body(w.appointment_of("T1.x")));
    let x = w.author("T1.x");
    assert_eq!(authority.introduction(x).unwrap().author(), x);
    assert_eq!(authority.office_of(x), Some(office("T1")));
    let nobody = stranger("T1.q", "T1");
    assert!(authority.introduction(nobody).is_none());
    assert_eq!(authority.office_of(nobody), None);
}

#[test]
fn rule_22_what_is_cited_and_appoints_nobody_is_void_at_once() {
    let (mut w, [one, ..]) = noted();
    w.sign_under("T1.x", one);
    let id = w.note("T1.x", 12);
    assert_eq!(w.word(id), "void Appointment", "a note of the case");
    let policy = w.revoke("C1.k", "T1.b", None, &[]);
    w.sign_under("T1.x", policy);
    let id = w.note("T1.x", 12);
    assert_eq!(w.word(id), "void Appointment", "another act of the roster");
    let receipt = w.receipt("C1.w", 12, &[]);
    w.sign_under("T1.x", receipt);
    let id = w.note("T1.x", 12);
    assert_eq!(w.word(id), "void Appointment", "a receipt");
    let others = w.appointment_of("T1.a");
    w.sign_under("T1.x", others);
    let id = w.note("T1.x", 12);
    assert_eq!(w.word(id), "void Appointment", "a colleague's");
}

#[test]
fn rule_24_a_window_outside_the_interval_is_void_to_the_instant() {
    // The interval is 10 to 20; claims lie inside it.
    for (cites, filed, expected) in [
        (Some(20), None, "good"),
        (Some(21), None, "void Interval"),
        (Some(21), Some(22), "void Interval"),
        (None, Some(10), "good"),
        (None, Some(9), "void Interval"),
        (Some(9), Some(9), "void Interval"),
        (Some(20), Some(20), "good"),
    ] {
        let mut w = World::new();
        w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 10, 20);
        w.open("T1.s");
        if let Some(day) = cites {
            let seen = w.receipt("C1.w", day, &[]);
            w.cite("T1.x", seen);
        }
        let id = w.note("T1.x", 15);
        if let Some(day) = filed {
            w.receipt("P.w", day, &[id]);
        }
        assert_eq!(w.word(id), expected, "cites {cites:?}, filed {filed:?}");
        // What is void is void whatever a superior says of it.
        w.endorse("P.k", "T1.x", id, 50);
        assert_eq!(
            w.word(id),
            expected,
            "endorsed, cites {cites:?}, filed {filed:?}"
        );
    }
}

#[test]
fn rule_10_the_newest_receipt_is_one_that_counts() {
    let mut w = World::new();
    let first = w.receipt("C1.w", 9, &[]);
    let back = w.receipt("C1.w", 5, &[]);
    let newest = w.authority().newest_receipt_for(office("T1"));
    assert_eq!(newest, Some((first, 9 * DAY)), "{back} steps back");
    assert_eq!(w.authority().newest_receipt_for(office("C1")), None);
}

fn ask(w: &World, who: &str) -> Ask {
    let appoint = appoint_of(w, w.appointment_of(who));
    Ask {
        office: appoint.office,
        person: appoint.person,
        staff_number: String::new(),
        duty: appoint.duty,
        suite: appoint.suite,
        key: appoint.key,
        last: None,
        nonce: [1; 16],
    }
}

#[test]
fn a_request_for_a_key_is_answered_by_a_good_appointment_from_above_only() {
    let mut w = World::new();
    let own = w.appoint("T1.z", "T1.k", Duty::Staff, &["X_DEP"], 0, 900);
    let asked = ask(&w, "T1.z");
    assert_eq!(w.authority().issued_by(own), Some(office("T1")));
    assert_eq!(w.authority().answer_to(&asked), None, "a colleague's");
    w.appoint("T1.z", "C2.k", Duty::Staff, &["X_DEP"], 0, 900);
    assert_eq!(w.authority().answer_to(&asked), None, "a neighbour's");
    w.appoint("T1.z", "C1.k", Duty::Staff, &["X_DEP", "SYS_ADM"], 0, 900);
    assert_eq!(w.authority().answer_to(&asked), None, "a void one");
    w.appoint("T1.y", "C1.k", Duty::Staff, &["X_DEP"], 0, 900);
    assert_eq!(w.authority().answer_to(&asked), None, "of another key");
    let mut other_key = w.clone();
    let other = Appoint {
        person: w.person_of("T1.z"),
        ..appoint_of(&w, w.appointment_of("T1.y"))
    };
    other_key.reappoint("T1.y", "C1.k", other);
    let answered = other_key.authority().answer_to(&asked);
    assert_eq!(answered, None, "another key of the same person");
    let answer = w.appoint("T1.z", "C1.k", Duty::Staff, &["X_DEP"], 0, 900);
    assert_eq!(w.authority().answer_to(&asked), Some(answer));
    let other_person = Ask {
        person: w.person_of("T1.a"),
        ..asked.clone()
    };
    assert_eq!(w.authority().answer_to(&other_person), None);
    w.revoke("P.k", "T1.z", None, &[]);
    assert_eq!(
        w.authority().answer_to(&asked),
        None,
        "of a key that is barred"
    );
    assert_eq!(w.authority().issued_by(EnvelopeId([1; 32])), None);
}

#[test]
fn only_good_keepers_of_a_county_or_above_order_that_a_case_be_destroyed() {
    let mut w = World::new();
    let order = |w: &mut World, by: &str| {
        let act = Shred {
            dossier: DossierId([3; 32]),
            basis: String::new(),
            document: String::new(),
        };
        let draft = roster_of(w, "C1");
        w.sign(by, draft, act.into())
    };
    for by in ["T1.k", "C1.h"] {
        order(&mut w, by);
    }
    // Another ruling is no order.
    w.appoint("C1.k2", "P.k", Duty::Keeper, &["KEEPER"], 0, 900);
    vouch(&mut w, "C1.k2", "C1", Some([1; 32]), &[]);
    let revoked = order(&mut w, "C1.k2");
    w.revoke("P.k", "C1.k2", None, &[]);
    let (county, province) = (order(&mut w, "C1.k"), order(&mut w, "P.k"));
    let authority = w.authority();
    let mut orders: Vec<(EnvelopeId, OfficeId)> =
        authority.shreds().map(|(id, by, _)| (id, by)).collect();
    orders.sort_unstable();
    let mut expected = vec![(county, office("C1")), (province, office("P"))];
    expected.sort_unstable();
    assert_eq!(orders, expected, "{revoked} fell with its signer");
}

fn vouch(
    w: &mut World,
    by: &str,
    at: &str,
    authority: Option<[u8; 32]>,
    replaces: &[EnvelopeId],
) -> EnvelopeId {
    let act = Vouch {
        authority,
        replaces: replaces.to_vec(),
        document: String::new(),
    };
    let draft = Draft {
        deps: replaces.to_vec(),
        ..roster_of(w, at)
    };
    w.sign(by, draft, act.into())
}

#[test]
fn a_vouching_that_only_takes_away_vouches_for_nothing() {
    let mut w = World::new();
    let first = vouch(&mut w, "C1.k", "C1", Some([1; 32]), &[]);
    assert_eq!(w.authority().vouchings(office("T1")).len(), 1);
    vouch(&mut w, "C1.k", "C1", None, &[first]);
    assert_eq!(w.authority().vouchings(office("T1")).len(), 0);
}

#[test]
fn r_41_two_seats_clash_where_roles_differ_and_days_touch() {
    let mut w = World::new();
    let held = w.appoint("T1.z", "T1.k", Duty::Staff, &["SYS_ADM"], 10, 20);
    let like = appoint_of(&w, held);
    let new = |roles: &[&str], first: i64, last: i64| Appoint {
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        not_before: first * DAY,
        not_after: last * DAY,
        ..like.clone()
    };
    let clash = |w: &World, new: &Appoint| {
        let authority = w.authority();
        authority.clash_with(new).map(|(id, _)| id)
    };
    for (roles, first, last, expected) in [
        (&["X_DEP"][..], 20, 30, true),
        (&["X_DEP"], 21, 30, false),
        (&["X_DEP"], 0, 10, true),
        (&["X_DEP"], 0, 9, false),
        (&["SEC_AUD"], 12, 15, true),
        (&["SYS_ADM"], 12, 15, false),
    ] {
        let new = new(roles, first, last);
        assert_eq!(
            clash(&w, &new).is_some(),
            expected,
            "{roles:?} from {first} to {last}"
        );
    }
    let officer = new(&["X_DEP"], 12, 15);
    let somebody_else = Appoint {
        person: w.person_of("T1.a"),
        ..officer.clone()
    };
    assert_eq!(clash(&w, &somebody_else), None);
    // The other way round: an officer who is to administer.
    let mut officer_first = World::new();
    let seat = officer_first.appoint("T1.z", "T1.k", Duty::Staff, &["X_DEP"], 10, 20);
    let admin = new(&["SYS_ADM"], 20, 30);
    assert_eq!(clash(&officer_first, &admin), Some(seat));
    let second_desk = new(&["OFF_HEAD"], 12, 15);
    assert_eq!(
        clash(&officer_first, &second_desk),
        None,
        "two seats, no administrator"
    );
    // Neither what never counted nor what is barred clashes.
    let mut void = World::new();
    void.appoint("T1.z", "C2.k", Duty::Staff, &["SYS_ADM"], 10, 20);
    assert_eq!(clash(&void, &officer), None);
    w.revoke("C1.k", "T1.z", None, &[]);
    assert_eq!(clash(&w, &officer), None);
    assert_eq!(clash(&w, &admin), None);
}

#[test]
fn r_41_what_does_not_count_and_who_does_not_administer_is_not_listed() {
    let mut w = World::new();
    let person = w.person_of("T1.z");
    let seat = |w: &mut World, who: &str, by: &str, roles: &[&str], days: (i64, i64)| {
        let like = format!("{who}0");
        let id = w.appoint(&like, by, Duty::Staff, roles, days.0, days.1);
        let act = Appoint {
            person,
            key: sha256(&[who.as_bytes(), by.as_bytes()]).to_vec(),
            ..appoint_of(w, id)
        };
        w.reappoint(who, by, act)
    };
    seat(&mut w, "T1.z", "T1.k", &["X_DEP"], (0, 30));
    seat(&mut w, "T2.z", "T2.k", &["OFF_HEAD"], (0, 30));
    assert_eq!(
        w.authority().admin_clashes(),
        [],
        "two seats, no administrator"
    );
    seat(&mut w, "T3.z", "C1.k", &["SYS_ADM"], (0, 30));
    assert_eq!(
        w.authority().admin_clashes(),
        [],
        "of a county that has no say there"
    );
    seat(&mut w, "C2.z", "C2.k", &["SYS_ADM"], (31, 60));
    assert_eq!(w.authority().admin_clashes(), [], "one after the other");
    seat(&mut w, "C1.z", "C1.k", &["SYS_ADM"], (30, 60));
    assert_eq!(w.authority().admin_clashes().len(), 2, "on one day");
}

#[test]
fn r_10_a_standing_in_is_the_holders_under_that_appointment_and_before_the_act() {
    let mut w = World::new();
    let plain = w.appoint("T1.d", "T1.k", Duty::Staff, &["X_DEP"], 0, 1_000);
    let acting = Appoint {
        acting: Some(Acting {
            person: w.person_of("T1.h"),
            condition: String::new(),
        }),
        ..appoint_of(&w, plain)
    };
    let seat = w.reappoint("T1.d", "T1.k", acting);
    let stands = |w: &mut World, who: &str, appointment, back| {
        let act = StandIn {
            appointment,
            reason: String::new(),
            back,
        };
        let draft = roster_of(w, "T1");
        w.sign(who, draft, act.into())
    };
    let stood = |w: &World| {
        let authority = w.authority();
        let ids: Vec<EnvelopeId> = authority.stood_in(seat).map(|one| one.id).collect();
        ids
    };
    stands(&mut w, "T1.a", seat, 0);
    assert_eq!(stood(&w), [], "a colleague's");
    w.sign_under("T1.d", plain);
    stands(&mut w, "T1.d", seat, 0);
    assert_eq!(stood(&w), [], "the holder's under another appointment");
    w.sign_under("T1.d", seat);
    let taken = stands(&mut w, "T1.d", seat, 0);
    assert_eq!(stood(&w), [taken]);
    let n = w.heads[&taken].n;
    let authority = w.authority();
    assert!(!authority.has_capacity(seat, n), "not at its own position");
    assert!(authority.has_capacity(seat, n + 1));
    // A plain appointment has its capacity by itself, and nobody stands in under it.
    w.sign_under("T1.d", plain);
    stands(&mut w, "T1.d", plain, 1);
    let authority = w.authority();
    assert_eq!(authority.stood_in(plain).count(), 0);
    assert!(authority.has_capacity(plain, 9));
    assert!(!authority.has_capacity(EnvelopeId([1; 32]), 9));
    w.revoke("C1.k", "T1.d", None, &[]);
    assert_eq!(stood(&w), [], "with its signer");
}

#[test]
fn r_20_restylings_are_told_from_the_earliest_day_and_the_root_names_itself() {
    let mut w = World::new();
    let restyle = |w: &mut World, by: &str, of: &str, day: i32| {
        let act = Restyle {
            office: office(of),
            from_day: day,
            name: Some(format!("{by} {day}")),
            code: None,
        };
        let draft = roster_of(w, "P");
        w.sign(by, draft, act.into())
    };
    let days = [300, 100, 500, 200, 400];
    let ids = days.map(|day| restyle(&mut w, "C1.k", "T1", day));
    let authority = w.authority();
    let told: Vec<EnvelopeId> = authority
        .restyles_of(office("T1"))
        .iter()
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(told, [ids[1], ids[3], ids[0], ids[4], ids[2]]);
    restyle(&mut w, "C1.k", "P", 100);
    restyle(&mut w, "P.k", "P", 50);
    let authority = w.authority();
    assert_eq!(authority.name_at(office("P"), 200).unwrap().name, "P.k 50");
    assert_eq!(authority.name_at(office("P"), 49).unwrap().name, "P");
}

#[test]
fn only_an_appointed_node_has_a_transport_key() {
    let mut w = World::new();
    w.appoint("T1.node", "C2.k", Duty::Staff, &["NODE"], 0, 31);
    assert!(w.authority().endpoints().is_empty(), "by a neighbour");
    let lost = w.appoint("T1.node", "P.k", Duty::Staff, &["NODE"], 0, 31);
    assert_eq!(w.authority().endpoints().len(), 1);
    let found = w.roster("T1");
    w.forget(found.into());
    let authority = w.authority();
    assert!(
        authority.endpoints().is_empty(),
        "of an office that is not known"
    );
    assert!(!authority.is_appointed(lost));
}

fn key(name: &str) -> PublicKey {
    PublicKey {
        suite: 1,
        key: sha256(&[b"key", name.as_bytes()]).to_vec(),
    }
}

/// The pinned key says that P.k2 keeps the root office, and how much of P.k stays.
fn handed_over(w: &mut World, stays: Stays) -> RootStatement {
    let statement = RootStatement {
        version: 2,
        keeper: key("P.k2"),
        former: vec![FormerKeeper {
            key: key("P.k"),
            stays,
        }],
        ..RootStatement::single(office("P"), key("P.k"))
    };
    let root = Root {
        statement: statement.clone(),
        signatures: vec![RootSignature {
            key: key("P.k"),
            signature: [0; 64],
        }],
    };
    let draft = roster_of(w, "P");
    w.sign("P.k", draft, root.into());
    statement
}

#[test]
fn r_5_a_keeper_whom_the_root_cuts_is_disputed_and_its_later_acts_are_cut() {
    let mut w = World::new();
    let last = w.at(w.appointment_of("T3.s"));
    let before = w.authority();
    let statement = handed_over(&mut w, Stays::UpTo(last));
    let late = w.appoint("P.q", "P.k", Duty::Staff, &["X_DEP"], 0, 31);
    let authority = w.authority();
    let former = w.author("P.k");
    assert!(!before.is_disputed(former) && authority.is_disputed(former));
    assert!(!before.carries_root(&statement) && authority.carries_root(&statement));
    let other = RootStatement {
        version: 3,
        ..statement
    };
    assert!(!authority.carries_root(&other));
    assert_eq!(authority.path_state(late), PathState::Cut);
    assert!(authority.is_barred(former));
    // Nothing below a cut comes to count by arriving one by one.
    let mut slow = Authority::new(w.root.clone());
    for (id, head) in &w.heads {
        slow.add_head(*id, head);
    }
    for fact in w.facts.values() {
        slow.add_fact(fact);
    }
    assert_eq!(slow.path_state(late), PathState::Cut);
    assert_eq!(format!("{slow:?}"), format!("{authority:?}"));
}
