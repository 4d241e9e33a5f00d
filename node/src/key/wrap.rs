//! One officer's ring at rest: secrets under a key that Argon2id makes of the passphrase, with its
//! cost beside it so that the cost can rise later, and a letterbox: a public key to which later epochs
//! of the CASE domain are boxed, and which opens with the same passphrase.

use crate::seal::{CasePublic, CaseSecret, KEY_BYTES, entropy, sealer};
use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use jiaolian_schema::suite::Suite;
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a ring holds and what seals it. A number never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Form {
    /// A seed and a CASE secret of suite 1, sealed in suite 1.
    Plain = 1,
    /// Any key and any CASE secret, sealed in suite 1.
    Any = 2,
    /// The same, sealed in suite 2.
    AnySm = 0x82,
}

impl Form {
    const ALL: [Self; 3] = [Self::Plain, Self::Any, Self::AnySm];

    /// The form for secrets of a suite that no officer's ring holds.
    pub(super) fn of(suite: Suite) -> Self {
        match suite {
            Suite::Ed25519 => Self::Any,
            Suite::Sm2 => Self::AnySm,
        }
    }

    fn suite(self) -> Suite {
        match self {
            Self::Plain | Self::Any => Suite::Ed25519,
            Self::AnySm => Suite::Sm2,
        }
    }
}

/// Set in the first byte of a ring with a letterbox; those of the first programs have none until their
/// officer signs in.
const LETTERBOX_BIT: u8 = 0x40;
const LETTERBOX_INFO: &[u8] = b"jiaolian letterbox 1";
const SALT_BYTES: usize = 16;
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
    form: Form,
    cost: Cost,
    salt: [u8; SALT_BYTES],
    letterbox: Option<CasePublic>,
    sealed: Vec<u8>,
}

/// What a passphrase opens.
pub(super) struct Opened {
    /// What the ring holds.
    pub(super) secrets: Zeroizing<Vec<u8>>,
    /// The key of its letterbox.
    pub(super) letterbox: CaseSecret,
}

impl Wrap {
    pub(super) fn seal(
        (cost, form): (Cost, Form),
        staff_number: &str,
        passphrase: &str,
        secrets: &[u8],
    ) -> Self {
        let mut wrap = Self {
            form,
            cost,
            salt: entropy(),
            letterbox: None,
            sealed: Vec::new(),
        };
        let key = wrap.key(passphrase);
        wrap.letterbox = Some(letterbox(form.suite(), &key).public());
        let aad = wrap.aad(staff_number);
        sealer(form.suite(), &key).append(&mut wrap.sealed, &aad, secrets);
        wrap
    }

    /// What an unknown number is tried against: it costs the same and never opens.
    pub(super) fn decoy(cost: Cost) -> Self {
        Self {
            form: Form::Plain,
            cost,
            salt: [0; SALT_BYTES],
            letterbox: None,
            sealed: vec![0; 128],
        }
    }

    pub(super) fn open(&self, staff_number: &str, passphrase: &str) -> Option<Opened> {
        let key = self.key(passphrase);
        let sealer = sealer(self.form.suite(), &key);
        let secrets = sealer.open(&self.aad(staff_number), &self.sealed).ok()?;
        let secrets = Zeroizing::new(secrets);
        let letterbox = letterbox(self.form.suite(), &key);
        Some(Opened { secrets, letterbox })
    }

    /// Where later epochs are boxed to; none in a ring that has no letterbox yet.
    pub(super) fn letterbox(&self) -> Option<CasePublic> {
        self.letterbox
    }

    /// The same ring with its letterbox.
    pub(super) fn with_letterbox(self, letterbox: CasePublic) -> Self {
        let letterbox = Some(letterbox);
        Self { letterbox, ..self }
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.header();
        if let Some(letterbox) = self.letterbox.map(|letterbox| letterbox.to_bytes()) {
            bytes[0] |= LETTERBOX_BIT;
            bytes.push(letterbox.len() as u8);
            bytes.extend_from_slice(&letterbox);
        }
        bytes.extend_from_slice(&self.sealed);
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
        let mut forms = Form::ALL.into_iter();
        let form = forms.find(|form| *form as u8 == header[0] & !LETTERBOX_BIT)?;
        let (letterbox, sealed) = if header[0] & LETTERBOX_BIT == 0 {
            (None, sealed)
        } else {
            let (length, rest) = sealed.split_first()?;
            let (letterbox, sealed) = rest.split_at_checked(usize::from(*length))?;
            (Some(CasePublic::from_bytes(letterbox)?), sealed)
        };
        if !cost.is_sane() {
            return None;
        }
        Some(Self {
            form,
            cost,
            salt: header[13..].try_into().ok()?,
            letterbox,
            sealed: sealed.to_vec(),
        })
    }

    /// What the passphrase vouches for; for the letterbox the store's own seal does.
    fn header(&self) -> Vec<u8> {
        let mut header = vec![self.form as u8];
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

/// A key of a passphrase; none where the cost is not one that this program writes.
pub(crate) fn stretch(
    cost: Cost,
    passphrase: &str,
    salt: &[u8; SALT_BYTES],
) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    cost.is_sane().then(|| derive(cost, passphrase, salt))
}

/// The key of a letterbox, which only whoever knows the passphrase can make.
fn letterbox(suite: Suite, key: &[u8; KEY_BYTES]) -> CaseSecret {
    let mut draws = (0..=u8::MAX).filter_map(|draw| {
        let mut bytes = Zeroizing::new(vec![0; 4 + KEY_BYTES]);
        Hkdf::<Sha256>::new(Some(&[draw]), key)
            .expand(LETTERBOX_INFO, &mut bytes[4..])
            .expect("32 bytes are within what one HKDF gives");
        if suite != Suite::Ed25519 {
            bytes.push(suite.number());
        }
        CaseSecret::from_bytes(&bytes)
    });
    draws
        .next()
        .expect("one draw in 2^32 is above the order of a curve")
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
        for (at, value) in [(0, 3), (1, 0xFF), (5, 0xFF), (8, 0), (9, 0xFF), (12, 0)] {
            let mut bad = good.clone();
            bad[at] = value;
            assert!(Wrap::from_bytes(&bad).is_none(), "byte {at}");
        }
        assert!(Wrap::from_bytes(&good[..20]).is_none());
    }
}
