//! Rules 3 and 4: the tree of offices, who judges whom, who witnesses for whom.

use super::{Opinion, State};
use crate::act::{Act, Found};
use crate::envelope::Duty;
use crate::id::{AuthorId, OfficeId};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Deepest tree of offices that is read.
pub(super) const DEPTH_MAX: u8 = 8;

/// An office, as a good founding act says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// The office above; none for the root.
    pub parent: Option<OfficeId>,
    /// Offices above it.
    pub depth: u8,
    /// 1 township, 2 county, 3 city, 4 province, 5 ministry; 0 where the root is not founded.
    pub tier: u8,
    /// Its name.
    pub name: String,
    /// 1 in a drill.
    pub drill: u8,
}

/// The offices that are known, each with its superiors.
#[derive(Debug, Clone, Default)]
pub struct Offices(pub(super) BTreeMap<OfficeId, Office>);

impl Offices {
    /// One office.
    pub fn get(&self, id: OfficeId) -> Option<&Office> {
        self.0.get(&id)
    }

    /// The office and all above it, itself first.
    pub fn path(&self, id: OfficeId) -> Vec<OfficeId> {
        let mut path = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next.filter(|id| self.0.contains_key(id)) {
            path.push(id);
            next = self.0[&id].parent;
        }
        path
    }

    /// Whether `upper` stands strictly above `lower`.
    pub fn is_above(&self, upper: OfficeId, lower: OfficeId) -> bool {
        upper != lower && self.path(lower).contains(&upper)
    }

    /// Whether `upper` is `lower` or stands above it.
    pub fn covers(&self, upper: OfficeId, lower: OfficeId) -> bool {
        self.path(lower).contains(&upper)
    }

    /// The lowest office that stands over both or is one of them.
    pub fn common(&self, one: OfficeId, other: OfficeId) -> Option<OfficeId> {
        let path = self.path(other);
        let mut up = self.path(one).into_iter();
        up.find(|id| path.contains(id))
    }

    fn depth(&self, id: OfficeId) -> Option<u8> {
        self.0.get(&id).map(|office| office.depth)
    }
}

impl Opinion<'_> {
    /// Rule 3: whether `keeper` is a judge of `author`. The root's keeper judges all but itself.
    pub(super) fn is_judge(&self, keeper: AuthorId, author: AuthorId) -> bool {
        let (Some(by), Some(of)) = (self.papers.key(keeper), self.papers.key(author)) else {
            return false;
        };
        if by.duty != Duty::Keeper || keeper == author || self.papers.keeps_root(author) {
            return false;
        }
        let own = of.duty == Duty::Staff && by.office == of.office;
        self.papers.keeps_root(keeper)
            || self.offices.get(of.office).is_some()
                && (own || self.offices.is_above(by.office, of.office))
    }

    /// Rule 3: whether `witness` is a witness of `author`.
    pub(super) fn is_witness(&self, witness: AuthorId, author: AuthorId) -> bool {
        let (Some(by), Some(of)) = (self.papers.key(witness), self.papers.key(author)) else {
            return false;
        };
        by.duty == Duty::Witness && self.offices.is_above(by.office, of.office)
    }

    /// Rule 4: the authors of one rank, ascending.
    pub(super) fn rank(&self, depth: u8, staff: bool) -> Vec<AuthorId> {
        let keys = self.papers.keys.iter();
        let here = keys.filter(|(author, key)| {
            !self.papers.keeps_root(**author)
                && self.offices.depth(key.office) == Some(depth)
                && (key.duty == Duty::Staff) == staff
        });
        here.map(|(author, _)| *author).collect()
    }

    /// Offices whose parents lie at `depth`: founded by a good act of the parent's keeper, live
    /// under live and drill under drill.
    pub(super) fn found(&mut self, depth: u8) {
        let mut founded = Vec::new();
        for paper in self.papers.iter() {
            let Some((_, Act::Found(act))) = paper.act() else {
                continue;
            };
            let good = matches!(self.states.get(&paper.id), Some(State::Good { .. }));
            let by = self.papers.key(paper.head.author).map(|key| key.office);
            let Some(parent) = act.parent.filter(|parent| good && by == Some(*parent)) else {
                continue;
            };
            let over = self.offices.get(parent);
            if self.is_stolen(act) {
                continue;
            }
            if over.is_some_and(|over| fits(over, act) && over.depth == depth) {
                let filed = match self.states.get(&paper.id) {
                    Some(State::Good { filed }) => filed.unwrap_or(i64::MAX),
                    _ => i64::MAX,
                };
                founded.push(((filed, paper.id), act.office, row(act, depth + 1)));
            }
        }
        // Of two that found one office the one filed first does; the smaller id of two at once.
        founded.sort_by_key(|(claim, ..)| *claim);
        for (_, id, office) in founded {
            self.offices.0.entry(id).or_insert(office);
        }
    }

    /// whether the id of the office is proved to be another parent's by bytes that lie here,
    /// good or not.
    fn is_stolen(&self, act: &Found) -> bool {
        let mut rivals = self.papers.iter().filter_map(|paper| match paper.act() {
            Some((_, Act::Found(other))) if other.office == act.office => Some(other),
            _ => None,
        });
        !is_made_of_parent(act) && rivals.any(is_made_of_parent)
    }

    /// The root founds itself; its office is known by configuration even before that is read.
    pub(super) fn found_root(&mut self) {
        let root = self.papers.root().office;
        let own = self.papers.iter().filter_map(|paper| match paper.act() {
            Some((_, Act::Found(act))) if self.papers.keeps_root(paper.head.author) => {
                Some((paper, act))
            }
            _ => None,
        });
        let mut own = own.filter(|(paper, act)| {
            act.office == root
                && act.parent.is_none()
                && matches!(self.states.get(&paper.id), Some(State::Good { .. }))
        });
        if let Some((_, act)) = own.next() {
            let office = row(act, 0);
            self.offices.0.insert(root, office);
        }
    }
}

/// the id's 16 bytes begin SHA-256 of "office/1", the parent's id and the nonce.
fn is_made_of_parent(act: &Found) -> bool {
    let (Some(parent), Some(nonce)) = (act.parent, act.nonce) else {
        return false;
    };
    let text = [b"office/1".as_slice(), parent.as_ref(), &nonce].concat();
    Sha256::digest(text).starts_with(act.office.as_ref())
}

/// Live under live and drill under drill, and a lower tier under a higher one.
fn fits(over: &Office, act: &Found) -> bool {
    over.drill == act.drill && act.tier < over.tier
}

fn row(act: &Found, depth: u8) -> Office {
    Office {
        parent: act.parent,
        depth,
        tier: act.tier,
        name: act.name.clone(),
        drill: act.drill,
    }
}
