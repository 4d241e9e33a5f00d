//! I9: what was signed beyond a capacity, or under a key after it was said no to, has no effect
//! anywhere.

use super::{Union, World};
use jiaolian_schema::standing::Outcome;

pub(super) fn check(world: &World, union: &Union, broken: &mut Vec<String>) {
    for (id, standing) in &union.standings {
        for matter in standing.matters.values() {
            let live = matter
                .steps
                .iter()
                .filter(|step| step.outcome == Outcome::Live);
            for step in live.filter(|step| world.journal.forged.contains(&step.id)) {
                broken.push(format!(
                    "I9: forged decision {} has effect in {id}",
                    step.id
                ));
            }
        }
        for (field, slot) in &standing.fields {
            let tips = slot.in_force().map(|(ids, _)| ids).unwrap_or_default();
            for tip in tips
                .iter()
                .filter(|tip| world.journal.forged.contains(*tip))
            {
                broken.push(format!("I9: forged value {tip} of {field} stands in {id}"));
            }
        }
    }
}
