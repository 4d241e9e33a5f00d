//! What a node is called on its local network: DNS names and IP addresses, as they stand in a
//! certificate.

use super::CertificateError;
use std::net::IpAddr;

/// Most names in one certificate.
pub const NAMES_MAX: usize = 16;
/// Longest DNS name, bytes (RFC 1035).
const DNS_BYTES_MAX: usize = 253;
/// Longest label, bytes (RFC 1035).
const LABEL_BYTES_MAX: usize = 63;

/// A DNS name in small letters or an address of one machine.
pub fn check_name(name: &str) -> Result<(), CertificateError> {
    let fits = match name.parse::<IpAddr>() {
        Ok(address) => {
            !address.is_unspecified() && !address.is_multicast() && address.to_string() == name
        }
        Err(_) => is_dns(name),
    };
    fits.then_some(())
        .ok_or_else(|| CertificateError::Name(name.chars().take(DNS_BYTES_MAX).collect()))
}

/// One to sixteen names.
pub fn check_names(names: &[String]) -> Result<(), CertificateError> {
    if !(1..=NAMES_MAX).contains(&names.len()) {
        return Err(CertificateError::Names(names.len()));
    }
    names.iter().try_for_each(|name| check_name(name))
}

/// Whether it is a DNS name. A last label of digits would be read as an address by some.
pub(super) fn is_dns(name: &str) -> bool {
    let label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= DNS_BYTES_MAX
        && name.split('.').all(label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_machine_pass_and_odd_ones_are_shown() {
        for good in ["10.8.3.20", "fd00::1", "jili.liuyang.internal", "pc-3"] {
            check_name(good).unwrap();
        }
        for bad in [
            "",
            "0.0.0.0",
            "010.8.3.20",
            "10.8.3.300",
            "*.internal",
            "A.internal",
            "a..b",
            "-a",
            "集里",
            "a b",
            "224.0.0.1",
            "1.2.3",
        ] {
            let refused = check_name(bad).unwrap_err().to_string();
            assert!(refused.contains(&format!("{bad:?}")), "{refused}");
        }
        assert!(check_names(&[]).is_err());
        assert!(check_names(&vec!["a".to_owned(); NAMES_MAX + 1]).is_err());
    }
}
