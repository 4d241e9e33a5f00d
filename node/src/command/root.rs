//! `jiaolian root`: root keys that lie off-line, and the statement by which k of n of them say who
//! keeps the root office. `key`, `sign`, `combine` and `show` need no node; `new` looks at one or at the
//! statement before; `install` makes a node trust a newer version.

mod file;
mod install;
mod node;

use super::init::suite;
use super::secret::{Source, refuse_key};
use super::work::{Work, carry_out, carry_out_with_key};
use super::{Done, Refusal};
use clap::{Args, Subcommand};
use file::{create_key, open_key, public_key, read_root, stays as read_stays, write_root};
use jiaolian_schema::act::{
    FormerKeeper, PublicKey, Root as RootAct, RootSignature, RootStatement, Stays,
};
use jiaolian_schema::canon;
use jiaolian_schema::id::{hex, sha256};
use jiaolian_schema::suite::{Sign, Suite};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) use node::{before, own_key};

/// Nothing of a chain is asked for, since its keeper stays.
const NOBODY: &str = "nothing";

/// `jiaolian root`.
#[derive(Debug, Args)]
pub struct Root {
    #[command(subcommand)]
    step: Step,
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Make a root key under a passphrase of its own.
    Key(MakeKey),
    /// Draft the next version of the root statement.
    New(New),
    /// Add one root key's signature to a draft.
    Sign(AddSignature),
    /// Put the signatures of several copies of one draft together.
    Combine(Combine),
    /// Show a statement, and how far its signatures reach.
    Show(Show),
    /// Make a node trust a newer version from now on.
    Install(install::Install),
}

#[derive(Debug, Args)]
struct MakeKey {
    /// The file to make; it stays with one person.
    #[arg(long)]
    out: PathBuf,
    /// Its suite: 1 (Ed25519) or 2 (SM2, SM3, SM4).
    #[arg(long, value_parser = suite, default_value = "1")]
    suite: Suite,
    /// Read the passphrase from standard input.
    #[arg(long)]
    passphrase_stdin: bool,
}

#[derive(Debug, Args)]
struct New {
    /// A node whose statement in force comes before.
    #[arg(long, conflicts_with = "before", required_unless_present = "before")]
    dir: Option<PathBuf>,
    /// The file of the statement before.
    #[arg(long)]
    before: Option<PathBuf>,
    /// A root key of the new version, 64 hexadecimal digits or its file; comes once or more.
    #[arg(long = "key", required = true, value_parser = public_key)]
    keys: Vec<PublicKey>,
    /// How many of them must sign.
    #[arg(long)]
    threshold: u8,
    /// Key of the root office's keeper from now on; without it the keeper stays.
    #[arg(long, value_parser = public_key)]
    keeper: Option<PublicKey>,
    /// What of the former keeper's chain stays: `all`, `nothing`, `position:id`; at a node also a
    /// position alone, or `here` for all that the node knows.
    #[arg(long, default_value = "here")]
    stays: String,
    /// The draft to write.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct AddSignature {
    /// The draft; the signature is added to it.
    #[arg(long)]
    file: PathBuf,
    /// The root key's file.
    #[arg(long, conflicts_with = "dir", required_unless_present = "dir")]
    key: Option<PathBuf>,
    /// The node where the root's keeper, who was the one root key, is enrolled.
    #[arg(long, requires = "number")]
    dir: Option<PathBuf>,
    /// The keeper's staff number.
    #[arg(long = "as")]
    number: Option<String>,
    /// Read the passphrase from standard input.
    #[arg(long)]
    passphrase_stdin: bool,
}

#[derive(Debug, Args)]
struct Combine {
    /// A signed copy of the draft; comes twice or more.
    #[arg(long = "file", required = true)]
    files: Vec<PathBuf>,
    /// Where to write them together.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct Show {
    /// The statement's file.
    #[arg(long)]
    file: PathBuf,
    /// The file of the statement before.
    #[arg(long)]
    before: Option<PathBuf>,
}

impl Root {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        match &self.step {
            Step::Key(step) => step.run(),
            Step::New(step) => step.run(),
            Step::Sign(step) => step.run(),
            Step::Combine(step) => step.run(),
            Step::Show(step) => step.run(),
            Step::Install(step) => carry_out(step),
        }
    }

    /// The step as a node's work, where it is one.
    pub(super) fn work(self) -> Option<Arc<dyn Work>> {
        match self.step {
            Step::Install(step) => Some(Arc::new(step)),
            _ => None,
        }
    }
}

impl MakeKey {
    fn run(&self) -> Result<Done, Refusal> {
        let key = create_key(&self.out, self.suite, Source::new(self.passphrase_stdin))?;
        let digits = hex(&key.key);
        Ok(Done {
            line: format!("根密钥已存于 {}, 公钥 {digits}", self.out.display()),
            data: json!({ "key": digits, "suite": key.suite }),
        })
    }
}

impl New {
    fn run(&self) -> Result<Done, Refusal> {
        let (before, stays) = self.statement_before()?;
        let mut keys = self.keys.clone();
        keys.sort();
        keys.dedup();
        let keeper = self.keeper.clone().unwrap_or_else(|| before.keeper.clone());
        let mut former = before.former.clone();
        former.retain(|one| one.key != keeper);
        if keeper != before.keeper {
            former.push(FormerKeeper {
                key: before.keeper.clone(),
                stays: stays.map_or_else(|| read_stays(&self.stays).map_err(Refusal::data), Ok)?,
            });
        }
        former.sort_by(|a, b| a.key.cmp(&b.key));
        let version = before.version.checked_add(1);
        let statement = RootStatement {
            version: version
                .ok_or_else(|| Refusal::data("a root has no version after this one"))?,
            office: before.office,
            threshold: self.threshold,
            keys,
            keeper,
            former,
        };
        statement.check().map_err(Refusal::data)?;
        let root = RootAct {
            statement,
            signatures: Vec::new(),
        };
        write_root(&self.out, &root)?;
        Ok(shown(&root, Some(&before)))
    }

    /// The statement before, and what stays where a node says so.
    fn statement_before(&self) -> Result<(RootStatement, Option<Stays>), Refusal> {
        match (&self.dir, &self.before) {
            (_, Some(path)) => Ok((read_root(path)?.statement, None)),
            (Some(dir), None) => {
                let is_new = self.keeper.is_some();
                let stays = if is_new { &self.stays } else { NOBODY };
                node::statement_before(dir, stays)
            }
            (None, None) => Err(Refusal::data("name a node or the statement before")),
        }
    }
}

impl AddSignature {
    fn run(&self) -> Result<Done, Refusal> {
        let mut root = read_root(&self.file)?;
        let source = Source::new(self.passphrase_stdin);
        let bytes = root.statement.signed_bytes();
        let signature = match (&self.key, &self.dir, &self.number) {
            (Some(path), ..) => signature(&open_key(path, source)?, &bytes)?,
            (None, Some(dir), Some(number)) => {
                let own = node::OwnKey::new(dir, number, self.passphrase_stdin);
                let (_, key) = carry_out_with_key(&own)?;
                let key = key.ok_or_else(|| Refusal::data("the keeper's key is needed"))?;
                signature(&key, &bytes)?
            }
            _ => {
                return Err(Refusal::data(
                    "name the root key's file or the keeper's node",
                ));
            }
        };
        add(&mut root, signature);
        write_root(&self.file, &root)?;
        Ok(shown(&root, None))
    }
}

/// One key's signature.
fn signature(signer: &dyn Sign, bytes: &[u8]) -> Result<RootSignature, Refusal> {
    Ok(RootSignature {
        key: PublicKey {
            suite: signer.suite(),
            key: signer.public_key(),
        },
        signature: signer.sign(bytes).map_err(|error| refuse_key(&error))?,
    })
}

fn add(root: &mut RootAct, signature: RootSignature) {
    root.signatures.retain(|one| one.key != signature.key);
    root.signatures.push(signature);
    root.signatures.sort_by(|a, b| a.key.cmp(&b.key));
}

impl Combine {
    fn run(&self) -> Result<Done, Refusal> {
        let mut whole: Option<RootAct> = None;
        for path in &self.files {
            let one = read_root(path)?;
            match &mut whole {
                None => whole = Some(one),
                Some(root) if root.statement == one.statement => {
                    for signature in one.signatures {
                        add(root, signature);
                    }
                }
                Some(_) => {
                    return Err(Refusal::data(format!(
                        "signatures are put together over one statement; {} is another",
                        path.display()
                    )));
                }
            }
        }
        let root = whole.ok_or_else(|| Refusal::data("name the files to put together"))?;
        write_root(&self.out, &root)?;
        Ok(shown(&root, None))
    }
}

impl Show {
    fn run(&self) -> Result<Done, Refusal> {
        let root = read_root(&self.file)?;
        let before = self.before.as_ref().map(|path| read_root(path));
        let before = before.transpose()?.map(|root| root.statement);
        Ok(shown(&root, before.as_ref()))
    }
}

fn shown(root: &RootAct, before: Option<&RootStatement>) -> Done {
    let statement = &root.statement;
    let id = hex(&sha256(&[&canon::encode(statement)]));
    let own = root.signers_among(statement);
    let keys: Vec<Json> = statement
        .keys
        .iter()
        .map(|key| json!(hex(&key.key)))
        .collect();
    let mut data = json!({
        "version": statement.version, "office": statement.office.to_hex(), "id": id,
        "threshold": statement.threshold, "keys": keys, "keeper": hex(&statement.keeper.key),
        "signatures": own,
    });
    let mut line = format!(
        "根声明第 {} 版, 编号 {}: {} 把根密钥中须有 {} 把签名, 已有 {own} 把。",
        statement.version,
        &id[..16],
        statement.keys.len(),
        statement.threshold
    );
    if let Some(before) = before {
        let of_before = root.signers_among(before);
        data["signatures_before"] = json!(of_before);
        data["follows"] = json!(root.follows(before));
        let _ = write!(
            line,
            "上一版须有 {} 把签名, 已有 {of_before} 把。",
            before.threshold
        );
    }
    Done { line, data }
}
