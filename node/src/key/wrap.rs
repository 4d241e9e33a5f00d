//! One officer's ring at rest: secrets under a key that Argon2id makes of the passphrase, with its
//! cost beside it so that the cost can rise later, and the key to which later epochs of the CASE domain
//! are boxed for its officer.

use crate::seal::{CasePublic, CaseSecret, KEY_BYTES, append_ciphertext, entropy, open_ciphertext};
use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Length of what a ring holds, in bytes: signing seed (32), CASE secret with its epoch (36).
pub(super) const SECRET_BYTES: usize = 32 + CaseSecret::BYTES;

/// Without the key for later epochs, which is then learnt when its officer signs in.
const FORM_FIRST: u8 = 1;
const FORM: u8 = 2;
const BOX_INFO: &[u8] = b"jiaolian ring box 1";
const SALT_BYTES: usize = 16;
/// The secrets with nonce and tag.
const SEALED_BYTES: usize = SECRET_BYTES + 24 + 16;
const HEADER_BYTES: usize = 1 + 3 * 4 + SALT_BYTES;
/// A ring that asks for more memory than this is not ours, in KiB.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
const PASSES_MAX: u32 = 64;
const LANES_MAX: u32 = 16;

/// What one guess costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// Argon2id with 64 MiB, three passes, one lane: about a quarter of a second on a township PC.
    pub const DESK: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };

    /// For drills, whose passphrases are known to all: one pass over 8 MiB.
    pub const DRILL: Self = Self {
        memory_kib: 8 * 1024,
        passes: 1,
        lanes: 1,
    };

    fn is_sane(self) -> bool {
        (1..=LANES_MAX).contains(&self.lanes)
            && (1..=PASSES_MAX).contains(&self.passes)
            && (8 * self.lanes..=MEMORY_KIB_MAX).contains(&self.memory_kib)
    }
}

/// A wrapped ring.
#[derive(Debug, Clone)]
pub(super) struct Wrap {
    cost: Cost,
    salt: [u8; SALT_BYTES],
    sealed: Vec<u8>,
    /// Where later epochs are boxed to.
    letterbox: Option<CasePublic>,
}

/// The key that opens what is boxed to an officer: made of the seed, so that no ring need hold it.
pub(super) fn letterbox(seed: &[u8; 32]) -> CaseSecret {
    let mut bytes = Zeroizing::new([0; CaseSecret::BYTES]);
    Hkdf::<Sha256>::new(None, seed)
        .expand(BOX_INFO, &mut bytes[4..])
        .expect("32 bytes are within what one HKDF gives");
    CaseSecret::from_bytes(&bytes)
}

impl Wrap {
    pub(super) fn seal(
        cost: Cost,
        staff_number: &str,
        passphrase: &str,
        secrets: &[u8; SECRET_BYTES],
    ) -> Self {
        let mut wrap = Self {
            cost,
            salt: entropy(),
            sealed: Vec::new(),
            letterbox: None,
        };
        let (seed, _) = secrets
            .split_first_chunk()
            .expect("a ring holds a seed first");
        wrap.letterbox = Some(letterbox(seed).public());
        let key = wrap.key(passphrase);
        let aad = wrap.aad(staff_number);
        append_ciphertext(&mut wrap.sealed, &key, &aad, secrets);
        wrap
    }

    /// What an unknown number is tried against: it costs the same and never opens.
    pub(super) fn decoy(cost: Cost) -> Self {
        Self {
            cost,
            salt: [0; SALT_BYTES],
            sealed: vec![0; SEALED_BYTES],
            letterbox: None,
        }
    }

    pub(super) fn open(
        &self,
        staff_number: &str,
        passphrase: &str,
    ) -> Option<Zeroizing<[u8; SECRET_BYTES]>> {
        let key = self.key(passphrase);
        let opened = open_ciphertext(&key, &self.aad(staff_number), &self.sealed).ok()?;
        let opened = Zeroizing::new(opened);
        opened.as_slice().try_into().ok().map(Zeroizing::new)
    }

    /// Where later epochs are boxed to; none in a ring of the first form.
    pub(super) fn letterbox(&self) -> Option<CasePublic> {
        self.letterbox
    }

    /// The same ring with the key for later epochs.
    pub(super) fn with_letterbox(mut self, seed: &[u8; 32]) -> Self {
        self.letterbox = Some(letterbox(seed).public());
        self
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.header();
        bytes.extend_from_slice(&self.sealed);
        if let Some(letterbox) = self.letterbox {
            bytes[0] = FORM;
            bytes.extend_from_slice(&letterbox.to_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (header, sealed) = bytes.split_at_checked(HEADER_BYTES)?;
        let number = |at: usize| header[at..at + 4].try_into().ok().map(u32::from_be_bytes);
        let cost = Cost {
            memory_kib: number(1)?,
            passes: number(5)?,
            lanes: number(9)?,
        };
        let (sealed, letterbox) = match header[0] {
            FORM_FIRST => (sealed, None),
            FORM => {
                let (sealed, key) = sealed.split_at_checked(SEALED_BYTES)?;
                (sealed, Some(CasePublic::from_bytes(key.try_into().ok()?)))
            }
            _ => return None,
        };
        if !cost.is_sane() {
            return None;
        }
        Some(Self {
            cost,
            salt: header[13..].try_into().ok()?,
            sealed: sealed.to_vec(),
            letterbox,
        })
    }

    /// What the passphrase vouches for; the key for later epochs came after the first form, and the
    /// store's own seal vouches for it.
    fn header(&self) -> Vec<u8> {
        let mut header = vec![FORM_FIRST];
        for number in [self.cost.memory_kib, self.cost.passes, self.cost.lanes] {
            header.extend_from_slice(&number.to_be_bytes());
        }
        header.extend_from_slice(&self.salt);
        header
    }

    fn aad(&self, staff_number: &str) -> Vec<u8> {
        let mut aad = self.header();
        aad.extend_from_slice(staff_number.as_bytes());
        aad
    }

    fn key(&self, passphrase: &str) -> Zeroizing<[u8; KEY_BYTES]> {
        derive(self.cost, passphrase, &self.salt)
    }
}

fn derive(cost: Cost, passphrase: &str, salt: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES))
        .expect("the cost of a ring is checked when it is read");
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .expect("salt and key have lengths that Argon2 takes");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vector of the reference implementation's own test: t=2, m=2^16 KiB, p=1, version 0x13.
    #[test]
    fn derivation_is_argon2id_with_the_stored_cost() {
        let cost = Cost {
            memory_kib: 64 * 1024,
            passes: 2,
            lanes: 1,
        };
        let key = derive(cost, "password", b"somesalt");
        let expected = [
            0x0931_6115_d5cf_24ed_5a15_a31a_3ba3_26e5_u128,
            0xcf32_edc2_4702_987c_02b6_566f_6191_3cf7,
        ];
        assert_eq!(*key, *expected.map(u128::to_be_bytes).concat());
    }

    #[test]
    fn rings_with_an_absurd_cost_or_form_are_not_ours() {
        let cheap = Cost {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        };
        let good = Wrap::decoy(cheap).to_bytes();
        assert!(Wrap::from_bytes(&good).is_some());
        for (at, value) in [
            (0, 2),
            (0, 3),
            (1, 0xFF),
            (5, 0xFF),
            (8, 0),
            (9, 0xFF),
            (12, 0),
        ] {
            let mut bad = good.clone();
            bad[at] = value;
            assert!(Wrap::from_bytes(&bad).is_none(), "byte {at}");
        }
        assert!(Wrap::from_bytes(&good[..20]).is_none());
    }
}
