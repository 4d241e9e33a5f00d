//! Many people under watch at one office, and the gateway that their bands report to.

use crate::office::{DAY, Office, START, key, office};
use jiaolian_node::gateway::{self, Limits};
use jiaolian_node::owner::Node;
use jiaolian_schema::act::{Act, Amend, Apply, Open, Span, Step};
use jiaolian_schema::canon;
use jiaolian_schema::device::{Device, Regime};
use jiaolian_schema::fix::SHANGHAI_AHEAD_MS;
use jiaolian_schema::id::{DossierId, EnvelopeId, PersonCode, sha256};
use jiaolian_schema::value::{Fields, Value};
use jiaolian_sync::{Draft, Payload, Seat};
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// People that are opened with one commit.
const TOGETHER: usize = 100;

/// The seat of a person of the roster by staff number.
fn seat(node: &Node, number: &str) -> Seat {
    let authority = node.authority();
    let mut seats = authority.appointments();
    let (id, appoint, _) = seats
        .find(|(_, appoint, _)| appoint.staff_number == number)
        .unwrap();
    Seat {
        author: appoint.author(),
        appointment: Some(id),
    }
}

fn sign(
    node: &mut Node,
    (name, number): (&str, &str),
    dossier: Option<DossierId>,
    act: Act,
    salt: &str,
) -> DossierId {
    let seat = seat(node, number);
    let draft = Draft {
        dossier,
        payload: Payload::Act(act),
    };
    let salt = sha256(&[salt.as_bytes()])[..16].try_into().unwrap();
    let now = node.now();
    let signed = node.replica.sign(&key(name), seat, draft, now, salt);
    signed.unwrap().into()
}

/// The code of the person of a number.
pub(crate) fn code(number: usize) -> PersonCode {
    let hash = sha256(&[format!("crowd {number}").as_bytes()]);
    PersonCode(hash[..16].try_into().unwrap())
}

/// The band of the person of a number.
pub(crate) fn band(number: usize) -> String {
    format!("band-{number:05}")
}

/// Signs a protected field of a case as the bureau's head does.
pub(crate) fn amend(node: &mut Node, case: DossierId, field: &str, value: Vec<u8>) {
    amend_by(node, ("孙局", "B1"), case, field, value);
}

/// Signs a protected field of a case as somebody of the roster does.
pub(crate) fn amend_by(
    node: &mut Node,
    by: (&str, &str),
    case: DossierId,
    field: &str,
    value: Vec<u8>,
) {
    let act = Amend {
        field: field.to_owned(),
        replaces: Vec::new(),
        value,
    };
    sign(node, by, Some(case), act.into(), &format!("{case} {field}"));
}

fn wearer(node: &mut Node, number: usize, regime: Regime) -> DossierId {
    let name = format!("对象{number:04}");
    let fields: Fields = [
        ("name", name.as_str()),
        ("case_number", &format!("浏矫2026-{number:04}")),
        ("id_number", "430181199003072312"),
        ("kind", "02"),
        ("term_first", "2026-01-01"),
        ("term_last", "2027-12-31"),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), Value::from(text)))
    .collect();
    let open = Open {
        office: office("township"),
        person: code(number),
        minor: 0,
        fields,
    };
    let case = sign(node, ("陈办", "C1"), None, open.into(), &name);
    if regime == Regime::Band {
        decide(node, case, &name);
    }
    let device = Device::new(regime, START - 20 * DAY, START + 60 * DAY);
    let field = format!("device/{}", band(number));
    amend(node, case, &field, canon::encode(&device));
    case
}

/// The decision without which a band lets nothing in, from today for two months.
fn decide(node: &mut Node, case: DossierId, name: &str) {
    let first_day = i32::try_from((START + SHANGHAI_AHEAD_MS) / DAY).unwrap();
    let apply = Apply {
        workflow: "device".to_owned(),
        version: 1,
        on_behalf: 0,
        span: Some(Span {
            first_day,
            last_day: first_day + 60,
        }),
        area: None,
        fields: Fields::new(),
    };
    let salt = |what: &str| format!("{name} {what}");
    let clerk = ("陈办", "C1");
    let matter = sign(node, clerk, Some(case), apply.into(), &salt("device"));
    for (event, by) in [("approve", ("孙局", "B1")), ("fit", clerk)] {
        let step = Step {
            matter: EnvelopeId(matter.0),
            event: event.to_owned(),
            replaces: Vec::new(),
            section: None,
            fields: Fields::new(),
            span: None,
        };
        sign(node, by, Some(case), step.into(), &salt(event));
    }
}

/// Opens the cases of so many people and binds a device to each.
pub(crate) async fn wearers(office: &Office, count: usize, regime: Regime) -> Vec<DossierId> {
    let mut cases = Vec::new();
    for first in (0..count).step_by(TOGETHER) {
        let numbers = first..count.min(first + TOGETHER);
        let open = move |node: &mut Node| {
            numbers
                .map(|number| wearer(node, number, regime))
                .collect::<Vec<_>>()
        };
        cases.extend(office.owner.call(open).await.unwrap());
    }
    cases
}

/// The gateway of an office's node, on a door of its own.
pub(crate) struct Gate {
    pub(crate) addr: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl Gate {
    pub(crate) async fn open(office: &Office) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let (owner, metrics) = (office.owner.clone(), office.app.metrics.clone());
        tokio::spawn(gateway::serve(
            listener,
            owner,
            metrics,
            Limits::STANDARD,
            stopped,
        ));
        Self { addr, stop }
    }

    /// A connection that stays open, as a relay of many devices keeps it.
    pub(crate) async fn relay(&self) -> Relay {
        let stream = TcpStream::connect(self.addr).await.unwrap();
        Relay {
            stream: BufReader::new(stream),
        }
    }
}

/// One connection to a gateway.
pub(crate) struct Relay {
    stream: BufReader<TcpStream>,
}

impl Relay {
    /// Reports a position of a person's band at a device time, ms UTC; it is durable when this
    /// returns.
    pub(crate) async fn report(&mut self, number: usize, time: i64, (lat, lon): (f64, f64)) {
        let band = band(number);
        let query = format!(
            "/?id={band}&timestamp={time}&lat={lat:.7}&lon={lon:.7}&accuracy=25&valid=true"
        );
        let request = format!("GET {query} HTTP/1.1\r\nHost: gate\r\n\r\n");
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .await
            .unwrap();
        let (mut status, mut bytes) = (String::new(), 0);
        loop {
            let mut line = String::new();
            assert_ne!(self.stream.read_line(&mut line).await.unwrap(), 0);
            if status.is_empty() {
                status = line.trim().to_owned();
            }
            if let Some(length) = line.to_lowercase().strip_prefix("content-length:") {
                bytes = length.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; bytes];
        self.stream.read_exact(&mut body).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(status.contains(" 200 "), "{status} {body}");
    }
}
