//! Rules 12 to 15: what superiors said about the heads of an author, and whose word decides.

use super::paper::{Paper, Papers};
use super::{Opinion, State};
use crate::act::{Act, At};
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// A good statement of a judge.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    /// The envelope.
    pub(super) id: EnvelopeId,
    /// The office that speaks.
    pub(super) office: OfficeId,
    /// Offices above it.
    depth: u8,
    /// Since when it stood above the author's office without a break; none for ever.
    since: Option<i64>,
    /// The position; for a revocation none says no to all.
    at: Option<At>,
    /// The heads that lie below the position, as far as the one there proves them.
    back: BTreeMap<u64, EnvelopeId>,
    /// Whether the head at the position is here.
    is_here: bool,
    /// Whether it endorses.
    pub(super) endorses: bool,
    replaces: Vec<EnvelopeId>,
}

/// When an office is asked (rule 15, R-65).
pub(super) type Turn = (u8, Reverse<Option<i64>>);

/// What one office says of a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Yes or no.
    pub(super) yes: bool,
    /// The smaller, the earlier the office is asked: offices above it, and of one depth the time since
    /// which it stood there, backwards.
    pub(super) turn: Turn,
    /// The endorsements of that office that say yes.
    pub(super) by: Vec<EnvelopeId>,
}

impl Opinion<'_> {
    /// Rule 14: the good statements of judges about an author.
    pub(super) fn statements(&self, author: AuthorId) -> Vec<Statement> {
        let mut found: Vec<Statement> = self.papers.said_by_root(author).into_iter().collect();
        for paper in self.papers.iter() {
            let (about, at, endorses, replaces) = match paper.act() {
                Some((_, Act::Revoke(act))) => (act.author, act.at, false, &act.replaces),
                Some((_, Act::Endorse(act))) => (act.author, Some(act.at), true, &act.replaces),
                _ => continue,
            };
            let good = matches!(self.states.get(&paper.id), Some(State::Good { .. }));
            if about != author || !good || !self.is_by_judge(paper, author) {
                continue;
            }
            let Some(key) = self.papers.key(paper.head.author) else {
                continue;
            };
            found.push(Statement {
                id: paper.id,
                back: self.papers.proved_by(at),
                is_here: at.is_some_and(|at| self.papers.lies_on(author, at)),
                office: key.office,
                depth: self
                    .offices
                    .get(key.office)
                    .map_or(0, |office| office.depth),
                since: self.since(paper, key.office, author),
                at,
                endorses,
                replaces: replaces.clone(),
            });
        }
        found
    }

    fn since(&self, paper: &Paper, by: OfficeId, author: AuthorId) -> Option<i64> {
        let of = self.office_of(author)?;
        self.offices.unbroken(by, of, self.said(paper).at)
    }
}

impl Papers {
    /// Whether the head of a position is here, on that author's chain.
    fn lies_on(&self, author: AuthorId, at: At) -> bool {
        let paper = self.get(at.id);
        paper.is_some_and(|paper| paper.head.author == author && paper.head.n == at.n)
    }

    /// The positions that lie below one, as far as the head there proves them.
    fn proved_by(&self, at: Option<At>) -> BTreeMap<u64, EnvelopeId> {
        let back = at.map(|at| self.back(at)).unwrap_or_default();
        back.into_iter().map(|below| (below.n, below.id)).collect()
    }
}

impl Statement {
    /// What the root statement says of a former keeper: a revocation that nothing outweighs.
    pub(super) fn of_root(papers: &Papers, author: AuthorId, at: Option<At>) -> Self {
        Self {
            id: EnvelopeId([0; 32]),
            office: papers.root().office,
            depth: 0,
            since: None,
            at,
            back: papers.proved_by(at),
            is_here: at.is_some_and(|at| papers.lies_on(author, at)),
            endorses: false,
            replaces: Vec::new(),
        }
    }

    fn turn(&self) -> Turn {
        (self.depth, Reverse(self.since))
    }

    /// Rules 12 and 13: whether it says yes or no to a head, if anything.
    fn says(&self, head: &Paper) -> Option<bool> {
        let Some(at) = self.at else {
            return Some(false);
        };
        let same = self.back.get(&head.head.n).filter(|_| self.is_here);
        if self.endorses {
            return (same == Some(&head.id)).then_some(true);
        }
        let other = same.is_some_and(|below| *below != head.id);
        (head.head.n > at.n || other).then_some(false)
    }
}

/// Rule 15: the word of the highest office that speaks of a head.
pub(super) fn word(statements: &[Statement], head: &Paper) -> Option<Word> {
    let turns: BTreeSet<Turn> = statements.iter().map(Statement::turn).collect();
    for turn in turns {
        let of_office = statements.iter().filter(|said| said.turn() == turn);
        let spoken: Vec<_> = of_office
            .filter_map(|said| Some((said, said.says(head)?)))
            .collect();
        if spoken.is_empty() {
            continue;
        }
        let yes = spoken.iter().all(|(_, yes)| *yes);
        let by = spoken.iter().filter(|(_, yes)| *yes);
        let by = by.map(|(said, _)| said.id).collect();
        return Some(Word { yes, turn, by });
    }
    None
}

/// Whether the deciding word on a head is no.
pub(super) fn is_told_no(statements: &[Statement], head: &Paper) -> bool {
    word(statements, head).is_some_and(|word| !word.yes)
}

/// Rule 14: without those that another of the same office takes the place of.
pub(super) fn undropped(statements: &[Statement]) -> Vec<Statement> {
    let dropped = |said: &Statement| {
        let mut others = statements.iter().filter(|other| {
            let took_over = other.depth == said.depth && other.since > said.since;
            other.office == said.office || took_over
        });
        others.any(|other| other.replaces.contains(&said.id))
    };
    let left = statements.iter().filter(|said| !dropped(said));
    left.cloned().collect()
}
