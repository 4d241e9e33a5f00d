//! The hatch: by it a command that is typed at a node's machine reaches the node that runs there. It
//! listens on the loopback address only, at a port that the system gives, and answers nobody who does
//! not prove the secret in the file `hatch` of the data directory, which its owner alone can read.
//!
//! Both sides prove the secret before the first word, so that neither speaks to a stranger at an old
//! port; the secret itself is never sent. What a browser sends begins with a method's name, never with
//! the greeting, and is answered by nothing. No key and no passphrase crosses: the node sends the heads
//! that are to be signed, and the command, which opened the officer's ring, sends signatures back.

mod call;
mod proof;
mod serve;
mod word;

use crate::platform;
use crate::seal::entropy;
use jiaolian_schema::id::{hex, unhex};
use serde::{Deserialize, Serialize};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub(crate) use call::call;
pub(crate) use serve::serve;
pub(crate) use word::Wire;

/// The file's name in the data directory.
const HATCH_FILE: &str = "hatch";
/// Longest file of a hatch, bytes.
const FILE_BYTES_MAX: u64 = 1_024;
/// How often a work is drafted anew because the node's state went on while it was signed.
const DRAFTS_MAX: usize = 4;

/// Where a running node's hatch is, and what opens it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    at: SocketAddr,
    secret: String,
}

/// A hatch that is open; its file goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Hatch {
    path: PathBuf,
    secret: [u8; 32],
}

impl Hatch {
    /// Writes down where a listener is to be found.
    pub(crate) fn open(dir: &Path, at: SocketAddr) -> io::Result<Self> {
        let secret = entropy();
        let place = Place {
            at,
            secret: hex(&secret),
        };
        let text = serde_json::to_string(&place).expect("an address and digits are plain texts");
        let path = dir.join(HATCH_FILE);
        platform::write_atomically(&path, text.as_bytes())?;
        Ok(Self { path, secret })
    }
}

impl Drop for Hatch {
    fn drop(&mut self) {
        // What a killed node leaves behind opens nothing.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Reads where the hatch of a running node is.
fn find(dir: &Path) -> Result<(SocketAddr, [u8; 32]), String> {
    let path = dir.join(HATCH_FILE);
    let said = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    platform::check_private(&path).map_err(|error| error.to_string())?;
    let length = std::fs::metadata(&path)
        .map_err(|error| said(&error))?
        .len();
    if length > FILE_BYTES_MAX {
        return Err(said(&format!(
            "at most {FILE_BYTES_MAX} bytes, not {length}"
        )));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| said(&error))?;
    let place: Place = serde_json::from_str(&text).map_err(|error| said(&error))?;
    let secret = unhex(&place.secret).and_then(|secret| secret.try_into().ok());
    let secret = secret.ok_or_else(|| said(&"a secret has 64 hexadecimal digits"))?;
    if !place.at.ip().is_loopback() {
        return Err(said(&format!(
            "a hatch is on this machine, not at {}",
            place.at
        )));
    }
    Ok((place.at, secret))
}
