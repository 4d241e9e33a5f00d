//! The tree of offices from good founding acts, level by level, so that a lower claim never
//! displaces a higher one; then what moves offices under others, from the root down.

use super::Authority;
use super::weigh::Signed;
use crate::act::{Act, Found, GRACE_DAYS_MAX, Replant};
use crate::envelope::Duty;
use crate::hold::{DEPTH_MAX, EVER, Moment, NEVER, Office, Offices, Stay, day_of, day_start};
use crate::id::{EnvelopeId, OfficeId};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// For how many days after its day a move may still become known.
const KNOWN_LATE_DAYS: i64 = 7;

/// A good founding act: filed when, and its id; the smaller claim wins an office that two found at
/// one level.
type Claim<'a> = ((i64, EnvelopeId), &'a Found);

/// A good move that may count.
struct Plan<'a> {
    id: EnvelopeId,
    by: OfficeId,
    moment: Moment,
    /// Days since 1970-01-01 in Asia/Shanghai.
    day: i64,
    act: &'a Replant,
}

impl Authority {
    /// The offices that good founding acts make.
    pub(super) fn grow_tree(&self) -> Offices {
        let mut by_parent: BTreeMap<Option<OfficeId>, Vec<Claim<'_>>> = BTreeMap::new();
        for id in &self.index.founds {
            if let Some((claim, found)) = self.claim(*id) {
                by_parent
                    .entry(found.parent)
                    .or_default()
                    .push((claim, found));
            }
        }
        let mut offices = Offices::default();
        let mut level: Vec<Option<OfficeId>> = vec![None];
        for _ in 0..DEPTH_MAX {
            let mut rivals: BTreeMap<OfficeId, Claim<'_>> = BTreeMap::new();
            for claim in level.iter().filter_map(|at| by_parent.get(at)).flatten() {
                let (rank, found) = *claim;
                if !fits(&offices, found) {
                    continue;
                }
                let best = rivals.entry(found.office).or_insert((rank, found));
                if rank < best.0 {
                    *best = (rank, found);
                }
            }
            level = rivals.keys().copied().map(Some).collect();
            for (id, (_, found)) in rivals {
                offices.insert(id, office(found));
            }
        }
        self.plant(&mut offices);
        offices
    }

    /// R-62, for every office that somebody would move, the highest first: whether a move counts
    /// is asked of the superiors alone.
    fn plant(&self, offices: &mut Offices) {
        let moved = self.index.replants.keys();
        let mut moved: Vec<(u8, OfficeId)> = moved
            .filter_map(|id| Some((offices.depth(*id)?, *id)))
            .collect();
        moved.sort_unstable();
        for (_, office) in moved {
            if let Some(stays) = self.stays(offices, office) {
                offices.set_stays(office, stays);
            }
        }
    }

    /// The stays of an office; none for the root, which stands under nobody.
    fn stays(&self, offices: &Offices, office: OfficeId) -> Option<Vec<Stay>> {
        let founded = Stay {
            parent: offices.get(office)?.parent?,
            from: EVER,
            to: NEVER,
            closes: NEVER,
            act: None,
        };
        let mut stays = vec![founded];
        let mut decided = None;
        for plan in self.plans(offices, office) {
            let last = stays.last_mut()?;
            if decided == Some(plan.day) || !fits_plan(offices, office, last.parent, &plan) {
                continue;
            }
            decided = Some(plan.day);
            if plan.act.parent == last.parent {
                continue;
            }
            let from = day_start(plan.day);
            last.to = from;
            last.closes = day_start(plan.day + i64::from(plan.act.grace_days));
            stays.push(Stay {
                parent: plan.act.parent,
                from,
                ..founded
            });
            stays.last_mut()?.act = Some(plan.id);
        }
        Some(stays)
    }

    /// Good moves of an office in the order in which they are asked.
    fn plans(&self, offices: &Offices, office: OfficeId) -> Vec<Plan<'_>> {
        let ids = self.index.replants.get(&office).into_iter().flatten();
        let good = ids.filter_map(|id| {
            let signed = self.acts.get(id)?;
            let Some(Act::Replant(act)) = signed.act() else {
                return None;
            };
            let seat = self.seat(signed.author)?;
            let moment = self.effect(signed.author, *id)?.moment;
            let day = first_day(act, moment);
            (seat.duty == Duty::Keeper).then_some(Plan {
                id: *id,
                by: seat.office,
                moment,
                day,
                act,
            })
        });
        let mut plans: Vec<Plan<'_>> = good.collect();
        plans.sort_by_key(|plan| {
            let depth = offices.depth(plan.by).unwrap_or(u8::MAX);
            (plan.day, depth, Reverse((plan.moment.said, plan.id)))
        });
        plans
    }

    /// A good founding by a keeper of the parent, or of the root by its own keeper; of an id that
    /// is bound to its parent by no other's.
    fn claim(&self, id: EnvelopeId) -> Option<((i64, EnvelopeId), &Found)> {
        let signed = self.acts.get(&id)?;
        let Some(Act::Found(found)) = Signed::act(signed) else {
            return None;
        };
        let effect = self.effect(signed.author, id)?;
        let seat = self.seat(signed.author)?;
        let allowed = match found.parent {
            None => self.is_root_keeper(signed.author) && found.office == self.roots.office(),
            Some(parent) => seat.duty == Duty::Keeper && seat.office == parent,
        };
        let rightful = found.is_bound() || !self.index.bound.contains(&found.office);
        (allowed && rightful).then_some(((effect.filed, id), found))
    }
}

fn fits(offices: &Offices, found: &Found) -> bool {
    if offices.get(found.office).is_some() {
        return false;
    }
    match found.parent.map(|parent| offices.get(parent)) {
        None => true,
        Some(None) => false,
        Some(Some(parent)) => found.tier < parent.tier && found.drill == parent.drill,
    }
}

/// the day of a move: none that lies behind when it was said, or long behind when it became
/// known.
fn first_day(act: &Replant, moment: Moment) -> i64 {
    let said = day_of(moment.said).saturating_add(1);
    let known = moment
        .known
        .map_or(said, |known| day_of(known) - KNOWN_LATE_DAYS);
    i64::from(act.from_day).max(said).max(known)
}

/// whether a move counts where `present` is the office above so far.
fn fits_plan(offices: &Offices, office: OfficeId, present: OfficeId, plan: &Plan<'_>) -> bool {
    let rows = (offices.get(office), offices.get(plan.act.parent));
    let (Some(own), Some(above)) = rows else {
        return false;
    };
    let stands = |moment| {
        offices.stood_above(plan.by, present, moment)
            && offices.stood_above(plan.by, plan.act.parent, moment)
    };
    plan.act.grace_days <= GRACE_DAYS_MAX
        && offices.depth(plan.act.parent) == offices.depth(present)
        && own.tier < above.tier
        && own.drill == above.drill
        && stands(plan.moment)
        && stands(Moment::at(day_start(plan.day)))
}

fn office(found: &Found) -> Office {
    Office {
        parent: found.parent,
        tier: found.tier,
        code: found.code.clone(),
        name: found.name.clone(),
        drill: found.drill,
    }
}
