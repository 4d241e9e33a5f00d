//! A sealed value opens at its own place, under its own key and as it was sealed, and nowhere else.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiaolian_node::seal::{CasePublic, CaseSecret, OpenSealError, OpsKey, Place};

const HERE: Place<'static> = Place {
    table: 3,
    key: b"row",
};

#[test]
fn both_case_forms_open_with_the_secret_and_survive_its_stored_form() {
    let secret = CaseSecret::generate();
    let public = CasePublic::from_bytes(&secret.public().to_bytes()).unwrap();
    let again = CaseSecret::from_bytes(&secret.to_bytes()).unwrap();
    for sealed in [public.seal(HERE, b"body"), secret.seal(HERE, b"body")] {
        assert_eq!(again.open(HERE, &sealed).unwrap(), b"body");
        assert_eq!(
            CaseSecret::generate().open(HERE, &sealed),
            Err(OpenSealError::Damaged)
        );
    }
}

#[test]
fn values_moved_to_another_row_table_or_epoch_are_damaged() {
    let ops = OpsKey::generate();
    let secret = CaseSecret::generate();
    let sealed = [
        ops.seal(HERE, b"v"),
        secret.seal(HERE, b"v"),
        secret.public().seal(HERE, b"v"),
    ];
    let open = |place, bytes: &[u8]| (ops.open(place, bytes), secret.open(place, bytes));
    let damaged = (Err(OpenSealError::Damaged), Err(OpenSealError::Damaged));
    for bytes in &sealed {
        assert_ne!(open(HERE, bytes), damaged);
        assert_eq!(
            open(
                Place {
                    table: 4,
                    key: b"row"
                },
                bytes
            ),
            damaged
        );
        assert_eq!(
            open(
                Place {
                    table: 3,
                    key: b"rox"
                },
                bytes
            ),
            damaged
        );
        assert_eq!(open(Place { table: 3, key: b"" }, bytes), damaged);
        let mut other_epoch = bytes.clone();
        other_epoch[4] ^= 2;
        assert_eq!(open(HERE, &other_epoch), damaged);
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_damage() {
    let ops = OpsKey::generate();
    let secret = CaseSecret::generate();
    let sealed = [
        ops.seal(HERE, b"pq"),
        secret.seal(HERE, b"pq"),
        secret.public().seal(HERE, b"pq"),
    ];
    for bytes in &sealed {
        let opens =
            |bytes: &[u8]| ops.open(HERE, bytes).is_ok() || secret.open(HERE, bytes).is_ok();
        assert!(opens(bytes));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // The top bit of an X25519 public key is ignored by the curve, and the salt still
            // covers it.
            assert!(!opens(&flipped), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(!opens(&bytes[..length]), "{length} bytes");
        }
    }
}

#[test]
fn equal_values_never_give_equal_bytes() {
    let ops = OpsKey::generate();
    assert_ne!(ops.seal(HERE, b"v"), ops.seal(HERE, b"v"));
    let public = CaseSecret::generate().public();
    assert_ne!(public.seal(HERE, b"v"), public.seal(HERE, b"v"));
}

#[test]
fn secrets_are_not_printed() {
    let secret = CaseSecret::generate();
    assert_eq!(
        format!("{secret:?} {:?}", OpsKey::generate()),
        "CaseSecret OpsKey"
    );
}
