//! Two who contradict one another, what waits for a superior, what is taken back and what is
//! corrected: as officers meet it at the desk.

use crate::client::{Client, offer};
use crate::office::{DAY, Office, START};
use jiaolian_schema::id::DossierId;
use serde_json::{Value as Json, json};

fn form(days: u8) -> Json {
    json!({
        "from": "2026-03-04", "to": format!("2026-03-{:02}", 3 + days), "purpose": "medical",
        "detail": "去长沙复查", "destination": "长沙市岳麓区",
    })
}

async fn matter(client: &Client, id: &Json) -> Json {
    let path = format!("/api/v1/matters/{}", id.as_str().unwrap());
    client.get(&path).await.ok(200)
}

async fn case_page(client: &Client, case: DossierId) -> Json {
    client.get(&format!("/api/v1/cases/{case}")).await.ok(200)
}

/// A leave that T1 applied for and verified.
async fn verified(staff: &Client, case: DossierId, days: u8) -> Json {
    let page = case_page(staff, case).await;
    let apply = offer(&page, "apply:leave");
    let signed = staff.sign(apply, form(days)).await.ok(201);
    let id = signed["target"]["id"].clone();
    let page = matter(staff, &id).await;
    let verify = json!({ "true_and_complete": true, "note": "已电话核实" });
    staff.sign(offer(&page, "verify"), verify).await.ok(201);
    id
}

/// What this person may still do about the act of a kind.
fn mend<'a>(page: &'a Json, kind: &str) -> &'a Json {
    let steps = page["steps"].as_array().unwrap();
    let step = steps.iter().rev().find(|step| step["kind"] == kind);
    &step.unwrap_or_else(|| panic!("no step {kind}"))["mend"]
}

fn event(mend: &Json) -> &str {
    let event = mend["event"].as_str().unwrap_or_default();
    event.split(':').next().unwrap()
}

#[tokio::test]
async fn an_author_takes_back_the_last_step_and_nobody_else_does() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let (staff, head) = (
        Client::signed_in(&office, "T1").await,
        Client::signed_in(&office, "T2").await,
    );
    let id = verified(&staff, case, 3).await;
    let page = matter(&staff, &id).await;
    assert_eq!(event(mend(&page, "verify")), "withdraw");
    assert_eq!(
        event(mend(&page, "apply:leave")),
        "correct",
        "verified already"
    );
    assert_eq!(event(mend(&matter(&head, &id).await, "verify")), "correct");
    let back = mend(&page, "verify").clone();
    staff
        .sign(&back, json!({}))
        .await
        .refused(422, "fields_invalid");
    staff
        .sign(&back, json!({ "reason": "核错了人" }))
        .await
        .ok(201);
    let page = matter(&staff, &id).await;
    assert_eq!(page["matter"]["state"]["code"], "APPLIED");
    let steps = page["steps"].as_array().unwrap();
    assert_eq!(steps[1]["standing"]["state"], "withdrawn");
    assert_eq!(
        (&steps[2]["kind"], &steps[2]["note"]),
        (&json!("withdraw"), &json!("核错了人"))
    );
    staff
        .sign(&back, json!({ "reason": "再撤一次" }))
        .await
        .refused(409, "offer_gone");

    let whole = mend(&page, "apply:leave").clone();
    assert_eq!(event(&whole), "withdraw");
    staff
        .sign(&whole, json!({ "reason": "本人不去了" }))
        .await
        .ok(201);
    let page = matter(&staff, &id).await;
    assert_eq!(page["matter"]["state"]["code"], "WITHDRAWN");
    assert_eq!(page["offers"], json!([]));
    let open = staff.get("/api/v1/matters?workflow=leave").await.ok(200);
    assert_eq!(open["total"], 0);
}

#[tokio::test]
async fn after_the_next_step_both_values_stand_side_by_side_with_the_reason() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let (staff, head) = (
        Client::signed_in(&office, "T1").await,
        Client::signed_in(&office, "T2").await,
    );
    let id = verified(&staff, case, 3).await;
    let page = matter(&head, &id).await;
    head.sign(offer(&page, "approve"), json!({})).await.ok(201);
    let page = matter(&staff, &id).await;
    let fix = mend(&page, "apply:leave").clone();
    assert_eq!(event(&fix), "correct");
    let old = fix["fields"].as_array().unwrap();
    let old = old
        .iter()
        .find(|field| field["name"] == "destination")
        .unwrap();
    assert_eq!(old["default"], "长沙市岳麓区");
    let same = json!({ "destination": "长沙市岳麓区", "reason": "没有变" });
    staff.sign(&fix, same).await.refused(422, "fields_invalid");
    let none = json!({ "destination": "长沙市天心区" });
    staff.sign(&fix, none).await.refused(422, "fields_invalid");
    let right = json!({ "destination": "长沙市天心区", "reason": "医院写错了" });
    staff.sign(&fix, right).await.ok(201);
    let page = matter(&head, &id).await;
    let fixed = &page["steps"][0]["corrections"][0];
    assert_eq!(
        (&fixed["reason"], &fixed["signer"]["name"]),
        (&json!("医院写错了"), &json!("李工"))
    );
    let line = &fixed["lines"][0];
    assert_eq!(line["before"]["zh"], "长沙市岳麓区");
    assert_eq!(line["after"]["zh"], "长沙市天心区");
    assert_eq!(
        page["matter"]["state"]["code"], "GRANTED",
        "the decision stands"
    );

    assert_eq!(event(mend(&page, "approve")), "withdraw");
    let decision = page["steps"].as_array().unwrap();
    let decision = decision
        .iter()
        .find(|step| step["kind"] == "approve")
        .unwrap();
    let serve = format!("serve:{}", decision["id"].as_str().unwrap());
    let told = json!({ "served_on": "2026-03-02", "note": "当面送达" });
    staff.sign(offer(&page, &serve), told).await.ok(201);
    let page = matter(&head, &id).await;
    assert_eq!(
        event(mend(&page, "approve")),
        "correct",
        "a served decision is not taken back"
    );
}

/// A county's leave of eight days with both deputies' word, which the two desks did not know of.
pub(crate) async fn quarrel() -> (Office, Office, DossierId, Json) {
    quarrel_of("C5", "C6").await
}

async fn quarrel_of(yes: &str, no: &str) -> (Office, Office, DossierId, Json) {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    let id = verified(&staff, case, 8).await;
    let head = Client::signed_in(&office, "T2").await;
    let page = matter(&head, &id).await;
    let opinion = json!({ "agree": true, "opinion": "同意" });
    head.sign(offer(&page, "opine"), opinion).await.ok(201);
    let other = office.after_power_cut().await;
    let first = Client::signed_in(&office, yes).await;
    let page = matter(&first, &id).await;
    first.sign(offer(&page, "approve"), json!({})).await.ok(201);
    let second = Client::signed_in(&other, no).await;
    let page = matter(&second, &id).await;
    let why = json!({ "reason": "近期两次迟报" });
    second.sign(offer(&page, "refuse"), why).await.ok(201);
    (office, other, case, id)
}

#[tokio::test]
async fn scenario_9_a_head_who_signed_neither_rules_on_both() {
    let (office, other, case, id) = quarrel().await;
    other.reaches(&office, case).await;
    let rival = Client::signed_in(&office, "C5").await;
    let page = matter(&rival, &id).await;
    assert_eq!(page["matter"]["state"]["code"], "CONFLICT");
    let blocked = offer(&page, "approve");
    assert!(
        blocked["blocked"]["zh"]
            .as_str()
            .unwrap()
            .contains("您签过其中一件")
    );
    rival
        .sign(blocked, json!({}))
        .await
        .refused(422, "rule_refused");
    let notice = page["slots"][0]["notice"]["zh"].as_str().unwrap();
    assert!(
        notice.contains("维持原状") && notice.contains("暂不执行"),
        "{notice}"
    );

    let head = Client::signed_in(&office, "C2").await;
    let today = head.get("/api/v1/today").await.ok(200);
    assert_eq!(today["counts"]["conflicts"], 1);
    let page = matter(&head, &id).await;
    let ruling = offer(&page, "refuse");
    assert_eq!(
        (
            &ruling["blocked"],
            ruling["rivals"].as_array().unwrap().len()
        ),
        (&Json::Null, 2)
    );
    assert!(ruling["label"]["zh"].as_str().unwrap().starts_with("裁定"));
    let sides = ruling["rivals"].as_array().unwrap();
    let refused = sides.iter().find(|side| side["value"] == "refuse").unwrap();
    assert_eq!(
        (&refused["note"], &refused["signer"]["name"]),
        (&json!("近期两次迟报"), &json!("冯副"))
    );
    let lines = ruling["section"]["items"].as_array().unwrap();
    let shown = lines.iter().any(|line| {
        let value = line["value"]["zh"].as_str().unwrap();
        value.contains("近期两次迟报") && value.contains("证据时间")
    });
    assert!(
        shown,
        "what is signed names both with their reasons: {lines:?}"
    );
    let signed = head
        .sign(ruling, json!({ "reason": "情况属实" }))
        .await
        .ok(201);
    let act = signed["act"]["id"].as_str().unwrap().to_owned();
    assert_eq!(office.replaced_by(case, act).await, 2);
    let page = matter(&head, &id).await;
    assert_eq!(page["matter"]["state"]["code"], "REFUSED");
    let replaced = page["steps"].as_array().unwrap().iter();
    let replaced = replaced.filter(|step| step["standing"]["state"] == "replaced");
    assert_eq!(replaced.count(), 2);
}

#[tokio::test]
async fn where_the_county_s_head_took_a_side_the_city_s_rules_at_a_level_not_its_own() {
    let (office, other, case, id) = quarrel_of("C5", "C2").await;
    other.reaches(&office, case).await;
    let head = Client::signed_in(&office, "C2").await;
    let page = matter(&head, &id).await;
    assert_ne!(offer(&page, "approve")["blocked"], Json::Null);
    let look = format!("/api/v1/cases/{case}?reason=complaint");
    let clerk = Client::signed_in(&office, "D1").await;
    clerk.get(&look).await.ok(200);
    let page = matter(&clerk, &id).await;
    let mut offers = page["offers"].as_array().unwrap().iter();
    assert!(offers.all(|offer| offer["event"] != "approve"));

    let city = Client::signed_in(&office, "D2").await;
    city.get(&look).await.ok(200);
    let page = matter(&city, &id).await;
    let ruling = offer(&page, "approve");
    assert_eq!(ruling["blocked"], Json::Null);
    assert!(ruling["label"]["zh"].as_str().unwrap().starts_with("裁定"));
    city.sign(ruling, json!({})).await.ok(201);
    let page = matter(&head, &id).await;
    assert_eq!(page["matter"]["state"]["code"], "GRANTED");
}

#[tokio::test]
async fn scenario_9_who_was_told_of_a_permission_may_rely_on_it() {
    let (office, other, case, id) = quarrel().await;
    let staff = Client::signed_in(&office, "T1").await;
    let page = matter(&staff, &id).await;
    let serve = page["offers"].as_array().unwrap().iter();
    let mut serve = serve.filter(|offer| offer["event"].as_str().unwrap().starts_with("serve:"));
    let told = json!({ "served_on": "2026-03-02" });
    staff.sign(serve.next().unwrap(), told).await.ok(201);
    other.reaches(&office, case).await;
    let page = matter(&staff, &id).await;
    assert_eq!(page["matter"]["state"]["code"], "CONFLICT");
    let notice = page["slots"][0]["notice"]["zh"].as_str().unwrap();
    assert!(notice.contains("当事人已收到准许"), "{notice}");
}

pub(crate) async fn amend(client: &Client, case: DossierId, value: &str) -> String {
    let page = case_page(client, case).await;
    let field = term(&page);
    let signed = client
        .sign(&field["amend"], json!({ "value": value }))
        .await;
    signed.ok(201)["act"]["id"].as_str().unwrap().to_owned()
}

fn term(page: &Json) -> &Json {
    let mut fields = page["protected"].as_array().unwrap().iter();
    fields.find(|field| field["name"] == "term_last").unwrap()
}

#[tokio::test]
async fn a_contested_field_blocks_the_decisions_that_rest_on_it_until_it_is_settled() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    let id = verified(&staff, case, 3).await;
    let other = office.after_power_cut().await;
    let (first, second) = (
        Client::signed_in(&office, "C5").await,
        Client::signed_in(&other, "C6").await,
    );
    amend(&first, case, "2027-06-30").await;
    amend(&second, case, "2027-09-30").await;
    other.reaches(&office, case).await;

    let head = Client::signed_in(&office, "T2").await;
    let page = matter(&head, &id).await;
    let blocked = offer(&page, "approve");
    let why = blocked["blocked"]["zh"].as_str().unwrap();
    assert!(
        why.contains("矫正期限止日") && why.contains("核定"),
        "{why}"
    );
    head.sign(blocked, json!({}))
        .await
        .refused(422, "rule_refused");

    let page = case_page(&first, case).await;
    assert!(
        !term(&page)["amend"]["blocked"].is_null(),
        "whoever made one of them settles neither"
    );
    let county = Client::signed_in(&office, "C2").await;
    let page = case_page(&county, case).await;
    let settle = &term(&page)["amend"];
    assert_eq!(term(&page)["standing"]["state"], "conflicted");
    assert_eq!(settle["rivals"].as_array().unwrap().len(), 2);
    assert!(
        settle["notice"]["zh"]
            .as_str()
            .unwrap()
            .contains("2027年12月31日")
    );
    let act = amend(&county, case, "2027-09-30").await;
    assert_eq!(office.replaced_by(case, act).await, 2);
    assert_eq!(term(&case_page(&county, case).await)["value"], "2027-09-30");

    let page = matter(&head, &id).await;
    let approve = offer(&page, "approve");
    let lines = approve["section"]["items"].as_array().unwrap();
    assert!(
        lines
            .iter()
            .any(|line| line["label"]["zh"] == "矫正期限止日")
    );
    head.sign(approve, json!({})).await.ok(201);
    let page = matter(&head, &id).await;
    assert_eq!(page["matter"]["changed"], false);

    amend(&county, case, "2027-08-31").await;
    let page = matter(&head, &id).await;
    assert_eq!(page["matter"]["changed"], true);
    let line = &page["slots"][0]["changed"][0];
    assert!(line["before"]["zh"].as_str().unwrap().contains("9月30日"));
    assert!(line["after"]["zh"].as_str().unwrap().contains("8月31日"));
    let row = case_page(&head, case).await["case"].clone();
    let flags = row["flags"].as_array().unwrap();
    assert!(
        flags
            .iter()
            .any(|flag| flag["label"]["zh"] == "批准后有修改")
    );
    let today = head.get("/api/v1/today").await.ok(200);
    let reminders = today["reminders"].as_array().unwrap();
    assert!(
        reminders
            .iter()
            .any(|one| one["title"]["zh"] == "批准后有修改")
    );
}

#[tokio::test]
async fn the_time_of_evidence_stands_beside_the_time_claimed() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    let id = verified(&staff, case, 3).await;
    let page = matter(&staff, &id).await;
    let step = &page["steps"][0];
    assert_eq!(
        step["window"],
        json!({ "not_before": null, "not_after": null, "odd": false })
    );
    assert_eq!(step["standing"]["state"], "unfiled");
    let first = step["id"].as_str().unwrap().to_owned();
    office.advance(DAY);
    office.receipted_by_city(case, vec![first]).await;
    office.advance(DAY);
    let head = Client::signed_in(&office, "T2").await;
    let page = matter(&head, &id).await;
    head.sign(offer(&page, "approve"), json!({})).await.ok(201);
    let page = matter(&head, &id).await;
    let step = &page["steps"][0];
    assert_eq!(step["claimed_at"], START);
    assert_eq!(step["window"]["not_after"], START + DAY);
    assert_eq!(step["standing"]["evidence_at"], START + DAY);
    let approve = &page["steps"][2];
    let window = json!({ "not_before": START + DAY, "not_after": null, "odd": false });
    assert_eq!(
        (&approve["claimed_at"], &approve["window"]),
        (&json!(START + 2 * DAY), &window)
    );
}

#[tokio::test]
async fn papers_of_a_stopped_signature_are_listed_and_one_endorsement_mends_them() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    let id = verified(&staff, case, 3).await;
    let county = Client::signed_in(&office, "C2").await;
    let today = county.get("/api/v1/today").await.ok(200);
    assert_eq!(today["waiting"], json!([]));
    office.stopped("T1").await;
    let today = county.get("/api/v1/today").await.ok(200);
    let group = &today["waiting"][0];
    assert_eq!(
        (&group["count"], &group["signer"]["name"]),
        (&json!(2), &json!("李工"))
    );
    assert_eq!(group["standing"]["reason"], "cut");
    let heal = group["heal"]["zh"].as_str().unwrap();
    assert!(heal.contains("补认") && heal.contains("2件"), "{heal}");
    assert_eq!(group["acts"][0]["case"]["name"], "张三");
    let head = Client::signed_in(&office, "T2").await;
    let own = head.get("/api/v1/today").await.ok(200);
    let heal = own["waiting"][0]["heal"]["zh"].as_str().unwrap();
    assert!(
        heal.contains("重新决定"),
        "the office itself may decide afresh: {heal}"
    );
    office.endorsed("T1", case).await;
    let today = county.get("/api/v1/today").await.ok(200);
    assert_eq!(today["waiting"], json!([]));
    assert_eq!(
        matter(&head, &id).await["matter"]["state"]["code"],
        "VERIFIED"
    );
}
