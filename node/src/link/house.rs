//! All sessions of this node under one roof: who is seated, who replaces whom, who must leave.

use super::count::Counter;
use super::dial;
use super::event::Teller;
use super::gate::Gate;
use super::session::Session;
use super::tune::{bind, id};
use super::{DownReason, Lane, LinkCount, LinkEvent, Peer, StartLinkError};
use crate::config::LinkConfig;
use crate::key::Seed;
use iroh::address_lookup::memory::MemoryLookup;
use iroh::endpoint::{Connection, Incoming, PathId};
use iroh::{Endpoint, EndpointAddr, EndpointId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// Handshakes of others that run at once; more are turned away.
const HANDSHAKES_MAX: usize = 64;
/// Longest handshake, in seconds.
pub(super) const HANDSHAKE_S: u64 = 20;
/// Two sessions this close in time come from both sides dialling at once, in seconds. Later, a
/// second
/// session says that the peer lost the first.
const BOTH_DIALLED_S: u64 = 10;

#[derive(Debug)]
struct Dialler {
    hint: Arc<Notify>,
    task: AbortHandle,
}

/// The state behind `Links`.
#[derive(Debug)]
pub(super) struct House {
    me: Peer,
    runtime: Handle,
    endpoint: Endpoint,
    book: MemoryLookup,
    gate: Gate,
    events: Teller,
    sessions: Mutex<BTreeMap<Peer, Arc<Session>>>,
    counters: Mutex<BTreeMap<Peer, Arc<Counter>>>,
    diallers: Mutex<BTreeMap<Peer, Dialler>>,
    /// Grows whenever somebody may have to dial or to stop dialling.
    changes: watch::Sender<u64>,
}

impl House {
    pub(super) async fn open(
        config: &LinkConfig,
        seed: &Seed,
        events: Teller,
    ) -> Result<Arc<Self>, StartLinkError> {
        let (book, gate) = (MemoryLookup::new(), Gate::default());
        let endpoint = bind(config, seed, book.clone(), gate.clone()).await?;
        let house = Arc::new(Self {
            me: id(seed),
            runtime: Handle::current(),
            endpoint,
            book,
            gate,
            events,
            sessions: Mutex::default(),
            counters: Mutex::default(),
            diallers: Mutex::default(),
            changes: watch::Sender::new(0),
        });
        house.runtime.spawn(Self::listen(house.clone()));
        Ok(house)
    }

    pub(super) fn me(&self) -> Peer {
        self.me
    }

    pub(super) fn addrs(&self) -> Vec<SocketAddr> {
        self.endpoint.bound_sockets()
    }

    pub(super) fn send(&self, peer: &Peer, lane: Lane, bytes: Vec<u8>) -> bool {
        let session = held(&self.sessions).get(peer).cloned();
        session.is_some_and(|session| session.offer(lane, bytes))
    }

    pub(super) fn end(&self, peer: &Peer, reason: &DownReason) {
        if let Some(session) = held(&self.sessions).get(peer) {
            session.end(reason);
        }
    }

    pub(super) fn allow(&self, peers: BTreeSet<Peer>) {
        self.gate.allow(peers);
        self.evict();
    }

    pub(super) fn set_switch(&self, peer: &Peer, on: bool) {
        self.gate.set_switch(peer, on);
        self.evict();
        if let (true, Some(dialler)) = (on, held(&self.diallers).get(peer)) {
            dialler.hint.notify_one();
        }
    }

    pub(super) fn dial(house: &Arc<Self>, peer: Peer, addrs: &[SocketAddr]) {
        let Ok(id) = EndpointId::from_bytes(&peer) else {
            return;
        };
        let address = addrs
            .iter()
            .fold(EndpointAddr::new(id), |a, addr| a.with_ip_addr(*addr));
        house.book.set_endpoint_info(address);
        let mut diallers = held(&house.diallers);
        if let Some(dialler) = diallers.get(&peer) {
            dialler.hint.notify_one();
            return;
        }
        let hint = Arc::new(Notify::new());
        let task = house
            .runtime
            .spawn(dial::keep(house.clone(), id, hint.clone()))
            .abort_handle();
        diallers.insert(peer, Dialler { hint, task });
    }

    pub(super) fn undial(&self, peer: &Peer) {
        if let Some(dialler) = held(&self.diallers).remove(peer) {
            dialler.task.abort();
        }
    }

    pub(super) fn up(&self) -> BTreeSet<Peer> {
        held(&self.sessions).keys().copied().collect()
    }

    pub(super) fn counts(&self) -> BTreeMap<Peer, LinkCount> {
        let sessions = held(&self.sessions).clone();
        let counters = held(&self.counters).clone();
        let read = |(peer, counter): (Peer, Arc<Counter>)| {
            let mut count = counter.read();
            if let Some(session) = sessions.get(&peer) {
                let udp = session.connection.stats();
                count.udp_sent_bytes = udp.udp_tx.bytes;
                count.udp_received_bytes = udp.udp_rx.bytes;
                let rtt = session.connection.rtt(PathId::ZERO);
                count.rtt_ms = rtt.map(|rtt| rtt.as_millis() as u64);
                count.road = session.road();
                count.queued = session.queued();
            }
            (peer, count)
        };
        counters.into_iter().map(read).collect()
    }

    pub(super) async fn close(&self) {
        for (_, dialler) in std::mem::take(&mut *held(&self.diallers)) {
            dialler.task.abort();
        }
        for session in held(&self.sessions).values() {
            session.end(&DownReason::Ending);
        }
        self.endpoint.close().await;
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether a dialler has something to do for this peer.
    pub(super) fn wants(&self, peer: &Peer) -> bool {
        self.gate.objection(peer).is_none() && !held(&self.sessions).contains_key(peer)
    }

    /// Seats a new connection, if it may have the place, and carries its frames until it ends.
    pub(super) async fn host(house: Arc<Self>, connection: Connection, outgoing: bool) {
        let peer = *connection.remote_id().as_bytes();
        let session = Arc::new(Session::new(peer, outgoing, connection));
        let Ok(before) = house.seat(&session) else {
            session.end(&DownReason::Replaced);
            return;
        };
        // The keys may have changed since the handshake, before this session could be found and
        // ended.
        if let Some(objection) = house.gate.objection(&peer) {
            session.end(&objection);
        }
        house.changes.send_modify(|changes| *changes += 1);
        if let Some(before) = before {
            before.end(&DownReason::Replaced);
            before.over().await;
        }
        house.carry(&session).await;
        session.set_over();
        house.changes.send_modify(|changes| *changes += 1);
    }

    async fn carry(&self, session: &Arc<Session>) {
        let peer = session.peer;
        let counter = held(&self.counters).entry(peer).or_default().clone();
        counter.session();
        // An owner that is gone needs no events.
        let _ = self.events.up(session).await;
        let reason = session.run(&self.events, &counter).await;
        {
            let mut sessions = held(&self.sessions);
            if sessions
                .get(&peer)
                .is_some_and(|seated| Arc::ptr_eq(seated, session))
            {
                sessions.remove(&peer);
            }
        }
        let _ = self.events.say(LinkEvent::Down { peer, reason }).await;
    }

    /// Gives the place to a session, with the one it takes it from; refused when the other must
    /// stay. When
    /// both sides dialled at once, both keep the session that the lower id dialled.
    fn seat(&self, session: &Arc<Session>) -> Result<Option<Arc<Session>>, ()> {
        let mut sessions = held(&self.sessions);
        let by_lower = |outgoing: bool| outgoing == (self.me < session.peer);
        if let Some(seated) = sessions.get(&session.peer) {
            let fresh = seated.since.elapsed() < Duration::from_secs(BOTH_DIALLED_S);
            let alive = seated.connection.close_reason().is_none();
            if alive && fresh && by_lower(seated.outgoing) && !by_lower(session.outgoing) {
                return Err(());
            }
        }
        Ok(sessions.insert(session.peer, session.clone()))
    }

    fn evict(&self) {
        for session in held(&self.sessions).values() {
            if let Some(objection) = self.gate.objection(&session.peer) {
                session.end(&objection);
            }
        }
        self.changes.send_modify(|changes| *changes += 1);
    }

    async fn listen(house: Arc<Self>) {
        let places = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        while let Some(incoming) = house.endpoint.accept().await {
            match places.clone().try_acquire_owned() {
                Err(_) => incoming.refuse(),
                Ok(place) => {
                    let house = house.clone();
                    house.runtime.clone().spawn(async move {
                        let connection = greet(incoming).await;
                        drop(place);
                        if let Some(connection) = connection {
                            Self::host(house, connection, false).await;
                        }
                    });
                }
            }
        }
    }
}

async fn greet(incoming: Incoming) -> Option<Connection> {
    match timeout(Duration::from_secs(HANDSHAKE_S), incoming).await {
        Ok(Ok(connection)) => Some(connection),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a handshake failed");
            None
        }
        Err(_) => None,
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
