//! Alarms: one incident is one row, with what proves it and what can be signed.

use super::incident::{self, Incident, handling};
use super::label::{delivery, moment_text, office_ref, state_coded};
use super::shape::{
    ActShape, AlarmPage, AlarmRow, CaseRef, Claim, Coded, DueShape, FactShape, Member, OfferShape,
};
use super::{Viewer, case, check, evidence, form, mass, matter, section};
use crate::http::error::{ApiError, ApiResult};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::act::{Act, Raise};
use jiaolian_schema::desk::{File, Filed, matter_offers};
use jiaolian_schema::fact::What;
use jiaolian_schema::gather::is_place;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::DossierId;
use jiaolian_schema::rule::AlarmKind;
use jiaolian_schema::value::Value as Wire;
use std::sync::Arc;

/// Incidents up to this severity sound until somebody takes them.
pub const SOUNDING_SEVERITY: u8 = 3;

/// Filters of the list.
#[derive(Debug, Clone, Default)]
pub struct AlarmQuery {
    /// `open`, `closed` or `all`.
    pub state: String,
    /// 1 to 4; none for all.
    pub severity: Option<u8>,
    /// Kind.
    pub kind: String,
    /// Matches the person's name, the number, the place.
    pub q: String,
    /// A silence of many, whose rows are wanted each by itself.
    pub mass: String,
}

/// An alarm that this person may see; the same refusal for any other and for none.
pub fn find(node: &mut Node, viewer: &Viewer, id: DossierId) -> ApiResult<Arc<File>> {
    let row = node.replica.dossier(id);
    let is_alarm = row.is_some_and(|row| row.kind == DossierKind::Alarm);
    if !(is_alarm && case::sees(node, viewer, id)) {
        return Err(ApiError::not_found());
    }
    node.file(id).ok_or(ApiError::not_found())
}

/// What was raised.
pub fn raise_of(file: &File) -> Option<&Raise> {
    match &file.opening()?.fact.what {
        What::Raise(raise) => Some(raise),
        _ => None,
    }
}

/// Who took an alarm on first, since it was last reopened.
pub fn claim(node: &Node, file: &File) -> Option<Claim> {
    let mut claim = None;
    for entry in file.steps(file.id.into()) {
        let What::Step { event, .. } = &entry.fact.what else {
            continue;
        };
        match (event.as_str(), &entry.by) {
            ("reopen", _) => claim = None,
            ("acknowledge", Some(by)) if claim.is_none() => {
                claim = Some(Claim {
                    person_id: by.person.to_hex(),
                    name: by.name.clone(),
                    office: office_ref(node, by.office),
                    at: entry.fact.at,
                });
            }
            _ => {}
        }
    }
    claim
}

fn case_of(node: &mut Node, viewer: &Viewer, raise: &Raise) -> Option<CaseRef> {
    let file = case::find(node, viewer, raise.case).ok()?;
    Some(case::case_ref(node, &file))
}

/// Severity as it stands: what lasts grows graver.
pub fn severity(node: &Node, file: &File) -> u8 {
    let Some(raise) = raise_of(file) else {
        return 4;
    };
    let desk = handling(node, file);
    let desk = desk.as_ref();
    let ended = desk.is_some_and(|desk| desk.state.ended);
    let kind = node
        .rules
        .alarm_kind(&raise.kind)
        .filter(|_| raise.retrospective == 0 && !ended);
    let minutes = (node.now() - raise.time).max(0) / 60_000;
    let grown = kind.map(|kind| {
        let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
        let lasted = kind.severity_grown(raise.severity, minutes);
        let said = file.steps(file.id.into());
        let said = said.filter_map(|entry| worsened(entry, kind)).min();
        lasted.min(said.unwrap_or(lasted))
    });
    grown.unwrap_or(raise.severity).min(raise.severity)
}

/// How grave an act says that an alarm is now; one that can't be read says the gravest of its kind.
fn worsened(entry: &Filed, kind: &AlarmKind) -> Option<u8> {
    let is_worse = matches!(&entry.fact.what, What::Step { event, .. } if event == "worsen");
    let said = match &entry.act {
        Some(Act::Step(step)) => step.fields.get("severity").and_then(Wire::as_int),
        _ => None,
    };
    let said = said.and_then(|severity| u8::try_from(severity).ok());
    is_worse.then(|| said.unwrap_or_else(|| kind.severity_worsened()))
}

/// Severity of an incident: its gravest alarm's among those still handled.
pub fn severity_of(node: &Node, incident: &Incident) -> Option<u8> {
    let handled = incident.handled(node);
    handled.iter().map(|file| severity(node, file)).min()
}

/// An incident in a list. Its handling is that of its lead; what it is about, of all its alarms.
pub fn row(node: &mut Node, viewer: &Viewer, incident: &Incident) -> AlarmRow {
    let now = node.now();
    let file = &incident.lead;
    let desk = handling(node, file);
    let raise = raise_of(file);
    let case = raise.and_then(|raise| case_of(node, viewer, raise));
    let rules = Arc::clone(&node.rules);
    let table = desk.as_ref().and_then(|desk| desk.table(&rules));
    let state = desk.as_ref().map_or("RAISED", |desk| desk.state.at(now));
    let state = table.map_or_else(
        || Coded::new(state, Text::plain(state)),
        |t| state_coded(t, state),
    );
    let claimed = claim(node, file);
    let severity = severity_of(node, incident).unwrap_or(4);
    let mass = mass::shape_of(node, file.id, severity);
    let handled = incident.handled(node);
    let dues = handled.iter().flat_map(|file| dues(node, file));
    let due = dues.min_by_key(|due| due.at);
    let raises = || incident.alarms.iter().filter_map(|file| raise_of(file));
    AlarmRow {
        id: incident.id().to_hex(),
        kind: raise.map_or_else(
            || Coded::new("", Text::default()),
            |raise| kind(node, raise),
        ),
        severity,
        state,
        open: incident.open,
        case,
        place: raise.map_or_else(Text::default, |raise| place(raise, incident.alarms.len())),
        office: office_ref(node, file.place),
        raised_at: raises().map(|raise| raise.time).min().unwrap_or(0),
        received_at: received_at(node, incident),
        last_seen_at: last_seen_at(node, incident),
        live: raises().any(|raise| raise.retrospective == 0),
        count: incident.alarms.len() as u64,
        mass,
        sounding: incident.open && claimed.is_none() && severity <= SOUNDING_SEVERITY,
        claimed,
        due,
        delivery: delivery(node, file.id),
    }
}

/// Where: a fence or a check-in, or among how many people.
fn place(raise: &Raise, people: usize) -> Text {
    if is_place(&raise.fence) {
        return words("alarm", "gathering").fill(&[&people.to_string()]);
    }
    check::about(raise)
}

fn dues(node: &Node, file: &File) -> Vec<DueShape> {
    let desk = handling(node, file);
    desk.map(|desk| matter::dues(node, &desk))
        .unwrap_or_default()
}

fn received_at(node: &Node, incident: &Incident) -> i64 {
    let opened = incident.alarms.iter().filter_map(|file| file.opening());
    let first = opened.map(|entry| entry.fact.at).min();
    let stored = node.replica.dossier(incident.lead.id);
    first.unwrap_or_else(|| stored.map_or(0, |row| row.changed_at))
}

/// The newest position that says so: the person's last one while the condition lasts, else the one
/// that decided.
fn last_seen_at(node: &mut Node, incident: &Incident) -> i64 {
    let mut newest = 0;
    for raise in incident.alarms.iter().filter_map(|file| raise_of(file)) {
        newest = newest.max(raise.decided_at);
        let Some(watch) = node.replica.watch(raise.person) else {
            continue;
        };
        let lasts = watch
            .open
            .iter()
            .any(|(fence, time)| *fence == raise.fence && *time == raise.time);
        if let (true, Some((point, _))) = (lasts, watch.last) {
            newest = newest.max(point.time);
        }
    }
    newest
}

/// What kind of alarm it is.
pub fn kind(node: &Node, raise: &Raise) -> Coded {
    let known = node.rules.alarm_kind(&raise.kind);
    let label = known.map(|kind| Text::new(&kind.zh, &kind.en));
    Coded::new(
        &raise.kind,
        label.unwrap_or_else(|| Text::plain(&raise.kind)),
    )
}

/// The list, filtered: open by severity, then the oldest; closed the newest first. Silence of many is
/// one row.
pub fn list(node: &mut Node, viewer: &Viewer, query: &AlarmQuery) -> Vec<AlarmRow> {
    let incidents = incident::visible(node, viewer);
    let rows = incidents
        .iter()
        .map(|incident| row(node, viewer, incident))
        .collect::<Vec<_>>()
        .into_iter();
    let q = query.q.trim();
    let mut rows: Vec<AlarmRow> = rows
        .filter(|row| match query.state.as_str() {
            "closed" => !row.open,
            "all" => true,
            _ => row.open,
        })
        .filter(|row| {
            query
                .severity
                .is_none_or(|severity| row.severity == severity)
        })
        .filter(|row| query.kind.is_empty() || row.kind.code == query.kind)
        .filter(|row| {
            let case = row.case.as_ref();
            let named = case.is_some_and(|case| case.name.contains(q) || case.no.contains(q));
            q.is_empty() || named || row.place.zh.contains(q)
        })
        .collect();
    rows.sort_by_key(|row| {
        let at = if row.open {
            row.raised_at
        } else {
            -row.raised_at
        };
        (!row.open, if row.open { row.severity } else { 0 }, at)
    });
    match (query.mass.is_empty(), q.is_empty()) {
        (false, _) => mass::unfold(rows, &query.mass),
        (true, true) => mass::fold(rows),
        // Whoever looks for a person finds that person.
        (true, false) => rows,
    }
}

/// The page of an incident.
pub fn page(node: &mut Node, viewer: &Viewer, incident: &Incident) -> AlarmPage {
    let now = node.now();
    let rules = Arc::clone(&node.rules);
    let file = &incident.lead;
    let raise = raise_of(file).cloned();
    let desk = handling(node, file);
    let table = desk.as_ref().and_then(|desk| desk.table(&rules));
    let state = desk
        .as_ref()
        .map_or("RAISED", |desk| desk.state.at(now))
        .to_owned();
    let alarm = row(node, viewer, incident);
    let mut facts = raise.as_ref().map(facts).unwrap_or_default();
    let of_check_ins = raise.as_ref().map(|raise| check::facts(node, raise));
    facts.extend(of_check_ins.unwrap_or_default());
    AlarmPage {
        reason: reason(node, raise.as_ref()),
        facts,
        members: members(node, viewer, incident),
        evidence: raise
            .as_ref()
            .map(|raise| evidence::evidence(node, viewer, raise))
            .unwrap_or_default(),
        path: table
            .map(|table| matter::path(table, &state))
            .unwrap_or_default(),
        steps: steps(node, viewer, incident),
        offers: offers(node, viewer, incident),
        dues: dues(node, file),
        delivery: alarm.delivery.clone(),
        alarm,
    }
}

fn offers(node: &mut Node, viewer: &Viewer, incident: &Incident) -> Vec<OfferShape> {
    let (now, rules) = (node.now(), Arc::clone(&node.rules));
    let file = &incident.lead;
    let Some(desk) = handling(node, file) else {
        return Vec::new();
    };
    let post = format!("/api/v1/alarms/{}/events", incident.id());
    let signer = case::signer(node, viewer, file);
    let refs = matter_refs(node, viewer, raise_of(file));
    let offers = matter_offers(&rules, &desk, &signer, now);
    let shape = |offer| form::offer_shape(node, offer, &post, None, &refs);
    offers.iter().map(shape).collect()
}

/// The alarms of an incident that holds more than one.
fn members(node: &mut Node, viewer: &Viewer, incident: &Incident) -> Vec<Member> {
    if incident.alarms.len() < 2 {
        return Vec::new();
    }
    let member = |file: &Arc<File>| {
        let raise = raise_of(file)?;
        Some(Member {
            id: file.id.to_hex(),
            case: case_of(node, viewer, raise),
            raised_at: raise.time,
        })
    };
    incident.alarms.iter().filter_map(member).collect()
}

/// Every act of an incident, oldest first; one signature that went to several alarms is one line.
fn steps(node: &Node, viewer: &Viewer, incident: &Incident) -> Vec<ActShape> {
    let mut steps: Vec<ActShape> = Vec::new();
    for file in &incident.alarms {
        for act in matter::steps(node, viewer, file, file.id.into()) {
            let same = |known: &ActShape| {
                known.kind == act.kind
                    && known.kind != "raise"
                    && known.claimed_at == act.claimed_at
                    && known.signer.person_id == act.signer.person_id
            };
            if !steps.iter().any(same) {
                steps.push(act);
            }
        }
    }
    steps.sort_by_key(|act| act.claimed_at);
    steps
}

fn matter_refs(node: &mut Node, viewer: &Viewer, raise: Option<&Raise>) -> Vec<Coded> {
    let file = raise.and_then(|raise| case::find(node, viewer, raise.case).ok());
    file.map(|file| section::candidates(node, viewer, &file))
        .unwrap_or_default()
}

fn reason(node: &Node, raise: Option<&Raise>) -> Text {
    let Some(raise) = raise else {
        return words("word", "closed");
    };
    let label = kind(node, raise).label;
    let when = moment_text(raise.time);
    let key = if raise.fence.is_empty() || is_place(&raise.fence) {
        "reason"
    } else {
        "reason_fence"
    };
    words("alarm", key).fill_texts(&[&when, &check::about(raise), &label])
}

fn facts(raise: &Raise) -> Vec<FactShape> {
    let fact = |key: &str, value: Text, tone: &str| FactShape {
        label: words("alarm", key),
        value,
        tone: tone.into(),
    };
    let mut facts = vec![
        fact("since", moment_text(raise.time), "plain"),
        fact("decided", moment_text(raise.decided_at), "plain"),
    ];
    if !raise.fence.is_empty() && !is_place(&raise.fence) {
        facts.push(fact("fence", check::about(raise), "plain"));
    }
    if raise.retrospective == 1 {
        facts.push(fact("retrospective", words("word", "yes"), "warn"));
    }
    facts
}
