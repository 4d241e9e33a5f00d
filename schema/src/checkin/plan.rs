//! The plan by which somebody checks in, as the value of a case's protected field `checkin/<name>`:
//! in which windows of the week, how many prompts a day, and which office's node asks.
//!
//! One node asks, so that a line that is cut between two of them makes nobody miss anything, and so
//! that prompts are drawn from one secret.

use super::MINUTE_MS;
use crate::canon::{self, CanonError};
use crate::id::OfficeId;
use crate::schedule::{ReadScheduleError, SCHEDULE_WINDOWS_MAX, Schedule};
use minicbor::{Decode, Encode};
use thiserror::Error;

/// First part of the names of the fields that hold plans.
pub const CHECK_IN_FIELD: &str = "checkin/";
/// Most prompts to one person in a day, whatever a policy says.
pub const PROMPTS_A_DAY_MAX: u8 = 6;
/// Least and most minutes for which a prompt stays open.
pub const OPEN_MINUTES: [u16; 2] = [5, 120];
/// Shortest window, minutes.
pub const WINDOW_MINUTES_MIN: i64 = 10;

/// One plan. Several of a person are one set of duties.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Plan {
    /// The office whose node asks, and takes the answers.
    #[n(0)]
    pub asks: OfficeId,
    /// First instant, ms since 1970 UTC.
    #[n(1)]
    pub from: i64,
    /// Last instant, ms since 1970 UTC.
    #[n(2)]
    pub until: i64,
    /// Windows of the week, Asia/Shanghai; none where only prompts ask.
    #[n(3)]
    pub windows: Option<Schedule>,
    /// Prompts a day, 0 to [`PROMPTS_A_DAY_MAX`].
    #[n(4)]
    pub prompts: u8,
    /// How long a prompt stays open, minutes, within [`OPEN_MINUTES`].
    #[n(5)]
    pub open_minutes: u16,
}

/// Why a plan is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadPlanError {
    /// Not the bytes of a plan.
    #[error(transparent)]
    Form(#[from] CanonError),
    /// It would ask nothing.
    #[error("a plan has a window or a prompt")]
    Empty,
    /// It ends before it begins.
    #[error("a plan ends no earlier than it begins: {from} to {until} ms")]
    Order {
        /// Its first instant.
        from: i64,
        /// Its last.
        until: i64,
    },
    /// A window that is none.
    #[error(transparent)]
    Schedule(#[from] ReadScheduleError),
    /// Nobody finds so short a window.
    #[error("a window of a plan lasts at least {WINDOW_MINUTES_MIN} minutes: {0}")]
    Short(i64),
    /// More prompts than anybody answers.
    #[error("a plan prompts 0 to {PROMPTS_A_DAY_MAX} times a day: {0}")]
    Prompts(u8),
    /// Too short to be seen, or so long that it is no prompt.
    #[error("a prompt stays open for {least} to {most} minutes: {0}", least = OPEN_MINUTES[0], most = OPEN_MINUTES[1])]
    Open(u16),
}

impl Plan {
    /// The plan of these bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadPlanError> {
        let plan: Self = canon::decode("a plan of check-ins", bytes)?;
        plan.check()?;
        Ok(plan)
    }

    /// Its one byte form.
    pub fn write(&self) -> Vec<u8> {
        canon::encode(self)
    }

    /// Refuses what nobody could keep to.
    pub fn check(&self) -> Result<(), ReadPlanError> {
        let (from, until) = (self.from, self.until);
        if until < from {
            return Err(ReadPlanError::Order { from, until });
        }
        if self.prompts > PROMPTS_A_DAY_MAX {
            return Err(ReadPlanError::Prompts(self.prompts));
        }
        if !(OPEN_MINUTES[0]..=OPEN_MINUTES[1]).contains(&self.open_minutes) {
            return Err(ReadPlanError::Open(self.open_minutes));
        }
        let Some(windows) = &self.windows else {
            return match self.prompts {
                0 => Err(ReadPlanError::Empty),
                _ => Ok(()),
            };
        };
        if *windows == Schedule::ALWAYS {
            let always = format!("0 windows of 1 to {SCHEDULE_WINDOWS_MAX}");
            return Err(ReadScheduleError::Form(always).into());
        }
        windows.check()?;
        let shortest = windows.stretches(0, WEEK_MS).into_iter();
        let shortest = shortest
            .map(|(from, until)| (until - from) / MINUTE_MS)
            .min();
        match shortest.filter(|minutes| *minutes < WINDOW_MINUTES_MIN) {
            Some(minutes) => Err(ReadPlanError::Short(minutes)),
            None => Ok(()),
        }
    }

    /// How long a prompt stays open, ms.
    pub fn open_ms(&self) -> i64 {
        i64::from(self.open_minutes) * MINUTE_MS
    }
}

const WEEK_MS: i64 = 7 * crate::fix::DAY_MS;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Window;

    fn plan() -> Plan {
        Plan {
            asks: OfficeId([3; 16]),
            from: 0,
            until: 10 * crate::fix::DAY_MS,
            windows: Some(window(540, 690)),
            prompts: 2,
            open_minutes: 20,
        }
    }

    fn window(from: u16, to: u16) -> Schedule {
        Schedule::new(vec![Window::new(&[1, 7], from, to).unwrap()]).unwrap()
    }

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let prompts = Plan {
            windows: None,
            ..plan()
        };
        for plan in [plan(), prompts] {
            assert_eq!(Plan::read(&plan.write()), Ok(plan));
        }
        assert!(matches!(Plan::read(b""), Err(ReadPlanError::Form(_))));
        assert!(matches!(Plan::read(&[0xa0]), Err(ReadPlanError::Form(_))));
    }

    #[test]
    fn what_nobody_could_keep_to_is_refused_with_the_value() {
        type Change = fn(&mut Plan);
        let refusal = |change: Change| {
            let mut plan = plan();
            change(&mut plan);
            Plan::read(&plan.write())
                .map(|_| ())
                .unwrap_err()
                .to_string()
        };
        let cases: [(Change, &str); 8] = [
            (
                |plan| plan.until = -1,
                "no earlier than it begins: 0 to -1 ms",
            ),
            (|plan| plan.prompts = 7, "0 to 6 times a day: 7"),
            (|plan| plan.open_minutes = 4, "5 to 120 minutes: 4"),
            (|plan| plan.open_minutes = 121, "5 to 120 minutes: 121"),
            (
                |plan| plan.windows = Some(window(540, 549)),
                "at least 10 minutes: 9",
            ),
            (
                |plan| plan.windows = Some(window(1_435, 4)),
                "at least 10 minutes: 9",
            ),
            (|plan| plan.windows = Some(Schedule::ALWAYS), "0 windows"),
            (
                |plan| (plan.windows, plan.prompts) = (None, 0),
                "a window or a prompt",
            ),
        ];
        for (change, words) in cases {
            let said = refusal(change);
            assert!(said.contains(words), "{said}");
        }
    }
}
