//! An officer who has no right to minors' cases can't tell one from nothing: not by its id, not by a list,
//! a search, a count, an event or the work that an answer takes; whoever has the right sees all of it.

use crate::client::{Answer, Client};
use crate::office::Office;
use jiaolian_node::owner::Node;
use jiaolian_schema::id::DossierId;
use serde_json::json;

const NAME: &str = "邓未年";

/// What tells of many: each must be the same with a minor's case in the office and without.
const LISTS: [&str; 19] = [
    "/api/v1/cases",
    "/api/v1/cases?flag=minor",
    "/api/v1/cases?q=%E9%82%93",
    "/api/v1/cases?q=430181199003072312",
    "/api/v1/cases?limit=1",
    "/api/v1/alarms",
    "/api/v1/alarms?state=all",
    "/api/v1/alarms?q=%E9%82%93",
    "/api/v1/matters",
    "/api/v1/map/fences",
    "/api/v1/map/people?reason=duty",
    "/api/v1/today",
    "/api/v1/network",
    "/api/v1/network/refused",
    "/api/v1/status",
    "/api/v1/drafts",
    "/api/v1/cases/new",
    "/api/v1/map/counties",
    "/api/v1/wall",
];

/// What tells of one: each must answer of a minor's as of nobody's.
const PAGES: [&str; 10] = [
    "/api/v1/cases/{}",
    "/api/v1/cases/{}/texts",
    "/api/v1/cases/{}/records",
    "/api/v1/cases/{}/timeline",
    "/api/v1/matters/{}",
    "/api/v1/alarms/{}",
    "/api/v1/map/track?case={}&from=1772400000000&to=1772413200000&reason=duty",
    "/api/v1/map/track?case={}&from=1&to=2&reason=search",
    "/api/v1/map/people/{}?reason=duty",
    "/api/v1/cases/{}/export",
];

fn of(path: &str, id: DossierId) -> String {
    path.replace("{}", &id.to_hex())
}

/// Status and body; what a clock or a counter of requests adds to the head is no news, nor is the
/// room that others leave on the disk.
fn said(answer: &Answer) -> (u16, String) {
    const ROOM: &str = "\"free_bytes\":";
    let mut body = String::from_utf8_lossy(&answer.body).into_owned();
    if let Some(at) = body.find(ROOM) {
        let digits = body[at + ROOM.len()..].chars();
        let end = at + ROOM.len() + digits.take_while(char::is_ascii_digit).count();
        body.replace_range(at..end, "");
    }
    (answer.status, body)
}

async fn lists(client: &Client) -> Vec<(&'static str, (u16, String))> {
    let mut all = Vec::new();
    for path in LISTS {
        all.push((path, said(&client.get(path).await)));
    }
    all
}

/// The counts that anybody may read, without those that move by themselves.
async fn counters(office: &Office) -> Vec<String> {
    let text = Client::new(office).get("/metrics").await.body;
    let text = String::from_utf8(text).unwrap();
    let of_people = ["cases", "alarms", "alarms_open", "refused", "parked"];
    let is_of_people = |line: &&str| {
        of_people
            .iter()
            .any(|name| line.contains(&format!("{name} ")) && !line.starts_with('#'))
    };
    text.lines()
        .filter(is_of_people)
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn a_minor_is_nothing_to_whoever_has_no_right_and_everything_to_whoever_has() {
    let office = Office::open().await;
    let officer = Client::signed_in(&office, "C1").await;
    let adult = office.case("成年人", "township", 0).await;
    office.raise(adult, "township", 3, 2).await;
    let (before, counted) = (lists(&officer).await, counters(&office).await);

    let minor = office.case(NAME, "township", 1).await;
    let alarm = office.raise(minor, "township", 7, 1).await;
    for ((path, before), (_, after)) in before.iter().zip(&lists(&officer).await) {
        assert_eq!(before, after, "{path}");
        assert!(
            !after.1.contains(NAME) && !after.1.contains(&minor.to_hex()),
            "{path}"
        );
    }
    assert_eq!(counters(&office).await, counted);

    let nobody = DossierId([0xAB; 32]);
    for id in [minor, alarm] {
        for path in PAGES {
            let told = said(&officer.get(&of(path, id)).await);
            let nothing = said(&officer.get(&of(path, nobody)).await);
            assert_eq!(told, nothing, "{path}");
            assert_ne!(told.0, 200, "{path}");
        }
        for kind in ["cases", "matters", "alarms"] {
            let path = |id: DossierId| format!("/api/v1/{kind}/{}/events", id.to_hex());
            for dry_run in [true, false] {
                let form = json!({ "event": "verify", "fields": {}, "dry_run": dry_run });
                let told = said(&officer.post(&path(id), &form).await);
                let nothing = said(&officer.post(&path(nobody), &form).await);
                assert_eq!(told, nothing, "{kind} {dry_run}");
            }
        }
        let path = |id: DossierId| format!("/api/v1/cases/{}/texts/plan", id.to_hex());
        let form = json!({ "base": "", "value": "字" });
        let told = said(&officer.put(&path(id), &form).await);
        assert_eq!(told, said(&officer.put(&path(nobody), &form).await));
    }

    let sees_all = Client::signed_in(&office, "M1").await;
    let page = sees_all.get(&of("/api/v1/cases/{}", minor)).await.ok(200);
    assert_eq!(page["case"]["name"], NAME, "{page}");
    sees_all.get(&of("/api/v1/alarms/{}", alarm)).await.ok(200);
    let cases = sees_all.get("/api/v1/cases?q=%E9%82%93").await.ok(200);
    assert_eq!(cases["total"], 1, "{cases}");
    let alarms = sees_all.get("/api/v1/alarms").await.ok(200);
    assert_eq!(alarms["total"], 2, "{alarms}");
    // Grown up meanwhile, still a minor's case (社区矫正法 Art. 58).
    office.advance(3 * 365 * crate::office::DAY);
    let row: (bool, bool) = office
        .owner
        .look(move |node| {
            let row = node.replica.dossier(minor).unwrap();
            (
                row.minor == 1,
                jiaolian_node::view::case::is_minor(node, node.replica.dossier(alarm).unwrap()),
            )
        })
        .await
        .unwrap();
    assert_eq!(row, (true, true));
}

/// Times that a question is asked. The node's own ticks read too: they only add.
const ASKED: usize = 8;

/// What the disk is asked for while a question is answered: reads, and rows a key is turned for.
async fn work(office: &Office, client: &Client, path: &str) -> (u64, u64) {
    let count = |office: &Office| {
        let owner = office.owner.clone();
        async move { owner.look(|node| node.store.reader().work()).await.unwrap() }
    };
    let mut least = (u64::MAX, u64::MAX);
    for _ in 0..ASKED {
        let before = count(office).await;
        client.get(path).await;
        let after = count(office).await;
        let took = (after.0 - before.0, after.1 - before.1);
        least = (least.0.min(took.0), least.1.min(took.1));
    }
    least
}

#[tokio::test]
async fn an_answer_to_whoever_has_no_right_takes_the_same_work_with_a_minor_and_without() {
    let office = Office::open().await;
    let officer = Client::signed_in(&office, "C1").await;
    office.case("成年人", "township", 0).await;
    let nobody = DossierId([0xAB; 32]);
    let paths = |id: DossierId| {
        let pages = PAGES.iter().map(move |path| of(path, id));
        pages.collect::<Vec<String>>()
    };
    let lists = LISTS.iter().map(|path| (*path).to_owned());
    let questions: Vec<String> = lists.chain(paths(nobody)).collect();
    let mut before = Vec::new();
    for path in &questions {
        before.push(work(&office, &officer, path).await);
    }
    let minor = office.case(NAME, "township", 1).await;
    let alarm = office.raise(minor, "township", 7, 1).await;
    let sees_all = Client::signed_in(&office, "M1").await;
    for (path, before) in questions.iter().zip(&before) {
        assert_eq!(work(&office, &officer, path).await, *before, "{path}");
    }
    for id in [minor, alarm] {
        for (told, nothing) in paths(id).iter().zip(paths(nobody)) {
            let told_work = work(&office, &officer, told).await;
            assert_eq!(told_work, work(&office, &officer, &nothing).await, "{told}");
        }
    }
    let reads = |office: &Office| {
        let owner = office.owner.clone();
        async move {
            owner
                .look(|node| node.store.reader().work().0)
                .await
                .unwrap()
        }
    };
    office.owner.call(Node::forget_all).await.unwrap();
    let before = reads(&office).await;
    sees_all.get(&of(PAGES[0], minor)).await.ok(200);
    assert!(
        reads(&office).await > before + 1,
        "whoever sees it makes the disk read it"
    );
}

#[tokio::test]
async fn nothing_done_on_a_minors_case_is_an_event_to_whoever_has_no_right() {
    let office = Office::open().await;
    let adult = office.case("成年人", "township", 0).await;
    let officer = Client::signed_in(&office, "C1").await;
    let sees_all = Client::signed_in(&office, "M1").await;
    let (mut blind, mut seeing) = (officer.follow(None).await, sees_all.follow(None).await);
    blind.next("hello").await;
    seeing.next("hello").await;

    let minor = office.case(NAME, "township", 1).await;
    office.raise(minor, "township", 7, 1).await;
    let texts = format!("/api/v1/cases/{}/texts", minor.to_hex());
    let base = sees_all.get(&texts).await.ok(200)["items"][0]["version"].clone();
    let name = sees_all.get(&texts).await.ok(200)["items"][0]["name"].clone();
    let path = format!("{texts}/{}", name.as_str().unwrap());
    let form = json!({ "base": base, "value": "字" });
    sees_all.put(&path, &form).await.ok(200);
    // The first thing that happens to somebody else ends the watch.
    office.raise(adult, "township", 9, 2).await;

    let told = blind.all_until("alarm").await;
    let shown: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(shown, ["alarm"], "{told:?}");
    assert!(!told[0].1.to_string().contains(&minor.to_hex()));
    let all = seeing.all_until("case_changed").await;
    assert!(!all.is_empty());
}
