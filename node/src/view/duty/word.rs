//! The words of a call: short, without a name; of a minor or a sealed case nothing that tells whom or where.

use super::super::label::office_ref;
use super::super::{alarm, case, mass};
use super::{step_coded, way_coded};
use crate::http::text::{Text, words};
use crate::notify::Way;
use crate::owner::{CallRow, Node};
use jiaolian_schema::act::Raise;
use jiaolian_schema::calendar::civil_of;

/// Digits of a person's or an alarm's code that are shown: enough to find it again.
const CODE_DIGITS: usize = 6;

/// The text of a call, in Chinese: the language of those who are called.
pub fn call_text(node: &mut Node, row: &CallRow) -> String {
    let step = step_coded(&row.step).label;
    let severity = row.severity.to_string();
    let file = node.file(row.alarm);
    let raise = file
        .as_ref()
        .and_then(|file| alarm::raise_of(file))
        .cloned();
    let since = raise.as_ref().map_or(row.at, |raise| raise.time);
    let since = civil_of(since).strftime("%m-%d %H:%M").to_string();
    let code = |hex: &str| hex[..CODE_DIGITS.min(hex.len())].to_uppercase();
    let stored = node.replica.dossier(row.alarm);
    let is_hidden = stored.is_none_or(|stored| case::is_hidden(node, stored));
    let text = match (raise, file) {
        (Some(raise), Some(file)) if !is_hidden => {
            let kind = kind_of(node, row, &raise);
            let office = Text::plain(office_ref(node, file.place).name);
            let person = Text::plain(code(&raise.person.to_hex()));
            words("duty", "sms").fill_texts(&[
                &Text::plain(severity),
                &kind,
                &office,
                &person,
                &Text::plain(since),
                &step,
            ])
        }
        _ => words("duty", "sms_hidden").fill_texts(&[
            &Text::plain(severity),
            &Text::plain(since),
            &step,
            &Text::plain(code(&row.alarm.to_hex())),
        ]),
    };
    text.zh
}

/// The kind, and how many people one call is for.
fn kind_of(node: &mut Node, row: &CallRow, raise: &Raise) -> Text {
    let kind = alarm::kind(node, raise).label;
    let Some(mass) = mass::shape_of(node, row.alarm, row.severity) else {
        return kind;
    };
    let people = Text::plain(mass.people.to_string());
    words("duty", "sms_mass").fill_texts(&[&kind, &mass.cause.label, &people])
}

/// What the node's act says of a call that was made: the way, who was told, and why.
pub fn notify_note(node: &Node, row: &CallRow) -> String {
    let way = way_coded(Way::of(row.way).unwrap_or(Way::None)).label;
    let office = office_ref(node, row.of).name;
    let receiver = if row.name.is_empty() {
        office
    } else {
        format!("{office} {}", row.name)
    };
    let step = step_coded(&row.step).label;
    let note = words("duty", "note").fill_texts(&[&way, &Text::plain(receiver), &step]);
    note.zh
}
