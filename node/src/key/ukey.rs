//! A UKey: the officer's own signing key on a device that never gives it out (GM/T 0016's model).
//!
//! The device's maker brings a library for it; a small agent on this machine speaks to that library
//! and to us, so that no foreign code runs in the node. While a key is plugged in the agent keeps a
//! file `{"form":"jiaolian-ukey/1","address":"127.0.0.1:PORT"}` at a place of its choice: that place is
//! what an officer is enrolled with. Each request is one connection, one line of JSON and one line
//! back:
//!
//! | request | answer |
//! |---|---|
//! | `{"do":"tell"}` | `{"suite":2,"key":"04…"}` |
//! | `{"do":"check","pin":"…"}` | `{}` |
//! | `{"do":"sign","pin":"…","message":"…"}` | `{"signature":"…"}` |
//!
//! Bytes are hexadecimal. A refusal is `{"error":"wrong_pin","left":3}`, `{"error":"pin_locked"}`,
//! `{"error":"absent"}`, or another word. Counting wrong PINs and locking is the device's, never ours.

use jiaolian_schema::id::{hex, unhex};
use jiaolian_schema::suite::{KeyError, SIGNATURE_BYTES, Sign, Suite};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest PIN, bytes.
pub const PIN_BYTES_MAX: usize = 64;
/// The form of the agent's file.
pub const UKEY_FORM: &str = "jiaolian-ukey/1";
/// How long a device may take, ms: the node's own work waits for it.
const DEVICE_MS_MAX: u64 = 3_000;
/// Longest line of an agent or of its file, bytes.
const LINE_BYTES_MAX: u64 = 4_096;

type Pin = Zeroizing<String>;

/// A UKey that an officer was enrolled with. Clones share the PIN that a session remembers.
#[derive(Clone)]
pub struct Ukey {
    path: PathBuf,
    suite: Suite,
    key: Vec<u8>,
    pin: Arc<Mutex<Option<Pin>>>,
}

impl std::fmt::Debug for Ukey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ukey({})", self.path.display())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentFile {
    form: String,
    address: SocketAddr,
}

impl Ukey {
    /// Asks the device that is plugged in for its suite and public key.
    pub fn find(path: &Path) -> Result<Self, KeyError> {
        let told = ask(path, &json!({ "do": "tell" }))?;
        let number = told["suite"].as_u64().and_then(|n| u8::try_from(n).ok());
        let suite = number.and_then(Suite::numbered);
        let key = told["key"].as_str().and_then(unhex);
        match (suite, key) {
            (Some(suite), Some(key)) if suite.is_public_key(&key) => {
                Ok(Self::enrolled(path.to_owned(), suite, key))
            }
            _ => Err(KeyError::Failed(format!(
                "it tells of suite {} and key {}",
                told["suite"], told["key"]
            ))),
        }
    }

    /// The UKey that a ring names.
    pub(super) fn enrolled(path: PathBuf, suite: Suite, key: Vec<u8>) -> Self {
        let pin = Arc::default();
        Self {
            path,
            suite,
            key,
            pin,
        }
    }

    /// Where its agent's file appears.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same key with a PIN of its own to sign with, after the device said that it is right.
    pub fn with_pin(&self, pin: Pin) -> Result<Self, KeyError> {
        self.check_same()?;
        ask(&self.path, &json!({ "do": "check", "pin": pin.as_str() }))?;
        Ok(Self {
            pin: Arc::new(Mutex::new(Some(pin))),
            ..self.clone()
        })
    }

    /// Lets the clones of this key sign with the PIN of `checked` until the key is pulled out.
    pub fn remember(&self, checked: &Self) {
        let pin = checked.lock().clone();
        *self.lock() = pin;
    }

    /// The PIN opens whatever is plugged in: a colleague's key must not be asked to sign, nor its
    /// tries be used up.
    fn check_same(&self) -> Result<(), KeyError> {
        let found = Self::find(&self.path)?;
        if found.suite == self.suite && found.key == self.key {
            Ok(())
        } else {
            Err(KeyError::OtherKey)
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Pin>> {
        self.pin.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sign for Ukey {
    fn suite(&self) -> u8 {
        self.suite.number()
    }

    fn public_key(&self) -> Vec<u8> {
        self.key.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], KeyError> {
        let pin = self.lock().clone().ok_or(KeyError::NoPin)?;
        let signed = self.check_same().and_then(|()| {
            let request = json!({ "do": "sign", "pin": pin.as_str(), "message": hex(message) });
            ask(&self.path, &request)
        });
        if signed.is_err() {
            // Pulled out, or the PIN was changed: the next signature asks for it again.
            *self.lock() = None;
        }
        let signed = signed?;
        let signature = signed["signature"].as_str().and_then(unhex);
        signature
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| KeyError::Failed(format!("it answered {signed}")))
    }
}

fn ask(path: &Path, request: &Json) -> Result<Json, KeyError> {
    let address = agent(path)?;
    let wait = Duration::from_millis(DEVICE_MS_MAX);
    let failed = |error: io::Error| KeyError::Failed(error.to_string());
    let mut stream = TcpStream::connect_timeout(&address, wait).map_err(|_| KeyError::Absent)?;
    stream.set_read_timeout(Some(wait)).map_err(failed)?;
    stream.set_write_timeout(Some(wait)).map_err(failed)?;
    let line = Zeroizing::new(format!("{request}\n"));
    stream.write_all(line.as_bytes()).map_err(failed)?;
    let line = first_line(&stream).map_err(failed)?;
    let answer: Json = serde_json::from_str(&line)
        .map_err(|error| KeyError::Failed(format!("it answers in another form: {error}")))?;
    match answer["error"].as_str() {
        None => Ok(answer),
        Some("wrong_pin") => Err(KeyError::WrongPin {
            left: answer["left"]
                .as_u64()
                .map_or(0, |left| left.min(255) as u8),
        }),
        Some("pin_locked") => Err(KeyError::PinLocked),
        Some("absent") => Err(KeyError::Absent),
        Some(other) => Err(KeyError::Failed(other.chars().take(80).collect())),
    }
}

fn first_line(from: impl Read) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(from.take(LINE_BYTES_MAX)).read_line(&mut line)?;
    Ok(line)
}

/// Where the agent listens: on this machine only, or a PIN would go through a network.
fn agent(path: &Path) -> Result<SocketAddr, KeyError> {
    let Ok(file) = std::fs::File::open(path) else {
        return Err(KeyError::Absent);
    };
    let failed = |why: String| KeyError::Failed(why);
    let text = first_line(&file).map_err(|e| failed(e.to_string()))?;
    let file: AgentFile = serde_json::from_str(&text).map_err(|e| failed(e.to_string()))?;
    if file.form != UKEY_FORM || !file.address.ip().is_loopback() {
        return Err(failed(format!(
            "its agent's file must be {UKEY_FORM} with an address of this machine, not {} with {}",
            file.form, file.address
        )));
    }
    Ok(file.address)
}
