//! Old logs that are let go of: behind an act of the node that keeps the end of the old log, filed above
//! long enough after that end was. From there on the chain of rows verifies as before, and whatever else
//! is missing is still told of.

use super::super::Replica;
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::act::Purge;
use jiaolian_schema::authority::State;
use jiaolian_schema::canon;
use jiaolian_schema::fact::{Fact, LogFact, What};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId};
use minicbor::{Decode, Encode};

/// How often it is asked whether a log may go, ms.
const LOOK_MS: i64 = 3_600_000;

/// What is kept of a log that was let go of.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(in super::super) struct PurgedRow {
    #[n(0)]
    office: OfficeId,
    /// The act behind it.
    #[n(1)]
    by: EnvelopeId,
    #[n(2)]
    top: u64,
    #[cbor(n(3), with = "minicbor::bytes")]
    hash: [u8; 32],
}

impl<S: Store> Replica<S> {
    /// Notes an act that lets an old log of its own office go; whether it may is asked now and then. From
    /// here on the log is compared with nobody, so that whoever lets it go first is not sent it again.
    pub(in super::super) fn note_purge(&mut self, fact: &Fact) {
        let What::Purge { log, .. } = fact.what else {
            return;
        };
        let here = self.rows.get(&fact.dossier).map(|row| row.place);
        let row = self.rows.get(&log).cloned();
        let own = row.filter(|row| row.kind == DossierKind::Audit && Some(row.place) == here);
        if let Some(row) = own {
            for key in self.keys_of(log, &row) {
                self.index.remove(&key);
            }
            self.purges.insert(log, fact.clone());
        }
    }

    /// Whether a log is on its way out.
    pub(in super::super) fn is_leaving(&self, dossier: DossierId) -> bool {
        self.purges.contains_key(&dossier)
    }

    /// Whether a log was let go of here: what comes of it again is let fall.
    pub(in super::super) fn is_purged(&self, dossier: DossierId) -> bool {
        self.purged.contains_key(&dossier)
    }

    /// Lets go of every log whose time has come.
    pub(in super::super) fn purge_logs(&mut self) {
        let Some(keep_ms) = self.limits.audit_keep_ms else {
            return;
        };
        if self.log.looked.is_some_and(|at| self.now - at < LOOK_MS) {
            return;
        }
        self.log.looked = Some(self.now);
        let acts: Vec<Fact> = self.purges.values().cloned().collect();
        for act in acts {
            if self.may_purge(&act, keep_ms) {
                // A disk that can't be read now is asked again later.
                let _ = self.let_log_go(&act);
            }
        }
        let _ = self.sign_purge(keep_ms);
    }

    /// The act is a node's of the log's own office, names the log's last batch as it is, and was filed
    /// above so long after that batch.
    fn may_purge(&self, act: &Fact, keep_ms: i64) -> bool {
        let What::Purge {
            log,
            last,
            top,
            hash,
        } = act.what
        else {
            return false;
        };
        let office = |dossier| self.rows.get(&dossier).map(|row| row.place);
        let Some((end, newest)) = self.end_of(log).ok().flatten() else {
            return false;
        };
        let is_end = (end.id, newest.top(), newest.last) == (last, top, hash);
        let filed = (self.filed_at(act), self.filed_at(&end));
        let rested = matches!(filed, (Some(by), Some(end)) if by.saturating_sub(end) >= keep_ms);
        is_end && rested && office(log) == office(act.dossier) && self.is_by_node(act)
    }

    /// The last batch of a log that is here; none where that is no log or has none.
    fn end_of(&self, log: DossierId) -> Result<Option<(Fact, LogFact)>, StoreError> {
        let row = self.rows.get(&log);
        if row.is_none_or(|row| row.kind != DossierKind::Audit) {
            return Ok(None);
        }
        let facts = self.load_facts(log)?.into_values();
        let batches = facts.filter_map(|fact| match fact.what.clone() {
            What::Log(batch) => Some((fact, batch)),
            _ => None,
        });
        Ok(batches.max_by_key(|(fact, _)| fact.n))
    }

    fn filed_at(&self, fact: &Fact) -> Option<i64> {
        match self.authority.state(fact, true) {
            State::Good { filed } => filed,
            _ => None,
        }
    }

    fn let_log_go(&mut self, act: &Fact) -> Result<(), StoreError> {
        let What::Purge { log, top, hash, .. } = act.what else {
            return Ok(());
        };
        let Some(row) = self.rows.get(&log).cloned() else {
            return Ok(());
        };
        for fact in self.load_facts(log)?.into_values() {
            self.bury_body(&fact);
        }
        self.bury_row(log);
        if row.place == self.office {
            let end = (top + 1).to_be_bytes();
            for (key, _) in self.disk.range(Table::Access, &[], &end, usize::MAX)? {
                self.disk.remove(Table::Access, &key);
            }
            // What was signed is read again, without it.
            self.log.own = None;
        }
        let (office, by) = (row.place, act.id);
        let row = PurgedRow {
            office,
            by,
            top,
            hash,
        };
        self.disk.put(Table::Purged, &log.0, canon::encode(&row));
        self.purged.insert(log, row);
        self.purges.remove(&log);
        Ok(())
    }

    /// Signs that the oldest log of this node goes, once its end was filed long enough ago; one at a
    /// time.
    fn sign_purge(&mut self, keep_ms: i64) -> Option<()> {
        self.node.as_ref()?;
        let own = self.log.own.as_ref()?;
        let (open, _) = own.ledger?;
        let logs = self.rows.iter().filter(|(id, row)| {
            row.kind == DossierKind::Audit && row.place == self.office && **id != open
        });
        let logs: Vec<DossierId> = logs.map(|(id, _)| *id).collect();
        let mut ends = Vec::new();
        for log in logs {
            ends.extend(self.end_of(log).ok()?.map(|end| (end, log)));
        }
        let ((end, batch), log) = ends.into_iter().min_by_key(|((_, batch), _)| batch.first)?;
        let filed = self.filed_at(&end)?;
        if self.purges.contains_key(&log) || self.now.saturating_sub(filed) < keep_ms {
            return None;
        }
        let purge = Purge {
            log,
            last: end.id,
            top: batch.top(),
            hash: batch.last,
        };
        self.sign_in_log(purge.into())?;
        Some(())
    }

    pub(in super::super) fn read_purged(&mut self) -> Result<(), super::super::OpenError> {
        self.each_row(Table::Purged, |replica, key, value| {
            let id = DossierId::from_slice(key);
            if let Some((id, row)) = id.zip(minicbor::decode(value).ok()) {
                replica.purges.remove(&id);
                replica.purged.insert(id, row);
            }
            Ok(())
        })
    }
}
