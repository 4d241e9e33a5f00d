//! What goes out to one terminal: our own serial numbers, framed, within a time.

use jiaolian_schema::jt808::{Answer, Header, Verdict, frame};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::OwnedWriteHalf;

/// Longest time for a message to leave, ms: a terminal that reads nothing is given up.
const WRITE_WAIT_MS: u64 = 10_000;

/// The connection is lost, or takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost;

/// The writing half of a connection.
#[derive(Debug)]
pub(super) struct Wire {
    half: OwnedWriteHalf,
    serial: u16,
}

impl Wire {
    pub(super) fn new(half: OwnedWriteHalf) -> Self {
        Self { half, serial: 0 }
    }

    /// Sends a message to the terminal of a head; gives its serial number.
    pub(super) async fn send(&mut self, to: &Header, answer: &Answer) -> Result<u16, Lost> {
        let serial = self.serial;
        self.serial = serial.wrapping_add(1);
        let bytes = frame(&answer.write(to, serial));
        let wait = Duration::from_millis(WRITE_WAIT_MS);
        match tokio::time::timeout(wait, self.half.write_all(&bytes)).await {
            Ok(Ok(())) => Ok(serial),
            _ => Err(Lost),
        }
    }

    /// Says what became of a message.
    pub(super) async fn general(&mut self, of: &Header, verdict: Verdict) -> Result<(), Lost> {
        let answer = Answer::General {
            serial: of.serial,
            id: of.id,
            verdict,
        };
        self.send(of, &answer).await.map(|_| ())
    }

    /// Says that nothing more will come.
    pub(super) async fn close(&mut self) {
        let _ = self.half.shutdown().await;
    }
}
