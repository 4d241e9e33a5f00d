//! `jiaolian appoint`: a keeper of the office above founds an office and appoints the keys that its
//! request names. The answer holds all that the office needs, also where no link ever was.

use super::enrol::read_request;
use super::secret::{Source, open_ring, ready, refuse_key};
use super::{Done, EXIT_CONFIG, EXIT_IO, EXIT_NO_PERMISSION, Refusal, cost, now_ms};
use crate::config::Config;
use crate::home::{CONFIG_FILE, Home, HomeError, seat_of, settle};
use crate::key::{KeyRing, OfficerKey, Tip};
use crate::platform;
use crate::request::{Answer, Request};
use crate::run::judge;
use crate::seal::entropy;
use crate::store::{CACHE_MIB_DEFAULT, DiskStore, StoreReader};
use clap::Args;
use jiaolian_schema::act::{Act, Entrust, Found};
use jiaolian_schema::envelope::{Duty, author_id};
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::{Ed25519Signer, Sign as _};
use jiaolian_sync::{Draft, Payload, Replica, Seat, SignError};
use serde_json::json;
use std::path::{Path, PathBuf};

const YEAR_MS: i64 = 365 * 24 * 3_600_000;
/// Appointments begin so long before they are signed, ms, so that a desk whose clock is behind can
/// work at once.
const LEAD_MS: i64 = 24 * 3_600_000;

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

/// A keeper at work at a node that does not run.
pub(super) struct Desk {
    /// The directory.
    pub(super) home: Home,
    store: DiskStore,
    /// What the node knows.
    pub(super) replica: Replica<StoreReader>,
    tip: Tip,
    signer: OfficerKey,
    seat: Seat,
    now: i64,
    signed: usize,
}

impl Appoint {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let request = read_request(&self.request)?;
        let roles = request.check_roles(&RulePack::builtin());
        roles.map_err(Refusal::data)?;
        let mut desk = Desk::open(&self.dir, &self.keeper, self.passphrase_stdin)?;
        check_kinship(&desk, &request)?;
        self.appoint(&mut desk, &request)?;
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

    fn appoint(&self, desk: &mut Desk, request: &Request) -> Result<(), Refusal> {
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
            if seat_of(desk.replica.authority(), appoint.author()).is_none() {
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

impl Desk {
    /// Opens a node's directory for one of its keepers.
    pub(super) fn open(dir: &Path, keeper: &str, from_lines: bool) -> Result<Self, Refusal> {
        let (home, store) = Home::open(dir, CACHE_MIB_DEFAULT)?;
        let keys = KeyRing::new(cost(home.identity.drill));
        let source = Source::new(from_lines);
        let opened = open_ring(&store.reader(), &keys, keeper, source)?;
        let signer = ready(opened.key, keeper, source)?;
        store
            .unlock(opened.case_secret)
            .map_err(|error| Refusal::new(EXIT_IO, error))?;
        let mut replica = home.replica(&store)?;
        let seat = keeper_seat(&home, &replica, &signer)?;
        let config = Config::load(&dir.join(CONFIG_FILE))
            .map_err(|error| Refusal::new(EXIT_CONFIG, error))?;
        let (tip, doubted) = judge(&home, &config.tip_path(), &mut replica);
        let tip = tip.filter(|_| !doubted.contains(&seat.author));
        let tip = tip.ok_or_else(|| {
            Refusal::data(format!(
                "{keeper} has signed more than this disk knows (rolled_back): it was set back, and \
                 the key signs no more here"
            ))
        })?;
        Ok(Self {
            home,
            store,
            replica,
            tip,
            signer,
            seat,
            now: now_ms(),
            signed: 0,
        })
    }

    /// The disk.
    pub(super) fn store(&self) -> &DiskStore {
        &self.store
    }

    /// Makes durable what was signed, and notes the position in the second place as a running node does.
    pub(super) fn settle(&mut self) -> Result<(), Refusal> {
        settle(&mut self.replica, &self.store).map_err(HomeError::from)?;
        let author = self.seat.author;
        if let Ok(Some(at)) = self.replica.local_tip(author) {
            self.tip.record(author.0, at.n).map_err(HomeError::from)?;
        }
        Ok(())
    }

    /// Signs one act as the keeper.
    pub(super) fn sign(
        &mut self,
        dossier: Option<DossierId>,
        act: Act,
    ) -> Result<EnvelopeId, Refusal> {
        let draft = Draft {
            dossier,
            payload: Payload::Act(act),
        };
        let signed = self
            .replica
            .sign(&self.signer, self.seat, draft, self.now, entropy());
        self.signed += 1;
        signed.map_err(|error| match error {
            SignError::Key(error) => refuse_key(&error),
            error => HomeError::from(error).into(),
        })
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
    let founded = desk.replica.authority().offices().get(request.office_id());
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

fn keeper_seat(
    home: &Home,
    replica: &Replica<StoreReader>,
    signer: &OfficerKey,
) -> Result<Seat, Refusal> {
    let office = home.identity.office_id();
    let author = author_id(signer.suite(), &signer.public_key(), office, Duty::Keeper);
    let root = home.identity.root.as_ref();
    let root: Option<OfficeId> = root.and_then(|root| {
        let introduction = root.to_introduction()?;
        (introduction.author() == author).then_some(introduction.office)
    });
    if root.is_some() {
        return Ok(Seat {
            author,
            appointment: None,
        });
    }
    seat_of(replica.authority(), author).ok_or_else(|| {
        Refusal::new(
            EXIT_NO_PERMISSION,
            format!("only a keeper of {} appoints here", home.identity.name),
        )
    })
}
