//! Which terminals are connected: one line each, the newest. Who took turns under one number is
//! noticed here.

use super::order::{Asked, Order, Told};
use jiaolian_schema::watch::Pace;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Most orders that wait for one terminal.
pub const ORDERS_WAITING_MAX: usize = 16;
/// Most terminals of which it is remembered how often they were told to report.
const PACES_MAX: usize = 131_072;
/// So often must a terminal that was there be put out by its own number, within [`SWAPS_MS`].
const SWAPS: usize = 3;
const SWAPS_MS: u64 = 10 * 60_000;
/// Two terminals of one number are told of once in so long, ms.
const CLONED_AGAIN_MS: u64 = 24 * 3_600_000;

/// The terminals that are connected. The desk and the door share it.
#[derive(Debug, Default)]
pub struct Terminals {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    lines: BTreeMap<String, Line>,
    swaps: BTreeMap<String, Swaps>,
    /// Hash of the parameters that a terminal confirmed since the start.
    set: BTreeMap<String, [u8; 32]>,
    /// How often each was told to report.
    paces: BTreeMap<String, Pace>,
    newest: u64,
}

#[derive(Debug)]
struct Line {
    number: u64,
    orders: mpsc::Sender<Asked>,
}

#[derive(Debug, Default)]
struct Swaps {
    at: VecDeque<Instant>,
    told: Option<Instant>,
}

/// What a terminal's connection holds of the table.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) number: u64,
    /// Ends when a newer connection of the terminal takes its place.
    pub(super) orders: mpsc::Receiver<Asked>,
    pub(super) displaces: bool,
}

impl Terminals {
    /// How many are connected.
    pub fn count(&self) -> usize {
        self.lock().lines.len()
    }

    /// Whether a terminal is connected here.
    pub fn is_online(&self, terminal: &str) -> bool {
        self.lock().lines.contains_key(terminal)
    }

    /// Asks a terminal and waits for what comes of it; its connection says when it was too long.
    pub async fn ask(&self, terminal: &str, order: Order) -> Told {
        let line = self
            .lock()
            .lines
            .get(terminal)
            .map(|line| line.orders.clone());
        let Some(orders) = line else {
            return Told::Offline;
        };
        let (answer, answered) = oneshot::channel();
        match orders.try_send(Asked { order, answer }) {
            Ok(()) => answered.await.unwrap_or(Told::Offline),
            Err(mpsc::error::TrySendError::Full(_)) => Told::Busy,
            Err(mpsc::error::TrySendError::Closed(_)) => Told::Offline,
        }
    }

    /// A terminal showed its code: an older connection of it ends.
    pub(super) fn enter(&self, terminal: &str) -> Entered {
        let mut state = self.lock();
        state.newest += 1;
        let number = state.newest;
        let (sender, orders) = mpsc::channel(ORDERS_WAITING_MAX);
        let line = Line {
            number,
            orders: sender,
        };
        let older = state.lines.insert(terminal.to_owned(), line);
        Entered {
            number,
            orders,
            displaces: older.is_some(),
        }
    }

    /// A connection ended.
    pub(super) fn leave(&self, terminal: &str, number: u64) {
        let mut state = self.lock();
        if state
            .lines
            .get(terminal)
            .is_some_and(|line| line.number == number)
        {
            state.lines.remove(terminal);
        }
    }

    /// A terminal that was still there gave way to a newer connection under its number. True once
    /// where that goes on: two terminals take turns.
    pub(super) fn swapped(&self, terminal: &str, now: Instant) -> bool {
        let mut state = self.lock();
        let old = Duration::from_millis(CLONED_AGAIN_MS.max(SWAPS_MS));
        state.swaps.retain(|_, swaps| {
            let last = swaps.at.back().copied().max(swaps.told);
            last.is_some_and(|last| now.duration_since(last) < old)
        });
        let swaps = state.swaps.entry(terminal.to_owned()).or_default();
        swaps.at.push_back(now);
        let span = Duration::from_millis(SWAPS_MS);
        while let Some(first) = swaps.at.front()
            && (now.duration_since(*first) > span || swaps.at.len() > SWAPS)
        {
            swaps.at.pop_front();
        }
        let again = Duration::from_millis(CLONED_AGAIN_MS);
        let is_told = swaps
            .told
            .is_some_and(|told| now.duration_since(told) < again);
        if swaps.at.len() < SWAPS || is_told {
            return false;
        }
        swaps.told = Some(now);
        true
    }

    /// Whether a terminal confirmed these parameters.
    pub(super) fn has_set(&self, terminal: &str, hash: &[u8; 32]) -> bool {
        self.lock().set.get(terminal) == Some(hash)
    }

    /// A terminal confirmed parameters.
    pub(super) fn note_set(&self, terminal: &str, hash: [u8; 32]) {
        self.lock().set.insert(terminal.to_owned(), hash);
    }

    /// What is remembered of how often a terminal was told to report.
    pub(super) fn pace(&self, terminal: &str) -> Pace {
        self.lock().paces.get(terminal).cloned().unwrap_or_default()
    }

    /// Keeps that. Where there are too many, all are forgotten: some are then told once more.
    pub(super) fn keep_pace(&self, terminal: &str, pace: Pace) {
        let paces = &mut self.lock().paces;
        if paces.len() >= PACES_MAX {
            paces.clear();
        }
        paces.insert(terminal.to_owned(), pace);
    }

    /// A terminal refused to report quicker.
    pub(super) fn refuse_pace(&self, terminal: &str) {
        if let Some(pace) = self.lock().paces.get_mut(terminal) {
            pace.refuse();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_connection_stands_and_an_older_one_takes_nothing_away() {
        let terminals = Terminals::default();
        let mut first = terminals.enter("1");
        let second = terminals.enter("1");
        assert!(!first.displaces && second.displaces);
        assert!(matches!(
            first.orders.try_recv(),
            Err(mpsc::error::TryRecvError::Disconnected)
        ));
        terminals.leave("1", first.number);
        assert!(terminals.is_online("1"));
        terminals.leave("1", second.number);
        assert_eq!(terminals.count(), 0);
    }

    #[test]
    fn three_turns_in_ten_minutes_are_two_terminals_and_told_once_a_day() {
        let terminals = Terminals::default();
        let start = Instant::now();
        let at = |minutes: u64| start + Duration::from_secs(60 * minutes);
        let slow = [0, 11, 22, 33].map(|minute| terminals.swapped("1", at(minute)));
        assert_eq!(slow, [false; 4]);
        let fast = [100, 101, 102, 103, 104].map(|minute| terminals.swapped("2", at(minute)));
        assert_eq!(fast, [false, false, true, false, false]);
        let later = [24 * 60 + 110, 24 * 60 + 111, 24 * 60 + 112];
        let later = later.map(|minute| terminals.swapped("2", at(minute)));
        assert_eq!(later, [false, false, true]);
    }
}
