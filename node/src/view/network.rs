//! Offices and links: what is known here of each, and since when.

use super::case::{self, case_ref};
use super::label::{date_of, office_on, office_ref};
use super::shape::{
    LaneShape, LaneTraffic, LanesShape, LinkShape, Network, OfficeShape, PlannedSuperior,
    RefusedRow, RefusedTotal, Storage, TrafficShape, Waiting,
};
use super::{Viewer, fault, incident};
use crate::http::error::{ApiError, ApiResult};
use crate::http::text::words;
use crate::link::{Lane, LinkCount, Links, Road};
use crate::owner::{LinkRate, Node};
use jiaolian_schema::calendar::civil_of;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{OfficeId, hex};
use jiaolian_sync::{LinkStatus, Peer, Refusal, Waiting as Queued};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Refused envelopes read at a time for a file.
const EXPORT_ROWS: usize = 200;
/// A file ends after about so much, bytes.
const EXPORT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most refused envelopes on one page.
const REFUSED_MAX: usize = 10_000;

/// The network page.
pub fn page(node: &mut Node, viewer: &Viewer) -> Network {
    let now = node.now();
    let links = known_links(node);
    let by_office: BTreeMap<OfficeId, &LinkStatus> =
        links.iter().map(|link| (link.office, link)).collect();
    let counts = counts(node, viewer);
    let lines = node.links.as_ref().map(Links::counts).unwrap_or_default();
    let shape = |(id, office): (OfficeId, &jiaolian_schema::hold::Office)| {
        let link = by_office.get(&id);
        let (cases, alarms) = counts.get(&id).copied().unwrap_or_default();
        OfficeShape {
            office: office_ref(node, id),
            parent_id: office.parent.map(|parent| parent.to_hex()),
            planned: planned(node, id, now),
            state: office_state(node, id, link.copied()).into(),
            heard_at: link.and_then(|link| link.heard_at),
            as_of: link.and_then(|link| in_as_of(link, now)),
            cases: Some(cases),
            alarms: Some(alarms),
        }
    };
    let offices = node.offices().iter().map(shape).collect();
    Network {
        as_of: now,
        own: office_ref(node, node.office),
        offices,
        links: links
            .iter()
            .map(|link| {
                let line = lines.get(&link.peer.0).copied().unwrap_or_default();
                link_shape(node, link, &line, now)
            })
            .collect(),
        refused: RefusedTotal {
            total: node.replica.refused_count(),
        },
        storage: Storage {
            used_bytes: node.store.reader().bytes(),
            free_bytes: node.store.reader().free_bytes(),
        },
    }
}

/// Under whom an office is to stand next, and from which day on.
fn planned(node: &Node, id: OfficeId, now: i64) -> Option<PlannedSuperior> {
    let stays = node.offices().stays(id).iter();
    let next = stays
        .filter(|stay| stay.from > now)
        .min_by_key(|stay| stay.from)?;
    Some(PlannedSuperior {
        office: office_on(node, next.parent, next.from),
        from: civil_of(next.from).date().to_string(),
    })
}

/// What a line says of the office at its other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Whether the line is up.
    pub up: bool,
    /// As of when what is known here of that office is true, ms UTC.
    pub as_of: Option<i64>,
}

/// The offices next above and below, and every other to which there was a line.
pub fn heard(node: &Node) -> BTreeMap<OfficeId, Heard> {
    let now = node.now();
    let links = known_links(node);
    let heard = |link: &LinkStatus| Heard {
        up: link.up_since.is_some(),
        as_of: in_as_of(link, now),
    };
    links
        .iter()
        .map(|link| (link.office, heard(link)))
        .collect()
}

/// Links as they stand, and those to the offices next above and below that never came about.
fn known_links(node: &Node) -> Vec<LinkStatus> {
    let mut links = node.replica.links();
    let next = |office: OfficeId| {
        let parent = |of: OfficeId| node.offices().get(of).and_then(|office| office.parent);
        parent(node.office) == Some(office) || parent(office) == Some(node.office)
    };
    for (key, seat) in node.authority().endpoints() {
        let known = links.iter().any(|link| link.peer.0 == key);
        if !known && next(seat.office) {
            links.push(LinkStatus {
                peer: Peer(key),
                office: seat.office,
                up_since: None,
                agreed: false,
                delivered_as_of: None,
                heard_at: None,
                waiting: Queued::default(),
            });
        }
    }
    links
}

/// Cases and open incidents that this person may see, by office.
fn counts(node: &mut Node, viewer: &Viewer) -> BTreeMap<OfficeId, (u64, u64)> {
    let mut counts: BTreeMap<OfficeId, (u64, u64)> = BTreeMap::new();
    for (id, row) in node.replica.dossiers() {
        if row.kind == DossierKind::Case && case::sees(node, viewer, id) {
            counts.entry(row.place).or_default().0 += 1;
        }
    }
    for incident in incident::visible(node, viewer) {
        let office = counts.entry(incident.lead.place).or_default();
        office.1 += u64::from(incident.open);
    }
    counts
}

fn office_state(node: &Node, id: OfficeId, link: Option<&LinkStatus>) -> &'static str {
    match link {
        _ if id == node.office => "self",
        Some(link) if link.up_since.is_some() => "linked",
        Some(link) if link.heard_at.is_some() => "cut",
        _ => "never",
    }
}

/// While both sides say that they have the same, what the other signed is here as of now; before
/// that, as of the last word from it.
fn in_as_of(link: &LinkStatus, now: i64) -> Option<i64> {
    if link.agreed && link.up_since.is_some() {
        Some(now)
    } else {
        link.heard_at
    }
}

fn link_shape(node: &Node, link: &LinkStatus, line: &LinkCount, now: i64) -> LinkShape {
    let rate = node.rate(&link.peer.0);
    let offices = node.offices();
    let direction = if offices.is_above(link.office, node.office) {
        "up"
    } else if offices.is_above(node.office, link.office) {
        "down"
    } else {
        "side"
    };
    let state = if link.up_since.is_some() {
        "linked"
    } else if link.heard_at.is_some() || line.sessions > 0 {
        "cut"
    } else {
        "never"
    };
    LinkShape {
        office: office_ref(node, link.office),
        direction: direction.into(),
        state: state.into(),
        since: link.up_since.or(link.heard_at),
        road: line.road.map(|road| road_word(road).to_owned()),
        rtt_ms: line.rtt_ms,
        out_as_of: link.delivered_as_of,
        in_as_of: in_as_of(link, now),
        waiting: lanes(link, line),
        traffic: traffic(line, rate.as_ref()),
        rate_bps: rate.map(|rate| rate.total_bps()),
        note: link
            .delivered_as_of
            .is_none()
            .then(|| words("network", "nothing_agreed")),
    }
}

fn road_word(road: Road) -> &'static str {
    match road {
        Road::Direct => "direct",
        Road::Relay => "relay",
    }
}

fn lanes(link: &LinkStatus, line: &LinkCount) -> LanesShape {
    let lane = |lane: Lane, items| LaneShape {
        items,
        bytes: link.up_since.map(|_| line.queued[lane as usize].bytes),
    };
    LanesShape {
        urgent: lane(Lane::Urgent, link.waiting.urgent),
        normal: lane(Lane::Normal, link.waiting.normal),
        bulk: lane(Lane::Bulk, link.waiting.bulk),
    }
}

fn traffic(line: &LinkCount, rate: Option<&LinkRate>) -> TrafficShape {
    let lane = |lane: Lane| {
        let at = lane as usize;
        LaneTraffic {
            sent_bytes: line.sent[at].bytes,
            received_bytes: line.received[at].bytes,
            sent_bps: rate.map(|rate| rate.sent_bps[at]),
            received_bps: rate.map(|rate| rate.received_bps[at]),
        }
    };
    TrafficShape {
        urgent: lane(Lane::Urgent),
        normal: lane(Lane::Normal),
        bulk: lane(Lane::Bulk),
    }
}

/// Items of a link as counts.
pub fn waiting(link: &LinkStatus) -> Waiting {
    let Queued {
        urgent,
        normal,
        bulk,
    } = link.waiting;
    Waiting {
        urgent,
        normal,
        bulk,
    }
}

/// Refused envelopes, the newest first.
pub fn refused(node: &mut Node, viewer: &Viewer) -> Vec<RefusedRow> {
    let rows = node.replica.refused(1, REFUSED_MAX).unwrap_or_default();
    let endpoints = node.authority().endpoints();
    let mut shapes = Vec::new();
    for row in rows.into_iter().rev() {
        let from = row
            .peer
            .and_then(|peer| endpoints.get(&peer.0))
            .map(|seat| seat.office);
        let dossier = row.dossier.and_then(|id| case::find(node, viewer, id).ok());
        let bytes = row.envelope.head.len() + row.envelope.body.as_ref().map_or(0, Vec::len);
        shapes.push(RefusedRow {
            id: row.number.to_string(),
            at: row.at,
            from: from.map(|office| office_ref(node, office)),
            reason: fault::refused(&row.reason),
            dossier: dossier.map(|file| case_ref(node, &file)),
            bytes: bytes as u64,
        });
    }
    shapes
}

/// Refused envelopes as lines of JSON, the oldest first, from a number on, whole: what a verifier
/// elsewhere needs to judge them again. A body that this person may not see is left out and says so;
/// a last line `{"next":n}` says where the rest begins.
pub fn refused_file(node: &mut Node, viewer: &Viewer, from: u64) -> ApiResult<String> {
    let (mut lines, mut next) = (String::new(), Some(from));
    while let Some(from) = next.take() {
        let rows = node.replica.refused(from, EXPORT_ROWS);
        let rows = rows.map_err(|error| {
            tracing::error!(%error, "refused material could not be read");
            ApiError::new("store_failed")
        })?;
        for row in &rows {
            if lines.len() > EXPORT_BYTES_MAX {
                lines.push_str(&json!({ "next": row.number }).to_string());
                lines.push('\n');
                return Ok(lines);
            }
            lines.push_str(&refused_line(node, viewer, row).to_string());
            lines.push('\n');
        }
        let last = rows.last().filter(|_| rows.len() == EXPORT_ROWS);
        next = last.map(|row| row.number + 1);
    }
    Ok(lines)
}

fn refused_line(node: &mut Node, viewer: &Viewer, row: &Refusal) -> Json {
    // What names no dossier that is known here may be about anybody.
    let seen = row.dossier.is_some_and(|id| case::sees(node, viewer, id));
    let body = row.envelope.body.as_ref();
    json!({
        "number": row.number,
        "id": row.id.to_hex(),
        "at": row.at,
        "peer": row.peer.map(|peer| hex(&peer.0)),
        "reason": row.reason,
        "dossier": row.dossier.map(|id| id.to_hex()),
        "head": hex(&row.envelope.head),
        "signature": hex(&row.envelope.signature),
        "body": body.filter(|_| seen).map(|body| hex(body)),
        "body_withheld": body.is_some() && !seen,
    })
}

/// What the file is called: by office and day.
pub fn refused_file_name(node: &Node) -> String {
    let office = office_ref(node, node.office);
    format!("refused-{}-{}.jsonl", office.code, date_of(node.now()))
}
