//! Sealed records, rules S-1 to S-5 of `docs/standing-rest.md`: who seals, lifts and opens for a lawful
//! query, on which grounds, and that both opinions say the same in every order of arrival.

#![allow(clippy::unwrap_used)]

#[path = "world/arrival.rs"]
mod arrival;
#[path = "world/town.rs"]
mod town;

use arrival::Orders;
use jiaolian_schema::act::{Act, Consult, Raise, Seal};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{AlarmId, EnvelopeId, PersonCode, PersonId};
use jiaolian_schema::opinion::{Decided, Opinion, Slot};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::standing::{Standing, fold};
use town::{DAY, Draft, World, office};

const GROUND: &str = "under_18_five_years";
const READER: PersonId = PersonId([7; 16]);

fn county() -> World {
    let mut w = World::new();
    w.appoint("C1.head", "C1.k", Duty::Staff, &["CTY_HEAD"], 0, 100);
    w.appoint("C1.head2", "C1.k", Duty::Staff, &["CTY_HEAD"], 0, 100);
    w.appoint("C1.case", "C1.k", Duty::Staff, &["CTY_CASE"], 0, 100);
    w.appoint("C2.head", "C2.k", Duty::Staff, &["CTY_HEAD"], 0, 100);
    w.appoint(
        "T1.head",
        "T1.k",
        Duty::Staff,
        &["OFF_HEAD", "CTY_HEAD"],
        0,
        100,
    );
    w.open("T1.s");
    w
}

fn sign(w: &mut World, who: &str, seen: &[EnvelopeId], day: i64, act: Act) -> EnvelopeId {
    let case = w.case.unwrap();
    let deps = seen.iter().copied().chain([case.into()]).collect();
    let draft = Draft {
        dossier: Some(case),
        deps,
        day,
        ..Draft::default()
    };
    w.sign(who, draft, act)
}

fn seal(
    w: &mut World,
    who: &str,
    replaces: &[EnvelopeId],
    (sealed, ground): (u8, &str),
) -> EnvelopeId {
    let act = Seal {
        sealed,
        ground: ground.to_owned(),
        document: "1".to_owned(),
        replaces: replaces.to_vec(),
    };
    sign(w, who, replaces, 20, act.into())
}

fn consult(
    w: &mut World,
    who: &str,
    seen: &[EnvelopeId],
    change: impl Fn(&mut Consult),
) -> EnvelopeId {
    let mut act = Consult {
        person: READER,
        ground: "judicial_case".to_owned(),
        unit: "县人民检察院".to_owned(),
        purpose: "办理案件".to_owned(),
        document: "检调〔2026〕1号".to_owned(),
        from: 21 * DAY,
        to: 23 * DAY,
    };
    change(&mut act);
    sign(w, who, seen, 21, act.into())
}

/// What both say of the case, and of one act.
fn both(w: &World, id: EnvelopeId) -> (Standing, Decided) {
    let rules = RulePack::builtin();
    let standing = fold(&w.authority(), &rules, &w.case_facts());
    let papers = w.papers();
    let second = Opinion::of(&papers).of_case(w.case.unwrap(), &rules);
    let consults: Vec<EnvelopeId> = standing.consults.iter().map(|one| one.id).collect();
    assert_eq!(consults, second.consults);
    let tips = match &second.seal {
        Slot::Open => Vec::new(),
        Slot::Stands(held) => held.ids.clone(),
        Slot::Conflicted { tips, .. } => tips.clone(),
    };
    assert_eq!(standing.seal.tips(), tips);
    let held = second.seal.in_force().map(|held| held.ids.clone());
    let ids = standing.seal.in_force().map(|(ids, _)| ids.to_vec());
    assert_eq!(ids, held);
    (standing, second.decided[&id].clone())
}

#[test]
fn only_the_countys_head_seals_and_only_on_the_laws_ground() {
    let rows = [
        ("C1.head", 1, GROUND, true),
        ("C1.case", 1, GROUND, false),
        ("C2.head", 1, GROUND, false),
        ("T1.head", 1, GROUND, false),
        ("C1.head", 1, "he_asked_for_it", false),
        ("C1.head", 1, "judicial_case", false),
        ("C1.head", 1, "retrial", false),
    ];
    for (who, sealed, ground, expected) in rows {
        let mut w = county();
        let id = seal(&mut w, who, &[], (sealed, ground));
        let (standing, decided) = both(&w, id);
        assert_eq!(standing.is_sealed(), expected, "{who} {ground}");
        assert_eq!(
            decided == Decided::Stands,
            expected,
            "{who} {ground}: {decided:?}"
        );
    }
}

#[test]
fn a_seal_is_lifted_on_the_grounds_of_lifting_and_no_other() {
    for (ground, lifted) in [
        ("retrial", true),
        ("new_crime", true),
        (GROUND, false),
        ("state_rule", false),
    ] {
        let mut w = county();
        let sealed = seal(&mut w, "C1.head", &[], (1, GROUND));
        let lift = seal(&mut w, "C1.head", &[sealed], (0, ground));
        let (standing, _) = both(&w, lift);
        assert_eq!(standing.is_sealed(), !lifted, "{ground}");
        Orders::try_all(&w, &[sealed, lift]);
    }
}

#[test]
fn while_a_seal_and_its_lifting_contradict_one_another_the_case_stays_sealed() {
    let mut w = county();
    let first = seal(&mut w, "C1.head", &[], (1, GROUND));
    let lift = seal(&mut w, "C1.head", &[first], (0, "retrial"));
    let again = seal(&mut w, "C1.head2", &[first], (1, GROUND));
    let (standing, decided) = both(&w, lift);
    assert_eq!(decided, Decided::Conflicted);
    assert!(standing.is_sealed());
    Orders::try_all(&w, &[first, lift, again]);
}

#[test]
fn a_consultation_names_who_why_and_until_when_and_lasts_no_longer_than_the_rules_say() {
    type Change = fn(&mut Consult);
    let rows: [(&str, &str, Change, bool); 9] = [
        ("whole", "C1.head", |_| {}, true),
        ("another's office", "C2.head", |_| {}, false),
        ("no head", "C1.case", |_| {}, false),
        ("no unit", "C1.head", |act| act.unit = " ".to_owned(), false),
        ("no purpose", "C1.head", |act| act.purpose.clear(), false),
        ("no letter", "C1.head", |act| act.document.clear(), false),
        (
            "no ground of the law",
            "C1.head",
            |act| act.ground = "curiosity".to_owned(),
            false,
        ),
        (
            "six days",
            "C1.head",
            |act| act.to = act.from + 6 * DAY,
            false,
        ),
        (
            "over before it was signed",
            "C1.head",
            |act| (act.from, act.to) = (0, DAY),
            false,
        ),
    ];
    for (what, who, change, counts) in rows {
        let mut w = county();
        let sealed = seal(&mut w, "C1.head", &[], (1, GROUND));
        let id = consult(&mut w, who, &[sealed], change);
        let (standing, _) = both(&w, id);
        assert_eq!(standing.may_consult(READER, 22 * DAY), counts, "{what}");
        assert!(standing.is_sealed() && !standing.may_consult(PersonId([8; 16]), 22 * DAY));
        assert!(!standing.may_consult(READER, 24 * DAY), "{what}");
        Orders::try_all(&w, &[sealed, id]);
    }
}

#[test]
fn a_consultation_may_end_at_the_instant_at_which_it_is_signed_and_they_are_listed_by_id() {
    let mut w = county();
    let sealed = seal(&mut w, "C1.head", &[], (1, GROUND));
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(consult(&mut w, "C1.head", &[sealed], |act| {
            act.from = 20 * DAY;
            act.to = 21 * DAY;
        }));
    }
    assert!(
        !ids.is_sorted(),
        "signed in another order than that of their ids"
    );
    ids.sort_unstable();
    let (standing, _) = both(&w, ids[0]);
    let listed: Vec<EnvelopeId> = standing.consults.iter().map(|one| one.id).collect();
    assert_eq!(listed, ids);
    assert!(standing.may_consult(READER, 21 * DAY) && !standing.may_consult(READER, 21 * DAY + 1));
}

#[test]
fn a_seal_or_a_consultation_in_an_alarm_does_nothing() {
    let mut w = county();
    let alarm = Raise {
        alarm: AlarmId([1; 32]),
        case: w.case.unwrap(),
        office: office("C1"),
        person: PersonCode([7; 16]),
        kind: "GEO_OUT".to_owned(),
        severity: 3,
        fence: String::new(),
        time: 1,
        decided_at: 1,
        retrospective: 0,
        evidence: vec![],
    };
    let id = w.sign("C1.case", Draft::default(), alarm.into());
    w.case = Some(id.into());
    let sealed = seal(&mut w, "C1.head", &[], (1, GROUND));
    let opened = consult(&mut w, "C1.head", &[sealed], |_| {});
    let standing = fold(&w.authority(), &RulePack::builtin(), &w.case_facts());
    assert!(standing.listed.is_empty(), "both are good by themselves");
    assert!(!standing.is_sealed() && standing.consults.is_empty());
    assert!(!standing.may_consult(READER, 22 * DAY), "{opened:?}");
}

#[test]
fn the_root_tells_seals_and_consultations_apart() {
    let mut w = county();
    let open = consult(&mut w, "C1.head", &[], |_| {});
    let (one, _) = both(&w, open);
    assert!(!one.is_sealed() && one.consults.len() == 1);
    let mut none = one.clone();
    none.consults.clear();
    let mut other = one.clone();
    other.consults[0].person = PersonId([8; 16]);
    // Nodes of different builds compare roots; a change here is a new version of the fold.
    let hex: String = one.state_root().map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(
        hex,
        "0c6495e51f3db671d7885f692006e4df370d9e3a6041ba2379fa778eeac2e527"
    );
    let roots = [one.state_root(), none.state_root(), other.state_root()];
    assert!(roots[0] != roots[1] && roots[1] != roots[2] && roots[0] != roots[2]);
}

#[test]
fn a_case_without_a_seal_keeps_the_root_that_it_had() {
    let w = county();
    let before = fold(&w.authority(), &RulePack::builtin(), &w.case_facts());
    let mut sealed = county();
    let id = seal(&mut sealed, "C1.head", &[], (1, GROUND));
    let (after, _) = both(&sealed, id);
    assert_ne!(before.state_root(), after.state_root());
    assert!(!before.is_sealed() && before.consults.is_empty());
}
