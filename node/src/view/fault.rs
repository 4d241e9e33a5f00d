//! Faults that other parts found, in words from the table: Chinese first, with the value shown.

use crate::http::error::FieldFault;
use crate::http::text::{Text, words, words_with};
use jiaolian_schema::fence::{CheckFenceError, ReadShapeError};
use jiaolian_schema::geo::CheckShapeError;
use jiaolian_schema::id_number::ParseIdNumberError;
use jiaolian_sync::SignError;

const MM_A_METRE: i64 = 1_000;

/// What a reason of refusal begins with, and the words for it.
const REFUSED: [(&str, &str); 21] = [
    ("this office may not hold", "foreign"),
    ("a head is at most", "long"),
    ("a body is at most", "long"),
    ("an act is at most", "long"),
    ("a section is at most", "long"),
    ("the bytes are not", "form"),
    ("the ", "form"),
    ("suite ", "suite"),
    ("author ", "author"),
    ("a chain ", "order"),
    ("prev_here is", "order"),
    ("a body names", "past"),
    ("deps are", "past"),
    ("an envelope that opens", "opening"),
    ("the act opens", "opening"),
    ("only a witness", "witness"),
    ("a receipt lists", "receipt"),
    ("the change is refused", "edit"),
    ("the signature", "signature"),
    ("the author's suite", "suite"),
    ("the head names", "body"),
];

/// Why material was not taken in. The longest beginning that is known says it.
pub fn refused(reason: &str) -> Text {
    let known = REFUSED
        .iter()
        .filter(|(beginning, _)| reason.starts_with(beginning));
    let longest = known.max_by_key(|(beginning, _)| beginning.len());
    words("refused", longest.map_or("other", |(_, key)| key))
}

/// A shape that is no area.
pub fn shape(error: &ReadShapeError) -> Text {
    match error {
        ReadShapeError::Form => words("shape", "form"),
        ReadShapeError::Open => words("shape", "open"),
        ReadShapeError::Place(place) => words_with("shape", "place", &[&tail(&place.to_string())]),
        ReadShapeError::Shape(shape) => rings(shape),
    }
}

fn rings(error: &CheckShapeError) -> Text {
    let (key, value) = match error {
        CheckShapeError::Empty => ("empty", String::new()),
        CheckShapeError::RingShort(points) => ("short", points.to_string()),
        CheckShapeError::PointsMany(points) => ("many", points.to_string()),
        CheckShapeError::Meridian(at) => ("meridian", at.clone()),
        CheckShapeError::Crossing(at) => ("crossing", at.clone()),
        CheckShapeError::SharedEdge(at) => ("shared", at.clone()),
        CheckShapeError::Hole(at) => ("hole", at.clone()),
        CheckShapeError::Overlap(at) => ("overlap", at.clone()),
    };
    let place = words("shape", key);
    Text {
        zh: place.fill(&[&placed(&value)]).zh,
        en: place.fill(&[&value]).en,
    }
}

/// A place in Chinese, as the rules of shapes say it in English.
fn placed(value: &str) -> String {
    let value = value
        .trim_start_matches("near ")
        .trim_start_matches("at ")
        .replace("latitude ", "纬度");
    value.replace(", longitude ", "、经度")
}

/// What stands after the last colon of a sentence: the value that broke the rule.
fn tail(sentence: &str) -> String {
    let value = sentence.rsplit_once(": ").map_or("", |(_, value)| value);
    value.trim_matches('"').to_owned()
}

/// A fence that breaks a rule of fences.
pub fn fence(error: &CheckFenceError) -> Text {
    match error {
        CheckFenceError::Id(bytes) => words_with("fence", "name_length", &[&bytes.to_string()]),
        CheckFenceError::Buffer(mm) => {
            words_with("fence", "buffer_range", &[&(mm / MM_A_METRE).to_string()])
        }
        CheckFenceError::Schedule(error) => {
            words_with("fence", "schedule_form", &[&tail(&error.to_string())])
        }
        CheckFenceError::Role { .. } => words("fence", "role_kind"),
        CheckFenceError::Shape(shape) => rings(shape),
        CheckFenceError::Clearable {
            buffer_mm,
            works_mm,
        } => {
            let metres = |mm: i64| (mm / MM_A_METRE).to_string();
            match works_mm {
                Some(works) => words_with(
                    "fence",
                    "clearable",
                    &[&metres(*buffer_mm), &metres(*works)],
                ),
                None => words_with("fence", "never_clearable", &[&metres(*buffer_mm)]),
            }
        }
    }
}

/// An identity number that is none.
pub fn identity(error: &ParseIdNumberError) -> FieldFault {
    let (code, values) = match error {
        ParseIdNumberError::Length(found) => ("id_length", vec![found.to_string()]),
        ParseIdNumberError::Digit { at, found } => {
            ("id_digit", vec![at.to_string(), found.to_string()])
        }
        ParseIdNumberError::Birth(found) => ("id_birth", vec![found.clone()]),
        ParseIdNumberError::Checksum { expected, found } => {
            ("id_checksum", vec![expected.to_string(), found.to_string()])
        }
    };
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    FieldFault::new(code, &values)
}

/// An act that could not be signed, where no code of the contract says why.
pub fn sign(error: &SignError) -> Text {
    match error {
        SignError::Elsewhere(_) => words("sign", "elsewhere"),
        SignError::LaterVersion => words("sign", "later_version"),
        SignError::TooManyDeps(found) => words_with("sign", "many", &[&found.to_string()]),
        SignError::TooLong(found) => words_with("sign", "long", &[&found.to_string()]),
        SignError::NoEffect(_) => words("sign", "no_effect"),
        SignError::UnknownDossier(_) => words("sign", "absent"),
        SignError::RolledBack { .. } => words("error", "rolled_back"),
        SignError::Refused(reason) => refused(reason),
        _ => words("sign", "other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiaolian_schema::admit::AdmitError;
    use jiaolian_schema::canon::CanonError;
    use jiaolian_schema::id_number::IdNumber;

    fn has_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    #[test]
    fn every_refusal_at_the_door_has_words_in_both_languages() {
        let errors = [
            AdmitError::HeadTooLong(9_000),
            AdmitError::BodyTooLong(300_000),
            AdmitError::Canon(CanonError::NotDeterministic {
                what: "a head",
                bytes: 7,
            }),
            AdmitError::UnknownSuite(9),
            AdmitError::OtherSuite { known: 1, said: 2 },
            AdmitError::BadSignature("act/1"),
            AdmitError::ChainStart { n: 2 },
            AdmitError::HereStart { m: 2 },
            AdmitError::OtherBody,
            AdmitError::TooManyDeps(17),
            AdmitError::UnsortedDeps,
            AdmitError::Opening,
            AdmitError::WitnessOnly,
            AdmitError::ActTooLong(70_000),
            AdmitError::SectionTooLong(40_000),
            AdmitError::UnsoundReceipt,
            AdmitError::Change("too many operations".to_owned()),
        ];
        let other = words("refused", "other");
        for error in errors {
            let text = refused(&error.to_string());
            assert!(has_chinese(&text.zh) && !has_chinese(&text.en), "{error}");
            assert_ne!(text, other, "{error}");
        }
        let signature = refused(&AdmitError::BadSignature("act/1").to_string());
        assert_eq!(signature, words("refused", "signature"));
        assert_eq!(refused("something new"), other);
    }

    #[test]
    fn an_identity_number_is_refused_in_chinese_with_the_value() {
        let error = IdNumber::parse("431381199003071232").unwrap_err();
        let fault = identity(&error);
        assert_eq!(fault.code, "id_checksum");
        assert_eq!(fault.message_zh, "校验码应为1, 填写的是2");
        assert_eq!(fault.message_en, "The check character should be 1, found 2");
        let fault = identity(&IdNumber::parse("4313").unwrap_err());
        assert!(fault.message_zh.contains('4'), "{}", fault.message_zh);
    }

    #[test]
    fn a_shape_and_a_buffer_are_refused_with_the_value() {
        let text = rings(&CheckShapeError::PointsMany(20_001));
        assert!(text.zh.contains("20001") && text.en.contains("20001"));
        let text = fence(&CheckFenceError::Clearable {
            buffer_mm: 500_000,
            works_mm: Some(80_000),
        });
        assert!(
            text.zh.contains("500米") && text.zh.contains("80米"),
            "{}",
            text.zh
        );
    }
}
