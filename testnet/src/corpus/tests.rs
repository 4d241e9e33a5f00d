//! The corpus is the same in every run, and its labels are what its ways say.

use super::*;
use std::collections::BTreeMap;

fn corpus(days: usize) -> Corpus {
    Corpus {
        land: Land::demo().unwrap(),
        movement: Movement::synthetic(),
        noise: Noise::STATED,
        seed: 7,
        days,
    }
}

#[test]
fn a_seed_makes_the_same_person_each_time_and_another_seed_another() {
    let corpus = corpus(3);
    let (one, again) = (corpus.person(4), corpus.person(4));
    assert_eq!(one.heard, again.heard);
    assert_eq!(one.truths, again.truths);
    let other = Corpus { seed: 8, ..corpus };
    assert_ne!(one.heard, other.person(4).heard);
}

#[test]
fn the_first_hundred_people_have_every_cohort_in_its_share() {
    let mut counts = BTreeMap::new();
    for number in 0..100 {
        *counts.entry(Cohort::of(number)).or_insert(0) += 1;
    }
    for (cohort, share) in Cohort::ALL {
        assert_eq!(counts[&cohort], share, "{cohort:?}");
    }
}

#[test]
fn reports_come_in_order_within_their_days_and_not_before_they_were_made() {
    let corpus = corpus(4);
    for number in 0..12 {
        let person = corpus.person(number);
        assert!(person.heard.len() > 300, "{number}: {}", person.heard.len());
        for pair in person.heard.windows(2) {
            assert!(pair[0].time <= pair[1].time, "{number}");
        }
        for report in &person.heard {
            assert!(report.received_at >= report.time, "{number}");
            assert!(day_of(report.time).is_some(), "{number}");
            assert!(report.point.is_none_or(|point| point.time == report.time));
        }
    }
}

#[test]
fn every_cohort_does_what_it_is_named_for() {
    let corpus = corpus(14);
    let mut seen: BTreeMap<(Cohort, &str, Weight), usize> = BTreeMap::new();
    let mut clean: BTreeMap<Cohort, (usize, usize)> = BTreeMap::new();
    for number in 0..100 {
        let person = corpus.person(number);
        for truth in &person.truths {
            assert!(truth.from <= truth.to, "{number}: {truth:?}");
            *seen
                .entry((person.cohort, truth.kind, truth.weight))
                .or_insert(0) += 1;
        }
        let days = clean.entry(person.cohort).or_default();
        days.0 += (0..14).filter(|day| person.is_compliant(*day)).count();
        days.1 += 14;
    }
    let count = |cohort, kind, weight| seen.get(&(cohort, kind, weight)).copied().unwrap_or(0);
    assert!(
        count(Cohort::Fugitive, "GEO_OUT", Weight::Must) >= 14,
        "{seen:?}"
    );
    assert!(
        count(Cohort::Across, "GEO_OUT", Weight::MustNot) >= 14,
        "{seen:?}"
    );
    assert!(
        count(Cohort::Ordered, "GEO_IN", Weight::Must) >= 4,
        "{seen:?}"
    );
    assert!(
        count(Cohort::Ordered, "GEO_IN", Weight::MustNot) >= 14,
        "{seen:?}"
    );
    assert!(
        count(Cohort::Curfewed, "NIGHT_OUT", Weight::Must) >= 4,
        "{seen:?}"
    );
    for kind in ["TAMPER", "NO_SIGNAL", "LOW_BATT", "SEPARATION"] {
        assert!(
            count(Cohort::Troubled, kind, Weight::Must) >= 1,
            "{kind}: {seen:?}"
        );
    }
    for cohort in [
        Cohort::Settled,
        Cohort::Dweller,
        Cohort::Along,
        Cohort::Across,
    ] {
        let (compliant, days) = clean[&cohort];
        assert!(
            compliant * 100 >= days * 97,
            "{cohort:?}: {compliant} of {days}"
        );
    }
}

#[test]
fn a_device_reports_quicker_near_an_edge_when_told_and_a_deaf_one_never() {
    let obeying = corpus(4);
    let deaf = Corpus {
        noise: Noise::STATED.deaf(1.0),
        ..obeying.clone()
    };
    let quick = |person: &Person| {
        let waits = person.heard.iter().map(|heard| heard.wait_ms);
        waits.filter(|wait| (1..60_000).contains(wait)).count()
    };
    let near = (0..60).filter(|number| Cohort::of(*number) == Cohort::Along);
    let mut all = 0;
    for number in near {
        let (one, other) = (obeying.person(number), deaf.person(number));
        all += quick(&one);
        assert!(one.heard.len() >= other.heard.len(), "{number}");
        assert_eq!(quick(&other), 0, "{number}");
        assert_eq!(one.truths, other.truths, "{number}: the way is the same");
    }
    assert!(all > 100, "{all}");
}
