//! The platform of a maker whose bands report to it and nowhere else: its reports are fetched there, or
//! it posts them to `/v1/vendor/<name>`. Each goes through the same door as any device's.
//!
//! A vendor speaks for the bands that were bound to it and for no others: their bindings hold the hash
//! of a token that the vendor's configuration names and that no band knows. Where a page of reports
//! ended is stored with the page, so none is left out whenever the node stops.

mod fetch;
mod pull;
mod row;
mod take;

pub use pull::pull;
pub(super) use take::push;

use crate::config::{LoadConfigError, VendorConfig};
use crate::platform::check_private;
use axum::http::Uri;
use jiaolian_schema::datum::Datum;
use jiaolian_schema::device::{TOKEN_CHARS_MAX, TOKEN_CHARS_MIN};
use jiaolian_schema::id::sha256;
use jiaolian_schema::signal::Sign;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// Longest token file, bytes.
const TOKEN_BYTES_MAX: u64 = 4_096;
/// Stands for where the last page ended.
const CURSOR: &str = "{cursor}";

/// A vendor as its configuration names it.
pub struct Vendor {
    pub(super) name: String,
    pub(super) binding_token: String,
    /// SHA-256 of the token that it shows when it posts.
    pub(super) push: Option<[u8; 32]>,
    pull: Option<Pull>,
    map: row::Map,
}

/// Where reports are fetched.
struct Pull {
    url: String,
    token: Option<String>,
    tls: Option<Arc<ClientConfig>>,
    interval_ms: u64,
}

impl std::fmt::Debug for Vendor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vendor({})", self.name)
    }
}

impl Vendor {
    /// Reads the files that a configuration names and checks what they say.
    pub fn open(config: &VendorConfig) -> Result<Self, LoadConfigError> {
        let refuse = |reason: String| LoadConfigError {
            file: format!("gateway.vendor {:?}", config.name),
            line: 0,
            reason,
        };
        let binding_token = read_token(&config.binding_token_file)?;
        let chars = binding_token.chars().count() as u32;
        if !(TOKEN_CHARS_MIN..=TOKEN_CHARS_MAX).contains(&chars) {
            return Err(refuse(format!(
                "a binding token has {TOKEN_CHARS_MIN} to {TOKEN_CHARS_MAX} characters, not {chars}"
            )));
        }
        let datum = config.datum.as_deref();
        if datum.is_none() && config.map.datum.is_none() {
            return Err(refuse(
                "a vendor's places have a datum: `datum` or `map.datum`".to_owned(),
            ));
        }
        if let Some(odd) = datum.filter(|name| Datum::parse(name).is_err()) {
            return Err(refuse(format!(
                "the datum is wgs84, cgcs2000, gcj02 or bd09, not {odd:?}"
            )));
        }
        if let Some(odd) = config.map.signs.keys().find(|n| Sign::named(n).is_none()) {
            return Err(refuse(format!("map.signs names signs, not {odd:?}")));
        }
        let pull = match &config.url {
            Some(url) => Some(Pull::open(config, url, &refuse)?),
            None => None,
        };
        let push = config.push_token_file.as_deref().map(read_token);
        let push = push.transpose()?.map(|token| token_mark(&token));
        Ok(Self {
            name: config.name.clone(),
            binding_token,
            push,
            pull,
            map: row::Map::new(config),
        })
    }

    /// The same, fetched at another time than a configuration may say.
    #[must_use]
    pub fn every_ms(mut self, interval_ms: u64) -> Self {
        if let Some(pull) = &mut self.pull {
            pull.interval_ms = interval_ms;
        }
        self
    }
}

impl Pull {
    fn open(
        config: &VendorConfig,
        url: &str,
        refuse: &impl Fn(String) -> LoadConfigError,
    ) -> Result<Self, LoadConfigError> {
        let uri: Option<Uri> = url.replace(CURSOR, "").parse().ok();
        let scheme = uri.as_ref().and_then(Uri::scheme_str);
        let has_host = uri.as_ref().is_some_and(|uri| uri.host().is_some());
        let tls = match (scheme, &config.ca_file) {
            (Some("http"), _) if has_host => None,
            (Some("https"), Some(file)) if has_host => Some(trusting(file)?),
            (Some("https"), None) if has_host => {
                let why = "a vendor's https is trusted by the certificates of `ca_file`";
                return Err(refuse(why.to_owned()));
            }
            _ => {
                return Err(refuse(format!(
                    "url is http:// or https:// with a host, not {url:?}"
                )));
            }
        };
        let token = config.token_file.as_deref().map(read_token).transpose()?;
        Ok(Self {
            url: url.to_owned(),
            token,
            tls,
            interval_ms: config.interval_s * 1_000,
        })
    }
}

/// What a token is compared by.
pub(super) fn token_mark(token: &str) -> [u8; 32] {
    sha256(&[b"jiaolian vendor-token/1\0", token.as_bytes()])
}

fn in_file(file: &Path, reason: String) -> LoadConfigError {
    LoadConfigError {
        file: file.display().to_string(),
        line: 0,
        reason,
    }
}

fn read_token(file: &Path) -> Result<String, LoadConfigError> {
    let refuse = |reason: String| in_file(file, reason);
    check_private(file).map_err(|error| refuse(error.to_string()))?;
    let size = std::fs::metadata(file).map_err(|error| refuse(error.to_string()))?;
    if size.len() > TOKEN_BYTES_MAX {
        return Err(refuse(format!(
            "a token has at most {TOKEN_BYTES_MAX} bytes, not {}",
            size.len()
        )));
    }
    let text = std::fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
    let token = text.trim();
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(refuse("a token is one word of ASCII characters".to_owned()));
    }
    Ok(token.to_owned())
}

/// TLS that trusts the certificates of a file and no others.
fn trusting(file: &Path) -> Result<Arc<ClientConfig>, LoadConfigError> {
    let refuse = |reason: String| in_file(file, reason);
    let found = CertificateDer::pem_file_iter(file).map_err(|error| refuse(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in found {
        let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
        let added = roots.add(certificate);
        added.map_err(|error| refuse(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refuse("it has at least one certificate, PEM".to_owned()));
    }
    let provider = crate::certificate::provider();
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| refuse(error.to_string()))?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config))
}
