//! One dossier with its acts in causal order, each with its signer's capacity and its state.

use crate::act::Act;
use crate::authority::{Authority, State};
use crate::fact::{Fact, What};
use crate::hold::{DossierKind, Offices};
use crate::id::{AuthorId, DossierId, EnvelopeId, OfficeId, PersonCode, PersonId};
use crate::standing::Standing;
use crate::workflow::{Relation, Signer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// In which capacity somebody signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// The person.
    pub person: PersonId,
    /// Name in the appointment.
    pub name: String,
    /// Office of the seat.
    pub office: OfficeId,
    /// Tier of the office.
    pub tier: u8,
    /// Role ids; none for a stand-in who had not taken the place.
    pub roles: Vec<String>,
    /// Whether it is a stand-in's place (代).
    pub acting: bool,
}

/// One envelope of the dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// What the fold needs of it.
    pub fact: Fact,
    /// Its act, where the body can be read; none for an edit.
    pub act: Option<Act>,
    /// How it stands by itself.
    pub state: State,
    /// Who signed; none where the appointment is not here.
    pub by: Option<Capacity>,
}

/// One dossier.
#[derive(Debug, Clone)]
pub struct File {
    /// Which.
    pub id: DossierId,
    /// What it is about.
    pub kind: DossierKind,
    /// Responsible office.
    pub place: OfficeId,
    /// Whether it concerns a minor.
    pub minor: bool,
    /// Whom it concerns, by code.
    pub person: Option<PersonCode>,
    /// Its legal state.
    pub standing: Arc<Standing>,
    /// Every envelope, each after those it names.
    pub filed: Vec<Filed>,
    places: BTreeMap<EnvelopeId, usize>,
}

impl File {
    /// Reads a dossier. `act` gives an envelope's act where its body can be read.
    pub fn read(
        id: DossierId,
        authority: &Authority,
        standing: Arc<Standing>,
        facts: &BTreeMap<EnvelopeId, Fact>,
        act: impl Fn(EnvelopeId) -> Option<Act>,
    ) -> Self {
        let order = causal_order(facts);
        let listed: BTreeMap<EnvelopeId, State> = standing.listed.iter().copied().collect();
        let mut complete = BTreeSet::new();
        let mut filed = Vec::with_capacity(order.len());
        for envelope in order {
            let fact = &facts[&envelope];
            let whole = past(fact).all(|id| complete.contains(&id));
            if whole {
                complete.insert(envelope);
            }
            filed.push(Filed {
                fact: fact.clone(),
                act: act(envelope),
                state: listed
                    .get(&envelope)
                    .copied()
                    .unwrap_or_else(|| authority.state(fact, whole)),
                by: capacity(authority, fact),
            });
        }
        let places = filed
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.fact.id, at))
            .collect();
        let (kind, place) = (standing.kind, standing.place);
        let (minor, person) = (standing.minor, standing.person);
        Self {
            id,
            kind,
            place,
            minor,
            person,
            standing,
            filed,
            places,
        }
    }

    /// One envelope of it.
    pub fn find(&self, id: EnvelopeId) -> Option<&Filed> {
        self.places.get(&id).map(|at| &self.filed[*at])
    }

    /// Its position in causal order.
    pub fn position(&self, id: EnvelopeId) -> Option<usize> {
        self.places.get(&id).copied()
    }

    /// The act that opened it.
    pub fn opening(&self) -> Option<&Filed> {
        self.find(self.id.into())
    }

    /// How a signer's office stands to the responsible one.
    pub fn relation(&self, offices: &Offices, office: OfficeId) -> Relation {
        self.relation_by(|upper, lower| offices.is_above(upper, lower), office)
    }

    fn relation_by(
        &self,
        above: impl Fn(OfficeId, OfficeId) -> bool,
        office: OfficeId,
    ) -> Relation {
        if office == self.place {
            Relation::Own
        } else if above(office, self.place) {
            Relation::Above
        } else if above(self.place, office) {
            Relation::Below
        } else {
            Relation::Outside
        }
    }

    /// Who signed an envelope of it, as the rules ask about it: the offices as they stood when it was
    /// said.
    pub fn signer_of(&self, authority: &Authority, entry: &Filed) -> Option<Signer> {
        let by = entry.by.as_ref()?;
        let moment = authority.moment_of(&entry.fact);
        let above = |upper, lower| authority.offices().stood_above(upper, lower, moment);
        Some(in_relation(by, self.relation_by(above, by.office)))
    }

    /// A capacity as the rules ask about it.
    pub fn signer(&self, offices: &Offices, by: &Capacity) -> Signer {
        in_relation(by, self.relation(offices, by.office))
    }

    /// Claimed time of the newest envelope, ms UTC; 0 where there is none.
    pub fn newest_at(&self) -> i64 {
        self.filed
            .iter()
            .map(|entry| entry.fact.at)
            .max()
            .unwrap_or(0)
    }

    /// Envelopes that take effect, in causal order.
    pub fn good(&self) -> impl Iterator<Item = &Filed> {
        self.filed.iter().filter(|entry| entry.state.is_good())
    }

    /// Envelopes of one matter's steps that take effect and were not taken back, in causal order.
    pub fn steps(&self, matter: EnvelopeId) -> impl Iterator<Item = &Filed> {
        let steps = self.good().filter(
            move |entry| matches!(&entry.fact.what, What::Step { matter: of, .. } if *of == matter),
        );
        steps.filter(|entry| !self.standing.is_withdrawn(entry.fact.id))
    }
}

fn in_relation(by: &Capacity, relation: Relation) -> Signer {
    Signer {
        person: by.person,
        tier: by.tier,
        roles: by.roles.iter().cloned().collect(),
        relation,
    }
}

fn capacity(authority: &Authority, fact: &Fact) -> Option<Capacity> {
    let appointment = fact.appointment?;
    let appoint = authority.appointment(appointment)?;
    let holds = authority.has_capacity(appointment, fact.n);
    let tier = authority
        .offices()
        .get(appoint.office)
        .map_or(0, |office| office.tier);
    Some(Capacity {
        person: appoint.person,
        name: appoint.name.clone(),
        office: appoint.office,
        tier,
        roles: appoint.roles.iter().filter(|_| holds).cloned().collect(),
        acting: appoint.acting.is_some(),
    })
}

fn past(fact: &Fact) -> impl Iterator<Item = EnvelopeId> {
    fact.prev_here.into_iter().chain(fact.deps.iter().copied())
}

/// Every envelope after those it names; among those that could come next, by chain of their author,
/// claimed time, id.
fn causal_order(facts: &BTreeMap<EnvelopeId, Fact>) -> Vec<EnvelopeId> {
    let mut waits: BTreeMap<EnvelopeId, usize> = BTreeMap::new();
    let mut next: BTreeMap<EnvelopeId, Vec<EnvelopeId>> = BTreeMap::new();
    let mut ready: BTreeSet<(i64, AuthorId, u64, EnvelopeId)> = BTreeSet::new();
    let rank = |fact: &Fact| (fact.at, fact.author, fact.n, fact.id);
    for (id, fact) in facts {
        let named: BTreeSet<EnvelopeId> = past(fact)
            .filter(|before| before != id && facts.contains_key(before))
            .collect();
        if named.is_empty() {
            ready.insert(rank(fact));
        }
        waits.insert(*id, named.len());
        for before in named {
            next.entry(before).or_default().push(*id);
        }
    }
    let mut order = Vec::with_capacity(facts.len());
    while let Some((.., id)) = ready.pop_first() {
        order.push(id);
        for after in next.remove(&id).unwrap_or_default() {
            let left = waits.entry(after).or_default();
            *left -= 1;
            if *left == 0 {
                ready.insert(rank(&facts[&after]));
            }
        }
    }
    order
}
