//! Two nodes and the frames between them, delivered flight by flight: everything that is under way
//! arrives before anybody answers.

use super::MeasureError;
use super::node::Node;
use jiaolian_schema::id::sha256;
use jiaolian_sync::Store;
use jiaolian_sync::frame::Frame;
use std::time::{Duration, Instant};

/// More flights than this mean that the two never come to rest.
const FLIGHTS_MAX: u32 = 200_000;
/// Time between two receipts over one link, ms, and a little more.
const RECEIPT_PAUSE_MS: i64 = 601_000;
/// Pauses after which everything must be receipted and agreed upon.
const PAUSES_MAX: u32 = 4_000;

/// What one meeting took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Trip {
    /// One-way flights: two are a round trip.
    pub(super) flights: u32,
    /// Frames, both ways.
    pub(super) frames: u64,
    /// Their bytes.
    pub(super) bytes: u64,
    /// Bytes of the frames that carried envelopes.
    pub(super) envelope_bytes: u64,
    /// Time spent in both replicas and their commits.
    pub(super) took: Duration,
}

impl Trip {
    /// Bytes that carried no envelope.
    pub(super) fn talk_bytes(&self) -> u64 {
        self.bytes - self.envelope_bytes
    }
}

/// Connects two nodes and lets them talk until nobody has anything to say.
pub(super) fn meet<A: Store, B: Store>(
    a: &mut Node<A>,
    b: &mut Node<B>,
    now: i64,
) -> Result<Trip, MeasureError> {
    let started = Instant::now();
    a.replica.connect(b.peer, now);
    b.replica.connect(a.peer, now);
    a.settle()?;
    b.settle()?;
    let trip = Trip {
        took: started.elapsed(),
        ..Trip::default()
    };
    talk(a, b, now, trip)
}

/// Ends the session on both sides.
pub(super) fn part<A: Store, B: Store>(
    a: &mut Node<A>,
    b: &mut Node<B>,
) -> Result<(), MeasureError> {
    a.replica.disconnect(b.peer);
    b.replica.disconnect(a.peer);
    a.settle()?;
    b.settle()?;
    a.out.clear();
    b.out.clear();
    Ok(())
}

/// Lets time pass until receipts are signed and delivered and neither side has more to say; says
/// what time it is then, ms UTC.
pub(super) fn rest<A: Store, B: Store>(
    a: &mut Node<A>,
    b: &mut Node<B>,
    mut now: i64,
) -> Result<i64, MeasureError> {
    for pause in 0..PAUSES_MAX {
        now += RECEIPT_PAUSE_MS;
        let entropy = |side: u8| sha256(&[b"tick", &now.to_be_bytes(), &[side]]);
        a.replica.tick(now, entropy(0));
        b.replica.tick(now, entropy(1));
        a.settle()?;
        b.settle()?;
        if pause > 0 && a.out.is_empty() && b.out.is_empty() {
            return Ok(now);
        }
        talk(a, b, now, Trip::default())?;
    }
    Err(MeasureError::Apart(format!(
        "they still talk after {PAUSES_MAX} pauses"
    )))
}

fn talk<A: Store, B: Store>(
    a: &mut Node<A>,
    b: &mut Node<B>,
    now: i64,
    mut trip: Trip,
) -> Result<Trip, MeasureError> {
    while !(a.out.is_empty() && b.out.is_empty()) {
        let (from_a, from_b) = (std::mem::take(&mut a.out), std::mem::take(&mut b.out));
        trip.flights += 1;
        if trip.flights > FLIGHTS_MAX {
            return Err(MeasureError::Apart(format!(
                "they still talk after {FLIGHTS_MAX} flights"
            )));
        }
        for (_, frame) in from_a.iter().chain(&from_b) {
            trip.frames += 1;
            trip.bytes += frame.len() as u64;
            if matches!(Frame::decode(frame), Ok(Frame::Envelopes { .. })) {
                trip.envelope_bytes += frame.len() as u64;
            }
        }
        let started = Instant::now();
        for (_, frame) in &from_a {
            b.replica.receive(a.peer, frame, now);
        }
        for (_, frame) in &from_b {
            a.replica.receive(b.peer, frame, now);
        }
        a.settle()?;
        b.settle()?;
        trip.took += started.elapsed();
    }
    Ok(trip)
}
