//! Spans of time in which something held: a decision bound a device, a node did not run.

/// What a binding says of a device in a span `[from, until)`, ms since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Terms {
    /// Its first instant.
    pub from: i64,
    /// Its end.
    pub until: i64,
    /// How often the device reports, ms; none where the binding does not say.
    pub interval_ms: Option<i64>,
    /// Whether this node is to hear it: then it is missed from the beginning (D7).
    pub is_heard_here: bool,
    /// Whether leaving the permitted area is gravest from the beginning (D12).
    pub is_grave: bool,
}

/// Spans `[from, until)`, ms since 1970, ascending, apart from one another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans {
    spans: Vec<(i64, i64)>,
    /// By their beginnings; none of them reaches out of the spans.
    terms: Vec<Terms>,
}

impl Spans {
    /// The union of spans in which bindings held, with what they say.
    pub fn of_terms(terms: impl IntoIterator<Item = Terms>) -> Self {
        let terms = terms.into_iter().filter(|one| one.from < one.until);
        let mut terms: Vec<Terms> = terms.collect();
        terms.sort_unstable();
        let spans = Self::new(terms.iter().map(|one| (one.from, one.until)));
        Self { terms, ..spans }
    }

    /// What bindings say, by their beginnings.
    pub fn terms(&self) -> &[Terms] {
        &self.terms
    }

    /// What the bindings say that hold at an instant.
    pub fn terms_at(&self, time: i64) -> impl Iterator<Item = &Terms> {
        let begun = self.terms.iter().take_while(move |one| one.from <= time);
        begun.filter(move |one| time < one.until)
    }

    /// Whether leaving the permitted area is gravest at an instant.
    pub fn is_grave(&self, time: i64) -> bool {
        self.terms_at(time).any(|one| one.is_grave)
    }

    /// The first instant of a span at which this node is to hear a device.
    pub(super) fn missed_from(&self, (from, until): (i64, i64)) -> Option<i64> {
        let here = self.terms.iter().filter(|one| one.is_heard_here);
        let mut here = here.filter(|one| one.from < until && from < one.until);
        here.next().map(|one| one.from.max(from))
    }

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
        Self {
            spans: union,
            terms: Vec::new(),
        }
    }

    /// Always.
    pub fn always() -> Self {
        Self::new([(i64::MIN, i64::MAX)])
    }

    /// The span that holds an instant.
    pub fn around(&self, time: i64) -> Option<(i64, i64)> {
        let before = self.spans.partition_point(|(from, _)| *from <= time);
        let span = before.checked_sub(1).map(|at| self.spans[at]);
        span.filter(|(_, until)| time < *until)
    }

    /// The last instant until which, counted from `from`, only so many ms lie outside all spans.
    pub fn outside(&self, from: i64, ms: i64) -> i64 {
        let mut at = from.saturating_add(ms);
        for (begin, end) in &self.spans {
            let begin = (*begin).max(from);
            if *end > begin && begin <= at {
                at = at.saturating_add(end.saturating_sub(begin));
            }
        }
        at
    }

    /// What lies in both, with what is said here of it.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        let pairs = self.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
        let both = Self::new(pairs.map(|((a, b), (c, d))| (a.max(c), b.min(d))));
        let cut = |one: &Terms, (from, until): (i64, i64)| Terms {
            from: one.from.max(from),
            until: one.until.min(until),
            ..*one
        };
        let terms = self.terms.iter();
        let terms = terms.flat_map(|one| other.iter().map(move |span| cut(one, span)));
        let mut terms: Vec<Terms> = terms.filter(|one| one.from < one.until).collect();
        terms.sort_unstable();
        Self { terms, ..both }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (i64, i64)> {
        self.spans.iter().copied()
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
    fn what_bindings_say_is_cut_to_where_they_hold() {
        let terms = |from, until, interval_ms, is_heard_here| Terms {
            from,
            until,
            interval_ms,
            is_heard_here,
            is_grave: false,
        };
        let bound = Spans::of_terms([
            terms(10, 20, Some(2), true),
            terms(0, 10, None, false),
            terms(30, 30, Some(1), true),
        ]);
        assert_eq!(bound.iter().collect::<Vec<_>>(), [(0, 20)]);
        assert_eq!(bound.missed_from((0, 20)), Some(10));
        assert_eq!(bound.terms_at(10).next().unwrap().interval_ms, Some(2));
        assert_eq!(bound.terms_at(20).next(), None);
        let used = bound.within(&Spans::new([(5, 8), (15, 50)]));
        assert_eq!(used.iter().collect::<Vec<_>>(), [(5, 8), (15, 20)]);
        assert_eq!(used.missed_from((15, 20)), Some(15));
        assert_eq!(used.missed_from((5, 8)), None);
        assert_eq!(used.terms().len(), 2);
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
