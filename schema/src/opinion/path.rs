//! Rules 16 to 19: the good path of an author, computed from position 1 upward.

use super::Opinion;
use super::paper::Paper;
use super::word::{Statement, is_told_no, word};
use crate::id::{AuthorId, EnvelopeId};
use std::collections::BTreeMap;

impl Opinion<'_> {
    /// The good heads of an author in the order of the chain.
    pub(super) fn good_path(
        &self,
        author: AuthorId,
        statements: &[Statement],
        covered: &BTreeMap<EnvelopeId, i64>,
    ) -> Vec<EnvelopeId> {
        let frozen_from = self.papers.fork(author).map_or(u64::MAX, |(n, _)| n);
        let mut path: Vec<EnvelopeId> = Vec::new();
        for (n, heads) in self.papers.heads_of(author) {
            let last = path.last().copied();
            if n != path.len() as u64 + 1 {
                break;
            }
            let next = heads.into_iter().filter(|head| head.head.prev == last);
            let left: Vec<&Paper> = next.filter(|head| !is_told_no(statements, head)).collect();
            let good = if n < frozen_from {
                left.first().map(|head| head.id)
            } else {
                settled(&left, statements, covered)
            };
            match good {
                Some(id) => path.push(id),
                None => break,
            }
        }
        path
    }
}

/// Rule 18: of those left on a frozen chain, the one covered first; where nothing is covered,
/// the one told yes by the highest office.
fn settled(
    left: &[&Paper],
    statements: &[Statement],
    covered: &BTreeMap<EnvelopeId, i64>,
) -> Option<EnvelopeId> {
    let times = left.iter().filter_map(|head| {
        let time = covered.get(&head.id)?;
        Some((*time, head.id))
    });
    if let Some(found) = only_first(&times.collect::<Vec<_>>()) {
        return found;
    }
    let told = left.iter().filter_map(|head| {
        let word = word(statements, head)?;
        word.yes.then_some((word.turn, head.id))
    });
    only_first(&told.collect::<Vec<_>>()).flatten()
}
/// The one that is settled on, if any.
type Settled = Option<EnvelopeId>;

/// The one with the smallest key: none of none, and nobody where two share it.
fn only_first<K: Ord + Copy>(found: &[(K, EnvelopeId)]) -> Option<Settled> {
    let first = found.iter().map(|(key, _)| *key).min()?;
    let mut least = found.iter().filter(|(key, _)| *key == first);
    let one = least.next().map(|(_, id)| *id);
    Some(one.filter(|_| least.next().is_none()))
}
