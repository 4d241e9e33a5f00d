//! What the product makes of a person's reports: the one place that knows its functions.

use crate::corpus::{CURFEW_FENCE, ORDER_FENCE, Person};
use jiaolian_schema::fence::Fences;
use jiaolian_schema::fix::Point;
use jiaolian_schema::watch::{Change, rejudge};
use std::collections::BTreeMap;

/// An alarm as an operator gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) kind: &'static str,
    pub(super) fence: String,
    /// 1 to 4.
    pub(super) severity: u8,
    /// When it began, by the device, ms UTC.
    pub(super) time: i64,
    /// When the deciding report came, ms UTC.
    pub(super) known_at: i64,
    /// Whether that report was live.
    pub(super) live: bool,
    /// Its end, ms UTC; `i64::MAX` while it lasts.
    pub(super) until: i64,
}

/// Everything that is raised about a person.
pub(super) fn told(person: &Person, fences: &Fences) -> Vec<Told> {
    let points: Vec<Point> = person
        .heard
        .iter()
        .filter_map(|heard| heard.point)
        .collect();
    let came = person
        .heard
        .iter()
        .map(|heard| (heard.time, (heard.received_at, heard.live)));
    let came: BTreeMap<i64, (i64, bool)> = came.collect();
    let judged = rejudge(&person.code, &points, fences, &person.permits);
    let mut told = Vec::new();
    for transition in &judged.transitions {
        let severity = match transition.change {
            Change::Exit => 2,
            Change::Enter => 1,
            Change::Suspect => 3,
            _ => continue,
        };
        let violation = judged
            .violations
            .iter()
            .find(|v| v.deciding == transition.deciding && v.fence == transition.fence);
        let until = match violation {
            Some(violation) => violation.cleared.as_ref().map_or(i64::MAX, |c| c.time),
            None => transition.decided_at + 1,
        };
        let (known_at, live) = came[&transition.decided_at];
        told.push(Told {
            kind: match transition.fence.as_str() {
                ORDER_FENCE => "GEO_IN",
                CURFEW_FENCE => "NIGHT_OUT",
                _ => "GEO_OUT",
            },
            fence: transition.fence.clone(),
            severity: severity + u8::from(!live),
            time: transition.time,
            known_at,
            live,
            until,
        });
    }
    told
}
