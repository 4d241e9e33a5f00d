//! Streams of frames that no program sends: honest sessions with frames changed, doubled, dropped,
//! swapped between lanes and sessions, and bytes made up. The node answers, stays whole, and is in
//! agreement with an honest peer afterwards.

use crate::bad_input::resident_kib;
use crate::net::Disk;
use crate::world::{C, P, T1, T2, World, office, peer_key};
use jiaolian_sync::frame::Frame;
use jiaolian_sync::{Effect, MemoryStore, Peer, Replica};

/// Frames of the whole run; a longer one sets `JIAOLIAN_FUZZ`.
const FRAMES: usize = 12_000;
/// Frames of one session.
const SESSION: usize = 60;
const MEMORY_KIB_MAX: u64 = 256 * 1024;

struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Frames of many kinds from an honest province at work.
fn corpus() -> (World, Vec<Vec<u8>>) {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.open(T2, "t2-officer", "t2", 2, true);
    world.net.rest();
    world.net.cut(C, T1);
    for round in 0..6_u8 {
        world.amend(T1, "t1-officer", case, "address", &[round]);
        world.amend(C, "c-head", case, "class", &[round]);
    }
    world.raise(T1, "t1-node", case, "t1", 1);
    world.net.heal(C, T1);
    world.net.rest();
    let moved = world.open(T1, "t1-officer", "t1", 3, false);
    world.net.rest();
    world.assign(C, "c-head", moved, "t2");
    world.net.rest();
    // A township that lost its disk knows nothing of what was agreed on.
    world.put_back(T1, MemoryStore::default());
    let file = world.replica(P).join_file(office("t1")).unwrap();
    let now = world.net.now;
    world.replica(T1).import(file, now);
    world.net.carry_out(T1);
    world.net.heal(C, T1);
    world.net.rest();
    let sent = world.net.frames.iter().map(|(.., frame)| frame.clone());
    let mut corpus: Vec<Vec<u8>> = sent.collect();
    corpus.sort_unstable();
    corpus.dedup();
    let kinds = |kind: fn(&Frame) -> bool| {
        corpus
            .iter()
            .filter(|frame| Frame::decode(frame).is_ok_and(|frame| kind(&frame)))
            .count()
    };
    assert!(kinds(|frame| matches!(frame, Frame::Hello(_))) > 1);
    assert!(kinds(|frame| matches!(frame, Frame::Ranges { .. })) > 0);
    assert!(kinds(|frame| matches!(frame, Frame::Have { .. })) > 1);
    assert!(kinds(|frame| matches!(frame, Frame::Envelopes { .. })) > 1);
    (world, corpus)
}

/// Unpacks a frame so that what is inside can be changed too.
fn plain(frame: &[u8]) -> Vec<u8> {
    match Frame::decode(frame) {
        Ok(frame) => jiaolian_schema::canon::encode(&frame),
        Err(_) => frame.to_vec(),
    }
}

fn mutate(dice: &mut Xorshift, frame: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = plain(frame);
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len());
        match dice.below(6) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes[at] = [0, 1, 0x17, 0x18, 0x1B, 0x7F, 0x9B, 0xFF][dice.below(8)],
            2 => bytes.insert(at, dice.next() as u8),
            3 => bytes.truncate(at.max(1)),
            4 => {
                let from = dice.below(other.len());
                let end = (from + 1 + dice.below(40)).min(other.len());
                let stop = (at + end - from).min(bytes.len());
                bytes.splice(at..stop, other[from..end].iter().copied());
            }
            _ => bytes.extend_from_slice(&other[..dice.below(other.len())]),
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    bytes
}

fn commit(disk: &Disk, replica: &mut Replica<Disk>) -> usize {
    let mut hangups = 0;
    for effect in replica.drain() {
        match effect {
            Effect::Store(writes) => disk.0.borrow_mut().commit(&writes),
            Effect::Hangup { .. } => hangups += 1,
            Effect::Send { frame, .. } => assert!(Frame::decode(&frame).is_ok()),
            Effect::Publish(_) => {}
        }
    }
    hangups
}

#[allow(
    clippy::disallowed_methods,
    reason = "a longer run is asked for from outside"
)]
fn frames_asked() -> usize {
    std::env::var("JIAOLIAN_FUZZ").map_or(FRAMES, |text| text.parse().unwrap())
}

#[test]
fn no_stream_of_frames_stops_a_node_or_leads_it_astray() {
    let (mut world, corpus) = corpus();
    let frames = frames_asked();
    let (image, start) = (world.image(C), resident_kib());
    let mut dice = Xorshift(0x5eed_0001);
    let (mut heard, mut hangups, mut sound, mut latest) = (0, 0, 0, 0);
    while heard < frames {
        world.put_back(C, image.clone());
        let peer = Peer(peer_key(["t1", "p", "t2"][dice.below(3)]));
        let mut now = world.net.now;
        world.replica(C).connect(peer, now);
        let disk = world.net.nodes[C].disk.clone();
        for _ in 0..SESSION {
            let frame = &corpus[dice.below(corpus.len())];
            let other = &corpus[dice.below(corpus.len())];
            let bytes = match dice.below(5) {
                0 | 1 => frame.clone(),
                4 if dice.below(4) == 0 => {
                    (0..dice.below(200)).map(|_| dice.next() as u8).collect()
                }
                _ => mutate(&mut dice, frame, other),
            };
            sound += usize::from(Frame::decode(&bytes).is_ok());
            world.replica(C).receive(peer, &bytes, now);
            heard += 1;
            let ended = commit(&disk, world.replica(C));
            if ended > 0 {
                // It may come again when its time is over.
                hangups += ended;
                now += 2 * 24 * 3_600_000;
                world.replica(C).connect(peer, now);
            }
            if dice.below(20) == 0 {
                world.replica(C).tick(now, [dice.next() as u8; 32]);
                commit(&disk, world.replica(C));
            }
        }
        assert!(world.replica(C).parked_count() <= 3_000);
        // What the disk holds now can be opened, and reads as memory does.
        let setup = world.setup_of(C);
        let again = Replica::open(disk, setup).unwrap();
        assert_eq!(again.dossiers().count(), world.count(C));
        latest = latest.max(now);
    }
    let grown = resident_kib().saturating_sub(start);
    println!("{heard} frames, {sound} of them sound, {hangups} hang-ups, {grown} KiB more");
    assert!(grown < MEMORY_KIB_MAX, "{grown} KiB");
    assert!(
        sound > frames / 4 && hangups > frames / 40,
        "the door is not what was tested"
    );
    world.net.now = latest;
    world.net.tick(2 * 24 * 3_600_000);
    world.link_all();
    world.net.rest();
    for (a, b) in [(P, C), (C, T1), (C, T2)] {
        world.assert_equal(a, b);
    }
}
