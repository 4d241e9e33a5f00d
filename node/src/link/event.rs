//! What the owner hears of its links, and the moment when it hears it.
//!
//! A frame is meant for the session that its sender knows. So a session takes frames only from when
//! its
//! owner has taken its `Up`: before that the owner may still be speaking to the session before it.

use super::session::Session;
use super::{Lane, Peer};
use std::sync::Arc;
use thiserror::Error;
use tokio::sync::mpsc;

/// Events that wait for the owner; beyond that the lanes stop reading, so at most this many frames
/// are in
/// memory.
const EVENTS_MAX: usize = 64;

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DownReason {
    /// Silence for longer than the idle limit.
    #[error("nothing was heard from the peer")]
    Silence,
    /// The peer closed it, with its reason.
    #[error("the peer closed the link: {0}")]
    Peer(String),
    /// The owner hung up.
    #[error("this node hung up")]
    HungUp,
    /// The key is no longer allowed.
    #[error("the peer is no longer allowed")]
    Disallowed,
    /// The operator's switch.
    #[error("the operator switched the link off")]
    SwitchedOff,
    /// Both dialled, or the peer came back: another session takes over at once.
    #[error("another session took over")]
    Replaced,
    /// The peer broke a rule of the link.
    #[error("the peer broke the rule that {0}")]
    Broken(String),
    /// This node is ending.
    #[error("this node is ending")]
    Ending,
}

/// What happened on the links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// A session began. Nothing of an earlier session with this peer comes after it.
    Up {
        /// The other node.
        peer: Peer,
        /// Whether this node dialled.
        outgoing: bool,
    },
    /// A frame came, whole and in the order of its lane.
    Frame {
        /// The other node.
        peer: Peer,
        /// The lane it came on.
        lane: Lane,
        /// What was sent.
        bytes: Vec<u8>,
    },
    /// A lane that refused a frame has room again.
    Room {
        /// The other node.
        peer: Peer,
        /// The lane.
        lane: Lane,
    },
    /// The session ended; frames accepted and not yet sent are gone.
    Down {
        /// The other node.
        peer: Peer,
        /// Why.
        reason: DownReason,
    },
}

/// The node hears nothing more of its links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the owner of the links is gone")]
pub(super) struct Gone;

#[derive(Debug)]
struct Told {
    event: LinkEvent,
    opens: Option<Arc<Session>>,
}

impl Told {
    fn take(self) -> LinkEvent {
        if let Some(session) = self.opens {
            session.open_to_owner();
        }
        self.event
    }
}

/// The owner's end.
#[derive(Debug)]
pub struct LinkEvents(mpsc::Receiver<Told>);

impl LinkEvents {
    /// Waits for the next event; none when the links are closed. May be dropped while it waits.
    pub async fn recv(&mut self) -> Option<LinkEvent> {
        self.0.recv().await.map(Told::take)
    }

    /// The same for a thread that is not async.
    pub fn blocking_recv(&mut self) -> Option<LinkEvent> {
        self.0.blocking_recv().map(Told::take)
    }

    /// The next event if there is one now.
    pub fn try_recv(&mut self) -> Option<LinkEvent> {
        self.0.try_recv().ok().map(Told::take)
    }
}

/// The sessions' end.
#[derive(Debug, Clone)]
pub(super) struct Teller(mpsc::Sender<Told>);

impl Teller {
    pub(super) async fn up(&self, session: &Arc<Session>) -> Result<(), Gone> {
        let event = LinkEvent::Up {
            peer: session.peer,
            outgoing: session.outgoing,
        };
        self.tell(Told {
            event,
            opens: Some(session.clone()),
        })
        .await
    }

    pub(super) async fn say(&self, event: LinkEvent) -> Result<(), Gone> {
        self.tell(Told { event, opens: None }).await
    }

    async fn tell(&self, told: Told) -> Result<(), Gone> {
        self.0.send(told).await.map_err(|_| Gone)
    }
}

pub(super) fn channel() -> (Teller, LinkEvents) {
    let (sender, receiver) = mpsc::channel(EVENTS_MAX);
    (Teller(sender), LinkEvents(receiver))
}
