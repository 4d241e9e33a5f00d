//! `jiaolian seal` and `jiaolian consult`: the county's head seals a case (刑事诉讼法 art. 286), lifts its
//! seal, and opens it to one person for a lawful query. Whether an act would have effect is asked of the
//! rules before it is signed.

use super::desk::{Desk, Hand};
use super::work::{Who, Work};
use super::{Done, Refusal};
use clap::Args;
use jiaolian_schema::act::{Consult as ConsultAct, Seal as SealAct};
use jiaolian_schema::fix::DAY_MS;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, PersonId};
use jiaolian_schema::rule::{RulePack, SealStep};
use jiaolian_sync::DossierRow;
use serde_json::json;
use std::path::Path;

/// Longest text that is typed, in characters.
const WORDS_CHARS_MAX: usize = 120;

/// `jiaolian seal`.
#[derive(Debug, Args)]
pub struct Seal {
    #[command(flatten)]
    pub(super) hand: Hand,
    /// The case, by its id in hexadecimal.
    #[arg(long, value_parser = case_id)]
    case: DossierId,
    /// Id of the ground: `under_18_five_years` to seal; `new_crime`, `missed_crime` or `retrial` to lift.
    #[arg(long)]
    ground: String,
    /// Number of the document behind it.
    #[arg(long)]
    document: String,
    /// Lift the seal.
    #[arg(long)]
    lift: bool,
}

/// `jiaolian consult`.
#[derive(Debug, Args)]
pub struct Consult {
    #[command(flatten)]
    pub(super) hand: Hand,
    /// The case, by its id in hexadecimal.
    #[arg(long, value_parser = case_id)]
    case: DossierId,
    /// Staff number of who may read it.
    #[arg(long)]
    reader: String,
    /// Id of the ground: `judicial_case` or `state_rule`.
    #[arg(long)]
    ground: String,
    /// The unit that asks.
    #[arg(long)]
    unit: String,
    /// What it needs the record for.
    #[arg(long)]
    purpose: String,
    /// Number of its letter.
    #[arg(long)]
    document: String,
    /// For how many days, from now.
    #[arg(long, default_value_t = 1)]
    days: u32,
}

fn case_id(text: &str) -> Result<DossierId, String> {
    DossierId::from_hex(text).ok_or_else(|| "a case is named by 64 hexadecimal digits".to_owned())
}

impl Seal {
    fn step(&self) -> SealStep {
        if self.lift {
            SealStep::Lift
        } else {
            SealStep::Seal
        }
    }
}

impl Work for Seal {
    fn dir(&self) -> &Path {
        &self.hand.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who::staff(&self.hand))
    }

    fn check(&self, _input: &[u8]) -> Result<(), Refusal> {
        ground(self.step(), &self.ground)?;
        words("document", &self.document).map(|_| ())
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let ground = ground(self.step(), &self.ground)?;
        let row = row(desk, self.case)?;
        if (row.sealed == Some(1)) != self.lift {
            return Err(Refusal::data(if self.lift {
                "only a case that is sealed is unsealed"
            } else {
                "the case is sealed already"
            }));
        }
        let standing = desk.replica.standing(self.case);
        let replaces = standing.map(|standing| standing.seal.tips().to_vec());
        let act = SealAct {
            sealed: u8::from(!self.lift),
            ground: self.ground.clone(),
            document: words("document", &self.document)?,
            replaces: replaces.unwrap_or_default(),
        };
        let id = desk.sign(Some(self.case), act.into())?.to_hex();
        desk.settle()?;
        let line = if self.lift {
            format!("已解除封存: {ground}。")
        } else {
            format!("已封存: {ground}。此后依法批准查询者方可查阅。")
        };
        Ok(Done {
            line,
            data: json!({ "act": id, "case": self.case.to_hex(), "sealed": !self.lift }),
        })
    }
}

impl Work for Consult {
    fn dir(&self) -> &Path {
        &self.hand.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who::staff(&self.hand))
    }

    fn check(&self, _input: &[u8]) -> Result<(), Refusal> {
        ground(SealStep::Consult, &self.ground)?;
        let most = RulePack::builtin().sealing().consult_days_max;
        if !(1..=most).contains(&self.days) {
            let days = self.days;
            return Err(Refusal::data(format!(
                "--days lies in 1..={most} (查询期限), found {days}"
            )));
        }
        words("unit", &self.unit)?;
        words("purpose", &self.purpose)?;
        words("document", &self.document).map(|_| ())
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let ground = ground(SealStep::Consult, &self.ground)?;
        if row(desk, self.case)?.sealed != Some(1) {
            return Err(Refusal::data("only a case that is sealed is opened so"));
        }
        let act = ConsultAct {
            person: reader(desk, &self.reader)?,
            ground: self.ground.clone(),
            unit: words("unit", &self.unit)?,
            purpose: words("purpose", &self.purpose)?,
            document: words("document", &self.document)?,
            from: desk.now,
            to: desk.now + i64::from(self.days) * DAY_MS,
        };
        let to = act.to;
        let id = desk.sign(Some(self.case), act.into())?.to_hex();
        desk.settle()?;
        let (days, reader) = (self.days, &self.reader);
        Ok(Done {
            line: format!("已批准 {reader} 查询，{days} 日内有效: {ground}。查阅均有记录。"),
            data: json!({ "act": id, "case": self.case.to_hex(), "to": to }),
        })
    }
}

/// A ground in words, where the law knows it for this step.
fn ground(step: SealStep, id: &str) -> Result<String, Refusal> {
    let rules = RulePack::builtin();
    let known = rules
        .sealing()
        .ground(id)
        .filter(|known| known.step == step);
    if let Some(known) = known {
        return Ok(known.zh.clone());
    }
    let all = rules.sealing().grounds().filter(|known| known.step == step);
    let all: Vec<&str> = all.map(|known| known.id.as_str()).collect();
    let all = all.join(", ");
    Err(Refusal::data(format!(
        "--ground is one of {all}, found {id:?}"
    )))
}

/// The row of a case that is here; the same refusal for what is not.
fn row(desk: &Desk<'_>, case: DossierId) -> Result<DossierRow, Refusal> {
    let row = desk.replica.dossier(case).cloned();
    let row = row.filter(|row| row.kind == DossierKind::Case);
    row.ok_or_else(|| Refusal::data(format!("case {case} is not here")))
}

fn reader(desk: &Desk<'_>, number: &str) -> Result<PersonId, Refusal> {
    let authority = desk.authority();
    let mut seats = authority.appointments();
    let found = seats
        .find(|(id, appoint, _)| appoint.staff_number == number && authority.is_appointed(*id));
    let person = found.map(|(_, appoint, _)| appoint.person);
    person.ok_or_else(|| {
        Refusal::data(format!(
            "nobody with the staff number {number} is appointed"
        ))
    })
}

fn words(name: &str, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let chars = text.chars().count();
    if (1..=WORDS_CHARS_MAX).contains(&chars) {
        return Ok(text.to_owned());
    }
    Err(Refusal::data(format!(
        "--{name} has 1 to {WORDS_CHARS_MAX} characters, not {chars}"
    )))
}
