//! Rules 27 and 29: whether the signer of an act on a slot is competent, and C of the policy.

use super::case::{Desk, Place};
use super::law::{Asked, Signer, Value};
use super::paper::Paper;
use super::under::Said;
use super::{Opinion, State};
use crate::act::{Act, Appoint, Span};
use crate::id::{DossierId, EnvelopeId, OfficeId, PersonId};
use crate::rule::{Relation, SealStep};
use std::cmp::Reverse;
use thiserror::Error;

/// What of rules 27 to 29 an act breaks.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
pub enum Broken {
    /// No appointment is here that makes its author.
    #[error("rule 22: the appointment that it cites is not here")]
    Appointment,
    /// It names as replaced what its signer had not seen.
    #[error("rule 27: the matter of an act and what it replaces lie in its past")]
    Unseen,
    /// The signer's office is neither responsible nor above.
    #[error("rule 29: the signer's office is the responsible one or above it")]
    Office,
    /// A stand-in who has not said so.
    #[error("rule R-10: a stand-in decides after having said so and before giving it back")]
    Acting,
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

    /// C for an office: of the highest office over it that set it, the policy of the latest claimed
    /// time; of one height that of whoever came to stand there later; days.
    pub(super) fn stale_days(&self, office: OfficeId) -> Option<u16> {
        let policies = self.papers.iter().filter_map(|paper| match paper.act() {
            Some((at, Act::Policy(act))) if self.speaks(paper, office) => {
                let by = self.office_of(paper.head.author)?;
                let depth = Reverse(self.offices.get(by)?.depth);
                let since = self.offices.unbroken(by, office, self.said(paper).at);
                Some((depth, since, at, paper.id, act.stale_days))
            }
            _ => None,
        });
        policies.max().map(|(.., days)| days)
    }

    /// Whether a good statement is of the office or of one that stood above it.
    fn speaks(&self, paper: &Paper, of: OfficeId) -> bool {
        let good = matches!(self.state(paper.id), State::Good { .. });
        good && self.spoke_over(paper, of)
    }

    /// Whether an office above entrusted `office` with an action at a time.
    fn is_entrusted(&self, office: OfficeId, action: &str, at: i64) -> bool {
        self.papers.iter().any(|paper| match paper.act() {
            Some((_, Act::Entrust(act))) => {
                let above = self.spoke_above(paper, office);
                let good = matches!(self.state(paper.id), State::Good { .. });
                let named = act.actions.iter().any(|named| named == action);
                let covers = act.office == office && (act.from..=act.to).contains(&at);
                above && good && named && covers && !self.is_ended(paper, office, at)
            }
            _ => false,
        })
    }
}

/// Entrustments that end, and stand-ins.
impl Opinion<'_> {
    /// whether another entrustment, of an office on no lower a level that stood over the
    /// entrusted one, ended one by a time.
    fn is_ended(&self, ended: &Paper, entrusted: OfficeId, at: i64) -> bool {
        let depth = |paper: &Paper| {
            let office = self.office_of(paper.head.author)?;
            self.offices.get(office).map(|office| office.depth)
        };
        self.papers.iter().any(|paper| {
            let Some((claimed, Act::Entrust(act))) = paper.act() else {
                return false;
            };
            let levels = depth(paper).zip(depth(ended));
            let over = levels.is_some_and(|(by, of)| by <= of) && self.spoke_over(paper, entrusted);
            let window = self.reading(paper.id).map(|reading| reading.window);
            let signed = window.unwrap_or_default().clamp(claimed);
            let ends = act
                .ends
                .as_ref()
                .is_some_and(|ends| ends.contains(&ended.id));
            let good = matches!(self.state(paper.id), State::Good { .. });
            over && good && ends && act.from.max(signed) <= at
        })
    }

    /// whether the signer of an envelope stands in by then; true for an appointment of one's
    /// own.
    fn stands_in(&self, paper: &Paper, act: &Appoint) -> bool {
        let cited = paper.inside.as_ref().and_then(|(body, _)| body.appointment);
        if act.acting.is_none() {
            return true;
        }
        let said = self.papers.iter().filter_map(|other| {
            let (body, _) = other.inside.as_ref()?;
            let Some((_, Act::StandIn(stand_in))) = other.act() else {
                return None;
            };
            let own = other.head.author == paper.head.author && other.head.n < paper.head.n;
            let same = body.appointment == cited && Some(stand_in.appointment) == cited;
            let good = matches!(self.state(other.id), State::Good { .. });
            (own && same && good).then_some((other.head.n, stand_in.back))
        });
        said.max().is_some_and(|(_, back)| back == 0)
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
        let matter = match paper.act() {
            Some((_, Act::Step(step))) => Some(step.matter),
            _ => None,
        };
        let mut named = replaces.iter().chain(&matter);
        must(named.all(|id| past.contains(id)), Broken::Unseen)?;
        must(self.opinion.stands_in(paper, act), Broken::Acting)?;
        let wanted = if self.is_minor() { MINOR } else { ADULT };
        let fits = !self.is_case() || act.kinds.contains(&wanted);
        must(fits, Broken::Kind)?;
        let responsible = self.place(Some(past));
        let offices = &self.opinion.offices;
        let said = self.opinion.said(paper);
        let known = |id| offices.get(id).is_some();
        let over = |lower| act.office == lower || offices.stood(act.office, lower, said);
        let own = over(responsible);
        let founded = known(act.office) && known(responsible);
        must(
            founded && (own || self.is_register(paper.id)),
            Broken::Office,
        )?;
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
        let fits = self.fits(paper, act, &signer);
        must(fits || self.rules_over(act, replaces, said), Broken::Level)?;
        if let Some((_, Act::Assign(to))) = paper.act() {
            must(over(to.office), Broken::Beyond)?;
        }
        must(!self.has_prepared(paper, act.person), Broken::Preparer)?;
        must(self.may_replace(paper, act, replaces), Broken::Quarrel)
    }

    /// Whether the dossier is a case, as far as its opening is here.
    fn is_case(&self) -> bool {
        let mut papers = self.papers.values();
        let opening = papers.find(|paper| paper.dossier() == Some(DossierId(paper.id.0)));
        !matches!(
            opening.and_then(|paper| paper.act()),
            Some((_, Act::Raise(_) | Act::Found(_) | Act::Ledger(_)))
        )
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
            Some((_, Act::Seal(seal))) => {
                let step = match seal.sealed {
                    1 => SealStep::Seal,
                    _ => SealStep::Lift,
                };
                let asked = Asked::Seal(step, &seal.ground, 0);
                self.is_case() && self.law.fits(signer, &asked)
            }
            Some((claimed, Act::Consult(consult))) => {
                let reading = self.opinion.reading(paper.id);
                let at = reading.map_or(claimed, |reading| reading.window.clamp(claimed));
                let said = [&consult.unit, &consult.purpose, &consult.document];
                let said = said
                    .into_iter()
                    .all(|words| words.chars().any(|c| !c.is_whitespace()));
                let length = consult.to.saturating_sub(consult.from);
                let asked = Asked::Seal(SealStep::Consult, &consult.ground, length);
                self.is_case() && said && at <= consult.to && self.law.fits(signer, &asked)
            }
            Some((claimed, Act::Step(step))) => {
                let Some((workflow, asked)) = self.applied(step.matter) else {
                    return false;
                };
                // The days asked for, up to the last day that the act itself sets.
                let span = match (asked, step.span) {
                    (Some(asked), Some(set)) => Some(Span {
                        last_day: set.last_day,
                        ..asked
                    }),
                    (asked, set) => asked.or(set),
                };
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

    /// Whether somebody prepared a decision: signed one of the events that the rules set apart from
    /// it. Whoever opened the matter and is not known here cannot be ruled out.
    fn has_prepared(&self, paper: &Paper, person: PersonId) -> bool {
        let Some((_, Act::Step(decision))) = paper.act() else {
            return false;
        };
        let Some((workflow, _)) = self.applied(decision.matter) else {
            return false;
        };
        let apart = self.law.apart(workflow, &decision.event);
        let opening = self.law.opening(workflow);
        let opened = opening.is_some_and(|opening| apart.contains(&opening));
        if opened
            && self
                .person(decision.matter)
                .is_none_or(|opener| opener == person)
        {
            return true;
        }
        let past = self.past(paper.id);
        let gone = self.not_taken(decision.matter, Some(past));
        let steps = self.steps_of(decision.matter).into_iter();
        let mut earlier = steps.filter(|id| past.contains(id) && !gone.contains(id));
        earlier.any(|id| match self.papers[&id].act() {
            Some((_, Act::Step(step))) => {
                let good = matches!(self.state(id), State::Good { .. });
                good && apart.contains(&step.event) && self.person(id) == Some(person)
            }
            _ => false,
        })
    }

    pub(super) fn person(&self, id: EnvelopeId) -> Option<PersonId> {
        let paper = self.papers.get(&id)?;
        Some(self.opinion.capacity(paper)?.person)
    }

    /// Q9: the head of an office that stands strictly above the offices of all that is replaced
    /// needs no level of its own, where two at least of them are competent.
    fn rules_over(&self, act: &Appoint, replaces: &[EnvelopeId], said: Said) -> bool {
        let offices = &self.opinion.offices;
        let mut contradicting = 0;
        for id in replaces {
            let Some(by) = self.papers.get(id).and_then(|it| self.opinion.capacity(it)) else {
                return false;
            };
            if !offices.stood(act.office, by.office, said) {
                return false;
            }
            let ground = self.competent.get(id);
            contradicting += u32::from(ground.is_some_and(|ground| ground.broken.is_none()));
        }
        contradicting >= 2 && act.roles.iter().any(|role| self.law.leads(role))
    }

    /// Rule 29, for an act that replaces two or more, or adjudicates.
    fn may_replace(&self, paper: &Paper, act: &Appoint, replaces: &[EnvelopeId]) -> bool {
        let adjudicates = match paper.act() {
            Some((_, Act::Step(step))) => step.event.starts_with("adjudicate"),
            _ => false,
        };
        if replaces.len() < 2 && !adjudicates {
            return true;
        }
        let offices = &self.opinion.offices;
        let said = self.opinion.said(paper);
        let leads = act.roles.iter().any(|role| self.law.leads(role));
        replaces.iter().all(|id| {
            let theirs = self
                .papers
                .get(id)
                .and_then(|paper| self.opinion.capacity(paper));
            theirs.is_some_and(|theirs| {
                theirs.person != act.person
                    && !offices.ever(theirs.office, act.office)
                    && (leads || offices.stood(act.office, theirs.office, said))
            })
        })
    }
}
