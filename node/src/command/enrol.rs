//! `jiaolian enrol`: one more person at a node that has people, opened by one of them.

use super::init::{suite, write};
use super::person::Newcomer;
use super::secret::{Source, open_ring, refuse_key};
use super::{Done, EXIT_IO, Refusal, cost, read_bounded};
use crate::home::{Home, REQUEST_FILE};
use crate::key::{KeyRing, OfficerKey, Ukey};
use crate::request::{REQUEST_BYTES_MAX, Request};
use crate::seal::entropy;
use crate::store::CACHE_MIB_DEFAULT;
use clap::Args;
use jiaolian_schema::id::PersonId;
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
    /// The person to enrol, `number,name,keeper|staff,ROLE+ROLE`.
    #[arg(long, value_parser = Newcomer::parse)]
    person: Newcomer,
    /// The suite of the new key; where it is not said, the office's.
    #[arg(long, value_parser = suite)]
    suite: Option<Suite>,
    /// The person signs with a UKey: where the file of its agent appears while it is plugged in.
    #[arg(long)]
    ukey: Option<PathBuf>,
    /// Read two passphrases from standard input, one a line: whose key opens, then the new one.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Enrol {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let (home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let fits = self.person.check(&RulePack::builtin(), home.identity.tier);
        fits.map_err(Refusal::data)?;
        let keys = KeyRing::new(cost(home.identity.drill));
        let source = Source::new(self.passphrase_stdin);
        let opened = open_ring(&store.reader(), &keys, &self.by, source)?;
        let path = self.dir.join(REQUEST_FILE);
        let mut request = read_request(&path)?;
        let number = &self.person.staff_number;
        if request
            .seats
            .iter()
            .any(|seat| seat.staff_number == *number)
        {
            return Err(Refusal::data(format!(
                "staff number {number} is enrolled already"
            )));
        }
        let words = source.ask_new(number)?;
        let key = self.key(home.identity.suite())?;
        let ring = keys
            .enrol(number, &words, &key, &opened.case_secret)
            .map_err(Refusal::data)?;
        store
            .commit(&[ring])
            .map_err(|error| Refusal::new(EXIT_IO, error))?;
        request
            .seats
            .push(self.person.seat(&key, PersonId(entropy())));
        write(&path, &request.to_text())?;
        let line = format!(
            "已为 {}({number})建立密钥。请把申请文件 {} 再交上级机关任命。",
            self.person.name,
            path.display()
        );
        Ok(Done {
            line,
            data: json!({ "staff_number": number, "request": path.display().to_string() }),
        })
    }
}

impl Enrol {
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
    let bytes = read_bounded(path, REQUEST_BYTES_MAX)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Refusal::data(format!("{}: a request must be UTF-8", path.display())))?;
    Request::parse(text).map_err(Refusal::data)
}
