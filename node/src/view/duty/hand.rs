//! The list of a hand-over: gathered from what this node knows, in the words of the viewer, signed by the
//! one who leaves and then by the one who comes.

use super::super::alarm::{claim, raise_of};
use super::super::shape::{CaseRef, HandListShape, HandOverPage, HandOverRow, HandRow};
use super::super::{Viewer, alarm, case, incident, mass, matter};
use super::{reason_coded, step_coded, store_failed};
use crate::http::error::{ApiError, ApiResult};
use crate::http::text::{Text, words};
use crate::notify::Way;
use crate::owner::{Hand, Node};
use jiaolian_schema::act::HandOver;
use jiaolian_schema::calendar::civil_of;
use jiaolian_schema::desk::File;
use jiaolian_schema::duty::{
    HandList, ListedAlarm, ListedDevice, ListedLeave, ListedUntold, hand_overs,
};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, EnvelopeId, PersonId, hex, sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most hand-overs shown.
const GIVEN_MAX: usize = 30;
/// Workflow and deadline of a leave that is to be reported back from.
const RETURN: (&str, &str) = ("leave", "return");

/// What is open at an instant, ms UTC, of the office and those below it.
pub fn list_at(node: &mut Node, at: i64) -> HandList {
    let own = |node: &Node, place| node.offices().covers(node.office, place);
    let mut list = HandList {
        at,
        office: node.office,
        alarms: Vec::new(),
        untold: Vec::new(),
        devices: Vec::new(),
        leaves: Vec::new(),
        cut: 0,
    };
    for file in incident::open_leads(node) {
        if own(node, file.place) {
            list.alarms.extend(listed_alarm(node, &file, at));
        }
    }
    let untold = node.untold().into_iter();
    list.untold = untold
        .filter(|(_, row)| row.way != Way::Page as u8)
        .map(|(_, row)| ListedUntold {
            at: row.at,
            alarm: row.alarm,
            step: row.step,
            receiver: row.name,
            reason: row.reason,
        })
        .collect();
    for case in node.dossiers(DossierKind::Case) {
        if let Some(file) = node.file(case).filter(|file| own(node, file.place)) {
            list.devices.extend(silent_device(node, &file, at));
            list.leaves.extend(ending_leaves(node, &file, at));
        }
    }
    list.ordered()
}

fn listed_alarm(node: &Node, file: &File, at: i64) -> Option<ListedAlarm> {
    let desk = incident::handling(node, file)?;
    let raise = raise_of(file)?;
    let taken = claim(node, file);
    Some(ListedAlarm {
        severity: alarm::severity(node, file),
        raised_at: raise.time,
        alarm: file.id,
        kind: raise.kind.clone(),
        state: desk.state.at(at).to_owned(),
        taken_by: taken.and_then(|claim| PersonId::from_hex(&claim.person_id)),
    })
}

fn silent_device(node: &mut Node, file: &File, at: i64) -> Option<ListedDevice> {
    let watch = node.replica.watch(file.person?)?;
    let said = watch.terms.iter();
    let said = said.filter(|one| (one.from..one.until).contains(&at));
    let interval_ms = said.filter_map(|one| one.interval_ms).max();
    let silent_ms = node.rules.numbers().silent_after_ms(interval_ms);
    let mut spans = watch.bound.iter();
    let bound = spans.any(|(from, until)| (*from..*until).contains(&at));
    let last = watch.last.map(|(point, _)| point.time);
    let silent = last.is_none_or(|last| at - last > silent_ms);
    (bound && silent).then_some(ListedDevice {
        last,
        case: file.id,
    })
}

fn ending_leaves(node: &Node, file: &File, at: i64) -> Vec<ListedLeave> {
    let today = civil_of(at).date();
    let matters = matter::all(node, file);
    let open = matters
        .iter()
        .filter(|desk| desk.workflow.0 == RETURN.0 && !desk.state.ended);
    open.flat_map(|desk| {
        let dues = desk.state.due.iter().filter(|due| due.id == RETURN.1);
        dues.filter(|due| due.at.date() == today)
            .map(|due| ListedLeave {
                until: due.at.end_ms(),
                matter: desk.id,
                case: file.id,
            })
    })
    .collect()
}

/// The list as it is now, and the hand-overs of the office.
pub fn hand_page(node: &mut Node, viewer: &Viewer) -> HandOverPage {
    let now = node.now();
    let list = list_at(node, now);
    let authority_facts = node.roster_facts(node.office);
    let rules = Arc::clone(&node.rules);
    let mut given = hand_overs((node.authority(), &rules), node.office, &authority_facts);
    given.reverse();
    given.truncate(GIVEN_MAX);
    let name = |node: &Node, person: PersonId| {
        let mut known = node.authority().appointments();
        let named = known.find(|(_, appoint, good)| *good && appoint.person == person);
        named.map_or_else(String::new, |(_, appoint, _)| appoint.name.clone())
    };
    let may = viewer.office == node.office && !viewer.reads_only && !viewer.roles.is_empty();
    let rows = given.iter().map(|row| HandOverRow {
        id: row.id.to_hex(),
        by: name(node, row.by),
        at: row.at,
        open: row.act.open,
        untold: row.act.untold,
        taken_by: row.taken.map(|(_, person, _)| name(node, person)),
        taken_at: row.taken.map(|(_, _, at)| at),
        may_take: may && row.taken.is_none() && row.by != viewer.person,
        kept: node
            .kept_list(&row.act.list)
            .is_ok_and(|kept| kept.is_some()),
    });
    HandOverPage {
        given: rows.collect(),
        list: hand_shape(node, viewer, &list),
    }
}

/// A list in the words of the viewer; rows of cases that the viewer may not see are counted only.
fn hand_shape(node: &mut Node, viewer: &Viewer, list: &HandList) -> HandListShape {
    let mut hidden = 0;
    let mut case_of = |node: &mut Node, case: Option<DossierId>| -> Option<CaseRef> {
        let seen = case.and_then(|case| case::find(node, viewer, case).ok());
        hidden += u64::from(seen.is_none());
        seen.map(|file| case::case_ref(node, &file))
    };
    let mut alarm_rows: Vec<HandRow> = Vec::new();
    let mut masses: BTreeMap<String, usize> = BTreeMap::new();
    for one in &list.alarms {
        let (case, what) = alarm_words(node, one.alarm);
        if let Some(case) = case_of(node, case) {
            let mass = mass::shape_of(node, one.alarm, one.severity);
            if let Some(mass) = mass {
                if let Some(place) = masses.get(&mass.id) {
                    alarm_rows[*place].people += 1;
                    continue;
                }
                masses.insert(mass.id, alarm_rows.len());
            }
            let by = one
                .taken_by
                .map(|person| Text::plain(staff_name(node, person)));
            alarm_rows.push(HandRow {
                severity: Some(one.severity),
                by,
                ..row(
                    ("alarm", one.alarm.to_hex()),
                    case,
                    what,
                    Some(one.raised_at),
                )
            });
        }
    }
    let mut untold = Vec::new();
    for one in &list.untold {
        let (case, _) = alarm_words(node, one.alarm);
        if let Some(case) = case_of(node, case) {
            let what = step_coded(&one.step).label;
            let said = reason_coded(&one.reason).label;
            let by = words("duty", "untold_by").fill_texts(&[&Text::plain(&one.receiver), &said]);
            untold.push(HandRow {
                by: Some(by),
                ..row(("alarm", one.alarm.to_hex()), case, what, Some(one.at))
            });
        }
    }
    let mut devices = Vec::new();
    for one in &list.devices {
        if let Some(case) = case_of(node, Some(one.case)) {
            let what = words("duty", "silent");
            devices.push(row(("case", one.case.to_hex()), case, what, one.last));
        }
    }
    let mut leaves = Vec::new();
    for one in &list.leaves {
        if let Some(case) = case_of(node, Some(one.case)) {
            let what = words("duty", "leave_ends");
            let at = Some(one.until);
            leaves.push(row(("matter", one.matter.to_hex()), case, what, at));
        }
    }
    HandListShape {
        id: hex(&sha256(&[&list.bytes()])),
        at: list.at,
        alarms: alarm_rows,
        untold,
        devices,
        leaves,
        hidden,
        cut: list.cut == 1,
    }
}

fn row((view, id): (&str, String), case: CaseRef, what: Text, at: Option<i64>) -> HandRow {
    HandRow {
        view: view.into(),
        id,
        case: Some(case),
        what,
        at,
        by: None,
        severity: None,
        people: 1,
    }
}

fn alarm_words(node: &mut Node, alarm: DossierId) -> (Option<DossierId>, Text) {
    let file = node.file(alarm);
    let raise = file.as_ref().and_then(|file| raise_of(file));
    let what = raise.map(|raise| alarm::kind(node, raise).label);
    (raise.map(|raise| raise.case), what.unwrap_or_default())
}

fn staff_name(node: &Node, person: PersonId) -> String {
    let mut known = node.authority().appointments();
    let named = known.find(|(_, appoint, _)| appoint.person == person);
    named.map_or_else(String::new, |(_, appoint, _)| appoint.name.clone())
}

/// Signs a hand-over of the list as it was at an instant, or takes one. A list that is another one
/// since is looked at again first.
pub fn take_over(
    node: &mut Node,
    hand: &Hand,
    what: Result<EnvelopeId, (i64, String)>,
) -> ApiResult<EnvelopeId> {
    let viewer = &hand.viewer;
    if viewer.office != node.office || viewer.roles.is_empty() {
        return Err(ApiError::new("not_allowed"));
    }
    let act = match what {
        Err((at, list_id)) => {
            let list = list_at(node, at);
            let act = list.hand_over();
            if hex(&act.list) != list_id || at > node.now() {
                return Err(ApiError::new("section_changed"));
            }
            node.keep_list(&act.list, at, list.bytes());
            act
        }
        Ok(takes) => taking(node, viewer, takes)?,
    };
    let roster = node.replica.roster(node.office);
    node.sign(hand, roster, act.into())
}

fn taking(node: &Node, viewer: &Viewer, takes: EnvelopeId) -> ApiResult<HandOver> {
    let facts = node.roster_facts(node.office);
    let given = hand_overs((node.authority(), &node.rules), node.office, &facts);
    let row = given.into_iter().find(|row| row.id == takes);
    let row = row.ok_or(ApiError::not_found())?;
    if row.taken.is_some() {
        return Err(ApiError::new("offer_gone"));
    }
    if row.by == viewer.person {
        return Err(ApiError::new("same_person"));
    }
    Ok(HandOver {
        takes: Some(takes),
        ..row.act
    })
}

/// A list that was handed over, where it lies here.
pub fn kept(node: &mut Node, viewer: &Viewer, id: EnvelopeId) -> ApiResult<HandListShape> {
    let facts = node.roster_facts(node.office);
    let given = hand_overs((node.authority(), &node.rules), node.office, &facts);
    let row = given.into_iter().find(|row| row.id == id);
    let row = row.ok_or(ApiError::not_found())?;
    let list = node
        .kept_list(&row.act.list)
        .map_err(|error| store_failed(&error))?;
    let list = list.ok_or(ApiError::not_found())?;
    Ok(hand_shape(node, viewer, &list))
}
