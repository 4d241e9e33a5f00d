//! An alarm's reports, judged anew from what its file carries, come to what the alarm says; whatever is
//! changed among them is named.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may end by panicking, and reads its golden file"
)]

use jiaolian_schema::act::{Act, PublicKey, Raise, RootStatement};
use jiaolian_schema::bundle::{Bundle, Subject};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Duty, Envelope, Head, Kind, author_id, body_hash};
use jiaolian_schema::explain::{Difference, Exhibit, Kept, Unbound, UnusedCause, explain};
use jiaolian_schema::fence::{Fence, FenceKind, Fences, Verdict};
use jiaolian_schema::fix::{Point, Source};
use jiaolian_schema::geo::{Coord, Shape};
use jiaolian_schema::id::{AlarmId, DossierId, OfficeId, PersonCode};
use jiaolian_schema::permit::Permit;
use jiaolian_schema::signal::{Sign, Signs};
use jiaolian_schema::suite::{ED25519, Ed25519Signer, Sign as _};
use jiaolian_schema::watch::{AlarmKind, Numbers, alarm_id, rejudge};

/// Monday 2026-03-02 08:00 in Shanghai.
const START_MS: i64 = 1_772_409_600_000;
const MINUTE_MS: i64 = 60_000;
/// About 100 m of longitude at 27.65 degrees, 1e-7 degree.
const HUNDRED_M: i32 = 10_150;

fn place(hundreds_m: i32) -> Coord {
    Coord::new(276_500_000, 1_114_000_000 + hundreds_m * HUNDRED_M).unwrap()
}

/// A keep-in fence whose eastern edge lies at 0.
fn fence() -> Fence {
    let (west, east) = (place(-200).lon(), place(0).lon());
    let corner = |lat: i32, lon: i32| Coord::new(lat, lon).unwrap();
    let ring = vec![
        corner(276_000_000, west),
        corner(276_000_000, east),
        corner(277_000_000, east),
        corner(277_000_000, west),
    ];
    let shape = Shape::new(vec![vec![ring]]).unwrap();
    Fence::new("home", FenceKind::KeepIn, shape, 100_000).unwrap()
}

fn kept(minute: i64, hundreds_m: i32, accuracy_m: u32) -> Kept {
    let time = START_MS + minute * MINUTE_MS;
    let accuracy_mm = Some(accuracy_m * 1_000);
    Kept {
        time,
        point: Some(Point::new(
            time,
            place(hundreds_m),
            accuracy_mm,
            Source::Gnss,
        )),
        signs: None,
        received_at: time + 2_000,
        live: true,
        judged: true,
        said: None,
    }
}

/// Inside, then 500 m out for six minutes, with a poor fix and a jump among them.
fn exhibit() -> Exhibit {
    let reports = vec![
        kept(0, -10, 15),
        kept(4, 5, 15),
        kept(5, 5, 600),
        kept(6, 500, 15),
        kept(7, 5, 15),
        kept(8, 5, 15),
        kept(9, 5, 15),
    ];
    Exhibit {
        person: PersonCode([7; 16]).to_hex(),
        fences: vec![fence()],
        permits: Vec::new(),
        reports,
        interval_ms: None,
        bound: vec![(START_MS - 1, START_MS + 1_000 * MINUTE_MS)],
        down: Vec::new(),
        window: (START_MS - 1, START_MS + 100 * MINUTE_MS),
        whole: true,
    }
}

/// The alarm that the product raises of an exhibit.
fn raise(exhibit: &Exhibit) -> Raise {
    let points: Vec<Point> = exhibit
        .reports
        .iter()
        .filter_map(|kept| kept.point)
        .collect();
    let fences = Fences::from(exhibit.fences.clone());
    let judged = rejudge(&exhibit.person, &points, &fences, &exhibit.permits);
    let exit = &judged.conditions[0];
    assert_eq!(exit.kind, AlarmKind::Exit);
    Raise {
        alarm: AlarmId(alarm_id(
            &exhibit.person,
            &exit.about,
            exit.kind,
            exit.deciding,
        )),
        case: DossierId([1; 32]),
        office: OfficeId([2; 16]),
        person: PersonCode([7; 16]),
        kind: exit.kind.code().to_owned(),
        severity: 2,
        fence: exit.about.clone(),
        time: exit.time,
        decided_at: exit.decided_at,
        retrospective: 0,
        evidence: canon::encode(&exit.evidence),
    }
}

#[test]
fn every_report_is_named_for_what_it_was() {
    let exhibit = exhibit();
    let raise = raise(&exhibit);
    let found = explain(&raise, &exhibit, &Numbers::default());
    assert!(found.is_decidable);
    assert_eq!(found.differs, []);
    assert_eq!(found.decision.unwrap().decided_at, raise.decided_at);
    let seen = &found.seen;
    let counts: Vec<bool> = seen.iter().map(|seen| seen.counts).collect();
    assert_eq!(counts, [false, true, false, false, true, true, false]);
    assert_eq!(seen.iter().filter(|seen| seen.decides).count(), 1);
    assert_eq!(seen[0].verdict, Some(Verdict::Clear));
    assert_eq!(seen[1].verdict, Some(Verdict::Candidate));
    assert_eq!(seen[2].unused, Some(UnusedCause::Inaccurate));
    assert_eq!(seen[3].unused, Some(UnusedCause::Jump));
    let distance = seen[1].distance_mm.unwrap();
    assert!((499_000..=501_000).contains(&distance), "{distance}");
    assert!(seen[0].distance_mm.unwrap() < -990_000);
}

#[test]
fn a_report_that_is_changed_moved_or_taken_away_is_named() {
    let exhibit = exhibit();
    let raise = raise(&exhibit);
    let numbers = Numbers::default();
    let marked = exhibit
        .clone()
        .marked(&explain(&raise, &exhibit, &numbers).seen);
    assert_eq!(explain(&raise, &marked, &numbers).differs, []);
    for changed in 0..marked.reports.len() {
        let mut other = marked.clone();
        let point = other.reports[changed].point.as_mut().unwrap();
        point.at = Coord::new(point.at.lat() + 1, point.at.lon()).unwrap();
        let differs = explain(&raise, &other, &numbers).differs;
        let named = Difference::Report(other.reports[changed].time);
        assert!(differs.contains(&named), "{changed}: {differs:?}");
    }
    // The first of the run was signed as proof; without it another run would decide.
    let mut thinned = exhibit.clone();
    let gone = thinned.reports.remove(1);
    let differs = explain(&raise, &thinned, &numbers).differs;
    assert!(differs.contains(&Difference::Undecided), "{differs:?}");
    assert!(
        differs.contains(&Difference::Proof(gone.time)),
        "{differs:?}"
    );
}

#[test]
fn a_leave_that_covers_and_a_skewed_report_are_reasons_of_their_own() {
    let mut exhibit = exhibit();
    let raise = raise(&exhibit);
    exhibit.reports[6].judged = false;
    exhibit.permits.push(Permit {
        person: exhibit.person.clone(),
        from: START_MS + 8 * MINUTE_MS + 2 * 3_600_000,
        to: START_MS + 900 * MINUTE_MS,
        area: None,
        fence: None,
        signed: None,
        revoked: None,
    });
    let seen = explain(&raise, &exhibit, &Numbers::default()).seen;
    assert_eq!(seen[6].unused, Some(UnusedCause::Skewed));
    assert_eq!(
        (seen[4].unbound, seen[5].unbound),
        (None, Some(Unbound::Permit))
    );
}

#[test]
fn a_fault_of_a_device_is_not_for_a_few_hours_to_decide() {
    let exhibit = exhibit();
    let raise = Raise {
        kind: "DEV_FAULT".to_owned(),
        fence: String::new(),
        ..raise(&exhibit)
    };
    let found = explain(&raise, &exhibit, &Numbers::default());
    assert!(!found.is_decidable && found.decision.is_none() && found.differs.is_empty());
}

/// The file of an alarm: the act that raised it, signed, and its exhibit with a leave, signs of the
/// device and an hour in which the node did not run.
fn alarm_file() -> Bundle {
    let mut exhibit = exhibit();
    exhibit.reports[0].signs = Some(Signs::NONE.with(Sign::Strap, false).with_battery(64));
    exhibit.permits.push(Permit {
        person: exhibit.person.clone(),
        from: START_MS + 500 * MINUTE_MS,
        to: START_MS + 900 * MINUTE_MS,
        area: None,
        fence: None,
        signed: Some(START_MS),
        revoked: None,
    });
    exhibit.interval_ms = Some(MINUTE_MS);
    exhibit.down = vec![(START_MS + 30 * MINUTE_MS, START_MS + 90 * MINUTE_MS)];
    let raise = raise(&exhibit);
    let seen = explain(&raise, &exhibit, &Numbers::default()).seen;
    let key = Ed25519Signer::from_seed(&[4; 32]);
    let office = OfficeId([2; 16]);
    let body = canon::encode(&Body {
        salt: [1; 16],
        dossier: None,
        m: 1,
        prev_here: None,
        deps: Vec::new(),
        appointment: None,
        payload: Act::from(raise).to_payload(START_MS + 10 * MINUTE_MS),
    });
    let head = Head {
        suite: ED25519,
        kind: Kind::Act,
        author: author_id(ED25519, &key.public_key(), office, Duty::Witness),
        n: 1,
        prev: None,
        body_hash: body_hash(ED25519, &body),
        receipt: None,
    };
    let envelope = Envelope::seal(&key, &head, body).unwrap();
    let root = PublicKey {
        suite: ED25519,
        key: key.public_key(),
    };
    Bundle::new(
        &RootStatement::single(office, root),
        Subject::Alarm(envelope.id().into()),
        START_MS + 20 * MINUTE_MS,
        ([7; 32], 1),
        vec![envelope],
    )
    .with_exhibit(exhibit.marked(&seen))
}

#[test]
fn the_golden_file_of_an_alarm_keeps_its_bytes_and_its_verdict() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/alarm.bundle");
    let bytes = alarm_file().to_bytes();
    if std::env::var_os("JIAOLIAN_WRITE_GOLDEN").is_some() && !path.exists() {
        std::fs::write(&path, &bytes).unwrap();
    }
    let golden = std::fs::read(&path).unwrap();
    assert_eq!(
        jiaolian_schema::id::hex(&bytes),
        jiaolian_schema::id::hex(&golden)
    );
    let read = Bundle::parse(&golden).unwrap();
    let body = read.envelopes[0].body.as_ref().unwrap();
    let body: Body = canon::decode("a body", body).unwrap();
    let (_, Act::Raise(raise)) = Act::from_payload(&body.payload).unwrap() else {
        panic!("the file holds an alarm");
    };
    let found = explain(&raise, read.exhibit().unwrap(), &Numbers::default());
    assert!(found.is_decidable);
    assert_eq!(found.differs, []);
    assert_eq!(found.decision.unwrap().decided_at, raise.decided_at);
}
