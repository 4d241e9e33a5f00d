//! Kinds of lateness, each with its code in `rules/alarm_kind.toml`.

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum LateKind {
    /// Not back from a leave (未销假).
    Leave = 1,
    /// A periodic report is overdue (未按时报告).
    Report = 2,
    /// Never appeared after the decision (未按时报到): looked for at once, as one who is lost
    /// (社区矫正法 Art. 30).
    Arrival = 3,
    /// Found lost by people (失联).
    Lost = 4,
}

impl LateKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Leave, Self::Report, Self::Arrival, Self::Lost];

    /// Its code in the rules.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Leave => "LEAVE_LATE",
            Self::Report => "RPT_MISS",
            Self::Arrival | Self::Lost => "LOST",
        }
    }

    /// Whether an alarm of that code may be one of lateness.
    pub fn has_code(code: &str) -> bool {
        Self::ALL.iter().any(|kind| kind.code() == code)
    }
}
