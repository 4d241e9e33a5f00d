//! Officers' pages and the drill's control page in a browser, against real nodes: every story of
//! the console is played where alarms were raised by people who walked over the county line.
//!
//! With `JIAOLIAN_PICTURES=1` the pictures of the documentation are taken anew.

#![allow(clippy::unwrap_used)]

use jiaolian_testnet::process::Program;
use jiaolian_testnet::province::{PASSPHRASE, Province};
use jiaolian_testnet::seed::{Subject, populate};
use jiaolian_testnet::topology::{HUNAN, StaffPlan, Topology};
use jiaolian_testnet::walk::{send, times, way_out};
use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tokio::sync::Mutex;

const TOWNSHIP: &str = "heqing";
const COUNTY: &str = "lengshuijiang";
/// People who walk out before the stories begin; each story that takes an alarm needs one.
const WALKERS: usize = 4;
/// Pictures for the documentation, and the shots that they are taken from.
const PICTURES: [(&str, &str); 2] = [("alarm-evidence", "console"), ("drill", "drill")];

/// One province at a time: the stories measure how soon something is seen.
static MACHINE: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn every_story_of_the_console_holds_against_real_nodes() {
    let _alone = MACHINE.lock().await;
    let chromium = prerequisites();
    let dir = tempfile::tempdir().unwrap();
    let topology = Topology::parse(HUNAN).unwrap();
    let program = Program::of_testnet(Path::new(env!("CARGO_BIN_EXE_testnet")));
    let mut province = Province::found(program, dir.path(), &topology)
        .await
        .unwrap();
    let subjects = populate(&mut province).await.unwrap();
    let of_township = subjects.iter().filter(|one| one.office == TOWNSHIP);
    for subject in of_township.take(WALKERS) {
        walk_out(&province, subject).await;
    }
    let raised = |state: &Json| state["alarms"]["own"] == WALKERS;
    province
        .until(TOWNSHIP, "each walk has raised one alarm", raised)
        .await
        .unwrap();
    let shots = dir.path().join("shots");
    let mut stories = browser("e2e", &chromium, &shots);
    stories
        .env("JIAOLIAN_URL", page(&province, TOWNSHIP))
        .env("JIAOLIAN_COUNTY_URL", page(&province, COUNTY))
        .env("JIAOLIAN_STAFF", person(&province, TOWNSHIP, "officer"))
        .env("JIAOLIAN_HEAD", person(&province, TOWNSHIP, "head"))
        .env("JIAOLIAN_COUNTY", person(&province, COUNTY, "head"))
        .env("JIAOLIAN_PROC", person(&province, COUNTY, "procurator"));
    let said = play(stories).await;
    province.stop_all().await;
    keep(&shots);
    said.unwrap_or_else(|output| panic!("a story of the console does not hold:\n{output}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_page_cuts_a_line_and_shows_what_waits() {
    let _alone = MACHINE.lock().await;
    let chromium = prerequisites();
    let dir = tempfile::tempdir().unwrap();
    let drill = Drill::start(&dir.path().join("drill"));
    let shots = dir.path().join("shots");
    let mut story = browser("e2e:drill", &chromium, &shots);
    story.env("JIAOLIAN_DRILL", &drill.page);
    let said = play(story).await;
    drop(drill);
    keep(&shots);
    said.unwrap_or_else(|output| panic!("the control page does not hold:\n{output}"));
}

/// `testnet up` as a process; it ends its nodes when it is asked to end.
struct Drill {
    process: Child,
    page: String,
}

impl Drill {
    fn start(dir: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_testnet"))
            .args(["up", "--listen", "127.0.0.1:0", "--dir"])
            .arg(dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut said = String::new();
        for line in lines.map_while(Result::ok) {
            said.push_str(&line);
            if let Some(page) = line
                .split_whitespace()
                .find(|word| word.starts_with("http://"))
            {
                let page = page.to_owned();
                return Self { process, page };
            }
        }
        let ended = process.wait();
        panic!("the drill ended before it was up, {ended:?}: {said}");
    }
}

impl Drop for Drill {
    fn drop(&mut self) {
        let pid = self.process.id().to_string();
        let asked = Command::new("kill").arg(pid).status();
        let ended = self.process.wait();
        if !std::thread::panicking() {
            assert!(asked.unwrap().success() && ended.unwrap().success());
        }
    }
}

/// The browser to drive. What is missing is a failure: a story that was not played holds nothing.
fn prerequisites() -> PathBuf {
    let web = web_ui();
    for (path, make) in [
        (
            "node_modules/playwright-core",
            "web-ui/node_modules/.package-lock.json",
        ),
        ("dist/index.html", "web"),
    ] {
        assert!(
            web.join(path).exists(),
            "web-ui/{path} is missing: run `make {make}` first"
        );
    }
    let named = std::env::var_os("JIAOLIAN_CHROMIUM").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).map(|folder| folder.join("chromium"));
    let found = named.or_else(|| folders.find(|path| path.is_file()));
    found.expect("no `chromium` in PATH: run `make chromium`, or name one in JIAOLIAN_CHROMIUM")
}

fn web_ui() -> PathBuf {
    root().join("web-ui")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn browser(script: &str, chromium: &Path, shots: &Path) -> Command {
    let mut command = Command::new("npm");
    command
        .args(["run", "--silent", script])
        .current_dir(web_ui())
        .env("JIAOLIAN_CHROMIUM", chromium)
        .env("JIAOLIAN_SHOTS", shots)
        .stdin(Stdio::null());
    command
}

/// Plays stories to their end; what they said, as an error when one does not hold.
async fn play(mut stories: Command) -> Result<String, String> {
    let played = tokio::task::spawn_blocking(move || stories.output());
    let output = played.await.unwrap().expect("npm can be started");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err(said)
    }
}

async fn walk_out(province: &Province, subject: &Subject) {
    let gateway = province.gateway(&subject.office).unwrap();
    let way = way_out(&province.sites[COUNTY].plan.code).unwrap();
    let times = times(jiff::Timestamp::now().as_millisecond(), way.len());
    for (place, time) in way.into_iter().zip(times) {
        send(&gateway, &subject.device, place, time).await.unwrap();
    }
}

fn page(province: &Province, key: &str) -> String {
    format!("http://{}/", province.running(key).unwrap().ready.http)
}

fn person(province: &Province, key: &str, word: &str) -> String {
    let staff = StaffPlan::named(word).unwrap();
    let number = province.site(key).unwrap().plan.staff_number(&staff);
    format!("{number}:{PASSPHRASE}")
}

/// Takes the pictures of the documentation from the shots, when that is asked for.
fn keep(shots: &Path) {
    if std::env::var_os("JIAOLIAN_PICTURES").is_none_or(|asked| asked != "1") {
        return;
    }
    let folder = root().join("docs/picture");
    std::fs::create_dir_all(&folder).unwrap();
    for (shot, picture) in PICTURES {
        let shot = shots.join(shot).with_extension("png");
        if shot.exists() {
            std::fs::copy(shot, folder.join(picture).with_extension("png")).unwrap();
        }
    }
}
