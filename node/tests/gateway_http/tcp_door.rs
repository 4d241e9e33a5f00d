//! Which terminals are let in over TCP, and that nobody else costs them anything.

use crate::band::{Band, NEW, OLD, at, batch, location};
use crate::world::{AMPLE, BARE_TERMINAL, LATE_TERMINAL, START, TERMINAL, TOKEN, World, terms};
use jiaolian_node::gateway::Limits;
use jiaolian_node::gateway::terminal::Terms;
use jiaolian_schema::signal::Sign;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const WRONG_TOKEN: &str = "kQ3v-81mZ-pp0x-77Lx";

#[tokio::test]
async fn before_its_code_is_shown_nothing_of_a_terminal_is_taken_in() {
    let world = World::with_terms(terms()).await;
    for edition in [OLD, NEW] {
        let mut band = Band::connect(world.tcp, edition).await;
        let here = at(&location(true), START);
        for (id, body) in [
            (0x0200, here.clone()),
            (0x0704, batch(true, START - 3_600_000, 2)),
            (0x0201, [&[0, 0], &here[..]].concat()),
            (0x0002, Vec::new()),
            (0x0900, vec![1, 2, 3]),
        ] {
            assert_eq!(band.say(id, &body).await, 2, "{id:04x}");
        }
        let part = band.parts(0x0200, &[0; 2_000]).remove(0);
        band.raw(&part).await;
        assert_eq!(band.hear().await.unwrap().general().2, 2);
    }
    assert!(world.fixes().await.is_empty() && world.signals().await.is_empty());
    assert_eq!(world.terminals.count(), 0);
}

#[tokio::test]
async fn a_terminal_that_shows_its_token_is_let_in_and_each_report_answered() {
    let world = World::with_terms(terms()).await;
    for (second, edition) in [(0, OLD), (1, NEW)] {
        let mut band = Band::admitted(world.tcp, edition).await;
        assert!(world.terminals.is_online(TERMINAL));
        let time = START + second * 1_000;
        assert_eq!(band.say(0x0200, &at(&location(true), time)).await, 0);
    }
    let times: Vec<_> = world
        .fixes()
        .await
        .iter()
        .map(|fix| fix.point.time)
        .collect();
    assert_eq!(times, [START, START + 1_000], "GMT+8 on the wire, UTC here");
}

#[tokio::test]
async fn unknown_unbound_and_unproven_terminals_hear_the_same() {
    let world = World::with_terms(terms()).await;
    for edition in [OLD, NEW] {
        for (number, token) in [
            ("13999999999", TOKEN),
            (TERMINAL, WRONG_TOKEN),
            (TERMINAL, ""),
            ("9", TOKEN),
        ] {
            let mut stranger = Band::named(world.tcp, edition, number).await;
            let (result, code) = stranger.register("JLXY1", token).await;
            assert_eq!((result, code), (3, Vec::new()), "{number} {token}");
            assert_eq!(stranger.authenticate(token).await, 1, "{number} {token}");
            assert_eq!(stranger.hear().await, None, "and the line is closed");
        }
    }
    let metrics = world.metrics.text(&[]);
    assert!(
        metrics.contains("jiaolian_gateway_strangers_total 16\n"),
        "{metrics}"
    );
    assert!(world.terminals.count() == 0 && world.fixes().await.is_empty());
}

#[tokio::test]
async fn a_registration_is_told_the_code_that_it_shows_and_no_other() {
    let world = World::with_terms(terms()).await;
    for edition in [OLD, NEW] {
        let mut band = Band::connect(world.tcp, edition).await;
        assert_eq!(band.register("JLXY1", "").await, (3, Vec::new()));
        assert_eq!(band.register("JLXY1", WRONG_TOKEN).await, (3, Vec::new()));
        let (result, code) = band.register("JLXY1", TOKEN).await;
        assert_eq!((result, &code[..]), (0, TOKEN.as_bytes()));
        let code = String::from_utf8(code).unwrap();
        assert_eq!(band.authenticate(&code).await, 0);
    }
}

#[tokio::test]
async fn a_binding_without_a_token_lets_in_in_a_drill_only() {
    let number = BARE_TERMINAL;
    let live = World::with_terms(terms()).await;
    let mut stranger = Band::named(live.tcp, OLD, number).await;
    assert_eq!(stranger.authenticate("any").await, 1);
    let drill = World::open().await;
    let mut bare = Band::named(drill.tcp, OLD, number).await;
    assert_eq!(bare.register("", "").await, (0, number.as_bytes().to_vec()));
    assert_eq!(bare.authenticate(number).await, 0);
    assert_eq!(bare.say(0x0200, &at(&location(true), START)).await, 0);
    assert_eq!(drill.fixes().await.len(), 1);
}

#[tokio::test]
async fn the_newer_line_of_a_terminal_stands_and_the_older_is_told() {
    let world = World::with_terms(terms()).await;
    let mut older = Band::connect(world.tcp, OLD).await;
    let shown = older.serial;
    assert_eq!(older.authenticate(TOKEN).await, 0);
    let mut newer = Band::admitted(world.tcp, NEW).await;
    let told = older.hear().await.unwrap().general();
    assert_eq!(told, (shown, 0x0102, 1), "its authentication is taken back");
    assert_eq!(older.hear().await, None);
    assert_eq!(newer.say(0x0200, &at(&location(true), START)).await, 0);
    assert_eq!(world.terminals.count(), 1);
}

#[tokio::test]
async fn two_that_take_turns_under_one_number_are_told_of_once_and_both_are_stored() {
    let world = World::with_terms(terms()).await;
    let mut last = Band::admitted(world.tcp, OLD).await;
    for turn in 0..8_i64 {
        let mut next = Band::admitted(world.tcp, OLD).await;
        let here = at(&location(turn % 2 == 0), START + turn * 1_000);
        assert_eq!(next.say(0x0200, &here).await, 0);
        // Whoever gave way is there to hear of it.
        assert_eq!(last.hear().await.unwrap().general().2, 1);
        assert_eq!(last.hear().await, None);
        drop(std::mem::replace(&mut last, next));
    }
    let cloned = async || {
        let signals = world.signals().await;
        let is_cloned = |one: &&_| said(one) == Some(true);
        signals.iter().filter(is_cloned).count()
    };
    let noticed = async { while cloned().await == 0 {} };
    let noticed = tokio::time::timeout(Duration::from_mins(1), noticed);
    assert!(noticed.await.is_ok(), "nobody noticed");
    // Every turn was noticed by now or is about to be: one more that is stored comes after them.
    assert_eq!(
        last.say(0x0200, &at(&location(true), START + 60_000)).await,
        0
    );
    assert_eq!(cloned().await, 1);
    assert_eq!(world.fixes().await.len(), 9);
}

fn said(signal: &jiaolian_sync::StoredSignal) -> Option<bool> {
    signal.signal.signs.says(Sign::Cloned)
}

#[tokio::test]
async fn a_flood_of_strangers_leaves_room_for_a_terminal_that_was_here_before() {
    let crowded = Terms {
        connections_max: 32,
        ..terms()
    };
    let world = World::with_terms(crowded).await;
    let first = Band::admitted(world.tcp, OLD).await;
    drop(first);
    let elsewhere = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let mut flood = Vec::new();
    for _ in 0..64 {
        flood.push(Band::from(elsewhere, world.tcp).await);
    }
    // The last of the flood was turned away: it hears the end of its line at once.
    assert_eq!(flood.pop().unwrap().hear().await, None);
    let mut back = Band::admitted(world.tcp, OLD).await;
    assert_eq!(back.say(0x0200, &at(&location(true), START)).await, 0);
    let mut held = Band::from(elsewhere, world.tcp).await;
    assert_eq!(held.hear().await, None, "strangers wait outside");
    drop(flood);
}

#[tokio::test]
async fn who_says_nothing_or_never_ends_is_closed_and_others_go_on() {
    let world = World::with_terms(Terms {
        hello_ms: 4_000,
        frame_ms: 200,
        ..terms()
    })
    .await;
    let mut other = Band::admitted(world.tcp, OLD).await;
    let mut silent = Band::connect(world.tcp, OLD).await;
    let mut strangers = Vec::new();
    for beginning in [&[0x7E, 0x02][..], &[0x7E], &[0x55]] {
        let mut endless = Band::connect(world.tcp, OLD).await;
        endless.raw(beginning).await;
        strangers.push(endless);
    }
    assert_eq!(silent.hear().await, None, "no code");
    for mut endless in strangers {
        assert_eq!(endless.hear().await, None, "no frame");
    }
    let mut cut = Band::admitted(world.tcp, NEW).await;
    assert_eq!(other.hear().await.unwrap().general().2, 1, "a newer line");
    let whole = cut.frame(0x0200, &at(&location(true), START));
    cut.raw(&whole[..20]).await;
    assert_eq!(cut.hear().await, None, "a frame that never ends");
    let quiet = World::with_terms(Terms {
        silence_ms: 300,
        ..terms()
    })
    .await;
    let mut band = Band::admitted(quiet.tcp, OLD).await;
    assert_eq!(band.hear().await, None, "silence");
    assert!(quiet.fixes().await.is_empty() && world.fixes().await.is_empty());
}

#[tokio::test]
async fn strangers_are_held_to_their_rate_and_a_terminal_to_its_own() {
    let limits = Limits {
        stranger_requests_s: 1,
        stranger_burst: 4,
        ..AMPLE
    };
    let world = World::whole(1, (false, limits, terms())).await;
    let mut band = Band::admitted(world.tcp, OLD).await;
    let mut stranger = Band::connect(world.tcp, OLD).await;
    let mut answers = 0;
    loop {
        stranger.send(0x0002, &[]).await;
        match stranger.hear().await {
            Some(heard) => assert_eq!(heard.general().2, 2),
            None => break,
        }
        answers += 1;
        assert!(answers < 1_000, "no end");
    }
    assert!(answers >= 1, "{answers}");
    for second in 0..20 {
        let here = at(&location(true), START + second * 1_000);
        assert_eq!(band.say(0x0200, &here).await, 0);
    }
    assert_eq!(world.fixes().await.len(), 20);
}

#[tokio::test]
async fn a_backlog_beyond_a_terminal_s_rate_is_held_up_and_not_lost() {
    let limits = Limits {
        device_reports_s: 200,
        device_burst: 300,
        ..AMPLE
    };
    let world = World::whole(1, (false, limits, terms())).await;
    let mut band = Band::admitted(world.tcp, OLD).await;
    for part in 0..5_i64 {
        let first = START - (part + 1) * 100 * 60_000;
        let body = batch(true, first, 100);
        for frame in band.parts(0x0704, &body) {
            band.raw(&frame).await;
        }
        assert_eq!(band.hear().await.unwrap().general().2, 0);
    }
    assert_eq!(world.fixes().await.len(), 500);
}

#[tokio::test]
async fn a_binding_that_ended_lets_in_what_was_kept_from_before_and_nothing_later() {
    let world = World::with_terms(terms()).await;
    let mut band = Band::named(world.tcp, OLD, LATE_TERMINAL).await;
    assert_eq!(band.authenticate(TOKEN).await, 0, "for what it kept");
    let then = START - 3 * 86_400_000;
    assert_eq!(band.say(0x0200, &at(&location(true), then)).await, 0);
    assert_eq!(band.say(0x0200, &at(&location(true), START)).await, 2);
    assert_eq!(band.hear().await, None);
    assert_eq!(world.fixes().await.len(), 1);
}
