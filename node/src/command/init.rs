//! `jiaolian init`: a data directory with keys, an empty store, the first people, and the request
//! that is carried to the office above.

use super::person::Newcomer;
use super::secret::Source;
use super::{Done, EXIT_IO, Refusal, cost};
use crate::home::{CONFIG_FILE, Home, REQUEST_FILE};
use crate::identity::{Identity, RootPin};
use crate::key::{KeyRing, OfficerKey};
use crate::platform;
use crate::request::{Request, Seat, check_code, check_office_name, duty_word};
use crate::seal::{CaseSecret, entropy};
use crate::store::{CACHE_MIB_DEFAULT, DiskStore};
use clap::Args;
use jiaolian_schema::act::{PublicKey, RootStatement};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{OfficeId, PersonId, hex};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::{Ed25519Signer, SeedSigner, Sign as _, Suite};
use serde_json::json;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// `jiaolian init`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)]
pub struct Init {
    /// The data directory to make.
    #[arg(long)]
    dir: PathBuf,
    /// The office's name.
    #[arg(long)]
    name: String,
    /// GB/T 2260 code and suffix.
    #[arg(long)]
    code: String,
    /// 1 township, 2 county, 3 city, 4 province, 5 ministry.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=5))]
    tier: u8,
    /// A drill (演练): its offices can't be joined to live ones.
    #[arg(long)]
    drill: bool,
    /// The suite in which its keys sign and its disk is sealed: 1 (Ed25519), 2 (SM2, SM3, SM4).
    #[arg(long, default_value = "1", value_parser = suite)]
    suite: Suite,
    /// The office at the top; its first person is the keeper whom all trust.
    #[arg(long)]
    root: bool,
    /// A person to enrol, `number,name,keeper|staff,ROLE+ROLE`; comes once or more.
    #[arg(long = "person", required = true, value_parser = Newcomer::parse)]
    people: Vec<Newcomer>,
    /// The named address at which other nodes reach this one.
    #[arg(long, default_value = "127.0.0.1:7443")]
    link: SocketAddr,
    /// Where pages are served.
    #[arg(long, default_value = "127.0.0.1:7080")]
    http: SocketAddr,
    /// Where devices report; none: no such door.
    #[arg(long)]
    gateway: Option<SocketAddr>,
    /// Read passphrases from standard input, one a line, in the order of the people.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Init {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        self.check()?;
        let source = Source::new(self.passphrase_stdin);
        let words: Vec<_> = self
            .people
            .iter()
            .map(|person| source.ask_new(&person.staff_number))
            .collect::<Result<_, _>>()?;
        let made = self.people.iter().map(|_| OfficerKey::generate(self.suite));
        let officers: Vec<OfficerKey> = made.collect();
        let (office, node_person) = (OfficeId(entropy()), PersonId(entropy()));
        let mut identity = Identity::new(
            (office, node_person),
            (&self.name, &self.code, self.tier),
            (self.drill, self.suite),
        );
        if self.root {
            let keeper = &officers[0];
            let (suite, key) = (keeper.suite(), keeper.public_key());
            let root = RootStatement::single(office, PublicKey { suite, key });
            identity.root = Some(RootPin::of(&root));
        }
        let case = CaseSecret::generate_in(self.suite);
        let keys = KeyRing::new(cost(self.drill));
        let rings: Vec<_> = self
            .people
            .iter()
            .zip(words.iter().zip(&officers))
            .map(|(person, (words, key))| keys.enrol(&person.staff_number, words, key, &case))
            .collect::<Result<_, _>>()
            .map_err(Refusal::data)?;
        let made = Home::create(&self.dir, identity, case.public(), CACHE_MIB_DEFAULT);
        let (home, store): (Home, DiskStore) = made?;
        store
            .commit(&rings)
            .map_err(|error| Refusal::new(EXIT_IO, error))?;
        let mut request = node_request(&home);
        for (person, key) in self.people.iter().zip(&officers) {
            request.seats.push(person.seat(key));
        }
        write(&self.dir.join(REQUEST_FILE), &request.to_text())?;
        write(&self.dir.join(CONFIG_FILE), &self.config())?;
        Ok(self.done(office))
    }

    fn check(&self) -> Result<(), Refusal> {
        check_office_name(&self.name).map_err(Refusal::data)?;
        check_code(&self.code).map_err(Refusal::data)?;
        let rules = RulePack::builtin();
        for person in &self.people {
            person.check(&rules, self.tier).map_err(Refusal::data)?;
        }
        if self.root && !self.people[0].is_keeper() {
            return Err(Refusal::data(
                "the first person of a root must be its keeper",
            ));
        }
        let mut numbers: Vec<_> = self.people.iter().map(|p| &p.staff_number).collect();
        numbers.sort();
        match numbers.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Refusal::data(format!(
                "staff number {} comes twice",
                pair[0]
            ))),
            None => Ok(()),
        }
    }

    fn config(&self) -> String {
        let quoted = |text: &str| json!(text).to_string();
        let mut text = format!(
            "[node]\ndata_dir = \".\"\noffice_label = {}\ndemo = {}\n\n[http]\nbind = \"{}\"\n\n\
             [link]\nbind = \"{}\"\n",
            quoted(&self.name),
            self.drill,
            self.http,
            self.link
        );
        if let Some(gateway) = self.gateway {
            let _ = write!(text, "\n[gateway]\nhttp_bind = \"{gateway}\"\n");
        }
        text
    }

    fn done(&self, office: OfficeId) -> Done {
        let request = self.dir.join(REQUEST_FILE).display().to_string();
        let line = format!(
            "已建立 {}。请把申请文件 {request} 交给上级机关。",
            self.name
        );
        let data = json!({ "office": office.to_hex(), "name": self.name, "request": request });
        Done { line, data }
    }
}

/// A request with the node's own two seats.
pub(super) fn node_request(home: &Home) -> Request {
    let identity = &home.identity;
    let mut request = Request::new(
        identity.office_id(),
        &identity.name,
        &identity.code,
        identity.tier,
        identity.drill,
    );
    let transport = Ed25519Signer::from_seed(&home.keys.transport).public_key();
    let node = |duty: Duty, role: &str, signer: &SeedSigner| Seat {
        person: identity.node_person.clone(),
        name: format!("{}值班主机", identity.name),
        staff_number: String::new(),
        duty: duty_word(duty).to_owned(),
        roles: vec![role.to_owned()],
        suite: signer.suite(),
        key: hex(&signer.public_key()),
        endpoint: (duty == Duty::Staff).then(|| hex(&transport)),
        acting: None,
    };
    request
        .seats
        .push(node(Duty::Staff, "NODE", &home.signer(Duty::Staff)));
    request
        .seats
        .push(node(Duty::Witness, "WITNESS", &home.signer(Duty::Witness)));
    request
}

/// Reads the number of a suite.
pub(super) fn suite(text: &str) -> Result<Suite, String> {
    let known = text.parse().ok().and_then(Suite::numbered);
    known.ok_or_else(|| format!("a suite is 1 (Ed25519) or 2 (SM2, SM3, SM4), not {text:?}"))
}

/// Writes a text file whole or not at all.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Refusal> {
    platform::write_atomically(path, text.as_bytes())
        .map_err(|error| Refusal::new(EXIT_IO, format!("{}: {error}", path.display())))
}
