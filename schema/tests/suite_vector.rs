//! Published vectors of both suites: what is signed and hashed here is what the standards say, and
//! others' checkers will find the same.

#![allow(clippy::unwrap_used)]

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiaolian_schema::id::{hex, sha256, sm3, unhex};
use jiaolian_schema::suite::{
    ED25519, Ed25519Signer, SM2, SM2_USER_ID, Sign, Sm2Signer, StrictVerifier, Verify as _, digest,
};
use sm2::elliptic_curve::PrimeField as _;
use sm2::elliptic_curve::ops::Reduce as _;
use sm2::{FieldBytes, Scalar};
use sm3::Sm3;

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    unhex(&text.replace(' ', "")).unwrap().try_into().unwrap()
}

/// RFC 8032 §7.1, tests 1 to 3: seed, public key, message, signature.
const RFC_8032: [[&str; 4]; 3] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
         5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
         18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
];

#[test]
fn ed25519_signs_as_rfc_8032_does() {
    for [seed, key, message, signature] in RFC_8032 {
        let (signer, message) = (
            Ed25519Signer::from_seed(&bytes(seed)),
            unhex(message).unwrap(),
        );
        assert_eq!(hex(&signer.public_key()), key);
        assert_eq!(hex(&signer.sign(&message).unwrap()), signature);
        let signature = bytes(signature);
        assert!(StrictVerifier.verify(ED25519, &signer.public_key(), &message, &signature));
    }
}

#[test]
fn hashes_are_those_of_gb_t_32905_and_fips_180() {
    let abc: [&[u8]; 2] = [b"a", b"bc"];
    assert_eq!(
        hex(&sm3(&abc)),
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    );
    assert_eq!(
        hex(&sm3(&["abcd".repeat(16).as_bytes()])),
        "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    );
    assert_eq!(
        hex(&sha256(&abc)),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(digest(SM2, &abc), sm3(&abc));
    for other in [0, ED25519, 3, 99, 255] {
        assert_eq!(digest(other, &abc), sha256(&abc), "suite {other}");
    }
}

/// GB/T 32918.5-2017 annex A.2 (GM/T 0003.5-2012): the recommended curve, the user id
/// 1234567812345678, the message `message digest`.
const D: &str = "3945208F 7B2144B1 3F36E38A C6D39F95 88939369 2860B51A 42FB81EF 4DF7C5B8";
const X: &str = "09F9DF31 1E5421A1 50DD7D16 1E4BC5C6 72179FAD 1833FC07 6BB08FF3 56F35020";
const Y: &str = "CCEA490C E26775A5 2DC6EA71 8CC1AA60 0AED05FB F35E084A 6632F607 2DA9AD13";
const Z: &str = "B2E14C5C 79C6DF5B 85F4FE7E D8DB7A26 2B9DA7E0 7CCB0EA9 F4747B8C CDA8A4F3";
const E: &str = "F0B43E94 BA45ACCA ACE692ED 534382EB 17E6AB5A 19CE7B31 F4486FDF C0D28640";
const R: &str = "F5A03B06 48D2C463 0EEAC513 E1BB81A1 5944DA38 27D5B741 43AC7EAC EEE720B3";
const S: &str = "B1B6AA29 DF212FD8 763182BC 0D421CA1 BB9038FD 1F7F42D4 840B69C4 85BBC1AA";
const MESSAGE: &[u8] = b"message digest";
/// The curve: a, b, and the generator's x and y.
const CURVE: &str = "FFFFFFFE FFFFFFFF FFFFFFFF FFFFFFFF FFFFFFFF 00000000 FFFFFFFF FFFFFFFC
    28E9FA9E 9D9F5E34 4D5A9E4B CF6509A7 F39789F5 15AB8F92 DDBCBD41 4D940E93
    32C4AE2C 1F198119 5F990446 6A39C994 8FE30BBF F2660BE1 715A4589 334C74C7
    BC3736A2 F4F6779C 59BDCEE3 6B692153 D0A9877C C62A4740 02DF32E5 2139F0A0";

fn standard() -> Sm2Signer {
    Sm2Signer::from_secret(&bytes(D)).unwrap()
}

/// e of a message under the standard's key, from the words of the standard alone.
fn e_of(message: &[u8]) -> [u8; 32] {
    let id = SM2_USER_ID.as_bytes();
    let bits = (id.len() as u16 * 8).to_be_bytes();
    let curve = unhex(&CURVE.replace(['\n', ' '], "")).unwrap();
    let z = sm3(&[&bits, id, &curve, &bytes::<32>(X), &bytes::<32>(Y)]);
    assert_eq!(z, bytes(Z));
    sm3(&[&z, message])
}

#[test]
fn sm2_checks_the_signature_of_gb_t_32918() {
    let key = standard().public_key();
    assert_eq!(key, [&[4], &bytes::<32>(X)[..], &bytes::<32>(Y)].concat());
    assert_eq!(e_of(MESSAGE), bytes(E));
    let signature: [u8; 64] = [bytes::<32>(R), bytes::<32>(S)]
        .concat()
        .try_into()
        .unwrap();
    assert!(StrictVerifier.verify(SM2, &key, MESSAGE, &signature));
    assert!(!StrictVerifier.verify(SM2, &key, b"message digesu", &signature));
    assert!(!StrictVerifier.verify(ED25519, &key, MESSAGE, &signature));
}

fn scalar(bytes: [u8; 32]) -> Scalar {
    Scalar::from_repr(FieldBytes::from(bytes)).unwrap()
}

/// k as RFC 6979 §3.2 makes it with HMAC-SM3, written from its steps.
fn rfc_6979(secret: &[u8; 32], hash: &[u8; 32]) -> Scalar {
    let mac = |key: &[u8; 32], parts: &[&[u8]]| -> [u8; 32] {
        let mut mac = Hmac::<Sm3>::new_from_slice(key).unwrap();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    };
    let reduced: [u8; 32] = Scalar::reduce(&FieldBytes::from(*hash)).to_repr().into();
    let (mut key, mut value) = ([0; 32], [1; 32]);
    for step in [0, 1] {
        key = mac(&key, &[&value, &[step], secret, &reduced]);
        value = mac(&key, &[&value]);
    }
    loop {
        value = mac(&key, &[&value]);
        let found = Scalar::from_repr(FieldBytes::from(value)).into_option();
        if let Some(k) = found.filter(|k| *k != Scalar::ZERO) {
            return k;
        }
        key = mac(&key, &[&value, &[0]]);
        value = mac(&key, &[&value]);
    }
}

/// Whoever knows d gets k back from a signature: k = s + (r + s) d. A k that two messages shared would
/// give d away to everybody.
#[test]
fn sm2_takes_for_each_message_the_k_of_rfc_6979() {
    let (signer, d) = (standard(), scalar(bytes(D)));
    let mut seen = Vec::new();
    for number in 0..32_u32 {
        let message = [MESSAGE, &number.to_be_bytes()].concat();
        let signature = signer.sign(&message).unwrap();
        assert_eq!(signer.sign(&message).unwrap(), signature);
        assert!(StrictVerifier.verify(SM2, &signer.public_key(), &message, &signature));
        let half = |from: usize| scalar(signature[from..from + 32].try_into().unwrap());
        let (r, s) = (half(0), half(32));
        let k = s + (r + s) * d;
        assert_eq!(k, rfc_6979(&bytes(D), &e_of(&message)));
        assert!(!seen.contains(&k));
        seen.push(k);
    }
}

#[test]
fn secrets_outside_one_to_n_less_two_make_no_key() {
    let n = "FFFFFFFE FFFFFFFF FFFFFFFF FFFFFFFF 7203DF6B 21C6052B 53BBF409 39D54123";
    let less = |by: u8| {
        let mut order = bytes::<32>(n);
        order[31] -= by;
        order
    };
    let mut one = [0; 32];
    one[31] = 1;
    for (secret, good) in [
        ([0; 32], false),
        (one, true),
        (less(2), true),
        (less(1), false),
        (less(0), false),
        ([0xff; 32], false),
    ] {
        let made = Sm2Signer::from_secret(&secret);
        assert_eq!(made.is_some(), good, "{}", hex(&secret));
        if let Some(signer) = made {
            let signature = signer.sign(MESSAGE).unwrap();
            assert!(StrictVerifier.verify(SM2, &signer.public_key(), MESSAGE, &signature));
        }
    }
}

#[test]
fn seeds_make_keys_that_differ_and_stay() {
    let key = |seed: u8| Sm2Signer::from_seed(&[seed; 32]).public_key();
    assert_eq!(key(1), key(1));
    assert_ne!(key(1), key(2));
    assert_eq!(
        format!("{:?}", Sm2Signer::from_seed(&[1; 32])),
        "Sm2Signer(secret)"
    );
}
