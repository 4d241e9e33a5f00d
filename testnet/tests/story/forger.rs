//! A stranger who stole a township's disk and passphrases, speaks to the county as that township's
//! node, and sends decisions that nobody may make.

use crate::town::Town;
use jiaolian_node::config::LinkConfig;
use jiaolian_node::home::{Home, seat_of};
use jiaolian_node::key::{Cost, KeyRing};
use jiaolian_node::link::{Lane, LinkEvent, LinkEvents, Links};
use jiaolian_node::store::{CACHE_MIB_DEFAULT, DiskStore, StoreReader};
use jiaolian_schema::act::{Act, Step};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Duty, Envelope, Head, Kind, author_id};
use jiaolian_schema::id::{BodyHash, DossierId, EnvelopeId, sha256};
use jiaolian_schema::suite::{ED25519, Sign as _};
use jiaolian_sync::frame::Frame;
use jiaolian_sync::{Effect, Peer, Replica};
use jiaolian_testnet::province::PASSPHRASE;
use jiaolian_testnet::topology::StaffPlan;

/// What the lies are about.
pub(crate) struct Lie {
    pub(crate) case: String,
    pub(crate) matter: String,
}

/// Ids of what was told, by what is wrong with it.
pub(crate) struct Told {
    pub(crate) wrong_capacity: String,
    pub(crate) revoked: String,
}

pub(crate) struct Forger {
    home: Home,
    store: DiskStore,
    replica: Replica<StoreReader>,
    links: Links,
    events: LinkEvents,
    county: [u8; 32],
    numbers: [String; 2],
}

impl Forger {
    /// Opens a stopped township's directory and calls the county.
    pub(crate) async fn open(town: &Town, key: &str, above: &str) -> Self {
        let site = town.province.site(key).unwrap();
        let (home, store) = Home::open(&site.dir, CACHE_MIB_DEFAULT).unwrap();
        let replica = home.replica(&store).unwrap();
        let superior = home.identity.superior.clone().unwrap();
        let config = LinkConfig {
            bind: site.link,
            idle_s: 60,
            mtu_probing: false,
            peers: Vec::new(),
        };
        let (links, events) = Links::start(&config, &home.keys.transport).await.unwrap();
        let county = superior.endpoint_id().unwrap();
        assert_eq!(
            town.province.running(above).unwrap().ready.endpoint,
            superior.endpoint
        );
        links.allow([county].into());
        links.dial(county, &superior.addrs);
        let number = |word| site.plan.staff_number(&StaffPlan::named(word).unwrap());
        Self {
            home,
            store,
            replica,
            links,
            events,
            county,
            numbers: [number("officer"), number("head")],
        }
    }

    /// Greets as the township's node would, then sends three decisions: one by somebody who may
    /// not decide, one by a key that was revoked, one whose signature is broken.
    pub(crate) async fn tell(mut self, lie: &Lie) -> Told {
        let case: DossierId = DossierId::from_hex(&lie.case).unwrap();
        let matter = EnvelopeId::from_hex(&lie.matter).unwrap();
        let [officer, head] = self.numbers.clone();
        // Before the greeting brings the news of the revocation.
        let wrong_capacity = self.approve(&officer, case, matter);
        let revoked = self.approve(&head, case, matter);
        let mut tampered = wrong_capacity.clone();
        tampered.signature[3] ^= 1;
        let told = Told {
            wrong_capacity: wrong_capacity.id().to_hex(),
            revoked: revoked.id().to_hex(),
        };
        self.greet().await;
        let envelopes = vec![tampered, wrong_capacity, revoked];
        let frame = Frame::Envelopes { lane: 1, envelopes }.encode();
        assert!(self.links.send(&self.county, Lane::Normal, frame));
        self.until_counted(3).await;
        self.links.close().await;
        told
    }

    async fn greet(&mut self) {
        let now = jiff::Timestamp::now().as_millisecond();
        loop {
            match self.events.recv().await.expect("links are up") {
                LinkEvent::Up { peer, .. } => self.replica.connect(Peer(peer), now),
                LinkEvent::Frame { peer, bytes, .. } => {
                    self.replica.receive(Peer(peer), &bytes, now);
                }
                _ => {}
            }
            self.carry_out();
            if self.replica.links().iter().any(|link| link.agreed) {
                return;
            }
        }
    }

    /// Waits until the county has dealt with so many envelopes of the normal lane.
    async fn until_counted(&mut self, count: u64) {
        loop {
            match self.events.recv().await.expect("links are up") {
                LinkEvent::Frame { bytes, .. } => {
                    if let Ok(Frame::Durable { normal, .. }) = Frame::decode(&bytes)
                        && normal >= count
                    {
                        return;
                    }
                }
                // A county that hangs up on a liar has dealt with it too.
                LinkEvent::Down { .. } => return,
                _ => {}
            }
        }
    }

    fn carry_out(&mut self) {
        for effect in self.replica.drain() {
            match effect {
                Effect::Store(writes) => self.store.commit(&writes).unwrap(),
                Effect::Send { peer, lane, frame } => {
                    let lane = [Lane::Urgent, Lane::Normal, Lane::Bulk][lane as usize];
                    self.links.send(&peer.0, lane, frame);
                }
                _ => {}
            }
        }
    }

    /// A decision made by hand, without any of the checks of a desk.
    fn approve(&self, number: &str, case: DossierId, matter: EnvelopeId) -> Envelope {
        let keys = KeyRing::new(Cost::DRILL);
        let opened = keys
            .open(&self.store.reader(), number, PASSPHRASE, 0)
            .unwrap();
        self.store.unlock(opened.case_secret).unwrap();
        let signer = opened.key;
        let office = self.home.identity.office_id();
        let author = author_id(ED25519, &signer.public_key(), office, Duty::Staff);
        let seat = seat_of(self.replica.authority(), author).unwrap();
        let frontier = self.replica.frontier(case);
        let own = frontier.tip(author);
        let mut deps: Vec<EnvelopeId> = frontier
            .0
            .iter()
            .filter(|(other, _)| **other != author)
            .flat_map(|(_, tips)| tips.iter().map(|tip| tip.id))
            .collect();
        deps.sort_unstable();
        let step = Step {
            matter,
            event: "approve".to_owned(),
            replaces: Vec::new(),
            section: None,
            fields: [].into_iter().collect(),
            span: None,
        };
        let now = jiff::Timestamp::now().as_millisecond();
        let body = Body {
            salt: [7; 16],
            dossier: Some(case),
            m: own.map_or(0, |tip| tip.m) + 1,
            prev_here: own.map(|tip| tip.id),
            deps,
            appointment: seat.appointment,
            payload: Act::from(step).to_payload(now),
        };
        let bytes = canon::encode(&body);
        let tip = self.replica.local_tip(author).unwrap();
        let receipt = self.replica.authority().newest_receipt_for(office);
        let head = Head {
            suite: ED25519,
            kind: Kind::Act,
            author,
            n: tip.map_or(0, |tip| tip.n) + 1,
            prev: tip.map(|tip| tip.id),
            body_hash: BodyHash(sha256(&[&bytes])),
            receipt: receipt.map(|(id, _)| id),
        };
        Envelope::seal(&signer, &head, bytes).unwrap()
    }
}
