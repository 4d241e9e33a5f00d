//! What is known of the changes already in a document: enough to check that a new one refers only
//! to operations of its own past, of the right container and the right sort.
//!
//! Automerge trusts its input here (a reference to an operation that does not exist panics), and
//! looks at the document it has, so an unchecked reference could be taken by one node and refused
//! by another. All checks below look only at the past that the change names, so every node that
//! has this past gives the same answer.

use std::collections::BTreeMap;

use thiserror::Error;

use super::chunk::Chunk;
use super::error::{LedgerError, PrecheckError};
use super::kind::{ContentKind, GENESIS_ACTOR, Shape};
use super::limit::EDIT_1;
use super::precheck::{ACTION_DELETE, ChangeSummary};
use super::row::{Key, Op, OpRef, Rows};

/// A stretch of neighbouring operations of one sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    /// Counter of the first operation.
    from: u64,
    /// Place of the container in the list of the kind.
    container: usize,
    insert: bool,
}

/// How many changes of each actor lie in a past; sorted by actor. Sequence numbers and the number
/// of actors fit 32 bits, since a document has at most 50,000 changes.
#[derive(Debug, Clone, Default)]
struct Clock(Vec<(u32, u32)>);

impl Clock {
    fn of(&self, actor: usize) -> u64 {
        let place = self
            .0
            .binary_search_by_key(&(actor as u32), |(actor, _)| *actor);
        place
            .ok()
            .and_then(|place| self.0.get(place))
            .map_or(0, |(_, seq)| u64::from(*seq))
    }

    fn reach(&mut self, actor: usize, seq: u64) {
        match self
            .0
            .binary_search_by_key(&(actor as u32), |(actor, _)| *actor)
        {
            Ok(place) => self.0[place].1 = self.0[place].1.max(seq as u32),
            Err(place) => self.0.insert(place, (actor as u32, seq as u32)),
        }
    }
}

/// A change that was checked, as the ledger keeps it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    hash: [u8; 32],
    start_op: u64,
    ops_max: u64,
    /// The past, this change included.
    clock: Clock,
    stretches: Vec<Stretch>,
    /// Keys of the operations on maps, by counter.
    keys: BTreeMap<u64, String>,
}

/// The changes of one document, with their past and the sort of their operations.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
    by_hash: BTreeMap<[u8; 32], usize>,
    actors: BTreeMap<[u8; 32], usize>,
    /// Places in `entries` of an actor's changes, in sequence.
    by_actor: Vec<Vec<usize>>,
}

impl Ledger {
    pub(super) fn genesis(kind: ContentKind) -> Self {
        let entry = Entry {
            hash: kind.genesis_hash(),
            start_op: 1,
            ops_max: kind.containers().len() as u64,
            clock: Clock(vec![(0, 1)]),
            stretches: Vec::new(),
            keys: BTreeMap::new(),
        };
        let mut ledger = Self::default();
        ledger.push(GENESIS_ACTOR, entry);
        ledger
    }

    /// Changes in the document, the genesis not counted.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - 1
    }

    pub(super) fn contains(&self, hash: &[u8; 32]) -> bool {
        self.by_hash.contains_key(hash)
    }

    /// Hash of an actor's last change, if it has made one.
    pub(super) fn last_of(&self, actor: &[u8; 32]) -> Option<[u8; 32]> {
        let list = self.by_actor.get(*self.actors.get(actor)?)?;
        Some(self.entries.get(*list.last()?)?.hash)
    }

    /// Checks a change that passed the pre-check against the past that it names.
    pub(super) fn check(
        &self,
        kind: ContentKind,
        bytes: &[u8],
        summary: &ChangeSummary,
    ) -> Result<Entry, AdmitError> {
        let mut clock = self.past(summary)?;
        let actor = self
            .actors
            .get(&summary.actor)
            .copied()
            .unwrap_or(self.by_actor.len());
        self.check_sequence(summary, actor, &clock)?;
        clock.reach(actor, summary.seq);
        let chunk = Chunk::read(bytes, &EDIT_1, &summary.actor)?;
        let mut entry = Entry {
            hash: summary.hash,
            start_op: summary.start_op,
            ops_max: summary.ops_max,
            clock,
            stretches: Vec::new(),
            keys: BTreeMap::new(),
        };
        let mut rows = Rows::new(&chunk, &EDIT_1)?;
        while let Some(op) = rows.next_op()? {
            let scope = Scope {
                ledger: self,
                kind,
                chunk: &chunk,
                entry: &entry,
                op: &op,
            };
            let container = scope.check()?;
            for _ in 0..op.preds {
                scope.check_pred(container, rows.next_pred()?)?;
            }
            entry.record(&op, container);
        }
        Ok(entry)
    }

    fn past(&self, summary: &ChangeSummary) -> Result<Clock, LedgerError> {
        let absent = summary.deps.iter().filter(|dep| !self.contains(dep));
        let missing: Vec<[u8; 32]> = absent.copied().collect();
        if !missing.is_empty() {
            return Err(LedgerError::Missing(missing));
        }
        let mut clock = Clock::default();
        let mut highest = 0;
        let deps = summary.deps.iter().filter_map(|dep| self.by_hash.get(dep));
        for entry in deps.filter_map(|place| self.entries.get(*place)) {
            highest = highest.max(entry.ops_max);
            for (actor, seq) in &entry.clock.0 {
                clock.reach(*actor as usize, u64::from(*seq));
            }
        }
        if summary.start_op != highest + 1 {
            let (expected, found) = (highest + 1, summary.start_op);
            return Err(LedgerError::Counter { expected, found });
        }
        Ok(clock)
    }

    fn check_sequence(
        &self,
        summary: &ChangeSummary,
        actor: usize,
        clock: &Clock,
    ) -> Result<(), LedgerError> {
        let expected = clock.of(actor) + 1;
        if summary.seq != expected {
            return Err(LedgerError::Sequence {
                expected,
                found: summary.seq,
            });
        }
        let twin = self
            .by_actor
            .get(actor)
            .and_then(|list| list.get(expected as usize - 1));
        match twin.and_then(|place| self.entries.get(*place)) {
            Some(twin) => Err(LedgerError::Fork {
                seq: summary.seq,
                standing: twin.hash,
            }),
            None => Ok(()),
        }
    }

    /// Takes in a change that was checked.
    pub(super) fn push(&mut self, actor: [u8; 32], entry: Entry) {
        let next = self.by_actor.len();
        let actor = *self.actors.entry(actor).or_insert(next);
        if actor == next {
            self.by_actor.push(Vec::new());
        }
        if let Some(list) = self.by_actor.get_mut(actor) {
            list.push(self.entries.len());
        }
        self.by_hash.insert(entry.hash, self.entries.len());
        self.entries.push(entry);
    }

    /// The entry that holds an operation, if it lies within the given past.
    fn holder(&self, past: &Entry, actor: &[u8; 32], counter: u64) -> Option<&Entry> {
        let actor = self.actors.get(actor)?;
        let known = past.clock.of(*actor) as usize;
        let list = self.by_actor.get(*actor)?;
        let list = list.get(..known.min(list.len()))?;
        let after = list.partition_point(|place| self.entries[*place].start_op <= counter);
        let entry = self.entries.get(*list.get(after.checked_sub(1)?)?)?;
        (counter <= entry.ops_max).then_some(entry)
    }
}

/// A refusal by either of the two checks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum AdmitError {
    #[error(transparent)]
    Precheck(#[from] PrecheckError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Entry {
    fn record(&mut self, op: &Op<'_>, container: usize) {
        let from = self.start_op + op.index;
        let stretch = Stretch {
            from,
            container,
            insert: op.insert,
        };
        let continues = self.stretches.last().is_some_and(|last| {
            (last.container, last.insert) == (stretch.container, stretch.insert)
        });
        if !continues {
            self.stretches.push(stretch);
        }
        if let (Key::Name(name), true) = (op.key, op.action != ACTION_DELETE) {
            self.keys.insert(from, name.to_owned());
        }
    }

    fn stretch(&self, counter: u64) -> Option<&Stretch> {
        let after = self
            .stretches
            .partition_point(|stretch| stretch.from <= counter);
        self.stretches.get(after.checked_sub(1)?)
    }
}

/// One operation beside everything it may refer to.
struct Scope<'a> {
    ledger: &'a Ledger,
    kind: ContentKind,
    chunk: &'a Chunk<'a>,
    entry: &'a Entry,
    op: &'a Op<'a>,
}

impl Scope<'_> {
    fn refuse<T>(&self, rule: &'static str, found: u64) -> Result<T, LedgerError> {
        Err(LedgerError::Reference {
            index: self.op.index,
            rule,
            found,
        })
    }

    /// Returns the place of the container that the operation changes.
    fn check(&self) -> Result<usize, LedgerError> {
        let target = self
            .op
            .container
            .filter(|id| self.actor(*id) == Some(&GENESIS_ACTOR));
        let place = target.and_then(|id| usize::try_from(id.counter).ok()?.checked_sub(1));
        let container = place.and_then(|place| Some((place, self.kind.containers().get(place)?)));
        let Some((place, container)) = container else {
            let found = self.op.container.map_or(0, |id| id.counter);
            return self.refuse("an edit changes a container of the genesis", found);
        };
        match (container.shape, self.op.key) {
            (Shape::Text, Key::Head) | (Shape::Map, Key::Name(_)) => Ok(place),
            (Shape::Record, Key::Name(_)) if self.op.preds == 0 => Ok(place),
            (Shape::Record, Key::Name(_)) => self.refuse(
                "a record is written once",
                self.entry.start_op + self.op.index,
            ),
            (Shape::Text, Key::Element(element)) => {
                let insert = self.holding(element).and_then(|holder| {
                    holder
                        .stretch(element.counter)
                        .filter(|stretch| stretch.insert)
                });
                if insert.is_some_and(|stretch| stretch.container == place) {
                    return Ok(place);
                }
                self.refuse(
                    "a place in a text is a character of its past",
                    element.counter,
                )
            }
            _ => self.refuse("texts have places and maps have names", place as u64 + 1),
        }
    }

    fn check_pred(&self, container: usize, pred: OpRef) -> Result<(), LedgerError> {
        let Key::Name(name) = self.op.key else {
            return Ok(());
        };
        let holder = self.holding(pred);
        let same = holder.is_some_and(|holder| {
            let key = holder.keys.get(&pred.counter).map(String::as_str);
            let stretch = holder.stretch(pred.counter);
            key == Some(name) && stretch.is_some_and(|stretch| stretch.container == container)
        });
        if same {
            return Ok(());
        }
        self.refuse("a predecessor set the same key in its past", pred.counter)
    }

    fn holding(&self, id: OpRef) -> Option<&Entry> {
        if id.actor == 0 && id.counter >= self.entry.start_op {
            // Earlier operations of the same change; the pre-check refused later ones.
            return Some(self.entry);
        }
        self.ledger.holder(self.entry, self.actor(id)?, id.counter)
    }

    fn actor(&self, id: OpRef) -> Option<&[u8; 32]> {
        self.chunk.actors.get(usize::try_from(id.actor).ok()?)
    }
}
