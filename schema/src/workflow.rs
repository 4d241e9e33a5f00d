//! A procedure of law is a table, and this interprets it: a new procedure is data, not code.
//!
//! A *matter* is one act that opens it, followed by signed steps. Which acts count, and which of
//! two rival decisions stands, is settled elsewhere; this module says who may sign, which slot a
//! step fills, and what the matter's state is. No clock is read: deadlines are absolute, and
//! states that change by themselves are listed with their times.

mod due;
mod fault;
mod field;
mod guard;
mod leave;
mod run;
mod sign;
mod table;
mod value;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

pub use due::{Due, Reminder};
pub use field::{Field, FieldError, FieldOption, FieldType, Label};
pub use guard::{Guard, JudgeError, MatterContext, MatterFacts};
pub use leave::{DateSpan, LeaveLevel, LeaveLimits, cumulative_days, leave_level};
pub use run::{EventOffer, IgnoreReason, Ignored, MatterState, Slot, SlotOutcome, Step, Timed};
pub use sign::{Relation, RuleError, SignRule, Signer};
pub use table::{
    AlarmClock, Apart, Base, Decision, DueRule, Edge, Event, Leaning, NeedsWhen, Parameter, Path,
    ReminderRule, State, Table, TimedRule, WarningRule,
};
pub use value::{FORM_FIELDS_MAX, Form, Id, NAME_BYTES_MAX, Value};

/// Why a table is not a workflow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseWorkflowError {
    /// The text is not the expected TOML.
    #[error("workflow is not the expected TOML: {0}")]
    Parse(String),
    /// The table contradicts itself.
    #[error("workflow {name:?}: {faults}")]
    Faults {
        /// Name of the workflow.
        name: String,
        /// Everything that is wrong, separated by semicolons.
        faults: String,
    },
}

/// A table that was read and found consistent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workflow {
    table: Table,
    fields: BTreeMap<String, Field>,
    limits: Option<LeaveLimits>,
}

impl Workflow {
    /// Reads a table; an unknown key, a name without a definition or a dead end is an error.
    pub fn parse(text: &str) -> Result<Self, ParseWorkflowError> {
        let table: Table =
            toml::from_str(text).map_err(|error| ParseWorkflowError::Parse(error.to_string()))?;
        let faults = table.faults();
        if !faults.is_empty() {
            let faults = faults.join("; ");
            return Err(ParseWorkflowError::Faults {
                name: table.name,
                faults,
            });
        }
        let fields = table
            .field
            .iter()
            .map(|field| (field.id.clone(), field.clone()))
            .collect();
        let limits = leave_limits(&table);
        Ok(Self {
            table,
            fields,
            limits,
        })
    }

    /// Name and version, as acts cite them.
    pub fn name(&self) -> (&str, u32) {
        (&self.table.name, self.table.version)
    }

    /// The table as read, for showing it.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The event that opens a matter.
    pub fn opening(&self) -> &Event {
        let opening = self.table.event.iter().find(|event| event.start);
        opening.expect("a consistent table has exactly one opening event")
    }

    /// The event of that name.
    pub fn find_event(&self, event: &str) -> Result<&Event, RuleError> {
        let found = self
            .table
            .event
            .iter()
            .find(|candidate| candidate.id == event);
        found.ok_or_else(|| RuleError::Event {
            workflow: self.table.name.clone(),
            event: event.to_owned(),
        })
    }

    /// The state of that name.
    pub fn find_state(&self, state: &str) -> Option<&State> {
        self.table
            .state
            .iter()
            .find(|candidate| candidate.id == state)
    }

    /// The field of that name.
    pub fn field(&self, field: &str) -> Option<&Field> {
        self.fields.get(field)
    }

    /// What the event decides, if it is a decision.
    pub fn decision(&self, event: &str) -> Option<&Decision> {
        self.find_event(event).ok()?.decision.as_ref()
    }

    /// The name of the slot that the event fills, if it is a decision.
    pub fn slot_of(&self, event: &str) -> Option<&str> {
        self.decision(event).map(|decision| decision.slot.as_str())
    }

    /// The slot that this very step fills: the name, and the request it answers.
    pub fn slot(&self, event: &str, form: &Form) -> Option<Slot> {
        let decision = self.decision(event)?;
        let about = decision.about.as_deref().and_then(|field| form.id(field));
        Some(Slot {
            name: decision.slot.clone(),
            about,
        })
    }

    /// Checks a form before it is signed; empty if it may be.
    pub fn check_form(&self, event: &str, form: &Form, facts: &MatterFacts) -> Vec<FieldError> {
        let event = match self.find_event(event) {
            Ok(event) => event,
            Err(error) => return vec![FieldError::Rule(error.to_string())],
        };
        let needs = self.needs_of(event, facts);
        let mut errors = field::check_form(&self.fields, &needs, &event.takes, form);
        if errors.is_empty() {
            let broken = event
                .check
                .iter()
                .filter(|guard| !matches!(guard.judge(facts, self.limits), Ok(true)));
            errors.extend(broken.map(|guard| {
                let fields = guard.fields().join(", ");
                FieldError::Rule(format!("{} must hold for {fields}", guard.name()))
            }));
        }
        errors
    }

    /// Reads the form of an event from JSON; the types are those of the table.
    pub fn read_form(&self, json: &Map<String, Json>) -> Result<Form, Vec<FieldError>> {
        field::read_form(&self.fields, json)
    }

    fn needs_of<'a>(&self, event: &'a Event, facts: &MatterFacts) -> Vec<&'a str> {
        let conditional = event
            .needs_when
            .iter()
            .filter(|needs| matches!(self.failing(&needs.when, facts), Ok(None)));
        let more = conditional.flat_map(|needs| &needs.needs);
        event.needs.iter().chain(more).map(String::as_str).collect()
    }
}

fn leave_limits(table: &Table) -> Option<LeaveLimits> {
    let number = |name: &str| table.parameter.get(name).map(|parameter| parameter.n);
    Some(LeaveLimits {
        office_days_max: number("office_days_max")?,
        county_days_max: number("county_days_max")?,
        window_months: number("window_months")?,
    })
}
