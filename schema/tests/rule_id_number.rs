//! Identity numbers: scenario 21 and the vectors of GB 11643.
#![allow(clippy::unwrap_used)]

use jiaolian_schema::id_number::{DivisionTable, IdNumber, ParseIdNumberError, Sex, check_line};
use proptest::prelude::*;

fn divisions() -> DivisionTable {
    DivisionTable::parse(include_str!("../rules/division.toml")).unwrap()
}

#[test]
fn valid_numbers_are_taken_with_what_they_say() {
    for (text, birth, sex) in [
        ("431381199003071231", "1990-03-07", Sex::Male),
        ("431381200802290014", "2008-02-29", Sex::Male),
        ("430181198511114561", "1985-11-11", Sex::Female),
        ("431382197906300020", "1979-06-30", Sex::Female),
        ("431381199208150048", "1992-08-15", Sex::Female),
    ] {
        let number = IdNumber::parse(text).unwrap();
        assert_eq!(
            (number.birth().to_string().as_str(), number.sex()),
            (birth, sex),
            "{text}"
        );
        let known = check_line(&divisions(), text);
        assert!(
            known.ok && known.text.contains(r#""division_known":true"#),
            "{}",
            known.text
        );
    }
}

#[test]
fn scenario_21_checksum_date_old_form_and_small_x() {
    assert_eq!(
        IdNumber::parse("431381199003071232"),
        Err(ParseIdNumberError::Checksum {
            expected: '1',
            found: '2'
        })
    );
    assert!(matches!(
        IdNumber::parse("431381200702290012"),
        Err(ParseIdNumberError::Birth(_))
    ));
    assert_eq!(
        IdNumber::parse("431381790630002").unwrap().as_str(),
        "431381197906300024"
    );
    assert_eq!(
        IdNumber::parse("11010519491231002x").unwrap().as_str(),
        "11010519491231002X"
    );
    assert!(matches!(
        IdNumber::parse("4313811990030712"),
        Err(ParseIdNumberError::Length(16))
    ));
    assert!(matches!(
        IdNumber::parse("43138119900307X231"),
        Err(ParseIdNumberError::Digit { at: 15, found: 'X' })
    ));
    assert!(IdNumber::parse("４３１３８１１９９００３０７１２３１").is_err());
    assert!(IdNumber::parse("").is_err());
}

#[test]
fn unknown_division_only_warns() {
    let answer = check_line(&divisions(), "11010519491231002x");
    assert!(answer.ok);
    assert_eq!(
        answer.text,
        concat!(
            r#"{"input":"11010519491231002x","valid":true,"normalised":"11010519491231002X","#,
            r#""error":null,"birth":"1949-12-31","sex":"female","division":"110105","#,
            r#""division_known":false}"#
        )
    );
}

#[test]
fn invalid_number_says_why() {
    let answer = check_line(&divisions(), "431381199003071232");
    assert!(!answer.ok);
    assert!(
        answer
            .text
            .contains(r#""error":"checksum: expected 1, found 2""#),
        "{}",
        answer.text
    );
    assert!(answer.text.contains(r#""normalised":null"#));
}

proptest! {
    #[test]
    fn any_other_last_character_is_refused(last in "[0-9X]") {
        let text = format!("43138119900307123{last}");
        prop_assert_eq!(IdNumber::parse(&text).is_ok(), last == "1");
    }

    #[test]
    fn any_text_is_answered_without_panic(text in "\\PC{0,20}") {
        let _ = IdNumber::parse(&text);
    }
}
