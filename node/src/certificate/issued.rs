//! A certificate as it travels from the authority to its node, and as it lies beside the node's
//! key.

use super::{CertificateError, LanKey, Lapse, check, check_names, provider};
use crate::platform;
use crate::seal::OpsKey;
use jiaolian_schema::canon;
use jiaolian_schema::id::{OfficeId, sha256};
use minicbor::{Decode, Encode};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::path::Path;
use std::sync::Arc;

const FORM: &str = "jiaolian-certificate/1";
const WHAT: &str = "certificate file";
/// Largest certificate file, bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 64 * 1024;
/// The certificate's name in the data directory.
pub const LAN_CERTIFICATE_FILE: &str = "lan.certificate";
/// The sealed key's name in the data directory.
pub const LAN_KEY_FILE: &str = "lan.key";

/// A certificate with that of its authority.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Issued {
    #[n(0)]
    form: String,
    /// Office id, hexadecimal.
    #[n(1)]
    pub office: String,
    /// DNS names and addresses.
    #[n(2)]
    pub names: Vec<String>,
    /// The node's certificate, DER.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
    /// The authority's certificate, DER.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub authority: Vec<u8>,
    /// Last instant of the certificate, ms UTC; checked against it.
    #[n(5)]
    pub until: i64,
}

impl Issued {
    pub(super) fn new(
        office: &str,
        names: &[String],
        (certificate, authority): (Vec<u8>, Vec<u8>),
        until: i64,
    ) -> Self {
        Self {
            form: FORM.to_owned(),
            office: office.to_owned(),
            names: names.to_vec(),
            certificate,
            authority,
            until,
        }
    }

    /// Reads a certificate file.
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        let form = |reason: String| CertificateError::Form { what: WHAT, reason };
        let issued: Self =
            canon::decode("a certificate file", bytes).map_err(|error| form(error.to_string()))?;
        if issued.form != FORM {
            return Err(form(format!("its form is {:?}", issued.form)));
        }
        check_names(&issued.names)?;
        // It says no later end than the certificate itself has.
        issued.holds(issued.until)?;
        Ok(issued)
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        canon::encode(self)
    }

    /// SHA-256 of the authority's certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(&[&self.authority])
    }

    /// Whether it holds for all its names at an instant, ms UTC.
    pub fn holds(&self, at: i64) -> Result<(), CertificateError> {
        for name in &self.names {
            self.check(name, at)
                .map_err(|(_, reason)| CertificateError::Invalid {
                    name: name.clone(),
                    reason,
                })?;
        }
        Ok(())
    }

    fn check(&self, name: &str, at: i64) -> Result<(), (Lapse, String)> {
        let certificate = CertificateDer::from(self.certificate.as_slice());
        let authority = CertificateDer::from(self.authority.as_slice());
        check(&certificate, &authority, name, at)
    }

    /// Why it does not hold at an instant, ms UTC; none where it does.
    pub fn lapse(&self, at: i64) -> Option<Lapse> {
        let mut names = self.names.iter();
        names.find_map(|name| self.check(name, at).err().map(|(lapse, _)| lapse))
    }

    /// Writes it beside the node's key, whole or not at all.
    pub fn write(&self, dir: &Path) -> Result<(), CertificateError> {
        let path = dir.join(LAN_CERTIFICATE_FILE);
        platform::write_atomically(&path, &self.to_bytes()).map_err(|source| {
            CertificateError::Disk {
                path: path.display().to_string(),
                source,
            }
        })
    }
}

/// A certificate with the key that it is for.
#[derive(Debug)]
pub struct Stored {
    /// The certificate.
    pub issued: Issued,
    /// Both as TLS takes them.
    pub key: Arc<CertifiedKey>,
}

impl Stored {
    /// Puts a certificate and a node's key together.
    pub fn new(issued: Issued, key: &LanKey, own: OfficeId) -> Result<Self, CertificateError> {
        if issued.office != own.to_hex() {
            return Err(CertificateError::OtherOffice {
                of: issued.office,
                own: own.to_hex(),
            });
        }
        let chain = vec![CertificateDer::from(issued.certificate.clone())];
        let private = PrivateKeyDer::from(key.to_pkcs8());
        let certified = CertifiedKey::from_der(chain, private, &provider())
            .map_err(|_| CertificateError::OtherKey)?;
        Ok(Self {
            issued,
            key: Arc::new(certified),
        })
    }

    /// Reads what is in a data directory; none where no certificate was installed.
    pub fn open(dir: &Path, ops: &OpsKey, own: OfficeId) -> Result<Option<Self>, CertificateError> {
        let path = dir.join(LAN_CERTIFICATE_FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(CertificateError::Disk {
                    path: path.display().to_string(),
                    source,
                });
            }
        };
        let issued = Issued::parse(&bytes)?;
        let key = LanKey::open(&dir.join(LAN_KEY_FILE), ops)?;
        Self::new(issued, &key, own).map(Some)
    }
}
