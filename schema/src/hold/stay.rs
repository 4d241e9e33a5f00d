//! Who stood above whom, and when: an office passes to another superior on a day (R-60 to R-68 of
//! `docs/standing-roster.md`), and what was said before stays said.
//!
//! Every office above another has a smaller depth, at any time, so climbing always ends.

use super::{Audience, DossierKind, Offices, may_hold};
use crate::id::{EnvelopeId, OfficeId};
use std::collections::BTreeSet;

/// The beginning of what has none, ms UTC.
pub const EVER: i64 = i64::MIN;
/// The end of what has none, ms UTC.
pub const NEVER: i64 = i64::MAX;
/// For how long before its day a planned superior is sent what it will be responsible for, days.
pub const AHEAD_DAYS: i64 = 30;

const DAY_MS: i64 = 86_400_000;
/// Asia/Shanghai, without summer time, ms east of UTC.
const ZONE_MS: i64 = 8 * 3_600_000;

/// The first instant of a civil day, days since 1970-01-01 in Asia/Shanghai; ms UTC.
pub fn day_start(day: i64) -> i64 {
    day.saturating_mul(DAY_MS).saturating_sub(ZONE_MS)
}

/// The civil day of an instant in ms UTC, days since 1970-01-01 in Asia/Shanghai.
pub fn day_of(at: i64) -> i64 {
    at.saturating_add(ZONE_MS).div_euclid(DAY_MS)
}

/// For how long an office stands right under another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// The office above.
    pub parent: OfficeId,
    /// First instant, ms UTC; `EVER` for the office of the founding.
    pub from: i64,
    /// The first instant after it, ms UTC; `NEVER` while no other follows.
    pub to: i64,
    /// What was said in it and is known counts if it was known before this instant, ms UTC.
    pub closes: i64,
    /// The act that began it; none for the founding.
    pub act: Option<EnvelopeId>,
}

/// When a thing was said, as others can know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The claimed time moved into its window, ms UTC.
    pub said: i64,
    /// When a superior first filed it, ms UTC; none while nobody did.
    pub known: Option<i64>,
}

impl Moment {
    /// An instant at which nobody needs to prove anything.
    pub fn at(said: i64) -> Self {
        Self { said, known: None }
    }
}

impl Offices {
    /// The stays of an office that was moved, from the founding on; empty for any other.
    pub fn stays(&self, id: OfficeId) -> &[Stay] {
        self.stays.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Offices that were moved or are to be.
    pub fn moved(&self) -> impl Iterator<Item = OfficeId> + '_ {
        self.stays.keys().copied()
    }

    /// Whether any office was moved or is to be.
    pub fn has_moves(&self) -> bool {
        !self.stays.is_empty()
    }

    /// Says how an office is moved from stay to stay; none takes it back.
    pub fn set_stays(&mut self, id: OfficeId, stays: Vec<Stay>) {
        if stays.len() > 1 {
            self.stays.insert(id, stays);
        } else {
            self.stays.remove(&id);
        }
    }

    /// The office above at an instant, and when what was said there closes; none for the root.
    fn parent_at(&self, id: OfficeId, at: i64) -> Option<(OfficeId, i64)> {
        match self.stays.get(&id) {
            None => Some((self.get(id)?.parent?, NEVER)),
            Some(stays) => {
                let stay = stays.iter().rev().find(|stay| stay.from <= at)?;
                Some((stay.parent, stay.closes))
            }
        }
    }

    /// The office and its superiors at an instant, each with the first closing of the stays below it.
    fn climb(&self, from: OfficeId, at: i64) -> Vec<(OfficeId, i64)> {
        let mut path = Vec::new();
        let mut next = Some((from, NEVER));
        while let Some((id, closes)) = next
            && path.len() < super::DEPTH_MAX
        {
            path.push((id, closes));
            let above = self.parent_at(id, at);
            next = above.map(|(parent, other)| (parent, other.min(closes)));
        }
        path
    }

    /// The office and its superiors at an instant, from itself to the root.
    pub fn path_at(&self, from: OfficeId, at: i64) -> Vec<OfficeId> {
        let path = self.climb(from, at).into_iter();
        path.map(|(id, _)| id).collect()
    }

    /// whether `upper` stood strictly above `lower` when something was said.
    pub fn stood_above(&self, upper: OfficeId, lower: OfficeId, moment: Moment) -> bool {
        if self.stays.is_empty() {
            return self.is_above(upper, lower);
        }
        let path = self.climb(lower, moment.said);
        let mut above = path.into_iter().skip(1);
        above.any(|(id, closes)| id == upper && moment.known.is_none_or(|known| known < closes))
    }

    /// As `stood_above`, or the office itself.
    pub fn stood_over(&self, upper: OfficeId, lower: OfficeId, moment: Moment) -> bool {
        upper == lower || self.stood_above(upper, lower, moment)
    }

    /// since when `upper` stands above `lower` without a break, at an instant at which it
    /// does; `EVER` where it always did.
    pub fn since(&self, upper: OfficeId, lower: OfficeId, at: i64) -> i64 {
        if self.stays.is_empty() {
            return EVER;
        }
        let turns = self.turns(lower);
        for turn in turns.range(..=at).rev() {
            let before = self.climb(lower, turn - 1);
            if !before.iter().any(|(id, _)| *id == upper) {
                return *turn;
            }
        }
        EVER
    }

    /// Instants at which a superior of an office changes.
    fn turns(&self, lower: OfficeId) -> BTreeSet<i64> {
        let lineage = self.superiors(lower).into_iter().chain([lower]);
        let starts = lineage.flat_map(|id| self.stays(id).iter().map(|stay| stay.from));
        starts.filter(|from| *from != EVER).collect()
    }

    /// Every office that ever stood above another, stands or is to stand there.
    pub fn superiors(&self, lower: OfficeId) -> BTreeSet<OfficeId> {
        let mut found = BTreeSet::new();
        let mut open = vec![lower];
        while let Some(id) = open.pop() {
            let parents: Vec<OfficeId> = match self.stays.get(&id) {
                None => self
                    .get(id)
                    .and_then(|one| one.parent)
                    .into_iter()
                    .collect(),
                Some(stays) => stays.iter().map(|stay| stay.parent).collect(),
            };
            open.extend(parents.into_iter().filter(|parent| found.insert(*parent)));
        }
        found
    }

    /// Whether `upper` ever stood strictly above `lower`, stands or is to stand there.
    pub fn ever_above(&self, upper: OfficeId, lower: OfficeId) -> bool {
        if self.stays.is_empty() {
            return self.is_above(upper, lower);
        }
        upper != lower && self.superiors(lower).contains(&upper)
    }

    /// As `ever_above`, or the office itself.
    pub fn ever_over(&self, upper: OfficeId, lower: OfficeId) -> bool {
        upper == lower || self.ever_above(upper, lower)
    }

    /// Whether an office is known alike to another tree, with the same superiors at all times.
    pub fn is_alike(&self, other: &Self, id: OfficeId) -> bool {
        if self.stays.is_empty() && other.stays.is_empty() {
            return self.path(id) == other.path(id)
                && self.get(id).is_some() == other.get(id).is_some();
        }
        let lineage: Vec<OfficeId> = self.superiors(id).into_iter().chain([id]).collect();
        lineage
            == other
                .superiors(id)
                .into_iter()
                .chain([id])
                .collect::<Vec<_>>()
            && lineage.iter().all(|id| {
                let parent = |tree: &Self| tree.get(*id).map(|office| office.parent);
                self.stays(*id) == other.stays(*id) && parent(self) == parent(other)
            })
    }

    /// Whether one of two offices was ever above the other, or both were above a third: then what is
    /// there stands by what was said in both.
    pub fn share_evidence(&self, a: OfficeId, b: OfficeId) -> bool {
        self.ever_over(a, b)
            || self.ever_over(b, a)
            // Where two ways up part, an office was moved.
            || self.moved().any(|id| self.ever_above(a, id) && self.ever_above(b, id))
    }

    /// Every office that shares evidence with one.
    pub fn evidence(&self, of: OfficeId) -> BTreeSet<OfficeId> {
        let below = self.iter().map(|(id, _)| id);
        let mut found: BTreeSet<OfficeId> = below.filter(|id| self.ever_over(of, *id)).collect();
        let moved = self.moved().filter(|id| self.ever_above(of, *id));
        let beside: Vec<OfficeId> = moved.flat_map(|id| self.superiors(id)).collect();
        found.extend(self.superiors(of).into_iter().chain(beside));
        found
    }

    /// Whether `upper` is `lower`, stands above it at an instant or is to within `AHEAD_DAYS`.
    pub fn is_due(&self, upper: OfficeId, lower: OfficeId, now: i64) -> bool {
        if self.stays.is_empty() {
            return self.covers(upper, lower);
        }
        let ahead = now.saturating_add(AHEAD_DAYS * DAY_MS);
        let turns = self.turns(lower);
        let mut instants = turns.range(now..=ahead).copied().chain([now]);
        upper == lower || instants.any(|at| self.stood_above(upper, lower, Moment::at(at)))
    }

    /// The tree as it stands at an instant: `path`, `covers` and the like answer for then. What was
    /// before and is to come is still known to it.
    #[must_use]
    pub fn as_of(&self, now: i64) -> Self {
        let mut tree = self.clone();
        for (id, stays) in &self.stays {
            let stay = stays.iter().rev().find(|stay| stay.from <= now);
            if let (Some(stay), Some(row)) = (stay, tree.rows.get_mut(id)) {
                row.parent = Some(stay.parent);
            }
        }
        tree
    }

    /// The next instant after `now` at which some office passes to another superior, or becomes due to
    /// one.
    pub fn next_turn(&self, now: i64) -> Option<i64> {
        let stays = self.stays.values().flatten();
        let starts = stays.map(|stay| stay.from).filter(|from| *from != EVER);
        let turns = starts.flat_map(|from| [from, from - AHEAD_DAYS * DAY_MS]);
        turns.filter(|turn| *turn > now).min()
    }
}

/// whether an office is to be sent the bodies of a dossier: it stands above the responsible one
/// at `now`, ms UTC, or is to before long. A roster goes to everybody who may have dossiers whose
/// standing rests on it, so that a copy kept for audit is read as the others are.
pub fn may_get(offices: &Offices, who: OfficeId, audience: &Audience, now: i64) -> bool {
    let due = || match audience.kind {
        DossierKind::Roster => true,
        _ => offices.is_due(who, audience.place, now),
    };
    may_hold(offices, who, audience) && due()
}
