//! What lies on a disk, in a log and on a wire when a real office has worked: nothing that names or
//! describes a person, and no door that a debugger or a core dump could use.

#![allow(clippy::unwrap_used, clippy::print_stdout)]
#![cfg(target_os = "linux")]

mod canary;
mod desk;
mod moved;
mod office;
mod shred;
mod wire;

use canary::Canaries;
use desk::Desk;
use office::Office;
use std::fs;
use std::path::{Path, PathBuf};

/// Fewer canaries than this were not every field of every form.
const CANARIES_MIN: usize = 60;
/// A link that carried a case with its texts carried at least so much, bytes.
const WIRE_BYTES_MIN: usize = 20_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_field_of_any_form_lies_in_clear_on_disk_in_logs_or_on_the_wire() {
    let mut office = Office::open().await;
    assert_no_core(office.pid());
    let mut canaries = Canaries::default();
    let desk = Desk::work(&office, &mut canaries).await;
    println!(
        "{} canaries in {} fields",
        canaries.all().count(),
        desk.fields
    );
    assert!(
        canaries.all().count() >= CANARIES_MIN,
        "{}",
        canaries.all().count()
    );
    office.until_delivered(&desk.case).await;

    // The power goes while everything is open and in use.
    let stores = office.cut_power().await;
    let wire = office.wire.captured();
    assert!(wire.len() >= WIRE_BYTES_MIN, "{} bytes", wire.len());
    let mut places = vec![("the wire".to_owned(), wire)];
    for dir in &stores {
        for file in files(dir) {
            places.push((file.display().to_string(), fs::read(&file).unwrap()));
        }
    }
    assert!(
        places
            .iter()
            .any(|(name, bytes)| name.ends_with("store") && !bytes.is_empty())
    );
    assert!(
        places
            .iter()
            .any(|(name, bytes)| name.ends_with("node.log") && !bytes.is_empty())
    );
    for (name, bytes) in &places {
        let found = canaries.found_in(bytes);
        assert!(found.is_empty(), "{name} holds {found:?}");
    }

    // The same words come back to who may read them: the search above would have found them.
    office.start().await;
    let shown = desk.read_back(&office).await;
    let missing = canaries.missing_from(&shown);
    assert!(missing.is_empty(), "not shown again: {missing:?}");
}

/// A process that died would leave its memory, and all that it had open, in a core dump.
fn assert_no_core(pid: u32) {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let mut lines = limits.lines();
    let core = lines
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let words: Vec<_> = core.split_whitespace().collect();
    assert_eq!(&words[4..6], ["0", "0"], "{core}");
}

/// Every file below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
