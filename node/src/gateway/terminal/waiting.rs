//! Orders that a terminal was sent and has not answered.

use super::order::{Asked, Order, Told};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Most orders that one terminal has before it at once.
const WAITING_MAX: usize = 32;

/// By the serial number of each.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    sent: BTreeMap<u16, Sent>,
}

#[derive(Debug)]
struct Sent {
    /// Id of the message.
    id: u16,
    is_locate: bool,
    /// Hash of the parameters that it sets.
    parameters: Option<[u8; 32]>,
    answer: Option<oneshot::Sender<Told>>,
    until: Instant,
}

/// An order that was answered.
#[derive(Debug)]
pub(super) struct Answered {
    /// Hash of the parameters that the terminal took.
    pub(super) set: Option<[u8; 32]>,
}

impl Waiting {
    /// Whether one more may be sent.
    pub(super) fn has_room(&self) -> bool {
        self.sent.len() < WAITING_MAX
    }

    /// An order of somebody went out.
    pub(super) fn sent(&mut self, serial: u16, asked: Asked, wait: Duration) {
        let sent = Sent {
            id: asked.order.message(2013).id(),
            is_locate: asked.order == Order::Locate,
            parameters: None,
            answer: Some(asked.answer),
            until: Instant::now() + wait,
        };
        self.sent.insert(serial, sent);
    }

    /// Parameters went out that the node itself sets.
    pub(super) fn set(&mut self, serial: u16, (id, hash): (u16, [u8; 32]), wait: Duration) {
        let sent = Sent {
            id,
            is_locate: false,
            parameters: Some(hash),
            answer: None,
            until: Instant::now() + wait,
        };
        self.sent.insert(serial, sent);
    }

    /// A general answer came. That a question for the place was heard is not yet its answer.
    pub(super) fn answered(&mut self, serial: u16, id: u16, result: u8) -> Option<Answered> {
        let sent = self.sent.get(&serial).filter(|sent| sent.id == id)?;
        if sent.is_locate && result == 0 {
            return None;
        }
        let mut sent = self.sent.remove(&serial)?;
        let told = Told::of_result(result);
        if let Some(answer) = sent.answer.take() {
            let _ = answer.send(told);
        }
        let set = sent.parameters.filter(|_| told == Told::Done);
        Some(Answered { set })
    }

    /// The place that was asked for came; false where nobody asked.
    pub(super) fn located(&mut self, serial: u16, told: Told) -> bool {
        let Some(sent) = self.sent.get(&serial).filter(|sent| sent.is_locate) else {
            return false;
        };
        debug_assert!(sent.parameters.is_none());
        if let Some(answer) = self.sent.remove(&serial).and_then(|sent| sent.answer) {
            let _ = answer.send(told);
        }
        true
    }

    /// When the next one has waited too long.
    pub(super) fn due(&self) -> Option<Instant> {
        self.sent.values().map(|sent| sent.until).min()
    }

    /// Tells whoever waited too long.
    pub(super) fn expire(&mut self, now: Instant) {
        let late = self.sent.iter().filter(|(_, sent)| sent.until <= now);
        let late: Vec<u16> = late.map(|(serial, _)| *serial).collect();
        for serial in late {
            if let Some(answer) = self.sent.remove(&serial).and_then(|sent| sent.answer) {
                let _ = answer.send(Told::Silent);
            }
        }
    }
}
