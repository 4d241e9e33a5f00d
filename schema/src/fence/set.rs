//! The fences that judge a person, in the order of their names.

use std::ops::Range;
use std::sync::Arc;

use super::index::Index;
use super::{Fence, FenceRole};
use crate::geo::Coord;

/// Names of fences from which on an index is faster than looking at each.
const INDEXED_MIN: usize = 16;

/// Fences sorted by id; versions of one fence together, the highest first.
#[derive(Debug, Clone, Default)]
pub struct Fences {
    list: Vec<Arc<Fence>>,
    /// Where the versions of each fence end in `list`.
    ends: Vec<usize>,
    index: Option<Index>,
}

/// Most fences that matter to a fix at once without a place on the heap.
const FEW: usize = 12;

/// Fences that matter to one fix.
#[derive(Debug)]
pub(crate) enum Mattering {
    /// All of them.
    All,
    /// These, so many.
    Few([u32; FEW], usize),
    /// These.
    Many(Vec<u32>),
}

impl Mattering {
    /// Ascending, each once.
    fn of(groups: impl Iterator<Item = usize>) -> Self {
        let (mut few, mut count) = ([0; FEW], 0);
        let mut groups = groups.map(|group| group as u32);
        for group in groups.by_ref() {
            let known = &few[..count];
            let at = known.partition_point(|other| *other < group);
            if known.get(at) == Some(&group) {
                continue;
            }
            if count == FEW {
                let mut many: Vec<u32> = few.into_iter().chain([group]).chain(groups).collect();
                many.sort_unstable();
                many.dedup();
                return Self::Many(many);
            }
            few.copy_within(at..count, at + 1);
            few[at] = group;
            count += 1;
        }
        Self::Few(few, count)
    }

    fn groups(&self) -> Option<&[u32]> {
        match self {
            Self::All => None,
            Self::Few(groups, count) => Some(&groups[..*count]),
            Self::Many(groups) => Some(groups),
        }
    }
}

impl Fences {
    /// A set of fences; a version given twice counts once.
    pub fn new(fences: impl IntoIterator<Item = Arc<Fence>>) -> Self {
        let mut list: Vec<_> = fences.into_iter().collect();
        list.sort_by(|a, b| (a.id(), b.version()).cmp(&(b.id(), a.version())));
        list.dedup_by(|a, b| a.id() == b.id() && a.version() == b.version());
        let mut ends = Vec::new();
        for versions in list.chunk_by(|a, b| a.id() == b.id()) {
            ends.push(ends.last().copied().unwrap_or(0) + versions.len());
        }
        let mut fences = Self {
            list,
            ends,
            index: None,
        };
        let groups = 0..fences.ends.len();
        if groups.len() >= INDEXED_MIN {
            let versions = groups.map(|group| &fences.list[fences.versions(group)]);
            fences.index = Some(Index::new(versions));
        }
        fences
    }

    /// All fences and versions.
    pub fn iter(&self) -> impl Iterator<Item = &Fence> {
        self.list.iter().map(AsRef::as_ref)
    }

    /// For each id the version that counts at `time`, ms since 1970, if one does.
    pub fn at(&self, time: i64) -> impl Iterator<Item = (&str, Option<&Fence>)> {
        (0..self.ends.len()).map(move |group| self.valid(group, time))
    }

    /// The fences that a fix at `place` can matter to: all but those to which it can be no
    /// candidate, and those named in `kept` in any case.
    pub(crate) fn mattering<'a>(
        &self,
        place: Coord,
        kept: impl Iterator<Item = &'a str>,
    ) -> Mattering {
        let Some(index) = &self.index else {
            return Mattering::All;
        };
        let near = index.around(place).chain(index.everywhere());
        Mattering::of(near.chain(kept.filter_map(|id| self.group(id))))
    }

    /// As [`Self::at`], for those that matter.
    pub(crate) fn mattering_at(
        &self,
        mattering: &Mattering,
        time: i64,
    ) -> impl Iterator<Item = (&str, Option<&Fence>)> {
        let some = mattering.groups();
        let count = some.map_or(self.ends.len(), <[u32]>::len);
        let group = move |number| some.map_or(number, |groups| groups[number] as usize);
        let groups = (0..count).map(group);
        groups.map(move |group| self.valid(group, time))
    }

    /// Fences whose area holds a place, edge included, buffers ignored.
    pub fn holding(&self, at: Coord) -> impl Iterator<Item = &Fence> {
        let near = self.index.as_ref().map(|index| index.around(at));
        let all = if near.is_some() {
            0..0
        } else {
            0..self.ends.len()
        };
        let groups = near.into_iter().flatten().chain(all);
        let fences = groups.flat_map(|group| &self.list[self.versions(group)]);
        fences
            .map(AsRef::as_ref)
            .filter(move |fence| fence.shape().holds(at))
    }

    /// Whether a place lies where devices are known not to be heard, as it was known at `time`, ms
    /// since 1970.
    pub(crate) fn is_blind(&self, at: Coord, time: i64) -> bool {
        let mut blind = self.holding(at).filter(|fence| is_blind(fence));
        blind.any(|fence| {
            let counting = self
                .group(fence.id())
                .and_then(|group| self.newest(group, time));
            counting.is_some_and(|counting| counting.version() == fence.version())
        })
    }

    fn versions(&self, group: usize) -> Range<usize> {
        let start = if group == 0 { 0 } else { self.ends[group - 1] };
        start..self.ends[group]
    }

    fn valid(&self, group: usize, time: i64) -> (&str, Option<&Fence>) {
        let id = self.list[self.versions(group).start].id();
        // A blind spot demands nothing.
        (
            id,
            self.newest(group, time).filter(|fence| !is_blind(fence)),
        )
    }

    fn newest(&self, group: usize, time: i64) -> Option<&Fence> {
        let mut versions = self.list[self.versions(group)].iter();
        let valid = versions.find(|fence| fence.valid().holds(time));
        valid.map(AsRef::as_ref)
    }

    fn group(&self, id: &str) -> Option<usize> {
        let first = |group: &usize| self.list[self.versions(*group).start].id();
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low.midpoint(high);
            match first(&middle).cmp(id) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

fn is_blind(fence: &Fence) -> bool {
    fence.role() == Some(FenceRole::Blind)
}

impl PartialEq for Fences {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Fences {}

impl From<Vec<Fence>> for Fences {
    fn from(fences: Vec<Fence>) -> Self {
        Self::new(fences.into_iter().map(Arc::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_matters_comes_once_and_ascends(
            groups in proptest::collection::vec(0..40_usize, 0..60),
        ) {
            let mattering = Mattering::of(groups.iter().copied());
            let expected: std::collections::BTreeSet<u32> =
                groups.iter().map(|group| *group as u32).collect();
            let found: Vec<u32> = mattering.groups().unwrap().to_vec();
            prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
