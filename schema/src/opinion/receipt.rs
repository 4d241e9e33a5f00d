//! Rules 8 to 10: which receipts count, what they cover, and what they file.

use super::paper::Paper;
use super::{Opinion, State};
use crate::act::At;
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use std::collections::BTreeMap;

impl Opinion<'_> {
    /// Rule 10: among the receipts of one witness, those that count. The path holds all good ones.
    pub(super) fn count_receipts(&mut self, path: &[EnvelopeId]) {
        let papers = self.papers;
        let mut latest = i64::MIN;
        for paper in path.iter().filter_map(|id| papers.get(*id)) {
            let Some(receipt) = paper.receipt() else {
                continue;
            };
            let cited = paper.head.receipt.and_then(|id| papers.get(id)?.receipt());
            let not_before = cited.map_or(latest, |cited| latest.max(cited.time));
            let good = matches!(self.states.get(&paper.id), Some(State::Good { .. }));
            if good && receipt.time >= not_before {
                self.counting.insert(paper.id, receipt.time);
            }
            latest = latest.max(receipt.time);
        }
    }

    /// The counting receipts of the author's witnesses, earliest first.
    fn receipts_for(&self, author: AuthorId) -> Vec<(i64, &Paper)> {
        let counting = self.counting.iter();
        let papers = counting.filter_map(|(id, time)| Some((*time, self.papers.get(*id)?)));
        let mut found: Vec<_> = papers
            .filter(|(_, paper)| self.is_by_witness(paper, author))
            .collect();
        found.sort_by_key(|(time, paper)| (*time, paper.id));
        found
    }

    /// Rule 8: when each head of an author was first covered.
    pub(super) fn covered(&self, author: AuthorId) -> BTreeMap<EnvelopeId, i64> {
        let mut covered = BTreeMap::new();
        for (time, paper) in self.receipts_for(author) {
            let listed = paper.receipt().map(|receipt| &receipt.heads);
            for entry in listed.into_iter().flatten() {
                let at = At {
                    n: entry.n,
                    id: entry.id,
                };
                if entry.author != author {
                    continue;
                }
                for below in self.papers.back(at) {
                    // Receipts come earliest first, so what is covered already stays so below.
                    if covered.contains_key(&below.id) {
                        break;
                    }
                    covered.insert(below.id, time);
                }
            }
        }
        covered
    }

    /// Rule 9: when each envelope of an author was first filed whole.
    pub(super) fn filed_whole(&self, author: AuthorId) -> BTreeMap<EnvelopeId, i64> {
        let mut filed = BTreeMap::new();
        for (time, paper) in self.receipts_for(author) {
            let listed = paper.receipt().map(|receipt| &receipt.heads);
            for entry in listed.into_iter().flatten() {
                if entry.author == author && entry.whole == 1 {
                    filed.entry(entry.id).or_insert(time);
                }
            }
        }
        filed
    }

    /// When the witnesses of one office or above it filed an envelope (rule 38).
    pub(super) fn filed_with(&self, id: EnvelopeId, office: OfficeId) -> Option<i64> {
        let author = self.papers.get(id)?.head.author;
        let receipts = self.receipts_for(author).into_iter();
        let mut upper = receipts.filter(|(_, paper)| self.spoke_over(paper, office));
        let lists = |paper: &Paper| {
            let heads = paper.receipt().map(|receipt| &receipt.heads);
            let mut heads = heads.into_iter().flatten();
            heads.any(|entry| entry.id == id && entry.whole == 1)
        };
        let (time, _) = upper.find(|(_, paper)| lists(paper))?;
        Some(time)
    }
}
