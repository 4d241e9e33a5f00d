//! I4: the words of a case are on no disk and on no wire of an office that may not have it, now or
//! by an earlier place.

use super::{World, rows};
use crate::sim::journal::CaseNote;
use crate::sim::plan::{OFFICES, Plan};
use jiaolian_sync::frame::Frame;
use jiaolian_sync::{Peer, Table};
use std::collections::BTreeMap;

/// How every canary begins, and how long it is.
const MARK: &[u8] = b"canary-";
const BYTES: usize = 7 + 16;

const TABLES: [Table; 5] = [
    Table::RosterBody,
    Table::CaseBody,
    Table::Fact,
    Table::Refused,
    Table::Parked,
];

impl CaseNote {
    /// By its own reading of the rule: the responsible offices and all above, up to the province,
    /// and a minor's no higher than the county.
    fn may_be_at(&self, at: usize) -> bool {
        let high = if self.minor { 2 } else { 4 };
        OFFICES[at].2 <= high
            && self
                .places
                .iter()
                .any(|place| Plan::path(*place).contains(&at))
    }
}

pub(super) fn check(world: &World, broken: &mut Vec<String>) {
    let known: BTreeMap<&[u8], &CaseNote> = world
        .journal
        .cases
        .values()
        .map(|note| (note.canary.as_bytes(), note))
        .collect();
    for (at, node) in world.nodes.iter().enumerate() {
        for table in TABLES {
            let rows = rows(node, table);
            let words = rows.iter().flat_map(|(_, value)| canaries(value));
            for word in words {
                if known.get(word).is_some_and(|note| !note.may_be_at(at)) {
                    let word = String::from_utf8_lossy(word).into_owned();
                    let office = OFFICES[at].0;
                    broken.push(format!("I4: {office} has {word} in table {table:?}"));
                }
            }
        }
    }
}

fn canaries(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes
        .windows(BYTES)
        .filter(|window| window.starts_with(MARK))
}

impl World {
    /// Reads a frame on its way to somebody.
    pub(crate) fn watch_wire(&mut self, to: Peer, frame: &[u8]) {
        self.journal.frames += 1;
        self.journal.bytes += frame.len() as u64;
        let Some(at) = self.nodes.iter().position(|node| node.peer == to) else {
            return;
        };
        let Ok(Frame::Envelopes { envelopes, .. }) = Frame::decode(frame) else {
            return;
        };
        let bodies = envelopes
            .iter()
            .filter_map(|envelope| envelope.body.as_deref());
        for word in bodies.flat_map(canaries) {
            let mut notes = self.journal.cases.values();
            let note = notes.find(|note| note.canary.as_bytes() == word);
            if note.is_some_and(|note| !note.may_be_at(at)) {
                let word = String::from_utf8_lossy(word).into_owned();
                let office = OFFICES[at].0;
                self.journal
                    .breaks
                    .insert(format!("I4: {word} was sent to {office}"));
            }
        }
    }
}
