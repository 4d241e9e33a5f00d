//! `jiaolian office`: what a keeper says of offices below (name, code and superior by date, entrustment) and of
//! numbers for all of them (policy), and what is on file about an office.

mod move_to;
mod show;

use super::desk::{Desk, Hand};
use super::work::{Who, Work};
use super::{Done, Refusal};
use crate::request::{check_code, check_office_name};
use crate::view::label::day_number;
use clap::{Args, Subcommand};
use jiaolian_schema::act::{Entrust, Policy as PolicyAct, Restyle};
use jiaolian_schema::authority::Authority;
use jiaolian_schema::calendar::{end_of, parse_date, start_of};
use jiaolian_schema::hold::{Moment, Office as OfficeRow};
use jiaolian_schema::id::{EnvelopeId, OfficeId, hex, unhex};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::standing::FOLD_VERSION;
use jiff::civil::Date;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// `jiaolian office`.
#[derive(Debug, Args)]
pub struct Office {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Give an office below another name or code from a day on.
    Rename(Rename),
    /// Put an office below under another superior from a day on (隶属调整).
    Move(move_to::Move),
    /// Entrust actions to an office below (委托函), or end what was entrusted.
    Entrust(EntrustTo),
    /// Set the numbers, the rule pack and the fold version for this office and all below.
    Policy(Policy),
    /// Show what is on file about an office.
    Show(show::Show),
}

#[derive(Debug, Args)]
struct Rename {
    #[command(flatten)]
    hand: Hand,
    /// The office: its id or its code.
    #[arg(long)]
    office: String,
    /// The first day of the new name or code.
    #[arg(long, value_parser = parse_day)]
    from: Date,
    /// The name from then on.
    #[arg(long, required_unless_present = "code")]
    name: Option<String>,
    /// GB/T 2260 code and suffix from then on.
    #[arg(long)]
    code: Option<String>,
}

#[derive(Debug, Args)]
struct EntrustTo {
    #[command(flatten)]
    hand: Hand,
    /// The office: its id or its code.
    #[arg(long)]
    office: String,
    /// An action, as the rules name it, say `leave`; none only ends what was entrusted.
    #[arg(long = "action")]
    actions: Vec<String>,
    /// First day.
    #[arg(long, value_parser = parse_day)]
    from: Date,
    /// Last day.
    #[arg(long, value_parser = parse_day)]
    to: Date,
    /// Number of the document.
    #[arg(long, default_value = "")]
    document: String,
    /// What this office entrusted to it before goes on beside this one; without it, it ends on the
    /// first day.
    #[arg(long)]
    beside: bool,
}

#[derive(Debug, Args)]
struct Policy {
    #[command(flatten)]
    hand: Hand,
    /// After how many days without word from above decisions wait; without it as it is in force.
    #[arg(long)]
    stale_days: Option<u16>,
    /// The fold version in force; without it this build's.
    #[arg(long, default_value_t = FOLD_VERSION)]
    fold_version: u16,
    /// SHA-256 of the rule pack in force, 64 hexadecimal digits; without it this build's.
    #[arg(long)]
    rule_pack: Option<String>,
}

impl Office {
    pub(super) fn json(&self) -> bool {
        match &self.step {
            Step::Rename(step) => step.hand.json,
            Step::Move(step) => step.hand.json,
            Step::Entrust(step) => step.hand.json,
            Step::Policy(step) => step.hand.json,
            Step::Show(step) => step.json,
        }
    }

    /// The step as a node's work.
    pub(super) fn work(self) -> Arc<dyn Work> {
        match self.step {
            Step::Rename(step) => Arc::new(step),
            Step::Move(step) => Arc::new(step),
            Step::Entrust(step) => Arc::new(step),
            Step::Policy(step) => Arc::new(step),
            Step::Show(step) => Arc::new(step),
        }
    }
}

impl Work for Rename {
    fn dir(&self) -> &Path {
        &self.hand.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who::keeper(&self.hand))
    }

    fn check(&self, _input: &[u8]) -> Result<(), Refusal> {
        let texts = [
            self.name.as_deref().map(check_office_name),
            self.code.as_deref().map(check_code),
        ];
        let mut texts = texts.into_iter().flatten();
        texts.try_for_each(|checked| checked.map_err(Refusal::data))
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let (office, row) = find(desk.authority(), &self.office)?;
        check_below(desk, office, &row)?;
        let act = Restyle {
            office,
            from_day: day_number(self.from),
            name: self.name.clone(),
            code: self.code.clone(),
        };
        let roster = desk.replica.roster(office);
        let id = desk.sign(roster, act.into())?;
        desk.settle()?;
        let name = self.name.as_ref().unwrap_or(&row.name);
        Ok(Done {
            line: format!("{} 自 {} 起: {name}", row.name, self.from),
            data: json!({
                "office": office.to_hex(), "from": self.from.to_string(), "name": self.name,
                "code": self.code, "act": id.to_hex(),
            }),
        })
    }
}

impl Work for EntrustTo {
    fn dir(&self) -> &Path {
        &self.hand.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who::keeper(&self.hand))
    }

    fn check(&self, _input: &[u8]) -> Result<(), Refusal> {
        check_actions(&self.actions)?;
        if self.from > self.to {
            return Err(Refusal::data(format!(
                "an entrustment ends on or after its first day; {} is after {}",
                self.from, self.to
            )));
        }
        Ok(())
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let (office, row) = find(desk.authority(), &self.office)?;
        check_below(desk, office, &row)?;
        let own = desk.home.identity.office_id();
        let before = desk.authority().entrustments_of(office);
        let before = before.filter(|one| one.by == own && one.ended.is_none() && !self.beside);
        let mut ends: Vec<EnvelopeId> = before.map(|one| one.id).collect();
        ends.sort_unstable();
        if self.actions.is_empty() && ends.is_empty() {
            return Err(Refusal::data(format!(
                "nothing is entrusted to {} by this office that could end",
                row.name
            )));
        }
        let mut actions = self.actions.clone();
        actions.sort();
        actions.dedup();
        let act = Entrust {
            office,
            actions,
            from: start_of(self.from).max(desk.now - super::appoint::LEAD_MS),
            to: end_of(self.to) - 1,
            document: self.document.clone(),
            ends: (!ends.is_empty()).then(|| ends.clone()),
        };
        let roster = desk.replica.roster(own);
        let id = desk.sign(roster, act.into())?;
        desk.settle()?;
        Ok(Done {
            line: format!(
                "已签署对 {} 的委托({} 项), 此前委托 {} 件自此停止。",
                row.name,
                self.actions.len(),
                ends.len()
            ),
            data: json!({
                "office": office.to_hex(), "act": id.to_hex(), "actions": self.actions,
                "ended": ends.len(),
            }),
        })
    }
}

impl Policy {
    fn rule_pack(&self, rules: &RulePack) -> Result<[u8; 32], Refusal> {
        match &self.rule_pack {
            None => Ok(rules.pack_id()),
            Some(text) => unhex(text)
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or_else(|| {
                    Refusal::data(format!(
                        "a rule pack is named by 64 hexadecimal digits, not {text:?}"
                    ))
                }),
        }
    }
}

impl Work for Policy {
    fn dir(&self) -> &Path {
        &self.hand.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who::keeper(&self.hand))
    }

    fn check(&self, _input: &[u8]) -> Result<(), Refusal> {
        let rules = RulePack::builtin();
        self.rule_pack(&rules)?;
        if !(1..=FOLD_VERSION).contains(&self.fold_version) {
            return Err(Refusal::data(format!(
                "this build folds versions 1 to {FOLD_VERSION}, not {}",
                self.fold_version
            )));
        }
        if let Some(days) = self.stale_days {
            check_number(&rules, "stale_days", u32::from(days))?;
        }
        Ok(())
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let rule_pack = self.rule_pack(&RulePack::builtin())?;
        let own = desk.home.identity.office_id();
        let in_force = desk.authority().policy(own);
        let act = PolicyAct {
            stale_days: self.stale_days.unwrap_or(in_force.stale_days),
            fold_version: self.fold_version,
            rule_pack,
        };
        let stale_days = act.stale_days;
        let roster = desk.replica.roster(own);
        let id = desk.sign(roster, act.into())?;
        desk.settle()?;
        Ok(Done {
            line: format!("已签署规则版本与期限: 超过 {stale_days} 日未收到上级消息即暂停决定。"),
            data: json!({
                "act": id.to_hex(), "stale_days": stale_days, "fold_version": self.fold_version,
                "rule_pack": hex(&rule_pack),
            }),
        })
    }
}

/// A number of policy lies in the range that the rules give it.
fn check_number(rules: &RulePack, id: &str, n: u32) -> Result<(), Refusal> {
    let rule = rules.policy(id);
    match rule.filter(|rule| !(rule.min..=rule.max).contains(&n)) {
        None => Ok(()),
        Some(rule) => Err(Refusal::data(format!(
            "policy {id} lies in {}..={} ({}), not {n}",
            rule.min, rule.max, rule.unit
        ))),
    }
}

/// Actions that are entrusted are those that a workflow asks an entrustment for.
pub(super) fn check_actions(actions: &[String]) -> Result<(), Refusal> {
    let rules = RulePack::builtin();
    let known = rules.entrustable();
    match actions
        .iter()
        .find(|action| !known.contains(action.as_str()))
    {
        None => Ok(()),
        Some(action) => {
            let known: Vec<&str> = known.into_iter().collect();
            Err(Refusal::data(format!(
                "the rules entrust {}, they know no action {action:?}",
                known.join(", ")
            )))
        }
    }
}

/// An office by its id or by its code as of its founding.
fn find(authority: &Authority, text: &str) -> Result<(OfficeId, OfficeRow), Refusal> {
    let named = |(id, row): &(OfficeId, &OfficeRow)| id.to_hex() == text || row.code == text;
    let found: Vec<_> = authority.offices().iter().filter(named).collect();
    match found.as_slice() {
        [(id, row)] => Ok((*id, (*row).clone())),
        [] => Err(Refusal::data(format!("no office {text:?} is known here"))),
        _ => Err(Refusal::data(format!(
            "{} offices have the code {text}: name one by its id",
            found.len()
        ))),
    }
}

fn check_below(desk: &Desk<'_>, office: OfficeId, row: &OfficeRow) -> Result<(), Refusal> {
    let (own, authority) = (desk.home.identity.office_id(), desk.authority());
    let is_root = desk
        .seat
        .is_some_and(|seat| seat.author == authority.root_keeper());
    let today = Moment::at(desk.now);
    if authority.offices().stood_above(own, office, today) || (is_root && own == office) {
        return Ok(());
    }
    Err(Refusal::data(format!(
        "an office speaks of those below it; {} is not below {}",
        row.name, desk.home.identity.name
    )))
}

fn parse_day(text: &str) -> Result<Date, String> {
    parse_date(text).map_err(|_| format!("a day is written 2026-03-01, not {text:?}"))
}
