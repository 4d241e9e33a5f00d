//! What each second of a person's day was, for those who may see where the person was.

use super::shape::{TallySeconds, TallyShape, TallyStretch};
use super::{Viewer, case, explain};
use crate::http::error::{ApiError, ApiResult};
use crate::owner::Node;
use jiaolian_schema::calendar::civil_of;
use jiaolian_schema::desk::File;
use jiaolian_schema::explain::{EXHIBIT_MARGIN_MS, Kept};
use jiaolian_schema::fence::Fences;
use jiaolian_schema::fix::DAY_MS;
use jiaolian_schema::tally::{
    Cause, Inputs, Second, Span, Tally, midnight, reach_ms, reports_of, rules_broken, tally,
};
use jiaolian_schema::watch::{Ground, Spans, Terms, judge};
use std::sync::Arc;

/// Positions lie at the office that judges them and at the county above.
const TALLY_TIER_MAX: u8 = 2;
/// Most reports of a day and the day before.
const REPORTS_MAX: usize = 60_000;

/// A day of a person, in days since 1970 in Shanghai.
pub fn of_day(node: &mut Node, viewer: &Viewer, file: &File, day: i32) -> ApiResult<TallyShape> {
    if viewer.tier > TALLY_TIER_MAX {
        return Err(ApiError::new("not_allowed"));
    }
    let person = file.person.ok_or(ApiError::not_found())?;
    let watch = node.replica.watch(person).ok_or(ApiError::not_found())?;
    let from = midnight(day);
    // What was open at midnight began before it.
    let window = (from - DAY_MS - EXHIBIT_MARGIN_MS, from + DAY_MS);
    let kept = explain::kept(node, person, window, REPORTS_MAX + 1);
    if kept.len() > REPORTS_MAX {
        return Err(ApiError::new("too_large"));
    }
    let (code, until) = (person.to_hex(), node.now());
    let fences = Fences::new(watch.fences.into_iter().map(Arc::new));
    let outages = node.replica.outages();
    let (bound, down) = (
        Spans::of_terms(watch.terms.iter().copied()),
        Spans::new(outages.iter().copied()),
    );
    let that_day = |one: &&Terms| one.from < window.1 && from < one.until;
    let said = watch.terms.iter().filter(that_day);
    let interval_ms = said.filter_map(|one| one.interval_ms).max();
    let ground = Ground {
        fences: &fences,
        permits: &watch.permits,
        numbers: node.rules.numbers(),
        interval_ms: None,
        bound: &bound,
        down: &down,
    };
    let words: Vec<_> = kept.iter().filter_map(Kept::word).collect();
    let judged = judge(&code, &words, &ground, until.min(window.1));
    let (reports, broken) = (reports_of(&code, &kept), rules_broken(&judged.conditions));
    let spans = |of: &Spans| {
        of.iter()
            .map(|(from, to)| Span { from, to })
            .collect::<Vec<_>>()
    };
    let counted = tally(
        day,
        &Inputs {
            person: &code,
            reports: &reports,
            broken: &broken,
            bound: &spans(&bound),
            outages: &spans(&down),
            gateway_down: &[],
            clock: &[],
            fences: &fences,
            permits: &watch.permits,
            reach_ms: reach_ms(&node.rules, interval_ms.unwrap_or(0)),
            until,
        },
    );
    Ok(TallyShape {
        case: case::case_ref(node, file),
        day: civil_of(from).date().to_string(),
        until,
        seconds: seconds(&counted),
        stretches: stretches(&counted),
    })
}

fn seconds(counted: &Tally) -> TallySeconds {
    let causes = Cause::ALL.into_iter().map(|cause| {
        let seconds = counted.seconds(Second::Unknown(cause));
        (cause.name().to_owned(), seconds)
    });
    TallySeconds {
        compliant: counted.seconds(Second::Compliant),
        violation: counted.seconds(Second::Violation),
        unknown: causes.filter(|(_, seconds)| *seconds > 0).collect(),
    }
}

fn stretches(counted: &Tally) -> Vec<TallyStretch> {
    let stretches = counted.stretches.iter().map(|stretch| {
        let (what, cause) = match stretch.what {
            Second::Compliant => ("compliant", None),
            Second::Violation => ("violation", None),
            Second::Unknown(cause) => ("unknown", Some(cause.name().to_owned())),
        };
        TallyStretch {
            from: stretch.from,
            to: stretch.to,
            what: what.to_owned(),
            cause,
        }
    });
    stretches.collect()
}
