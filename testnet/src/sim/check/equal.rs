//! I2 and I11: after the last mended line and three rounds, everybody who may have a dossier has
//! it, with the frontier, the content and the standing that the union of all has.

use super::{Union, World};
use crate::sim::plan::OFFICES;
use jiaolian_schema::hold::{DossierKind, may_hold};

pub(super) fn check(world: &mut World, union: &Union, broken: &mut Vec<String>) {
    for (id, facts) in &union.facts {
        let audience = union.audience(*id);
        let mut texts = Vec::new();
        let mut frontiers = Vec::new();
        for (at, (name, ..)) in OFFICES.iter().enumerate() {
            let may = may_hold(union.authority.offices(), world.plan.office(at), &audience);
            let Some(replica) = world.nodes[at].replica.as_mut().filter(|_| may) else {
                continue;
            };
            let here = replica
                .facts(*id)
                .map(|facts| facts.len())
                .unwrap_or_default();
            if here != facts.len() {
                broken.push(format!(
                    "I2: {name} has {here} of {} envelopes of {:?} {id}",
                    facts.len(),
                    audience.kind
                ));
                continue;
            }
            frontiers.push(replica.frontier(*id));
            let root = replica.state_root(*id);
            if root != Some(union.standings[id].state_root()) {
                broken.push(format!(
                    "I2: {name} reads {:?} {id} otherwise",
                    audience.kind
                ));
            }
            if audience.kind == DossierKind::Case {
                texts.push(world.content(at, *id).hydrate());
            }
        }
        if frontiers.windows(2).any(|pair| pair[0] != pair[1]) {
            broken.push(format!("I2: frontiers of {id} differ"));
        }
        if texts.windows(2).any(|pair| pair[0] != pair[1]) {
            broken.push(format!("I2: contents of {id} differ"));
        }
    }
    for (at, node) in world.nodes.iter().enumerate() {
        let links = node.replica.as_ref().map(jiaolian_sync::Replica::links);
        for link in links.unwrap_or_default() {
            if link.up_since.is_none() || !link.agreed {
                let (here, there) = (OFFICES[at].0, world.plan.place(link.office));
                let there = there.map_or("?", |at| OFFICES[at].0);
                broken.push(format!("I11: {here} and {there} have not agreed"));
            }
        }
    }
}
