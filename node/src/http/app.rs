//! What handlers share: the owner of the state, who is signed in, and the door to the officers'
//! keys.

use super::error::{ApiError, ApiResult, FieldFault};
use super::lan::Lan;
use crate::event::Events;
use crate::gateway::terminal::Terminals;
use crate::key::{EnrolError, KeyRing, OfficerKey, OpenKeyError, OpenedKey};
use crate::metric::{Metrics, add};
use crate::owner::{CallError, Node, Owner};
use crate::reenrol::Drawn;
use crate::seal::entropy;
use crate::session::{SessionToken, Sessions};
use crate::store::StoreReader;
use jiaolian_schema::suite::Suite;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Most passphrases that wait for their turn: each takes 64 MiB and a third of a second.
pub const PASSPHRASES_WAITING_MAX: usize = 8;
/// What a page is told to wait when too many passphrases are being tried, s.
const CROWD_WAIT_S: u64 = 3;

/// The time, ms UTC.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Everything that a handler may use. Clones share it.
#[derive(Clone)]
pub struct App {
    /// The owner of the state.
    pub owner: Owner<Node>,
    /// Who is signed in.
    pub sessions: Arc<Sessions>,
    /// What happened.
    pub events: Arc<Events>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The door to officers' keys.
    pub keys: Arc<KeyRing>,
    /// A view of the disk.
    pub disk: StoreReader,
    /// The time.
    pub clock: Clock,
    /// The door of the local network.
    pub lan: Arc<Lan>,
    /// The positioning terminals that are connected.
    pub terminals: Arc<Terminals>,
    turns: Arc<Semaphore>,
    session_clock: Clock,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("sessions", &self.sessions)
            .finish_non_exhaustive()
    }
}

impl App {
    /// What handlers share, from its parts.
    pub fn new(
        owner: Owner<Node>,
        (events, metrics): (Arc<Events>, Arc<Metrics>),
        (keys, disk): (Arc<KeyRing>, StoreReader),
        clock: Clock,
        lan: Arc<Lan>,
    ) -> Self {
        Self {
            owner,
            sessions: Arc::default(),
            events,
            metrics,
            keys,
            disk,
            clock,
            lan,
            terminals: Arc::default(),
            turns: Arc::new(Semaphore::new(PASSPHRASES_WAITING_MAX)),
            session_clock: steady(),
        }
    }

    /// With another clock for sessions.
    #[must_use]
    pub fn with_session_clock(mut self, clock: Clock) -> Self {
        self.session_clock = clock;
        self
    }

    /// The time, ms UTC.
    pub fn now(&self) -> i64 {
        (self.clock)()
    }

    /// A clock for sessions: it never steps, whatever happens to the time of day. ms since the
    /// start.
    pub fn session_now(&self) -> i64 {
        (self.session_clock)()
    }

    /// A fresh token for a session.
    pub fn new_token() -> SessionToken {
        SessionToken::new(entropy())
    }

    /// Opens an officer's ring; `wrong` is the code for a number and passphrase that don't belong
    /// together.
    pub async fn open_key(
        &self,
        staff_number: String,
        passphrase: String,
        wrong: &'static str,
    ) -> ApiResult<OpenedKey> {
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else {
            return Err(ApiError::too_many(CROWD_WAIT_S));
        };
        let (keys, disk, now) = (Arc::clone(&self.keys), self.disk.clone(), self.now());
        let passphrase = Zeroizing::new(passphrase);
        let opening = tokio::task::spawn_blocking(move || {
            let opened = keys.open(&disk, &staff_number, &passphrase, now);
            drop(turn);
            opened
        });
        match opening.await {
            Ok(Ok(mut opened)) => {
                if let Some(row) = opened.renewed.take() {
                    self.call(move |node| {
                        let _: () = node.put(row);
                        Ok(())
                    })
                    .await?;
                }
                Ok(opened)
            }
            Ok(Err(OpenKeyError::Refused)) => {
                add(&self.metrics.logins_refused, 1);
                Err(ApiError::new(wrong))
            }
            Ok(Err(OpenKeyError::TooSoon { wait_s })) => Err(ApiError::too_many(wait_s)),
            Ok(Err(OpenKeyError::Store(error))) => {
                tracing::error!(%error, "a key ring could not be read");
                Err(ApiError::new("store_failed"))
            }
            Err(_) => Err(ApiError::new("store_failed")),
        }
    }

    /// A new key of an officer under a new passphrase.
    pub async fn draw_key(
        &self,
        suite: Suite,
        staff_number: String,
        passphrase: String,
    ) -> ApiResult<Drawn> {
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else {
            return Err(ApiError::too_many(CROWD_WAIT_S));
        };
        self.count(&format!("ask:{staff_number}"))?;
        let keys = Arc::clone(&self.keys);
        let passphrase = Zeroizing::new(passphrase);
        let drawing = tokio::task::spawn_blocking(move || {
            let drawn = keys.draw(suite, &staff_number, &passphrase);
            drop(turn);
            drawn
        });
        match drawing.await {
            Ok(Ok((key, ring))) => Ok(Drawn { suite, key, ring }),
            Ok(Err(EnrolError::Passphrase(_))) => {
                let fault = FieldFault::new("passphrase_length", &[]);
                Err(ApiError::field("passphrase", fault))
            }
            Ok(Err(EnrolError::StaffNumber(_))) => {
                let fault = FieldFault::new("staff_number", &[]);
                Err(ApiError::field("staff_number", fault))
            }
            Err(_) => Err(ApiError::new("store_failed")),
        }
    }

    /// Counts a try at something other than a passphrase; refused while it comes too soon.
    pub fn count(&self, what: &str) -> ApiResult<()> {
        match self.keys.count(what, self.now()) {
            Err(OpenKeyError::TooSoon { wait_s }) => Err(ApiError::too_many(wait_s)),
            _ => Ok(()),
        }
    }

    /// Wraps the CASE secret for a key that has none, where somebody opened case files.
    pub async fn give_case_secret(
        &self,
        staff_number: &str,
        passphrase: &Zeroizing<String>,
        key: &OfficerKey,
    ) -> ApiResult<()> {
        let Some(secret) = self.disk.case_secret() else {
            return Ok(());
        };
        let (keys, key, number) = (Arc::clone(&self.keys), key.clone(), staff_number.to_owned());
        let passphrase = passphrase.clone();
        let wrapping =
            tokio::task::spawn_blocking(move || keys.enrol(&number, &passphrase, &key, &secret));
        let ring = wrapping.await.ok().and_then(Result::ok);
        let ring = ring.ok_or(ApiError::new("store_failed"))?;
        self.call(move |node| {
            node.put(ring);
            Ok(())
        })
        .await
    }

    /// Looks at the state; a refusal of the view is the refusal of the request.
    pub async fn look<T: Send + 'static>(
        &self,
        view: impl FnOnce(&mut Node) -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<T> {
        self.owner
            .look(view)
            .await
            .unwrap_or_else(|error| Err(self.failed(error)))
    }

    /// Changes the state; a refusal of the job is the refusal of the request.
    pub async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Node) -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<T> {
        self.owner
            .call(job)
            .await
            .unwrap_or_else(|error| Err(self.failed(error)))
    }

    fn failed(&self, error: CallError) -> ApiError {
        match error {
            CallError::Full => {
                add(&self.metrics.jobs_refused, 1);
                ApiError::new("busy")
            }
            CallError::Gone => ApiError::new("store_failed"),
            CallError::Broken => ApiError::new("fault"),
        }
    }
}

/// Counts from now, whatever happens to the time of day, ms.
fn steady() -> Clock {
    let started = Instant::now();
    Arc::new(move || i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX))
}
