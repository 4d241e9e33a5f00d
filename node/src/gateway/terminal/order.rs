//! What this end may ask of a terminal that is connected, and what comes of it.

use jiaolian_schema::geo::Coord;
use jiaolian_schema::jt808::{Answer, Parameter};
use tokio::sync::oneshot;

/// Urgent, in the editions of 2013 and 2019.
const URGENT: (u8, u8) = (1, 2);
/// A notice in the edition of 2019; 2013 has no word for it.
const NOTICE_2019: u8 = 3;
/// On the display.
const SHOWN: u8 = 1 << 2;
/// Read aloud.
const ALOUD: u8 = 1 << 3;

/// Something asked of a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Say where you are.
    Locate,
    /// Show a text.
    Text {
        /// In GBK.
        gbk: Vec<u8>,
        /// Before all else.
        urgent: bool,
        /// Read it aloud too, for all around to hear.
        aloud: bool,
    },
    /// Take these parameters.
    SetParameters(Vec<Parameter>),
}

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The terminal did it.
    Done,
    /// The terminal said where it is; the report is stored.
    Located {
        /// Device time, ms UTC.
        time: i64,
        /// Where; none where it has no position.
        at: Option<Coord>,
    },
    /// The terminal refused or failed.
    Refused,
    /// The terminal does not know such orders.
    Unsupported,
    /// The terminal is not connected here, or was lost before it answered.
    Offline,
    /// The terminal did not answer in time.
    Silent,
    /// Too many orders wait for this terminal.
    Busy,
}

/// An order with whoever waits for what comes of it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) order: Order,
    pub(super) answer: oneshot::Sender<Told>,
}

impl Order {
    /// The message of it to a terminal of an edition by its year.
    pub(super) fn message(&self, year: u16) -> Answer {
        match self {
            Self::Locate => Answer::Locate,
            Self::SetParameters(parameters) => Answer::SetParameters(parameters.clone()),
            Self::Text { gbk, urgent, aloud } => {
                let kind = match (year, urgent) {
                    (2019, true) => URGENT.1,
                    (2019, false) => NOTICE_2019,
                    (_, true) => URGENT.0,
                    (_, false) => 0,
                };
                Answer::Text {
                    flags: kind | SHOWN | if *aloud { ALOUD } else { 0 },
                    text: gbk.clone(),
                }
            }
        }
    }
}

impl Told {
    /// What the result of a terminal's general answer means.
    pub(super) const fn of_result(result: u8) -> Self {
        match result {
            0 => Self::Done,
            3 => Self::Unsupported,
            _ => Self::Refused,
        }
    }
}
