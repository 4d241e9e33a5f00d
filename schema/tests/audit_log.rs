//! Rows of a node's log: their bytes, and which row is named when somebody touched them.

use jiaolian_schema::act::{Act, Damage, Ledger, Log};
use jiaolian_schema::audit::{Fault, Flaw, Looked, Row, check, name_for_row};
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId, PersonId, hex, sha256};

const AT: i64 = 1_772_409_600_000;
const ZERO: [u8; 32] = [0; 32];

fn row(number: u8, before: [u8; 32]) -> Row {
    Row {
        case: Some(DossierId([number; 32])),
        before,
        ..Row::new(AT, Some(PersonId([1; 16])), OfficeId([2; 16]), Looked::Case)
    }
}

/// A chain of rows from number 1 on, and the hash of its last.
fn chain(count: u8) -> (Vec<Vec<u8>>, [u8; 32]) {
    let (mut rows, mut hash) = (Vec::new(), ZERO);
    for number in 1..=count {
        let bytes = row(number, hash).to_bytes();
        hash = sha256(&[&bytes]);
        rows.push(bytes);
    }
    (rows, hash)
}

fn named(rows: &[Vec<u8>], last: &[u8; 32]) -> Vec<(u64, u64, Fault)> {
    let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
    let flaws = check(&ZERO, 1, &rows, last);
    flaws
        .into_iter()
        .map(|flaw| (flaw.number, flaw.to, flaw.fault))
        .collect()
}

fn edited(bytes: &[u8]) -> Vec<u8> {
    let row = Row {
        purpose: "court".to_owned(),
        ..Row::read(bytes).expect("a row")
    };
    row.to_bytes()
}

#[test]
fn an_untouched_chain_has_no_flaw() {
    for count in 1..=9 {
        let (rows, last) = chain(count);
        assert_eq!(named(&rows, &last), []);
    }
}

#[test]
fn each_row_that_is_edited_is_named_and_no_other() {
    for at in 0..9 {
        let (mut rows, last) = chain(9);
        rows[at] = edited(&rows[at]);
        let number = at as u64 + 1;
        assert_eq!(named(&rows, &last), [(number, number, Fault::Altered)]);
    }
}

#[test]
fn each_row_that_is_cut_out_is_named_and_no_other() {
    for at in 0..9 {
        let (mut rows, last) = chain(9);
        rows[at].clear();
        let number = at as u64 + 1;
        assert_eq!(named(&rows, &last), [(number, number, Fault::Absent)]);
    }
}

#[test]
fn every_pair_that_is_exchanged_is_named_and_no_other() {
    for a in 0..9 {
        for b in a + 1..9 {
            let (mut rows, last) = chain(9);
            rows.swap(a, b);
            let mut flaws = Vec::new();
            for (number, to, fault) in named(&rows, &last) {
                flaws.extend((number..=to).map(|number| (number, fault)));
            }
            let number = |at: usize| (at as u64 + 1, Fault::Altered);
            assert_eq!(flaws, [number(a), number(b)]);
        }
    }
}

#[test]
fn two_touched_rows_apart_are_both_named() {
    for (a, b) in [(0, 4), (2, 5), (3, 8)] {
        let (mut rows, last) = chain(9);
        rows[a] = edited(&rows[a]);
        rows[b].clear();
        let first = (a as u64 + 1, a as u64 + 1, Fault::Altered);
        let second = (b as u64 + 1, b as u64 + 1, Fault::Absent);
        assert_eq!(named(&rows, &last), [first, second]);
    }
}

#[test]
fn what_is_no_row_is_named_and_a_new_beginning_too() {
    let (mut rows, last) = chain(5);
    rows[2] = vec![0xff];
    assert_eq!(named(&rows, &last), [(3, 3, Fault::Unreadable)]);
    let (rows, last) = chain(5);
    let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
    let flaw = Flaw {
        number: 1,
        to: 1,
        fault: Fault::Unlinked,
    };
    assert_eq!(check(&[9; 32], 1, &rows, &last), [flaw]);
}

#[test]
fn the_bytes_of_a_row_and_of_the_acts_never_change() {
    let ledger = Act::from(Ledger {
        office: OfficeId([2; 16]),
        after: Some(EnvelopeId([3; 32])),
    });
    let (rows, last) = chain(2);
    let rows = rows.into_iter().map(Into::into).collect();
    let log = Act::from(Log {
        first: 1,
        before: ZERO,
        last,
        rows,
    });
    let flaws = vec![Flaw {
        number: 4,
        to: 6,
        fault: Fault::Absent,
    }];
    let damage = Act::from(Damage { flaws });
    let sums = [
        row(1, ZERO).to_bytes(),
        ledger.to_payload(AT),
        log.to_payload(AT),
        damage.to_payload(AT),
    ]
    .map(|bytes| hex(&sha256(&[&bytes]))[..16].to_owned());
    assert_eq!(
        sums,
        [
            "71cd1d770f0a3305",
            "8971855da2c18aea",
            "c6a214f402b39f98",
            "a691b9389c0462a7"
        ]
    );
    for act in [ledger, log, damage] {
        let payload = act.to_payload(AT);
        assert_eq!(Act::from_payload(&payload), Ok((AT, act)));
    }
}

#[test]
fn a_row_of_the_first_form_is_still_read() {
    // As it was written before rows knew of anything but looks by people.
    let old = {
        let mut e = minicbor::Encoder::new(Vec::new());
        e.map(6).expect("memory");
        e.u8(0).expect("memory").i64(AT).expect("memory");
        e.u8(1).expect("memory").bytes(&[1; 16]).expect("memory");
        e.u8(2).expect("memory").bytes(&[2; 16]).expect("memory");
        e.u8(3).expect("memory").u8(2).expect("memory");
        e.u8(4).expect("memory").str("alarm").expect("memory");
        e.u8(8).expect("memory").bytes(&ZERO).expect("memory");
        e.into_writer()
    };
    let row = Row::read(&old).expect("a row");
    assert_eq!((row.looked, row.purpose.as_str()), (Looked::Track, "alarm"));
    assert_eq!(row.to_bytes(), old);
}

#[test]
fn a_kind_of_a_later_version_is_kept() {
    let row = Row::new(AT, None, OfficeId([2; 16]), Looked::Other(900));
    let again = Row::read(&row.to_bytes()).expect("a row");
    assert_eq!((again.looked.number(), again.looked.word()), (900, "other"));
    let numbers: std::collections::BTreeSet<u16> = Looked::ALL.iter().map(|k| k.number()).collect();
    let words: std::collections::BTreeSet<&str> = Looked::ALL.iter().map(|k| k.word()).collect();
    assert_eq!(
        (numbers.len(), words.len()),
        (Looked::ALL.len(), Looked::ALL.len())
    );
}

#[test]
fn a_minors_case_has_another_name_in_rows() {
    let case = DossierId([7; 32]);
    assert_eq!(name_for_row(case, false), case);
    assert_ne!(name_for_row(case, true), case);
}
