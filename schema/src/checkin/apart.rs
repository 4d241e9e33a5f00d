//! Whether person and band are together, by the single points of check-ins (K12, K13): a place that
//! is far from where the band was at that time, whoever was seen there.

use super::{CheckIn, Numbers};
use crate::fix::Point;
use crate::geo::{Coord, farther_than};
use crate::signal::Sign;

/// What an alarm of a band apart from its person is about, where check-ins tell so: no fence.
pub const CHECK_IN_ABOUT: &str = "checkin";

/// Check-ins that were made far from the band, in their order. `band` are positions of the band in
/// any order; those less accurate than R7 asks are not used.
pub fn apart(check_ins: &[CheckIn], band: &[Point], numbers: &Numbers) -> Vec<CheckIn> {
    let mut band: Vec<&Point> = band.iter().filter(|fix| fix.is_accurate_enough()).collect();
    band.sort_unstable_by_key(|fix| fix.order());
    // One fix an instant, as the watch chooses it (R8).
    band.dedup_by_key(|fix| fix.time);
    let is_apart = |one: &&CheckIn| is_apart(one, &band, numbers);
    check_ins.iter().filter(is_apart).cloned().collect()
}

fn is_apart(one: &CheckIn, band: &[&Point], numbers: &Numbers) -> bool {
    let made_up = one.signs.says(Sign::MadeUp) == Some(true);
    let Some(place) = one.point.filter(|_| !made_up) else {
        return false;
    };
    let Some((before, after)) = bracket(band, one.at, numbers.bracket_ms) else {
        return false;
    };
    let accuracy_mm = before.accuracy_mm.max(after.accuracy_mm);
    let far_mm = numbers.apart_mm + i64::from(accuracy_mm) + i64::from(place.accuracy_mm);
    let between = between(before, after, one.at);
    let mut places = [before.at, between, after.at].into_iter();
    places.all(|at| farther_than(at, place.at, far_mm))
}

/// The positions at or before an instant and at or after it, both no farther from it than `ms`.
fn bracket<'a>(band: &[&'a Point], at: i64, ms: i64) -> Option<(&'a Point, &'a Point)> {
    let next = band.partition_point(|fix| fix.time < at);
    let after = *band.get(next)?;
    let before = if after.time == at {
        after
    } else {
        *band.get(next.checked_sub(1)?)?
    };
    (at - before.time <= ms && after.time - at <= ms).then_some((before, after))
}

/// Where the band was at an instant, had it moved evenly.
fn between(before: &Point, after: &Point, at: i64) -> Coord {
    let whole = after.time - before.time;
    let part = at - before.time;
    let along = |from: i32, to: i32| {
        let way = i64::from(to) - i64::from(from);
        let gone = if whole == 0 { 0 } else { way * part / whole };
        i32::try_from(i64::from(from) + gone).unwrap_or(from)
    };
    let (lat, lon) = (
        along(before.at.lat(), after.at.lat()),
        along(before.at.lon(), after.at.lon()),
    );
    Coord::new(lat, lon).unwrap_or(before.at)
}
