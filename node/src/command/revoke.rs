//! `jiaolian revoke`: a keeper of the office above says no to a key, from the last position that is
//! known here onwards. What was signed before stays good; what comes later waits or has no effect.

use super::desk::Desk;
use super::{Done, Refusal};
use clap::Args;
use jiaolian_schema::act;
use jiaolian_schema::id::{AuthorId, OfficeId};
use serde_json::json;
use std::path::PathBuf;

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 200;

/// `jiaolian revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// The data directory of the office above.
    #[arg(long)]
    dir: PathBuf,
    /// Staff number of its keeper.
    #[arg(long = "as")]
    keeper: String,
    /// Staff number of the person whose keys are revoked.
    #[arg(long)]
    staff: String,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Read the keeper's passphrase from standard input.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Revoke {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let chars = self.reason.chars().count();
        if !(1..=REASON_CHARS_MAX).contains(&chars) {
            return Err(Refusal::data(format!(
                "a reason has 1 to {REASON_CHARS_MAX} characters, not {chars}"
            )));
        }
        let mut desk = Desk::open(&self.dir, &self.keeper, self.passphrase_stdin)?;
        let found = self.authors(&desk);
        if found.is_empty() {
            return Err(Refusal::data(format!(
                "nobody with the staff number {} is appointed below this office",
                self.staff
            )));
        }
        for (author, office) in &found {
            let roster = desk.replica.roster(*office);
            let revoke = act::Revoke {
                author: *author,
                at: desk.replica.chain_top(*author),
                replaces: Vec::new(),
                reason: self.reason.clone(),
                compromised_since: None,
            };
            desk.sign(roster, revoke.into())?;
        }
        desk.settle()?;
        Ok(Done {
            line: format!("已停用工号 {} 的密钥 {} 个。", self.staff, found.len()),
            data: json!({ "staff_number": self.staff, "revoked": found.len() }),
        })
    }

    /// The keys of the staff number that are appointed now and that nobody said no to yet.
    fn authors(&self, desk: &Desk) -> Vec<(AuthorId, OfficeId)> {
        let authority = desk.replica.authority();
        let appointments = authority.appointments();
        let mut found: Vec<_> = appointments
            .filter(|(id, appoint, _)| {
                appoint.staff_number == self.staff
                    && authority.is_appointed(*id)
                    && !authority.is_barred(appoint.author())
            })
            .map(|(_, appoint, _)| (appoint.author(), appoint.office))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}
