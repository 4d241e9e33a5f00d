//! A province of real nodes on one machine: every office of a topology gets a directory, keys, an
//! appointment by the office above, and a process.

mod port;
mod wait;

use crate::client::{Client, ClientError};
use crate::ground::{Ground, Place};
use crate::people::invent;
use crate::process::{NodeProcess, ProcessError, Program};
use crate::topology::{OfficePlan, StaffPlan, Topology};
use port::Ports;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use thiserror::Error;
use wait::WAIT_S;
pub use wait::is_agreed;

/// Everybody's passphrase in a drill.
pub const PASSPHRASE: &str = "演练口令2026";
/// Link, pages and devices of a node that has a network namespace of its own.
const INSIDE_PORTS: [u16; 3] = [7_001, 7_080, 7_090];
/// Why a province is not as it should be.
#[derive(Debug, Error)]
pub enum ProvinceError {
    /// A process refused.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A node answered otherwise.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The system refused.
    #[error("{0}: {1}")]
    System(String, io::Error),
    /// No such office, or it is not running.
    #[error("office {0} is not running")]
    NotRunning(String),
    /// It did not come true.
    #[error("after {WAIT_S} s it is still not so that {what}: {last}")]
    Waited {
        /// What was waited for.
        what: String,
        /// What was seen last.
        last: String,
    },
}

/// One office.
#[derive(Debug)]
pub struct OfficeSite {
    /// As the topology has it.
    pub plan: OfficePlan,
    /// Its data directory.
    pub dir: PathBuf,
    /// Where its links are heard.
    pub link: SocketAddr,
    /// Words before its program, say those that enter a network namespace.
    pub before: Vec<String>,
    /// Its process; none while its power is cut.
    pub node: Option<NodeProcess>,
    http: SocketAddr,
    gateway: SocketAddr,
}

/// All offices.
#[derive(Debug)]
pub struct Province {
    program: Program,
    /// The root of all data directories.
    pub dir: PathBuf,
    /// Offices by key.
    pub sites: BTreeMap<String, OfficeSite>,
    /// Keys, each after its parent.
    pub order: Vec<String>,
    token: String,
}

impl Province {
    /// Makes the directories, keys and appointments of all offices; nothing runs yet.
    pub async fn found(
        program: Program,
        dir: &Path,
        topology: &Topology,
    ) -> Result<Self, ProvinceError> {
        Self::found_on(program, dir, topology, None).await
    }

    /// The same with every office at its place; without any all stand on loopback.
    pub async fn found_on(
        program: Program,
        dir: &Path,
        topology: &Topology,
        ground: Option<&Ground>,
    ) -> Result<Self, ProvinceError> {
        let mut province = Self {
            program,
            dir: dir.to_owned(),
            sites: BTreeMap::new(),
            order: Vec::new(),
            token: jiaolian_schema::id::hex(&entropy()),
        };
        let mut ports = Ports::new();
        for plan in &topology.offices {
            let place = ground.and_then(|ground| ground.place(&plan.key));
            let site = OfficeSite::plan(dir, plan, place, &mut ports)
                .map_err(|error| ProvinceError::System(plan.key.clone(), error))?;
            province.order.push(plan.key.clone());
            province.sites.insert(plan.key.clone(), site);
            province.init(&plan.key).await?;
            province.appoint(&plan.key).await?;
        }
        Ok(province)
    }

    async fn init(&self, key: &str) -> Result<(), ProvinceError> {
        let site = &self.sites[key];
        let mut arguments = words(&["init", "--drill", "--passphrase-stdin", "--dir"]);
        arguments.push(site.dir.display().to_string());
        let plan = &site.plan;
        let tier = plan.tier.to_string();
        let (link, http, gateway) = (
            site.link.to_string(),
            site.http.to_string(),
            site.gateway.to_string(),
        );
        for (flag, value) in [
            ("--name", &plan.name),
            ("--code", &plan.code),
            ("--tier", &tier),
            ("--link", &link),
            ("--http", &http),
            ("--gateway", &gateway),
        ] {
            arguments.extend([flag.to_owned(), value.clone()]);
        }
        if plan.parent.is_none() {
            arguments.push("--root".to_owned());
        }
        for person in people(plan) {
            arguments.extend(["--person".to_owned(), person]);
        }
        let passphrases = vec![PASSPHRASE; plan.staff.len()];
        self.program.run(&arguments, &passphrases).await?;
        self.set_clock(key, 0)
    }

    /// Writes the drill's part of an office's configuration anew, with what is added to its clock;
    /// it counts from the node's next start.
    pub fn set_clock(&self, key: &str, offset_s: i64) -> Result<(), ProvinceError> {
        let path = self.site(key)?.dir.join("jiaolian.toml");
        let failed = |error| ProvinceError::System(key.to_owned(), error);
        let text = fs::read_to_string(&path).map_err(failed)?;
        let kept = text.split("\n[drill]").next().unwrap_or_default();
        let drill = format!(
            "{kept}\n[drill]\nbind = \"127.0.0.1:0\"\ntoken = \"{}\"\nclock_offset_s = {offset_s}\n",
            self.token
        );
        fs::write(path, drill).map_err(failed)
    }

    async fn appoint(&self, key: &str) -> Result<(), ProvinceError> {
        let site = &self.sites[key];
        let above = site.plan.parent.as_deref().unwrap_or(key);
        let above = &self.sites[above];
        let keeper = StaffPlan::named("keeper").expect("the table has a keeper");
        let answer = site.dir.join("answer");
        let mut arguments = words(&["appoint", "--passphrase-stdin"]);
        for (flag, value) in [
            ("--dir", above.dir.display().to_string()),
            ("--as", above.plan.staff_number(&keeper)),
            (
                "--request",
                site.dir.join("request.json").display().to_string(),
            ),
            ("--out", answer.display().to_string()),
            ("--document", "演练任〔2026〕1号".to_owned()),
        ] {
            arguments.extend([flag.to_owned(), value]);
        }
        if site.plan.tier == 1 {
            arguments.extend(words(&["--entrust", "leave"]));
        }
        self.program.run(&arguments, &[PASSPHRASE]).await?;
        let mut arguments = words(&["join", "--file"]);
        arguments.extend([
            answer.display().to_string(),
            "--dir".to_owned(),
            site.dir.display().to_string(),
        ]);
        self.program.run(&arguments, &[]).await?;
        Ok(())
    }

    /// Starts an office's node.
    pub async fn start(&mut self, key: &str) -> Result<(), ProvinceError> {
        let site = self.site(key)?;
        let (dir, before) = (site.dir.clone(), site.before.clone());
        let (is_inside, ip) = (!before.is_empty(), site.http.ip());
        let mut node = self.program.start_as(&dir, &before).await?;
        if is_inside {
            self.program.open_door(&mut node, &before, ip).await?;
        }
        if let Some(site) = self.sites.get_mut(key) {
            site.node = Some(node);
        }
        Ok(())
    }

    /// Starts every node.
    pub async fn start_all(&mut self) -> Result<(), ProvinceError> {
        for key in self.order.clone() {
            self.start(&key).await?;
        }
        Ok(())
    }

    /// Cuts an office's power.
    pub async fn kill(&mut self, key: &str) -> Result<(), ProvinceError> {
        let node = self.sites.get_mut(key).and_then(|site| site.node.take());
        let node = node.ok_or_else(|| ProvinceError::NotRunning(key.to_owned()))?;
        node.kill()
            .await
            .map_err(|error| ProvinceError::System(key.to_owned(), error))
    }

    /// Asks every node to end.
    pub async fn stop_all(&mut self) {
        for site in self.sites.values_mut() {
            if let Some(node) = site.node.take() {
                // A node that does not end by itself is killed when its handle drops.
                let _ = node.stop().await;
            }
        }
    }

    /// Pulls the plug of an office's line to the office above, or puts it in again.
    pub async fn set_line(&self, key: &str, open: bool) -> Result<(), ProvinceError> {
        let parent = self.site(key)?.plan.parent.clone();
        let parent = parent.ok_or_else(|| ProvinceError::NotRunning(key.to_owned()))?;
        let above = self
            .running(&parent)
            .map(|node| node.ready.endpoint.clone());
        let peer = match above {
            Ok(endpoint) => json!(endpoint),
            // A township has one line; with the office above down its key is not asked for.
            Err(_) => Json::Null,
        };
        let switch = json!({ "peer": peer, "open": open });
        self.drill(key)?
            .post("/api/v1/drill/link", &switch, 204)
            .await?;
        Ok(())
    }

    /// The drill's view of a node.
    pub async fn state(&self, key: &str) -> Result<Json, ProvinceError> {
        Ok(self.drill(key)?.get("/api/v1/drill/state").await?)
    }

    /// The state roots of a node's dossiers.
    pub async fn roots(&self, key: &str) -> Result<BTreeMap<String, Json>, ProvinceError> {
        let roots = self.drill(key)?.get("/api/v1/drill/roots").await?;
        Ok(serde_json::from_value(roots).unwrap_or_default())
    }

    /// An officer of an office, signed in.
    pub async fn officer(&self, key: &str, word: &str) -> Result<Client, ProvinceError> {
        let site = self.site(key)?;
        let staff = StaffPlan::named(word).expect("a word of the table");
        let address = self.running(key)?.ready.http;
        Ok(Client::sign_in(address, &site.plan.staff_number(&staff), PASSPHRASE).await?)
    }

    /// A device's view of an office: its gateway.
    pub fn gateway(&self, key: &str) -> Result<Client, ProvinceError> {
        let gateway = self.running(key)?.ready.gateway;
        let gateway = gateway.ok_or_else(|| ProvinceError::NotRunning(key.to_owned()))?;
        Ok(Client::new(gateway))
    }

    /// The node of an office.
    pub fn running(&self, key: &str) -> Result<&NodeProcess, ProvinceError> {
        let node = self.sites.get(key).and_then(|site| site.node.as_ref());
        node.ok_or_else(|| ProvinceError::NotRunning(key.to_owned()))
    }

    /// An office.
    pub fn site(&self, key: &str) -> Result<&OfficeSite, ProvinceError> {
        self.sites
            .get(key)
            .ok_or_else(|| ProvinceError::NotRunning(key.to_owned()))
    }

    fn drill(&self, key: &str) -> Result<Client, ProvinceError> {
        let drill = self.running(key)?.ready.drill;
        let drill = drill.ok_or_else(|| ProvinceError::NotRunning(key.to_owned()))?;
        Ok(Client::of_drill(drill, &self.token))
    }
}

impl OfficeSite {
    fn plan(
        dir: &Path,
        plan: &OfficePlan,
        place: Option<&Place>,
        ports: &mut Ports,
    ) -> io::Result<Self> {
        let before = place.map(Place::before).unwrap_or_default();
        let local = IpAddr::from(Ipv4Addr::LOCALHOST);
        let link_ip = place.map_or(local, |place| place.ip);
        let [link, http, gateway] = if before.is_empty() {
            [ports.free(link_ip)?, ports.free(local)?, ports.free(local)?]
        } else {
            // In a namespace of its own nobody else hears.
            INSIDE_PORTS.map(|port| SocketAddr::new(link_ip, port))
        };
        Ok(Self {
            plan: plan.clone(),
            dir: dir.join(&plan.key),
            link,
            before,
            node: None,
            http,
            gateway,
        })
    }
}

/// The people of an office as `jiaolian init` wants them.
fn people(plan: &OfficePlan) -> Vec<String> {
    let person = |(at, word): (usize, &String)| {
        let staff = StaffPlan::named(word).expect("the topology was checked");
        let number = plan.staff_number(&staff);
        let name = invent(
            "430000",
            400 + at + plan.code.len() * 7 + plan.key.len() * 13,
        )
        .name;
        let roles = staff.roles(plan.tier).join("+");
        format!("{number},{name},{},{roles}", staff.duty)
    };
    plan.staff.iter().enumerate().map(person).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn entropy() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system gives entropy");
    bytes
}
