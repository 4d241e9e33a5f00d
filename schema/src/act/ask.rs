//! The act by which a node asks, for an officer whose passphrase is forgotten, that a new key be
//! appointed; and the short code by which two people on a telephone know that they speak of the same
//! one.

use super::At;
use crate::canon;
use crate::envelope::{Duty, author_id};
use crate::id::{AuthorId, OfficeId, PersonId, sha256};
use minicbor::{Decode, Encode};

/// Asks for a new key of an officer at the signer's own desk. Signed by the node of the office, in
/// the office's roster; it gives nobody anything before a keeper of an office above appoints the key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ask {
    /// The office, for ever part of the new author's id.
    #[n(0)]
    pub office: OfficeId,
    /// The officer.
    #[n(1)]
    pub person: PersonId,
    /// Staff number.
    #[n(2)]
    pub staff_number: String,
    /// Duty of the seat.
    #[n(3)]
    pub duty: Duty,
    /// Suite of the new key.
    #[n(4)]
    pub suite: u8,
    /// The new public key.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub key: Vec<u8>,
    /// The last position that the old key signed at this desk: what it signed up to there is honest
    /// work and stays.
    #[n(6)]
    pub last: Option<At>,
    /// Fresh entropy, so that no two requests have one code.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub nonce: [u8; 16],
}

/// Digits of a code before its check digit: 40 bits.
const CODE_DIGITS: usize = 12;

impl Ask {
    /// The author that an appointment of the key makes.
    pub fn author(&self) -> AuthorId {
        author_id(self.suite, &self.key, self.office, self.duty)
    }

    /// Three groups of four digits and a check digit over everything in the request: what is read
    /// over the telephone.
    pub fn code(&self) -> String {
        let hash = sha256(&[b"ask/1", &canon::encode(self)]);
        let number = hash[..8]
            .iter()
            .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let digits = format!("{:012}", number % 1_000_000_000_000);
        let check = check_digit(&digits);
        format!(
            "{} {} {} {check}",
            &digits[..4],
            &digits[4..8],
            &digits[8..]
        )
    }
}

/// A code as a person typed it, in its one form; none where a digit is missing, wrong or exchanged
/// with its neighbour.
pub fn read_code(typed: &str) -> Option<String> {
    let plain = |c: char| !c.is_whitespace() && c != '-';
    let digits: Option<String> = typed
        .chars()
        .filter(|c| plain(*c))
        .map(|c| c.to_digit(10).and_then(|digit| char::from_digit(digit, 10)))
        .collect();
    let digits = digits.filter(|digits| digits.len() == CODE_DIGITS + 1)?;
    let (number, check) = digits.split_at(CODE_DIGITS);
    (check_digit(number).to_string() == check).then(|| {
        format!(
            "{} {} {} {check}",
            &number[..4],
            &number[4..8],
            &number[8..]
        )
    })
}

/// Damm's check digit (2004): every single wrong digit and every exchange of neighbours shows.
fn check_digit(digits: &str) -> u8 {
    const TABLE: [[u8; 10]; 10] = [
        [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
        [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
        [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
        [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
        [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
        [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
        [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
        [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
        [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
        [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
    ];
    digits.bytes().fold(0, |row, byte| {
        TABLE[usize::from(row)][usize::from(byte - b'0')]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(nonce: u8) -> Ask {
        Ask {
            office: OfficeId([1; 16]),
            person: PersonId([2; 16]),
            staff_number: "T1".into(),
            duty: Duty::Staff,
            suite: 1,
            key: vec![3; 32],
            last: None,
            nonce: [nonce; 16],
        }
    }

    #[test]
    fn a_code_is_read_with_and_without_its_gaps_and_every_single_slip_shows() {
        let code = ask(1).code();
        assert_eq!(code.len(), 16, "{code}");
        assert_eq!(read_code(&code).as_ref(), Some(&code));
        assert_eq!(read_code(&code.replace(' ', "-")).as_ref(), Some(&code));
        let digits: Vec<char> = code.chars().filter(char::is_ascii_digit).collect();
        for at in 0..digits.len() {
            for other in '0'..='9' {
                let mut wrong = digits.clone();
                wrong[at] = other;
                let read = read_code(&wrong.iter().collect::<String>());
                assert_eq!(read.is_some(), other == digits[at], "digit {at} as {other}");
            }
            let mut swapped = digits.clone();
            swapped.swap(at, (at + 1) % digits.len());
            let near = at + 1 < digits.len() && swapped != digits;
            if near {
                assert!(
                    read_code(&swapped.iter().collect::<String>()).is_none(),
                    "swap {at}"
                );
            }
        }
        assert_eq!(read_code("572"), None);
        assert_eq!(read_code("一二三四"), None);
    }

    #[test]
    fn damm_s_own_example_holds() {
        assert_eq!(check_digit("572"), 4);
    }

    #[test]
    fn another_request_has_another_code() {
        assert_ne!(ask(1).code(), ask(2).code());
        let other = Ask {
            key: vec![4; 32],
            ..ask(1)
        };
        assert_ne!(ask(1).code(), other.code());
    }
}
