//! The fences that judge a person, in the order of their names.

use std::sync::Arc;

use super::Fence;
use crate::geo::Coord;

/// Fences sorted by id; versions of one fence together, the highest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fences(Vec<Arc<Fence>>);

impl Fences {
    /// A set of fences; a version given twice counts once.
    pub fn new(fences: impl IntoIterator<Item = Arc<Fence>>) -> Self {
        let mut list: Vec<_> = fences.into_iter().collect();
        list.sort_by(|a, b| (a.id(), b.version()).cmp(&(b.id(), a.version())));
        list.dedup_by(|a, b| a.id() == b.id() && a.version() == b.version());
        Self(list)
    }

    /// All fences and versions.
    pub fn iter(&self) -> impl Iterator<Item = &Fence> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// For each id the version that counts at `time`, ms since 1970, if one does.
    pub fn at(&self, time: i64) -> impl Iterator<Item = (&str, Option<&Fence>)> {
        self.0
            .chunk_by(|a, b| a.id() == b.id())
            .map(move |versions| {
                let valid = versions.iter().find(|fence| fence.valid().holds(time));
                (versions[0].id(), valid.map(AsRef::as_ref))
            })
    }

    /// Fences whose area holds a place, edge included, buffers ignored.
    pub fn holding(&self, at: Coord) -> impl Iterator<Item = &Fence> {
        self.iter().filter(move |fence| fence.shape().holds(at))
    }
}

impl From<Vec<Fence>> for Fences {
    fn from(fences: Vec<Fence>) -> Self {
        Self::new(fences.into_iter().map(Arc::new))
    }
}
