//! A sealed record (刑事诉讼法 art. 286): from the seal on the case is nothing to everybody, at every page,
//! list, count and event; under a signed authorisation one person reads it for its days; and it comes
//! back only when the seal is lifted.

use crate::client::{Answer, Client};
use crate::office::{DAY, Office, key};
use jiaolian_node::owner::Node;
use jiaolian_schema::act::{Act, Consult, Seal};
use jiaolian_schema::id::{DossierId, EnvelopeId, PersonId, sha256};
use jiaolian_sync::{Draft, Payload, Seat, SignError};
use serde_json::json;

const NAME: &str = "邓某某";

const LISTS: [&str; 13] = [
    "/api/v1/cases",
    "/api/v1/cases?q=%E9%82%93",
    "/api/v1/cases?q=430181199003072312",
    "/api/v1/alarms?state=all",
    "/api/v1/matters",
    "/api/v1/map/fences",
    "/api/v1/map/people?reason=duty",
    "/api/v1/today",
    "/api/v1/network",
    "/api/v1/status",
    "/api/v1/drafts",
    "/api/v1/cases/new",
    "/healthz",
];

const PAGES: [&str; 8] = [
    "/api/v1/cases/{}",
    "/api/v1/cases/{}/texts",
    "/api/v1/cases/{}/records",
    "/api/v1/cases/{}/timeline",
    "/api/v1/cases/{}/export",
    "/api/v1/cases/{}/bundle",
    "/api/v1/matters/{}",
    "/api/v1/alarms/{}",
];

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

async fn lists(client: &Client) -> Vec<(u16, String)> {
    let mut all = Vec::new();
    for path in LISTS {
        all.push(said(&client.get(path).await));
    }
    all
}

fn person(name: &str) -> PersonId {
    let hash = sha256(&[b"person", name.as_bytes()]);
    PersonId(hash[..16].try_into().unwrap())
}

impl Office {
    /// The county's head signs an act into a case.
    async fn by_head(&self, case: DossierId, act: Act) -> Result<EnvelopeId, SignError> {
        let job = move |node: &mut Node| {
            let authority = node.authority();
            let mut seats = authority.appointments();
            let (id, appoint, _) = seats.find(|(_, a, _)| a.staff_number == "C2").unwrap();
            let seat = Seat {
                author: appoint.author(),
                appointment: Some(id),
            };
            drop(seats);
            let draft = Draft {
                dossier: Some(case),
                payload: Payload::Act(act),
            };
            let (now, salt) = (node.now(), [9; 16]);
            node.replica.sign(&key("赵局"), seat, draft, now, salt)
        };
        self.owner.call(job).await.unwrap()
    }

    async fn seal(
        &self,
        case: DossierId,
        (sealed, ground): (u8, &str),
        over: &[EnvelopeId],
    ) -> Result<EnvelopeId, SignError> {
        let act = Seal {
            sealed,
            ground: ground.to_owned(),
            document: "浏司封〔2026〕1号".to_owned(),
            replaces: over.to_vec(),
        };
        self.by_head(case, act.into()).await
    }
}

#[tokio::test]
async fn a_sealed_case_is_nothing_to_anybody_but_who_is_authorised_and_only_for_its_days() {
    let office = Office::open().await;
    let clients = [
        Client::signed_in(&office, "C1").await,
        Client::signed_in(&office, "C2").await,
        Client::signed_in(&office, "M1").await,
        Client::signed_in(&office, "T2").await,
    ];
    office.case("另一人", "township", 0).await;
    let mut before = Vec::new();
    for client in &clients {
        before.push(lists(client).await);
    }
    let case = office.case(NAME, "township", 0).await;
    let alarm = office.raise(case, "township", 7, 1).await;
    clients[2]
        .get(&format!("/api/v1/cases/{}", case.to_hex()))
        .await
        .ok(200);
    let sealed = office.seal(case, (1, "under_18_five_years"), &[]).await;
    let sealed = sealed.unwrap();

    for (client, before) in clients.iter().zip(&before) {
        for ((path, before), after) in LISTS.iter().zip(before).zip(lists(client).await) {
            assert_eq!(*before, after, "{path}");
        }
        assert_is_nothing(client, case, alarm).await;
    }

    // An officer is authorised to answer a procuratorate, for two days.
    let from = office.time.load(std::sync::atomic::Ordering::SeqCst);
    let consult = Consult {
        person: person("未检"),
        ground: "judicial_case".to_owned(),
        unit: "浏阳市人民检察院".to_owned(),
        purpose: "办理案件".to_owned(),
        document: "浏检调〔2026〕7号".to_owned(),
        from,
        to: from + 2 * DAY,
    };
    office.by_head(case, consult.into()).await.unwrap();
    let page = clients[2]
        .get(&format!("/api/v1/cases/{}", case.to_hex()))
        .await
        .ok(200);
    assert_eq!(page["case"]["name"], NAME, "{page}");
    let auditor = Client::signed_in(&office, "S1").await;
    let rows = auditor.get("/api/v1/audit?limit=50").await;
    assert_eq!(rows.status, 200, "the look is in the log");
    let log = String::from_utf8_lossy(&rows.body).into_owned();
    assert!(log.contains("M1") && !log.contains(NAME), "{log}");
    for client in [&clients[0], &clients[1], &clients[3]] {
        assert_is_nothing(client, case, alarm).await;
    }

    // Its days are over; sessions of that day are over too.
    office.advance(3 * DAY);
    let reader = Client::signed_in(&office, "M1").await;
    assert_is_nothing(&reader, case, alarm).await;

    // No ground but those of lifting lifts a seal.
    let refused = office.seal(case, (0, "state_rule"), &[sealed]).await;
    assert!(
        matches!(refused, Err(SignError::NoEffect(_))),
        "{refused:?}"
    );
    assert_is_nothing(&reader, case, alarm).await;
    let lifted = office.seal(case, (0, "retrial"), &[sealed]).await;
    lifted.unwrap();
    let page = reader
        .get(&format!("/api/v1/cases/{}", case.to_hex()))
        .await
        .ok(200);
    assert_eq!(page["case"]["name"], NAME, "{page}");
}

/// Every page answers of it as of a case that nobody has.
async fn assert_is_nothing(client: &Client, case: DossierId, alarm: DossierId) {
    let nobody = DossierId([0xAB; 32]);
    for id in [case, alarm] {
        for path in PAGES {
            let of = |id: DossierId| path.replace("{}", &id.to_hex());
            let told = said(&client.get(&of(id)).await);
            assert_eq!(told, said(&client.get(&of(nobody)).await), "{path}");
            assert_ne!(told.0, 200, "{path}");
        }
        for kind in ["cases", "matters", "alarms"] {
            let path = |id: DossierId| format!("/api/v1/{kind}/{}/events", id.to_hex());
            let form = json!({ "event": "verify", "fields": {}, "dry_run": true });
            let told = said(&client.post(&path(id), &form).await);
            assert_eq!(
                told,
                said(&client.post(&path(nobody), &form).await),
                "{kind}"
            );
        }
    }
}
