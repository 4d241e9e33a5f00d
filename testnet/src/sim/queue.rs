//! What happens next: events in the order of their time and, at one instant, of their coming into
//! the queue.

use jiaolian_sync::Lane;
use std::collections::BTreeMap;

/// Something that happens at an instant. Numbers are places in the world's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A node's timer.
    Tick {
        node: usize,
        life: u32,
    },
    /// A node tries to begin a session over a link.
    Dial {
        link: usize,
    },
    /// A frame is all there at the other end.
    Frame {
        link: usize,
        end: usize,
        session: u64,
        lane: Lane,
        frame: Vec<u8>,
    },
    /// A transport notices that a session is over.
    Close {
        link: usize,
        end: usize,
        session: u64,
    },
    /// A link goes down, or comes up again.
    Cut {
        link: usize,
    },
    Mend {
        link: usize,
    },
    /// A process dies, or starts again.
    Crash,
    Start {
        node: usize,
    },
    /// An officer signs in and opens the case files.
    Unlock {
        node: usize,
    },
    /// Somebody at an office does something.
    Work {
        node: usize,
    },
    /// A device takes a position.
    Fix {
        person: usize,
    },
    /// A device sends what it still has to a gateway.
    Flush {
        person: usize,
    },
    /// A node's clock is set.
    Step,
    /// A keeper says no or yes to a key.
    Keeper,
    /// Somebody acts in bad faith.
    Adversary,
    /// Somebody carries a file from one office to another.
    Carry,
}

/// Events by time, then by order of coming.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    events: BTreeMap<(i64, u64), Event>,
    ordinal: u64,
}

impl Queue {
    pub(crate) fn at(&mut self, time: i64, event: Event) {
        self.ordinal += 1;
        self.events.insert((time, self.ordinal), event);
    }

    /// The next event not after an instant, with its time.
    pub(crate) fn next_until(&mut self, until: i64) -> Option<(i64, Event)> {
        let ((time, _), _) = self.events.first_key_value()?;
        if *time > until {
            return None;
        }
        self.events
            .pop_first()
            .map(|((time, _), event)| (time, event))
    }
}
