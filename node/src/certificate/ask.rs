//! What a node asks of its county's certificate authority: the key never leaves the node, its
//! public half and its names go by hand.

use super::{CertificateError, check_names};
use crate::key::{open_sealed_file, write_sealed_file};
use crate::seal::OpsKey;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Duty, author_id, pre_authentication};
use jiaolian_schema::id::{AuthorId, OfficeId, hex, unhex};
use jiaolian_schema::suite::{Sign, StrictVerifier, Verify as _};
use minicbor::Encode;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde::{Deserialize, Serialize};
use std::path::Path;

const FORM: &str = "jiaolian-certificate-request/1";
const WHAT: &str = "certificate request";
/// The type string inside the signed bytes of a request.
const TYPE: &str = "certificate/1";
/// Largest request file, bytes.
pub const ASK_BYTES_MAX: usize = 16 * 1024;
/// An uncompressed point of P-256, bytes.
const POINT_BYTES: usize = 65;

/// A request for a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    form: String,
    /// Office id, hexadecimal.
    pub office: String,
    /// The office's name.
    pub name: String,
    /// DNS names and addresses of the node.
    pub names: Vec<String>,
    /// Public key of the certificate, hexadecimal.
    key: String,
    /// Suite of the node's key.
    suite: u8,
    /// Public key of the node that asks, hexadecimal.
    node: String,
    /// Signature of that node, hexadecimal.
    signature: String,
}

#[derive(Encode)]
#[cbor(map)]
struct Signed<'a> {
    #[n(0)]
    office: &'a str,
    #[n(1)]
    names: &'a [String],
    #[n(2)]
    key: &'a str,
}

impl Ask {
    /// Asks for an office's node, which signs, under its key for pages.
    pub fn new(
        (office, name): (OfficeId, &str),
        signer: &dyn Sign,
        key: &LanKey,
        names: &[String],
    ) -> Result<Self, CertificateError> {
        check_names(names)?;
        let mut ask = Self {
            form: FORM.to_owned(),
            office: office.to_hex(),
            name: name.to_owned(),
            names: names.to_vec(),
            key: hex(key.0.der_bytes()),
            suite: signer.suite(),
            node: hex(&signer.public_key()),
            signature: String::new(),
        };
        let signature = signer.sign(&ask.signed_bytes());
        ask.signature =
            hex(&signature.map_err(|error| CertificateError::Library(error.to_string()))?);
        Ok(ask)
    }

    /// Reads a request file.
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        let form = |reason: String| CertificateError::Form { what: WHAT, reason };
        let ask: Self = serde_json::from_slice(bytes).map_err(|error| form(error.to_string()))?;
        if ask.form != FORM {
            return Err(form(format!("its form is {:?}", ask.form)));
        }
        ask.office_id()?;
        ask.public_key()?;
        check_names(&ask.names)?;
        let (key, signature) = (unhex(&ask.node), unhex(&ask.signature));
        let signature: Option<[u8; 64]> = signature.and_then(|bytes| bytes.try_into().ok());
        let (Some(key), Some(signature)) = (key, signature) else {
            return Err(CertificateError::Unsigned);
        };
        let signed = StrictVerifier.verify(ask.suite, &key, &ask.signed_bytes(), &signature);
        signed.then_some(ask).ok_or(CertificateError::Unsigned)
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a request has only texts")
    }

    /// The office that asks.
    pub fn office_id(&self) -> Result<OfficeId, CertificateError> {
        OfficeId::from_hex(&self.office).ok_or_else(|| CertificateError::Form {
            what: WHAT,
            reason: format!(
                "an office id has 32 hexadecimal digits, not {:?}",
                self.office
            ),
        })
    }

    /// The node that signed the request, as the roster would name it.
    pub fn author(&self) -> Result<AuthorId, CertificateError> {
        let key = unhex(&self.node).ok_or(CertificateError::Unsigned)?;
        Ok(author_id(self.suite, &key, self.office_id()?, Duty::Staff))
    }

    pub(super) fn public_key(&self) -> Result<Vec<u8>, CertificateError> {
        unhex(&self.key)
            .filter(|key| key.len() == POINT_BYTES && key[0] == 4)
            .ok_or_else(|| CertificateError::Form {
                what: WHAT,
                reason: "its key is no point of P-256".to_owned(),
            })
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let signed = Signed {
            office: &self.office,
            names: &self.names,
            key: &self.key,
        };
        pre_authentication(TYPE, &canon::encode(&signed))
    }
}

/// The private key of a node's pages.
pub struct LanKey(KeyPair);

impl std::fmt::Debug for LanKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LanKey(secret)")
    }
}

impl LanKey {
    /// Draws a key.
    pub fn generate() -> Result<Self, CertificateError> {
        Ok(Self(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?))
    }

    /// Writes it, sealed under the OPS key: pages are served after a power cut with nobody there.
    pub fn write(&self, path: &Path, ops: &OpsKey) -> Result<(), CertificateError> {
        let plain = zeroize::Zeroizing::new(self.0.serialize_der());
        Ok(write_sealed_file(path, ops, &plain)?)
    }

    /// Reads it.
    pub fn open(path: &Path, ops: &OpsKey) -> Result<Self, CertificateError> {
        let plain = open_sealed_file(path, ops)?;
        Ok(Self(KeyPair::try_from(plain.as_slice())?))
    }

    /// The key as TLS takes it.
    pub(super) fn to_pkcs8(&self) -> PrivatePkcs8KeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.0.serialize_der())
    }
}
