//! Certificates for pages on an office's local network: made off-line by a county's own
//! certificate authority, carried by hand, and shown only while the roster vouches for that
//! authority.
//!
//! Other PCs of an office reach its node over TLS, because a passphrase crosses the wire. Nobody
//! outside can issue a certificate for `10.8.3.20`, so each county makes its own authority: one
//! file under a passphrase, on a USB stick in a safe. It may sign for private addresses and for one
//! domain of the county only (name constraints), so that whoever steals it can't pose as a bank to
//! the PCs that trust it. A keeper's signed act binds its fingerprint into the roster; a node shows
//! no certificate of any other authority, however valid, so a stick with a foreign authority on it
//! changes nothing.

mod ask;
mod authority;
mod issued;
mod name;

pub use ask::{ASK_BYTES_MAX, Ask, LanKey};
pub use authority::{AUTHORITY_BYTES_MAX, AuthorityFile, Scope};
pub use issued::{CERTIFICATE_BYTES_MAX, Issued, LAN_CERTIFICATE_FILE, LAN_KEY_FILE, Stored};
pub use name::{NAMES_MAX, check_name, check_names};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

const DAY_MS: i64 = 86_400_000;
/// How long a node's certificate is valid, days.
pub const CERTIFICATE_DAYS: i64 = 365;
/// How long a county's authority is valid, days.
pub const AUTHORITY_DAYS: i64 = 3_650;
/// So many days before its end a certificate's renewal is asked for.
pub const REMIND_DAYS: i64 = 30;
/// Certificates begin so long before they are made, days: a PC's clock may be behind.
const LEAD_DAYS: i64 = 1;

/// Why a certificate, a request for one or an authority is refused.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum CertificateError {
    #[error("this is no {what}: {reason}")]
    Form { what: &'static str, reason: String },
    #[error("a name is a DNS name or an IP address of this node on its local network, not {0:?}")]
    Name(String),
    #[error("a certificate names 1 to {NAMES_MAX} addresses, not {0}")]
    Names(usize),
    #[error("the authority signs for {allowed} only, not for {name}")]
    OutOfScope { name: String, allowed: String },
    #[error("the passphrase does not open the authority")]
    Passphrase,
    #[error("a passphrase must have {0} to {1} characters, not {2}")]
    PassphraseLength(usize, usize, usize),
    #[error("the certificate is for office {of}, this is {own}")]
    OtherOffice { of: String, own: String },
    #[error("the certificate is for another key than this node's: make a new request")]
    OtherKey,
    #[error("the certificate does not hold for {name}: {reason}")]
    Invalid { name: String, reason: String },
    #[error("the request is not signed by a node that the roster names")]
    Unsigned,
    #[error("the library refused: {0}")]
    Library(String),
    #[error(transparent)]
    Key(#[from] crate::key::KeyFileError),
    #[error("{path}: {source}")]
    Disk {
        path: String,
        source: std::io::Error,
    },
}

impl From<rcgen::Error> for CertificateError {
    fn from(error: rcgen::Error) -> Self {
        Self::Library(error.to_string())
    }
}

/// Eight groups of five digits of a fingerprint, as two people compare it over the telephone: 132
/// bits.
pub fn digits(fingerprint: &[u8; 32]) -> String {
    let groups = fingerprint.chunks_exact(4).map(|four| {
        let number = four
            .iter()
            .fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
        format!("{:05}", number % 100_000)
    });
    groups.collect::<Vec<_>>().join(" ")
}

/// Why a certificate does not hold at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lapse {
    /// It ended.
    Expired,
    /// It has not begun; or this computer's clock is wrong.
    Early,
    /// It is not by this authority, or not for this name.
    Other,
}

/// Whether a certificate holds for a name at an instant (ms UTC) under an authority: what a browser
/// that trusts it would ask.
fn check(
    certificate: &CertificateDer<'_>,
    authority: &CertificateDer<'_>,
    name: &str,
    at: i64,
) -> Result<(), (Lapse, String)> {
    let other = |reason: String| (Lapse::Other, reason);
    let mut roots = RootCertStore::empty();
    roots
        .add(authority.clone().into_owned())
        .map_err(|error| other(error.to_string()))?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|error| other(error.to_string()))?;
    let server = ServerName::try_from(name.to_owned()).map_err(|error| other(error.to_string()))?;
    let seconds = u64::try_from(at.div_euclid(1_000)).unwrap_or(0);
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let checked = verifier.verify_server_cert(certificate, &[], &server, &[], now);
    checked.map(|_| ()).map_err(|error| {
        use rustls::CertificateError as Of;
        let lapse = match &error {
            rustls::Error::InvalidCertificate(Of::Expired | Of::ExpiredContext { .. }) => {
                Lapse::Expired
            }
            rustls::Error::InvalidCertificate(Of::NotValidYet | Of::NotValidYetContext { .. }) => {
                Lapse::Early
            }
            _ => Lapse::Other,
        };
        (lapse, error.to_string())
    })
}

/// The one provider of cryptography for TLS, that of the links.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// An instant as certificates have it, to the second.
fn instant(ms: i64) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(ms.div_euclid(1_000))
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_as_eight_groups_of_five_digits() {
        let said = digits(&[0xFF; 32]);
        assert_eq!(said.len(), 47);
        assert!(said.split(' ').all(|group| group == "67295"), "{said}");
    }
}
