//! The two small files of the root, both readable: a root key under its passphrase, and a statement
//! with the signatures that were gathered so far. They travel by hand between people who meet seldom.

use super::super::secret::Source;
use super::super::{EXIT_CANNOT_CREATE, EXIT_IO, EXIT_NO_PERMISSION, Refusal, read_bounded};
use crate::key::{Cost, KeyRing, OfficerKey};
use crate::platform;
use crate::seal::CaseSecret;
use jiaolian_schema::act::{
    At, FormerKeeper, PublicKey, Root, RootSignature, RootStatement, Stays,
};
use jiaolian_schema::id::{EnvelopeId, OfficeId, hex, unhex};
use jiaolian_schema::suite::{ED25519, Sign as _, StrictVerifier, Suite};
use jiaolian_sync::{MemoryStore, Table, Write};
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::Path;

/// Largest file of the root, bytes: 16 keys, 64 former keepers, 32 signatures in digits.
pub(super) const ROOT_FILE_BYTES_MAX: usize = 64 * 1024;
const KEY_FORM: &str = "jiaolian-root-key/1";
const STATEMENT_FORM: &str = "jiaolian-root/1";
/// The name under which a root key's ring is sealed.
const RING: &str = "root";

/// A root key at rest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    form: String,
    suite: u8,
    key: String,
    ring: String,
}

/// Makes a root key under a new passphrase; its public half.
pub(super) fn create_key(path: &Path, suite: Suite, source: Source) -> Result<PublicKey, Refusal> {
    let words = source.ask_new("根密钥")?;
    let secret = OfficerKey::generate(suite);
    let sealed = KeyRing::new(Cost::DESK).enrol(RING, &words, &secret, &CaseSecret::generate());
    let ring = sealed.map_err(Refusal::data)?.value.unwrap_or_default();
    let key = PublicKey {
        suite: secret.suite(),
        key: secret.public_key(),
    };
    let file = KeyFile {
        form: KEY_FORM.to_owned(),
        suite: key.suite,
        key: hex(&key.key),
        ring: hex(&ring),
    };
    let text = serde_json::to_string_pretty(&file).expect("a key file has only texts");
    let failed = |error: std::io::Error| {
        Refusal::new(EXIT_CANNOT_CREATE, format!("{}: {error}", path.display()))
    };
    let mut made = platform::create_private(path).map_err(failed)?;
    made.write_all(text.as_bytes())
        .and_then(|()| made.sync_all())
        .map_err(failed)?;
    Ok(key)
}

/// Opens a root key with its passphrase.
pub(super) fn open_key(path: &Path, source: Source) -> Result<OfficerKey, Refusal> {
    let file = read_key(path)?;
    let words = source.ask("根密钥")?;
    let mut store = MemoryStore::default();
    store.commit(&[Write {
        table: Table::KeyRing,
        key: RING.as_bytes().to_vec(),
        value: unhex(&file.ring),
    }]);
    let opened = KeyRing::new(Cost::DESK).open(&store, RING, &words, super::super::now_ms());
    let opened = opened.map_err(|error| Refusal::new(EXIT_NO_PERMISSION, error))?;
    Ok(opened.key)
}

/// The public half of a key file, or a key in digits.
pub(super) fn public_key(text: &str) -> Result<PublicKey, String> {
    if let Some(key) = unhex(text).filter(|bytes| Suite::Ed25519.is_public_key(bytes)) {
        let suite = ED25519;
        return Ok(PublicKey { suite, key });
    }
    let file = read_key(Path::new(text)).map_err(|error| error.reason)?;
    key_of(file.suite, &file.key)
}

fn read_key(path: &Path) -> Result<KeyFile, Refusal> {
    let file: KeyFile = read(path, "a root key")?;
    if file.form != KEY_FORM || Suite::numbered(file.suite).is_none() {
        return Err(Refusal::data(format!(
            "{}: a root key has the form {KEY_FORM} and a suite known here, not {} and {}",
            path.display(),
            file.form,
            file.suite
        )));
    }
    Ok(file)
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path, what: &str) -> Result<T, Refusal> {
    parse(&read_bounded(path, ROOT_FILE_BYTES_MAX)?, path, what)
}

fn parse<T: for<'a> Deserialize<'a>>(bytes: &[u8], path: &Path, what: &str) -> Result<T, Refusal> {
    serde_json::from_slice(bytes)
        .map_err(|error| Refusal::data(format!("{} is not {what}: {error}", path.display())))
}

/// A statement and its signatures in digits.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RootFile {
    form: String,
    version: u32,
    office: String,
    threshold: u8,
    keys: Vec<KeyWords>,
    keeper: KeyWords,
    former: Vec<FormerWords>,
    signatures: Vec<SignatureWords>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyWords {
    suite: u8,
    key: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FormerWords {
    suite: u8,
    key: String,
    /// `all`, `nothing` or `position:id`.
    stays: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureWords {
    suite: u8,
    key: String,
    signature: String,
}

/// Reads a statement with its signatures, each of which must verify.
pub(super) fn read_root(path: &Path) -> Result<Root, Refusal> {
    parse_root(&read_bounded(path, ROOT_FILE_BYTES_MAX)?, path)
}

/// The same of a file's bytes.
pub(super) fn parse_root(bytes: &[u8], path: &Path) -> Result<Root, Refusal> {
    let file: RootFile = parse(bytes, path, "a root statement")?;
    let root = file.root().map_err(|reason| {
        Refusal::data(format!("{} is no root statement: {reason}", path.display()))
    })?;
    root.check(&StrictVerifier).map_err(Refusal::data)?;
    Ok(root)
}

/// Writes a statement with its signatures whole or not at all.
pub(super) fn write_root(path: &Path, root: &Root) -> Result<(), Refusal> {
    let text = serde_json::to_string_pretty(&RootFile::of(root)).expect("a root has only texts");
    platform::write_atomically(path, text.as_bytes())
        .map_err(|error| Refusal::new(EXIT_IO, format!("{}: {error}", path.display())))
}

/// `all`, `nothing` or `position:id`.
pub(super) fn stays(text: &str) -> Result<Stays, String> {
    let odd =
        || format!("of a former keeper stays `all`, `nothing` or `position:id`, not {text:?}");
    match text {
        "all" => Ok(Stays::All),
        "nothing" => Ok(Stays::Nothing),
        _ => {
            let (n, id) = text.split_once(':').ok_or_else(odd)?;
            let id = EnvelopeId::from_hex(id).ok_or_else(odd)?;
            Ok(Stays::UpTo(At {
                n: n.parse().map_err(|_| odd())?,
                id,
            }))
        }
    }
}

fn stays_words(stays: Stays) -> String {
    match stays {
        Stays::All => "all".to_owned(),
        Stays::Nothing => "nothing".to_owned(),
        Stays::UpTo(at) => format!("{}:{}", at.n, at.id),
    }
}

fn key_of(suite: u8, key: &str) -> Result<PublicKey, String> {
    let key = unhex(key).ok_or_else(|| format!("a key has hexadecimal digits, not {key:?}"))?;
    Ok(PublicKey { suite, key })
}

impl RootFile {
    fn of(root: &Root) -> Self {
        let words = |key: &PublicKey| KeyWords {
            suite: key.suite,
            key: hex(&key.key),
        };
        let statement = &root.statement;
        let former = statement.former.iter().map(|former| FormerWords {
            suite: former.key.suite,
            key: hex(&former.key.key),
            stays: stays_words(former.stays),
        });
        let signatures = root.signatures.iter().map(|one| SignatureWords {
            suite: one.key.suite,
            key: hex(&one.key.key),
            signature: hex(&one.signature),
        });
        Self {
            form: STATEMENT_FORM.to_owned(),
            version: statement.version,
            office: statement.office.to_hex(),
            threshold: statement.threshold,
            keys: statement.keys.iter().map(words).collect(),
            keeper: words(&statement.keeper),
            former: former.collect(),
            signatures: signatures.collect(),
        }
    }

    fn root(&self) -> Result<Root, String> {
        if self.form != STATEMENT_FORM {
            return Err(format!("its form is {:?}", self.form));
        }
        let office = OfficeId::from_hex(&self.office)
            .ok_or_else(|| format!("an office id has 32 digits, not {:?}", self.office))?;
        let keys = self.keys.iter().map(|key| key_of(key.suite, &key.key));
        let former = self.former.iter().map(|former| {
            Ok::<_, String>(FormerKeeper {
                key: key_of(former.suite, &former.key)?,
                stays: stays(&former.stays)?,
            })
        });
        let signatures = self.signatures.iter().map(|one| {
            let bytes = unhex(&one.signature).and_then(|bytes| bytes.try_into().ok());
            Ok::<_, String>(RootSignature {
                key: key_of(one.suite, &one.key)?,
                signature: bytes.ok_or("a signature has 128 hexadecimal digits")?,
            })
        });
        Ok(Root {
            statement: RootStatement {
                version: self.version,
                office,
                threshold: self.threshold,
                keys: keys.collect::<Result<_, _>>()?,
                keeper: key_of(self.keeper.suite, &self.keeper.key)?,
                former: former.collect::<Result<_, _>>()?,
            },
            signatures: signatures.collect::<Result<_, _>>()?,
        })
    }
}
