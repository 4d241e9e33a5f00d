//! People who do not appear within the time that the law gives after the decision (L6).

use super::{Kept, Late, LateKind, LateRules, Lateness, ending, recorded};
use crate::standing::MatterStanding;

pub(super) const WORKFLOW: &str = "reception";
const APPEAR: &str = "appear";

/// `told` is when the notice was entered, ms UTC.
pub(super) fn read(
    matter: &MatterStanding,
    told: Option<i64>,
    rules: &LateRules,
    found: &mut Lateness,
) {
    let effective = matter.span.map(|span| span.first_day);
    let (Some(due), Some(told)) = (effective.and_then(|day| rules.appears_by(day)), told) else {
        return;
    };
    let appeared = recorded(matter, APPEAR).map(|step| step.at).min();
    let since = due.max(told);
    let of = |until| Late {
        kind: LateKind::Arrival,
        about: matter.id,
        since,
        until,
    };
    match appeared {
        Some(at) if at <= since => found.kept.push((of(Some(since)), Kept::Reported)),
        at => found.late.push(of(ending(at.unwrap_or(i64::MAX)))),
    }
}
