//! `jiaolian enrol`: one more person at a node that has people, a new key for a person of a disk that
//! was set back, or a stand-in (AB岗) for somebody. Each adds to the request that goes up once more.

use super::init::{node_request, suite, write};
use super::person::Newcomer;
use super::secret::{Source, open_ring, refuse_key};
use super::{Done, EXIT_CONFIG, EXIT_IO, Refusal, cost, read_bounded};
use crate::config::Config;
use crate::home::{CONFIG_FILE, Home, HomeError, REQUEST_FILE};
use crate::key::{KeyRing, OfficerKey, OpenedKey, Tip, Ukey};
use crate::request::{ActingWords, REQUEST_BYTES_MAX, Request, Seat};
use crate::run::judge;
use crate::store::{CACHE_MIB_DEFAULT, DiskStore};
use clap::Args;
use jiaolian_schema::id::hex;
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::{Sign as _, Suite};
use serde_json::json;
use std::path::PathBuf;

/// `jiaolian enrol`.
#[derive(Debug, Args)]
pub struct Enrol {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// Staff number of a person who is enrolled here already.
    #[arg(long = "as")]
    by: String,
    /// The person to enrol, `number,name,keeper|staff,ROLE+ROLE`; and the person's id where the same
    /// person has a capacity elsewhere.
    #[arg(long, value_parser = Newcomer::parse, required_unless_present_any = ["again", "stand_in", "seat"])]
    person: Option<Newcomer>,
    /// A new key for the person named by `--as`, and for the node itself where it needs one: after a
    /// disk was set back. The person and the passphrase stay; the old key signs no more.
    #[arg(long, conflicts_with_all = ["person", "stand_in"])]
    again: bool,
    /// Staff number of a person enrolled here who is to stand in for `--in-place-of`.
    #[arg(long, requires_all = ["in_place_of", "condition", "role"], conflicts_with = "person")]
    stand_in: Option<String>,
    /// Staff number of the person, enrolled here, whose place it is.
    #[arg(long)]
    in_place_of: Option<String>,
    /// When the stand-in may take the place, in words.
    #[arg(long)]
    condition: Option<String>,
    /// Staff number of a person enrolled here whose seat is to have the roles of `--role` from now on,
    /// with the same key.
    #[arg(long, requires = "role", conflicts_with_all = ["person", "again", "stand_in"])]
    seat: Option<String>,
    /// A role of the place, or of the seat; comes once or more. With `--again`, the roles that the new
    /// key is to have.
    #[arg(long, conflicts_with = "person")]
    role: Vec<String>,
    /// The suite of the new key; where it is not said, the office's.
    #[arg(long, value_parser = suite)]
    suite: Option<Suite>,
    /// The person signs with a UKey: where the file of its agent appears while it is plugged in.
    #[arg(long)]
    ukey: Option<PathBuf>,
    /// Read passphrases from standard input, one a line: whose key opens, then the new one.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Where a ring is made: with what one person's passphrase opened.
struct Opened<'a> {
    store: &'a DiskStore,
    keys: &'a KeyRing,
    unlocked: &'a OpenedKey,
    suite: Suite,
}

impl Opened<'_> {
    fn wrap(&self, number: &str, words: &str, key: &OfficerKey) -> Result<(), Refusal> {
        let ring = self
            .keys
            .enrol(number, words, key, &self.unlocked.case_secret);
        self.store
            .commit(&[ring.map_err(Refusal::data)?])
            .map_err(|error| Refusal::new(EXIT_IO, error))
    }
}

impl Enrol {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let (mut home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        if let Some(person) = &self.person {
            let fits = person.check(&RulePack::builtin(), home.identity.tier);
            fits.map_err(Refusal::data)?;
        }
        let keys = KeyRing::new(cost(home.identity.drill));
        let keys = keys.keeping_tries(home.dir(), home.ops.clone());
        let source = Source::new(self.passphrase_stdin);
        let words = source.ask(&self.by)?;
        let opened = open_ring(&store.reader(), &keys, &self.by, &words)?;
        let desk = Opened {
            store: &store,
            keys: &keys,
            unlocked: &opened,
            suite: home.identity.suite(),
        };
        let path = self.dir.join(REQUEST_FILE);
        let mut request = read_request(&path)?;
        let (line, number, key) =
            match (&self.person, self.stand_in.as_ref().or(self.seat.as_ref())) {
                (Some(person), _) => {
                    let key = self.add(&desk, source, &mut request, person)?;
                    let line = format!("已为 {}({})建立密钥。", person.name, person.staff_number);
                    (line, &person.staff_number, key)
                }
                (None, Some(number)) if self.seat.is_some() => {
                    let key = self.reseat(&mut request, number)?;
                    (format!("已登记工号 {number} 的新职责。"), number, key)
                }
                (None, Some(number)) => {
                    let key = self.place(&mut request, number)?;
                    (format!("已为工号 {number} 登记 AB 岗。"), number, key)
                }
                (None, None) => {
                    self.renew_node(&mut home, &store, &mut request)?;
                    let key = self.renew(&desk, &words, &mut request)?;
                    if !self.role.is_empty() {
                        self.reseat(&mut request, &self.by)?;
                    }
                    (format!("已为工号 {} 更换密钥。", self.by), &self.by, key)
                }
            };
        write(&path, &request.to_text())?;
        let shown = path.display();
        let person = request.seats.iter().find(|seat| seat.key == key);
        Ok(Done {
            line: format!("{line}请把申请文件 {shown} 再交上级机关任命。"),
            data: json!({
                "staff_number": number, "request": shown.to_string(), "key": key,
                "person": person.map(|seat| seat.person.clone()),
            }),
        })
    }

    fn add(
        &self,
        desk: &Opened<'_>,
        source: Source,
        request: &mut Request,
        person: &Newcomer,
    ) -> Result<String, Refusal> {
        let number = &person.staff_number;
        let mut seats = request.seats.iter();
        if seats.any(|seat| seat.staff_number == *number) {
            return Err(Refusal::data(format!(
                "staff number {number} is enrolled already; `--again` gives a new key"
            )));
        }
        let words = source.ask_new(number)?;
        let key = self.key(desk.suite)?;
        desk.wrap(number, &words, &key)?;
        let seat = person.seat(&key);
        let digits = seat.key.clone();
        request.seats.push(seat);
        Ok(digits)
    }

    /// A new author of the same person: position and chain of the old one are never gone on with.
    fn renew(
        &self,
        desk: &Opened<'_>,
        words: &str,
        request: &mut Request,
    ) -> Result<String, Refusal> {
        let mut seats = request.seats.iter();
        if !seats.any(|seat| seat.staff_number == self.by) {
            return Err(Refusal::data(format!(
                "staff number {} is not in the request of this office",
                self.by
            )));
        }
        let key = self.key(desk.suite)?;
        let digits = hex(&key.public_key());
        if request.seats.iter().any(|seat| seat.key == digits) {
            return Err(Refusal::data(
                "a key never signs on in a new place: the UKey that is plugged in is the old one",
            ));
        }
        desk.wrap(&self.by, words, &key)?;
        let seats = request.seats.iter_mut();
        for seat in seats.filter(|seat| seat.staff_number == self.by) {
            seat.suite = key.suite();
            seat.key.clone_from(&digits);
        }
        Ok(digits)
    }

    /// New authors of the node where its own have signed more than the disk knows. A second place
    /// that is gone is begun anew, with every author of before barred from signing.
    fn renew_node(
        &self,
        home: &mut Home,
        store: &DiskStore,
        request: &mut Request,
    ) -> Result<(), Refusal> {
        let config = Config::load(&self.dir.join(CONFIG_FILE))
            .map_err(|error| Refusal::new(EXIT_CONFIG, error))?;
        let mut replica = home.replica(store)?;
        let (tip, doubted) = judge(home, &config.tip_path(), &mut replica);
        if tip.is_none() {
            let mut tip =
                Tip::create(&config.tip_path(), home.ops.clone()).map_err(HomeError::from)?;
            for author in &doubted {
                tip.record(author.0, u64::MAX).map_err(HomeError::from)?;
            }
        }
        if home
            .own_authors()
            .iter()
            .any(|author| doubted.contains(author))
        {
            home.renew_keys()?;
            request.seats.retain(|seat| !seat.staff_number.is_empty());
            let own = node_request(home).seats;
            request.seats.splice(0..0, own);
        }
        Ok(())
    }

    /// The person's own seat has other roles from now on.
    fn reseat(&self, request: &mut Request, number: &str) -> Result<String, Refusal> {
        let mut seats = request.seats.iter_mut();
        let seat = seats
            .find(|seat| seat.staff_number == number && seat.acting.is_none())
            .ok_or_else(|| Refusal::data(format!("staff number {number} is not enrolled here")))?;
        seat.roles.clone_from(&self.role);
        let key = seat.key.clone();
        request
            .check_roles(&RulePack::builtin())
            .map_err(Refusal::data)?;
        Ok(key)
    }

    fn place(&self, request: &mut Request, number: &str) -> Result<String, Refusal> {
        let of = |number: &str| {
            let mut seats = request.seats.iter();
            let found = seats.find(|seat| seat.staff_number == number && seat.acting.is_none());
            found
                .cloned()
                .ok_or_else(|| Refusal::data(format!("staff number {number} is not enrolled here")))
        };
        let whose = of(self.in_place_of.as_deref().unwrap_or_default())?;
        let seat = Seat {
            roles: self.role.clone(),
            acting: Some(ActingWords {
                person: whose.person,
                condition: self.condition.clone().unwrap_or_default(),
            }),
            ..of(number)?
        };
        let key = seat.key.clone();
        request.seats.push(seat);
        Request::parse(&request.to_text()).map_err(Refusal::data)?;
        request
            .check_roles(&RulePack::builtin())
            .map_err(Refusal::data)?;
        Ok(key)
    }

    /// A fresh key in the ring, or the one that the officer plugged in.
    fn key(&self, office: Suite) -> Result<OfficerKey, Refusal> {
        let Some(path) = &self.ukey else {
            return Ok(OfficerKey::generate(self.suite.unwrap_or(office)));
        };
        let path = std::path::absolute(path)
            .map_err(|error| Refusal::data(format!("{}: {error}", path.display())))?;
        let ukey = Ukey::find(&path).map_err(|error| refuse_key(&error))?;
        match self.suite {
            Some(suite) if suite.number() != ukey.suite() => Err(Refusal::data(format!(
                "the key that is plugged in is of suite {}, not {}",
                ukey.suite(),
                suite.number()
            ))),
            _ => Ok(OfficerKey::Ukey(ukey)),
        }
    }
}

/// Reads a request file.
pub(super) fn read_request(path: &std::path::Path) -> Result<Request, Refusal> {
    parse_request(&read_bounded(path, REQUEST_BYTES_MAX)?, path)
}

/// The request in a file's bytes.
pub(super) fn parse_request(bytes: &[u8], path: &std::path::Path) -> Result<Request, Refusal> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Refusal::data(format!("{}: a request must be UTF-8", path.display())))?;
    Request::parse(text).map_err(Refusal::data)
}
