//! Rules 27, 28, 38 and 39: the slots of one dossier, who is responsible, and what stands.

use super::competence::{Broken, Ground};
use super::law::{Law, Value};
use super::paper::Paper;
use super::slot::{Candidate, Replaced, Slot, Weighed, weigh};
use super::{Opinion, State};
use crate::act::{Act, Span};
use crate::id::{DossierId, EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

const DAY_MS: i64 = 86_400_000;
/// The slot that follows rule 38.
pub(super) const BATON: &str = "baton";
/// The workflow of an alarm.
pub(super) const ALARM: (&str, u16) = ("alarm", 1);

/// What one matter comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterOpinion {
    /// Name of the workflow.
    pub workflow: String,
    /// Version of its table.
    pub version: u16,
    /// Decided steps by name.
    pub slots: BTreeMap<String, Slot>,
    /// Rule 37.
    pub reliance: bool,
}

/// What became of a decision, an amendment or an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It stands, or did before a quarrel that nobody has settled.
    Stands,
    /// Another one replaced it, or a higher office's is in force.
    Replaced,
    /// It came after another was settled (rule 33).
    Late,
    /// It contradicts another of the same rank (rule 34).
    Conflicted,
    /// It is good but its signer is not competent (rules 27 and 29).
    Incompetent(Broken),
    /// Its signer took it back, or the application that it belongs to (rule Q5).
    Withdrawn,
    /// It is the cancel of a release that nobody served (rule 38).
    Unserved,
    /// It waits or is void.
    NoEffect(State),
}

/// What one dossier comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseOpinion {
    /// The responsible office.
    pub place: OfficeId,
    /// Whether it concerns a minor.
    pub minor: bool,
    /// Protected fields by name.
    pub fields: BTreeMap<String, Slot>,
    /// Matters by the act that opened them.
    pub matters: BTreeMap<EnvelopeId, MatterOpinion>,
    /// What became of every act on a slot.
    pub decided: BTreeMap<EnvelopeId, Decided>,
    /// Rule 39: an act of an unknown kind is in it.
    pub unknown: bool,
    /// Rule S-2: whether it is sealed.
    pub seal: Slot,
    /// Rule S-3: authorisations that count to read it, ascending.
    pub consults: Vec<EnvelopeId>,
}

/// Where an act belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Responsible,
    Seal,
    Consult(EnvelopeId),
    Field(String),
    Step(EnvelopeId, String),
}

/// One dossier on the desk.
pub(super) struct Desk<'a> {
    pub(super) opinion: &'a Opinion<'a>,
    pub(super) law: &'a dyn Law,
    pub(super) papers: BTreeMap<EnvelopeId, &'a Paper>,
    /// Where an act belongs and which value it gives.
    pub(super) on: BTreeMap<EnvelopeId, (Place, Value)>,
    pub(super) pasts: BTreeMap<EnvelopeId, BTreeSet<EnvelopeId>>,
    replaced: Replaced,
    pub(super) opened: (OfficeId, bool),
    pub(super) competent: BTreeMap<EnvelopeId, Ground>,
    pub(super) stale_ms: i64,
}

impl Opinion<'_> {
    /// What a dossier comes to under the rules.
    pub fn of_case(&self, dossier: DossierId, law: &dyn Law) -> CaseOpinion {
        let mut desk = Desk::lay(self, dossier, law);
        // C is asked of where the dossier was opened: who is responsible rests on slots, and so on C.
        let days = self.stale_days(desk.opened.0);
        let days = days.unwrap_or_else(|| law.stale_days());
        desk.stale_ms = i64::from(days) * DAY_MS;
        desk.find_competent();
        desk.tell()
    }
}

impl<'a> Desk<'a> {
    fn lay(opinion: &'a Opinion<'a>, dossier: DossierId, law: &'a dyn Law) -> Self {
        let papers: BTreeMap<EnvelopeId, &Paper> = opinion
            .papers
            .of_dossier(dossier)
            .map(|paper| (paper.id, paper))
            .collect();
        let opening = papers
            .get(&EnvelopeId(dossier.0))
            .and_then(|paper| paper.act());
        let opened = match opening {
            Some((_, Act::Open(open))) => (open.office, open.minor == 1),
            Some((_, Act::Raise(raise))) => (raise.office, false),
            Some((_, Act::Found(found))) => (found.office, false),
            _ => (opinion.papers.root().office, false),
        };
        let mut desk = Self {
            opinion,
            law,
            papers,
            on: BTreeMap::new(),
            pasts: BTreeMap::new(),
            replaced: BTreeMap::new(),
            opened,
            competent: BTreeMap::new(),
            stale_ms: i64::from(law.stale_days()) * DAY_MS,
        };
        desk.sort_acts();
        desk
    }

    fn sort_acts(&mut self) {
        let nothing = Vec::new();
        for paper in self.papers.clone().into_values() {
            let Some((_, act)) = paper.act() else {
                continue;
            };
            let past = self.walk_back(paper);
            self.pasts.insert(paper.id, past);
            let (place, value, replaces) = match act {
                Act::Assign(act) => (Place::Responsible, Value::Office(act.office), &act.replaces),
                Act::Amend(act) => {
                    let value = Value::Field(act.value.clone());
                    (Place::Field(act.field.clone()), value, &act.replaces)
                }
                Act::Seal(act) if act.sealed == 1 => (Place::Seal, Value::Approve, &act.replaces),
                Act::Seal(act) => (Place::Seal, Value::Refuse, &act.replaces),
                Act::Consult(_) => (Place::Consult(paper.id), Value::Approve, &nothing),
                Act::Step(act) => {
                    let Some((workflow, _)) = self.applied(act.matter) else {
                        continue;
                    };
                    let Some(ruling) = self.law.ruling(workflow, &act.event) else {
                        continue;
                    };
                    let place = Place::Step(act.matter, ruling.slot);
                    (place, ruling.value, &act.replaces)
                }
                _ => continue,
            };
            self.on.insert(paper.id, (place, value));
            self.replaced.insert(paper.id, replaces.clone());
        }
    }

    /// Everything that an envelope names, and so on down.
    fn walk_back(&self, paper: &Paper) -> BTreeSet<EnvelopeId> {
        let mut past = BTreeSet::new();
        let mut open = paper.names();
        while let Some(id) = open.pop() {
            if past.insert(id) {
                open.extend(
                    self.papers
                        .get(&id)
                        .map(|paper| paper.names())
                        .unwrap_or_default(),
                );
            }
        }
        past
    }

    /// How an envelope stands under the law of this desk.
    pub(super) fn state(&self, id: EnvelopeId) -> State {
        self.opinion.state_under(id, self.law)
    }

    pub(super) fn past(&self, id: EnvelopeId) -> &BTreeSet<EnvelopeId> {
        &self.pasts[&id]
    }

    pub(super) fn replaces(&self, id: EnvelopeId) -> &[EnvelopeId] {
        self.replaced
            .get(&id)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    pub(super) fn is_minor(&self) -> bool {
        self.opened.1
    }

    /// Workflow and days of the act that opened a matter.
    pub(super) fn applied(&self, matter: EnvelopeId) -> Option<((&'a str, u16), Option<Span>)> {
        match self.papers.get(&matter)?.act()? {
            (_, Act::Apply(act)) => Some(((&act.workflow, act.version), act.span)),
            (_, Act::Raise(_)) => Some((ALARM, None)),
            _ => None,
        }
    }

    /// Steps of a matter, ascending.
    pub(super) fn steps_of(&self, matter: EnvelopeId) -> Vec<EnvelopeId> {
        let of = |paper: &&&Paper| matches!(paper.act(), Some((_, Act::Step(step))) if step.matter == matter);
        self.papers
            .values()
            .filter(of)
            .map(|paper| paper.id)
            .collect()
    }

    /// Competence rests on what an act had seen, so the acts with the smaller past come first.
    fn find_competent(&mut self) {
        let mut order: Vec<EnvelopeId> = self.on.keys().copied().collect();
        order.sort_by_key(|id| (self.pasts[id].len(), *id));
        for id in order {
            let ground = self.ground(id);
            self.competent.insert(id, ground);
        }
    }

    pub(super) fn place_of(&self, id: EnvelopeId) -> Option<&(Place, Value)> {
        self.on.get(&id)
    }

    /// Rule 28: the responsible office, as far as `within` knows.
    pub(super) fn place(&self, within: Option<&BTreeSet<EnvelopeId>>) -> OfficeId {
        let weighed = self.weigh(&Place::Responsible, within);
        match weighed.slot.in_force().map(|held| &held.value) {
            Some(Value::Office(office)) => *office,
            _ => self.opened.0,
        }
    }

    /// Good, competent acts on a slot (rule 30).
    fn candidates(&self, place: &Place, within: Option<&BTreeSet<EnvelopeId>>) -> Vec<Candidate> {
        let gone = match place {
            Place::Step(matter, _) => self.not_taken(*matter, within),
            _ => BTreeSet::new(),
        };
        let ids = self.on.iter().filter(|(id, (on, _))| {
            let known = within.is_none_or(|within| within.contains(*id));
            on == place && known && !gone.contains(*id)
        });
        let candidates = ids.filter_map(|(id, (_, value))| {
            let State::Good { filed } = self.state(*id) else {
                return None;
            };
            let ground = self.competent.get(id)?;
            ground.broken.is_none().then(|| Candidate {
                id: *id,
                value: value.clone(),
                office: ground.office,
                depth: ground.depth,
                filed,
                past: self.pasts[id].clone(),
            })
        });
        candidates.collect()
    }

    pub(super) fn weigh(&self, place: &Place, within: Option<&BTreeSet<EnvelopeId>>) -> Weighed {
        let candidates = self.candidates(place, within);
        // Only what was signed on the same slot can stand for what it replaced.
        let replaced = self.replaced.iter();
        let replaced: Replaced = replaced
            .filter(|(id, _)| self.on.get(id).is_some_and(|(on, _)| on == place))
            .map(|(id, ids)| (*id, ids.clone()))
            .collect();
        match place {
            Place::Step(_, slot) if slot == BATON => {
                weigh(&self.batons(candidates, within), &Replaced::new(), None)
            }
            _ => weigh(&candidates, &replaced, Some(self.stale_ms)),
        }
    }

    /// Good, competent acts on a step of a matter.
    pub(super) fn candidates_of(&self, matter: EnvelopeId, slot: &str) -> Vec<Candidate> {
        self.candidates(&Place::Step(matter, slot.to_owned()), None)
    }

    pub(super) fn is_gone(&self, place: &Place, id: EnvelopeId) -> bool {
        match place {
            Place::Step(matter, _) => self.not_taken(*matter, None).contains(&id),
            _ => false,
        }
    }

    /// The decided slots of a matter by name.
    pub(super) fn slots(
        &self,
        matter: EnvelopeId,
        within: Option<&BTreeSet<EnvelopeId>>,
    ) -> BTreeMap<String, Weighed> {
        let places: BTreeSet<&Place> = self.on.values().map(|(place, _)| place).collect();
        let of_matter = places.into_iter().filter_map(|place| match place {
            Place::Step(of, slot) if *of == matter => Some((slot.clone(), place)),
            _ => None,
        });
        of_matter
            .map(|(slot, place)| (slot, self.weigh(place, within)))
            .collect()
    }
}
