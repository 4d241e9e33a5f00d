//! Duty: who answers for an office at an instant, whom an alarm is told to and when, what one shift leaves
//! to the next, and when an office's computer did not run. No legal state comes from any of it.

mod book;
mod call;
mod list;
mod outage;
mod rota;

pub use book::{Book, BookOffice, Called, OnDuty, Staff, Why, on_duty};
pub use call::{CallStep, Calls, Here, Owed, Seen, calls, retry_ms};
pub use list::{
    HandList, HandedOver, LIST_ROWS_MAX, ListedAlarm, ListedDevice, ListedLeave, ListedUntold,
    hand_overs,
};
pub use outage::{BEAT_MS, Beat, Outage, Run, outages};
pub use rota::{
    CheckRotaError, PHONES_MAX, Rotas, SHIFT_MS_MAX, SHIFTS_MAX, check_number, check_rota,
    in_hours, rotas_of,
};
