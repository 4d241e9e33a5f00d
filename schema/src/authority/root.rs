//! Which root statement is in force: climbed version by version from the pinned one, over every root
//! act that is here.
//!
//! Who carries a root act gives it no weight, so that neither its author's chain nor its window is
//! asked. Two statements that both follow one version stop the climb below them.

use super::Authority;
use super::statement::{NEVER, Says, Statement, Voice};
use crate::act::{Act, PublicKey, Root, RootStatement, Stays};
use crate::envelope::{Duty, author_id};
use crate::hold::EVER;
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use std::collections::BTreeMap;

/// Root statements that are here, and what they come to.
#[derive(Debug, Clone)]
pub(super) struct Roots {
    pinned: RootStatement,
    here: BTreeMap<EnvelopeId, Root>,
    in_force: RootStatement,
    /// Acts whose statements follow one version and differ.
    contested: Vec<EnvelopeId>,
    /// The keeper and the former keepers of the statement in force.
    keepers: BTreeMap<AuthorId, Stays>,
    /// Whether what is in force changed since authority was settled.
    pub(super) news: bool,
}

impl Roots {
    pub(super) fn new(pinned: RootStatement) -> Self {
        Self {
            keepers: keepers(&pinned),
            in_force: pinned.clone(),
            pinned,
            here: BTreeMap::new(),
            contested: Vec::new(),
            news: false,
        }
    }

    /// The root office, the same in every version.
    pub(super) fn office(&self) -> OfficeId {
        self.pinned.office
    }

    pub(super) fn insert(&mut self, id: EnvelopeId, root: Root) {
        self.here.insert(id, root);
        let (in_force, contested) = self.climb();
        self.contested = contested;
        if in_force != self.in_force {
            self.keepers = keepers(&in_force);
            self.in_force = in_force;
            self.news = true;
        }
    }

    fn climb(&self) -> (RootStatement, Vec<EnvelopeId>) {
        let mut top = &self.pinned;
        loop {
            let next: Vec<(EnvelopeId, &RootStatement)> = self
                .here
                .iter()
                .filter(|(_, root)| root.follows(top))
                .map(|(id, root)| (*id, &root.statement))
                .collect();
            match next.split_first() {
                None => return (top.clone(), Vec::new()),
                Some(((_, first), rest)) if rest.iter().all(|(_, other)| other == first) => {
                    top = first;
                }
                Some(_) => return (top.clone(), next.into_iter().map(|(id, _)| id).collect()),
            }
        }
    }

    /// How much of the chain of a keeper of the root office stays; none for everybody else.
    pub(super) fn stays(&self, author: AuthorId) -> Option<Stays> {
        self.keepers.get(&author).copied()
    }
}

fn author_of(key: &PublicKey, office: OfficeId) -> AuthorId {
    author_id(key.suite, &key.key, office, Duty::Keeper)
}

fn keepers(statement: &RootStatement) -> BTreeMap<AuthorId, Stays> {
    let office = statement.office;
    let former = statement.former.iter();
    former
        .map(|one| (author_of(&one.key, office), one.stays))
        .chain([(author_of(&statement.keeper, office), Stays::All)])
        .collect()
}

impl Authority {
    /// The root statement in force.
    pub fn root(&self) -> &RootStatement {
        &self.roots.in_force
    }

    /// Root acts whose statements follow the one in force and differ, ascending: neither counts.
    pub fn contested_roots(&self) -> &[EnvelopeId] {
        &self.roots.contested
    }

    /// The root's keeper by the statement in force.
    pub fn root_keeper(&self) -> AuthorId {
        let root = self.root();
        author_of(&root.keeper, root.office)
    }

    /// Whether a root act with this statement is here.
    pub fn carries_root(&self, statement: &RootStatement) -> bool {
        let mut here = self.roots.here.values();
        here.any(|root| root.statement == *statement)
    }

    /// Whether the author keeps the root office or kept it before: trusted by the root statement,
    /// appointed by nobody.
    pub(super) fn is_root_keeper(&self, author: AuthorId) -> bool {
        self.roots.stays(author).is_some()
    }

    /// Whether the root statement cuts the author's chain.
    pub(super) fn is_cut_by_root(&self, author: AuthorId) -> bool {
        matches!(
            self.roots.stays(author),
            Some(Stays::Nothing | Stays::UpTo(_))
        )
    }

    /// What the root statement says of a former keeper's chain, as a word from above all offices.
    pub(super) fn root_cut(&self, author: AuthorId) -> Option<Statement> {
        let at = match self.roots.stays(author)? {
            Stays::All => return None,
            Stays::Nothing => None,
            Stays::UpTo(at) => Some(at),
        };
        Some(Statement {
            id: EnvelopeId([0; 32]),
            voice: Voice {
                depth: 0,
                later: std::cmp::Reverse(EVER),
                office: self.roots.office(),
            },
            says: Says::No(at),
            replaces: Vec::new(),
            filed: NEVER,
        })
    }

    /// Puts a root act in. Its keepers are introduced whether it comes to count or not: an
    /// introduction proves itself.
    pub(super) fn take_root(&mut self, id: EnvelopeId, root: &Root) {
        let statement = &root.statement;
        self.introduce(statement.keeper.keeper_of(statement.office));
        for former in &statement.former {
            self.introduce(former.key.keeper_of(statement.office));
        }
        self.roots.insert(id, root.clone());
    }

    /// Everybody is judged again where another root statement came into force.
    pub(super) fn follow_root(&mut self) -> bool {
        let news = std::mem::take(&mut self.roots.news);
        if news {
            self.dirty.extend(self.chains.keys().copied());
        }
        news
    }

    /// The root act of an envelope, counting or not.
    pub fn root_act(&self, id: EnvelopeId) -> Option<&Root> {
        match self.acts.get(&id)?.act()? {
            Act::Root(root) => Some(root),
            _ => None,
        }
    }
}
