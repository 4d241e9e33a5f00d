//! Streams that no terminal sends: good messages damaged, cut and glued in every way, by strangers and
//! by terminals that were let in. Each is answered, dropped or ends its own line; what was stored
//! stays and the next terminal is served.

use crate::band::{Band, NEW, OLD, at, batch, location};
use crate::world::{START, TOKEN, World, terms};

const ROUNDS: usize = 400;

struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// Changes a body before it is framed, so that its check still holds.
fn mutate(dice: &mut Xorshift, body: &mut Vec<u8>) {
    for _ in 0..dice.below(3) {
        let at = dice.below(body.len());
        match dice.below(4) {
            0 if !body.is_empty() => body[at] = dice.below(256) as u8,
            1 => body.truncate(at),
            2 => body.extend((0..dice.below(40)).map(|byte| byte as u8)),
            _ if body.len() > 8 => body[at.min(7)] = 0xFF,
            _ => {}
        }
    }
    body.truncate(1_023);
}

/// Damages the bytes on the wire.
fn damage(dice: &mut Xorshift, wire: &mut Vec<u8>) {
    let at = dice.below(wire.len());
    match dice.below(6) {
        0 => wire[at] = dice.below(256) as u8,
        1 => drop(wire.drain(at..)),
        2 => wire.insert(at, 0x7E),
        3 => wire.insert(at, 0x7D),
        _ => {}
    }
}

#[tokio::test]
async fn streams_of_terminals_are_read_or_dropped() {
    let world = World::with_terms(terms()).await;
    let mut first = Band::admitted(world.tcp, OLD).await;
    assert_eq!(first.say(0x0200, &at(&location(true), START)).await, 0);
    let before = world.fixes().await.remove(0);
    let mut dice = Xorshift(0x0808_2013);
    for round in 0..ROUNDS {
        let edition = if dice.below(2) == 0 { OLD } else { NEW };
        let mut band = Band::connect(world.tcp, edition).await;
        if round % 4 != 0 {
            assert_eq!(band.authenticate(TOKEN).await, 0, "round {round}");
        }
        let mut wire = Vec::new();
        for _ in 0..=dice.below(5) {
            let time = START - (dice.below(86_400) as i64) * 1_000;
            let registration = band.registration("JLXY1", TOKEN);
            let (id, mut body) = match dice.below(8) {
                0 => (0x0100, registration),
                1 => (0x0102, band.code(TOKEN)),
                2 => (0x0704, batch(dice.below(2) == 0, time, 3)),
                3 => (0x0201, [&[0, 0], &at(&location(true), time)[..]].concat()),
                4 => (0x0001, vec![0, 0, 0x82, 1, 0]),
                5 => (0x0002, Vec::new()),
                _ => (0x0200, at(&location(dice.below(2) == 0), time)),
            };
            mutate(&mut dice, &mut body);
            let mut frame = if dice.below(6) == 0 && body.len() > 1 {
                body.extend_from_slice(&body.clone());
                band.parts(id, &body).remove(0)
            } else {
                band.frame(id, &body)
            };
            if dice.below(3) == 0 {
                damage(&mut dice, &mut frame);
            }
            wire.extend(frame);
        }
        let size = 1 + dice.below(wire.len());
        for piece in wire.chunks(size) {
            band.raw(piece).await;
        }
        // What the gateway says is whole frames, whatever it heard.
        band.finish().await;
    }
    assert!(
        world.fixes().await.contains(&before),
        "nothing stored is lost"
    );
    let mut next = Band::admitted(world.tcp, NEW).await;
    let here = at(&location(true), START + 1_000);
    assert_eq!(next.say(0x0200, &here).await, 0);
    drop(first);
}
