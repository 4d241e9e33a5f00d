//! The door and a node's own log: how long a batch and a statement of damage may be.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Act, Damage, Ledger, Log};
use jiaolian_schema::admit::AdmitError;
use jiaolian_schema::audit::{FLAWS_MAX, Fault, Flaw, LOG_BYTES_MAX, LOG_ROWS_MAX, ROW_BYTES_MAX};
use town::{Draft, World, office};

/// What the door says of an act in a log: none where it comes in.
fn refused(act: Act) -> Option<AdmitError> {
    let mut w = World::new();
    let ledger = Ledger {
        office: office("T1"),
        after: None,
    };
    let log = w.sign("T1.s", Draft::default(), ledger.into());
    let draft = Draft {
        dossier: Some(log.into()),
        ..Draft::default()
    };
    let id = w.sign("T1.s", draft, act);
    w.admitted(id).err()
}

fn batch(first: u64, rows: usize, bytes: usize) -> Act {
    let log = Log {
        first,
        before: [0; 32],
        last: [0; 32],
        rows: vec![vec![0; bytes].into(); rows],
    };
    log.into()
}

#[test]
fn a_batch_has_numbered_rows_of_bounded_number_and_length() {
    let most = LOG_BYTES_MAX / ROW_BYTES_MAX;
    for (first, rows, bytes, comes_in) in [
        (1, 1, 0, true),
        (1, 0, 0, false),
        (0, 1, 1, false),
        (1, LOG_ROWS_MAX, 1, true),
        (1, LOG_ROWS_MAX + 1, 1, false),
        (1, 1, ROW_BYTES_MAX, true),
        (1, 1, ROW_BYTES_MAX + 1, false),
        (1, most, ROW_BYTES_MAX, true),
        (1, most + 1, ROW_BYTES_MAX, false),
        (u64::MAX - 1, 1, 1, true),
        (u64::MAX, 1, 1, false),
    ] {
        let refused = refused(batch(first, rows, bytes));
        let expected = (!comes_in).then_some(AdmitError::UnsoundLog);
        assert_eq!(
            refused, expected,
            "{rows} rows of {bytes} bytes from {first}"
        );
    }
}

#[test]
fn a_statement_of_damage_names_a_bounded_number_of_flaws() {
    for (count, comes_in) in [
        (0, true),
        (1, true),
        (FLAWS_MAX, true),
        (FLAWS_MAX + 1, false),
    ] {
        let flaw = |number: usize| Flaw {
            number: number as u64,
            to: number as u64,
            fault: Fault::Absent,
        };
        let damage = Damage {
            flaws: (0..count).map(flaw).collect(),
        };
        let expected = (!comes_in).then_some(AdmitError::UnsoundLog);
        assert_eq!(refused(damage.into()), expected, "{count} flaws");
    }
}
