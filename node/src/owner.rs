//! One thread owns the node's state. Jobs go in, one durable commit follows a round of jobs, and
//! only then are their answers let out: what a page was told is on the disk.

mod access;
mod along;
mod amend;
mod call;
mod commit;
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
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

/// Most jobs that wait; more are turned away at once.
pub const JOBS_WAITING_MAX: usize = 1_024;
/// Most jobs in one round, so that an answer never waits for an endless round.
pub const JOBS_ROUND_MAX: usize = 1_024;
/// Time between two ticks, ms.
pub const TICK_MS: u64 = 1_000;
/// Whoever was just answered may ask again for this part of the time that the commit took, so that one
/// commit serves them all and not every other one half of them.
const GATHER_PART: u32 = 4;
/// Shorter than this nobody is waited for: the disk is as fast as those who ask.
const GATHER_MIN: Duration = Duration::from_micros(200);
/// Longer than this nobody is waited for.
const GATHER_MAX: Duration = Duration::from_millis(2);
/// Time between two looks for new jobs while they are gathered.
const GATHER_STEP: Duration = Duration::from_micros(50);

/// What the thread owns.
pub trait Own: 'static {
    /// Takes one event of a link.
    fn take(&mut self, event: LinkEvent);
    /// Time passes.
    fn tick(&mut self);
    /// Makes everything so far durable, then performs what follows from it. An error stops the
    /// thread.
    fn settle(&mut self) -> Result<(), StopError>;
    /// The same, or only begins it where jobs may go on meanwhile: then `landed` is called once it is
    /// durable, and neither `settle` nor `begin` before that.
    fn begin(&mut self) -> Result<Option<Flight>, StopError> {
        self.settle().map(|()| None)
    }
    /// What was begun is durable: performs what follows from it.
    fn landed(&mut self) {}
}

/// Hears when what was begun is durable.
pub type Flight = oneshot::Receiver<Result<(), StopError>>;

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

/// A commit on its way, and the answers that wait for it.
struct Air {
    flight: Flight,
    answers: Vec<Release>,
    begun: Instant,
}

/// The thread's inboxes and what waits in it.
struct Round<N> {
    state: N,
    jobs: mpsc::Receiver<Job<N>>,
    links: Option<LinkEvents>,
    /// Answers to jobs that were done since the last commit began.
    answers: Vec<Release>,
    air: Option<Air>,
}

/// Ends when every handle is gone or a commit failed.
async fn run<N: Own>(
    state: N,
    jobs: mpsc::Receiver<Job<N>>,
    links: Option<LinkEvents>,
) -> Result<(), StopError> {
    let mut ticks = tokio::time::interval(Duration::from_millis(TICK_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut round = Round {
        state,
        jobs,
        links,
        answers: Vec::new(),
        air: None,
    };
    loop {
        tokio::select! {
            landed = landing(&mut round.air) => round.land(landed)?,
            job = round.jobs.recv(), if round.answers.len() < JOBS_ROUND_MAX => match job {
                Some(job) => round.answers.push(job(&mut round.state)?),
                None => return round.end().await,
            },
            event = next_event(&mut round.links) => match event {
                Some(event) => round.state.take(event),
                None => round.links = None,
            },
            _ = ticks.tick() => round.state.tick(),
        }
        round.take_waiting()?;
        if round.air.is_none() {
            round.begin()?;
        }
    }
}

impl<N: Own> Round<N> {
    /// Takes what waits, without waiting for more.
    fn take_waiting(&mut self) -> Result<(), StopError> {
        for _ in 0..JOBS_ROUND_MAX {
            let event = self.links.as_mut().and_then(LinkEvents::try_recv);
            let has_room = self.answers.len() < JOBS_ROUND_MAX;
            let job = has_room.then(|| self.jobs.try_recv().ok()).flatten();
            if event.is_none() && job.is_none() {
                break;
            }
            if let Some(event) = event {
                self.state.take(event);
            }
            if let Some(job) = job {
                self.answers.push(job(&mut self.state)?);
            }
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), StopError> {
        let begun = Instant::now();
        let flight = self.state.begin()?;
        let answers = std::mem::take(&mut self.answers);
        match flight {
            Some(flight) => {
                self.air = Some(Air {
                    flight,
                    answers,
                    begun,
                });
            }
            None => answers.into_iter().for_each(|answer| answer()),
        }
        Ok(())
    }

    /// What was begun is durable: its answers go out, and whoever got one may ask again before the
    /// next commit begins.
    fn land(&mut self, landed: Result<(), StopError>) -> Result<(), StopError> {
        let Some(air) = self.air.take() else {
            return landed;
        };
        landed?;
        self.state.landed();
        let (answered, took) = (air.answers.len(), air.begun.elapsed());
        air.answers.into_iter().for_each(|answer| answer());
        let wait = (took / GATHER_PART).min(GATHER_MAX);
        if wait < GATHER_MIN {
            return Ok(());
        }
        let begun = Instant::now();
        loop {
            self.take_waiting()?;
            if self.answers.len() >= answered || begun.elapsed() >= wait {
                return Ok(());
            }
            std::thread::sleep(GATHER_STEP);
        }
    }

    /// Nobody is left who could ask: what is on its way arrives, and the rest is made durable.
    async fn end(mut self) -> Result<(), StopError> {
        if self.air.is_some() {
            let landed = landing(&mut self.air).await;
            self.land(landed)?;
        }
        self.state.settle()
    }
}

/// Without a commit on its way there is nothing to wait for.
async fn landing(air: &mut Option<Air>) -> Result<(), StopError> {
    match air {
        Some(air) => (&mut air.flight)
            .await
            .unwrap_or_else(|_| Err(StopError::Store("the thread of the journal ended".into()))),
        None => std::future::pending().await,
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

    /// Commits that land when the test says so.
    struct Field {
        dirty: bool,
        flights: mpsc::UnboundedSender<oneshot::Sender<Result<(), StopError>>>,
    }

    impl Own for Field {
        fn take(&mut self, _: LinkEvent) {}

        fn tick(&mut self) {}

        fn settle(&mut self) -> Result<(), StopError> {
            self.dirty = false;
            Ok(())
        }

        fn begin(&mut self) -> Result<Option<Flight>, StopError> {
            if !std::mem::take(&mut self.dirty) {
                return Ok(None);
            }
            let (land, flight) = oneshot::channel();
            let _ = self.flights.send(land);
            Ok(Some(flight))
        }
    }

    #[tokio::test]
    async fn jobs_go_on_while_a_commit_is_on_its_way_and_their_answers_wait_for_the_next() {
        let (flights, mut begun) = mpsc::unbounded_channel();
        let make = move || Field {
            dirty: false,
            flights,
        };
        let (owner, thread) = Owner::start(make, None).unwrap();
        let (done, mut doing) = mpsc::unbounded_channel();
        let ask = |name: &'static str| {
            let (owner, done) = (owner.clone(), done.clone());
            tokio::spawn(async move {
                let job = move |field: &mut Field| {
                    field.dirty = true;
                    let _ = done.send(name);
                };
                owner.call(job).await
            })
        };
        let first = ask("first");
        let land_first = begun.recv().await.unwrap();
        let second = ask("second");
        let third = ask("third");
        for _ in 0..3 {
            doing.recv().await.unwrap();
        }
        assert!(begun.try_recv().is_err(), "one at a time");
        land_first.send(Ok(())).unwrap();
        first.await.unwrap().unwrap();
        let land_second = begun.recv().await.unwrap();
        assert!(!second.is_finished() && !third.is_finished());
        let refused = StopError::Store("the disk is full".into());
        land_second.send(Err(refused)).unwrap();
        for asked in [second, third] {
            assert_eq!(asked.await.unwrap(), Err(CallError::Gone));
        }
        owner.ended().await;
        assert!(matches!(thread.join().unwrap(), Err(StopError::Store(_))));
    }
}
