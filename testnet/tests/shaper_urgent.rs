//! On a slow line with a long backlog an alarm overtakes the backlog: QUIC's priorities alone don't
//! do
//! that, because the backlog is already in the line's queue.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiaolian_node::config::LinkConfig;
use jiaolian_node::link::{Lane, LinkEvent, LinkEvents, Links};
use jiaolian_testnet::shaper::{Line, Shaper};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Half a second of the line.
const BULK_FRAME_BYTES: usize = 4_000;
const BULK_FRAMES: usize = 34;
const ALARMS: usize = 5;
/// Bulk frames that may arrive between an alarm's sending and its arrival: a second and a half of
/// the line,
/// where its queue holds four.
const OVERTAKEN_MAX: usize = 3;
const PATIENCE: Duration = Duration::from_mins(1);

async fn node(seed: u8, bind: &str) -> (Links, LinkEvents) {
    let bind = bind.parse().unwrap();
    let config = LinkConfig {
        bind,
        idle_s: 60,
        mtu_probing: false,
        peers: Vec::new(),
    };
    Links::start(&config, &[seed; 32].into()).await.unwrap()
}

async fn next(events: &mut LinkEvents) -> LinkEvent {
    timeout(PATIENCE, events.recv())
        .await
        .expect("an event in time")
        .unwrap()
}

/// The median idle latency of an alarm, then each one's with a backlog, with the bulk frames that
/// came in
/// between.
async fn run(line: Line) -> (Duration, Vec<(Duration, usize)>, f64) {
    // Two address families, so that the nodes can't meet behind the shaper's back.
    let (township, mut at_township) = node(1, "127.0.0.1:0").await;
    let (county, mut at_county) = node(2, "[::1]:0").await;
    let front = "127.0.0.1:0".parse().unwrap();
    let shaper = Shaper::start(front, county.addrs()[0], line, line)
        .await
        .unwrap();
    county.allow(BTreeSet::from([township.me()]));
    township.allow(BTreeSet::from([county.me()]));
    township.dial(county.me(), &[shaper.addr()]);
    assert!(matches!(next(&mut at_township).await, LinkEvent::Up { .. }));
    assert!(matches!(next(&mut at_county).await, LinkEvent::Up { .. }));
    let mut idle = Vec::new();
    for _ in 0..3 {
        let sent = Instant::now();
        assert!(township.send(&county.me(), Lane::Urgent, vec![0; 300]));
        assert!(matches!(
            next(&mut at_county).await,
            LinkEvent::Frame { .. }
        ));
        idle.push(sent.elapsed());
    }
    idle.sort();
    for _ in 0..BULK_FRAMES {
        assert!(township.send(&county.me(), Lane::Bulk, vec![0; BULK_FRAME_BYTES]));
    }
    let started = Instant::now();
    let (mut bulk, mut alarm, mut alarms) = (0, None, Vec::new());
    while bulk < BULK_FRAMES {
        match next(&mut at_county).await {
            LinkEvent::Frame {
                lane: Lane::Bulk, ..
            } => {
                bulk += 1;
                if alarm.is_none() && bulk >= 4 + alarms.len() * 6 && alarms.len() < ALARMS {
                    alarm = Some((Instant::now(), bulk));
                    assert!(township.send(&county.me(), Lane::Urgent, vec![0; 300]));
                }
            }
            LinkEvent::Frame {
                lane: Lane::Urgent, ..
            } => {
                let (sent, before) = alarm.take().expect("one alarm at a time");
                alarms.push((sent.elapsed(), bulk - before));
            }
            other => panic!("{other:?}"),
        }
    }
    let used = (BULK_FRAMES * BULK_FRAME_BYTES * 8) as f64 / started.elapsed().as_secs_f64();
    eprintln!(
        "idle {idle:?}, with backlog {alarms:?}, bulk {used:.0} bit/s, {:?}",
        shaper.counts()
    );
    township.close().await;
    county.close().await;
    (idle[1], alarms, used)
}

#[tokio::test(flavor = "multi_thread")]
async fn alarm_overtakes_the_backlog_on_a_slow_line() {
    let (_, alarms, _) = run(Line::EDGE).await;
    assert_eq!(
        alarms.len(),
        ALARMS,
        "an alarm came after the whole backlog: {alarms:?}"
    );
    for (_, overtaken) in &alarms {
        assert!(*overtaken <= OVERTAKEN_MAX, "{alarms:?}");
    }
}

/// A lost alarm is sent again when later packets were heard of, so it is overtaken by about one
/// round trip
/// more.
#[tokio::test(flavor = "multi_thread")]
async fn alarm_overtakes_the_backlog_on_a_line_that_loses_packets() {
    let (_, alarms, _) = run(Line {
        loss_permille: 20,
        ..Line::EDGE
    })
    .await;
    assert_eq!(
        alarms.len(),
        ALARMS,
        "an alarm came after the whole backlog: {alarms:?}"
    );
    for (_, overtaken) in &alarms {
        assert!(*overtaken <= OVERTAKEN_MAX + 3, "{alarms:?}");
    }
}
