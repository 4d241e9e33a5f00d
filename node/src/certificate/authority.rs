//! The county's certificate authority: one file that opens with a passphrase, used on a machine
//! without a link, kept in a safe.

use super::issued::Issued;
use super::name::{check_names, is_dns};
use super::{AUTHORITY_DAYS, Ask, CERTIFICATE_DAYS, CertificateError, DAY_MS, LEAD_DAYS, instant};
use crate::key::{Cost, PASSPHRASE_CHARS_MAX, PASSPHRASE_CHARS_MIN, stretch};
use crate::seal::{entropy, sealer};
use jiaolian_schema::canon;
use jiaolian_schema::id::sha256;
use jiaolian_schema::suite::Suite;
use minicbor::{Decode, Encode};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, PublicKeyData, SerialNumber, SignatureAlgorithm,
};
use std::net::IpAddr;
use std::str::FromStr as _;
use zeroize::Zeroizing;

const FORM: &str = "jiaolian-authority/1";
const WHAT: &str = "authority file";
/// Largest authority file, bytes.
pub const AUTHORITY_BYTES_MAX: usize = 64 * 1024;
/// Addresses that no machine outside has (RFC 1918, RFC 4193) and this machine itself.
const SUBNETS: [&str; 5] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
];
/// Most domains or subnets of one authority.
const SCOPE_MAX: usize = 16;
/// Longest name of an authority, characters.
const NAME_CHARS_MAX: usize = 60;

/// What an authority may sign for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Scope {
    /// Domains, with all below.
    #[n(0)]
    pub domains: Vec<String>,
    /// Address ranges, `address/bits`.
    #[n(1)]
    pub subnets: Vec<String>,
}

impl Scope {
    /// Domains and, beside the private ranges, further subnets (an office network of its own).
    pub fn new(domains: &[String], subnets: &[String]) -> Result<Self, CertificateError> {
        let known = SUBNETS.iter().map(ToString::to_string);
        let scope = Self {
            domains: domains.to_vec(),
            subnets: known.chain(subnets.iter().cloned()).collect(),
        };
        scope.constraints()?;
        Ok(scope)
    }

    fn constraints(&self) -> Result<Vec<GeneralSubtree>, CertificateError> {
        let form = |reason: String| CertificateError::Form { what: WHAT, reason };
        let sizes = [self.domains.len(), self.subnets.len()];
        // Without a domain every DNS name would be allowed.
        if sizes.iter().any(|size| !(1..=SCOPE_MAX).contains(size)) {
            return Err(form(format!(
                "it has 1 to {SCOPE_MAX} domains and subnets, not {sizes:?}"
            )));
        }
        let mut trees = Vec::new();
        for domain in &self.domains {
            if !is_dns(domain) {
                return Err(CertificateError::Name(domain.clone()));
            }
            trees.push(GeneralSubtree::DnsName(domain.clone()));
        }
        for subnet in &self.subnets {
            let parsed = CidrSubnet::from_str(subnet)
                .map_err(|()| form(format!("a subnet is `address/bits`, not {subnet:?}")))?;
            trees.push(GeneralSubtree::IpAddress(parsed));
        }
        Ok(trees)
    }

    fn words(&self) -> String {
        [self.domains.join(", "), self.subnets.join(", ")].join(", ")
    }

    fn allows(&self, name: &str) -> bool {
        match name.parse::<IpAddr>() {
            Ok(address) => self.subnets.iter().any(|subnet| covers(subnet, address)),
            Err(_) => self.domains.iter().any(|domain| {
                let above = name.strip_suffix(domain.as_str());
                above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }),
        }
    }
}

fn covers(subnet: &str, address: IpAddr) -> bool {
    let Some((base, bits)) = subnet.split_once('/') else {
        return false;
    };
    let (Ok(base), Ok(bits)) = (base.parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    let top = |bits: u32, of: u32| u128::MAX.checked_shl(of - bits.min(of)).unwrap_or(0);
    match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            let mask = top(bits, 32);
            u128::from(u32::from(base)) & mask == u128::from(u32::from(address)) & mask
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => {
            let mask = top(bits, 128);
            u128::from(base) & mask == u128::from(address) & mask
        }
        _ => false,
    }
}

/// An authority at rest. The certificate is public; the key opens with the passphrase.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AuthorityFile {
    #[n(0)]
    form: String,
    /// What PCs show it as.
    #[n(1)]
    pub name: String,
    /// What it may sign for.
    #[n(2)]
    pub scope: Scope,
    /// End of its validity, ms UTC.
    #[n(3)]
    pub until: i64,
    /// Its certificate, DER.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
    #[n(5)]
    memory_kib: u32,
    #[n(6)]
    passes: u32,
    #[n(7)]
    lanes: u32,
    #[cbor(n(8), with = "minicbor::bytes")]
    salt: [u8; 16],
    #[cbor(n(9), with = "minicbor::bytes")]
    sealed: Vec<u8>,
}

impl AuthorityFile {
    /// Makes an authority. `now`: ms UTC.
    pub fn make(
        name: &str,
        scope: Scope,
        (cost, passphrase): (Cost, &str),
        now: i64,
    ) -> Result<Self, CertificateError> {
        let chars = passphrase.chars().count();
        if !(PASSPHRASE_CHARS_MIN..=PASSPHRASE_CHARS_MAX).contains(&chars) {
            return Err(CertificateError::PassphraseLength(
                PASSPHRASE_CHARS_MIN,
                PASSPHRASE_CHARS_MAX,
                chars,
            ));
        }
        let until = now + AUTHORITY_DAYS * DAY_MS;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = issuer_params(name, &scope)?;
        params.not_before = instant(now - LEAD_DAYS * DAY_MS);
        params.not_after = instant(until);
        params.serial_number = Some(serial());
        let certificate = params.self_signed(&key)?.der().to_vec();
        let mut file = Self {
            form: FORM.to_owned(),
            name: name.to_owned(),
            scope,
            until,
            certificate,
            memory_kib: cost.memory_kib,
            passes: cost.passes,
            lanes: cost.lanes,
            salt: entropy(),
            sealed: Vec::new(),
        };
        let plain = Zeroizing::new(key.serialize_der());
        let mut sealed = Vec::new();
        let key = file.key(passphrase)?;
        sealer(Suite::Ed25519, &key).append(&mut sealed, &file.aad(), &plain);
        file.sealed = sealed;
        Ok(file)
    }

    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        let form = |reason: String| CertificateError::Form { what: WHAT, reason };
        let file: Self =
            canon::decode("an authority file", bytes).map_err(|error| form(error.to_string()))?;
        if file.form != FORM {
            return Err(form(format!("its form is {:?}", file.form)));
        }
        file.scope.constraints()?;
        Ok(file)
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        canon::encode(self)
    }

    /// SHA-256 of the certificate: what a keeper vouches for.
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(&[&self.certificate])
    }

    /// Signs what a node asks for, for a year or as long as the authority has left. `now`: ms UTC.
    pub fn issue(&self, passphrase: &str, ask: &Ask, now: i64) -> Result<Issued, CertificateError> {
        check_names(&ask.names)?;
        if let Some(name) = ask.names.iter().find(|name| !self.scope.allows(name)) {
            return Err(CertificateError::OutOfScope {
                name: name.clone(),
                allowed: self.scope.words(),
            });
        }
        let opened = sealer(Suite::Ed25519, &*self.key(passphrase)?);
        let plain = opened.open(&self.aad(), &self.sealed);
        let plain = Zeroizing::new(plain.map_err(|_| CertificateError::Passphrase)?);
        let key = KeyPair::try_from(plain.as_slice())?;
        let issuer = Issuer::new(issuer_params(&self.name, &self.scope)?, key);
        let until = (now + CERTIFICATE_DAYS * DAY_MS).min(self.until);
        let mut params = CertificateParams::new(ask.names.clone())?;
        params.distinguished_name = named(&ask.name);
        params.not_before = instant(now - LEAD_DAYS * DAY_MS);
        params.not_after = instant(until);
        params.serial_number = Some(serial());
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = params.signed_by(&PublicKey(ask.public_key()?), &issuer)?;
        Ok(Issued::new(
            &ask.office,
            &ask.names,
            (leaf.der().to_vec(), self.certificate.clone()),
            until,
        ))
    }

    fn key(&self, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, CertificateError> {
        let cost = Cost {
            memory_kib: self.memory_kib,
            passes: self.passes,
            lanes: self.lanes,
        };
        stretch(cost, passphrase, &self.salt).ok_or(CertificateError::Form {
            what: WHAT,
            reason: "its cost is absurd".to_owned(),
        })
    }

    /// Everything but the sealed key: whoever widens the scope in the file loses the key.
    fn aad(&self) -> Vec<u8> {
        let open = Self {
            sealed: Vec::new(),
            ..self.clone()
        };
        canon::encode(&open)
    }
}

/// The parts of the authority's certificate that its signatures depend on.
fn issuer_params(name: &str, scope: &Scope) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: scope.constraints()?,
        excluded_subtrees: Vec::new(),
    });
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    let short: String = name.chars().take(NAME_CHARS_MAX).collect();
    distinguished.push(DnType::CommonName, short);
    distinguished
}

/// A random serial number, positive and of 16 bytes.
fn serial() -> SerialNumber {
    let mut bytes: [u8; 16] = entropy();
    bytes[0] = (bytes[0] & 0x7F) | 0x40;
    SerialNumber::from(bytes.to_vec())
}

/// A node's public key, a point of P-256.
struct PublicKey(Vec<u8>);

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_its_own_domain_and_ranges_only() {
        let scope = Scope::new(
            &["liuyang.internal".to_owned()],
            &["59.200.0.0/14".to_owned()],
        );
        let scope = scope.unwrap();
        for name in [
            "liuyang.internal",
            "jili.liuyang.internal",
            "10.1.2.3",
            "59.203.0.1",
            "fd00::1",
        ] {
            assert!(scope.allows(name), "{name}");
        }
        for name in [
            "xliuyang.internal",
            "bank.example",
            "59.204.0.1",
            "8.8.8.8",
            "2001::1",
        ] {
            assert!(!scope.allows(name), "{name}");
        }
        assert!(Scope::new(&[], &[]).is_err(), "every name would be allowed");
        assert!(Scope::new(&["a".to_owned()], &["10.0.0.0".to_owned()]).is_err());
    }
}
