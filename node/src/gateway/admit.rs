//! What the owner of the state does with a request: finds whose device it is, takes in what is a
//! position, keeps aside what is none. One request is one job, so all of it is in one commit.

use super::caller::Caller;
use super::form::Sent;
use super::kept::Aside;
use super::report::{Report, TIME_MIN_MS};
use super::rule::Rule;
use super::turn::Outcome;
use crate::owner::Node;
use jiaolian_schema::device::Card;
use jiaolian_schema::fix::{DAY_MS, Point};
use jiaolian_schema::id::PersonCode;
use jiaolian_schema::signal::{Sign, Signs};
use jiaolian_sync::{Judged, LIVE_SKEW_MS, ReportError, StoreError, Whence};

/// A device that says nothing but that it is there is written down once in so long, ms.
pub(super) const BEAT_MS: i64 = 5 * 60_000;

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
        return Ok(Verdict::Stranger {
            bare: door.caller.bare,
        });
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
    caller: Caller<'a>,
    way: &'a Whence,
    /// The cell of the mobile network that the report at hand names.
    cell: Option<String>,
    aside: Aside,
    alarms: usize,
}

impl<'a> Door<'a> {
    fn new(node: &'a mut Node, sent: &'a Sent, card: &'a Card) -> Self {
        Self {
            caller: Caller::new(node, &sent.terminal, card),
            way: &sent.way,
            cell: None,
            aside: Aside::default(),
            alarms: 0,
        }
    }

    /// What becomes of a report; none where the device is a stranger at its time and now.
    fn take(&mut self, report: &Report) -> Result<Option<Outcome>, StoreError> {
        self.cell = report.cell();
        let then = report.time.and_then(|time| self.whose(time));
        if let Some(person) = then {
            match &report.reading {
                Ok(reading) => {
                    let point = reading.point;
                    return self
                        .hear(person, (point.time, Some(point)), report)
                        .map(Some);
                }
                Err(_) if report.is_word && self.is_sound(report.time) => {
                    return self.word(person, report).map(Some);
                }
                Err(_) => {}
            }
        }
        let now = self.whose(self.caller.true_now);
        if then.or(now).is_none() {
            return Ok(None);
        }
        let time = || report.said.time.as_deref().unwrap_or_default();
        let fault = match &report.reading {
            Err(fault) => fault.clone(),
            Ok(reading) if reading.point.time > self.caller.true_now + DAY_MS => {
                Rule::TimeFar.broken_by(time())
            }
            Ok(_) => Rule::Unbound.broken_by(time()),
        };
        let kept = fault.rule.keeps();
        if kept {
            let is_new = self.aside.add(
                (self.caller.node, self.caller.terminal),
                &fault,
                &report.said,
                self.caller.now,
            )?;
            self.word_of_refused(report, then, now.filter(|_| is_new))?;
        }
        Ok(Some(Outcome::Refused { fault, kept }))
    }

    fn word(&mut self, person: PersonCode, report: &Report) -> Result<Outcome, StoreError> {
        let time = report.time.unwrap_or(self.caller.now);
        self.hear(person, (time, None), report)
    }

    /// What a device says of itself with something that is no position is heard all the same: at
    /// its own time where that can be, else now and with its clock in doubt, once.
    fn word_of_refused(
        &mut self,
        report: &Report,
        then: Option<PersonCode>,
        now: Option<PersonCode>,
    ) -> Result<(), StoreError> {
        match (self.is_sound(report.time), then, now) {
            (true, Some(person), _) => self.word(person, report).map(|_| ()),
            (false, _, Some(person)) if !report.signs.is_none() => self.word_of_now(person, report),
            _ => Ok(()),
        }
    }

    /// Whether something can have happened at that time.
    fn is_sound(&self, time: Option<i64>) -> bool {
        let sound = TIME_MIN_MS..=self.caller.true_now + DAY_MS;
        time.is_some_and(|time| sound.contains(&time))
    }

    /// What it says of itself, as of now: its own clock can't be right.
    fn word_of_now(&mut self, person: PersonCode, report: &Report) -> Result<(), StoreError> {
        let signs = report.signs.with(Sign::Clock, true);
        let now = (self.caller.true_now, None);
        self.say(person, now, signs, true).map(|_| ())
    }

    fn hear(
        &mut self,
        person: PersonCode,
        (time, point): (i64, Option<Point>),
        report: &Report,
    ) -> Result<Outcome, StoreError> {
        let live = report
            .live
            .unwrap_or(time >= self.caller.true_now - LIVE_SKEW_MS);
        self.say(person, (time, point), report.signs, live)
    }

    fn say(
        &mut self,
        person: PersonCode,
        (time, point): (i64, Option<Point>),
        signs: Signs,
        live: bool,
    ) -> Result<Outcome, StoreError> {
        let heard = jiaolian_sync::Report {
            person: person.to_hex(),
            terminal: self.caller.terminal.to_owned(),
            time,
            point,
            signs,
            live,
        };
        let way = match &self.cell {
            Some(cell) => self.way.clone().in_cell(cell),
            None => self.way.clone(),
        };
        match self.caller.node.hear_device(&heard, &way) {
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

    fn whose(&mut self, time: i64) -> Option<PersonCode> {
        self.caller.whose(time).map(|(person, _)| person)
    }
}

/// Takes in that a known device is there, and what was noticed of it at this end; false where it is
/// not bound now. Words that say nothing more are one in [`BEAT_MS`].
pub(super) fn note(
    node: &mut Node,
    terminal: &str,
    card: &Card,
    signs: Signs,
) -> Result<bool, StoreError> {
    let sent = Sent {
        terminal: terminal.to_owned(),
        token: None,
        reports: Vec::new(),
        way: Whence::default(),
    };
    let mut door = Door::new(node, &sent, card);
    let Some(person) = door.whose(door.caller.true_now) else {
        return Ok(false);
    };
    let beat = door.caller.true_now - door.caller.true_now.rem_euclid(BEAT_MS);
    let time = if signs.is_none() {
        beat
    } else {
        door.caller.true_now
    };
    door.say(person, (time, None), signs, true)?;
    Ok(true)
}
