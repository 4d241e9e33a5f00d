//! Sealing at rest in suite 2: the published vectors of its primitives, and the same promises as in
//! suite 1.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiaolian_node::seal::{CasePublic, CaseSecret, OpenSealError, OpsKey, Place, sealer};
use jiaolian_schema::id::{hex, unhex};
use jiaolian_schema::suite::Suite;
use sm2::SecretKey;
use sm2::elliptic_curve::rand_core::{Infallible, TryCryptoRng, TryRng};
use sm2::pke::{DecryptingKey, EncryptingKey};
use sm4::Sm4;
use sm4::cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};

const HERE: Place<'static> = Place {
    table: 3,
    key: b"row",
};

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    unhex(&text.replace([' ', '\n'], ""))
        .unwrap()
        .try_into()
        .unwrap()
}

/// GB/T 32907-2016 annex A: one block once, and a million times under the same key.
#[test]
fn sm4_enciphers_as_gb_t_32907_does_once_and_a_million_times() {
    let plain = bytes::<16>("0123456789abcdeffedcba9876543210");
    let cipher = Sm4::new(&plain.into());
    let mut block = plain.into();
    cipher.encrypt_block(&mut block);
    assert_eq!(hex(&block), "681edf34d206965e86b3e94f536e4246");
    for _ in 1..1_000_000 {
        cipher.encrypt_block(&mut block);
    }
    assert_eq!(hex(&block), "595298c7c6fd271f0402f804c33d3f66");
    for _ in 0..1_000_000 {
        cipher.decrypt_block(&mut block);
    }
    assert_eq!(block.as_slice(), plain);
}

/// Draws one number and then no other.
struct Fixed(Vec<u8>);

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.copy_from_slice(&self.0[..out.len()]);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

/// GB/T 32918.5-2017 annex C.2: `encryption standard` for the key of the annex, with its k.
#[test]
fn sm2_encrypts_as_gb_t_32918_does() {
    let secret = bytes::<32>("3945208f7b2144b13f36e38ac6d39f9588939369 2860b51a42fb81ef4df7c5b8");
    let secret = SecretKey::from_slice(&secret).unwrap();
    let k = bytes::<32>("59276e27d506861a16680f3ad9c02dcc ef3cc1fa3cdbe4ce6d54b80deac1bc21");
    let expected = "04 04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73
        e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0
        59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766
        21886ca989ca9c7d58087307ca93092d651efa";
    let plain = b"encryption standard";
    let key = EncryptingKey::new(secret.public_key());
    let sealed = key.encrypt(&mut Fixed(k.to_vec()), plain).unwrap();
    assert_eq!(hex(&sealed), expected.replace([' ', '\n'], ""));
    assert_eq!(DecryptingKey::new(secret).decrypt(&sealed).unwrap(), plain);
}

fn keys() -> (OpsKey, CaseSecret) {
    let two = Suite::Sm2;
    (OpsKey::generate_in(two), CaseSecret::generate_in(two))
}

#[test]
fn all_three_forms_open_with_their_key_and_survive_its_stored_form() {
    let (ops, secret) = keys();
    let again = OpsKey::new(Suite::Sm2, ops.to_bytes());
    let sealed = ops.seal(HERE, b"body");
    assert_eq!(again.open(HERE, &sealed).unwrap(), b"body");
    let public = CasePublic::from_bytes(&secret.public().to_bytes()).unwrap();
    let again = CaseSecret::from_bytes(&secret.to_bytes()).unwrap();
    assert_eq!(again.public(), public);
    for plain in [&b""[..], b"body", &[7; 5_000]] {
        for sealed in [public.seal(HERE, plain), secret.seal(HERE, plain)] {
            assert_eq!(again.open(HERE, &sealed).unwrap(), plain);
            assert_eq!(keys().1.open(HERE, &sealed), Err(OpenSealError::Damaged));
        }
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_damage() {
    let (ops, secret) = keys();
    let sealed = [
        ops.seal(HERE, b"pq"),
        secret.seal(HERE, b"pq"),
        secret.public().seal(HERE, b"pq"),
    ];
    let opens = |bytes: &[u8]| ops.open(HERE, bytes).is_ok() || secret.open(HERE, bytes).is_ok();
    for bytes in &sealed {
        assert!(opens(bytes));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!opens(&flipped), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(!opens(&bytes[..length]), "{length} bytes");
        }
    }
}

#[test]
fn values_moved_to_another_row_table_or_suite_are_damaged() {
    let (ops, secret) = keys();
    let sealed = [
        ops.seal(HERE, b"v"),
        secret.seal(HERE, b"v"),
        secret.public().seal(HERE, b"v"),
    ];
    let one = OpsKey::from_bytes(*ops.to_bytes());
    let elsewhere = [(4, &b"row"[..]), (3, b"rox"), (3, b"")];
    for bytes in &sealed {
        for (table, key) in elsewhere {
            let place = Place { table, key };
            assert!(ops.open(place, bytes).is_err() && secret.open(place, bytes).is_err());
        }
        // The first byte tells the suite, and the tag covers it.
        let mut turned = bytes.clone();
        turned[0] ^= 0x80;
        assert!(ops.open(HERE, &turned).is_err() && secret.open(HERE, &turned).is_err());
        assert!(one.open(HERE, &turned).is_err() && one.open(HERE, bytes).is_err());
    }
    assert_ne!(ops.seal(HERE, b"v"), ops.seal(HERE, b"v"));
    let public = secret.public();
    assert_ne!(public.seal(HERE, b"v"), public.seal(HERE, b"v"));
}

/// The length of the associated data is under the tag, so no byte of it can become text.
#[test]
fn text_and_associated_data_are_kept_apart() {
    for suite in Suite::ALL {
        let seal = sealer(suite, &[5; 32]);
        let mut sealed = Vec::new();
        seal.append(&mut sealed, b"ab", b"cd");
        assert_eq!(seal.open(b"ab", &sealed).unwrap(), b"cd");
        for other in [&b"a"[..], b"abc", b"", b"ba"] {
            assert_eq!(
                seal.open(other, &sealed),
                Err(OpenSealError::Damaged),
                "{suite:?}"
            );
        }
    }
}

#[test]
fn bytes_that_are_no_key_are_refused() {
    let (_, secret) = keys();
    let public = secret.public().to_bytes();
    for odd in [&public[..68], &public[..35], &[0; 36 + 1], &[0; 69], b""] {
        assert!(CasePublic::from_bytes(odd).is_none(), "{} bytes", odd.len());
    }
    let stored = secret.to_bytes();
    assert_eq!(stored.len(), 37);
    let mut other_suite = stored.to_vec();
    other_suite[36] = 99;
    let mut zero = vec![0; 36];
    zero.push(2);
    for odd in [&stored[..35], &other_suite, &zero, b""] {
        assert!(CaseSecret::from_bytes(odd).is_none(), "{} bytes", odd.len());
    }
}
