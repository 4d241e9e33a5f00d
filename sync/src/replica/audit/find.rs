//! What is wrong with the logs that are here: of every node below, and of this one.

use super::super::Replica;
use crate::store::{Store, StoreError};
use jiaolian_schema::audit::{Fault, Flaw, Row};
use jiaolian_schema::fact::{Fact, LogFact, What};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AuthorId, EnvelopeId, OfficeId};
use std::collections::BTreeMap;

/// The role of an appointment that makes a node.
const NODE_ROLE: &str = "NODE";

/// Rows of a node's log that are cut, edited or exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The office whose node it is.
    pub office: OfficeId,
    /// The node's author.
    pub author: AuthorId,
    /// Which rows, and what is wrong with them.
    pub flaw: Flaw,
    /// The envelope that shows it.
    pub by: EnvelopeId,
    /// When that was signed, as it claims, ms UTC.
    pub at: i64,
}

/// A signed batch of a node's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The office whose node it is.
    pub office: OfficeId,
    /// The node's author.
    pub author: AuthorId,
    /// The envelope.
    pub id: EnvelopeId,
    /// Its place on the author's chain.
    pub n: u64,
    /// When it was signed, as it claims, ms UTC.
    pub at: i64,
    /// What it holds.
    pub log: LogFact,
}

struct Told {
    office: OfficeId,
    facts: BTreeMap<u64, Fact>,
}

impl<S: Store> Replica<S> {
    /// Every row that is known to be wrong, by office and number.
    pub fn log_findings(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        for (author, told) in self.logs_told()? {
            let office = told.office;
            each_flaw(&told, |fact, flaw| {
                findings.push(Finding {
                    office,
                    author,
                    flaw,
                    by: fact.id,
                    at: fact.at,
                });
            });
        }
        findings.sort_unstable();
        findings.dedup_by_key(|finding| (finding.author, finding.flaw));
        Ok(findings)
    }

    /// Every signed batch that is here and counts, by author and place on its chain.
    pub fn log_batches(&self) -> Result<Vec<Batch>, StoreError> {
        let mut batches = Vec::new();
        for (author, told) in self.logs_told()? {
            for (n, fact) in told.facts {
                if let What::Log(log) = fact.what {
                    batches.push(Batch {
                        office: told.office,
                        author,
                        id: fact.id,
                        n,
                        at: fact.at,
                        log,
                    });
                }
            }
        }
        Ok(batches)
    }

    /// The rows of a signed batch, each with its number; what is no row is left out.
    pub fn batch_rows(&self, batch: &Batch) -> Vec<(u64, Row)> {
        let log = self.log_of(batch.id);
        let rows = log.into_iter().flat_map(|log| log.rows);
        (batch.log.first..)
            .zip(rows)
            .filter_map(|(number, row)| Some((number, Row::read(&row)?)))
            .collect()
    }

    /// The acts of logs that count, by author and place on its chain.
    fn logs_told(&self) -> Result<BTreeMap<AuthorId, Told>, StoreError> {
        let mut told: BTreeMap<AuthorId, Told> = BTreeMap::new();
        let logs = self.rows.iter();
        for (id, row) in logs.filter(|(_, row)| row.kind == DossierKind::Audit) {
            for fact in self.load_facts(*id)?.into_values() {
                if self.is_by_node(&fact) {
                    let office = row.place;
                    let told = told.entry(fact.author).or_insert_with(|| Told {
                        office,
                        facts: BTreeMap::new(),
                    });
                    told.facts.insert(fact.n, fact);
                }
            }
        }
        Ok(told)
    }

    pub(super) fn is_by_node(&self, fact: &Fact) -> bool {
        let appoint = fact
            .appointment
            .and_then(|id| self.authority.appointment(id));
        appoint.is_some_and(|appoint| appoint.roles.iter().any(|role| role == NODE_ROLE))
            && self.authority.state(fact, true).is_good()
    }
}

fn each_flaw(told: &Told, mut found: impl FnMut(&Fact, Flaw)) {
    let (mut newest, mut whole): (Option<(u64, [u8; 32])>, bool) = (None, true);
    for fact in told.facts.values() {
        match &fact.what {
            // The end of the dossier before may still be on its way.
            What::Ledger { after, .. } => {
                whole = after.is_none_or(|after| {
                    let mut facts = told.facts.values();
                    facts.any(|fact| fact.id == after)
                });
            }
            What::Damage { flaws } => flaws.iter().for_each(|flaw| found(fact, *flaw)),
            What::Log(log) => {
                log.flaws.iter().for_each(|flaw| found(fact, *flaw));
                if let Some(flaw) = newest.filter(|_| whole).and_then(|n| gap(n, log)) {
                    found(fact, flaw);
                }
                (newest, whole) = (Some((log.top(), log.last)), true);
            }
            _ => {}
        }
    }
}

/// What is wrong between two batches.
fn gap((top, last): (u64, [u8; 32]), next: &LogFact) -> Option<Flaw> {
    let (number, to, fault) = if next.first > top + 1 {
        (top + 1, next.first - 1, Fault::Absent)
    } else if next.first <= top {
        (next.first, top.min(next.top()), Fault::Altered)
    } else if next.before != last {
        (next.first, next.first, Fault::Unlinked)
    } else {
        return None;
    };
    Some(Flaw { number, to, fault })
}
