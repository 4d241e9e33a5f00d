//! Who may hold what, in full: every office against every place and kind of dossier. The table is
//! written out by hand from the law's words, not from the function.

use jiaolian_schema::hold::{Audience, DEPTH_MAX, DossierKind, Office, Offices, may_hold};
use jiaolian_schema::id::OfficeId;

/// Name, office above, tier.
const OFFICES: [(&str, Option<&str>, u8); 8] = [
    ("ministry", None, 5),
    ("province", Some("ministry"), 4),
    ("city", Some("province"), 3),
    ("county", Some("city"), 2),
    ("township", Some("county"), 1),
    ("neighbour", Some("county"), 1),
    ("beside", Some("city"), 2),
    ("far", Some("beside"), 1),
];

fn id(name: &str) -> OfficeId {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    OfficeId(bytes)
}

fn tree() -> Offices {
    let mut offices = Offices::default();
    for (name, above, tier) in OFFICES {
        let office = Office {
            parent: above.map(id),
            tier,
            code: name.to_owned(),
            name: name.to_owned(),
            drill: 0,
        };
        offices.insert(id(name), office);
    }
    offices
}

/// Everybody who may have a dossier of a kind at a place.
fn holders(kind: DossierKind, place: &str, minor: bool) -> Vec<&'static str> {
    let audience = Audience {
        kind,
        place: id(place),
        minor,
    };
    let offices = tree();
    let names = OFFICES.iter().map(|(name, ..)| *name);
    names
        .filter(|name| may_hold(&offices, id(name), &audience))
        .collect()
}

#[test]
fn a_case_goes_up_to_the_province_and_to_nobody_beside() {
    let rows: [(&str, &[&str]); 4] = [
        ("township", &["province", "city", "county", "township"]),
        ("county", &["province", "city", "county"]),
        ("far", &["province", "city", "beside", "far"]),
        ("ministry", &[]),
    ];
    for (place, expected) in rows {
        assert_eq!(
            holders(DossierKind::Case, place, false),
            expected,
            "{place}"
        );
        assert_eq!(
            holders(DossierKind::Alarm, place, false),
            expected,
            "{place}"
        );
        // An alarm knows a code and no name: it goes up whoever it concerns.
        assert_eq!(
            holders(DossierKind::Alarm, place, true),
            expected,
            "{place}"
        );
    }
}

#[test]
fn a_minors_case_stays_at_township_and_county() {
    let rows: [(&str, &[&str]); 5] = [
        ("township", &["county", "township"]),
        ("neighbour", &["county", "neighbour"]),
        ("county", &["county"]),
        ("city", &[]),
        ("province", &[]),
    ];
    for (place, expected) in rows {
        assert_eq!(holders(DossierKind::Case, place, true), expected, "{place}");
    }
}

#[test]
fn a_roster_belongs_to_its_office_all_above_and_all_below() {
    let all: Vec<&str> = OFFICES.iter().map(|(name, ..)| *name).collect();
    let rows: [(&str, &[&str]); 4] = [
        ("province", &all),
        (
            "county",
            &[
                "ministry",
                "province",
                "city",
                "county",
                "township",
                "neighbour",
            ],
        ),
        (
            "township",
            &["ministry", "province", "city", "county", "township"],
        ),
        ("beside", &["ministry", "province", "city", "beside", "far"]),
    ];
    for (place, expected) in rows {
        for minor in [false, true] {
            assert_eq!(
                holders(DossierKind::Roster, place, minor),
                expected,
                "{place}"
            );
        }
    }
}

#[test]
fn whoever_has_no_place_in_the_tree_holds_nothing() {
    let mut offices = tree();
    for kind in [DossierKind::Roster, DossierKind::Case, DossierKind::Alarm] {
        let at = |place: &str| Audience {
            kind,
            place: id(place),
            minor: false,
        };
        assert!(!may_hold(&offices, id("nobody"), &at("township")));
        assert!(!may_hold(&offices, id("nobody"), &at("nobody")));
        assert!(!may_hold(&offices, id("county"), &at("nowhere")));
    }
    // An office whose superior is not known yet stands under nobody.
    let orphan = Office {
        parent: Some(id("unknown")),
        tier: 1,
        code: String::new(),
        name: String::new(),
        drill: 0,
    };
    offices.insert(id("orphan"), orphan);
    let case = Audience {
        kind: DossierKind::Case,
        place: id("orphan"),
        minor: false,
    };
    assert!(!may_hold(&offices, id("county"), &case));
    assert!(may_hold(&offices, id("orphan"), &case));
    assert_eq!(offices.depth(id("orphan")), None);
}

#[test]
fn the_tree_tells_paths_depths_and_what_lies_below() {
    let offices = tree();
    let path = ["far", "beside", "city", "province", "ministry"].map(id);
    assert_eq!(offices.path(id("far")), path);
    for (depth, name) in ["ministry", "province", "city", "county", "township"]
        .iter()
        .enumerate()
    {
        assert_eq!(offices.depth(id(name)), Some(depth as u8), "{name}");
    }
    assert!(offices.is_above(id("county"), id("township")));
    assert!(!offices.is_above(id("township"), id("township")));
    assert!(!offices.is_above(id("township"), id("county")));
    assert!(offices.covers(id("township"), id("township")));
    let mut below = ["county", "township", "neighbour"].map(id);
    below.sort_unstable();
    assert_eq!(offices.subtree(id("county")), below);
    assert_eq!(offices.iter().count(), OFFICES.len());
    assert_eq!(offices.get(id("county")).map(|office| office.tier), Some(2));
}

#[test]
fn a_ring_of_offices_ends_at_the_deepest_path() {
    let mut offices = Offices::default();
    for (name, above) in [("a", "b"), ("b", "a")] {
        let office = Office {
            parent: Some(id(above)),
            tier: 1,
            code: String::new(),
            name: String::new(),
            drill: 0,
        };
        offices.insert(id(name), office);
    }
    assert_eq!(offices.path(id("a")).len(), DEPTH_MAX);
    assert_eq!(offices.depth(id("a")), None);
}
