//! The officer's desk: ask, take the answer, recall the old passphrase.

use super::super::secret::Source;
use super::super::{Done, EXIT_IO, EXIT_NO_PERMISSION, Refusal, cost, now_ms, read_bounded};
use crate::home::{Home, HomeError, settle};
use crate::key::{KeyRing, OpenKeyError, OpenedKey};
use crate::platform;
use crate::reenrol::{self, Drawn, REPLY_BYTES_MAX, Reply};
use crate::store::{CACHE_MIB_DEFAULT, DiskStore};
use clap::Args;
use jiaolian_sync::Write;
use serde_json::json;
use std::path::PathBuf;

/// `jiaolian reenrol ask`.
#[derive(Debug, Args)]
pub struct Ask {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// Staff number of the officer.
    #[arg(long)]
    staff: String,
    /// Where to write the request.
    #[arg(long)]
    out: PathBuf,
    /// Read the new passphrase from standard input.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(in super::super) json: bool,
}

impl Ask {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let (home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let mut replica = home.replica(&store)?;
        let keys = KeyRing::new(cost(home.identity.drill));
        let words = Source::new(self.passphrase_stdin).ask_new(&self.staff)?;
        let at = (home.identity.office_id(), now_ms());
        let suite = reenrol::suite_of(&replica, at, &self.staff);
        let drawn = keys.draw(suite, &self.staff, &words);
        let (key, ring) = drawn.map_err(Refusal::data)?;
        let begun = reenrol::begin(&mut replica, at, &self.staff, Drawn { suite, key, ring });
        let begun = begun.map_err(Refusal::data)?;
        settle(&mut replica, &store).map_err(HomeError::from)?;
        commit(&store, &begun.writes)?;
        platform::write_atomically(&self.out, begun.line.as_bytes())
            .map_err(|error| Refusal::new(EXIT_IO, format!("{}: {error}", self.out.display())))?;
        let (code, out) = (&begun.code, self.out.display().to_string());
        let line =
            format!("请打电话给县局，读出核对码 {code}；没有网络时把申请文件 {out} 也带去。");
        Ok(Done {
            line,
            data: json!({ "code": code, "request": out }),
        })
    }
}

/// `jiaolian reenrol take`.
#[derive(Debug, Args)]
pub struct Take {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// The answer.
    #[arg(long)]
    file: PathBuf,
    /// Answer in JSON.
    #[arg(long)]
    pub(in super::super) json: bool,
}

impl Take {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let reply = Reply::parse(&read_bounded(&self.file, REPLY_BYTES_MAX)?);
        let reply = reply.map_err(Refusal::data)?;
        let (home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let mut replica = home.replica(&store)?;
        let taken = reply.take(&mut replica, home.identity.office_id(), now_ms());
        let stored = taken.map_err(Refusal::data)?;
        settle(&mut replica, &store).map_err(HomeError::from)?;
        let writes = reenrol::adopt(&replica, now_ms());
        let writes = writes.map_err(|error| Refusal::new(EXIT_IO, error))?;
        commit(&store, &writes)?;
        let appointed = !writes.is_empty();
        let line = if appointed {
            "新密钥已获任命，请用新口令登录。"
        } else {
            "答复已收下，但其中没有对本机申请的任命。"
        };
        Ok(Done {
            line: line.to_owned(),
            data: json!({ "stored": stored, "appointed": appointed }),
        })
    }
}

/// `jiaolian reenrol recall`.
#[derive(Debug, Args)]
pub struct Recall {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// Staff number of the officer.
    #[arg(long)]
    staff: String,
    /// Read two passphrases from standard input, one a line: the new one, then the old one.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(in super::super) json: bool,
}

impl Recall {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let (home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let keys = KeyRing::new(cost(home.identity.drill));
        let source = Source::new(self.passphrase_stdin);
        let words = source.ask(&self.staff)?;
        let disk = store.reader();
        let new = opened(keys.open(&disk, &self.staff, &words, now_ms()))?;
        let old_words = source.ask(&format!("{}(原口令)", self.staff))?;
        let old = opened(keys.open_former(&disk, &self.staff, &old_words, now_ms()))?;
        let ring = keys
            .enrol(&self.staff, &words, &new.key, &old.case_secret)
            .map_err(Refusal::data)?;
        commit(&store, &[ring])?;
        Ok(Done {
            line: "新口令现在也能打开案件资料。".to_owned(),
            data: json!({ "staff_number": self.staff }),
        })
    }
}

fn opened(opened: Result<OpenedKey, OpenKeyError>) -> Result<OpenedKey, Refusal> {
    opened.map_err(|error| match error {
        OpenKeyError::Store(error) => Refusal::new(EXIT_IO, error),
        refused => Refusal::new(EXIT_NO_PERMISSION, refused),
    })
}

fn commit(store: &DiskStore, writes: &[Write]) -> Result<(), Refusal> {
    let committed = store.commit(writes);
    committed.map_err(|error| Refusal::new(EXIT_IO, error))
}
