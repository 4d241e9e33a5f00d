//! The root statement: who keeps the root office, said by k of n keys that lie off-line, in versions
//! that never go down.

use super::At;
use crate::admit::Introduction;
use crate::canon;
use crate::envelope::{Duty, pre_authentication};
use crate::id::OfficeId;
use crate::suite::Verify;
use minicbor::{Decode, Encode};
use std::collections::BTreeSet;
use thiserror::Error;

/// The type string of a root signature.
pub const ROOT_TYPE: &str = "root/1";
/// Most root keys of one version.
pub const ROOT_KEYS_MAX: usize = 16;
/// Most former keepers that a statement names.
pub const FORMER_KEEPERS_MAX: usize = 64;
/// Most signatures beside one statement: those of the version before and its own.
pub const ROOT_SIGNATURES_MAX: usize = 2 * ROOT_KEYS_MAX;

/// Which rule a root statement or its signatures break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum RootError {
    #[error("a root statement has a version from 1 on, this one has 0")]
    Version,
    #[error(
        "a root statement has 1 to {ROOT_KEYS_MAX} keys, ascending, each once; this one has {0}"
    )]
    Keys(usize),
    #[error("of {keys} root keys between 1 and all must sign, not {threshold}")]
    Threshold { threshold: u8, keys: usize },
    #[error(
        "former keepers are at most {FORMER_KEEPERS_MAX}, ascending, each once, never the keeper \
         itself; this statement names {0}"
    )]
    Former(usize),
    #[error(
        "signatures are at most {ROOT_SIGNATURES_MAX}, ascending by key, each key once; there are {0}"
    )]
    Signatures(usize),
    #[error("suite {0} of a root signature is not known here")]
    UnknownSuite(u8),
    #[error("the signature of root key {0} does not verify over the statement")]
    BadSignature(String),
}

/// A public key with its suite.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct PublicKey {
    /// Suite of the key.
    #[n(0)]
    pub suite: u8,
    /// Its bytes.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub key: Vec<u8>,
}

/// How much of a former keeper's chain stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Stays {
    /// All of it, whenever it arrives.
    #[n(0)]
    All,
    /// Nothing.
    #[n(1)]
    Nothing,
    /// Everything up to this position.
    #[n(2)]
    UpTo(#[n(0)] At),
}

/// Somebody who kept the root office before.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FormerKeeper {
    /// The keeper's key.
    #[n(0)]
    pub key: PublicKey,
    /// How much of the chain stays.
    #[n(1)]
    pub stays: Stays,
}

/// What all nodes trust. The newest version alone says everything; older ones only prove it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RootStatement {
    /// From 1; each version proves the next one.
    #[n(0)]
    pub version: u32,
    /// The root office, the same in every version.
    #[n(1)]
    pub office: OfficeId,
    /// How many of `keys` must sign the next version, and this one.
    #[n(2)]
    pub threshold: u8,
    /// The root keys, ascending, each once.
    #[n(3)]
    pub keys: Vec<PublicKey>,
    /// The key of the root office's keeper from now on.
    #[n(4)]
    pub keeper: PublicKey,
    /// Every keeper before, ascending by key; of one that is not named nothing stays.
    #[n(5)]
    pub former: Vec<FormerKeeper>,
}

/// One root key's signature over a statement.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RootSignature {
    /// The root key.
    #[n(0)]
    pub key: PublicKey,
    /// Over `RootStatement::signed_bytes`.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub signature: [u8; 64],
}

/// A newer version of the root, proved by the signatures inside it. Whoever carries it adds nothing
/// to it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Root {
    /// The statement.
    #[n(0)]
    pub statement: RootStatement,
    /// Ascending by key, each key once.
    #[n(1)]
    pub signatures: Vec<RootSignature>,
}

impl PublicKey {
    /// The keeper of an office with this key.
    pub fn keeper_of(&self, office: OfficeId) -> Introduction {
        Introduction {
            suite: self.suite,
            key: self.key.clone(),
            office,
            duty: Duty::Keeper,
        }
    }
}

impl RootStatement {
    /// The first version where one key is root and keeper in one: 1 of 1.
    pub fn single(office: OfficeId, keeper: PublicKey) -> Self {
        Self {
            version: 1,
            office,
            threshold: 1,
            keys: vec![keeper.clone()],
            keeper,
            former: Vec::new(),
        }
    }

    /// The bytes that root keys sign.
    pub fn signed_bytes(&self) -> Vec<u8> {
        pre_authentication(ROOT_TYPE, &canon::encode(self))
    }

    /// Whether the statement is one at all, whoever signs it.
    pub fn check(&self) -> Result<(), RootError> {
        let keys = self.keys.len();
        if self.version == 0 {
            return Err(RootError::Version);
        }
        if !(1..=ROOT_KEYS_MAX).contains(&keys) || !self.keys.is_sorted_by(|a, b| a < b) {
            return Err(RootError::Keys(keys));
        }
        let threshold = self.threshold;
        if !(1..=keys).contains(&usize::from(threshold)) {
            return Err(RootError::Threshold { threshold, keys });
        }
        let former = &self.former;
        if former.len() > FORMER_KEEPERS_MAX
            || !former.is_sorted_by(|a, b| a.key < b.key)
            || former.iter().any(|one| one.key == self.keeper)
        {
            return Err(RootError::Former(former.len()));
        }
        Ok(())
    }
}

impl Root {
    /// Whether statement and signatures are in order and every signature verifies.
    pub fn check(&self, verifier: &dyn Verify) -> Result<(), RootError> {
        self.statement.check()?;
        let count = self.signatures.len();
        if count > ROOT_SIGNATURES_MAX || !self.signatures.is_sorted_by(|a, b| a.key < b.key) {
            return Err(RootError::Signatures(count));
        }
        let signed = self.statement.signed_bytes();
        for RootSignature { key, signature } in &self.signatures {
            if !verifier.knows(key.suite) {
                return Err(RootError::UnknownSuite(key.suite));
            }
            if !verifier.verify(key.suite, &key.key, &signed, signature) {
                return Err(RootError::BadSignature(crate::id::hex(&key.key)));
            }
        }
        Ok(())
    }

    /// Whether `before` proves it: the next version of the same office, signed by as many of the
    /// keys before and of its own as each asks for.
    pub fn follows(&self, before: &RootStatement) -> bool {
        let own = &self.statement;
        own.check().is_ok()
            && before.version.checked_add(1) == Some(own.version)
            && before.office == own.office
            && self.signers_among(before) >= usize::from(before.threshold)
            && self.signers_among(own) >= usize::from(own.threshold)
    }

    /// How many of a statement's keys signed.
    pub fn signers_among(&self, statement: &RootStatement) -> usize {
        let signers: BTreeSet<&PublicKey> = self.signatures.iter().map(|one| &one.key).collect();
        let keys = statement.keys.iter();
        keys.filter(|key| signers.contains(key)).count()
    }
}
