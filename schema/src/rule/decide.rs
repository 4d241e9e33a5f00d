//! What the fold asks of the pack: whether an event decides, and whether its signer may.
//!
//! Answers rest on open facts only, so they are the same before and after somebody signs in.

use super::RulePack;
use crate::act::Span;
use crate::calendar::civil_of;
use crate::workflow::{
    ActForm, DateSpan, Decision, LeaveLevel, MatterContext, MatterFacts, RuleError, Signer,
    Workflow,
};
use std::collections::BTreeSet;

/// Open facts of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionFacts {
    /// Days of the act that opened the matter.
    pub applied: Option<Span>,
    /// Days of the decision itself, such as an extension's.
    pub decided: Option<Span>,
    /// Days of the request together with those of the window before its end.
    pub days_together: u32,
    /// True if the responsible office holds a valid entrustment for the workflow's action.
    pub entrusted: bool,
    /// When it was signed, milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// What a leave comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaveSum {
    /// Civil days, first and last included.
    pub days: u32,
    /// Together with the two months before its end.
    pub together: u32,
    /// The tier that decides.
    pub level: LeaveLevel,
}

impl RulePack {
    /// Actions that an office above may entrust, as the workflows name them.
    pub fn entrustable(&self) -> BTreeSet<&str> {
        let tables = self.workflows();
        tables.filter_map(Workflow::entrustment).collect()
    }

    /// What the event decides, if it is a decision.
    pub fn decision(&self, workflow: &str, version: u16, event: &str) -> Option<&Decision> {
        self.workflow(workflow, version).ok()?.decision(event)
    }

    /// Whether `signer` may sign the decision: capacity and level, not who prepared it.
    pub fn may_decide(
        &self,
        (workflow, version): (&str, u16),
        event: &str,
        signer: &Signer,
        facts: &DecisionFacts,
    ) -> Result<(), RuleError> {
        let workflow = self.workflow(workflow, version)?;
        let part = |span| ActForm {
            span,
            ..ActForm::default()
        };
        let (mut form, _) = workflow.read_act(&workflow.opening().id, &part(facts.applied));
        form.lay(&workflow.read_act(event, &part(facts.decided)).0);
        let context = MatterContext {
            entrusted: facts.entrusted,
            granted_leaves: Vec::new(),
            days_together: Some(facts.days_together),
        };
        let on = Some(civil_of(facts.at_ms).date());
        let facts = MatterFacts {
            form,
            on,
            signed: Vec::new(),
            context,
        };
        workflow.may_sign(event, signer, &facts)
    }

    /// Days, days together and level of a leave from `first` to `last` (fields of `workflow`).
    pub fn leave_sum(
        &self,
        (workflow, version): (&str, u16),
        (first, last): (&str, &str),
        facts: &MatterFacts,
    ) -> Option<LeaveSum> {
        let limits = self.workflow(workflow, version).ok()?.limits()?;
        let request = DateSpan {
            first: facts.form.date(first)?,
            last: facts.form.date(last)?,
        };
        Some(LeaveSum {
            days: request.days(),
            together: facts.days_together(request, limits),
            level: facts.level(request, limits),
        })
    }
}
