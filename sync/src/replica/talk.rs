//! Hearing a peer: every frame after the greeting, and what it makes this node ask, send or store.

use super::{Replica, Taken};
use crate::effect::{Lane, Peer};
use crate::frame::{Frame, Have, ITEMS_MAX};
use crate::frontier::Known;
use crate::item::{ItemRef, Key, Short};
use crate::link::{EARLY_FRAMES_MAX, SCORE_MAX};
use crate::reconcile::Side;
use crate::store::Store;
use crate::subject::claimed_dossier;
use jiaolian_schema::admit::Introductions as _;
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::id::{AuthorId, DossierId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

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
            Frame::Guests(guests) => self.hear_guests(peer, &guests),
            // Decoding has unpacked it.
            Frame::Packed { .. } => {}
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

    pub(super) fn bound_lists(&mut self, peer: Peer) {
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
        let salt = link.salt.unwrap_or_default();
        let mut haves: Vec<Have> = Vec::new();
        for dossier in here {
            haves.push(self.have(dossier, salt, peer));
        }
        for item in items {
            let ids = self.named(item).into_iter();
            let open = ids.filter(|id| {
                let row = self.rows.get(id);
                row.is_some_and(|row| {
                    self.may_pass(link, row) || self.held_before(link.office, row)
                })
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

    pub(super) fn say_have(&mut self, peer: Peer, haves: Vec<Have>, answer: bool) {
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

    /// A dossier that is not here and one that the peer may not have are answered alike: not at
    /// all.
    fn hear_have(&mut self, peer: Peer, items: &[Have], answer: bool) {
        let Some(mut link) = self.links.remove(&peer) else {
            return;
        };
        link.listed += items.len();
        link.moved = self.now;
        let salt = link.salt.unwrap_or_default();
        let (mut back, mut arrived) = (Vec::new(), Vec::new());
        for have in items {
            for dossier in self.named(have.item) {
                let Some(row) = self.rows.get(&dossier) else {
                    continue;
                };
                if !self.may_pass(&link, row) && !self.held_before(link.office, row) {
                    continue;
                }
                let known = Known::unpack(&have.tips);
                let frontier = self.frontier_of(dossier);
                let parted = !self.may_pass(&link, row);
                let told = answer || parted || known.is_beyond(&frontier, salt);
                if told && !answer {
                    back.push(self.have(dossier, salt, peer));
                }
                if known == Known::unpack(&frontier.pack(salt)) {
                    arrived.push(dossier);
                    continue;
                }
                self.plan(&mut link, dossier, known, shorts(have.refused.as_deref()));
                if told {
                    link.spare_answer(dossier);
                }
            }
        }
        self.links.insert(peer, link);
        self.say_have(peer, back, true);
        self.note_arrived(peer, arrived);
        self.bound_lists(peer);
    }

    fn hear_envelopes(&mut self, peer: Peer, lane: u8, envelopes: Vec<Envelope>) {
        let count = envelopes.len() as u64;
        let mut seen: BTreeMap<AuthorId, u64> = BTreeMap::new();
        let mut known = BTreeSet::new();
        for envelope in envelopes {
            let head = envelope.parse_head().ok();
            let dossier = claimed_dossier(&envelope);
            match (self.take(envelope, Some(peer)), head) {
                (Taken::Stored | Taken::Parked, Some(head)) => {
                    let n = seen.entry(head.author).or_default();
                    *n = (*n).max(head.n);
                }
                (Taken::Known, _) => known.extend(dossier),
                _ => {}
            }
        }
        self.part_with(peer, known);
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

    /// Offices of those who signed in a dossier, and offices that were made responsible for it.
    pub(super) fn offices_in<'a>(
        &self,
        facts: impl Iterator<Item = &'a Fact>,
    ) -> BTreeSet<OfficeId> {
        let mut offices = BTreeSet::new();
        for fact in facts {
            let known = self.authority.introduction(fact.author);
            offices.extend(known.map(|known| known.office));
            match &fact.what {
                What::Open { office, .. } | What::Assign { office, .. } => {
                    offices.insert(*office);
                }
                _ => {}
            }
        }
        offices
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
