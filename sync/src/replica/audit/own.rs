//! What the node has signed of its own log, and whether the rows on its disk are still those.

use super::super::Replica;
use crate::store::{Store, Table};
use jiaolian_schema::act::{Act, Log};
use jiaolian_schema::audit::{Fault, Flaw, Tip};
use jiaolian_schema::envelope::Body;
use jiaolian_schema::fact::What;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId};
use std::collections::BTreeMap;

/// Newest rows that are compared at the start.
const START_ROWS: u64 = 50_000;
/// Older rows that are compared before each batch, in turn.
const TURN_ROWS: u64 = 2_000;
/// Newest rows that are compared before each batch.
const NEAR_ROWS: u64 = 2_000;

/// The batches of one node author.
#[derive(Debug)]
pub(super) struct Own {
    author: AuthorId,
    /// By the number of the first row: that of the last, and the envelope.
    batches: BTreeMap<u64, (u64, EnvelopeId)>,
    /// The newest row that was signed.
    pub(super) signed: Tip,
    /// Where batches go now, and when it was opened, ms UTC.
    pub(super) ledger: Option<(DossierId, i64)>,
    pub(super) newest: Option<EnvelopeId>,
    turn: u64,
}

impl Own {
    pub(super) fn add(&mut self, first: u64, top: u64, last: [u8; 32], id: EnvelopeId) {
        self.batches.insert(first, (top, id));
        self.newest = Some(id);
        self.signed = Tip {
            number: top,
            hash: last,
        };
    }
}

impl<S: Store> Replica<S> {
    /// Reads once what the node's author has signed; a tip that was put back goes on from there.
    pub(super) fn read_own_log(&mut self) -> Option<()> {
        let author = self.node.as_ref()?.seat.author;
        if self
            .log
            .own
            .as_ref()
            .is_some_and(|own| own.author == author)
        {
            return Some(());
        }
        let mut own = Own {
            author,
            batches: BTreeMap::new(),
            signed: Tip::default(),
            ledger: None,
            newest: None,
            turn: 1,
        };
        let logs = self.rows.iter();
        let logs =
            logs.filter(|(_, row)| row.kind == DossierKind::Audit && row.place == self.office);
        let ids: Vec<DossierId> = logs.map(|(id, _)| *id).collect();
        let mut batches = BTreeMap::new();
        for id in ids {
            for fact in self.load_facts(id).ok()?.into_values() {
                if fact.author != author {
                    continue;
                }
                match fact.what {
                    What::Ledger { .. } if own.ledger.is_none_or(|(_, at)| at < fact.at) => {
                        own.ledger = Some((id, fact.at));
                    }
                    What::Log(log) => {
                        batches.insert(log.first, (log.top(), log.last, fact.id));
                    }
                    _ => {}
                }
            }
        }
        for (first, (top, last, id)) in batches {
            own.add(first, top, last, id);
        }
        if own.newest.is_none() {
            own.signed = self.before_first()?;
        }
        if self.log_tip().ok()?.number < own.signed.number {
            self.put_log_tip(own.signed);
        }
        self.log.own = Some(own);
        Some(())
    }

    /// A new author of the node begins where the rows on the disk begin.
    fn before_first(&self) -> Option<Tip> {
        let end = u64::MAX.to_be_bytes();
        let first = self.disk.range(Table::Access, &[0; 8], &end, 1).ok()?;
        let Some((key, row)) = first.into_iter().next() else {
            return Some(self.log_tip().unwrap_or_default());
        };
        let number = u64::from_be_bytes(key.try_into().ok()?);
        let hash = jiaolian_schema::audit::Row::read(&row).map_or([0; 32], |row| row.before);
        Some(match number {
            0 | 1 => Tip::default(),
            _ => Tip {
                number: number - 1,
                hash,
            },
        })
    }

    /// Rows on the disk that are not those that were signed, ascending.
    pub(super) fn compare_log(&mut self, started: bool) -> Option<Vec<Flaw>> {
        let own = self.log.own.as_ref()?;
        let (top, turn) = (own.signed.number, own.turn);
        let near = if started { START_ROWS } else { NEAR_ROWS };
        let near = top.saturating_sub(near) + 1;
        let mut flaws = Vec::new();
        let end = (turn + TURN_ROWS).min(near);
        if turn < end {
            self.compare_rows(turn, end, &mut flaws)?;
        }
        self.compare_rows(near, top + 1, &mut flaws)?;
        if let Some(own) = self.log.own.as_mut() {
            own.turn = if end < near { end } else { 1 };
        }
        Some(flaws)
    }

    fn compare_rows(&self, from: u64, end: u64, flaws: &mut Vec<Flaw>) -> Option<()> {
        let batches = &self.log.own.as_ref()?.batches;
        let below = batches
            .range(..=from)
            .next_back()
            .map_or(from, |(first, _)| *first);
        for (first, (top, id)) in batches.range(below..end) {
            let signed = self.log_of(*id)?;
            let lying = self.rows_lying(*first, top + 1)?;
            for (number, (was, is)) in (*first..).zip(signed.rows.iter().zip(&lying)) {
                if number < from || number >= end || was.as_slice() == is.as_slice() {
                    continue;
                }
                let fault = if is.is_empty() {
                    Fault::Absent
                } else {
                    Fault::Altered
                };
                match flaws.last_mut() {
                    Some(flaw) if flaw.to + 1 == number && flaw.fault == fault => flaw.to = number,
                    _ => flaws.push(Flaw {
                        number,
                        to: number,
                        fault,
                    }),
                }
            }
        }
        Some(())
    }

    /// Puts rows back from what was signed of them.
    pub(super) fn mend_log(&mut self, flaws: &[Flaw]) -> Option<()> {
        for flaw in flaws {
            let batches = self.log.own.as_ref()?.batches.range(..=flaw.to);
            let near = batches
                .rev()
                .take_while(|(_, (top, _))| *top >= flaw.number);
            let near: Vec<(u64, EnvelopeId)> = near.map(|(first, (_, id))| (*first, *id)).collect();
            for (first, id) in near {
                let signed = self.log_of(id)?;
                for (number, row) in (first..).zip(&signed.rows) {
                    if !(flaw.number..=flaw.to).contains(&number) {
                        continue;
                    }
                    let key = number.to_be_bytes();
                    if row.is_empty() {
                        self.disk.remove(Table::Access, &key);
                    } else {
                        self.disk.put(Table::Access, &key, row.to_vec());
                    }
                }
            }
        }
        Some(())
    }

    /// A batch with its rows.
    pub fn log_of(&self, id: EnvelopeId) -> Option<Log> {
        let bytes = self.disk.get(Table::RosterBody, &id.0).ok()??;
        let body: Body = minicbor::decode(&bytes).ok()?;
        match Act::from_payload(&body.payload).ok()? {
            (_, Act::Log(log)) => Some(log),
            _ => None,
        }
    }
}
