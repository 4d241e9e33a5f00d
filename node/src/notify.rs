//! Telling people who are not at a page: by short message through a modem, by a siren on the local network.
//! What is owed, to whom, and whether it was told lies with the owner of the state; here it is carried out,
//! one call at a time on each way, and tried again until somebody was told or nothing is owed any more.

mod modem;
mod pdu;
mod siren;

pub use modem::{Modem, Patience};
pub use pdu::{PARTS_MAX, Pdu, TEXT_UNITS_MAX, pdus};
pub use siren::{Siren, SirenUrl, proof};

use crate::config::NotifyConfig;
use crate::owner::{CallError, Node, Owner};
use crate::platform;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{Notify, watch};
use zeroize::Zeroizing;

/// While nobody wakes it, a way looks for calls so often.
const LOOK: Duration = Duration::from_secs(1);
/// Shortest secret of a siren, bytes.
const SECRET_BYTES_MIN: usize = 16;
/// Longest file of a secret, bytes.
const SECRET_BYTES_MAX: u64 = 4_096;

/// By which way somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Way {
    /// There is none at this node.
    None = 0,
    /// A short message.
    Sms = 1,
    /// A siren or another program.
    Siren = 2,
    /// The pages of this node.
    Page = 3,
}

impl Way {
    /// The way of a number.
    pub fn of(number: u8) -> Option<Self> {
        [Self::None, Self::Sms, Self::Siren, Self::Page]
            .into_iter()
            .find(|way| *way as u8 == number)
    }

    /// Its word in the interface.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sms => "sms",
            Self::Siren => "siren",
            Self::Page => "page",
        }
    }
}

/// One call as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The call's own name.
    pub name: [u8; 16],
    /// Why: a word of `CallStep`.
    pub step: String,
    /// 1 gravest to 4.
    pub severity: u8,
    /// Since when it is owed, ms UTC.
    pub at: i64,
    /// The number; empty for a siren.
    pub phone: String,
    /// The words.
    pub text: String,
    /// Tries before this one.
    pub tries: u32,
}

/// Why somebody was not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TellError {
    /// The device or the address is not there.
    #[error("absent")]
    Absent,
    /// It went away in the middle.
    #[error("lost")]
    Lost,
    /// It did not answer in time, or not in its language.
    #[error("silent")]
    Silent,
    /// There is no SIM.
    #[error("sim_missing")]
    SimMissing,
    /// The SIM asks for its PIN.
    #[error("sim_locked")]
    SimLocked,
    /// The modem has no network.
    #[error("no_network")]
    NoNetwork,
    /// `+CMS ERROR`.
    #[error("cms:{0}")]
    Cms(u16),
    /// `+CME ERROR`.
    #[error("cme:{0}")]
    Cme(u16),
    /// The modem said `ERROR`.
    #[error("refused")]
    Refused,
    /// The siren's answer.
    #[error("status:{0}")]
    Status(u16),
}

/// A way to tell somebody. A call takes as long as it takes: it has a thread of its own.
pub trait Channel: Send + 'static {
    /// Tells one call; done when the network or the siren has it.
    fn tell(&mut self, call: &Call) -> Result<(), TellError>;
}

/// Why the ways of the configuration can't be used.
#[derive(Debug, Error)]
pub enum OpenWaysError {
    /// The secret's file.
    #[error("the siren's secret {path} can't be read: {reason}")]
    Secret {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// The ways of a node.
pub struct Ways(Vec<(Way, Box<dyn Channel>)>);

impl std::fmt::Debug for Ways {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ways({:?})", self.known())
    }
}

impl Ways {
    /// Those of a configuration. Nothing is opened yet but the file of a secret.
    pub fn open(config: &NotifyConfig) -> Result<Self, OpenWaysError> {
        let mut ways: Vec<(Way, Box<dyn Channel>)> = Vec::new();
        if let Some(modem) = &config.modem {
            let baud = u32::try_from(modem.baud).unwrap_or(u32::MAX);
            let modem = Modem::new(modem.device.clone(), baud, Patience::STANDARD);
            ways.push((Way::Sms, Box::new(modem)));
        }
        if let Some(siren) = &config.siren {
            let secret = secret(&siren.secret_file)?;
            ways.push((Way::Siren, Box::new(Siren::new(siren.url.clone(), secret))));
        }
        Ok(Self(ways))
    }

    /// Of channels made elsewhere.
    pub fn of(ways: Vec<(Way, Box<dyn Channel>)>) -> Self {
        Self(ways)
    }

    /// Which there are.
    pub fn known(&self) -> Vec<Way> {
        self.0.iter().map(|(way, _)| *way).collect()
    }

    /// Carries out what is owed, each way by itself, until it is told to stop.
    pub fn run(
        self,
        owner: &Owner<Node>,
        wake: &Arc<Notify>,
        stopped: &watch::Receiver<bool>,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        let start = |(way, channel)| {
            let (owner, wake, stopped) = (owner.clone(), Arc::clone(wake), stopped.clone());
            tokio::spawn(async move {
                let mut stopped_too = stopped.clone();
                tokio::select! {
                    () = serve(way, channel, owner, wake) => {}
                    _ = stopped_too.wait_for(|stopped| *stopped) => {}
                }
            })
        };
        self.0.into_iter().map(start).collect()
    }
}

/// Ends when the node does.
async fn serve(way: Way, mut channel: Box<dyn Channel>, owner: Owner<Node>, wake: Arc<Notify>) {
    loop {
        let woken = wake.notified();
        // The call is marked as tried, durably, before anything goes out.
        let next = owner.call(move |node| node.next_call(way)).await;
        let call = match next {
            Ok(Some(call)) => call,
            Ok(None) | Err(CallError::Full | CallError::Broken) => {
                let _ = tokio::time::timeout(LOOK, woken).await;
                continue;
            }
            Err(CallError::Gone) => return,
        };
        let name = call.name;
        let telling = tokio::task::spawn_blocking(move || {
            let told = channel.tell(&call);
            (channel, told)
        });
        let Ok((same, told)) = telling.await else {
            tracing::error!("a way of telling people broke off");
            return;
        };
        channel = same;
        while let Err(CallError::Full) = owner.call(move |node| node.called(name, told)).await {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// A secret of at least 16 bytes, from a file that only its owner may read.
fn secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, OpenWaysError> {
    let refused = |reason: String| OpenWaysError::Secret {
        path: path.display().to_string(),
        reason,
    };
    platform::check_private(path).map_err(|error| refused(error.to_string()))?;
    let size = std::fs::metadata(path).map_err(|error| refused(error.to_string()))?;
    if size.len() > SECRET_BYTES_MAX {
        let size = size.len();
        return Err(refused(format!(
            "it must have at most {SECRET_BYTES_MAX} bytes, not {size}"
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    let secret = Zeroizing::new(bytes.trim_ascii_end().to_vec());
    if secret.len() < SECRET_BYTES_MIN {
        let length = secret.len();
        return Err(refused(format!(
            "it must have at least {SECRET_BYTES_MIN} bytes, not {length}"
        )));
    }
    Ok(secret)
}
