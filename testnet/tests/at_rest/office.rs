//! A county and its township as real processes, with a copying line between them.

use crate::wire::Wire;
use jiaolian_testnet::client::Client;
use jiaolian_testnet::people::invent;
use jiaolian_testnet::process::Program;
use jiaolian_testnet::province::{PASSPHRASE, Province};
use jiaolian_testnet::seed::{office_id, today};
use jiaolian_testnet::topology::{StaffPlan, Topology};
use jiff::ToSpan as _;
use serde_json::{Value as Json, json};
use std::fs;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

pub(crate) const COUNTY: &str = "lengshuijiang";
pub(crate) const TOWNSHIP: &str = "heqing";

const OFFICES: &str = r#"
drill = true
[[office]]
key = "lengshuijiang"
name = "冷水江市司法局"
code = "431381"
tier = 2
staff = ["keeper", "duty", "case", "head", "bureau"]
[[office]]
key = "heqing"
name = "禾青司法所"
code = "431381100"
tier = 1
parent = "lengshuijiang"
staff = ["head", "officer"]
"#;

/// Longest wait for something to come true.
const PATIENCE: Duration = Duration::from_mins(2);

/// Two of these at once would be told the same free ports.
static TURN: Mutex<()> = Mutex::const_new(());

pub(crate) struct Office {
    pub(crate) province: Province,
    pub(crate) wire: Wire,
    dir: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Office {
    pub(crate) async fn open() -> Self {
        let turn = TURN.lock().await;
        let dir = tempfile::tempdir().unwrap();
        let program = program();
        let topology = Topology::parse(OFFICES).unwrap();
        let mut province = Province::found(program, dir.path(), &topology)
            .await
            .unwrap();
        let wire = lay_wire(&province).await;
        province.start_all().await.unwrap();
        province.until_linked().await.unwrap();
        Self {
            province,
            wire,
            dir,
            _turn: turn,
        }
    }

    /// A case of a person at the township, opened at the county and there with the township.
    pub(crate) async fn register(&self, number: usize) -> (String, String) {
        let person = invent("431381", number);
        let clerk = self.officer(COUNTY, "case").await;
        let first = today().saturating_sub(100.days());
        let form = json!({
            "office": office_id(&self.province, TOWNSHIP).unwrap(), "name": person.name,
            "id_number": person.id_number, "sex": if person.female { "02" } else { "01" },
            "kind": "02", "term_first": first.to_string(),
            "term_last": first.saturating_add(1.years()).to_string(), "class": "general",
            "decision_organ": "演练人民法院",
        });
        let signed = clerk.sign("/api/v1/cases/new", "open", form).await.unwrap();
        let case = signed["target"]["id"].as_str().unwrap().to_owned();
        self.until_delivered(&case).await;
        (case, person.name)
    }

    /// Runs a command of a node on an office's directory.
    pub(crate) async fn command(&self, office: &str, words: &[&str]) -> Result<Json, String> {
        self.command_with(office, words, &[PASSPHRASE]).await
    }

    pub(crate) async fn command_with(
        &self,
        office: &str,
        words: &[&str],
        lines: &[&str],
    ) -> Result<Json, String> {
        let mut arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let dir = self.dir.path().join(office).display().to_string();
        arguments.extend(["--json".to_owned(), "--dir".to_owned(), dir]);
        let said = program()
            .run(&arguments, lines)
            .await
            .map_err(|error| error.to_string())?;
        Ok(serde_json::from_str(&said).unwrap())
    }

    /// The staff number of somebody at an office.
    pub(crate) fn number(&self, office: &str, word: &str) -> String {
        let plan = &self.province.site(office).unwrap().plan;
        plan.staff_number(&StaffPlan::named(word).unwrap())
    }

    pub(crate) async fn stop(&mut self) {
        self.province.stop_all().await;
    }

    pub(crate) async fn officer(&self, office: &str, word: &str) -> Client {
        self.province.officer(office, word).await.unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.province.running(TOWNSHIP).unwrap().pid().unwrap()
    }

    pub(crate) fn dir(&self, office: &str) -> PathBuf {
        self.province.site(office).unwrap().dir.clone()
    }

    /// Waits until both offices hold the same of a case.
    pub(crate) async fn until_delivered(&self, case: &str) {
        let agreed = async {
            loop {
                let mut roots = Vec::new();
                let mut newest = 0;
                for office in [COUNTY, TOWNSHIP] {
                    newest = self.province.next_change(office, newest).await.unwrap();
                    let all = self.province.roots(office).await.unwrap();
                    roots.push(all.get(case).cloned().unwrap_or(Json::Null));
                }
                if roots[0] == roots[1] && !roots[0].is_null() {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, agreed)
            .await
            .expect("both offices hold the same");
    }

    /// SIGKILL at both; their data directories.
    pub(crate) async fn cut_power(&mut self) -> [PathBuf; 2] {
        for office in [COUNTY, TOWNSHIP] {
            self.province.kill(office).await.unwrap();
        }
        [COUNTY, TOWNSHIP].map(|office| self.dir(office))
    }

    pub(crate) async fn start(&mut self) {
        self.province.start_all().await.unwrap();
    }
}

fn program() -> Program {
    Program::of_testnet(Path::new(env!("CARGO_BIN_EXE_testnet"))).logging("debug")
}

/// The county is heard on the other address family; the township calls the line's front.
async fn lay_wire(province: &Province) -> Wire {
    let port = free_port();
    let target = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    let config = province.site(COUNTY).unwrap().dir.join("jiaolian.toml");
    let text = fs::read_to_string(&config).unwrap();
    let heard = format!("[link]\nbind = \"{}\"", province.site(COUNTY).unwrap().link);
    assert!(text.contains(&heard), "{text}");
    fs::write(
        &config,
        text.replace(&heard, &format!("[link]\nbind = \"{target}\"")),
    )
    .unwrap();
    let wire = Wire::to(target).await;
    let office = province.site(TOWNSHIP).unwrap().dir.join("office.json");
    let mut identity: Json = serde_json::from_slice(&fs::read(&office).unwrap()).unwrap();
    identity["superior"]["addrs"] = json!([wire.front]);
    fs::write(&office, identity.to_string()).unwrap();
    wire
}

fn free_port() -> u16 {
    let socket = std::net::UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap().port()
}
