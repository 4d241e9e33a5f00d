//! The modem's dialogue against a modem at the other end of a real terminal: what it echoes, how late it
//! answers, what it chatters in between, and each way in which it fails.

#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

#[path = "modem/emulator.rs"]
mod emulator;

use emulator::{Emulator, Manner, PATIENCE, manner, once, text_of};
use jiaolian_node::notify::{Call, Channel as _, Modem, TellError};

fn call(text: &str) -> Call {
    Call {
        name: [0x5A; 16],
        step: "raised".into(),
        severity: 1,
        at: 0,
        phone: "13800138000".into(),
        text: text.into(),
        tries: 0,
    }
}

#[track_caller]
fn fails(manners: Vec<Manner>, expected: TellError) {
    let emulator = Emulator::plug_in(manners);
    let told = emulator.modem().tell(&call("报警"));
    assert_eq!(told, Err(expected), "{:?}", emulator.commands());
    assert!(emulator.messages().is_empty());
    emulator.pull_out();
}

#[test]
fn a_short_text_goes_out_once_and_the_modem_was_asked_in_the_right_order() {
    let emulator = Emulator::plug_in(vec![]);
    emulator.modem().tell(&call("【矫联】1级报警")).unwrap();
    let messages = emulator.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(text_of(&messages[0]), "【矫联】1级报警");
    let commands = emulator.commands();
    let length = messages[0].len() / 2 - 1;
    let at = |name: &str| commands.iter().position(|said| said == name).unwrap();
    assert!(at("AT+CPIN?") < at("AT+CMGF=0"));
    assert!(at("AT+CMGF=0") < at("AT+CSCS=\"UCS2\""));
    assert_eq!(*commands.last().unwrap(), format!("AT+CMGS={length}"));
    emulator.pull_out();
}

#[test]
fn a_long_text_goes_in_parts_and_a_further_try_goes_on_after_those_that_went_out() {
    let text = "张".repeat(150);
    let emulator = Emulator::plug_in(vec![]);
    let mut modem = emulator.modem();
    modem.tell(&call(&text)).unwrap();
    let joined: String = emulator.messages().iter().map(|pdu| text_of(pdu)).collect();
    assert_eq!((emulator.messages().len(), joined), (3, text.clone()));
    emulator.pull_out();

    // The second part's answer is an error, once: the first is not sent again.
    let emulator = Emulator::plug_in(vec![once("PDU", b"\r\n+CMS ERROR: 500\r\n")]);
    let mut modem = emulator.modem();
    let other = Call {
        name: [7; 16],
        ..call(&text)
    };
    assert_eq!(modem.tell(&other), Err(TellError::Cms(500)));
    assert!(emulator.messages().is_empty());
    modem.tell(&other).unwrap();
    let joined: String = emulator.messages().iter().map(|pdu| text_of(pdu)).collect();
    assert_eq!((emulator.messages().len(), joined), (3, text));
    modem.tell(&other).unwrap();
    assert_eq!(
        emulator.messages().len(),
        3,
        "all parts of that call went out"
    );
    emulator.pull_out();
}

#[test]
fn garbage_unasked_lines_and_echo_in_between_harm_nothing() {
    let noise = b"\x00\xFF\x80\r\n^RSSI: 12\r\n+CMTI: \"SM\",3\r\nRING\r\n";
    let ready = [&noise[..], b"\r\n+CPIN: READY\r\n^BOOT: 1,0\r\nOK\r\n"].concat();
    let registered = [
        &noise[..],
        b"+CREG: 2,1,\"1A2B\",\"00C3\",7\r\n",
        &noise[..],
        b"OK\r\n",
    ]
    .concat();
    let manners = vec![
        once("ATE0", b"\r\nERR\xC0\xC0\r\n\r\nOK\r\n"),
        once("AT+CPIN?", ready),
        once("AT+CREG?", registered),
        once("AT+CSCS", b"\r\nERROR\r\n"),
    ];
    let emulator = Emulator::plug_in(manners);
    emulator.modem().tell(&call("报警")).unwrap();
    assert_eq!(text_of(&emulator.messages()[0]), "报警");
    emulator.pull_out();
}

#[test]
fn a_modem_that_swallows_its_first_commands_is_asked_again() {
    let emulator = Emulator::plug_in(vec![Manner {
        times: 2,
        ..manner("AT", b"")
    }]);
    emulator.modem().tell(&call("报警")).unwrap();
    assert_eq!(emulator.messages().len(), 1);
    emulator.pull_out();
}

#[test]
fn each_failure_has_its_own_word() {
    fails(
        vec![manner("AT+CPIN?", b"\r\n+CME ERROR: 10\r\n")],
        TellError::SimMissing,
    );
    fails(
        vec![manner("AT+CPIN?", b"\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n")],
        TellError::SimLocked,
    );
    fails(
        vec![manner("AT+CPIN?", b"\r\n+CME ERROR: 11\r\n")],
        TellError::SimLocked,
    );
    fails(
        vec![manner("AT+CMGF", b"\r\n+CME ERROR: 100\r\n")],
        TellError::Cme(100),
    );
    let nowhere = vec![
        manner("AT+CREG?", b"\r\n+CREG: 0,2\r\n\r\nOK\r\n"),
        manner("AT+CEREG?", b"\r\nERROR\r\n"),
    ];
    fails(nowhere, TellError::NoNetwork);
    fails(
        vec![manner("AT+CMGS", b"\r\n+CMS ERROR: 304\r\n")],
        TellError::Cms(304),
    );
    fails(
        vec![manner("AT+CMGS", b"\r\nERROR\r\n")],
        TellError::Refused,
    );
    fails(
        vec![manner("PDU", b"\r\n+CMS ERROR: 38\r\n")],
        TellError::Cms(38),
    );
    fails(vec![manner("PDU", b"\r\nOK\r\n")], TellError::Silent);
    fails(vec![manner("AT+CMGS", b"")], TellError::Silent);
    // A little more than is read while one answer is waited for.
    let flood = b"x\r\n".repeat(5_600);
    fails(vec![manner("AT+CPIN?", flood)], TellError::Silent);
}

#[test]
fn a_modem_that_is_pulled_out_is_absent_and_one_put_back_works() {
    let emulator = Emulator::plug_in(vec![]);
    let device = emulator.device.clone();
    emulator.pull_out();
    let mut modem = Modem::new(device, 115_200, PATIENCE);
    let told = modem.tell(&call("报警"));
    assert!(
        matches!(told, Err(TellError::Absent | TellError::Lost)),
        "{told:?}"
    );
    let back = Emulator::plug_in(vec![]);
    back.modem().tell(&call("报警")).unwrap();
    assert_eq!(back.messages().len(), 1);
    back.pull_out();
}

#[test]
fn what_is_no_terminal_is_no_modem() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tty");
    std::fs::write(&file, b"").unwrap();
    let mut modem = Modem::new(file, 115_200, PATIENCE);
    assert_eq!(modem.tell(&call("报警")), Err(TellError::Absent));
}
