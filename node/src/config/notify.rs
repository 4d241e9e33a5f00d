//! `[notify]`: how people are told who are not at a page.

use super::bound::within;
use crate::notify::SirenUrl;
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};

/// `[notify]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotifyConfig {
    /// Calls those on duty at any hour and with lines up, not only where nobody looks.
    pub always: bool,
    /// A 4G modem; none: no short messages.
    pub modem: Option<ModemConfig>,
    /// A siren or a program on the local network; none: no such thing.
    pub siren: Option<SirenConfig>,
}

/// `[notify.modem]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModemConfig {
    /// The serial device that takes commands, such as `/dev/ttyUSB2`.
    pub device: PathBuf,
    /// Its speed, baud, 1,200 to 921,600.
    #[serde(
        default = "baud_default",
        deserialize_with = "within::<_, 1_200, 921_600>"
    )]
    pub baud: u64,
}

/// `[notify.siren]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SirenConfig {
    /// Where it listens: `http://host:port/path`.
    #[serde(deserialize_with = "siren_url")]
    pub url: SirenUrl,
    /// File of the secret that both know, 16 bytes or more, readable by its owner only. Relative to the
    /// configuration file.
    pub secret_file: PathBuf,
}

impl NotifyConfig {
    /// Relative paths are taken from the directory of the configuration.
    pub(super) fn resolve(&mut self, base: &Path) {
        if let Some(siren) = &mut self.siren {
            siren.secret_file = base.join(&siren.secret_file);
        }
    }
}

fn baud_default() -> u64 {
    115_200
}

fn siren_url<'de, D: Deserializer<'de>>(reader: D) -> Result<SirenUrl, D::Error> {
    let text = String::deserialize(reader)?;
    SirenUrl::parse(&text).ok_or_else(|| {
        serde::de::Error::custom(format!(
            "a siren's address must be http://host:port/path, not {text:?}"
        ))
    })
}
