//! What superiors said about one author's heads: no by revoking, yes by endorsing (rules 12–15).

use super::chain::Heads;
use crate::act::At;
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A time that counts as infinitely late.
pub(super) const NEVER: i64 = i64::MAX;
/// The absence of any delay.
pub(super) const AT_ONCE: i64 = i64::MIN;

/// An office as it speaks of an author: in ascending order they are asked (rule 15, R-65).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Voice {
    /// How many offices stand above it: the root speaks first.
    pub(super) depth: u8,
    /// Since when it stood above the author's office without a break, ms UTC; of one depth the later
    /// one speaks first.
    pub(super) later: Reverse<i64>,
    pub(super) office: OfficeId,
}

impl Voice {
    /// Rule 14: whether its statements may take the place of the other's.
    fn may_replace(&self, other: &Self) -> bool {
        self.office == other.office || (self.depth == other.depth && self.later.0 > other.later.0)
    }
}

/// One good statement of a judge.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) id: EnvelopeId,
    pub(super) voice: Voice,
    pub(super) says: Says,
    pub(super) replaces: Vec<EnvelopeId>,
    /// When it was filed; `NEVER` while it is not.
    pub(super) filed: i64,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Says {
    No(Option<At>),
    Yes(At),
}

/// What all statements together say of one head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// The first office from the root down that speaks, and whether it says yes.
    pub(super) verdict: Option<(Voice, bool)>,
    /// Smallest filed time of the endorsements by which the office that decides says yes to it, or of
    /// all where nobody does; `NEVER` where there is none that is filed.
    pub(super) yes_filed: i64,
    /// Whether it would be cut if nobody had endorsed anything.
    pub(super) cut_without_yes: bool,
}

impl Told {
    /// Nobody said anything.
    pub(super) const NOTHING: Self = Self {
        verdict: None,
        yes_filed: NEVER,
        cut_without_yes: false,
    };

    pub(super) fn is_no(&self) -> bool {
        matches!(self.verdict, Some((_, false)))
    }

    pub(super) fn yes_voice(&self) -> Option<Voice> {
        self.verdict.and_then(|(voice, yes)| yes.then_some(voice))
    }
}

struct Spoken {
    statement: Statement,
    /// The positions proved by `prev` from the named head down; empty where that head is not here.
    back: BTreeMap<u64, EnvelopeId>,
    /// Not dropped by any statement.
    active: bool,
    /// Not dropped by any revocation.
    active_without_yes: bool,
}

impl Spoken {
    fn says_no(&self, n: u64, id: EnvelopeId) -> bool {
        match self.statement.says {
            Says::No(None) => true,
            Says::No(Some(at)) => n > at.n || self.back.get(&n).is_some_and(|proved| *proved != id),
            Says::Yes(_) => false,
        }
    }

    fn endorses(&self) -> bool {
        matches!(self.statement.says, Says::Yes(_))
    }

    fn says_yes(&self, n: u64, id: EnvelopeId) -> bool {
        self.endorses() && self.back.get(&n) == Some(&id)
    }
}

/// Everything said about one author.
pub(super) struct Statements(Vec<Spoken>);

impl Statements {
    /// Good statements of judges; orders them from the root down and drops what others replace.
    pub(super) fn new(heads: &Heads, author: AuthorId, mut said: Vec<Statement>) -> Self {
        said.sort_unstable_by_key(|statement| (statement.voice, statement.id));
        let spoken = said.iter().map(|statement| Spoken {
            statement: statement.clone(),
            back: proved_back(heads, author, statement.says),
            active: !is_replaced(statement, said.iter()),
            active_without_yes: !is_replaced(
                statement,
                said.iter().filter(|by| matches!(by.says, Says::No(_))),
            ),
        });
        Self(spoken.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether some revocation that nobody replaced bars whatever the author signs from now on.
    pub(super) fn bars_the_future(&self) -> bool {
        self.active()
            .any(|spoken| matches!(spoken.statement.says, Says::No(_)))
    }

    pub(super) fn told(&self, n: u64, id: EnvelopeId) -> Told {
        let verdict = self.verdict(n, id);
        let told_yes = matches!(verdict, Some((_, true)));
        let decides = |spoken: &&Spoken| {
            let speaks = Some((spoken.statement.voice, true)) == verdict;
            // An endorsement may only have taken the place of a revocation and say nothing here.
            (speaks && spoken.says_yes(n, id)) || (!told_yes && spoken.endorses())
        };
        let deciding = self.active().filter(decides);
        let yes_filed = deciding.map(|spoken| spoken.statement.filed).min();
        Told {
            verdict,
            yes_filed: yes_filed.unwrap_or(NEVER),
            cut_without_yes: self
                .0
                .iter()
                .any(|spoken| spoken.active_without_yes && spoken.says_no(n, id)),
        }
    }

    fn verdict(&self, n: u64, id: EnvelopeId) -> Option<(Voice, bool)> {
        let mut heard: BTreeMap<Voice, bool> = BTreeMap::new();
        for spoken in self.active() {
            let voice = spoken.statement.voice;
            if spoken.says_no(n, id) {
                heard.insert(voice, false);
            } else if spoken.says_yes(n, id) {
                heard.entry(voice).or_insert(true);
            }
        }
        heard.into_iter().next()
    }

    fn active(&self) -> impl Iterator<Item = &Spoken> {
        self.0.iter().filter(|spoken| spoken.active)
    }
}

fn is_replaced<'a>(statement: &Statement, mut by: impl Iterator<Item = &'a Statement>) -> bool {
    by.any(|other| {
        other.voice.may_replace(&statement.voice) && other.replaces.contains(&statement.id)
    })
}

fn proved_back(heads: &Heads, author: AuthorId, says: Says) -> BTreeMap<u64, EnvelopeId> {
    let at = match says {
        Says::No(None) => return BTreeMap::new(),
        Says::No(Some(at)) | Says::Yes(at) => at,
    };
    if heads.at(author, at.n, at.id).is_none() {
        return BTreeMap::new();
    }
    heads.back(author, at.n, at.id).collect()
}
