//! What must be true of a world that has come to rest, each rule in a file of its own. A broken
//! rule is a sentence that names it.

mod alarm;
mod audit;
mod canary;
mod equal;
mod forged;
mod kept;
mod order;
mod place;
mod reach;
mod second;

use super::world::World;
use jiaolian_schema::authority::Authority;
use jiaolian_schema::envelope::Head;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::hold::{Audience, DossierKind};
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId};
use jiaolian_schema::standing::{Standing, fold};
use jiaolian_schema::suite::SIGNATURE_BYTES;
use jiaolian_sync::{Store as _, Table};
use std::collections::BTreeMap;

/// Everything that any node has, taken together.
pub(crate) struct Union {
    pub(crate) heads: BTreeMap<EnvelopeId, Head>,
    pub(crate) facts: BTreeMap<DossierId, BTreeMap<EnvelopeId, Fact>>,
    pub(crate) authority: Authority,
    pub(crate) standings: BTreeMap<DossierId, Standing>,
}

impl Union {
    fn of(world: &World) -> Self {
        let (mut heads, mut facts) = (BTreeMap::new(), BTreeMap::<_, BTreeMap<_, _>>::new());
        for node in &world.nodes {
            for (key, value) in rows(node, Table::Head) {
                let bytes = &value[..value.len() - SIGNATURE_BYTES];
                if let (Some(id), Ok(head)) = (
                    EnvelopeId::from_slice(&key),
                    minicbor::decode::<Head>(bytes),
                ) {
                    heads.insert(id, head);
                }
            }
            for (_, value) in rows(node, Table::Fact) {
                if let Ok(fact) = minicbor::decode::<Fact>(&value) {
                    facts.entry(fact.dossier).or_default().insert(fact.id, fact);
                }
            }
        }
        let mut authority = Authority::new(world.plan.root());
        let all: Vec<Fact> = facts.values().flat_map(BTreeMap::values).cloned().collect();
        authority.extend(heads.iter().map(|(id, head)| (*id, head)), &all);
        let standings: BTreeMap<DossierId, Standing> = facts
            .iter()
            .map(|(id, facts)| (*id, fold(&authority, &*world.rules, facts)))
            .collect();
        Self {
            heads,
            facts,
            authority,
            standings,
        }
    }

    /// Which office is responsible: an alarm stands where its case stands.
    pub(crate) fn place(&self, dossier: DossierId) -> OfficeId {
        let opening = self.facts[&dossier].get(&EnvelopeId(dossier.0));
        let case = opening.and_then(|fact| match &fact.what {
            What::Raise(raise) => Some(raise.case),
            _ => None,
        });
        let case = case.filter(|case| self.standings.contains_key(case));
        self.standings[&case.unwrap_or(dossier)].place
    }

    pub(crate) fn audience(&self, dossier: DossierId) -> Audience {
        let standing = &self.standings[&dossier];
        Audience {
            kind: standing.kind,
            place: self.place(dossier),
            minor: standing.minor,
        }
    }

    pub(crate) fn of_kind(&self, kind: DossierKind) -> impl Iterator<Item = DossierId> {
        let all = self.standings.iter();
        all.filter(move |(_, standing)| standing.kind == kind)
            .map(|(id, _)| *id)
    }
}

fn rows(node: &super::node::Node, table: Table) -> jiaolian_sync::Rows {
    node.disk
        .range(table, &[], &[u8::MAX; 80], usize::MAX)
        .unwrap_or_default()
}

/// The hash of all that was agreed on, and how much it is.
pub(crate) type Sum = ([u8; 32], [(&'static str, u64); 5]);

/// Checks every rule; gives what is broken, and what there is.
pub(crate) fn check(world: &mut World) -> (Vec<String>, Sum) {
    let union = Union::of(world);
    let mut broken: Vec<String> = world.journal.breaks.iter().cloned().collect();
    kept::check(world, &union, &mut broken);
    equal::check(world, &union, &mut broken);
    order::check(world, &union, &mut broken);
    canary::check(world, &mut broken);
    alarm::check(world, &union, &mut broken);
    reach::check(world, &union, &mut broken);
    forged::check(world, &union, &mut broken);
    place::check(world, &union, &mut broken);
    second::check(world, &union, &mut broken);
    audit::check(world, &union, &mut broken);
    let mut state = Vec::new();
    for (id, standing) in &union.standings {
        state.extend_from_slice(&id.0);
        state.extend_from_slice(&standing.state_root());
    }
    let count = |kind| union.of_kind(kind).count() as u64;
    let held = [
        ("fixes", world.journal.fixes),
        ("cases", count(DossierKind::Case)),
        ("alarms", count(DossierKind::Alarm)),
        ("rosters", count(DossierKind::Roster)),
        ("heads", union.heads.len() as u64),
    ];
    (broken, (jiaolian_schema::id::sha256(&[&state]), held))
}
