//! The same story on lines of 64 kbit/s and 600 ms that lose packets, with a heap of paperwork
//! waiting: alarms go first, then everything arrives. Every office stands in a network namespace of
//! its own where root is given; where not, on loopback in two address families, and the test says so.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[allow(dead_code, reason = "the other story does the rest")]
#[path = "../story/town.rs"]
mod town;

use jiaolian_testnet::ground::Ground;
use jiaolian_testnet::lines::Lines;
use jiaolian_testnet::live::Live;
use jiaolian_testnet::paper::write_notes;
use jiaolian_testnet::province::Province;
use jiaolian_testnet::seed::{populate_then, today};
use jiaolian_testnet::shaper::Line;
use jiaolian_testnet::topology::{THIN, Topology};
use jiff::ToSpan as _;
use serde_json::{Value as Json, json};
use std::time::Instant;
use town::{Town, program, state_of, text_of};

const TOWNSHIP: &str = "heqing";
/// Which offices hear of what happens in the township, the nearest first.
const SUPERIORS: [&str; 3] = ["lengshuijiang", "loudi", "hunan"];
/// Notes that wait at the township: some forty seconds of the line.
const NOTES: usize = 300;
/// Cases that the county opens meanwhile.
const CASES_NEW: usize = 20;
/// Least of the paperwork, bytes; less would be no heap.
const PAPER_BYTES_MIN: u64 = 150_000;
/// 64 kbit/s, 300 ms each way, one packet in a hundred lost.
const THIN_LINE: Line = Line {
    loss_permille: 10,
    ..Line::EDGE
};

struct Thin {
    town: Town,
    lines: Lines,
    ground: Ground,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_thin_lines_an_alarm_goes_before_the_paperwork_and_everything_arrives_once() {
    let thin = Thin::open().await;
    let town = &thin.town;
    let [walker, leaver, edited, late] = town.subjects(TOWNSHIP);
    let before = town.alarms_held(&SUPERIORS).await;
    let cases = town.province.state(TOWNSHIP).await.unwrap()["cases"].as_u64();

    // The township is alone; it watches, decides and writes. So does the county.
    town.cut(TOWNSHIP).await;
    let page = town.province.officer(TOWNSHIP, "officer").await.unwrap();
    let head = town.province.officer(TOWNSHIP, "head").await.unwrap();
    let county = town.province.officer(SUPERIORS[0], "case").await.unwrap();
    let mut live = Live::follow(&page).await.unwrap();
    town.walk_out(&walker).await;
    let alarm = live.next("alarm").await.unwrap();
    assert_eq!(alarm["case"]["name"], walker.name.as_str());
    let matter = town.grant_leave(&page, &head, &leaver, 5).await;
    assert_eq!(state_of(&head, &matter).await, "OUT");
    town.write(&page, &edited, "司法所: 已联系就业。").await;
    town.write(&county, &edited, "县局: 请核实住址。").await;
    let everybody = town.subjects(TOWNSHIP);
    write_notes(&page, &everybody, NOTES).await.unwrap();
    thin.open_cases(&county).await;

    // The line returns, and behind the alarm the paperwork.
    let healed = Instant::now();
    let paper_before = thin.paper_bytes().await;
    town.heal(TOWNSHIP).await;
    let held: Vec<u64> = before.iter().map(|count| count + 1).collect();
    let first = thin.until_held(&held, healed).await;
    // One more, in the thick of it.
    let is_thick = |state: &Json| paper(state) > paper_before + PAPER_BYTES_MIN / 4;
    let county_office = SUPERIORS[0];
    town.province
        .until(county_office, "paperwork comes in", is_thick)
        .await
        .unwrap();
    let walked = town.walk_out(&late).await;
    let held: Vec<u64> = before.iter().map(|count| count + 2).collect();
    let second = thin.until_held(&held, walked).await;
    let waiting = town.province.state(TOWNSHIP).await.unwrap()["waiting"].clone();
    assert!(
        waiting[1].as_u64() > Some(0),
        "the heap was too small: {waiting}"
    );

    // All of it arrives, and everybody comes to have the same.
    let all = cases.map(|count| count + CASES_NEW as u64);
    let is_quiet =
        |state: &Json| state["waiting"] == json!([0, 0, 0]) && state["cases"].as_u64() == all;
    town.province
        .until(TOWNSHIP, "nothing waits", is_quiet)
        .await
        .unwrap();
    town.until_roots_equal(TOWNSHIP, &SUPERIORS).await;
    println!(
        "everything is everywhere after {} ms",
        healed.elapsed().as_millis()
    );
    let paper = thin.paper_bytes().await - paper_before;
    let [first, second] = [first, second].map(|bytes| bytes - paper_before);
    println!(
        "paperwork at the county: {first} B at the first alarm, {second} B at the second, {paper} B in all"
    );
    assert!(paper >= PAPER_BYTES_MIN);
    assert!(first * 10 < paper, "the first alarm waited");
    assert!(second * 2 < paper, "the second alarm waited");
    assert_eq!(town.alarms_held(&SUPERIORS).await, held, "each alarm once");

    let good = |page: &Json| page["slots"][0]["standing"]["state"] == "good";
    let proof = town.until_matter(&county, &matter, good).await;
    assert_eq!(proof["matter"]["state"]["code"], "OUT", "{proof}");
    let (here, there) = (
        text_of(&page, &edited).await,
        text_of(&county, &edited).await,
    );
    assert_eq!(here, there);
    assert!(
        here.contains("已联系就业") && here.contains("请核实住址"),
        "{here}"
    );
    thin.assert_no_other_way().await;
    thin.close().await;
}

impl Thin {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let topology = Topology::parse(THIN).unwrap();
        let ground = Ground::prepare(&topology);
        match &ground.missing {
            None => println!("every office has a network namespace of its own"),
            Some(why) => {
                println!("NO NETWORK NAMESPACES ({why}): on loopback, in two address families");
            }
        }
        let province = Province::found_on(program(), dir.path(), &topology, Some(&ground)).await;
        let mut province = province.unwrap();
        let lines = Lines::lay(&province, &ground, Line::FREE).await.unwrap();
        let subjects = populate_then(&mut province, || lines.set(THIN_LINE))
            .await
            .unwrap();
        let town = Town::of(province, subjects, dir);
        Self {
            town,
            lines,
            ground,
        }
    }

    /// Waits until the superiors hold so many alarms each; the paperwork that the county has by
    /// the time that it does.
    async fn until_held(&self, counts: &[u64], since: Instant) -> u64 {
        let wait = async |at: usize| {
            let (office, count) = (SUPERIORS[at], counts[at]);
            let held = |state: &Json| state["alarms"]["held"].as_u64() >= Some(count);
            let waited = self
                .town
                .province
                .until(office, "the alarm has arrived", held);
            let state = waited.await.unwrap();
            assert_eq!(
                state["alarms"]["held"], count,
                "each alarm once at {office}"
            );
            println!(
                "{office} has {count} after {} ms",
                since.elapsed().as_millis()
            );
            paper(&state)
        };
        tokio::join!(wait(0), wait(1), wait(2)).0
    }

    async fn paper_bytes(&self) -> u64 {
        paper(&self.town.province.state(SUPERIORS[0]).await.unwrap())
    }

    /// The county opens cases for the township: whole dossiers that go down the line.
    async fn open_cases(&self, county: &jiaolian_testnet::client::Client) {
        let office = self
            .town
            .province
            .running(TOWNSHIP)
            .unwrap()
            .ready
            .office
            .clone();
        let first = today().saturating_sub(2.days());
        for number in 0..CASES_NEW {
            let person = jiaolian_testnet::people::invent("431381", 9_000 + number);
            let form = json!({
                "office": office, "name": person.name, "id_number": person.id_number,
                "sex": if person.female { "02" } else { "01" }, "kind": "02",
                "term_first": first.to_string(),
                "term_last": first.saturating_add(1.years()).to_string(),
                "class": "general", "decision_organ": "演练人民法院",
            });
            county
                .sign("/api/v1/cases/new", "open", form)
                .await
                .unwrap();
        }
    }

    /// Whatever an office heard of another came over the lines.
    async fn assert_no_other_way(&self) {
        let province = &self.town.province;
        for key in &province.order {
            // Read first: what comes between is on the lines' side.
            let heard = self.ground.datagrams_in(key);
            let state = province.state(key).await.unwrap();
            let handed = self.lines.handed_to(province, key);
            println!(
                "{key}: {heard:?} datagrams came in, {} by the lines",
                handed.packets
            );
            assert!(
                heard.is_none_or(|heard| heard <= handed.packets),
                "{key} hears by another way"
            );
            assert!(self.ground.missing.is_some() || heard > Some(0));
            let received: u64 = (0..3)
                .filter_map(|lane| state["received_bytes"][lane].as_u64())
                .sum();
            assert!(
                received < handed.bytes,
                "{key} took {received} B of {handed:?}"
            );
        }
    }

    async fn close(mut self) {
        self.town.province.stop_all().await;
    }
}

/// Bytes that came on the lanes of paperwork.
fn paper(state: &Json) -> u64 {
    let lane = |at: usize| state["received_bytes"][at].as_u64().unwrap();
    lane(1) + lane(2)
}
