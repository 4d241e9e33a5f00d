//! `jiaolian restore`: a data directory of a backup. What was signed stays, and so do case files; but
//! others may have seen more of the old keys' chains than the backup knows, so nobody signs with them
//! again: the node and its officers get new keys, and ask to be appointed.

use super::init::{node_request, write};
use super::person::Newcomer;
use super::recover::join_halves;
use super::secret::Source;
use super::{Done, EXIT_IO, EXIT_NO_INPUT, EXIT_NO_PERMISSION, Refusal, cost};
use crate::backup::{BackupError, Item, Reader, SealedTo};
use crate::home::{CONFIG_FILE, Home, OPS_FILE, REQUEST_FILE};
use crate::identity::{IDENTITY_FILE, Identity};
use crate::key::{KeyRing, OfficerKey, Seed};
use crate::seal::{CaseSecret, OpsKey};
use crate::store::{KEYS_FILE, SealedRow, table_of};
use clap::Args;
use jiaolian_schema::rule::RulePack;
use jiaolian_sync::Table;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// `jiaolian restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    #[arg(long)]
    file: PathBuf,
    /// The data directory to make.
    #[arg(long)]
    dir: PathBuf,
    /// The files of both halves of the county's recovery key, where the backup is sealed to that.
    #[arg(long = "half", num_args = 2)]
    halves: Vec<PathBuf>,
    /// A person to enrol, `number,name,keeper|staff,ROLE+ROLE`; comes once or more.
    #[arg(long = "person", required = true, value_parser = Newcomer::parse)]
    people: Vec<Newcomer>,
    /// Read passphrases from standard input, one a line: the backup's or those of the two halves, then
    /// of the people.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// What was in the backup.
#[derive(Default)]
struct Found {
    files: BTreeMap<String, Vec<u8>>,
    rows: Vec<SealedRow>,
}

impl Restore {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let file = File::open(&self.file).map_err(|error| {
            Refusal::new(EXIT_NO_INPUT, format!("{}: {error}", self.file.display()))
        })?;
        let mut reader = Reader::begin(BufReader::new(file)).map_err(refuse)?;
        let source = Source::new(self.passphrase_stdin);
        let (key, case, recovery) = match reader.front.sealed_to {
            SealedTo::Passphrase => {
                let words = source.ask("备份")?;
                let (key, case) = reader.key_of_words(&words).map_err(refuse)?;
                (key, Some(case), None)
            }
            SealedTo::Recovery => {
                let recovery = join_halves(&self.halves, source)?;
                (
                    reader.key_of_recovery(&recovery).map_err(refuse)?,
                    None,
                    Some(recovery),
                )
            }
        };
        let found = read(&mut reader, &key)?;
        let words: Vec<_> = self
            .people
            .iter()
            .map(|person| source.ask_new(&person.staff_number))
            .collect::<Result<_, _>>()?;
        let identity: Identity = serde_json::from_slice(found.file(IDENTITY_FILE)?)
            .map_err(|error| Refusal::data(format!("the backup names no office: {error}")))?;
        let config = String::from_utf8_lossy(found.file(CONFIG_FILE)?).into_owned();
        super::backup::check_config(&config)?;
        let rules = RulePack::builtin();
        for person in &self.people {
            person.check(&rules, identity.tier).map_err(Refusal::data)?;
        }
        let ops = found.file(OPS_FILE)?.try_into().map(Zeroizing::new);
        let ops = ops.map_err(|_| Refusal::data("the backup's key is not 32 bytes"))?;
        let ops = OpsKey::new(identity.suite(), ops);
        let case = match (case, recovery) {
            (Some(case), _) => case,
            (None, Some(recovery)) => found.case_by(&ops, &recovery)?,
            (None, None) => return Err(Refusal::data("the backup opens by nothing")),
        };
        self.lay_down(&found, (identity, ops), &case, &words, &config)
    }

    fn lay_down(
        &self,
        found: &Found,
        (identity, ops): (Identity, OpsKey),
        case: &CaseSecret,
        words: &[Zeroizing<String>],
        config: &str,
    ) -> Result<Done, Refusal> {
        let drill = identity.drill;
        let rows = (found.file(KEYS_FILE)?, found.rows.as_slice());
        let made = Home::restore(&self.dir, identity, ops, case.public(), rows);
        let (home, store) = made?;
        let opened = store.unlock(case.clone());
        opened.map_err(|error| Refusal::data(format!("the backup is not whole: {error}")))?;
        let keys = KeyRing::new(cost(drill));
        let mut request = node_request(&home);
        let mut rings = Vec::new();
        for (person, words) in self.people.iter().zip(words) {
            let key = OfficerKey::generate(home.identity.suite());
            let ring = keys.enrol(&person.staff_number, words, &key, case);
            rings.push(ring.map_err(Refusal::data)?);
            request.seats.push(person.seat(&key));
        }
        store
            .commit(&rings)
            .map_err(|error| Refusal::new(EXIT_IO, error))?;
        write(&self.dir.join(CONFIG_FILE), config)?;
        let path = self.dir.join(REQUEST_FILE);
        write(&path, &request.to_text())?;
        let (rows, request) = (found.rows.len(), path.display().to_string());
        Ok(Done {
            line: format!(
                "{} 已从备份恢复，{rows} 行。旧密钥不再签名；\
                 请把申请文件 {request} 交上级机关重新任命。",
                home.identity.name
            ),
            data: json!({ "office": home.identity.office, "rows": rows, "request": request }),
        })
    }
}

impl Found {
    fn file(&self, name: &str) -> Result<&[u8], Refusal> {
        let found = self.files.get(name).map(Vec::as_slice);
        found.ok_or_else(|| Refusal::data(format!("the backup lacks {name}")))
    }

    /// The CASE secret from the copy that the node left for the county.
    fn case_by(&self, ops: &OpsKey, recovery: &CaseSecret) -> Result<CaseSecret, Refusal> {
        let rows = self
            .rows
            .iter()
            .filter(|(table, ..)| *table == Table::KeyRing);
        let copy =
            rows.filter_map(|(_, key, sealed)| KeyRing::recover_sealed(ops, key, sealed, recovery));
        let mut copy = copy;
        copy.next().ok_or_else(|| {
            Refusal::new(
                EXIT_NO_PERMISSION,
                "the backup holds no copy for this recovery key",
            )
        })
    }
}

fn read(reader: &mut Reader<BufReader<File>>, key: &Seed) -> Result<Found, Refusal> {
    let mut found = Found::default();
    while let Some(items) = reader.next_part(key).map_err(refuse)? {
        for item in items {
            match item {
                Item::File { name, bytes } => {
                    found.files.insert(name, bytes);
                }
                Item::Row { table, key, sealed } => {
                    let known = table_of(table).ok_or_else(|| {
                        Refusal::data(format!("the backup is of a later program: table {table}"))
                    })?;
                    found.rows.push((known, key, sealed));
                }
            }
        }
    }
    Ok(found)
}

#[allow(clippy::needless_pass_by_value)]
fn refuse(error: BackupError) -> Refusal {
    match error {
        BackupError::Refused(_) => Refusal::new(EXIT_NO_PERMISSION, error),
        BackupError::File(_) => Refusal::new(EXIT_IO, error),
        _ => Refusal::data(error),
    }
}
