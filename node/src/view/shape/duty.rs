//! Shapes of the duty pages.

use super::{CaseRef, Coded, OfficeRef};
use crate::http::text::Text;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

/// Who has the duty, the list, and what is not told.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DutyPage {
    /// The node's time, ms UTC.
    pub as_of: i64,
    /// The viewer's office.
    pub office: OfficeRef,
    /// Whether it is in its hours.
    pub in_hours: bool,
    /// Who has the duty now.
    pub on_duty: Vec<DutyPerson>,
    /// Offices whose list names nobody now: shown in red.
    pub unlisted: Vec<OfficeRef>,
    /// The list that stands.
    pub list: DutyList,
    /// Whether the viewer may set it.
    pub may_edit: bool,
    /// Who may be put on it.
    pub staff: Vec<DutyStaff>,
    /// Ways of this node to tell people: `sms`, `siren`.
    pub ways: Vec<Coded>,
    /// Calls that reached nobody.
    pub untold: Vec<UntoldRow>,
    /// Calls of the last days, newest first.
    pub calls: Vec<CallShape>,
    /// When the node did not run in the last thirty days, newest first.
    pub outages: Vec<OutageShape>,
}

/// Somebody who has the duty.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DutyPerson {
    /// Who.
    pub person_id: String,
    /// Name.
    pub name: String,
    /// Of which office.
    pub office: OfficeRef,
    /// The number; none where the list has none.
    pub phone: Option<String>,
    /// `listed` or `head`.
    pub why: Coded,
}

/// A member of staff.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DutyStaff {
    /// Who.
    pub person_id: String,
    /// Name.
    pub name: String,
}

/// The list that stands; of several that know nothing of one another, all of it together.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct DutyList {
    /// Windows of the week as a fence has them; none where the office has no hours.
    #[schema(value_type = Object)]
    pub hours: Json,
    /// Whether the hours follow the calendar of working days.
    pub workdays: bool,
    /// Who has the duty when.
    pub shifts: Vec<ShiftShape>,
    /// Numbers.
    pub phones: Vec<PhoneShape>,
    /// What a further list takes the place of.
    pub replaces: Vec<String>,
    /// Whether several stand that were signed without one another.
    pub contested: bool,
}

/// One shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftShape {
    /// Who.
    pub person_id: String,
    /// First instant, ms UTC.
    pub from: i64,
    /// The instant at which it is over, ms UTC.
    pub to: i64,
}

/// One number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneShape {
    /// Whose.
    pub person_id: String,
    /// The number.
    pub number: String,
}

/// A call that reached nobody (未通知).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UntoldRow {
    /// The call.
    pub id: String,
    /// The alarm's incident.
    pub alarm_id: String,
    /// Kind of the alarm.
    pub kind: Coded,
    /// Severity when it became owed.
    pub severity: u8,
    /// Whose case; none where it can't be read.
    pub case: Option<CaseRef>,
    /// Since when it is owed, ms UTC.
    pub at: i64,
    /// Why it is owed.
    pub step: Coded,
    /// By which way.
    pub way: Coded,
    /// Who should be told; empty for a siren.
    pub receiver: String,
    /// How often it was tried.
    pub tries: u32,
    /// Why nobody was told.
    pub reason: Coded,
}

/// A call.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CallShape {
    /// The alarm.
    pub alarm_id: String,
    /// Since when it was owed, ms UTC.
    pub at: i64,
    /// Why.
    pub step: Coded,
    /// By which way.
    pub way: Coded,
    /// Who was to be told.
    pub receiver: String,
    /// `waits`, `told`, `dropped`.
    pub state: Coded,
    /// When somebody was told, or nothing was owed any more, ms UTC.
    pub ended_at: Option<i64>,
    /// Each try that is kept: when, and why it failed.
    pub tried: Vec<TryShape>,
}

/// One try.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TryShape {
    /// When, ms UTC.
    pub at: i64,
    /// Why it failed; none where it did not.
    pub reason: Option<Coded>,
}

/// When the node did not run.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OutageShape {
    /// Last sign of life, ms UTC.
    pub from: i64,
    /// First one after, ms UTC.
    pub to: i64,
    /// Whether it was told to stop.
    pub ordered: bool,
}

/// What one shift leaves to the next.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandOverPage {
    /// The list as it would be handed over now.
    pub list: HandListShape,
    /// Hand-overs of the office, newest first.
    pub given: Vec<HandOverRow>,
}

/// A list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandListShape {
    /// SHA-256 of its bytes: what is signed.
    pub id: String,
    /// When it was made, ms UTC.
    pub at: i64,
    /// Alarms that are not closed.
    pub alarms: Vec<HandRow>,
    /// Calls that reached nobody.
    pub untold: Vec<HandRow>,
    /// Devices without a signal.
    pub devices: Vec<HandRow>,
    /// Leaves that end on the day.
    pub leaves: Vec<HandRow>,
    /// Rows of cases that the viewer may not see.
    pub hidden: u64,
    /// Whether a part was cut at its bound.
    pub cut: bool,
}

/// A row of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandRow {
    /// `alarm`, `case` or `matter`, to open.
    pub view: String,
    /// What to open.
    pub id: String,
    /// The person.
    pub case: Option<CaseRef>,
    /// What it is.
    pub what: Text,
    /// When it began, was last heard, or ends, ms UTC.
    pub at: Option<i64>,
    /// Who has taken it, or why nobody was told.
    pub by: Option<Text>,
    /// Severity, for alarms.
    pub severity: Option<u8>,
    /// How many people it is about: more than one for a silence of many, whose first it names.
    pub people: u64,
}

/// A hand-over.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandOverRow {
    /// The act of the one who leaves.
    pub id: String,
    /// Who leaves.
    pub by: String,
    /// When, ms UTC.
    pub at: i64,
    /// Alarms that were not closed.
    pub open: u32,
    /// Calls that had reached nobody.
    pub untold: u32,
    /// Who took it; none while nobody has.
    pub taken_by: Option<String>,
    /// When, ms UTC.
    pub taken_at: Option<i64>,
    /// Whether the viewer may take it.
    pub may_take: bool,
    /// Whether its list lies here.
    pub kept: bool,
}
