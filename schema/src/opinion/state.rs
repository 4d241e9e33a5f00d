//! Rules 21 and 23 to 26: how one envelope stands, between which times it was provably signed, and
//! when it counts as filed.

use super::paper::{Paper, Papers, Says};
use super::scope::within;
use super::word::{Statement, Word, is_told_no, undropped, word};
use super::{Opinion, Reading, State, Void, Wait, Window};
use crate::act::{Act, Appoint};
use crate::envelope::Duty;
use crate::id::{AuthorId, EnvelopeId};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that the states of one author's envelopes rest on.
struct Grounds {
    statements: Vec<Statement>,
    filed: BTreeMap<EnvelopeId, i64>,
    chained: BTreeSet<EnvelopeId>,
    path: Vec<EnvelopeId>,
    /// The path as it would be if nobody had endorsed anything.
    unaided: BTreeSet<EnvelopeId>,
    /// Newest counting superior receipt cited up to each head of the path.
    lower: BTreeMap<EnvelopeId, i64>,
}

/// When the endorsement was filed without which something would not count; none where none of them
/// is filed.
pub(super) type Floor = Option<i64>;

impl Opinion<'_> {
    /// Judges every envelope of an author, whose superiors have all been judged.
    pub(super) fn judge(&mut self, author: AuthorId) {
        let grounds = self.grounds(author);
        let papers = self.papers;
        let mut cut = BTreeSet::new();
        for paper in papers.heads_of(author).into_values().flatten() {
            let below = papers.below(paper).map(|below| below.id);
            if is_told_no(&grounds.statements, paper) || below.is_some_and(|id| cut.contains(&id)) {
                cut.insert(paper.id);
            }
            let reading = match self.off_path(paper, &grounds, &cut) {
                Some(wait) => Reading::without_window(State::Waiting(wait)),
                None => self.on_path(paper, &grounds),
            };
            self.states.insert(paper.id, reading.state);
            self.readings.insert(paper.id, reading);
        }
        self.count_receipts(&grounds.path);
    }

    fn grounds(&self, author: AuthorId) -> Grounds {
        let spoken = self.statements(author);
        let covered = self.covered(author);
        let statements = undropped(&spoken);
        let path = self.good_path(author, &statements, &covered);
        let revoked: Vec<Statement> = spoken.into_iter().filter(|said| !said.endorses).collect();
        let unaided = self.good_path(author, &undropped(&revoked), &covered);
        Grounds {
            filed: self.filed_whole(author),
            chained: self.papers.chained(author),
            lower: self.lower(author, &path),
            unaided: unaided.into_iter().collect(),
            statements,
            path,
        }
    }

    /// Rule 23: the newest time of a counting superior receipt cited up to each head.
    fn lower(&self, author: AuthorId, path: &[EnvelopeId]) -> BTreeMap<EnvelopeId, i64> {
        let mut lower = BTreeMap::new();
        let mut newest = None;
        for paper in path.iter().filter_map(|id| self.papers.get(*id)) {
            let cited = paper.head.receipt.and_then(|id| self.papers.get(id));
            let superior = cited.filter(|cited| self.is_by_witness(cited, author));
            let time = superior.and_then(|cited| self.counting.get(&cited.id));
            newest = newest.max(time.copied());
            lower.extend(newest.map(|time| (paper.id, time)));
        }
        lower
    }

    /// Rule 21, as far as the set alone tells.
    fn off_path(
        &self,
        paper: &Paper,
        grounds: &Grounds,
        cut: &BTreeSet<EnvelopeId>,
    ) -> Option<Wait> {
        if !grounds.path.contains(&paper.id) {
            return Some(if !grounds.chained.contains(&paper.id) {
                Wait::Gap
            } else if cut.contains(&paper.id) {
                Wait::Cut
            } else {
                Wait::Fork
            });
        }
        if paper.inside.is_none() {
            return Some(Wait::Body);
        }
        (!self.complete.contains(&paper.id)).then_some(Wait::Deps)
    }

    /// Rules 2, 22 and 24 for an envelope that lies on the good path with all that it names.
    fn on_path(&self, paper: &Paper, grounds: &Grounds) -> Reading {
        let Some(key) = self.papers.key(paper.head.author) else {
            return Reading::without_window(State::Waiting(Wait::Appointment));
        };
        if !may_sign(key.duty, paper) {
            return Reading::without_window(State::Void(Void::Duty));
        }
        if self.papers.keeps_root(paper.head.author) {
            return Self::by_root(paper);
        }
        let window = Window {
            lower: grounds.lower.get(&paper.id).copied(),
            filed: grounds.filed.get(&paper.id).copied(),
        };
        // Q7: whoever signed had seen the newest receipt cited, so no filing lies before it.
        let window = Window {
            filed: window
                .filed
                .map(|filed| filed.max(window.lower.unwrap_or(filed))),
            ..window
        };
        let (behind, act) = match self.appointment(paper) {
            Ok(found) => found,
            Err(state) => return Reading::without_window(state),
        };
        let spoken = word(&grounds.statements, paper).filter(|word| word.yes);
        let claimed = paper.claimed().unwrap_or_default();
        let (good, healed) = match in_time(window, claimed, act, spoken.is_some()) {
            Ok(healed) => (scope(paper, Some(act)), healed),
            Err(state) => (Err(state), false),
        };
        let floors = [
            self.readings.get(&behind).and_then(|reading| reading.floor),
            self.floor_of_path(paper, grounds),
            spoken
                .filter(|_| healed)
                .map(|word| self.first_filed(&word.by)),
        ];
        let floor = floors.into_iter().flatten().reduce(later);
        let filed = match floor {
            None => window.filed,
            Some(floor) => later(window.filed, floor),
        };
        Reading {
            state: good.map_or_else(|state| state, |()| State::Good { filed }),
            window,
            floor,
        }
    }

    /// Rule 5: a root act needs no appointment and is filed when it says so.
    fn by_root(paper: &Paper) -> Reading {
        let filed = paper.claimed();
        let state = match scope(paper, None) {
            Ok(()) => State::Good { filed },
            Err(state) => state,
        };
        Reading {
            state,
            window: Window { lower: None, filed },
            floor: None,
        }
    }

    /// Rule 26: where a head counts only because of endorsements, the filing of the last of those
    /// that its way from position 1 needed.
    fn floor_of_path(&self, paper: &Paper, grounds: &Grounds) -> Option<Floor> {
        if grounds.unaided.contains(&paper.id) {
            return None;
        }
        let way = grounds.path.iter().take(paper.head.n as usize);
        let needed = way.filter(|id| !grounds.unaided.contains(id));
        let words = needed.filter_map(|id| {
            let word: Word = word(&grounds.statements, self.papers.get(*id)?)?;
            word.yes.then_some(word.by)
        });
        let last = words.map(|by| self.first_filed(&by)).reduce(later);
        // An endorsement may only have taken the place of a revocation and say nothing here.
        let any = grounds.statements.iter().filter(|said| said.endorses);
        let any: Vec<EnvelopeId> = any.map(|said| said.id).collect();
        Some(last.unwrap_or_else(|| self.first_filed(&any)))
    }

    /// The smallest filed time of some endorsements.
    fn first_filed(&self, endorsements: &[EnvelopeId]) -> Floor {
        let filed = endorsements
            .iter()
            .filter_map(|id| match self.states.get(id) {
                Some(State::Good { filed }) => *filed,
                _ => None,
            });
        filed.min()
    }
}

/// The later of two times, none being never.
fn later(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    Some(one?.max(other?))
}

/// Rule 2: which duty signs what.
fn may_sign(duty: Duty, paper: &Paper) -> bool {
    /// The highest kind number of the roster's acts.
    const ROSTER_KIND_MAX: u16 = 31;
    let wanted = match &paper.inside {
        Some((_, Says::Receipt(_))) => Duty::Witness,
        Some((
            _,
            Says::Act {
                act: Act::Root(_), ..
            },
        )) => return duty != Duty::Witness,
        Some((
            _,
            Says::Act {
                act: Act::StandIn(_) | Act::Ask(_),
                ..
            },
        )) => Duty::Staff,
        Some((_, Says::Act { act, .. })) if (1..=ROSTER_KIND_MAX).contains(&act.kind()) => {
            Duty::Keeper
        }
        _ => Duty::Staff,
    };
    duty == wanted
}

/// Rule 24, line by line; says whether it took an endorsement.
fn in_time(window: Window, claimed: i64, act: &Appoint, told_yes: bool) -> Result<bool, State> {
    let (start, end) = (act.not_before, act.not_after);
    let moved = window.clamp(claimed);
    let lower_after_end = window.lower.is_some_and(|lower| lower > end);
    let filed_before_start = window.filed.is_some_and(|filed| filed < start);
    if lower_after_end || filed_before_start {
        return Err(State::Void(Void::Interval));
    }
    if window.filed.is_some_and(|filed| filed <= end) && moved >= start {
        return Ok(false);
    }
    if moved > end {
        return Err(State::Void(Void::Interval));
    }
    if window.filed.is_none() && (start..=end).contains(&moved) {
        return Ok(false);
    }
    if told_yes {
        return Ok(true);
    }
    Err(State::Waiting(Wait::Window))
}

/// Rule 21: the envelopes whose body is here and all that they name, and so on down.
pub(super) fn complete(papers: &Papers) -> BTreeSet<EnvelopeId> {
    let mut owing = BTreeMap::<EnvelopeId, usize>::new();
    let mut named_by = BTreeMap::<EnvelopeId, Vec<EnvelopeId>>::new();
    let mut ready = Vec::new();
    for paper in papers.iter().filter(|paper| paper.inside.is_some()) {
        let names: BTreeSet<EnvelopeId> = paper.names().into_iter().collect();
        let here = |id: &EnvelopeId| {
            let named = papers.get(*id);
            named
                .is_none_or(|named| named.dossier().is_none() || named.dossier() == paper.dossier())
        };
        if !names.iter().all(here) {
            continue;
        }
        if names.is_empty() {
            ready.push(paper.id);
        }
        owing.insert(paper.id, names.len());
        for name in names {
            named_by.entry(name).or_default().push(paper.id);
        }
    }
    let mut complete = BTreeSet::new();
    while let Some(id) = ready.pop() {
        complete.insert(id);
        for by in named_by.get(&id).into_iter().flatten() {
            let left = owing.get_mut(by).map(|left| {
                *left -= 1;
                *left
            });
            if left == Some(0) {
                ready.push(*by);
            }
        }
    }
    complete
}

/// Rule 22, as it concerns what is signed: an act that appoints gives no more than its signer has.
fn scope(paper: &Paper, own: Option<&Appoint>) -> Result<(), State> {
    match paper.act() {
        Some((_, Act::Appoint(act))) => within(act, own),
        _ => Ok(()),
    }
}
