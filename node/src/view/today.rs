//! The first page: what to do today, and in which order.

use super::alarm::{self, AlarmQuery};
use super::label::{date_of, deadline, due_shape, rule_text};
use super::shape::{AlarmRow, Coded, Counts, Reminder, Target, Today};
use super::{Viewer, case, incident, matter, waiting};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::deadline::{DueAt, Moment, Unit};
use jiaolian_schema::desk::{DeskMatter, File, RECORD_WORKFLOW};

/// Most open incidents on the first page.
const ALARMS_MAX: usize = 50;
/// How long before a term's end its release is brought to mind, days.
const RELEASE_DAYS: i64 = 30;

/// The first page of one person.
pub fn today(node: &mut Node, viewer: &Viewer) -> Today {
    let now = node.now();
    let mut alarms = alarm::list(node, viewer, &AlarmQuery::default());
    let (mut reminders, mut counts) = (Vec::new(), Counts::default());
    for file in case::visible(node, viewer) {
        let row = case::case_row(node, &file);
        counts.on_register += 1;
        counts.out += u64::from(row.state.code == "OUT" || row.state.code == "OVERSTAY");
        counts.conflicts += row.conflicts;
        for desk in matter::all(node, &file) {
            if desk.workflow.0 == RECORD_WORKFLOW || desk.state.ended {
                continue;
            }
            let matter = matter::row(node, viewer, &file, &desk);
            counts.waiting_for_me += u64::from(matter.mine);
            if matter.mine || matter.state.code == "CONFLICT" {
                reminders.push(matter_reminder(node, &file, &desk));
            }
            if matter.changed {
                reminders.push(changed_reminder(node, &file, &desk));
            }
        }
        reminders.extend(release_reminder(node, &file, &row));
    }
    counts.open_alarms = alarms.len() as u64;
    reminders.extend(
        alarms
            .iter()
            .filter(|row| row.claimed.is_none())
            .map(alarm_reminder),
    );
    reminders.extend(escalated(node, viewer));
    reminders.sort_by_key(|r| (r.due.as_ref().map_or(i64::MAX, |due| due.at), r.severity));
    alarms.truncate(ALARMS_MAX);
    Today {
        as_of: now,
        date: date_of(now),
        reminders,
        alarms,
        waiting: waiting::waiting(node, viewer),
        counts,
    }
}

fn matter_reminder(node: &Node, file: &File, desk: &DeskMatter) -> Reminder {
    let now = node.now();
    let state = desk.state.at(now).to_owned();
    let due = desk
        .state
        .due
        .iter()
        .filter(|due| due.state == state)
        .min_by_key(|d| d.at.end_ms());
    let due = due.map(|due| due_shape(&node.rules, due, now));
    let past = desk
        .state
        .reminders
        .iter()
        .filter(|r| r.state == state && r.at_ms <= now);
    let newest = past.max_by_key(|reminder| reminder.at_ms);
    let table = desk.table(&node.rules);
    let title = table
        .map(|table| super::label::text(&table.table().title))
        .unwrap_or_default();
    let state_text = table.and_then(|table| table.find_state(&state));
    let state_text = state_text
        .map(|state| super::label::text(&state.label))
        .unwrap_or_default();
    let plain = Text::new(
        format!("{}: {}", title.zh, state_text.zh),
        format!("{}: {}", title.en, state_text.en),
    );
    Reminder {
        id: format!("{}:{state}", desk.id),
        kind: Coded::new(desk.workflow.0.as_str(), title),
        title: newest.map_or(plain, |reminder| rule_text(&node.rules, &reminder.text)),
        case: Some(case::case_ref(node, file)),
        severity: due.as_ref().map_or(4, |due| due.severity),
        due,
        target: Target {
            view: "matter".into(),
            id: Some(desk.id.to_hex()),
            event: None,
        },
    }
}

/// A decision that rests on something that changed after it should be looked at again.
fn changed_reminder(node: &Node, file: &File, desk: &DeskMatter) -> Reminder {
    let table = desk.table(&node.rules);
    let title = table.map(|table| super::label::text(&table.table().title));
    Reminder {
        id: format!("{}:changed", desk.id),
        kind: Coded::new(desk.workflow.0.as_str(), title.unwrap_or_default()),
        title: words("flag", "changed"),
        case: Some(case::case_ref(node, file)),
        severity: 3,
        due: None,
        target: Target {
            view: "matter".into(),
            id: Some(desk.id.to_hex()),
            event: None,
        },
    }
}

fn release_reminder(node: &Node, file: &File, row: &super::shape::CaseRow) -> Option<Reminder> {
    let term = row
        .term
        .as_ref()
        .filter(|term| term.days_left <= RELEASE_DAYS)?;
    let last = jiaolian_schema::calendar::parse_date(&term.to).ok()?;
    let label = words("today", "release");
    let at = DueAt {
        at: Moment::Day(last),
        provisional: false,
    };
    let named = ("release", label.clone());
    let due = deadline(&node.rules, named, at, Unit::CalendarDay, node.now());
    Some(Reminder {
        id: format!("{}:release", file.id),
        kind: Coded::new("release", label.clone()),
        title: label,
        case: Some(row.case.clone()),
        severity: due.severity,
        due: Some(due),
        target: Target {
            view: "case".into(),
            id: Some(file.id.to_hex()),
            event: None,
        },
    })
}

/// Alarms that this tier hears of because they were not handled in time.
fn escalated(node: &mut Node, viewer: &Viewer) -> Vec<Reminder> {
    let now = node.now();
    let mut told = Vec::new();
    for incident in incident::visible(node, viewer) {
        let desk = incident::handling(node, &incident.lead).filter(|_| incident.open);
        let passed = desk.is_some_and(|desk| {
            let mut due = desk.state.due.iter();
            due.any(|due| due.is_for_tier(viewer.tier) && due.at.end_ms() <= now)
        });
        if passed {
            let row = alarm::row(node, viewer, &incident);
            told.push(Reminder {
                id: format!("{}:escalated", row.id),
                kind: Coded::new("alarm", words("today", "escalated")),
                ..alarm_reminder(&row)
            });
        }
    }
    told
}

fn alarm_reminder(row: &AlarmRow) -> Reminder {
    Reminder {
        id: format!("{}:claim", row.id),
        kind: Coded::new("alarm", words("today", "alarm")),
        title: row.kind.label.clone(),
        case: row.case.clone(),
        due: row.due.clone(),
        severity: row.severity,
        target: Target {
            view: "alarm".into(),
            id: Some(row.id.clone()),
            event: None,
        },
    }
}
