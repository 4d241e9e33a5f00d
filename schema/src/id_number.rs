//! A mistyped identity number must stop at the door, off-line, with the reason.
//!
//! GB 11643: six digits of division, eight of birth date, three of sequence, one check character.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

use crate::deadline::ToolLine;

/// Weights of the first seventeen digits (GB 11643).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check characters by weighted sum modulo 11 (GB 11643).
const CHECKS: &[u8; 11] = b"10X98765432";
/// Oldest year of birth taken for real, in civil years.
const BIRTH_YEAR_MIN: i16 = 1880;

/// Why a text is not an identity number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdNumberError {
    /// Neither 15 nor 18 characters.
    #[error("an identity number has 18 characters, or 15 in the old form, found {0}")]
    Length(usize),
    /// A character that is no digit (the last of 18 may be X).
    #[error("character {at} must be a digit, found {found:?}")]
    Digit {
        /// Position, counted from 1.
        at: usize,
        /// What stands there.
        found: char,
    },
    /// The birth date does not exist.
    #[error("birth date must exist, found {0:?}")]
    Birth(String),
    /// The check character is wrong.
    #[error("checksum: expected {expected}, found {found}")]
    Checksum {
        /// What the first seventeen digits demand.
        expected: char,
        /// What stands there.
        found: char,
    },
}

/// Sex as the number states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// Odd sequence number.
    Male,
    /// Even sequence number.
    Female,
}

impl Sex {
    /// The word used in the tool's answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }
}

/// A number that passed every check, in the 18-character form with a capital X.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdNumber(String);

impl IdNumber {
    /// Reads 18 characters, or 15 of the old form, which are raised to 18 (born in 19yy).
    pub fn parse(text: &str) -> Result<Self, ParseIdNumberError> {
        let text = text.trim().to_ascii_uppercase();
        let raised = match text.chars().count() {
            18 => check_digits(&text, 17)?,
            15 => raise(&check_digits(&text, 15)?),
            other => return Err(ParseIdNumberError::Length(other)),
        };
        let number = Self(raised);
        number.read_birth()?;
        number.check_character()?;
        Ok(number)
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Six digits of the county where it was issued; it need not exist today.
    pub fn division(&self) -> &str {
        &self.0[..6]
    }

    /// Date of birth.
    pub fn birth(&self) -> Date {
        self.read_birth().unwrap_or_default()
    }

    /// Sex.
    pub fn sex(&self) -> Sex {
        let sequence = self.0.as_bytes()[16];
        if sequence % 2 == 1 {
            Sex::Male
        } else {
            Sex::Female
        }
    }

    fn read_birth(&self) -> Result<Date, ParseIdNumberError> {
        let text = &self.0[6..14];
        let wrong = || ParseIdNumberError::Birth(text.to_owned());
        let number = |range: std::ops::Range<usize>| text[range].parse::<i16>();
        let (Ok(year), Ok(month), Ok(day)) = (number(0..4), number(4..6), number(6..8)) else {
            return Err(wrong());
        };
        match Date::new(year, month as i8, day as i8) {
            Ok(date) if year >= BIRTH_YEAR_MIN => Ok(date),
            _ => Err(wrong()),
        }
    }

    fn check_character(&self) -> Result<(), ParseIdNumberError> {
        let expected = check_of(&self.0);
        let found = char::from(self.0.as_bytes()[17]);
        if expected == found {
            return Ok(());
        }
        Err(ParseIdNumberError::Checksum { expected, found })
    }
}

/// Codes of GB/T 2260 with their names, old ones included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DivisionTable(BTreeMap<String, String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DivisionFile {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
    division: BTreeMap<String, String>,
}

impl DivisionTable {
    /// Reads the TOML form: a table `division` of code to name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: DivisionFile = toml::from_str(text).map_err(|error| error.to_string())?;
        Ok(Self(file.division))
    }

    /// The codes of the cities and counties in which somebody of `code` lives (所居住的市、县): all
    /// districts of a city together, or the county or county-level city alone. Districts have the
    /// numbers 01 to 20 in a city (GB/T 2260); empty where the code is unknown.
    pub fn home_area(&self, code: &str) -> Vec<&str> {
        let is_district = |code: &str| {
            let number = code.get(4..).and_then(|end| end.parse::<u8>().ok());
            code.len() == 6 && number.is_some_and(|number| (1..=20).contains(&number))
        };
        let known = self.0.keys().map(String::as_str);
        if is_district(code) && self.0.contains_key(code) {
            let city = &code[..4];
            return known
                .filter(|c| c.starts_with(city) && is_district(c))
                .collect();
        }
        known.filter(|known| *known == code).collect()
    }

    /// The name of `code`, if it is or was a division.
    pub fn name(&self, code: &str) -> Option<&str> {
        self.0.get(code).map(String::as_str)
    }
}

/// Answers one line of the tool; an unknown division is told but does not make a number invalid.
///
/// `ok` says that the number is valid.
pub fn check_line(divisions: &DivisionTable, line: &str) -> ToolLine {
    let input = line.trim();
    let parsed = IdNumber::parse(input);
    let number = parsed.as_ref().ok();
    let error = parsed.as_ref().err().map(ToString::to_string);
    let known = number.is_some_and(|number| divisions.name(number.division()).is_some());
    let fields = [
        ("input", json!(input)),
        ("valid", json!(number.is_some())),
        ("normalised", json!(number.map(IdNumber::as_str))),
        ("error", json!(error)),
        (
            "birth",
            json!(number.map(|number| number.birth().to_string())),
        ),
        ("sex", json!(number.map(|number| number.sex().as_str()))),
        ("division", json!(number.map(IdNumber::division))),
        ("division_known", json!(known)),
    ];
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    ToolLine {
        text: format!("{{{}}}", pairs.join(",")),
        ok: number.is_some(),
    }
}

fn check_digits(text: &str, digits: usize) -> Result<String, ParseIdNumberError> {
    for (index, found) in text.chars().enumerate() {
        let last_may_be_x = index == 17 && found == 'X';
        let must_be_digit = index < digits || !last_may_be_x;
        if must_be_digit && !found.is_ascii_digit() {
            return Err(ParseIdNumberError::Digit {
                at: index + 1,
                found,
            });
        }
    }
    Ok(text.to_owned())
}

fn raise(old: &str) -> String {
    let mut number = format!("{}19{}", &old[..6], &old[6..]);
    let check = check_of(&number);
    number.push(check);
    number
}

fn check_of(number: &str) -> char {
    let digits = number
        .bytes()
        .map(|byte| u32::from(byte.wrapping_sub(b'0')));
    let sum: u32 = digits
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    char::from(CHECKS[(sum % 11) as usize])
}
