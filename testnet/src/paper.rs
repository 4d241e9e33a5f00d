//! A heap of paperwork: many long records of visits, so that a line has something to carry.

use crate::client::{Client, ClientError};
use crate::seed::{Subject, leave_form, today};
use jiff::ToSpan as _;
use serde_json::json;

/// Letters of one note. Drawn from so many signs that compressing halves them at best.
const NOTE_CHARS: usize = 400;
const SIGN_FIRST: u32 = 0x4E00;
const SIGNS: u64 = 0x4000;

/// Records so many visits, person after person.
pub async fn write_notes(
    officer: &Client,
    subjects: &[Subject],
    count: usize,
) -> Result<(), ClientError> {
    let mut dice = count as u64;
    for subject in subjects.iter().cycle().take(count) {
        let note: String = std::iter::repeat_with(|| sign(&mut dice))
            .take(NOTE_CHARS)
            .collect();
        let on = today().saturating_sub(1.days());
        let form = json!({ "on": on.to_string(), "place": "家中", "note": note });
        let page = format!("/api/v1/cases/{}", subject.case);
        officer.sign(&page, "record:visit", form).await?;
    }
    Ok(())
}

/// Asks for a leave of a person: one more matter in one case.
pub async fn ask_leave(officer: &Client, subject: &Subject) -> Result<(), ClientError> {
    let page = format!("/api/v1/cases/{}", subject.case);
    let form = leave_form(3, "medical", "长沙市岳麓区");
    officer.sign(&page, "apply:leave", form).await.map(|_| ())
}

fn sign(dice: &mut u64) -> char {
    *dice = dice
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    let code = SIGN_FIRST + ((*dice >> 33) % SIGNS) as u32;
    char::from_u32(code).unwrap_or('。')
}
