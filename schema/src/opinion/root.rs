//! The root: which statement is in force, and who keeps the root office (rules 5, R-1 to R-7).

use super::Key;
use super::fault::Form;
use super::paper::{Paper, Papers};
use super::word::Statement;
use crate::act::{
    Act, FORMER_KEEPERS_MAX, PublicKey, ROOT_KEYS_MAX, ROOT_SIGNATURES_MAX, Root, RootStatement,
    Stays,
};
use crate::envelope::Duty;
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use crate::suite::Verify;
use std::collections::{BTreeMap, BTreeSet};

/// whether a statement is one at all.
pub fn is_sound(statement: &RootStatement) -> bool {
    let keys = statement.keys.len();
    let ascending = statement.keys.windows(2).all(|pair| pair[0] < pair[1]);
    let former = &statement.former;
    let in_order = former.windows(2).all(|pair| pair[0].key < pair[1].key);
    statement.version >= 1
        && (1..=ROOT_KEYS_MAX).contains(&keys)
        && ascending
        && (1..=keys).contains(&usize::from(statement.threshold))
        && former.len() <= FORMER_KEEPERS_MAX
        && in_order
        && former.iter().all(|one| one.key != statement.keeper)
}

/// At the door: a sound statement, and every signature beside it verifies.
pub(super) fn check_act(act: &Root, verifier: &dyn Verify) -> Result<(), Form> {
    let signatures = &act.signatures;
    let ascending = signatures.windows(2).all(|pair| pair[0].key < pair[1].key);
    if !is_sound(&act.statement) || !ascending || signatures.len() > ROOT_SIGNATURES_MAX {
        return Err(Form::Root);
    }
    let words = act.statement.signed_bytes();
    for one in signatures {
        let PublicKey { suite, key } = &one.key;
        if !verifier.knows(*suite) {
            return Err(Form::Suite(*suite));
        }
        if !verifier.verify(*suite, key, &words, &one.signature) {
            return Err(Form::Root);
        }
    }
    Ok(())
}

///
fn follows(act: &Root, before: &RootStatement) -> bool {
    let own = &act.statement;
    let signed = |keys: &[PublicKey]| {
        let by = |key: &&PublicKey| act.signatures.iter().any(|one| one.key == **key);
        keys.iter().filter(by).count()
    };
    is_sound(own)
        && u64::from(own.version) == u64::from(before.version) + 1
        && own.office == before.office
        && signed(&before.keys) >= usize::from(before.threshold)
        && signed(&own.keys) >= usize::from(own.threshold)
}

/// climbs from a pinned statement as far as one statement and no other follows.
pub(super) fn climb(pinned: &RootStatement, all: &BTreeMap<EnvelopeId, Paper>) -> RootStatement {
    let mut present = pinned.clone();
    loop {
        let next = root_acts(all).filter(|act| follows(act, &present));
        let mut next: Vec<&RootStatement> = next.map(|act| &act.statement).collect();
        next.dedup();
        match next[..] {
            [one] => present = one.clone(),
            _ if !next.is_empty() && next.iter().all(|other| *other == next[0]) => {
                present = next[0].clone();
            }
            _ => return present,
        }
    }
}

pub(super) fn root_acts(all: &BTreeMap<EnvelopeId, Paper>) -> impl Iterator<Item = &Root> {
    all.values().filter_map(|paper| match paper.act() {
        Some((_, Act::Root(act))) => Some(act),
        _ => None,
    })
}

/// An author that keeps an office with a key.
pub(super) fn keeper(key: &PublicKey, office: OfficeId) -> Key {
    Key {
        suite: key.suite,
        key: key.key.clone(),
        office,
        duty: Duty::Keeper,
    }
}

/// the root's keepers, present and former, with what stays of their chains.
pub(super) fn keepers(statement: &RootStatement) -> BTreeMap<AuthorId, Stays> {
    let office = statement.office;
    let former = statement.former.iter();
    let mut all: BTreeMap<AuthorId, Stays> = former
        .map(|one| (keeper(&one.key, office).author(), one.stays))
        .collect();
    all.insert(keeper(&statement.keeper, office).author(), Stays::All);
    all
}

impl Papers {
    /// The root statement in force.
    pub fn root(&self) -> &RootStatement {
        &self.in_force
    }

    /// The author that keeps the root office now.
    pub fn root_keeper(&self) -> AuthorId {
        keeper(&self.in_force.keeper, self.in_force.office).author()
    }

    /// Whether an author keeps the root office, or kept it and is named.
    pub(super) fn keeps_root(&self, author: AuthorId) -> bool {
        self.keepers.contains_key(&author)
    }

    /// All who keep or kept the root office.
    pub(super) fn root_keepers(&self) -> BTreeSet<AuthorId> {
        self.keepers.keys().copied().collect()
    }

    /// What the root statement says of a former keeper's chain: a revocation from above all.
    pub(super) fn said_by_root(&self, author: AuthorId) -> Option<Statement> {
        let at = match self.keepers.get(&author)? {
            Stays::All => return None,
            Stays::Nothing => None,
            Stays::UpTo(at) => Some(*at),
        };
        Some(Statement::of_root(self, author, at))
    }
}
