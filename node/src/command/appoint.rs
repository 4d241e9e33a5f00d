//! `jiaolian appoint`: a keeper of the office above founds an office and appoints the keys that its
//! request names. The answer holds all that the office needs, also where no link ever was.

use super::desk::Desk;
use super::enrol::read_request;
use super::office::check_actions;
use super::{Done, EXIT_CONFIG, EXIT_IO, Refusal};
use crate::config::Config;
use crate::home::{CONFIG_FILE, HomeError};
use crate::platform;
use crate::request::{Answer, Request};
use clap::Args;
use jiaolian_schema::act::{self, Entrust, Found};
use jiaolian_schema::authority::Authority;
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::{Ed25519Signer, Sign as _};
use serde_json::json;
use std::path::PathBuf;

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

impl Appoint {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let mut request = read_request(&self.request)?;
        let roles = request.check_roles(&RulePack::builtin());
        roles.map_err(Refusal::data)?;
        check_actions(&self.actions)?;
        let mut desk = Desk::open(&self.dir, &self.keeper, self.passphrase_stdin)?;
        let nonce = bind(&desk, &mut request);
        check_kinship(&desk, &request)?;
        self.appoint(&mut desk, &request, nonce)?;
        desk.settle()?;
        let answer = self.answer(&desk, &request)?;
        platform::write_atomically(&self.out, &answer.to_bytes())
            .map_err(|error| Refusal::new(EXIT_IO, format!("{}: {error}", self.out.display())))?;
        let out = self.out.display().to_string();
        let line = format!(
            "已为 {} 签署 {} 项。请把答复文件 {out} 带回该机关。",
            request.name, desk.signed
        );
        let data = json!({
            "office": request.office, "signed": desk.signed, "answer": out,
            "envelopes": answer.envelopes.len(),
        });
        Ok(Done { line, data })
    }

    fn appoint(
        &self,
        desk: &mut Desk,
        request: &Request,
        nonce: Option<[u8; 16]>,
    ) -> Result<(), Refusal> {
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
            .appointments(desk.now - LEAD_MS, until)
            .map_err(Refusal::data)?;
        for mut appoint in asked {
            if !is_seated(desk.authority(), &appoint) {
                check_clash(desk.authority(), &appoint)?;
                appoint.document.clone_from(&self.document);
                desk.sign(Some(roster), appoint.into())?;
            }
        }
        if self.actions.is_empty() {
            return Ok(());
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
        desk.sign(own_roster, entrust.into()).map(|_| ())
    }

    fn answer(&self, desk: &Desk, request: &Request) -> Result<Answer, Refusal> {
        let home = &desk.home;
        let root = home.identity.root.as_ref().ok_or(HomeError::NotJoined)?;
        let config = Config::load(&self.dir.join(CONFIG_FILE))
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
fn bind(desk: &Desk, request: &mut Request) -> Option<[u8; 16]> {
    let (own, asked) = (desk.home.identity.office_id(), request.office_id());
    if desk.authority().offices().covers(own, asked) {
        return None;
    }
    request.bind(own);
    Some(asked.0)
}

/// Whether the key has such a seat already: a plain one, or a stand-in's for the same person.
fn is_seated(authority: &Authority, asked: &act::Appoint) -> bool {
    let mut seats = authority.appointments();
    seats.any(|(_, appoint, good)| {
        let place = |acting: &Option<act::Acting>| acting.as_ref().map(|acting| acting.person);
        good && appoint.author() == asked.author() && place(&appoint.acting) == place(&asked.acting)
    })
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
fn check_kinship(desk: &Desk, request: &Request) -> Result<(), Refusal> {
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
