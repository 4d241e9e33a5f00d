//! The side of the desk where a passphrase was forgotten: a new key under a new passphrase, kept
//! apart until it is appointed.

use super::answer::ASK_DAYS;
use super::carried::carried;
use crate::key::KeyRing;
use crate::seal::entropy;
use crate::store::StoreReader;
use jiaolian_schema::act::{Act, Appoint, Ask};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{EnvelopeId, OfficeId, PersonId, hex};
use jiaolian_schema::suite::Suite;
use jiaolian_sync::{Draft, Payload, Replica, SignError, Store as _, StoreError, Table, Write};
use minicbor::{Decode, Encode};
use thiserror::Error;

const DAY_MS: i64 = 86_400_000;
/// Most requests of one office in 24 hours: each is kept for ever.
pub const ASKS_DAY_MAX: usize = 20;
/// Most requests of one officer that wait here; the oldest gives way.
pub const PENDING_MAX: usize = 4;
/// Length of what is shown for a staff number that nobody has, bytes before hexadecimal.
const DECOY_BYTES: usize = 560;

/// Why no new key was asked for.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum AskError {
    #[error("an office asks at most {ASKS_DAY_MAX} times in 24 hours")]
    TooOften,
    #[error("the office's own roster is not here")]
    NoRoster,
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A key that waits for its appointment.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Pending {
    #[n(0)]
    ask: Ask,
    /// When it was asked for, ms UTC.
    #[n(1)]
    at: i64,
    /// The officer's ring, as it will lie in `Table::KeyRing`.
    #[cbor(n(2), with = "minicbor::bytes")]
    ring: Vec<u8>,
}

/// A new key: its public half, and the ring that opens it.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// Suite of the key.
    pub suite: Suite,
    /// Public key.
    pub key: Vec<u8>,
    /// The ring.
    pub ring: Vec<u8>,
}

/// What the screen shows, and what must be stored before it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// To be read over the telephone.
    pub code: String,
    /// The whole request as a line of text.
    pub line: String,
    /// Rows of the shell.
    pub writes: Vec<Write>,
}

/// Asks for a new key of whoever has the staff number at this office. Who asks for a number that
/// nobody has is shown as much and has nothing.
pub fn begin(
    replica: &mut Replica<StoreReader>,
    (office, now): (OfficeId, i64),
    staff_number: &str,
    drawn: Drawn,
) -> Result<Begun, AskError> {
    let Some(ask) = ask(
        replica,
        (office, now),
        staff_number,
        (drawn.suite, drawn.key),
    ) else {
        return Ok(decoy(office, staff_number));
    };
    let roster = replica.roster(office).ok_or(AskError::NoRoster)?;
    if asked_today(replica, office, now)? >= ASKS_DAY_MAX {
        return Err(AskError::TooOften);
    }
    let draft = Draft {
        dossier: Some(roster),
        payload: Payload::Act(Act::Ask(ask.clone())),
    };
    let id = replica.sign_by_node(&draft, now, entropy())?;
    let envelope = replica.envelope(id)?.ok_or(AskError::NoRoster)?;
    tracing::info!(staff_number, "a new key is asked for");
    Ok(Begun {
        code: ask.code(),
        line: carried(&envelope),
        writes: keep(
            replica.store(),
            &Pending {
                ask,
                at: now,
                ring: drawn.ring,
            },
        ),
    })
}

/// The suite of the key that an officer signs with here; where there is no such officer, 1.
pub fn suite_of(replica: &Replica<StoreReader>, at: (OfficeId, i64), staff_number: &str) -> Suite {
    let seat = seat(replica, at, staff_number);
    let suite = seat.and_then(|(_, appoint)| Suite::numbered(appoint.suite));
    suite.unwrap_or(Suite::Ed25519)
}

/// The officer's appointment in force here, the longest of several.
fn seat<'a>(
    replica: &'a Replica<StoreReader>,
    (office, now): (OfficeId, i64),
    staff_number: &str,
) -> Option<(EnvelopeId, &'a Appoint)> {
    let authority = replica.authority();
    let seats = authority.signers_of(office).filter(|(_, appoint, good)| {
        *good
            && !staff_number.is_empty()
            && appoint.staff_number == staff_number
            && appoint.duty != Duty::Witness
            && !authority.is_barred(appoint.author())
            && (appoint.not_before..=appoint.not_after).contains(&now)
    });
    let longest = seats.max_by_key(|(id, appoint, _)| (appoint.not_after, *id));
    longest.map(|(id, appoint, _)| (id, appoint))
}

fn ask(
    replica: &Replica<StoreReader>,
    (office, now): (OfficeId, i64),
    staff_number: &str,
    (suite, key): (Suite, Vec<u8>),
) -> Option<Ask> {
    let (_, old) = seat(replica, (office, now), staff_number)?;
    Some(Ask {
        office,
        person: old.person,
        staff_number: staff_number.to_owned(),
        duty: old.duty,
        suite: suite.number(),
        key,
        last: replica.chain_top(old.author()),
        nonce: entropy(),
    })
}

fn decoy(office: OfficeId, staff_number: &str) -> Begun {
    let ask = Ask {
        office,
        person: PersonId(entropy()),
        staff_number: staff_number.to_owned(),
        duty: Duty::Staff,
        suite: Suite::Ed25519.number(),
        key: Vec::new(),
        last: None,
        nonce: entropy(),
    };
    let noise = hex(&entropy::<DECOY_BYTES>()).to_ascii_uppercase();
    Begun {
        code: ask.code(),
        line: format!("JLR1:{noise}"),
        writes: Vec::new(),
    }
}

/// Counted in the roster itself, so that a restart forgets nothing.
fn asked_today(
    replica: &Replica<StoreReader>,
    office: OfficeId,
    now: i64,
) -> Result<usize, StoreError> {
    let Some(roster) = replica.roster(office) else {
        return Ok(0);
    };
    let facts = replica.facts(roster)?;
    let asks = facts
        .values()
        .filter(|fact| now - fact.at < DAY_MS)
        .filter(|fact| matches!(fact.what.roster_act(), Some(Act::Ask(_))));
    Ok(asks.count())
}

fn keep(disk: &StoreReader, pending: &Pending) -> Vec<Write> {
    let number = &pending.ask.staff_number;
    let mut waiting = rows(disk);
    waiting.retain(|(_, other)| other.ask.staff_number == *number);
    waiting.sort_by_key(|(_, other)| other.at);
    let gone = (waiting.len() + 1).saturating_sub(PENDING_MAX);
    let gone = waiting.into_iter().take(gone);
    let key = [number.as_bytes(), &[0], &pending.ask.nonce].concat();
    gone.map(|(key, _)| row(key, None))
        .chain([row(key, Some(canon::encode(pending)))])
        .collect()
}

/// Whether any key waits here.
pub fn has_pending(disk: &StoreReader) -> bool {
    !rows(disk).is_empty()
}

/// What takes over every waiting key that an office above appointed: its ring becomes the officer's,
/// and that of the forgotten passphrase is laid aside. What waited too long goes.
pub fn adopt(replica: &Replica<StoreReader>, now: i64) -> Result<Vec<Write>, StoreError> {
    let rows = rows(replica.store());
    let (mut writes, mut taken) = (Vec::new(), Vec::new());
    for (key, pending) in &rows {
        let number = &pending.ask.staff_number;
        if replica.authority().answer_to(&pending.ask).is_some() {
            tracing::info!(staff_number = %number, "a new key was appointed");
            let ring = pending.ring.clone();
            writes.extend(KeyRing::replace(replica.store(), number, ring)?);
            taken.push(number);
        } else if now - pending.at > (ASK_DAYS + 1) * DAY_MS {
            writes.push(row(key.clone(), None));
        }
    }
    let answered = rows.iter();
    let answered = answered.filter(|(_, pending)| taken.contains(&&pending.ask.staff_number));
    writes.extend(answered.map(|(key, _)| row(key.clone(), None)));
    Ok(writes)
}

fn rows(disk: &StoreReader) -> Vec<(Vec<u8>, Pending)> {
    let rows = disk.range(Table::Pending, &[], &[0xFF], 4_096);
    rows.unwrap_or_default()
        .into_iter()
        .filter_map(|(key, value)| Some((key, minicbor::decode(&value).ok()?)))
        .collect()
}

fn row(key: Vec<u8>, value: Option<Vec<u8>>) -> Write {
    Write {
        table: Table::Pending,
        key,
        value,
    }
}
