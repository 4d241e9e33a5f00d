//! What is late, against a second judge that asks each instant by itself.

#![allow(clippy::unwrap_used, reason = "a test may end by panicking")]

use jiaolian_schema::act::Span;
use jiaolian_schema::admit::Introduction;
use jiaolian_schema::authority::{Authority, RootKey, State};
use jiaolian_schema::calendar::{civil_of, instant_of, parse_date, start_of};
use jiaolian_schema::deadline::{Moment, due};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::fix::{DAY_MS, SHANGHAI_AHEAD_MS};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId, OfficeId, PersonCode};
use jiaolian_schema::late::{Kept, Late, LateKind, LateRules, Lateness, lateness, lost};
use jiaolian_schema::rule::{CaseField, RulePack};
use jiaolian_schema::standing::{
    Grant, MatterStanding, Outcome, SlotStanding, SlotValue, Standing, StepStanding,
};
use jiaolian_schema::suite::{ED25519, Ed25519Signer, Sign as _};
use jiaolian_schema::workflow::Value;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const HOUR_MS: i64 = 3_600_000;
/// 2026-03-02, a Monday, days since 1970.
const MONDAY: i32 = 20_514;
const PERSON: PersonCode = PersonCode([7; 16]);

static PACK: LazyLock<RulePack> = LazyLock::new(RulePack::builtin);

fn rules() -> &'static LateRules {
    PACK.lateness()
}

fn authority() -> Authority {
    let key = Ed25519Signer::from_seed(&[1; 32]).public_key();
    let office = OfficeId([1; 16]);
    let introduction = Introduction {
        suite: ED25519,
        key,
        office,
        duty: Duty::Keeper,
    };
    let root = RootKey {
        office,
        introduction,
    };
    Authority::new(root)
}

fn midnight(day: i32) -> i64 {
    i64::from(day) * DAY_MS - SHANGHAI_AHEAD_MS
}

fn at(text: &str) -> i64 {
    instant_of(text.parse().unwrap())
}

fn day(text: &str) -> i32 {
    ((start_of(parse_date(text).unwrap()) + SHANGHAI_AHEAD_MS) / DAY_MS) as i32
}

/// A case with its acts.
struct Paper {
    standing: Standing,
    facts: BTreeMap<EnvelopeId, Fact>,
}

impl Paper {
    fn new() -> Self {
        let standing = Standing {
            kind: DossierKind::Case,
            place: OfficeId([1; 16]),
            minor: false,
            person: Some(PERSON),
            fields: BTreeMap::new(),
            matters: BTreeMap::new(),
            listed: Vec::new(),
            unknown: false,
            withdrawals: BTreeMap::new(),
            corrections: BTreeMap::new(),
            seal: SlotStanding::Open,
            consults: Vec::new(),
            unfollowed: BTreeSet::new(),
        };
        Self {
            standing,
            facts: BTreeMap::new(),
        }
    }

    fn fact(&mut self, time: i64, what: What) -> EnvelopeId {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&(self.facts.len() as u64 + 1).to_be_bytes());
        let id = EnvelopeId(id);
        let fact = Fact {
            id,
            author: AuthorId([0; 32]),
            n: 0,
            dossier: DossierId([9; 32]),
            m: 0,
            prev_here: None,
            deps: Vec::new(),
            appointment: None,
            at: time,
            what,
        };
        self.facts.insert(id, fact);
        id
    }

    fn matter(&mut self, workflow: &str, time: i64, first: i32, last: i32) -> EnvelopeId {
        let span = Some(Span {
            first_day: first,
            last_day: last,
        });
        let what = What::Apply {
            workflow: workflow.to_owned(),
            version: 1,
            on_behalf: 0,
            span,
            area: None,
        };
        let id = self.fact(time, what);
        let matter = MatterStanding {
            id,
            state: State::Good { filed: None },
            workflow: workflow.to_owned(),
            version: 1,
            span,
            area: None,
            steps: Vec::new(),
            slots: BTreeMap::new(),
            reliance: false,
            served: false,
            grant: None,
            withdrawn: false,
        };
        self.standing.matters.insert(id, matter);
        id
    }

    fn granted(
        &mut self,
        first: i32,
        last: i32,
        signed_at: i64,
        revoked: Option<i64>,
    ) -> EnvelopeId {
        let id = self.matter("leave", signed_at, first, last);
        self.standing.matters.get_mut(&id).unwrap().grant = Some(Grant {
            decision: id,
            first_day: first,
            last_day: last,
            signed_at,
            revoked_at: revoked,
        });
        id
    }

    fn step(&mut self, matter: EnvelopeId, event: &str, time: i64, outcome: Outcome, last: i32) {
        let what = What::Step {
            matter,
            event: event.to_owned(),
            replaces: Vec::new(),
            section: None,
            span: Some(Span {
                first_day: 0,
                last_day: last,
            }),
        };
        let id = self.fact(time, what);
        let steps = &mut self.standing.matters.get_mut(&matter).unwrap().steps;
        steps.push(StepStanding {
            id,
            event: event.to_owned(),
            author: AuthorId([0; 32]),
            person: None,
            office: None,
            state: State::Good { filed: None },
            at: time,
            outcome,
        });
    }

    /// Sets how often reports are owed, each setting in place of the one before.
    fn set_reports(&mut self, settings: &[(i64, Option<&str>)]) {
        let mut before: Vec<EnvelopeId> = Vec::new();
        for (time, every) in settings {
            let value = every.map(|every| CaseField::encode(&Value::Choice(every.to_owned())));
            let what = What::Amend {
                field: "report_every".to_owned(),
                replaces: before.clone(),
                value: [0; 32],
                open: Some(value.unwrap_or_default()),
            };
            before = vec![self.fact(*time, what)];
        }
        let slot = SlotStanding::Stands {
            ids: before,
            value: SlotValue::Field {
                hash: [0; 32],
                open: None,
            },
            filed: false,
        };
        self.standing.fields.insert("report_every".to_owned(), slot);
    }

    fn read(&self) -> Lateness {
        lateness(&self.standing, &self.facts, &authority(), rules())
    }

    fn late(&self) -> Vec<(LateKind, i64, Option<i64>)> {
        let late = self.read().late.into_iter();
        late.map(|one| (one.kind, one.since, one.until)).collect()
    }
}

fn is_late(all: &[Late], time: i64) -> bool {
    let mut all = all.iter();
    all.any(|one| one.since <= time && one.until.is_none_or(|until| time < until))
}

#[test]
fn a_leave_without_a_return_is_late_from_the_midnight_after_its_last_day() {
    let mut paper = Paper::new();
    let leave = paper.granted(MONDAY, MONDAY + 4, midnight(MONDAY) - DAY_MS, None);
    let end = midnight(MONDAY + 5);
    assert_eq!(end, at("2026-03-07T00:00"));
    assert_eq!(paper.late(), [(LateKind::Leave, end, None)]);
    paper.step(
        leave,
        "return",
        end + HOUR_MS,
        Outcome::Recorded,
        MONDAY + 4,
    );
    let late = [(LateKind::Leave, end, Some(end + HOUR_MS))];
    assert_eq!(paper.late(), late, "recorded after the end");
    assert_eq!(paper.read().kept, []);
    paper.step(leave, "return", end - 1, Outcome::Recorded, MONDAY + 4);
    assert_eq!(paper.late(), [], "recorded before the end as well");
    let kept = paper.read().kept;
    assert_eq!(kept[0].1, Kept::Reported);
    assert_eq!(
        kept[0].0.alarm(PERSON),
        Late {
            kind: LateKind::Leave,
            about: leave,
            since: end,
            until: None
        }
        .alarm(PERSON)
    );
}

#[test]
fn what_does_not_count_brings_nobody_back() {
    let mut paper = Paper::new();
    let leave = paper.granted(MONDAY, MONDAY, midnight(MONDAY), None);
    for outcome in [Outcome::NoEffect, Outcome::Withdrawn] {
        paper.step(leave, "return", midnight(MONDAY) + 1, outcome, MONDAY);
    }
    assert_eq!(paper.late().len(), 1);
    let matter = paper.standing.matters.get_mut(&leave).unwrap();
    matter.withdrawn = true;
    assert_eq!(paper.late(), [], "the application was taken back");
    let matter = paper.standing.matters.get_mut(&leave).unwrap();
    (matter.withdrawn, matter.grant) = (false, None);
    assert_eq!(paper.late(), [], "nothing is granted any more");
}

#[test]
fn an_extension_in_time_takes_the_first_end_away_and_one_too_late_ends_the_lateness() {
    let story = |signed_after_end: i64| {
        let mut paper = Paper::new();
        let leave = paper.granted(MONDAY, MONDAY + 4, midnight(MONDAY), None);
        let signed = midnight(MONDAY + 5) + signed_after_end;
        paper.step(
            leave,
            "approve_extension",
            signed,
            Outcome::Live,
            MONDAY + 8,
        );
        paper
    };
    let (first, second) = (midnight(MONDAY + 5), midnight(MONDAY + 9));
    let in_time = story(-HOUR_MS);
    assert_eq!(in_time.late(), [(LateKind::Leave, second, None)]);
    assert_eq!(in_time.read().kept[0].1, Kept::Extended);
    let too_late = story(HOUR_MS);
    let twice = [
        (LateKind::Leave, first, Some(first + HOUR_MS)),
        (LateKind::Leave, second, None),
    ];
    assert_eq!(too_late.late(), twice);
    assert_eq!(too_late.read().kept, []);
}

/// One step about the end of a leave.
#[derive(Debug, Clone, Copy)]
struct Turn {
    hour: i64,
    live: bool,
    /// Last day that it grants; none for a refusal.
    last: Option<i32>,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let last = prop_oneof![3 => (0..20_i32).prop_map(|d| Some(MONDAY + d)), 1 => Just(None)];
    let one =
        (0..480_i64, any::<bool>(), last).prop_map(|(hour, live, last)| Turn { hour, live, last });
    prop::collection::vec(one, 0..5).prop_map(|mut all| {
        // Two at one instant are in the order of their ids, which the second judge does not know.
        all.sort_by_key(|turn| turn.hour);
        all.dedup_by_key(|turn| turn.hour);
        all
    })
}

/// Whether somebody is late from a leave at an instant: asked of that instant alone.
fn late_then(
    time: i64,
    (asked, signed_at): (i32, i64),
    turns: &[Turn],
    (returned, revoked): (Option<i64>, Option<i64>),
) -> bool {
    let hour = |turn: &Turn| midnight(MONDAY) + turn.hour * HOUR_MS;
    let before: Vec<&Turn> = turns.iter().filter(|turn| hour(turn) <= time).collect();
    let mut last_day = asked;
    for (place, turn) in before.iter().enumerate() {
        let refused = before[place..].iter().any(|r| r.last.is_none() && r.live);
        if turn.live || !refused {
            last_day = last_day.max(turn.last.unwrap_or(asked));
        }
    }
    let gone = |end: Option<i64>| end.is_some_and(|end| end <= time);
    time >= signed_at && !gone(returned) && !gone(revoked) && time >= midnight(last_day + 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn both_judges_of_a_leave_agree_at_every_instant(
        days in 0..6_i32,
        signed_hour in -48..200_i64,
        turns in turns(),
        returned in prop::option::of(-20..500_i64),
        revoked in prop::option::weighted(0.2, -20..500_i64),
    ) {
        let hour = |hour: i64| midnight(MONDAY) + hour * HOUR_MS;
        let (returned, revoked) = (returned.map(hour), revoked.map(hour));
        let (asked, signed_at) = (MONDAY + days, hour(signed_hour));
        let mut paper = Paper::new();
        let leave = paper.granted(MONDAY, asked, signed_at, revoked);
        // What was not live was replaced; a refusal that was replaced is none.
        for turn in &turns {
            let outcome = if turn.live { Outcome::Live } else { Outcome::Replaced };
            let event = turn.last.map_or("refuse_extension", |_| "approve_extension");
            paper.step(leave, event, hour(turn.hour), outcome, turn.last.unwrap_or(0));
        }
        if let Some(returned) = returned {
            paper.step(leave, "return", returned, Outcome::Recorded, asked);
        }
        let found = paper.read();
        for quarter in -60 * 4..600 * 4_i64 {
            let time = midnight(MONDAY) + quarter * HOUR_MS / 4;
            for time in [time - 1, time] {
                let truth = late_then(time, (asked, signed_at), &turns, (returned, revoked));
                prop_assert_eq!(is_late(&found.late, time), truth, "at {}", civil_of(time));
            }
        }
        for (kept, _) in &found.kept {
            let stands = |one: &Late| one.alarm(PERSON) == kept.alarm(PERSON);
            prop_assert!(!found.late.iter().any(stands), "kept and late: {kept:?}");
        }
    }

    #[test]
    fn both_judges_of_reports_agree_at_every_instant(
        settings in prop::collection::btree_map(0..1_500_i64, 0..3_usize, 1..4),
        reports in prop::collection::btree_set(0..2_500_i64, 0..12),
    ) {
        let hour = |hour: &i64| midnight(MONDAY) + hour * HOUR_MS;
        let words = [Some("week"), Some("month"), None];
        let settings: Vec<_> = settings.iter().map(|(at, every)| (hour(at), words[*every])).collect();
        let reports: Vec<i64> = reports.iter().map(hour).collect();
        let mut paper = Paper::new();
        paper.set_reports(&settings);
        for time in &reports {
            paper.matter("report", *time, 0, 0);
        }
        let found = paper.read();
        for step in 0..3_000 * 2_i64 {
            let time = midnight(MONDAY) + step * HOUR_MS / 2;
            let set = settings.iter().rev().find(|(at, _)| *at <= time);
            let owes = set.and_then(|(at, every)| Some((*at, (*every)?)));
            let truth = owes.is_some_and(|(since, every)| {
                let heard = reports.iter().rev().find(|at| **at <= time && **at > since);
                let base = Moment::Day(civil_of(*heard.unwrap_or(&since)).date());
                let id = if every == "week" { "RPT_WEEK" } else { "RPT_MONTH" };
                let period = PACK.deadline(id).unwrap().period();
                time >= due(PACK.calendar(), base, period).unwrap().at.end_ms()
            });
            prop_assert_eq!(is_late(&found.late, time), truth, "at {}", civil_of(time));
        }
    }
}

#[test]
fn a_weekly_report_is_owed_by_the_working_day_after_seven_days() {
    let mut paper = Paper::new();
    paper.set_reports(&[(at("2026-03-02T09:00"), Some("week"))]);
    let first = at("2026-03-10T00:00");
    assert_eq!(paper.late(), [(LateKind::Report, first, None)]);
    paper.matter("report", at("2026-03-09T23:00"), 0, 0);
    let second = at("2026-03-17T00:00");
    assert_eq!(paper.late(), [(LateKind::Report, second, None)]);
    assert_eq!(paper.read().kept.len(), 1);
    // Saturday the 14th: the seventh day after it is a Saturday and rolls to Monday the 23rd.
    paper.matter("report", at("2026-03-14T10:00"), 0, 0);
    let third = at("2026-03-24T00:00");
    assert_eq!(paper.late(), [(LateKind::Report, third, None)]);
}

#[test]
fn scenario_3_nobody_appears_within_ten_days_of_the_decision() {
    let story = |appears: Option<&str>| {
        let mut paper = Paper::new();
        let effective = day("2026-01-05");
        let told = at("2026-01-06T10:00");
        let notice = paper.matter("reception", told, effective, effective);
        if let Some(appears) = appears {
            paper.step(notice, "appear", at(appears), Outcome::Recorded, effective);
        }
        paper.late()
    };
    let over = at("2026-01-16T00:00");
    assert_eq!(story(None), [(LateKind::Arrival, over, None)]);
    assert_eq!(LateKind::Arrival.code(), "LOST");
    assert_eq!(rules().severity(LateKind::Arrival), 1);
    let late = at("2026-01-22T09:00");
    assert_eq!(
        story(Some("2026-01-22T09:00")),
        [(LateKind::Arrival, over, Some(late))]
    );
    assert_eq!(story(Some("2026-01-08T09:00")), []);
}

#[test]
fn somebody_found_lost_is_lost_until_people_find_otherwise() {
    let found = |steps: &[(&str, i64)]| {
        let mut paper = Paper::new();
        let alarm = paper.matter("alarm", 0, 0, 0);
        for (event, hour) in steps {
            paper.step(alarm, event, hour * HOUR_MS, Outcome::Recorded, 0);
        }
        lost(&paper.standing).map(|one| (one.since / HOUR_MS, one.until.map(|at| at / HOUR_MS)))
    };
    assert_eq!(found(&[("contact", 1)]), None);
    assert_eq!(found(&[("contact", 1), ("lost", 2)]), Some((2, None)));
    let turned = [("lost", 2), ("contact", 3), ("explained", 4)];
    assert_eq!(found(&turned), Some((2, Some(4))));
    assert_eq!(found(&[("explained", 1), ("lost", 2)]), Some((2, None)));
}

#[test]
fn names_differ_by_person_kind_act_and_instant() {
    let late = Late {
        kind: LateKind::Leave,
        about: EnvelopeId([1; 32]),
        since: 5,
        until: None,
    };
    let ended = Late {
        until: Some(9),
        ..late
    };
    assert_eq!(
        late.alarm(PERSON),
        ended.alarm(PERSON),
        "how it ended is no part"
    );
    let others = [
        Late {
            kind: LateKind::Report,
            ..late
        },
        Late {
            about: EnvelopeId([2; 32]),
            ..late
        },
        Late { since: 6, ..late },
    ];
    for other in others {
        assert_ne!(late.alarm(PERSON), other.alarm(PERSON));
    }
    assert_ne!(late.alarm(PERSON), late.alarm(PersonCode([8; 16])));
}
