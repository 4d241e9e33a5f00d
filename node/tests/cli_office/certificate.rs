//! Certificates as an officer makes, carries and installs them, and a PC on the local network that
//! opens the pages.

use crate::node::Node;
use crate::world::{PASSPHRASE, Said, World, free_port, jiaolian};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

const AUTHORITY_WORDS: &str = "保险柜里的另一个口令";

impl World {
    fn certificate(&self, verb: &str, arguments: &[(&str, &str)], lines: &[&str]) -> Said {
        let mut words = vec![
            "certificate".to_owned(),
            verb.to_owned(),
            "--json".to_owned(),
        ];
        for (name, value) in arguments {
            words.push(format!("--{name}"));
            let is_path = ["dir", "ca", "out", "file", "request"].contains(name);
            words.push(if is_path {
                self.text(value)
            } else {
                (*value).to_owned()
            });
        }
        if !lines.is_empty() {
            words.push("--passphrase-stdin".to_owned());
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        jiaolian(&words, lines)
    }
}

/// One GET by a PC that trusts an authority, given as the node itself hands it out.
fn get(at: &str, authority: &[u8], path: &str) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(at)?);
    let text = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    stream.write_all(text.as_bytes())?;
    let mut all = String::new();
    stream.read_to_string(&mut all)?;
    Ok(all)
}

/// The authority's certificate, fetched from the desk itself.
fn authority_of(node: &Node) -> Vec<u8> {
    let at = node.ready["http"].as_str().unwrap();
    let mut stream = TcpStream::connect(at).unwrap();
    let text = format!("GET /authority.crt HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let split = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&all[..split]).to_lowercase();
    assert!(
        head.contains("content-type: application/x-x509-ca-cert"),
        "{head}"
    );
    all[split + 4..].to_vec()
}

#[test]
fn a_county_makes_its_authority_and_serves_its_network_by_one_command() {
    let world = World::joined();
    let listen = free_port();
    let made = world
        .certificate(
            "make",
            &[
                ("dir", "c"),
                ("as", "K1"),
                ("ca", "county.ca"),
                ("name", "127.0.0.1"),
                ("listen", &listen),
            ],
            &[PASSPHRASE, AUTHORITY_WORDS],
        )
        .done();
    assert_eq!(made["open"], format!("https://{listen}/"), "{made}");
    let node = Node::start(&world, "c");
    assert_eq!(node.ready["lan"], listen);
    let authority = authority_of(&node);
    let page = get(&listen, &authority, "/healthz").unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    let (_, _, shape) = node.ask("/api/v1/certificate", "", None);
    let shape: serde_json::Value = serde_json::from_str(&shape).unwrap();
    assert_eq!(
        (&shape["state"], &shape["digits"]),
        (&json!("open"), &made["digits"])
    );
    assert_eq!(world.status("c")["certificate"]["state"], "open");
    assert_eq!(node.stop(), 0);
    assert_eq!(world.status("c")["certificate"]["state"], "open");

    // A year later the same command renews with the authority that is there.
    let again = world.certificate(
        "make",
        &[
            ("dir", "c"),
            ("as", "K1"),
            ("ca", "county.ca"),
            ("name", "127.0.0.1"),
            ("listen", &listen),
        ],
        &[PASSPHRASE, AUTHORITY_WORDS],
    );
    assert_eq!(again.done()["digits"], made["digits"]);

    // A keeper who vouches no longer shuts the door, and the desk says why.
    let fingerprint = made["digits"].as_str().unwrap();
    let distrust = [
        ("dir", "c"),
        ("as", "K1"),
        ("fingerprint", fingerprint),
        ("reason", "失窃"),
    ];
    world
        .certificate("distrust", &distrust, &[PASSPHRASE])
        .done();
    let twice = world.certificate("distrust", &distrust, &[PASSPHRASE]);
    twice.refused("distrusted twice", 65, "is vouched for here");
    let node = Node::start(&world, "c");
    assert!(get(&listen, &authority, "/healthz").is_err());
    let (_, _, shape) = node.ask("/api/v1/certificate", "", None);
    assert!(
        shape.contains("\"state\":\"foreign\"") && shape.contains(fingerprint),
        "{shape}"
    );
    assert_eq!(
        node.ask("/healthz", "", None).0,
        200,
        "the desk itself goes on"
    );
    assert_eq!(node.stop(), 0);
}

#[test]
fn a_township_asks_by_file_and_takes_only_what_its_county_vouches_for() {
    let world = World::joined();
    let listen = free_port();
    let ca = |out: &str, dir: &str, keeper: &str| {
        let arguments = [
            ("dir", dir),
            ("as", keeper),
            ("out", out),
            ("domain", "a.internal"),
        ];
        world.certificate("ca", &arguments, &[PASSPHRASE, AUTHORITY_WORDS])
    };
    ca("county.ca", "c", "K1").done();
    ca("county.ca", "c", "K1").refused("over an older one", 73, "exists already");
    ca("x.ca", "c", "C1").refused("by staff", 77, "only a keeper");
    let ask = [("dir", "t"), ("name", "127.0.0.1"), ("out", "t.ask")];
    world.certificate("ask", &ask, &[]).done();
    let issue = |ca: &str, request: &str, out: &str, words: &str| {
        let arguments = [("ca", ca), ("request", request), ("out", out), ("dir", "c")];
        world.certificate("issue", &arguments, &[words])
    };
    issue("county.ca", "t.ask", "t.cert", "wrong wrong").refused("words", 77, "passphrase");
    let issued = issue("county.ca", "t.ask", "t.cert", AUTHORITY_WORDS).done();
    assert_eq!(issued["roster_checked"], true, "{issued}");
    let install = |file: &str| {
        let arguments = [("dir", "t"), ("file", file), ("listen", &listen)];
        world.certificate("install", &arguments, &[])
    };
    install("t.cert").refused("before the roster came", 65, "the roster here names none");
    world.appoint("c", "K1", "t").done();
    world.join("t", "t").done();

    // An authority of another world, however valid, is not the county's.
    let foreign = World::joined();
    let arguments = [("dir", "c"), ("as", "K1"), ("out", "f.ca")];
    foreign
        .certificate("ca", &arguments, &[PASSPHRASE, AUTHORITY_WORDS])
        .done();
    world.write("f.ca", foreign.read("f.ca"));
    let (dir, out) = (world.text("f.ca"), world.text("f.cert"));
    let request = world.text("t.ask");
    let words = [
        "certificate",
        "issue",
        "--json",
        "--passphrase-stdin",
        "--ca",
        &dir,
    ];
    let words = [&words[..], &["--request", &request, "--out", &out]].concat();
    jiaolian(&words, &[AUTHORITY_WORDS]).done();
    install("f.cert").refused(
        "a foreign authority",
        65,
        "no keeper of this office or above vouches",
    );

    install("t.cert").done();
    let node = Node::start(&world, "t");
    let authority = authority_of(&node);
    assert!(
        get(&listen, &authority, "/healthz")
            .unwrap()
            .starts_with("HTTP/1.1 200")
    );
    assert_eq!(node.stop(), 0);

    // A drawn key makes the old certificate useless; a stranger's request is not signed.
    let dir = world.text("t");
    let out = world.text("n.ask");
    let words = [
        "certificate",
        "ask",
        "--json",
        "--new-key",
        "--dir",
        &dir,
        "--out",
        &out,
    ];
    jiaolian(&[&words[..], &["--name", "127.0.0.1"]].concat(), &[]).done();
    install("t.cert").refused("the old key's", 65, "another key");
    let stranger = String::from_utf8(world.read("n.ask")).unwrap();
    world.write("s.ask", stranger.replace("127.0.0.1", "127.0.0.2"));
    issue("county.ca", "s.ask", "s.cert", AUTHORITY_WORDS).refused(
        "changed",
        65,
        "not signed by a node",
    );
    let (file, none) = (foreign.text("t"), foreign.text("f.ask"));
    let words = [
        "certificate",
        "ask",
        "--json",
        "--dir",
        &file,
        "--out",
        &none,
    ];
    jiaolian(&[&words[..], &["--name", "127.0.0.1"]].concat(), &[]).done();
    world.write("f.ask", foreign.read("f.ask"));
    issue("county.ca", "f.ask", "g.cert", AUTHORITY_WORDS).refused(
        "stranger",
        65,
        "not signed by a node",
    );
}
