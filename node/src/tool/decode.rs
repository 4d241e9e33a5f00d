//! `jiaolian decode`: what terminals said, from the hex of their frames.

use std::io::{BufRead, Write};

use clap::Subcommand;
use jiaolian_schema::fix::write_instant;
use jiaolian_schema::id::unhex;
use jiaolian_schema::jt808::{Assembly, Header, Location, Message, ReadFrameError, read, unframe};
use serde::Serialize;
use serde_json::{Value, json};

use super::line::{ReadLineError, for_each};
use super::{Answer, Outcome, RunToolError};

/// Mark at both ends of a frame.
const MARK: u8 = 0x7E;

/// Protocols that are decoded.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Protocol {
    /// JT/T 808-2013 and -2019: a line of hex a frame in, with or without its marks; a JSON object a
    /// line out. Parts of a larger message are put together: the last one has its positions.
    Jt808 {
        /// Accepted for uniformity; the answer is JSON in any case.
        #[arg(long)]
        json: bool,
    },
}

/// One frame as it is answered.
#[derive(Debug, Serialize)]
struct Line {
    ok: bool,
    msg_id: String,
    version: u16,
    terminal: String,
    serial: u16,
    fixes: Vec<Place>,
    /// Where the frame is a part of a larger message.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<Value>,
    /// Positions of a batch that can't be read, with their places in it from 0.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<Value>,
}

/// One position.
#[derive(Debug, Serialize)]
struct Place {
    lat: f64,
    lon: f64,
    time: String,
    speed_kmh: f64,
    bearing_deg: u16,
    altitude_m: i16,
    alarm: u32,
    status: u32,
    located: bool,
    history: bool,
}

/// Answers each frame with what it says.
pub fn run(input: impl BufRead, output: &mut impl Write) -> Result<Outcome, RunToolError> {
    let mut assembly = Assembly::default();
    let outcome = for_each(input, output, Answer::Json, |line| {
        let bytes = read_line(line)?;
        let answer = decode(&bytes, &mut assembly)?;
        Ok(serde_json::to_string(&answer).unwrap_or_default())
    })?;
    Ok(outcome)
}

fn read_line(line: &str) -> Result<Vec<u8>, ReadLineError> {
    let digits: String = line.split_ascii_whitespace().collect();
    let form = || ReadLineError::Hex(line.chars().take(60).collect());
    let bytes = unhex(&digits)
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(form)?;
    let marked = bytes.strip_prefix(&[MARK]);
    let inside = marked.and_then(|rest| rest.strip_suffix(&[MARK]));
    let inside = inside.unwrap_or(&bytes);
    if inside.contains(&MARK) {
        return Err(form());
    }
    Ok(inside.to_vec())
}

fn decode(raw: &[u8], assembly: &mut Assembly) -> Result<Line, ReadFrameError> {
    let bytes = unframe(raw)?;
    let (header, body) = Header::read(&bytes)?;
    let mut line = Line {
        ok: true,
        msg_id: format!("0x{:04X}", header.id),
        version: header.edition.year(),
        terminal: header.terminal.clone(),
        serial: header.serial,
        fixes: Vec::new(),
        part: None,
        unread: Vec::new(),
    };
    let whole = match header.part {
        None => Some(body.to_vec()),
        Some(part) => {
            line.part = Some(json!({ "index": part.index, "total": part.total }));
            assembly.push(&header, part, body).map(|(_, body)| body)
        }
    };
    if let Some(body) = whole {
        line.add(read(&header, &body)?);
    }
    Ok(line)
}

impl Line {
    fn add(&mut self, message: Message) {
        match message {
            Message::Location(location) | Message::Located { location, .. } => {
                self.fixes.push(Place::of(&location, false));
            }
            Message::Batch(batch) => {
                for (index, location) in batch.locations.iter().enumerate() {
                    match location {
                        Ok(location) => self.fixes.push(Place::of(location, batch.is_history)),
                        Err(error) => {
                            let unread = json!({ "index": index, "error": error.to_string() });
                            self.unread.push(unread);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

impl Place {
    fn of(location: &Location, history: bool) -> Self {
        Self {
            lat: f64::from(location.lat_e6) / 1e6,
            lon: f64::from(location.lon_e6) / 1e6,
            time: write_instant(location.time),
            speed_kmh: f64::from(location.speed_dkmh) / 10.0,
            bearing_deg: location.bearing_deg,
            altitude_m: location.altitude_m,
            alarm: location.alarm,
            status: location.status.0,
            located: location.status.is_located(),
            history,
        }
    }
}
