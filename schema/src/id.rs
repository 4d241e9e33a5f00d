//! Names of things: fixed-length byte strings that say what they name in their type.

use minicbor::bytes::{DecodeBytes, EncodeBytes};
use minicbor::{Decode, Decoder, Encode, Encoder};
use sha2::{Digest, Sha256};
use sm3::Sm3;
use std::fmt;

macro_rules! byte_name {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const BYTES: usize = $len;

            /// Reads the name from exactly its length of bytes.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// Reads lower or upper hexadecimal digits of exactly the right count.
            pub fn from_hex(text: &str) -> Option<Self> {
                unhex(text).and_then(|bytes| Self::from_slice(&bytes))
            }

            /// Lower hexadecimal digits.
            pub fn to_hex(&self) -> String {
                hex(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({}…)"), hex(&self.0[..4]))
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut Encoder<W>,
                ctx: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                self.0.encode_bytes(e, ctx)
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
                <[u8; $len]>::decode_bytes(d, ctx).map(Self)
            }
        }
    };
}

byte_name!(
    /// The hash of an envelope's head bytes in its suite.
    EnvelopeId, 32
);
byte_name!(
    /// H(suite ‖ key ‖ office ‖ duty) in the key's suite: one key in one place, for ever.
    AuthorId, 32
);
byte_name!(
    /// A subject's set of envelopes, named by the id of the envelope that opened it.
    DossierId, 32
);
byte_name!(
    /// The hash of an envelope's body bytes in its suite.
    BodyHash, 32
);
byte_name!(
    /// An office, minted once; the bytes mean nothing.
    OfficeId, 16
);
byte_name!(
    /// An officer in the roster. Rules about people compare these and nothing else.
    PersonId, 16
);
byte_name!(
    /// 社区矫正对象 as the OPS domain knows them: a code that is not derived from a name or a number.
    PersonCode, 16
);
byte_name!(
    /// H(person, fence, kind, deciding fix): the same at every gateway that saw the violation.
    AlarmId, 32
);

impl From<EnvelopeId> for DossierId {
    fn from(opening: EnvelopeId) -> Self {
        Self(opening.0)
    }
}

impl From<DossierId> for EnvelopeId {
    fn from(dossier: DossierId) -> Self {
        Self(dossier.0)
    }
}

/// SHA-256 of the parts, one after another.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    hash::<Sha256>(parts)
}

/// SM3 (GB/T 32905) of the parts, one after another.
pub fn sm3(parts: &[&[u8]]) -> [u8; 32] {
    hash::<Sm3>(parts)
}

fn hash<D: Digest>(parts: &[&[u8]]) -> [u8; 32]
where
    [u8; 32]: From<sha2::digest::Output<D>>,
{
    let mut hasher = D::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Lower hexadecimal digits of the bytes.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Bytes of hexadecimal digits of either case, or none where the text is anything else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let nibble = |c: u8| char::from(c).to_digit(16).map(|v| v as u8);
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?))
        .collect()
}
