//! I6: by a second judge, every violation in what the gateways have is covered by exactly one alarm
//! that stands, and no alarm stands for nothing.

use super::{Union, World};
use crate::oracle::{TrueViolation, judge};
use crate::sim::person::Walker;
use jiaolian_schema::act::Raise;
use jiaolian_schema::fact::What;
use jiaolian_schema::fix::Point;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AlarmId, EnvelopeId, PersonCode};
use jiaolian_schema::watch::AlarmKind;
use std::collections::{BTreeMap, BTreeSet};

/// Severity of a suspicion, which stands for no violation (R17).
const SUSPECT_SEVERITY: u8 = 3;

/// What one gateway has of a person, judged again from the beginning.
struct Seen {
    points: BTreeSet<[u8; 32]>,
    violations: Vec<TrueViolation>,
}

pub(super) fn check(world: &mut World, union: &Union, broken: &mut Vec<String>) {
    let standing = standing(union);
    for person in world.people.clone() {
        let roads: Vec<usize> = person.roads.iter().map(|road| road.node).collect();
        let seen: Vec<Seen> = roads
            .iter()
            .filter_map(|at| look(world, *at, &person))
            .collect();
        let alarms = standing.get(&person.code).map(BTreeMap::values);
        let alarms: Vec<&Raise> = alarms.into_iter().flatten().collect();
        let alike = seen.windows(2).all(|pair| pair[0].points == pair[1].points);
        let name = person.number;
        let all: Vec<&TrueViolation> = seen.iter().flat_map(|seen| &seen.violations).collect();
        for violation in &all {
            let covering = alarms
                .iter()
                .filter(|alarm| covers(alarm, violation))
                .count();
            let told = || {
                let mut same = all.iter().filter(|other| overlap(other, violation));
                same.any(|other| alarms.iter().any(|alarm| covers(alarm, other)))
            };
            if covering == 0 && !told() {
                broken.push(format!("I6: no alarm for {violation:?} of person {name}"));
            }
            if covering > 1 && alike {
                broken.push(format!(
                    "I6: {covering} alarms for {violation:?} of person {name}"
                ));
            }
        }
        for alarm in &alarms {
            if !all.iter().any(|violation| covers(alarm, violation)) {
                let (fence, time) = (&alarm.fence, alarm.time);
                broken.push(format!(
                    "I6: nothing is behind {fence} {time} of person {name}"
                ));
            }
        }
    }
}

/// Alarms of each person that were raised and not withdrawn, one by name.
fn standing(union: &Union) -> BTreeMap<PersonCode, BTreeMap<AlarmId, Raise>> {
    let mut standing = BTreeMap::<_, BTreeMap<_, _>>::new();
    for id in union.of_kind(DossierKind::Alarm) {
        let facts = &union.facts[&id];
        let gone = facts
            .values()
            .any(|fact| matches!(&fact.what, What::Step { event, .. } if event == "withdraw"));
        let opening = facts.get(&EnvelopeId(id.0));
        if let Some(What::Raise(raise)) = opening.map(|fact| &fact.what)
            && !gone
            && !is_suspicion(raise)
        {
            standing
                .entry(raise.person)
                .or_default()
                .insert(raise.alarm, raise.clone());
        }
    }
    standing
}

fn is_suspicion(raise: &Raise) -> bool {
    raise.severity == SUSPECT_SEVERITY && raise.retrospective == 0
}

fn look(world: &mut World, at: usize, person: &Walker) -> Option<Seen> {
    let replica = world.nodes[at].replica.as_mut()?;
    let stored = replica
        .fixes(person.code, i64::MIN, i64::MAX, usize::MAX)
        .ok()?;
    let judged = stored.into_iter().filter(|fix| fix.judged);
    let points: Vec<Point> = judged.map(|fix| fix.point).collect();
    let view = replica.watch(person.code)?;
    let hex = person.code.to_hex();
    let ids = points.iter().map(|point| point.id(&hex)).collect();
    Some(Seen {
        points: ids,
        violations: judge(&points, &view.fences, &view.permits),
    })
}

fn covers(alarm: &Raise, violation: &TrueViolation) -> bool {
    let kind = match alarm.kind.as_str() {
        "GEO_OUT" => AlarmKind::Exit,
        _ => AlarmKind::Enter,
    };
    alarm.fence == violation.fence
        && kind == violation.kind
        && alarm.time < violation.end.unwrap_or(i64::MAX)
        && violation.time <= alarm.decided_at
}

/// Whether two gateways saw one violation, the one more of it than the other: one alarm stands for
/// both (R19).
fn overlap(a: &TrueViolation, b: &TrueViolation) -> bool {
    let end = |violation: &TrueViolation| violation.end.unwrap_or(i64::MAX);
    a.fence == b.fence && a.kind == b.kind && a.time < end(b) && b.time < end(a)
}
