//! The operations of a change, one at a time and without building a list of them.

use super::chunk::{Chunk, Column};
use super::column::{Flags, Runs};
use super::error::PrecheckError;
use super::limit::EditLimits;
use super::reader::Reader;

/// An operation's id as a change writes it: the place of the actor in the change's list, and the
/// actor's counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpRef {
    pub(super) actor: u64,
    pub(super) counter: u64,
}

/// What an operation acts on inside its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key<'a> {
    /// A key of a map.
    Name(&'a str),
    /// The beginning of a text.
    Head,
    /// A character of a text, by the operation that inserted it.
    Element(OpRef),
}

/// A value as it stands in the change: its type code and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value<'a> {
    pub(super) code: u64,
    pub(super) bytes: &'a [u8],
}

/// One operation. `container` is empty for the root of the document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Op<'a> {
    pub(super) index: u64,
    pub(super) container: Option<OpRef>,
    pub(super) key: Key<'a>,
    pub(super) insert: bool,
    pub(super) action: u64,
    pub(super) value: Value<'a>,
    /// Predecessors; fetch exactly so many with [`Rows::next_pred`] before the next operation.
    pub(super) preds: u64,
}

/// Walks the operations of a change. Bounded by the limits, whatever the columns claim.
pub(super) struct Rows<'a> {
    ops: u64,
    index: u64,
    value_bytes_max: usize,
    obj_actor: Runs<'a, u64>,
    obj_counter: Runs<'a, u64>,
    key_actor: Runs<'a, u64>,
    key_counter: Delta<'a>,
    key_text: Runs<'a, &'a str>,
    insert: Flags<'a>,
    action: Runs<'a, u64>,
    value_meta: Runs<'a, u64>,
    value: Reader<'a>,
    pred_count: Runs<'a, u64>,
    pred_actor: Runs<'a, u64>,
    pred_counter: Delta<'a>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(chunk: &Chunk<'a>, limits: &EditLimits) -> Result<Self, PrecheckError> {
        let max = limits.rows_max;
        let key_max = limits.key_bytes_max;
        let of = |column| chunk.column(column);
        let ops = Runs::<u64>::new(of(Column::Action), "action", max, key_max).count()?;
        if ops == 0 {
            return Err(PrecheckError::Count {
                what: "operations",
                count: 0,
                max,
            });
        }
        let runs = |column, name, rows| Runs::new(of(column), name, rows, key_max);
        let preds = count_preds(runs(Column::PredCount, "pred count", ops), ops, max)?;
        Ok(Self {
            ops,
            index: 0,
            value_bytes_max: limits.value_bytes_max,
            obj_actor: runs(Column::ObjActor, "object actor", ops),
            obj_counter: runs(Column::ObjCounter, "object counter", ops),
            key_actor: runs(Column::KeyActor, "key actor", ops),
            key_counter: Delta::new(of(Column::KeyCounter), "key counter", ops),
            key_text: Runs::new(of(Column::KeyText), "key text", ops, key_max),
            insert: Flags::new(of(Column::Insert), ops),
            action: runs(Column::Action, "action", ops),
            value_meta: runs(Column::ValueMeta, "value length", ops),
            value: Reader::new(of(Column::Value).unwrap_or_default(), "values"),
            pred_count: runs(Column::PredCount, "pred count", ops),
            pred_actor: runs(Column::PredActor, "pred actor", preds),
            pred_counter: Delta::new(of(Column::PredCounter), "pred counter", preds),
        })
    }

    /// Operations of the change, at least one.
    pub(super) fn ops(&self) -> u64 {
        self.ops
    }

    /// The next operation, or nothing after the last; then all columns are used up exactly.
    pub(super) fn next_op(&mut self) -> Result<Option<Op<'a>>, PrecheckError> {
        if self.index == self.ops {
            return self.finish().map(|()| None);
        }
        let index = self.index;
        self.index += 1;
        let container = match (self.obj_actor.next()?, self.obj_counter.next()?) {
            (Some(actor), Some(counter)) => Some(OpRef { actor, counter }),
            (None, None) => None,
            _ => return Err(broken(index, "an object has actor and counter", 0)),
        };
        let key = self.next_key(index)?;
        let insert = self.insert.next()?;
        let action = self.action.next()?;
        let action = action.ok_or_else(|| broken(index, "an operation has an action", 0))?;
        let value = self.next_value()?;
        let preds = self.pred_count.next()?.unwrap_or(0);
        Ok(Some(Op {
            index,
            container,
            key,
            insert,
            action,
            value,
            preds,
        }))
    }

    /// The next predecessor of the operation that was read last.
    pub(super) fn next_pred(&mut self) -> Result<OpRef, PrecheckError> {
        match (self.pred_actor.next()?, self.pred_counter.next()?) {
            (Some(actor), Some(counter)) => Ok(OpRef { actor, counter }),
            _ => Err(broken(
                self.index - 1,
                "a predecessor has actor and counter",
                0,
            )),
        }
    }

    fn next_key(&mut self, index: u64) -> Result<Key<'a>, PrecheckError> {
        let actor = self.key_actor.next()?;
        let counter = self.key_counter.next()?;
        match (self.key_text.next()?, actor, counter) {
            (Some(name), None, None) => Ok(Key::Name(name)),
            (None, None, Some(0)) => Ok(Key::Head),
            (None, Some(actor), Some(counter)) => Ok(Key::Element(OpRef { actor, counter })),
            _ => Err(broken(index, "a key is either a name or a place", 0)),
        }
    }

    fn next_value(&mut self) -> Result<Value<'a>, PrecheckError> {
        let meta = self.value_meta.next()?.unwrap_or(0);
        let (code, bytes) = (meta & 0x0f, meta >> 4);
        let max = self.value_bytes_max as u64;
        if bytes > max {
            return Err(PrecheckError::Length {
                what: "a value",
                bytes,
                max,
            });
        }
        Ok(Value {
            code,
            bytes: self.value.take(bytes)?,
        })
    }

    fn finish(&self) -> Result<(), PrecheckError> {
        self.obj_actor.finish()?;
        self.obj_counter.finish()?;
        self.key_actor.finish()?;
        self.key_counter.finish()?;
        self.key_text.finish()?;
        self.insert.finish()?;
        self.value_meta.finish()?;
        self.pred_count.finish()?;
        self.pred_actor.finish()?;
        self.pred_counter.finish()?;
        if self.value.is_empty() {
            return Ok(());
        }
        Err(PrecheckError::RowCount {
            column: "values",
            expected: self.ops,
        })
    }
}

/// A column of differences; yields the running sum.
struct Delta<'a> {
    runs: Runs<'a, i64>,
    sum: i64,
    name: &'static str,
}

impl<'a> Delta<'a> {
    fn new(bytes: Option<&'a [u8]>, name: &'static str, rows_max: u64) -> Self {
        Self {
            runs: Runs::new(bytes, name, rows_max, 0),
            sum: 0,
            name,
        }
    }

    fn next(&mut self) -> Result<Option<u64>, PrecheckError> {
        let Some(difference) = self.runs.next()? else {
            return Ok(None);
        };
        let sum = self.sum.checked_add(difference).filter(|sum| *sum >= 0);
        self.sum = sum.ok_or(PrecheckError::Number { within: self.name })?;
        Ok(Some(self.sum.unsigned_abs()))
    }

    fn finish(&self) -> Result<(), PrecheckError> {
        self.runs.finish()
    }
}

fn count_preds(mut counts: Runs<'_, u64>, ops: u64, max: u64) -> Result<u64, PrecheckError> {
    let mut preds = 0_u64;
    for _ in 0..ops {
        preds = preds.saturating_add(counts.next()?.unwrap_or(0));
        if preds > max {
            return Err(PrecheckError::Rows {
                column: "pred count",
                rows: preds,
                max,
            });
        }
    }
    Ok(preds)
}

/// An operation that breaks a rule of its own.
pub(super) fn broken(index: u64, rule: &'static str, found: u64) -> PrecheckError {
    PrecheckError::Operation { index, rule, found }
}
