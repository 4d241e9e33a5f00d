//! Spans of time in which something held: a decision bound a device, a node did not run.

/// Spans `[from, until)`, ms since 1970, ascending, apart from one another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans(Vec<(i64, i64)>);

impl Spans {
    /// The union of spans in any order; an empty one holds nothing.
    pub fn new(spans: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let mut sorted: Vec<(i64, i64)> = spans.into_iter().filter(|(a, b)| a < b).collect();
        sorted.sort_unstable();
        let mut union: Vec<(i64, i64)> = Vec::new();
        for (from, until) in sorted {
            match union.last_mut().filter(|(_, end)| from <= *end) {
                Some((_, end)) => *end = (*end).max(until),
                None => union.push((from, until)),
            }
        }
        Self(union)
    }

    /// Always.
    pub fn always() -> Self {
        Self(vec![(i64::MIN, i64::MAX)])
    }

    /// The span that holds an instant.
    pub fn around(&self, time: i64) -> Option<(i64, i64)> {
        let before = self.0.partition_point(|(from, _)| *from <= time);
        let span = before.checked_sub(1).map(|at| self.0[at]);
        span.filter(|(_, until)| time < *until)
    }

    /// The last instant until which, counted from `from`, only so many ms lie outside all spans.
    pub fn outside(&self, from: i64, ms: i64) -> i64 {
        let mut at = from.saturating_add(ms);
        for (begin, end) in &self.0 {
            let begin = (*begin).max(from);
            if *end > begin && begin <= at {
                at = at.saturating_add(end.saturating_sub(begin));
            }
        }
        at
    }

    /// What lies in both.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        let pairs = self.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
        Self::new(pairs.map(|((a, b), (c, d))| (a.max(c), b.min(d))))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (i64, i64)> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_touch_are_one_and_empty_ones_are_none() {
        let spans = Spans::new([(5, 9), (0, 3), (3, 4), (7, 12), (20, 20)]);
        assert_eq!(spans.iter().collect::<Vec<_>>(), [(0, 4), (5, 12)]);
        assert_eq!(spans.around(3), Some((0, 4)));
        assert_eq!(spans.around(4), None);
        assert_eq!(spans.around(12), None);
    }

    #[test]
    fn within_both_is_what_both_hold() {
        let (bound, used) = (
            Spans::new([(0, 10), (20, 30)]),
            Spans::new([(5, 25), (28, 40)]),
        );
        let both: Vec<_> = bound.within(&used).iter().collect();
        assert_eq!(both, [(5, 10), (20, 25), (28, 30)]);
        assert_eq!(bound.within(&Spans::default()), Spans::default());
        assert_eq!(bound.within(&Spans::always()), bound);
    }

    #[test]
    fn what_lies_in_a_span_is_not_counted() {
        let spans = Spans::new([(10, 20), (30, 35)]);
        assert_eq!(spans.outside(0, 9), 9);
        assert_eq!(spans.outside(0, 10), 20);
        assert_eq!(spans.outside(0, 11), 21);
        assert_eq!(spans.outside(15, 1), 21);
        assert_eq!(spans.outside(0, 21), 36);
        assert_eq!(spans.outside(40, 5), 45);
    }
}
