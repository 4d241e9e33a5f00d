//! The software twin of a UKey, for drills and tests: a process that holds a key, counts wrong PINs
//! and never gives the key out. While it runs the key is plugged in; when it ends it is pulled out.
//!
//! Its chip is a file of its own, which a thief of the file could read: a device is a device because
//! its chip can't be.

use jiaolian_node::key::UKEY_FORM;
use jiaolian_node::seal::entropy;
use jiaolian_schema::id::{hex, sha256, unhex};
use jiaolian_schema::suite::{SeedSigner, Sign as _, Suite};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Wrong PINs in a row after which the chip locks, as the devices of GM/T 0016 do.
pub const TRIES_MAX: u8 = 6;
const LINE_BYTES_MAX: u64 = 4_096;
/// How long a caller may take to say what it wants, ms.
const CALLER_MS_MAX: u64 = 2_000;

/// `testnet ukey`.
#[derive(Debug, Clone, clap::Args)]
pub struct UkeyCommand {
    /// The chip's file; made with a fresh key where there is none, with the PIN of the first line of
    /// standard input.
    #[arg(long)]
    pub chip: PathBuf,
    /// Where the node finds the key while this runs.
    #[arg(long)]
    pub at: PathBuf,
    /// The suite of a fresh key: 1 or 2.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub suite: u8,
}

/// What the chip remembers when it is pulled out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chip {
    suite: u8,
    seed: String,
    pin: String,
    left: u8,
}

impl Chip {
    fn make(suite: u8, pin: &str) -> Self {
        let seed = hex(&entropy::<32>());
        Self {
            suite,
            pin: mark(&seed, pin),
            seed,
            left: TRIES_MAX,
        }
    }

    fn read(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_string(self)?)
    }

    fn signer(&self) -> Option<SeedSigner> {
        let seed = unhex(&self.seed)?.try_into().ok()?;
        Some(SeedSigner::new(Suite::numbered(self.suite)?, &seed))
    }

    /// Counts the try before it looks: pulling the key out mid-way gives no try for nothing.
    fn open(&mut self, pin: &str) -> Result<(), Json> {
        if self.left == 0 {
            return Err(json!({ "error": "pin_locked" }));
        }
        if mark(&self.seed, pin) == self.pin {
            self.left = TRIES_MAX;
            return Ok(());
        }
        self.left -= 1;
        match self.left {
            0 => Err(json!({ "error": "pin_locked" })),
            left => Err(json!({ "error": "wrong_pin", "left": left })),
        }
    }

    fn answer(&mut self, asked: &Json) -> Json {
        let Some(signer) = self.signer() else {
            return json!({ "error": "the chip is damaged" });
        };
        let pin = asked["pin"].as_str().unwrap_or_default();
        match asked["do"].as_str() {
            Some("tell") => json!({ "suite": self.suite, "key": hex(&signer.public_key()) }),
            Some("check") => self.open(pin).err().unwrap_or_else(|| json!({})),
            Some("sign") => {
                if let Err(refused) = self.open(pin) {
                    return refused;
                }
                let message = asked["message"].as_str().and_then(unhex);
                let signed = message.and_then(|message| signer.sign(&message).ok());
                signed.map_or_else(
                    || json!({ "error": "it has no message" }),
                    |signature| json!({ "signature": hex(&signature) }),
                )
            }
            _ => json!({ "error": "it does not know that" }),
        }
    }
}

fn mark(seed: &str, pin: &str) -> String {
    hex(&sha256(&[
        b"ukey twin pin",
        seed.as_bytes(),
        pin.as_bytes(),
    ]))
}

/// Plugs the key in until standard input ends.
pub fn command(command: &UkeyCommand) -> ExitCode {
    match plug(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr().lock(), "{}: {error}", command.chip.display());
            ExitCode::FAILURE
        }
    }
}

fn plug(command: &UkeyCommand) -> io::Result<()> {
    let mut hand = BufReader::new(io::stdin());
    if !command.chip.exists() {
        let mut pin = String::new();
        hand.read_line(&mut pin)?;
        Chip::make(command.suite, pin.trim_end()).write(&command.chip)?;
    }
    let mut chip = Chip::read(&command.chip)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let place = json!({ "form": UKEY_FORM, "address": listener.local_addr()?.to_string() });
    fs::write(&command.at, place.to_string())?;
    writeln!(io::stdout(), "{}", chip.answer(&json!({ "do": "tell" })))?;
    let at = command.at.clone();
    std::thread::spawn(move || {
        let held = hand.read_to_end(&mut Vec::new());
        let _ = fs::remove_file(at);
        std::process::exit(i32::from(held.is_err()));
    });
    for caller in listener.incoming() {
        // A caller that breaks off loses its own answer only.
        let _ = serve(&mut chip, &command.chip, &caller?);
    }
    Ok(())
}

fn serve(chip: &mut Chip, path: &Path, mut caller: &TcpStream) -> io::Result<()> {
    caller.set_read_timeout(Some(Duration::from_millis(CALLER_MS_MAX)))?;
    let mut line = String::new();
    BufReader::new(caller.take(LINE_BYTES_MAX)).read_line(&mut line)?;
    let asked = serde_json::from_str(&line).unwrap_or(Json::Null);
    let answer = chip.answer(&asked);
    chip.write(path)?;
    caller.write_all(format!("{answer}\n").as_bytes())
}
