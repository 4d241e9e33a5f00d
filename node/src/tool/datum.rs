//! `jiaolian datum`: places from one datum to another.

use std::io::{BufRead, Write};

use jiaolian_schema::datum::Datum;

use super::line::{degrees, for_each, read_place};
use super::{Answer, Outcome, RunToolError};

/// Answers each line `lon,lat` of datum `from` with the same place in `to`, seven decimals.
pub fn run(
    from: Datum,
    to: Datum,
    form: Answer,
    input: impl BufRead,
    output: &mut impl Write,
) -> Result<Outcome, RunToolError> {
    let outcome = for_each(input, output, form, |line| {
        let place = read_place(line, from, to)?;
        let (lon, lat) = (degrees(place.lon()), degrees(place.lat()));
        Ok(match form {
            Answer::Text => format!("{lon},{lat}"),
            Answer::Json => format!(r#"{{"ok":true,"lon":{lon},"lat":{lat}}}"#),
        })
    })?;
    Ok(outcome)
}
