//! Reports of known devices that are no position: stored beside the fixes with the rule they broke,
//! counted and listed, never judged (`watch.md` R4).

use super::report::Said;
use super::rule::Fault;
use crate::owner::Node;
use jiaolian_schema::canon;
use jiaolian_schema::id::sha256;
use jiaolian_sync::{Store, StoreError, Table, Write};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Most such reports of one device that are kept; the oldest go first.
pub const KEPT_MAX: usize = 1_000;
/// Most bytes of a report that are kept.
const SAID_BYTES_MAX: usize = 2 * 1_024;

/// A report that was kept and not judged.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeptReport {
    /// When it came first, ms UTC of the node.
    #[n(0)]
    pub received_at: i64,
    /// Name of the rule that it broke.
    #[n(1)]
    pub rule: String,
    /// The value that broke it.
    #[n(2)]
    pub value: String,
    /// The report in the device's words, as JSON, cut after 2 KiB.
    #[n(3)]
    pub said: String,
}

/// The reports of a device that were kept, in the order of their hashes.
pub fn kept_reports(store: &impl Store, terminal: &str) -> Result<Vec<KeptReport>, StoreError> {
    let rows = store.range(Table::Device, &key(terminal, &[]), &end(terminal), KEPT_MAX)?;
    let reports = rows.iter().map(|(_, value)| minicbor::decode(value).ok());
    Ok(reports.flatten().collect())
}

/// What one request adds to them.
#[derive(Debug, Default)]
pub(super) struct Aside {
    rows: BTreeMap<Vec<u8>, KeptReport>,
}

impl Aside {
    /// Sets a report aside; a retry of it is the same row. Whether it was not here before.
    pub(super) fn add(
        &mut self,
        (node, terminal): (&Node, &str),
        fault: &Fault,
        said: &Said,
        now: i64,
    ) -> Result<bool, StoreError> {
        let said = cut(serde_json::to_string(said).unwrap_or_default());
        let row = KeptReport {
            received_at: now,
            rule: fault.rule.name().to_owned(),
            value: fault.value.clone(),
            said,
        };
        let key = key(terminal, &sha256(&[row.said.as_bytes()]));
        let is_stored = node.store.reader().get(Table::Device, &key)?.is_some();
        let is_new = !is_stored && !self.rows.contains_key(&key);
        self.rows.insert(key, row);
        Ok(is_new)
    }

    /// Puts the new rows into the next commit and takes the oldest away where there are too many.
    pub(super) fn store(self, node: &mut Node, terminal: &str) -> Result<(), StoreError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let reader = node.store.reader();
        let from = key(terminal, &[]);
        let rows = reader.range(Table::Device, &from, &end(terminal), 2 * KEPT_MAX)?;
        let read = |(key, value): (Vec<u8>, Vec<u8>)| {
            let row: Option<KeptReport> = minicbor::decode(&value).ok();
            (key, row.map_or(i64::MIN, |row| row.received_at))
        };
        let mut known: BTreeMap<Vec<u8>, i64> = rows.into_iter().map(read).collect();
        for (key, row) in self.rows {
            if !known.contains_key(&key) {
                known.insert(key.clone(), row.received_at);
                node.put(put(key, Some(canon::encode(&row))));
            }
        }
        let mut by_age: Vec<_> = known.into_iter().map(|(key, at)| (at, key)).collect();
        by_age.sort_unstable();
        let surplus = by_age.len().saturating_sub(KEPT_MAX);
        for (_, key) in by_age.into_iter().take(surplus) {
            node.put(put(key, None));
        }
        Ok(())
    }
}

fn put(key: Vec<u8>, value: Option<Vec<u8>>) -> Write {
    Write {
        table: Table::Device,
        key,
        value,
    }
}

/// A terminal's number has no zero byte, so no device's rows lie among another's.
fn key(terminal: &str, hash: &[u8]) -> Vec<u8> {
    [terminal.as_bytes(), &[0], hash].concat()
}

fn end(terminal: &str) -> Vec<u8> {
    [terminal.as_bytes(), &[1]].concat()
}

fn cut(mut text: String) -> String {
    if text.len() > SAID_BYTES_MAX {
        let end = (0..=SAID_BYTES_MAX)
            .rev()
            .find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
    }
    text
}
