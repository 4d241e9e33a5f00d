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
mod matter;
mod offer;
mod run;
mod sign;
mod table;
mod value;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

pub use due::{Due, Reminder};
pub use field::{Field, FieldError, FieldOption, FieldType, Label};
pub use guard::{Guard, JudgeError, MatterContext, MatterFacts};
pub use leave::{DateSpan, LeaveLevel, LeaveLimits, cumulative_days, leave_level};
pub use matter::{EventOffer, IgnoreReason, Ignored, MatterState, SlotOutcome, Step, Timed};
pub use offer::DeskOffer;
pub use sign::{Relation, RuleError, SignRule, Signer};
pub use table::{
    AlarmClock, Apart, Base, Decision, DueRule, Edge, Event, Leaning, NeedsWhen, Parameter, Path,
    ReminderRule, SpanFields, State, Table, TimedRule, WarningRule,
};
pub use value::{Form, Value};
pub use wire::{ActForm, date_of_day, day_number, write_wire};

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
        let workflow = Self {
            table,
            fields,
            limits,
        };
        let closed: BTreeSet<&str> = workflow.closed_facts().collect();
        if let Some(field) = closed.first() {
            let faults = format!("a decision rests on {field:?}, which cannot be read off-hand");
            let name = workflow.table.name.clone();
            return Err(ParseWorkflowError::Faults { name, faults });
        }
        Ok(workflow)
    }

    /// Fields on which decisions rest although they are not open.
    fn closed_facts(&self) -> impl Iterator<Item = &str> {
        let decisions = self
            .table
            .event
            .iter()
            .filter(|event| event.decision.is_some());
        let guards = decisions.flat_map(|event| {
            let apart = event.apart.iter().flat_map(|apart| &apart.when);
            event
                .path
                .iter()
                .flat_map(|path| &path.when)
                .chain(&event.check)
                .chain(apart)
        });
        guards
            .flat_map(Guard::fields)
            .filter(|field| !self.is_open(field))
    }

    /// Name and version, as acts cite them.
    pub fn name(&self) -> (&str, u16) {
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

    /// Checks a form before it is signed; empty if it may be.
    pub fn check_form(&self, event: &str, form: &Form, facts: &MatterFacts) -> Vec<FieldError> {
        let event = match self.find_event(event) {
            Ok(event) => event,
            Err(error) => return vec![FieldError::Rule(error.to_string())],
        };
        let needs = self.needs_of(event, facts);
        let mut errors = field::check_form(&self.fields, &needs, &event.takes, form);
        if errors.is_empty() {
            errors.extend(self.check_whole(event, facts).err());
        }
        errors
    }

    /// Checks what the form must fulfil as a whole.
    fn check_whole(&self, event: &Event, facts: &MatterFacts) -> Result<(), FieldError> {
        for guard in &event.check {
            if !matches!(guard.judge(facts, self.limits), Ok(true)) {
                let fields = guard.fields().join(", ");
                let rule = format!("{} must hold for {fields}", guard.name());
                return Err(FieldError::Rule(rule));
            }
        }
        Ok(())
    }

    /// The numbers of the leave rule, where the table has them.
    pub fn limits(&self) -> Option<LeaveLimits> {
        self.limits
    }

    /// The action that an office needs in its entrustment to decide here.
    pub fn entrustment(&self) -> Option<&str> {
        self.table.entrustment.as_deref()
    }

    /// Events whose signers may not sign `event`.
    pub fn excluded_by(&self, event: &str) -> Vec<&str> {
        let apart = self
            .find_event(event)
            .map(|event| event.apart.as_slice())
            .unwrap_or_default();
        apart
            .iter()
            .flat_map(|apart| &apart.from)
            .map(String::as_str)
            .collect()
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
