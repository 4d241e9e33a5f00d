//! One thread owns the node's state. Jobs go in, one durable commit follows a round of jobs, and
//! only then are their answers let out: what a page was told is on the disk.

mod access;
mod along;
mod amend;
mod call;
mod duty;
mod mend;
mod node;
mod rate;
mod reopen;
mod rest;
mod sign;
mod tell;
mod text;

pub use access::{Access, Looked};
pub use call::{CallRow, CallState, Name, Try};
pub use jiaolian_schema::audit::Row as LogRow;
pub use node::{FILES_MAX, Node, Parts};
pub use rate::{LinkRate, Rates};
pub use rest::{ShredError, destroy_due};
pub(crate) use sign::refuse_key;
pub use sign::{Hand, Place, SignRequest};
pub use text::{CONTENTS_MAX, SavedText, TEXT_CHARS_MAX};

use crate::link::{LinkEvent, LinkEvents};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

/// Most jobs that wait; more are turned away at once.
pub const JOBS_WAITING_MAX: usize = 1_024;
/// Most jobs in one round, so that an answer never waits for an endless round.
pub const JOBS_ROUND_MAX: usize = 256;
/// Time between two ticks, ms.
pub const TICK_MS: u64 = 1_000;

/// What the thread owns.
pub trait Own: 'static {
    /// Takes one event of a link.
    fn take(&mut self, event: LinkEvent);
    /// Time passes.
    fn tick(&mut self);
    /// Makes everything so far durable, then performs what follows from it. An error stops the
    /// thread.
    fn settle(&mut self) -> Result<(), StopError>;
}

/// Why the thread stopped by itself.
#[derive(Debug, Error)]
pub enum StopError {
    /// The disk refused, so nothing more may be acknowledged.
    #[error("the store refused a commit, so the program stops: {0}")]
    Store(String),
    /// A job that changes state broke off half-way.
    #[error("a change broke off half-way, so the program stops: {0}")]
    Broken(String),
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CallError {
    /// Too many jobs wait.
    #[error("at most {JOBS_WAITING_MAX} jobs may wait")]
    Full,
    /// The thread has ended.
    #[error("the owner thread must be running")]
    Gone,
    /// A view broke off; nothing was changed.
    #[error("a view broke off")]
    Broken,
}

/// Lets an answer out once its round is durable.
type Release = Box<dyn FnOnce() + Send>;
/// Runs on the owned state.
type Job<N> = Box<dyn FnOnce(&mut N) -> Result<Release, StopError> + Send>;

/// A handle for everybody who has something to ask; clones share the thread.
pub struct Owner<N> {
    jobs: mpsc::Sender<Job<N>>,
    stopped: watch::Receiver<bool>,
}

impl<N> Clone for Owner<N> {
    fn clone(&self) -> Self {
        Self {
            jobs: self.jobs.clone(),
            stopped: self.stopped.clone(),
        }
    }
}

impl<N> std::fmt::Debug for Owner<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Owner({} free)", self.jobs.capacity())
    }
}

impl<N: Own> Owner<N> {
    /// Starts the thread. `make` runs on it, so what is owned need not move between threads.
    pub fn start(
        make: impl FnOnce() -> N + Send + 'static,
        links: Option<LinkEvents>,
    ) -> std::io::Result<(Self, JoinHandle<Result<(), StopError>>)> {
        let (jobs, waiting) = mpsc::channel(JOBS_WAITING_MAX);
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let thread = std::thread::Builder::new()
            .name("owner".into())
            .spawn(move || {
                let ended = runtime.block_on(run(make(), waiting, links));
                stop.send_replace(true);
                ended
            })?;
        Ok((Self { jobs, stopped }, thread))
    }

    /// Looks at the state. A view that breaks off harms nobody else.
    pub async fn look<T: Send + 'static>(
        &self,
        view: impl FnOnce(&mut N) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        self.submit(|state, answer| {
            let seen = catch_unwind(AssertUnwindSafe(|| view(state)));
            let seen = seen.map_err(|panic| tracing::error!("a view broke off: {}", said(&*panic)));
            Ok(release(answer, seen.map_err(|()| CallError::Broken)))
        })
        .await
    }

    /// Changes the state; the answer comes when the change is durable.
    pub async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut N) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        self.submit(
            |state, answer| match catch_unwind(AssertUnwindSafe(|| job(state))) {
                Ok(value) => Ok(release(answer, Ok(value))),
                Err(panic) => Err(StopError::Broken(said(&*panic))),
            },
        )
        .await
    }

    /// Changes the state by a job that may find that nothing more can be acknowledged.
    pub async fn change<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut N) -> Result<T, StopError> + Send + 'static,
    ) -> Result<T, CallError> {
        self.submit(
            |state, answer| match catch_unwind(AssertUnwindSafe(|| job(state))) {
                Ok(value) => Ok(release(answer, Ok(value?))),
                Err(panic) => Err(StopError::Broken(said(&*panic))),
            },
        )
        .await
    }

    /// Returns once the thread has ended.
    pub async fn ended(&self) {
        let _ = self.stopped.clone().wait_for(|stopped| *stopped).await;
    }

    /// How many jobs may still wait.
    pub fn room(&self) -> usize {
        self.jobs.capacity()
    }

    async fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut N, oneshot::Sender<Result<T, CallError>>) -> Result<Release, StopError>
        + Send
        + 'static,
    ) -> Result<T, CallError> {
        let (answer, answered) = oneshot::channel();
        let job: Job<N> = Box::new(move |state| job(state, answer));
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CallError::Full,
            mpsc::error::TrySendError::Closed(_) => CallError::Gone,
        })?;
        answered.await.unwrap_or(Err(CallError::Gone))
    }
}

fn release<T: Send + 'static>(
    answer: oneshot::Sender<Result<T, CallError>>,
    value: Result<T, CallError>,
) -> Release {
    Box::new(move || {
        let _ = answer.send(value);
    })
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_default()
}

/// Ends when every handle is gone or a commit failed.
async fn run<N: Own>(
    mut state: N,
    mut jobs: mpsc::Receiver<Job<N>>,
    mut links: Option<LinkEvents>,
) -> Result<(), StopError> {
    let mut ticks = tokio::time::interval(Duration::from_millis(TICK_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut answers = Vec::new();
    loop {
        tokio::select! {
            job = jobs.recv() => match job {
                Some(job) => answers.push(job(&mut state)?),
                None => return state.settle(),
            },
            event = next_event(&mut links) => match event {
                Some(event) => state.take(event),
                None => links = None,
            },
            _ = ticks.tick() => state.tick(),
        }
        for _ in 0..JOBS_ROUND_MAX {
            let event = links.as_mut().and_then(LinkEvents::try_recv);
            let job = jobs.try_recv().ok();
            if event.is_none() && job.is_none() {
                break;
            }
            if let Some(event) = event {
                state.take(event);
            }
            if let Some(job) = job {
                answers.push(job(&mut state)?);
            }
        }
        state.settle()?;
        for answer in answers.drain(..) {
            answer();
        }
    }
}

/// Without links there is nothing to wait for.
async fn next_event(links: &mut Option<LinkEvents>) -> Option<LinkEvent> {
    match links {
        Some(links) => links.recv().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Ledger {
        written: usize,
        durable: Arc<AtomicUsize>,
        commits: Arc<AtomicUsize>,
        refuse: bool,
    }

    impl Own for Ledger {
        fn take(&mut self, _: LinkEvent) {}

        fn tick(&mut self) {}

        fn settle(&mut self) -> Result<(), StopError> {
            if self.refuse {
                return Err(StopError::Store("the disk is full".into()));
            }
            if self.durable.swap(self.written, Ordering::SeqCst) != self.written {
                self.commits.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        }
    }

    type Started = (Owner<Ledger>, JoinHandle<Result<(), StopError>>);

    fn start(durable: &Arc<AtomicUsize>, commits: &Arc<AtomicUsize>) -> Started {
        let (durable, commits) = (Arc::clone(durable), Arc::clone(commits));
        let make = move || Ledger {
            written: 0,
            durable,
            commits,
            refuse: false,
        };
        Owner::start(make, None).unwrap()
    }

    #[tokio::test]
    async fn an_answer_is_let_out_only_after_its_change_is_durable() {
        let durable = Arc::new(AtomicUsize::new(0));
        let (owner, _thread) = start(&durable, &Arc::default());
        for expected in 1..=50 {
            owner.call(|ledger| ledger.written += 1).await.unwrap();
            assert_eq!(durable.load(Ordering::SeqCst), expected);
        }
    }

    #[tokio::test]
    async fn jobs_that_wait_together_share_one_commit() {
        let commits = Arc::new(AtomicUsize::new(0));
        let (owner, _thread) = start(&Arc::default(), &commits);
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let holding = tokio::spawn({
            let owner = owner.clone();
            async move { owner.look(move |_| gate.recv().ok()).await }
        });
        tokio::task::yield_now().await;
        let waiting: Vec<_> = (0..20)
            .map(|_| {
                let owner = owner.clone();
                tokio::spawn(async move { owner.call(|ledger| ledger.written += 1).await })
            })
            .collect();
        tokio::task::yield_now().await;
        open.send(()).unwrap();
        holding.await.unwrap().unwrap();
        for job in waiting {
            job.await.unwrap().unwrap();
        }
        assert!(commits.load(Ordering::SeqCst) <= 2);
    }

    #[tokio::test]
    async fn a_refused_commit_stops_the_thread_and_acknowledges_nothing() {
        let (owner, thread) = start(&Arc::default(), &Arc::default());
        let answer = owner.call(|ledger| ledger.refuse = true).await;
        assert_eq!(answer, Err(CallError::Gone));
        owner.ended().await;
        assert!(matches!(thread.join().unwrap(), Err(StopError::Store(_))));
    }

    #[tokio::test]
    async fn a_view_that_breaks_off_harms_nobody_else() {
        let (owner, _thread) = start(&Arc::default(), &Arc::default());
        let answer = owner.look(|_| -> usize { panic!("a bug") }).await;
        assert_eq!(answer, Err(CallError::Broken));
        assert_eq!(owner.look(|ledger| ledger.written).await, Ok(0));
    }
}
