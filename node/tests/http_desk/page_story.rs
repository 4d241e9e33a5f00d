//! The pages of a quarrel in a browser, on a node at which both sides already stand.

use crate::client::Client;
use crate::office::{Office, PASSPHRASE};
use crate::quarrel_story::{amend, quarrel};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A matter with two rulings, a term with two values, and a signature that was stopped.
async fn contested() -> (Office, String) {
    let (office, other, case, matter) = quarrel().await;
    let (first, second) = (
        Client::signed_in(&office, "C5").await,
        Client::signed_in(&other, "C6").await,
    );
    amend(&first, case, "2027-06-30").await;
    amend(&second, case, "2027-09-30").await;
    other.reaches(&office, case).await;
    office.stopped("C1").await;
    let ids = format!("{case}:{}", matter.as_str().unwrap());
    (office, ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarrel_is_shown_and_settled_in_a_browser() {
    let (office, ids) = contested().await;
    let shots = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("JIAOLIAN_SHOTS").map(PathBuf::from);
    let person = |number: &str| format!("{number}:{PASSPHRASE}");
    let mut stories = Command::new("npm");
    stories
        .args(["run", "--silent", "e2e"])
        .current_dir(web_ui())
        .env("JIAOLIAN_URL", format!("http://{}/", office.addr))
        .env("JIAOLIAN_QUARREL", ids)
        .env("JIAOLIAN_STAFF", person("T1"))
        .env("JIAOLIAN_HEAD", person("T2"))
        .env("JIAOLIAN_COUNTY", person("C2"))
        .env("JIAOLIAN_COUNTY_URL", format!("http://{}/", office.addr))
        .env("JIAOLIAN_SHOTS", kept.as_deref().unwrap_or(shots.path()))
        .env("JIAOLIAN_CHROMIUM", chromium())
        .stdin(Stdio::null());
    let played = tokio::task::spawn_blocking(move || stories.output());
    let output = played.await.unwrap().expect("npm can be started");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        output.status.success(),
        "a page of a quarrel does not hold:\n{said}"
    );
    let head = Client::signed_in(&office, "C2").await;
    let today: Json = head.get("/api/v1/today").await.ok(200);
    assert_eq!(today["counts"]["conflicts"], 0, "both were settled");
}

pub(crate) fn web_ui() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join("web-ui")
}

/// The browser to drive. What is missing is a failure: a story that was not played holds nothing.
pub(crate) fn chromium() -> PathBuf {
    let named = std::env::var_os("JIAOLIAN_CHROMIUM").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).map(|folder| folder.join("chromium"));
    let found = named.or_else(|| folders.find(|path| path.is_file()));
    found.expect("no `chromium` in PATH: run `make chromium`, or name one in JIAOLIAN_CHROMIUM")
}
