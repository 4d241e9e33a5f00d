//! Who may have a session: asked before this node dials and after every handshake, in both
//! directions.

use super::{DownReason, Peer};
use iroh::EndpointAddr;
use iroh::endpoint::{
    AfterHandshakeOutcome, BeforeConnectOutcome, Connection, EndpointHooks, VarInt,
};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

/// What a refused key is told, and nothing more.
const REFUSED: VarInt = VarInt::from_u32(403);

#[derive(Debug, Default)]
struct Keys {
    allowed: BTreeSet<Peer>,
    off: BTreeSet<Peer>,
}

/// The allowed keys less those that the operator switched off.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate(Arc<RwLock<Keys>>);

impl Gate {
    pub(super) fn allow(&self, peers: BTreeSet<Peer>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .allowed = peers;
    }

    pub(super) fn set_switch(&self, peer: &Peer, on: bool) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if on {
            keys.off.remove(peer);
        } else {
            keys.off.insert(*peer);
        }
    }

    /// None when the peer may pass.
    pub(super) fn objection(&self, peer: &Peer) -> Option<DownReason> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if !keys.allowed.contains(peer) {
            return Some(DownReason::Disallowed);
        }
        keys.off.contains(peer).then_some(DownReason::SwitchedOff)
    }
}

impl EndpointHooks for Gate {
    async fn before_connect<'a>(
        &'a self,
        remote: &'a EndpointAddr,
        _alpn: &'a [u8],
    ) -> BeforeConnectOutcome {
        match self.objection(remote.id.as_bytes()) {
            None => BeforeConnectOutcome::Accept,
            Some(_) => BeforeConnectOutcome::Reject,
        }
    }

    async fn after_handshake<'a>(&'a self, connection: &'a Connection) -> AfterHandshakeOutcome {
        match self.objection(connection.remote_id().as_bytes()) {
            None => AfterHandshakeOutcome::Accept,
            Some(_) => AfterHandshakeOutcome::Reject {
                error_code: REFUSED,
                reason: b"refused".to_vec(),
            },
        }
    }
}
