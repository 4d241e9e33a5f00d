//! Who looked at what, and why: an append-only list in which each row holds the hash of the row
//! before it.

use super::Node;
use crate::http::error::{ApiError, ApiResult};
use crate::view::Viewer;
use jiaolian_schema::canon;
use jiaolian_schema::id::{DossierId, OfficeId, PersonId, sha256};
use jiaolian_sync::{Store as _, StoreError, Table, Write};
use minicbor::{Decode, Encode};

/// Row of `Table::Local` that names the newest access.
const TIP_KEY: &[u8] = b"access-tip";

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Looked {
    /// The page of a case.
    #[n(0)]
    Case,
    /// Where everybody is.
    #[n(1)]
    Positions,
    /// Where one person was over a time.
    #[n(2)]
    Track,
    /// Material that was not taken in, as a file.
    #[n(3)]
    Refused,
    /// A case, whole, as a file for somebody elsewhere.
    #[n(4)]
    Export,
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Access {
    /// When, ms UTC.
    #[n(0)]
    pub at: i64,
    /// Who.
    #[n(1)]
    pub person: PersonId,
    /// In the seat of which office.
    #[n(2)]
    pub office: OfficeId,
    /// What.
    #[n(3)]
    pub looked: Looked,
    /// The purpose that the person gave; empty where none is asked for.
    #[n(4)]
    pub purpose: String,
    /// Whose case.
    #[n(5)]
    pub case: Option<DossierId>,
    /// From when, for a track, ms UTC.
    #[n(6)]
    pub from: Option<i64>,
    /// Until when, for a track, ms UTC.
    #[n(7)]
    pub to: Option<i64>,
    /// SHA-256 of the row before this; zero in the first.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub before: [u8; 32],
}

/// Number and hash of the newest row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct AccessTip {
    #[n(0)]
    number: u64,
    #[cbor(n(1), with = "minicbor::bytes")]
    hash: [u8; 32],
}

impl Access {
    /// A look by a person at this moment.
    pub fn new(node: &Node, viewer: &Viewer, looked: Looked) -> Self {
        Self {
            at: node.now(),
            person: viewer.person,
            office: viewer.office,
            looked,
            purpose: String::new(),
            case: None,
            from: None,
            to: None,
            before: [0; 32],
        }
    }

    /// Of one case.
    #[must_use]
    pub fn of(mut self, case: DossierId) -> Self {
        self.case = Some(case);
        self
    }

    /// For a purpose.
    #[must_use]
    pub fn for_purpose(mut self, purpose: &str) -> Self {
        purpose.clone_into(&mut self.purpose);
        self
    }

    /// Over a time, ms UTC.
    #[must_use]
    pub fn over(mut self, from: i64, to: i64) -> Self {
        (self.from, self.to) = (Some(from), Some(to));
        self
    }
}

impl Node {
    /// Writes a look down; it is durable before what was looked at is shown.
    pub fn note_access(&mut self, mut access: Access) -> ApiResult<()> {
        let tip = self.access_tip().map_err(|error| {
            tracing::error!(%error, "the list of looks could not be read");
            ApiError::new("store_failed")
        })?;
        access.before = tip.hash;
        let row = canon::encode(&access);
        let tip = AccessTip {
            number: tip.number + 1,
            hash: sha256(&[&row]),
        };
        self.put(Write {
            table: Table::Access,
            key: tip.number.to_be_bytes().to_vec(),
            value: Some(row),
        });
        self.put(Write {
            table: Table::Local,
            key: TIP_KEY.to_vec(),
            value: Some(canon::encode(&tip)),
        });
        self.access_tip = Some(tip);
        Ok(())
    }

    fn access_tip(&self) -> Result<AccessTip, StoreError> {
        if let Some(tip) = self.access_tip {
            return Ok(tip);
        }
        let row = self.store.reader().get(Table::Local, TIP_KEY)?;
        let tip = row.and_then(|row| minicbor::decode(&row).ok());
        Ok(tip.unwrap_or_default())
    }

    /// Looks written down, from a number on, at most so many; the first has the number 1.
    pub fn accesses(&self, from: u64, limit: usize) -> Result<Vec<Access>, StoreError> {
        let (from, to) = (from.to_be_bytes(), u64::MAX.to_be_bytes());
        let rows = self
            .store
            .reader()
            .range(Table::Access, &from, &to, limit)?;
        let rows = rows
            .iter()
            .filter_map(|(_, row)| minicbor::decode(row).ok());
        Ok(rows.collect())
    }
}
