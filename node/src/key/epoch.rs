//! Epochs of the CASE domain: who is given the secret of the next one. Nobody's passphrase is needed:
//! each ring has a letterbox, which only its officer's passphrase opens.

use super::wrap::Wrap;
use super::{KeyRing, OpenKeyError, recovery_place, ring_row};
use crate::seal::{CaseSecret, Place};
use jiaolian_sync::{Store, StoreError, Table, Write};
use std::collections::BTreeSet;
use thiserror::Error;
use zeroize::Zeroizing;

/// No staff number begins with a zero byte.
const EPOCH_ROW: &[u8] = b"\0epoch";
/// Rings of one node, with its few other rows.
const RINGS_MAX: usize = 10_000;

/// Why the epoch did not turn.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TurnError {
    /// Rings without a letterbox can be given nothing.
    #[error("{} must sign in once before the next epoch, or be removed", .0.join(", "))]
    Unreachable(Vec<String>),
    /// The rings can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Staff numbers that have a ring here, ascending.
pub fn numbers(store: &impl Store) -> Result<Vec<String>, StoreError> {
    Ok(rings(store)?
        .into_iter()
        .map(|(number, _)| number)
        .collect())
}

/// The rows that give the next secret to everybody here who stays, and to the county's recovery key,
/// and take the rings of all others away.
pub fn turn(
    store: &impl Store,
    next: &CaseSecret,
    leave: &BTreeSet<String>,
) -> Result<Vec<Write>, TurnError> {
    let (mut rows, mut unreachable) = (Vec::new(), Vec::new());
    for (number, wrap) in rings(store)? {
        let key = [EPOCH_ROW, number.as_bytes()].concat();
        if leave.contains(&number) {
            rows.extend([KeyRing::remove(&number), ring_row(&key, None)]);
            continue;
        }
        let Some(letterbox) = wrap.letterbox() else {
            unreachable.push(number);
            continue;
        };
        let sealed = letterbox.seal(place(&key), next.to_bytes().as_slice());
        rows.push(ring_row(&key, Some(sealed)));
    }
    if !unreachable.is_empty() {
        return Err(TurnError::Unreachable(unreachable));
    }
    if let Some(recovery) = KeyRing::recovery_key(store)? {
        let sealed = recovery.seal(recovery_place(), next.to_bytes().as_slice());
        rows.push(ring_row(super::RECOVERY_ROW, Some(sealed)));
    }
    Ok(rows)
}

/// The secret of the newest epoch that an officer was given, at least that of the ring itself.
pub(super) fn newest(
    store: &impl Store,
    number: &str,
    letterbox: &CaseSecret,
    own: CaseSecret,
) -> Result<CaseSecret, OpenKeyError> {
    let key = [EPOCH_ROW, number.as_bytes()].concat();
    let Some(sealed) = store.get(Table::KeyRing, &key)? else {
        return Ok(own);
    };
    // A ring made anew since then has another letterbox, and holds the secret of its own day.
    let Ok(bytes) = letterbox.open(place(&key), &sealed) else {
        return Ok(own);
    };
    let given = CaseSecret::from_bytes(&Zeroizing::new(bytes));
    let given = given.filter(|given| given.public().epoch() > own.public().epoch());
    Ok(given.unwrap_or(own))
}

fn rings(store: &impl Store) -> Result<Vec<(String, Wrap)>, StoreError> {
    // Rows that begin with a zero byte are no rings.
    let rows = store.range(Table::KeyRing, &[1], &[0xFF], RINGS_MAX)?;
    let ring = |(key, value): (Vec<u8>, Vec<u8>)| {
        Some((String::from_utf8(key).ok()?, Wrap::from_bytes(&value)?))
    };
    Ok(rows.into_iter().filter_map(ring).collect())
}

fn place(key: &[u8]) -> Place<'_> {
    Place {
        table: Table::KeyRing as u8,
        key,
    }
}
