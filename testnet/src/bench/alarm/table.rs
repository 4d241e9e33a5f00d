//! The rows of `bench alarms`, and where the time of a delay went.

use super::super::figure::Figure;
use super::score::{Kind, Score, percentile};
use super::why::{Case, DWELLS, PARTS};
use crate::corpus::{Cohort, Corpus};

const SECTION: &str = "alarms";
/// Share of true cases that must be told.
const RECALL_MIN: f64 = 0.99;
/// Operator alarms that a month of a compliant person may cost.
const NEEDLESS_MAX: f64 = 1.0;
/// Alarms of a tracked person and day in programmes of the United States, a month of them
/// (`openparliament.ca`).
const FIELD_A_MONTH: f64 = 1.25 * 30.0;

/// Recall, precision and delay of each kind.
pub(super) fn told(score: &Score, corpus: &Corpus) -> Vec<Figure> {
    let mut figures = Vec::new();
    let report_s = corpus.noise.moving_ms as f64 / 1_000.0;
    for (kind, dwell_s) in DWELLS {
        let Some(of) = score.kinds.get(kind).filter(|of| of.must > 0) else {
            continue;
        };
        let must = of.must as u64;
        let recall = (of.found as f64 / of.must as f64, "of 1");
        let counted =
            |what: &str, figure| Figure::counted(SECTION, format!("{kind} {what}"), must, figure);
        figures.push(
            counted("recall (n must)", recall)
                .against("wanted", RECALL_MIN)
                .more()
                .goal(1.0),
        );
        for (what, part, goal) in [("p50", 0.5, None), ("p99", 0.99, Some(1.0))] {
            let delay = (percentile(&of.delays_ms, part) / 1_000.0, "s");
            let figure = counted(&format!("delay {what}, live"), delay)
                .against("dwell + one report", dwell_s + report_s);
            figures.push(match goal {
                Some(goal) => figure.goal(goal),
                None => figure,
            });
        }
        figures.extend(over(kind, of, dwell_s));
    }
    let judged = |kind: &str| DWELLS.iter().any(|(known, _)| *known == kind);
    for (kind, of) in score.kinds.iter().filter(|(kind, _)| !judged(kind)) {
        let recall = (of.found as f64 / of.must.max(1) as f64, "of 1");
        let needs = if *kind == "SEPARATION" {
            ", needs check-ins"
        } else {
            ""
        };
        let what = format!("{kind} recall (n must){needs}");
        let figure = Figure::counted(SECTION, what, of.must as u64, recall);
        figures.push(figure.against("wanted", RECALL_MIN).more());
    }
    for (about, of) in &score.sides {
        let raised = of.right + of.needless;
        if raised == 0 {
            continue;
        }
        let precision = (of.right as f64 / raised as f64, "of 1");
        let what = format!("precision, {about} (n incidents)");
        let figure = Figure::counted(SECTION, what, raised as u64, precision);
        figures.push(figure.against("none needless", 1.0).more());
    }
    if score.brief > 0 {
        let share = (score.brief_told as f64 / score.brief as f64, "of 1");
        let what = "crossings under 3 min that were told (n)";
        let figure = Figure::counted(SECTION, what, score.brief as u64, share);
        figures.push(figure.against("limit: 1 in 100", 0.01));
    }
    figures
}

/// Delays beyond the dwell and the interval that was in force when the case began; 0 within.
fn over(kind: &str, of: &Kind, dwell_s: f64) -> Vec<Figure> {
    let over = |case: &Case| case.delay_ms() - case.wait_ms - (dwell_s * 1_000.0) as i64;
    let over: Vec<i64> = of.cases.iter().map(over).collect();
    let kept = over.iter().filter(|ms| **ms <= 0).count();
    let over: Vec<i64> = over.into_iter().map(|ms| ms.max(0)).collect();
    let share = (kept as f64 / over.len().max(1) as f64, "of 1");
    let counted = |what: String, figure| Figure::counted(SECTION, what, over.len() as u64, figure);
    let mut figures = vec![
        counted(format!("{kind} within dwell + interval in force"), share)
            .against("all", 1.0)
            .more(),
    ];
    for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
        let what = format!("{kind} delay beyond these two, {name}");
        let figure = counted(what, (percentile(&over, part) / 1_000.0, "s"));
        figures.push(figure.against("a minute", 60.0));
    }
    figures
}

/// The cases above the goal, each with its parts, the longest delay first, and the rows that nobody
/// needed.
pub(super) fn why(score: &Score, corpus: &Corpus) -> Vec<String> {
    let mut lines = Vec::new();
    for (kind, dwell_s) in DWELLS {
        let goal_ms = (dwell_s * 1_000.0) as i64 + corpus.noise.moving_ms;
        let of = score.kinds.get(kind);
        let cases = of.into_iter().flat_map(|of| &of.cases);
        let all = cases.clone().count();
        let mut above: Vec<&Case> = cases.filter(|case| case.delay_ms() > goal_ms).collect();
        above.sort_by_key(|case| std::cmp::Reverse(case.delay_ms()));
        let counts = (0..PARTS.len()).map(|part| {
            let count = above.iter().filter(|case| case.main_part() == part).count();
            format!("{count} {}", PARTS[part])
        });
        let counts: Vec<String> = counts.collect();
        let (above_goal, goal_s) = (above.len(), goal_ms / 1_000);
        lines.push(format!(
            "{kind}: {above_goal} of {all} took longer than {goal_s} s, mostly by: {}",
            counts.join(", ")
        ));
        lines.extend(above.iter().map(ToString::to_string));
    }
    lines.extend(score.rows.iter().cloned());
    lines
}

/// What compliant people cost.
pub(super) fn cost(score: &Score) -> Vec<Figure> {
    let all = score.compliant.values();
    let (alarms, days) = all.fold((0, 0), |(a, d), (alarms, days)| (a + alarms, d + days));
    let rate = |alarms: usize, days: usize| (alarms as f64 * 30.0 / days.max(1) as f64, "a month");
    let figure = |what: String, days: usize, alarms: usize| {
        Figure::counted(SECTION, what, days as u64, rate(alarms, days))
    };
    let whole = || {
        figure(
            "operator alarms, compliant (n days)".to_owned(),
            days,
            alarms,
        )
    };
    let mut figures = vec![
        whole().against("limit", NEEDLESS_MAX).goal(1.0),
        whole().against("programmes in the field", FIELD_A_MONTH),
    ];
    for (cohort, _) in Cohort::ALL {
        if let Some((alarms, days)) = score.compliant.get(&cohort) {
            let what = format!("of these {} (n days)", cohort.name());
            figures.push(figure(what, *days, *alarms).against("limit", NEEDLESS_MAX));
        }
    }
    figures
}

/// A figure's name, its unit, and how a score gives it.
type Told = (&'static str, &'static str, fn(&Score) -> Option<f64>);

/// The same people under another condition.
pub(super) fn beside(what: &str, other: &Score, plain: &Score) -> Vec<Figure> {
    let mut figures = Vec::new();
    let values: [Told; 11] = [
        ("recall GEO_OUT", "of 1", |score| score.recall("GEO_OUT")),
        ("precision home", "of 1", |score| {
            score.precision("fence home")
        }),
        ("operator alarms", "a month", Score::needless_a_month),
        ("of these dwellers", "a month", |score| {
            score.needless_of(Cohort::Dweller)
        }),
        ("delay p50 GEO_OUT", "s", |score| {
            score.delay_s("GEO_OUT", 0.5)
        }),
        ("delay p99 GEO_OUT", "s", |score| {
            score.delay_s("GEO_OUT", 0.99)
        }),
        ("delay p99 LEAVE_DEV", "s", |score| {
            score.delay_s("LEAVE_DEV", 0.99)
        }),
        ("delay p99 NIGHT_OUT", "s", |score| {
            score.delay_s("NIGHT_OUT", 0.99)
        }),
        ("delay p50 GEO_IN", "s", |score| {
            score.delay_s("GEO_IN", 0.5)
        }),
        ("delay p99 GEO_IN", "s", |score| {
            score.delay_s("GEO_IN", 0.99)
        }),
        ("reports", "a day", Score::reports_a_day),
    ];
    for (name, unit, value) in values {
        if let (Some(here), Some(there)) = (value(other), value(plain))
            && there > 0.0
        {
            let what = format!("{what}: {name}");
            let size = other.days as u64;
            let figure = Figure::counted(SECTION, what, size, (here, unit));
            figures.push(figure.against("as stated, same people", there));
        }
    }
    figures
}
