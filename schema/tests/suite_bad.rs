//! Signatures and keys that must be refused in either suite, one row each: a lax checker here and a
//! strict one there would see two different chains.

#![allow(clippy::unwrap_used)]

use jiaolian_schema::id::unhex;
use jiaolian_schema::suite::{
    ED25519, SM2, SeedSigner, Sign as _, StrictVerifier, Suite, Verify as _,
};

const MESSAGE: &[u8] = b"jiaolian/1 5 act/1 3 abc";
/// The order of the Ed25519 base point, little-endian.
const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
/// The order of the SM2 base point, big-endian.
const N: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
/// The prime of the SM2 curve's field, big-endian.
const P: &str = "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff";

type Half = [u8; 32];

fn half(text: &str) -> Half {
    unhex(text).unwrap().try_into().unwrap()
}

struct Good {
    suite: u8,
    key: Vec<u8>,
    signature: [u8; 64],
}

fn good(suite: Suite) -> Good {
    let signer = SeedSigner::new(suite, &[7; 32]);
    Good {
        suite: suite.number(),
        key: signer.public_key(),
        signature: signer.sign(MESSAGE).unwrap(),
    }
}

impl Good {
    fn halves(&self) -> (Half, Half) {
        let (r, s) = self.signature.split_at(32);
        (r.try_into().unwrap(), s.try_into().unwrap())
    }

    fn passes(&self, key: &[u8], signature: &[u8; 64]) -> bool {
        StrictVerifier.verify(self.suite, key, MESSAGE, signature)
    }

    fn refuses(&self, what: &str, r: Half, s: Half) {
        let signature: [u8; 64] = [r, s].concat().try_into().unwrap();
        assert!(
            !self.passes(&self.key, &signature),
            "suite {}: {what}",
            self.suite
        );
    }

    fn refuses_key(&self, what: &str, key: &[u8]) {
        let suite = Suite::numbered(self.suite).unwrap();
        assert!(!suite.is_public_key(key), "suite {}: {what}", self.suite);
        // The signatures that verify under weak keys where checks are lax.
        let mut identity = [0; 64];
        identity[0] = 1;
        for signature in [self.signature, [0; 64], identity] {
            assert!(
                !self.passes(key, &signature),
                "suite {}: {what}",
                self.suite
            );
        }
    }
}

/// a − b, big-endian, a ≥ b.
fn minus(a: Half, b: Half) -> Half {
    let (mut out, mut borrow) = ([0; 32], 0);
    for at in (0..32).rev() {
        let value = 256 + i32::from(a[at]) - i32::from(b[at]) - borrow;
        (out[at], borrow) = ((value % 256) as u8, i32::from(value < 256));
    }
    out
}

/// a + b, little-endian, modulo 2²⁵⁶.
fn plus(a: Half, b: Half) -> Half {
    let (mut out, mut carry) = ([0; 32], 0);
    for at in 0..32 {
        let value = u16::from(a[at]) + u16::from(b[at]) + carry;
        (out[at], carry) = (value as u8, value >> 8);
    }
    out
}

#[test]
fn every_flipped_bit_of_a_signature_is_refused() {
    for suite in Suite::ALL {
        let good = good(suite);
        assert!(good.passes(&good.key, &good.signature));
        for bit in 0..512 {
            let mut flipped = good.signature;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!good.passes(&good.key, &flipped), "{suite:?} bit {bit}");
        }
    }
}

#[test]
fn a_signature_is_of_its_own_suite_key_and_message() {
    for suite in Suite::ALL {
        let good = good(suite);
        let other = SeedSigner::new(suite, &[8; 32]).public_key();
        assert!(!good.passes(&other, &good.signature));
        for number in [0, ED25519, SM2, 3, 99, 255] {
            let same = number == good.suite;
            let key = &good.key;
            let passes = StrictVerifier.verify(number, key, MESSAGE, &good.signature);
            assert_eq!(passes, same, "suite {number}");
            assert_eq!(StrictVerifier.knows(number), (1..=2).contains(&number));
        }
        assert!(!StrictVerifier.verify(good.suite, &good.key, b"", &good.signature));
    }
}

#[test]
fn ed25519_refuses_every_bad_signature() {
    let good = good(Suite::Ed25519);
    let (r, s) = good.halves();
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut high = s;
    high[31] |= 0xe0;
    for (what, r, s) in [
        ("R = 0", [0; 32], s),
        ("S = 0", r, [0; 32]),
        ("both 0", [0; 32], [0; 32]),
        ("S + L", r, plus(s, half(L))),
        ("S = L", r, half(L)),
        ("S of all ones", r, [0xff; 32]),
        ("S with its top bits set", r, high),
        ("R the identity", identity, s),
        ("R not on the curve", [2; 32], s),
        ("halves exchanged", s, r),
    ] {
        good.refuses(what, r, s);
    }
}

#[test]
fn ed25519_refuses_weak_and_unreduced_keys() {
    let good = good(Suite::Ed25519);
    // The eight points of small order, and those of their other spellings that lax decoders take.
    for key in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        good.refuses_key(key, &half(key));
    }
    // y = p + 3 and its like name points of large order a second time.
    for low in 0xed..=0xff_u8 {
        let mut key = [0xff; 32];
        (key[0], key[31]) = (low, 0x7f);
        good.refuses_key("y above p", &key);
    }
    good.refuses_key("31 bytes", &good.key[1..]);
    good.refuses_key("33 bytes", &[&good.key[..], &[0]].concat());
    good.refuses_key("no bytes", &[]);
}

#[test]
fn sm2_refuses_every_bad_signature() {
    let good = good(Suite::Sm2);
    let (r, s) = good.halves();
    let n = half(N);
    let mut one = [0; 32];
    one[31] = 1;
    for (what, r, s) in [
        ("r = 0", [0; 32], s),
        ("s = 0", r, [0; 32]),
        ("both 0", [0; 32], [0; 32]),
        ("r = n", n, s),
        ("s = n", r, n),
        ("r = n + 1, which is 1", plus_one(n), s),
        ("s = n + 1, which is 1", r, plus_one(n)),
        ("r of all ones", [0xff; 32], s),
        ("s of all ones", r, [0xff; 32]),
        ("r + s = n", r, minus(n, r)),
        ("r + s = n the other way", minus(n, s), s),
        ("r = n - 1, s = 1", minus(n, one), one),
        ("n - r", minus(n, r), s),
        ("n - s", r, minus(n, s)),
        ("halves exchanged", s, r),
    ] {
        good.refuses(what, r, s);
    }
}

fn plus_one(mut number: Half) -> Half {
    number[31] += 1;
    number
}

#[test]
fn sm2_takes_a_key_in_one_form_only() {
    let good = good(Suite::Sm2);
    let (x, y) = (&good.key[1..33], &good.key[33..]);
    let p = half(P);
    let minus_y = minus(p, y.try_into().unwrap());
    let sign = 2 + (y[31] & 1);
    let mut off = good.key.clone();
    off[64] ^= 1;
    for (what, key) in [
        ("compressed", [&[sign], x].concat()),
        ("hybrid", [&[sign + 4], x, y].concat()),
        ("without its first byte", [x, y].concat()),
        ("off the curve", off),
        ("infinity", vec![0]),
        ("all zeros", vec![0; 65]),
        ("04 and zeros", [&[4], &[0; 64][..]].concat()),
        ("x = p", [&[4], &p[..], y].concat()),
        ("y = p", [&[4], x, &p[..]].concat()),
        ("a byte more", [&good.key[..], &[0]].concat()),
        ("no bytes", Vec::new()),
    ] {
        good.refuses_key(what, &key);
    }
    // The other point of the same x is a key, but not this one.
    let other = [&[4], x, &minus_y].concat();
    assert!(Suite::Sm2.is_public_key(&other));
    assert!(!good.passes(&other, &good.signature));
}
