//! What proves an alarm: the area, the fixes that decided, the permits that were looked at.

use super::shape::{Evidence, FixShape, GrantedArea};
use super::{Viewer, area, case};
use crate::http::text::words;
use crate::owner::Node;
use jiaolian_schema::act::Raise;
use jiaolian_schema::calendar::{end_of, start_of};
use jiaolian_schema::desk::File;
use jiaolian_schema::fence::Fence;
use jiaolian_schema::fix::{Point, Source};
use jiaolian_schema::id::hex;
use jiaolian_schema::standing::{GrantedPermit, permits};
use jiaolian_schema::workflow::date_of_day;
use serde_json::json;
use std::collections::BTreeMap;

/// Most stored fixes that are looked at for one alarm.
const FIXES_MAX: usize = 10_000;

pub(super) fn evidence(node: &mut Node, viewer: &Viewer, raise: &Raise) -> Evidence {
    let now = node.now();
    let person = raise.person.to_hex();
    let points: Vec<Point> = minicbor::decode(&raise.evidence).unwrap_or_default();
    let received: BTreeMap<i64, (i64, bool)> = match (points.first(), points.last()) {
        (Some(first), Some(last)) => {
            let (from, to) = (first.time.min(last.time), first.time.max(last.time) + 1);
            let stored = node
                .replica
                .fixes(raise.person, from, to, FIXES_MAX)
                .unwrap_or_default();
            stored
                .iter()
                .map(|fix| (fix.point.time, (fix.received_at, fix.live)))
                .collect()
        }
        _ => BTreeMap::new(),
    };
    let fixes = points.iter().map(|point| {
        let known = received.get(&point.time).copied();
        let (received_at, live) = known.unwrap_or((point.time, raise.retrospective == 0));
        fix_shape(point, &person, received_at, live)
    });
    let fixes: Vec<FixShape> = fixes.collect();
    let decided = points.iter().find(|point| point.time == raise.decided_at);
    let file = case::find(node, viewer, raise.case).ok();
    let fence = file.as_ref().and_then(|file| fence_of(file, &raise.fence));
    let granted = file
        .as_ref()
        .map(|file| granted_areas(file, raise.time))
        .unwrap_or_default();
    Evidence {
        fence: fence.map(|fence| area::fence_feature(&fence, json!({}), now)),
        deciding_fix: decided.map(|point| hex(&point.id(&person))),
        permits: granted
            .into_iter()
            .filter(|p| p.from <= raise.time && raise.time <= p.to)
            .collect(),
        fixes,
    }
}

/// Leaves of a case that were not taken back at an instant, ms UTC.
pub fn granted_areas(file: &File, at: i64) -> Vec<GrantedArea> {
    let granted = permits(&file.standing).into_iter();
    let granted = granted.filter(|permit| permit.revoked_at.is_none_or(|revoked| at < revoked));
    let area = |permit: GrantedPermit| {
        let (first, last) = (
            date_of_day(permit.first_day)?,
            date_of_day(permit.last_day)?,
        );
        Some(GrantedArea {
            label: words("alarm", "leave"),
            from: start_of(first),
            to: end_of(last) - 1,
            area: permit.area.and_then(|bytes| area::feature(&bytes)),
        })
    };
    granted.filter_map(area).collect()
}

/// A fence of a case, in force or as it was last set.
pub fn fence_of(file: &File, name: &str) -> Option<Fence> {
    fences_of(file).into_iter().find(|fence| fence.id() == name)
}

/// All fences of a case that stand.
pub fn fences_of(file: &File) -> Vec<Fence> {
    let fields = file
        .standing
        .fields
        .iter()
        .filter(|(name, _)| name.starts_with("fence/"));
    let open = fields.filter_map(|(_, slot)| {
        let (_, value) = slot.in_force()?;
        match value {
            jiaolian_schema::standing::SlotValue::Field { open, .. } => open.clone(),
            _ => None,
        }
    });
    open.filter_map(|bytes| jiaolian_schema::canon::decode("a fence", &bytes).ok())
        .collect()
}

/// A position report in the contract's shape.
pub fn fix_shape(point: &Point, person: &str, received_at: i64, live: bool) -> FixShape {
    FixShape {
        id: hex(&point.id(person)),
        at: point.time,
        received_at,
        lat_e7: point.at.lat(),
        lon_e7: point.at.lon(),
        accuracy_mm: point.accuracy_mm,
        source: source_word(point.source).into(),
        live,
    }
}

/// How a position was found, as the contract names it.
pub fn source_word(source: Source) -> &'static str {
    match source {
        Source::Gnss => "gnss",
        Source::Wifi => "wifi",
        Source::Cell => "cell",
    }
}
