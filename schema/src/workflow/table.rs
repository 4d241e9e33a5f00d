//! A workflow as data: fields, states, events, deadlines and reminders, read strictly.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::field::{Field, Label};
use super::guard::Guard;
use super::sign::SignRule;

/// A number of the table with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The number.
    pub n: u32,
    /// Law, measure or design default.
    pub source: String,
    /// True if it was read in the official text.
    pub verified: bool,
}

/// A state of a matter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Its name.
    pub id: String,
    /// What people read.
    pub label: Label,
    /// True if nothing is owed any more.
    #[serde(default)]
    pub end: bool,
}

/// What an outcome does to the person concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaning {
    /// It may be relied on once served.
    Favourable,
    /// It does not start while it is in dispute.
    Restrictive,
}

/// That an event decides: which slot, and with which value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Rivals for one slot exclude one another.
    pub slot: String,
    /// The value, `approve` or `refuse` in most tables.
    pub value: String,
    /// What it does to the person concerned.
    pub effect: Leaning,
    /// Field whose date makes each request its own: a decision that replaces one about another
    /// date adds to it instead of undoing it.
    #[serde(default)]
    pub renews: Option<String>,
}

/// Fields that travel as the days of an act.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpanFields {
    /// Field of the first day.
    pub first: String,
    /// Field of the last day.
    pub last: String,
}

impl SpanFields {
    /// Whether `field` is one of the two.
    pub fn names(&self, field: &str) -> bool {
        self.first == field || self.last == field
    }
}

/// Fields needed only under a condition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeedsWhen {
    /// All must hold.
    pub when: Vec<Guard>,
    /// The fields.
    pub needs: Vec<String>,
}

/// People who may not sign because they signed before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apart {
    /// Events whose signers are excluded.
    pub from: Vec<String>,
    /// All must hold; empty means always.
    #[serde(default)]
    pub when: Vec<Guard>,
}

/// One way an event can go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// States it may start in; none for the event that opens a matter.
    #[serde(default)]
    pub from: Vec<String>,
    /// All must hold.
    #[serde(default)]
    pub when: Vec<Guard>,
    /// Who may sign, the usual signer first.
    pub sign: Vec<SignRule>,
    /// The state it leads to; left out, the state stays.
    #[serde(default)]
    pub next: Option<String>,
}

/// Something that a person or the system does and signs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its name.
    pub id: String,
    /// What people read.
    pub label: Label,
    /// True for the one that opens the matter.
    #[serde(default)]
    pub start: bool,
    /// True if the opening act is one that raises an alarm.
    #[serde(default)]
    pub raise: bool,
    /// True if a signed-in session is enough to sign it.
    #[serde(default)]
    pub light: bool,
    /// Fields that travel as the act's days.
    #[serde(default)]
    pub span: Option<SpanFields>,
    /// Field that travels as the act's area.
    #[serde(default)]
    pub area: Option<String>,
    /// Set if it decides.
    #[serde(default)]
    pub decision: Option<Decision>,
    /// The event that must come before, each time anew where this one answers it.
    #[serde(default)]
    pub after: Option<String>,
    /// Fields that must be filled in.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Fields that may be filled in.
    #[serde(default)]
    pub takes: Vec<String>,
    /// Fields needed under a condition.
    #[serde(default)]
    pub needs_when: Vec<NeedsWhen>,
    /// What the form must fulfil as a whole.
    #[serde(default)]
    pub check: Vec<Guard>,
    /// Who is excluded by an earlier signature.
    #[serde(default)]
    pub apart: Vec<Apart>,
    /// Fields of the matter that take over another field's value when the event counts.
    #[serde(default)]
    pub sets: BTreeMap<String, String>,
    /// The ways it can go.
    pub path: Vec<Path>,
}

/// Where a clock starts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Base {
    /// When the state was entered.
    Entered,
    /// When the event last happened.
    Event(String),
    /// The date or time in a field.
    Field(String),
    /// When that deadline passes (reminders only).
    Due(String),
}

/// Which clock of the alarm's kind runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmClock {
    /// Until somebody has seen it.
    Ack,
    /// Until it is handled.
    Handle,
    /// When each higher tier hears of it.
    Escalate,
}

/// A deadline that runs in some states.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DueRule {
    /// Its name in the matter.
    pub id: String,
    /// States in which it is owed.
    pub states: Vec<String>,
    /// Where it starts.
    pub base: Base,
    /// Id in the deadline table.
    #[serde(default)]
    pub deadline: Option<String>,
    /// A clock of the alarm kind instead.
    #[serde(default)]
    pub alarm: Option<AlarmClock>,
    /// Who owes it.
    pub role: String,
    /// At which tier, 1 township to 5 ministry; 0 for people outside the offices.
    pub tier: u8,
    /// All must hold.
    #[serde(default)]
    pub when: Vec<Guard>,
    /// Events that settle it.
    #[serde(default)]
    pub until: Vec<String>,
}

/// A reminder that is shown at a time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReminderRule {
    /// Key in the text catalogue.
    pub text: String,
    /// States in which it stands.
    pub states: Vec<String>,
    /// What it is counted from.
    pub base: Base,
    /// Days after (before if negative).
    #[serde(default)]
    pub shift_days: i32,
    /// Time of day `HH:MM` in Asia/Shanghai; left out, the base's own time.
    #[serde(default)]
    pub at: Option<String>,
    /// Who sees it.
    pub role: String,
    /// At which tier.
    pub tier: u8,
    /// All must hold.
    #[serde(default)]
    pub when: Vec<Guard>,
    /// Events that settle it.
    #[serde(default)]
    pub until: Vec<String>,
}

/// Which end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// 00:00 of the day.
    Start,
    /// 24:00 of the day.
    End,
}

/// A state that changes by itself when a time comes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimedRule {
    /// The state that ends.
    pub from: String,
    /// The field with the day.
    pub field: String,
    /// Which end of it.
    pub edge: Edge,
    /// The state that begins.
    pub next: String,
}

/// A hint that blocks nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningRule {
    /// The event it belongs to.
    pub event: String,
    /// All must hold.
    pub when: Vec<Guard>,
    /// Key in the text catalogue.
    pub text: String,
    /// Law, measure or design default.
    pub source: String,
}

/// The whole table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Name of the workflow.
    pub name: String,
    /// Version; acts name it, so a version is never changed once used.
    pub version: u16,
    /// What people read.
    pub title: Label,
    /// Law and articles.
    pub source: String,
    /// True if the official text was read.
    pub verified: bool,
    /// The action that an office needs in its entrustment to decide here.
    #[serde(default)]
    pub entrustment: Option<String>,
    /// Protected fields on which decisions rest: shown when one is signed, and settled before.
    #[serde(default)]
    pub rests_on: Vec<String>,
    /// The usual road from the opening to the end, as states.
    pub road: Vec<String>,
    /// Numbers by name.
    #[serde(default)]
    pub parameter: BTreeMap<String, Parameter>,
    /// Fields.
    pub field: Vec<Field>,
    /// States.
    pub state: Vec<State>,
    /// Events.
    pub event: Vec<Event>,
    /// States that change by themselves.
    #[serde(default)]
    pub timed: Vec<TimedRule>,
    /// Deadlines.
    #[serde(default)]
    pub due: Vec<DueRule>,
    /// Reminders.
    #[serde(default)]
    pub reminder: Vec<ReminderRule>,
    /// Hints.
    #[serde(default)]
    pub warning: Vec<WarningRule>,
}
