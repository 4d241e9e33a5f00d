//! A terminal whose person nears the edge of an area is told to report quicker, once and not with
//! every report; one deep inside, at rest, refusing or low on charge is not.

use crate::band::{Band, NEW, OLD, at, batch, location, with_items};
use crate::world::{MINUTE, START, TOKEN, World, terms};
use jiaolian_node::gateway::terminal::Terms;
use jiaolian_schema::jt808::Location;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every 10 s for 300 s.
const QUICK: [u8; 6] = [0, 10, 0, 0, 1, 44];

async fn world() -> World {
    World::with_terms(Terms {
        quick: true,
        ..terms()
    })
    .await
}

/// A place so many millionths of a degree east of home; the edge lies at 50,000, 4.9 km away.
fn east(lon_e6: i32) -> Location {
    let home = location(true);
    Location {
        lon_e6: home.lon_e6 + lon_e6,
        ..home
    }
}

/// Reports a place after so many seconds of the story; the clock here goes along.
async fn report(world: &World, band: &mut Band, second: i64, place: &Location) {
    world.time.store(START + second * 1_000, Ordering::SeqCst);
    let body = at(place, START + second * 1_000);
    assert_eq!(band.say(0x0200, &body).await, 0, "second {second}");
}

/// The next thing that it hears answers its heartbeat, so nothing else was said.
async fn hears_nothing(band: &mut Band) {
    assert_eq!(band.say(0x0002, &[]).await, 0);
}

async fn hears_quick(band: &mut Band) -> u16 {
    let order = band.hear().await.unwrap();
    assert_eq!((order.id, &order.body[..]), (0x8202, &QUICK[..]));
    order.serial
}

async fn answer(band: &mut Band, serial: u16, result: u8) {
    let body = [&serial.to_be_bytes()[..], &[0x82, 0x02, result]].concat();
    band.send(0x0001, &body).await;
    hears_nothing(band).await;
}

fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[tokio::test]
async fn who_heads_for_the_edge_is_told_once_and_again_when_half_of_the_time_is_over() {
    let world = world().await;
    let mut band = Band::admitted(world.tcp, OLD).await;
    for (second, lon) in [(0, 0), (60, 10_000)] {
        report(&world, &mut band, second, &east(lon)).await;
        hears_nothing(&mut band).await;
    }
    report(&world, &mut band, 120, &east(40_000)).await;
    let serial = hears_quick(&mut band).await;
    answer(&mut band, serial, 0).await;
    for (second, lon) in [(130, 44_000), (140, 46_000), (150, 49_500), (160, 53_000)] {
        report(&world, &mut band, second, &east(lon)).await;
        hears_nothing(&mut band).await;
    }
    report(&world, &mut band, 271, &east(60_000)).await;
    hears_quick(&mut band).await;
    assert_eq!(count(&world.metrics.gateway.quickened), 2);
    // It is remembered by the terminal, not by its line.
    let mut band = Band::admitted(world.tcp, NEW).await;
    report(&world, &mut band, 281, &east(61_000)).await;
    hears_nothing(&mut band).await;
}

#[tokio::test]
async fn who_refuses_is_left_alone() {
    let world = world().await;
    let mut band = Band::admitted(world.tcp, NEW).await;
    report(&world, &mut band, 0, &east(60_000)).await;
    hears_nothing(&mut band).await;
    report(&world, &mut band, 60, &east(60_500)).await;
    let serial = hears_quick(&mut band).await;
    answer(&mut band, serial, 3).await;
    for second in [120, 180, 240, 300, 360] {
        report(&world, &mut band, second, &east(60_000)).await;
        hears_nothing(&mut band).await;
    }
    let of = &world.metrics.gateway;
    assert_eq!((count(&of.quickened), count(&of.quick_refused)), (1, 1));
}

#[tokio::test]
async fn nobody_is_told_for_history_for_one_jump_at_rest_or_with_an_empty_battery() {
    let world = world().await;
    let mut band = Band::connect(world.tcp, OLD).await;
    assert_eq!(band.register("JLXY1", TOKEN).await.0, 0);
    assert_eq!(band.authenticate(TOKEN).await, 0);
    let history = batch(true, START - 10 * MINUTE, 3);
    assert_eq!(band.say(0x0704, &history).await, 0);
    hears_nothing(&mut band).await;
    let charge = |lon, percent: u8| with_items(east(lon), &[(0xF2, &[percent])]);
    let story = [
        (0, charge(0, 80), "home"),
        (60, charge(200_000, 80), "one jump"),
        (120, charge(0, 80), "and back"),
        (180, charge(30_000, 19), "empty, and under way"),
        (240, charge(46_000, 19), "and near"),
        (840, charge(60_000, 80), "ten minutes later"),
    ];
    for (second, place, why) in story {
        report(&world, &mut band, second, &place).await;
        hears_nothing(&mut band).await;
        assert_eq!(count(&world.metrics.gateway.quickened), 0, "{why}");
    }
    report(&world, &mut band, 900, &charge(60_000, 20)).await;
    hears_quick(&mut band).await;
}
