//! The house rules that a machine can check: who may depend on whom, how long a file gets, which
//! words stay out.

#![allow(clippy::unwrap_used)]

use cargo_metadata::MetadataCommand;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 600;
const CODE_LINES_MAX: usize = 400;
const LINE_CHARS_MAX: usize = 130;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn sources(crates: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = crates
        .iter()
        .map(|name| root().join(name).join("src"))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

const ALL: [&str; 4] = ["schema", "sync", "node", "testnet"];

#[test]
fn crates_depend_only_downwards() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .unwrap();
    let mut edges = BTreeSet::new();
    for package in &metadata.packages {
        for dependency in &package.dependencies {
            if dependency.name.starts_with("jiaolian-") {
                edges.insert((package.name.to_string(), dependency.name.clone()));
            }
        }
    }
    let allowed = [
        ("jiaolian-sync", "jiaolian-schema"),
        ("jiaolian-node", "jiaolian-schema"),
        ("jiaolian-node", "jiaolian-sync"),
        ("jiaolian-testnet", "jiaolian-schema"),
        ("jiaolian-testnet", "jiaolian-sync"),
        ("jiaolian-testnet", "jiaolian-node"),
    ];
    let allowed: BTreeSet<_> = allowed
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect();
    assert_eq!(edges, allowed);
    assert_eq!(metadata.packages.len(), 4, "no further crates");
}

#[test]
fn pure_crates_have_no_impure_dependency() {
    let banned = [
        "tokio",
        "rand",
        "getrandom",
        "redb",
        "iroh",
        "axum",
        "chrono",
    ];
    for name in ["schema", "sync"] {
        let text = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        for word in banned {
            assert!(
                !text.lines().any(|line| line.starts_with(word)),
                "{name} names {word}"
            );
        }
    }
}

#[test]
fn files_are_short_and_say_why_they_exist() {
    for (path, text) in sources(&ALL) {
        let lines = text.lines().count();
        let code = text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .count();
        assert!(
            text.starts_with("//!"),
            "{} does not open with a sentence",
            path.display()
        );
        assert!(
            lines <= FILE_LINES_MAX,
            "{} has {lines} lines",
            path.display()
        );
        assert!(
            code <= CODE_LINES_MAX,
            "{} has {code} lines without tests",
            path.display()
        );
        assert_ne!(path.file_name().unwrap(), "mod.rs", "{}", path.display());
        for (at, line) in text.lines().enumerate() {
            let chars = line.chars().count();
            assert!(
                chars <= LINE_CHARS_MAX,
                "{}:{} has {chars} characters",
                path.display(),
                at + 1
            );
        }
    }
}

#[test]
fn words_that_stay_out_of_the_code_stay_out() {
    let banned = [
        "Manager",
        "Helper",
        "Util",
        "#[ignore",
        "todo!(",
        "unimplemented!(",
    ];
    for (path, text) in sources(&ALL) {
        for word in banned {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
    for (path, text) in sources(&["schema", "sync"]) {
        for word in [
            "SystemTime",
            "Instant::now",
            "HashMap",
            "HashSet",
            "async fn",
            "std::fs",
            "std::net",
        ] {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
}

/// A second opinion is worth something only while it borrows nothing from the first.
#[test]
fn the_second_opinion_borrows_nothing_from_the_fold() {
    let banned = [
        "crate::authority",
        "crate::standing",
        "crate::workflow",
        "crate::fact",
        "may_hold",
        "may_decide",
        ".competent(",
        ".may_amend(",
        ".may_sign(",
    ];
    let all = sources(&["schema"]);
    let own = all.iter().filter(|(path, _)| {
        let in_folder = path
            .parent()
            .is_some_and(|folder| folder.ends_with("opinion"));
        in_folder || path.ends_with("opinion.rs")
    });
    let mut files = 0;
    for (path, text) in own {
        files += 1;
        for word in banned {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
    assert!(files > 10, "only {files} files were read");
}

#[test]
fn operating_system_specifics_live_in_one_file() {
    for (path, text) in sources(&ALL) {
        let platform = path.ends_with("node/src/platform.rs");
        assert!(
            platform || !text.contains("std::os::unix"),
            "{} says std::os::unix",
            path.display()
        );
    }
}
