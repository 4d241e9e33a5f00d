//! Case files open and closed, and what the node does with its keys while they are open: rows of earlier epochs are
//! sealed anew, a little at each tick, and what is to be destroyed is.

use super::{Access, Looked, Node, Own as _, StopError};
use crate::home::settle;
use crate::http::error::{ApiError, ApiResult};
use crate::key::{TurnError, numbers, turn};
use crate::seal::CaseSecret;
use crate::store::{CommitError, DiskStore, RekeyError, Resealing, StoreReader};
use jiaolian_schema::id::DossierId;
use jiaolian_sync::{Replica, Store as _, StoreError, Table, Write};
use std::collections::BTreeSet;
use thiserror::Error;

/// The epoch up to which every row is known to be sealed anew.
const RESEALED_KEY: &[u8] = b"resealed";
/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3_600_000;

impl Node {
    /// Opens case files with the secret that an officer's passphrase opened.
    pub fn unlock(&mut self, secret: CaseSecret) -> ApiResult<()> {
        self.store.unlock(secret).map_err(|error| {
            tracing::error!(%error, "case files stay closed");
            ApiError::new("store_failed")
        })?;
        self.forget_all();
        let unlocked = Access::by_nobody(self, Looked::Unlocked);
        self.note_access(unlocked)?;
        self.replica.unlocked(self.now());
        self.begin_resealing();
        self.to_follow_roster = true;
        Ok(())
    }

    /// Closes case files: nothing that was read of them stays in memory.
    pub fn lock(&mut self) {
        self.store.lock();
        self.resealing = None;
        self.forget_all();
        // Nobody waits for an answer that the row would have to come before.
        let locked = Access::by_nobody(self, Looked::Locked);
        let _ = self.note_access(locked);
    }

    /// Case files were opened: whether rows of earlier epochs or forms may be left.
    fn begin_resealing(&mut self) {
        let epoch = self.store.case_public().epoch().to_be_bytes();
        let known = self.store.get(Table::Local, RESEALED_KEY).ok().flatten();
        let done = known.is_some_and(|known| known == epoch) && !self.store.has_earlier_epochs();
        self.resealing = (!done).then(Resealing::default);
    }

    /// Seals some more rows anew.
    pub(super) fn reseal_some(&mut self) {
        let Some(mut at) = self.resealing.take() else {
            return;
        };
        match self.store.reseal(&mut at) {
            Ok(false) => self.resealing = Some(at),
            Ok(true) if at.is_whole() => self.put(Write {
                table: Table::Local,
                key: RESEALED_KEY.to_vec(),
                value: Some(self.store.case_public().epoch().to_be_bytes().to_vec()),
            }),
            Ok(true) => tracing::error!("rows that are damaged keep the keys of an earlier epoch"),
            // It goes on when the next officer signs in.
            Err(error) => tracing::warn!(%error, "rows were not sealed anew"),
        }
    }
}

/// Why a case was not destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShredError {
    /// Its rows can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They can't be taken away.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Its keys can't be taken away.
    #[error(transparent)]
    Rekey(#[from] RekeyError),
}

/// Why the next epoch did not begin.
#[derive(Debug, Error)]
enum TurnForLeaversError {
    #[error(transparent)]
    Turn(#[from] TurnError),
    #[error(transparent)]
    Rekey(#[from] RekeyError),
}

/// Destroys what good orders ask for, and lets go of cases that this office may hold no more since
/// `keep_ms`: rows, then keys, then the word that they are gone. Each step is durable before the next,
/// and what was broken off is gone on with. An officer is signed in.
pub fn destroy_due(
    replica: &mut Replica<StoreReader>,
    store: &DiskStore,
    now: i64,
    keep_ms: i64,
) -> Result<usize, ShredError> {
    bury_due(replica, now, keep_ms)?;
    settle(replica, store)?;
    let unburied = replica.unburied_keys();
    if unburied.is_empty() {
        return Ok(0);
    }
    store.destroy_keys(&subjects_of(&unburied))?;
    let confirmed = unburied
        .iter()
        .filter(|(case, _)| replica.confirm_gone(*case, now))
        .count();
    settle(replica, store)?;
    Ok(confirmed)
}

/// Takes the rows away of what is to go; its keys are then among the unburied.
fn bury_due(replica: &mut Replica<StoreReader>, now: i64, keep_ms: i64) -> Result<(), StoreError> {
    for case in replica.condemned() {
        replica.bury(case)?;
    }
    for case in replica.departed(now, keep_ms) {
        replica.let_go(case, now)?;
    }
    Ok(())
}

fn subjects_of(unburied: &[(DossierId, BTreeSet<[u8; 32]>)]) -> BTreeSet<[u8; 32]> {
    let keys = unburied.iter().flat_map(|(_, keys)| keys);
    keys.copied().collect()
}

impl Node {
    /// Who may open case files here, or what is to be destroyed, may have changed.
    pub(super) fn follow_roster_at_rest(&mut self) -> Result<(), StopError> {
        self.destroy_what_is_due()?;
        if let Err(error) = self.turn_for_leavers() {
            // It is asked again with the next news of the roster and the next officer.
            tracing::error!(%error, "the keys of case files stay as they are");
        }
        Ok(())
    }

    /// Officers whose keys were all revoked keep no ring here, and are not given the next epoch.
    fn turn_for_leavers(&mut self) -> Result<(), TurnForLeaversError> {
        if self.is_locked() {
            return Ok(());
        }
        let reader = self.store.reader();
        let known = numbers(&reader).map_err(TurnError::from)?;
        let leave: BTreeSet<String> = known.into_iter().filter(|n| self.has_left(n)).collect();
        if leave.is_empty() {
            return Ok(());
        }
        let next = CaseSecret::after(self.store.case_public());
        let rows = turn(&reader, &next, &leave)?;
        self.store.turn_epoch(&next, &rows)?;
        tracing::info!(left = leave.len(), "case files have a new epoch of keys");
        self.resealing = Some(Resealing::default());
        Ok(())
    }

    /// Whether every key of a staff number at this office was revoked. A number without any waits for
    /// its appointment.
    fn has_left(&self, number: &str) -> bool {
        let authority = self.authority();
        let mut keys = authority
            .appointments()
            .filter(|(_, appoint, _)| {
                appoint.staff_number == number && appoint.office == self.office
            })
            .map(|(_, appoint, _)| appoint.author())
            .peekable();
        keys.peek().is_some() && keys.all(|author| authority.is_barred(author))
    }

    /// The term of keeping of a case that moved may be over.
    pub(super) fn look_for_departed(&mut self) {
        let is_due = || !self.replica.departed(self.now(), self.keep_ms()).is_empty();
        self.to_follow_roster |= !self.is_locked() && is_due();
    }

    /// Keys of days of which nobody's positions are left go.
    pub(super) fn destroy_days(&mut self) {
        let Some(before) = self.replica.tracks_gone_before() else {
            return;
        };
        match self.store.destroy_days(before) {
            Ok(true) => tracing::info!("the keys of positions whose term is over are gone"),
            Ok(false) => {}
            // It is tried again with the next tick.
            Err(error) => tracing::error!(%error, "the keys of positions stay"),
        }
    }

    /// What is to be destroyed, or may be held no more, goes.
    fn destroy_what_is_due(&mut self) -> Result<(), StopError> {
        let (now, keep_ms) = (self.now(), self.keep_ms());
        let is_due = !self.replica.condemned().is_empty()
            || !self.replica.unburied_keys().is_empty()
            || !self.replica.departed(now, keep_ms).is_empty();
        if self.is_locked() || !is_due {
            return Ok(());
        }
        let stop = |error: &dyn std::fmt::Display| StopError::Store(error.to_string());
        bury_due(&mut self.replica, now, keep_ms).map_err(|error| stop(&error))?;
        // The rows are gone for good before their keys are.
        self.settle()?;
        let unburied = self.replica.unburied_keys();
        self.store
            .destroy_keys(&subjects_of(&unburied))
            .map_err(|error| stop(&error))?;
        for (case, _) in unburied {
            if self.replica.confirm_gone(case, now) {
                tracing::info!(%case, "the key of a case is gone from here");
            }
        }
        self.forget_all();
        Ok(())
    }

    /// How long a case is kept here after it moved, ms.
    fn keep_ms(&self) -> i64 {
        i64::from(self.rules.moved_keep_days()) * DAY_MS
    }
}
