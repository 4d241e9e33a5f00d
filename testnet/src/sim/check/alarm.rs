//! I6: by a second judge, every condition in what the gateways have is covered by exactly one alarm
//! that stands, and no alarm stands for nothing.

use super::{Union, World};
use crate::oracle::{TrueViolation, device, judge};
use crate::sim::person::Walker;
use jiaolian_schema::act::Raise;
use jiaolian_schema::fact::What;
use jiaolian_schema::fix::Point;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AlarmId, EnvelopeId, PersonCode};
use jiaolian_schema::signal::{Sign, Signs};
use jiaolian_schema::watch::{AlarmKind, Word};
use std::collections::{BTreeMap, BTreeSet};

/// Severity of an exit; a milder one is a suspicion, which stands for no condition (R17).
const EXIT_SEVERITY: u8 = 2;
/// A silence that has only just become one may not be told yet, ms: a tick has to come.
const TOLD_WITHIN_MS: i64 = 5 * 60_000;
/// Code of alarms of gatherings.
const GATHERING: &str = "GATHER";
/// How often a device reports where nothing is said of it, ms.
const EVERY_MS: i64 = 10 * 60_000;

/// What one gateway has of a person, judged again from the beginning.
struct Seen {
    points: BTreeSet<[u8; 32]>,
    said: BTreeSet<(i64, Signs)>,
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
        let same = |a: &Seen, b: &Seen| a.points == b.points && a.said == b.said;
        let alike = seen.windows(2).all(|pair| same(&pair[0], &pair[1]));
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
        // A long silence that was filled is left to people (D10); what several people did together
        // nothing that one of them did can bear out.
        let left =
            |alarm: &&&Raise| alarm.kind != AlarmKind::NoSignal.code() && alarm.kind != GATHERING;
        for alarm in alarms.iter().filter(left) {
            if !all.iter().any(|violation| covers(alarm, violation)) {
                let (kind, fence, time) = (&alarm.kind, &alarm.fence, alarm.time);
                broken.push(format!(
                    "I6: nothing is behind {kind} {fence} {time} of person {name}"
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
        let happened = |name: &str| {
            let mut facts = facts.values();
            facts.any(|fact| matches!(&fact.what, What::Step { event, .. } if event == name))
        };
        let opening = facts.get(&EnvelopeId(id.0));
        if let Some(What::Raise(raise)) = opening.map(|fact| &fact.what)
            && !happened("withdraw")
            && !(raise.kind == AlarmKind::NoSignal.code() && happened("close_itself"))
            && !is_suspicion(raise)
            && AlarmKind::named(&raise.kind).is_some()
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
    raise.kind == AlarmKind::Suspect.code() && raise.severity > EXIT_SEVERITY + raise.retrospective
}

fn look(world: &mut World, at: usize, person: &Walker) -> Option<Seen> {
    let replica = world.nodes[at].replica.as_mut()?;
    let stored = replica
        .fixes(person.code, i64::MIN, i64::MAX, usize::MAX)
        .ok()?;
    let judged: Vec<_> = stored.into_iter().filter(|fix| fix.judged).collect();
    let points: Vec<Point> = judged.iter().map(|fix| fix.point).collect();
    let mut words: Vec<Word> = judged
        .iter()
        .map(|fix| Word {
            time: fix.point.time,
            point: Some(fix.point),
            signs: fix.signs.unwrap_or(Signs::NONE),
        })
        .collect();
    let signals = replica.signals(person.code, i64::MIN, i64::MAX, usize::MAX);
    let heard = signals.ok()?.into_iter().filter(|signal| signal.judged);
    words.extend(heard.map(|stored| {
        let signs = stored.signal.signs;
        let doubted = stored.doubted.is_some();
        Word {
            time: stored.signal.time,
            point: None,
            signs: if doubted {
                signs.with(Sign::Clock, true)
            } else {
                signs
            },
        }
    }));
    let (now, down) = (replica.true_now(), replica.outages());
    let view = replica.watch(person.code)?;
    let hex = person.code.to_hex();
    let ids = points.iter().map(|point| point.id(&hex)).collect();
    let said = words.iter().map(|word| (word.time, word.signs)).collect();
    let mut violations = judge(&points, &view.fences, &view.permits);
    let worn = device::judge(&words, &view.bound, &down, now, EVERY_MS).into_iter();
    let told = |worn: &device::TrueWear| {
        worn.kind != AlarmKind::NoSignal || worn.decided_at < now - TOLD_WITHIN_MS
    };
    violations.extend(worn.filter(told).map(|worn| TrueViolation {
        fence: String::new(),
        kind: worn.kind,
        time: worn.time,
        decided_at: worn.decided_at,
        end: worn.end,
        far: false,
    }));
    Some(Seen {
        points: ids,
        said,
        violations,
    })
}

fn covers(alarm: &Raise, violation: &TrueViolation) -> bool {
    let kind = AlarmKind::named(&alarm.kind);
    alarm.fence == violation.fence
        && kind == Some(violation.kind)
        && alarm.time < violation.end.unwrap_or(i64::MAX)
        && violation.time <= alarm.decided_at
}

/// Whether two gateways saw one violation, the one more of it than the other: one alarm stands for
/// both (R19).
fn overlap(a: &TrueViolation, b: &TrueViolation) -> bool {
    let end = |violation: &TrueViolation| violation.end.unwrap_or(i64::MAX);
    a.fence == b.fence && a.kind == b.kind && a.time < end(b) && b.time < end(a)
}
