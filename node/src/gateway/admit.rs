//! What the owner of the state does with a request: finds whose device it is, takes in what is a
//! position, keeps aside what is none. One request is one job, so all of it is in one commit.

use super::form::Sent;
use super::kept::Aside;
use super::limit::Card;
use super::report::{Reading, Report};
use super::rule::Rule;
use super::turn::Outcome;
use crate::owner::Node;
use jiaolian_schema::device::Device;
use jiaolian_schema::fix::{DAY_MS, Fix};
use jiaolian_schema::id::PersonCode;
use jiaolian_schema::watch::NodeClock;
use jiaolian_sync::{Judged, LIVE_SKEW_MS, ReportError, StoreError};

/// What a request came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The device is not known, not bound, or shows another token; `bare` where its binding has no
    /// token, so that nothing it shows would do.
    Stranger { bare: bool },
    /// One outcome a report, in the order of the request, and how many alarms they raised.
    Heard {
        outcomes: Vec<Outcome>,
        alarms: usize,
    },
}

/// Takes a request in. It is durable when the owner lets the answer out.
pub(super) fn admit(node: &mut Node, sent: &Sent, card: &Card) -> Result<Verdict, StoreError> {
    let mut door = Door::new(node, sent, card);
    // Oldest first: a later fix that came before an earlier one would be judged twice.
    let mut order: Vec<usize> = (0..sent.reports.len()).collect();
    order.sort_by_key(|at| sent.reports[*at].time);
    let mut outcomes = vec![None; sent.reports.len()];
    for at in order {
        outcomes[at] = door.take(&sent.reports[at])?;
    }
    if outcomes.iter().all(Option::is_none) {
        return Ok(Verdict::Stranger { bare: door.bare });
    }
    let Door { aside, alarms, .. } = door;
    aside.store(node, &sent.terminal)?;
    // A time at which this token was not the device's is a time without a binding.
    let unbound = |outcome: Option<Outcome>| outcome.unwrap_or_else(|| refused(Rule::Unbound, ""));
    let outcomes = outcomes.into_iter().map(unbound).collect();
    Ok(Verdict::Heard { outcomes, alarms })
}

fn refused(rule: Rule, value: &str) -> Outcome {
    Outcome::Refused {
        fault: rule.broken_by(value),
        kept: false,
    }
}

/// One request at the door.
struct Door<'a> {
    node: &'a mut Node,
    terminal: &'a str,
    card: &'a Card,
    now: i64,
    /// The time as the devices agree it is, where the clock here is at fault.
    true_now: i64,
    binding: Option<(PersonCode, Device)>,
    aside: Aside,
    alarms: usize,
    bare: bool,
}

impl<'a> Door<'a> {
    fn new(node: &'a mut Node, sent: &'a Sent, card: &'a Card) -> Self {
        let now = node.now();
        let true_now = match node.replica.node_clock() {
            NodeClock::Untrusted { ahead_ms } => now - ahead_ms,
            NodeClock::Trusted | NodeClock::Unknown => now,
        };
        Self {
            node,
            terminal: &sent.terminal,
            card,
            now,
            true_now,
            binding: None,
            aside: Aside::default(),
            alarms: 0,
            bare: false,
        }
    }

    /// What becomes of a report; none where the device is a stranger at its time and now.
    fn take(&mut self, report: &Report) -> Result<Option<Outcome>, StoreError> {
        if let (Ok(reading), Some(person)) =
            (&report.reading, report.time.and_then(|t| self.whose(t)))
        {
            return self.report(person, reading).map(Some);
        }
        if report.time.and_then(|time| self.whose(time)).is_none()
            && self.whose(self.true_now).is_none()
        {
            return Ok(None);
        }
        let fault = match &report.reading {
            Err(fault) => fault.clone(),
            Ok(reading) if reading.point.time > self.true_now + DAY_MS => {
                Rule::TimeFar.broken_by(report.said.time.as_deref().unwrap_or_default())
            }
            Ok(_) => Rule::Unbound.broken_by(report.said.time.as_deref().unwrap_or_default()),
        };
        let kept = fault.rule.keeps();
        if kept {
            self.aside
                .add(self.terminal, &fault, &report.said, self.now);
        }
        Ok(Some(Outcome::Refused { fault, kept }))
    }

    fn report(&mut self, person: PersonCode, reading: &Reading) -> Result<Outcome, StoreError> {
        let time = reading.point.time;
        let live = reading.live.unwrap_or(time >= self.true_now - LIVE_SKEW_MS);
        let fix = Fix {
            person: person.to_hex(),
            point: reading.point,
        };
        match self.node.report(&fix, live) {
            Ok(outcome) => {
                self.alarms += outcome.raised.len();
                Ok(match outcome.judged {
                    Judged::Double => Outcome::Repeated,
                    Judged::Skewed => Outcome::Taken { skewed: true },
                    Judged::Next | Judged::Again | Judged::Unused(_) | Judged::Said => {
                        Outcome::Taken { skewed: false }
                    }
                })
            }
            Err(ReportError::UnknownPerson(_) | ReportError::Unbound { .. }) => {
                Ok(refused(Rule::Unbound, &time.to_string()))
            }
            Err(ReportError::Store(error)) => Err(error),
        }
    }

    /// Whose device it is at an instant, if it shows its token. A binding without one is enough
    /// only in a drill.
    fn whose(&mut self, time: i64) -> Option<PersonCode> {
        let held = self
            .binding
            .as_ref()
            .filter(|(_, device)| device.holds(time));
        if held.is_none() {
            self.binding = self.node.replica.bound(self.terminal, time);
        }
        let (person, device) = self.binding.as_ref()?;
        let is_shown = if let Some(hash) = &device.secret_hash {
            is_same(hash, self.card)
        } else {
            self.bare = true;
            self.node.demo
        };
        is_shown.then_some(*person)
    }
}

/// Compares in a time that does not depend on where they differ.
fn is_same(a: &Card, b: &Card) -> bool {
    let difference = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(difference) == 0
}
