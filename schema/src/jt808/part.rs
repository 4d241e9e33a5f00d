//! Messages longer than a frame come in parts; they are put together in bounded memory, in any
//! order, and a part that comes twice changes nothing.

use super::header::{Header, Part};
use std::collections::BTreeMap;

/// Most parts of one message.
pub const PARTS_MAX: u16 = 512;
/// Most bytes of unfinished messages of one session; the oldest is dropped for a new one.
pub const ASSEMBLY_BYTES_MAX: usize = 512 * 1_024;
/// Most unfinished messages of one session.
const UNFINISHED_MAX: usize = 8;

/// Which message a part belongs to: what it is, and the serial number that its first part has.
type Whole = (u16, u16, u16);

/// Unfinished messages of one session.
#[derive(Debug, Default)]
pub struct Assembly {
    open: BTreeMap<Whole, Open>,
    clock: u64,
    dropped: u64,
}

#[derive(Debug, Default)]
struct Open {
    parts: BTreeMap<u16, Vec<u8>>,
    since: u64,
}

impl Assembly {
    /// Takes a part in; gives the whole body with the serial number of its first part where this was
    /// the last one that lacked.
    pub fn push(&mut self, header: &Header, part: Part, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let first = header.serial.wrapping_sub(part.index - 1);
        let whole = (header.id, first, part.total);
        self.clock += 1;
        let since = self.clock;
        let open = self.open.entry(whole).or_default();
        if open.parts.is_empty() {
            open.since = since;
        }
        open.parts
            .entry(part.index)
            .or_insert_with(|| body.to_vec());
        if open.parts.len() < usize::from(part.total) {
            self.bound();
            return None;
        }
        let open = self.open.remove(&whole)?;
        Some((first, open.parts.into_values().flatten().collect()))
    }

    /// Unfinished messages that were given up to stay within bounds.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Numbers of the parts that a message still lacks, ascending; for asking them again (`0x8003`).
    pub fn lacks(&self, id: u16, first: u16, total: u16) -> Vec<u16> {
        let Some(open) = self.open.get(&(id, first, total)) else {
            return Vec::new();
        };
        (1..=total)
            .filter(|at| !open.parts.contains_key(at))
            .collect()
    }

    fn bytes(&self) -> usize {
        let parts = self.open.values().flat_map(|open| open.parts.values());
        parts.map(Vec::len).sum()
    }

    fn bound(&mut self) {
        while self.open.len() > UNFINISHED_MAX || self.bytes() > ASSEMBLY_BYTES_MAX {
            let oldest = self.open.iter().min_by_key(|(_, open)| open.since);
            let Some(oldest) = oldest.map(|(whole, _)| *whole) else {
                return;
            };
            self.open.remove(&oldest);
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jt808::Edition;

    fn header(serial: u16) -> Header {
        Header {
            id: 0x0704,
            edition: Edition::Of2013,
            terminal: "1".into(),
            serial,
            part: None,
        }
    }

    fn push(assembly: &mut Assembly, first: u16, (index, total): (u16, u16)) -> Option<Vec<u8>> {
        let serial = first.wrapping_add(index - 1);
        let part = Part { total, index };
        let whole = assembly.push(&header(serial), part, &[index as u8]);
        whole.map(|(serial, body)| {
            assert_eq!(serial, first);
            body
        })
    }

    #[test]
    fn parts_come_in_any_order_twice_and_across_the_end_of_the_serial_numbers() {
        let mut assembly = Assembly::default();
        for (first, order) in [(65_534, [3, 1, 1, 2]), (10, [2, 2, 3, 1])] {
            let mut bodies = order.map(|index| push(&mut assembly, first, (index, 3)));
            assert_eq!(bodies[3].take(), Some(vec![1, 2, 3]));
            assert!(bodies.iter().all(Option::is_none));
        }
        assert_eq!(push(&mut assembly, 20, (2, 3)), None);
        assert_eq!(assembly.lacks(0x0704, 20, 3), [1, 3]);
    }

    #[test]
    fn what_never_ends_is_dropped_oldest_first() {
        let mut assembly = Assembly::default();
        for first in 0..1_000 {
            assert_eq!(push(&mut assembly, first, (1, 2)), None);
        }
        assert_eq!(assembly.open.len(), UNFINISHED_MAX);
        assert_eq!(assembly.dropped(), 1_000 - UNFINISHED_MAX as u64);
        assert_eq!(push(&mut assembly, 0, (2, 2)), None);
        assert_eq!(push(&mut assembly, 999, (2, 2)), Some(vec![1, 2]));
        let part = Part {
            total: PARTS_MAX,
            index: 1,
        };
        for serial in 0..600 {
            let mut head = header(u16::wrapping_mul(serial, 1_000));
            head.id = serial;
            assembly.push(&head, part, &[0; 1_023]);
            assert!(assembly.bytes() <= ASSEMBLY_BYTES_MAX);
        }
    }
}
