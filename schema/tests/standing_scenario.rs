//! Scenarios 9, 10, 11 and 24 of the domain in every order of arrival, and a county that dates a
//! receipt back.

#[path = "world/arrival.rs"]
mod arrival;
#[path = "world/town.rs"]
mod town;

use arrival::Orders;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::EnvelopeId;
use town::{DAY, World};

/// Orders of six envelopes, each once with its head and once with all heads before.
const SIX: usize = 2 * 720;

/// A leave of ten days at C1, where a and b are deputies and h2 is the head.
fn leave() -> (World, EnvelopeId) {
    let mut w = World::new();
    w.open("C1.s");
    let matter = w.apply("C1.h", "leave", (12, 21));
    (w, matter)
}

#[test]
fn scenario_9_two_deputies_a_service_and_the_heads_ruling_in_every_order() {
    let (mut w, matter) = leave();
    let yes = w.step("C1.a", matter, "approve", &[], &[]);
    let no = w.step("C1.b", matter, "refuse", &[], &[]);
    let filed = w.receipt("P.w", 12, &[yes, no]);
    assert_eq!(w.slot(matter), "conflicted, undecided");
    assert!(!w.reliance(matter));
    let serve = w.serve("C1.s", yes, 11);
    assert_eq!(w.slot(matter), "conflicted, undecided");
    assert!(w.reliance(matter), "served before anybody knew better");
    let ruling = w.step("C1.h2", matter, "adjudicate_refuse", &[yes, no], &[]);
    assert_eq!(w.slot(matter), "refuse");
    assert!(w.reliance(matter), "until the ruling is served");
    let told = w.serve("C1.s", ruling, 14);
    assert!(!w.reliance(matter));
    let story = [yes, no, filed, serve, ruling, told];
    assert_eq!(Orders::try_all(&w, &story), SIX);
}

#[test]
fn scenario_9_a_rivals_own_ruling_settles_nothing_in_any_order() {
    let (mut w, matter) = leave();
    let yes = w.step("C1.a", matter, "approve", &[], &[]);
    let no = w.step("C1.b", matter, "refuse", &[], &[]);
    let first = w.receipt("P.w", 12, &[yes]);
    let second = w.receipt("P.w", 14, &[no]);
    let ruling = w.step("C1.a", matter, "adjudicate_approve", &[yes, no], &[]);
    assert_eq!(w.slot(matter), "conflicted, undecided");
    Orders::try_all(&w, &[yes, no, first, second, ruling]);
}

/// T1's head x is appointed for the days 0 to 90.
fn term() -> World {
    let mut w = World::new();
    w.appoint("T1.x", "T1.k", Duty::Staff, &["OFF_HEAD"], 0, 90);
    w.open("T1.s");
    w
}

#[test]
fn scenario_10_a_term_that_ends_between_signing_and_filing_in_every_order() {
    let mut w = term();
    let first = w.apply("T1.s", "leave", (95, 97));
    let second = w.apply("T1.s", "leave", (98, 99));
    let third = w.apply("T1.s", "leave", (99, 99));
    let witnessed = w.step_on("T1.x", first, "approve", &[], &[], 90);
    let seen = w.receipt("C1.w", 90, &[witnessed]);
    let unseen = w.step_on("T1.x", second, "approve", &[], &[], 90);
    let after = w.step_on("T1.x", third, "approve", &[], &[], 91);
    let late = w.receipt("C1.w", 92, &[unseen, after]);
    assert_eq!(
        w.words(&[witnessed, unseen, after]),
        ["good", "waiting Window", "void Interval"]
    );
    assert_eq!(w.slot(first), "approve");
    assert_eq!(
        (w.slot(second), w.slot(third)),
        ("open".into(), "open".into())
    );
    let endorse = w.endorse("C1.k", "T1.x", after, 95);
    assert_eq!(
        w.words(&[witnessed, unseen, after]),
        ["good", "good", "void Interval"],
        "an endorsement mends what straddles the end and never what came after it"
    );
    assert_eq!(w.slot(second), "approve");
    let story = [witnessed, seen, unseen, after, late, endorse];
    assert_eq!(Orders::try_all(&w, &story), SIX);
}

#[test]
fn scenario_11_a_clock_that_runs_ahead_orders_nothing_in_any_order() {
    let (mut w, matter) = leave();
    // The office's clock is four days fast: it claims 15 for what the province has by 11.
    let fast = w.step_on("C1.a", matter, "approve", &[], &[], 15);
    let filed = w.receipt("P.w", 11, &[fast]);
    w.cite("C1.b", filed);
    // A clock that runs behind claims 3 for what cites a receipt of 11.
    let slow = w.step_on("C1.b", matter, "refuse", &[], &[], 3);
    let later = w.receipt("P.w", 19, &[slow]);
    let authority = w.authority();
    let window = |id: EnvelopeId| authority.window(&w.facts[&id]);
    assert_eq!(window(fast).clamp(15 * DAY), 11 * DAY);
    assert_eq!(window(slow).clamp(3 * DAY), 11 * DAY);
    assert_eq!(
        w.slot(matter),
        "approve",
        "the refusal was filed a week later"
    );
    let note = w.note("C1.a", 16);
    Orders::try_all(&w, &[fast, filed, slow, later, note]);
}

#[test]
fn scenario_24_a_lost_key_whose_papers_come_late_in_every_order() {
    let mut w = term();
    let matter = w.apply("T1.s", "leave", (12, 14));
    let before = w.note("T1.x", 3);
    let first = w.receipt("C1.w", 3, &[before]);
    let inside = w.step_on("T1.x", matter, "approve", &[], &[], 5);
    let second = w.receipt("C1.w", 5, &[inside]);
    let dated_back = w.note("T1.x", 3);
    let at = w.at(before);
    assert_eq!(w.slot(matter), "approve");
    let lost = w.revoke("C1.k", "T1.x", Some(at), &[]);
    assert_eq!(
        w.words(&[before, inside, dated_back]),
        ["good", "waiting Cut", "waiting Cut"]
    );
    assert_eq!(w.slot(matter), "open", "quarantined, to be decided afresh");
    let story = [before, first, inside, second, dated_back, lost];
    assert_eq!(Orders::try_all(&w, &story), SIX);
}

#[test]
fn scenario_24_what_came_late_is_endorsed_in_one_act_in_every_order() {
    let mut w = term();
    let matter = w.apply("T1.s", "leave", (12, 14));
    let before = w.note("T1.x", 3);
    let at = w.at(before);
    let lost = w.revoke("C1.k", "T1.x", Some(at), &[]);
    let inside = w.step_on("T1.x", matter, "approve", &[], &[], 5);
    let last = w.note("T1.x", 6);
    let built_on = w.serve("T1.s", inside, 7);
    assert_eq!(w.words(&[inside, last]), ["waiting Cut", "waiting Cut"]);
    assert_eq!(
        w.word(built_on),
        "good",
        "nobody else's honest work is lost"
    );
    let listed: Vec<EnvelopeId> = w.standing().listed.iter().map(|(id, _)| *id).collect();
    assert!(listed.contains(&inside) && listed.contains(&last));
    let healed = w.endorse("P.k", "T1.x", last, 9);
    assert_eq!(w.words(&[inside, last]), ["good", "good"]);
    assert_eq!(w.slot(matter), "approve");
    let story = [before, lost, inside, last, built_on, healed];
    assert_eq!(Orders::try_all(&w, &story), SIX);
}

/// T1's a approves, T1's b refuses a little later. The county's witness files the refusal late, under
/// an old date.
struct Backdated {
    w: World,
    matter: EnvelopeId,
    approve: EnvelopeId,
    refuse: EnvelopeId,
}

impl Backdated {
    /// The county last receipted on day 12. `cites` tells of which city receipt b already knew.
    fn new(cites: bool) -> Self {
        let mut w = World::new();
        w.open("T1.s");
        let matter = w.apply("T1.h", "leave", (50, 52));
        let early = w.receipt("C1.w", 12, &[matter]);
        let approve = w.step_on("T1.a", matter, "approve", &[], &[], 13);
        let upper = w.receipt("P.w", 20, &[early, approve]);
        if cites {
            w.cite("T1.b", upper);
        }
        let refuse = w.step_on("T1.b", matter, "refuse", &[], &[], 13);
        Self {
            w,
            matter,
            approve,
            refuse,
        }
    }
}

#[test]
fn a_county_never_dates_back_behind_its_own_previous_receipt() {
    let mut back = Backdated::new(false);
    let forged = back.w.receipt("C1.w", 5, &[back.refuse]);
    assert_eq!(back.w.authority().filed0(back.refuse), None);
    assert_eq!(back.w.slot(back.matter), "approve");
    Orders::try_all(&back.w, &[back.approve, back.refuse, forged]);
}

#[test]
fn a_county_never_dates_back_behind_a_city_receipt_that_it_cites() {
    let mut back = Backdated::new(false);
    let upper = back.w.receipt("P.w", 40, &[back.approve]);
    back.w.cite("C1.w", upper);
    let forged = back.w.receipt("C1.w", 13, &[back.refuse]);
    assert_eq!(back.w.authority().filed0(back.refuse), None);
    assert_eq!(back.w.slot(back.matter), "approve");
    Orders::try_all(&back.w, &[back.approve, back.refuse, upper, forged]);
}

#[test]
fn a_county_never_dates_back_behind_a_city_receipt_that_the_signer_cites() {
    let mut back = Backdated::new(true);
    let forged = back.w.receipt("C1.w", 12, &[back.refuse]);
    let authority = back.w.authority();
    assert_eq!(authority.filed0(back.refuse), Some(12 * DAY), "as it says");
    let window = authority.window(&back.w.facts[&back.refuse]);
    assert_eq!(
        (window.lower, window.filed),
        (Some(20 * DAY), Some(20 * DAY))
    );
    assert_eq!(
        back.w.slot(back.matter),
        "conflicted, undecided",
        "not before the approval, which was filed on day 20 too"
    );
    Orders::try_all(&back.w, &[back.approve, back.refuse, forged]);
}

#[test]
fn a_city_takes_back_what_its_county_dated_back() {
    let mut back = Backdated::new(false);
    let forged = back.w.receipt("C1.w", 12, &[back.refuse]);
    assert_eq!(
        back.w.slot(back.matter),
        "refuse",
        "filed eight days before the approval, as the county says"
    );
    let at = back.w.receipt_before(forged);
    let revoke = back.w.revoke("P.k", "C1.w", Some(at), &[]);
    let true_time = back.w.receipt("P.w", 60, &[back.refuse]);
    assert_eq!(back.w.slot(back.matter), "approve");
    let story = [back.approve, back.refuse, forged, revoke, true_time];
    Orders::try_all(&back.w, &story);
}
