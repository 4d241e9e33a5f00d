//! Which items differ between two nodes: range-based set reconciliation over the stretches that one
//! link shows.
//!
//! A message names stretches of the key order, each with a fingerprint of what the sender has there
//! or, where that is
//! little, with the items themselves. Equal stretches are answered with silence, others are cut
//! into smaller ones.

use crate::index::{Index, View};
use crate::item::{Digest, ItemRef, KEY_BYTES, Key, Salt, Short};
use std::collections::BTreeMap;
use thiserror::Error;

/// Into how many stretches one that differs is cut.
const BRANCHES: usize = 16;
/// Most items that are listed instead of being cut further.
const LEAF_ITEMS_MAX: usize = 12;
/// Most items that a peer may list in one stretch.
const LEAF_ITEMS_BOUND: usize = 255;
/// Bytes after which a message is closed and another begun.
const MESSAGE_BYTES: usize = 64 * 1024;

type Print = [u8; 8];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Say {
    Skip,
    Print(Print),
    Leaf(Vec<(ItemRef, Short)>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretch {
    hi: Key,
    say: Say,
}

/// Why a message of stretches is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum ReadStretchesError {
    /// It ends inside a stretch.
    #[error("the stretches end after {0} bytes, inside one")]
    Short(usize),
    /// The bounds do not ascend.
    #[error("stretches ascend, the one at byte {0} does not")]
    Unsorted(usize),
    /// A bound is longer than a key or shares more than there is.
    #[error("a bound is at most {KEY_BYTES} bytes, the one at byte {0} is longer")]
    Bound(usize),
    /// An unknown kind of stretch.
    #[error("a stretch is skipped, printed or listed, the one at byte {0} is none of these")]
    Kind(usize),
}

/// What one message taught, and what to answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Messages to send back; none when the stretches are settled.
    pub(crate) messages: Vec<Vec<u8>>,
    /// Items that both have and that differ.
    pub(crate) differ: Vec<Key>,
    /// Items that only this node has.
    pub(crate) ours: Vec<Key>,
    /// Items that only the peer has.
    pub(crate) theirs: Vec<ItemRef>,
}

/// What one side of a link sees of its items.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side<'a> {
    /// All items.
    pub(crate) index: &'a Index,
    /// Those that the link shows.
    pub(crate) view: &'a View,
    /// The session's salt.
    pub(crate) salt: Salt,
}

impl Side<'_> {
    /// The messages that open a reconciliation.
    pub(crate) fn open(&self) -> Vec<Vec<u8>> {
        let mut stretches = Vec::new();
        self.cut(Key::START, Key::END, &mut stretches);
        pack(Key::START, &stretches)
    }

    /// Reads a message of the peer, compares and answers.
    pub(crate) fn answer(&self, message: &[u8]) -> Result<Answer, ReadStretchesError> {
        let (start, stretches) = unpack(message)?;
        let (mut lo, mut answer, mut reply) = (start, Answer::default(), Vec::new());
        for Stretch { hi, say } in stretches {
            match say {
                Say::Skip => skip(hi, &mut reply),
                Say::Print(print) if print == self.print(&lo, &hi) => skip(hi, &mut reply),
                Say::Print(_) => self.cut(lo, hi, &mut reply),
                Say::Leaf(theirs) => {
                    self.compare(&lo, &hi, theirs, &mut answer);
                    skip(hi, &mut reply);
                }
            }
            lo = hi;
        }
        answer.messages = pack(start, &reply);
        Ok(answer)
    }

    fn print(&self, lo: &Key, hi: &Key) -> Print {
        let hash = self.view.sum(self.index, lo, hi).hash(&self.salt.0);
        let mut print = [0; 8];
        print.copy_from_slice(&hash[..8]);
        print
    }

    /// Says what is here between two keys: the items where they are few, else fingerprints of its
    /// parts.
    fn cut(&self, lo: Key, hi: Key, out: &mut Vec<Stretch>) {
        let count = self.view.sum(self.index, &lo, &hi).count as usize;
        if count <= LEAF_ITEMS_MAX {
            let items = self.view.items(self.index, &lo, &hi);
            let leaf = items.iter().map(|item| self.listed(item)).collect();
            let say = Say::Leaf(leaf);
            return out.push(Stretch { hi, say });
        }
        let parts = BRANCHES.min(count.div_ceil(LEAF_ITEMS_MAX / 2));
        let mut from = lo;
        for part in 1..=parts {
            let to = if part == parts {
                hi
            } else {
                self.border(&lo, &hi, count * part / parts)
            };
            let say = Say::Print(self.print(&from, &to));
            out.push(Stretch { hi: to, say });
            from = to;
        }
    }

    /// The shortest bound between the shown items `at - 1` and `at`.
    fn border(&self, lo: &Key, hi: &Key, at: usize) -> Key {
        let nth = |skip| self.view.nth(self.index, lo, hi, skip).unwrap_or(*hi);
        let (below, above) = (nth(at - 1), nth(at));
        let shared = shared(&below, &above);
        let mut border = Key::START;
        border.0[..=shared].copy_from_slice(&above.0[..=shared]);
        border
    }

    fn listed(&self, (key, digest): &(Key, Digest)) -> (ItemRef, Short) {
        (key.short(), self.salt.short(digest))
    }

    fn compare(&self, lo: &Key, hi: &Key, theirs: Vec<(ItemRef, Short)>, answer: &mut Answer) {
        let mut theirs: BTreeMap<ItemRef, Short> = theirs.into_iter().collect();
        for (key, digest) in self.view.items(self.index, lo, hi) {
            match theirs.remove(&key.short()) {
                None => answer.ours.push(key),
                Some(short) if short != self.salt.short(&digest) => answer.differ.push(key),
                Some(_) => {}
            }
        }
        answer.theirs.extend(theirs.into_keys());
    }
}

fn skip(hi: Key, out: &mut Vec<Stretch>) {
    match out.last_mut() {
        Some(last) if last.say == Say::Skip => last.hi = hi,
        _ => out.push(Stretch { hi, say: Say::Skip }),
    }
}

/// How many first bytes two different keys share.
fn shared(a: &Key, b: &Key) -> usize {
    let same = a.0.iter().zip(b.0).take_while(|(a, b)| **a == *b).count();
    same.min(KEY_BYTES - 1)
}

/// Writes stretches as messages of bounded length, without what is settled at either end.
fn pack(start: Key, stretches: &[Stretch]) -> Vec<Vec<u8>> {
    let (mut messages, mut lo) = (Vec::new(), start);
    let mut open: Option<Vec<u8>> = None;
    let mut skipped = None;
    for Stretch { hi, say } in stretches {
        if *say == Say::Skip {
            skipped = Some(*hi);
        } else {
            if open.is_none() {
                let mut message = Vec::new();
                put_bound(&mut message, 0, &Key::START, &skipped.unwrap_or(lo));
                open = Some(message);
            } else if let (Some(message), Some(end)) = (&mut open, skipped) {
                put_bound(message, 0, &lo, &end);
            }
            lo = skipped.take().unwrap_or(lo);
            if let Some(message) = &mut open {
                put(message, &lo, hi, say);
            }
            lo = *hi;
            if open.as_ref().is_some_and(|m| m.len() > MESSAGE_BYTES) {
                messages.extend(open.take());
            }
        }
    }
    messages.extend(open);
    messages
}

fn put(out: &mut Vec<u8>, lo: &Key, hi: &Key, say: &Say) {
    match say {
        Say::Skip => put_bound(out, 0, lo, hi),
        Say::Print(print) => {
            put_bound(out, 1, lo, hi);
            out.extend_from_slice(print);
        }
        Say::Leaf(items) => {
            put_bound(out, 2, lo, hi);
            out.push(items.len().min(LEAF_ITEMS_BOUND) as u8);
            for (short, digest) in items.iter().take(LEAF_ITEMS_BOUND) {
                out.extend_from_slice(short);
                out.extend_from_slice(digest);
            }
        }
    }
}

/// A bound as what it shares with the one before and the rest without zeros at its end.
fn put_bound(out: &mut Vec<u8>, kind: u8, before: &Key, bound: &Key) {
    let len = KEY_BYTES - bound.0.iter().rev().take_while(|byte| **byte == 0).count();
    let shared = shared(before, bound).min(len);
    out.push(kind << 6 | (len - shared) as u8);
    out.push(shared as u8);
    out.extend_from_slice(&bound.0[shared..len]);
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ReadStretchesError> {
        let rest = &self.bytes[self.at..];
        let taken = rest
            .get(..count)
            .ok_or(ReadStretchesError::Short(self.bytes.len()))?;
        self.at += count;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], ReadStretchesError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn bound(&mut self, before: &Key) -> Result<(u8, Key), ReadStretchesError> {
        let at = self.at;
        let [head, shared] = self.fixed::<2>()?;
        let (kind, rest, shared) = (head >> 6, usize::from(head & 63), usize::from(shared));
        if shared + rest > KEY_BYTES {
            return Err(ReadStretchesError::Bound(at));
        }
        let mut key = Key::START;
        key.0[..shared].copy_from_slice(&before.0[..shared]);
        key.0[shared..shared + rest].copy_from_slice(self.take(rest)?);
        Ok((kind, key))
    }

    fn say(&mut self, kind: u8, at: usize) -> Result<Say, ReadStretchesError> {
        match kind {
            0 => Ok(Say::Skip),
            1 => Ok(Say::Print(self.fixed()?)),
            2 => {
                let [count] = self.fixed::<1>()?;
                let items = (0..count).map(|_| Ok((self.fixed()?, self.fixed()?)));
                Ok(Say::Leaf(items.collect::<Result<_, _>>()?))
            }
            _ => Err(ReadStretchesError::Kind(at)),
        }
    }
}

fn unpack(message: &[u8]) -> Result<(Key, Vec<Stretch>), ReadStretchesError> {
    let mut reader = Reader {
        bytes: message,
        at: 0,
    };
    let (_, start) = reader.bound(&Key::START)?;
    let (mut lo, mut stretches) = (start, Vec::new());
    while reader.at < message.len() {
        let at = reader.at;
        let (kind, hi) = reader.bound(&lo)?;
        if hi <= lo {
            return Err(ReadStretchesError::Unsorted(at));
        }
        let say = reader.say(kind, at)?;
        stretches.push(Stretch { hi, say });
        lo = hi;
    }
    Ok((start, stretches))
}

#[cfg(test)]
#[path = "reconcile_test.rs"]
mod test;
