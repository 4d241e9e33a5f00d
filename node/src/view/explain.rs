//! What made an alarm, as a page shows it and as a file of evidence carries it (`docs/explain.md`).

use super::shape::{
    DecisionShape, ExplainShape, ExplainWindow, ExplainedFix, ExplainedPermit, ExplainedSignal,
    RuleShape,
};
use super::{Viewer, alarm, area, evidence};
use crate::http::error::{ApiError, ApiResult};
use crate::http::text::{Text, words, words_with};
use crate::owner::Node;
use jiaolian_schema::act::Raise;
use jiaolian_schema::canon;
use jiaolian_schema::explain::{
    Difference, EXHIBIT_MARGIN_MS, EXHIBIT_REPORTS_MAX, Exhibit, Explanation, Kept, Seen, explain,
    version_at,
};
use jiaolian_schema::fence::{Fence, FenceKind, Verdict};
use jiaolian_schema::fix::{Grade, Point};
use jiaolian_schema::id::{DossierId, PersonCode, hex};
use jiaolian_schema::permit::Permit;
use jiaolian_schema::signal::{Sign, Signs};
use jiaolian_schema::watch::{AlarmKind, Transition};
use jiaolian_sync::WatchView;
use serde_json::json;
use std::collections::BTreeMap;

/// Farthest distance that is told, mm.
const TOLD_MM_MAX: i64 = 5_000_000;
/// By which rules the watch judges.
const WATCH_RULES: &str = "R1-R25";

/// An alarm explained, where this person may see it.
pub fn page(node: &mut Node, viewer: &Viewer, id: DossierId) -> ApiResult<ExplainShape> {
    let file = alarm::find(node, viewer, id)?;
    let raise = alarm::raise_of(&file).ok_or(ApiError::not_found())?.clone();
    let raised_at = file
        .opening()
        .map_or(raise.decided_at, |entry| entry.fact.at);
    let exhibit = exhibit(node, &raise);
    let found = explain(&raise, &exhibit, node.rules.numbers());
    Ok(shape(node, id, (&raise, raised_at), (&exhibit, &found)))
}

/// What an alarm was judged from, with what each report was found to be.
pub fn marked_exhibit(node: &mut Node, raise: &Raise) -> Exhibit {
    let exhibit = exhibit(node, raise);
    let found = explain(raise, &exhibit, node.rules.numbers());
    exhibit.marked(&found.seen)
}

/// From what is stored here; at an office that holds no tracks, from the points that were signed.
fn exhibit(node: &mut Node, raise: &Raise) -> Exhibit {
    let window = (
        raise.time.saturating_sub(EXHIBIT_MARGIN_MS),
        raise.decided_at.saturating_add(EXHIBIT_MARGIN_MS),
    );
    let mut reports = kept(node, raise.person, window, EXHIBIT_REPORTS_MAX + 1);
    let mut whole = !reports.is_empty() && reports.len() <= EXHIBIT_REPORTS_MAX;
    if reports.is_empty() {
        reports = signed_points(raise);
    }
    // What is left out lies behind the decision.
    whole &= reports.len() <= EXHIBIT_REPORTS_MAX;
    reports.truncate(EXHIBIT_REPORTS_MAX);
    let watch = node.replica.watch(raise.person);
    let fences = watch.iter().flat_map(|watch| watch.fences.iter());
    let fences = fences.filter(|fence| fence.id() == raise.fence && !raise.fence.is_empty());
    Exhibit {
        person: raise.person.to_hex(),
        fences: fences.cloned().collect(),
        permits: watch
            .iter()
            .flat_map(|watch| watch.permits.clone())
            .collect(),
        reports,
        interval_ms: watch.iter().find_map(|watch| interval_ms(watch, raise)),
        bound: watch.iter().flat_map(|watch| watch.bound.clone()).collect(),
        down: node.replica.outages(),
        window,
        whole,
    }
}

/// How often the device reported when the alarm's condition began, ms; none where no binding says.
fn interval_ms(watch: &WatchView, raise: &Raise) -> Option<i64> {
    let held = watch.terms.iter();
    let held = held.filter(|one| one.from <= raise.time && raise.time < one.until);
    held.filter_map(|one| one.interval_ms).max()
}

/// Stored reports of a person with `from <= device time < to`, in order; of fixes and of signals at
/// most so many each.
pub(super) fn kept(node: &Node, person: PersonCode, window: (i64, i64), most: usize) -> Vec<Kept> {
    let fixes = node.replica.fixes(person, window.0, window.1, most);
    let signals = node.replica.signals(person, window.0, window.1, most);
    let fixes = fixes.unwrap_or_default().into_iter().map(|fix| Kept {
        time: fix.point.time,
        point: Some(fix.point),
        signs: fix.signs,
        received_at: fix.received_at,
        live: fix.live,
        judged: fix.judged,
        said: None,
    });
    let signals = signals.unwrap_or_default().into_iter().map(|stored| Kept {
        time: stored.signal.time,
        point: None,
        signs: Some(match stored.doubted {
            Some(_) => stored.signal.signs.with(Sign::Clock, true),
            None => stored.signal.signs,
        }),
        received_at: stored.received_at,
        live: stored.live,
        judged: stored.judged,
        said: None,
    });
    let mut reports: Vec<Kept> = fixes.chain(signals).collect();
    reports.sort_by_key(|kept| (kept.time, kept.point.map(|point| point.order())));
    reports
}

fn signed_points(raise: &Raise) -> Vec<Kept> {
    let points: Vec<Point> = minicbor::decode(&raise.evidence).unwrap_or_default();
    let kept = points.into_iter().map(|point| Kept {
        time: point.time,
        point: Some(point),
        signs: None,
        received_at: point.time,
        live: raise.retrospective == 0,
        judged: true,
        said: None,
    });
    kept.collect()
}

fn shape(
    node: &Node,
    id: DossierId,
    (raise, raised_at): (&Raise, i64),
    (exhibit, found): (&Exhibit, &Explanation),
) -> ExplainShape {
    let fence = version_at(exhibit, &raise.fence, raise.decided_at);
    let feature = fence.map(|fence| {
        let valid = fence.valid();
        let more = json!({ "buffer_mm": fence.buffer_mm(), "valid_from": valid.from,
            "valid_until": valid.until });
        area::fence_feature(fence, more, raise.decided_at)
    });
    let demand = fence.map(|fence| (fence.kind(), fence.buffer_mm()));
    let rows = || exhibit.reports.iter().zip(&found.seen);
    let fixes = rows().filter_map(|(kept, seen)| fix(exhibit, (kept, seen), demand));
    let signals = exhibit.reports.iter().filter_map(signal);
    let permits = exhibit
        .permits
        .iter()
        .map(|granted| permit(exhibit, raise, granted));
    ExplainShape {
        id: id.to_hex(),
        alarm: hex(&raise.alarm.0),
        person: exhibit.person.clone(),
        kind: alarm::kind(node, raise),
        severity: raise.severity,
        retrospective: raise.retrospective != 0,
        raised_at,
        time: raise.time,
        decided_at: raise.decided_at,
        rules: RuleShape {
            watch: WATCH_RULES.to_owned(),
            pack: hex(&node.rules.pack_id()),
        },
        window: ExplainWindow {
            from: exhibit.window.0,
            to: exhibit.window.1,
            whole: exhibit.whole,
        },
        fence: feature,
        permits: permits.collect(),
        fixes: fixes.collect(),
        signals: signals.collect(),
        decision: found.decision.as_ref().map(decision),
        agrees: found.is_decidable.then_some(found.differs.is_empty()),
        differs: found.differs.iter().map(difference).collect(),
    }
}

fn decision(found: &Transition) -> DecisionShape {
    DecisionShape {
        event: match found.kind {
            AlarmKind::Exit | AlarmKind::LeaveDev | AlarmKind::NightOut => "exit",
            AlarmKind::Enter | AlarmKind::NearPerson => "enter",
            AlarmKind::Suspect => "suspect",
            _ => "device",
        }
        .to_owned(),
        fence: found.about.clone(),
        time: found.time,
        decided_at: found.decided_at,
        fix: hex(&found.deciding),
    }
}

fn permit(exhibit: &Exhibit, raise: &Raise, granted: &Permit) -> ExplainedPermit {
    let kind = exhibit
        .fences
        .first()
        .map_or(FenceKind::KeepIn, Fence::kind);
    let points = exhibit.reports.iter().filter_map(|kept| kept.point);
    let covers = points
        .filter(|point| granted.covers(&raise.fence, kind, point))
        .count();
    let area = granted.area.as_ref();
    ExplainedPermit {
        from: granted.from,
        to: granted.to,
        signed: granted.signed,
        revoked: granted.revoked,
        fence: granted.fence.clone(),
        area: area.and_then(|shape| area::feature(&canon::encode(shape))),
        covers: covers as u64,
    }
}

fn signal(kept: &Kept) -> Option<ExplainedSignal> {
    let signs = kept
        .signs
        .filter(|signs| *signs != Signs::NONE || kept.point.is_none())?;
    let said = Sign::ALL.into_iter();
    let said = said.filter_map(|sign| Some((sign.name().to_owned(), signs.says(sign)?)));
    Some(ExplainedSignal {
        at: kept.time,
        received_at: kept.received_at,
        live: kept.live,
        signs: said.collect::<BTreeMap<_, _>>(),
        battery_percent: signs.battery(),
    })
}

fn fix(
    exhibit: &Exhibit,
    (kept, seen): (&Kept, &Seen),
    demand: Option<(FenceKind, u32)>,
) -> Option<ExplainedFix> {
    let point = kept.point?;
    let bare = evidence::fix_shape(&point, &exhibit.person, kept.received_at, kept.live);
    Some(ExplainedFix {
        fix: bare,
        grade: match point.grade() {
            Grade::Fine => "fine",
            Grade::Coarse => "coarse",
        }
        .to_owned(),
        used: seen.unused.is_none(),
        unused: seen.unused.map(|cause| cause.name().to_owned()),
        bound: seen.unbound.is_none() && seen.verdict.is_some(),
        unbound: seen.unbound.map(|cause| cause.name().to_owned()),
        fence_version: seen.version,
        distance_mm: seen.distance_mm,
        beyond: seen.distance_mm.is_some_and(|mm| mm.abs() >= TOLD_MM_MAX),
        verdict: seen.verdict.map(|verdict| verdict_name(verdict).to_owned()),
        counts: seen.counts,
        decides: seen.decides,
        why: why(&point, seen, demand),
    })
}

const fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Core => "core",
        Verdict::Candidate => "candidate",
        Verdict::Neutral => "neutral",
        Verdict::Back => "back",
        Verdict::Clear => "clear",
    }
}

/// One sentence for people.
fn why(point: &Point, seen: &Seen, demand: Option<(FenceKind, u32)>) -> Text {
    let metres = |mm: i64| (mm / 1_000).to_string();
    let accuracy = metres(i64::from(point.accuracy_mm));
    if let Some(cause) = seen.unused {
        return words_with("explain", cause.name(), &[&accuracy]);
    }
    if let Some(cause) = seen.unbound {
        return words("explain", &format!("unbound_{}", cause.name()));
    }
    let (Some(distance), Some(verdict), Some((_, buffer_mm))) =
        (seen.distance_mm, seen.verdict, demand)
    else {
        return words("explain", "no_fence");
    };
    let side = if distance > 0 { "outside" } else { "inside" };
    let place = words_with("explain", side, &[&metres(distance.abs())]);
    let buffer = metres(i64::from(buffer_mm));
    let key = match (verdict, point.grade()) {
        (Verdict::Core | Verdict::Candidate, Grade::Coarse) => "coarse",
        (verdict, _) => verdict_name(verdict),
    };
    let found = words_with("explain", key, &[&buffer, &accuracy]);
    Text::new(
        format!("{}，{}", place.zh, found.zh),
        format!("{}, {}", place.en, found.en),
    )
}

fn difference(difference: &Difference) -> Text {
    let clock = |at: &i64| super::label::moment_text(*at);
    match difference {
        Difference::Undecided => words("explain", "undecided"),
        Difference::Time(said, found) => {
            words("explain", "time").fill_texts(&[&clock(said), &clock(found)])
        }
        Difference::DecidedAt(said, found) => {
            words("explain", "decided_at").fill_texts(&[&clock(said), &clock(found)])
        }
        Difference::Proof(at) => words("explain", "proof").fill_texts(&[&clock(at)]),
        Difference::Report(at) => words("explain", "report").fill_texts(&[&clock(at)]),
        Difference::Fence(why) => words_with("explain", "fence", &[why]),
    }
}
