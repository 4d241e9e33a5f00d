//! Whom an alarm calls who is not at a page: hours where an office set none, and how calls are tried again.

use crate::schedule::Schedule;
use serde::Deserialize;

/// The table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyRules {
    /// The mildest severity for which somebody is called, 1 to 4.
    pub severity_max: u8,
    /// Wait before the second try of a call, s.
    pub retry_s_min: u32,
    /// Longest wait between two tries, s.
    pub retry_s_max: u32,
    /// Hours of an office without a list.
    pub hours: Schedule,
    /// Whether they follow the calendar of working days.
    pub workdays: bool,
    /// Where the numbers are from.
    pub source: String,
    /// Whether they were read in an official text.
    pub verified: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    source: String,
    verified: bool,
    severity_max: u8,
    retry_s_min: u32,
    retry_s_max: u32,
    hours: Hours,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hours {
    workdays: bool,
    windows: serde_json::Value,
}

pub(super) fn parse(text: &str) -> Result<DutyRules, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    if !(1..=4).contains(&file.severity_max) {
        return Err(format!(
            "severity_max lies in 1..=4, found {}",
            file.severity_max
        ));
    }
    let (least, most) = (file.retry_s_min, file.retry_s_max);
    if least == 0 || least > most || most > 86_400 {
        return Err(format!(
            "waits lie in 1..=86400 s and ascend, found {least} and {most}"
        ));
    }
    let hours = Schedule::read(&file.hours.windows).map_err(|error| error.to_string())?;
    Ok(DutyRules {
        severity_max: file.severity_max,
        retry_s_min: least,
        retry_s_max: most,
        hours,
        workdays: file.hours.workdays,
        source: file.source,
        verified: file.verified,
    })
}
