//! Whoever looks leaves a row; whoever oversees reads them all and changes nothing.

use crate::client::{Answer, Client};
use crate::office::{Office, PASSPHRASE, START};
use crate::page_story::{chromium, web_ui};
use jiaolian_node::http::{Trace, openapi_document, trace_of};
use jiaolian_node::owner::{LogRow, Looked, Node};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::DossierId;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const MINUTE: i64 = 60_000;

/// Every endpoint of the interface, with its method.
fn endpoints() -> Vec<(String, String)> {
    let document = serde_json::to_value(openapi_document()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let mut endpoints = Vec::new();
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            if ["get", "put", "post", "delete", "patch"].contains(&method.as_str()) {
                endpoints.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    endpoints
}

async fn rows(office: &Office) -> Vec<LogRow> {
    let read = |node: &mut Node| node.accesses(1, 1_000).unwrap();
    office.owner.look(read).await.unwrap()
}

async fn newest(office: &Office) -> LogRow {
    rows(office).await.pop().unwrap()
}

/// An address of an endpoint with a case, an alarm and what else it asks for.
fn address(path: &str, (case, alarm): (DossierId, DossierId), matter: &str) -> String {
    let id = if path.contains("/alarms/") {
        alarm.to_hex()
    } else if path.contains("/matters/") {
        matter.to_owned()
    } else {
        case.to_hex()
    };
    let plain = path
        .replace("{id}", &id)
        .replace("{name}", "plan")
        .replace("{key}", "a:1");
    match path {
        "/api/v1/map/people" | "/api/v1/map/people/{id}" => format!("{plain}?reason=duty"),
        "/api/v1/map/track" => format!("{plain}?case={case}&from=1&to=2&reason=duty"),
        "/api/v1/duty/outages" => format!("{plain}?from={START}&to={}", START + 1),
        "/api/v1/account" => format!("{plain}?person=C1&from={START}&to={}", START + 1),
        _ => plain,
    }
}

async fn leave(client: &Client, case: DossierId) -> String {
    let page = client.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let apply = crate::client::offer(&page, "apply:leave");
    let form = json!({ "from": "2026-03-04", "to": "2026-03-10", "purpose": "medical",
        "detail": "去长沙复查", "destination": "长沙市岳麓区" });
    let signed = client.sign(apply, form).await.ok(201);
    signed["target"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn every_endpoint_leaves_a_row_or_says_why_it_leaves_none() {
    let known: BTreeSet<(String, String)> = endpoints().into_iter().collect();
    for (method, path) in &known {
        let trace = trace_of(method, path);
        assert!(trace.is_some(), "{method} {path} has no trace");
        if let Some(Trace::Exempt(why)) = trace {
            assert!(why.len() > 20 && method == "GET", "{method} {path}: {why}");
        }
    }
    let exempt = known
        .iter()
        .filter(|(method, path)| matches!(trace_of(method, path), Some(Trace::Exempt(_))));
    assert_eq!(
        exempt.count(),
        5,
        "the list of exempt endpoints stays short"
    );
}

#[tokio::test]
async fn each_read_has_its_row_on_the_disk_before_its_answer() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let alarm = office.raise(case, "township", 1, 2).await;
    let client = Client::signed_in(&office, "C1").await;
    let staff = Client::signed_in(&office, "T1").await;
    let matter = leave(&staff, case).await;
    let draft = json!({ "title": "草稿", "body": {} });
    assert_eq!(client.put("/api/v1/drafts/a:1", &draft).await.status, 204);
    for (method, path) in endpoints() {
        let trace = trace_of(&method, &path).unwrap();
        let (Trace::Row(looked) | Trace::Inside(looked)) = trace else {
            continue;
        };
        if method != "GET" || path == "/api/v1/events" || path.starts_with("/api/v1/audit") {
            continue;
        }
        office.advance(2 * MINUTE);
        let at = address(&path, (case, alarm), &matter);
        let answer = client.get(&at).await;
        let expected = if answer.status == 200 {
            looked
        } else {
            Looked::Denied
        };
        let mut new = rows(&office).await;
        new.retain(|row| row.at == START + i64::from(new_minute(&office)) * MINUTE);
        let kinds: Vec<Looked> = new.iter().map(|row| row.looked).collect();
        assert!(
            kinds.contains(&expected),
            "{method} {at}: {} {kinds:?}",
            answer.status
        );
        let own = new.iter().find(|row| row.looked == expected);
        assert!(own.unwrap().person.is_some(), "{at}");
    }
}

fn new_minute(office: &Office) -> i32 {
    let now = office.time.load(std::sync::atomic::Ordering::SeqCst);
    i32::try_from((now - START) / MINUTE).unwrap()
}

#[tokio::test]
async fn the_procurator_reads_everything_and_every_write_is_refused() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let alarm = office.raise(case, "township", 1, 2).await;
    let staff = Client::signed_in(&office, "T1").await;
    let matter = leave(&staff, case).await;
    let procurator = Client::signed_in(&office, "P1").await;
    for path in [
        format!("/api/v1/cases/{case}"),
        format!("/api/v1/alarms/{alarm}"),
        format!("/api/v1/matters/{matter}"),
        "/api/v1/cases".to_owned(),
        "/api/v1/today".to_owned(),
        "/api/v1/audit".to_owned(),
        "/api/v1/audit/findings".to_owned(),
        format!("/api/v1/cases/{case}/looks"),
    ] {
        procurator.get(&path).await.ok(200);
    }
    let before = office.owner.look(signed_acts).await.unwrap();
    let mut refused = 0;
    for (method, path) in endpoints() {
        if method == "GET" || path == "/api/v1/session" {
            continue;
        }
        let at = address(&path, (case, alarm), &matter);
        let body = json!({}).to_string();
        let answer = procurator.send(&method, &at, Some(body.as_bytes())).await;
        answer.refused(403, "not_allowed");
        refused += 1;
    }
    assert!(refused >= 7, "{refused} endpoints write");
    assert_eq!(office.owner.look(signed_acts).await.unwrap(), before);
    let page = procurator
        .get(&format!("/api/v1/cases/{case}"))
        .await
        .ok(200);
    let looks = rows(&office).await;
    let denied = looks
        .iter()
        .filter(|row| row.looked == Looked::Denied)
        .count();
    assert_eq!(denied, refused, "each attempt has its row");
    assert!(looks.iter().any(|row| row.purpose == "oversight"));
    assert_eq!(page["texts"][0]["editable"], false);
}

fn signed_acts(node: &mut Node) -> usize {
    let dossiers = node.replica.dossiers();
    let dossiers = dossiers.filter(|(_, row)| row.kind != DossierKind::Audit);
    let dossiers: Vec<DossierId> = dossiers.map(|(id, _)| id).collect();
    let counts = dossiers
        .iter()
        .map(|id| node.replica.facts(*id).unwrap().len());
    counts.sum()
}

async fn list(client: &Client, filter: &str) -> Vec<Json> {
    let page = client
        .get(&format!("/api/v1/audit?limit=200&{filter}"))
        .await
        .ok(200);
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn rows_are_found_by_person_case_kind_and_day() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    staff.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let procurator = Client::signed_in(&office, "P1").await;
    let of_person = list(&procurator, "person=T1").await;
    assert!(of_person.len() >= 2, "{of_person:?}");
    assert!(of_person.iter().all(|row| row["person"]["name"] == "李工"));
    let of_case = list(&procurator, &format!("case={case}&kind=case")).await;
    assert_eq!(of_case.len(), 1);
    assert_eq!(of_case[0]["case"]["name"], "张三");
    assert_eq!(of_case[0]["purpose"]["label"]["zh"], "承办案件");
    assert_eq!(of_case[0]["kind"]["label"]["zh"], "查看案件");
    assert!(list(&procurator, "day=2026-02-28").await.is_empty());
    assert!(!list(&procurator, "day=2026-03-02").await.is_empty());
    let wrong = procurator.get("/api/v1/audit?day=2026-02-30").await;
    wrong.refused(400, "bad_request");
    staff.get("/api/v1/audit").await.refused(403, "not_allowed");
}

#[tokio::test]
async fn the_auditor_sees_rows_and_no_case() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    staff.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let auditor = Client::signed_in(&office, "S1").await;
    let answer = auditor.get(&format!("/api/v1/audit?case={case}")).await;
    let page = answer.clone().ok(200);
    assert_eq!(page["items"][0]["case"]["no"], case.to_hex()[..8]);
    assert!(!String::from_utf8(answer.body).unwrap().contains("张三"));
    auditor
        .get(&format!("/api/v1/cases/{case}"))
        .await
        .refused(404, "not_found");
    auditor
        .get("/api/v1/cases")
        .await
        .refused(403, "not_allowed");
    let session = auditor.get("/api/v1/session").await.ok(200);
    assert_eq!(session["views"], json!(["network", "audit"]));
}

#[tokio::test]
async fn attempts_at_foreign_and_minors_cases_are_listed_and_answered_alike() {
    let office = Office::open().await;
    let minor = office.case("李四", "township", 1).await;
    let other = Client::signed_in(&office, "O1").await;
    let absent = DossierId([7; 32]);
    let foreign = office.case("张三", "township", 0).await;
    let mut answers: Vec<Answer> = Vec::new();
    for id in [minor, foreign, absent] {
        answers.push(other.get(&format!("/api/v1/cases/{id}")).await);
    }
    assert!(answers.iter().all(|answer| answer.status == 404));
    assert!(answers.windows(2).all(|pair| pair[0].body == pair[1].body));
    let denied: Vec<LogRow> = rows(&office).await;
    let denied: Vec<_> = denied
        .into_iter()
        .filter(|row| row.looked == Looked::Denied)
        .collect();
    assert_eq!(denied.len(), 3);
    assert!(
        denied
            .iter()
            .all(|row| row.word.as_deref() == Some("not_found"))
    );
    assert_ne!(
        denied[0].case,
        Some(minor),
        "a minor's case has a pseudonym in rows"
    );
    assert_eq!(
        (denied[1].case, denied[2].case),
        (Some(foreign), Some(absent))
    );
}

#[tokio::test]
async fn a_failed_sign_in_is_listed_with_the_person_whose_number_was_tried() {
    let office = Office::open().await;
    let client = Client::new(&office);
    for number in ["T1", "nobody"] {
        let form = json!({ "staff_number": number, "passphrase": "错的口令 1" });
        let answer = client.post("/api/v1/session", &form).await;
        answer.refused(401, "login_refused");
    }
    let procurator = Client::signed_in(&office, "P1").await;
    let tried = list(&procurator, "kind=sign_in_refused").await;
    assert_eq!(tried.len(), 2);
    let names: BTreeSet<String> = tried
        .iter()
        .map(|row| row["person"]["name"].to_string())
        .collect();
    assert_eq!(
        names,
        BTreeSet::from(["\"李工\"".to_owned(), "null".to_owned()])
    );
}

#[tokio::test]
async fn a_case_that_is_nobodys_task_above_the_county_asks_for_a_reason() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let city = Client::signed_in(&office, "D1").await;
    let path = format!("/api/v1/cases/{case}");
    let refused = city.get(&path).await.refused(403, "purpose_needed");
    assert!(
        refused["error"]["message_zh"]
            .as_str()
            .unwrap()
            .contains("事由")
    );
    city.get(&format!("{path}?reason=curiosity"))
        .await
        .refused(400, "bad_request");
    city.get(&format!("{path}?reason=complaint")).await.ok(200);
    assert_eq!(newest(&office).await.purpose, "complaint");
    city.get(&format!("{path}/timeline")).await.ok(200);
    assert_eq!(newest(&office).await.purpose, "complaint", "asked once");
}

#[tokio::test]
async fn the_person_concerned_can_be_told_who_looked() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let alarm = office.raise(case, "township", 1, 2).await;
    let staff = Client::signed_in(&office, "T1").await;
    staff.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    office.advance(MINUTE);
    let duty = Client::signed_in(&office, "C3").await;
    duty.get(&format!("/api/v1/alarms/{alarm}")).await.ok(200);
    let looks = staff
        .get(&format!("/api/v1/cases/{case}/looks"))
        .await
        .ok(200);
    let items = looks["items"].as_array().unwrap();
    let found: Vec<(String, String, String)> = items
        .iter()
        .map(|look| {
            let text = |value: &Json| value.as_str().unwrap().to_owned();
            (
                text(&look["name"]),
                text(&look["kind"]["code"]),
                text(&look["office"]["name"]),
            )
        })
        .collect();
    let expected = |name: &str, kind: &str, office: &str| {
        found.contains(&(name.to_owned(), kind.to_owned(), office.to_owned()))
    };
    assert!(expected("李工", "case", "集里司法所"), "{found:?}");
    assert!(expected("周值", "alarm", "浏阳市司法局"), "{found:?}");
    assert_eq!(items.last().unwrap()["capacity"]["zh"], "司法所工作人员");
    assert_eq!(looks["case"]["name"], "张三");
    let stranger = Client::signed_in(&office, "O1").await;
    stranger
        .get(&format!("/api/v1/cases/{case}/looks"))
        .await
        .refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_in_a_browser() {
    let office = Office::open().await;
    office.case("张三", "township", 0).await;
    let shots = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("JIAOLIAN_SHOTS").map(PathBuf::from);
    let person = |number: &str| format!("{number}:{PASSPHRASE}");
    let home = format!("http://{}/", office.addr);
    let mut stories = Command::new("npm");
    stories
        .args(["run", "--silent", "e2e"])
        .current_dir(web_ui())
        .env("JIAOLIAN_ONLY", "audit.")
        .env("JIAOLIAN_URL", &home)
        .env("JIAOLIAN_COUNTY_URL", &home)
        .env("JIAOLIAN_STAFF", person("T1"))
        .env("JIAOLIAN_HEAD", person("T2"))
        .env("JIAOLIAN_COUNTY", person("C2"))
        .env("JIAOLIAN_PROC", person("P1"))
        .env("JIAOLIAN_SHOTS", kept.as_deref().unwrap_or(shots.path()))
        .env("JIAOLIAN_CHROMIUM", chromium())
        .stdin(Stdio::null());
    let played = tokio::task::spawn_blocking(move || stories.output());
    let output = played.await.unwrap().expect("npm can be started");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        output.status.success(),
        "the audit page does not hold:\n{said}"
    );
}

#[tokio::test]
async fn what_is_carried_out_is_in_a_signed_batch_when_the_file_is_handed_over() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "C1").await;
    let case = office.case("成年人", "township", 0).await;
    let unsigned = |office: &Office| {
        let owner = office.owner.clone();
        async move {
            let look = |node: &mut Node| {
                let signed = node.replica.log_batches().unwrap();
                let top = signed.iter().map(|batch| batch.log.top()).max();
                node.replica.log_tip().unwrap().number - top.unwrap_or(0)
            };
            owner.look(look).await.unwrap()
        }
    };
    let flush = |node: &mut Node| node.replica.flush_log(node.now(), [7; 32]);
    office.owner.call(flush).await.unwrap();
    client.get("/api/v1/cases").await.ok(200);
    assert!(
        unsigned(&office).await > 0,
        "a look at a list waits for its batch"
    );
    let path = format!("/api/v1/cases/{}/bundle?reason=court", case.to_hex());
    assert_eq!(client.get(&path).await.status, 200);
    assert_eq!(unsigned(&office).await, 0);
}
