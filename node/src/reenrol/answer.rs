//! The side of the office above: what waits for an answer, and the acts that answer.

use jiaolian_schema::act::{Act, Appoint, Ask, Revoke};
use jiaolian_schema::fact::What;
use jiaolian_schema::hold::Moment;
use jiaolian_schema::id::{AuthorId, EnvelopeId, OfficeId};
use jiaolian_sync::{Replica, Store};
use thiserror::Error;

const DAY_MS: i64 = 86_400_000;
/// A request is answered within so many days of being made, or made anew.
pub const ASK_DAYS: i64 = 7;
/// The new appointment begins so long before it is signed, ms: the desk's clock may be behind.
const LEAD_MS: i64 = DAY_MS;
/// Why the old key is told no.
const REASON: &str = "口令遗忘，已重新建立密钥";

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum AnswerError {
    #[error("this is no request for a new key")]
    NoRequest,
    #[error(
        "the request must be signed by the node of the office that asks, as the roster names it"
    )]
    NotByANode,
    #[error("a code has 12 digits and a check digit; one of them is wrong")]
    Code,
    #[error("no request with this code waits here; is it the one that is on the officer's screen?")]
    Unknown,
    #[error("a request is answered within {ASK_DAYS} days; this one is too old or from tomorrow")]
    Late,
    #[error("staff number {0} has no appointment in force at that office")]
    NotAppointed(String),
    #[error("only an office above answers; a colleague never does")]
    NotAbove,
    #[error("the request has been answered")]
    Answered,
}

/// A request that nobody answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What is asked for.
    pub ask: Ask,
    /// When it was made, as the node claims, ms UTC.
    pub at: i64,
    /// The appointment in force, whose place the new one takes.
    pub appointment: EnvelopeId,
    /// The officer's name there.
    pub name: String,
    /// The office's name.
    pub office_name: String,
}

/// What waits at the offices strictly below one, the newest first.
pub fn waiting<S: Store>(replica: &Replica<S>, own: OfficeId, now: i64) -> Vec<Waiting> {
    let offices = replica.authority().offices().as_of(now);
    let below = offices.subtree(own).into_iter().filter(|id| *id != own);
    let rosters = below.filter_map(|office| replica.roster(office));
    let mut found: Vec<Waiting> = rosters
        .filter_map(|roster| replica.facts(roster).ok())
        .flat_map(std::collections::BTreeMap::into_values)
        .filter(|fact| matches!(fact.what, What::Roster(_)))
        .filter_map(|fact| {
            let Some(Act::Ask(ask)) = fact.what.roster_act() else {
                return None;
            };
            let complete = replica.authority().is_complete(fact.id);
            let good = replica.authority().state(&fact, complete).is_good();
            let waits = of_ask(replica, ask, fact.author, fact.at).ok()?;
            (good && check(replica, own, &waits, now).is_ok()).then_some(waits)
        })
        .collect();
    found.sort_by_key(|waits| std::cmp::Reverse(waits.at));
    found
}

/// The one among those that wait whose code was read out.
pub fn find<S: Store>(
    replica: &Replica<S>,
    (own, now): (OfficeId, i64),
    carried: Option<Waiting>,
    typed: &str,
) -> Result<Waiting, AnswerError> {
    let code = jiaolian_schema::act::read_code(typed).ok_or(AnswerError::Code)?;
    let all = match carried {
        Some(one) => vec![one],
        None => waiting(replica, own, now),
    };
    let found = all.into_iter().find(|waits| waits.ask.code() == code);
    let found = found.ok_or(AnswerError::Unknown)?;
    check(replica, own, &found, now).map(|()| found)
}

/// The new appointment, as the one in force but for its key, and a no to each old key after the last
/// position that the desk knew.
pub fn acts<S: Store>(replica: &Replica<S>, waits: &Waiting, now: i64) -> Vec<Act> {
    let (authority, ask) = (replica.authority(), &waits.ask);
    let Some(old) = authority.appointment(waits.appointment) else {
        return Vec::new();
    };
    let appoint = Appoint {
        suite: ask.suite,
        key: ask.key.clone(),
        not_before: now - LEAD_MS,
        document: format!("{REASON} {}", ask.code()),
        ..old.clone()
    };
    let standing = seats(replica, ask).map(|(_, appoint)| appoint.author());
    let mut authors: Vec<AuthorId> = standing.collect();
    authors.sort_unstable();
    authors.dedup();
    let revokes = authors.into_iter().map(|author| {
        let known = replica.chain_top(author);
        let told = ask.last.filter(|_| author == old.author());
        Revoke {
            author,
            at: known.max(told),
            replaces: Vec::new(),
            reason: REASON.to_owned(),
            compromised_since: None,
        }
        .into()
    });
    std::iter::once(Act::from(appoint)).chain(revokes).collect()
}

/// A request by a node of the very office for an officer who is appointed there.
pub(super) fn of_ask<S: Store>(
    replica: &Replica<S>,
    ask: Ask,
    by: AuthorId,
    at: i64,
) -> Result<Waiting, AnswerError> {
    let authority = replica.authority();
    let endpoints = authority.endpoints();
    let mut nodes = endpoints.values();
    if !nodes.any(|seat| seat.author == by && seat.office == ask.office) {
        return Err(AnswerError::NotByANode);
    }
    if authority.answer_to(&ask).is_some() {
        return Err(AnswerError::Answered);
    }
    let newest = seats(replica, &ask).max_by_key(|(id, appoint)| (appoint.not_after, *id));
    let (appointment, name) = newest
        .map(|(id, appoint)| (id, appoint.name.clone()))
        .ok_or_else(|| AnswerError::NotAppointed(ask.staff_number.clone()))?;
    let office = authority.offices().get(ask.office);
    Ok(Waiting {
        office_name: office.map(|office| office.name.clone()).unwrap_or_default(),
        ask,
        at,
        appointment,
        name,
    })
}

/// The officer's appointments in force in that seat, but for the key that is asked for.
fn seats<'a, S: Store>(
    replica: &'a Replica<S>,
    ask: &'a Ask,
) -> impl Iterator<Item = (EnvelopeId, &'a Appoint)> {
    let authority = replica.authority();
    let all = authority.signers_of(ask.office);
    all.filter(move |(_, appoint, good)| {
        *good
            && appoint.staff_number == ask.staff_number
            && appoint.person == ask.person
            && appoint.duty == ask.duty
            && appoint.author() != ask.author()
            && !authority.is_barred(appoint.author())
    })
    .map(|(id, appoint, _)| (id, appoint))
}

fn check<S: Store>(
    replica: &Replica<S>,
    own: OfficeId,
    waits: &Waiting,
    now: i64,
) -> Result<(), AnswerError> {
    let authority = replica.authority();
    let today = Moment::at(now);
    if !authority
        .offices()
        .stood_above(own, waits.ask.office, today)
    {
        return Err(AnswerError::NotAbove);
    }
    let age = now - waits.at;
    if !(-DAY_MS..=ASK_DAYS * DAY_MS).contains(&age) {
        return Err(AnswerError::Late);
    }
    Ok(())
}
