//! Every alarm is in one row, and nobody real is hidden among the silent.

use super::*;
use proptest::prelude::*;

const RULE: MassRule = MassRule {
    people_min: 5,
    within_ms: 15 * MINUTE_MS,
};

fn silent(number: u8, minute: i64) -> Fallen {
    Fallen {
        dossier: DossierId([number; 32]),
        person: PersonCode([number; 16]),
        kind: "NO_SIGNAL".to_owned(),
        severity: 3,
        time: minute * MINUTE_MS,
        until: i64::MAX,
        shares: [(Shared::Cell, "cell-1".to_owned())].into(),
    }
}

/// Numbers of the alarms in each row.
fn rows(alarms: Vec<Fallen>) -> Vec<Vec<u8>> {
    let number = |dossier: &DossierId| dossier.0[0];
    let rows = fold_silences(alarms, RULE).into_iter();
    rows.map(|row| match row {
        Row::Alone(dossier) => vec![number(&dossier)],
        Row::Mass { alarms, .. } => alarms.iter().map(number).collect(),
    })
    .collect()
}

#[test]
fn five_people_of_one_cell_within_fifteen_minutes_are_one_row() {
    let five: Vec<Fallen> = (1..=5).map(|n| silent(n, 3 * i64::from(n))).collect();
    let folded = fold_silences(five.clone(), RULE);
    let Row::Mass { cause, began, .. } = &folded[0] else {
        panic!("{folded:?}");
    };
    assert_eq!(*cause, (Shared::Cell, "cell-1".to_owned()));
    assert_eq!(*began, (3 * MINUTE_MS, 15 * MINUTE_MS));
    assert_eq!(folded.len(), 1);
    assert_eq!(rows(five[..4].to_vec()).len(), 4, "four are not five");
}

#[test]
fn who_fell_silent_later_or_elsewhere_keeps_a_row() {
    let mut alarms: Vec<Fallen> = (1..=5).map(|n| silent(n, 0)).collect();
    alarms.push(silent(6, 16));
    alarms.push(Fallen {
        shares: [(Shared::Cell, "cell-2".to_owned())].into(),
        ..silent(7, 0)
    });
    alarms.push(Fallen {
        shares: BTreeMap::new(),
        ..silent(8, 0)
    });
    assert_eq!(
        rows(alarms),
        [vec![1, 2, 3, 4, 5], vec![7], vec![8], vec![6]]
    );
}

#[test]
fn who_has_been_silent_for_a_day_is_never_one_among_many() {
    let mut alarms: Vec<Fallen> = (1..=6).map(|n| silent(n, 0)).collect();
    alarms[2].severity = 1;
    assert_eq!(rows(alarms.clone()), [vec![1, 2, 4, 5, 6], vec![3]]);
    alarms[4].severity = 1;
    assert_eq!(rows(alarms).len(), 6, "four are not five");
}

#[test]
fn who_has_left_who_cut_the_strap_and_who_was_silent_before_keep_a_row() {
    let mut alarms: Vec<Fallen> = (1..=8).map(|n| silent(n, 100)).collect();
    let of = |number: u8, person: u8, kind: &str, from: i64, until: i64| Fallen {
        person: PersonCode([person; 16]),
        kind: kind.to_owned(),
        until: until * MINUTE_MS,
        shares: BTreeMap::new(),
        ..silent(number, from)
    };
    alarms.push(of(11, 1, "GEO_OUT", 90, 200));
    alarms.push(of(12, 2, "TAMPER", 100, 101));
    alarms.push(of(13, 3, "NO_SIGNAL", 40, 120));
    // An exit that was over long before is no reason.
    alarms.push(of(14, 4, "GEO_OUT", 10, 50));
    let rows = rows(alarms);
    assert!(rows.contains(&vec![4, 5, 6, 7, 8]), "{rows:?}");
    for alone in [1, 2, 3, 11, 12, 13, 14] {
        assert!(rows.contains(&vec![alone]), "{alone}: {rows:?}");
    }
}

#[test]
fn the_cause_that_most_people_share_is_named_and_of_equal_ones_the_narrowest() {
    let shares = |cell: &str, office: &str| {
        let cell = (Shared::Cell, cell.to_owned());
        [cell, (Shared::Office, office.to_owned())].into()
    };
    let cause = |alarms: Vec<Fallen>| match fold_silences(alarms, RULE).remove(0) {
        Row::Mass { cause, .. } => cause.0,
        Row::Alone(_) => panic!("not folded"),
    };
    let one = |n: u8, cell: &str| Fallen {
        shares: shares(cell, "office"),
        ..silent(n, 0)
    };
    assert_eq!(cause((1..=6).map(|n| one(n, "c")).collect()), Shared::Cell);
    let two_cells = (1..=12).map(|n| one(n, if n < 7 { "c" } else { "d" }));
    assert_eq!(cause(two_cells.collect()), Shared::Office);
}

#[test]
fn the_rules_say_how_many_and_how_near() {
    assert_eq!(MassRule::of(&RulePack::builtin()), RULE);
}

fn alarm() -> impl Strategy<Value = Fallen> {
    let kind = prop_oneof![
        6 => Just("NO_SIGNAL"), 1 => Just("SILENT"), 1 => Just("DEV_FAULT"),
        1 => Just("GEO_OUT"), 1 => Just("TAMPER"),
    ];
    let shared = prop_oneof![
        Just(Shared::Cell),
        Just(Shared::Gateway),
        Just(Shared::Office)
    ];
    let shares = proptest::collection::btree_map(shared, 0_u8..2, 0..3);
    let severity = prop_oneof![1 => Just(1), 6 => Just(3)];
    (0_u8..12, (kind, severity), 0_i64..60, 0_i64..90, shares).prop_map(
        |(person, (kind, severity), from, length, shares)| Fallen {
            dossier: DossierId([0; 32]),
            person: PersonCode([person; 16]),
            kind: kind.to_owned(),
            severity,
            time: from * MINUTE_MS,
            until: (from + length) * MINUTE_MS,
            shares: shares
                .into_iter()
                .map(|(s, which)| (s, which.to_string()))
                .collect(),
        },
    )
}

fn alarms() -> impl Strategy<Value = Vec<Fallen>> {
    proptest::collection::vec(alarm(), 0..60).prop_map(|mut alarms| {
        for (number, alarm) in (0_u8..).zip(&mut alarms) {
            alarm.dossier = DossierId([number; 32]);
        }
        alarms
    })
}

proptest! {
    #[test]
    fn every_alarm_is_in_exactly_one_row_and_only_silences_are_folded(alarms in alarms()) {
        let by_id: BTreeMap<DossierId, &Fallen> = alarms.iter().map(|a| (a.dossier, a)).collect();
        let mut seen = Vec::new();
        for row in fold_silences(alarms.clone(), RULE) {
            match row {
                Row::Alone(dossier) => seen.push(dossier),
                Row::Mass { cause, began, alarms } => {
                    let folded: Vec<&Fallen> = alarms.iter().map(|id| by_id[id]).collect();
                    let people: BTreeSet<PersonCode> = folded.iter().map(|a| a.person).collect();
                    prop_assert!(people.len() >= RULE.people_min);
                    prop_assert!(began.1 - began.0 <= RULE.within_ms);
                    for alarm in folded {
                        prop_assert!(SILENCES.contains(&alarm.kind.as_str()), "{alarm:?}");
                        prop_assert!(alarm.severity > 1, "{alarm:?}");
                        prop_assert_eq!(alarm.shares.get(&cause.0), Some(&cause.1));
                        let real = by_id.values().any(|own| {
                            own.person == alarm.person && !SILENCES.contains(&own.kind.as_str())
                                && own.time <= began.1 && own.until >= began.0
                        });
                        prop_assert!(!real, "{alarm:?} is hidden");
                    }
                    seen.extend(alarms);
                }
            }
        }
        seen.sort_unstable();
        prop_assert_eq!(seen, by_id.into_keys().collect::<Vec<_>>());
    }

    #[test]
    fn the_order_of_arrival_changes_no_row(alarms in alarms(), turn in 0_usize..60) {
        let mut turned = alarms.clone();
        if !turned.is_empty() {
            let by = turn % turned.len();
            turned.rotate_left(by);
        }
        prop_assert_eq!(fold_silences(alarms, RULE), fold_silences(turned, RULE));
    }
}
