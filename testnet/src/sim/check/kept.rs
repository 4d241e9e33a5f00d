//! I1: a write that was acknowledged is still there: envelopes by the journal of those who signed,
//! fixes by that of the devices.

use super::{Union, World};
use std::collections::BTreeSet;

pub(super) fn check(world: &World, union: &Union, broken: &mut Vec<String>) {
    for (id, (at, dossier)) in &world.journal.acked {
        let Some(replica) = world.nodes[*at].replica.as_ref() else {
            broken.push(format!("I1: node {at} does not run at the end"));
            return;
        };
        let whole = replica
            .envelope(*id)
            .ok()
            .flatten()
            .is_some_and(|e| e.body.is_some());
        if !whole || replica.fact(*dossier, *id).is_none() {
            broken.push(format!(
                "I1: node {at} lost {id}, which it had acknowledged"
            ));
        }
        if !union.heads.contains_key(id) {
            broken.push(format!("I1: nobody has {id}"));
        }
    }
    for person in &world.people {
        for road in &person.roads {
            let replica = world.nodes[road.node].replica.as_ref();
            let stored = replica.and_then(|replica| {
                replica
                    .fixes(person.code, i64::MIN, i64::MAX, usize::MAX)
                    .ok()
            });
            let stored: BTreeSet<(i64, [u8; 32])> = stored
                .unwrap_or_default()
                .into_iter()
                .map(|fix| (fix.point.time, fix.point.id(&fix.person)))
                .collect();
            let lost = road.acked.difference(&stored).count();
            if lost > 0 {
                broken.push(format!(
                    "I1: gateway {} lost {lost} acknowledged fixes of person {}",
                    road.node, person.number
                ));
            }
        }
    }
}
