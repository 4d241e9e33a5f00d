//! The story that the whole is built for, with real processes: a township loses every line, goes on
//! watching and deciding, loses its power, and everything arrives once when the line is back.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod forger;
mod town;

use forger::{Forger, Lie};
use jiaolian_testnet::live::Live;
use serde_json::{Value as Json, json};
use std::time::Instant;
use town::{Town, matter_of, state_of, text_of};

/// Which offices hear of what happens in the township.
const SUPERIORS: [&str; 3] = ["lengshuijiang", "loudi", "hunan"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_township_works_through_an_outage_and_everything_arrives_once() {
    let mut town = Town::open().await;
    let [walker, leaver, edited, late] = town.subjects("heqing");
    let lied = lie_prepared(&mut town).await;
    let before = town.alarms_held(&SUPERIORS).await;

    // The line goes down. From here on the township is alone.
    town.cut("heqing").await;
    let page = town.province.officer("heqing", "officer").await.unwrap();
    let head = town.province.officer("heqing", "head").await.unwrap();
    let mut live = Live::follow(&page).await.unwrap();

    let sent = town.walk_out(&walker).await;
    let alarm = live.next("alarm").await.unwrap();
    let shown = sent.elapsed();
    assert_eq!(alarm["case"]["name"], walker.name.as_str());
    println!(
        "alarm at the office page {} ms after the last fix",
        shown.as_millis()
    );

    let matter = town.grant_leave(&page, &head, &leaver, 5).await;
    assert_eq!(state_of(&head, &matter).await, "OUT");

    // Two officers write in one case at two offices that don't hear of one another.
    let county = town
        .province
        .officer("lengshuijiang", "case")
        .await
        .unwrap();
    town.write(&page, &edited, "司法所: 已联系就业。").await;
    town.write(&county, &edited, "县局: 请核实住址。").await;

    // Power is cut and comes back ten minutes later; nobody signs in; the watch goes on.
    drop(live);
    town.province.kill("heqing").await.unwrap();
    town.ten_minutes_pass("heqing");
    town.province.start("heqing").await.unwrap();
    town.cut("heqing").await;
    let state = town.province.state("heqing").await.unwrap();
    assert_eq!(state["locked"], true);
    town.walk_out(&leaver).await;
    assert_eq!(
        town.alarms_own("heqing").await,
        1,
        "a person on leave raises nothing"
    );
    town.walk_out(&late).await;
    assert_eq!(town.alarms_own("heqing").await, 2);
    assert_eq!(town.province.state("heqing").await.unwrap()["locked"], true);

    // Meanwhile a stranger with a township's stolen keys tells the county lies.
    let refused = Box::pin(lie(&mut town, &lied)).await;

    // The line returns.
    let healed = Instant::now();
    town.heal("heqing").await;
    for (office, before) in SUPERIORS.iter().zip(&before) {
        let held = before + 2;
        let state = town
            .province
            .until(office, "both alarms have arrived", |state| {
                state["alarms"]["held"].as_u64() >= Some(held)
            })
            .await
            .unwrap();
        assert_eq!(state["alarms"]["held"], held, "each alarm once at {office}");
        println!(
            "{office} has both alarms after {} ms",
            healed.elapsed().as_millis()
        );
    }
    // Bodies of cases can be read at the township only with somebody signed in.
    let page = town.province.officer("heqing", "officer").await.unwrap();
    let county = county_desk(&town).await;
    let proof = town
        .until_matter(&county, &matter, |page| {
            page["slots"][0]["standing"]["state"] == "good"
        })
        .await;
    assert_eq!(proof["matter"]["state"]["code"], "OUT", "{proof}");
    assert_eq!(proof["slots"][0]["value"]["code"], "approve", "{proof}");

    town.until_roots_equal("heqing", &SUPERIORS).await;
    let (here, there) = (
        text_of(&page, &edited).await,
        text_of(&county, &edited).await,
    );
    assert_eq!(here, there);
    assert!(
        here.contains("已联系就业") && here.contains("请核实住址"),
        "{here}"
    );

    // Nothing of the lies took hold.
    assert_eq!(state_of(&county, &lied.matter).await, "VERIFIED");
    let state = town.province.state("lengshuijiang").await.unwrap();
    assert_eq!(state["refused"], refused);
    town.province.stop_all().await;
}

async fn county_desk(town: &Town) -> jiaolian_testnet::client::Client {
    town.province
        .officer("lengshuijiang", "duty")
        .await
        .unwrap()
}

/// A leave of another township that waits for its decision, and that township's keys.
async fn lie_prepared(town: &mut Town) -> Lie {
    let [subject, ..] = town.subjects("duoshan");
    let officer = town.province.officer("duoshan", "officer").await.unwrap();
    let matter = town.apply(&officer, &subject, 4).await;
    town.verify(&officer, &matter).await;
    let county = county_desk(town).await;
    let is_verified = |page: &Json| page["matter"]["state"]["code"] == "VERIFIED";
    town.until_matter(&county, &matter, is_verified).await;
    // The head's key is revoked by the county while the township is away.
    town.province.kill("duoshan").await.unwrap();
    town.revoke("lengshuijiang", "duoshan", "head").await;
    Lie {
        case: subject.case.clone(),
        matter,
    }
}

/// Tells the lies; gives how many envelopes the county has refused since.
async fn lie(town: &mut Town, lied: &Lie) -> u64 {
    let county = county_desk(town).await;
    let before = matter_of(&county, &lied.matter).await;
    let forger = Forger::open(town, "duoshan", "lengshuijiang").await;
    let told = forger.tell(lied).await;
    let is_listed = |state: &Json| state["refused"].as_u64() >= Some(1);
    town.province
        .until(
            "lengshuijiang",
            "the tampered decision is listed",
            is_listed,
        )
        .await
        .unwrap();
    let refused = county.get("/api/v1/network/refused").await.unwrap();
    let total = refused["total"].as_u64().unwrap();
    assert_eq!(total, 1, "{refused}");
    let reason = &refused["items"][0]["reason"]["zh"];
    assert!(reason.as_str().unwrap().contains("签名"), "{refused}");

    // What is well formed is kept and shown, without effect and with why.
    let is_told = |page: &Json| {
        let seen = [&told.wrong_capacity, &told.revoked].map(|id| step_of(page, id));
        seen.iter().all(Option::is_some)
    };
    let after = town.until_matter(&county, &lied.matter, is_told).await;
    let standing = |id| step_of(&after, id).unwrap()["standing"].clone();
    assert_eq!(standing(&told.wrong_capacity)["state"], "void", "{after}");
    let revoked = standing(&told.revoked);
    assert_eq!(revoked["state"], "waiting", "{revoked}");
    assert_eq!(revoked["reason"], "cut", "{revoked}");
    assert_eq!(before["matter"]["state"], after["matter"]["state"]);
    assert_eq!(after["slots"][0]["value"], json!(null), "{after}");
    total
}

/// An act on the page of a matter.
fn step_of<'a>(page: &'a Json, id: &str) -> Option<&'a Json> {
    let steps = page["steps"].as_array()?;
    steps.iter().find(|step| step["id"] == id)
}
