//! The CASE domain's key pair in either suite: a fresh key for one value, which only the holder of
//! the secret half gets back.
//!
//! Suite 1 agrees on it by X25519 and HKDF-SHA256, salted with both public keys. Suite 2 draws it and
//! encrypts it by SM2PKE (GB/T 32918.4-2016, C1‖C3‖C2).

use super::{KEY_BYTES, entropy};
use hkdf::Hkdf;
use jiaolian_schema::suite::{SM2_KEY_BYTES, Suite};
use sha2::Sha256;
use sm2::elliptic_curve::rand_core::{Infallible, TryCryptoRng, TryRng};
use sm2::pke::{DecryptingKey, EncryptingKey};
use sm2::{PublicKey as Sm2Public, SecretKey as Sm2Secret};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

const BOX_INFO: &[u8] = b"jiaolian case box 1";
/// C1 as `04 ‖ x ‖ y`, C3, C2 of a 32-byte key.
const SM2_BOX_BYTES: usize = SM2_KEY_BYTES + 32 + KEY_BYTES;

/// A symmetric key, wiped when dropped.
pub(super) type ValueKey = Zeroizing<[u8; KEY_BYTES]>;

/// The half that seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Public {
    X25519([u8; KEY_BYTES]),
    Sm2([u8; SM2_KEY_BYTES]),
}

/// The half that opens.
#[derive(Clone)]
pub(super) enum Secret {
    X25519(StaticSecret),
    Sm2(Sm2Secret),
}

impl Public {
    /// Reads the stored form; its length tells the suite.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if let Ok(key) = bytes.try_into() {
            return Some(Self::X25519(key));
        }
        let is_key = Suite::Sm2.is_public_key(bytes);
        bytes.try_into().ok().filter(|_| is_key).map(Self::Sm2)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::X25519(key) => key,
            Self::Sm2(key) => key,
        }
    }

    pub(super) fn suite(&self) -> Suite {
        match self {
            Self::X25519(_) => Suite::Ed25519,
            Self::Sm2(_) => Suite::Sm2,
        }
    }

    /// A fresh key, and the bytes from which the secret half gets it back.
    pub(super) fn fresh(&self) -> (ValueKey, Vec<u8>) {
        match self {
            Self::X25519(receiver) => {
                let ephemeral = StaticSecret::from(entropy::<KEY_BYTES>());
                let sent = PublicKey::from(&ephemeral).to_bytes();
                let shared = ephemeral.diffie_hellman(&PublicKey::from(*receiver));
                (agreed(shared.as_bytes(), &sent, receiver), sent.to_vec())
            }
            Self::Sm2(receiver) => {
                let key = Zeroizing::new(entropy::<KEY_BYTES>());
                let sent = EncryptingKey::from_sec1_bytes(receiver)
                    .and_then(|receiver| receiver.encrypt(&mut Entropy, key.as_slice()))
                    .expect("a point that was checked takes a key of 32 bytes");
                (key, sent)
            }
        }
    }
}

impl Secret {
    pub(super) fn generate(suite: Suite) -> Self {
        let bytes = || Zeroizing::new(entropy::<KEY_BYTES>());
        match suite {
            Suite::Ed25519 => Self::X25519(StaticSecret::from(*bytes())),
            Suite::Sm2 => loop {
                // One draw in 2^32 is above the order of the curve.
                if let Some(secret) = Self::from_bytes(suite, &bytes()) {
                    return secret;
                }
            },
        }
    }

    pub(super) fn from_bytes(suite: Suite, bytes: &[u8; KEY_BYTES]) -> Option<Self> {
        match suite {
            Suite::Ed25519 => Some(Self::X25519(StaticSecret::from(*bytes))),
            Suite::Sm2 => Sm2Secret::from_slice(bytes).ok().map(Self::Sm2),
        }
    }

    pub(super) fn to_bytes(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        Zeroizing::new(match self {
            Self::X25519(secret) => secret.to_bytes(),
            Self::Sm2(secret) => secret.to_bytes().into(),
        })
    }

    pub(super) fn suite(&self) -> Suite {
        match self {
            Self::X25519(_) => Suite::Ed25519,
            Self::Sm2(_) => Suite::Sm2,
        }
    }

    pub(super) fn public(&self) -> Public {
        match self {
            Self::X25519(secret) => Public::X25519(PublicKey::from(secret).to_bytes()),
            Self::Sm2(secret) => Public::Sm2(point(&secret.public_key())),
        }
    }

    /// The key that `fresh` made, and the bytes that follow it; none where it was made for another.
    pub(super) fn receive<'a>(&self, sealed: &'a [u8]) -> Option<(ValueKey, &'a [u8])> {
        match self {
            Self::X25519(secret) => {
                let (sent, rest) = sealed.split_first_chunk::<KEY_BYTES>()?;
                let shared = secret.diffie_hellman(&PublicKey::from(*sent));
                let receiver = PublicKey::from(secret).to_bytes();
                let key = agreed(shared.as_bytes(), sent, &receiver);
                shared.was_contributory().then_some((key, rest))
            }
            Self::Sm2(secret) => {
                let (sent, rest) = sealed.split_first_chunk::<SM2_BOX_BYTES>()?;
                // The library takes a compressed C1 too, whose value would then have two forms.
                if sent[0] != 4 {
                    return None;
                }
                let opened = DecryptingKey::new(secret.clone()).decrypt(sent).ok()?;
                let opened = Zeroizing::new(opened);
                let key = opened.as_slice().try_into().ok().map(Zeroizing::new)?;
                Some((key, rest))
            }
        }
    }
}

fn point(key: &Sm2Public) -> [u8; SM2_KEY_BYTES] {
    let bytes = key.to_sec1_bytes();
    (*bytes)
        .try_into()
        .expect("the library writes SM2 points uncompressed")
}

fn agreed(
    shared: &[u8; KEY_BYTES],
    sent: &[u8; KEY_BYTES],
    receiver: &[u8; KEY_BYTES],
) -> ValueKey {
    let salt = [sent.as_slice(), receiver.as_slice()].concat();
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    Hkdf::<Sha256>::new(Some(&salt), shared)
        .expand(BOX_INFO, key.as_mut_slice())
        .expect("32 bytes are within what one HKDF gives");
    key
}

/// The operating system's generator as the library asks for it.
struct Entropy;

impl TryRng for Entropy {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(entropy()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(entropy()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        getrandom::fill(bytes).expect("the operating system gives entropy once it has booted");
        Ok(())
    }
}

impl TryCryptoRng for Entropy {}
