//! A positioning device bound to a person for some time, as the value of a case's protected field
//! `device/<terminal>`.
//!
//! Two regimes never mix: a band reports all the time and only while a decision under 社区矫正法 Art. 29
//! is in force;
//! a phone gives single points. What is bound ends by itself at its last instant.

use crate::id::{OfficeId, sha256};
use minicbor::{Decode, Encode};

/// First part of the names of the fields that bind devices.
pub const DEVICE_FIELD: &str = "device/";
/// First part of the names of the fields that set fences.
pub const FENCE_FIELD: &str = "fence/";
/// Fewest characters of a device's token: the hash of a shorter one could be guessed.
pub const TOKEN_CHARS_MIN: u32 = 16;
/// Most characters of a device's token.
pub const TOKEN_CHARS_MAX: u32 = 128;

/// Shortest interval between two reports that a binding says, seconds.
pub const INTERVAL_S_MIN: u32 = 10;
/// Longest interval between two reports that a binding says, seconds.
pub const INTERVAL_S_MAX: u32 = 3_600;
/// The ground that makes an exit gravest: a proposal to revoke or recommit is being prepared.
const GRAVE_GROUND: u8 = 5;

/// Bytes of a device's public key, of suite 1.
pub const KEY_BYTES: usize = 32;

const TOKEN_DOMAIN: &[u8] = b"jiaolian device-token/1\0";
const KEY_DOMAIN: &[u8] = b"jiaolian device-key/1\0";
const FIXES_DOMAIN: &[u8] = b"jiaolian fixes/1\0";

/// How a device watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Regime {
    /// An electronic positioning device (电子定位装置), three months each time.
    #[n(1)]
    Band,
    /// A phone, which answers single checks.
    #[n(2)]
    Phone,
}

/// The binding of a device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Device {
    /// How it watches.
    #[n(0)]
    pub regime: Regime,
    /// First instant, ms UTC.
    #[n(1)]
    pub from: i64,
    /// Last instant, ms UTC.
    #[n(2)]
    pub until: i64,
    /// [`token_hash`] of what it shows at a gateway. None: its number is all it shows, which only a
    /// drill accepts.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub secret_hash: Option<[u8; 32]>,
    /// Public key (Ed25519) of a device that signs what it sends; beside a token or instead of one.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub key: Option<[u8; KEY_BYTES]>,
    /// How often it reports, seconds, [`INTERVAL_S_MIN`] to [`INTERVAL_S_MAX`]; none: as the rules
    /// suppose.
    #[n(5)]
    pub interval_s: Option<u32>,
    /// The office whose node hears it and misses it from its fitting on; none: a node misses only
    /// what it has heard.
    #[n(6)]
    pub heard_at: Option<OfficeId>,
    /// Number of the ground of the decision (社区矫正法 Art. 29), 1 to 5; none where it is not said.
    #[n(7)]
    pub ground: Option<u8>,
}

/// What a device shows to be let in: [`token_hash`] of its token or [`key_hash`] of the key that
/// signed.
pub type Card = [u8; 32];

impl Device {
    /// A binding from the first to the last instant, ms UTC, that says nothing else.
    pub const fn new(regime: Regime, from: i64, until: i64) -> Self {
        Self {
            regime,
            from,
            until,
            secret_hash: None,
            key: None,
            interval_s: None,
            heard_at: None,
            ground: None,
        }
    }

    /// Whether a report of this instant, ms UTC, may be taken in.
    pub fn holds(&self, time: i64) -> bool {
        (self.from..=self.until).contains(&time)
    }

    /// How often it reports, ms; none where the binding does not say, or nothing that can be.
    pub fn interval_ms(&self) -> Option<i64> {
        let said = self.interval_s;
        let said = said.filter(|s| (INTERVAL_S_MIN..=INTERVAL_S_MAX).contains(s));
        said.map(|seconds| i64::from(seconds) * 1_000)
    }

    /// Whether leaving the permitted area is gravest from the beginning (D12).
    pub fn is_grave(&self) -> bool {
        self.ground == Some(GRAVE_GROUND)
    }

    /// Whether it is bound with neither token nor key, so that nothing it shows would do.
    pub fn is_bare(&self) -> bool {
        self.secret_hash.is_none() && self.key.is_none()
    }

    /// Whether this card is the device's, in a time that does not depend on where they differ.
    pub fn opens_to(&self, terminal: &str, card: &Card) -> bool {
        let by_token = self.secret_hash.is_some_and(|hash| is_same(&hash, card));
        let key = self.key.map(|key| key_hash(terminal, &key));
        by_token | key.is_some_and(|hash| is_same(&hash, card))
    }
}

/// SHA-256 over a terminal and its token, so that equal tokens of two devices don't look equal.
pub fn token_hash(terminal: &str, token: &str) -> [u8; 32] {
    let length = (terminal.len() as u64).to_be_bytes();
    sha256(&[TOKEN_DOMAIN, &length, terminal.as_bytes(), token.as_bytes()])
}

/// SHA-256 over a terminal and the public key that it signs with; never equal to a token's.
pub fn key_hash(terminal: &str, key: &[u8; KEY_BYTES]) -> Card {
    let length = (terminal.len() as u64).to_be_bytes();
    sha256(&[KEY_DOMAIN, &length, terminal.as_bytes(), key])
}

/// What a device signs of a request's body, so that its signature is good for nothing else.
pub fn signed_fixes(body: &[u8]) -> Vec<u8> {
    [FIXES_DOMAIN, body].concat()
}

fn is_same(a: &Card, b: &Card) -> bool {
    let difference = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAND: Device = Device {
        regime: Regime::Band,
        from: 1,
        until: 2,
        secret_hash: None,
        key: None,
        interval_s: None,
        heard_at: None,
        ground: None,
    };

    #[test]
    fn a_binding_without_a_token_has_the_bytes_it_always_had() {
        let bytes = [0xa3, 0, 1, 1, 1, 2, 2];
        assert_eq!(minicbor::to_vec(&BAND).unwrap(), bytes);
        assert_eq!(minicbor::decode::<Device>(&bytes).unwrap(), BAND);
    }

    #[test]
    fn what_a_binding_says_besides_comes_after_the_bytes_it_always_had() {
        let device = Device {
            interval_s: Some(60),
            heard_at: Some(OfficeId([9; 16])),
            ground: Some(5),
            ..BAND
        };
        let bytes = minicbor::to_vec(&device).unwrap();
        assert_eq!(bytes[..7], [0xa6, 0, 1, 1, 1, 2, 2]);
        assert_eq!(bytes[7..12], [5, 0x18, 60, 6, 0x50]);
        assert_eq!(bytes[bytes.len() - 2..], [7, 5]);
        assert_eq!(minicbor::decode::<Device>(&bytes).unwrap(), device);
        assert_eq!(device.interval_ms(), Some(60_000));
        assert!(device.is_grave() && !BAND.is_grave());
        for odd in [0, 9, 3_601, u32::MAX] {
            let odd = Device {
                interval_s: Some(odd),
                ..device.clone()
            };
            assert_eq!(odd.interval_ms(), None);
        }
    }

    #[test]
    fn a_binding_with_a_token_keeps_its_hash_and_no_token() {
        let device = Device {
            secret_hash: Some(token_hash("band-1", "correct horse battery")),
            ..BAND
        };
        let bytes = minicbor::to_vec(&device).unwrap();
        assert_eq!(bytes.len(), 7 + 1 + 2 + 32);
        assert_eq!(minicbor::decode::<Device>(&bytes).unwrap(), device);
    }

    #[test]
    fn a_binding_opens_to_its_token_and_its_key_and_to_no_other() {
        let key = [7; KEY_BYTES];
        let token = token_hash("band-1", "correct horse battery");
        let device = Device {
            key: Some(key),
            ..BAND
        };
        let bytes = minicbor::to_vec(&device).unwrap();
        assert_eq!(minicbor::decode::<Device>(&bytes).unwrap(), device);
        assert!(!device.is_bare() && BAND.is_bare());
        assert!(device.opens_to("band-1", &key_hash("band-1", &key)));
        assert!(!device.opens_to("band-1", &key_hash("band-2", &key)));
        assert!(!device.opens_to("band-1", &token));
        let both = Device {
            secret_hash: Some(token),
            ..device
        };
        assert!(both.opens_to("band-1", &token));
        assert!(!BAND.opens_to("band-1", &token));
    }

    #[test]
    fn one_token_on_two_devices_has_two_hashes() {
        assert_ne!(token_hash("a", "bc"), token_hash("ab", "c"));
        assert_ne!(token_hash("a", "x"), token_hash("b", "x"));
    }
}
