//! What a terminal's messages come to: fixes, signals, alarms, and an answer to each.

use crate::band::{Band, NEW, OLD, at, batch, location, with_items};
use crate::client::batch as post;
use crate::world::{BAND, MINUTE, START, TERMINAL, TOKEN, World, terms};
use jiaolian_node::gateway::kept_reports;
use jiaolian_node::gateway::terminal::{Order, Terms, Told};
use jiaolian_schema::jt808::{Batch, Location, Status};
use jiaolian_schema::signal::{Sign, Signs};
use serde_json::json;

/// What the profile of a band says: strap, battery in per cent.
fn worn(is_home: bool, strap: u8, battery: u8) -> Location {
    with_items(location(is_home), &[(0xF1, &[strap]), (0xF2, &[battery])])
}

async fn known_maker(world: &World, edition: jiaolian_schema::jt808::Edition) -> Band {
    let mut band = Band::connect(world.tcp, edition).await;
    assert_eq!(band.register("JLXY1", TOKEN).await.0, 0);
    assert_eq!(band.authenticate(TOKEN).await, 0);
    band
}

#[tokio::test]
async fn strap_and_battery_come_with_every_fix_and_outlive_a_power_cut() {
    let mut world = World::with_terms(terms()).await;
    let mut band = known_maker(&world, NEW).await;
    assert_eq!(band.say(0x0200, &at(&worn(true, 0, 80), START)).await, 0);
    world = world.after_power_cut().await;
    // The next line begins with the code: the maker is known from before.
    let mut band = Band::admitted(world.tcp, OLD).await;
    let cut = at(&worn(true, 1, 79), START + MINUTE);
    assert_eq!(band.say(0x0200, &cut).await, 0);
    let fixes = world.after_power_cut().await.fixes().await;
    let said: Vec<_> = fixes.iter().map(|fix| fix.signs.unwrap()).collect();
    let straps: Vec<_> = said.iter().map(|signs| signs.says(Sign::Strap)).collect();
    let batteries: Vec<_> = said.iter().map(|signs| signs.battery()).collect();
    assert_eq!(straps, [Some(false), Some(true)]);
    assert_eq!(batteries, [Some(80), Some(79)]);
    assert_eq!(said[0].says(Sign::MadeUp), None, "no word for it");
}

#[tokio::test]
async fn what_has_no_position_is_a_signal_and_a_heartbeat_one_in_five_minutes() {
    let world = World::with_terms(terms()).await;
    let mut band = known_maker(&world, OLD).await;
    let mut inside = worn(true, 1, 15);
    inside.status = Status(0);
    assert_eq!(band.say(0x0200, &at(&inside, START + 1_000)).await, 0);
    assert_eq!(band.say(0x0200, &at(&inside, START + 1_000)).await, 0);
    for _ in 0..10 {
        assert_eq!(band.say(0x0002, &[]).await, 0);
        world.advance(MINUTE);
    }
    assert!(world.fixes().await.is_empty());
    let signals = world.signals().await;
    let times: Vec<_> = signals.iter().map(|one| one.signal.time).collect();
    assert_eq!(times, [START, START + 1_000, START + 5 * MINUTE]);
    let strap = signals[1].signal.signs;
    assert_eq!(
        (strap.says(Sign::Strap), strap.battery()),
        (Some(true), Some(15))
    );
    assert_eq!(signals[0].signal.signs, Signs::NONE);
    assert_eq!(signals[1].signal.terminal, TERMINAL);
}

#[tokio::test]
async fn history_is_never_live_and_a_bundle_of_now_is() {
    let world = World::with_terms(terms()).await;
    let mut band = Band::admitted(world.tcp, NEW).await;
    assert_eq!(
        band.say(0x0704, &batch(true, START - 2 * MINUTE, 3)).await,
        0
    );
    assert_eq!(band.say(0x0704, &batch(false, START + 30_000, 2)).await, 0);
    assert_eq!(band.say(0x0704, &Batch::write(true, &[])).await, 0);
    let live: Vec<_> = world.fixes().await.iter().map(|fix| fix.live).collect();
    assert_eq!(live, [false, false, false, true, true]);
}

#[tokio::test]
async fn a_live_report_more_than_five_minutes_off_is_stored_and_not_judged() {
    let world = World::with_terms(terms()).await;
    let mut band = Band::admitted(world.tcp, OLD).await;
    for minutes in [-6, -5, 5, 6] {
        let here = at(&location(true), START + minutes * MINUTE);
        assert_eq!(band.say(0x0200, &here).await, 0, "{minutes}");
    }
    let marks: Vec<_> = world
        .fixes()
        .await
        .iter()
        .map(|fix| (fix.live, fix.judged))
        .collect();
    assert_eq!(
        marks,
        [(false, true), (true, true), (true, true), (true, false)]
    );
    // What it says of itself counts now, with its clock in doubt.
    let signals = world.signals().await;
    assert_eq!(signals.len(), 1);
    assert_eq!(signals[0].signal.time, START);
    assert_eq!(signals[0].doubted, Some(START + 6 * MINUTE));
    let signs = signals[0].signal.signs;
    assert_eq!(signs.says(Sign::Fault), Some(false));
}

#[tokio::test]
async fn parts_come_in_any_order_and_what_lacks_is_asked_for_by_its_number() {
    let world = World::with_terms(terms()).await;
    for (day, edition) in [(1, OLD), (2, NEW)] {
        let mut band = Band::admitted(world.tcp, edition).await;
        let body = batch(true, START - day * 86_400_000, 100);
        band.serial = 65_534;
        let parts = band.parts(0x0704, &body);
        assert_eq!(parts.len(), 4);
        for at in [3, 0, 0] {
            band.raw(&parts[at]).await;
        }
        let asked = band.hear().await.unwrap();
        let count: &[u8] = if edition == OLD { &[3] } else { &[0, 3] };
        let wanted = [&[0xFF, 0xFE], count, &[0, 1, 0, 2, 0, 3]].concat();
        assert_eq!((asked.id, asked.body), (0x8003, wanted));
        for at in [2, 1] {
            band.raw(&parts[at]).await;
        }
        let told = band.hear().await.unwrap().general();
        assert_eq!(
            told,
            (65_534, 0x0704, 0),
            "the serial number of the first part"
        );
    }
    assert_eq!(world.fixes().await.len(), 200);
}

#[tokio::test]
async fn beyond_so_many_unfinished_messages_a_part_is_told_to_come_again() {
    let few = Terms {
        assembling_max: 1,
        ..terms()
    };
    let world = World::whole(2, (false, crate::world::AMPLE, few)).await;
    let mut first = Band::admitted(world.tcp, OLD).await;
    let mut second = Band::named(world.tcp, NEW, "13800138001").await;
    assert_eq!(second.authenticate(TOKEN).await, 0);
    let body = batch(true, START - 86_400_000, 50);
    let (one, two) = (first.parts(0x0704, &body), second.parts(0x0704, &body));
    first.raw(&one[0]).await;
    assert_eq!(first.say(0x0002, &[]).await, 0);
    second.raw(&two[0]).await;
    assert_eq!(second.hear().await.unwrap().general().2, 1, "send it again");
    first.raw(&one[1]).await;
    assert_eq!(first.hear().await.unwrap().general().2, 0);
    for part in &two {
        second.raw(part).await;
    }
    assert_eq!(second.hear().await.unwrap().general().2, 0);
    assert_eq!(world.all_fixes().await, 100);
}

#[tokio::test]
async fn unknown_foreign_and_damaged_messages_harm_nothing_that_comes_after() {
    let world = World::with_terms(terms()).await;
    let mut band = Band::admitted(world.tcp, NEW).await;
    assert_eq!(band.say(0x0900, &[1, 2, 3]).await, 3, "not supported");
    assert_eq!(band.say(0x0200, &[0; 27]).await, 0, "kept aside");
    assert_eq!(band.say(0x0704, &[0, 9, 0]).await, 2, "no batch");
    let mut foreign = Band::named(world.tcp, NEW, "13999999999").await;
    let frame = foreign.frame(0x0200, &at(&location(true), START));
    band.raw(&frame).await;
    let mut damaged = band.frame(0x0200, &at(&location(true), START));
    damaged[20] ^= 1;
    band.raw(&damaged).await;
    band.raw(&[0x7E, 0x7E, 0x7E, 0x7D, 9, 0x7E, 0x7E]).await;
    let here = band.frame(0x0200, &at(&location(true), START));
    let glued = [&here[..], &here[..], &band.frame(0x0002, &[])].concat();
    let (head, tail) = glued.split_at(glued.len() / 2 + 1);
    band.raw(head).await;
    band.raw(tail).await;
    drop(foreign);
    let mut results = Vec::new();
    // The answer to the foreign frame bears its number, which the band's reader refuses to know.
    for _ in 0..3 {
        let (_, id, result) = band.hear_any().await.unwrap().general();
        results.push((id, result));
    }
    assert_eq!(results, [(0x0200, 2), (0x0200, 0), (0x0200, 0)]);
    assert_eq!(band.hear().await.unwrap().general().2, 0);
    assert_eq!(world.fixes().await.len(), 1);
}

#[tokio::test]
async fn a_terminal_that_goes_on_sending_damaged_frames_is_told_of_once() {
    let world = World::with_terms(terms()).await;
    let mut band = Band::admitted(world.tcp, OLD).await;
    for _ in 0..6 {
        let mut damaged = band.frame(0x0200, &at(&location(true), START));
        damaged[20] ^= 1;
        band.raw(&damaged).await;
    }
    assert_eq!(band.say(0x0002, &[]).await, 0);
    let garbled = world.signals().await;
    let garbled = garbled
        .iter()
        .filter(|one| one.signal.signs.says(Sign::Garbled) == Some(true));
    assert_eq!(garbled.count(), 1);
    for _ in 0..64 {
        band.raw(&[0x7E, 1, 2, 0x7E]).await;
    }
    assert_eq!(band.hear().await, None, "no end of it");
}

#[tokio::test]
async fn bad_positions_are_kept_by_their_rule_and_a_strap_is_heard_all_the_same() {
    let world = World::with_terms(terms()).await;
    let mut band = known_maker(&world, OLD).await;
    let mut far = at(&worn(true, 0, 50), START + 1_000);
    far[8..12].copy_from_slice(&91_000_000_u32.to_be_bytes());
    let few = with_items(location(true), &[(0x31, &[3])]);
    let mut nowhere = location(true);
    (nowhere.lat_e6, nowhere.lon_e6) = (0, 0);
    let mut unset = at(&worn(true, 1, 50), START);
    unset[22..28].fill(0);
    let future = worn(true, 0, 50).write("990101000000");
    for body in [
        far.clone(),
        at(&few, START + 2_000),
        at(&nowhere, START + 3_000),
        unset.clone(),
        unset,
        future,
        far,
    ] {
        assert_eq!(band.say(0x0200, &body).await, 0);
    }
    let kept = kept_reports(world.store(), TERMINAL).unwrap();
    let mut rules: Vec<_> = kept.iter().map(|report| &report.rule[..]).collect();
    rules.sort_unstable();
    let wanted = [
        "latitude_range",
        "nowhere",
        "satellites_few",
        "time_far",
        "time_form",
    ];
    assert_eq!(rules, wanted);
    assert!(world.fixes().await.is_empty());
    let signals = world.signals().await;
    let told: Vec<_> = signals
        .iter()
        .map(|one| {
            let signs = one.signal.signs;
            let time = (one.signal.time - START) / 1_000;
            (time, signs.says(Sign::Strap), signs.says(Sign::Clock))
        })
        .collect();
    let (no, yes) = (Some(false), Some(true));
    for said in [
        (0, yes, yes),
        (0, no, yes),
        (1, no, None),
        (2, None, None),
        (3, None, None),
    ] {
        assert!(told.contains(&said), "{said:?}: {told:?}");
    }
    assert_eq!(told.len(), 5, "what is sent again is heard once: {told:?}");
}

/// A band that leaves home at minute 2.
fn journey(minute: i64) -> Location {
    location(minute < 2)
}

#[tokio::test]
async fn leaving_the_area_is_one_alarm_of_one_name_through_two_gateways() {
    let main = World::with_terms(terms()).await;
    let backup = World::with_terms(terms()).await;
    let mut band = Band::admitted(main.tcp, OLD).await;
    for minute in 0..8 {
        let here = at(&journey(minute), START + minute * MINUTE);
        assert_eq!(band.say(0x0200, &here).await, 0);
        main.advance(MINUTE);
        backup.advance(MINUTE);
    }
    // Through the backup by another edition, as history and in the other order.
    let mut band = Band::admitted(backup.tcp, NEW).await;
    let bodies: Vec<_> = (0..8)
        .rev()
        .map(|minute| at(&journey(minute), START + minute * MINUTE))
        .collect();
    for piece in bodies.chunks(3) {
        assert_eq!(band.say(0x0704, &Batch::write(true, piece)).await, 0);
    }
    let names = main.alarm_ids().await;
    assert_eq!(names.len(), 1);
    assert_eq!(backup.alarm_ids().await, names);
    let points = async |world: &World| {
        let fixes = world.fixes().await;
        fixes.iter().map(|fix| fix.point).collect::<Vec<_>>()
    };
    assert_eq!(points(&main).await, points(&backup).await);
    // Each of the other's reports is a repetition here, through whatever door.
    let mut band = Band::admitted(main.tcp, NEW).await;
    assert_eq!(band.say(0x0704, &Batch::write(true, &bodies)).await, 0);
    let fixes: Vec<_> = (0..8)
        .map(|minute| {
            let (lat, lon) = if minute < 2 {
                (28.15, 113.6)
            } else {
                (28.15, 113.8)
            };
            json!({ "time": START + minute * MINUTE, "lat": lat, "lon": lon, "datum": "wgs84" })
        })
        .collect();
    let body = json!({ "terminal": BAND, "fixes": fixes });
    assert_eq!(post(main.addr, TOKEN, &body).await.counts(), (0, 8, 0));
    assert_eq!(
        (main.alarm_ids().await, main.fixes().await.len()),
        (names, 8)
    );
}

#[tokio::test]
async fn orders_go_out_and_what_comes_of_them_comes_back() {
    let world = World::with_terms(terms()).await;
    for (second, edition) in [(0, OLD), (1, NEW)] {
        let mut band = Band::admitted(world.tcp, edition).await;
        let locate = world.terminals.ask(TERMINAL, Order::Locate);
        let answer = async {
            let asked = band.hear().await.unwrap();
            assert_eq!((asked.id, asked.body.len()), (0x8201, 0));
            let heard = [&asked.serial.to_be_bytes()[..], &[0x82, 0x01, 0]].concat();
            band.send(0x0001, &heard).await;
            let here = at(&location(true), START + second * 1_000);
            let serial = asked.serial.to_be_bytes();
            band.send(0x0201, &[&serial[..], &here].concat()).await;
        };
        let (told, ()) = tokio::join!(locate, answer);
        let Told::Located { time, at: place } = told else {
            panic!("{told:?}")
        };
        assert_eq!(time, START + second * 1_000);
        assert_eq!(place.unwrap().lat(), 281_500_000);

        let text = Order::Text {
            gbk: vec![0xC4, 0xFA, 0xBA, 0xC3],
            urgent: true,
            aloud: false,
        };
        for (result, wanted) in [(0, Told::Done), (1, Told::Refused), (3, Told::Unsupported)] {
            let show = world.terminals.ask(TERMINAL, text.clone());
            let answer = async {
                let asked = band.hear().await.unwrap();
                let head: &[u8] = if edition == OLD { &[5] } else { &[6, 1] };
                assert_eq!(asked.body, [head, &[0xC4, 0xFA, 0xBA, 0xC3]].concat());
                let serial = asked.serial.to_be_bytes();
                let body = [&serial[..], &[0x83, 0x00, result]].concat();
                band.send(0x0001, &body).await;
            };
            assert_eq!(tokio::join!(show, answer).0, wanted);
        }
    }
    assert_eq!(
        world.fixes().await.len(),
        2,
        "a place that was asked for is a report"
    );
}

#[tokio::test]
async fn an_order_to_nobody_to_the_deaf_and_to_the_lost_comes_back_as_such() {
    let world = World::with_terms(Terms {
        answer_ms: 100,
        ..terms()
    })
    .await;
    assert_eq!(
        world.terminals.ask(TERMINAL, Order::Locate).await,
        Told::Offline
    );
    let mut band = Band::admitted(world.tcp, OLD).await;
    assert_eq!(
        world.terminals.ask(TERMINAL, Order::Locate).await,
        Told::Silent
    );
    assert_eq!(band.hear().await.unwrap().id, 0x8201);
    let patient = World::with_terms(terms()).await;
    let mut band = Band::admitted(patient.tcp, OLD).await;
    let locate = patient.terminals.ask(TERMINAL, Order::Locate);
    let lost = async {
        assert_eq!(band.hear().await.unwrap().id, 0x8201);
        drop(band);
    };
    assert_eq!(tokio::join!(locate, lost).0, Told::Offline);
}

#[tokio::test]
async fn a_terminal_is_told_once_where_to_send_and_how_often() {
    let world = World::with_terms(Terms {
        main: Some("10.1.1.1".into()),
        backup: Some("10.1.1.2".into()),
        port: Some(7_611),
        interval_s: Some(60),
        ..terms()
    })
    .await;
    let mut band = Band::admitted(world.tcp, OLD).await;
    let set = band.hear().await.unwrap();
    let wanted = b"\x04\0\0\0\x13\x0810.1.1.1\0\0\0\x17\x0810.1.1.2\0\0\0\x18\x04\0\0\x1D\xBB\
                   \0\0\0\x29\x04\0\0\0\x3C";
    assert_eq!((set.id, &set.body[..]), (0x8103, &wanted[..]));
    let confirm = async |band: &mut Band, serial: u16, result: u8| {
        let body = [&serial.to_be_bytes()[..], &[0x81, 0x03, result]].concat();
        band.send(0x0001, &body).await;
        assert_eq!(band.say(0x0002, &[]).await, 0);
    };
    confirm(&mut band, set.serial, 1).await;
    let mut band = Band::admitted(world.tcp, OLD).await;
    let again = band.hear().await.unwrap();
    assert_eq!(again.id, 0x8103, "it was refused");
    confirm(&mut band, again.serial, 0).await;
    let mut band = Band::admitted(world.tcp, OLD).await;
    assert_eq!(band.say(0x0002, &[]).await, 0, "nothing more to set");
}
