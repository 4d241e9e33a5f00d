//! `jiaolian shred`: a keeper of the county orders that a case is destroyed at every office that holds
//! it; and how far each order was followed.

use super::desk::Desk;
use super::work::{Who, Work};
use super::{Done, EXIT_NO_PERMISSION, Refusal};
use clap::Args;
use jiaolian_schema::act;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, OfficeId};
use jiaolian_sync::ShredView;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Lowest tier that orders it: the county.
const TIER_MIN: u8 = 2;
/// Longest article and longest number of a document, in characters.
const WORDS_CHARS_MAX: usize = 120;

/// `jiaolian shred`.
#[derive(Debug, Args)]
pub struct Shred {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// The case to destroy; without one, how far orders were followed.
    #[arg(long, requires_all = ["keeper", "basis", "document"], value_parser = case_id)]
    case: Option<DossierId>,
    /// Staff number of the keeper who orders it.
    #[arg(long = "as")]
    keeper: Option<String>,
    /// The article that asks for it.
    #[arg(long)]
    basis: Option<String>,
    /// Number of the document behind it.
    #[arg(long)]
    document: Option<String>,
    /// Read the keeper's passphrase from standard input.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

fn case_id(text: &str) -> Result<DossierId, String> {
    DossierId::from_hex(text).ok_or_else(|| "a case is named by 64 hexadecimal digits".to_owned())
}

impl Work for Shred {
    fn dir(&self) -> &Path {
        &self.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        self.case?;
        let number = self.keeper.as_deref()?;
        Some(Who::numbered(number, self.passphrase_stdin))
    }

    fn check(&self, _input: &[u8]) -> Result<(), Refusal> {
        if self.case.is_some() {
            words("basis", self.basis.as_deref())?;
            words("document", self.document.as_deref())?;
        }
        Ok(())
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let Some(case) = self.case else {
            return Ok(told(desk, None));
        };
        let basis = words("basis", self.basis.as_deref())?;
        let document = words("document", self.document.as_deref())?;
        let home = &desk.home.identity;
        if home.tier < TIER_MIN {
            return Err(Refusal::new(
                EXIT_NO_PERMISSION,
                format!(
                    "a county or an office above one orders that a case is destroyed; {} has tier {}",
                    home.name, home.tier
                ),
            ));
        }
        let row = desk.replica.dossier(case);
        if row.is_none_or(|row| row.kind != DossierKind::Case) {
            return Err(Refusal::data(format!("case {case} is not here")));
        }
        let own = desk.home.identity.office_id();
        let order = act::Shred {
            dossier: case,
            basis,
            document,
        };
        desk.sign(desk.replica.roster(own), order.into())?;
        desk.settle()?;
        Ok(told(desk, Some(case)))
    }

    /// How far the order was followed at once, at this office.
    fn finish(&self, desk: &mut Desk<'_>, done: Done) -> Result<Done, Refusal> {
        if self.case.is_none() {
            return Ok(done);
        }
        desk.shred()?;
        Ok(told(desk, self.case))
    }
}

/// Each order, or that of one case, with the offices that have not said that it was followed.
fn told(desk: &Desk<'_>, case: Option<DossierId>) -> Done {
    let (shreds, offices) = (desk.replica.shreds(), desk.authority().offices());
    let views = shreds
        .iter()
        .filter(|view| case.is_none_or(|case| view.dossier == case));
    let name = |office: &OfficeId| {
        offices
            .get(*office)
            .map_or_else(|| office.to_hex(), |o| o.name.clone())
    };
    let (mut lines, mut data) = (Vec::new(), Vec::new());
    for view in views {
        let (waiting, named) = (waiting(view), |set: &BTreeSet<OfficeId>| {
            set.iter().map(name).collect::<Vec<_>>()
        });
        let count = view.holders.len();
        let done = count - waiting.len();
        lines.push(if waiting.is_empty() {
            format!("{}: {count} 个机关均已销毁。", view.dossier)
        } else {
            let waiting = named(&waiting).join("、");
            format!(
                "{}: {count} 个机关中 {done} 个已确认销毁，待确认: {waiting}",
                view.dossier
            )
        });
        data.push(json!({
            "case": view.dossier.to_hex(), "order": view.order.to_hex(),
            "basis": view.basis, "document": view.document,
            "holders": named(&view.holders), "confirmed": named(&view.confirmed),
            "waiting": named(&waiting),
        }));
    }
    if lines.is_empty() {
        lines.push("没有销毁决定。".to_owned());
    }
    let data: Json = json!({ "shreds": data });
    Done {
        line: lines.join("\n"),
        data,
    }
}

fn waiting(view: &ShredView) -> BTreeSet<OfficeId> {
    view.holders.difference(&view.confirmed).copied().collect()
}

fn words(name: &str, text: Option<&str>) -> Result<String, Refusal> {
    let text = text.unwrap_or_default().trim();
    let chars = text.chars().count();
    if (1..=WORDS_CHARS_MAX).contains(&chars) {
        return Ok(text.to_owned());
    }
    Err(Refusal::data(format!(
        "--{name} has 1 to {WORDS_CHARS_MAX} characters, not {chars}"
    )))
}
