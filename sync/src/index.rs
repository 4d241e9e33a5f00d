//! All items of a node in order, with sums over any stretch of them: no scan when a peer connects.
//!
//! Items lie in blocks of a few hundred, each with the sum of its items' hashes; an insert touches
//! one block, a sum over
//! a stretch adds whole blocks. Sums are 256-bit and additive, so taking an item away undoes adding
//! it.

use crate::item::{Digest, Group, Key};
use jiaolian_schema::id::sha256;
use std::collections::BTreeMap;

/// Most items in one block.
const BLOCK_ITEMS_MAX: usize = 256;

/// The sum of the hashes of some items, and how many they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sum {
    limbs: [u64; 4],
    /// How many items.
    pub(crate) count: u64,
}

impl Sum {
    fn of(key: &Key, digest: &Digest) -> Self {
        let hash = sha256(&[&key.0, digest]);
        let mut limbs = [0; 4];
        for (limb, bytes) in limbs.iter_mut().zip(hash.chunks_exact(8)) {
            let mut word = [0; 8];
            word.copy_from_slice(bytes);
            *limb = u64::from_be_bytes(word);
        }
        Self { limbs, count: 1 }
    }

    /// Adds the items of the other sum.
    pub(crate) fn add(&mut self, other: &Self) {
        let mut carry = false;
        for (a, b) in self.limbs.iter_mut().zip(other.limbs).rev() {
            let (sum, over) = a.overflowing_add(b);
            let (sum, more) = sum.overflowing_add(u64::from(carry));
            (*a, carry) = (sum, over || more);
        }
        self.count += other.count;
    }

    fn take(&mut self, other: &Self) {
        let mut borrow = false;
        for (a, b) in self.limbs.iter_mut().zip(other.limbs).rev() {
            let (left, under) = a.overflowing_sub(b);
            let (left, more) = left.overflowing_sub(u64::from(borrow));
            (*a, borrow) = (left, under || more);
        }
        self.count -= other.count;
    }

    /// A hash of the sum with some words before it, so that sums for different uses never meet.
    pub(crate) fn hash(&self, words: &[u8]) -> [u8; 32] {
        let mut bytes = [0; 40];
        for (chunk, limb) in bytes.chunks_exact_mut(8).zip(self.limbs) {
            chunk.copy_from_slice(&limb.to_be_bytes());
        }
        bytes[32..].copy_from_slice(&self.count.to_be_bytes());
        sha256(&[words, &bytes])
    }
}

#[derive(Debug, Clone, Copy)]
struct Row {
    key: Key,
    digest: Digest,
    sum: Sum,
}

#[derive(Debug, Clone, Default)]
struct Block {
    rows: Vec<Row>,
    sum: Sum,
}

/// All items of a node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    blocks: Vec<Block>,
    groups: BTreeMap<Group, Sum>,
}

impl Index {
    /// Puts an item, in the place of what was there.
    pub(crate) fn put(&mut self, key: Key, digest: Digest) {
        self.remove(&key);
        let row = Row {
            key,
            digest,
            sum: Sum::of(&key, &digest),
        };
        if self.blocks.is_empty() {
            self.blocks.push(Block::default());
        }
        let at = self.block_of(&key);
        let block = &mut self.blocks[at];
        let place = block.rows.partition_point(|other| other.key < key);
        block.rows.insert(place, row);
        block.sum.add(&row.sum);
        self.groups.entry(key.group()).or_default().add(&row.sum);
        if self.blocks[at].rows.len() > BLOCK_ITEMS_MAX {
            self.split(at);
        }
    }

    /// Takes an item away, if it is there.
    pub(crate) fn remove(&mut self, key: &Key) {
        let at = self.block_of(key);
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        let Ok(place) = block.rows.binary_search_by(|row| row.key.cmp(key)) else {
            return;
        };
        let row = block.rows.remove(place);
        block.sum.take(&row.sum);
        if block.rows.is_empty() {
            self.blocks.remove(at);
        }
        if let Some(group) = self.groups.get_mut(&key.group()) {
            group.take(&row.sum);
            if group.count == 0 {
                self.groups.remove(&key.group());
            }
        }
    }

    /// The sum over a whole group.
    pub(crate) fn group(&self, group: &Group) -> Sum {
        self.groups.get(group).copied().unwrap_or_default()
    }

    /// The sum over `lo <= key < hi`.
    pub(crate) fn sum(&self, lo: &Key, hi: &Key) -> Sum {
        let mut sum = Sum::default();
        for block in &self.blocks[self.block_of(lo).min(self.blocks.len())..] {
            let (Some(first), Some(last)) = (block.rows.first(), block.rows.last()) else {
                continue;
            };
            if first.key >= *hi {
                break;
            }
            if first.key >= *lo && last.key < *hi {
                sum.add(&block.sum);
                continue;
            }
            for row in within(block, lo, hi) {
                sum.add(&row.sum);
            }
        }
        sum
    }

    /// The items with `lo <= key < hi`, in order.
    pub(crate) fn items<'a>(
        &'a self,
        lo: &'a Key,
        hi: &'a Key,
    ) -> impl Iterator<Item = (Key, Digest)> + 'a {
        self.blocks[self.block_of(lo).min(self.blocks.len())..]
            .iter()
            .take_while(|block| block.rows.first().is_some_and(|row| row.key < *hi))
            .flat_map(move |block| within(block, lo, hi))
            .map(|row| (row.key, row.digest))
    }

    /// The key `skip` items after `lo`, if so many lie below `hi`.
    pub(crate) fn nth(&self, lo: &Key, hi: &Key, mut skip: usize) -> Option<Key> {
        for block in &self.blocks[self.block_of(lo).min(self.blocks.len())..] {
            let rows = within(block, lo, hi);
            if let Some(row) = rows.get(skip) {
                return Some(row.key);
            }
            if rows.is_empty() && block.rows.first().is_some_and(|row| row.key >= *hi) {
                return None;
            }
            skip -= rows.len();
        }
        None
    }

    /// The block that holds the key or would.
    fn block_of(&self, key: &Key) -> usize {
        self.blocks
            .partition_point(|block| block.rows.first().is_some_and(|row| row.key <= *key))
            .saturating_sub(1)
    }

    fn split(&mut self, at: usize) {
        let half = self.blocks[at].rows.split_off(BLOCK_ITEMS_MAX / 2);
        let mut upper = Block {
            rows: half,
            sum: Sum::default(),
        };
        for row in &upper.rows {
            upper.sum.add(&row.sum);
            self.blocks[at].sum.take(&row.sum);
        }
        self.blocks.insert(at + 1, upper);
    }
}

fn within<'a>(block: &'a Block, lo: &Key, hi: &Key) -> &'a [Row] {
    let from = block.rows.partition_point(|row| row.key < *lo);
    let to = block.rows.partition_point(|row| row.key < *hi);
    &block.rows[from.min(to)..to]
}

/// What one link compares: some groups of the index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct View {
    groups: Vec<Group>,
}

impl View {
    /// A view of these groups.
    pub(crate) fn new(mut groups: Vec<Group>) -> Self {
        groups.sort_unstable();
        groups.dedup();
        Self { groups }
    }

    /// Whether the view shows the group.
    pub(crate) fn shows(&self, group: &Group) -> bool {
        self.groups.binary_search(group).is_ok()
    }

    /// The dossiers of the view alone, or its chains alone.
    #[must_use]
    pub(crate) fn part(&self, chains: bool) -> Self {
        let part = self.groups.iter().filter(|g| g.is_chain() == chains);
        Self {
            groups: part.copied().collect(),
        }
    }

    /// The sum over what the view shows of `lo <= key < hi`.
    pub(crate) fn sum(&self, index: &Index, lo: &Key, hi: &Key) -> Sum {
        let mut sum = Sum::default();
        self.stretches(lo, hi, |group, from, to| {
            sum.add(&if from == group.first() && to == group.end() {
                index.group(&group)
            } else {
                index.sum(&from, &to)
            });
            true
        });
        sum
    }

    /// The sum over all that the view shows.
    pub(crate) fn total(&self, index: &Index) -> Sum {
        self.sum(index, &Key::START, &Key::END)
    }

    /// What the view shows of `lo <= key < hi`, in order.
    pub(crate) fn items(&self, index: &Index, lo: &Key, hi: &Key) -> Vec<(Key, Digest)> {
        let mut items = Vec::new();
        self.stretches(lo, hi, |_, from, to| {
            items.extend(index.items(&from, &to));
            true
        });
        items
    }

    /// The key `skip` shown items after `lo`, if so many lie below `hi`.
    pub(crate) fn nth(&self, index: &Index, lo: &Key, hi: &Key, skip: usize) -> Option<Key> {
        let (mut skip, mut found) = (skip as u64, None);
        self.stretches(lo, hi, |group, from, to| {
            let whole = from == group.first() && to == group.end();
            let count = if whole {
                index.group(&group).count
            } else {
                index.sum(&from, &to).count
            };
            if skip < count {
                found = index.nth(&from, &to, skip as usize);
                return false;
            }
            skip -= count;
            true
        });
        found
    }

    fn stretches(&self, lo: &Key, hi: &Key, mut each: impl FnMut(Group, Key, Key) -> bool) {
        let start = self.groups.partition_point(|group| group.end() <= *lo);
        for group in &self.groups[start..] {
            if group.first() >= *hi {
                break;
            }
            if !each(*group, group.first().max(*lo), group.end().min(*hi)) {
                break;
            }
        }
    }
}
