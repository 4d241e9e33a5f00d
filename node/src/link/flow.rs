//! Bytes under way on one lane: counted when they are written, taken off when the other side says
//! it took
//! them.

use std::sync::Mutex;
use tokio::sync::Notify;

#[derive(Debug, Default)]
struct Totals {
    sent: u64,
    taken: u64,
}

/// The sender's side of a lane's window.
#[derive(Debug)]
pub(super) struct Window {
    limit: Option<u64>,
    totals: Mutex<Totals>,
    opened: Notify,
}

impl Window {
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self {
            limit,
            totals: Mutex::default(),
            opened: Notify::new(),
        }
    }

    /// Waits until so many more bytes may be under way, and counts them.
    pub(super) async fn reserve(&self, bytes: u64) {
        while !self.try_reserve(bytes) {
            self.opened.notified().await;
        }
    }

    /// The other side has taken so many bytes in all. False when it can't have: more than were
    /// sent, or
    /// fewer than it took before.
    pub(super) fn take(&self, taken: u64) -> bool {
        let mut totals = self
            .totals
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if !(totals.taken..=totals.sent).contains(&taken) {
            return false;
        }
        totals.taken = taken;
        self.opened.notify_one();
        true
    }

    fn try_reserve(&self, bytes: u64) -> bool {
        let mut totals = self
            .totals
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let fits = self
            .limit
            .is_none_or(|limit| totals.sent - totals.taken + bytes <= limit);
        if fits {
            totals.sent += bytes;
        }
        fits
    }
}

/// The receiver's side: what the owner took and what was said about it.
#[derive(Debug)]
pub(super) struct Taken {
    step: u64,
    totals: Mutex<(u64, u64)>,
    due: Notify,
}

impl Taken {
    /// Says so every eighth of the window.
    pub(super) fn new(limit: u64) -> Self {
        Self {
            step: limit / 8,
            totals: Mutex::default(),
            due: Notify::new(),
        }
    }

    pub(super) fn add(&self, bytes: u64) {
        let mut totals = self
            .totals
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        totals.0 += bytes;
        if totals.0 - totals.1 >= self.step {
            self.due.notify_one();
        }
    }

    /// Waits until the total should be said, and gives it.
    pub(super) async fn due(&self) -> u64 {
        loop {
            self.due.notified().await;
            let mut totals = self
                .totals
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if totals.0 > totals.1 {
                totals.1 = totals.0;
                return totals.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_fills_opens_and_refuses_impossible_totals() {
        let window = Window::new(Some(100));
        assert!(window.try_reserve(60) && window.try_reserve(40) && !window.try_reserve(1));
        assert!(!window.take(101), "more than was sent");
        assert!(window.take(30) && window.try_reserve(30) && !window.try_reserve(1));
        assert!(!window.take(29), "fewer than before");
        let open = Window::new(None);
        assert!(open.try_reserve(u64::from(u32::MAX)));
    }
}
