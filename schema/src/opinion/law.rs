//! What the rules say of decisions, fields and levels, read from the rule pack's tables as data.

use crate::act::Span;
use crate::id::OfficeId;
use crate::rule::{Guard, Leaning, LeaveLevel, Relation, RulePack, SealStep, SignRule};
use std::collections::BTreeSet;

/// What a slot may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Granted; for a baton, the new office.
    Approve,
    /// Refused; for a baton, the old office.
    Refuse,
    /// The bytes of a protected field.
    Field(Vec<u8>),
    /// A responsible office.
    Office(OfficeId),
}

/// What an event decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The slot; the one named `baton` follows rule 38.
    pub slot: String,
    /// The value.
    pub value: Value,
    /// Whether it burdens the person.
    pub restrictive: bool,
}

/// Who signed.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// Tier of the office.
    pub tier: u8,
    /// Roles of the appointment.
    pub roles: &'a [String],
    /// How the office stands to the responsible one.
    pub relation: Relation,
}

/// What is asked of the level.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// To decide a matter.
    Decide {
        /// Name and version of the workflow.
        workflow: (&'a str, u16),
        /// The event.
        event: &'a str,
        /// Days asked for, or set by the act itself.
        span: Option<Span>,
        /// Those days with granted leaves of the months before their end.
        days_together: u32,
        /// Whether the signer's office is entrusted with the workflow's action.
        entrusted: bool,
    },
    /// To set a protected field.
    Amend(&'a str),
    /// To make another office responsible.
    Assign,
    /// To do something with a seal, on a ground, for so many ms.
    Seal(SealStep, &'a str, i64),
}

/// The rules, as far as standing asks for them.
pub trait Law {
    /// What an event decides, if anything.
    fn ruling(&self, workflow: (&str, u16), event: &str) -> Option<Ruling>;
    /// Events whose signers may not sign this one; the opening event by its name.
    fn apart(&self, workflow: (&str, u16), event: &str) -> BTreeSet<String>;
    /// Name of the event that opens a matter.
    fn opening(&self, workflow: (&str, u16)) -> Option<String>;
    /// Whether capacity and level fit.
    fn fits(&self, signer: &Signer<'_>, asked: &Asked<'_>) -> bool;
    /// Whether a role leads its office.
    fn leads(&self, role: &str) -> bool;
    /// Whether a role binds its holder to reading.
    fn reads(&self, role: &str) -> bool {
        let _ = role;
        false
    }
    /// The action that an office must be entrusted with to decide in a workflow.
    fn action(&self, workflow: (&str, u16)) -> Option<String>;
    /// Months before the end of a leave whose granted days are added up; none where none are.
    fn window_months(&self, workflow: (&str, u16)) -> Option<u32>;
    /// C where no policy sets it, days.
    fn stale_days(&self) -> u16;
}

/// Lowest tier that makes another office of its county responsible.
const COUNTY: u8 = 2;

impl Law for RulePack {
    fn ruling(&self, workflow: (&str, u16), event: &str) -> Option<Ruling> {
        let table = self.workflow(workflow.0, workflow.1).ok()?.table();
        let event = table.event.iter().find(|known| known.id == event)?;
        let decision = event.decision.as_ref()?;
        Some(Ruling {
            slot: decision.slot.clone(),
            value: if decision.value == "approve" {
                Value::Approve
            } else {
                Value::Refuse
            },
            restrictive: decision.effect == Leaning::Restrictive,
        })
    }

    fn apart(&self, workflow: (&str, u16), event: &str) -> BTreeSet<String> {
        let Ok(workflow) = self.workflow(workflow.0, workflow.1) else {
            return BTreeSet::new();
        };
        let events = workflow.table().event.iter();
        let event = events.filter(|known| known.id == event);
        event
            .flat_map(|event| &event.apart)
            .flat_map(|apart| apart.from.iter().cloned())
            .collect()
    }

    fn opening(&self, workflow: (&str, u16)) -> Option<String> {
        let table = self.workflow(workflow.0, workflow.1).ok()?.table();
        let opening = table.event.iter().find(|event| event.start)?;
        Some(opening.id.clone())
    }

    fn fits(&self, signer: &Signer<'_>, asked: &Asked<'_>) -> bool {
        match asked {
            Asked::Decide {
                workflow, event, ..
            } => {
                let Ok(found) = self.workflow(workflow.0, workflow.1) else {
                    return false;
                };
                let events = found.table().event.iter();
                let mut paths = events
                    .filter(|known| known.id == *event)
                    .flat_map(|event| &event.path);
                paths.any(|path| {
                    let mut guards = path.when.iter();
                    path.sign.iter().any(|rule| signs(rule, signer))
                        && guards.all(|guard| self.holds(guard, asked))
                })
            }
            Asked::Amend(field) => {
                let name = field.split('/').next().unwrap_or_default();
                let mut fields = self.case_fields();
                let known = fields.find(|known| known.field.id == name);
                known.is_some_and(|known| {
                    let several = field.len() > name.len() + 1;
                    let named = if known.many { several } else { *field == name };
                    named && known.amend.iter().any(|rule| signs(rule, signer))
                })
            }
            Asked::Assign => signer.tier >= COUNTY,
            Asked::Seal(step, ground, ms) => {
                let rules = self.sealing();
                let mut named = rules.grounds().filter(|known| known.id == *ground);
                let is_ground = named.any(|known| known.step == *step);
                let most = i64::from(rules.consult_days_max) * 24 * 3_600 * 1_000;
                let short = *step != SealStep::Consult || *ms >= 0 && *ms <= most;
                is_ground && short && rules.sign(*step).iter().any(|rule| signs(rule, signer))
            }
        }
    }

    fn reads(&self, role: &str) -> bool {
        self.role(role).is_some_and(|known| known.reads_only)
    }

    fn leads(&self, role: &str) -> bool {
        self.roles().any(|known| known.id == role && known.head)
    }

    fn action(&self, workflow: (&str, u16)) -> Option<String> {
        let table = self.workflow(workflow.0, workflow.1).ok()?.table();
        table.entrustment.clone()
    }

    fn window_months(&self, workflow: (&str, u16)) -> Option<u32> {
        let table = self.workflow(workflow.0, workflow.1).ok()?.table();
        Some(table.parameter.get("window_months")?.n)
    }

    fn stale_days(&self) -> u16 {
        let found = self.policy("stale_days").map(|policy| policy.n);
        found.and_then(|n| n.try_into().ok()).unwrap_or(7)
    }
}

fn signs(rule: &SignRule, signer: &Signer<'_>) -> bool {
    rule.tiers.contains(&signer.tier)
        && rule.at.contains(&signer.relation)
        && rule.roles.iter().any(|role| signer.roles.contains(role))
}

trait Guards {
    fn holds(&self, guard: &Guard, asked: &Asked<'_>) -> bool;
}

impl Guards for RulePack {
    /// Decisions rest on the level of a leave and on nothing else so far; whatever else a table may
    /// name one day does not hold here, so that the two opinions part instead of guessing.
    fn holds(&self, guard: &Guard, asked: &Asked<'_>) -> bool {
        let (Guard::LeaveLevelV1 { level, .. }, Asked::Decide { workflow, .. }) = (guard, asked)
        else {
            return false;
        };
        let Ok(found) = self.workflow(workflow.0, workflow.1) else {
            return false;
        };
        let number = |name: &str| found.table().parameter.get(name).map(|known| known.n);
        let (Some(office), Some(county)) = (number("office_days_max"), number("county_days_max"))
        else {
            return false;
        };
        leave_level(asked, office, county) == Some(*level)
    }
}

fn leave_level(asked: &Asked<'_>, office_max: u32, county_max: u32) -> Option<LeaveLevel> {
    let Asked::Decide {
        span,
        days_together,
        entrusted,
        ..
    } = asked
    else {
        return None;
    };
    let days = super::leave::days((*span)?);
    Some(if days > county_max || *days_together > county_max {
        LeaveLevel::City
    } else if days > office_max || !entrusted {
        LeaveLevel::County
    } else {
        LeaveLevel::Office
    })
}
