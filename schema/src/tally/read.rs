//! From what is stored to what a day is counted from.

use super::{Broken, Report, Span, Word};
use crate::explain::{Kept, UnusedCause, unused};
use crate::signal::{Sign, Signs};
use crate::watch::{AlarmKind, Condition};

/// Stored reports of a person as a day is counted from them (T2).
pub fn reports_of(person: &str, kept: &[Kept]) -> Vec<Report> {
    let unused = unused(person, kept);
    let report = |(kept, unused): (&Kept, Option<UnusedCause>)| {
        let signs = kept.signs.unwrap_or(Signs::NONE);
        Report {
            time: kept.time,
            word: match (kept.point, unused) {
                (Some(point), None) => Word::Used(point.at),
                (_, Some(UnusedCause::Skewed)) => Word::Skewed,
                _ => Word::Placeless,
            },
            off: signs.says(Sign::Off) == Some(true),
        }
    };
    kept.iter().zip(unused).map(report).collect()
}

/// The conditions in which a person broke a rule: of a fence, or the strap. What is the matter with
/// a device or a network is no violation.
pub fn rules_broken(conditions: &[Condition]) -> Vec<Broken> {
    let counts =
        |condition: &&Condition| !condition.about.is_empty() || condition.kind == AlarmKind::Tamper;
    let broken = conditions.iter().filter(counts).map(|condition| Broken {
        fence: condition.about.clone(),
        span: Span {
            from: condition.time,
            to: condition.cleared.as_ref().map_or(i64::MAX, |end| end.time),
        },
    });
    broken.collect()
}
