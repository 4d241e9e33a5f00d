//! A modem at the other end of a real terminal: it echoes, prompts, answers late, chatters, and fails as it is
//! told to.

#![allow(dead_code, reason = "each test that plays with it uses a part")]

use jiaolian_node::notify::{Modem, Patience};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// No test waits so long for a modem that answers; those that test silence wait so long once.
pub(crate) const PATIENCE: Patience = Patience {
    answer_ms: 10_000,
    prompt_ms: 3_000,
    sent_ms: 10_000,
};

/// What a modem does when a command begins so; the rest of its manners are those of a good one.
#[derive(Clone)]
pub(crate) struct Manner {
    pub(crate) begins: &'static str,
    pub(crate) answer: Vec<u8>,
    /// After so many times it goes back to good manners.
    pub(crate) times: usize,
}

/// A modem of a trade mark nobody sells.
pub(crate) struct Emulator {
    thread: JoinHandle<()>,
    messages: Arc<Mutex<Vec<String>>>,
    commands: Arc<Mutex<Vec<String>>>,
    pub(crate) device: PathBuf,
    socket: tempfile::TempDir,
    /// Holds the line open on this side while no program does, as a modem does.
    line: File,
}

impl Emulator {
    pub(crate) fn plug_in(manners: Vec<Manner>) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let terminal = PathBuf::from(ptsname(&master, vec![]).unwrap().to_str().unwrap());
        let line = File::options()
            .read(true)
            .write(true)
            .open(&terminal)
            .unwrap();
        // The system gives a terminal's number to the next one: what is pulled out must stay gone.
        let socket = tempfile::tempdir().unwrap();
        let device = socket.path().join("ttyUSB2");
        std::os::unix::fs::symlink(&terminal, &device).unwrap();
        let (messages, commands) = (Arc::default(), Arc::default());
        let mut modem = Insides {
            line: File::from(master),
            manners,
            messages: Arc::clone(&messages),
            commands: Arc::clone(&commands),
            echoes: true,
        };
        let thread = std::thread::Builder::new();
        let thread = thread.spawn(move || modem.live()).unwrap();
        Self {
            thread,
            messages,
            commands,
            device,
            socket,
            line,
        }
    }

    pub(crate) fn modem(&self) -> Modem {
        Modem::new(self.device.clone(), 115_200, PATIENCE)
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        self.messages.lock().unwrap().clone()
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap().clone()
    }

    /// The modem is pulled out of its socket: the last hold on the line ends it.
    pub(crate) fn pull_out(self) -> PathBuf {
        drop((self.socket, self.line));
        self.thread.join().unwrap();
        self.device
    }
}

struct Insides {
    line: File,
    manners: Vec<Manner>,
    messages: Arc<Mutex<Vec<String>>>,
    commands: Arc<Mutex<Vec<String>>>,
    echoes: bool,
}

impl Insides {
    fn live(&mut self) {
        let mut word = Vec::new();
        let mut is_message = false;
        loop {
            let mut byte = [0];
            match self.line.read(&mut byte) {
                Ok(1) => {}
                _ => return,
            }
            if self.echoes {
                self.say(&byte);
            }
            match byte[0] {
                0x1B => {
                    (is_message, word) = (false, Vec::new());
                }
                0x1A if is_message => {
                    is_message = false;
                    let text = String::from_utf8(std::mem::take(&mut word)).unwrap();
                    self.took(&text);
                }
                b'\r' if !is_message => {
                    let text = String::from_utf8_lossy(&word).into_owned();
                    word.clear();
                    is_message = self.answer(&text);
                }
                other => word.push(other),
            }
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        let _ = self.line.write_all(bytes);
    }

    fn manner(&mut self, begins: &str) -> Option<Vec<u8>> {
        let manner = self.manners.iter_mut();
        let mut manner = manner.filter(|manner| manner.times > 0);
        let manner = manner.find(|manner| begins.starts_with(manner.begins))?;
        manner.times -= 1;
        Some(manner.answer.clone())
    }

    /// Whether it now waits for a message.
    fn answer(&mut self, command: &str) -> bool {
        self.commands.lock().unwrap().push(command.to_owned());
        if let Some(answer) = self.manner(command) {
            self.say(&answer);
            return false;
        }
        let answer: &[u8] = match command {
            "ATE0" => {
                self.echoes = false;
                b"\r\nOK\r\n"
            }
            "AT+CPIN?" => b"\r\n+CPIN: READY\r\n\r\nOK\r\n",
            "AT+CREG?" => b"\r\n+CREG: 0,1\r\n\r\nOK\r\n",
            "AT+CEREG?" => b"\r\n+CEREG: 0,5\r\n\r\nOK\r\n",
            _ if command.starts_with("AT+CMGS=") => b"\r\n> ",
            _ => b"\r\nOK\r\n",
        };
        self.say(answer);
        command.starts_with("AT+CMGS=")
    }

    fn took(&mut self, pdu: &str) {
        if let Some(answer) = self.manner("PDU") {
            return self.say(&answer);
        }
        let mut messages = self.messages.lock().unwrap();
        messages.push(pdu.to_owned());
        let number = messages.len();
        drop(messages);
        self.say(format!("\r\n+CMGS: {number}\r\n\r\nOK\r\n").as_bytes());
    }
}

pub(crate) fn manner(begins: &'static str, answer: impl AsRef<[u8]>) -> Manner {
    Manner {
        begins,
        answer: answer.as_ref().to_vec(),
        times: usize::MAX,
    }
}

pub(crate) fn once(begins: &'static str, answer: impl AsRef<[u8]>) -> Manner {
    Manner {
        times: 1,
        ..manner(begins, answer)
    }
}

/// The text of a message, read back from its bytes without the writer's help.
pub(crate) fn text_of(pdu: &str) -> String {
    let bytes: Vec<u8> = (0..pdu.len() / 2)
        .map(|i| u8::from_str_radix(&pdu[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    let digits = usize::from(bytes[3]).div_ceil(2);
    let data = &bytes[5 + digits + 4..];
    let header = if bytes[1] & 0x40 == 0 {
        0
    } else {
        usize::from(data[0]) + 1
    };
    let units: Vec<u16> = data[header..]
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    String::from_utf16(&units).unwrap()
}
