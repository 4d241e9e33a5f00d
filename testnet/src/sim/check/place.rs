//! I13: the union of all names one responsible office for every case, one that was ever named, and
//! every holder knows the same.

use super::{Union, World};
use crate::sim::plan::OFFICES;
use jiaolian_schema::hold::{DossierKind, may_hold};

pub(super) fn check(world: &World, union: &Union, broken: &mut Vec<String>) {
    for id in union.of_kind(DossierKind::Case) {
        let (place, audience) = (union.place(id), union.audience(id));
        let named = world.journal.cases.get(&id).map(|note| &note.places);
        let at = world.plan.place(place);
        if !at.is_some_and(|at| named.is_some_and(|named| named.contains(&at))) {
            broken.push(format!(
                "I13: case {id} lies at {place}, which nobody named"
            ));
        }
        let mut responsible = 0;
        for (at, node) in world.nodes.iter().enumerate() {
            let Some(replica) = node.replica.as_ref() else {
                continue;
            };
            let Some(row) = replica.dossier(id) else {
                continue;
            };
            responsible += usize::from(row.place == replica.office());
            let may = may_hold(union.authority.offices(), replica.office(), &audience);
            if may && row.place != place {
                broken.push(format!(
                    "I13: {} takes another office for {id}",
                    OFFICES[at].0
                ));
            }
        }
        if responsible != 1 {
            broken.push(format!(
                "I13: {responsible} offices think that case {id} is theirs"
            ));
        }
    }
}
