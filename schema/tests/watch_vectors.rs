//! The golden vectors V1 to V61 of the watch: one line of the table each, in its notation.
//!
//! A fix is `minute[:second]@metres outward from the eastern edge of a 20 km square`, then
//! `/accuracy` and `w` or `c`; events are x exit, e enter, c clear, as `time>decided_at`.

#![allow(clippy::unwrap_used, reason = "a test may end by panicking")]

use jiaolian_schema::fence::{Fence, FenceKind, Fences};
use jiaolian_schema::fix::{Fix, Point, Source};
use jiaolian_schema::geo::{Coord, Scale, Shape};
use jiaolian_schema::permit::Permit;
use jiaolian_schema::schedule::{Schedule, Window};
use jiaolian_schema::watch::{Event, EventKind, Step, WatchState, events};

/// Monday 2026-03-02 08:00 in Shanghai.
const START_MS: i64 = 1_772_409_600_000;
const MINUTE_MS: i64 = 60_000;
const LAT: i32 = 276_500_000;
const EDGE_LON: i32 = 1_114_000_000;
const PERSON: &str = "p";

const VECTORS: &str = include_str!("watch_vectors.txt");

struct Vector {
    number: usize,
    fences: Fences,
    permits: Vec<Permit>,
    fixes: Vec<Fix>,
    expected: Vec<Event>,
}

#[test]
fn every_vector_gives_its_events() {
    let vectors: Vec<Vector> = VECTORS.lines().map(read_vector).collect();
    assert_eq!(vectors.len(), 61);
    for (index, vector) in vectors.iter().enumerate() {
        assert_eq!(vector.number, index + 1);
        let found = events(&vector.fixes, &vector.fences, &vector.permits);
        assert_eq!(found, vector.expected, "V{}", vector.number);
    }
}

#[test]
fn a_running_node_gives_the_same_events_when_fixes_come_in_order() {
    for vector in VECTORS.lines().map(read_vector) {
        let mut fixes = vector.fixes.clone();
        fixes.sort_by_key(|fix| fix.point.order());
        let mut state = WatchState::default();
        let mut found = 0;
        for fix in &fixes {
            // The state goes through the store between any two fixes.
            let bytes = minicbor::to_vec(&state).unwrap();
            state = minicbor::decode(&bytes).unwrap();
            assert_eq!(minicbor::to_vec(&state).unwrap(), bytes);
            match state.step(fix, &vector.fences, &vector.permits) {
                Step::Used(decided) => found += decided.len(),
                Step::Unused(_) => {}
                Step::Late => panic!("V{}: nothing is late", vector.number),
            }
        }
        // V22 raises a suspicion besides, which is no event of a replay.
        let suspicions = usize::from(vector.number == 22);
        assert_eq!(
            found,
            vector.expected.len() + suspicions,
            "V{}",
            vector.number
        );
    }
}

fn read_vector(line: &str) -> Vector {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [number, fence, permit, fixes, expected, _why] = cells[..] else {
        panic!("{line}")
    };
    Vector {
        number: number[1..].parse().unwrap(),
        fences: Fences::from(vec![read_fence(fence)]),
        permits: read_permit(permit).into_iter().collect(),
        fixes: fixes.split(' ').map(read_fix).collect(),
        expected: expected
            .split(' ')
            .filter(|text| *text != "none")
            .map(read_event)
            .collect(),
    }
}

/// A place so many metres outward from the edge.
fn place(metres: i64) -> Coord {
    let scale = Scale::at(Coord::new(LAT, EDGE_LON).unwrap());
    let units = metres * 1000 * 10_000_000 / scale.lon_mm;
    Coord::new(LAT, EDGE_LON + units as i32).unwrap()
}

/// The square whose eastern edge lies so many metres outward.
fn square(metres: i64) -> Shape {
    let (east, west) = (place(metres).lon(), place(metres - 20_000).lon());
    let (south, north) = (LAT - 900_000, LAT + 900_000);
    let corners = [(south, west), (south, east), (north, east), (north, west)];
    let ring = corners
        .map(|(lat, lon)| Coord::new(lat, lon).unwrap())
        .to_vec();
    Shape::new(vec![vec![ring]]).unwrap()
}

fn read_fence(text: &str) -> Fence {
    let mut words = text.split(' ');
    let kind = match words.next() {
        Some("in") => FenceKind::KeepIn,
        Some("out") => FenceKind::KeepOut,
        other => panic!("{other:?}"),
    };
    let buffer_m: u32 = words.next().unwrap().parse().unwrap();
    let fence = Fence::new("F", kind, square(0), buffer_m * 1000).unwrap();
    let Some(days) = words.next() else {
        return fence;
    };
    let day: u8 = days.strip_prefix("s=").unwrap().parse().unwrap();
    let (from, to) = words.next().unwrap().split_once('-').unwrap();
    let minute = |clock: &str| {
        let (hour, minute) = clock.split_once(':').unwrap();
        hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
    };
    let window = Window::new(&[day], minute(from), minute(to)).unwrap();
    fence.with_schedule(Schedule::new(vec![window]).unwrap())
}

fn read_permit(text: &str) -> Option<Permit> {
    let (span, options) = text.split_once(' ').unwrap_or((text, ""));
    let (from, to) = span.split_once("..")?;
    let mut permit = Permit {
        person: PERSON.to_owned(),
        from: read_minute(from),
        to: read_minute(to),
        area: None,
        fence: None,
        signed: None,
        revoked: None,
    };
    for option in options.split(' ').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            None => permit.fence = Some("F".to_owned()),
            Some(("p", metres)) => permit.area = Some(square(metres.parse().unwrap())),
            Some(("r", minute)) => permit.revoked = Some(read_minute(minute)),
            Some(("g", minute)) => permit.signed = Some(read_minute(minute)),
            Some(other) => panic!("{other:?}"),
        }
    }
    Some(permit)
}

fn read_minute(text: &str) -> i64 {
    let (minute, second) = text.split_once(':').unwrap_or((text, "0"));
    START_MS + minute.parse::<i64>().unwrap() * MINUTE_MS + second.parse::<i64>().unwrap() * 1000
}

fn read_fix(text: &str) -> Fix {
    let (time, rest) = text.split_once('@').unwrap();
    let source = match rest.chars().last() {
        Some('w') => Source::Wifi,
        Some('c') => Source::Cell,
        _ => Source::Gnss,
    };
    let rest = rest.trim_end_matches(['w', 'c']);
    let (metres, accuracy) = rest.split_once('/').unwrap_or((rest, "-"));
    let accuracy_mm = accuracy.parse::<u32>().ok().map(|metres| metres * 1000);
    let point = Point::new(
        read_minute(time),
        place(metres.parse().unwrap()),
        accuracy_mm,
        source,
    );
    Fix {
        person: PERSON.to_owned(),
        point,
    }
}

fn read_event(text: &str) -> Event {
    let kind = match &text[..1] {
        "x" => EventKind::Exit,
        "e" => EventKind::Enter,
        "c" => EventKind::Clear,
        other => panic!("{other}"),
    };
    let (time, decided_at) = text[1..].split_once('>').unwrap();
    Event {
        person: PERSON.to_owned(),
        decided_at: read_minute(decided_at),
        fence: "F".to_owned(),
        kind,
        time: read_minute(time),
    }
}
