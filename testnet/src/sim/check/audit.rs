//! I8: every node's log is one unbroken chain, at the node and wherever it went; every act that a
//! node answered for stands in it; and nothing is called broken that nobody touched.

use super::{Union, World};
use crate::sim::plan::OFFICES;
use jiaolian_schema::audit::Row;
use jiaolian_schema::id::{AuthorId, EnvelopeId, sha256};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(world: &World, union: &Union, broken: &mut Vec<String>) {
    for (at, (name, ..)) in OFFICES.iter().enumerate() {
        let Some(replica) = world.nodes[at].replica.as_ref() else {
            continue;
        };
        let findings = replica.log_findings().unwrap_or_default();
        for finding in findings {
            let flaw = finding.flaw;
            broken.push(format!(
                "I8: {name} calls row {} of {} {:?}",
                flaw.number, finding.office, flaw.fault
            ));
        }
        let mut tops: BTreeMap<AuthorId, (u64, [u8; 32])> = BTreeMap::new();
        for batch in replica.log_batches().unwrap_or_default() {
            let rows = replica.batch_rows(&batch);
            if rows.len() as u64 != batch.log.count {
                broken.push(format!("I8: {name} can't read all of batch {}", batch.id));
            }
            let (mut top, mut hash) = tops.get(&batch.author).copied().unwrap_or_default();
            for (number, row) in rows {
                if number != top + 1 || row.before != hash {
                    broken.push(format!(
                        "I8: row {number} of {} at {name} does not follow row {top}",
                        batch.office
                    ));
                }
                (top, hash) = (number, sha256(&[&row.to_bytes()]));
            }
            tops.insert(batch.author, (top, hash));
        }
        acts(world, union, at, broken);
    }
}

/// What a node answered for stands in its own log.
fn acts(world: &World, union: &Union, at: usize, broken: &mut Vec<String>) {
    let Some(replica) = world.nodes[at].replica.as_ref() else {
        return;
    };
    let rows = replica.log_rows(1, usize::MAX).unwrap_or_default();
    let act_of = |(_, row): (u64, Row)| row.act;
    let told: BTreeSet<EnvelopeId> = rows.into_iter().filter_map(act_of).collect();
    let acked = world.journal.acked.iter().filter(|(_, (by, _))| *by == at);
    for (id, _) in acked.filter(|(id, _)| union.heads.contains_key(id)) {
        if !told.contains(id) {
            broken.push(format!(
                "I8: {} signed {id} and its log does not say so",
                OFFICES[at].0
            ));
        }
    }
}
