//! Which office a data directory belongs to: what is public about it, kept beside the store in one
//! readable file.

use crate::platform;
use jiaolian_schema::act::{PublicKey, RootStatement};
use jiaolian_schema::canon;
use jiaolian_schema::id::{OfficeId, PersonId, hex, unhex};
use jiaolian_schema::suite::{ED25519, Suite};
use serde::{Deserialize, Serialize};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use thiserror::Error;

/// The file's name in the data directory.
pub const IDENTITY_FILE: &str = "office.json";
const FORM: &str = "jiaolian-office/1";

/// Why an office file can't be read or written.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum IdentityError {
    #[error("this directory is no office yet: {0} is missing; run `jiaolian init` first")]
    Missing(String),
    #[error("the office file {0} can't be read: {1}")]
    Unreadable(String, String),
    #[error("the office file says `{field}` = {value}, which is not {wanted}")]
    Field {
        field: &'static str,
        value: String,
        wanted: &'static str,
    },
    #[error("this directory is an office already: {0} exists")]
    Exists(String),
}

/// What is public about an office's node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    form: String,
    /// Office id, hexadecimal. Up to the first answer it is the number that `init` minted, of which
    /// the id is made under the office that founds it.
    pub office: String,
    /// Name shown to people.
    pub name: String,
    /// GB/T 2260 code and suffix.
    pub code: String,
    /// 1 township … 5 ministry.
    pub tier: u8,
    /// 演练: a drill can't be joined to a live roster, nor a live office to a drill's.
    pub drill: bool,
    /// The node as a person of its own, hexadecimal.
    pub node_person: String,
    /// In which suite the node signs and seals; where it is not written, 1.
    #[serde(default = "first_suite", skip_serializing_if = "is_first_suite")]
    suite: u8,
    /// The root that this office trusts, known since it joined.
    pub root: Option<RootPin>,
    /// The node of the office above, which this one dials; none at the root.
    #[serde(default)]
    pub superior: Option<Superior>,
}

/// The node of the office above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Superior {
    /// Its transport key, hexadecimal.
    pub endpoint: String,
    /// Where it listens, `ip:port`.
    pub addrs: Vec<SocketAddr>,
}

/// The root statement that this office trusts by configuration. Without `statement` it is the
/// keeper's key alone, root and keeper in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootPin {
    /// Office id of the root, hexadecimal.
    pub office: String,
    /// Suite of its keeper's key.
    pub suite: u8,
    /// Public key of its keeper, hexadecimal.
    pub key: String,
    /// The whole statement in its CBOR form, hexadecimal, where it is k of n.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
}

impl Identity {
    /// A new office that has not joined yet.
    pub fn new(
        (office, person): (OfficeId, PersonId),
        (name, code, tier): (&str, &str, u8),
        (drill, suite): (bool, Suite),
    ) -> Self {
        Self {
            form: FORM.to_owned(),
            office: office.to_hex(),
            name: name.to_owned(),
            code: code.to_owned(),
            tier,
            drill,
            node_person: person.to_hex(),
            suite: suite.number(),
            root: None,
            superior: None,
        }
    }

    /// Reads the office of a data directory.
    pub fn read(dir: &Path) -> Result<Self, IdentityError> {
        let path = dir.join(IDENTITY_FILE);
        let shown = path.display().to_string();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(IdentityError::Missing(shown));
            }
            Err(error) => return Err(IdentityError::Unreadable(shown, error.to_string())),
        };
        let identity: Self = serde_json::from_str(&text)
            .map_err(|error| IdentityError::Unreadable(shown, error.to_string()))?;
        identity.check()?;
        Ok(identity)
    }

    /// Writes the file whole or not at all.
    pub fn write(&self, dir: &Path) -> Result<(), IdentityError> {
        let path = dir.join(IDENTITY_FILE);
        let text = serde_json::to_string_pretty(self).expect("an office file has only texts");
        platform::write_atomically(&path, text.as_bytes())
            .map_err(|e| IdentityError::Unreadable(path.display().to_string(), e.to_string()))
    }

    /// The office id.
    pub fn office_id(&self) -> OfficeId {
        OfficeId::from_hex(&self.office).expect("checked when it was read or made")
    }

    /// The node as a person.
    pub fn node_person_id(&self) -> PersonId {
        PersonId::from_hex(&self.node_person).expect("checked when it was read or made")
    }

    /// In which suite the node signs and seals. Links are Ed25519 and TLS in either.
    pub fn suite(&self) -> Suite {
        Suite::numbered(self.suite).expect("checked when it was read or made")
    }

    fn check(&self) -> Result<(), IdentityError> {
        let wrong = |field, value: &str, wanted| {
            Err(IdentityError::Field {
                field,
                value: value.to_owned(),
                wanted,
            })
        };
        if self.form != FORM {
            return wrong("form", &self.form, FORM);
        }
        if OfficeId::from_hex(&self.office).is_none() {
            return wrong("office", &self.office, "32 hexadecimal digits");
        }
        if PersonId::from_hex(&self.node_person).is_none() {
            return wrong("node_person", &self.node_person, "32 hexadecimal digits");
        }
        if !(1..=5).contains(&self.tier) {
            return wrong(
                "tier",
                &self.tier.to_string(),
                "1 (township) to 5 (ministry)",
            );
        }
        if Suite::numbered(self.suite).is_none() {
            let wanted = "1 (Ed25519) or 2 (SM2)";
            return wrong("suite", &self.suite.to_string(), wanted);
        }
        if let Some(superior) = &self.superior
            && superior.endpoint_id().is_none()
        {
            return wrong("superior", &superior.endpoint, "64 hexadecimal digits");
        }
        match &self.root {
            Some(root) if root.to_statement().is_none() => wrong(
                "root",
                &root.key,
                "a root's key, with its statement where it has one",
            ),
            _ => Ok(()),
        }
    }
}

fn first_suite() -> u8 {
    ED25519
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_first_suite(suite: &u8) -> bool {
    *suite == ED25519
}

impl Superior {
    /// The transport key; none where the file's digits are wrong.
    pub fn endpoint_id(&self) -> Option<[u8; 32]> {
        unhex(&self.endpoint)?.try_into().ok()
    }
}

impl RootPin {
    /// The pin of a statement. One key that is root and keeper in one is written as that key.
    pub fn of(statement: &RootStatement) -> Self {
        let keeper = &statement.keeper;
        let single = RootStatement::single(statement.office, keeper.clone());
        Self {
            office: statement.office.to_hex(),
            suite: keeper.suite,
            key: hex(&keeper.key),
            statement: (single != *statement).then(|| hex(&canon::encode(statement))),
        }
    }

    /// The statement that is pinned; none where the file's digits are wrong or contradict it.
    pub fn to_statement(&self) -> Option<RootStatement> {
        let keeper = PublicKey {
            suite: self.suite,
            key: unhex(&self.key)?,
        };
        let office = OfficeId::from_hex(&self.office)?;
        let Some(text) = &self.statement else {
            return Some(RootStatement::single(office, keeper));
        };
        let statement: RootStatement = canon::decode("a root statement", &unhex(text)?).ok()?;
        let same = statement.office == office && statement.keeper == keeper;
        (same && statement.check().is_ok()).then_some(statement)
    }
}
