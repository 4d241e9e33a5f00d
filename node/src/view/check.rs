//! What is behind an alarm about check-ins, for a person to judge: which was missed and what came too
//! late for it, which was doubtful and why, which was made far from the band.

use super::label::moment_text;
use super::shape::FactShape;
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::act::Raise;
use jiaolian_schema::checkin::{CheckIn, DutyKind, Story, is_of_check_in};
use jiaolian_schema::watch::AlarmKind;

/// Most lines about one alarm.
const LINES_MAX: usize = 50;

/// Whether an alarm is about check-ins and no area.
pub fn is_check(raise: &Raise) -> bool {
    let kind = AlarmKind::named(&raise.kind);
    kind.is_some_and(|kind| is_of_check_in(kind, &raise.fence))
}

/// What an alarm is about, as a page says it: its area, a check-in, or nothing.
pub fn about(raise: &Raise) -> Text {
    if is_check(raise) && !raise.fence.is_empty() {
        return words("checkin", "about");
    }
    Text::plain(&raise.fence)
}

/// The lines of an alarm; none at another node than the one that asked the person, which has no
/// check-ins.
pub fn facts(node: &mut Node, raise: &Raise) -> Vec<FactShape> {
    if !is_check(raise) {
        return Vec::new();
    }
    let Ok(Some(story)) = node.replica.check_in_story(raise.person) else {
        return Vec::new();
    };
    let until = node.replica.watch(raise.person).and_then(|watch| {
        let until = watch.until.get(&raise.alarm).copied();
        until.flatten()
    });
    let span = (raise.time, until.unwrap_or(i64::MAX));
    let mut facts = match raise.kind.as_str() {
        "CHK_MISS" => of_misses(&story, span),
        "CHK_ABN" => of_doubts(&story, span),
        _ => of_apart(&story, span),
    };
    facts.truncate(LINES_MAX);
    facts
}

fn line(key: &str, value: Text, tone: &str) -> FactShape {
    FactShape {
        label: words("checkin", key),
        value,
        tone: tone.into(),
    }
}

fn of_misses(story: &Story, (from, until): (i64, i64)) -> Vec<FactShape> {
    let missed = story.missed.iter();
    let missed = missed.filter(|miss| (from..until).contains(&miss.since));
    let lines = missed.flat_map(|miss| {
        let key = match miss.duty.kind {
            DutyKind::Window => "missed_window",
            DutyKind::Prompt => "missed_prompt",
        };
        let (begin, end) = (moment_text(miss.duty.from), moment_text(miss.duty.until));
        let span = words("checkin", "span").fill_texts(&[&begin, &end]);
        let late = miss.late.map(|at| line("late", moment_text(at), "warn"));
        [Some(line(key, span, "plain")), late]
    });
    lines.flatten().collect()
}

fn of_doubts(story: &Story, (from, until): (i64, i64)) -> Vec<FactShape> {
    let doubtful = story.doubtful.iter();
    let doubtful = doubtful.filter(|one| (from..until).contains(&one.check_in.received_at));
    let lines = doubtful.map(|one| {
        let doubts = one.doubts.iter().map(|doubt| words("doubt", doubt.name()));
        let all = doubts.reduce(|all, one| words("checkin", "and").fill_texts(&[&all, &one]));
        let when = moment_text(one.check_in.at);
        let value = words("checkin", "why").fill_texts(&[&when, &all.unwrap_or_default()]);
        line("doubtful", value, "warn")
    });
    lines.collect()
}

fn of_apart(story: &Story, (from, until): (i64, i64)) -> Vec<FactShape> {
    let apart = story.apart.iter();
    let apart = apart.filter(|one: &&CheckIn| (from..until).contains(&one.received_at));
    apart
        .map(|one| line("apart", moment_text(one.at), "warn"))
        .collect()
}
