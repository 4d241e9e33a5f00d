//! Who has the duty, what nobody could be told, and what one shift leaves to the next.

mod hand;
mod word;

pub use hand::{hand_page, kept, list_at, take_over};
pub use word::{call_text, notify_note};

use super::alarm::raise_of;
use super::label::office_ref;
use super::shape::{
    CallShape, Coded, DutyList, DutyPage, DutyPerson, DutyStaff, OutageShape, PhoneShape,
    ShiftShape, TryShape, UntoldRow,
};
use super::{Viewer, case, seat};
use crate::http::error::{ApiError, ApiResult, FieldFault};
use crate::http::text::{Text, words};
use crate::notify::Way;
use crate::owner::{CallRow, CallState, Hand, Node};
use jiaolian_schema::act::{Phone, Rota, Shift};
use jiaolian_schema::duty::{CallStep, Called, CheckRotaError, Rotas, Why, check_rota, on_duty};
use jiaolian_schema::id::{DossierId, EnvelopeId, PersonId};
use jiaolian_schema::schedule::Schedule;
use serde_json::Value as Json;

const DAY_MS: i64 = 24 * 3_600_000;
/// How far back outages are shown, ms.
const OUTAGES_MS: i64 = 30 * DAY_MS;
/// How far back calls are shown, ms.
const CALLS_MS: i64 = 7 * DAY_MS;
/// Most calls shown.
const CALLS_MAX: usize = 100;

/// The duty page of the viewer's office.
pub fn page(node: &mut Node, viewer: &Viewer) -> ApiResult<DutyPage> {
    let (now, office) = (node.now(), viewer.office);
    let (book, rules) = (node.book(), std::sync::Arc::clone(&node.rules));
    let found = on_duty(&rules, &book, office, now);
    let row = book.0.get(&office);
    let list = row.map(|row| duty_list(&rules, &row.rotas));
    let staff = row.into_iter().flat_map(|row| &row.staff);
    let staff = staff
        .filter(|one| (one.term.0..=one.term.1).contains(&now))
        .map(|one| DutyStaff {
            person_id: one.person.to_hex(),
            name: one.name.clone(),
        });
    let calls = node
        .calls_since(now - CALLS_MS, CALLS_MAX)
        .map_err(|error| store_failed(&error))?;
    Ok(DutyPage {
        as_of: now,
        office: office_ref(node, office),
        in_hours: found.in_hours,
        on_duty: found.people.iter().map(|one| person(node, one)).collect(),
        unlisted: found
            .unlisted
            .iter()
            .map(|id| office_ref(node, *id))
            .collect(),
        list: list.unwrap_or_default(),
        may_edit: office == node.office && seat::heads(node, viewer),
        staff: staff.collect(),
        ways: node.ways().iter().map(|way| way_coded(*way)).collect(),
        untold: untold(node, viewer),
        calls: calls
            .iter()
            .filter(|row| case::sees(node, viewer, row.alarm))
            .map(call_shape)
            .collect(),
        outages: outages(node, (now - OUTAGES_MS, now))?,
    })
}

/// When the node did not run, newest first.
pub fn outages(node: &Node, (from, to): (i64, i64)) -> ApiResult<Vec<OutageShape>> {
    let found = node
        .outages(from, to)
        .map_err(|error| store_failed(&error))?;
    let shape = |one: &jiaolian_schema::duty::Outage| OutageShape {
        from: one.from,
        to: one.to,
        ordered: one.ordered,
    };
    Ok(found.iter().rev().map(shape).collect())
}

/// Calls that reached nobody so far, of alarms that the viewer may see.
pub fn untold(node: &mut Node, viewer: &Viewer) -> Vec<UntoldRow> {
    let rows = node.untold();
    let shape = |(id, row): (String, CallRow)| {
        if !case::sees(node, viewer, row.alarm) {
            return None;
        }
        let (kind, case) = about(node, viewer, row.alarm);
        Some(UntoldRow {
            id,
            alarm_id: row.alarm.to_hex(),
            kind,
            severity: row.severity,
            case,
            at: row.at,
            step: step_coded(&row.step),
            way: way_coded(Way::of(row.way).unwrap_or(Way::None)),
            receiver: row.name.clone(),
            tries: row.tries,
            reason: reason_coded(&row.reason),
        })
    };
    rows.into_iter().filter_map(shape).collect()
}

/// Sets the list of the viewer's office in place of those that stand.
pub fn set_list(
    node: &mut Node,
    hand: &Hand,
    hours: &Json,
    workdays: bool,
    (shifts, phones): (Vec<ShiftShape>, Vec<PhoneShape>),
    replaces: &[String],
) -> ApiResult<()> {
    let viewer = &hand.viewer;
    if viewer.office != node.office || !seat::heads(node, viewer) {
        return Err(ApiError::new("not_allowed"));
    }
    let book = node.book();
    let row = book.0.get(&viewer.office).ok_or(ApiError::not_found())?;
    let tips = row.rotas.tips();
    let named: Vec<String> = tips.iter().map(EnvelopeId::to_hex).collect();
    if named != replaces {
        return Err(ApiError::new("section_changed"));
    }
    let known = |text: &str, field: &'static str| {
        let person = PersonId::from_hex(text);
        let staff = person.filter(|person| row.staff.iter().any(|one| one.person == *person));
        let absent = || ApiError::field(field, FieldFault::new("duty_person", &[]));
        staff.ok_or_else(absent)
    };
    let mut act = Rota {
        hours: read_hours(hours)?,
        workdays: u8::from(workdays),
        shifts: Vec::new(),
        phones: Vec::new(),
        replaces: tips,
    };
    for shift in shifts {
        let (from, to) = (shift.from, shift.to);
        let person = known(&shift.person_id, "shifts")?;
        act.shifts.push(Shift { from, to, person });
    }
    for phone in phones {
        let person = known(&phone.person_id, "phones")?;
        let number = phone.number.trim().to_owned();
        act.phones.push(Phone { person, number });
    }
    act.shifts.sort_unstable();
    act.phones.sort_unstable();
    check_rota(&act).map_err(|error| refuse(&error))?;
    let roster = node.replica.roster(viewer.office);
    node.sign(hand, roster, act.into())?;
    node.forget_book();
    Ok(())
}

/// `null`: no hours.
fn read_hours(hours: &Json) -> ApiResult<Option<Schedule>> {
    if hours.is_null() {
        return Ok(None);
    }
    let hours = Schedule::read(hours);
    let hours = hours.map_err(|error| {
        ApiError::field(
            "hours",
            FieldFault::new("duty_hours", &[&error.to_string()]),
        )
    })?;
    Ok(Some(hours))
}

fn refuse(error: &CheckRotaError) -> ApiError {
    let said = error.to_string();
    let (field, fault) = match error {
        CheckRotaError::Hours(_) => ("hours", FieldFault::new("duty_hours", &[&said])),
        CheckRotaError::Number(number) => ("phones", FieldFault::new("duty_number", &[number])),
        CheckRotaError::Span(..) => ("shifts", FieldFault::new("duty_span", &[])),
        CheckRotaError::Long(..) => ("shifts", FieldFault::new("duty_long", &[])),
        CheckRotaError::Order => ("shifts", FieldFault::new("duty_twice", &[])),
    };
    ApiError::field(field, fault)
}

fn duty_list(rules: &jiaolian_schema::rule::RulePack, rotas: &Rotas) -> DutyList {
    let standing = || rotas.0.values();
    let first = standing().next();
    let hours = match first {
        None => Some(&rules.duty().hours),
        Some(rota) => rota.hours.as_ref(),
    };
    let mut shifts: Vec<&Shift> = standing().flat_map(|rota| &rota.shifts).collect();
    shifts.sort_unstable();
    shifts.dedup();
    let people: std::collections::BTreeSet<PersonId> = standing()
        .flat_map(|rota| rota.phones.iter().map(|phone| phone.person))
        .collect();
    let phones = people.into_iter().filter_map(|person| {
        Some(PhoneShape {
            person_id: person.to_hex(),
            number: rotas.phone(person)?.to_owned(),
        })
    });
    DutyList {
        hours: hours.map_or(Json::Null, Schedule::write),
        workdays: first.map_or(rules.duty().workdays, |rota| rota.workdays == 1),
        shifts: shifts
            .iter()
            .map(|shift| ShiftShape {
                person_id: shift.person.to_hex(),
                from: shift.from,
                to: shift.to,
            })
            .collect(),
        phones: phones.collect(),
        replaces: rotas.tips().iter().map(EnvelopeId::to_hex).collect(),
        contested: rotas.0.len() > 1,
    }
}

fn person(node: &Node, one: &Called) -> DutyPerson {
    let why = match one.why {
        Why::Listed => "listed",
        Why::Head => "head",
    };
    DutyPerson {
        person_id: one.person.to_hex(),
        name: one.name.clone(),
        office: office_ref(node, one.office),
        phone: one.phone.clone(),
        why: Coded::new(why, words("duty", why)),
    }
}

fn call_shape(row: &CallRow) -> CallShape {
    let state = match row.state {
        CallState::Waits => "waits",
        CallState::Told => "told",
        CallState::Dropped => "dropped",
    };
    let tried = row.tried.iter().map(|one| TryShape {
        at: one.at,
        reason: (!one.reason.is_empty()).then(|| reason_coded(&one.reason)),
    });
    CallShape {
        alarm_id: row.alarm.to_hex(),
        at: row.at,
        step: step_coded(&row.step),
        way: way_coded(Way::of(row.way).unwrap_or(Way::None)),
        receiver: row.name.clone(),
        state: Coded::new(state, words("duty", state)),
        ended_at: (row.state != CallState::Waits).then_some(row.ended_at),
        tried: tried.collect(),
    }
}

/// What an alarm is and whose, as the viewer may know it.
fn about(
    node: &mut Node,
    viewer: &Viewer,
    alarm: DossierId,
) -> (Coded, Option<super::shape::CaseRef>) {
    let file = node.file(alarm);
    let raise = file.as_ref().and_then(|file| raise_of(file)).cloned();
    let Some(raise) = raise else {
        return (Coded::new("", Text::default()), None);
    };
    let case = case::find(node, viewer, raise.case).ok();
    let case = case.map(|file| case::case_ref(node, &file));
    (super::alarm::kind(node, &raise), case)
}

/// A way with its words.
pub fn way_coded(way: Way) -> Coded {
    let word = way.word();
    Coded::new(word, words("duty", &format!("way_{word}")))
}

/// Why a call is owed, with its words.
pub fn step_coded(step: &str) -> Coded {
    let key = if CallStep::is_tier(step) {
        "tier"
    } else {
        step
    };
    Coded::new(step, words("duty", &format!("step_{key}")))
}

/// Why nobody was told, with its words.
pub fn reason_coded(reason: &str) -> Coded {
    let (word, number) = reason.split_once(':').unwrap_or((reason, ""));
    let word = if word.is_empty() { "waits" } else { word };
    Coded::new(
        reason,
        words("duty", &format!("reason_{word}")).fill(&[number]),
    )
}

fn store_failed(error: &jiaolian_sync::StoreError) -> ApiError {
    tracing::error!(%error, "what the node did can't be read");
    ApiError::new("store_failed")
}
