//! `jiaolian decode` as a script meets it: hex lines in, JSON lines out, every bad line named.

#![allow(clippy::unwrap_used, reason = "a test may end by panicking")]

use std::io::Write;
use std::process::{Command, Stdio};

use jiaolian_schema::id::hex;
use jiaolian_schema::jt808::{Batch, Edition, Header, Location, Part, Status, frame};
use serde_json::{Value, json};

fn decode(input: &str) -> (Vec<Value>, i32) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_jiaolian"))
        .args(["decode", "jt808"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (lines.collect(), output.status.code().unwrap())
}

/// A location of a recorded frame that is documented with its values.
const RECORDED: &str = "7e02004026010000000001391234432900000000006f0000001601dc9a0707456246007b0042000325012922334\
     40202006401040000000c417e";

fn body(status: u32) -> Vec<u8> {
    let location = Location {
        alarm: 0,
        status: Status(status),
        lat_e6: 27_686_000,
        lon_e6: 111_435_000,
        altitude_m: 210,
        speed_dkmh: 43,
        bearing_deg: 90,
        time: 0,
        items: Vec::new(),
    };
    location.write("260302080000")
}

fn send(id: u16, part: Option<Part>, body: &[u8]) -> String {
    let header = Header {
        id,
        edition: Edition::Of2013,
        terminal: "013800138000".into(),
        serial: part.map_or(1, |part| part.index),
        part,
    };
    hex(&frame(&header.write(body)))
}

#[test]
fn a_frame_is_read_with_its_marks_without_them_and_in_either_case() {
    let expected = json!({
        "ok": true, "msg_id": "0x0200", "version": 2019, "terminal": "00000000013912344329", "serial": 0,
        "fixes": [{
            "lat": -31.234_567, "lon": 121.987_654, "time": "2025-01-29T14:33:44Z", "speed_kmh": 6.6,
            "bearing_deg": 3, "altitude_m": 123, "alarm": 111, "status": 22, "located": true,
            "history": false,
        }],
    });
    let bare = &RECORDED[2..RECORDED.len() - 2];
    let spaced = RECORDED.replacen("0200", "02 00 ", 1);
    let input = format!(
        "{RECORDED}\r\n{bare}\n{}\n{spaced}\n",
        RECORDED.to_uppercase()
    );
    let (lines, status) = decode(&input);
    assert_eq!((lines.len(), status), (4, 0));
    assert!(lines.iter().all(|line| *line == expected), "{lines:?}");
}

#[test]
fn a_batch_in_parts_gives_its_positions_with_the_last_and_names_what_it_cannot_read() {
    let batch = Batch::write(true, &[body(2), body(0)[..20].to_vec(), body(0)]);
    let parts: Vec<&[u8]> = batch.chunks(40).collect();
    let total = parts.len() as u16;
    let frames = parts.iter().zip(1..).map(|(part, index)| {
        let part_of = Part { total, index };
        send(0x0704, Some(part_of), part)
    });
    let (lines, status) = decode(&frames.collect::<Vec<_>>().join("\n"));
    assert_eq!((lines.len(), status), (parts.len(), 0));
    let (last, first) = lines.split_last().unwrap();
    assert!(first.iter().all(|line| line["fixes"] == json!([])));
    assert_eq!(last["part"], json!({ "index": total, "total": total }));
    let fixes = last["fixes"].as_array().unwrap();
    let said: Vec<_> = fixes
        .iter()
        .map(|fix| (&fix["located"], &fix["history"], &fix["time"]))
        .collect();
    let time = json!("2026-03-02T00:00:00Z");
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(said, [(&yes, &yes, &time), (&no, &yes, &time)]);
    assert_eq!(last["unread"][0]["index"], 1);
    assert_eq!(last["unread"][0]["error"], "a location has 28 bytes: 20");
}

#[test]
fn a_bad_line_is_answered_with_its_rule_and_the_next_one_is_read() {
    let other = send(0x0002, None, &[]);
    let changed = RECORDED.replacen("006f", "006e", 1);
    let far = {
        let mut bytes = body(2);
        bytes[12..16].copy_from_slice(&180_000_001_u32.to_be_bytes());
        send(0x0200, None, &bytes)
    };
    let input = format!("nothing\n\n{changed}\n{RECORDED}{RECORDED}\n{far}\n7E7E\n{other}\n");
    let (lines, status) = decode(&input);
    assert_eq!((lines.len(), status), (7, 65));
    let errors: Vec<_> = lines[..6]
        .iter()
        .map(|line| {
            assert_eq!(line["ok"], false, "{line}");
            line["error"].as_str().unwrap()
        })
        .collect();
    for (error, words) in errors.iter().zip([
        "a line is the hex of one frame: \"nothing\"",
        "a line is the hex of one frame: \"\"",
        "the check byte is the XOR of all before it: 41, not 40",
        "a line is the hex of one frame: \"7e0200",
        "longitude lies within 180000000 millionths of a degree: 180000001",
        "a frame has at least 1 bytes: 0",
    ]) {
        assert!(error.starts_with(words), "{error}");
    }
    assert_eq!(lines[6]["msg_id"], "0x0002");
    assert_eq!(lines[6]["terminal"], "013800138000");
}
