//! A case that another office became responsible for: while the term of keeping runs nothing is shown
//! of it but where it went, then the township's key goes, and it comes back whole under new ones.

use crate::office::{COUNTY, Office, TOWNSHIP};
use crate::shred::{copy_of, words_in};
use jiaolian_node::home::{Home, seat_of, settle};
use jiaolian_node::key::{Cost, KeyRing};
use jiaolian_node::seal::entropy;
use jiaolian_schema::act::Assign;
use jiaolian_schema::envelope::{Duty, author_id};
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId};
use jiaolian_schema::suite::Sign as _;
use jiaolian_sync::{Draft, Payload};
use jiaolian_testnet::client::Client;
use jiaolian_testnet::province::PASSPHRASE;
use jiaolian_testnet::seed::office_id;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::Duration;

const DAY_S: i64 = 24 * 3_600;
/// Longest wait for something to come true.
const PATIENCE: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_a_case_that_moved_goes_after_its_term_and_the_case_comes_back_under_a_new_one()
{
    let mut office = Office::open().await;
    let (moved, name) = office.register(1).await;
    let (kept, other) = office.register(2).await;
    let officer = office.officer(TOWNSHIP, "officer").await;
    let draft = json!({ "title": "走访", "body": { "note": name } });
    let draft_path = format!("/api/v1/drafts/case.{moved}.visit");
    let saved = officer
        .send("PUT", &draft_path, Some(&draft))
        .await
        .unwrap();
    saved.wanted(&draft_path, 204).unwrap();
    let case = DossierId::from_hex(&moved).unwrap();
    let [here, there] = [COUNTY, TOWNSHIP].map(|key| {
        let id = office_id(&office.province, key).unwrap();
        OfficeId::from_hex(&id).unwrap()
    });
    office.stop().await;
    let before = copy_of(&office.dir(TOWNSHIP));
    let first = assign(&office, case, here, case.into());

    // The township hears of it: the page says where the case went, and its words are not shown.
    let officer = go_on(&mut office).await;
    let path = format!("/api/v1/cases/{moved}");
    let said = until_status(&office, &officer, &path, 410).await;
    assert!(
        said.contains("冷水江市司法局") && !said.contains(&name),
        "{said}"
    );
    let listed = officer.get("/api/v1/cases").await.unwrap().to_string();
    assert!(
        !listed.contains(&name) && listed.contains(&other),
        "{listed}"
    );
    office.stop().await;
    assert!(
        words(&office, &office.dir(TOWNSHIP)).contains(&name),
        "the term has just begun"
    );

    // Six days later, with the first passphrase, it lets go.
    office.province.set_clock(COUNTY, 6 * DAY_S).unwrap();
    office.province.set_clock(TOWNSHIP, 6 * DAY_S).unwrap();
    let officer = go_on(&mut office).await;
    let is_one = |state: &serde_json::Value| state["cases"] == 1;
    office
        .province
        .until(TOWNSHIP, "the case is gone", is_one)
        .await
        .unwrap();
    until_status(&office, &officer, &path, 410).await;
    for gone in ["/texts", "/records", "/timeline", "/bundle"] {
        let answer = officer
            .send("GET", &format!("{path}{gone}"), None)
            .await
            .unwrap();
        assert!(
            answer.status >= 400 && !answer.text.contains(&name),
            "{gone}: {}",
            answer.text
        );
    }
    let absent = officer.send("GET", &draft_path, None).await.unwrap();
    assert_eq!(absent.status, 404, "the draft");
    officer.get(&format!("/api/v1/cases/{kept}")).await.unwrap();
    let clerk = office.officer(COUNTY, "case").await;
    clerk.get(&path).await.unwrap();
    office.until_delivered(&kept).await;
    office.stop().await;
    let told = parted(&office, case);
    assert_eq!(told, [there], "the county knows that the township let go");
    let today = office.dir(TOWNSHIP).join("store.keys");
    fs::copy(today, before.path().join("store.keys")).unwrap();
    for dir in [before.path(), &office.dir(TOWNSHIP)] {
        let words = words(&office, dir);
        assert!(
            !words.contains(&name) && words.contains(&other),
            "{}",
            dir.display()
        );
    }

    // It comes back, whole, and the copy of before stays closed.
    assign(&office, case, there, first);
    let officer = go_on(&mut office).await;
    let page = until_status(&office, &officer, &path, 200).await;
    assert!(page.contains(&name), "{page}");
    office.stop().await;
    assert!(words(&office, &office.dir(TOWNSHIP)).contains(&name));
    let today = office.dir(TOWNSHIP).join("store.keys");
    fs::copy(today, before.path().join("store.keys")).unwrap();
    assert!(!words(&office, before.path()).contains(&name));
}

/// Both nodes run, their officers have signed in, and their line is agreed.
async fn go_on(office: &mut Office) -> Client {
    office.start().await;
    office.officer(COUNTY, "case").await;
    let officer = office.officer(TOWNSHIP, "officer").await;
    office.province.until_linked().await.unwrap();
    officer
}

/// The county's head makes an office responsible, at a county that does not run.
fn assign(office: &Office, case: DossierId, to: OfficeId, replaces: EnvelopeId) -> EnvelopeId {
    let (home, store) = Home::open(&office.dir(COUNTY), 4).unwrap();
    let number = office.number(COUNTY, "head");
    let rings = KeyRing::new(Cost::DRILL);
    let opened = rings.open(&store.reader(), &number, PASSPHRASE, 0).unwrap();
    store.unlock(opened.case_secret).unwrap();
    let mut replica = home.replica(&store).unwrap();
    let key = opened.key;
    let author = author_id(
        key.suite(),
        &key.public_key(),
        home.identity.office_id(),
        Duty::Staff,
    );
    let seat = seat_of(replica.authority(), author).unwrap();
    let replaces = vec![replaces];
    let draft = Draft {
        dossier: Some(case),
        payload: Payload::Act(
            Assign {
                office: to,
                replaces,
            }
            .into(),
        ),
    };
    let now = jiff::Timestamp::now().as_millisecond();
    let signed = replica.sign(&key, seat, draft, now, entropy()).unwrap();
    settle(&mut replica, &store).unwrap();
    signed
}

/// Offices that said that they let go of a case, as the county knows.
fn parted(office: &Office, case: DossierId) -> Vec<OfficeId> {
    let (home, store) = Home::open(&office.dir(COUNTY), 4).unwrap();
    let replica = home.replica(&store).unwrap();
    replica.partings(case).into_iter().collect()
}

fn words(office: &Office, dir: &Path) -> String {
    words_in(dir, &office.number(TOWNSHIP, "officer"))
}

/// Asks for a page at every change at the township until it answers so; what it says then.
async fn until_status(office: &Office, client: &Client, path: &str, status: u16) -> String {
    let mut last = String::new();
    let answered = async {
        let mut newest = 0;
        loop {
            let answer = client.send("GET", path, None).await.unwrap();
            if answer.status == status {
                return answer.text;
            }
            last = answer.text;
            newest = office.province.next_change(TOWNSHIP, newest).await.unwrap();
        }
    };
    let answered = tokio::time::timeout(PATIENCE, answered).await;
    answered.unwrap_or_else(|_| panic!("{path} answers {status}, last {last}"))
}
