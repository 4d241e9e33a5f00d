//! The county's recovery key in two halves, each in a file under its holder's passphrase. Neither half
//! says anything about the key; both together are it.

use super::Cost;
use super::wrap::{Form, Wrap};
use crate::seal::{CasePublic, CaseSecret, KEY_BYTES, entropy};
use jiaolian_schema::id::{hex, unhex};
use jiaolian_schema::suite::Suite;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

const FORM: &str = "jiaolian-recovery-share/1";

/// Why a half did not open, or the two make no key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShareError {
    /// It is no such file.
    #[error("the file is no half of a recovery key: {0}")]
    Form(String),
    /// The passphrase is not its holder's.
    #[error("the passphrase does not open half {0} of the recovery key")]
    Refused(u8),
    /// One half twice, or halves of two keys.
    #[error("the two halves must be half 1 and half 2 of one recovery key")]
    Pair,
}

/// One half, as its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryShare {
    form: String,
    /// Which half: 1 or 2.
    pub half: u8,
    /// The public key, hexadecimal: the same in both, and what nodes leave copies for.
    pub key: String,
    sealed: String,
}

impl RecoveryShare {
    /// A fresh key of a suite in two halves.
    pub fn make((cost, suite): (Cost, Suite), passphrases: [&str; 2]) -> [Self; 2] {
        let secret = CaseSecret::generate_in(suite);
        let public = secret.public();
        let first: Zeroizing<[u8; KEY_BYTES]> = Zeroizing::new(entropy());
        let second = xor(&first, half_of(&secret).as_slice());
        [(1, first), (2, second)].map(|(half, part)| {
            let secrets = Zeroizing::new([part.as_slice(), &public.to_bytes()].concat());
            let words = passphrases[usize::from(half) - 1];
            let wrap = Wrap::seal((cost, Form::of(suite)), &name(half), words, &secrets);
            Self {
                form: FORM.to_owned(),
                half,
                key: hex(&public.to_bytes()),
                sealed: hex(&wrap.to_bytes()),
            }
        })
    }

    /// Reads a half's file.
    pub fn parse(text: &str) -> Result<Self, ShareError> {
        let share: Self =
            serde_json::from_str(text).map_err(|error| ShareError::Form(error.to_string()))?;
        let odd = |what: &str| Err(ShareError::Form(what.to_owned()));
        match (share.form.as_str(), share.half) {
            (FORM, 1 | 2) if share.public().is_some() => Ok(share),
            (FORM, 1 | 2) => odd("its key is no public key"),
            (FORM, half) => odd(&format!("there is no half {half}")),
            (form, _) => odd(&format!("its form is {form:?}")),
        }
    }

    /// The key that nodes leave copies for.
    pub fn public(&self) -> Option<CasePublic> {
        CasePublic::from_bytes(&unhex(&self.key)?)
    }

    /// The key, of both halves and both passphrases.
    pub fn join(halves: [(&Self, &str); 2]) -> Result<CaseSecret, ShareError> {
        let [(one, _), (two, _)] = halves;
        if one.half == two.half || one.key != two.key {
            return Err(ShareError::Pair);
        }
        let [first, second] = halves.map(|(share, words)| share.open(words));
        let (first, second) = (first?, second?);
        let public = one.public().ok_or(ShareError::Pair)?;
        let mut bytes = Zeroizing::new(public.epoch().to_be_bytes().to_vec());
        bytes.reserve_exact(KEY_BYTES + 1);
        bytes.extend_from_slice(xor(&first, second.as_slice()).as_slice());
        if public.suite() != Suite::Ed25519 {
            bytes.push(public.suite().number());
        }
        let secret = CaseSecret::from_bytes(&bytes);
        let secret = secret.filter(|secret| secret.public() == public);
        secret.ok_or(ShareError::Pair)
    }

    fn open(&self, words: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, ShareError> {
        let wrap = unhex(&self.sealed).and_then(|bytes| Wrap::from_bytes(&bytes));
        let wrap = wrap.ok_or_else(|| ShareError::Form("it is cut short".to_owned()))?;
        let secrets = wrap
            .open(&name(self.half), words)
            .ok_or(ShareError::Refused(self.half))?;
        let split = secrets.secrets.split_first_chunk::<KEY_BYTES>();
        let (part, key) = split.ok_or(ShareError::Pair)?;
        if Some(key) != unhex(&self.key).as_deref() {
            return Err(ShareError::Pair);
        }
        Ok(Zeroizing::new(*part))
    }
}

/// What a half's passphrase vouches for besides.
fn name(half: u8) -> String {
    format!("recovery half {half}")
}

fn half_of(secret: &CaseSecret) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(secret.to_bytes()[4..4 + KEY_BYTES].to_vec())
}

fn xor(a: &[u8; KEY_BYTES], b: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut out = Zeroizing::new(*a);
    for (byte, other) in out.iter_mut().zip(b) {
        *byte ^= other;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    const WORDS: [&str; 2] = ["甲保管人的口令", "乙保管人的口令"];

    #[test]
    fn both_halves_make_the_key_and_neither_alone_nor_a_stranger_does() {
        Suite::ALL.into_iter().for_each(both_and_none_other);
    }

    fn both_and_none_other(suite: Suite) {
        let [one, two] = RecoveryShare::make((CHEAP, suite), WORDS);
        let read = RecoveryShare::parse(&serde_json::to_string(&one).unwrap()).unwrap();
        let secret = RecoveryShare::join([(&read, WORDS[0]), (&two, WORDS[1])]).unwrap();
        assert_eq!(Some(secret.public()), one.public());
        let turned = RecoveryShare::join([(&two, WORDS[1]), (&one, WORDS[0])]).unwrap();
        assert_eq!(turned.public(), secret.public());
        let join = |a, b| RecoveryShare::join([a, b]).unwrap_err();
        assert_eq!(join((&one, WORDS[0]), (&one, WORDS[0])), ShareError::Pair);
        assert_eq!(
            join((&one, WORDS[0]), (&two, WORDS[0])),
            ShareError::Refused(2)
        );
        assert_eq!(
            join((&one, WORDS[1]), (&two, WORDS[1])),
            ShareError::Refused(1)
        );
        let [_, other] = RecoveryShare::make((CHEAP, suite), WORDS);
        assert_eq!(join((&one, WORDS[0]), (&other, WORDS[1])), ShareError::Pair);
        let renamed = RecoveryShare {
            half: 1,
            ..two.clone()
        };
        assert_eq!(
            join((&renamed, WORDS[1]), (&two, WORDS[1])),
            ShareError::Refused(1)
        );
    }

    #[test]
    fn a_half_alone_is_as_good_as_noise() {
        let suite = Suite::Ed25519;
        let [one, two] = RecoveryShare::make((CHEAP, suite), WORDS);
        let secret = RecoveryShare::join([(&one, WORDS[0]), (&two, WORDS[1])]).unwrap();
        let key = half_of(&secret);
        for (share, words) in [(&one, WORDS[0]), (&two, WORDS[1])] {
            assert_ne!(share.open(words).unwrap().as_slice(), key.as_slice());
        }
    }

    #[test]
    fn what_is_no_half_is_refused_with_what_is_wrong() {
        for (text, words) in [
            ("", "no half"),
            ("{}", "missing field"),
            (
                r#"{"form":"x","half":1,"key":"","sealed":""}"#,
                "its form is",
            ),
            (
                r#"{"form":"jiaolian-recovery-share/1","half":3,"key":"","sealed":""}"#,
                "half 3",
            ),
            (
                r#"{"form":"jiaolian-recovery-share/1","half":1,"key":"","sealed":""}"#,
                "no public key",
            ),
        ] {
            let said = RecoveryShare::parse(text).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }
}
