//! A configuration is taken whole or refused with the file, the line and a sentence.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiaolian_node::config::{Config, LoadConfigError};

const GOOD: &str = r#"
[node]
data_dir = "data"
office_label = "青山司法所"

[link]
bind = "10.1.2.3:4433"

[[link.peers]]
id = "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"
addrs = ["10.1.0.1:4433", "[fd00::1]:4433"]
"#;

fn refused(text: &str) -> LoadConfigError {
    Config::parse("jiaolian.toml", text).unwrap_err()
}

#[test]
fn short_file_gets_the_documented_defaults() {
    let config = Config::parse("jiaolian.toml", GOOD).unwrap();
    assert_eq!(config.store.cache_mib, 16);
    assert_eq!(config.supervision.stale_authority_days, 7);
    assert_eq!(config.link.peers[0].id[..2], [0, 255]);
    assert!(!config.node.demo && config.gateway.jt808.is_none());
    assert!(
        config.http.bind.ip().is_loopback(),
        "pages stay on this machine until told otherwise"
    );
}

#[test]
fn byte_order_mark_is_no_error() {
    Config::parse("jiaolian.toml", &format!("\u{feff}{GOOD}")).unwrap();
}

#[test]
fn every_mistake_names_its_line_and_rule() {
    let mistakes = [
        (
            "office_label = \"青山司法所\"",
            "office_label = \"\"",
            4,
            "1 to 100 characters",
        ),
        ("data_dir = \"data\"", "data_dir = 3", 3, "string"),
        (
            "data_dir = \"data\"",
            "data_dri = \"data\"",
            3,
            "unknown field `data_dri`",
        ),
        (
            "bind = \"10.1.2.3:4433\"",
            "bind = \"10.1.2.3\"",
            7,
            "socket address",
        ),
        (
            "bind = \"10.1.2.3:4433\"",
            "bind = \"0.0.0.0:4433\"",
            6,
            "named address",
        ),
        (
            "bind = \"10.1.2.3:4433\"",
            "bind = \"10.1.2.3:4433\"\nidle_s = 5",
            8,
            "15 to 600, not 5",
        ),
        (
            "bind = \"10.1.2.3:4433\"",
            "bind = \"10.1.2.3:4433\"\nidle_s = -1",
            8,
            "not -1",
        ),
        ("id = \"00ff", "id = \"zzff", 10, "64 hexadecimal digits"),
        ("id = \"00ff", "id = \"", 10, "64 hexadecimal digits"),
        ("[node]", "[node", 2, ""),
        (
            "[node]",
            "[gateway.jt808]\nbind = \"127.0.0.1:0\"\nsilence_s = 59\n[node]",
            4,
            "60 to 7200, not 59",
        ),
        (
            "[node]",
            "[gateway.jt808]\nbind = \"127.0.0.1:0\"\nport = 0\n[node]",
            4,
            "1 to 65535, not 0",
        ),
        (
            "[node]",
            "[gateway.jt808]\nbind = \"127.0.0.1:0\"\nmain = \"a b\"\n[node]",
            4,
            "an IPv4 address or a name",
        ),
        (
            "[node]",
            "[gateway]\njt808_bind = \"127.0.0.1:0\"\n[node]",
            3,
            "jt808_bind",
        ),
        (
            "[node]",
            "[[gateway.vendor]]\nname = \"A\"\n[node]",
            3,
            "small letters, digits",
        ),
        (
            "[node]",
            "[[gateway.vendor]]\nname = \"a\"\ntime_offset = \"+8\"\n[node]",
            4,
            "written +08:00",
        ),
    ];
    for (from, to, line, reason) in mistakes {
        let error = refused(&GOOD.replacen(from, to, 1));
        assert!(error.reason.contains(reason), "{to}: {error}");
        assert_eq!(error.line, line, "{to}: {error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("jiaolian.toml:{line}: ")),
            "{error}"
        );
    }
}

#[test]
fn missing_parts_and_repeated_peers_are_refused() {
    assert!(refused("").reason.contains("node"));
    let peers = GOOD.find("[[link.peers]]").unwrap();
    let twice = format!("{GOOD}{}", &GOOD[peers..]);
    assert!(refused(&twice).reason.contains("id of its own"));
}

#[test]
fn files_that_are_absent_binary_or_huge_are_refused_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jiaolian.toml");
    assert_eq!(Config::load(&path).unwrap_err().line, 0);
    std::fs::write(&path, [0xFF, 0xFE, 0]).unwrap();
    assert!(Config::load(&path).unwrap_err().reason.contains("UTF-8"));
    std::fs::write(&path, vec![b'\n'; 2 << 20]).unwrap();
    assert!(Config::load(&path).unwrap_err().reason.contains("at most"));
    std::fs::write(&path, GOOD).unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.node.data_dir, directory.path().join("data"));
    assert_eq!(config.tip_path(), directory.path().join("data").join("tip"));
}

#[test]
fn ways_to_tell_people_are_read_whole_or_refused() {
    let with = |text: &str| Config::parse("jiaolian.toml", &format!("{GOOD}\n{text}"));
    let good = with(
        "[notify]\nalways = true\n[notify.modem]\ndevice = \"/dev/ttyUSB2\"\n[notify.siren]\n\
         url = \"http://192.168.1.9:8080/on\"\nsecret_file = \"siren.secret\"\n",
    );
    let notify = good.unwrap().notify;
    assert!(notify.always);
    assert_eq!(notify.modem.unwrap().baud, 115_200);
    assert_eq!(notify.siren.unwrap().url.authority, "192.168.1.9:8080");
    let none = Config::parse("jiaolian.toml", GOOD).unwrap().notify;
    assert!(!none.always && none.modem.is_none() && none.siren.is_none());
    let mistakes = [
        (
            "[notify.modem]\ndevice = \"x\"\nbaud = 7\n",
            "1200 to 921600",
        ),
        (
            "[notify.siren]\nsecret_file = \"s\"\nurl = \"https://h/\"\n",
            "http://host:port/path",
        ),
        ("[notify.siren]\nurl = \"http://h/\"\n", "secret_file"),
        ("[notify]\nmodems = 1\n", "unknown field"),
    ];
    for (text, said) in mistakes {
        let refused = with(text).unwrap_err();
        assert!(refused.reason.contains(said), "{}", refused.reason);
        assert!(refused.line > 12, "{}", refused.line);
    }
}

#[test]
fn a_table_of_items_is_read_beside_the_configuration_or_refused_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jiaolian.toml");
    let door = "[gateway.jt808]\nbind = \"127.0.0.1:0\"\nitems = \"bands.toml\"\n";
    std::fs::write(&path, format!("{door}{GOOD}")).unwrap();
    let config = Config::load(&path).unwrap().gateway.jt808.unwrap();
    assert_eq!((config.silence_s, config.connections_max), (900, 4_096));
    let absent = config.item_table().unwrap_err();
    assert!(absent.file.ends_with("bands.toml"), "{absent}");
    let row = "[[item]]\nid = 0xE1\nmeans = \"battery\"\n";
    let bands = directory.path().join("bands.toml");
    std::fs::write(&bands, row).unwrap();
    let builtin = jiaolian_schema::jt808::ItemTable::builtin();
    assert_ne!(config.item_table().unwrap(), builtin);
    std::fs::write(
        &bands,
        format!("{row}\n[[item]]\nid = 0x30\nmeans = \"battery\"\n"),
    )
    .unwrap();
    let refused = config.item_table().unwrap_err();
    assert!(
        refused.line >= 5 && refused.reason.contains("0x30"),
        "{refused}"
    );
}
