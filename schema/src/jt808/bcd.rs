//! Digits in half bytes: terminal numbers and times.

use super::{Read, ReadFrameError};
use crate::fix::{DAY_MS, SHANGHAI_AHEAD_MS, read_day};

/// Digits of BCD bytes.
pub(super) fn digits(field: &'static str, bytes: &[u8]) -> Read<String> {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digit = |value| match value {
        0..=9 => Ok(char::from(b'0' + value)),
        _ => Err(ReadFrameError::Digit { field, value }),
    };
    halves.map(digit).collect()
}

/// BCD bytes of digits, zeros before them; what does not fit is cut from the left.
pub(super) fn bytes(digits: &str, size: usize) -> Vec<u8> {
    let values: Vec<u8> = digits.bytes().map(|digit| digit & 15).collect();
    let missing = (2 * size).saturating_sub(values.len());
    let padded: Vec<u8> = std::iter::repeat_n(0, missing).chain(values).collect();
    let last = &padded[padded.len() - 2 * size..];
    last.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// ms UTC of six BCD bytes `YYMMDDhhmmss` in GMT+8, of this century.
pub(super) fn time(bytes: &[u8]) -> Read<i64> {
    let text = digits("a time", bytes)?;
    let fault = || ReadFrameError::Time(text.clone());
    let pair = |at: usize| text[at..at + 2].parse::<i64>().unwrap_or(i64::MAX);
    let date = format!("20{}-{}-{}", &text[..2], &text[2..4], &text[4..6]);
    let day = read_day(&date).ok_or_else(fault)?;
    let (hour, minute, second) = (pair(6), pair(8), pair(10));
    if hour > 23 || minute > 59 || second > 59 {
        return Err(fault());
    }
    let in_day = (hour * 60 + minute) * 60 + second;
    Ok(day * DAY_MS + in_day * 1_000 - SHANGHAI_AHEAD_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_eight_hours_ahead_of_utc() {
        let at = |text: &str| time(&bytes(text, 6));
        assert_eq!(at("260302080000"), Ok(1_772_409_600_000));
        assert_eq!(at("000101000000"), Ok(946_684_800_000 - SHANGHAI_AHEAD_MS));
        for wrong in [
            "000000000000",
            "260229000000",
            "260302240000",
            "260302006000",
        ] {
            assert_eq!(at(wrong), Err(ReadFrameError::Time(wrong.to_owned())));
        }
        let half = ReadFrameError::Digit {
            field: "a time",
            value: 10,
        };
        assert_eq!(time(&[0x26, 0x0A, 2, 8, 0, 0]), Err(half));
    }

    #[test]
    fn digits_and_bytes_are_one_another_s_inverse() {
        assert_eq!(bytes("13800138000", 6), [0x01, 0x38, 0, 0x13, 0x80, 0]);
        assert_eq!(digits("a number", &[0x01, 0x38]).as_deref(), Ok("0138"));
        assert_eq!(bytes("123456", 2), [0x34, 0x56]);
    }
}
