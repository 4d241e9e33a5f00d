//! The province of the story, and what its people do in it.

use jiaolian_testnet::client::Client;
use jiaolian_testnet::process::Program;
use jiaolian_testnet::province::{PASSPHRASE, Province};
use jiaolian_testnet::seed::{Subject, leave_form, populate};
use jiaolian_testnet::topology::{HUNAN, StaffPlan, Topology};
use jiaolian_testnet::walk::{send, times, way_out};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest wait for something to come true.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) struct Town {
    pub(crate) province: Province,
    subjects: Vec<Subject>,
    /// What is added to the clock of the township and of its devices.
    ahead_s: i64,
    _dir: tempfile::TempDir,
}

impl Town {
    pub(crate) async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = program();
        let topology = Topology::parse(HUNAN).unwrap();
        let mut province = Province::found(program, dir.path(), &topology)
            .await
            .unwrap();
        let subjects = populate(&mut province).await.unwrap();
        Self::of(province, subjects, dir)
    }

    /// A province that lives already.
    pub(crate) fn of(province: Province, subjects: Vec<Subject>, dir: tempfile::TempDir) -> Self {
        Self {
            province,
            subjects,
            ahead_s: 0,
            _dir: dir,
        }
    }

    /// Four people of an office without a leave of theirs.
    pub(crate) fn subjects(&self, office: &str) -> [Subject; 4] {
        let of_office = self
            .subjects
            .iter()
            .filter(|subject| subject.office == office);
        let free = of_office.enumerate().filter(|(at, _)| at % 3 != 1);
        let free: Vec<Subject> = free.map(|(_, subject)| subject.clone()).collect();
        free[..4].to_vec().try_into().unwrap()
    }

    pub(crate) async fn cut(&self, key: &str) {
        self.province.set_line(key, true).await.unwrap();
        let is_alone = |state: &Json| {
            let links = state["links"].as_array().unwrap();
            links.iter().all(|link| link["up"] == false)
        };
        self.province
            .until(key, "it is alone", is_alone)
            .await
            .unwrap();
    }

    pub(crate) async fn heal(&self, key: &str) {
        self.province.set_line(key, false).await.unwrap();
    }

    /// Time passes for a township that is off: its clock will be ahead of the others'.
    pub(crate) fn ten_minutes_pass(&mut self, key: &str) {
        self.ahead_s += 600;
        self.province.set_clock(key, self.ahead_s).unwrap();
    }

    /// The device of a person reports a way over the county line; the moment of the last report.
    pub(crate) async fn walk_out(&self, subject: &Subject) -> Instant {
        let gateway = self.province.gateway(&subject.office).unwrap();
        let parent = self.province.sites[&subject.office]
            .plan
            .parent
            .clone()
            .unwrap();
        let way = way_out(&self.province.sites[&parent].plan.code).unwrap();
        let now = jiff::Timestamp::now().as_millisecond() + self.ahead_s * 1_000;
        let times = times(now, way.len());
        let mut last = Instant::now();
        for (place, time) in way.into_iter().zip(times) {
            last = Instant::now();
            send(&gateway, &subject.device, place, time).await.unwrap();
        }
        last
    }

    pub(crate) async fn apply(&self, officer: &Client, subject: &Subject, days: i64) -> String {
        let page = format!("/api/v1/cases/{}", subject.case);
        let form = leave_form(days, "family", "涟源市桥头河镇");
        let signed = officer.sign(&page, "apply:leave", form).await.unwrap();
        signed["target"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn verify(&self, officer: &Client, matter: &str) {
        let form = json!({ "true_and_complete": true, "note": "已电话核实" });
        let page = format!("/api/v1/matters/{matter}");
        officer.sign(&page, "verify", form).await.unwrap();
    }

    /// Asked for, verified and granted at the office.
    pub(crate) async fn grant_leave(
        &self,
        officer: &Client,
        head: &Client,
        subject: &Subject,
        days: i64,
    ) -> String {
        let matter = self.apply(officer, subject, days).await;
        self.verify(officer, &matter).await;
        let page = format!("/api/v1/matters/{matter}");
        let form = json!({ "conditions": "每日报告" });
        head.sign(&page, "approve", form).await.unwrap();
        matter
    }

    /// Adds a sentence to a case's plan.
    pub(crate) async fn write(&self, client: &Client, subject: &Subject, more: &str) {
        let plan = plan_of(client, subject).await;
        let value = format!("{}\n{more}", plan["value"].as_str().unwrap());
        let body = json!({ "base": plan["version"], "value": value });
        let path = format!("/api/v1/cases/{}/texts/plan", subject.case);
        let answer = client.send("PUT", &path, Some(&body)).await.unwrap();
        answer.wanted(&path, 200).unwrap();
    }

    pub(crate) async fn alarms_own(&self, key: &str) -> u64 {
        self.province.state(key).await.unwrap()["alarms"]["own"]
            .as_u64()
            .unwrap()
    }

    pub(crate) async fn alarms_held(&self, keys: &[&str]) -> Vec<u64> {
        let mut held = Vec::new();
        for key in keys {
            let state = self.province.state(key).await.unwrap();
            held.push(state["alarms"]["held"].as_u64().unwrap());
        }
        held
    }

    /// The keeper of an office says no to a person's key; its node is stopped for that long.
    pub(crate) async fn revoke(&mut self, above: &str, office: &str, word: &str) {
        let keeper = StaffPlan::named("keeper").unwrap();
        let staff = StaffPlan::named(word).unwrap();
        let (dir, by) = {
            let site = self.province.site(above).unwrap();
            (site.dir.clone(), site.plan.staff_number(&keeper))
        };
        let whom = self
            .province
            .site(office)
            .unwrap()
            .plan
            .staff_number(&staff);
        self.province.kill(above).await.unwrap();
        let dir = dir.display().to_string();
        let arguments = [
            "revoke",
            "--passphrase-stdin",
            "--dir",
            &dir,
            "--as",
            &by,
            "--staff",
            &whom,
            "--reason",
            "调离岗位",
        ];
        let arguments = arguments.map(str::to_owned);
        program().run(&arguments, &[PASSPHRASE]).await.unwrap();
        self.province.start(above).await.unwrap();
        self.province.until_linked().await.unwrap();
    }

    /// Waits until the county's page of a matter is as wanted; every change there is looked at.
    pub(crate) async fn until_matter(
        &self,
        client: &Client,
        matter: &str,
        is_so: impl Fn(&Json) -> bool,
    ) -> Json {
        let path = format!("/api/v1/matters/{matter}");
        let (mut newest, mut last) = (0, Json::Null);
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            last = client.send("GET", &path, None).await.unwrap().json;
            if is_so(&last) {
                return last;
            }
            newest = self
                .province
                .next_change("lengshuijiang", newest)
                .await
                .unwrap();
        }
        panic!("the matter is still {last}");
    }

    /// Waits until every dossier that the township holds stands equally everywhere above.
    pub(crate) async fn until_roots_equal(&self, key: &str, above: &[&str]) {
        let (mut newest, until) = (0, Instant::now() + PATIENCE);
        loop {
            let here = self.province.roots(key).await.unwrap();
            let mut unequal = Vec::new();
            for office in above {
                let there = self.province.roots(office).await.unwrap();
                let differs = |id: &&String| {
                    let there = there.get(*id);
                    there.is_some_and(|root| root != &here[*id])
                        || (there.is_none() && here[*id]["kind"] != "Roster")
                };
                let ids: Vec<_> = here.keys().filter(differs).cloned().collect();
                let shown = |id: String| format!("{office}: {id} {}", here[&id]["kind"]);
                unequal.extend(ids.into_iter().map(shown));
            }
            if unequal.is_empty() {
                return;
            }
            let is_late = Instant::now() >= until;
            assert!(!is_late, "they still stand differently: {unequal:?}");
            newest = self.province.next_change(above[0], newest).await.unwrap();
        }
    }
}

pub(crate) fn program() -> Program {
    Program::of_testnet(Path::new(env!("CARGO_BIN_EXE_testnet")))
}

pub(crate) async fn matter_of(client: &Client, matter: &str) -> Json {
    client
        .get(&format!("/api/v1/matters/{matter}"))
        .await
        .unwrap()
}

pub(crate) async fn state_of(client: &Client, matter: &str) -> String {
    let path = format!("/api/v1/matters/{matter}");
    let answer = client.send("GET", &path, None).await.unwrap();
    let code = &answer.json["matter"]["state"]["code"];
    code.as_str().unwrap_or_default().to_owned()
}

pub(crate) async fn text_of(client: &Client, subject: &Subject) -> String {
    plan_of(client, subject).await["value"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn plan_of(client: &Client, subject: &Subject) -> Json {
    let texts = client
        .get(&format!("/api/v1/cases/{}/texts", subject.case))
        .await
        .unwrap();
    let items = texts["items"].as_array().unwrap();
    items
        .iter()
        .find(|text| text["name"] == "plan")
        .unwrap()
        .clone()
}
