//! The node's own log: rows durable with what they tell of, signed in batches by the node's own
//! author, and compared with what was signed before each batch.

mod find;
mod own;
mod purge;

pub use find::{Batch, Finding};

use super::{Draft, Payload, Replica, Seat};
use crate::effect::Peer;
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::act::{Act, Damage, Ledger, Log};
use jiaolian_schema::admit::Introductions as _;
use jiaolian_schema::audit::{
    FLAWS_MAX, LOG_BYTES_MAX, LOG_ROWS_MAX, Looked, ROW_BYTES_MAX, Row, Tip, name_for_row,
};
use jiaolian_schema::canon;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId, sha256};
use own::Own;
pub(super) use purge::PurgedRow;

/// Where `Table::Local` keeps number and hash of the newest row.
const TIP_KEY: &[u8] = b"access-tip";
/// A node opens a new dossier for its log after so long, ms.
const LEDGER_MS: i64 = 30 * 24 * 3_600_000;
/// Most batches signed in one tick.
const BATCHES_MAX: usize = 4;
/// After a line came up a batch goes out in this part of the usual wait.
const HURRY_PART: i64 = 10;
/// The clock was set, or the machine slept, when time goes back or on by more than this, ms.
const CLOCK_STEP_MS: (i64, i64) = (-60_000, 10 * 60_000);
/// Longest word in a row, bytes.
const WORD_BYTES_MAX: usize = 64;
/// What stands in a batch for a row that is longer than any row.
const NO_ROW: [u8; 1] = [0xff];

/// What the node keeps ready of its own log.
#[derive(Debug, Default)]
pub(super) struct LogDesk {
    tip: Option<Tip>,
    own: Option<Own>,
    tried: Option<i64>,
    hurried: bool,
    /// When it was last asked whether a log may go.
    looked: Option<i64>,
}

impl<S: Store> Replica<S> {
    /// Writes a row of the log down; it is durable with the next commit. Gives its number.
    pub fn note(&mut self, mut row: Row) -> Result<u64, StoreError> {
        let tip = self.log_tip()?;
        row.before = tip.hash;
        if let Some(word) = &mut row.word {
            word.truncate(word.floor_char_boundary(WORD_BYTES_MAX));
        }
        row.purpose
            .truncate(row.purpose.floor_char_boundary(WORD_BYTES_MAX));
        let bytes = row.to_bytes();
        let tip = Tip {
            number: tip.number + 1,
            hash: sha256(&[&bytes]),
        };
        self.disk
            .put(Table::Access, &tip.number.to_be_bytes(), bytes);
        self.put_log_tip(tip);
        Ok(tip.number)
    }

    /// Number and hash of the newest row of the node's own log.
    pub fn log_tip(&self) -> Result<Tip, StoreError> {
        if let Some(tip) = self.log.tip {
            return Ok(tip);
        }
        let row = self.disk.get(Table::Local, TIP_KEY)?;
        Ok(row
            .and_then(|row| minicbor::decode(&row).ok())
            .unwrap_or_default())
    }

    /// Rows of the node's own log from a number on, at most so many, each with its number.
    pub fn log_rows(&self, from: u64, limit: usize) -> Result<Vec<(u64, Row)>, StoreError> {
        let (from, to) = (from.to_be_bytes(), u64::MAX.to_be_bytes());
        let rows = self.disk.range(Table::Access, &from, &to, limit)?;
        let read = |(key, row): (Vec<u8>, Vec<u8>)| {
            Some((u64::from_be_bytes(key.try_into().ok()?), Row::read(&row)?))
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Signs something with the node's own key that is no envelope, under its own type string.
    pub fn sign_words(&self, type_string: &str, bytes: &[u8]) -> Option<(Seat, Vec<u8>)> {
        let node = self.node.as_ref()?;
        let words = jiaolian_schema::envelope::pre_authentication(type_string, bytes);
        Some((node.seat, node.signer.sign(&words).ok()?.to_vec()))
    }

    /// Signs the rows that are still unsigned now. `entropy` is fresh.
    pub fn flush_log(&mut self, now: i64, entropy: [u8; 32]) {
        self.turn_clock(now);
        self.entropy = sha256(&[&self.entropy, &entropy]);
        self.log.tried = None;
        self.sign_log();
        self.settle();
    }

    fn put_log_tip(&mut self, tip: Tip) {
        self.disk.put(Table::Local, TIP_KEY, canon::encode(&tip));
        self.log.tip = Some(tip);
    }

    /// A row that the node writes by itself; a disk that can't be read is told of elsewhere.
    fn note_own(&mut self, row: Row) {
        if self.limits.log_ms.is_some() {
            let _ = self.note(row);
        }
    }

    fn own_row(&self, looked: Looked) -> Row {
        Row::new(self.now, None, self.office, looked)
    }

    pub(super) fn note_line(&mut self, peer: Peer, office: OfficeId, up: bool) {
        let looked = if up { Looked::LineUp } else { Looked::LineDown };
        let mut row = self.own_row(looked);
        row.peer = Some(office);
        row.as_of = self.hints.get(&peer).map(|hint| hint.as_of);
        self.log.hurried |= up;
        self.note_own(row);
    }

    /// Notes that the clock does not go on from where it was.
    pub(super) fn note_clock(&mut self, now: i64) {
        let step = now.saturating_sub(self.now);
        if self.now == 0 || (CLOCK_STEP_MS.0..=CLOCK_STEP_MS.1).contains(&step) {
            return;
        }
        let mut row = Row::new(now, None, self.office, Looked::Clock);
        row.word = Some(if step < 0 { "back" } else { "ahead" }.to_owned());
        (row.from, row.to) = (Some(self.now), Some(now));
        self.log.tried = self.log.tried.map(|tried| tried.min(now));
        self.note_own(row);
    }

    /// Notes an act that was signed here, in the commit that makes the act durable.
    pub(super) fn note_signed(&mut self, seat: &Seat, fact: &Fact) {
        let (looked, word) = match &fact.what {
            What::Receipt(_)
            | What::Ledger { .. }
            | What::Log(_)
            | What::Damage { .. }
            | What::Purge { .. } => return,
            What::Edit => (Looked::TextSaved, None),
            what => (Looked::Signed, Some(word_of(what))),
        };
        let appoint = seat
            .appointment
            .and_then(|id| self.authority.appointment(id));
        let is_node = self.node.as_ref().is_none_or(|node| node.seat == *seat);
        let person = appoint.map(|appoint| appoint.person).filter(|_| !is_node);
        let known = self.authority.introduction(seat.author);
        let mut row = self.own_row(looked);
        row.at = fact.at;
        row.office = known.map_or(self.office, |known| known.office);
        (row.person, row.act, row.word) = (person, Some(fact.id), word);
        row.case = self.row_name(fact.dossier);
        self.note_own(row);
    }

    /// The name of a dossier in rows; none of a Roster.
    pub fn row_name(&self, dossier: DossierId) -> Option<DossierId> {
        match self.rows.get(&dossier) {
            Some(row) if row.kind == DossierKind::Roster => None,
            Some(row) => {
                let minor = row.kind == DossierKind::Case && row.minor == 1;
                Some(name_for_row(dossier, minor))
            }
            None => Some(dossier),
        }
    }

    /// Whether an envelope may lie in this dossier as far as logs are concerned: only the node that
    /// opened one writes in it, at its own office, and nothing else.
    pub(super) fn judge_log(&self, fact: &Fact, row: &super::DossierRow) -> Result<(), String> {
        let is_log = matches!(
            fact.what,
            What::Ledger { .. } | What::Log(_) | What::Damage { .. } | What::Purge { .. }
        );
        if is_log != (row.kind == DossierKind::Audit) {
            return Err("the acts of a log lie in a log, and nothing else does".to_owned());
        }
        if !is_log {
            return Ok(());
        }
        if let What::Ledger { office, .. } = &fact.what {
            let known = self.authority.introduction(fact.author);
            let own = known.is_some_and(|known| known.office == *office);
            return own.then_some(()).ok_or_else(|| {
                format!("a log is opened by an author of its office, which {office} is not")
            });
        }
        let opening = self.fact_of(fact.dossier, EnvelopeId::from(fact.dossier));
        match opening {
            Some(opening) if opening.author == fact.author => Ok(()),
            _ => Err("only the author that opened a log writes in it".to_owned()),
        }
    }

    /// Signs what was noted since the last batch, where it is time.
    pub(super) fn sign_log(&mut self) {
        let Some(wait) = self.limits.log_ms else {
            return;
        };
        let wait = if self.log.hurried {
            wait / HURRY_PART
        } else {
            wait
        };
        let rested = self.log.tried.is_none_or(|tried| self.now - tried >= wait);
        if !rested || self.node.is_none() {
            return;
        }
        let started = self.log.own.is_none();
        if self.sign_batches(started).is_none() {
            self.log.own = None;
        }
        (self.log.tried, self.log.hurried) = (Some(self.now), false);
    }

    /// None where the disk could not be read or nothing may be signed: all is tried again later.
    fn sign_batches(&mut self, started: bool) -> Option<()> {
        self.read_own_log()?;
        let flaws = self.compare_log(started)?;
        if !flaws.is_empty() {
            let shown = flaws.len().min(FLAWS_MAX);
            let damage = Damage {
                flaws: flaws[..shown].to_vec(),
            };
            self.sign_in_log(damage.into())?;
            self.mend_log(&flaws[..shown])?;
        }
        for _ in 0..BATCHES_MAX {
            let Some(log) = self.next_log() else { break };
            let (first, top, last) = (log.first, log.first + log.rows.len() as u64 - 1, log.last);
            let id = self.sign_in_log(log.into())?;
            let own = self.log.own.as_mut()?;
            own.add(first, top, last, id);
        }
        Some(())
    }

    /// The rows after the last batch, as they lie on the disk; none where there are none or the disk
    /// can't be read now.
    fn next_log(&self) -> Option<Log> {
        let (tip, signed) = (self.log_tip().ok()?, self.log.own.as_ref()?.signed);
        let first = signed.number + 1;
        let most = (tip.number + 1).saturating_sub(first);
        let end = first + most.min(LOG_ROWS_MAX as u64 + 1);
        let lying = self.rows_lying(first, end)?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for row in lying.iter().take(LOG_ROWS_MAX) {
            bytes += row.len();
            if bytes > LOG_BYTES_MAX {
                break;
            }
            rows.push(row.clone().into());
        }
        if rows.is_empty() {
            return None;
        }
        let last = match lying.get(rows.len()) {
            // The next row remembers how its neighbour was written.
            Some(next) => Row::read(next).map(|row| row.before),
            None => Some(tip.hash),
        };
        let last = last.unwrap_or_else(|| sha256(&[&lying[rows.len() - 1]]));
        Some(Log {
            first,
            before: signed.hash,
            last,
            rows,
        })
    }

    /// Rows `from <= number < end` as they lie on the disk; empty where there is none.
    fn rows_lying(&self, from: u64, end: u64) -> Option<Vec<Vec<u8>>> {
        let count = usize::try_from(end.saturating_sub(from)).ok()?;
        let mut lying = vec![Vec::new(); count];
        let keys = (from.to_be_bytes(), end.to_be_bytes());
        let found = self
            .disk
            .range(Table::Access, &keys.0, &keys.1, count + 1)
            .ok()?;
        for (key, value) in found {
            let number = u64::from_be_bytes(key.try_into().ok()?);
            let place = usize::try_from(number - from).ok()?;
            let fits = value.len() <= ROW_BYTES_MAX;
            *lying.get_mut(place)? = if fits { value } else { NO_ROW.to_vec() };
        }
        Some(lying)
    }

    fn sign_in_log(&mut self, act: Act) -> Option<EnvelopeId> {
        let own = self.log.own.as_ref()?;
        let open = own
            .ledger
            .filter(|(_, opened)| self.now - opened < LEDGER_MS);
        let dossier = if let Some((dossier, _)) = open {
            dossier
        } else {
            let (after, office) = (own.newest, self.office);
            let id = self.sign_as_own(None, Ledger { office, after }.into())?;
            let dossier = DossierId::from(id);
            self.log.own.as_mut()?.ledger = Some((dossier, self.now));
            dossier
        };
        self.sign_as_own(Some(dossier), act)
    }

    fn sign_as_own(&mut self, dossier: Option<DossierId>, act: Act) -> Option<EnvelopeId> {
        let node = self.node.take()?;
        let mut salt = [0; 16];
        salt.copy_from_slice(&self.fresh()[..16]);
        let payload = Payload::Act(act);
        let draft = Draft { dossier, payload };
        // A clock that is behind keeps officers from signing, never the log.
        let newest = self.newest_time_for(node.seat.author);
        let at = newest.map_or(self.now, |newest| newest.max(self.now));
        let signed = self.sign_quietly(&*node.signer, node.seat, &draft, at, salt);
        self.node = Some(node);
        signed.ok()
    }
}

/// What kind of act it is, by a word of the rules.
fn word_of(what: &What) -> String {
    match what {
        What::Roster(act) => format!("roster:{}", act.kind),
        What::Open { .. } => "open".to_owned(),
        What::Assign { .. } => "assign".to_owned(),
        What::Amend { field, .. } => {
            let name = field
                .split_once('/')
                .map_or(field.as_str(), |(name, _)| name);
            format!("amend:{name}")
        }
        What::Apply { workflow, .. } => format!("apply:{workflow}"),
        What::Step { event, .. } => event.clone(),
        What::Serve { .. } => "serve".to_owned(),
        What::Withdraw { .. } => "withdraw".to_owned(),
        What::Correct { .. } => "correct".to_owned(),
        What::Raise(raise) => raise.kind.clone(),
        What::Shredded { .. } => "shredded".to_owned(),
        What::Parted { .. } => "parted".to_owned(),
        What::Seal { sealed: 1, .. } => "seal".to_owned(),
        What::Seal { .. } => "lift".to_owned(),
        What::Consult { .. } => "consult".to_owned(),
        What::Rota(_) => "rota".to_owned(),
        What::HandOver(_) => "hand_over".to_owned(),
        What::Unknown { kind } => format!("act:{kind}"),
        What::Edit
        | What::Receipt(_)
        | What::Ledger { .. }
        | What::Log(_)
        | What::Damage { .. }
        | What::Purge { .. } => String::new(),
    }
}
