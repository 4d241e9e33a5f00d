//! How far a person's stored positions reach, so that a new one is looked up only where it may be here.

/// How late the latest of a person's positions is that lie stored row by row: a later one can't be here
/// before, and need not be looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Newest {
    #[default]
    Unasked,
    /// None is later than this, ms UTC by the device.
    At(i64),
    /// Some lie beyond the last that was believed, so each is looked for.
    Unknown,
}

impl Newest {
    pub(super) fn is_before(self, time: i64) -> bool {
        matches!(self, Self::At(newest) if newest < time)
    }

    /// One of that time is stored.
    pub(super) fn reach(&mut self, time: i64) {
        if let Self::At(newest) = self {
            *newest = time.max(*newest);
        }
    }
}
