//! Cases, their protected fields and their free texts.

use super::{
    ActShape, AlarmRow, CaseRef, Coded, Delivery, DueShape, MatterRow, OfferShape, OfficeRef,
    StandingShape,
};
use crate::http::text::Text;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// The term of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TermShape {
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Days left; below 0 once over.
    pub days_left: i64,
}

/// A mark on a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Flag {
    /// Which.
    pub code: String,
    /// Words.
    pub label: Text,
    /// 1 red … 4 blue.
    pub severity: u8,
}

/// A case in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CaseRow {
    /// The case.
    #[serde(flatten)]
    pub case: CaseRef,
    /// Kind of correction.
    pub kind: Coded,
    /// Class of management.
    pub class: Option<Coded>,
    /// State.
    pub state: Coded,
    /// Responsible office.
    pub office: OfficeRef,
    /// Term.
    pub term: Option<TermShape>,
    /// Marks.
    pub flags: Vec<Flag>,
    /// Matters under way.
    pub open_matters: u64,
    /// Incidents under way.
    pub open_alarms: u64,
    /// Conflicts to be settled.
    pub conflicts: u64,
    /// Time of the newest act, ms UTC.
    pub updated_at: i64,
}

/// A rival value.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Rival {
    /// Value as on the wire.
    #[schema(value_type = Object)]
    pub value: Json,
    /// Value in words.
    pub display: Text,
    /// The act that set it.
    pub act: ActShape,
}

/// A protected field.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProtectedField {
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
    /// How it stands; none where it was never set.
    pub standing: Option<StandingShape>,
    /// More than one where it is in conflict.
    pub rivals: Vec<Rival>,
    /// How to change it.
    pub amend: Option<OfferShape>,
}

/// A free text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TextField {
    /// Name.
    pub name: String,
    /// Label.
    pub label: Text,
    /// The text.
    pub value: String,
    /// What an edit starts from.
    pub version: String,
    /// Most characters.
    pub max_chars: usize,
    /// Whether this person may edit it.
    pub editable: bool,
    /// Whether it has several lines.
    pub multiline: bool,
    /// Time of the newest edit, ms UTC.
    pub updated_at: Option<i64>,
    /// Who made it.
    pub updated_by: Option<String>,
}

/// All free texts of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TextItems {
    /// The texts.
    pub items: Vec<TextField>,
}

/// Whose edit was merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TextOther {
    /// Name.
    pub name: String,
    /// When, ms UTC.
    pub at: i64,
}

/// What a saved text answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TextSaved {
    /// The merged text.
    pub value: String,
    /// What the next edit starts from.
    pub version: String,
    /// Whether another's edit is in it.
    pub merged: bool,
    /// By whom.
    pub others: Vec<TextOther>,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CasePage {
    /// The case.
    pub case: CaseRow,
    /// Protected fields.
    pub protected: Vec<ProtectedField>,
    /// Free texts.
    pub texts: Vec<TextField>,
    /// Matters.
    pub matters: Vec<MatterRow>,
    /// Incidents.
    pub alarms: Vec<AlarmRow>,
    /// Deadlines.
    pub dues: Vec<DueShape>,
    /// What can be started.
    pub offers: Vec<OfferShape>,
    /// What can be recorded.
    pub records: Vec<OfferShape>,
    /// Who may hold it.
    pub holders: Vec<OfficeRef>,
    /// Whether it has reached the office above.
    pub delivery: Delivery,
    /// Why nothing can be signed here.
    pub read_only: Option<Text>,
}
