//! The JSON shapes of the console's contract, version 1: what several sections share.

mod alarm;
mod audit;
mod case;
mod desk;
mod duty;
mod explain;
mod map;
mod matter;
mod network;
mod stand_in;
mod tally;
mod wall;

pub use alarm::{AlarmPage, AlarmRow, Claim, Evidence, FixShape, GrantedArea, MassShape, Member};
pub use audit::{AuditFinding, AuditFindings, AuditRow, CaseLook, CaseLooks, StaffRef};
pub use case::{
    CasePage, CaseRow, Flag, ProtectedField, Rival, TermShape, TextField, TextItems, TextOther,
    TextSaved,
};
pub use desk::{
    ClockShape, Counts, NodeInfo, Notice, PersonShape, Reminder, SessionShape, Status, Today,
    Upstream, Waiting, WaitingAct, WaitingGroup,
};
pub use duty::{
    CallShape, DutyList, DutyPage, DutyPerson, DutyStaff, HandListShape, HandOverPage, HandOverRow,
    HandRow, OutageShape, PhoneShape, ShiftShape, TryShape, UntoldRow,
};
pub use explain::{
    DecisionShape, ExplainShape, ExplainWindow, ExplainedFix, ExplainedPermit, ExplainedSignal,
    RuleShape,
};
pub use map::{
    FenceCheck, FenceNotice, LastFix, MapPeople, MapPerson, PersonCard, Positions, Track,
};
pub use matter::{MatterPage, MatterRow, PathStep, ReminderAt, SlotShape};
pub use network::{
    LaneShape, LaneTraffic, LanesShape, LinkShape, Network, OfficeShape, PlannedSuperior,
    RefusedRow, RefusedTotal, Storage, TrafficShape,
};
pub use stand_in::{StandInChange, StandInRow, StandIns};
pub use tally::{TallySeconds, TallyShape, TallyStretch};
pub use wall::{Wall, WallCounts, WallOffice};

use crate::http::text::Text;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// A code with its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Coded {
    /// The code.
    pub code: String,
    /// Its words.
    pub label: Text,
}

impl Coded {
    /// A code with its words.
    pub fn new(code: impl Into<String>, label: Text) -> Self {
        Self {
            code: code.into(),
            label,
        }
    }
}

/// An office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfficeRef {
    /// Id, hexadecimal.
    pub id: String,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// 1 township … 5 ministry.
    pub tier: u8,
}

/// A case by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CaseRef {
    /// Id, hexadecimal.
    pub id: String,
    /// Number.
    pub no: String,
    /// Name, or a pseudonym.
    pub name: String,
    /// Whether `name` is a pseudonym.
    pub pseudonymous: bool,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SignerShape {
    /// The person, hexadecimal.
    pub person_id: String,
    /// Name.
    pub name: String,
    /// Office of the seat.
    pub office: OfficeRef,
    /// Capacity.
    pub capacity: Text,
}

/// How an act stands, as `standing.md` shows it to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StandingShape {
    /// `good`, `unfiled`, `waiting`, `void`, `late`, `replaced`, `withdrawn`, `conflicted` or
    /// `reliance`.
    pub state: String,
    /// Why it waits, or which kind of conflict.
    pub reason: Option<String>,
    /// Words.
    pub label: Text,
    /// Time of the superior's receipt, ms UTC.
    pub evidence_at: Option<i64>,
    /// What can be done.
    pub remedy: Option<Text>,
}

/// How long is left; below 0 is overdue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Remaining {
    /// How many.
    pub n: i64,
    /// `working_day`, `calendar_day`, `hour` or `minute`.
    pub unit: String,
}

/// A deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DueShape {
    /// Which.
    pub id: String,
    /// Words.
    pub label: Text,
    /// The instant it ends, ms UTC.
    pub at: i64,
    /// Civil date in Asia/Shanghai.
    pub date: String,
    /// Whether the calendar of that year is not yet published.
    pub provisional: bool,
    /// How long is left.
    pub remaining: Remaining,
    /// 1 red … 4 blue.
    pub severity: u8,
}

/// Whether everything here has reached the office above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Delivery {
    /// `delivered`, `waiting` or `local`.
    pub state: String,
    /// To whom.
    pub to: Option<OfficeRef>,
    /// The time that proves it, ms UTC.
    pub as_of: Option<i64>,
    /// Words.
    pub label: Text,
}

/// A label with a value in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Line {
    /// What.
    pub label: Text,
    /// Value.
    pub value: Text,
}

/// A label with a value in words and a tone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FactShape {
    /// What.
    pub label: Text,
    /// Value.
    pub value: Text,
    /// `plain`, `good`, `warn` or `bad`.
    pub tone: String,
}

/// Between which instants a signature was made, as superiors' receipts prove (证据时间).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct WindowShape {
    /// Not before, ms UTC; none where nothing proves it.
    pub not_before: Option<i64>,
    /// Not after, ms UTC; none while it is not delivered.
    pub not_after: Option<i64>,
    /// Whether the claimed time lies outside.
    pub odd: bool,
}

/// One value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChangeLine {
    /// Which.
    pub label: Text,
    /// As it was signed.
    pub before: Text,
    /// As it is now, or as it should have been.
    pub after: Text,
}

/// A correction of a signed act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Correction {
    /// Who corrected.
    pub signer: SignerShape,
    /// Claimed time, ms UTC.
    pub claimed_at: i64,
    /// Why.
    pub reason: String,
    /// What.
    pub lines: Vec<ChangeLine>,
}

/// One side of a quarrel, as whoever settles it sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Side {
    /// The act, hexadecimal.
    pub id: String,
    /// Value as on the wire; the event of a decision.
    #[schema(value_type = Object)]
    pub value: Json,
    /// Value in words.
    pub display: Text,
    /// Who.
    pub signer: SignerShape,
    /// Claimed time, ms UTC.
    pub claimed_at: i64,
    /// When it was provably signed.
    pub window: WindowShape,
    /// Why.
    pub note: Option<String>,
}

/// One signed act.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ActShape {
    /// Envelope id, hexadecimal.
    pub id: String,
    /// Kind.
    pub kind: String,
    /// Title.
    pub title: Text,
    /// What it says.
    pub detail: Vec<Line>,
    /// Free words.
    pub note: Option<String>,
    /// Who.
    pub signer: SignerShape,
    /// Claimed time, ms UTC.
    pub claimed_at: i64,
    /// When it was provably signed.
    pub window: WindowShape,
    /// How it stands.
    pub standing: StandingShape,
    /// What should have stood in it.
    pub corrections: Vec<Correction>,
    /// What it rests on and what changed after it.
    pub changed: Vec<ChangeLine>,
    /// How this person takes it back or corrects it, where a page offers that.
    pub mend: Option<OfferShape>,
    /// Its matter, hexadecimal.
    pub matter_id: Option<String>,
    /// Its alarm, hexadecimal.
    pub alarm_id: Option<String>,
}

/// Where to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Target {
    /// `case`, `matter`, `alarm`, `map` or `network`.
    pub view: String,
    /// Which.
    pub id: Option<String>,
    /// The offer whose form opens at once.
    pub event: Option<String>,
}

/// One filled field.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FieldValue {
    /// Name.
    pub name: String,
    /// Label.
    pub label: Text,
    /// Kind.
    pub kind: String,
    /// Value as on the wire.
    #[schema(value_type = Object)]
    pub value: Json,
    /// Value in words.
    pub display: Text,
}

/// One field of a form.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct FieldShape {
    /// Name.
    pub name: String,
    /// Label.
    pub label: Text,
    /// `date`, `datetime`, `text`, `choice`, `choices`, `integer`, `bool`, `area` or `ref`.
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
    /// A hint.
    pub help: Option<Text>,
    /// Most characters of a text.
    pub max_chars: Option<u32>,
    /// Whether a text has several lines.
    pub multiline: bool,
    /// Least integer.
    pub min: Option<i64>,
    /// Greatest integer.
    pub max: Option<i64>,
    /// Unit of an integer.
    pub unit: Option<Text>,
    /// First date.
    pub min_date: Option<String>,
    /// Last date.
    pub max_date: Option<String>,
    /// Choices.
    pub choices: Option<Vec<Coded>>,
    /// What a reference is to: `case`, `fix` or `act`.
    pub ref_kind: Option<String>,
    /// What is filled in at first.
    #[schema(value_type = Object)]
    pub default: Option<Json>,
}

/// What must be on the screen when a decision is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SectionShape {
    /// SHA-256 of the canonical bytes, hexadecimal.
    pub id: String,
    /// The lines.
    pub items: Vec<Line>,
}

/// Something that can be signed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OfferShape {
    /// Which event.
    pub event: String,
    /// Words on the button.
    pub label: Text,
    /// `primary`, `danger` or `plain`.
    pub tone: String,
    /// Where it is posted.
    pub post: String,
    /// Whether it shows its section and asks again.
    pub decision: bool,
    /// Whether the passphrase is asked for.
    pub passphrase: bool,
    /// Why this person can't sign it now.
    pub blocked: Option<Text>,
    /// What holds until it is settled, where it settles something.
    pub notice: Option<Text>,
    /// The sides of what it settles.
    pub rivals: Vec<Side>,
    /// The form.
    pub fields: Vec<FieldShape>,
    /// The section.
    pub section: Option<SectionShape>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct List<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many rows there are in all.
    pub total: usize,
}

/// What a signature answers.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Signed {
    /// The act.
    pub act: ActShape,
    /// Where to go next.
    pub target: Target,
}

/// What a dry run answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DryRun {
    /// What would follow.
    pub facts: Vec<FactShape>,
    /// What should be thought about.
    pub warnings: Vec<Text>,
}
