//! The two small files of joining: the request that an office carries up, with public keys only,
//! and the answer that
//! comes down, with everything a node needs to start working, whether or not it ever sees a link.

mod rule;

use crate::identity::RootPin;
use jiaolian_schema::act::{Acting, Appoint, PublicKey, RootStatement, bound_office_id};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Duty, Envelope};
use jiaolian_schema::id::{OfficeId, PersonId, sha256, unhex};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use rule::{check_apart, check_code, check_office_name, check_role, check_staff_number};

const REQUEST_FORM: &str = "jiaolian-request/1";
const ANSWER_FORM: &str = "jiaolian-answer/1";
/// Largest request file, bytes.
pub const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// Largest answer file, bytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why a request or an answer is refused.
#[derive(Debug, Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RequestError {
    #[error("this is no request file: {0}")]
    NoRequest(String),
    #[error("this is no answer file: {0}")]
    NoAnswer(String),
    #[error("an answer file is at most {ANSWER_BYTES_MAX} bytes, this one has {0}")]
    TooLong(usize),
    #[error("a request file is at most {REQUEST_BYTES_MAX} bytes, this one has {0}")]
    RequestTooLong(usize),
    #[error(
        "an answer file must hold what was written, byte for byte; this one was changed on its way"
    )]
    Changed,
    #[error("seat {index} ({name}): `{field}` is {value}, which is not {wanted}")]
    Seat {
        index: usize,
        name: String,
        field: &'static str,
        value: String,
        wanted: &'static str,
    },
    #[error("seat {index} ({name}): {reason}")]
    Role {
        index: usize,
        name: String,
        reason: String,
    },
}

/// What an office asks of the office above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    form: String,
    /// Office id, hexadecimal; in a new office's first request the number that its id is made of.
    pub office: String,
    /// Name.
    pub name: String,
    /// GB/T 2260 code and suffix.
    pub code: String,
    /// 1 township … 5 ministry.
    pub tier: u8,
    /// 演练.
    pub drill: bool,
    /// Keys to be appointed.
    pub seats: Vec<Seat>,
}

/// One key in one place, as it asks to be appointed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// Person id, hexadecimal; the node is a person of its own.
    pub person: String,
    /// Name shown beside signatures.
    pub name: String,
    /// Staff number; empty for the node.
    pub staff_number: String,
    /// `keeper`, `witness` or `staff`.
    pub duty: String,
    /// Role ids of the rules.
    pub roles: Vec<String>,
    /// Suite of the key.
    pub suite: u8,
    /// Public key, hexadecimal.
    pub key: String,
    /// Transport key of a node, hexadecimal.
    pub endpoint: Option<String>,
    /// Where it is a stand-in's (AB岗).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting: Option<ActingWords>,
}

/// For whom somebody is to stand in, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActingWords {
    /// Id of the person whose place it is, hexadecimal.
    pub person: String,
    /// The condition in words.
    pub condition: String,
}

impl Request {
    /// A request with no seats yet.
    pub fn new(office: OfficeId, name: &str, code: &str, tier: u8, drill: bool) -> Self {
        Self {
            form: REQUEST_FORM.to_owned(),
            office: office.to_hex(),
            name: name.to_owned(),
            code: code.to_owned(),
            tier,
            drill,
            seats: Vec::new(),
        }
    }

    /// Reads a request file.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        if text.len() > REQUEST_BYTES_MAX {
            return Err(RequestError::RequestTooLong(text.len()));
        }
        let request: Self =
            serde_json::from_str(text).map_err(|e| RequestError::NoRequest(e.to_string()))?;
        rule::check(&request)?;
        Ok(request)
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a request has only texts")
    }

    /// The office id.
    pub fn office_id(&self) -> OfficeId {
        OfficeId::from_hex(&self.office).expect("checked when it was parsed or made")
    }

    /// Turns the number that the new office minted into its id under the office that founds it.
    pub fn bind(&mut self, parent: OfficeId) {
        self.office = bound_office_id(parent, self.office_id().0).to_hex();
    }

    /// The appointments asked for, for an interval (ms UTC, both included).
    pub fn appointments(&self, from: i64, to: i64) -> Result<Vec<Appoint>, RequestError> {
        let office = self.office_id();
        let one =
            |(index, seat): (usize, &Seat)| seat.appointment(index, (office, self.tier), from, to);
        self.seats.iter().enumerate().map(one).collect()
    }
}

impl Seat {
    fn appointment(
        &self,
        index: usize,
        (office, tier): (OfficeId, u8),
        from: i64,
        to: i64,
    ) -> Result<Appoint, RequestError> {
        let wrong = |field, value: &str, wanted| RequestError::Seat {
            index,
            name: rule::shown(&self.name),
            field,
            value: rule::shown(value),
            wanted,
        };
        let person = PersonId::from_hex(&self.person)
            .ok_or_else(|| wrong("person", &self.person, "32 hexadecimal digits"))?;
        let key = unhex(&self.key).ok_or_else(|| wrong("key", &self.key, "hexadecimal digits"))?;
        let duty = duty_named(&self.duty)
            .ok_or_else(|| wrong("duty", &self.duty, "keeper, witness or staff"))?;
        let endpoint = match &self.endpoint {
            None => None,
            Some(text) => Some(
                unhex(text)
                    .and_then(|bytes| bytes.try_into().ok())
                    .ok_or_else(|| wrong("endpoint", text, "64 hexadecimal digits"))?,
            ),
        };
        let depth = match duty {
            Duty::Keeper => tier.saturating_sub(1),
            _ => 0,
        };
        let mut roles = self.roles.clone();
        roles.sort();
        roles.dedup();
        Ok(Appoint {
            person,
            name: self.name.clone(),
            staff_number: self.staff_number.clone(),
            suite: self.suite,
            key,
            office,
            duty,
            roles,
            kinds: vec![1, 2],
            not_before: from,
            not_after: to,
            depth,
            endpoint,
            document: String::new(),
            acting: self
                .acting
                .as_ref()
                .map(ActingWords::acting)
                .transpose()
                .map_err(|value| wrong("acting", &value, "32 hexadecimal digits"))?,
        })
    }
}

impl ActingWords {
    fn acting(&self) -> Result<Acting, String> {
        Ok(Acting {
            person: PersonId::from_hex(&self.person).ok_or_else(|| self.person.clone())?,
            condition: self.condition.clone(),
        })
    }
}

/// The word for a duty in files and on the command line.
pub fn duty_word(duty: Duty) -> &'static str {
    match duty {
        Duty::Keeper => "keeper",
        Duty::Witness => "witness",
        Duty::Staff => "staff",
    }
}

/// The duty of a word.
pub fn duty_named(word: &str) -> Option<Duty> {
    [Duty::Keeper, Duty::Witness, Duty::Staff]
        .into_iter()
        .find(|duty| duty_word(*duty) == word)
}

/// The one file that an office joins by.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Answer {
    #[n(0)]
    form: String,
    /// Office id of the root.
    #[n(1)]
    pub root_office: OfficeId,
    /// Suite of the root keeper's key.
    #[n(2)]
    pub root_suite: u8,
    /// Key of the root's keeper.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub root_key: Vec<u8>,
    /// The office that the answer is for.
    #[n(4)]
    pub office: OfficeId,
    /// 1 in a drill.
    #[n(5)]
    pub drill: u8,
    /// Transport key of the office above; all zeros for the root's own answer.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub superior: [u8; 32],
    /// Where the office above listens, `ip:port`.
    #[n(7)]
    pub addresses: Vec<String>,
    /// Rosters from the root down to the office, heads of their authors included.
    #[n(8)]
    pub envelopes: Vec<Envelope>,
    /// SHA-256 of the file with zeros here: tells what a stick or a hand damaged. Whoever changes a
    /// file on purpose can make a new one; the signatures and the roster hold against that.
    #[cbor(n(9), with = "minicbor::bytes")]
    digest: [u8; 32],
    /// The root statement, where it is more than its keeper's key.
    #[n(10)]
    pub root_statement: Option<RootStatement>,
}

impl Answer {
    /// An answer without envelopes yet.
    pub fn new(root: &RootPin, office: OfficeId, drill: bool) -> Option<Self> {
        let statement = root.to_statement()?;
        Some(Self {
            form: ANSWER_FORM.to_owned(),
            root_office: statement.office,
            root_suite: statement.keeper.suite,
            root_key: statement.keeper.key.clone(),
            office,
            drill: u8::from(drill),
            superior: [0; 32],
            addresses: Vec::new(),
            envelopes: Vec::new(),
            digest: [0; 32],
            root_statement: root.statement.as_ref().map(|_| statement),
        })
    }

    /// Reads an answer file.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > ANSWER_BYTES_MAX {
            return Err(RequestError::TooLong(bytes.len()));
        }
        let answer: Self = canon::decode("an answer", bytes)
            .map_err(|error| RequestError::NoAnswer(error.to_string()))?;
        if answer.form != ANSWER_FORM {
            return Err(RequestError::NoAnswer(format!(
                "its form is {}",
                answer.form
            )));
        }
        let digest = answer.digest;
        let blank = Self {
            digest: [0; 32],
            ..answer
        };
        if sha256(&[&canon::encode(&blank)]) != digest {
            return Err(RequestError::Changed);
        }
        Ok(blank)
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut whole = self.clone();
        whole.digest = [0; 32];
        whole.digest = sha256(&[&canon::encode(&whole)]);
        canon::encode(&whole)
    }

    /// The root as the answer names it; its statement stands for the three words that say the same.
    pub fn root(&self) -> RootPin {
        let keeper = PublicKey {
            suite: self.root_suite,
            key: self.root_key.clone(),
        };
        let single = || RootStatement::single(self.root_office, keeper);
        RootPin::of(&self.root_statement.clone().unwrap_or_else(single))
    }
}
