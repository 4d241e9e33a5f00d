//! A terminal that was let in: the parts of its messages, and what it was asked.

use super::waiting::Waiting;
use super::wire::{Lost, Wire};
use jiaolian_schema::device::Card;
use jiaolian_schema::jt808::{Answer, Assembly, Header, Part};
use jiaolian_schema::watch::Quick;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Parts that lack are asked for after so long without one more, ms.
const PARTS_WAIT_MS: u64 = 5_000;
/// So often at most for one message.
const PARTS_ASKED_MAX: u8 = 3;

/// What is known of the terminal at the other end.
#[derive(Debug)]
pub(super) struct Guest {
    /// Its number as it is bound.
    pub(super) terminal: String,
    /// Its number on the wire.
    pub(super) number: String,
    pub(super) card: Card,
    pub(super) maker: Vec<u8>,
    /// Its line in the table of terminals.
    pub(super) line: u64,
    pub(super) orders: mpsc::Receiver<super::order::Asked>,
    pub(super) waiting: Waiting,
    /// What it is to be told after its last reports.
    pub(super) quick: Option<Quick>,
    /// Head of the message by which it was let in.
    pub(super) admitted_by: Header,
    /// Head of its newest message: how to speak to it.
    pub(super) newest: Header,
    assembly: Assembly,
    lacking: Option<Lacking>,
    /// Messages of which parts lack, by id and first serial number.
    open: BTreeSet<(u16, u16)>,
    /// Its leave to have such messages.
    leave: Option<OwnedSemaphorePermit>,
}

/// What a part came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parted {
    /// Others lack.
    Waits,
    /// None lacks: the head of the first part and the body of all.
    Whole(Header, Vec<u8>),
    /// Too many terminals have unfinished messages here: send it again later.
    Full,
}

/// A message of which parts lack.
#[derive(Debug)]
struct Lacking {
    id: u16,
    first: u16,
    total: u16,
    asked: u8,
    since: Instant,
}

/// Who came, and its line in the table of terminals.
pub(super) struct Arrival {
    pub(super) terminal: String,
    pub(super) card: Card,
    pub(super) maker: Vec<u8>,
    pub(super) line: u64,
    pub(super) orders: mpsc::Receiver<super::order::Asked>,
}

impl Guest {
    pub(super) fn new(arrival: Arrival, header: &Header) -> Self {
        Self {
            terminal: arrival.terminal,
            number: header.number().to_owned(),
            card: arrival.card,
            maker: arrival.maker,
            line: arrival.line,
            orders: arrival.orders,
            waiting: Waiting::default(),
            quick: None,
            admitted_by: header.clone(),
            newest: header.clone(),
            assembly: Assembly::default(),
            lacking: None,
            open: BTreeSet::new(),
            leave: None,
        }
    }

    /// Takes a part in.
    pub(super) async fn part(
        &mut self,
        (wire, leaves): (&mut Wire, &Arc<Semaphore>),
        (header, part): (&Header, Part),
        body: &[u8],
    ) -> Result<Parted, Lost> {
        let Part { total, index } = part;
        let first = header.serial.wrapping_sub(index - 1);
        if self.leave.is_none() {
            let Ok(leave) = Arc::clone(leaves).try_acquire_owned() else {
                return Ok(Parted::Full);
            };
            self.leave = Some(leave);
        }
        if let Some((serial, body)) = self.assembly.push(header, part, body) {
            self.lacking = None;
            self.open.remove(&(header.id, first));
            if self.open.is_empty() {
                self.leave = None;
            }
            let head = Header {
                serial,
                part: None,
                ..header.clone()
            };
            return Ok(Parted::Whole(head, body));
        }
        self.open.insert((header.id, first));
        let known = self.lacking.take();
        let known = known.filter(|known| (known.id, known.first) == (header.id, first));
        self.lacking = Some(Lacking {
            id: header.id,
            first,
            total,
            asked: known.map_or(0, |known| known.asked),
            since: Instant::now(),
        });
        if index == total {
            self.ask_for_parts(wire).await?;
        }
        Ok(Parted::Waits)
    }

    /// When something is due if nothing comes.
    pub(super) fn due(&self) -> Option<Instant> {
        let wait = Duration::from_millis(PARTS_WAIT_MS);
        let parts = self.lacking.as_ref().map(|lacking| lacking.since + wait);
        [parts, self.waiting.due()].into_iter().flatten().min()
    }

    pub(super) async fn look_at_clock(
        &mut self,
        wire: &mut Wire,
        now: Instant,
    ) -> Result<(), Lost> {
        self.waiting.expire(now);
        let wait = Duration::from_millis(PARTS_WAIT_MS);
        let lacking = self.lacking.as_ref();
        if lacking.is_some_and(|lacking| now >= lacking.since + wait) {
            self.ask_for_parts(wire).await?;
        }
        Ok(())
    }

    /// Asks for the parts that lack (`0x8003`), not for ever.
    async fn ask_for_parts(&mut self, wire: &mut Wire) -> Result<(), Lost> {
        let Some(lacking) = &mut self.lacking else {
            return Ok(());
        };
        let Lacking {
            id, first, total, ..
        } = *lacking;
        let parts = self.assembly.lacks(id, first, total);
        if parts.is_empty() || lacking.asked >= PARTS_ASKED_MAX {
            // Given up, with all else that is unfinished.
            self.lacking = None;
            self.assembly = Assembly::default();
            self.open.clear();
            self.leave = None;
            return Ok(());
        }
        lacking.asked += 1;
        lacking.since = Instant::now();
        let again = Answer::PartsAgain { first, parts };
        wire.send(&self.newest, &again).await.map(|_| ())
    }
}
