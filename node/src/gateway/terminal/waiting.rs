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
    /// What the node itself asked for.
    own: Option<Own>,
    answer: Option<oneshot::Sender<Told>>,
    until: Instant,
}

/// What the node itself asks of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    /// To take parameters of this hash.
    Parameters([u8; 32]),
    /// To report quicker for some time.
    Quick,
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
            own: None,
            answer: Some(asked.answer),
            until: Instant::now() + wait,
        };
        self.sent.insert(serial, sent);
    }

    /// A message of the node's own went out.
    pub(super) fn own(&mut self, serial: u16, (id, own): (u16, Own), wait: Duration) {
        let sent = Sent {
            id,
            is_locate: false,
            own: Some(own),
            answer: None,
            until: Instant::now() + wait,
        };
        self.sent.insert(serial, sent);
    }

    /// A general answer came. That a question for the place was heard is not yet its answer. Some:
    /// it was the node's own message.
    pub(super) fn answered(&mut self, serial: u16, id: u16, result: u8) -> Option<(Own, Told)> {
        let sent = self.sent.get(&serial).filter(|sent| sent.id == id)?;
        if sent.is_locate && result == 0 {
            return None;
        }
        let mut sent = self.sent.remove(&serial)?;
        let told = Told::of_result(result);
        if let Some(answer) = sent.answer.take() {
            let _ = answer.send(told);
        }
        sent.own.map(|own| (own, told))
    }

    /// The place that was asked for came; false where nobody asked.
    pub(super) fn located(&mut self, serial: u16, told: Told) -> bool {
        let Some(sent) = self.sent.get(&serial).filter(|sent| sent.is_locate) else {
            return false;
        };
        debug_assert!(sent.own.is_none());
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
