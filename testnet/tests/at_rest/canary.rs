//! Thirty-two characters that occur nowhere else, one for each field, and the forms in which they
//! could lie about.

use jiaolian_schema::id::sha256;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Characters of a canary where the field takes so many.
pub(crate) const CHARS: usize = 32;
/// A shorter one could occur by chance.
const CHARS_MIN: usize = 11;
/// Ten Chinese numerals and their bytes in GBK.
const NUMERALS: [(char, [u8; 2]); 10] = [
    ('零', [0xC1, 0xE3]),
    ('一', [0xD2, 0xBB]),
    ('二', [0xB6, 0xFE]),
    ('三', [0xC8, 0xFD]),
    ('四', [0xCB, 0xC4]),
    ('五', [0xCE, 0xE5]),
    ('六', [0xC1, 0xF9]),
    ('七', [0xC6, 0xDF]),
    ('八', [0xB0, 0xCB]),
    ('九', [0xBE, 0xC5]),
];

#[derive(Debug)]
struct Canary {
    field: String,
    text: String,
    /// Whether its form was acknowledged.
    kept: bool,
}

/// Every canary that was let loose.
#[derive(Debug, Default)]
pub(crate) struct Canaries(Vec<Canary>);

impl Canaries {
    /// A new one for a field that takes so many characters.
    pub(crate) fn next(&mut self, field: &str, chars_max: usize) -> String {
        let chars = chars_max.min(CHARS);
        assert!(chars >= CHARS_MIN, "{field} is too short for a canary");
        let noise = sha256(&[b"canary", &self.0.len().to_be_bytes()]);
        let digits = noise.iter().map(|byte| NUMERALS[usize::from(byte % 10)].0);
        let text: String = digits.take(chars).collect();
        self.note(field, &text);
        text
    }

    /// One whose form the field prescribes.
    pub(crate) fn note(&mut self, field: &str, text: &str) {
        let (field, text) = (field.to_owned(), text.to_owned());
        self.0.push(Canary {
            field,
            text,
            kept: false,
        });
    }

    /// The forms with these were acknowledged.
    pub(crate) fn keep(&mut self, texts: &BTreeSet<String>) {
        for canary in self
            .0
            .iter_mut()
            .filter(|canary| texts.contains(&canary.text))
        {
            canary.kept = true;
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|canary| canary.kept)
            .map(|canary| canary.text.as_str())
    }

    /// Fields whose canary these bytes hold, in any form.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let holds = |canary: &&Canary| forms(&canary.text).iter().any(|form| holds(bytes, form));
        self.0
            .iter()
            .filter(holds)
            .map(|canary| canary.field.as_str())
            .collect()
    }

    /// Fields whose acknowledged canary a text lacks.
    pub(crate) fn missing_from(&self, text: &str) -> Vec<&str> {
        let lacks = |canary: &&Canary| canary.kept && !text.contains(&canary.text);
        self.0
            .iter()
            .filter(lacks)
            .map(|canary| canary.field.as_str())
            .collect()
    }
}

fn forms(text: &str) -> Vec<Vec<u8>> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut escaped = String::new();
    for unit in &units {
        write!(escaped, "\\u{unit:04x}").unwrap();
    }
    vec![
        text.as_bytes().to_vec(),
        units.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        units.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        text.chars().flat_map(gbk).collect(),
        escaped.into_bytes(),
    ]
}

fn gbk(char: char) -> Vec<u8> {
    match NUMERALS.iter().find(|(numeral, _)| *numeral == char) {
        Some((_, bytes)) => bytes.to_vec(),
        None => vec![u8::try_from(char).expect("other canaries are ASCII")],
    }
}

/// Whether a needle lies anywhere in the bytes; looks at its rarest way in, its first byte.
fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    let Some((first, _)) = needle.split_first() else {
        return true;
    };
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[test]
fn a_canary_is_found_in_every_form_and_nowhere_else() {
    let mut canaries = Canaries::default();
    let text = canaries.next("name", 40);
    assert_eq!(text.chars().count(), CHARS);
    for form in forms(&text) {
        let around = [b"before".as_slice(), &form, b"after"].concat();
        assert_eq!(canaries.found_in(&around), ["name"]);
        assert!(canaries.found_in(&around[..around.len() - 6]).is_empty());
    }
}
