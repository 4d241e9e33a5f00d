//! What the owner of the state does with check-ins: finds whose phone it is, takes in what can be
//! judged, keeps aside what breaks a rule. One request is one job, so all of it is in one commit.

use super::super::caller::Caller;
use super::super::kept::Aside;
use super::super::rule::Rule;
use super::super::turn::Outcome;
use super::form::{Line, Made, Sent};
use crate::owner::Node;
use jiaolian_schema::checkin::Duty;
use jiaolian_schema::device::{Card, Regime};
use jiaolian_schema::fix::DAY_MS;
use jiaolian_schema::id::PersonCode;
use jiaolian_sync::{CheckInError, CheckInReport, LIVE_SKEW_MS, StoreError};

/// What a request came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The phone is not known, not bound, or shows another token or key; `bare` where its binding has
    /// neither.
    Stranger { bare: bool },
    /// One outcome a check-in, in the order of the request, how many alarms they raised, and whether
    /// this node asks the person.
    Heard {
        outcomes: Vec<Outcome>,
        alarms: usize,
        asked: bool,
    },
}

/// What is asked of a phone.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// As of [`Taken`].
    Stranger { bare: bool },
    /// The time here, ms UTC, and what is due; none where this node does not ask.
    Known { now: i64, due: Option<Vec<Duty>> },
}

/// Takes a request in. It is durable when the owner lets the answer out.
pub(super) fn take(node: &mut Node, sent: &Sent, card: &Card) -> Result<Taken, StoreError> {
    let mut door = Door::new(node, &sent.terminal, card);
    let mut aside = Aside::default();
    let mut order: Vec<usize> = (0..sent.lines.len()).collect();
    order.sort_by_key(|at| sent.lines[*at].time);
    let mut outcomes = vec![None; sent.lines.len()];
    for at in order {
        outcomes[at] = door.take(&sent.lines[at], &mut aside)?;
    }
    if outcomes.iter().all(Option::is_none) {
        return Ok(Taken::Stranger {
            bare: door.caller.bare,
        });
    }
    let asked = door.asked()?;
    let alarms = door.alarms;
    aside.store(node, &sent.terminal)?;
    // A time at which this card was not the phone's is a time without a binding.
    let unbound = |outcome: Option<Outcome>| outcome.unwrap_or_else(|| refused(Rule::Unbound, ""));
    Ok(Taken::Heard {
        outcomes: outcomes.into_iter().map(unbound).collect(),
        alarms,
        asked,
    })
}

/// What a phone is asked now. What it signed `signed_at`, ms UTC, is good for that moment only.
pub(super) fn due(
    node: &mut Node,
    terminal: &str,
    card: &Card,
    signed_at: Option<i64>,
) -> Result<Asked, StoreError> {
    let mut door = Door::new(node, terminal, card);
    let now = door.caller.true_now;
    let is_of_now = |at: i64| (now.saturating_sub(at)).abs() <= LIVE_SKEW_MS;
    let person = door
        .caller
        .whose(now)
        .filter(|_| signed_at.is_none_or(is_of_now));
    match person {
        None => Ok(Asked::Stranger {
            bare: door.caller.bare,
        }),
        Some((_, Regime::Band)) => Ok(Asked::Known { now, due: None }),
        Some((person, Regime::Phone)) => {
            let due = door
                .caller
                .node
                .replica
                .check_ins_due(person, door.caller.now)?;
            Ok(Asked::Known { now, due })
        }
    }
}

fn refused(rule: Rule, value: &str) -> Outcome {
    Outcome::Refused {
        fault: rule.broken_by(value),
        kept: false,
    }
}

/// One request at the door.
struct Door<'a> {
    caller: Caller<'a>,
    alarms: usize,
    asked: Option<bool>,
}

impl<'a> Door<'a> {
    fn new(node: &'a mut Node, terminal: &'a str, card: &'a Card) -> Self {
        Self {
            caller: Caller::new(node, terminal, card),
            alarms: 0,
            asked: None,
        }
    }

    /// What becomes of a check-in; none where the phone is a stranger at its time and now.
    fn take(&mut self, line: &Line, aside: &mut Aside) -> Result<Option<Outcome>, StoreError> {
        let then = line.time.and_then(|time| self.caller.whose(time));
        let Some((_, regime)) = then.or_else(|| self.caller.whose(self.caller.true_now)) else {
            return Ok(None);
        };
        if regime == Regime::Band {
            return Ok(Some(refused(Rule::PhoneOnly, self.caller.terminal)));
        }
        let said = line.said.time.as_deref().unwrap_or_default();
        let is_far = line
            .time
            .is_some_and(|time| time > self.caller.true_now + DAY_MS);
        let fault = match (&line.reading, line.time.zip(then)) {
            (Err(fault), _) => fault.clone(),
            (Ok(_), _) if is_far => Rule::TimeFar.broken_by(said),
            (Ok(made), Some((time, (person, _)))) => {
                return self.hear(person, time, made).map(Some);
            }
            (Ok(_), None) => return Ok(Some(refused(Rule::Unbound, said))),
        };
        aside.add(
            (self.caller.node, self.caller.terminal),
            &fault,
            &line.said,
            self.caller.now,
        )?;
        Ok(Some(Outcome::Refused { fault, kept: true }))
    }

    fn hear(&mut self, person: PersonCode, at: i64, made: &Made) -> Result<Outcome, StoreError> {
        let report = CheckInReport {
            person,
            terminal: self.caller.terminal.to_owned(),
            phone: made
                .phone
                .clone()
                .unwrap_or_else(|| self.caller.terminal.to_owned()),
            at,
            point: made.point,
            face: made.face,
            signs: made.signs,
        };
        match self
            .caller
            .node
            .replica
            .hear_check_in(&report, self.caller.now)
        {
            Ok(outcome) => {
                self.alarms += outcome.raised.len();
                self.asked = Some(outcome.asked);
                Ok(if outcome.double {
                    Outcome::Repeated
                } else {
                    Outcome::Taken { skewed: false }
                })
            }
            Err(CheckInError::Unbound { at, .. }) => Ok(refused(Rule::Unbound, &at.to_string())),
            Err(CheckInError::Many(count)) => Ok(refused(Rule::TooMany, &count.to_string())),
            Err(CheckInError::Store(error)) => Err(error),
        }
    }

    /// Whether this node asks whoever has the phone now.
    fn asked(&mut self) -> Result<bool, StoreError> {
        if let Some(asked) = self.asked {
            return Ok(asked);
        }
        let Some((person, _)) = self.caller.whose(self.caller.true_now) else {
            return Ok(false);
        };
        let due = self
            .caller
            .node
            .replica
            .check_ins_due(person, self.caller.now)?;
        Ok(due.is_some())
    }
}
