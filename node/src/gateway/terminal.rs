//! The door for terminals of JT/T 808 over TCP, of 2013 and 2019 at one port.
//!
//! A terminal shows its code, then reports; before that nothing of it is taken in, and nothing it is
//! told says whether it is known. Each report goes through the same door as over HTTP and is
//! answered `0x8001` done when it is on the disk. A terminal has one line, the newest. The desk asks
//! it through [`Terminals`]: where it is, to show a text, to take parameters.
//!
//! Connections are bounded and so is each: the time until it shows its code, until a frame ends,
//! between two frames, what it may send in a second, what it may leave unfinished.

mod enrol;
mod greet;
mod guest;
mod hear;
mod order;
mod pace;
mod place;
mod reading;
mod session;
mod table;
mod waiting;
mod wire;

pub use order::{Order, Told};
pub use table::{ORDERS_WAITING_MAX, Terminals};

use super::Limits;
use super::limit::Meter;
use crate::config::Jt808Config;
use crate::metric::{Metrics, add};
use crate::owner::{Node, Owner};
use jiaolian_schema::canon;
use jiaolian_schema::id::sha256;
use jiaolian_schema::jt808::{ItemTable, Parameter};
use place::Places;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Pause after the system refused to accept, ms.
const ACCEPT_PAUSE_MS: u64 = 50;
/// Most terminals with unfinished messages in parts, of at most 512 KiB each.
pub const ASSEMBLING_MAX: usize = 128;
/// How long connections may take to end when the node stops, ms.
const STOP_WAIT_MS: u64 = 2_000;
/// Parameters by their ids.
const MAIN: u32 = 0x0013;
const BACKUP: u32 = 0x0017;
const PORT: u32 = 0x0018;
const INTERVAL_S: u32 = 0x0029;

/// The bounds of the door, and what terminals are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Longest time between two frames of a terminal, ms.
    pub silence_ms: u64,
    /// Longest time until a terminal shows its code, ms.
    pub hello_ms: u64,
    /// Longest time for a frame that began to end, ms.
    pub frame_ms: u64,
    /// Longest time for an order to be answered, ms.
    pub answer_ms: u64,
    /// Most connections at once; a quarter of them for those that have not shown a code.
    pub connections_max: usize,
    /// Most terminals with unfinished messages in parts.
    pub assembling_max: usize,
    /// Address of the main gateway; none: a terminal keeps the one it has.
    pub main: Option<String>,
    /// Address of the backup gateway.
    pub backup: Option<String>,
    /// Port at both.
    pub port: Option<u16>,
    /// Time between two reports, s.
    pub interval_s: Option<u32>,
    /// Whether terminals are told to report quicker near a fence's edge.
    pub quick: bool,
}

impl Terms {
    /// The terms of a configuration.
    pub fn of(config: &Jt808Config) -> Self {
        Self {
            silence_ms: config.silence_s * 1_000,
            hello_ms: config.hello_s * 1_000,
            frame_ms: config.frame_s * 1_000,
            answer_ms: config.answer_s * 1_000,
            connections_max: usize::try_from(config.connections_max).unwrap_or(usize::MAX),
            assembling_max: ASSEMBLING_MAX,
            main: config.main.clone(),
            backup: config.backup.clone(),
            port: config.port,
            interval_s: config.interval_s,
            quick: config.quick,
        }
    }

    /// What a terminal of an edition is told, with its hash; none where it keeps what it has. From
    /// 2019 on the port stands behind the address.
    fn parameters(&self, year: u16) -> Option<(Vec<Parameter>, [u8; 32])> {
        let address = |id: u32, host: &String| match self.port {
            Some(port) if year == 2019 => Parameter::text(id, &format!("{host}:{port}")),
            _ => Parameter::text(id, host),
        };
        let mut all = Vec::new();
        all.extend(self.main.as_ref().map(|host| address(MAIN, host)));
        all.extend(self.backup.as_ref().map(|host| address(BACKUP, host)));
        let port = self.port.filter(|_| year != 2019);
        all.extend(port.map(|port| Parameter::number(PORT, u32::from(port))));
        all.extend(self.interval_s.map(|s| Parameter::number(INTERVAL_S, s)));
        let words = all.iter().map(|one| (one.id, one.value.clone()));
        let hash = sha256(&[&canon::encode(&words.collect::<Vec<_>>())]);
        (!all.is_empty()).then_some((all, hash))
    }
}

/// What the door is made of beside the node.
#[derive(Debug, Clone)]
pub struct TerminalDoor {
    /// Its bounds.
    pub terms: Terms,
    /// What items of locations mean.
    pub items: ItemTable,
    /// The terminals that are connected.
    pub terminals: Arc<Terminals>,
}

/// What the connections share.
pub(super) struct Hall {
    owner: Owner<Node>,
    metrics: Arc<Metrics>,
    meter: Meter,
    terms: Terms,
    items: ItemTable,
    terminals: Arc<Terminals>,
    /// Leave to have unfinished messages, one a terminal.
    leaves: Arc<Semaphore>,
}

/// Serves terminals on a listener until `stop` says true.
pub async fn serve(
    listener: TcpListener,
    (owner, metrics): (Owner<Node>, Arc<Metrics>),
    door: TerminalDoor,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let places = Places::new(door.terms.connections_max);
    let hall = Arc::new(Hall {
        owner,
        metrics,
        meter: Meter::new(limits),
        leaves: Arc::new(Semaphore::new(door.terms.assembling_max)),
        terms: door.terms,
        items: door.items,
        terminals: door.terminals,
    });
    let mut sessions = JoinSet::new();
    loop {
        while sessions.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stopped| *stopped) => break,
        };
        match accepted {
            Ok((stream, from)) => {
                let Some(place) = places.take(from.ip()) else {
                    add(&hall.metrics.gateway.crowded, 1);
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let (hall, stop) = (Arc::clone(&hall), stop.clone());
                sessions.spawn(session::converse(hall, (stream, from), place, stop));
            }
            Err(error) => {
                tracing::warn!(%error, "the system refused a connection");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
    let wait = Duration::from_millis(STOP_WAIT_MS);
    let all = async { while sessions.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(wait, all).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_those_that_are_set_in_the_words_of_the_edition() {
        let config: Jt808Config = toml::from_str(
            "bind = \"127.0.0.1:0\"\nmain = \"10.1.1.1\"\nport = 7611\ninterval_s = 60\n",
        )
        .unwrap();
        let terms = Terms::of(&config);
        let ids = |year| {
            let (parameters, _) = terms.parameters(year).unwrap();
            let ids: Vec<_> = parameters.iter().map(|one| one.id).collect();
            (ids, parameters[0].value.clone())
        };
        assert_eq!(
            ids(2013),
            (vec![MAIN, PORT, INTERVAL_S], b"10.1.1.1".to_vec())
        );
        assert_eq!(
            ids(2019),
            (vec![MAIN, INTERVAL_S], b"10.1.1.1:7611".to_vec())
        );
        let silent: Jt808Config = toml::from_str("bind = \"127.0.0.1:0\"").unwrap();
        assert_eq!(Terms::of(&silent).parameters(2013), None);
    }
}
