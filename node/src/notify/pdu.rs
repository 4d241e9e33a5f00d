//! A short message in the form that a modem sends it in: SMS-SUBMIT of 3GPP TS 23.040, text in UCS-2, long
//! texts in parts that the telephone puts together again.

use std::fmt::Write as _;

/// UTF-16 units of a message of one part: 140 bytes.
const UNITS_MAX: usize = 70;
/// UTF-16 units of one part of several: six bytes go to the header that joins them.
const PART_UNITS_MAX: usize = 67;
/// Most parts; what is longer is cut.
pub const PARTS_MAX: usize = 4;
/// UTF-16 units of the longest text.
pub const TEXT_UNITS_MAX: usize = PARTS_MAX * PART_UNITS_MAX;

/// SMS-SUBMIT with a relative validity period.
const SUBMIT: u8 = 0x11;
/// The user data begins with a header.
const WITH_HEADER: u8 = 0x40;
/// International number, and one whose type is not known; both of the telephone plan.
const NUMBER_TYPES: [u8; 2] = [0x91, 0x81];
/// Text in UCS-2, of no class.
const UCS2: u8 = 0x08;
/// The network tries for twelve hours.
const VALID_12_H: u8 = 0x8F;

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// Its bytes as hexadecimal digits, after the centre's number, which the SIM knows.
    pub hex: String,
    /// What `AT+CMGS=` is told: bytes without those of the centre's number.
    pub length: usize,
}

/// The parts of a text for a number of 5 to 15 digits, `+` before them or nothing. `reference` joins
/// them.
pub fn pdus(number: &str, text: &str, reference: u8) -> Vec<Pdu> {
    let parts = split(text);
    let total = parts.len() as u8;
    let numbered = (1u8..).zip(&parts);
    numbered
        .map(|(at, units)| {
            let header = [5, 0, 3, reference, total, at];
            pdu(number, units, (total > 1).then_some(header))
        })
        .collect()
}

fn pdu(number: &str, units: &[u16], header: Option<[u8; 6]>) -> Pdu {
    let kind = SUBMIT | if header.is_some() { WITH_HEADER } else { 0 };
    let mut bytes = vec![kind, 0];
    bytes.extend(address(number));
    let data: Vec<u8> = header
        .into_iter()
        .flatten()
        .chain(units.iter().flat_map(|unit| unit.to_be_bytes()))
        .collect();
    bytes.extend([0, UCS2, VALID_12_H, data.len() as u8]);
    bytes.extend(data);
    let mut hex = String::from("00");
    for byte in &bytes {
        let _ = write!(hex, "{byte:02X}");
    }
    Pdu {
        hex,
        length: bytes.len(),
    }
}

/// Length in digits, type, digits in pairs of swapped halves.
fn address(number: &str) -> Vec<u8> {
    let digits = number.strip_prefix('+');
    let kind = NUMBER_TYPES[usize::from(digits.is_none())];
    let digits: Vec<u8> = digits
        .unwrap_or(number)
        .bytes()
        .map(|byte| byte.wrapping_sub(b'0') & 0x0F)
        .collect();
    let pairs = digits
        .chunks(2)
        .map(|pair| pair.get(1).copied().unwrap_or(0x0F) << 4 | pair[0]);
    [digits.len() as u8, kind]
        .into_iter()
        .chain(pairs)
        .collect()
}

/// A character of two units is never torn.
fn split(text: &str) -> Vec<Vec<u16>> {
    let units: Vec<u16> = text.encode_utf16().collect();
    if units.len() <= UNITS_MAX {
        return vec![units];
    }
    let mut parts: Vec<Vec<u16>> = vec![Vec::new()];
    for character in text.chars() {
        let mut room = [0; 2];
        let units = character.encode_utf16(&mut room);
        let is_full = |part: &Vec<u16>| part.len() + units.len() > PART_UNITS_MAX;
        if parts.last().is_some_and(is_full) {
            if parts.len() == PARTS_MAX {
                break;
            }
            parts.push(Vec::new());
        }
        if let Some(part) = parts.last_mut() {
            part.extend_from_slice(units);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a part back, without sharing anything with the writer: number, header, text.
    fn read(pdu: &Pdu) -> (String, Vec<u8>, String) {
        let bytes: Vec<u8> = (0..pdu.hex.len() / 2)
            .map(|i| u8::from_str_radix(&pdu.hex[2 * i..2 * i + 2], 16).unwrap())
            .collect();
        assert_eq!(bytes[0], 0, "the centre is the SIM's");
        assert_eq!(bytes.len() - 1, pdu.length);
        let digits = usize::from(bytes[3]);
        let mut number = if bytes[4] == 0x91 {
            "+".to_owned()
        } else {
            String::new()
        };
        for i in 0..digits {
            let byte = bytes[5 + i / 2];
            let digit = if i % 2 == 0 { byte & 15 } else { byte >> 4 };
            number.push(char::from(b'0' + digit));
        }
        let rest = &bytes[5 + digits.div_ceil(2)..];
        assert_eq!(rest[1], 8);
        let data = &rest[4..];
        assert_eq!(data.len(), usize::from(rest[3]));
        assert!(data.len() <= 140);
        let header = if bytes[1] & 0x40 == 0 {
            0
        } else {
            usize::from(data[0]) + 1
        };
        let units: Vec<u16> = data[header..]
            .chunks(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        (
            number,
            data[..header].to_vec(),
            String::from_utf16(&units).unwrap(),
        )
    }

    #[test]
    fn a_short_chinese_text_is_one_part_of_the_known_bytes() {
        let parts = pdus("+8613800138000", "报警", 7);
        assert_eq!(parts.len(), 1);
        let expected = "0011000D91683108108300F000088F0462A58B66";
        assert_eq!(
            (&*parts[0].hex, parts[0].length),
            (expected, expected.len() / 2 - 1)
        );
        assert_eq!(read(&parts[0]).0, "+8613800138000");
        assert_eq!(read(&pdus("10086", "x", 7)[0]).0, "10086");
    }

    #[test]
    fn a_long_text_goes_in_parts_that_join_to_the_same_text_and_tear_no_character() {
        let text: String = "警𠮷".chars().cycle().take(100).collect();
        let parts = pdus("13800138000", &text, 0xAB);
        assert_eq!(parts.len(), 3);
        let mut joined = String::new();
        for (i, part) in parts.iter().enumerate() {
            let (number, header, said) = read(part);
            assert_eq!(number, "13800138000");
            assert_eq!(header, [5, 0, 3, 0xAB, 3, i as u8 + 1]);
            joined.push_str(&said);
        }
        assert_eq!(joined, text);
        assert_eq!(pdus("13800138000", &"警".repeat(70), 1).len(), 1);
        assert_eq!(pdus("13800138000", &"警".repeat(71), 1).len(), 2);
        assert_eq!(pdus("13800138000", &"警".repeat(900), 1).len(), PARTS_MAX);
    }
}
