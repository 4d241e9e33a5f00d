//! One session with one peer: a stream each way a lane, and one that says what was taken.

use super::count::{Counter, LaneCount, Road};
use super::event::Teller;
use super::flow::{Taken, Window};
use super::lane::{FRAME_BYTES_MAX, HEADER_BYTES, Lane, QUEUE_BYTES_MAX, QUEUE_FRAMES_MAX};
use super::tune::STREAMS;
use super::{DownReason, LinkEvent, Peer};
use iroh::endpoint::{
    Connection, ConnectionError, Path, ReadError, ReadExactError, RecvStream, SendStream, VarInt,
    WriteError,
};
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::{Notify, watch};

/// Number of the stream that says what was taken; its messages are lane (1), total (8, big-endian).
const TAKEN_STREAM: u8 = 255;
const TAKEN_PRIORITY: i32 = 300;
const TAKEN_BYTES: usize = 9;
/// Bytes handed to QUIC at once.
const CHUNK_BYTES: usize = 16 * 1024;
const REASON_CHARS_MAX: usize = 64;

#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<Vec<u8>>,
    bytes: usize,
    refused: bool,
}

/// Frames of one lane that the owner handed over and QUIC has not taken.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    filled: Notify,
}

impl Queue {
    fn offer(&self, frame: Vec<u8>) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let full = waiting.frames.len() >= QUEUE_FRAMES_MAX
            || waiting.bytes + frame.len() > QUEUE_BYTES_MAX;
        if full {
            waiting.refused = true;
            return false;
        }
        waiting.bytes += frame.len();
        waiting.frames.push_back(frame);
        self.filled.notify_one();
        true
    }

    fn count(&self) -> LaneCount {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        LaneCount {
            frames: waiting.frames.len() as u64,
            bytes: waiting.bytes as u64,
        }
    }

    /// The next frame, and whether a lane that had refused has room again.
    async fn next(&self) -> (Vec<u8>, bool) {
        loop {
            if let Some(next) = self.pop() {
                return next;
            }
            self.filled.notified().await;
        }
    }

    fn pop(&self) -> Option<(Vec<u8>, bool)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = waiting.frames.pop_front()?;
        waiting.bytes -= frame.len();
        let half =
            waiting.frames.len() <= QUEUE_FRAMES_MAX / 2 && waiting.bytes <= QUEUE_BYTES_MAX / 2;
        let room = half && std::mem::take(&mut waiting.refused);
        Some((frame, room))
    }
}

/// A session, from its handshake to its end.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) peer: Peer,
    pub(super) outgoing: bool,
    pub(super) since: Instant,
    pub(super) connection: Connection,
    queues: [Queue; 3],
    windows: [Window; 3],
    taken: [Taken; 3],
    /// Whether the owner knows this session, and so means it when it sends.
    known: AtomicBool,
    verdict: Mutex<Option<DownReason>>,
    ended: watch::Sender<bool>,
}

type Flow = Result<Infallible, DownReason>;

impl Session {
    pub(super) fn new(peer: Peer, outgoing: bool, connection: Connection) -> Self {
        let taken = |lane: Lane| Taken::new(lane.window_bytes().unwrap_or(u64::MAX));
        Self {
            peer,
            outgoing,
            since: Instant::now(),
            connection,
            queues: Default::default(),
            windows: Lane::ALL.map(|lane| Window::new(lane.window_bytes())),
            taken: Lane::ALL.map(taken),
            known: AtomicBool::new(false),
            verdict: Mutex::new(None),
            ended: watch::Sender::new(false),
        }
    }

    pub(super) fn offer(&self, lane: Lane, frame: Vec<u8>) -> bool {
        let known = self.known.load(Ordering::Acquire);
        known && frame.len() <= FRAME_BYTES_MAX && self.queues[lane as usize].offer(frame)
    }

    /// How packets go: by the path that the connection has chosen.
    pub(super) fn road(&self) -> Option<Road> {
        let paths = self.connection.paths();
        let chosen = paths.iter().find(Path::is_selected)?;
        Some(if chosen.is_relay() {
            Road::Relay
        } else {
            Road::Direct
        })
    }

    /// What waits on each lane.
    pub(super) fn queued(&self) -> [LaneCount; 3] {
        self.queues.each_ref().map(Queue::count)
    }

    /// The owner has heard of this session.
    pub(super) fn open_to_owner(&self) {
        self.known.store(true, Ordering::Release);
    }

    /// Ends the session from this side; the first reason stays.
    pub(super) fn end(&self, reason: &DownReason) {
        let mut verdict = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        verdict.get_or_insert_with(|| reason.clone());
        let text = match reason {
            DownReason::Broken(_) => "a rule of the link was broken",
            DownReason::Ending => "ending",
            DownReason::Replaced => "another session took over",
            _ => "refused",
        };
        self.connection.close(code(reason), text.as_bytes());
    }

    /// Waits until everything this session had to tell the owner is told.
    pub(super) async fn over(&self) {
        let mut ended = self.ended.subscribe();
        // The sender lives in this session, so waiting can only end well.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    pub(super) fn set_over(&self) {
        self.ended.send_replace(true);
    }

    /// Carries frames both ways until something ends it.
    pub(super) async fn run(&self, events: &Teller, counter: &Counter) -> DownReason {
        let flows =
            async { tokio::try_join!(self.read(events, counter), self.write(events, counter)) };
        let reason = tokio::select! {
            error = self.connection.closed() => reason_of(&error),
            Err(reason) = flows => reason,
        };
        // A stream fails a moment before its connection says why.
        let reason = match (self.connection.close_reason(), reason) {
            (Some(error), DownReason::Silence) => reason_of(&error),
            (_, reason) => reason,
        };
        self.end(&reason);
        let verdict = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        verdict.clone().unwrap_or(reason)
    }

    async fn write(&self, events: &Teller, counter: &Counter) -> Flow {
        let taken = self.open(TAKEN_STREAM, TAKEN_PRIORITY).await?;
        let [urgent, normal, bulk] = Lane::ALL.map(|lane| self.write_lane(lane, events, counter));
        tokio::try_join!(self.say_taken(taken), urgent, normal, bulk).map(|(never, ..)| never)
    }

    async fn open(&self, number: u8, priority: i32) -> Result<SendStream, DownReason> {
        let mut stream = self
            .connection
            .open_uni()
            .await
            .map_err(|error| reason_of(&error))?;
        stream
            .set_priority(priority)
            .map_err(|_| DownReason::Silence)?;
        stream.write_all(&[number]).await.map_err(unwritten)?;
        Ok(stream)
    }

    async fn write_lane(&self, lane: Lane, events: &Teller, counter: &Counter) -> Flow {
        let mut stream = self.open(lane as u8, lane.priority()).await?;
        let window = &self.windows[lane as usize];
        loop {
            let (frame, room) = self.queues[lane as usize].next().await;
            if room {
                let event = LinkEvent::Room {
                    peer: self.peer,
                    lane,
                };
                events.say(event).await.map_err(|_| DownReason::Ending)?;
            }
            let header = (frame.len() as u32).to_be_bytes();
            for chunk in std::iter::once(header.as_slice()).chain(frame.chunks(CHUNK_BYTES)) {
                window.reserve(chunk.len() as u64).await;
                stream.write_all(chunk).await.map_err(unwritten)?;
            }
            counter.sent(lane, frame.len());
        }
    }

    async fn say_taken(&self, mut stream: SendStream) -> Flow {
        let [_, normal, bulk] = &self.taken;
        loop {
            let (lane, total) = tokio::select! {
                total = normal.due() => (Lane::Normal, total),
                total = bulk.due() => (Lane::Bulk, total),
            };
            let mut message = [lane as u8; TAKEN_BYTES];
            message[1..].copy_from_slice(&total.to_be_bytes());
            stream.write_all(&message).await.map_err(unwritten)?;
        }
    }

    async fn read(&self, events: &Teller, counter: &Counter) -> Flow {
        let mut streams = BTreeMap::new();
        while streams.len() < STREAMS as usize {
            let mut stream = self
                .connection
                .accept_uni()
                .await
                .map_err(|error| reason_of(&error))?;
            let mut number = [0];
            read_exact(&mut stream, &mut number).await?;
            let known = number[0] == TAKEN_STREAM || Lane::from_number(number[0]).is_some();
            if !known || streams.insert(number[0], stream).is_some() {
                return Err(broken("each lane has one stream"));
            }
        }
        let mut stream = |number: u8| {
            streams
                .remove(&number)
                .ok_or(broken("each lane has one stream"))
        };
        let taken = self.hear_taken(stream(TAKEN_STREAM)?);
        let urgent = self.read_lane(Lane::Urgent, stream(0)?, events, counter);
        let normal = self.read_lane(Lane::Normal, stream(1)?, events, counter);
        let bulk = self.read_lane(Lane::Bulk, stream(2)?, events, counter);
        tokio::try_join!(taken, urgent, normal, bulk).map(|(never, ..)| never)
    }

    async fn read_lane(
        &self,
        lane: Lane,
        mut stream: RecvStream,
        events: &Teller,
        counter: &Counter,
    ) -> Flow {
        loop {
            let mut header = [0; HEADER_BYTES];
            read_exact(&mut stream, &mut header).await?;
            let length = u32::from_be_bytes(header) as usize;
            if length > FRAME_BYTES_MAX {
                return Err(broken(&format!(
                    "a frame has at most {FRAME_BYTES_MAX} bytes, not {length}"
                )));
            }
            let mut bytes = vec![0; length];
            read_exact(&mut stream, &mut bytes).await?;
            counter.received(lane, length);
            let event = LinkEvent::Frame {
                peer: self.peer,
                lane,
                bytes,
            };
            events.say(event).await.map_err(|_| DownReason::Ending)?;
            self.taken[lane as usize].add((HEADER_BYTES + length) as u64);
        }
    }

    async fn hear_taken(&self, mut stream: RecvStream) -> Flow {
        loop {
            let mut message = [0; TAKEN_BYTES];
            read_exact(&mut stream, &mut message).await?;
            let total = message[1..]
                .iter()
                .fold(0, |total, byte| total << 8 | u64::from(*byte));
            let lane = Lane::from_number(message[0]);
            if !lane.is_some_and(|lane| self.windows[lane as usize].take(total)) {
                return Err(broken("only sent bytes are taken, and once"));
            }
        }
    }
}

async fn read_exact(stream: &mut RecvStream, bytes: &mut [u8]) -> Result<(), DownReason> {
    stream.read_exact(bytes).await.map_err(|error| match error {
        ReadExactError::FinishedEarly(_) | ReadExactError::ReadError(ReadError::Reset(_)) => {
            broken("a stream ends with its session")
        }
        ReadExactError::ReadError(_) => DownReason::Silence,
    })
}

/// A write fails with its connection, which says why, or because the peer gave up one stream.
#[allow(
    clippy::needless_pass_by_value,
    reason = "the form that `map_err` asks for"
)]
fn unwritten(error: WriteError) -> DownReason {
    match error {
        WriteError::Stopped(_) => broken("a stream ends with its session"),
        _ => DownReason::Silence,
    }
}

fn broken(rule: &str) -> DownReason {
    DownReason::Broken(rule.to_owned())
}

fn code(reason: &DownReason) -> VarInt {
    VarInt::from_u32(match reason {
        DownReason::Disallowed | DownReason::SwitchedOff => 403,
        DownReason::Broken(_) => 400,
        DownReason::Replaced => CODE_REPLACED,
        _ => 0,
    })
}

const CODE_REPLACED: u32 = 409;

fn reason_of(error: &ConnectionError) -> DownReason {
    match error {
        ConnectionError::ApplicationClosed(close)
            if close.error_code == VarInt::from_u32(CODE_REPLACED) =>
        {
            DownReason::Replaced
        }
        ConnectionError::ApplicationClosed(close) => {
            let text = String::from_utf8_lossy(&close.reason);
            DownReason::Peer(text.chars().take(REASON_CHARS_MAX).collect())
        }
        ConnectionError::TimedOut | ConnectionError::Reset => DownReason::Silence,
        ConnectionError::LocallyClosed => DownReason::Ending,
        other => DownReason::Broken(format!("QUIC is spoken as agreed: {other}")),
    }
}
