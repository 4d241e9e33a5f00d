//! The wall screen: what stands at each office, as of when, and who has not been heard. It counts
//! what its person may see and names nobody.

use super::alarm::{claim, severity_of};
use super::label::office_ref;
use super::network::heard;
use super::shape::{MassShape, Wall, WallCounts, WallOffice};
use super::{Viewer, case, incident, mass};
use crate::owner::Node;
use jiaolian_schema::device::Regime;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, OfficeId, PersonCode};
use jiaolian_sync::LastSeen;
use std::collections::{BTreeMap, BTreeSet};

/// Highest tier at which positions are kept: the county.
const POSITION_TIER_MAX: u8 = 2;
/// The wall of a person's office.
pub fn wall(node: &mut Node, viewer: &Viewer) -> Wall {
    let now = node.now();
    let open = open(node, viewer);
    let counts = counts(node, viewer, &open);
    let heard = heard(node);
    let below = node.offices().subtree(viewer.office);
    let mut offices = Vec::new();
    for id in below {
        let (state, as_of) = heard_of(node, &heard, id, now);
        let parent = node.offices().get(id).and_then(|office| office.parent);
        offices.push(WallOffice {
            office: office_ref(node, id),
            parent_id: parent.map(|parent| parent.to_hex()),
            state: state.into(),
            as_of,
            counts: counts.get(&id).copied().unwrap_or_else(|| nothing(viewer)),
        });
    }
    // As long as an office may be unheard before its alarms go to the county's duty.
    let missing_ms = i64::from(node.rules.duty_takeover_minutes()) * 60_000;
    let is_missing =
        |office: &&WallOffice| office.as_of.is_none_or(|as_of| now - as_of > missing_ms);
    let missing = offices.iter().filter(is_missing);
    let links_up = heard.values().filter(|heard| heard.up).count() as u64;
    Wall {
        now,
        own: office_ref(node, viewer.office),
        as_of: offices
            .iter()
            .filter_map(|office| office.as_of)
            .min()
            .unwrap_or(now),
        total: sum(viewer, &offices, &open),
        masses: masses(node, &open),
        links_up,
        links_down: heard.len() as u64 - links_up,
        missing: missing.map(|office| office.office.id.clone()).collect(),
        offices,
    }
}

fn nothing(viewer: &Viewer) -> WallCounts {
    WallCounts {
        silent: (viewer.tier <= POSITION_TIER_MAX).then_some(0),
        ..WallCounts::default()
    }
}

/// An incident that is open.
struct Open {
    office: OfficeId,
    severity: u8,
    taken: bool,
    lead: DossierId,
    /// Id of the silence of many that it is part of.
    mass: Option<DossierId>,
}

fn open(node: &mut Node, viewer: &Viewer) -> Vec<Open> {
    let mut found = Vec::new();
    for incident in incident::visible(node, viewer) {
        if !incident.open {
            continue;
        }
        let severity = severity_of(node, &incident).unwrap_or(4);
        let lead = incident.lead.id;
        found.push(Open {
            office: incident.lead.place,
            severity,
            taken: claim(node, &incident.lead).is_some(),
            lead,
            mass: mass::told_with(node, lead, severity).first().copied(),
        });
    }
    found
}

/// Open alarms by severity and how many nobody has taken; a silence of many is one, as grave as the
/// worst of it.
fn count_open<'a>(open: impl Iterator<Item = &'a Open>, counts: &mut WallCounts) {
    let mut rows: BTreeMap<DossierId, (u8, bool)> = BTreeMap::new();
    for one in open {
        let row = rows.entry(one.mass.unwrap_or(one.lead));
        let row = row.or_insert((one.severity, true));
        *row = (row.0.min(one.severity), row.1 && one.taken);
    }
    for (severity, taken) in rows.into_values() {
        counts.open[usize::from(severity.clamp(1, 4)) - 1] += 1;
        counts.unacknowledged += u64::from(!taken);
    }
}

/// Silences of many, with how many people of each the viewer sees.
fn masses(node: &mut Node, open: &[Open]) -> Vec<MassShape> {
    let mut leads: BTreeMap<DossierId, Vec<&Open>> = BTreeMap::new();
    for one in open {
        if let Some(mass) = one.mass {
            leads.entry(mass).or_default().push(one);
        }
    }
    let mut found = Vec::new();
    for rows in leads.into_values().filter(|rows| rows.len() > 1) {
        let mass = mass::shape_of(node, rows[0].lead, rows[0].severity);
        found.extend(mass.map(|mass| MassShape {
            people: rows.len() as u64,
            rows: rows.len() as u64,
            unclaimed: Some(rows.iter().filter(|row| !row.taken).count() as u64),
            ..mass
        }));
    }
    found
}

fn sum(viewer: &Viewer, offices: &[WallOffice], open: &[Open]) -> WallCounts {
    let mut total = nothing(viewer);
    count_open(open.iter(), &mut total);
    for WallOffice { counts, .. } in offices {
        total.watched += counts.watched;
        total.silent = total.silent.zip(counts.silent).map(|(a, b)| a + b);
    }
    total
}

/// How an office stands, and as of when what is known of it is true. Of one without a line of its
/// own, its superiors' newest receipt tells up to when they had heard from it.
fn heard_of(
    node: &Node,
    heard: &BTreeMap<OfficeId, super::network::Heard>,
    id: OfficeId,
    now: i64,
) -> (&'static str, Option<i64>) {
    if id == node.office {
        return ("self", Some(now));
    }
    match heard.get(&id) {
        Some(line) if line.up => ("linked", line.as_of),
        Some(line) if line.as_of.is_some() => ("cut", line.as_of),
        _ => {
            let receipt = node.authority().newest_receipt_for(id);
            let as_of = receipt.map(|(_, time)| time.min(now));
            (if as_of.is_some() { "relayed" } else { "never" }, as_of)
        }
    }
}

/// The numbers by the office in charge.
fn counts(node: &mut Node, viewer: &Viewer, open: &[Open]) -> BTreeMap<OfficeId, WallCounts> {
    let now = node.now();
    let mut counts: BTreeMap<OfficeId, WallCounts> = BTreeMap::new();
    let mut people: BTreeSet<(PersonCode, OfficeId)> = BTreeSet::new();
    for (id, row) in node.replica.dossiers() {
        if let (DossierKind::Case, Some(person)) = (row.kind, row.person)
            && case::sees(node, viewer, id)
        {
            people.insert((person, row.place));
        }
    }
    let numbers = node.rules.numbers().clone();
    for (person, place) in people {
        let seen = node.replica.last_seen(person, now);
        let Some(seen) = seen.filter(|seen| seen.regime == Some(Regime::Band)) else {
            continue;
        };
        let office = counts.entry(place).or_insert_with(|| nothing(viewer));
        office.watched += 1;
        let silent_ms = numbers.silent_after_ms(seen.interval_ms);
        let silent = u64::from(is_silent(&seen, now, silent_ms));
        office.silent = office.silent.map(|count| count + silent);
    }
    let places: BTreeSet<OfficeId> = open.iter().map(|one| one.office).collect();
    for place in places {
        let office = counts.entry(place).or_insert_with(|| nothing(viewer));
        count_open(open.iter().filter(|one| one.office == place), office);
    }
    counts
}

/// Whether a band has reported nothing for too long, counted from its binding at the earliest.
fn is_silent(seen: &LastSeen, now: i64, silent_ms: i64) -> bool {
    let heard = seen.last.map(|(point, _)| point.time);
    let since = heard.max(seen.band_since).unwrap_or(now);
    now - since > silent_ms
}
