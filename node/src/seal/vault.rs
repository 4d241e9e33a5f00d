//! Which key seals which table, and whether the CASE domain is open at this moment.

use super::{CasePublic, CaseSecret, OpenSealError, OpsKey, Place};
use crate::store::tables::{Domain, form};
use jiaolian_sync::Table;
use std::sync::{Arc, PoisonError, RwLock};
use thiserror::Error;

/// The node's keys at rest. Shared by the owner thread and by every reader.
#[derive(Debug)]
pub struct Vault {
    ops: OpsKey,
    case_public: CasePublic,
    case: RwLock<Option<Arc<CaseSecret>>>,
}

/// Why the CASE domain stayed closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnlockError {
    /// The secret is another node's, or of another epoch.
    #[error("the CASE secret must belong to this store")]
    Foreign,
}

impl Vault {
    /// A vault with its CASE domain closed.
    pub fn new(ops: OpsKey, case_public: CasePublic) -> Self {
        Self {
            ops,
            case_public,
            case: RwLock::new(None),
        }
    }

    /// Opens the CASE domain for everybody who reads through this vault.
    pub fn unlock(&self, secret: CaseSecret) -> Result<(), UnlockError> {
        if secret.public() != self.case_public {
            return Err(UnlockError::Foreign);
        }
        *self.case.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(secret));
        Ok(())
    }

    /// Closes the CASE domain; the secret is wiped with its last reader.
    pub fn lock(&self) {
        *self.case.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether the CASE domain is open.
    pub fn is_open(&self) -> bool {
        self.case_secret().is_some()
    }

    /// The half that seals while locked.
    pub fn case_public(&self) -> CasePublic {
        self.case_public
    }

    /// Seals one row. Writing works while locked.
    pub fn seal(&self, table: Table, key: &[u8], plain: &[u8]) -> Vec<u8> {
        let place = Place {
            table: table as u8,
            key,
        };
        match (form(table).domain, self.case_secret()) {
            (Domain::Ops, _) => self.ops.seal(place, plain),
            (Domain::Case, Some(secret)) => secret.seal(place, plain),
            (Domain::Case, None) => self.case_public.seal(place, plain),
        }
    }

    /// Opens one row, or says that it is closed or damaged; never other bytes than were sealed.
    pub fn open(&self, table: Table, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenSealError> {
        let place = Place {
            table: table as u8,
            key,
        };
        match form(table).domain {
            Domain::Ops => self.ops.open(place, sealed),
            Domain::Case => self
                .case_secret()
                .ok_or(OpenSealError::Locked)?
                .open(place, sealed),
        }
    }

    /// The secret, while somebody is signed in.
    pub(crate) fn case_secret(&self) -> Option<Arc<CaseSecret>> {
        self.case
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
