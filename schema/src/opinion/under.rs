//! under which office an office stood when something was said about it, read from the
//! acts that move offices.

use super::office::{Office, Offices};
use super::paper::Paper;
use super::{Opinion, State};
use crate::act::{Act, Replant};
use crate::envelope::Duty;
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

const DAY: i64 = 86_400_000;
/// Midnight in Asia/Shanghai comes eight hours before that of UTC.
const EAST: i64 = 28_800_000;
/// days by which a move may become known after its day.
const LATE: i64 = 7;
/// R-62 (b).
const GRACE_MAX: u8 = 30;

/// When a thing was said, and since when it is known, ms UTC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub(super) at: i64,
    pub(super) known: Option<i64>,
}

/// From an instant on, an office stands under another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Under {
    /// The office above.
    pub parent: OfficeId,
    /// First instant, ms UTC; none for the founding.
    pub from: Option<i64>,
    /// Days of grace for what was said under the office before, ms.
    pub grace: i64,
}

impl Under {
    fn has_begun(&self, at: i64) -> bool {
        self.from.is_none_or(|from| from <= at)
    }
}

impl Offices {
    /// Under which office one stands at an instant, and from when on what was said then is too late
    /// to become known.
    fn under(&self, id: OfficeId, at: i64) -> Option<(OfficeId, Option<i64>)> {
        let all = &self.get(id)?.under;
        let index = all.iter().rposition(|under| under.has_begun(at))?;
        let next = all.get(index + 1);
        let shut = next.and_then(|next| Some(next.from?.saturating_add(next.grace)));
        Some((all[index].parent, shut))
    }

    /// The office and those above it at an instant, itself first.
    pub(super) fn ladder(&self, id: OfficeId, at: i64) -> Vec<OfficeId> {
        let mut ladder = vec![id];
        while let Some((above, _)) = ladder.last().and_then(|last| self.under(*last, at)) {
            ladder.push(above);
        }
        ladder
    }

    /// whether `upper` stood strictly above `lower`.
    pub(super) fn stood(&self, upper: OfficeId, lower: OfficeId, said: Said) -> bool {
        let Some((above, shut)) = self.under(lower, said.at) else {
            return false;
        };
        let late = shut
            .zip(said.known)
            .is_some_and(|(shut, known)| known >= shut);
        !late && (above == upper || self.stood(upper, above, said))
    }

    /// Whether `upper` was, is or will ever be strictly above `lower`.
    pub(super) fn ever(&self, upper: OfficeId, lower: OfficeId) -> bool {
        let all = self.get(lower).map(|office| office.under.as_slice());
        let mut parents = all.unwrap_or_default().iter().map(|under| under.parent);
        parents.any(|parent| parent == upper || self.ever(upper, parent))
    }

    /// the first instant of the unbroken time, around an instant, in which `upper` stood above
    /// `lower` or was it; none where that has no beginning.
    pub(super) fn unbroken(&self, upper: OfficeId, lower: OfficeId, at: i64) -> Option<i64> {
        let all = self.0.values().flat_map(|office| &office.under);
        let starts: BTreeSet<i64> = all.filter_map(|under| under.from).collect();
        let mut begun = starts.into_iter().rev().filter(|start| *start <= at);
        begun.find(|start| !self.ladder(lower, start - 1).contains(&upper))
    }
}

/// A good act that would move an office.
struct Plan<'a> {
    act: &'a Replant,
    by: OfficeId,
    said: Said,
    day: i64,
}

impl Opinion<'_> {
    ///
    pub(super) fn said(&self, paper: &Paper) -> Said {
        let claimed = paper.claimed().unwrap_or_default();
        let window = self.reading(paper.id).map(|reading| reading.window);
        let window = window.unwrap_or_default();
        Said {
            at: window.clamp(claimed),
            known: window.filed,
        }
    }

    /// The office of a signer.
    pub(super) fn office_of(&self, author: AuthorId) -> Option<OfficeId> {
        self.papers.key(author).map(|key| key.office)
    }

    /// Whether a signer's office stood strictly above another one when this was said.
    pub(super) fn spoke_above(&self, paper: &Paper, office: OfficeId) -> bool {
        let by = self.office_of(paper.head.author);
        // Who never stood there has perhaps not been judged.
        by.is_some_and(|by| {
            self.offices.ever(by, office) && self.offices.stood(by, office, self.said(paper))
        })
    }

    /// As `spoke_above`, or it is the signer's own office.
    pub(super) fn spoke_over(&self, paper: &Paper, office: OfficeId) -> bool {
        self.office_of(paper.head.author) == Some(office) || self.spoke_above(paper, office)
    }

    /// R-62 for all offices of one depth; those above them are moved already.
    pub(super) fn move_offices(&mut self, depth: u8) {
        let offices = self.offices.0.iter();
        let of_depth = offices.filter(|(_, office)| office.depth == depth);
        let of_depth: Vec<OfficeId> = of_depth.map(|(id, _)| *id).collect();
        for id in of_depth {
            let under = self.moves(id);
            if let Some(office) = self.offices.0.get_mut(&id) {
                office.under = under;
            }
        }
    }

    fn moves(&self, id: OfficeId) -> Vec<Under> {
        let mut found = self.offices.0[&id].under.clone();
        let mut by_day: BTreeMap<i64, Vec<(EnvelopeId, Plan<'_>)>> = BTreeMap::new();
        for paper in self.papers.iter() {
            if let Some(plan) = self.plan(paper, id) {
                by_day.entry(plan.day).or_default().push((paper.id, plan));
            }
        }
        for (day, plans) in by_day {
            let Some(present) = found.last().map(|under| under.parent) else {
                return found;
            };
            let fit = plans
                .iter()
                .filter(|(_, plan)| self.is_fit(plan, id, present));
            let first = fit.max_by_key(|(act, plan)| {
                let depth = self
                    .offices
                    .get(plan.by)
                    .map_or(u8::MAX, |office| office.depth);
                (std::cmp::Reverse(depth), plan.said.at, *act)
            });
            let Some((_, plan)) = first else { continue };
            if plan.act.parent != present {
                found.push(Under {
                    parent: plan.act.parent,
                    from: Some(midnight(day)),
                    grace: i64::from(plan.act.grace_days) * DAY,
                });
            }
        }
        found
    }

    fn plan<'a>(&self, paper: &'a Paper, office: OfficeId) -> Option<Plan<'a>> {
        let Some((_, Act::Replant(act))) = paper.act() else {
            return None;
        };
        let key = self.papers.key(paper.head.author)?;
        let good = matches!(self.states.get(&paper.id), Some(State::Good { .. }));
        if !good || act.office != office || key.duty != Duty::Keeper {
            return None;
        }
        let said = self.said(paper);
        let day_of = |at: i64| at.saturating_add(EAST).div_euclid(DAY);
        let bounds = [
            Some(i64::from(act.from_day)),
            Some(day_of(said.at).saturating_add(1)),
            said.known.map(|known| day_of(known) - LATE),
        ];
        Some(Plan {
            act,
            by: key.office,
            said,
            day: bounds.into_iter().flatten().max()?,
        })
    }

    /// R-62 (a) to (d).
    fn is_fit(&self, plan: &Plan<'_>, office: OfficeId, present: OfficeId) -> bool {
        let offices = &self.offices;
        let rows = [office, present, plan.act.parent].map(|id| offices.get(id));
        let [Some(own), Some(old), Some(new)] = rows else {
            return false;
        };
        let then = Said {
            at: midnight(plan.day),
            known: None,
        };
        let over_both = |said| {
            offices.stood(plan.by, present, said) && offices.stood(plan.by, plan.act.parent, said)
        };
        fits_below(own, new)
            && new.depth == old.depth
            && plan.act.grace_days <= GRACE_MAX
            && over_both(plan.said)
            && over_both(then)
    }
}

fn fits_below(own: &Office, above: &Office) -> bool {
    above.tier > own.tier && above.drill == own.drill
}

fn midnight(day: i64) -> i64 {
    day.saturating_mul(DAY).saturating_sub(EAST)
}
