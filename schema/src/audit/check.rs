//! Which rows of a batch are not the rows that were written: cut, edited, exchanged.
//!
//! A batch is anchored at both ends: by the hash of the row before it and by the hash of its last
//! row as the writer remembers it.

use super::Row;
use crate::id::sha256;
use minicbor::{Decode, Encode};

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Fault {
    /// It is not there.
    #[n(0)]
    Absent,
    /// It is not as it was written, or not in its place.
    #[n(1)]
    Altered,
    /// It is no row.
    #[n(2)]
    Unreadable,
    /// It does not go on from the row before it.
    #[n(3)]
    Unlinked,
}

impl Fault {
    /// Its word in interfaces and catalogues.
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Altered => "altered",
            Self::Unreadable => "unreadable",
            Self::Unlinked => "unlinked",
        }
    }
}

/// Rows that are wrong, from one number to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Flaw {
    /// The first.
    #[n(0)]
    pub number: u64,
    /// The last.
    #[n(1)]
    pub to: u64,
    /// What is wrong with them.
    #[n(2)]
    pub fault: Fault,
}

struct Link {
    before: Option<[u8; 32]>,
    hash: Option<[u8; 32]>,
}

/// Names every row that is wrong. `rows` begin with number `first`; an empty one is absent. `before`
/// is the hash of the row below them, `last` that of the newest as it was written.
pub fn check(before: &[u8; 32], first: u64, rows: &[&[u8]], last: &[u8; 32]) -> Vec<Flaw> {
    let links: Vec<Link> = rows.iter().map(|row| link(row)).collect();
    let faults = match true_places(before, &links, last) {
        Some(places) => misplaced(&places),
        None => broken(before, &links, last),
    };
    let mut flaws: Vec<Flaw> = Vec::new();
    for (at, fault) in faults.into_iter().enumerate() {
        let Some(fault) = fault else { continue };
        // What a stranger numbers up to the end of all numbers is refused at the door, later.
        let number = first.saturating_add(at as u64);
        match flaws.last_mut() {
            Some(flaw) if flaw.to.checked_add(1) == Some(number) && flaw.fault == fault => {
                flaw.to = number;
            }
            _ => flaws.push(Flaw {
                number,
                to: number,
                fault,
            }),
        }
    }
    flaws
}

fn link(row: &[u8]) -> Link {
    Link {
        before: Row::read(row).map(|row| row.before),
        hash: (!row.is_empty()).then(|| sha256(&[row])),
    }
}

/// The place of each row by the chain alone, where all of them are on it, whatever their order.
fn true_places(before: &[u8; 32], links: &[Link], last: &[u8; 32]) -> Option<Vec<usize>> {
    let by_before: std::collections::BTreeMap<[u8; 32], usize> = links
        .iter()
        .enumerate()
        .filter_map(|(at, link)| Some((link.before?, at)))
        .collect();
    let (mut places, mut want) = (vec![usize::MAX; links.len()], *before);
    for place in 0..links.len() {
        let at = *by_before.get(&want)?;
        if places[at] != usize::MAX {
            return None;
        }
        places[at] = place;
        want = links[at].hash?;
    }
    (want == *last).then_some(places)
}

fn misplaced(places: &[usize]) -> Vec<Option<Fault>> {
    let placed = places.iter().enumerate();
    placed
        .map(|(at, place)| (at != *place).then_some(Fault::Altered))
        .collect()
}

/// Where the chain is broken: a row that neither neighbour knows is not the one that was written,
/// and neither is one whose sound successor remembers another.
fn broken(before: &[u8; 32], links: &[Link], last: &[u8; 32]) -> Vec<Option<Fault>> {
    let count = links.len();
    // `holds[n]`: row n goes on from the row below it; `holds[count]`: the newest is as remembered.
    let holds: Vec<bool> = (0..=count)
        .map(|at| {
            let below = match at {
                0 => Some(*before),
                _ => links[at - 1].hash,
            };
            let above = match links.get(at) {
                Some(link) => link.before,
                None => Some(*last),
            };
            below.is_some() && below == above
        })
        .collect();
    let gone = |at: usize| {
        let link = links.get(at)?;
        match (link.hash, link.before) {
            (None, _) => Some(Fault::Absent),
            (_, None) => Some(Fault::Unreadable),
            _ => (!holds[at] && !holds[at + 1]).then_some(Fault::Altered),
        }
    };
    (0..count)
        .map(|at| match gone(at) {
            Some(fault) => Some(fault),
            None if !holds[at + 1] && gone(at + 1).is_none() => Some(Fault::Altered),
            None if at == 0 && !holds[0] => Some(Fault::Unlinked),
            None => None,
        })
        .collect()
}
