//! Alarms: one incident is one row, with what proves it and what can be signed.

use super::label::{delivery, moment_text, office_ref, state_coded};
use super::shape::{AlarmPage, AlarmRow, CaseRef, Claim, Coded, FactShape, OfficeRef};
use super::{Viewer, case, evidence, form, matter, section};
use crate::http::error::{ApiError, ApiResult};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::act::Raise;
use jiaolian_schema::desk::{DeskMatter, File, matter_offers};
use jiaolian_schema::fact::What;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AlarmId, DossierId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Incidents up to this severity sound until somebody takes them.
const SOUNDING_SEVERITY: u8 = 3;

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
}

/// An alarm that this person may see; the same refusal for any other and for none.
pub fn find(node: &mut Node, viewer: &Viewer, id: DossierId) -> ApiResult<Arc<File>> {
    let row = node
        .replica
        .dossier(id)
        .filter(|row| row.kind == DossierKind::Alarm);
    let row = row.map(|row| (row.place, row.minor == 1));
    let seen = row.is_some_and(|(place, minor)| case::may_see(node, viewer, place, minor));
    if !seen {
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

/// All alarms of a case.
pub fn of_case(node: &mut Node, case: DossierId) -> Vec<Arc<File>> {
    let ids = node.incidents(case);
    ids.into_iter().filter_map(|id| node.file(id)).collect()
}

/// Alarms of two gateways on one violation have one id; the smaller dossier stands for the
/// incident.
pub fn standing_alarms(node: &Node) -> BTreeMap<AlarmId, Vec<DossierId>> {
    let mut incidents: BTreeMap<AlarmId, Vec<DossierId>> = BTreeMap::new();
    for (id, row) in node.replica.dossiers() {
        if let Some(alarm) = row.alarm {
            incidents.entry(alarm).or_default().push(id);
        }
    }
    incidents
}

fn visible(node: &mut Node, viewer: &Viewer) -> Vec<Arc<File>> {
    let incidents = standing_alarms(node).into_values();
    let rows = incidents.filter_map(|ids| {
        let id = *ids.first()?;
        let row = node.replica.dossier(id)?;
        Some((id, row.place, row.minor == 1))
    });
    let rows: Vec<_> = rows.collect();
    let seen = rows
        .into_iter()
        .filter(|row| case::may_see(node, viewer, row.1, row.2));
    let seen: Vec<_> = seen.collect();
    seen.into_iter()
        .filter_map(|(id, ..)| node.file(id))
        .collect()
}

fn loop_of(node: &Node, file: &File) -> Option<DeskMatter> {
    matter::run(node, file, file.id.into())
}

/// Whether an incident is open.
pub fn is_open(node: &Node, file: &File) -> bool {
    loop_of(node, file).is_none_or(|desk| !desk.state.ended)
}

/// Who took an incident on first, since it was last reopened.
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
fn severity(node: &Node, raise: &Raise, desk: Option<&DeskMatter>) -> u8 {
    let ended = desk.is_some_and(|desk| desk.state.ended);
    let kind = node
        .rules
        .alarm_kind(&raise.kind)
        .filter(|_| raise.retrospective == 0 && !ended);
    let minutes = (node.now() - raise.time).max(0) / 60_000;
    let grown = kind.map(|kind| kind.severity_after(u32::try_from(minutes).unwrap_or(u32::MAX)));
    grown.unwrap_or(raise.severity).min(raise.severity)
}

/// An incident in a list.
pub fn row(node: &mut Node, viewer: &Viewer, file: &File) -> AlarmRow {
    let now = node.now();
    let desk = loop_of(node, file);
    let raise = raise_of(file);
    let case = raise.and_then(|raise| case_of(node, viewer, raise));
    let rules = Arc::clone(&node.rules);
    let table = desk.as_ref().and_then(|desk| desk.table(&rules));
    let state = desk.as_ref().map_or("RAISED", |desk| desk.state.at(now));
    let state = table.map_or_else(
        || Coded::new(state, Text::plain(state)),
        |t| state_coded(t, state),
    );
    let open = desk.as_ref().is_none_or(|desk| !desk.state.ended);
    let claimed = claim(node, file);
    let severity = raise.map_or(4, |raise| severity(node, raise, desk.as_ref()));
    let received = node
        .replica
        .dossier(file.id)
        .map_or(0, |row| row.changed_at);
    let dues = desk
        .as_ref()
        .map(|desk| matter::dues(node, desk))
        .unwrap_or_default();
    AlarmRow {
        id: file.id.to_hex(),
        kind: raise.map_or_else(
            || Coded::new("", Text::default()),
            |raise| kind(node, raise),
        ),
        severity,
        state,
        open,
        case,
        place: Text::plain(raise.map(|raise| raise.fence.clone()).unwrap_or_default()),
        office: office_ref(node, file.place),
        raised_at: raise.map_or(0, |raise| raise.time),
        received_at: file.opening().map_or(received, |entry| entry.fact.at),
        last_seen_at: raise.map_or(0, |raise| raise.decided_at),
        live: raise.is_none_or(|raise| raise.retrospective == 0),
        count: 1,
        sounding: open && claimed.is_none() && severity <= SOUNDING_SEVERITY,
        claimed,
        due: dues.into_iter().min_by_key(|due| due.at),
        delivery: delivery(node, file.id),
    }
}

fn kind(node: &Node, raise: &Raise) -> Coded {
    let known = node.rules.alarm_kind(&raise.kind);
    let label = known.map(|kind| Text::new(&kind.zh, &kind.en));
    Coded::new(
        &raise.kind,
        label.unwrap_or_else(|| Text::plain(&raise.kind)),
    )
}

/// The list, filtered: open by severity, then the oldest; closed the newest first.
pub fn list(node: &mut Node, viewer: &Viewer, query: &AlarmQuery) -> Vec<AlarmRow> {
    let files = visible(node, viewer);
    let rows = files
        .iter()
        .map(|file| row(node, viewer, file))
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
    rows
}

/// The page of an incident.
pub fn page(node: &mut Node, viewer: &Viewer, file: &File) -> AlarmPage {
    let now = node.now();
    let rules = Arc::clone(&node.rules);
    let raise = raise_of(file).cloned();
    let desk = loop_of(node, file);
    let table = desk.as_ref().and_then(|desk| desk.table(&rules));
    let state = desk
        .as_ref()
        .map_or("RAISED", |desk| desk.state.at(now))
        .to_owned();
    let post = format!("/api/v1/alarms/{}/events", file.id);
    let signer = case::signer(node, viewer, file);
    let refs = matter_refs(node, viewer, raise.as_ref());
    let offers = desk
        .as_ref()
        .map(|desk| matter_offers(&rules, desk, &signer, now));
    let offers = offers.unwrap_or_default();
    let offers = offers
        .iter()
        .map(|offer| form::offer_shape(node, offer, &post, None, &refs));
    let offers = offers.collect();
    let alarm = row(node, viewer, file);
    AlarmPage {
        reason: reason(node, raise.as_ref()),
        facts: raise.as_ref().map(facts).unwrap_or_default(),
        members: Vec::new(),
        evidence: raise
            .as_ref()
            .map(|raise| evidence::evidence(node, viewer, raise))
            .unwrap_or_default(),
        path: table
            .map(|table| matter::path(table, &state))
            .unwrap_or_default(),
        steps: matter::steps(node, viewer, file, file.id.into()),
        offers,
        dues: desk
            .as_ref()
            .map(|desk| matter::dues(node, desk))
            .unwrap_or_default(),
        delivery: alarm.delivery.clone(),
        alarm,
    }
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
    let key = if raise.fence.is_empty() {
        "reason"
    } else {
        "reason_fence"
    };
    words("alarm", key).fill_texts(&[&when, &Text::plain(&raise.fence), &label])
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
    if !raise.fence.is_empty() {
        facts.push(fact("fence", Text::plain(&raise.fence), "plain"));
    }
    if raise.retrospective == 1 {
        facts.push(fact("retrospective", words("word", "yes"), "warn"));
    }
    facts
}

/// The office of an incident, for messages.
pub fn office_of(node: &Node, file: &File) -> OfficeRef {
    office_ref(node, file.place)
}
