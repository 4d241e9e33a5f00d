//! The map: fences and people.

use super::alarm::{self, raise_of};
use super::evidence::{fences_of, fix_shape, granted_areas, source_word};
use super::incident::of_case;
use super::shape::{LastFix, MapPeople, MapPerson, PersonCard, Positions, Track};
use super::{Viewer, area, case};
use crate::http::error::{ApiError, ApiResult};
use crate::http::text::words;
use crate::owner::Node;
use jiaolian_schema::desk::File;
use jiaolian_schema::device::{Device, Regime};
use jiaolian_schema::fix::Point;
use jiaolian_schema::id::{DossierId, PersonCode};
use jiaolian_sync::StoredFix;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A position of a band that is older than this says nothing of now, ms.
const FRESH_MS: i64 = 2 * 3_600_000;

/// Highest tier whose officers look at tracks: the county.
const TRACK_TIER_MAX: u8 = 2;
/// Most fixes of one track.
const TRACK_FIXES_MAX: usize = 20_000;

/// Fences of all cases that this person may see.
pub fn fences(node: &mut Node, viewer: &Viewer) -> Json {
    let now = node.now();
    let mut features = Vec::new();
    for file in case::visible(node, viewer) {
        let case = case::case_ref(node, &file);
        for fence in fences_of(&file) {
            let properties = json!({ "case_id": case.id, "case_name": case.name });
            features.push(area::fence_feature(&fence, properties, now));
        }
    }
    json!({ "type": "FeatureCollection", "features": features })
}

/// Everybody on the map whom this person may see.
pub fn people(node: &mut Node, viewer: &Viewer) -> MapPeople {
    let files = case::visible(node, viewer);
    let items = files.iter().filter_map(|file| person(node, file)).collect();
    MapPeople {
        as_of: node.now(),
        items,
    }
}

/// Whether anybody of this person's office is to look at where one person is.
pub fn check_place(viewer: &Viewer) -> ApiResult<()> {
    if viewer.tier > TRACK_TIER_MAX {
        return Err(ApiError::new("not_allowed"));
    }
    Ok(())
}

/// What an open page is told of some cases: people as they are now, and which of those that it was
/// told of before it may see no more. `told` is what the page knows, and is kept.
pub fn positions(
    node: &mut Node,
    viewer: &Viewer,
    cases: Option<&BTreeSet<DossierId>>,
    told: &mut BTreeSet<DossierId>,
) -> Positions {
    let mut gone = Vec::new();
    let files: Vec<Arc<File>> = match cases {
        None => {
            told.clear();
            case::visible(node, viewer)
        }
        Some(cases) => cases
            .iter()
            .filter_map(|id| {
                let file = case::find(node, viewer, *id).ok();
                if file.is_none() && told.remove(id) {
                    gone.push(id.to_hex());
                }
                file
            })
            .collect(),
    };
    let mut items = Vec::new();
    for file in files {
        if let Some(shown) = person(node, &file) {
            told.insert(file.id);
            items.push(shown);
        }
    }
    Positions {
        as_of: node.now(),
        whole: cases.is_none(),
        items,
        gone,
    }
}

/// One person with fences, leaves and open alarms.
pub fn card(node: &mut Node, viewer: &Viewer, file: &File) -> ApiResult<PersonCard> {
    let now = node.now();
    let person = person(node, file).ok_or(ApiError::not_found())?;
    let fences: Vec<Json> = fences_of(file)
        .iter()
        .map(|fence| {
            let properties = json!({ "case_id": person.case.id, "case_name": person.case.name });
            area::fence_feature(fence, properties, now)
        })
        .collect();
    let mut alarms = Vec::new();
    for incident in of_case(node, file.id) {
        if incident.open && case::sees(node, viewer, incident.lead.id) {
            alarms.push(alarm::row(node, viewer, &incident));
        }
    }
    let permits = granted_areas(file, now);
    Ok(PersonCard {
        as_of: now,
        person,
        fences: json!({ "type": "FeatureCollection", "features": fences }),
        permits: permits
            .into_iter()
            .filter(|permit| permit.to >= now)
            .collect(),
        alarms,
    })
}

/// Where one person was over a time; none where nobody here is to look at positions. Positions lie
/// only where they are judged and at the county above. A phone gives single checks (社区矫正法
/// Art. 29 allows more for five grounds only): what no band reported makes no trail.
pub fn track(
    node: &mut Node,
    viewer: &Viewer,
    file: &File,
    (from, to): (i64, i64),
) -> ApiResult<Track> {
    check_place(viewer)?;
    let code = file.person.ok_or(ApiError::not_found())?;
    let stored = node.replica.fixes(code, from, to, TRACK_FIXES_MAX + 1);
    let mut stored = stored.map_err(|error| {
        tracing::error!(%error, "a track could not be read");
        ApiError::new("store_failed")
    })?;
    let complete = stored.len() <= TRACK_FIXES_MAX;
    stored.truncate(TRACK_FIXES_MAX);
    let bands = bands(node, code);
    let before = stored.len();
    stored.retain(|fix| bands.iter().any(|band| band.holds(fix.point.time)));
    let left_out = stored.len() < before || bands.is_empty();
    let person = code.to_hex();
    let shape = |fix: &StoredFix| fix_shape(&fix.point, &person, fix.received_at, fix.live);
    Ok(Track {
        case: case::case_ref(node, file),
        from,
        to,
        items: stored.iter().map(shape).collect(),
        complete,
        note: left_out.then(|| words("map", "no_trail")),
    })
}

/// Bands of a person, those of the past too.
fn bands(node: &mut Node, code: PersonCode) -> Vec<Device> {
    let watch = node.replica.watch(code);
    let devices = watch
        .into_iter()
        .flat_map(|watch| watch.devices.into_values());
    devices
        .filter(|device| device.regime == Regime::Band)
        .collect()
}

/// One person on the map; none without a code.
pub fn person(node: &mut Node, file: &File) -> Option<MapPerson> {
    let now = node.now();
    let code = file.person?;
    let seen = node.replica.last_seen(code, now);
    let last = seen.and_then(|seen| seen.last);
    let band = seen.is_some_and(|seen| seen.regime == Some(Regime::Band));
    let incidents = of_case(node, file.id);
    let open = incidents.iter().filter(|incident| incident.open);
    let worst = open
        .filter_map(|incident| Some((raise_of(&incident.lead)?.severity, incident.id())))
        .min();
    let violation = seen.is_some_and(|seen| seen.violates);
    let fresh = last.is_some_and(|(point, _)| now - point.time <= FRESH_MS);
    let verdict = match (violation, fresh) {
        (true, _) => "violation",
        (false, true) => "compliant",
        (false, false) => "unknown",
    };
    let cause = (verdict == "unknown")
        .then(|| words("map", if last.is_some() { "stale" } else { "no_report" }));
    Some(MapPerson {
        case: case::case_ref(node, file),
        regime: if band { "band" } else { "phone" }.into(),
        fix: last.map(last_fix),
        verdict: verdict.into(),
        cause,
        alarm_id: worst.map(|(_, id)| id.to_hex()),
        severity: worst.map(|(severity, _)| severity),
    })
}

fn last_fix((point, received_at): (Point, i64)) -> LastFix {
    LastFix {
        at: point.time,
        received_at,
        lat_e7: point.at.lat(),
        lon_e7: point.at.lon(),
        accuracy_mm: point.accuracy_mm,
        source: source_word(point.source).into(),
    }
}
