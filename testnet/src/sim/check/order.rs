//! I3: the same set gives the same state in any order: a second node takes all that a first one
//! has, shuffled, and reads every dossier alike.

use super::{Union, World};
use crate::sim::disk::Disk;
use crate::sim::plan::OFFICES;
use jiaolian_sync::Effect;

/// Passes after which whatever is not in yet will never be.
const PASSES_MAX: usize = 40;

pub(super) fn check(world: &mut World, union: &Union, broken: &mut Vec<String>) {
    let mut dice = world.dice.fork(13);
    let at = dice.below(world.nodes.len());
    let name = OFFICES[at].0;
    let Some(replica) = world.nodes[at].replica.as_ref() else {
        return;
    };
    let ids = union.heads.keys();
    let mut all: Vec<_> = ids.filter_map(|id| replica.envelope(*id).ok()?).collect();
    dice.shuffle(&mut all);
    let disk = Disk::default();
    let mut second = world.open(at, disk.clone(), dice.bytes());
    for _ in 0..PASSES_MAX {
        let outcome = second.import(all.clone(), world.now);
        for effect in second.drain() {
            if let Effect::Store(writes) = effect {
                disk.commit(&writes);
            }
        }
        if outcome.stored == 0 && outcome.parked == 0 {
            break;
        }
    }
    let Some(first) = world.nodes[at].replica.as_mut() else {
        return;
    };
    for id in union.standings.keys() {
        let here = first
            .facts(*id)
            .map(|facts| facts.len())
            .unwrap_or_default();
        let there = second
            .facts(*id)
            .map(|facts| facts.len())
            .unwrap_or_default();
        if here != there {
            // What came down with a case that was handed on has no other way in than the link.
            let moved = first.dossier(*id).is_some_and(|row| row.moved == 1);
            if !moved {
                broken.push(format!(
                    "I3: of {id} at {name} a replay takes {there} of {here}"
                ));
            }
        } else if here > 0 && first.state_root(*id) != second.state_root(*id) {
            broken.push(format!(
                "I3: a replay of {name} in another order reads {id} otherwise"
            ));
        }
    }
}
