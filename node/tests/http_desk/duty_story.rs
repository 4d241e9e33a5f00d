//! An alarm that nobody looks at reaches a person, once, whatever restarts; who was told stands in the alarm,
//! and who had the duty in the roster.

use crate::client::{Client, offer};
use crate::emulator::{Emulator, PATIENCE, text_of};
use crate::office::{DAY, Office, PASSPHRASE, START};
use jiaolian_node::notify::{Channel, Modem, Siren, SirenUrl, Way, Ways, proof};
use jiaolian_schema::act::Raise;
use jiaolian_schema::id::DossierId;
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use zeroize::Zeroizing;

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
const SECRET: &[u8] = b"a secret that both know";

/// The ways of a node at work; they end with it.
pub(crate) struct AtWork {
    _stop: watch::Sender<bool>,
}

/// Begins the duty of a node, as `jiaolian run` does.
pub(crate) async fn begin(office: &Office, ways: Ways, always: bool) -> AtWork {
    let known = ways.known();
    let begun = office.owner.call(move |node| {
        node.set_ways(known, always);
        node.begin_duty().unwrap();
        node.wake()
    });
    let wake = begun.await.unwrap();
    let (stop, stopped) = watch::channel(false);
    ways.run(&office.owner, &wake, &stopped);
    AtWork { _stop: stop }
}

pub(crate) fn no_ways() -> Ways {
    Ways::of(vec![])
}

fn sms(device: PathBuf) -> Ways {
    let modem: Box<dyn Channel> = Box::new(Modem::new(device, 115_200, PATIENCE));
    Ways::of(vec![(Way::Sms, modem)])
}

/// A siren that answers with these statuses in turn, and 200 after them; each request that came.
async fn siren(mut statuses: Vec<u16>) -> (Ways, mpsc::UnboundedReceiver<(String, Json)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/on", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::unbounded_channel();
    statuses.reverse();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut all, mut room) = (Vec::new(), [0; 1_024]);
            let (head, body) = loop {
                let read = stream.read(&mut room).await.unwrap();
                all.extend_from_slice(&room[..read]);
                let text = String::from_utf8_lossy(&all).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let mut lengths = head.lines();
                let length = lengths.find_map(|line| line.strip_prefix("Content-Length: "));
                let length: usize = length.unwrap().parse().unwrap();
                if body.len() == length {
                    break (head.to_owned(), body.to_owned());
                }
            };
            let expected = format!(
                "X-Jiaolian-Proof: sha256={}",
                proof(SECRET, body.as_bytes())
            );
            assert!(head.contains(&expected), "{head}");
            assert!(head.starts_with("POST /on HTTP/1.1\r\n"), "{head}");
            let status = statuses.pop().unwrap_or(200);
            let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            let json = serde_json::from_str(&body).unwrap();
            sender.send((head, json)).unwrap();
        }
    });
    (siren_at(&url), requests)
}

fn siren_at(url: &str) -> Ways {
    let secret = Zeroizing::new(SECRET.to_vec());
    let siren: Box<dyn Channel> = Box::new(Siren::new(SirenUrl::parse(url).unwrap(), secret));
    Ways::of(vec![(Way::Siren, siren)])
}

/// Looks at a page until it holds, again after each change that the node tells of.
async fn until(client: &Client, path: &str, holds: impl Fn(&Json) -> bool) -> Json {
    let mut live = client.follow(None).await;
    live.next("hello").await;
    loop {
        let page = client.get(path).await.ok(200);
        if holds(&page) {
            return page;
        }
        live.next("alarm_changed").await;
    }
}

/// A duty list of the signer's office in place of what stands.
async fn set_list(client: &Client, shifts: &[(&str, i64, i64)], phones: &[(&str, &str)]) -> Json {
    let page = client.get("/api/v1/duty").await.ok(200);
    let form = list_form(&page, shifts, phones);
    client.post("/api/v1/duty", &form).await.ok(201)
}

fn list_form(page: &Json, shifts: &[(&str, i64, i64)], phones: &[(&str, &str)]) -> Json {
    let person = |name: &str| {
        let mut staff = page["staff"].as_array().unwrap().iter();
        let found = staff.find(|one| one["name"] == name);
        found.map_or(json!("00"), |one| one["person_id"].clone())
    };
    let shifts = shifts
        .iter()
        .map(|(name, from, to)| json!({ "person_id": person(name), "from": from, "to": to }));
    let phones = phones
        .iter()
        .map(|(name, number)| json!({ "person_id": person(name), "number": number }));
    json!({
        "hours": page["list"]["hours"],
        "workdays": page["list"]["workdays"],
        "shifts": shifts.collect::<Vec<_>>(),
        "phones": phones.collect::<Vec<_>>(),
        "replaces": page["list"]["replaces"],
        "sign": { "passphrase": PASSPHRASE },
    })
}

const NIGHT: (i64, i64) = (START + 9 * HOUR, START + 24 * HOUR);

/// The county's office at eleven at night, with 周值 on the list.
async fn at_night() -> (Office, Client) {
    let office = Office::open().await;
    let head = Client::signed_in(&office, "C2").await;
    let list = [("周值", NIGHT.0, NIGHT.1)];
    set_list(&head, &list, &[("周值", "13800000003")]).await;
    office.advance(14 * HOUR);
    (office, head)
}

fn own_alarm(office: &Office, case: DossierId, number: u8) -> Raise {
    office.alarm(case, "county", number, 1)
}

#[tokio::test]
async fn at_night_who_has_the_duty_is_told_by_message_once_and_the_alarm_says_so() {
    let (office, head) = at_night().await;
    let case = office.case("张三", "county", 0).await;
    let alarm = office.sign_alarm(own_alarm(&office, case, 1)).await;
    let modem = Emulator::plug_in(vec![]);
    let working = begin(&office, sms(modem.device.clone()), false).await;
    let path = format!("/api/v1/alarms/{alarm}");
    let told = |page: &Json| page["alarm"]["state"]["code"] == "NOTIFIED";
    let page = until(&head, &path, told).await;
    let steps = page["steps"].as_array().unwrap();
    let notify = steps.iter().find(|step| step["kind"] == "notify").unwrap();
    assert_eq!(notify["signer"]["name"], "系统");
    assert_eq!(
        notify["note"],
        "短信：已通知浏阳市司法局 周值（非工作时间报警）"
    );
    let text = text_of(&modem.messages()[0]);
    assert!(text.contains("1级报警") && text.contains("越界"), "{text}");
    assert!(!text.contains("张三"), "{text}");
    assert_eq!(head.get("/api/v1/duty/untold").await.ok(200)["total"], 0);

    // The power is cut; what was told is not told again. Another person's alarm shows that it looked.
    drop(working);
    let again = office.after_power_cut().await;
    again.advance(14 * HOUR);
    let client = Client::signed_in(&again, "C2").await;
    let other = again.case("李四", "county", 0).await;
    let _working = begin(&again, sms(modem.device.clone()), false).await;
    let second = again.sign_alarm(own_alarm(&again, other, 2)).await;
    until(&client, &format!("/api/v1/alarms/{second}"), told).await;
    assert_eq!(modem.messages().len(), 2, "one for each alarm");
    let calls = client.get("/api/v1/duty").await.ok(200)["calls"].clone();
    assert_eq!(calls.as_array().unwrap().len(), 2, "{calls}");
    modem.pull_out();
}

#[tokio::test]
async fn a_minors_alarm_tells_neither_whom_nor_where() {
    let (office, _head) = at_night().await;
    let case = office.case("王小明", "county", 1).await;
    let alarm = office.sign_alarm(own_alarm(&office, case, 1)).await;
    let modem = Emulator::plug_in(vec![]);
    let _working = begin(&office, sms(modem.device.clone()), false).await;
    let officer = Client::signed_in(&office, "M1").await;
    let told = |page: &Json| page["alarm"]["state"]["code"] == "NOTIFIED";
    until(&officer, &format!("/api/v1/alarms/{alarm}"), told).await;
    let text = text_of(&modem.messages()[0]);
    for word in ["王小明", "越界", "浏阳", "代码"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    modem.pull_out();
}

#[tokio::test]
async fn what_nobody_could_be_told_is_listed_with_its_reason_until_somebody_is_or_takes_it() {
    let office = Office::open().await;
    let head = Client::signed_in(&office, "C2").await;
    set_list(&head, &[("周值", NIGHT.0, NIGHT.1)], &[]).await;
    office.advance(14 * HOUR);
    let case = office.case("张三", "county", 0).await;
    let alarm = office.sign_alarm(own_alarm(&office, case, 1)).await;
    let modem = Emulator::plug_in(vec![]);
    let _working = begin(&office, sms(modem.device.clone()), false).await;
    let untold = "/api/v1/duty/untold";
    let page = until(&head, untold, |page| page["total"] == 1).await;
    let row = &page["items"][0];
    assert_eq!(
        (
            &row["receiver"],
            &row["reason"]["code"],
            &row["case"]["name"]
        ),
        (&json!("周值"), &json!("no_number"), &json!("张三"))
    );
    // The list gets the number, and the call goes out.
    let page = set_list(
        &head,
        &[("周值", NIGHT.0, NIGHT.1)],
        &[("周值", "13800000003")],
    )
    .await;
    assert_eq!(page["on_duty"][0]["phone"], "13800000003");
    until(&head, untold, |page| page["total"] == 0).await;
    assert_eq!(modem.messages().len(), 1);
    modem.pull_out();

    // The modem is gone: the next one waits, and nobody is told once it was taken.
    let other = office.case("李四", "county", 0).await;
    let second = office.sign_alarm(own_alarm(&office, other, 2)).await;
    let tried = |page: &Json| page["items"][0]["tries"] == 1;
    let page = until(&head, untold, tried).await;
    let reason = page["items"][0]["reason"]["code"].as_str().unwrap();
    assert!(["absent", "lost"].contains(&reason), "{page}");
    let page = head.get(&format!("/api/v1/alarms/{second}")).await.ok(200);
    head.sign(offer(&page, "acknowledge"), json!({}))
        .await
        .ok(201);
    until(&head, untold, |page| page["total"] == 0).await;
    let page = head.get("/api/v1/duty").await.ok(200);
    let calls = page["calls"].as_array().unwrap();
    let state_of = |alarm: DossierId| {
        let mut calls = calls.iter();
        let call = calls.find(|call| call["alarm_id"] == alarm.to_hex());
        call.unwrap()["state"]["code"].clone()
    };
    assert_eq!(
        (state_of(alarm), state_of(second)),
        (json!("told"), json!("dropped"))
    );
}

#[tokio::test]
async fn a_siren_is_told_under_the_secret_and_again_when_it_failed() {
    let (office, head) = at_night().await;
    let case = office.case("张三", "county", 0).await;
    let (ways, mut requests) = siren(vec![503]).await;
    let _working = begin(&office, ways, false).await;
    let alarm = office.sign_alarm(own_alarm(&office, case, 1)).await;
    let (_, first) = requests.recv().await.unwrap();
    assert_eq!(
        (&first["tries"], &first["step"]),
        (&json!(0), &json!("raised"))
    );
    assert!(!first.to_string().contains("张三"), "{first}");
    let failed = |page: &Json| page["items"][0]["reason"]["code"] == "status:503";
    until(&head, "/api/v1/duty/untold", failed).await;
    office.advance(11_000);
    let (_, second) = requests.recv().await.unwrap();
    assert_eq!(
        (&second["tries"], &second["call"]),
        (&json!(1), &first["call"])
    );
    let told = |page: &Json| page["alarm"]["state"]["code"] == "NOTIFIED";
    until(&head, &format!("/api/v1/alarms/{alarm}"), told).await;
}

#[tokio::test]
async fn a_call_that_was_out_when_the_power_went_is_made_again_and_then_no_more() {
    let (office, _head) = at_night().await;
    let case = office.case("张三", "county", 0).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/on", silent.local_addr().unwrap());
    let working = begin(&office, siren_at(&url), false).await;
    let alarm = office.sign_alarm(own_alarm(&office, case, 1)).await;
    let (out, _) = silent.accept().await.unwrap();
    let cut = office.after_power_cut().await;
    drop((working, out));
    cut.advance(14 * HOUR);
    let client = Client::signed_in(&cut, "C2").await;
    let (ways, mut requests) = siren(vec![]).await;
    let working = begin(&cut, ways, false).await;
    let (_, again) = requests.recv().await.unwrap();
    assert_eq!(again["step"], "raised");
    let told = |page: &Json| page["alarm"]["state"]["code"] == "NOTIFIED";
    until(&client, &format!("/api/v1/alarms/{alarm}"), told).await;
    drop(working);
    let last = cut.after_power_cut().await;
    last.advance(14 * HOUR);
    let (ways, mut requests) = siren(vec![]).await;
    let _working = begin(&last, ways, false).await;
    let client = Client::signed_in(&last, "C2").await;
    let other = last.case("李四", "county", 0).await;
    let second = last.sign_alarm(own_alarm(&last, other, 2)).await;
    until(&client, &format!("/api/v1/alarms/{second}"), told).await;
    let (_, only) = requests.recv().await.unwrap();
    assert_ne!(only["call"], again["call"]);
    assert!(requests.try_recv().is_err());
}

#[tokio::test]
async fn by_day_silence_without_a_line_is_told_and_a_taken_alarm_is_not() {
    let office = Office::open().await;
    let head = Client::signed_in(&office, "C2").await;
    let (taken, left) = (
        office.case("张三", "county", 0).await,
        office.case("李四", "county", 0).await,
    );
    let (ways, mut requests) = siren(vec![]).await;
    let _working = begin(&office, ways, false).await;
    let first = office.sign_alarm(own_alarm(&office, taken, 1)).await;
    let page = head.get(&format!("/api/v1/alarms/{first}")).await.ok(200);
    head.sign(offer(&page, "acknowledge"), json!({}))
        .await
        .ok(201);
    let second = office.sign_alarm(own_alarm(&office, left, 2)).await;
    office.advance(10 * MINUTE);
    let (_, told) = requests.recv().await.unwrap();
    assert_eq!(told["step"], "untaken");
    let is_told = |page: &Json| page["alarm"]["state"]["code"] == "NOTIFIED";
    until(&head, &format!("/api/v1/alarms/{second}"), is_told).await;
    let page = head.get(&format!("/api/v1/alarms/{first}")).await.ok(200);
    assert_eq!(page["alarm"]["state"]["code"], "ACKED");
    assert!(requests.try_recv().is_err(), "one call in all");
}

#[tokio::test]
async fn the_county_takes_over_what_an_office_raised_that_nobody_hears_any_more() {
    let office = Office::open().await;
    let head = Client::signed_in(&office, "C2").await;
    let case = office.case("张三", "township", 0).await;
    let (ways, mut requests) = siren(vec![]).await;
    let _working = begin(&office, ways, false).await;
    let alarm = office.raise(case, "township", 1, 2).await;
    let (_, told) = requests.recv().await.unwrap();
    assert_eq!(told["step"], "cut");
    let is_told = |page: &Json| page["alarm"]["state"]["code"] == "NOTIFIED";
    let page = until(&head, &format!("/api/v1/alarms/{alarm}"), is_told).await;
    let steps = page["steps"].as_array().unwrap();
    let note = steps.iter().find(|step| step["kind"] == "notify").unwrap();
    assert_eq!(note["note"], "警笛：已通知浏阳市司法局（所在单位联系不上）");
}

#[tokio::test]
async fn a_tier_hears_once_when_its_clock_passed_while_its_node_was_off_and_never_of_what_is_judged_afterwards()
 {
    let office = Office::open_at("city").await;
    let city = Client::signed_in(&office, "D2").await;
    let (one, other) = (
        office.case("张三", "township", 0).await,
        office.case("李四", "township", 0).await,
    );
    let raised = office.raise(one, "township", 1, 2).await;
    let afterwards = Raise {
        retrospective: 1,
        ..office.alarm(other, "township", 2, 3)
    };
    office.sign_alarm(afterwards).await;
    let escalated = |today: &Json| -> Vec<String> {
        let reminders = today["reminders"].as_array().unwrap().iter();
        let ids = reminders.filter_map(|row| row["id"].as_str());
        let told = ids.filter_map(|id| id.strip_suffix(":escalated"));
        told.map(ToOwned::to_owned).collect()
    };
    let today = city.get("/api/v1/today").await.ok(200);
    assert!(escalated(&today).is_empty(), "the clock runs");
    // The node was off while two hours passed since the raising.
    office.advance(2 * HOUR);
    let (ways, mut requests) = siren(vec![]).await;
    let working = begin(&office, ways, false).await;
    let (_, told) = requests.recv().await.unwrap();
    assert_eq!(told["step"], "tier3");
    let today = city.get("/api/v1/today").await.ok(200);
    assert_eq!(escalated(&today), [raised.to_hex()]);
    let path = format!("/api/v1/alarms/{raised}");
    until(&city, &path, |page| {
        page["alarm"]["state"]["code"] == "NOTIFIED"
    })
    .await;

    drop(working);
    let again = office.after_power_cut().await;
    again.advance(3 * HOUR);
    let (ways, mut requests) = siren(vec![]).await;
    let _working = begin(&again, ways, false).await;
    let third = again.case("王五", "township", 0).await;
    again.raise(third, "township", 3, 2).await;
    again.advance(2 * HOUR);
    let (_, next) = requests.recv().await.unwrap();
    assert_ne!(next["call"], told["call"], "only the new alarm is told");
    assert!(requests.try_recv().is_err());
}

#[tokio::test]
async fn who_urges_from_above_closes_nothing() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let alarm = office.raise(case, "township", 1, 2).await;
    let path = format!("/api/v1/alarms/{alarm}");
    let (duty, city) = (
        Client::signed_in(&office, "C3").await,
        Client::signed_in(&office, "D2").await,
    );
    for client in [&duty, &city] {
        let page = client.get(&path).await.ok(200);
        let urge = offer(&page, "urge");
        client
            .sign(urge, json!({}))
            .await
            .refused(422, "fields_invalid");
        client
            .sign(urge, json!({ "note": "请半小时内到户核实" }))
            .await
            .ok(201);
        let page = client.get(&path).await.ok(200);
        assert_eq!(
            (&page["alarm"]["state"]["code"], &page["alarm"]["open"]),
            (&json!("RAISED"), &json!(true))
        );
    }
    let page = city.get(&path).await.ok(200);
    let offers = page["offers"].as_array().unwrap().iter();
    let events: Vec<&str> = offers.filter_map(|offer| offer["event"].as_str()).collect();
    assert_eq!(events, ["urge"], "the city may urge and nothing else");
    let urged = page["steps"].as_array().unwrap().iter();
    assert_eq!(urged.filter(|step| step["kind"] == "urge").count(), 2);
}

#[tokio::test]
async fn only_the_head_sets_the_list_and_what_is_wrong_is_named() {
    let office = Office::open().await;
    let (head, duty) = (
        Client::signed_in(&office, "C2").await,
        Client::signed_in(&office, "C3").await,
    );
    let page = duty.get("/api/v1/duty").await.ok(200);
    assert_eq!(
        (&page["may_edit"], &page["in_hours"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(
        page["on_duty"][0]["why"]["code"], "head",
        "nobody is listed"
    );
    assert_eq!(page["unlisted"][0]["name"], "浏阳市司法局");
    let list = [("周值", START, START + DAY)];
    let form = list_form(&page, &list, &[]);
    duty.post("/api/v1/duty", &form)
        .await
        .refused(403, "not_allowed");
    let wrong = [
        ("phones", list_form(&page, &list, &[("周值", "138-0000")])),
        ("shifts", list_form(&page, &[("周值", START, START)], &[])),
        (
            "shifts",
            list_form(&page, &[("李工", START, START + 1)], &[]),
        ),
    ];
    for (field, form) in wrong {
        let refused = head.post("/api/v1/duty", &form).await;
        let refused = refused.refused(422, "fields_invalid");
        assert!(refused["error"]["fields"][field].is_object(), "{refused}");
    }
    let mut hours = form.clone();
    hours["hours"] = json!([{ "days": [8], "from": "08:00", "to": "09:00" }]);
    let refused = head.post("/api/v1/duty", &hours).await;
    assert!(refused.refused(422, "fields_invalid")["error"]["fields"]["hours"].is_object());

    let page = head.post("/api/v1/duty", &form).await.ok(201);
    assert_eq!(page["on_duty"][0]["name"], "周值");
    assert_eq!(page["unlisted"], json!([]));
    // The list on the screen is another one meanwhile.
    head.post("/api/v1/duty", &form)
        .await
        .refused(409, "section_changed");
    let mut bare = form.clone();
    bare["sign"] = json!({ "passphrase": "不是这个" });
    head.post("/api/v1/duty", &bare)
        .await
        .refused(401, "passphrase_wrong");
    let auditor = Client::signed_in(&office, "A1").await;
    auditor
        .get("/api/v1/duty")
        .await
        .refused(403, "not_allowed");
}

#[tokio::test]
async fn the_one_who_leaves_signs_the_list_and_another_takes_it() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let alarm = office.raise(case, "township", 1, 2).await;
    let (leaves, comes) = (
        Client::signed_in(&office, "C3").await,
        Client::signed_in(&office, "C4").await,
    );
    let path = "/api/v1/duty/hand-overs";
    let page = leaves.get(path).await.ok(200);
    let list = &page["list"];
    assert_eq!(list["alarms"][0]["id"], alarm.to_hex());
    assert_eq!(list["alarms"][0]["case"]["name"], "张三");
    let form = |list: &Json| json!({ "at": list["at"], "list_id": list["id"], "sign": { "passphrase": PASSPHRASE } });
    // Somebody takes the alarm meanwhile: the list that was on the screen is not what is open.
    let shown = form(list);
    let alarm_page = comes.get(&format!("/api/v1/alarms/{alarm}")).await.ok(200);
    comes
        .sign(offer(&alarm_page, "acknowledge"), json!({}))
        .await
        .ok(201);
    leaves
        .post(path, &shown)
        .await
        .refused(409, "section_changed");
    let page = leaves.get(path).await.ok(200);
    assert_eq!(page["list"]["alarms"][0]["by"]["zh"], "吴值");
    let page = leaves.post(path, &form(&page["list"])).await.ok(201);
    let given = &page["given"][0];
    assert_eq!((&given["by"], &given["open"]), (&json!("周值"), &json!(1)));
    assert_eq!(
        (&given["may_take"], &given["taken_by"]),
        (&json!(false), &json!(null))
    );
    let one = format!("{path}/{}", given["id"].as_str().unwrap());
    let take = json!({ "sign": { "passphrase": PASSPHRASE } });
    leaves.post(&one, &take).await.refused(409, "same_person");
    let page = comes.post(&one, &take).await.ok(201);
    assert_eq!(page["given"][0]["taken_by"], "吴值");
    let third = Client::signed_in(&office, "C2").await;
    third.post(&one, &take).await.refused(409, "offer_gone");
    let kept = third.get(&one).await.ok(200);
    assert_eq!(kept["alarms"][0]["id"], alarm.to_hex());
}

#[tokio::test]
async fn when_the_node_did_not_run_is_known_afterwards() {
    let office = Office::open().await;
    let working = begin(&office, no_ways(), false).await;
    office.advance(2 * MINUTE);
    office
        .owner
        .call(jiaolian_node::owner::Node::end_duty)
        .await
        .unwrap();
    drop(working);
    let again = office.after_power_cut().await;
    again.advance(HOUR);
    let _working = begin(&again, no_ways(), false).await;
    again.owner.call(|_| ()).await.unwrap();
    let cut = again.after_power_cut().await;
    cut.advance(3 * HOUR);
    let _working = begin(&cut, no_ways(), false).await;
    let client = Client::signed_in(&cut, "C3").await;
    let path = format!("/api/v1/duty/outages?from={START}&to={}", START + 3 * HOUR);
    let found = client.get(&path).await.ok(200);
    let (stop, from, to) = (START + 2 * MINUTE, START + HOUR, START + 3 * HOUR);
    let expected = json!([
        { "from": from, "to": to, "ordered": false },
        { "from": stop, "to": from, "ordered": true },
    ]);
    assert_eq!(found, expected);
    let long = format!("/api/v1/duty/outages?from=0&to={START}");
    client.get(&long).await.refused(400, "bad_request");
}
