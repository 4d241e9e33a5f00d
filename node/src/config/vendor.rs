//! `[[gateway.vendor]]`: the platform of a maker whose bands report to it and nowhere else.

use super::bound::within;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Longest name, bytes.
const NAME_BYTES_MAX: usize = 32;
/// Longest path into a row, bytes.
const PATH_BYTES_MAX: usize = 200;

/// `[[gateway.vendor]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorConfig {
    /// What it is called here: small letters, digits and `-`.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// File with the token that bindings of its bands hold the hash of, 16 to 128 characters.
    pub binding_token_file: PathBuf,
    /// Where its reports are fetched, `http` or `https`; `{cursor}` in it is where the last page
    /// ended, empty at first. None: they are not fetched.
    #[serde(default)]
    pub url: Option<String>,
    /// File with the token that is shown there as `Authorization: Bearer …`.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// File with the certificates, PEM, that stand for the vendor's where it is `https`.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Time between two fetches, in seconds, 10 to 3,600.
    #[serde(default = "interval_s", deserialize_with = "within::<_, 10, 3_600>")]
    pub interval_s: u64,
    /// File with the token that it shows when it posts reports to `/v1/vendor/<name>` itself. None:
    /// nothing is taken in there.
    #[serde(default)]
    pub push_token_file: Option<PathBuf>,
    /// Where the list of reports stands in an answer; empty: the answer is the list.
    #[serde(default, deserialize_with = "path")]
    pub rows: String,
    /// Where the place stands up to which an answer goes. None: the time of its last row.
    #[serde(default, deserialize_with = "some_path")]
    pub cursor: Option<String>,
    /// Datum of its places where a row does not say it.
    #[serde(default)]
    pub datum: Option<String>,
    /// Offset of its times where they have none, as `+08:00`.
    #[serde(default, deserialize_with = "offset")]
    pub time_offset: Option<String>,
    /// Where each thing stands in a row.
    pub map: VendorMap,
}

/// `[gateway.vendor.map]`: paths into a row, `gps.lat` or `points.0`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorMap {
    /// The terminal's number.
    #[serde(deserialize_with = "path")]
    pub terminal: String,
    /// Its time: seconds or ms since 1970, or RFC 3339.
    #[serde(deserialize_with = "path")]
    pub time: String,
    /// Latitude, degrees.
    #[serde(deserialize_with = "path")]
    pub lat: String,
    /// Longitude, degrees.
    #[serde(deserialize_with = "path")]
    pub lon: String,
    /// Datum.
    #[serde(default, deserialize_with = "some_path")]
    pub datum: Option<String>,
    /// 95 % radius, m.
    #[serde(default, deserialize_with = "some_path")]
    pub accuracy_m: Option<String>,
    /// `gnss`, `wifi` or `cell`.
    #[serde(default, deserialize_with = "some_path")]
    pub source: Option<String>,
    /// How many satellites.
    #[serde(default, deserialize_with = "some_path")]
    pub satellites: Option<String>,
    /// Speed, m/s.
    #[serde(default, deserialize_with = "some_path")]
    pub speed_mps: Option<String>,
    /// Whether it is a position.
    #[serde(default, deserialize_with = "some_path")]
    pub valid: Option<String>,
    /// Whether it is of now.
    #[serde(default, deserialize_with = "some_path")]
    pub live: Option<String>,
    /// Charge of the battery, per cent.
    #[serde(default, deserialize_with = "some_path")]
    pub battery_pct: Option<String>,
    /// Signs by their names, each true or false.
    #[serde(default)]
    pub signs: BTreeMap<String, String>,
}

impl VendorConfig {
    /// The same with the paths of its files taken from a directory.
    pub(super) fn based(&mut self, base: &Path) {
        self.binding_token_file = base.join(&self.binding_token_file);
        for file in [
            &mut self.token_file,
            &mut self.ca_file,
            &mut self.push_token_file,
        ] {
            *file = file.take().map(|file| base.join(file));
        }
    }
}

fn interval_s() -> u64 {
    60
}

fn name<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    let text = String::deserialize(reader)?;
    let is_known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=NAME_BYTES_MAX).contains(&text.len()) && text.chars().all(is_known) {
        return Ok(text);
    }
    Err(D::Error::custom(format!(
        "a name has 1 to {NAME_BYTES_MAX} small letters, digits and -, not {text:?}"
    )))
}

fn path<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    let text = String::deserialize(reader)?;
    let is_sound = text.is_empty() || text.split('.').all(|step| !step.is_empty());
    if text.len() <= PATH_BYTES_MAX && is_sound {
        return Ok(text);
    }
    Err(D::Error::custom(format!(
        "a path is names with dots between them, at most {PATH_BYTES_MAX} bytes, not {text:?}"
    )))
}

fn some_path<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<String>, D::Error> {
    path(reader).map(Some)
}

fn offset<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(reader)?;
    let form = |(at, byte): (usize, u8)| match at {
        0 => matches!(byte, b'+' | b'-'),
        3 => byte == b':',
        _ => byte.is_ascii_digit(),
    };
    if text.len() == 6 && text.bytes().enumerate().all(form) {
        return Ok(Some(text));
    }
    Err(D::Error::custom(format!(
        "an offset is written +08:00, not {text:?}"
    )))
}
