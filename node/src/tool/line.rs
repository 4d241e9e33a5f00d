//! Lines of `lon,lat`, answered one by one.

use std::fmt::Display;
use std::io::{self, BufRead, Write};

use jiaolian_schema::datum::{Datum, ReadPlaceError};
use jiaolian_schema::geo::Coord;
use jiaolian_schema::jt808::ReadFrameError;

use super::{Answer, Outcome};

/// Longest line that is read, bytes; a longer one is bad.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Why a line is bad.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReadLineError {
    #[error("a line is lon,lat: {0:?}")]
    Form(String),
    #[error("a line is UTF-8")]
    Encoding,
    #[error("a line has at most {LINE_BYTES_MAX} bytes")]
    Long,
    #[error(transparent)]
    Place(#[from] ReadPlaceError),
    #[error("a line is the hex of one frame: {0:?}")]
    Hex(String),
    #[error(transparent)]
    Frame(#[from] ReadFrameError),
}

/// Answers every line with what `answer` makes of it.
pub(super) fn for_each(
    mut input: impl BufRead,
    output: &mut impl Write,
    form: Answer,
    mut answer: impl FnMut(&str) -> Result<String, ReadLineError>,
) -> io::Result<Outcome> {
    let mut outcome = Outcome::Whole;
    let mut line = Vec::new();
    while read_line(&mut input, &mut line)? {
        match text(&line).and_then(&mut answer) {
            Ok(text) => writeln!(output, "{text}")?,
            Err(error) => {
                outcome = Outcome::SomeBad;
                write_bad(output, form, &error)?;
            }
        }
    }
    output.flush()?;
    Ok(outcome)
}

/// A place from a line `lon,lat` of one datum, in another.
pub(super) fn read_place(line: &str, from: Datum, to: Datum) -> Result<Coord, ReadLineError> {
    let form = || ReadLineError::Form(line.chars().take(60).collect());
    let (lon, lat) = line.split_once(',').ok_or_else(form)?;
    Ok(from.place_from_text(to, lon.trim(), lat.trim())?)
}

/// Degrees with seven decimals.
pub(super) fn degrees(units: i32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let (whole, rest) = (
        units.unsigned_abs() / 10_000_000,
        units.unsigned_abs() % 10_000_000,
    );
    format!("{sign}{whole}.{rest:07}")
}

fn text(line: &[u8]) -> Result<&str, ReadLineError> {
    if line.len() > LINE_BYTES_MAX {
        return Err(ReadLineError::Long);
    }
    let text = std::str::from_utf8(line).map_err(|_| ReadLineError::Encoding)?;
    Ok(text.strip_suffix('\r').unwrap_or(text))
}

/// Reads a line without its end, of a longer one only so much that it is known to be long.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut has_begun = false;
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            return Ok(has_begun);
        }
        has_begun = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let room = (LINE_BYTES_MAX + 2).saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

fn write_bad(output: &mut impl Write, form: Answer, error: &dyn Display) -> io::Result<()> {
    match form {
        Answer::Text => writeln!(output, "!{error}"),
        Answer::Json => {
            let error = serde_json::Value::String(error.to_string());
            writeln!(output, r#"{{"ok":false,"error":{error}}}"#)
        }
    }
}
