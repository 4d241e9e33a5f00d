//! A day of seconds that are painted over one another.

use super::{Cause, DAY_SECONDS, Second, Span, Stretch, Tally};

/// The seconds of a day. What nobody paints is silence.
pub(super) struct Painting {
    midnight: i64,
    seconds: Vec<Second>,
}

impl Painting {
    pub(super) fn new(midnight: i64) -> Self {
        Self {
            midnight,
            seconds: vec![Second::Unknown(Cause::NoSignal); DAY_SECONDS as usize],
        }
    }

    /// Seconds whose first instant lies in a span.
    fn range(&self, span: Span) -> std::ops::Range<usize> {
        let second = |time: i64| {
            let after = time.saturating_sub(self.midnight).max(0);
            // The first second that begins at or after the instant.
            let number = after / 1_000 + i64::from(after % 1_000 != 0);
            number.min(i64::from(DAY_SECONDS)) as usize
        };
        let (from, to) = (second(span.from), second(span.to));
        from..to.max(from)
    }

    /// Paints a cause where none that goes before it is there yet.
    pub(super) fn under(&mut self, span: Span, what: Second) {
        let range = self.range(span);
        for second in &mut self.seconds[range] {
            *second = (*second).min(what);
        }
    }

    /// Paints over everything, where `what` says so of a second's first instant.
    pub(super) fn over(&mut self, span: Span, what: impl Fn(i64) -> Option<Second>) {
        for number in self.range(span) {
            let time = self.midnight + number as i64 * 1_000;
            if let Some(what) = what(time) {
                self.seconds[number] = what;
            }
        }
    }

    /// Paints over everything that no span holds.
    pub(super) fn outside(&mut self, spans: &[Span], what: Second) {
        let mut inside = vec![false; self.seconds.len()];
        for span in spans {
            inside[self.range(*span)].fill(true);
        }
        for (second, inside) in self.seconds.iter_mut().zip(inside) {
            if !inside {
                *second = what;
            }
        }
    }

    pub(super) fn tally(self, day: i32) -> Tally {
        let mut stretches: Vec<Stretch> = Vec::new();
        for (number, what) in (0_u32..).zip(self.seconds) {
            match stretches.last_mut().filter(|last| last.what == what) {
                Some(last) => last.to = number + 1,
                None => stretches.push(Stretch {
                    from: number,
                    to: number + 1,
                    what,
                }),
            }
        }
        Tally { day, stretches }
    }
}
