//! The file of the journal: a record a commit, sealed as a whole, added at the end and synced.
//!
//! A record is `JLR1 ‖ number (8, big-endian) ‖ length (4, big-endian) ‖ the length's complement (4) ‖
//! sealed`. Only the last one may be cut short by a power cut, and then nobody was told that it is
//! durable; any other that does not open is damage.

const MAGIC: &[u8; 4] = b"JLR1";
const HEAD_BYTES: usize = 20;
/// So many zero bytes in a row, or fewer at the end, are a part of a record that never reached the disk:
/// a sealed text has none.
const ZEROS_MIN: usize = 32;
const ZEROS_AT_END_MIN: usize = 8;

/// One record of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) number: u64,
    pub(super) sealed: &'a [u8],
}

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<'a, T> {
    pub(super) records: Vec<(Record<'a>, T)>,
    /// Bytes of them; behind it lies what a power cut left.
    pub(super) length: usize,
    /// A record does not open, and no power cut explains it.
    pub(super) is_damaged: bool,
}

/// A record as it lies in the file.
pub(super) fn frame(number: u64, sealed: &[u8]) -> Vec<u8> {
    let length = u32::try_from(sealed.len()).expect("a commit of the journal has 4 MiB at most");
    let mut bytes = Vec::with_capacity(HEAD_BYTES + sealed.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&(!length).to_be_bytes());
    bytes.extend_from_slice(sealed);
    bytes
}

/// Reads a file in which records before a number are of no account any more; `open` gives what a record
/// says, or none where it does not open.
pub(super) fn read<T>(
    file: &[u8],
    from: u64,
    mut open: impl FnMut(Record<'_>) -> Option<T>,
) -> Found<'_, T> {
    let (mut records, mut length) = (Vec::new(), 0);
    while let Some((record, bytes)) = first(&file[length..]) {
        let Some(said) = open(record) else { break };
        records.push((record, said));
        length += bytes;
    }
    let rest = &file[length..];
    let mut counts = |record: Record<'_>| record.number >= from && open(record).is_some();
    let is_over = head(rest).is_some_and(|(number, _)| number < from);
    let is_clean = rest.iter().all(|byte| *byte == 0);
    let is_damaged = !is_clean && (!(is_torn(rest) || is_over) || goes_on(rest, &mut counts));
    Found {
        records,
        length,
        is_damaged,
    }
}

/// The record at the beginning of some bytes, and its length there.
fn first(bytes: &[u8]) -> Option<(Record<'_>, usize)> {
    let (number, length) = head(bytes)?;
    let sealed = bytes.get(HEAD_BYTES..HEAD_BYTES + length)?;
    Some((Record { number, sealed }, HEAD_BYTES + length))
}

/// Number and length of a record whose head is whole.
fn head(bytes: &[u8]) -> Option<(u64, usize)> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (number, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let complement = u32::from_be_bytes(*rest.first_chunk()?);
    let length = u32::from_be_bytes(*length);
    let length_usize = usize::try_from(length).ok()?;
    (complement == !length).then_some((u64::from_be_bytes(*number), length_usize))
}

/// Whether a record was still on its way to the disk: it is short, or sectors of it are not there.
fn is_torn(rest: &[u8]) -> bool {
    let gap = [0; ZEROS_MIN];
    let has_gap = |bytes: &[u8]| bytes.windows(ZEROS_MIN).any(|bytes| bytes == gap);
    let Some((_, length)) = head(rest) else {
        let is_short =
            rest.len() < HEAD_BYTES && MAGIC.starts_with(&rest[..rest.len().min(MAGIC.len())]);
        let around = &rest[..rest.len().min(HEAD_BYTES + ZEROS_MIN)];
        return is_short || rest.first() == Some(&0) || has_gap(around);
    };
    let Some(record) = rest.get(..HEAD_BYTES + length) else {
        return true;
    };
    let zeros_at_end = record.iter().rev().take_while(|byte| **byte == 0).count();
    zeros_at_end >= ZEROS_AT_END_MIN || has_gap(record)
}

/// Whether behind a record that does not open one does that counts: then the first was durable once.
fn goes_on(rest: &[u8], counts: &mut impl FnMut(Record<'_>) -> bool) -> bool {
    let mut at = 1;
    while let Some(next) = rest.get(at..).and_then(|rest| {
        rest.windows(MAGIC.len())
            .position(|bytes| bytes == MAGIC.as_slice())
    }) {
        at += next;
        if first(&rest[at..]).is_some_and(|(record, _)| counts(record)) {
            return true;
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sealed texts of these tests begin with a number that is right.
    fn open(record: Record<'_>) -> Option<u8> {
        let (sum, body) = record.sealed.split_last()?;
        let found = body
            .iter()
            .fold(0_u8, |sum, byte| sum.wrapping_mul(31) ^ byte);
        (found == *sum).then_some(body[0])
    }

    fn file(numbers: std::ops::Range<u8>) -> Vec<u8> {
        let record = |number: u8| {
            let mut body: Vec<u8> = (0..200_u8).map(|at| at.wrapping_mul(7) | 1).collect();
            body[0] = number;
            body.push(
                body.iter()
                    .fold(0, |sum: u8, byte| sum.wrapping_mul(31) ^ byte),
            );
            frame(u64::from(number), &body)
        };
        numbers.flat_map(record).collect()
    }

    fn check(file: &[u8], numbers: &[u8], is_damaged: bool) {
        let found = read(file, 0, open);
        let said: Vec<u8> = found.records.iter().map(|(_, said)| *said).collect();
        assert_eq!((said.as_slice(), found.is_damaged), (numbers, is_damaged));
    }

    #[test]
    fn a_last_record_that_a_power_cut_left_is_none() {
        let (two, three) = (file(1..3).len(), file(1..4));
        check(&three, &[1, 2, 3], false);
        for cut in two..three.len() {
            check(&three[..cut], &[1, 2], false);
        }
        for (from, to) in [(0, 64), (0, 10), (18, 70), (40, 100), (200, 221)] {
            let mut torn = three.clone();
            torn[two + from..two + to].fill(0);
            check(&torn, &[1, 2], false);
        }
        check(&[&three[..two], &[0; 20]].concat(), &[1, 2], false);
    }

    #[test]
    fn a_record_that_rotted_is_damage_wherever_it_lies() {
        let three = file(1..4);
        let each = three.len() / 3;
        // A number is under its seal, and these have none.
        for at in [0, 3, 12, 15, 16, 19, 20, 100, 220] {
            for record in 0..3 {
                let mut rotten = three.clone();
                rotten[record * each + at] ^= 0x40;
                let before: Vec<u8> = (1..=record as u8).collect();
                check(&rotten, &before, true);
            }
        }
        let mut holed = three.clone();
        holed[20..120].fill(0);
        check(&holed, &[], true);
        holed = three;
        holed[..60].fill(0);
        check(&holed, &[], true);
    }

    #[test]
    fn what_is_left_of_records_that_count_no_more_is_no_damage() {
        let three = [file(1..4), vec![0; 700]].concat();
        for zeros in 1..three.len() {
            let mut ended = three.clone();
            ended[..zeros].fill(0);
            assert!(!read(&ended, 4, open).is_damaged, "{zeros}");
            assert_eq!(
                read(&ended, 3, open).is_damaged,
                zeros <= 2 * (three.len() - 700) / 3
            );
        }
    }
}
