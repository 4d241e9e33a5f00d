//! `jiaolian revoke`: a keeper of the office above says no to a key, from a position on. What was
//! signed before stays good; what comes later waits, listed, until it is endorsed.

use super::desk::{Desk, Hand};
use super::work::{Who, Work};
use super::{Done, Refusal};
use clap::Args;
use jiaolian_schema::act::{self, Act, At};
use jiaolian_schema::calendar::{civil_of, parse_date, start_of};
use jiaolian_schema::id::{AuthorId, EnvelopeId, OfficeId};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::path::Path;

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 200;

/// `jiaolian revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    #[command(flatten)]
    pub(super) hand: Hand,
    /// Staff number of the person whose keys are revoked.
    #[arg(long)]
    staff: String,
    /// Only the key whose author begins with these hexadecimal digits.
    #[arg(long)]
    author: Option<String>,
    /// The last position that stays; 0 says no to everything. It takes the place of what this office
    /// said no to before. Without it: what had been seen by the office above before
    /// `--compromised-since`, else all that is known here.
    #[arg(long)]
    at: Option<u64>,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Since when the key may have been in other hands: a day (its first instant in
    /// Asia/Shanghai) or an instant with its offset.
    #[arg(long, value_parser = instant)]
    compromised_since: Option<i64>,
}

impl Work for Revoke {
    fn dir(&self) -> &Path {
        &self.hand.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who::keeper(&self.hand))
    }

    fn check(&self, _input: &[u8]) -> Result<(), Refusal> {
        check_reason(&self.reason)
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        if let Some(since) = self.compromised_since.filter(|since| *since > desk.now) {
            return Err(Refusal::data(format!(
                "a key is compromised since a time that has come, not {}",
                civil_of(since)
            )));
        }
        let again = self.at.is_some();
        let keys = desk.keys_of(&self.staff, self.author.as_deref(), again)?;
        let mut shown: Vec<Json> = Vec::new();
        for (author, office) in &keys {
            let at = self.position(desk, *author)?;
            let replaces = match self.at {
                Some(_) => own_revocations(desk, *author).map(|(id, _)| id).collect(),
                None => Vec::new(),
            };
            let revoke = act::Revoke {
                author: *author,
                at,
                replaces,
                reason: self.reason.clone(),
                compromised_since: self.compromised_since,
            };
            let roster = desk.replica.roster(*office);
            desk.sign(roster, revoke.into())?;
            shown.push(json!({ "author": author.to_hex(), "at": at.map(|at| at.n) }));
        }
        desk.settle()?;
        Ok(Done {
            line: format!("已停用工号 {} 的密钥 {} 个。", self.staff, keys.len()),
            data: json!({ "staff_number": self.staff, "revoked": keys.len(), "keys": shown }),
        })
    }
}

impl Revoke {
    fn position(&self, desk: &Desk<'_>, author: AuthorId) -> Result<Option<At>, Refusal> {
        match (self.at, self.compromised_since) {
            (Some(0), _) => Ok(None),
            (Some(n), _) => head_at(desk, author, n, None).map(Some),
            (None, Some(since)) => Ok(desk.authority().last_covered_by(author, since)),
            (None, None) => Ok(desk.replica.chain_top(author)),
        }
    }
}

/// A reason in words.
pub(super) fn check_reason(reason: &str) -> Result<(), Refusal> {
    let chars = reason.chars().count();
    if (1..=REASON_CHARS_MAX).contains(&chars) {
        return Ok(());
    }
    Err(Refusal::data(format!(
        "a reason has 1 to {REASON_CHARS_MAX} characters, not {chars}"
    )))
}

/// What this office said no to of a key and did not take back, with where.
pub(super) fn own_revocations<'a>(
    desk: &'a Desk<'_>,
    author: AuthorId,
) -> impl Iterator<Item = (EnvelopeId, &'a act::Revoke)> {
    let own: OfficeId = desk.home.identity.office_id();
    let said = desk.authority().said_by(own, author);
    said.filter_map(|(id, act)| match act {
        Act::Revoke(revoke) => Some((id, revoke)),
        _ => None,
    })
}

/// The head of a chain at a position; where there are two, the one whose id begins so.
pub(super) fn head_at(
    desk: &Desk<'_>,
    author: AuthorId,
    n: u64,
    id: Option<&str>,
) -> Result<At, Refusal> {
    let here = desk.authority().heads_at(author, n);
    let of: Vec<EnvelopeId> = here
        .iter()
        .copied()
        .filter(|head| id.is_none_or(|prefix| head.to_hex().starts_with(prefix)))
        .collect();
    match of.as_slice() {
        [id] => Ok(At { n, id: *id }),
        [] => Err(Refusal::data(format!(
            "position {n} of key {author} is not here; known up to {}",
            desk.replica.chain_top(author).map_or(0, |top| top.n)
        ))),
        [first, second, ..] => Err(Refusal::data(format!(
            "position {n} of key {author} was signed twice, {first} and {second}: name one with --id"
        ))),
    }
}

/// A civil day in Asia/Shanghai or an instant with its offset, as ms UTC.
fn instant(text: &str) -> Result<i64, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    let day = parse_date(text)
        .map_err(|_| format!("a day (2026-03-01) or an instant with its offset, not {text:?}"))?;
    Ok(start_of(day))
}
