//! I7: every alarm is at each superior that may have it, and each process announced it once.

use super::{Union, World};
use crate::sim::plan::OFFICES;
use jiaolian_schema::hold::{DossierKind, may_hold};

pub(super) fn check(world: &World, union: &Union, broken: &mut Vec<String>) {
    for id in union.of_kind(DossierKind::Alarm) {
        let audience = union.audience(id);
        for (at, node) in world.nodes.iter().enumerate() {
            let offices = union.authority.offices();
            if !may_hold(offices, world.plan.office(at), &audience) {
                continue;
            }
            let name = OFFICES[at].0;
            let here = node
                .replica
                .as_ref()
                .is_some_and(|replica| replica.dossier(id).is_some());
            if !here {
                broken.push(format!("I7: alarm {id} never reached {name}"));
            }
            let said = node.announced.get(&id).copied().unwrap_or_default();
            if said == 0 {
                broken.push(format!("I7: {name} never announced alarm {id}"));
            }
            // A process that died over the commit announces again when the alarm comes again.
            if said > 1 + node.life {
                broken.push(format!("I7: {name} announced alarm {id} {said} times"));
            }
        }
    }
}
