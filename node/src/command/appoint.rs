//! `jiaolian appoint`: a keeper of the office above founds an office and appoints the keys that its
//! request names. The answer holds all that the office needs, also where no link ever was.

mod held;

use super::desk::Desk;
use super::enrol::parse_request;
use super::office::check_actions;
use super::work::{Who, Work, write_out};
use super::{Done, EXIT_CONFIG, EXIT_IO, Refusal, read_bounded};
use crate::config::Config;
use crate::home::{CONFIG_FILE, HomeError};
use crate::request::{Answer, REQUEST_BYTES_MAX, Request};
use clap::Args;
use held::{Held, Left};
use jiaolian_schema::act::{self, Entrust, Found};
use jiaolian_schema::authority::Authority;
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::{Ed25519Signer, Sign as _};
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const YEAR_MS: i64 = 365 * 24 * 3_600_000;
/// Appointments begin so long before they are signed, ms, so that a desk whose clock is behind can
/// work at once.
pub(super) const LEAD_MS: i64 = 24 * 3_600_000;

/// `jiaolian appoint`.
#[derive(Debug, Args)]
pub struct Appoint {
    /// The data directory of the office above.
    #[arg(long)]
    dir: PathBuf,
    /// Staff number of its keeper.
    #[arg(long = "as")]
    keeper: String,
    /// The request of the office below; at the root its own.
    #[arg(long)]
    request: PathBuf,
    /// Where to write the answer.
    #[arg(long)]
    out: PathBuf,
    /// An action to entrust to the office (社区矫正法 Art. 9), as the rules name it, say `leave`.
    #[arg(long = "entrust")]
    actions: Vec<String>,
    /// Number of the document behind the appointments.
    #[arg(long, default_value = "")]
    document: String,
    /// For how many years.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=10))]
    years: u8,
    /// Read the keeper's passphrase from standard input.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Work for Appoint {
    fn dir(&self) -> &Path {
        &self.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who::numbered(&self.keeper, self.passphrase_stdin))
    }

    fn read(&self) -> Result<Vec<u8>, Refusal> {
        read_bounded(&self.request, REQUEST_BYTES_MAX)
    }

    fn check(&self, input: &[u8]) -> Result<(), Refusal> {
        let request = parse_request(input, &self.request)?;
        let roles = request.check_roles(&RulePack::builtin());
        roles.map_err(Refusal::data)?;
        check_actions(&self.actions)
    }

    fn work(&self, desk: &mut Desk<'_>, input: &[u8]) -> Result<Done, Refusal> {
        let mut request = parse_request(input, &self.request)?;
        let nonce = bind(desk, &mut request);
        check_kinship(desk, &request)?;
        let left = self.appoint(desk, &request, nonce)?;
        desk.settle()?;
        let answer = Self::answer(desk, &request)?;
        desk.file = Some(answer.to_bytes());
        let out = self.out.display().to_string();
        let mut line = format!(
            "已为 {} 签署 {} 项。请把答复文件 {out} 带回该机关。",
            request.name, desk.signed
        );
        for one in &left {
            let _ = write!(line, "\n{}", one.sentence());
        }
        let data = json!({
            "office": request.office, "signed": desk.signed, "answer": out,
            "envelopes": answer.envelopes.len(),
            "left": left.iter().map(Left::data).collect::<Vec<_>>(),
        });
        Ok(Done { line, data })
    }

    fn keep(&self, file: &[u8]) -> Result<(), Refusal> {
        write_out(&self.out, file, EXIT_IO)
    }
}

impl Appoint {
    /// What is left of earlier appointments beyond what is asked for now.
    fn appoint(
        &self,
        desk: &mut Desk<'_>,
        request: &Request,
        nonce: Option<[u8; 16]>,
    ) -> Result<Vec<Left>, Refusal> {
        let (own, office) = (desk.home.identity.office_id(), request.office_id());
        let roster = match desk.replica.roster(office) {
            Some(roster) => roster,
            None => desk
                .sign(
                    None,
                    Found {
                        office,
                        parent: (office != own).then_some(own),
                        tier: request.tier,
                        code: request.code.clone(),
                        name: request.name.clone(),
                        drill: u8::from(request.drill),
                        nonce,
                    }
                    .into(),
                )?
                .into(),
        };
        let until = desk.now + i64::from(self.years) * YEAR_MS;
        let asked = request
            .appointments(&RulePack::builtin(), desk.now - LEAD_MS, until)
            .map_err(Refusal::data)?;
        let mut left = Vec::new();
        for mut appoint in asked {
            let held = Held::of(desk.authority(), &appoint);
            left.extend(held.beyond(&appoint));
            if !held.gives(&appoint) {
                check_clash(desk.authority(), &appoint)?;
                appoint.document.clone_from(&self.document);
                desk.sign(Some(roster), appoint.into())?;
            }
        }
        if self.actions.is_empty() {
            return Ok(left);
        }
        let mut actions = self.actions.clone();
        actions.sort();
        actions.dedup();
        let entrust = Entrust {
            office,
            actions,
            from: desk.now - LEAD_MS,
            to: until,
            document: self.document.clone(),
            ends: None,
        };
        let own_roster = desk.replica.roster(own);
        desk.sign(own_roster, entrust.into()).map(|_| left)
    }

    fn answer(desk: &Desk<'_>, request: &Request) -> Result<Answer, Refusal> {
        let home = &*desk.home;
        let root = home.identity.root.as_ref().ok_or(HomeError::NotJoined)?;
        let config = Config::load(&home.dir().join(CONFIG_FILE))
            .map_err(|error| Refusal::new(EXIT_CONFIG, error))?;
        let office = request.office_id();
        let mut answer = Answer::new(root, office, request.drill).ok_or(HomeError::NotJoined)?;
        if office != home.identity.office_id() {
            let transport = Ed25519Signer::from_seed(&home.keys.transport).public_key();
            answer.superior = transport.try_into().expect("Ed25519 keys have 32 bytes");
            answer.addresses = vec![config.link.bind.to_string()];
        }
        answer.envelopes = desk
            .replica
            .join_file(office)
            .map_err(|error| Refusal::new(EXIT_IO, error))?;
        Ok(answer)
    }
}

/// A new office's request names the number that it minted; its id is made of that and of this
/// office, so that no other can found it. The number, where the id was made here.
fn bind(desk: &Desk<'_>, request: &mut Request) -> Option<[u8; 16]> {
    let (own, asked) = (desk.home.identity.office_id(), request.office_id());
    if desk.authority().offices().covers(own, asked) {
        return None;
    }
    request.bind(own);
    Some(asked.0)
}

/// Nobody administers and holds another seat (三员分立).
fn check_clash(authority: &Authority, asked: &act::Appoint) -> Result<(), Refusal> {
    match authority.clash_with(asked) {
        None => Ok(()),
        Some((_, held)) => Err(Refusal::data(format!(
            "三员分立: {} ({}) holds {} and can't be {} too; an administrator holds nothing else",
            held.name,
            held.staff_number,
            held.roles.join("+"),
            asked.roles.join("+")
        ))),
    }
}

/// What an office may ask of another: a drill only of a drill, and only of the office right above.
fn check_kinship(desk: &Desk<'_>, request: &Request) -> Result<(), Refusal> {
    let above = &desk.home.identity;
    let word = |drill| if drill { "a drill (演练)" } else { "live" };
    if above.drill != request.drill {
        return Err(Refusal::data(format!(
            "a drill's offices and live ones never join: {} is {}, {} is {}",
            above.name,
            word(above.drill),
            request.name,
            word(request.drill)
        )));
    }
    let founded = desk.authority().offices().get(request.office_id());
    let is_self = above.office == request.office;
    let tier = founded.map_or(above.tier, |office| office.tier);
    if (is_self || founded.is_some()) && request.tier != tier {
        return Err(Refusal::data(format!(
            "an office keeps its tier: {} has tier {tier}, the request says {}",
            request.name, request.tier
        )));
    }
    if !is_self && request.tier >= above.tier {
        return Err(Refusal::data(format!(
            "an office stands under one of a higher tier: {} has tier {}, {} has tier {}",
            request.name, request.tier, above.name, above.tier
        )));
    }
    Ok(())
}
