//! Node, session, status and today.

use super::{
    ActShape, AlarmRow, CaseRef, Coded, DueShape, OfficeRef, SignerShape, StandingShape, Target,
};
use crate::http::text::Text;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What anybody may know of this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NodeInfo {
    /// Its office.
    pub office: OfficeRef,
    /// Whether this is a drill.
    pub demo: bool,
    /// Version of the program.
    pub version: String,
    /// Time here, ms UTC.
    pub now: i64,
    /// Gravest open alarm that nobody has taken and that sounds, 1 red to 3 yellow; nothing else of
    /// it is told to a page without a person.
    pub alarm: Option<u8>,
    /// Whether case files are closed.
    pub locked: bool,
}

/// A person by name and number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PersonShape {
    /// Id, hexadecimal.
    pub id: String,
    /// Name.
    pub name: String,
    /// Staff number.
    pub staff_number: String,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SessionShape {
    /// The person.
    pub person: PersonShape,
    /// Office of the seat.
    pub office: OfficeRef,
    /// Capacity.
    pub capacity: Text,
    /// Role ids.
    pub roles: Vec<String>,
    /// What the navigation shows.
    pub views: Vec<String>,
    /// When the session ends at the latest, ms UTC.
    pub expires_at: i64,
    /// Seconds without a request after which it ends.
    pub idle_s: i64,
    /// Whether the person signs with a UKey, and so gives its PIN where others give their passphrase.
    pub ukey: bool,
    /// Whether this is a drill.
    pub demo: bool,
    /// Version of the program.
    pub version: String,
    /// Time here, ms UTC.
    pub now: i64,
}

/// Whether the clock is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClockShape {
    /// Whether it is.
    pub trusted: bool,
    /// Why not.
    pub note: Option<Text>,
}

/// The link to the office above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Upstream {
    /// The office above.
    pub office: OfficeRef,
    /// `linked` or `cut`.
    pub state: String,
    /// Everything signed here up to then is proved delivered, ms UTC.
    pub as_of: Option<i64>,
    /// Since when it is cut, ms UTC.
    pub cut_since: Option<i64>,
}

/// Items towards the office above.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Waiting {
    /// Urgent lane.
    pub urgent: u64,
    /// Normal lane.
    pub normal: u64,
    /// Bulk lane.
    pub bulk: u64,
}

/// Something that an officer should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Notice {
    /// Which.
    pub code: String,
    /// 1 red … 4 blue.
    pub severity: u8,
    /// Words.
    pub text: Text,
    /// Where to look.
    pub target: Option<Target>,
}

/// The strip at the top of every page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Status {
    /// Time here, ms UTC.
    pub now: i64,
    /// Whether this is a drill.
    pub demo: bool,
    /// The clock.
    pub clock: ClockShape,
    /// The office above.
    pub upstream: Option<Upstream>,
    /// Items towards it.
    pub waiting: Waiting,
    /// Own acts not yet filed.
    pub unfiled: u64,
    /// Open incidents by severity.
    pub alarms: BTreeMap<String, u64>,
    /// Open incidents that nobody has claimed.
    pub unacknowledged: u64,
    /// What an officer should know.
    pub notices: Vec<Notice>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reminder {
    /// Which.
    pub id: String,
    /// Kind.
    pub kind: Coded,
    /// Words.
    pub title: Text,
    /// Whom it concerns.
    pub case: Option<CaseRef>,
    /// By when.
    pub due: Option<DueShape>,
    /// 1 red … 4 blue.
    pub severity: u8,
    /// Where it is done.
    pub target: Target,
}

/// One act that waits for a superior's word.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WaitingAct {
    /// In which case.
    pub case: CaseRef,
    /// The act.
    pub act: ActShape,
}

/// Acts of one signature that wait for one reason and that one endorsement mends.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WaitingGroup {
    /// Whose.
    pub signer: SignerShape,
    /// Why they wait.
    pub standing: StandingShape,
    /// Which act mends them, and what the office can do itself.
    pub heal: Text,
    /// How many there are.
    pub count: u64,
    /// The newest of them.
    pub acts: Vec<WaitingAct>,
}

/// Figures of the day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// On the register.
    pub on_register: u64,
    /// Out on leave.
    pub out: u64,
    /// Matters that this person can go on with.
    pub waiting_for_me: u64,
    /// Open incidents.
    pub open_alarms: u64,
    /// Conflicts to be settled.
    pub conflicts: u64,
}

/// The first page.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Today {
    /// Time here, ms UTC.
    pub as_of: i64,
    /// Civil date in Asia/Shanghai.
    pub date: String,
    /// What to do, overdue first.
    pub reminders: Vec<Reminder>,
    /// Open incidents.
    pub alarms: Vec<AlarmRow>,
    /// What waits for a superior's word.
    pub waiting: Vec<WaitingGroup>,
    /// Figures.
    pub counts: Counts,
}
