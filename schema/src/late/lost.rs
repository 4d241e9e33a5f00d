//! Somebody whom people looked for and found lost: the finding in one alarm, after somebody tried to
//! reach the person, is what raises the other (L7).

use super::{Late, LateKind};
use crate::fact::What;
use crate::standing::{MatterStanding, Outcome, Standing};

const FIND_LOST: &str = "lost";
/// Events after which the finding no longer holds.
const TURNS: [&str; 4] = ["false_alarm", "explained", "reopen", "withdraw"];

/// Whether an act of an alarm's handling finds the person lost.
pub fn is_finding(what: &What) -> bool {
    matches!(what, What::Step { event, .. } if event == FIND_LOST)
}

pub(super) fn is_word(event: &str) -> bool {
    event == FIND_LOST || TURNS.contains(&event)
}

/// What the handling of one alarm of a person comes to; none where nobody found the person lost in
/// it.
pub fn lost(alarm: &Standing) -> Option<Late> {
    let handled: &MatterStanding = alarm.matters.values().next()?;
    let mut steps = handled
        .steps
        .iter()
        .filter(|step| step.outcome == Outcome::Recorded);
    // Steps stand after those that they had seen.
    let finding = steps.find(|step| step.event == FIND_LOST)?;
    let turned = steps.find(|step| TURNS.contains(&step.event.as_str()));
    Some(Late {
        kind: LateKind::Lost,
        about: handled.id,
        since: finding.at,
        until: turned.map(|step| step.at.max(finding.at)),
    })
}
