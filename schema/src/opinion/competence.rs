//! Rules 27 and 29: whether the signer of an act on a slot is competent, and C of the policy.

use super::case::{Desk, Place};
use super::law::{Asked, Signer, Value};
use super::paper::Paper;
use super::{Opinion, State};
use crate::act::{Act, Appoint};
use crate::id::{EnvelopeId, OfficeId, PersonId};
use crate::rule::Relation;
use std::collections::BTreeSet;
use thiserror::Error;

/// What of rules 27 to 29 an act breaks.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
pub enum Broken {
    /// No appointment is here that makes its author.
    #[error("rule 22: the appointment that it cites is not here")]
    Appointment,
    /// It names as replaced what its signer had not seen.
    #[error("rule 27: what an act replaces lies in its past")]
    Unseen,
    /// The signer's office is neither responsible nor above.
    #[error("rule 29: the signer's office is the responsible one or above it")]
    Office,
    /// The appointment is not for such cases.
    #[error("rule 22: the appointment is for cases of this kind")]
    Kind,
    /// Role or level does not fit.
    #[error("rule 29: the signer's capacity and the level fit the rules")]
    Level,
    /// The same person prepared it.
    #[error("rule 29: who prepared does not decide")]
    Preparer,
    /// The signer may not replace those decisions.
    #[error("rule 29: a quarrel is settled by a head who signed none of it, or from above")]
    Quarrel,
    /// The new office is neither the signer's nor below it.
    #[error("rule 28: an office assigns a case to itself or to an office below it")]
    Beyond,
}

/// Who signed an act on a slot, and whether that is competent.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) office: OfficeId,
    pub(super) depth: u8,
    pub(super) broken: Option<Broken>,
}

/// Case kinds of an appointment.
const ADULT: u8 = 1;
const MINOR: u8 = 2;

impl Opinion<'_> {
    /// Who signed, as the cited appointment says, whether it counts or not.
    pub fn capacity(&self, paper: &Paper) -> Option<&Appoint> {
        let (body, _) = paper.inside.as_ref()?;
        match self.papers.get(body.appointment?)?.act()? {
            (_, Act::Appoint(act)) if act.author() == paper.head.author => Some(act),
            _ => None,
        }
    }

    /// C for an office: of the highest office on its path that set it, the policy of the latest
    /// claimed time; days.
    pub(super) fn stale_days(&self, office: OfficeId) -> Option<u16> {
        let mut path = self.offices.path(office);
        path.reverse();
        path.into_iter().find_map(|from| {
            let policies = self.papers.iter().filter_map(|paper| match paper.act() {
                Some((at, Act::Policy(act))) if self.speaks(paper, from) => {
                    Some((at, paper.id, act.stale_days))
                }
                _ => None,
            });
            policies.max().map(|(_, _, days)| days)
        })
    }

    fn speaks(&self, paper: &Paper, from: OfficeId) -> bool {
        let key = self.papers.key(paper.head.author);
        let good = matches!(self.state(paper.id), State::Good { .. });
        good && key.is_some_and(|key| key.office == from)
    }

    /// Whether an office above entrusted `office` with an action at a time.
    fn is_entrusted(&self, office: OfficeId, action: &str, at: i64) -> bool {
        self.papers.iter().any(|paper| match paper.act() {
            Some((_, Act::Entrust(act))) => {
                let key = self.papers.key(paper.head.author);
                let above = key.is_some_and(|key| self.offices.is_above(key.office, office));
                let good = matches!(self.state(paper.id), State::Good { .. });
                let named = act.actions.iter().any(|named| named == action);
                above && good && named && act.office == office && (act.from..=act.to).contains(&at)
            }
            _ => false,
        })
    }
}

impl Desk<'_> {
    pub(super) fn ground(&self, id: EnvelopeId) -> Ground {
        let paper = self.papers[&id];
        let Some(act) = self.opinion.capacity(paper) else {
            return Ground {
                office: self.opinion.papers().root().office,
                depth: 0,
                broken: Some(Broken::Appointment),
            };
        };
        let office = self.opinion.offices.get(act.office);
        Ground {
            office: act.office,
            depth: office.map_or(u8::MAX, |office| office.depth),
            broken: self.check(paper, act).err(),
        }
    }

    fn check(&self, paper: &Paper, act: &Appoint) -> Result<(), Broken> {
        let past = self.past(paper.id);
        let must = |holds: bool, broken: Broken| if holds { Ok(()) } else { Err(broken) };
        let replaces = self.replaces(paper.id);
        must(replaces.iter().all(|id| past.contains(id)), Broken::Unseen)?;
        let wanted = if self.is_minor() { MINOR } else { ADULT };
        must(act.kinds.contains(&wanted), Broken::Kind)?;
        let responsible = self.place(Some(past));
        let offices = &self.opinion.offices;
        let own = offices.covers(act.office, responsible);
        must(own || self.is_register(paper.id), Broken::Office)?;
        let relation = match own {
            true if act.office == responsible => Relation::Own,
            true => Relation::Above,
            false => Relation::Receiving,
        };
        let signer = Signer {
            tier: offices.get(act.office).map_or(0, |office| office.tier),
            roles: &act.roles,
            relation,
        };
        must(self.fits(paper, act, &signer), Broken::Level)?;
        if let Some((_, Act::Assign(to))) = paper.act() {
            must(offices.covers(act.office, to.office), Broken::Beyond)?;
        }
        must(
            !self.prepared(paper).contains(&act.person),
            Broken::Preparer,
        )?;
        must(self.may_replace(act, replaces), Broken::Quarrel)
    }

    /// Rule 38: the receiving office registers, though it stands beside the responsible one.
    fn is_register(&self, id: EnvelopeId) -> bool {
        let on = self.place_of(id);
        on.is_some_and(|(place, value)| {
            matches!(place, Place::Step(_, slot) if slot == "baton") && *value == Value::Approve
        })
    }

    fn fits(&self, paper: &Paper, act: &Appoint, signer: &Signer<'_>) -> bool {
        match paper.act() {
            Some((_, Act::Amend(amend))) => self.law.fits(signer, &Asked::Amend(&amend.field)),
            Some((_, Act::Assign(_))) => self.law.fits(signer, &Asked::Assign),
            Some((claimed, Act::Step(step))) => {
                let Some((workflow, asked)) = self.applied(step.matter) else {
                    return false;
                };
                let span = step.span.or(asked);
                let past = self.past(paper.id);
                let reading = self.opinion.reading(paper.id);
                let at = reading.map_or(claimed, |reading| reading.window.clamp(claimed));
                let action = self.law.action(workflow);
                let asked = Asked::Decide {
                    workflow,
                    event: &step.event,
                    span,
                    days_together: self.days_together(step.matter, workflow, span, past),
                    entrusted: action
                        .is_some_and(|action| self.opinion.is_entrusted(act.office, &action, at)),
                };
                self.law.fits(signer, &asked)
            }
            _ => false,
        }
    }

    /// Who prepared a decision: the signers of the events that the rules set apart from it.
    fn prepared(&self, paper: &Paper) -> BTreeSet<PersonId> {
        let Some((_, Act::Step(decision))) = paper.act() else {
            return BTreeSet::new();
        };
        let Some((workflow, _)) = self.applied(decision.matter) else {
            return BTreeSet::new();
        };
        let apart = self.law.apart(workflow, &decision.event);
        let opening = self.law.opening(workflow);
        let mut signed: Vec<EnvelopeId> = Vec::new();
        if opening.is_some_and(|opening| apart.contains(&opening)) {
            signed.push(decision.matter);
        }
        let past = self.past(paper.id);
        let steps = self.steps_of(decision.matter).into_iter();
        signed.extend(steps.filter(|id| {
            let event = match self.papers[id].act() {
                Some((_, Act::Step(step))) => &step.event,
                _ => return false,
            };
            let good = matches!(self.opinion.state(*id), State::Good { .. });
            past.contains(id) && good && apart.contains(event)
        }));
        let people = signed.iter().filter_map(|id| self.person(*id));
        people.collect()
    }

    fn person(&self, id: EnvelopeId) -> Option<PersonId> {
        let paper = self.papers.get(&id)?;
        Some(self.opinion.capacity(paper)?.person)
    }

    /// Rule 29, for an act that replaces two or more.
    fn may_replace(&self, act: &Appoint, replaces: &[EnvelopeId]) -> bool {
        if replaces.len() < 2 {
            return true;
        }
        let offices = &self.opinion.offices;
        let leads = act.roles.iter().any(|role| self.law.leads(role));
        replaces.iter().all(|id| {
            let theirs = self
                .papers
                .get(id)
                .and_then(|paper| self.opinion.capacity(paper));
            theirs.is_some_and(|theirs| {
                theirs.person != act.person
                    && !offices.is_above(theirs.office, act.office)
                    && (leads || offices.is_above(act.office, theirs.office))
            })
        })
    }
}
