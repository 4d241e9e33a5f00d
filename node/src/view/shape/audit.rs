//! Shapes of the log: rows, what is wrong with them, who looked at a case.

use super::{CaseRef, Coded, OfficeRef};
use crate::http::text::Text;
use serde::Serialize;
use utoipa::ToSchema;

/// A person of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StaffRef {
    /// Id, hexadecimal.
    pub id: String,
    /// Name as appointed; empty where the roster here does not know the person.
    pub name: String,
    /// Staff number as appointed.
    pub staff_number: String,
}

/// One row of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditRow {
    /// Number in its log, from 1.
    pub number: u64,
    /// In whose log.
    pub log: OfficeRef,
    /// When, by that office's clock, ms UTC.
    pub at: i64,
    /// Who; none for the machine itself and for somebody unknown.
    pub person: Option<StaffRef>,
    /// In the seat of which office.
    pub office: OfficeRef,
    /// What.
    pub kind: Coded,
    /// Why.
    pub purpose: Option<Coded>,
    /// Whose case, for those who may see it; its short code for others.
    pub case: Option<CaseRef>,
    /// Whether this person may open the case here.
    pub case_open: bool,
    /// The envelope or the matter, hexadecimal.
    pub act: Option<String>,
    /// A code beside it: of a refusal, of an act.
    pub word: Option<Coded>,
    /// The office at the other end of a line.
    pub peer: Option<OfficeRef>,
    /// Delivered there up to this instant, ms UTC.
    pub as_of: Option<i64>,
    /// From when, ms UTC.
    pub from: Option<i64>,
    /// Until when, ms UTC.
    pub to: Option<i64>,
    /// Whether the office's machine has signed the row yet.
    pub signed: bool,
    /// Time of the superior's receipt that covers it, ms UTC.
    pub evidence_at: Option<i64>,
}

/// Rows of a log that are cut, edited or exchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditFinding {
    /// In whose log.
    pub log: OfficeRef,
    /// First row.
    pub number: u64,
    /// Last row.
    pub to: u64,
    /// What is wrong.
    pub fault: Coded,
    /// When that was signed, ms UTC.
    pub at: i64,
    /// One sentence.
    pub text: Text,
}

/// What is wrong with the logs that are here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditFindings {
    /// By office and number.
    pub items: Vec<AuditFinding>,
}

/// One look at a case, as it may be told to the person concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CaseLook {
    /// When, ms UTC.
    pub at: i64,
    /// The office.
    pub office: OfficeRef,
    /// The capacity.
    pub capacity: Text,
    /// The officer's name as appointed.
    pub name: String,
    /// What was looked at.
    pub kind: Coded,
    /// Why.
    pub purpose: Option<Coded>,
}

/// Who looked at a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CaseLooks {
    /// The case.
    pub case: CaseRef,
    /// From when on looks are listed, ms UTC.
    pub since: i64,
    /// As of when, ms UTC.
    pub as_of: i64,
    /// The newest first.
    pub items: Vec<CaseLook>,
}
