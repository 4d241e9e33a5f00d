//! Chains of guests: heads of people of other offices whose acts came with a moved case.
//!
//! Of such a chain an office holds what its acts rest on and no more. Two things beyond that bear on
//! how those acts stand: another branch of the chain, and a position that a superior named. Both are
//! brought by the office above, so that an act stands alike wherever the case is.

use super::Replica;
use super::guest::are_near;
use super::heads::CHAIN_RANK;
use crate::effect::{Lane, Peer};
use crate::frame::{Chain, Frame};
use crate::link::{Item, Job, Link};
use crate::store::Store;
use jiaolian_schema::envelope::Head;
use jiaolian_schema::id::{AuthorId, EnvelopeId, OfficeId};
use std::collections::BTreeSet;

/// Chains told of, or asked for, at once.
const CHAINS_AT_ONCE: usize = 256;

impl<S: Store> Replica<S> {
    /// Says to an office above what is here of guests' chains, where that changed since it was
    /// said, and asks for positions that superiors named.
    pub(super) fn tell_chains_to(&mut self, peer: Peer) {
        let Some(link) = self.links.get(&peer) else {
            return;
        };
        let above = self.is_above(link.office, self.office);
        if self.guests.is_empty() || !above {
            return;
        }
        let news: Vec<(AuthorId, Chain)> = self
            .guest_chains(link)
            .map(|author| (author, self.chain_of(author)))
            .filter(|(author, chain)| link.told_chains.get(author) != Some(chain))
            .take(CHAINS_AT_ONCE)
            .collect();
        let asks: Vec<Frame> = self
            .guest_chains(link)
            .filter_map(|author| self.ask_for_named(author))
            .take(CHAINS_AT_ONCE)
            .collect();
        let items: Vec<Chain> = news.iter().map(|(_, chain)| chain.clone()).collect();
        self.say_chains(peer, &items, false);
        if let Some(link) = self.links.get_mut(&peer) {
            link.told_chains.extend(news);
            for ask in asks {
                link.say(Lane::Normal, ask);
            }
        }
    }

    fn guest_chains<'a>(&'a self, link: &'a Link) -> impl Iterator<Item = AuthorId> + 'a {
        let offices = self.authority.offices();
        let guests = self.guests.values().flatten().copied();
        let kept: BTreeSet<OfficeId> = guests
            .filter(|office| !are_near(offices, *office, self.office))
            .collect();
        let chains = self.chains.iter().filter(move |(author, row)| {
            kept.contains(&row.office) && !link.view.shows(&row.key(**author).group())
        });
        chains.map(|(author, _)| *author)
    }

    fn ask_for_named(&self, author: AuthorId) -> Option<Frame> {
        let whole = self.chains.get(&author)?.whole;
        let named = self.authority.named_positions(author).into_iter();
        let lacking = named.filter(|at| at.n > whole && !self.is_head_here(at.id));
        let to = lacking.map(|at| at.n).max()?;
        let from = whole + 1;
        Some(Frame::Heads { author, from, to })
    }

    /// A lower office said what it has of a guest's chain: where that is forked it gets all of it
    /// from the fork on.
    pub(super) fn hear_guest_chain(&mut self, peer: Peer, author: AuthorId, theirs: &Chain) {
        let Some(fork) = self.authority.fork_of(author) else {
            return;
        };
        if self.chain_of(author) != *theirs {
            self.plan_heads(peer, author, fork, u64::MAX);
        }
    }

    /// Whether a link's peer keeps the author's chain for a moved case.
    pub(super) fn is_guest_chain(&self, link: &Link, author: AuthorId) -> bool {
        let row = self.chains.get(&author);
        row.is_some_and(|row| {
            link.guests.contains(&row.office) && self.passes_down(link.office, row.office)
        })
    }

    /// A new head of a forked chain goes to those who keep the chain of a guest; with the first head
    /// of another branch goes what it is to be compared with.
    pub(super) fn offer_branch(&self, link: &mut Link, id: EnvelopeId, head: &Head) {
        let Some(fork) = self.authority.fork_of(head.author) else {
            return;
        };
        let Some(row) = self.chains.get(&head.author) else {
            return;
        };
        if head.n > fork + 1 {
            return link.push(Lane::Normal, Item::Head(id));
        }
        let job = Job::Heads {
            author: head.author,
            from: fork,
            to: row.top,
        };
        link.add_job(Lane::Normal, CHAIN_RANK, row.key(head.author), job);
    }
}
