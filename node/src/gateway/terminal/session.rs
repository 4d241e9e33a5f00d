//! One connection of a terminal, from its first byte to its last. Whatever it sends, it costs a
//! bounded amount of memory and time and is nobody else's trouble.

use super::Hall;
use super::enrol::pass_stranger;
use super::guest::Guest;
use super::place::Place;
use super::wire::{Lost, Wire};
use crate::metric::add;
use jiaolian_schema::jt808::{Deframed, Deframer, Header, ReadFrameError, Verdict, unframe};
use jiaolian_schema::signal::Sign;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::watch;

/// Bytes read at once.
const READ_BYTES: usize = 4 * 1_024;
/// Most frames of a stranger that can't be read.
const STRANGE_FRAMES_MAX: u32 = 3;
/// So many frames that can't be read make a terminal one that is at fault.
const GARBLED_FRAMES: u32 = 3;
/// Most of them on one connection.
const GARBLED_FRAMES_MAX: u32 = 64;
/// Most bytes outside any frame.
const STRAY_BYTES_MAX: u64 = 16 * 1_024;
/// How long a connection that gave way is listened to, to learn whether somebody is there, ms.
const LINGER_MS: u64 = 10_000;

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The other end is gone.
    Gone,
    /// It is not let in, or no longer.
    Refused,
    /// It sent what nobody needs to hear.
    Senseless,
    /// It was silent, or never ended a frame.
    Silent,
    /// A newer connection of the terminal came.
    Displaced,
    /// There is no place for it, or the node stops.
    Closed,
}

impl From<Lost> for End {
    fn from(_: Lost) -> Self {
        Self::Gone
    }
}

/// The state of one connection.
pub(super) struct Session {
    pub(super) hall: Arc<Hall>,
    pub(super) from: SocketAddr,
    pub(super) place: Place,
    pub(super) wire: Wire,
    pub(super) guest: Option<Guest>,
    /// The maker that a registration named before the code was shown.
    pub(super) maker: Vec<u8>,
    frames: Deframer,
    bad: u32,
    clock: Clock,
}

struct Clock {
    since: Instant,
    heard: Instant,
    /// When the frame began that has not ended.
    frame: Option<Instant>,
}

enum Event {
    Bytes(usize),
    Asked(super::order::Asked),
    End(End),
    Due,
}

/// Serves a connection to its end.
pub(super) async fn converse(
    hall: Arc<Hall>,
    (stream, from): (TcpStream, SocketAddr),
    place: Place,
    stop: watch::Receiver<bool>,
) {
    let (mut reader, writer) = stream.into_split();
    let now = Instant::now();
    let mut session = Session {
        hall,
        from,
        place,
        wire: Wire::new(writer),
        guest: None,
        maker: Vec::new(),
        frames: Deframer::default(),
        bad: 0,
        clock: Clock {
            since: now,
            heard: now,
            frame: None,
        },
    };
    let end = session.run(&mut reader, stop).await;
    tracing::debug!(%from, ?end, "a terminal's connection ended");
    session.finish(end, &mut reader).await;
}

impl Session {
    async fn run(&mut self, reader: &mut OwnedReadHalf, mut stop: watch::Receiver<bool>) -> End {
        let mut bytes = [0; READ_BYTES];
        loop {
            let due = tokio::time::Instant::from_std(self.due());
            let event = tokio::select! {
                read = reader.read(&mut bytes) => match read {
                    Ok(0) | Err(_) => Event::End(End::Gone),
                    Ok(size) => Event::Bytes(size),
                },
                asked = next_order(&mut self.guest) => match asked {
                    Some(asked) => Event::Asked(asked),
                    None => Event::End(End::Displaced),
                },
                () = tokio::time::sleep_until(due) => Event::Due,
                _ = stop.wait_for(|stopped| *stopped) => Event::End(End::Closed),
            };
            let went = match event {
                Event::Bytes(size) => self.take(&bytes[..size]).await,
                Event::Asked(asked) => self.order(asked).await,
                Event::Due => self.look_at_clock().await,
                Event::End(end) => Err(end),
            };
            if let Err(end) = went {
                return end;
            }
        }
    }

    /// When something is due if nothing comes.
    fn due(&self) -> Instant {
        let terms = &self.hall.terms;
        let ms = Duration::from_millis;
        let idle = match &self.guest {
            None => self.clock.since + ms(terms.hello_ms),
            Some(_) => self.clock.heard + ms(terms.silence_ms),
        };
        let frame = self.clock.frame.map(|since| since + ms(terms.frame_ms));
        let guest = self.guest.as_ref().and_then(Guest::due);
        [frame, guest]
            .into_iter()
            .flatten()
            .fold(idle, Instant::min)
    }

    async fn look_at_clock(&mut self) -> Result<(), End> {
        let now = Instant::now();
        let terms = &self.hall.terms;
        let over = |since: Instant, ms: u64| now >= since + Duration::from_millis(ms);
        let is_idle = match &self.guest {
            None => over(self.clock.since, terms.hello_ms),
            Some(_) => over(self.clock.heard, terms.silence_ms),
        };
        let is_endless = self
            .clock
            .frame
            .is_some_and(|since| over(since, terms.frame_ms));
        if is_idle || is_endless {
            add(&self.hall.metrics.gateway.silent, 1);
            return Err(End::Silent);
        }
        match &mut self.guest {
            Some(guest) => Ok(guest.look_at_clock(&mut self.wire, now).await?),
            None => Ok(()),
        }
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), End> {
        let found = self.frames.push(bytes);
        if self.frames.stray() > STRAY_BYTES_MAX {
            return Err(End::Senseless);
        }
        if !found.is_empty() || !self.frames.is_unfinished() {
            self.clock.frame = None;
        }
        for frame in found {
            self.frame(frame).await?;
        }
        if self.frames.is_unfinished() {
            self.clock.frame.get_or_insert_with(Instant::now);
        }
        Ok(())
    }

    async fn frame(&mut self, found: Deframed) -> Result<(), End> {
        let bytes = match found {
            Deframed::Raw(raw) => unframe(&raw),
            Deframed::Long(size) => Err(ReadFrameError::Long(size)),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => return self.garbled(&error).await,
        };
        match Header::read(&bytes) {
            Ok((header, body)) => {
                self.clock.heard = Instant::now();
                if self.guest.is_some() {
                    self.message(&header, body).await
                } else {
                    self.greet(&header, body).await
                }
            }
            Err(error) => self.garbled(&error).await,
        }
    }

    /// A frame that can't be read is dropped and the next one listened to: a terminal that goes on
    /// like this is at fault, a stranger has no business here.
    async fn garbled(&mut self, error: &ReadFrameError) -> Result<(), End> {
        tracing::debug!(from = %self.from, %error, "a frame can't be read");
        add(&self.hall.metrics.gateway.malformed, 1);
        self.bad += 1;
        if self.guest.is_none() {
            let is_too_much = self.bad > STRANGE_FRAMES_MAX;
            let passes = pass_stranger(&self.hall.meter, self.from.ip());
            return if is_too_much || !passes {
                Err(End::Senseless)
            } else {
                Ok(())
            };
        }
        if self.bad > GARBLED_FRAMES_MAX {
            return Err(End::Senseless);
        }
        if self.bad == GARBLED_FRAMES {
            self.note(Sign::Garbled).await;
        }
        Ok(())
    }

    /// The last words, and the place is free.
    async fn finish(mut self, end: End, reader: &mut OwnedReadHalf) {
        let Some(guest) = self.guest.take() else {
            self.wire.close().await;
            return;
        };
        self.hall.terminals.leave(&guest.terminal, guest.line);
        if end == End::Displaced {
            // The answer to its authentication is taken back.
            let _ = self.wire.general(&guest.admitted_by, Verdict::Failed).await;
        }
        self.wire.close().await;
        if end != End::Displaced {
            return;
        }
        let mut byte = [0; 1];
        let wait = Duration::from_millis(LINGER_MS);
        let heard = tokio::time::timeout(wait, reader.read(&mut byte)).await;
        // Bytes or a farewell: somebody is there. A lost line is silent.
        let is_there = matches!(heard, Ok(Ok(_)));
        if is_there && self.hall.terminals.swapped(&guest.terminal, Instant::now()) {
            add(&self.hall.metrics.gateway.cloned, 1);
            self.guest = Some(guest);
            self.note(Sign::Cloned).await;
        }
    }
}

/// The next order to a terminal that was let in; none where another connection took its place.
async fn next_order(guest: &mut Option<Guest>) -> Option<super::order::Asked> {
    match guest {
        Some(guest) => guest.orders.recv().await,
        None => std::future::pending().await,
    }
}
