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
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Longest PIN, bytes.
pub const PIN_BYTES_MAX: usize = 64;
/// The form of the agent's file.
pub const UKEY_FORM: &str = "jiaolian-ukey/1";
/// How long a device may take, ms: the node's own work waits for it.
const DEVICE_MS_MAX: u64 = 3_000;
/// Longest answer of an agent, and its longest file, bytes.
const LINE_BYTES_MAX: usize = 4_096;

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

/// A request. It is written into bytes that are wiped, and the PIN nowhere else.
#[derive(Default, Serialize)]
struct Ask<'a> {
    #[serde(rename = "do")]
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Ukey {
    /// Asks the device that is plugged in for its suite and public key.
    pub fn find(path: &Path) -> Result<Self, KeyError> {
        let told = Ask::new("tell").send(path)?;
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
        if !(1..=PIN_BYTES_MAX).contains(&pin.len()) {
            return Err(KeyError::NoPin);
        }
        self.check_same()?;
        let ask = Ask {
            pin: Some(&pin),
            ..Ask::new("check")
        };
        ask.send(&self.path)?;
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
            let ask = Ask {
                pin: Some(&pin),
                message: Some(hex(message)),
                ..Ask::new("sign")
            };
            ask.send(&self.path)
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

impl Ask<'_> {
    fn new(what: &'static str) -> Self {
        Self {
            what,
            ..Self::default()
        }
    }

    fn send(&self, path: &Path) -> Result<Json, KeyError> {
        let line = exchange(agent(path)?, self)?;
        let answer: Json = serde_json::from_slice(&line)
            .map_err(|error| KeyError::Failed(format!("it answers in another form: {error}")))?;
        match answer["error"].as_str() {
            None => Ok(answer),
            Some("wrong_pin") => Err(KeyError::WrongPin {
                left: answer["left"].as_u64().unwrap_or(0).min(255) as u8,
            }),
            Some("pin_locked") => Err(KeyError::PinLocked),
            Some("absent") => Err(KeyError::Absent),
            Some(other) => Err(KeyError::Failed(other.chars().take(80).collect())),
        }
    }
}

/// One request and its answer, whatever the agent does, within the time that a device has.
fn exchange(address: SocketAddr, ask: &Ask<'_>) -> Result<Vec<u8>, KeyError> {
    let failed = |error: io::Error| KeyError::Failed(error.to_string());
    let until = Instant::now() + Duration::from_millis(DEVICE_MS_MAX);
    let left = || {
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    };
    let wait = Duration::from_millis(DEVICE_MS_MAX);
    let mut stream = TcpStream::connect_timeout(&address, wait).map_err(|_| KeyError::Absent)?;
    stream.set_write_timeout(Some(wait)).map_err(failed)?;
    let mut line = Zeroizing::new(serde_json::to_vec(ask).expect("a request has only texts"));
    line.push(b'\n');
    stream.write_all(&line).map_err(failed)?;
    let (mut answer, mut piece) = (Vec::new(), [0; 1_024]);
    while answer.last() != Some(&b'\n') && answer.len() <= LINE_BYTES_MAX {
        let Some(left) = left() else {
            return Err(failed(io::ErrorKind::TimedOut.into()));
        };
        stream.set_read_timeout(Some(left)).map_err(failed)?;
        match stream.read(&mut piece).map_err(failed)? {
            0 => break,
            read => answer.extend_from_slice(&piece[..read]),
        }
    }
    Ok(answer)
}

/// Where the agent listens: on this machine only, or a PIN would go through a network.
fn agent(path: &Path) -> Result<SocketAddr, KeyError> {
    let failed = |why: String| KeyError::Failed(why);
    // Opening what is no file, say a pipe, could wait for ever.
    if !path.is_file() {
        return Err(KeyError::Absent);
    }
    let file = std::fs::File::open(path).map_err(|_| KeyError::Absent)?;
    let mut text = Vec::new();
    file.take(LINE_BYTES_MAX as u64)
        .read_to_end(&mut text)
        .map_err(|error| failed(error.to_string()))?;
    let file: AgentFile =
        serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
    if file.form != UKEY_FORM || !file.address.ip().is_loopback() {
        return Err(failed(format!(
            "its agent's file must be {UKEY_FORM} with an address of this machine, not {} with {}",
            file.form, file.address
        )));
    }
    Ok(file.address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    /// An agent that says one thing to whoever comes and then waits for the node to let go.
    fn agent_that_says(text: &'static [u8], at: &Path) -> JoinHandle<()> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let file = format!("{{\"form\":\"{UKEY_FORM}\",\"address\":\"{address}\"}}");
        std::fs::write(at, file).unwrap();
        std::thread::spawn(move || {
            let (mut caller, _) = listener.accept().unwrap();
            let _ = caller.write_all(text);
            // Ends when the node lets go.
            let _ = caller.read_to_end(&mut Vec::new());
        })
    }

    #[test]
    fn an_agent_that_answers_oddly_or_never_is_a_failure_within_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("ukey.json");
        let long = &[b'x'; 2 * LINE_BYTES_MAX];
        for (what, text, words) in [
            ("no JSON", &b"hello\n"[..], "another form"),
            (
                "a key off its curve",
                b"{\"suite\":2,\"key\":\"04\"}\n",
                "tells of suite 2",
            ),
            (
                "a suite of a later build",
                b"{\"suite\":99,\"key\":\"00\"}\n",
                "tells of suite 99",
            ),
            ("a line without end", long, "another form"),
            (
                "its own words",
                b"{\"error\":\"out of order\"}\n",
                "out of order",
            ),
            ("nothing", b"", ""),
        ] {
            let agent = agent_that_says(text, &at);
            let started = Instant::now();
            let found = Ukey::find(&at).map(|_| ());
            let Err(KeyError::Failed(why)) = found else {
                panic!("{what}: {found:?}");
            };
            assert!(why.contains(words), "{what}: {why}");
            assert!(
                started.elapsed() < Duration::from_millis(4 * DEVICE_MS_MAX),
                "{what}"
            );
            agent.join().unwrap();
        }
    }

    #[test]
    fn a_place_without_an_agent_on_this_machine_is_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("ukey.json");
        assert_eq!(Ukey::find(&at).unwrap_err(), KeyError::Absent);
        assert_eq!(Ukey::find(dir.path()).unwrap_err(), KeyError::Absent);
        let say = |address: &str| {
            let file = format!("{{\"form\":\"{UKEY_FORM}\",\"address\":\"{address}\"}}");
            std::fs::write(&at, file).unwrap();
            Ukey::find(&at).unwrap_err()
        };
        let far = say("192.0.2.1:7").to_string();
        assert!(far.contains("of this machine, not"), "{far}");
        // Nobody listens there: the key was pulled out and its file is left.
        let gone = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        assert_eq!(say(&gone.to_string()), KeyError::Absent);
    }

    #[test]
    fn a_key_that_was_not_opened_signs_nothing_and_does_not_show_its_pin() {
        let ukey = Ukey::enrolled(PathBuf::from("ukey.json"), Suite::Sm2, vec![4; 65]);
        assert_eq!(ukey.sign(b"x").unwrap_err(), KeyError::NoPin);
        let opened = Ukey {
            pin: Arc::new(Mutex::new(Some(Zeroizing::new("246810".to_owned())))),
            ..ukey.clone()
        };
        ukey.remember(&opened);
        assert!(ukey.lock().is_some());
        assert!(!format!("{ukey:?}{opened:?}").contains("246810"));
        // Pulled out: the PIN that was remembered goes.
        assert_eq!(ukey.sign(b"x").unwrap_err(), KeyError::Absent);
        assert_eq!(ukey.sign(b"x").unwrap_err(), KeyError::NoPin);
    }
}
