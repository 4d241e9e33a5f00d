//! Rule 22: the appointment that an envelope cites, and what an appointment may give.

use super::paper::Paper;
use super::{Opinion, State, Void, Wait};
use crate::act::{Act, Appoint};
use crate::envelope::Duty;
use crate::id::EnvelopeId;

/// The role that makes a keeper and bounds nothing.
const KEEPER: &str = "KEEPER";
/// Roles that go with no other.
const ADMINISTRATORS: [&str; 3] = ["SYS_ADM", "SEC_ADM", "SEC_AUD"];

impl Opinion<'_> {
    /// The appointment under which an envelope was signed, or why it does not count.
    pub(super) fn appointment(&self, paper: &Paper) -> Result<(EnvelopeId, &Appoint), State> {
        let body = paper.inside.as_ref().map(|(body, _)| body);
        let cited = body.and_then(|body| body.appointment);
        let id = cited.ok_or(State::Void(Void::Appointment))?;
        let waits = State::Waiting(Wait::Appointment);
        let appointing = self.papers.get(id).filter(|found| found.inside.is_some());
        let appointing = appointing.ok_or(waits)?;
        let Some((_, Act::Appoint(act))) = appointing.act() else {
            return Err(State::Void(Void::Appointment));
        };
        if act.author() != paper.head.author {
            return Err(State::Void(Void::Appointment));
        }
        if self.offices.get(act.office).is_none() {
            return Err(waits);
        }
        if !self.may_judge(appointing.head.author, paper.head.author) {
            return Err(State::Void(Void::Appointment));
        }
        let good = matches!(self.states.get(&id), Some(State::Good { .. }));
        if !good {
            return Err(waits);
        }
        if !self.is_by_judge(appointing, paper.head.author) {
            return Err(State::Void(Void::Appointment));
        }
        Ok((id, act))
    }
}

/// Whether an appointment gives no more than its signer has; `own` is the signer's, none for
/// the root.
pub(super) fn within(act: &Appoint, own: Option<&Appoint>) -> Result<(), State> {
    let beyond = Err(State::Void(Void::Scope));
    if act.not_before > act.not_after {
        return beyond;
    }
    let administers = act
        .roles
        .iter()
        .any(|role| ADMINISTRATORS.contains(&role.as_str()));
    if administers && (act.roles.len() != 1 || act.duty != Duty::Staff) {
        return beyond;
    }
    if let Some(acting) = &act.acting
        && (act.duty != Duty::Staff || acting.person == act.person || administers)
    {
        return beyond;
    }
    let Some(own) = own else {
        return Ok(());
    };
    let bounded = own.roles.iter().any(|role| role != KEEPER);
    // A keeper with no role named confers all, so one that is bounded names some.
    let named = act.roles.iter().filter(|role| *role != KEEPER);
    let (count, held) = named.fold((0, true), |(count, held), role| {
        (count + 1, held && own.roles.contains(role))
    });
    let roles = !bounded || (held && (act.duty != Duty::Keeper || count > 0));
    let kinds = act.kinds.iter().all(|kind| own.kinds.contains(kind));
    if roles && kinds && act.depth <= own.depth {
        Ok(())
    } else {
        beyond
    }
}
