//! The map: fences and people.

use super::alarm::raise_of;
use super::evidence::{fences_of, fix_shape};
use super::incident::of_case;
use super::shape::{MapPeople, MapPerson, Track};
use super::{Viewer, area, case};
use crate::http::error::{ApiError, ApiResult};
use crate::http::text::words;
use crate::owner::Node;
use jiaolian_schema::desk::File;
use jiaolian_schema::device::Regime;
use jiaolian_sync::StoredFix;
use serde_json::{Value as Json, json};

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

/// Where one person was over a time; none where nobody here is to look at positions. Positions lie
/// only where they are judged and at the county above.
pub fn track(
    node: &Node,
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
    let person = code.to_hex();
    let shape = |fix: &StoredFix| fix_shape(&fix.point, &person, fix.received_at, fix.live);
    Ok(Track {
        case: case::case_ref(node, file),
        from,
        to,
        items: stored.iter().map(shape).collect(),
        complete,
    })
}

/// One person on the map; none without a code.
pub fn person(node: &mut Node, file: &File) -> Option<MapPerson> {
    let now = node.now();
    let code = file.person?;
    let watch = node.replica.watch(code);
    let last = watch.as_ref().and_then(|watch| watch.last);
    let band = watch.as_ref().is_some_and(|watch| {
        let mut devices = watch.devices.values();
        devices.any(|device| device.regime == Regime::Band && device.holds(now))
    });
    let incidents = of_case(node, file.id);
    let open = incidents.iter().filter(|incident| incident.open);
    let worst = open
        .filter_map(|incident| Some((raise_of(&incident.lead)?.severity, incident.id())))
        .min();
    let violation = watch.as_ref().is_some_and(|watch| !watch.open.is_empty());
    let fresh = last.is_some_and(|(point, _)| now - point.time <= FRESH_MS);
    let verdict = match (violation, fresh) {
        (true, _) => "violation",
        (false, true) => "compliant",
        (false, false) => "unknown",
    };
    let cause = (verdict == "unknown")
        .then(|| words("map", if last.is_some() { "stale" } else { "no_report" }));
    let fix = last.map(|(point, received_at)| {
        let stored = node
            .replica
            .fixes(code, point.time, point.time + 1, 1)
            .unwrap_or_default();
        let live = stored.first().is_none_or(|fix| fix.live);
        fix_shape(&point, &code.to_hex(), received_at, live)
    });
    Some(MapPerson {
        case: case::case_ref(node, file),
        regime: if band { "band" } else { "phone" }.into(),
        fix,
        verdict: verdict.into(),
        cause,
        alarm_id: worst.map(|(_, id)| id.to_hex()),
        severity: worst.map(|(severity, _)| severity),
    })
}
