//! `jiaolian contains`: which fences hold a place.

use std::io::{BufRead, Write};
use std::path::Path;

use jiaolian_schema::datum::Datum;
use jiaolian_schema::fence::read_fences;

use super::line::{for_each, read_place};
use super::{Answer, Outcome, RunToolError, read_file, refused};

/// Answers each line `lon,lat` on WGS-84 with the ids of the fences that hold it, in the order of
/// the file.
///
/// An edge counts as inside; buffers, schedules and whether an exit could ever be cleared do not
/// matter.
pub fn run(
    fences: &Path,
    form: Answer,
    input: impl BufRead,
    output: &mut impl Write,
) -> Result<Outcome, RunToolError> {
    let list = read_fences(&read_file(fences)?).map_err(|error| refused(fences, &error))?;
    let outcome = for_each(input, output, form, |line| {
        let place = read_place(line, Datum::Wgs84, Datum::Wgs84)?;
        let holding = list.iter().filter(|fence| fence.shape().holds(place));
        let ids: Vec<&str> = holding.map(jiaolian_schema::fence::Fence::id).collect();
        Ok(match form {
            Answer::Text => ids.join(","),
            Answer::Json => {
                format!(r#"{{"ok":true,"fences":{}}}"#, serde_json::Value::from(ids))
            }
        })
    })?;
    Ok(outcome)
}
