//! Heads on their own: chains are compared between an office and those above it, and asked for
//! where they are not.

use super::Replica;
use super::guest::are_near;
use crate::effect::{Lane, Peer};
use crate::frame::{Chain, Frame, ITEMS_MAX};
use crate::item::{ItemRef, Key, item_ref};
use crate::link::{CHECK_MS, Job};
use crate::store::Store;
use jiaolian_schema::admit::Introductions as _;
use jiaolian_schema::hold::Moment;
use jiaolian_schema::id::AuthorId;

/// Heads sent again where two chains of one length differ.
const FORK_HEADS: u64 = 256;
/// Chains asked for at once.
const GAPS_AT_ONCE: usize = 64;
/// The rank of chains among the jobs of a lane: after all dossiers.
pub(super) const CHAIN_RANK: u8 = 12;

impl<S: Store> Replica<S> {
    fn authors_named(&self, item: ItemRef) -> Vec<AuthorId> {
        let mut from = [0; 32];
        from[..8].copy_from_slice(&item);
        let ids = self.chains.range(AuthorId(from)..).map(|(id, _)| *id);
        ids.take_while(|id| id.0[..8] == item).collect()
    }

    pub(super) fn chain_of(&self, author: AuthorId) -> Chain {
        let row = self.chains.get(&author);
        Chain {
            item: item_ref(&author.0),
            whole: row.map_or(0, |row| row.whole),
            count: row.map_or(0, |row| row.count),
        }
    }

    pub(super) fn compare_chains(
        &mut self,
        peer: Peer,
        ours: &[Key],
        differ: &[Key],
        theirs: Vec<ItemRef>,
    ) {
        for key in ours {
            let author = AuthorId(key.id());
            self.plan_heads(peer, author, 1, u64::MAX);
        }
        let differ = differ.iter().map(|key| self.chain_of(AuthorId(key.id())));
        let none = |item| Chain {
            item,
            whole: 0,
            count: 0,
        };
        let items: Vec<Chain> = differ.chain(theirs.into_iter().map(none)).collect();
        self.say_chains(peer, &items, false);
    }

    pub(super) fn say_chains(&mut self, peer: Peer, items: &[Chain], answer: bool) {
        if let Some(link) = self.links.get_mut(&peer) {
            for items in items.chunks(ITEMS_MAX) {
                let items = items.to_vec();
                link.say(Lane::Normal, Frame::Chains { items, answer });
            }
        }
    }

    pub(super) fn plan_heads(&mut self, peer: Peer, author: AuthorId, from: u64, to: u64) {
        let (Some(row), Some(link)) = (self.chains.get(&author), self.links.get_mut(&peer)) else {
            return;
        };
        let to = to.min(row.top);
        if from <= to {
            let job = Job::Heads { author, from, to };
            link.add_job(Lane::Normal, CHAIN_RANK, row.key(author), job);
        }
    }

    pub(super) fn hear_chains(&mut self, peer: Peer, items: &[Chain], answer: bool) {
        let Some(link) = self.links.get_mut(&peer) else {
            return;
        };
        link.listed += items.len();
        link.moved = self.now;
        let (shown, below) = (link.view.clone(), link.office);
        let mut back = Vec::new();
        for theirs in items {
            for author in self.authors_named(theirs.item) {
                let row = self.chains.get(&author);
                let Some(row) = row.filter(|row| shown.shows(&row.key(author).group())) else {
                    if row.is_some_and(|row| self.passes_down(below, row.office)) {
                        self.hear_guest_chain(peer, author, theirs);
                    }
                    continue;
                };
                let (top, ours) = (row.top, self.chain_of(author));
                let equal = ours.whole == theirs.whole;
                if top > theirs.whole {
                    self.plan_heads(peer, author, theirs.whole + 1, u64::MAX);
                } else if equal {
                    // As long and yet other: a fork, which lies near the end or is found by what is
                    // built on it.
                    let from = ours.whole.saturating_sub(FORK_HEADS).max(1);
                    self.plan_heads(peer, author, from, u64::MAX);
                }
                let more = theirs.whole > ours.whole || theirs.count > ours.count;
                if !answer && (more || equal) {
                    back.push(ours);
                }
            }
        }
        self.say_chains(peer, &back, true);
        self.bound_lists(peer);
    }

    /// Heads say nothing of a dossier; they go to whoever may have the roster of their author, or
    /// gets it handed down.
    pub(super) fn hear_heads(&mut self, peer: Peer, author: AuthorId, from: u64, to: u64) {
        let Some(link) = self.links.get_mut(&peer) else {
            return;
        };
        link.listed += 1;
        let there = link.office;
        let Some(known) = self.authority.introduction(author) else {
            return;
        };
        let near = are_near(self.authority.offices(), there, known.office)
            || self.passes_down(there, known.office);
        if near {
            self.plan_heads(peer, author, from, to);
        }
        self.bound_lists(peer);
    }

    /// A chain counts only whole. Chains that the link compares are made whole by that; others are
    /// asked for.
    pub(super) fn ask_for_heads(&mut self, peer: Peer, author: AuthorId, n: u64) {
        let (Some(row), Some(link)) = (self.chains.get(&author), self.links.get_mut(&peer)) else {
            return;
        };
        let asked = link.asked.get(&author).copied().unwrap_or(0);
        if row.whole + 1 >= n || asked + 1 >= n || link.view.shows(&row.key(author).group()) {
            return;
        }
        link.asked.insert(author, n - 1);
        let from = row.whole.max(asked) + 1;
        let to = n - 1;
        link.say(Lane::Normal, Frame::Heads { author, from, to });
    }

    /// What was missing where it was asked for may have come there since: asked again, more and
    /// more rarely.
    pub(super) fn ask_for_gaps(&mut self, peer: Peer) {
        let today = self.today();
        let Some(link) = self.links.get_mut(&peer).filter(|link| link.salt.is_some()) else {
            return;
        };
        if self.now < link.gaps_at
            || !self
                .authority
                .offices()
                .stood_over(link.office, self.office, Moment::at(today))
        {
            return;
        }
        link.gaps_at = self.now + link.gaps_wait;
        let gapped = self.gapped.iter().filter_map(|author| {
            let row = self.chains.get(author)?;
            Some((
                *author,
                row.whole + 1,
                row.top - 1,
                row.key(*author).group(),
            ))
        });
        let gapped = gapped.filter(|(_, _, _, group)| !link.view.shows(group));
        let asks: Vec<_> = gapped.take(GAPS_AT_ONCE).collect();
        link.gaps_wait = if asks.is_empty() {
            CHECK_MS.0
        } else {
            (link.gaps_wait * 2).min(CHECK_MS.1)
        };
        for (author, from, to, _) in asks {
            link.say(Lane::Normal, Frame::Heads { author, from, to });
        }
        self.tell_chains_to(peer);
    }
}
