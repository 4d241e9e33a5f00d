//! Threats to whole nodes, by their numbers in the threat model: a stolen township, a county that
//! keeps things back, one position signed twice, a stranger's questions, a disk that is gone.

use crate::bad_input::{amend, envelopes, forge, have, haves};
use crate::supervise::{alarms, watched};
use crate::world::{C, DAY, P, START, T1, T2, World, code, office, peer_key, signer};
use jiaolian_schema::act::{Act, Appoint, Revoke, Step};
use jiaolian_schema::authority::{State, Wait};
use jiaolian_schema::envelope::{Duty, Envelope};
use jiaolian_schema::fact::What;
use jiaolian_schema::fix::{Coord, Fix, Point, Source};
use jiaolian_schema::id::{DossierId, EnvelopeId, PersonId};
use jiaolian_schema::standing::Standing;
use jiaolian_schema::suite::{ED25519, Sign as _};
use jiaolian_schema::value::Fields;
use jiaolian_sync::frame::{Frame, Have};
use jiaolian_sync::{Draft, Effect, MemoryStore, Payload, Peer, Seat, SignError};
use std::collections::{BTreeMap, BTreeSet};

/// The honest part of a story: a case with a leave that is granted, then the township's keys are
/// said no to at what the county had.
fn honest() -> (World, DossierId, EnvelopeId) {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.amend(T1, "t1-officer", case, "term", b"2026");
    let matter = world.apply(T1, "t1-officer", case);
    world.step(T1, "t1-head", case, matter, "approve").unwrap();
    world.net.rest();
    (world, case, matter)
}

fn revoke_all(world: &mut World) {
    for who in ["t1-officer", "t1-head", "t1-deputy"] {
        let author = world.seats[who].author;
        let revoke = Revoke {
            author,
            at: world.replica(P).authority().chain_tip(author),
            replaces: Vec::new(),
            reason: "stolen".to_owned(),
            compromised_since: None,
        };
        let roster = world.roster("t1");
        world
            .act(P, "c-keeper", Some(roster), revoke.into())
            .unwrap();
    }
    world.net.rest();
}

/// What has effect of a case.
fn effect(standing: &Standing) -> String {
    let matters = standing
        .matters
        .values()
        .filter(|matter| matter.state.is_good());
    let matters: Vec<_> = matters
        .map(|matter| {
            (
                matter.id,
                &matter.slots,
                matter.grant,
                matter.reliance,
                matter.served,
            )
        })
        .collect();
    format!("{:?} {:?} {matters:?}", standing.place, standing.fields)
}

fn effect_at(world: &mut World, at: usize, case: DossierId) -> String {
    effect(&world.replica(at).standing(case).unwrap())
}

/// A township's keys in a thief's hands, with a program that asks nobody.
struct Thief {
    case: DossierId,
    /// What each key signed last.
    last: BTreeMap<&'static str, (u64, Option<EnvelopeId>)>,
    loot: Vec<Envelope>,
}

impl Thief {
    fn of(case: DossierId) -> Self {
        Self {
            case,
            last: BTreeMap::new(),
            loot: Vec::new(),
        }
    }

    /// Signs the next position of a key, or the one that it is sent back to.
    fn sign(&mut self, world: &World, who: &'static str, act: &Act, at: i64) {
        let tip = world.net.nodes[C].replica.authority();
        let tip = tip.chain_tip(world.seats[who].author);
        let known = tip.map_or((0, None), |tip| (tip.n, Some(tip.id)));
        let (n, prev) = *self.last.get(who).unwrap_or(&known);
        let case = self.case;
        let forged = forge(world, who, act, |head, body| {
            (head.n, head.prev) = (n + 1, prev);
            body.payload = act.to_payload(at);
            body.dossier = Some(case);
            body.deps = vec![case.into()];
        });
        self.last.insert(who, (n + 1, Some(forged.id())));
        self.loot.push(forged);
    }

    /// Goes back to the beginning of a key's chain.
    fn forget(&mut self, who: &'static str) {
        self.last.insert(who, (0, None));
    }
}

fn decide(matter: EnvelopeId, event: &str) -> Act {
    let step = Step {
        matter,
        event: event.to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: Fields::new(),
        span: None,
    };
    step.into()
}

#[test]
fn t2_a_stolen_running_node_changes_nothing_that_has_effect() {
    // The same story without a thief says what everybody must see.
    let (mut twin, case, _) = honest();
    revoke_all(&mut twin);
    let expected = effect_at(&mut twin, C, case);

    let (mut world, same, matter) = honest();
    assert_eq!(same, case);
    let mut thief = Thief::of(case);
    let now = world.net.now;
    // Fresh, dated back, of another capacity, on top of one another; by every key of the desk.
    for (who, act, at) in [
        ("t1-officer", amend(b"2099"), now + 1_000),
        ("t1-head", decide(matter, "refuse"), now + 2_000),
        ("t1-deputy", decide(matter, "refuse"), START + 60_000),
        ("t1-officer", decide(matter, "approve"), now + 3_000),
        ("t1-officer", amend(b"1999"), START + 30_000),
    ] {
        thief.sign(&world, who, &act, at);
    }
    revoke_all(&mut world);
    // The thief goes on when everybody knows, and signs old positions again.
    thief.sign(&world, "t1-head", &decide(matter, "approve"), now + 9_000);
    thief.forget("t1-head");
    thief.sign(&world, "t1-head", &decide(matter, "refuse"), START + 20_000);
    thief.forget("t1-officer");
    thief.sign(&world, "t1-officer", &amend(b"forged"), START + 10_000);
    let all = thief.loot;
    let loot: Vec<EnvelopeId> = all.iter().map(Envelope::id).collect();
    for at in [C, P, T1] {
        let now = world.net.now;
        world.replica(at).import(all.clone(), now);
        world.net.carry_out(at);
    }
    world.net.rest();
    for at in [C, P, T1] {
        for id in &loot {
            if let Some(fact) = world.replica(at).fact(case, *id) {
                let state = world.replica(at).authority().state(&fact, true);
                assert!(!state.is_good(), "{id} at {at}: {state:?}");
            }
        }
        assert_eq!(effect_at(&mut world, at, case), expected, "at {at}");
    }
    world.assert_equal(C, P);
    // Who signed one position twice is on record, with both ids.
    let forks = world.replica(C).authority().forks();
    let officer = world.seats["t1-officer"].author;
    assert!(
        forks
            .iter()
            .any(|fork| fork.author == officer && fork.ids.len() == 2)
    );
    assert_eq!(forks, world.replica(P).authority().forks());
    assert!(world.replica(T2).dossier(case).is_none());
}

#[test]
fn t6_a_county_that_keeps_everything_back_shows_as_stale_at_the_limit() {
    let (mut world, case, _) = honest();
    let second = world.apply(T1, "t1-officer", case);
    // The county's process lives and answers nothing: its frames never leave.
    world.net.cut(C, T1);
    for day in 1..=7 {
        world.net.tick(DAY);
        let stale = world.replica(T1).stale_authority();
        assert_eq!(stale.is_stale(), stale.days >= 7, "day {day}: {stale:?}");
    }
    world.net.tick(DAY);
    assert!(world.replica(T1).stale_authority().is_stale());
    let refused = world.step(T1, "t1-head", case, second, "approve");
    assert!(
        matches!(refused, Err(SignError::Stale { .. })),
        "{refused:?}"
    );
    // What it kept back comes by another road and is believed at once.
    let author = world.seats["t1-deputy"].author;
    let revoke = Revoke {
        author,
        at: None,
        replaces: Vec::new(),
        reason: "left".to_owned(),
        compromised_since: None,
    };
    let roster = world.roster("t1");
    world.act(P, "root", Some(roster), revoke.into()).unwrap();
    let file = world.replica(P).export(office("t1"), &[roster]).unwrap();
    let now = world.net.now;
    world.replica(T1).import(file, now);
    world.net.carry_out(T1);
    assert!(world.replica(T1).authority().is_barred(author));
}

#[test]
fn t6_a_replayed_or_reordered_stream_of_a_county_changes_nothing() {
    let (mut world, case, _) = honest();
    let frames: Vec<Vec<u8>> = {
        let sent = world.net.frames.iter();
        let sent = sent.filter(|(from, to, ..)| (*from, *to) == (C, T1));
        sent.map(|(.., frame)| frame.clone()).collect()
    };
    assert!(frames.len() > 5, "{}", frames.len());
    let before = (effect_at(&mut world, T1, case), world.count(T1));
    for frame in frames.iter().rev().chain(&frames) {
        let now = world.net.now;
        world.replica(T1).receive(Peer(peer_key("c")), frame, now);
        world.net.carry_out(T1);
    }
    world.net.tick(DAY);
    world.link_all();
    world.net.rest();
    assert_eq!((effect_at(&mut world, T1, case), world.count(T1)), before);
    world.assert_equal(T1, C);
}

/// The two envelopes of one position, and what every disk holds beside them.
struct Split {
    world: World,
    images: Vec<MemoryStore>,
    twins: [Envelope; 2],
    case: DossierId,
}

fn split() -> Split {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    let images: Vec<MemoryStore> = (0..4).map(|at| world.image(at)).collect();
    for (a, b) in [(P, C), (C, T1), (C, T2)] {
        world.net.cut(a, b);
    }
    let sign = |world: &mut World, value: &[u8]| {
        world.put_back(T1, images[T1].clone());
        let id = world.amend(T1, "t1-officer", case, "term", value);
        world.replica(T1).envelope(id).unwrap().unwrap()
    };
    let twins = [sign(&mut world, b"one"), sign(&mut world, b"two")];
    assert_eq!(
        twins[0].parse_head().unwrap().n,
        twins[1].parse_head().unwrap().n
    );
    Split {
        world,
        images,
        twins,
        case,
    }
}

#[test]
fn t7_one_position_signed_twice_is_known_alike_however_the_two_were_delivered() {
    let Split {
        mut world,
        images,
        twins,
        case,
    } = split();
    let author = world.seats["t1-officer"].author;
    let mut records = BTreeSet::new();
    // Each of three offices has neither, one, the other, or both.
    for delivery in 0..4_usize.pow(3) {
        for (at, image) in images.iter().enumerate() {
            world.put_back(at, image.clone());
        }
        let mut given = [false; 2];
        for (place, at) in [P, C, T1].into_iter().enumerate() {
            let has = delivery >> (2 * place) & 3;
            for (which, twin) in twins.iter().enumerate() {
                if has >> which & 1 == 1 {
                    let now = world.net.now;
                    world.replica(at).import(vec![twin.clone()], now);
                    world.net.carry_out(at);
                    given[which] = true;
                }
            }
        }
        world.link_all();
        world.net.rest();
        let forks = world.replica(C).authority().forks();
        for at in [P, C, T1] {
            assert_eq!(
                world.replica(at).authority().forks(),
                forks,
                "{delivery:06b} at {at}"
            );
        }
        for (a, b) in [(P, C), (C, T1)] {
            world.assert_equal(a, b);
        }
        if given == [true, true] {
            let fork = forks.iter().find(|fork| fork.author == author).unwrap();
            records.insert(format!("{fork:?}"));
            let good = twins.iter().filter(|twin| {
                let fact = world.replica(C).fact(case, twin.id()).unwrap();
                let state = world.replica(C).authority().state(&fact, true);
                assert!(
                    state.is_good() || state == State::Waiting(Wait::Fork),
                    "{state:?}"
                );
                state.is_good()
            });
            assert!(good.count() <= 1, "{delivery:06b}");
        } else {
            assert!(forks.is_empty(), "{delivery:06b}: {forks:?}");
        }
    }
    assert_eq!(records.len(), 1, "one record everywhere: {records:?}");
}

/// Everything that a peer hears back for a question, with what is published.
fn transcript(world: &mut World, question: &[u8]) -> Vec<Effect> {
    let now = world.net.now;
    world
        .replica(C)
        .receive(Peer(peer_key("t1")), question, now);
    world.replica(C).drain()
}

#[test]
fn t10_questions_about_a_forbidden_case_and_about_none_have_one_transcript() {
    let mut world = World::new();
    world.link_all();
    let adult = world.open(T2, "t2-officer", "t2", 1, false);
    let minor = world.open(T2, "t2-officer", "t2", 2, true);
    world.net.rest();
    let absent = DossierId([0xEE; 32]);
    let item = |id: DossierId| -> [u8; 8] { id.0[..8].try_into().unwrap() };
    let questions = |id: DossierId| -> Vec<Vec<u8>> {
        let refused = Have {
            refused: Some(vec![1; 6]),
            ..have(item(id), vec![2; 32])
        };
        let answer = Frame::Have {
            items: vec![have(item(id), vec![3; 16])],
            answer: true,
        };
        let act = amend(b"x");
        let inside = forge(&world, "t1-officer", &act, |_, body| {
            body.dossier = Some(id);
            body.deps = vec![id.into()];
        });
        vec![
            haves(vec![have(item(id), Vec::new())]),
            haves(vec![have(item(id), vec![1; 16])]),
            haves(vec![refused]),
            answer.encode(),
            envelopes(vec![inside]),
        ]
    };
    let (adult, minor, absent) = (questions(adult), questions(minor), questions(absent));
    let image = world.image(C);
    let mut asked = 0;
    for ((forbidden, closed), none) in adult.iter().zip(&minor).zip(&absent) {
        let answers: Vec<String> = [forbidden, closed, none]
            .into_iter()
            .map(|question| {
                world.put_back(C, image.clone());
                world.net.heal(C, T1);
                world.net.flow();
                let effects = transcript(&mut world, question);
                let sent = effects
                    .iter()
                    .filter(|effect| matches!(effect, Effect::Send { .. } | Effect::Hangup { .. }));
                format!("{:?}", sent.collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(answers[0], answers[2], "question {asked}");
        assert_eq!(answers[1], answers[2], "question {asked}");
        asked += 1;
    }
    assert_eq!(asked, 5);
}

#[test]
fn t14_a_township_whose_disk_is_gone_is_restored_by_its_county_and_signs_by_a_new_key() {
    let (mut world, case, matter) = honest();
    let minor = world.open(T1, "t1-officer", "t1", 7, true);
    world.net.rest();
    let before: Vec<_> = {
        let ids: Vec<DossierId> = world.replica(T1).dossiers().map(|(id, _)| id).collect();
        ids.iter()
            .map(|id| {
                (
                    *id,
                    world.replica(T1).frontier(*id),
                    world.replica(T1).state_root(*id),
                )
            })
            .collect()
    };
    world.put_back(T1, MemoryStore::default());
    assert_eq!(world.count(T1), 0);
    let file = world.replica(P).join_file(office("t1")).unwrap();
    let now = world.net.now;
    assert!(world.replica(T1).import(file, now).refused.is_empty());
    world.net.carry_out(T1);
    world.net.heal(C, T1);
    world.net.rest();
    for (id, frontier, root) in before {
        assert_eq!(world.replica(T1).frontier(id), frontier, "{id}");
        assert_eq!(world.replica(T1).state_root(id), root, "{id}");
    }
    assert!(world.replica(T1).dossier(minor).is_some());
    world.assert_equal(T1, C);
    // The old keys are known further than this disk knows them: a new one is needed.
    for (who, act) in [
        ("t1-officer", amend(b"x")),
        ("t1-head", decide(matter, "refuse")),
    ] {
        let refused = world.act(T1, who, Some(case), act);
        assert!(
            matches!(refused, Err(SignError::RolledBack { tip: 0, .. })),
            "{refused:?}"
        );
    }
    let seat = appoint_anew(&mut world);
    let draft = Draft {
        dossier: Some(case),
        payload: Payload::Act(amend(b"2027")),
    };
    let now = world.net.now;
    let signed = world
        .replica(T1)
        .sign(&signer("t1-again"), seat, draft, now, [200; 16]);
    let id = signed.unwrap();
    world.net.carry_out(T1);
    world.net.rest();
    let fact = world.replica(C).fact(case, id).unwrap();
    assert!(world.replica(C).authority().state(&fact, true).is_good());
}

/// The province appoints the officer of the restored township under a new key.
fn appoint_anew(world: &mut World) -> Seat {
    let appoint = Appoint {
        person: PersonId([1; 16]),
        name: "t1-again".to_owned(),
        staff_number: "t1-again".to_owned(),
        suite: ED25519,
        key: signer("t1-again").public_key(),
        office: office("t1"),
        duty: Duty::Staff,
        roles: Vec::new(),
        kinds: vec![1, 2],
        not_before: START - DAY,
        not_after: START + 700 * DAY,
        depth: 0,
        endpoint: None,
        acting: None,
        document: "2".to_owned(),
    };
    let author = appoint.author();
    let roster = world.roster("t1");
    let appointment = world.act(P, "root", Some(roster), appoint.into()).unwrap();
    world.net.rest();
    Seat {
        author,
        appointment: Some(appointment),
    }
}

/// A fix so far east of the middle of the fence, at a minute.
fn fix_at(minute: i64, lon: i32) -> Fix {
    Fix {
        person: code(1).to_hex(),
        point: Point::new(
            START + DAY + minute * 60_000,
            Coord::new(280_000_000, lon).unwrap(),
            Some(15_000),
            Source::Gnss,
        ),
    }
}

const HOME: i32 = 1_130_000_000;
const FAR: i32 = 1_160_000_000;

fn kinds_of(world: &World, alarms: &[DossierId]) -> Vec<String> {
    let kinds = alarms.iter().filter_map(|id| {
        let fact = world.net.nodes[T1].replica.fact(*id, (*id).into())?;
        match fact.what {
            What::Raise(raise) => Some(raise.kind),
            _ => None,
        }
    });
    kinds.collect()
}

#[test]
fn t11_a_cloned_device_far_away_is_stored_too_and_hides_nothing() {
    let (mut world, _) = watched();
    let tell = |world: &mut World, fix: &Fix| {
        world.replica(T1).report(fix, fix.point.time, true).unwrap();
        world.net.now = world.net.now.max(fix.point.time);
        world.net.carry_out(T1);
    };
    for minute in 0..10 {
        tell(&mut world, &fix_at(2 * minute, HOME));
        tell(&mut world, &fix_at(2 * minute + 1, FAR));
    }
    let raised = alarms(&world, T1);
    assert_eq!(
        kinds_of(&world, &raised),
        ["DEV_FAULT"],
        "a copy far away is a fault of the device, and raises nothing against the wearer"
    );
    // The wearer leaves; the copy goes on all the while.
    for minute in 10..16 {
        tell(&mut world, &fix_at(2 * minute, 1_131_000_000 + 30_000));
        tell(&mut world, &fix_at(2 * minute + 1, FAR));
    }
    let all = world
        .replica(T1)
        .fixes(code(1), i64::MIN, i64::MAX, 1_000)
        .unwrap();
    assert_eq!(all.len(), 32);
    let raised = alarms(&world, T1);
    let mut kinds = kinds_of(&world, &raised);
    kinds.sort();
    assert_eq!(kinds, ["DEV_FAULT", "GEO_OUT"]);
}
