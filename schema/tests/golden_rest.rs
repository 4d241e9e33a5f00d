//! The bytes of the acts about what offices keep and hide: files that are never changed, only added to.

// The test itself reads the committed files; the crate does not.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use jiaolian_schema::act::{Act, Consult, HandOver, Parted, Phone, Purge, Rota, Seal, Shift};
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId, PersonId};
use jiaolian_schema::schedule::{Schedule, Window};

const AT: i64 = 1_772_409_600_000;

fn acts() -> Vec<(&'static str, Act)> {
    let dossier = DossierId([9; 32]);
    let to = OfficeId([2; 16]);
    let seal = Seal {
        sealed: 1,
        ground: "under_18_five_years".into(),
        document: "司封〔2026〕1号".into(),
        replaces: vec![EnvelopeId([3; 32]), EnvelopeId([4; 32])],
    };
    let consult = Consult {
        person: PersonId([5; 16]),
        ground: "judicial_case".into(),
        unit: "县人民检察院".into(),
        purpose: "办理案件".into(),
        document: "检调〔2026〕1号".into(),
        from: AT,
        to: AT + 1,
    };
    let purge = Purge {
        log: dossier,
        last: EnvelopeId([6; 32]),
        top: 5_000,
        hash: [7; 32],
    };
    let rota = Rota {
        hours: Some(
            Schedule::new(vec![Window::new(&[1, 2, 3, 4, 5], 510, 1_050).unwrap()]).unwrap(),
        ),
        workdays: 1,
        shifts: vec![Shift {
            from: AT,
            to: AT + 86_400_000,
            person: PersonId([5; 16]),
        }],
        phones: vec![Phone {
            person: PersonId([5; 16]),
            number: "+8613800000003".into(),
        }],
        replaces: vec![EnvelopeId([3; 32])],
    };
    let hand_over = HandOver {
        takes: Some(EnvelopeId([6; 32])),
        list: [7; 32],
        open: 3,
        untold: 1,
    };
    vec![
        ("parted", Parted { dossier, to }.into()),
        ("seal", seal.into()),
        ("consult", consult.into()),
        ("purge", purge.into()),
        ("rota", rota.into()),
        ("hand_over", hand_over.into()),
    ]
}

#[test]
fn bytes_are_those_of_the_committed_files() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let write = std::env::var_os("JIAOLIAN_WRITE_GOLDEN").is_some();
    for (name, act) in acts() {
        let path = dir.join(format!("rest_{name}.cbor"));
        let bytes = act.to_payload(AT);
        if write && !path.exists() {
            std::fs::write(&path, &bytes).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{name} changed");
        assert_eq!(Act::from_payload(&bytes), Ok((AT, act)), "{name}");
        for length in 0..bytes.len() {
            assert!(
                Act::from_payload(&bytes[..length]).is_err(),
                "{name} {length}"
            );
        }
    }
}
