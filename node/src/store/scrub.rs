//! Scrubbing: every row is opened once, because redb hands back rotten bytes as if nothing had happened.

use super::StoreReader;
use super::tables::FORMS;
use crate::seal::OpenSealError;
use jiaolian_sync::{StoreError, Table};

/// Rows read in one transaction while scrubbing.
const SCRUB_PAGE_ROWS: usize = 1_000;

/// What a scrub saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScrubReport {
    /// Rows that opened.
    pub good: u64,
    /// Rows of the CASE domain that could not be looked at.
    pub locked: u64,
    /// Rows whose dossier's key was destroyed.
    pub destroyed: u64,
    /// Tables with rows that did not open, a table a damaged page or row.
    pub damaged: Vec<Table>,
}

impl StoreReader {
    /// Opens every row once and says what did not open.
    pub fn scrub(&self) -> Result<ScrubReport, StoreError> {
        let mut report = ScrubReport::default();
        let (good, is_damaged) = self.scrub_journal()?;
        report.good += good;
        if is_damaged {
            report.damaged.push(Table::Journal);
        }
        for listed in &FORMS {
            let mut from = Vec::new();
            loop {
                let page = self.sealed_rows(listed.table, &from, None, SCRUB_PAGE_ROWS);
                let page = match page {
                    Err(StoreError::Damaged(table)) => {
                        report.damaged.push(table);
                        break;
                    }
                    page => page?,
                };
                let Some((last, _)) = page.last() else { break };
                from = [last.as_slice(), &[0]].concat();
                for (key, sealed) in &page {
                    match self.vault.open(listed.table, key, sealed) {
                        Ok(_) => report.good += 1,
                        Err(OpenSealError::Locked) => report.locked += 1,
                        Err(OpenSealError::Destroyed) => report.destroyed += 1,
                        Err(OpenSealError::Damaged) => report.damaged.push(listed.table),
                    }
                }
            }
        }
        Ok(report)
    }
}
