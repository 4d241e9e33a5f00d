//! The door before Automerge: admits only changes of the few shapes that our own writer makes.
//!
//! Automerge 0.12 expands a 127-byte change to five million operations, unpacks without bound and
//! panics on malformed input, so nothing is decoded by it that did not pass here. An edit sets and
//! deletes keys of maps, and inserts and deletes characters of texts. It makes no objects, counts
//! nothing, marks nothing and leaves the root alone.

use super::chunk::Chunk;
use super::error::PrecheckError;
use super::limit::EditLimits;
use super::row::{Key, Op, OpRef, Rows, Value, broken};

/// Sets a value, or inserts one.
pub(super) const ACTION_SET: u64 = 1;
/// Deletes the predecessors.
pub(super) const ACTION_DELETE: u64 = 3;

const VALUE_NULL: u64 = 0;
const VALUE_TRUE: u64 = 2;
const VALUE_UNSIGNED: u64 = 3;
const VALUE_SIGNED: u64 = 4;
const VALUE_TEXT: u64 = 6;
const VALUE_BYTES: u64 = 7;
const VALUE_TIME: u64 = 9;

/// What a change says about itself, once it is known to keep the rules of `edit/1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSummary {
    /// SHA-256 of the change: its name in other changes' deps.
    pub hash: [u8; 32],
    /// The author, as given by the caller.
    pub actor: [u8; 32],
    /// The author's count of changes in this document, from 1.
    pub seq: u64,
    /// Counter of its first operation, from 1.
    pub start_op: u64,
    /// Hashes of the changes it builds on, ascending, 1 to 16.
    pub deps: Vec<[u8; 32]>,
    /// Counter of its last operation.
    pub ops_max: u64,
    /// Milliseconds since 1970 UTC as the author claims; decides nothing.
    pub time_ms: i64,
}

impl ChangeSummary {
    /// Operations in the change.
    pub fn rows(&self) -> u64 {
        self.ops_max - self.start_op + 1
    }
}

/// Checks the bytes of one change against every rule that needs no document.
///
/// Reads each byte at most a few times, allocates less than the input's length, never panics.
pub fn precheck(
    bytes: &[u8],
    limits: &EditLimits,
    expected_actor: &[u8; 32],
) -> Result<ChangeSummary, PrecheckError> {
    let chunk = Chunk::read(bytes, limits, expected_actor)?;
    let mut rows = Rows::new(&chunk, limits)?;
    let ops_max = chunk.start_op.saturating_add(rows.ops() - 1);
    if ops_max > limits.counter_max {
        let max = limits.counter_max;
        return Err(PrecheckError::Range {
            what: "a last counter",
            found: ops_max,
            max,
        });
    }
    let mut mentioned = [false; 256];
    let mut before = None;
    while let Some(op) = rows.next_op()? {
        check_op(&chunk, &op, &mut mentioned)?;
        before = check_name(&op, before)?;
        check_preds(&chunk, &op, &mut rows, &mut mentioned)?;
    }
    let idle = (1..chunk.actors.len()).find(|place| mentioned.get(*place) == Some(&false));
    if let Some(index) = idle {
        return Err(broken(index as u64, "a listed actor is referred to", 0));
    }
    Ok(ChangeSummary {
        hash: chunk.hash,
        actor: *expected_actor,
        seq: chunk.seq,
        start_op: chunk.start_op,
        deps: chunk.deps,
        ops_max,
        time_ms: chunk.time_ms,
    })
}

/// The body of a fuzz target: any bytes whatever may be refused, none may panic.
pub fn fuzz_precheck(bytes: &[u8]) {
    let actor = bytes
        .get(..32)
        .and_then(|head| head.try_into().ok())
        .unwrap_or([7; 32]);
    let _refused_or_not = precheck(bytes, &super::limit::EDIT_1, &actor);
}

fn check_op(chunk: &Chunk<'_>, op: &Op<'_>, seen: &mut [bool; 256]) -> Result<(), PrecheckError> {
    let refuse = |rule, found| Err(broken(op.index, rule, found));
    let Some(container) = op.container else {
        return refuse("an edit changes a container, never the root", 0);
    };
    check_ref(chunk, op.index, container, seen)?;
    if let Key::Element(element) = op.key {
        check_ref(chunk, op.index, element, seen)?;
    }
    match (op.key, op.action, op.insert) {
        (Key::Name(""), ..) => refuse("a key has 1 or more bytes", 0),
        (Key::Name(_), ACTION_SET, false) => check_value(op.index, op.value),
        (Key::Head | Key::Element(_), ACTION_SET, true) if op.preds == 0 => {
            check_character(op.index, op.value)
        }
        (Key::Name(_), ACTION_DELETE, false) if op.preds == 0 => {
            refuse("a deleted key has predecessors", 0)
        }
        (Key::Element(_), ACTION_DELETE, false) if op.preds != 1 => {
            refuse("a deleted character has one predecessor", op.preds)
        }
        (Key::Name(_) | Key::Element(_), ACTION_DELETE, false) => {
            if op.value
                == (Value {
                    code: VALUE_NULL,
                    bytes: &[],
                })
            {
                return Ok(());
            }
            refuse("a deletion carries no value", op.value.code)
        }
        _ => refuse(
            "an edit sets or deletes a key, inserts or deletes a character",
            op.action,
        ),
    }
}

/// One change sets a key once. Returns the last name met, with its container.
fn check_name<'a>(op: &Op<'a>, before: Name<'a>) -> Result<Name<'a>, PrecheckError> {
    let Key::Name(name) = op.key else {
        return Ok(before);
    };
    let name = Some((op.container.map_or(0, |container| container.counter), name));
    if name > before {
        return Ok(name);
    }
    Err(broken(
        op.index,
        "the keys that a change sets ascend without repeats",
        op.index,
    ))
}

type Name<'a> = Option<(u64, &'a str)>;

fn check_preds(
    chunk: &Chunk<'_>,
    op: &Op<'_>,
    rows: &mut Rows<'_>,
    seen: &mut [bool; 256],
) -> Result<(), PrecheckError> {
    let mut before = None;
    for _ in 0..op.preds {
        let pred = rows.next_pred()?;
        let actor = check_ref(chunk, op.index, pred, seen)?;
        if before >= Some((pred.counter, actor)) {
            return Err(broken(op.index, "predecessors ascend", pred.counter));
        }
        before = Some((pred.counter, actor));
        if matches!(op.key, Key::Element(element) if element != pred) {
            let rule = "the predecessor of a deleted character is the character";
            return Err(broken(op.index, rule, pred.counter));
        }
    }
    Ok(())
}

/// Refers to a listed actor and to an operation that is older by its counter.
fn check_ref(
    chunk: &Chunk<'_>,
    index: u64,
    target: OpRef,
    seen: &mut [bool; 256],
) -> Result<[u8; 32], PrecheckError> {
    let place = usize::try_from(target.actor).unwrap_or(usize::MAX);
    let (Some(actor), Some(seen)) = (chunk.actors.get(place), seen.get_mut(place)) else {
        return Err(broken(
            index,
            "an actor is on the list of actors",
            target.actor,
        ));
    };
    *seen = true;
    if target.counter == 0 || target.counter >= chunk.start_op.saturating_add(index) {
        return Err(broken(
            index,
            "an operation refers to an earlier one",
            target.counter,
        ));
    }
    Ok(*actor)
}

fn check_character(index: u64, value: Value<'_>) -> Result<(), PrecheckError> {
    let one = std::str::from_utf8(value.bytes)
        .ok()
        .filter(|text| text.chars().count() == 1);
    if value.code == VALUE_TEXT && one.is_some() {
        return Ok(());
    }
    Err(broken(
        index,
        "an inserted value is one character",
        value.bytes.len() as u64,
    ))
}

/// Any plain value may stand under a key. Whether it is of the type that is wanted there is a
/// matter of reading: a valid signer's mistake is shown as malformed, not refused.
fn check_value(index: u64, value: Value<'_>) -> Result<(), PrecheckError> {
    let bytes = value.bytes.len() as u64;
    let mut number = super::reader::Reader::new(value.bytes, "a value");
    match value.code {
        VALUE_NULL..=VALUE_TRUE if bytes == 0 => return Ok(()),
        VALUE_NULL..=VALUE_TRUE => {}
        VALUE_UNSIGNED => {
            number.unsigned()?;
            if number.is_empty() {
                return Ok(());
            }
        }
        VALUE_SIGNED | VALUE_TIME => {
            number.signed()?;
            if number.is_empty() {
                return Ok(());
            }
        }
        VALUE_TEXT => {
            let within = "a value";
            std::str::from_utf8(value.bytes).map_err(|_| PrecheckError::Utf8 { within })?;
            return Ok(());
        }
        VALUE_BYTES => return Ok(()),
        code => {
            let rule = "a value is nothing, true, false, a whole number, text, bytes or a time";
            return Err(broken(index, rule, code));
        }
    }
    Err(broken(index, "a value is as long as its type says", bytes))
}
