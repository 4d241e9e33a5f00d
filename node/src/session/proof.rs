//! What shows afterwards which key opened a session: the officer's own signature over a challenge of
//! this node.

use crate::seal::entropy;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{LOGIN_TYPE, pre_authentication};
use jiaolian_schema::id::{AuthorId, OfficeId, PersonId};
use jiaolian_schema::suite::{KeyError, Sign, Verify};
use jiaolian_sync::{Table, Write};
use minicbor::{Decode, Encode};

/// One signing in. The signature is of the type `login/1`, so that it can be nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Proof {
    /// When, ms UTC.
    #[n(0)]
    pub at: i64,
    /// The office of the node that asked.
    #[n(1)]
    pub office: OfficeId,
    /// Who.
    #[n(2)]
    pub person: PersonId,
    /// In which seat.
    #[n(3)]
    pub author: AuthorId,
    /// The node's challenge.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub nonce: [u8; 32],
    /// 1 where the page came over TLS.
    #[n(5)]
    pub tls: u8,
    /// By the key of the author, a UKey's too; none while it is signed, and in rows of versions that asked
    /// no UKey.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub signature: Option<[u8; 64]>,
}

impl Proof {
    /// A challenge of this moment.
    pub fn ask(
        (office, person, author): (OfficeId, PersonId, AuthorId),
        tls: bool,
        at: i64,
    ) -> Self {
        Self {
            at,
            office,
            person,
            author,
            nonce: entropy(),
            tls: u8::from(tls),
            signature: None,
        }
    }

    /// Signs in: the challenge, answered by the key.
    pub fn sign(mut self, signer: &dyn Sign) -> Result<Self, KeyError> {
        self.signature = Some(signer.sign(&self.challenge())?);
        Ok(self)
    }

    /// Whether the key of the roster signed it.
    pub fn holds(&self, verifier: &dyn Verify, suite: u8, key: &[u8]) -> bool {
        self.signature
            .is_some_and(|signature| verifier.verify(suite, key, &self.challenge(), &signature))
    }

    /// The row that keeps it. Key: time (8, big-endian), first bytes of the nonce (8).
    pub fn row(&self) -> Write {
        let time = self.at.max(0).to_be_bytes();
        Write {
            table: Table::SignIn,
            key: [&time[..], &self.nonce[..8]].concat(),
            value: Some(canon::encode(self)),
        }
    }

    fn challenge(&self) -> Vec<u8> {
        let unsigned = Self {
            signature: None,
            ..self.clone()
        };
        pre_authentication(LOGIN_TYPE, &canon::encode(&unsigned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiaolian_schema::suite::{ED25519, Ed25519Signer, StrictVerifier};

    #[test]
    fn a_proof_holds_for_its_key_and_for_nothing_that_was_changed() {
        let key = Ed25519Signer::from_seed(&[1; 32]);
        let who = (OfficeId([1; 16]), PersonId([2; 16]), AuthorId([3; 32]));
        let proof = Proof::ask(who, true, 5).sign(&key).unwrap();
        let holds = |proof: &Proof| proof.holds(&StrictVerifier, ED25519, &key.public_key());
        assert!(holds(&proof));
        let other = Ed25519Signer::from_seed(&[2; 32]).public_key();
        assert!(!proof.holds(&StrictVerifier, ED25519, &other));
        for changed in [
            Proof {
                at: 6,
                ..proof.clone()
            },
            Proof {
                person: PersonId([9; 16]),
                ..proof.clone()
            },
            Proof {
                nonce: [0; 32],
                ..proof.clone()
            },
            Proof {
                tls: 0,
                ..proof.clone()
            },
        ] {
            assert!(!holds(&changed));
        }
    }
}
