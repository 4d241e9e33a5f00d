//! Hearing a peer: every frame after the greeting, and what it makes this node ask, send or store.

use super::carry::first_copy;
use super::{Replica, Taken};
use crate::effect::{Lane, Peer};
use crate::frame::{Chain, Frame, Have, ITEMS_MAX};
use crate::frontier::Known;
use crate::item::{ItemRef, Key, Short, item_ref};
use crate::link::{EARLY_FRAMES_MAX, Job, SCORE_MAX};
use crate::reconcile::Side;
use crate::store::Store;
use jiaolian_schema::admit::Introductions as _;
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::id::{AuthorId, DossierId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

/// Heads sent again where two chains of one length differ.
const FORK_HEADS: u64 = 256;
/// The rank of chains among the jobs of a lane: after all dossiers.
const CHAIN_RANK: u8 = 12;
/// Lists that a peer may ask for between two agreements, for each item here, and at the least.
const LISTED: (usize, usize) = (8, 100_000);

impl<S: Store> Replica<S> {
    pub(super) fn hear(&mut self, peer: Peer, frame: Frame) {
        let Some(link) = self.links.get_mut(&peer) else {
            return;
        };
        let early = link.salt.is_none()
            && !matches!(
                frame,
                Frame::Hello(_) | Frame::Envelopes { .. } | Frame::Durable { .. }
            );
        if early {
            // Lanes overtake one another: the greeting may come last.
            if link.early.len() < EARLY_FRAMES_MAX {
                return link.early.push(frame);
            }
            return self.shun(peer, "the peer never greets".to_owned());
        }
        match frame {
            Frame::Hello(hello) => self.hear_hello(peer, &hello),
            Frame::Ranges { chains, stretches } => self.hear_ranges(peer, chains, &stretches),
            Frame::Have { items, answer } => self.hear_have(peer, &items, answer),
            Frame::Chains { items, answer } => self.hear_chains(peer, &items, answer),
            Frame::Heads { author, from, to } => self.hear_heads(peer, author, from, to),
            Frame::Envelopes { lane, envelopes } => self.hear_envelopes(peer, lane, envelopes),
            Frame::Durable {
                urgent,
                normal,
                bulk,
            } => self.hear_durable(peer, [urgent, normal, bulk]),
            Frame::Check {
                dossiers,
                chains,
                answer,
            } => self.hear_check(peer, (dossiers, chains), answer),
            Frame::Refuse { newest, oldest } => self.hang_up(
                peer,
                format!("the peer speaks wire versions {oldest} to {newest}"),
            ),
        }
    }

    fn hear_ranges(&mut self, peer: Peer, chains: bool, stretches: &[u8]) {
        let Some(link) = self.links.get_mut(&peer) else {
            return;
        };
        let shown = link.view.part(chains);
        let side = Side {
            index: &self.index,
            view: &shown,
            salt: link.salt.unwrap_or_default(),
        };
        let answer = match side.answer(stretches) {
            Ok(answer) => answer,
            Err(error) => return self.shun(peer, format!("the stretches are refused: {error}")),
        };
        link.moved = self.now;
        let said: usize = answer.messages.iter().map(Vec::len).sum();
        link.listed += said / 14 + answer.differ.len() + answer.theirs.len();
        for stretches in answer.messages {
            link.say(Lane::Normal, Frame::Ranges { chains, stretches });
        }
        if chains {
            self.compare_chains(peer, &answer.ours, &answer.differ, answer.theirs);
        } else {
            self.send_all(peer, &answer.ours);
            let differ = answer.differ.iter().map(|key| DossierId(key.id()));
            self.want(peer, answer.theirs, differ.collect());
        }
        self.bound_lists(peer);
    }

    fn bound_lists(&mut self, peer: Peer) {
        let most = LISTED.0 * self.rows.len().max(self.chains.len()) + LISTED.1;
        if self.links.get(&peer).is_some_and(|link| link.listed > most) {
            self.shun(peer, "the peer asks without end".to_owned());
        }
    }

    fn send_all(&mut self, peer: Peer, ours: &[Key]) {
        let Some(mut link) = self.links.remove(&peer) else {
            return;
        };
        for key in ours {
            self.plan(
                &mut link,
                DossierId(key.id()),
                Known::default(),
                BTreeSet::new(),
            );
        }
        self.links.insert(peer, link);
    }

    /// Dossiers here whose ids begin like this.
    pub(super) fn named(&self, item: ItemRef) -> Vec<DossierId> {
        let mut from = [0; 32];
        from[..8].copy_from_slice(&item);
        let ids = self.rows.range(DossierId(from)..).map(|(id, _)| *id);
        ids.take_while(|id| id.0[..8] == item).collect()
    }

    /// Says what is here of dossiers of which the peer has more or other.
    pub(super) fn want(&mut self, peer: Peer, items: Vec<ItemRef>, here: BTreeSet<DossierId>) {
        let Some(link) = self.links.get(&peer) else {
            return;
        };
        let (salt, office) = (link.salt.unwrap_or_default(), link.office);
        let mut haves: Vec<Have> = Vec::new();
        for dossier in here {
            haves.push(self.have(dossier, salt, peer));
        }
        for item in items {
            let ids = self.named(item).into_iter();
            let open = ids.filter(|id| {
                let row = self.rows.get(id);
                row.is_some_and(|row| self.may_send(office, row) || self.held_before(office, row))
            });
            let mut known: Vec<Have> = open.map(|id| self.have(id, salt, peer)).collect();
            if known.is_empty() {
                let (tips, refused) = (Vec::new(), None);
                known.push(Have {
                    item,
                    tips,
                    refused,
                });
            }
            haves.append(&mut known);
        }
        self.say_have(peer, haves, false);
    }

    fn say_have(&mut self, peer: Peer, haves: Vec<Have>, answer: bool) {
        let Some(link) = self.links.get_mut(&peer) else {
            return;
        };
        let (mut items, mut bytes) = (Vec::new(), 0);
        for have in haves {
            bytes += have.tips.len() + have.refused.as_ref().map_or(0, Vec::len) + 16;
            items.push(have);
            if bytes > 32 * 1024 || items.len() == ITEMS_MAX {
                let items = std::mem::take(&mut items);
                link.say(Lane::Normal, Frame::Have { items, answer });
                bytes = 0;
            }
        }
        if !items.is_empty() {
            link.say(Lane::Normal, Frame::Have { items, answer });
        }
    }

    /// A dossier that is not here and one that the peer may not have are answered alike: not at all.
    fn hear_have(&mut self, peer: Peer, items: &[Have], answer: bool) {
        let Some(mut link) = self.links.remove(&peer) else {
            return;
        };
        link.listed += items.len();
        link.moved = self.now;
        let salt = link.salt.unwrap_or_default();
        let mut back = Vec::new();
        for have in items {
            for dossier in self.named(have.item) {
                let row = self.rows.get(&dossier);
                let open = row.is_some_and(|row| {
                    self.may_send(link.office, row) || self.held_before(link.office, row)
                });
                if !open {
                    continue;
                }
                let known = Known::unpack(&have.tips);
                let frontier = self.frontier_of(dossier);
                if !answer && known.is_beyond(&frontier, salt) {
                    back.push(self.have(dossier, salt, peer));
                }
                if known != Known::unpack(&frontier.pack(salt)) {
                    self.plan(&mut link, dossier, known, shorts(have.refused.as_deref()));
                }
            }
        }
        self.links.insert(peer, link);
        self.say_have(peer, back, true);
        self.bound_lists(peer);
    }

    fn authors_named(&self, item: ItemRef) -> Vec<AuthorId> {
        let mut from = [0; 32];
        from[..8].copy_from_slice(&item);
        let ids = self.chains.range(AuthorId(from)..).map(|(id, _)| *id);
        ids.take_while(|id| id.0[..8] == item).collect()
    }

    fn chain_of(&self, author: AuthorId) -> Chain {
        let row = self.chains.get(&author);
        Chain {
            item: item_ref(&author.0),
            whole: row.map_or(0, |row| row.whole),
            count: row.map_or(0, |row| row.count),
        }
    }

    fn compare_chains(&mut self, peer: Peer, ours: &[Key], differ: &[Key], theirs: Vec<ItemRef>) {
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
        self.say_chains(peer, items, false);
    }

    fn say_chains(&mut self, peer: Peer, items: Vec<Chain>, answer: bool) {
        if let Some(link) = self.links.get_mut(&peer) {
            for items in items.chunks(ITEMS_MAX) {
                let items = items.to_vec();
                link.say(Lane::Normal, Frame::Chains { items, answer });
            }
        }
    }

    fn plan_heads(&mut self, peer: Peer, author: AuthorId, from: u64, to: u64) {
        let (Some(row), Some(link)) = (self.chains.get(&author), self.links.get_mut(&peer)) else {
            return;
        };
        let to = to.min(row.top);
        if from <= to {
            let job = Job::Heads { author, from, to };
            link.add_job(Lane::Normal, CHAIN_RANK, row.key(author), job);
        }
    }

    fn hear_chains(&mut self, peer: Peer, items: &[Chain], answer: bool) {
        let mut back = Vec::new();
        for theirs in items {
            let Some(link) = self.links.get_mut(&peer) else {
                return;
            };
            link.listed += 1;
            link.moved = self.now;
            let shown = link.view.clone();
            for author in self.authors_named(theirs.item) {
                let Some(row) = self.chains.get(&author).cloned() else {
                    continue;
                };
                if !shown.shows(&row.key(author).group()) {
                    continue;
                }
                let ours = self.chain_of(author);
                if row.top > theirs.whole {
                    self.plan_heads(peer, author, theirs.whole + 1, u64::MAX);
                } else if ours.whole == theirs.whole && row.digest() != [0; 16] {
                    let from = ours.whole.saturating_sub(FORK_HEADS).max(1);
                    self.plan_heads(peer, author, from, u64::MAX);
                }
                let more = theirs.whole > ours.whole || theirs.count > ours.count;
                if !answer && (more || theirs.whole == ours.whole) {
                    back.push(ours);
                }
            }
        }
        self.say_chains(peer, back, true);
        self.bound_lists(peer);
    }

    /// Heads say nothing of a dossier; they go to whoever may have the roster of their author, or gets it handed down.
    fn hear_heads(&mut self, peer: Peer, author: AuthorId, from: u64, to: u64) {
        let Some(link) = self.links.get_mut(&peer) else {
            return;
        };
        link.listed += 1;
        let (Some(known), offices) = (
            self.authority.introduction(author),
            self.authority.offices(),
        ) else {
            return;
        };
        let near = offices.covers(link.office, known.office)
            || offices.covers(known.office, link.office)
            || offices.is_above(self.office, link.office)
                && offices.covers(self.office, known.office);
        if near {
            self.plan_heads(peer, author, from, to);
        }
        self.bound_lists(peer);
    }

    fn hear_envelopes(&mut self, peer: Peer, lane: u8, envelopes: Vec<Envelope>) {
        let count = envelopes.len() as u64;
        let mut seen: BTreeMap<AuthorId, u64> = BTreeMap::new();
        for envelope in envelopes {
            let head = envelope.parse_head().ok();
            let taken = self.take(envelope, Some(peer));
            if let Some(head) = head.filter(|_| matches!(taken, Taken::Stored | Taken::Parked)) {
                let n = seen.entry(head.author).or_default();
                *n = (*n).max(head.n);
            }
        }
        if let Some(link) = self.links.get_mut(&peer) {
            link.got[usize::from(lane.min(2))] += count;
            link.moved = self.now;
            link.agreed = false;
            link.check_wait = crate::link::CHECK_MS.0;
            if link.score > SCORE_MAX {
                return self.shun(peer, "the peer sends what is refused".to_owned());
            }
        }
        for (author, n) in seen {
            self.ask_for_heads(peer, author, n);
        }
    }

    /// A chain counts only whole. Chains that the link compares are made whole by that; others are asked for.
    fn ask_for_heads(&mut self, peer: Peer, author: AuthorId, n: u64) {
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

    fn hear_durable(&mut self, peer: Peer, counts: [u64; 3]) {
        let Some(link) = self.links.get_mut(&peer) else {
            return;
        };
        if !link.land(counts) {
            // Of what was never sent nothing can be durable: said, counted, not believed.
            link.score += 1;
            return;
        }
        link.moved = self.now;
        self.pump(peer);
        self.landed(peer);
    }

    /// The rosters of authors whose offices the peer has no other way to know, once in a session.
    pub(super) fn hand_down(&self, link: &mut crate::link::Link, authors: BTreeSet<AuthorId>) {
        let offices = self.authority.offices();
        for author in authors {
            let Some(known) = self.authority.introduction(author) else {
                continue;
            };
            let near = |a: OfficeId, b: OfficeId| offices.covers(a, b) || offices.covers(b, a);
            if near(known.office, link.office) || !link.handed.insert(known.office) {
                continue;
            }
            let Some(roster) = self.roster_of(known.office) else {
                continue;
            };
            if let Some(key) = self
                .key_of(roster)
                .filter(|_| self.passes_down(link.office, known.office))
            {
                link.add_job(Lane::Urgent, 7, key, first_copy(roster));
            }
        }
    }

    fn passes_down(&self, to: OfficeId, of: OfficeId) -> bool {
        let offices = self.authority.offices();
        offices.is_above(self.office, to) && offices.covers(self.office, of)
    }
}

fn shorts(packed: Option<&[u8]>) -> BTreeSet<Short> {
    let rows = packed.unwrap_or_default().chunks_exact(6);
    rows.map(|row| {
        let mut short = [0; 6];
        short.copy_from_slice(row);
        short
    })
    .collect()
}
