//! Matters: one application and its steps.

use super::{
    ActShape, CaseRef, ChangeLine, Coded, Delivery, DueShape, FactShape, FieldValue, OfferShape,
    StandingShape,
};
use crate::http::text::Text;
use serde::Serialize;
use utoipa::ToSchema;

/// A matter in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MatterRow {
    /// Id, hexadecimal.
    pub id: String,
    /// Workflow.
    pub workflow: String,
    /// Words.
    pub title: Text,
    /// Whom it concerns.
    pub case: CaseRef,
    /// State.
    pub state: Coded,
    /// What is asked for, on one line.
    pub summary: Text,
    /// Who decides.
    pub level: Option<Coded>,
    /// The next deadline.
    pub due: Option<DueShape>,
    /// How the application or its decision stands.
    pub standing: StandingShape,
    /// Whether this person can go on with it.
    pub mine: bool,
    /// Whether something that its decision rests on changed after it.
    pub changed: bool,
    /// Time of the newest act, ms UTC.
    pub updated_at: i64,
}

/// A decision's slot.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SlotShape {
    /// Step.
    pub name: String,
    /// Label.
    pub label: Text,
    /// What stands.
    pub value: Option<Coded>,
    /// How; none while nothing is decided.
    pub standing: Option<StandingShape>,
    /// The rivals of a conflict.
    pub rivals: Vec<ActShape>,
    /// What holds until a conflict is settled.
    pub notice: Option<Text>,
    /// What the decision rests on and what changed after it.
    pub changed: Vec<ChangeLine>,
}

/// One stop of the usual road.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PathStep {
    /// State.
    pub code: String,
    /// Words.
    pub label: Text,
    /// Whether it lies behind.
    pub done: bool,
    /// Whether it is here.
    pub current: bool,
}

/// Something that will be said at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReminderAt {
    /// When, ms UTC.
    pub at: i64,
    /// Words.
    pub label: Text,
}

/// One matter.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MatterPage {
    /// The matter.
    pub matter: MatterRow,
    /// The application's form.
    pub form: Vec<FieldValue>,
    /// What follows from it.
    pub facts: Vec<FactShape>,
    /// Every act, the application first.
    pub steps: Vec<ActShape>,
    /// Its decisions.
    pub slots: Vec<SlotShape>,
    /// The usual road.
    pub path: Vec<PathStep>,
    /// Deadlines.
    pub dues: Vec<DueShape>,
    /// What will be said when.
    pub reminders: Vec<ReminderAt>,
    /// What can be signed.
    pub offers: Vec<OfferShape>,
    /// Whether it has reached the office above.
    pub delivery: Delivery,
}
