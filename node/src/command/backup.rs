//! `jiaolian backup`: an office's store and keys in one file, sealed to the county's recovery key or to a
//! passphrase. No key that signs goes with it.

use super::secret::{Source, open_ring};
use super::{Done, EXIT_CANNOT_CREATE, EXIT_DATA, EXIT_IO, Refusal, cost, now_ms};
use crate::backup::{BackupError, Item, SealedTo, Writer, seal_to_recovery};
use crate::config::Config;
use crate::home::{CONFIG_FILE, Home, OPS_FILE};
use crate::identity::{IDENTITY_FILE, Identity};
use crate::key::{BackupKey, KeyRing, Seed, check_passphrase, is_kept_in_backup};
use crate::platform;
use crate::store::{CACHE_MIB_DEFAULT, CopyError, KEYS_FILE, StoreReader};
use clap::Args;
use jiaolian_schema::id::hex;
use jiaolian_sync::Table;
use serde_json::json;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// `jiaolian backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The office's data directory; its node must not be running.
    #[arg(long)]
    dir: PathBuf,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
    /// Staff number of a person who is enrolled here: the backup is sealed to a passphrase. Without one
    /// it is sealed to the county's recovery key.
    #[arg(long = "as")]
    by: Option<String>,
    /// Read two passphrases from standard input, one a line: the person's, then the backup's.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Backup {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let (home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let reader = store.reader();
        let key = self.key(&home, &reader)?;
        let sealed_to = key.1;
        let unfinished = self.out.with_extension("unfinished");
        let failed = |error: &dyn std::fmt::Display| {
            Refusal::new(
                EXIT_CANNOT_CREATE,
                format!("{}: {error}", self.out.display()),
            )
        };
        let file = platform::replace_private(&unfinished).map_err(|error| failed(&error))?;
        let writer = Writer::begin(BufWriter::new(file), &home.identity, now_ms(), key);
        let written = writer.and_then(|writer| write(writer, &self.dir, &home.identity, &reader));
        let finished = written.and_then(|(rows, out)| {
            let file = out
                .into_inner()
                .map_err(std::io::IntoInnerError::into_error)?;
            file.sync_all()?;
            fs::rename(&unfinished, &self.out)?;
            Ok(rows)
        });
        let rows = finished.map_err(|error| failed(&error))?;
        let to = match sealed_to {
            SealedTo::Recovery => "县级恢复密钥(两人)",
            SealedTo::Passphrase => "备份口令",
        };
        let out = self.out.display().to_string();
        Ok(Done {
            line: format!(
                "{} 的备份已写入 {out}，{rows} 行，只能用{to}打开。",
                home.identity.name
            ),
            data: json!({ "backup": out, "rows": rows, "sealed_to": sealed_to }),
        })
    }

    fn key(&self, home: &Home, reader: &StoreReader) -> Result<(Seed, SealedTo, String), Refusal> {
        let Some(by) = &self.by else {
            let recovery = KeyRing::recovery_key(reader);
            let recovery = recovery.map_err(|error| Refusal::new(EXIT_IO, error))?;
            let recovery = recovery.ok_or_else(|| {
                Refusal::new(
                    EXIT_DATA,
                    "this node knows no recovery key; with --as the backup is sealed to a passphrase",
                )
            })?;
            return Ok(seal_to_recovery(recovery));
        };
        let source = Source::new(self.passphrase_stdin);
        let keys = KeyRing::new(cost(home.identity.drill));
        let words = source.ask(by)?;
        let opened = open_ring(reader, &keys, by, &words)?;
        let words = source.ask_new("备份")?;
        check_passphrase(&words).map_err(Refusal::data)?;
        let (key, sealed) = BackupKey::make(cost(home.identity.drill), &words, &opened.case_secret);
        Ok((key, SealedTo::Passphrase, hex(&sealed)))
    }
}

/// Everything that goes into a backup; how many rows.
fn write<W: Write>(
    mut writer: Writer<W>,
    dir: &Path,
    identity: &Identity,
    reader: &StoreReader,
) -> Result<(usize, W), BackupError> {
    let mut file = |name: &str, bytes: Vec<u8>| {
        writer.add(Item::File {
            name: name.to_owned(),
            bytes,
        })
    };
    let office = serde_json::to_vec(identity).map_err(std::io::Error::other)?;
    file(IDENTITY_FILE, office)?;
    file(OPS_FILE, reader.ops().to_bytes().to_vec())?;
    file(CONFIG_FILE, fs::read(dir.join(CONFIG_FILE))?)?;
    let mut rows = 0;
    let copied = reader.each_sealed(|(table, key, sealed)| {
        if table == Table::KeyRing && !is_kept_in_backup(&key) {
            return Ok(());
        }
        rows += 1;
        writer.add(Item::Row {
            table: table as u8,
            key,
            sealed,
        })
    });
    copied.map_err(|error| match error {
        CopyError::Store(error) => BackupError::File(std::io::Error::other(error)),
        CopyError::Taker(error) => error,
    })?;
    writer.add(Item::File {
        name: KEYS_FILE.to_owned(),
        bytes: reader.keys_file()?,
    })?;
    Ok((rows, writer.finish()?))
}

/// A configuration that can be read, for a directory that is restored.
pub(super) fn check_config(text: &str) -> Result<(), Refusal> {
    Config::parse(CONFIG_FILE, text)
        .map(|_| ())
        .map_err(Refusal::data)
}
