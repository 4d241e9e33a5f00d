//! A 4G modem on a serial line, spoken to by the commands of 3GPP TS 27.005 and 27.007. The line is opened
//! for each call and closed after it: a modem that was pulled out and put back is simply there again.

use super::pdu::pdus;
use super::{Call, Channel, TellError};
use crate::platform::Serial;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longest line taken in, bytes; what is longer is thrown away.
const LINE_BYTES_MAX: usize = 512;
/// Most bytes read while one answer is waited for: a line that chatters is no answer.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Ends a message.
const SUBMIT: &[u8] = &[0x1A];
/// Gives a message up.
const ESCAPE: &[u8] = &[0x1B];
/// Tries of the first command: a modem that was just powered swallows some.
const WAKE_TRIES: usize = 4;
/// `+CME ERROR` numbers that say that there is no SIM.
const NO_SIM: [&str; 3] = ["10", "13", "15"];
/// `+CME ERROR` numbers that say that the SIM asks for its PIN or PUK.
const LOCKED_SIM: [&str; 2] = ["11", "12"];

/// How long a modem may take for each thing, ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// A plain command.
    pub answer_ms: u64,
    /// The prompt before a message.
    pub prompt_ms: u64,
    /// The network's word on a message.
    pub sent_ms: u64,
}

impl Patience {
    /// For modems as they are sold.
    pub const STANDARD: Self = Self {
        answer_ms: 5_000,
        prompt_ms: 10_000,
        sent_ms: 90_000,
    };
}

/// A modem.
#[derive(Debug)]
pub struct Modem {
    device: PathBuf,
    baud: u32,
    patience: Patience,
    /// Parts of the last call that went out: a further try goes on after them.
    sent: Option<([u8; 16], usize)>,
}

impl Modem {
    /// The modem at a serial device.
    pub fn new(device: PathBuf, baud: u32, patience: Patience) -> Self {
        Self {
            device,
            baud,
            patience,
            sent: None,
        }
    }

    fn open(&self) -> Result<Line, TellError> {
        let serial = Serial::open(&self.device, self.baud);
        let serial = serial.map_err(|error| {
            tracing::warn!(device = %self.device.display(), %error, "the modem can't be opened");
            TellError::Absent
        })?;
        Ok(Line {
            serial,
            unread: Vec::new(),
        })
    }

    fn prepare(&self, line: &mut Line) -> Result<(), TellError> {
        let wait = self.patience.answer_ms;
        // Out of a prompt that a broken-off message may have left.
        line.send(ESCAPE)?;
        let mut tries = 1;
        while let Err(error) = line.command("AT", wait / WAKE_TRIES as u64) {
            if tries == WAKE_TRIES || error == TellError::Lost {
                return Err(error);
            }
            tries += 1;
        }
        line.command("ATE0", wait)?;
        line.command("AT+CMEE=1", wait)?;
        let sim = line.command("AT+CPIN?", wait)?;
        if !sim.iter().any(|said| said == "+CPIN: READY") {
            return Err(TellError::SimLocked);
        }
        let network = [
            line.command("AT+CREG?", wait)?,
            line.command("AT+CEREG?", wait).unwrap_or_default(),
        ];
        if !network.iter().flatten().any(|said| is_registered(said)) {
            return Err(TellError::NoNetwork);
        }
        line.command("AT+CMGF=0", wait)?;
        // The text is in the message itself; a modem without this set sends it all the same.
        let _ = line.command("AT+CSCS=\"UCS2\"", wait);
        Ok(())
    }
}

/// `+CREG: 0,1` at home, `0,5` roaming; those with a place after it too.
fn is_registered(said: &str) -> bool {
    let fields = said
        .strip_prefix("+CREG:")
        .or_else(|| said.strip_prefix("+CEREG:"));
    let state = fields.and_then(|fields| fields.split(',').nth(1));
    matches!(state.map(str::trim), Some("1" | "5"))
}

impl Channel for Modem {
    fn tell(&mut self, call: &Call) -> Result<(), TellError> {
        let mut line = self.open()?;
        self.prepare(&mut line)?;
        let parts = pdus(&call.phone, &call.text, call.name[0]);
        let done = self.sent.filter(|(name, _)| *name == call.name);
        let done = done.map_or(0, |(_, parts)| parts);
        for (at, part) in parts.iter().enumerate().skip(done) {
            let asked = format!("AT+CMGS={}", part.length);
            line.ask(&asked, self.patience.prompt_ms)?;
            line.send(part.hex.as_bytes())?;
            line.send(SUBMIT)?;
            let said = line.answer(self.patience.sent_ms)?;
            if !said.iter().any(|said| said.starts_with("+CMGS:")) {
                return Err(TellError::Silent);
            }
            self.sent = Some((call.name, at + 1));
        }
        Ok(())
    }
}

/// An open line, read line by line.
struct Line {
    serial: Serial,
    unread: Vec<u8>,
}

impl Line {
    fn send(&mut self, bytes: &[u8]) -> Result<(), TellError> {
        self.serial.write(bytes).map_err(|_| TellError::Lost)
    }

    /// Sends a command; the lines of its answer. Whatever came before it was asked for is let fall.
    fn command(&mut self, text: &str, wait_ms: u64) -> Result<Vec<String>, TellError> {
        self.unread.clear();
        self.send(format!("{text}\r").as_bytes())?;
        self.answer(wait_ms)
    }

    /// Lines until `OK`; an error line is the error.
    fn answer(&mut self, wait_ms: u64) -> Result<Vec<String>, TellError> {
        let until = Instant::now() + Duration::from_millis(wait_ms);
        let (mut said, mut bytes) = (Vec::new(), 0);
        loop {
            while let Some(line) = self.take_line() {
                match refusal(&line) {
                    _ if line == "OK" => return Ok(said),
                    Some(error) => return Err(error),
                    None => said.push(line),
                }
            }
            bytes += self.read_some(until)?;
            if bytes > ANSWER_BYTES_MAX {
                return Err(TellError::Silent);
            }
        }
    }

    /// Sends a command and waits for the prompt `> `, which no line end follows.
    fn ask(&mut self, text: &str, wait_ms: u64) -> Result<(), TellError> {
        self.unread.clear();
        self.send(format!("{text}\r").as_bytes())?;
        let until = Instant::now() + Duration::from_millis(wait_ms);
        let mut bytes = 0;
        loop {
            while let Some(line) = self.take_line() {
                if line == ">" {
                    self.unread.clear();
                    return Ok(());
                }
                if let Some(error) = refusal(&line) {
                    return Err(error);
                }
            }
            if self.unread.trim_ascii_end().ends_with(b">") {
                self.unread.clear();
                return Ok(());
            }
            let read = self.read_some(until);
            if read.is_err() {
                // Whatever it still waits for is no message.
                let _ = self.send(ESCAPE);
            }
            bytes += read?;
            if bytes > ANSWER_BYTES_MAX {
                return Err(TellError::Silent);
            }
        }
    }

    /// The next whole line that is not empty, without what is no text.
    fn take_line(&mut self) -> Option<String> {
        loop {
            let end = self
                .unread
                .iter()
                .position(|byte| matches!(byte, b'\r' | b'\n'));
            let Some(end) = end else {
                if self.unread.len() > LINE_BYTES_MAX {
                    self.unread.clear();
                }
                return None;
            };
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let text: String = line
                .iter()
                .filter(|byte| (0x20..0x7F).contains(*byte))
                .map(|byte| char::from(*byte))
                .collect();
            let text = text.trim();
            if !text.is_empty() {
                return Some(text.to_owned());
            }
        }
    }

    fn read_some(&mut self, until: Instant) -> Result<usize, TellError> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(TellError::Silent);
        }
        let mut room = [0; 256];
        let read = self
            .serial
            .read(&mut room, left)
            .map_err(|_| TellError::Lost)?;
        self.unread.extend_from_slice(&room[..read]);
        Ok(read)
    }
}

/// What an error line says.
fn refusal(line: &str) -> Option<TellError> {
    if let Some(number) = line.strip_prefix("+CMS ERROR:") {
        return Some(TellError::Cms(number_of(number)));
    }
    if let Some(number) = line.strip_prefix("+CME ERROR:") {
        let number = number.trim();
        return Some(if NO_SIM.contains(&number) {
            TellError::SimMissing
        } else if LOCKED_SIM.contains(&number) {
            TellError::SimLocked
        } else {
            TellError::Cme(number_of(number))
        });
    }
    (line == "ERROR").then_some(TellError::Refused)
}

fn number_of(text: &str) -> u16 {
    text.trim().parse().unwrap_or(u16::MAX)
}
