//! `jiaolian replay`: what the watch makes of recorded fixes.

use std::io::Write;
use std::path::Path;

use jiaolian_schema::fence::{Fence, Fences, read_fences};
use jiaolian_schema::fix::{FIX_COLUMNS, Fix, write_instant};
use jiaolian_schema::permit::{Permit, read_permits};
use jiaolian_schema::watch::{Event, events};
use serde::Serialize;

use super::csv::Records;
use super::{Outcome, RunToolError, read_file, refused};

#[derive(Serialize)]
struct BadLine {
    ok: bool,
    line: usize,
    error: String,
}

#[derive(Serialize)]
struct EventLine<'a> {
    person: &'a str,
    fence: &'a str,
    event: &'static str,
    time: String,
    decided_at: String,
}

/// Judges the fixes of a file and prints bad lines, then events. A bad fence, permit or header
/// refuses the run.
pub fn run(
    fences: &Path,
    fixes: &Path,
    permits: Option<&Path>,
    output: &mut impl Write,
) -> Result<Outcome, RunToolError> {
    let fence_list = load_fences(fences)?;
    let permit_list = permits.map_or(Ok(Vec::new()), load_permits)?;
    let (fix_list, bad) = load_fixes(fixes)?;
    let outcome = if bad.is_empty() {
        Outcome::Whole
    } else {
        Outcome::SomeBad
    };
    let mut output = std::io::BufWriter::new(output);
    for line in &bad {
        write_line(&mut output, line)?;
    }
    for event in events(&fix_list, &Fences::from(fence_list), &permit_list) {
        write_line(&mut output, &event_line(&event))?;
    }
    output.flush()?;
    Ok(outcome)
}

fn load_fences(path: &Path) -> Result<Vec<Fence>, RunToolError> {
    let fences = read_fences(&read_file(path)?).map_err(|error| refused(path, &error))?;
    for fence in &fences {
        let named = |error| refused(path, &format!("fence {:?}: {error}", fence.id()));
        fence.check_clearable().map_err(named)?;
    }
    Ok(fences)
}

fn load_permits(path: &Path) -> Result<Vec<Permit>, RunToolError> {
    read_permits(&read_file(path)?).map_err(|error| refused(path, &error))
}

fn load_fixes(path: &Path) -> Result<(Vec<Fix>, Vec<BadLine>), RunToolError> {
    let text = read_file(path)?;
    let end = text
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(text.len());
    let header = text[..end].strip_suffix(b"\r").unwrap_or(&text[..end]);
    if header != FIX_COLUMNS.as_bytes() {
        return Err(refused(
            path,
            &format!("the first line is exactly {FIX_COLUMNS}"),
        ));
    }
    let mut fixes = Vec::new();
    let mut bad = Vec::new();
    for record in Records::new(&text).skip(1) {
        let error = match record.fields {
            Ok(fields) => match Fix::from_fields(&fields) {
                Ok(fix) => {
                    fixes.push(fix);
                    continue;
                }
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        bad.push(BadLine {
            ok: false,
            line: record.line,
            error,
        });
    }
    Ok((fixes, bad))
}

fn event_line(event: &Event) -> EventLine<'_> {
    EventLine {
        person: &event.person,
        fence: &event.fence,
        event: event.kind.name(),
        time: write_instant(event.time),
        decided_at: write_instant(event.decided_at),
    }
}

fn write_line(output: &mut impl Write, line: &impl Serialize) -> Result<(), RunToolError> {
    let text = serde_json::to_string(line).map_err(std::io::Error::from)?;
    Ok(writeln!(output, "{text}")?)
}
