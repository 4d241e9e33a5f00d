//! What happened, as told to open pages: a bounded history with rising numbers, so that a page
//! whose connection broke goes on where it was, or is told to look again.
//!
//! A change names a dossier and nothing about it. Each page's own stream turns it into what its
//! person may see.

use crate::seal::entropy;
use jiaolian_schema::id::{DossierId, sha256};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// Most changes that a page may be behind and still go on.
pub const HISTORY_MAX: usize = 1_024;

/// Parts of a case, as the contract names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Free texts.
    Texts,
    /// Protected fields.
    Protected,
    /// Records.
    Records,
    /// Matters.
    Matters,
}

impl Part {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Texts => "texts",
            Self::Protected => "protected",
            Self::Records => "records",
            Self::Matters => "matters",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new alarm's dossier.
    AlarmRaised(DossierId),
    /// An alarm went on.
    AlarmChanged(DossierId),
    /// A case's parts changed, by the person of that name where one is known.
    CaseChanged {
        /// The case.
        case: DossierId,
        /// Who did it.
        by: Option<String>,
        /// What.
        parts: Vec<Part>,
    },
    /// A matter went on.
    MatterChanged {
        /// The matter.
        matter: jiaolian_schema::id::EnvelopeId,
        /// Its case.
        case: DossierId,
    },
    /// A link, a queue or the clock changed.
    NetworkChanged,
    /// Who holds which seat, or what is said of offices, changed: nothing of any case.
    RosterChanged,
    /// New positions of the people of these cases, all that one commit held: thousands of reports
    /// must not push what else happened out of the history.
    Located(Arc<[DossierId]>),
}

/// A change with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Rising by one; never repeats across starts of the process.
    pub number: u64,
    /// What happened.
    pub change: Change,
}

/// Where a stream begins.
#[derive(Debug)]
pub struct Feed {
    /// Changes since the number that the page had, oldest first.
    pub missed: Vec<Arc<Numbered>>,
    /// Whether the page must look at everything again.
    pub reset: bool,
    /// The newest number so far.
    pub newest: u64,
    /// What comes.
    pub live: broadcast::Receiver<Arc<Numbered>>,
}

struct History {
    newest: u64,
    recent: VecDeque<Arc<Numbered>>,
}

/// Rounds of the cipher under which numbers go to pages.
const ROUNDS: u8 = 4;

/// All changes since the start of the process.
pub struct Events {
    secret: [u8; 32],
    history: Mutex<History>,
    sender: broadcast::Sender<Arc<Numbered>>,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Events({})", self.lock().newest)
    }
}

impl Events {
    /// An empty history whose numbers start above those of every earlier start: `started_at` is ms
    /// UTC.
    pub fn new(started_at: i64) -> Self {
        let newest = u64::try_from(started_at).unwrap_or(0) << 10;
        let history = Mutex::new(History {
            newest,
            recent: VecDeque::new(),
        });
        Self {
            secret: entropy(),
            history,
            sender: broadcast::channel(HISTORY_MAX).0,
        }
    }

    /// A change's number as a page is told it: from two of them nobody learns how many changes lay
    /// between that the page was not shown.
    pub fn ticket(&self, number: u64) -> u64 {
        let (mut left, mut right) = halves(number);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.round(round, right));
        }
        u64::from(left) << 32 | u64::from(right)
    }

    /// The number behind a ticket of this start; any number for another.
    pub fn number_of(&self, ticket: u64) -> u64 {
        let (mut left, mut right) = halves(ticket);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.round(round, left), left);
        }
        u64::from(left) << 32 | u64::from(right)
    }

    fn round(&self, round: u8, half: u32) -> u32 {
        let hash = sha256(&[&self.secret, &[round], &half.to_be_bytes()]);
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
    }

    /// Tells every open page.
    pub fn publish(&self, change: Change) {
        let mut history = self.lock();
        history.newest += 1;
        let numbered = Arc::new(Numbered {
            number: history.newest,
            change,
        });
        if history.recent.len() == HISTORY_MAX {
            history.recent.pop_front();
        }
        history.recent.push_back(Arc::clone(&numbered));
        // Nobody listening is no fault. Sending under the lock keeps the numbers in order.
        let _ = self.sender.send(numbered);
    }

    /// A stream for a page that has seen everything up to `last_seen`, where it says so.
    pub fn follow(&self, last_seen: Option<u64>) -> Feed {
        let history = self.lock();
        let live = self.sender.subscribe();
        let newest = history.newest;
        let oldest = newest + 1 - history.recent.len() as u64;
        let Some(seen) = last_seen else {
            return Feed {
                missed: Vec::new(),
                reset: false,
                newest,
                live,
            };
        };
        if seen > newest || seen + 1 < oldest {
            return Feed {
                missed: Vec::new(),
                reset: true,
                newest,
                live,
            };
        }
        let missed = history
            .recent
            .iter()
            .filter(|item| item.number > seen)
            .cloned()
            .collect();
        Feed {
            missed,
            reset: false,
            newest,
            live,
        }
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn halves(number: u64) -> (u32, u32) {
    ((number >> 32) as u32, number as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_tells_its_events_a_number_and_nobody_else_anything() {
        let events = Events::new(7);
        let tickets: Vec<u64> = (0..64).map(|number| events.ticket(number)).collect();
        for (number, ticket) in (0..).zip(&tickets) {
            assert_eq!(events.number_of(*ticket), number);
        }
        assert!(!tickets.is_sorted());
        assert_ne!(Events::new(7).number_of(tickets[5]), 5);
    }

    #[test]
    fn a_page_that_reconnects_gets_what_it_missed_and_nothing_twice() {
        let events = Events::new(7);
        events.publish(Change::NetworkChanged);
        let seen = events.follow(None).newest;
        events.publish(Change::AlarmRaised(DossierId([1; 32])));
        events.publish(Change::AlarmChanged(DossierId([1; 32])));
        let feed = events.follow(Some(seen));
        assert!(!feed.reset);
        let numbers: Vec<_> = feed.missed.iter().map(|item| item.number).collect();
        assert_eq!(numbers, [seen + 1, seen + 2]);
    }

    #[test]
    fn a_page_that_is_too_far_behind_or_of_another_start_looks_again() {
        let events = Events::new(7);
        for _ in 0..=HISTORY_MAX {
            events.publish(Change::NetworkChanged);
        }
        let newest = events.follow(None).newest;
        assert!(events.follow(Some(newest - HISTORY_MAX as u64 - 1)).reset);
        assert!(!events.follow(Some(newest - HISTORY_MAX as u64)).reset);
        assert!(events.follow(Some(newest + 1)).reset);
        assert!(Events::new(8).follow(Some(newest)).reset);
    }
}
