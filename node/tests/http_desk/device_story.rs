//! Orders to a band on the line: for officers who may see its person, with what the band says for an
//! answer.

use crate::client::{Client, offer};
use crate::crowd::amend_by;
use crate::live_page_story::{HOME, home_fence, play, stories};
use crate::office::{DAY, Office};
use jiaolian_node::gateway::Limits;
use jiaolian_node::gateway::terminal::{TerminalDoor, Terms, serve};
use jiaolian_node::owner::{Looked, Node};
use jiaolian_schema::id::DossierId;
use jiaolian_schema::jt808::{
    Deframed, Deframer, Edition, Header, ItemTable, Location, Status, frame, unframe,
};
use serde_json::{Value as Json, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const TERMINAL: &str = "13800138000";
const TOKEN: &str = "kQ3v-81mZ-pp0x-77Lw";

async fn bind(office: &Office, case: DossierId) {
    crate::band_story::decide(office, case).await;
    let bureau = Client::signed_in(office, "B1").await;
    let page = bureau.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let form = json!({ "terminal": TERMINAL, "regime": "band", "from": "2026-03-01",
        "until": "2026-05-31", "token": TOKEN });
    bureau.sign(offer(&page, "device_bind"), form).await.ok(201);
}

/// The door for terminals of this office.
async fn door(office: &Office) -> (SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let config = toml::from_str("bind = \"127.0.0.1:0\"").unwrap();
    let door = TerminalDoor {
        terms: Terms::of(&config),
        items: ItemTable::builtin(),
        terminals: Arc::clone(&office.app.terminals),
    };
    let node = (office.owner.clone(), Arc::clone(&office.app.metrics));
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(serve(listener, node, door, Limits::STANDARD, stopped));
    (at, stop)
}

/// A band that was let in, and what it hears.
struct Band {
    stream: TcpStream,
    frames: Deframer,
}

impl Band {
    async fn connect(to: SocketAddr) -> Self {
        let mut band = Self {
            stream: TcpStream::connect(to).await.unwrap(),
            frames: Deframer::default(),
        };
        band.send(0x0102, TOKEN.as_bytes()).await;
        let (header, body) = band.hear().await;
        assert_eq!((header.id, body.last()), (0x8001, Some(&0)));
        band
    }

    async fn send(&mut self, id: u16, body: &[u8]) {
        let header = Header {
            id,
            edition: Edition::Of2013,
            terminal: format!("0{TERMINAL}"),
            serial: 0,
            part: None,
        };
        let bytes = frame(&header.write(body));
        self.stream.write_all(&bytes).await.unwrap();
    }

    async fn hear(&mut self) -> (Header, Vec<u8>) {
        let mut bytes = [0; 1_024];
        loop {
            let size = self.stream.read(&mut bytes).await.unwrap();
            assert_ne!(size, 0, "the line was closed");
            if let Some(Deframed::Raw(raw)) = self.frames.push(&bytes[..size]).pop() {
                let bytes = unframe(&raw).unwrap();
                let (header, body) = Header::read(&bytes).unwrap();
                return (header, body.to_vec());
            }
        }
    }

    async fn confirm(&mut self, serial: u16, id: u16, result: u8) {
        let [s1, s2] = serial.to_be_bytes();
        let [i1, i2] = id.to_be_bytes();
        self.send(0x0001, &[s1, s2, i1, i2, result]).await;
    }
}

/// What a band says of where it is.
fn here((lat, lon): (f64, f64)) -> Location {
    let e6 = |degrees: f64| i32::try_from((degrees * 1e6).round() as i64).unwrap();
    Location {
        alarm: 0,
        status: Status(2),
        lat_e6: e6(lat),
        lon_e6: e6(lon),
        altitude_m: 0,
        speed_dkmh: 0,
        bearing_deg: 0,
        time: 0,
        items: Vec::new(),
    }
}

/// So many minutes after nine in the morning of 2 March 2026 in Shanghai, as bands write it.
fn clock(minutes: i64) -> String {
    format!("260302{:02}{:02}00", 9 + minutes / 60, minutes % 60)
}

/// A morning: at home until half past ten, in 醴陵 until eleven, back until half past eleven, then
/// without a place until a quarter past twelve. Until one nothing is heard, and the node itself
/// leaves no sign of having run.
async fn morning(office: &Office, band: &mut Band) {
    let away = (27.9, 113.6);
    let mut now = 0;
    for minutes in (0..=150).step_by(5) {
        office.advance((minutes - now) * 60_000);
        now = minutes;
        let at = if (90..120).contains(&minutes) {
            away
        } else {
            HOME
        };
        band.send(0x0200, &here(at).write(&clock(minutes))).await;
        let (header, body) = band.hear().await;
        assert_eq!((header.id, body.last()), (0x8001, Some(&0)), "{minutes}");
    }
    for minutes in (155..=195).step_by(5) {
        office.advance((minutes - now) * 60_000);
        now = minutes;
        band.send(0x0002, &[]).await;
        let (header, body) = band.hear().await;
        assert_eq!((header.id, body.last()), (0x8001, Some(&0)), "{minutes}");
    }
    office.advance((240 - now) * 60_000);
}

/// Does what it is asked, refuses what a text forbids it, and hangs up when it is told to.
async fn obey(mut band: Band) {
    loop {
        let (asked, body) = band.hear().await;
        match asked.id {
            0x8201 => {
                let serial = asked.serial.to_be_bytes();
                let answer = here(HOME).write(&clock(240));
                band.send(0x0201, &[&serial[..], &answer].concat()).await;
            }
            0x8300 => {
                let (text, _, _) = encoding_rs::GBK.decode(&body[1..]);
                if text.contains("断线") {
                    return;
                }
                let result = u8::from(text.contains("拒绝"));
                band.confirm(asked.serial, asked.id, result).await;
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_reaches_a_person_from_the_page_and_sees_the_day_whole() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    bind(&office, case).await;
    let fence = move |node: &mut Node| {
        amend_by(node, ("王所", "T2"), case, "fence/家", home_fence());
    };
    office.owner.call(fence).await.unwrap();
    let (at, _stop) = door(&office).await;
    let mut band = Band::connect(at).await;
    morning(&office, &mut band).await;
    let band = tokio::spawn(obey(band));
    let mut page = stories(&office, "device");
    page.env("JIAOLIAN_CASE", case.to_hex());
    play(page).await;
    band.await.unwrap();

    let read = |node: &mut Node| node.accesses(1, 1_000).unwrap();
    let rows = office.owner.look(read).await.unwrap();
    let looks = rows.iter().filter(|row| row.looked == Looked::Track);
    let purposes: Vec<_> = looks.map(|row| row.purpose.as_str()).collect();
    for purpose in ["duty", "alarm"] {
        assert!(purposes.contains(&purpose), "{purposes:?}");
    }
}

/// The terminals of a case are told to who may see the case, with what may be done with them.
#[tokio::test]
async fn a_case_names_its_terminals_and_whether_they_are_on_the_line() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let path = format!("/api/v1/cases/{case}/devices");
    let client = Client::signed_in(&office, "T1").await;
    let none = client.get(&path).await.ok(200);
    assert_eq!(none["items"], json!([]), "{none}");
    bind(&office, case).await;
    let (at, _stop) = door(&office).await;
    let cut = client.get(&path).await.ok(200);
    assert_eq!(cut["items"][0]["online"], false, "{cut}");
    let _band = Band::connect(at).await;
    let found = client.get(&path).await.ok(200);
    let band = &found["items"][0];
    assert_eq!(
        (&band["terminal"], &band["regime"], &band["online"]),
        (&json!(TERMINAL), &json!("band"), &json!(true))
    );
    assert_eq!(
        (&found["may_locate"], &found["may_tell"]),
        (&json!(true), &json!(true))
    );
    let day = format!(
        "/api/v1/people/{}/tally?day=2026-03-02&reason=duty",
        found["person"].as_str().unwrap()
    );
    client.get(&day).await.ok(200);
    let other = Client::signed_in(&office, "O1").await;
    other.get(&path).await.refused(404, "not_found");
    // The decision lapses, and the binding with it.
    office.advance(100 * DAY);
    let client = Client::signed_in(&office, "T1").await;
    let lapsed = client.get(&path).await.ok(200);
    assert_eq!(lapsed["items"], json!([]), "{lapsed}");
}

fn path(order: &str) -> String {
    format!("/api/v1/devices/{TERMINAL}/{order}")
}

#[tokio::test]
async fn an_officer_asks_a_band_where_it_is_and_shows_it_a_text() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    bind(&office, case).await;
    let (at, _stop) = door(&office).await;
    let mut band = Band::connect(at).await;
    let client = Client::signed_in(&office, "T1").await;

    let locate_form = json!({ "reason": "duty" });
    let locate_path = path("locate");
    let asking = client.post(&locate_path, &locate_form);
    let answering = async {
        let (asked, _) = band.hear().await;
        assert_eq!(asked.id, 0x8201);
        let here = here(HOME).write(&clock(0));
        let serial = asked.serial.to_be_bytes();
        band.send(0x0201, &[&serial[..], &here].concat()).await;
    };
    let (found, ()) = tokio::join!(asking, answering);
    let found = found.ok(200);
    assert_eq!(found["result"], "located", "{found}");
    assert_eq!(
        (&found["lat"], &found["lon"]),
        (&json!(28.15), &json!(113.6))
    );
    let read = |node: &mut Node| node.accesses(1, 1_000).unwrap();
    let rows = office.owner.look(read).await.unwrap();
    let row = rows
        .iter()
        .rfind(|row| row.looked == Looked::Track)
        .unwrap();
    assert_eq!((row.case, &row.purpose[..]), (Some(case), "duty"));

    for (result, word) in [(0, "done"), (1, "refused"), (3, "unsupported")] {
        let text_form = json!({ "text": "请回电司法所" });
        let text_path = path("text");
        let showing = client.post(&text_path, &text_form);
        let answering = async {
            let (asked, body) = band.hear().await;
            let (gbk, _, _) = encoding_rs::GBK.encode("请回电司法所");
            assert_eq!((asked.id, &body[1..]), (0x8300, &gbk[..]));
            band.confirm(asked.serial, asked.id, result).await;
        };
        let (shown, ()) = tokio::join!(showing, answering);
        assert_eq!(shown.ok(200)["result"], word);
    }
    drop(band);
    let gone = async {
        let form = json!({ "text": "请回电司法所" });
        loop {
            let told = client.post(&path("text"), &form).await.ok(200);
            if told["result"] == "offline" {
                return told;
            }
        }
    };
    let told: Json = gone.await;
    assert!(told["message_zh"].as_str().unwrap().contains("未连接"));
}

#[tokio::test]
async fn who_may_not_see_the_person_hears_of_no_such_device() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    bind(&office, case).await;
    let (at, _stop) = door(&office).await;
    let _band = Band::connect(at).await;
    let locate = json!({ "reason": "duty" });
    let text = json!({ "text": "您好" });
    let other = Client::signed_in(&office, "O1").await;
    for (order, form) in [("locate", &locate), ("text", &text)] {
        let foreign = other.post(&path(order), form).await;
        let absent = other
            .post(&format!("/api/v1/devices/13999999999/{order}"), form)
            .await;
        foreign.clone().refused(404, "not_found");
        assert_eq!(foreign.body, absent.body, "{order}");
    }
    let nobody = Client::new(&office);
    nobody
        .post(&path("locate"), &locate)
        .await
        .refused(401, "not_signed_in");
    let procurator = Client::signed_in(&office, "P1").await;
    procurator
        .post(&path("text"), &text)
        .await
        .refused(403, "not_allowed");
    let client = Client::signed_in(&office, "T1").await;
    let curious = json!({ "reason": "curiosity" });
    client
        .post(&path("locate"), &curious)
        .await
        .refused(400, "bad_request");
    for odd in ["", "a\nb", "🙂"] {
        let form = json!({ "text": odd });
        let refused = client.post(&path("text"), &form).await;
        let refused = refused.refused(422, "fields_invalid");
        assert!(refused["error"]["fields"]["text"].is_object(), "{refused}");
    }
}
