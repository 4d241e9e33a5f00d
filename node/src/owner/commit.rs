//! What becomes durable, and what follows from it: a commit of reports goes on its way while more of
//! them are taken in, anything else is on the disk before anything else happens.

use super::{Flight, Node, Own as _, StopError};
use crate::store::CommitError;
use jiaolian_schema::id::PersonCode;
use jiaolian_sync::{Effect, Event, Write};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

impl Node {
    /// What is to be done since the last commit, and what is to be written before it.
    pub(super) fn gathered(&mut self) -> (Vec<Effect>, Vec<Write>) {
        let mut effects = self.replica.drain();
        let mut writes = std::mem::take(&mut self.unsaved);
        for effect in &mut effects {
            if let Effect::Store(rows) = effect {
                writes.append(rows);
            }
        }
        (effects, writes)
    }

    pub(super) fn carry_out(
        &mut self,
        effects: Vec<Effect>,
        writes: &[Write],
    ) -> Result<(), StopError> {
        if !writes.is_empty() {
            self.commit(writes)?;
        }
        let told: BTreeSet<PersonCode> = effects.iter().filter_map(watched).collect();
        for effect in effects {
            self.perform(effect);
        }
        self.tell_watched(told);
        self.tell_doubtful();
        Ok(())
    }

    fn commit(&mut self, writes: &[Write]) -> Result<(), StopError> {
        let started = Instant::now();
        self.store
            .commit(writes)
            .map_err(|error| StopError::Store(error.to_string()))?;
        let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.metrics.committed(writes.len(), took_us, self.now());
        for author in self.own.clone() {
            self.note_signed(author);
        }
        if let Some(tip) = &mut self.tip {
            for (author, n) in std::mem::take(&mut self.signed) {
                tip.record(author, n)
                    .map_err(|error| StopError::Store(error.to_string()))?;
            }
        }
        Ok(())
    }

    /// A commit of nothing but reports goes on its way; anything else waits for its own.
    pub(super) fn begin_commit(&mut self) -> Result<Option<Flight>, StopError> {
        let (effects, writes) = self.gathered();
        let of_reports = |effect: &Effect| {
            matches!(
                effect,
                Effect::Store(_) | Effect::Publish(Event::Watched { .. })
            )
        };
        let goes = !writes.is_empty()
            && !self.to_follow_roster
            && effects.iter().all(of_reports)
            && self.store.may_begin(&writes);
        if !goes {
            if !effects.is_empty() || !writes.is_empty() {
                self.carry_out(effects, &writes)?;
            }
            self.settle()?;
            return Ok(None);
        }
        self.told_next.extend(effects.iter().filter_map(watched));
        let (metrics, clock) = (Arc::clone(&self.metrics), Arc::clone(&self.clock));
        let (rows, started) = (writes.len(), Instant::now());
        let (land, flight) = tokio::sync::oneshot::channel();
        let landing = move |done: Result<(), CommitError>| {
            let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
            if done.is_ok() {
                metrics.committed(rows, took_us, clock());
            }
            let _ = land.send(done.map_err(|error| StopError::Store(error.to_string())));
        };
        let begun = self.store.begin(writes, Box::new(landing));
        begun.map_err(|error| StopError::Store(error.to_string()))?;
        Ok(Some(flight))
    }

    /// What was begun is durable: pages hear of it.
    pub(super) fn commit_landed(&mut self) {
        let told = std::mem::take(&mut self.told_next);
        self.tell_watched(told);
        self.tell_doubtful();
    }
}

/// Of whom an effect tells that a report came.
fn watched(effect: &Effect) -> Option<PersonCode> {
    match effect {
        Effect::Publish(Event::Watched { person }) => Some(*person),
        _ => None,
    }
}
