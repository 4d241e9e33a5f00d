//! At the start the store is compared with the second place of signed positions. What was rolled
//! back (还原卡, an old image) must not sign: others hold a longer chain of the same author.

use crate::home::Home;
use crate::key::{Tip, TipVerdict};
use crate::store::StoreReader;
use jiaolian_schema::id::AuthorId;
use jiaolian_sync::Replica;
use std::collections::BTreeSet;
use std::path::Path;

/// The second place, and the authors of this desk that must not sign.
pub(crate) fn judge(
    home: &Home,
    path: &Path,
    replica: &mut Replica<StoreReader>,
) -> (Option<Tip>, BTreeSet<AuthorId>) {
    let local = local_authors(home, replica);
    let tip = match Tip::open(path, home.ops.clone()) {
        Ok(tip) => tip,
        Err(error) => {
            tracing::error!(%error, "nobody signs at this node until it is enrolled anew");
            return (None, local);
        }
    };
    let doubted = local.into_iter().filter(|author| {
        let known = replica.local_tip(*author).ok().flatten().map(|at| at.n);
        let verdict = tip.judge(&author.0, known);
        if let TipVerdict::RolledBack { store, tip } = verdict {
            tracing::error!(%author, ?store, tip, "the disk is older than what was signed here");
        }
        verdict != TipVerdict::Current
    });
    let doubted = doubted.collect();
    (Some(tip), doubted)
}

fn local_authors(home: &Home, replica: &Replica<StoreReader>) -> BTreeSet<AuthorId> {
    let office = home.identity.office_id();
    let appointments = replica.authority().appointments();
    // The root's keeper is trusted by the root statement, before any appointment.
    let authority = replica.authority();
    let founder = (authority.root_office() == office).then(|| authority.root_keeper());
    appointments
        .filter(|(_, appoint, _)| appoint.office == office)
        .map(|(_, appoint, _)| appoint.author())
        .chain(home.own_authors())
        .chain(founder)
        .collect()
}
