//! Offices and links: what is known here of each, and since when.

use super::Viewer;
use super::case::{self, case_ref};
use super::label::office_ref;
use super::shape::{
    LaneShape, LanesShape, LinkShape, Network, OfficeShape, RefusedRow, RefusedTotal, Storage,
    Waiting,
};
use crate::http::text::Text;
use crate::owner::Node;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::OfficeId;
use jiaolian_sync::{LinkStatus, Waiting as Queued};
use std::collections::BTreeMap;

/// Most refused envelopes on one page.
const REFUSED_MAX: usize = 10_000;

/// The network page.
pub fn page(node: &mut Node, viewer: &Viewer) -> Network {
    let now = node.now();
    let links = node.replica.links();
    let by_office: BTreeMap<OfficeId, &LinkStatus> =
        links.iter().map(|link| (link.office, link)).collect();
    let counts = counts(node, viewer);
    let shape = |(id, office): (OfficeId, &jiaolian_schema::hold::Office)| {
        let link = by_office.get(&id);
        let (cases, alarms) = counts.get(&id).copied().unwrap_or_default();
        OfficeShape {
            office: office_ref(node, id),
            parent_id: office.parent.map(|parent| parent.to_hex()),
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
            .map(|link| link_shape(node, link, now))
            .collect(),
        refused: RefusedTotal {
            total: node.replica.refused_count(),
        },
        storage: Storage {
            used_bytes: node.store.reader().bytes(),
            free_bytes: 0,
        },
    }
}

/// Cases and open incidents that this person may see, by office.
fn counts(node: &mut Node, viewer: &Viewer) -> BTreeMap<OfficeId, (u64, u64)> {
    let mut counts: BTreeMap<OfficeId, (u64, u64)> = BTreeMap::new();
    let rows: Vec<_> = node
        .replica
        .dossiers()
        .map(|(id, row)| (id, row.kind, row.place, row.minor == 1))
        .collect();
    for (id, kind, place, minor) in rows {
        if !case::may_see(node, viewer, place, minor) {
            continue;
        }
        match kind {
            DossierKind::Case => counts.entry(place).or_default().0 += 1,
            DossierKind::Alarm => {
                let open = node
                    .file(id)
                    .is_some_and(|file| super::alarm::is_open(node, &file));
                counts.entry(place).or_default().1 += u64::from(open);
            }
            DossierKind::Roster => {}
        }
    }
    counts
}

fn office_state(node: &Node, id: OfficeId, link: Option<&LinkStatus>) -> &'static str {
    match link {
        _ if id == node.office => "self",
        Some(link) if link.up_since.is_some() => "linked",
        Some(_) => "cut",
        None => "never",
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

fn link_shape(node: &Node, link: &LinkStatus, now: i64) -> LinkShape {
    let offices = node.offices();
    let direction = if offices.is_above(link.office, node.office) {
        "up"
    } else if offices.is_above(node.office, link.office) {
        "down"
    } else {
        "side"
    };
    LinkShape {
        office: office_ref(node, link.office),
        direction: direction.into(),
        state: if link.up_since.is_some() {
            "linked"
        } else {
            "cut"
        }
        .into(),
        since: link.up_since.or(link.heard_at),
        road: "direct".into(),
        out_as_of: link.delivered_as_of,
        in_as_of: in_as_of(link, now),
        waiting: lanes(link.waiting),
        rate_bps: None,
        note: None,
    }
}

fn lanes(waiting: Queued) -> LanesShape {
    let lane = |items| LaneShape { items, bytes: 0 };
    LanesShape {
        urgent: lane(waiting.urgent),
        normal: lane(waiting.normal),
        bulk: lane(waiting.bulk),
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
            reason: Text::plain(row.reason),
            dossier: dossier.map(|file| case_ref(node, &file)),
            bytes: bytes as u64,
        });
    }
    shapes
}
