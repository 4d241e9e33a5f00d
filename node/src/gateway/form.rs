//! The form of OsmAnd and of Traccar's older clients: one report as the names and values of a query
//! or of a form body (<https://www.traccar.org/osmand/>).

use super::report::{Report, Said, SpeedUnit};
use super::turn::TurnAwayError;
use jiaolian_sync::Whence;

/// Most characters of a terminal's number.
pub(super) const TERMINAL_CHARS_MAX: usize = 64;

/// What one request brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) terminal: String,
    pub(super) token: Option<String>,
    pub(super) reports: Vec<Report>,
    /// By which way they came, but for the cell, which each says by itself.
    pub(super) way: Whence,
}

/// The way of whoever asks by HTTP for itself.
pub(super) fn by_http() -> Whence {
    Whence::door("http")
}

/// Names and values, in the order in which they came.
pub(super) type Pairs = Vec<(String, String)>;

/// Takes apart `a=b&c=d`. A value that is no text is an error, for nothing can be said of it later.
pub(super) fn read_pairs(text: &[u8]) -> Result<Pairs, TurnAwayError> {
    let parts = text.split(|byte| *byte == b'&');
    let parts = parts.filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let split = part.iter().position(|byte| *byte == b'=');
            let (name, value) = match split {
                Some(at) => (&part[..at], &part[at + 1..]),
                None => (part, &[][..]),
            };
            Ok((plain(name)?, plain(value)?))
        })
        .collect()
}

fn plain(text: &[u8]) -> Result<String, TurnAwayError> {
    let refuse = || TurnAwayError::Form("names and values are percent-encoded UTF-8".to_owned());
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = text.get(at..at + 2).ok_or_else(refuse)?;
                at += 2;
                hex_digit(digits[0]).ok_or_else(refuse)? << 4
                    | hex_digit(digits[1]).ok_or_else(refuse)?
            }
            byte => *byte,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| refuse())?;
    if text.contains(char::is_control) {
        return Err(TurnAwayError::Form(
            "a text has no control characters".to_owned(),
        ));
    }
    Ok(text)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// A token that came in the query, whatever form the reports have.
pub(super) fn token_in(pairs: &Pairs) -> Option<String> {
    let found = pairs.iter().find(|(name, _)| name == "token");
    found.map(|(_, token)| token.clone())
}

/// One report from names and values. The datum is WGS-84 unless it says otherwise; speed is in
/// knots.
pub(super) fn read_form(pairs: Pairs) -> Result<Sent, TurnAwayError> {
    let (mut terminal, mut token) = (None, None);
    let mut said = Said {
        speed_unit: SpeedUnit::Knots,
        ..Said::default()
    };
    for (name, value) in pairs {
        if name == "location" {
            let (lat, lon) = value.split_once(',').unwrap_or((&value, ""));
            once(&mut said.lat, "location", lat.to_owned())?;
            once(&mut said.lon, "location", lon.to_owned())?;
            continue;
        }
        let place = match name.as_str() {
            "id" | "deviceid" => &mut terminal,
            "token" => &mut token,
            "timestamp" => &mut said.time,
            "lat" => &mut said.lat,
            "lon" => &mut said.lon,
            "datum" => &mut said.datum,
            "accuracy" => &mut said.accuracy,
            "source" => &mut said.source,
            "sat" | "satellites" => &mut said.satellites,
            "speed" => &mut said.speed,
            "valid" => &mut said.valid,
            "mock" => &mut said.mock,
            "live" => &mut said.live,
            "batt" | "battery" => &mut said.battery,
            "charge" | "charging" => &mut said.charging,
            "motion" => &mut said.motion,
            "event" => &mut said.event,
            // Cells and networks in range may come many times.
            _ => {
                let kept = said.other.entry(name).or_default();
                if !kept.is_empty() {
                    kept.push(';');
                }
                kept.push_str(&value);
                continue;
            }
        };
        once(place, &name, value)?;
    }
    said.datum.get_or_insert_with(|| "wgs84".to_owned());
    Ok(Sent {
        terminal: named(terminal)?,
        token,
        reports: vec![Report::new(said)],
        way: by_http(),
    })
}

fn once(place: &mut Option<String>, name: &str, value: String) -> Result<(), TurnAwayError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(TurnAwayError::Form(format!("a value comes once: {name}"))),
    }
}

/// The terminal of a request, which must name one.
pub(super) fn named(terminal: Option<String>) -> Result<String, TurnAwayError> {
    let refuse = |why: &str| TurnAwayError::Form(why.to_owned());
    let terminal = terminal.filter(|terminal| !terminal.is_empty());
    let terminal = terminal.ok_or_else(|| refuse("a request names its device"))?;
    if terminal.contains(char::is_control) {
        return Err(refuse("a text has no control characters"));
    }
    if terminal.chars().count() > TERMINAL_CHARS_MAX {
        return Err(refuse("a device's number has at most 64 characters"));
    }
    Ok(terminal)
}
