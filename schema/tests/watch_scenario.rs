//! Scenarios 26 and 27 of the domain, told with real places (22 is told by the toolbox).

#![allow(clippy::unwrap_used, reason = "a test may end by panicking")]

use std::fmt::Write;

use jiaolian_schema::datum::Datum;
use jiaolian_schema::desk::union_of;
use jiaolian_schema::fence::{Fence, FenceKind, FenceRole, Fences, read_fences, read_shape};
use jiaolian_schema::fix::{Fix, Point, Source};
use jiaolian_schema::geo::{Coord, Scale};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::watch::{EventKind, events};
use serde_json::{Value, json};

const START_MS: i64 = 1_772_409_600_000;
const MINUTE_MS: i64 = 60_000;

fn ring(corners: &[(f64, f64)]) -> Value {
    let closed = corners.iter().chain(corners.first());
    json!(closed.map(|(lon, lat)| [*lon, *lat]).collect::<Vec<_>>())
}

fn home_area(parts: &[Value]) -> Fences {
    let geometry = json!({"type": "MultiPolygon", "coordinates": parts.iter().map(|ring| json!([ring])).collect::<Vec<_>>()});
    let properties = json!({"id": "home_area", "kind": "keep_in", "datum": "cgcs2000"});
    let feature = json!({"type": "Feature", "properties": properties, "geometry": geometry});
    let text = json!({"type": "FeatureCollection", "features": [feature]}).to_string();
    Fences::from(read_fences(text.as_bytes()).unwrap())
}

fn fix(minute: i64, at: Coord, accuracy_m: u32) -> Fix {
    let point = Point::new(
        START_MS + minute * MINUTE_MS,
        at,
        Some(accuracy_m * 1000),
        Source::Gnss,
    );
    Fix {
        person: "p".to_owned(),
        point,
    }
}

fn story(fixes: &[Fix], fences: &Fences) -> String {
    events(fixes, fences, &[])
        .iter()
        .fold(String::new(), |mut story, event| {
            let word = match event.kind {
                EventKind::Exit => "x",
                EventKind::Enter => "e",
                EventKind::Clear => "c",
            };
            let minute = |ms: i64| (ms - START_MS) / MINUTE_MS;
            write!(
                story,
                "{word}{}>{} ",
                minute(event.time),
                minute(event.decided_at)
            )
            .unwrap();
            story
        })
}

#[test]
fn scenario_26_error_circles_raise_nothing_and_hysteresis_holds() {
    let county = [ring(&[
        (111.3, 27.6),
        (111.5, 27.6),
        (111.5, 27.8),
        (111.3, 27.8),
    ])];
    let fences = home_area(&county);
    let edge = Coord::new(277_000_000, 1_115_000_000).unwrap();
    let outward = |metres: i64| {
        let units = metres * 1000 * 10_000_000 / Scale::at(edge).lon_mm;
        Coord::new(edge.lat(), edge.lon() + units as i32).unwrap()
    };
    let track = |places: &[(i64, i64)], accuracy_m| -> Vec<Fix> {
        places
            .iter()
            .map(|(minute, metres)| fix(*minute, outward(*metres), accuracy_m))
            .collect()
    };
    assert_eq!(
        story(
            &track(&[(0, 140), (1, 160), (2, 155), (3, -40)], 60),
            &fences
        ),
        ""
    );
    let out = [(0, 300), (1, 300), (2, 300), (3, 300), (4, 300)];
    assert_eq!(story(&track(&out, 60), &fences), "x0>3 ");
    let near = [&out[..], &[(5, -20), (10, -20), (60, -20)]].concat();
    assert_eq!(story(&track(&near, 15), &fences), "x0>3 ");
    let back = [&near[..], &[(61, -60), (63, -60)]].concat();
    assert_eq!(story(&track(&back, 15), &fences), "x0>3 c61>63 ");
}

#[test]
fn scenario_27_districts_of_one_city_are_one_home_and_counties_are_not() {
    // Six districts dissolved; the fourth and fifth only touch the others in a corner.
    let city = [
        ring(&[(112.9, 28.1), (113.1, 28.1), (113.1, 28.3), (112.9, 28.3)]),
        ring(&[(113.1, 28.3), (113.2, 28.3), (113.2, 28.4), (113.1, 28.4)]),
        ring(&[(112.8, 28.0), (112.9, 28.0), (112.9, 28.1), (112.8, 28.1)]),
    ];
    let fences = home_area(&city);
    let visit = |lat: i32, lon: i32| {
        let at = Coord::new(lat, lon).unwrap();
        story(&[0, 1, 3].map(|minute| fix(minute, at, 15)), &fences)
    };
    assert_eq!(visit(282_000_000, 1_129_100_000), "");
    assert_eq!(visit(283_500_000, 1_131_500_000), "");
    assert_eq!(visit(280_500_000, 1_128_500_000), "");
    assert_eq!(visit(282_000_000, 1_136_000_000), "x0>3 ");
}

#[test]
fn districts_that_were_not_dissolved_are_refused() {
    let properties = json!({"id": "home_area", "kind": "keep_in", "datum": "wgs84"});
    let west = ring(&[(112.9, 28.1), (113.0, 28.1), (113.0, 28.3), (112.9, 28.3)]);
    let east = ring(&[(113.0, 28.1), (113.1, 28.1), (113.1, 28.3), (113.0, 28.3)]);
    let geometry = json!({"type": "MultiPolygon", "coordinates": [[west], [east]]});
    let feature = json!({"type": "Feature", "properties": properties, "geometry": geometry});
    let text = json!({"type": "FeatureCollection", "features": [feature]}).to_string();
    let error = read_fences(text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("dissolve"), "{error}");
}

/// The counties that the program comes with, by code.
fn counties() -> Vec<(String, Value)> {
    let text = include_str!("../../node/data/county.geojson");
    let file: Value = serde_json::from_str(text).unwrap();
    let features = file["features"].as_array().unwrap().iter();
    let county = features.map(|feature| {
        let code = feature["properties"]["adcode"].as_str().unwrap();
        (code.to_owned(), feature["geometry"].clone())
    });
    county.collect()
}

/// A place at least a kilometre inside a county.
fn inside(geometry: &Value) -> Coord {
    let shape = read_shape(geometry, Datum::Wgs84).unwrap();
    let fence = Fence::new("county", FenceKind::KeepIn, shape, 0).unwrap();
    let depth = |at: &Coord| fence.distance(*at, 5_000_000).whole_mm();
    let steps = || (0..60).map(|step| step * 150_000);
    let places = steps().flat_map(|north| {
        let row = steps();
        row.map(move |east| (north, east))
    });
    let corner = corner(geometry);
    let places = places.map(|(north, east)| Coord::new(corner.0 + north, corner.1 + east).unwrap());
    let at = places.min_by_key(depth).unwrap();
    assert!(depth(&at) < -1_000_000, "{geometry}");
    at
}

/// The south-western corner of the box around a geometry, 1e-7 degree.
fn corner(geometry: &Value) -> (i32, i32) {
    fn visit(value: &Value, found: &mut (f64, f64)) {
        match value.as_array().map(Vec::as_slice) {
            Some([lon, lat, ..]) if lon.is_number() => {
                found.0 = found.0.min(lat.as_f64().unwrap());
                found.1 = found.1.min(lon.as_f64().unwrap());
            }
            Some(parts) => parts.iter().for_each(|part| visit(part, found)),
            None => {}
        }
    }
    let mut found = (90.0, 180.0);
    visit(&geometry["coordinates"], &mut found);
    ((found.0 * 1e7) as i32, (found.1 * 1e7) as i32)
}

#[test]
fn scenario_27_the_default_area_of_somebody_of_changsha_is_its_six_districts() {
    let pack = RulePack::builtin();
    let counties = counties();
    let geometry = |code: &str| {
        let found = counties.iter().find(|(known, _)| known == code);
        found
            .unwrap_or_else(|| panic!("no county {code}"))
            .1
            .clone()
    };
    let home = |code: &str| {
        let codes = pack.divisions().home_area(code);
        let parts: Vec<Value> = codes.iter().map(|code| geometry(code)).collect();
        let shape = read_shape(&union_of(&parts).unwrap(), Datum::Wgs84).unwrap();
        let fence = Fence::new("home", FenceKind::KeepIn, shape, 100_000).unwrap();
        let fence = fence.with_role(FenceRole::Home).unwrap();
        (codes, Fences::from(vec![fence]))
    };
    let (codes, changsha) = home("430102");
    assert_eq!(
        codes,
        ["430102", "430103", "430104", "430105", "430111", "430112"]
    );
    let visit = |fences: &Fences, code: &str| {
        let at = inside(&geometry(code));
        story(&[0, 1, 3].map(|minute| fix(minute, at, 15)), fences)
    };
    for code in codes {
        assert_eq!(visit(&changsha, code), "", "{code} is home");
    }
    for code in ["430121", "430181", "430182"] {
        assert_eq!(visit(&changsha, code), "x0>3 ", "{code} needs a leave");
    }
    let (codes, lengshuijiang) = home("431381");
    assert_eq!(codes, ["431381"]);
    assert_eq!(visit(&lengshuijiang, "431381"), "");
    assert_eq!(visit(&lengshuijiang, "431302"), "x0>3 ");
}
