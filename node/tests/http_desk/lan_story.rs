//! The door of the local network: other PCs reach the pages over TLS by a certificate of the
//! county's own authority, and by no other.

use crate::client::Client;
use crate::office::{DAY, Office, PASSPHRASE, key, office};
use jiaolian_node::certificate::{Ask, AuthorityFile, LanKey, Scope, Stored, digits};
use jiaolian_node::http::accept::{Bounds, serve_tls};
use jiaolian_node::http::lan::{self, Lan};
use jiaolian_node::http::{App, router};
use jiaolian_node::key::Cost;
use jiaolian_node::owner::Node;
use jiaolian_schema::act::Vouch;
use jiaolian_schema::envelope::Duty;
use jiaolian_sync::{Draft, Payload, Seat};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

const CHEAP: Cost = Cost {
    memory_kib: 64,
    passes: 1,
    lanes: 1,
};

fn authority(name: &str, now: i64) -> AuthorityFile {
    let scope = Scope::new(&["liuyang.internal".to_owned()], &[]).unwrap();
    AuthorityFile::make(name, scope, (CHEAP, PASSPHRASE), now).unwrap()
}

/// A county's node with a certificate for the loopback address, served over TLS.
struct Networked {
    office: Office,
    app: App,
    at: SocketAddr,
    authority: AuthorityFile,
    stop: watch::Sender<bool>,
}

impl Drop for Networked {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl Networked {
    async fn open(bounds: Bounds) -> Self {
        let office_node = Office::open().await;
        let now = office_node.time.load(Ordering::SeqCst);
        let authority = authority("浏阳市司法局 局域网证书", now);
        let lan_key = LanKey::generate().unwrap();
        let names = ["127.0.0.1".to_owned(), "pc.liuyang.internal".to_owned()];
        let asker = (office("county"), "浏阳市司法局");
        let ask = Ask::new(asker, &key("node"), &lan_key, &names).unwrap();
        let ask = Ask::parse(ask.to_text().as_bytes()).unwrap();
        let issued = authority.issue(PASSPHRASE, &ask, now).unwrap();
        let stored = Stored::new(issued, &lan_key, office("county")).unwrap();
        let mut app = office_node.app.clone();
        app.lan = Lan::new(Ok(Some(stored)), true);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let config = app.lan.config().unwrap();
        tokio::spawn(serve_tls(
            listener,
            router(app.clone()),
            bounds,
            config,
            stopped,
        ));
        Self {
            office: office_node,
            app,
            at,
            authority,
            stop,
        }
    }

    /// The county's keeper vouches for what is signed by an authority, or takes it back.
    async fn vouch(&self, fingerprint: Option<[u8; 32]>) {
        let job = move |node: &mut Node| {
            let own = node.office;
            let authority = node.authority();
            let mut seats = authority.appointments();
            let (id, appoint, _) = seats
                .find(|(_, a, _)| a.office == own && a.duty == Duty::Keeper)
                .unwrap();
            let seat = Seat {
                author: appoint.author(),
                appointment: Some(id),
            };
            drop(seats);
            let act = Vouch {
                authority: fingerprint,
                replaces: authority.vouchings(own).into_keys().collect(),
                document: String::new(),
            };
            let draft = Draft {
                dossier: node.replica.roster(own),
                payload: Payload::Act(act.into()),
            };
            let (now, salt) = (node.now(), [9; 16]);
            node.replica
                .sign(&key("county"), seat, draft, now, salt)
                .unwrap();
        };
        self.office.owner.call(job).await.unwrap();
        lan::look(&self.app).await;
    }

    /// What a PC that trusts an authority gets.
    async fn ask(&self, trusts: &AuthorityFile, text: &str) -> io::Result<String> {
        let stream = TcpStream::connect(self.at).await?;
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let clock = Arc::new(Clock(Arc::clone(&self.office.time)));
        let connector = TlsConnector::from(Arc::new(client(trusts, clock)));
        let mut stream = connector.connect(name, stream).await?;
        stream.write_all(text.as_bytes()).await?;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await?;
        Ok(String::from_utf8_lossy(&all).into_owned())
    }

    async fn get(&self, path: &str) -> io::Result<String> {
        let text = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.at
        );
        self.ask(&self.authority, &text).await
    }

    async fn state(&self) -> serde_json::Value {
        // The plain door of the machine itself tells how the other one stands.
        let desk = self.office.door(self.app.clone()).await;
        Client::at(desk).get("/api/v1/certificate").await.ok(200)
    }
}

#[derive(Debug)]
struct Clock(Arc<AtomicI64>);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = self.0.load(Ordering::SeqCst) / 1_000;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(
            seconds as u64,
        )))
    }
}

fn client(trusts: &AuthorityFile, clock: Arc<dyn TimeProvider>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(trusts.certificate.clone()))
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_details(provider, clock)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[tokio::test]
async fn a_pc_that_trusts_the_county_signs_in_over_tls_and_its_cookie_never_goes_plainly() {
    let node = Networked::open(Bounds::STANDARD).await;
    node.vouch(Some(node.authority.fingerprint())).await;
    let body = json!({ "staff_number": "T1", "passphrase": PASSPHRASE }).to_string();
    let head = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: {at}\r\nOrigin: https://{at}\r\nX-Jiaolian: 1\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len(),
        at = node.at
    );
    let answer = node
        .ask(&node.authority, &(head.clone() + &body))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let lower = |line: &&str| line.to_lowercase().starts_with("set-cookie: ");
    let set = answer.lines().find(lower).unwrap();
    let (_, cookie) = set.split_once(": ").unwrap();
    assert!(cookie.starts_with("__Host-jl_session="), "{cookie}");
    for flag in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Secure"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    let ask = |cookie: &str| {
        format!(
            "GET /api/v1/session HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n",
            node.at
        )
    };
    let own = node.ask(&node.authority, &ask(pair)).await.unwrap();
    assert!(own.starts_with("HTTP/1.1 200"), "{own}");
    // The same token under the plain door's name opens nothing over TLS, nor the other way round.
    let (_, token) = pair.split_once('=').unwrap();
    let named = node
        .ask(&node.authority, &ask(&format!("jl_session={token}")))
        .await
        .unwrap();
    assert!(named.starts_with("HTTP/1.1 401"), "{named}");
    let plain = Client::new(&node.office).raw(ask(pair).as_bytes()).await;
    assert_eq!(plain.status, 401);
    let http = head.replace("Origin: https:", "Origin: http:");
    let answer = node.ask(&node.authority, &(http + &body)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}

#[tokio::test]
async fn a_certificate_is_shown_only_while_the_roster_vouches_for_its_authority() {
    let node = Networked::open(Bounds::STANDARD).await;
    let own = node.authority.fingerprint();
    lan::look(&node.app).await;
    assert!(node.get("/healthz").await.is_err(), "nobody vouches yet");
    let shape = node.state().await;
    assert_eq!(shape["state"], "foreign");
    let note = shape["note"]["zh"].as_str().unwrap();
    assert!(note.contains(&digits(&own)), "{note}");

    node.vouch(Some([7; 32])).await;
    assert!(
        node.get("/healthz").await.is_err(),
        "another authority is vouched for"
    );
    node.vouch(Some(own)).await;
    assert!(
        node.get("/healthz")
            .await
            .unwrap()
            .starts_with("HTTP/1.1 200")
    );
    assert_eq!(node.state().await["state"], "open");
    node.vouch(None).await;
    assert!(
        node.get("/healthz").await.is_err(),
        "the vouching was taken back"
    );
}

#[tokio::test]
async fn a_pc_that_trusts_another_authority_refuses_the_node() {
    let node = Networked::open(Bounds::STANDARD).await;
    node.vouch(Some(node.authority.fingerprint())).await;
    let now = node.office.time.load(Ordering::SeqCst);
    let foreign = authority("浏阳市司法局 局域网证书", now);
    let text = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", node.at);
    let refused = node.ask(&foreign, &text).await.unwrap_err().to_string();
    assert!(refused.contains("certificate"), "{refused}");
}

#[tokio::test]
async fn renewal_is_asked_for_in_time_and_an_expired_certificate_is_shown_no_more() {
    let node = Networked::open(Bounds::STANDARD).await;
    node.vouch(Some(node.authority.fingerprint())).await;
    assert_eq!(node.state().await["note"], json!(null));
    node.office.advance(336 * DAY);
    lan::look(&node.app).await;
    let note = node.state().await["note"]["zh"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        note.contains("2027-03-02") && note.contains("续期"),
        "{note}"
    );
    assert!(node.get("/healthz").await.is_ok());

    node.office.advance(30 * DAY);
    let refused = node.get("/healthz").await.unwrap_err().to_string();
    assert!(
        refused.contains("xpired"),
        "the PC itself refuses: {refused}"
    );
    lan::look(&node.app).await;
    assert_eq!(node.state().await["state"], "expired");
    assert!(node.get("/healthz").await.is_err());
}

#[tokio::test]
async fn who_speaks_plainly_is_sent_on_and_who_says_nothing_is_closed() {
    let bounds = Bounds {
        handshake_wait_ms: 100,
        ..Bounds::STANDARD
    };
    let node = Networked::open(bounds).await;
    node.vouch(Some(node.authority.fingerprint())).await;
    let mut plain = TcpStream::connect(node.at).await.unwrap();
    let text = "GET /secret HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    plain.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
    assert!(
        answer.contains(&format!("location: https://{}/\r\n", node.at)),
        "{answer}"
    );
    assert!(
        !answer.contains("secret") && !answer.contains("evil"),
        "{answer}"
    );

    for said in [&[][..], &[0x16, 3, 1][..]] {
        let mut slow = TcpStream::connect(node.at).await.unwrap();
        slow.write_all(said).await.unwrap();
        let mut rest = Vec::new();
        assert_eq!(slow.read_to_end(&mut rest).await.unwrap_or(0), 0);
    }
}

#[test]
fn an_authority_signs_for_its_own_network_only_and_opens_by_its_passphrase_only() {
    let now = crate::office::START;
    let county = authority("浏阳市司法局 局域网证书", now);
    let again = AuthorityFile::parse(&county.to_bytes()).unwrap();
    let lan_key = LanKey::generate().unwrap();
    let ask = |name: &str| {
        let asker = (office("county"), "浏阳市司法局");
        Ask::new(asker, &key("node"), &lan_key, &[name.to_owned()]).unwrap()
    };
    for outside in ["8.8.8.8", "bank.example", "xliuyang.internal"] {
        let refused = again.issue(PASSPHRASE, &ask(outside), now).unwrap_err();
        assert!(refused.to_string().contains(outside), "{refused}");
    }
    let wrong = again
        .issue("wrong wrong", &ask("10.8.3.20"), now)
        .unwrap_err();
    assert!(wrong.to_string().contains("passphrase"), "{wrong}");
    let issued = again.issue(PASSPHRASE, &ask("10.8.3.20"), now).unwrap();
    assert!(Stored::new(issued.clone(), &lan_key, office("other")).is_err());
    let other_key = LanKey::generate().unwrap();
    assert!(Stored::new(issued, &other_key, office("county")).is_err());
    // Who widens the scope in the file loses the key.
    let mut bytes = county.to_bytes();
    let at = bytes
        .windows(16)
        .position(|w| w == b"liuyang.internal")
        .unwrap();
    bytes[at..at + 16].copy_from_slice(b"changed.internal");
    let widened = AuthorityFile::parse(&bytes).unwrap();
    let refused = widened.issue(PASSPHRASE, &ask("pc.changed.internal"), now);
    assert!(refused.is_err());
    // A request that was changed on its way is nobody's.
    let text = ask("10.8.3.20").to_text().replace("10.8.3.20", "10.8.3.21");
    assert!(Ask::parse(text.as_bytes()).is_err());
}
