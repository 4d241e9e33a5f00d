//! Greeting a peer and agreeing with it: what both have in few bytes, and how to go on where that
//! differs.

use super::Replica;
use crate::effect::{Event, Lane, Peer};
use crate::frame::{Frame, Hello, RECENT_BYTES, RECENT_MAX, WIRE_VERSION, WIRE_VERSION_MIN};
use crate::index::View;
use crate::item::{Class, Key, Salt, item_ref};
use crate::link::{CHECK_MS, Hint, Link};
use crate::reconcile::Side;
use crate::store::{Store, Table};
use jiaolian_schema::canon;
use jiaolian_schema::id::{DossierId, OfficeId, sha256};
use jiaolian_schema::standing::FOLD_VERSION;
use std::collections::BTreeSet;

/// The edit version of this build.
const EDIT_VERSION: u16 = 1;
/// How often what peers last agreed on is written, ms, where nothing asks for it at once.
const HINT_MS: i64 = 60_000;

impl<S: Store> Replica<S> {
    pub(super) fn greet(&mut self, peer: Peer, office: OfficeId, now: i64) {
        let shown = self.view_of(office);
        let mut salt = [0; 4];
        salt.copy_from_slice(&self.fresh()[..4]);
        let root = self.root(&shown);
        let (agreed, recent) = self.recent(peer, &shown, root, salt);
        let hello = Hello {
            wire: WIRE_VERSION,
            fold: FOLD_VERSION,
            edit: EDIT_VERSION,
            pack: first(&self.pack),
            office: first(&office_bytes(self.office)),
            salt,
            roster: first(&self.roster_root(&shown)),
            root,
            agreed,
            recent,
        };
        let mut link = Link::new(peer, office, shown, salt, now);
        link.greeted = Some((root, agreed.unwrap_or(root)));
        link.say(Lane::Urgent, Frame::Hello(hello));
        self.links.insert(peer, link);
    }

    fn root(&self, shown: &View) -> [u8; 12] {
        first(&shown.total(&self.index).hash(b"root"))
    }

    /// The roots over a link's dossiers and over its chains.
    fn roots(&self, shown: &View) -> ([u8; 8], [u8; 8]) {
        let part = |chains| first(&shown.part(chains).total(&self.index).hash(b"part"));
        (part(false), part(true))
    }

    fn roster_root(&self, shown: &View) -> [u8; 32] {
        let end = [Class::Alarm as u8];
        let mut border = Key::START;
        border.0[..1].copy_from_slice(&end);
        let rosters = shown.sum(&self.index, &Key::START, &border);
        rosters.hash(b"roster")
    }

    pub(super) fn save_hint(&mut self, peer: Peer) {
        if let Some(hint) = self.hints.get(&peer) {
            self.disk.put(Table::Hint, &peer.0, canon::encode(hint));
        }
    }

    /// What changed since the last agreement, where the log still reaches back to it.
    #[allow(clippy::type_complexity)]
    fn recent(
        &self,
        peer: Peer,
        shown: &View,
        root: [u8; 12],
        salt: [u8; 4],
    ) -> (Option<[u8; 12]>, Option<Vec<u8>>) {
        let nothing = (Some([0; 12]), None);
        let Some(hint) = self.hints.get(&peer) else {
            return nothing;
        };
        if hint.root == root {
            return (None, None);
        }
        let oldest = self.changed.keys().next().copied().unwrap_or(0);
        if self.changed.len() >= self.limits.changed_max && oldest > hint.seq {
            return nothing;
        }
        let salt = half(salt);
        let (mut list, mut count) = (Vec::new(), 0);
        for dossier in self.changed.range(hint.seq + 1..).map(|(_, id)| *id) {
            let Some(row) = self.rows.get(&dossier) else {
                continue;
            };
            let mut keys = self.keys_of(dossier, row).into_iter();
            if keys.any(|key| shown.shows(&key.group())) {
                list.extend_from_slice(&item_ref(&dossier.0));
                list.extend_from_slice(&salt.short(&row.digest));
                count += 1;
            }
        }
        if count > RECENT_MAX {
            return nothing;
        }
        (Some(hint.root), Some(list))
    }

    pub(super) fn hear_hello(&mut self, peer: Peer, hello: &Hello) {
        if hello.wire < WIRE_VERSION_MIN {
            if let Some(link) = self.links.get_mut(&peer) {
                let (newest, oldest) = (WIRE_VERSION, WIRE_VERSION_MIN);
                link.say(Lane::Urgent, Frame::Refuse { newest, oldest });
                let last = link.take_out().into_iter();
                let sends = last.map(|(lane, frame)| crate::effect::Effect::Send {
                    peer,
                    lane,
                    frame: frame.encode(),
                });
                self.out.extend(sends);
            }
            let wire = hello.wire;
            return self.hang_up(
                peer,
                format!("the peer speaks wire version {wire}, this node {WIRE_VERSION_MIN} to {WIRE_VERSION}"),
            );
        }
        let Some(link) = self.links.get_mut(&peer) else {
            return;
        };
        if hello.office != first::<4>(&office_bytes(link.office)) {
            return self.shun(
                peer,
                "the peer names another office than the roster".to_owned(),
            );
        }
        let Some((sent_root, sent_agreed)) = link.greeted.take() else {
            return self.shun(peer, "the peer greeted twice".to_owned());
        };
        link.salt = Some(both(link.salt_here, hello.salt));
        let leads = link.salt_here < hello.salt;
        link.check_at = self.now + CHECK_MS.0 * if leads { 1 } else { 3 };
        let early = std::mem::take(&mut link.early);
        if hello.root == sent_root {
            self.agree_if_still(peer, sent_root);
        } else if hello.agreed.unwrap_or(hello.root) == sent_agreed && sent_agreed != [0; 12] {
            self.want_recent(peer, hello);
        } else if leads {
            self.reconcile(peer, false);
        }
        self.tell_guests_to(peer);
        self.tell_gone_to(peer);
        self.offer_all_unchecked(peer);
        for frame in early {
            self.hear(peer, frame);
        }
    }

    /// Asks for what the peer says has changed, where that is not what is here.
    fn want_recent(&mut self, peer: Peer, hello: &Hello) {
        let salt = half(hello.salt);
        let recent = hello.recent.as_deref().unwrap_or_default();
        let mut wanted = Vec::new();
        for row in recent.chunks_exact(RECENT_BYTES) {
            let item: [u8; 8] = first(row);
            let same = |id: &DossierId| {
                let row_here = self.rows.get(id);
                row_here.is_some_and(|here| salt.short(&here.digest) == row[8..])
            };
            if !self.named(item).iter().any(same) {
                wanted.push(item);
            }
        }
        self.want(peer, wanted, BTreeSet::new());
    }

    /// Begins to compare all dossiers, or all chains, by ranges.
    pub(super) fn reconcile(&mut self, peer: Peer, chains: bool) {
        let Some(link) = self.links.get_mut(&peer) else {
            return;
        };
        let shown = link.view.part(chains);
        let side = Side {
            index: &self.index,
            view: &shown,
            salt: link.salt.unwrap_or_default(),
        };
        link.moved = self.now;
        for stretches in side.open() {
            link.say(Lane::Normal, Frame::Ranges { chains, stretches });
        }
    }

    fn agree_if_still(&mut self, peer: Peer, root: [u8; 12]) {
        let Some(link) = self.links.get(&peer) else {
            return;
        };
        if self.root(&link.view) == root {
            self.agree(peer);
        }
    }

    /// Both have the same: everything of this node that the peer may hold is durable there.
    fn agree(&mut self, peer: Peer) {
        let Some(link) = self.links.get(&peer) else {
            return;
        };
        let root = self.root(&link.view);
        if let Some(link) = self.links.get_mut(&peer) {
            (link.agreed, link.has_agreed) = (true, true);
            link.listed = 0;
            link.unexplained.clear();
            link.check_wait = CHECK_MS.0;
        }
        let news = self.hints.get(&peer).is_none_or(|hint| hint.root != root);
        let hint = Hint {
            root,
            seq: self.seq,
            acked: self.seq,
            as_of: self.now,
            heard: self.now,
            saved: if news {
                self.now
            } else {
                self.hints[&peer].saved
            },
        };
        self.hints.insert(peer, hint);
        if news {
            self.save_hint(peer);
        }
        let as_of = self.now;
        self.publish(Event::Delivered { peer, as_of });
    }

    /// Everything sent has landed: where both had agreed before, they are together again as far as
    /// this node knows.
    pub(super) fn landed(&mut self, peer: Peer) {
        let now = self.now;
        let together = self.links.get(&peer);
        let together = together.is_some_and(|link| link.has_agreed && link.is_idle());
        if let Some(hint) = self.hints.get_mut(&peer).filter(|_| together) {
            (hint.acked, hint.as_of) = (self.seq, now);
            self.publish(Event::Delivered { peer, as_of: now });
        }
    }

    pub(super) fn hear_check(&mut self, peer: Peer, theirs: ([u8; 8], [u8; 8]), answer: bool) {
        let Some(link) = self.links.get(&peer) else {
            return;
        };
        let ours = self.roots(&link.view);
        let same = ours == theirs;
        if let Some(link) = self.links.get_mut(&peer).filter(|_| !answer) {
            let (dossiers, chains) = ours;
            let answer = true;
            let frame = Frame::Check {
                dossiers,
                chains,
                answer,
            };
            link.say(Lane::Urgent, frame);
        }
        if same {
            self.agree(peer);
        } else if answer {
            self.reconcile(peer, ours.0 == theirs.0);
        }
    }

    /// In quiet moments links that may differ are checked; what peers agreed on is written now and
    /// then.
    pub(super) fn check_links(&mut self) {
        let peers: Vec<Peer> = self.links.keys().copied().collect();
        for peer in peers {
            self.check_link(peer);
            self.tell_gone_again(peer);
            self.ask_for_gaps(peer);
            self.note_heard(peer);
        }
    }

    fn check_link(&mut self, peer: Peer) {
        let now = self.now;
        let Some(link) = self.links.get(&peer) else {
            return;
        };
        let quiet = link.is_idle() && now - link.moved >= CHECK_MS.0;
        if link.agreed || !quiet || now < link.check_at {
            return;
        }
        let (dossiers, chains) = self.roots(&link.view);
        if let Some(link) = self.links.get_mut(&peer) {
            let answer = false;
            let frame = Frame::Check {
                dossiers,
                chains,
                answer,
            };
            link.say(Lane::Urgent, frame);
            link.check_at = now + link.check_wait;
            link.check_wait = (link.check_wait * 2).min(CHECK_MS.1);
        }
    }

    fn note_heard(&mut self, peer: Peer) {
        let Some(link) = self.links.get(&peer) else {
            return;
        };
        let (heard, office) = (link.heard, link.office);
        if let Some(hint) = self.hints.get_mut(&peer) {
            hint.heard = hint.heard.max(heard);
            if self.now - hint.saved >= HINT_MS {
                hint.saved = self.now;
                self.save_hint(peer);
            }
        }
        let above = self.is_above(office, self.office);
        if above && heard - self.superior_heard >= HINT_MS {
            self.superior_heard = heard;
            self.disk
                .put(Table::Local, b"heard", heard.to_be_bytes().to_vec());
        }
    }
}

fn office_bytes(office: OfficeId) -> [u8; 16] {
    office.0
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    out
}

/// The salt of what one side says before it has heard the other.
fn half(salt: [u8; 4]) -> Salt {
    Salt(first(&sha256(&[b"half", &salt])))
}

fn both(a: [u8; 4], b: [u8; 4]) -> Salt {
    Salt(first(&sha256(&[b"both", &a.min(b), &a.max(b)])))
}
