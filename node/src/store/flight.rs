//! Commits of the journal that are on their way to the disk while their owner goes on. One at a time: a
//! thread of its own seals and syncs it, and whoever wants another commit waits for it first.

use super::{CommitError, StoreReader, record};
use crate::seal::Day;
use jiaolian_sync::Table;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Hears once what a commit came to, on the thread of the flights.
pub type Landing = Box<dyn FnOnce(Result<(), CommitError>) + Send>;

/// A commit that begins.
pub(super) struct Departure {
    pub(super) number: u64,
    /// What it says, and under the key of which day.
    pub(super) row: Vec<u8>,
    pub(super) day: Option<Day>,
    pub(super) landing: Landing,
}

/// Whether one is on its way, and the first that did not arrive.
#[derive(Debug, Default)]
struct Sky {
    state: Mutex<(bool, Option<CommitError>)>,
    landed: Condvar,
}

impl Sky {
    fn lock(&self) -> MutexGuard<'_, (bool, Option<CommitError>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Flights {
    sky: Arc<Sky>,
    line: Mutex<Option<Line>>,
}

/// The thread, from the first commit on.
#[derive(Debug)]
struct Line {
    departures: Option<Sender<Departure>>,
    thread: Option<JoinHandle<()>>,
}

impl Flights {
    /// Waits until nothing is on its way. Whatever follows a commit that did not arrive is refused.
    pub(super) fn wait(&self) -> Result<(), CommitError> {
        let mut state = self.sky.lock();
        while state.0 {
            state = self
                .sky
                .landed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.1.clone().map_or(Ok(()), Err)
    }

    /// Sends a commit on its way; nothing else is on its way.
    pub(super) fn begin(
        &self,
        reader: &StoreReader,
        departure: Departure,
    ) -> Result<(), CommitError> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.is_none() {
            *line = Some(Line::open(reader, &self.sky)?);
        }
        self.sky.lock().0 = true;
        let departures = line.as_ref().and_then(|line| line.departures.as_ref());
        let gone = departures.is_none_or(|to| to.send(departure).is_err());
        if gone {
            self.sky.lock().0 = false;
            return Err(CommitError::Disk("the thread of the journal ended".into()));
        }
        Ok(())
    }
}

impl Line {
    fn open(reader: &StoreReader, sky: &Arc<Sky>) -> Result<Self, CommitError> {
        let (departures, waiting) = channel();
        let (pen, sky) = (Pen::of(reader), Arc::clone(sky));
        let thread = std::thread::Builder::new().name("journal".into());
        let thread = thread.spawn(move || fly(&pen, &waiting, &sky));
        let thread = thread.map_err(|error| CommitError::Disk(error.to_string()))?;
        Ok(Self {
            departures: Some(departures),
            thread: Some(thread),
        })
    }
}

impl Drop for Line {
    /// What is on its way arrives.
    fn drop(&mut self) {
        self.departures = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn fly(pen: &Pen, waiting: &Receiver<Departure>, sky: &Sky) {
    while let Ok(departure) = waiting.recv() {
        let Departure {
            number,
            row,
            day,
            landing,
        } = departure;
        let done = pen.write(number, (&row, day));
        {
            let mut state = sky.lock();
            state.0 = false;
            if let Err(error) = &done {
                state.1 = Some(error.clone());
            }
        }
        sky.landed.notify_all();
        landing(done);
    }
}

/// What it takes to write a record: nothing of the store's own file, which may close meanwhile.
pub(super) struct Pen {
    vault: Arc<crate::seal::Vault>,
    medium: Arc<dyn super::Medium>,
    journal: Arc<super::journal::Journal>,
}

impl Pen {
    pub(super) fn of(reader: &StoreReader) -> Self {
        Self {
            vault: Arc::clone(&reader.vault),
            medium: reader.slot.shared_medium(),
            journal: Arc::clone(&reader.journal),
        }
    }

    /// Seals a record and adds it to the file; the keys that it needs lie on the disk before it.
    pub(super) fn write(
        &self,
        number: u64,
        (row, day): (&[u8], Option<Day>),
    ) -> Result<(), CommitError> {
        let key = number.to_be_bytes();
        let sealed = self.vault.seal_as_of(day, Table::Journal, &key, row);
        if let Some((at, bytes)) = self.vault.unwritten() {
            self.medium.append_keys(at, &bytes)?;
            self.vault.written();
        }
        let (at, bytes) = (self.journal.length(), record::frame(number, &sealed));
        self.medium.append_journal(at, &bytes)?;
        self.journal.reaches(at + bytes.len() as u64);
        Ok(())
    }
}
