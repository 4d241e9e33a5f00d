//! What a bundle lacks: a set that claims to be whole has every chain from its first position and
//! all that its dossier's envelopes name.

use super::law::Law;
use super::paper::{Paper, Says};
use super::{Opinion, State, Void, Wait};
use crate::act::Act;
use crate::id::{AuthorId, DossierId, EnvelopeId};
use std::collections::BTreeSet;
use thiserror::Error;

/// Something that the set lacks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Lack {
    /// A chain has a hole.
    #[error("rule 7: a chain reaches from its tip to n = 1; that of author {author} lacks n = {n}")]
    Chain {
        /// Whose chain.
        author: AuthorId,
        /// The first position that is missing.
        n: u64,
    },
    /// A body is not here.
    #[error("rule 21: every body of the dossier is here; that of envelope {0} is not")]
    Body(EnvelopeId),
    /// Something named in the dossier is not here.
    #[error("rule 21: what an envelope names is here; {by} names {id}, which is not")]
    Named {
        /// Who names it.
        by: EnvelopeId,
        /// What is not here.
        id: EnvelopeId,
    },
    /// A receipt that a head cites is not here.
    #[error("rule 23: a receipt that a head cites is here; {by} cites {id}, which is not")]
    Receipt {
        /// Which head.
        by: EnvelopeId,
        /// The receipt.
        id: EnvelopeId,
    },
    /// An appointment that is cited is not here.
    #[error(
        "rule 22: the appointment that an envelope cites is here; {by} cites {id}, which is not"
    )]
    Appointment {
        /// Which envelope.
        by: EnvelopeId,
        /// The appointment.
        id: EnvelopeId,
    },
}

impl Opinion<'_> {
    /// What the set lacks of a dossier and of all that it rests on, by envelope.
    pub fn lacks(&self, dossier: DossierId) -> Vec<Lack> {
        let mut lacks = self.chain_lacks();
        let of_dossier: Vec<&Paper> = self.papers.of_dossier(dossier).collect();
        let signers: BTreeSet<AuthorId> = of_dossier.iter().map(|p| p.head.author).collect();
        for paper in self.papers.iter() {
            let here = |id: &EnvelopeId| self.papers.get(*id).is_some();
            let cited = paper.head.receipt.filter(|id| !here(id));
            if signers.contains(&paper.head.author) {
                lacks.extend(cited.map(|id| Lack::Receipt { by: paper.id, id }));
            }
            let Some((body, says)) = &paper.inside else {
                continue;
            };
            let is_receipt = matches!(says, Says::Receipt(_));
            let inside = paper.dossier() == Some(dossier);
            for id in paper
                .names()
                .into_iter()
                .filter(|id| inside && !is_receipt && !here(id))
            {
                lacks.push(Lack::Named { by: paper.id, id });
            }
            let appointment = body.appointment.filter(|id| inside && !here(id));
            lacks.extend(appointment.map(|id| Lack::Appointment { by: paper.id, id }));
        }
        for id in of_dossier.iter().flat_map(|paper| paper.names()) {
            if self
                .papers
                .get(id)
                .is_some_and(|named| named.inside.is_none())
            {
                lacks.push(Lack::Body(id));
            }
        }
        lacks
    }

    fn chain_lacks(&self) -> Vec<Lack> {
        let authors: BTreeSet<AuthorId> = self.papers.iter().map(|p| p.head.author).collect();
        let mut lacks = Vec::new();
        for author in authors {
            let heads = self.papers.heads_of(author);
            let gap = (1..).zip(heads.keys()).find(|(want, n)| want != *n);
            lacks.extend(gap.map(|(n, _)| Lack::Chain { author, n }));
        }
        lacks
    }

    /// Acts of a dossier that have no effect, edits left out, ascending.
    pub fn without_effect(&self, dossier: DossierId, law: &dyn Law) -> Vec<(EnvelopeId, State)> {
        let acts = self.papers.of_dossier(dossier);
        let acts = acts.filter(|paper| {
            let known = !matches!(paper.act(), Some((_, Act::Unknown { .. })));
            known && paper.act().is_some()
        });
        let states = acts.map(|paper| (paper.id, self.state_under(paper.id, law)));
        states
            .filter(|(_, state)| !matches!(state, State::Good { .. }))
            .collect()
    }
}

impl State {
    /// The rule by which an envelope has no effect; none where it has.
    pub fn rule(self) -> Option<&'static str> {
        Some(match self {
            Self::Good { .. } => return None,
            Self::Waiting(wait) => match wait {
                Wait::Gap => "rule 7: a head counts when its chain is here from n = 1",
                Wait::Cut => "rule 16: a head that a superior revoked does not count",
                Wait::Fork => {
                    "rule 18: of two heads at one position a superior settles which counts"
                }
                Wait::Body => "rule 21: an envelope counts when its body is here",
                Wait::Deps => "rule 21: an envelope counts when all that it names is here",
                Wait::Appointment => "rule 22: the appointment cited is here and good",
                Wait::Window => {
                    "rule 24: what may have been signed outside the term of office waits for a \
                     superior"
                }
            },
            Self::Void(void) => match void {
                Void::Duty => "rule 2: a key signs what belongs to its duty",
                Void::Appointment => "rule 22: a judge of the author signed the appointment cited",
                Void::Scope => "rule 22: nobody appoints beyond the own appointment",
                Void::Interval => "rule 24: an act is signed inside the term of its appointment",
                Void::Reads => "rule R-80: who is appointed to read signs nothing of a case",
            },
        })
    }
}
