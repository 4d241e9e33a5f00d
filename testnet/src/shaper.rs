//! A poor line between two real UDP endpoints: rate, delay, a queue that overflows, seeded loss,
//! and a
//! switch.
//!
//! Clients talk to the shaper's front; behind it every client gets a socket of its own towards the
//! target.
//! Each direction has its own line. Bind front and target to different address families when the
//! endpoints
//! tell one another their addresses, or they will meet without the shaper.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

/// Bytes of UDP and IP headers that a packet has on the line, besides its payload.
const HEADER_BYTES: u64 = 28;
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// Packets in the air at once; a line of this length loses nothing by it.
const PACKETS_MAX: usize = 65_536;
/// Clients of one shaper; more are ignored.
const CLIENTS_MAX: usize = 64;

/// One direction of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Rate, in bits a second; 0 for no limit.
    pub rate_bps: u64,
    /// Delay one way, in ms.
    pub delay_ms: u64,
    /// What the queue before the line holds, in ms of its rate; more is dropped.
    pub queue_ms: u64,
    /// Packets lost, in thousandths.
    pub loss_permille: u64,
    /// Seed of the losses.
    pub seed: u64,
}

impl Line {
    /// No limit at all.
    pub const FREE: Self = Self {
        rate_bps: 0,
        delay_ms: 0,
        queue_ms: 2_000,
        loss_permille: 0,
        seed: 1,
    };

    /// The edge link of the benchmarks: 64 kbit/s, 300 ms each way, a queue of 2 s.
    pub const EDGE: Self = Self {
        rate_bps: 64_000,
        delay_ms: 300,
        queue_ms: 2_000,
        loss_permille: 0,
        seed: 1,
    };
}

/// What one direction carried and dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineCount {
    /// Packets delivered.
    pub packets: u64,
    /// Bytes delivered, with headers.
    pub bytes: u64,
    /// Packets lost by the seed.
    pub lost: u64,
    /// Packets that found the queue full or the line cut.
    pub dropped: u64,
}

#[derive(Debug, Default)]
struct Count {
    packets: AtomicU64,
    bytes: AtomicU64,
    lost: AtomicU64,
    dropped: AtomicU64,
}

/// A running line; it ends when this is dropped.
#[derive(Debug)]
pub struct Shaper {
    front: SocketAddr,
    there: Arc<Lane>,
    back: Arc<Lane>,
    cut: Arc<AtomicBool>,
    task: AbortHandle,
}

impl Shaper {
    /// Listens on `front` (port 0 for any) and forwards to `target` over `there`, and answers over
    /// `back`.
    pub async fn start(
        front: SocketAddr,
        target: SocketAddr,
        there: Line,
        back: Line,
    ) -> io::Result<Self> {
        let socket = Arc::new(UdpSocket::bind(front).await?);
        let front = socket.local_addr()?;
        let cut = Arc::new(AtomicBool::new(false));
        let there = Lane::start(there, cut.clone());
        let back = Lane::start(back, cut.clone());
        let forward = forward(socket, target, there.clone(), back.clone());
        let task = tokio::spawn(forward).abort_handle();
        Ok(Self {
            front,
            there,
            back,
            cut,
            task,
        })
    }

    /// Where clients send to.
    pub fn addr(&self) -> SocketAddr {
        self.front
    }

    /// Cuts the line in both directions, or heals it. What is in the air still arrives.
    pub fn set_cut(&self, cut: bool) {
        self.cut.store(cut, Relaxed);
    }

    /// Makes the line another one, both ways; the losses go on from where they were. What is in the
    /// air arrives as before.
    pub fn set_line(&self, line: Line) {
        for lane in [&self.there, &self.back] {
            lane.clockwork().line = line;
        }
    }

    /// What went towards the target, and back.
    pub fn counts(&self) -> (LineCount, LineCount) {
        (self.there.count(), self.back.count())
    }
}

impl Drop for Shaper {
    fn drop(&mut self) {
        self.task.abort();
        self.there.task.abort();
        self.back.task.abort();
    }
}

#[derive(Debug)]
struct Packet {
    due: Instant,
    bytes: Vec<u8>,
    out: Arc<UdpSocket>,
    to: Option<SocketAddr>,
}

#[derive(Debug)]
struct Clockwork {
    line: Line,
    busy_until: Instant,
    dice: u64,
}

/// One direction at work.
#[derive(Debug)]
struct Lane {
    cut: Arc<AtomicBool>,
    count: Arc<Count>,
    clockwork: Mutex<Clockwork>,
    air: mpsc::Sender<Packet>,
    task: AbortHandle,
}

impl Lane {
    fn start(line: Line, cut: Arc<AtomicBool>) -> Arc<Self> {
        let (air, mut landing) = mpsc::channel::<Packet>(PACKETS_MAX);
        let count = Arc::new(Count::default());
        let landed = count.clone();
        let task = tokio::spawn(async move {
            while let Some(packet) = landing.recv().await {
                sleep_until(packet.due).await;
                landed.packets.fetch_add(1, Relaxed);
                landed
                    .bytes
                    .fetch_add(packet.bytes.len() as u64 + HEADER_BYTES, Relaxed);
                // A target that is away loses packets as any network does.
                let _ = match packet.to {
                    Some(to) => packet.out.send_to(&packet.bytes, to).await,
                    None => packet.out.send(&packet.bytes).await,
                };
            }
        });
        let clockwork = Mutex::new(Clockwork {
            line,
            busy_until: Instant::now(),
            dice: line.seed,
        });
        Arc::new(Self {
            cut,
            count,
            clockwork,
            air,
            task: task.abort_handle(),
        })
    }

    /// Puts a packet on the line, or loses it.
    fn carry(&self, bytes: &[u8], out: &Arc<UdpSocket>, to: Option<SocketAddr>) {
        let now = Instant::now();
        let mut clockwork = self.clockwork();
        let line = clockwork.line;
        let start = clockwork.busy_until.max(now);
        let full = start - now > Duration::from_millis(line.queue_ms);
        if self.cut.load(Relaxed) || full {
            self.count.dropped.fetch_add(1, Relaxed);
            return;
        }
        let bits = (bytes.len() as u64 + HEADER_BYTES) * 8;
        let on_line_us = (bits * 1_000_000).checked_div(line.rate_bps).unwrap_or(0);
        clockwork.busy_until = start + Duration::from_micros(on_line_us);
        // Losses happen behind the queue: a lost packet took its time on the line too.
        if roll(&mut clockwork.dice) % 1_000 < line.loss_permille {
            self.count.lost.fetch_add(1, Relaxed);
            return;
        }
        let due = clockwork.busy_until + Duration::from_millis(line.delay_ms);
        let packet = Packet {
            due,
            bytes: bytes.to_vec(),
            out: out.clone(),
            to,
        };
        if self.air.try_send(packet).is_err() {
            self.count.dropped.fetch_add(1, Relaxed);
        }
    }

    fn clockwork(&self) -> MutexGuard<'_, Clockwork> {
        self.clockwork
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self) -> LineCount {
        LineCount {
            packets: self.count.packets.load(Relaxed),
            bytes: self.count.bytes.load(Relaxed),
            lost: self.count.lost.load(Relaxed),
            dropped: self.count.dropped.load(Relaxed),
        }
    }
}

async fn forward(front: Arc<UdpSocket>, target: SocketAddr, there: Arc<Lane>, back: Arc<Lane>) {
    let mut clients: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
    let mut answers = tokio::task::JoinSet::new();
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        // An unreachable client shows as an error on the next receive, and is no end.
        let Ok((length, client)) = front.recv_from(&mut buffer).await else {
            continue;
        };
        if !clients.contains_key(&client) && clients.len() < CLIENTS_MAX {
            let Ok(socket) = towards(target).await else {
                continue;
            };
            let socket = Arc::new(socket);
            clients.insert(client, socket.clone());
            answers.spawn(answer(socket, front.clone(), client, back.clone()));
        }
        if let Some(socket) = clients.get(&client) {
            there.carry(&buffer[..length], socket, None);
        }
    }
}

async fn answer(from: Arc<UdpSocket>, front: Arc<UdpSocket>, client: SocketAddr, back: Arc<Lane>) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        match from.recv(&mut buffer).await {
            Ok(length) => back.carry(&buffer[..length], &front, Some(client)),
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

async fn towards(target: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match target {
        SocketAddr::V4(_) if target.ip().is_loopback() => (Ipv4Addr::LOCALHOST, 0).into(),
        SocketAddr::V6(_) if target.ip().is_loopback() => (Ipv6Addr::LOCALHOST, 0).into(),
        // The system takes the address of the road that leads there.
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(target).await?;
    Ok(socket)
}

fn roll(dice: &mut u64) -> u64 {
    *dice = dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *dice;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn line(there: Line, back: Line) -> (Shaper, UdpSocket, UdpSocket) {
        let target = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let front = "127.0.0.1:0".parse().unwrap();
        let shaper = Shaper::start(front, target.local_addr().unwrap(), there, back)
            .await
            .unwrap();
        client.connect(shaper.addr()).await.unwrap();
        (shaper, client, target)
    }

    #[tokio::test]
    async fn packets_cross_in_order_and_answers_come_back() {
        let quick = Line {
            rate_bps: 0,
            delay_ms: 5,
            ..Line::EDGE
        };
        let (shaper, client, target) = line(quick, quick).await;
        let mut buffer = [0; 64];
        for i in 0..20_u8 {
            client.send(&[i; 40]).await.unwrap();
        }
        for i in 0..20_u8 {
            let (length, from) = target.recv_from(&mut buffer).await.unwrap();
            assert_eq!((length, buffer[0]), (40, i));
            target.send_to(&[i], from).await.unwrap();
        }
        for i in 0..20_u8 {
            client.recv(&mut buffer).await.unwrap();
            assert_eq!(buffer[0], i);
        }
        let (there, back) = shaper.counts();
        assert_eq!((there.packets, there.bytes), (20, 20 * 68));
        assert_eq!((back.packets, back.lost, back.dropped), (20, 0, 0));
    }

    #[tokio::test]
    async fn a_packet_takes_its_time_on_the_line_and_in_the_air() {
        // 972 B and 28 B of headers are 100 ms at 80 kbit/s.
        let slow = Line {
            rate_bps: 80_000,
            delay_ms: 50,
            ..Line::EDGE
        };
        let (_shaper, client, target) = line(slow, slow).await;
        let sent = Instant::now();
        client.send(&[1; 972]).await.unwrap();
        client.send(&[2; 972]).await.unwrap();
        let mut buffer = [0; 1_000];
        target.recv(&mut buffer).await.unwrap();
        assert!(sent.elapsed() >= Duration::from_millis(150));
        target.recv(&mut buffer).await.unwrap();
        assert!(
            sent.elapsed() >= Duration::from_millis(250),
            "the second waits for the first"
        );
    }

    #[tokio::test]
    async fn same_seed_loses_the_same_packets_and_a_cut_line_drops_all() {
        let mut runs = Vec::new();
        for _ in 0..2 {
            let lossy = Line {
                rate_bps: 0,
                delay_ms: 0,
                loss_permille: 300,
                ..Line::EDGE
            };
            let (shaper, client, target) = line(lossy, lossy).await;
            let mut arrived = Vec::new();
            let mut buffer = [0; 8];
            for i in 0..100_u8 {
                client.send(&[i]).await.unwrap();
                let landed = |count: LineCount| count.packets + count.lost;
                while landed(shaper.counts().0) <= u64::from(i) {
                    tokio::task::yield_now().await;
                }
            }
            shaper.set_cut(true);
            client.send(&[255]).await.unwrap();
            while shaper.counts().0.dropped == 0 {
                tokio::task::yield_now().await;
            }
            while arrived.len() < shaper.counts().0.packets as usize {
                target.recv(&mut buffer).await.unwrap();
                arrived.push(buffer[0]);
            }
            runs.push(arrived);
        }
        assert_eq!(runs[0], runs[1]);
        assert!((50..90).contains(&runs[0].len()), "{}", runs[0].len());
        assert!(!runs[0].contains(&255));
    }

    #[tokio::test]
    async fn a_full_queue_drops() {
        let narrow = Line {
            rate_bps: 8_000,
            delay_ms: 0,
            queue_ms: 100,
            ..Line::EDGE
        };
        let (shaper, client, _target) = line(narrow, narrow).await;
        for _ in 0..10 {
            client.send(&[0; 172]).await.unwrap();
        }
        while shaper.counts().0.dropped < 9 {
            tokio::task::yield_now().await;
        }
    }
}
