//! The CASE domain's key pair: everybody in the house may write to it, only a signed-in officer
//! lets it be
//! read.

use super::cipher::{Seal, sealer};
use super::pair::{Public, Secret};
use super::{Form, KEY_BYTES, OpenSealError, Place, aad, open_with, parse, seal_with, start};
use hkdf::Hkdf;
use jiaolian_schema::suite::Suite;
use sha2::Sha256;
use sm3::Sm3;
use std::sync::Arc;
use zeroize::Zeroizing;

const EPOCH_INFO: &[u8] = b"jiaolian case epoch 1";
/// First epoch of a new node.
const FIRST_EPOCH: u32 = 1;

/// The public half: seals while nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CasePublic {
    epoch: u32,
    key: Public,
}

impl CasePublic {
    /// The epoch, from 1.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The suite in which it seals.
    pub fn suite(&self) -> Suite {
        self.key.suite()
    }

    /// The stored form: epoch (4, big-endian), then the X25519 public key (32) or the SM2 one (65).
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.epoch.to_be_bytes(), self.key.as_bytes()].concat()
    }

    /// Reads the stored form; none where it is no such key.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (epoch, key) = bytes.split_first_chunk()?;
        Some(Self {
            epoch: u32::from_be_bytes(*epoch),
            key: Public::from_bytes(key)?,
        })
    }

    /// Seals `plain` so that only the holder of the secret half opens it.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let suite = self.key.suite();
        let (key, sent) = self.key.fresh();
        let mut sealed = start(suite, Form::CaseBox, self.epoch, sent.len() + plain.len());
        sealed.extend_from_slice(&sent);
        let aad = aad(suite, Form::CaseBox, self.epoch, place);
        sealer(suite, &key).append(&mut sealed, &aad, plain);
        sealed
    }
}

/// The secret half, held in memory only while an officer is signed in.
#[derive(Clone)]
pub struct CaseSecret {
    epoch: u32,
    secret: Secret,
    /// Spares an agreement a row while the domain is open.
    rows: Arc<dyn Seal>,
}

impl std::fmt::Debug for CaseSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CaseSecret")
    }
}

impl CaseSecret {
    /// A fresh pair of suite 1 in its first epoch.
    pub fn generate() -> Self {
        Self::generate_in(Suite::Ed25519)
    }

    /// What the ring of a new key holds before anybody gave it the secret: it opens nothing.
    pub fn none() -> Self {
        let secret = Secret::from_bytes(Suite::Ed25519, &[0; KEY_BYTES]);
        Self::new(0, secret.expect("an X25519 secret may be any 32 bytes"))
    }

    /// Whether it opens nothing.
    pub fn is_none(&self) -> bool {
        self.epoch < FIRST_EPOCH
    }

    /// A fresh pair of a suite in its first epoch.
    pub fn generate_in(suite: Suite) -> Self {
        Self::new(FIRST_EPOCH, Secret::generate(suite))
    }

    /// A fresh pair for the epoch after that of a public half, of the same suite.
    pub fn after(public: CasePublic) -> Self {
        Self::new(public.epoch + 1, Secret::generate(public.suite()))
    }

    /// Reads the form that key rings wrap; none where it is no such secret.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (epoch, rest) = bytes.split_first_chunk()?;
        let (secret, suite) = rest.split_first_chunk()?;
        let suite = match suite {
            [] => Suite::Ed25519,
            [number] => Suite::numbered(*number).filter(|suite| *suite != Suite::Ed25519)?,
            _ => return None,
        };
        let secret = Secret::from_bytes(suite, secret)?;
        Some(Self::new(u32::from_be_bytes(*epoch), secret))
    }

    /// The form that key rings wrap: epoch (4, big-endian), secret (32), and the suite's number (1)
    /// where that is not 1.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(self.epoch.to_be_bytes().to_vec());
        bytes.reserve_exact(KEY_BYTES + 1);
        bytes.extend_from_slice(self.secret.to_bytes().as_slice());
        if self.suite() != Suite::Ed25519 {
            bytes.push(self.suite().number());
        }
        bytes
    }

    /// The suite in which the domain is sealed.
    pub fn suite(&self) -> Suite {
        self.secret.suite()
    }

    /// The half that seals.
    pub fn public(&self) -> CasePublic {
        CasePublic {
            epoch: self.epoch,
            key: self.secret.public(),
        }
    }

    /// Seals with the epoch key: as strong as the box, without its agreement.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let kind = (self.suite(), Form::CaseEpoch, self.epoch);
        seal_with(&*self.rows, kind, place, plain)
    }

    /// Opens both forms: what was sealed while locked and what was sealed since.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, OpenSealError> {
        let suite = self.suite();
        match parse(sealed)? {
            (found, Form::CaseBox, epoch, rest) if (found, epoch) == (suite, self.epoch) => {
                let (key, rest) = self.secret.receive(rest).ok_or(OpenSealError::Damaged)?;
                let aad = aad(suite, Form::CaseBox, epoch, place);
                sealer(suite, &key).open(&aad, rest)
            }
            _ => open_with(
                &*self.rows,
                (suite, Form::CaseEpoch, self.epoch),
                place,
                sealed,
            ),
        }
    }

    fn new(epoch: u32, secret: Secret) -> Self {
        let (salt, bytes) = (epoch.to_be_bytes(), secret.to_bytes());
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let expanded = match secret.suite() {
            Suite::Ed25519 => Hkdf::<Sha256>::new(Some(&salt), bytes.as_slice())
                .expand(EPOCH_INFO, key.as_mut_slice()),
            Suite::Sm2 => Hkdf::<Sm3>::new(Some(&salt), bytes.as_slice())
                .expand(EPOCH_INFO, key.as_mut_slice()),
        };
        expanded.expect("32 bytes are within what one HKDF gives");
        let rows = sealer(secret.suite(), &key);
        Self {
            epoch,
            secret,
            rows,
        }
    }
}
