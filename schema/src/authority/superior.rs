//! Who may speak of whom, and when it was said: judges and witnesses by the time of their own words
//! (rule 3; ).
//!
//! Who never was a superior is turned away by the tree alone. So nothing is read of an author whose
//! rank is not smaller (rule 4).

use super::Authority;
use super::state::PathState;
use super::weigh::Said;
use crate::act::Act;
use crate::envelope::Duty;
use crate::fact::Fact;
use crate::hold::Moment;
use crate::id::{AuthorId, EnvelopeId, OfficeId};

impl Authority {
    /// Rule 3, at whatever time. The root's keeper stands above the other authors of the root office
    /// too: nobody else could appoint them. Of the root's keepers only the root statement speaks.
    pub(super) fn may_judge(&self, judge: AuthorId, author: AuthorId) -> bool {
        let (Some(by), Some(of)) = (self.seat(judge), self.seat(author)) else {
            return false;
        };
        by.duty == Duty::Keeper
            && judge != author
            && !self.is_root_keeper(author)
            && (self.is_root_keeper(judge)
                || (self.offices.get(of.office).is_some()
                    && self.offices.ever_above(by.office, of.office))
                || (of.duty == Duty::Staff && by.office == of.office))
    }

    /// R-64, of one who may judge: whether it could when it said so.
    pub(super) fn judged_when(&self, judge: AuthorId, author: AuthorId, moment: Moment) -> bool {
        let (Some(by), Some(of)) = (self.seat(judge), self.seat(author)) else {
            return false;
        };
        self.is_root_keeper(judge) || self.offices.stood_over(by.office, of.office, moment)
    }

    /// The offices of an author and of one who was ever its witness.
    pub(super) fn as_witness(
        &self,
        witness: AuthorId,
        author: AuthorId,
    ) -> Option<(OfficeId, OfficeId)> {
        let (by, of) = (self.seat(witness)?, self.seat(author)?);
        let ever = by.duty == Duty::Witness
            && self.offices.get(of.office).is_some()
            && self.offices.ever_above(by.office, of.office);
        ever.then_some((by.office, of.office))
    }

    /// when an act of the roster or a receipt that is good was said.
    pub(super) fn moment(&self, id: EnvelopeId) -> Option<Moment> {
        let signed = self.acts.get(&id)?;
        self.effect(signed.author, id).map(|effect| effect.moment)
    }

    /// R-60, of anything that is here.
    pub fn moment_of(&self, fact: &Fact) -> Moment {
        let window = self.window(fact);
        Moment {
            said: window.clamp(fact.at),
            known: window.filed,
        }
    }

    /// Whether a good act of the roster was said by an office that stood strictly above another one
    /// then.
    pub fn was_said_above(&self, id: EnvelopeId, office: OfficeId) -> bool {
        let by = self.issued_by(id).zip(self.moment(id));
        by.is_some_and(|(by, moment)| self.offices.stood_above(by, office, moment))
    }

    /// As `was_said_above`, or by the office itself.
    pub fn was_said_over(&self, id: EnvelopeId, office: OfficeId) -> bool {
        let by = self.issued_by(id).zip(self.moment(id));
        by.is_some_and(|(by, moment)| self.offices.stood_over(by, office, moment))
    }

    /// Whether somebody who ever stood above an office, or works there, would move an office, and it is
    /// not yet known here whether that counts: heads below it are missing, or where the office stands, or
    /// under whom it is to. Who is to be its superior learns of it from there.
    pub fn has_open_move(&self, near: OfficeId) -> bool {
        let unknown = |office| self.offices.get(office).is_none();
        let mut all = self.index.replants.values().flatten();
        all.any(|id| {
            let signed = self.acts.get(id).and_then(|signed| signed.act());
            let open = match signed {
                Some(Act::Replant(act)) => {
                    let waits = self.path_state(*id) == PathState::Gap;
                    waits || unknown(act.office) || unknown(act.parent)
                }
                _ => false,
            };
            let by = self.issued_by(*id);
            open && by.is_some_and(|by| self.offices.ever_over(by, near))
        })
    }

    /// Whether a good act about an office was said on no lower a level than another one about it:
    /// then it may end what that one began.
    pub(super) fn may_end(&self, id: EnvelopeId, by: OfficeId, office: OfficeId) -> bool {
        let depth = |of| self.offices.depth(of);
        let level = self.issued_by(id).and_then(depth).zip(depth(by));
        level.is_some_and(|(ending, ended)| ending <= ended) && self.was_said_over(id, office)
    }

    /// The newest counting receipt for an office by a witness above it, for new heads to cite; the
    /// smaller id of two.
    pub fn newest_receipt_for(&self, office: OfficeId) -> Option<(EnvelopeId, i64)> {
        let above = self.offices.superiors(office);
        above
            .into_iter()
            .flat_map(|upper| self.index.witnesses.get(&upper).into_iter().flatten())
            .filter_map(|witness| self.newest_counting(*witness, office))
            .max_by_key(|(id, time)| (*time, std::cmp::Reverse(*id)))
    }

    fn newest_counting(&self, witness: AuthorId, office: OfficeId) -> Option<(EnvelopeId, i64)> {
        let judged = &self.chains.get(&witness)?.judged;
        let by = self.seat(witness)?.office;
        // Times of counting receipts never fall along the path, so the last one is the newest.
        judged.path.iter().rev().find_map(|id| {
            let signed = self.acts.get(id)?;
            let effect = judged.effects.get(id).filter(|effect| effect.counts)?;
            let spoke = self.offices.stood_above(by, office, effect.moment);
            match &signed.said {
                Said::Receipt(receipt) if spoke => Some((*id, receipt.time)),
                _ => None,
            }
        })
    }
}
