//! `[gateway.jt808]`: the door for terminals over TCP.

use super::LoadConfigError;
use super::bound::{some_within, within};
use jiaolian_schema::jt808::{ITEM_TABLE_BYTES_MAX, ItemTable};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Longest address of a gateway, bytes.
const HOST_BYTES_MAX: usize = 100;

/// `[gateway.jt808]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jt808Config {
    /// Where terminals connect.
    pub bind: SocketAddr,
    /// Silence after which a terminal's connection is closed, in seconds, 60 to 7,200.
    #[serde(default = "silence_s", deserialize_with = "within::<_, 60, 7_200>")]
    pub silence_s: u64,
    /// Longest time until a terminal shows its code, in seconds, 5 to 300.
    #[serde(default = "hello_s", deserialize_with = "within::<_, 5, 300>")]
    pub hello_s: u64,
    /// Longest time for a frame that began to end, in seconds, 1 to 60.
    #[serde(default = "frame_s", deserialize_with = "within::<_, 1, 60>")]
    pub frame_s: u64,
    /// Longest time for an order to a terminal to be answered, in seconds, 5 to 300.
    #[serde(default = "answer_s", deserialize_with = "within::<_, 5, 300>")]
    pub answer_s: u64,
    /// Connections at once, 16 to 65,536; a quarter of them for those that have not shown a code.
    #[serde(
        default = "connections_max",
        deserialize_with = "within::<_, 16, 65_536>"
    )]
    pub connections_max: u64,
    /// Address of the main gateway that terminals are told; none: they keep theirs.
    #[serde(default, deserialize_with = "host")]
    pub main: Option<String>,
    /// Address of the backup gateway that terminals are told.
    #[serde(default, deserialize_with = "host")]
    pub backup: Option<String>,
    /// Port that terminals are told, 1 to 65,535.
    #[serde(default, deserialize_with = "some_within::<_, u16, 1, 65_535>")]
    pub port: Option<u16>,
    /// Time between two reports that terminals are told, in seconds, 10 to 3,600.
    #[serde(default, deserialize_with = "some_within::<_, u32, 10, 3_600>")]
    pub interval_s: Option<u32>,
    /// Whether a terminal is told to report quicker (`0x8202`) near a fence's edge.
    #[serde(default = "quick")]
    pub quick: bool,
    /// One more file that says what items of locations mean. Relative to the configuration file.
    #[serde(default)]
    pub items: Option<PathBuf>,
}

impl Jt808Config {
    /// What items of locations mean: the table that ships, and the file that is named.
    pub fn item_table(&self) -> Result<ItemTable, LoadConfigError> {
        let table = ItemTable::builtin();
        let Some(path) = &self.items else {
            return Ok(table);
        };
        let file = path.display().to_string();
        let refuse = |line: usize, reason: String| LoadConfigError {
            file: file.clone(),
            line,
            reason,
        };
        let whole = |reason: String| refuse(0, reason);
        let size = std::fs::metadata(path).map_err(|error| whole(error.to_string()))?;
        if size.len() > ITEM_TABLE_BYTES_MAX as u64 {
            let size = size.len();
            return Err(whole(format!(
                "it must have at most {ITEM_TABLE_BYTES_MAX} bytes, not {size}"
            )));
        }
        let text = std::fs::read_to_string(path).map_err(|error| whole(error.to_string()))?;
        let more = ItemTable::parse(&text);
        let more = more.map_err(|error| refuse(error.line, error.reason))?;
        Ok(table.with(more))
    }
}

const fn quick() -> bool {
    true
}

fn silence_s() -> u64 {
    900
}

fn hello_s() -> u64 {
    30
}

fn frame_s() -> u64 {
    10
}

fn answer_s() -> u64 {
    30
}

fn connections_max() -> u64 {
    4_096
}

/// An address or a name as terminals take it.
fn host<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(reader)?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if (1..=HOST_BYTES_MAX).contains(&text.len()) && text.chars().all(is_host) {
        return Ok(Some(text));
    }
    Err(D::Error::custom(format!(
        "it must be an IPv4 address or a name of 1 to {HOST_BYTES_MAX} characters, not {text:?}"
    )))
}
