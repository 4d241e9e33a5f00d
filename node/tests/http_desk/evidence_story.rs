//! Evidence: a leave is granted at the desk, downloaded as one file, and judged by the binary as a
//! process, without this node; files that were touched, thinned out or forged are refused by the
//! rule.

use crate::client::{Client, offer};
use crate::office::{self, Office, START};
use jiaolian_schema::act::{Act, Step};
use jiaolian_schema::bundle::{Bundle, Subject};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Envelope, Head, body_hash};
use jiaolian_schema::id::EnvelopeId;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Said {
    status: i32,
    text: String,
}

fn verify(file: &Path, more: &[&str]) -> Said {
    let out = Command::new(env!("CARGO_BIN_EXE_jiaolian"))
        .arg("verify")
        .arg(file)
        .args(more)
        .env_clear()
        .output()
        .unwrap();
    assert!(
        out.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    Said {
        status: out.status.code().unwrap(),
        text: String::from_utf8(out.stdout).unwrap(),
    }
}

/// A leave of three days that the township's head granted.
async fn granted(office: &Office) -> (Client, String, String) {
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(office, "T1").await;
    let page = staff.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let form = json!({ "from": "2026-03-04", "to": "2026-03-06", "purpose": "medical",
        "detail": "复查", "destination": "长沙市" });
    let signed = staff.sign(offer(&page, "apply:leave"), form).await.ok(201);
    let id = signed["target"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/matters/{id}");
    let page = staff.get(&path).await.ok(200);
    let form = json!({ "true_and_complete": true, "note": "已电话核实" });
    staff.sign(offer(&page, "verify"), form).await.ok(201);
    let head = Client::signed_in(office, "T2").await;
    let page = head.get(&path).await.ok(200);
    head.sign(offer(&page, "approve"), json!({})).await.ok(201);
    (staff, case.to_hex(), id)
}

async fn download(client: &Client, path: &str, to: &Path) -> Vec<u8> {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    let head = answer.head.to_lowercase();
    assert!(head.contains("content-disposition: attachment; filename=\"jiaolian-"));
    assert!(head.contains("content-type: application/cbor"));
    std::fs::write(to, &answer.body).unwrap();
    answer.body
}

fn again(bundle: &Bundle, envelopes: Vec<Envelope>) -> Vec<u8> {
    let versions = (bundle.rule_pack, bundle.fold_version);
    Bundle::new(
        bundle.root(),
        bundle.subject,
        bundle.made_at,
        versions,
        envelopes,
    )
    .to_bytes()
}

fn put(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test]
async fn a_granted_leave_is_judged_anew_without_the_node() {
    let office = Office::open().await;
    let dir = tempfile::tempdir().unwrap();
    let (staff, case, matter) = granted(&office).await;
    for (path, kind) in [
        (format!("/api/v1/cases/{case}/bundle"), "case"),
        (format!("/api/v1/matters/{matter}/bundle"), "matter"),
    ] {
        let file = dir.path().join(kind);
        download(&staff, &path, &file).await;
        let said = verify(&file, &[]);
        assert_eq!(said.status, 0, "{}", said.text);
        assert!(said.text.ends_with("\nVALID\n"), "{}", said.text);
        for word in [
            "批准外出",
            "王所",
            "集里司法所",
            "司法所所长",
            "湘司任〔2026〕1号",
        ] {
            assert!(said.text.contains(word), "{word} is not in {}", said.text);
        }
        let json: Json = serde_json::from_str(&verify(&file, &["--json"]).text).unwrap();
        assert_eq!(
            (&json["valid"], &json["subject"]["kind"]),
            (&json!(true), &json!(kind))
        );
        let decision = &json["decisions"][0];
        assert_eq!(decision["standing"], "stands");
        assert_eq!(decision["claimed_at"], START);
        assert_eq!(decision["by"]["name"], "王所");
        assert_eq!(decision["by"]["appointment"].as_str().unwrap().len(), 64);
        assert_eq!(
            (&decision["after"], &decision["filed"]),
            (&json!(null), &json!(null))
        );
    }
    let auditor = Client::signed_in(&office, "A1").await;
    auditor
        .get(&format!("/api/v1/cases/{case}/bundle"))
        .await
        .refused(403, "not_allowed");
    staff
        .get(&format!("/api/v1/cases/{}/bundle", "00".repeat(32)))
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn an_alarm_is_evidence_too() {
    let office = Office::open().await;
    let dir = tempfile::tempdir().unwrap();
    let case = office.case("张三", "township", 0).await;
    let alarm = office.raise(case, "township", 1, 2).await;
    let staff = Client::signed_in(&office, "T1").await;
    let file = dir.path().join("alarm");
    download(&staff, &format!("/api/v1/alarms/{alarm}/bundle"), &file).await;
    let said = verify(&file, &["--json"]);
    let json: Json = serde_json::from_str(&said.text).unwrap();
    assert_eq!(
        (said.status, &json["subject"]["kind"]),
        (0, &json!("alarm")),
        "{json}"
    );
}

#[tokio::test]
async fn a_file_that_was_touched_is_refused_whole_by_its_rule() {
    let office = Office::open().await;
    let dir = tempfile::tempdir().unwrap();
    let (staff, case, _) = granted(&office).await;
    let file = dir.path().join("bundle");
    let bytes = download(&staff, &format!("/api/v1/cases/{case}/bundle"), &file).await;
    let refused = |name: &str, bytes: &[u8], words: &str| {
        let said = verify(&put(dir.path(), name, bytes), &[]);
        assert_eq!(said.status, 1, "{name}: {}", said.text);
        assert!(said.text.contains("NOT VALID: "), "{name}: {}", said.text);
        assert!(said.text.contains(words), "{name}: {}", said.text);
        assert!(!said.text.contains("\nVALID"), "{name}: {}", said.text);
    };
    refused("empty", b"", "the file is no bundle, or not all of it");
    refused(
        "cut",
        &bytes[..bytes.len() - 40],
        "the file is no bundle, or not all of it",
    );
    let mut longer = bytes.clone();
    longer.push(0);
    refused("longer", &longer, "deterministic");
    let mut flipped = bytes.clone();
    let end = flipped.len() - 1;
    flipped[end] ^= 1;
    refused(
        "digest",
        &flipped,
        "the digest at the end is that of the file",
    );
    // Whoever edits a file can make a new digest, so each byte is held by more than that.
    let bundle = Bundle::parse(&bytes).unwrap();
    let body_of = |envelope: &Envelope| {
        let bytes = envelope.body.as_ref()?;
        canon::decode::<Body>("a body", bytes).ok()
    };
    // What nobody names yet could be left out by whoever exports, and nobody could tell.
    let named: BTreeSet<EnvelopeId> = bundle
        .envelopes
        .iter()
        .filter_map(body_of)
        .flat_map(|body| body.deps.into_iter().chain(body.prev_here))
        .collect();
    let touch = |change: &dyn Fn(&mut Envelope)| {
        let mut envelopes = bundle.envelopes.clone();
        let at = envelopes.iter().position(|envelope| {
            let body = body_of(envelope).filter(|_| named.contains(&envelope.id()));
            body.is_some_and(|body| body.dossier.is_some_and(|id| id.to_hex() == case))
        });
        change(&mut envelopes[at.unwrap()]);
        again(&bundle, envelopes)
    };
    let body = touch(&|envelope| {
        let body = envelope.body.as_mut().unwrap();
        let end = body.len() - 1;
        body[end] ^= 1;
    });
    refused(
        "body",
        &body,
        "the body is the one that the head names by hash",
    );
    let signature = touch(&|envelope| envelope.signature[7] ^= 1);
    refused("signature", &signature, "the signature is the author's");
    let bodiless = touch(&|envelope| envelope.body = None);
    refused("bodiless", &bodiless, "rule 21");

    let foreign = json!({ "office": "11".repeat(16), "suite": 1, "key": "22".repeat(32) });
    let pin = put(dir.path(), "pin.json", foreign.to_string().as_bytes());
    let said = verify(&file, &["--root", pin.to_str().unwrap()]);
    assert_eq!(said.status, 1);
    assert!(
        said.text.contains("the root is the one that you trust"),
        "{}",
        said.text
    );
    let root = bundle.root();
    let own = json!({ "root": { "office": root.office.to_hex(), "suite": 1,
        "key": jiaolian_schema::id::hex(&root.keeper.key) } });
    let pin = put(dir.path(), "own.json", own.to_string().as_bytes());
    let said = verify(&file, &["--root", pin.to_str().unwrap()]);
    assert_eq!(said.status, 0, "{}", said.text);
    assert!(said.text.contains("与所给文件一致"), "{}", said.text);
}

#[tokio::test]
async fn a_chain_that_was_thinned_out_names_the_hole() {
    let office = Office::open().await;
    let dir = tempfile::tempdir().unwrap();
    let (staff, case, _) = granted(&office).await;
    let file = dir.path().join("bundle");
    let bytes = download(&staff, &format!("/api/v1/cases/{case}/bundle"), &file).await;
    let bundle = Bundle::parse(&bytes).unwrap();
    let mut by_author = std::collections::BTreeMap::<_, Vec<(u64, EnvelopeId)>>::new();
    for envelope in &bundle.envelopes {
        let head = envelope.parse_head().unwrap();
        by_author
            .entry(head.author)
            .or_default()
            .push((head.n, envelope.id()));
    }
    let longest = by_author.values().max_by_key(|chain| chain.len()).unwrap();
    let (n, gone) = *longest.iter().find(|(n, _)| *n == 2).unwrap();
    let mut left = bundle.envelopes.clone();
    left.retain(|envelope| envelope.id() != gone);
    let said = verify(&put(dir.path(), "thin", &again(&bundle, left)), &[]);
    assert_eq!(said.status, 1);
    assert!(
        said.text.contains(&format!("lacks n = {n}")),
        "{}",
        said.text
    );
}

#[tokio::test]
async fn a_decision_beyond_the_capacity_names_the_rule() {
    let office = Office::open().await;
    let dir = tempfile::tempdir().unwrap();
    let (staff, case, matter) = granted(&office).await;
    let file = dir.path().join("bundle");
    let bytes = download(&staff, &format!("/api/v1/cases/{case}/bundle"), &file).await;
    let bundle = Bundle::parse(&bytes).unwrap();
    // T1 is no head. The key signs a refusal all the same, by a program of its own.
    let mut last = None;
    for envelope in &bundle.envelopes {
        let head = envelope.parse_head().unwrap();
        let body = envelope.body.as_ref();
        let body = body.and_then(|bytes| canon::decode::<Body>("a body", bytes).ok());
        let of_case = body.filter(|body| {
            body.dossier.is_some_and(|id| id.to_hex() == case)
                && head.author == office::author("李工", "township")
        });
        if let Some(body) = of_case.filter(|body| {
            last.as_ref()
                .is_none_or(|(_, _, other): &(Head, EnvelopeId, Body)| body.m > other.m)
        }) {
            last = Some((head, envelope.id(), body));
        }
    }
    let (head, id, body) = last.unwrap();
    let matter = EnvelopeId::from_hex(&matter).unwrap();
    let step = Step {
        matter,
        event: "refuse".to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: std::collections::BTreeMap::new(),
        span: None,
    };
    let body = canon::encode(&Body {
        m: body.m + 1,
        prev_here: Some(id),
        deps: Vec::new(),
        payload: Act::from(step).to_payload(START + 5),
        ..body
    });
    let head = Head {
        n: head.n + 1,
        prev: Some(id),
        body_hash: body_hash(1, &body),
        ..head
    };
    let forged = Envelope::seal(&office::key("李工"), &head, body).unwrap();
    let mut envelopes = bundle.envelopes.clone();
    envelopes.push(forged);
    let said = verify(&put(dir.path(), "forged", &again(&bundle, envelopes)), &[]);
    assert_eq!(said.status, 1, "{}", said.text);
    assert!(said.text.contains("越权"), "{}", said.text);
    assert!(
        said.text.contains("rule 29: the signer's capacity"),
        "{}",
        said.text
    );
    assert!(matches!(bundle.subject, Subject::Case(_)));
}
