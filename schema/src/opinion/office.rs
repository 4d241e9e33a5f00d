//! Rules 3 and 4: the tree of offices, who judges whom, who witnesses for whom.

use super::paper::Paper;
use super::under::Under;
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
    /// Under which offices it stands, from when on; the first by its founding; empty for the root.
    pub under: Vec<Under>,
    /// Offices above it.
    pub depth: u8,
    /// 1 township, 2 county, 3 city, 4 province, 5 ministry; 0 where the root is not founded.
    pub tier: u8,
    /// Its name, as of the founding.
    pub name: String,
    /// GB/T 2260 code and suffix, as of the founding.
    pub code: String,
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

    fn depth(&self, id: OfficeId) -> Option<u8> {
        self.0.get(&id).map(|office| office.depth)
    }
}

impl Opinion<'_> {
    /// Rule 3 and R-64: whether `keeper` was ever a judge of `author`. The root's keeper judges all
    /// but itself.
    pub(super) fn may_judge(&self, keeper: AuthorId, author: AuthorId) -> bool {
        let (Some(by), Some(of)) = (self.papers.key(keeper), self.papers.key(author)) else {
            return false;
        };
        if by.duty != Duty::Keeper || keeper == author || self.papers.keeps_root(author) {
            return false;
        }
        let own = of.duty == Duty::Staff && by.office == of.office;
        self.papers.keeps_root(keeper)
            || self.offices.get(of.office).is_some()
                && (own || self.offices.ever(by.office, of.office))
    }

    /// whether what was said about an author was said by a judge of it.
    pub(super) fn is_by_judge(&self, paper: &Paper, author: AuthorId) -> bool {
        let keeper = paper.head.author;
        self.may_judge(keeper, author)
            && (self.papers.keeps_root(keeper)
                || self
                    .office_of(author)
                    .is_some_and(|office| self.spoke_over(paper, office)))
    }

    /// whether a receipt is of a witness of `author`.
    pub(super) fn is_by_witness(&self, receipt: &Paper, author: AuthorId) -> bool {
        let by = self.papers.key(receipt.head.author);
        by.is_some_and(|by| by.duty == Duty::Witness)
            && self
                .office_of(author)
                .is_some_and(|office| self.spoke_above(receipt, office))
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
        self.move_offices(depth + 1);
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
        under: act.parent.into_iter().map(founded).collect(),
        depth,
        tier: act.tier,
        name: act.name.clone(),
        code: act.code.clone(),
        drill: act.drill,
    }
}

fn founded(parent: OfficeId) -> Under {
    Under {
        parent,
        from: None,
        grace: 0,
    }
}
