//! `jiaolian endorse`: a keeper above says yes to what waits of a person's work (补认), in one act,
//! after seeing in plain words what that would bring into force.

use super::desk::{Desk, Hand};
use super::revoke::{head_at, own_revocations};
use super::work::{Who, Work};
use super::{Done, EXIT_IO, Refusal};
use crate::http::text::words;
use crate::view::label::wait_text;
use clap::Args;
use jiaolian_schema::act::{self, Act, At};
use jiaolian_schema::authority::{Authority, State};
use jiaolian_schema::calendar::civil_of;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::id::{AuthorId, EnvelopeId, OfficeId};
use jiaolian_schema::rule::RulePack;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// `jiaolian endorse`.
#[derive(Debug, Args)]
pub struct Endorse {
    #[command(flatten)]
    pub(super) hand: Hand,
    /// Staff number of the person whose work waits.
    #[arg(long)]
    staff: String,
    /// Only the key whose author begins with these hexadecimal digits.
    #[arg(long)]
    author: Option<String>,
    /// Up to this position; without it up to all that is here.
    #[arg(long)]
    at: Option<u64>,
    /// Which of two that were signed at the position, by the first digits of its id.
    #[arg(long, requires = "at")]
    id: Option<String>,
    /// Sign; without it only the list is shown.
    #[arg(long)]
    yes: bool,
}

/// One envelope that waits and would count.
struct Healed {
    fact: Fact,
    wait: jiaolian_schema::authority::Wait,
    name: String,
    title: String,
}

impl Work for Endorse {
    fn dir(&self) -> &Path {
        &self.hand.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who::keeper(&self.hand))
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let keys = desk.keys_of(&self.staff, self.author.as_deref(), true)?;
        let mut plans: Vec<(OfficeId, Vec<Act>)> = Vec::new();
        let mut healed: Vec<Healed> = Vec::new();
        for (author, office) in keys {
            let Some(at) = self.position(desk, author)? else {
                continue;
            };
            let acts = plan(desk, author, at)?;
            let heals = heals(desk, &desk.foresee(&acts)?)?;
            if !heals.is_empty() {
                plans.push((office, acts));
                healed.extend(heals);
            }
        }
        if plans.is_empty() {
            return Err(Refusal::data(format!(
                "nothing of staff number {} waits that this office could endorse: what a higher \
                 office said no to, only that one or one above it can",
                self.staff
            )));
        }
        let mut signed = 0;
        if self.yes {
            for (office, acts) in plans {
                let roster = desk.replica.roster(office);
                for act in acts {
                    desk.sign(roster, act)?;
                }
            }
            desk.settle()?;
            signed = desk.signed;
        }
        Ok(self.done(&healed, signed))
    }
}

impl Endorse {
    fn position(&self, desk: &Desk<'_>, author: AuthorId) -> Result<Option<At>, Refusal> {
        match self.at {
            Some(n) => head_at(desk, author, n, self.id.as_deref()).map(Some),
            None if desk.authority().fork_of(author).is_some() => Err(Refusal::data(format!(
                "key {author} signed one position twice: look at both and name the one to endorse \
                 with --at and --id"
            ))),
            None => Ok(desk.authority().chain_tip(author)),
        }
    }

    fn done(&self, healed: &[Healed], signed: usize) -> Done {
        let mut line = format!("工号 {} 待补认 {} 项:\n", self.staff, healed.len());
        for one in healed {
            let at = civil_of(one.fact.at).strftime("%Y-%m-%d %H:%M");
            let wait = wait_text(one.wait).zh;
            let _ = writeln!(line, "  {at} {} {} ({wait})", one.name, one.title);
        }
        line += if self.yes {
            "已补认, 以上各项自此生效。"
        } else {
            "尚未签署; 核对无误后加 --yes 签署。"
        };
        let row = |one: &Healed| {
            json!({
                "id": one.fact.id.to_hex(), "dossier": one.fact.dossier.to_hex(), "n": one.fact.n,
                "name": one.name, "title": one.title, "claimed_at": one.fact.at,
                "reason": wait_text(one.wait).zh,
            })
        };
        let heals: Vec<Json> = healed.iter().map(row).collect();
        Done {
            line,
            data: json!({ "staff_number": self.staff, "heals": heals, "signed": signed }),
        }
    }
}

/// What this office has to sign so that a chain counts up to a position. A no of its own is moved up
/// to there, so that it goes on to bar what comes later; all else is endorsed.
fn plan(desk: &Desk<'_>, author: AuthorId, at: At) -> Result<Vec<Act>, Refusal> {
    let endorse = act::Endorse {
        author,
        at,
        replaces: Vec::new(),
    };
    let cuts = |revoke: &act::Revoke| revoke.at.is_none_or(|last| last.n < at.n);
    let own: Vec<(EnvelopeId, act::Revoke)> = own_revocations(desk, author)
        .map(|(id, revoke)| (id, revoke.clone()))
        .collect();
    let Some((_, last)) = own.iter().rev().find(|(_, revoke)| cuts(revoke)) else {
        return Ok(vec![endorse.into()]);
    };
    let mut replaces: Vec<EnvelopeId> = own.iter().map(|(id, _)| *id).collect();
    replaces.sort_unstable();
    let moved: Act = act::Revoke {
        at: Some(at),
        replaces,
        ..last.clone()
    }
    .into();
    let alone = heals(desk, &desk.foresee(std::slice::from_ref(&moved))?)?.len();
    let both = vec![moved.clone(), endorse.into()];
    let more = heals(desk, &desk.foresee(&both)?)?.len() > alone;
    Ok(if more { both } else { vec![moved] })
}

/// What waits now and would not then.
fn heals(desk: &Desk<'_>, then: &Authority) -> Result<Vec<Healed>, Refusal> {
    let now = desk.authority();
    let rules = RulePack::builtin();
    let mut healed = Vec::new();
    for (dossier, _) in desk.replica.dossiers() {
        let facts = desk.replica.facts(dossier);
        let facts = facts.map_err(|error| Refusal::new(EXIT_IO, error))?;
        for fact in facts.values() {
            let State::Waiting(wait) = now.state(fact, now.is_complete(fact.id)) else {
                continue;
            };
            if then.state(fact, then.is_complete(fact.id)).is_good() {
                let seat = fact.appointment.and_then(|id| now.appointment(id));
                healed.push(Healed {
                    wait,
                    name: seat.map(|seat| seat.name.clone()).unwrap_or_default(),
                    title: title(&rules, &facts, fact),
                    fact: fact.clone(),
                });
            }
        }
    }
    healed.sort_by_key(|one| (one.fact.at, one.fact.author, one.fact.n));
    Ok(healed)
}

/// What an envelope does, in Chinese, without a word about the person whom it concerns.
fn title(rules: &RulePack, facts: &BTreeMap<EnvelopeId, Fact>, fact: &Fact) -> String {
    let word = |key: &str| words("act", key).zh;
    match &fact.what {
        What::Open { .. } => word("open"),
        What::Assign { .. } => word("assign"),
        What::Serve { .. } => word("serve"),
        What::Raise(_) => word("raise"),
        What::Edit => word("edit"),
        What::Rota(_) => word("rota"),
        What::HandOver(_) => word("hand_over"),
        What::Amend { field, .. } => rules
            .case_field(field)
            .map_or_else(|| field.clone(), |rule| rule.field.label.zh.clone()),
        What::Apply {
            workflow, version, ..
        } => rules.workflow(workflow, *version).map_or_else(
            |_| workflow.clone(),
            |table| table.opening().label.zh.clone(),
        ),
        What::Step { matter, event, .. } => {
            let opening = facts.get(matter).map(|fact| &fact.what);
            let table = match opening {
                Some(What::Apply {
                    workflow, version, ..
                }) => rules.workflow(workflow, *version).ok(),
                _ => None,
            };
            let event_of = table.and_then(|table| table.find_event(event).ok());
            event_of.map_or_else(|| event.clone(), |event| event.label.zh.clone())
        }
        What::Roster(_) => word("roster"),
        What::Withdraw { act } | What::Correct { act, .. } => {
            let kind = match fact.what {
                What::Withdraw { .. } => "withdraw",
                _ => "correct",
            };
            // Only an application or a step is told by its own words, so that no chain of namings is
            // followed.
            let of = facts
                .get(act)
                .filter(|named| matches!(named.what, What::Apply { .. } | What::Step { .. }));
            let of = of.map(|named| title(rules, facts, named));
            words("act", kind).fill(&[&of.unwrap_or_default()]).zh
        }
        What::Receipt(_)
        | What::Shredded { .. }
        | What::Parted { .. }
        | What::Seal { .. }
        | What::Consult { .. }
        | What::Ledger { .. }
        | What::Log(_)
        | What::Damage { .. }
        | What::Purge { .. }
        | What::Unknown { .. } => word("other"),
    }
}
