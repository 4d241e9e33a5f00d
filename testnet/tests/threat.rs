//! Where each threat of the threat model, each bad input of the catalogue and each fuzz body is
//! tested: file and name, which must be in the sources. What is not built yet says so here.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A file of the tree, and words that must be in it.
type Place = (&'static str, &'static str);

const AUTHORITY: &str = "schema/tests/authority_vector.rs";
const BAD_STATEMENT: &str = "schema/tests/bad_statement.rs";
const CONFIG: &str = "node/tests/config_file.rs";
const DESK: &str = "node/tests/http_desk/bad_input.rs";
const EDIT: &str = "schema/tests/content_edit.rs";
const GATEWAY: &str = "node/tests/gateway_http/refusal.rs";
const GATEWAY_DOOR: &str = "node/tests/gateway_http/door.rs";
const TCP_DOOR: &str = "node/tests/gateway_http/tcp_door.rs";
const TCP_STORY: &str = "node/tests/gateway_http/tcp_story.rs";
const GOLDEN: &str = "schema/tests/golden_envelope.rs";
const LINK: &str = "node/tests/link_pair.rs";
const OFFICE: &str = "node/tests/cli_office/refusal.rs";
const PRECHECK: &str = "schema/tests/content_precheck.rs";
const ROLLBACK: &str = "node/tests/cli_office/rollback.rs";
const STANDING: &str = "schema/tests/standing_threat.rs";
const SUPERVISE: &str = "sync/tests/replica/supervise.rs";
const TWIN: &str = "node/tests/store_twin.rs";
const WIRE: &str = "sync/tests/replica/bad_input.rs";
const WIRE_THREAT: &str = "sync/tests/replica/threat.rs";

const THREATS: [(u8, &[Place]); 15] = [
    (
        1,
        &[
            (
                "testnet/tests/at_rest/main.rs",
                "fn no_field_of_any_form_lies_in_clear_on_disk_in_logs_or_on_the_wire(",
            ),
            (
                "node/tests/http_desk/session_story.rs",
                "fn a_draft_that_was_answered_survives_a_power_cut_and_lies_sealed_on_the_disk(",
            ),
            ("testnet/src/sim/check/canary.rs", "I4"),
        ],
    ),
    (
        2,
        &[(
            WIRE_THREAT,
            "fn t2_a_stolen_running_node_changes_nothing_that_has_effect(",
        )],
    ),
    (
        3,
        &[
            (
                STANDING,
                "fn t3_an_approval_needs_every_one_of_its_conditions(",
            ),
            ("schema/tests/opinion_random.rs", "fn both_opinions_agree("),
        ],
    ),
    (
        4,
        &[
            (
                STANDING,
                "fn t4_nothing_is_slipped_in_before_a_receipt_that_was_given(",
            ),
            (
                STANDING,
                "fn t4_a_window_is_what_receipts_prove_whatever_is_claimed(",
            ),
        ],
    ),
    (
        5,
        &[
            (
                "schema/tests/audit_log.rs",
                "fn each_row_that_is_cut_out_is_named_and_no_other(",
            ),
            (
                "sync/tests/replica/audit.rs",
                "fn an_edited_row_is_named_at_the_county_signed_or_not(",
            ),
            (
                "node/tests/http_desk/audit_story.rs",
                "fn each_read_has_its_row_on_the_disk_before_its_answer(",
            ),
        ],
    ),
    (
        6,
        &[
            (
                STANDING,
                "fn t6_a_compromised_county_has_no_effect_in_another_subtree(",
            ),
            (
                STANDING,
                "fn t6_a_county_changes_nothing_that_its_township_signed(",
            ),
            (
                WIRE_THREAT,
                "fn t6_a_county_that_keeps_everything_back_shows_as_stale_at_the_limit(",
            ),
            (
                WIRE_THREAT,
                "fn t6_a_replayed_or_reordered_stream_of_a_county_changes_nothing(",
            ),
        ],
    ),
    (
        7,
        &[(
            WIRE_THREAT,
            "fn t7_one_position_signed_twice_is_known_alike_however_the_two_were_delivered(",
        )],
    ),
    (
        8,
        &[
            (LINK, "fn stranger_is_refused_in_both_directions("),
            (
                WIRE_THREAT,
                "fn t6_a_replayed_or_reordered_stream_of_a_county_changes_nothing(",
            ),
        ],
    ),
    (
        9,
        &[
            (
                WIRE,
                "fn t9_crafted_bytes_are_answered_within_bounded_memory(",
            ),
            (
                PRECHECK,
                "fn change_of_two_hundred_bytes_with_five_million_operations_is_refused(",
            ),
        ],
    ),
    (
        10,
        &[
            (
                WIRE_THREAT,
                "fn t10_questions_about_a_forbidden_case_and_about_none_have_one_transcript(",
            ),
            (
                DESK,
                "fn t10_a_foreign_case_a_minors_and_none_have_one_answer_on_every_road(",
            ),
        ],
    ),
    (
        11,
        &[
            (
                WIRE_THREAT,
                "fn t11_a_cloned_device_far_away_is_stored_too_and_hides_nothing(",
            ),
            (
                TCP_DOOR,
                "fn two_that_take_turns_under_one_number_are_told_of_once_and_both_are_stored(",
            ),
            (
                "node/tests/gateway_http/signed.rs",
                "fn another_key_another_body_and_a_token_are_a_stranger_s(",
            ),
        ],
    ),
    (
        12,
        &[
            (GATEWAY, "\"made_up\""),
            (GATEWAY, "\"speed_absurd\""),
            (
                "node/tests/gateway_http/signed.rs",
                "fn a_made_up_position_is_kept_and_told_as_such(",
            ),
            (
                SUPERVISE,
                "fn a_lone_device_with_a_wrong_clock_is_stored_and_not_judged(",
            ),
        ],
    ),
    (
        13,
        &[
            (
                STANDING,
                "fn t13_clocks_two_years_off_change_nothing_but_the_time_that_is_claimed(",
            ),
            ("testnet/src/sim/world.rs", "Fault::ClockStep"),
        ],
    ),
    (
        14,
        &[(
            WIRE_THREAT,
            "fn t14_a_township_whose_disk_is_gone_is_restored_by_its_county_and_signs_by_a_new_key(",
        )],
    ),
    (
        15,
        &[(
            "testnet/tests/threat.rs",
            "fn t15_every_dependency_is_locked_from_one_registry_and_none_is_banned(",
        )],
    ),
];

const BAD_INPUTS: [(u8, &[Place]); 76] = [
    (
        1,
        &[(
            GATEWAY,
            "fn requests_that_are_no_reports_are_400_and_change_nothing(",
        )],
    ),
    (
        2,
        &[
            (
                GATEWAY,
                "fn requests_that_are_no_reports_are_400_and_change_nothing(",
            ),
            (
                TCP_DOOR,
                "fn who_says_nothing_or_never_ends_is_closed_and_others_go_on(",
            ),
        ],
    ),
    (
        3,
        &[
            (
                GATEWAY,
                "fn what_is_too_much_is_turned_away_before_it_is_read(",
            ),
            (DESK, "row(18, \"4 GiB announced\""),
            (
                "schema/src/jt808/frame.rs",
                "fn an_endless_frame_is_counted_and_not_kept_and_the_next_one_is_read(",
            ),
        ],
    ),
    (
        4,
        &[
            (
                TCP_STORY,
                "fn unknown_foreign_and_damaged_messages_harm_nothing_that_comes_after(",
            ),
            (
                TCP_STORY,
                "fn a_terminal_that_goes_on_sending_damaged_frames_is_told_of_once(",
            ),
        ],
    ),
    (
        5,
        &[(
            GATEWAY,
            "fn each_bad_position_is_refused_by_its_rule_and_kept_aside_once(",
        )],
    ),
    (
        6,
        &[
            (GATEWAY, "\"time_early\""),
            (GATEWAY, "\"time_far\""),
            (
                TCP_STORY,
                "fn bad_positions_are_kept_by_their_rule_and_a_strap_is_heard_all_the_same(",
            ),
        ],
    ),
    (
        7,
        &[(
            "node/tests/gateway_http/form_story.rs",
            "fn a_repeated_report_is_answered_200_and_changes_nothing(",
        )],
    ),
    (
        9,
        &[(
            "node/tests/gateway_http/watch_story.rs",
            "fn a_backlog_raises_one_alarm_in_whatever_order_it_stands(",
        )],
    ),
    (
        10,
        &[
            (
                GATEWAY_DOOR,
                "fn unknown_unbound_and_unproven_devices_hear_the_same(",
            ),
            (
                TCP_DOOR,
                "fn unknown_unbound_and_unproven_terminals_hear_the_same(",
            ),
        ],
    ),
    (
        11,
        &[(
            GATEWAY_DOOR,
            "fn backlog_of_a_binding_that_has_ended_is_still_taken_and_later_reports_are_not(",
        )],
    ),
    (
        12,
        &[(
            GOLDEN,
            "fn row_12_a_signature_over_another_kind_of_thing_is_refused(",
        )],
    ),
    (
        13,
        &[
            (
                GATEWAY_DOOR,
                "fn strangers_are_held_to_their_rate_and_known_devices_behind_them_are_not(",
            ),
            (
                TCP_DOOR,
                "fn a_flood_of_strangers_leaves_room_for_a_terminal_that_was_here_before(",
            ),
        ],
    ),
    (14, &[(GATEWAY, "\"speed_absurd\"")]),
    (
        15,
        &[(
            "schema/tests/watch_scenario.rs",
            "fn scenario_26_error_circles_raise_nothing_and_hysteresis_holds(",
        )],
    ),
    (16, &[(GATEWAY, "\"compressed\""), (DESK, "row(16, ")]),
    (17, &[(GATEWAY, "lat=%ff"), (DESK, "row(17, ")]),
    (18, &[(DESK, "row(18, ")]),
    (19, &[(DESK, "row(19, ")]),
    (20, &[(DESK, "row(20, ")]),
    (
        21,
        &[(
            DESK,
            "fn row_21_headers_and_bodies_that_never_end_are_closed_and_hold_nobody_up(",
        )],
    ),
    (22, &[(DESK, "row(22, ")]),
    (23, &[(DESK, "row(23, ")]),
    (
        24,
        &[(
            DESK,
            "fn row_24_words_that_are_code_or_turn_around_are_stored_as_they_are(",
        )],
    ),
    (26, &[(DESK, "row(26, ")]),
    (27, &[(DESK, "row(27, ")]),
    (
        28,
        &[(
            DESK,
            "fn t10_a_foreign_case_a_minors_and_none_have_one_answer_on_every_road(",
        )],
    ),
    (
        29,
        &[("node/tests/http_desk/leave_story.rs", "\"section_changed\"")],
    ),
    (
        30,
        &[(
            "node/tests/http_desk/leave_story.rs",
            "fn the_same_key_signs_once_and_reads_the_first_answer(",
        )],
    ),
    (
        31,
        &[
            (DESK, "row(31, "),
            (
                "node/tests/http_desk/leave_story.rs",
                "fn every_fault_of_a_form_names_its_field(",
            ),
        ],
    ),
    (32, &[(DESK, "row(32, ")]),
    (33, &[(DESK, "row(33, ")]),
    (
        37,
        &[(
            "schema/tests/rule_id_number.rs",
            "fn scenario_21_checksum_date_old_form_and_small_x(",
        )],
    ),
    (38, &[("node/tests/http_desk/leave_story.rs", "2026-02-30")]),
    (
        40,
        &[
            (
                "sync/tests/replica/hostile.rs",
                "fn an_unknown_protocol_version_is_refused_with_the_versions_spoken(",
            ),
            (WIRE, "number: 40,"),
        ],
    ),
    (
        41,
        &[
            (WIRE, "number: 41,"),
            (
                LINK,
                "fn length_of_four_gib_closes_the_session_before_any_memory_is_taken(",
            ),
        ],
    ),
    (42, &[(WIRE, "number: 42,")]),
    (43, &[(WIRE, "number: 43,")]),
    (44, &[(WIRE, "number: 44,")]),
    (45, &[(WIRE, "number: 45,")]),
    (46, &[(WIRE, "number: 46,")]),
    (
        48,
        &[(
            LINK,
            "fn full_lane_refuses_and_says_when_there_is_room_and_urgent_is_not_held_up(",
        )],
    ),
    (
        49,
        &[
            (WIRE, "number: 49,"),
            (
                "sync/tests/replica/hostile.rs",
                "fn a_peer_that_only_sends_what_is_refused_is_shut_out_for_a_while(",
            ),
        ],
    ),
    (50, &[(WIRE, "number: 50,")]),
    (
        52,
        &[(
            STANDING,
            "fn row_52_a_receipt_from_the_future_is_kept_and_shows_in_the_window(",
        )],
    ),
    (
        53,
        &[
            (
                "node/tests/cli_office/answer.rs",
                "fn a_damaged_answer_is_refused_whole_wherever_the_damage_is(",
            ),
            (
                "node/tests/cli_office/answer.rs",
                "fn an_answer_for_other_keys_another_office_or_of_another_root_is_refused(",
            ),
        ],
    ),
    (
        54,
        &[
            (WIRE, "number: 54,"),
            (
                "testnet/tests/threat.rs",
                "fn row_54_nothing_speaks_automerges_own_protocol(",
            ),
        ],
    ),
    (
        55,
        &[(
            PRECHECK,
            "fn documents_compressed_changes_and_bundles_are_refused_by_their_type(",
        )],
    ),
    (
        56,
        &[(
            PRECHECK,
            "fn change_of_two_hundred_bytes_with_five_million_operations_is_refused(",
        )],
    ),
    (
        57,
        &[(
            "schema/tests/content_past.rs",
            "fn every_change_known_to_make_automerge_panic_is_refused_before_it(",
        )],
    ),
    (
        58,
        &[(PRECHECK, "fn wrong_checksum_magic_and_length_are_refused(")],
    ),
    (
        59,
        &[(PRECHECK, "fn change_in_another_authors_name_is_refused(")],
    ),
    (
        60,
        &[
            (
                EDIT,
                "fn author_who_uses_a_number_twice_gets_the_same_answer_everywhere(",
            ),
            (WIRE_THREAT, "fn t7_"),
        ],
    ),
    (
        61,
        &[
            (PRECHECK, "fn key_and_value_are_bounded("),
            (
                "schema/src/content.rs",
                "fn document_that_is_full_takes_no_more(",
            ),
        ],
    ),
    (
        62,
        &[(
            PRECHECK,
            "fn value_of_the_wrong_type_by_a_valid_signer_is_shown_as_malformed(",
        )],
    ),
    (
        63,
        &[(
            PRECHECK,
            "fn objects_counters_marks_and_the_root_are_out_of_reach(",
        )],
    ),
    (
        64,
        &[(PRECHECK, "fn counters_beyond_their_range_are_refused(")],
    ),
    (65, &[(GOLDEN, "fn row_65_")]),
    (66, &[(GOLDEN, "fn row_66_")]),
    (67, &[(GOLDEN, "fn row_67_")]),
    (68, &[(BAD_STATEMENT, "fn row_68_")]),
    (69, &[(BAD_STATEMENT, "fn row_69_")]),
    (70, &[(BAD_STATEMENT, "fn row_70_")]),
    (
        71,
        &[
            (BAD_STATEMENT, "fn row_71_"),
            (
                "schema/tests/root_vector.rs",
                "fn r_2_a_version_counts_with_enough_keys_of_the_one_before_and_enough_of_its_own(",
            ),
            (
                AUTHORITY,
                "fn a_drill_office_founded_under_a_live_root_is_no_office(",
            ),
        ],
    ),
    (72, &[(BAD_STATEMENT, "fn row_72_")]),
    (73, &[(BAD_STATEMENT, "fn row_73_")]),
    (74, &[(BAD_STATEMENT, "fn row_74_")]),
    (
        75,
        &[
            (CONFIG, "fn every_mistake_names_its_line_and_rule("),
            (
                OFFICE,
                "fn a_node_refuses_a_configuration_that_it_does_not_understand(",
            ),
        ],
    ),
    (76, &[(OFFICE, "fn a_key_that_others_may_read_is_refused(")]),
    (
        77,
        &[
            (OFFICE, "let taken = TcpListener::bind"),
            (
                TWIN,
                "fn store_is_born_whole_opens_with_its_key_and_is_never_overwritten(",
            ),
        ],
    ),
    (78, &[(TWIN, "fn newer_store_is_refused_and_not_touched(")]),
    (
        79,
        &[
            (
                TWIN,
                "fn empty_cut_and_random_files_are_refused_and_not_touched(",
            ),
            (
                ROLLBACK,
                "fn a_store_cut_short_is_refused_and_left_as_it_is(",
            ),
        ],
    ),
    (
        80,
        &[(
            ROLLBACK,
            "fn a_rolled_back_node_stays_up_and_its_officer_signs_no_more(",
        )],
    ),
    (
        81,
        &[(
            "node/tests/store_crash.rs",
            "fn full_disk_is_said_and_forgotten_once_there_is_room(",
        )],
    ),
    (
        82,
        &[(
            "node/tests/http_desk/session_story.rs",
            "fn tries_for_one_number_slow_down_and_others_sign_in_at_once(",
        )],
    ),
    (
        83,
        &[(
            "node/tests/http_desk/fault_story.rs",
            "fn row_83_a_clock_of_before_the_program_starts_is_said_and_its_times_are_marked(",
        )],
    ),
    (
        84,
        &[
            (
                "schema/tests/watch_geometry.rs",
                "fn rings_that_cross_themselves_are_refused_and_those_that_touch_are_not(",
            ),
            (
                "node/tests/http_desk/fault_story.rs",
                "fn an_area_that_crosses_itself_is_refused_in_both_languages_with_the_place(",
            ),
        ],
    ),
];

/// Bad inputs of which the door does not exist yet, or the answer is another one.
const ABSENT: [(u8, &str); 8] = [
    (
        8,
        "no device form that is read carries a boot and a counter",
    ),
    (25, "nothing hands out CSV"),
    (34, "nothing takes uploads"),
    (35, "nothing imports archives"),
    (36, "nothing imports spreadsheets"),
    (39, "nothing imports rows"),
    (
        47,
        "a case has bounds; the rate of a peer's envelopes has none but its window",
    ),
    (
        51,
        "peers compare what they hold, not yet what they make of it",
    ),
];

/// The bodies of security's fuzz list.
const FUZZ: [(&str, Place); 11] = [
    (
        "envelope decode and verify",
        (
            "schema/tests/door_fuzz.rs",
            "fn envelopes_that_were_damaged_are_refused_or_other_envelopes(",
        ),
    ),
    (
        "statement sets to standing",
        (
            "schema/tests/standing_order.rs",
            "fn one_by_one_in_any_order_equals_all_at_once(",
        ),
    ),
    (
        "sync frame stream",
        (
            "sync/tests/replica/fuzz.rs",
            "fn no_stream_of_frames_stops_a_node_or_leads_it_astray(",
        ),
    ),
    (
        "change check, then automerge",
        (
            "schema/tests/content_fuzz.rs",
            "fn damaged_changes_are_refused_or_harmless(",
        ),
    ),
    (
        "device reports",
        (
            "node/tests/gateway_http/fuzz.rs",
            "fn reports_of_devices_are_read_or_refused(",
        ),
    ),
    (
        "terminals over TCP",
        (
            "node/tests/gateway_http/tcp_fuzz.rs",
            "fn streams_of_terminals_are_read_or_dropped(",
        ),
    ),
    (
        "HTTP JSON bodies",
        (
            "node/tests/http_desk/bad_input.rs",
            "fn bodies_that_were_damaged_are_never_a_fault(",
        ),
    ),
    (
        "request and answer files",
        (
            "node/tests/door_fuzz.rs",
            "fn requests_and_answers_are_read_or_refused(",
        ),
    ),
    (
        "config TOML",
        (
            "node/tests/door_fuzz.rs",
            "fn configurations_are_read_whole_or_refused_with_a_line(",
        ),
    ),
    (
        "fence polygon and track",
        (
            "schema/tests/door_fuzz.rs",
            "fn areas_and_tracks_of_any_shape_are_judged_or_refused(",
        ),
    ),
    (
        "stored value",
        (
            "node/tests/door_fuzz.rs",
            "fn sealed_values_open_as_they_were_or_not_at_all(",
        ),
    ),
];

fn text(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A text without its spaces and line ends, which a formatter moves.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[track_caller]
fn check_places(what: &str, places: &[Place]) {
    assert!(!places.is_empty(), "{what} is tested nowhere");
    for (file, words) in places {
        assert!(
            squeezed(&text(file)).contains(&squeezed(words)),
            "{what}: {file} says nothing of {words}"
        );
    }
}

#[test]
fn every_threat_has_a_test_by_name() {
    for (number, places) in THREATS {
        check_places(&format!("T{number}"), places);
    }
    assert!(THREATS.iter().map(|(number, _)| *number).eq(1..=15));
}

#[test]
fn every_bad_input_has_a_test_or_a_reason() {
    for (number, places) in BAD_INPUTS {
        check_places(&format!("bad input {number}"), places);
    }
    let tested = BAD_INPUTS.iter().map(|(number, _)| *number);
    let all: Vec<u8> = tested
        .chain(ABSENT.iter().map(|(number, _)| *number))
        .collect();
    let numbers: BTreeSet<u8> = all.iter().copied().collect();
    assert_eq!(all.len(), numbers.len(), "a number is here twice");
    assert!(numbers.into_iter().eq(1..=84));
    assert!(ABSENT.iter().all(|(_, reason)| reason.len() > 10));
}

#[test]
fn every_fuzz_body_is_there() {
    for (what, place) in FUZZ {
        check_places(what, &[place]);
    }
}

/// Sources of the four crates.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders: Vec<_> = ["schema", "sync", "node", "testnet"]
        .map(|name| root.join(name).join("src"))
        .into();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.display().to_string();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn row_54_nothing_speaks_automerges_own_protocol() {
    for (name, text) in sources() {
        for word in ["automerge::sync", "SyncDoc", "sync::State", "sync::Message"] {
            assert!(!text.contains(word), "{name} says {word}");
        }
    }
}

/// The list of locked packages: name, version, source, check sum.
fn locked() -> Vec<[String; 4]> {
    let lock: toml::Table = text("Cargo.lock").parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let word = |package: &toml::Value, name: &str| {
        let value = package.get(name).and_then(toml::Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let row = |package: &toml::Value| {
        ["name", "version", "source", "checksum"].map(|name| word(package, name))
    };
    packages.iter().map(row).collect()
}

/// Crates that stay out, and the oldest version of those that may be in (`security` 6).
const BANNED: [&str; 8] = [
    "openssl",
    "openssl-sys",
    "native-tls",
    "serde_cbor",
    "quinn",
    "quinn-proto",
    "zip",
    "tar",
];
const OLDEST: [(&str, [u64; 3]); 9] = [
    ("automerge", [0, 12, 0]),
    ("redb", [4, 6, 0]),
    ("iroh", [1, 4, 0]),
    ("ring", [0, 17, 14]),
    ("rustls", [0, 23, 18]),
    ("rustls-webpki", [0, 103, 13]),
    ("ed25519-dalek", [3, 0, 0]),
    ("bytes", [1, 11, 1]),
    ("time", [0, 3, 47]),
];

#[test]
fn t15_every_dependency_is_locked_from_one_registry_and_none_is_banned() {
    let locked = locked();
    assert!(locked.len() > 100, "{}", locked.len());
    let mut registries = BTreeSet::new();
    for [name, version, source, sum] in &locked {
        let own = name.starts_with("jiaolian-");
        assert_eq!(
            own,
            source.is_empty(),
            "{name} {version} comes from {source:?}"
        );
        if own {
            continue;
        }
        assert!(
            source.starts_with("registry+"),
            "{name} {version} comes from {source}"
        );
        assert_eq!(sum.len(), 64, "{name} {version} has no check sum");
        registries.insert(source);
        assert!(!BANNED.contains(&name.as_str()), "{name} stays out");
    }
    assert_eq!(registries.len(), 1, "{registries:?}");
    for (name, oldest) in OLDEST {
        let parts = |version: &str| -> Vec<u64> {
            let plain = version.split(['-', '+']).next().unwrap_or_default();
            plain.split('.').map(|part| part.parse().unwrap()).collect()
        };
        let versions = locked.iter().filter(|package| package[0] == name);
        for package in versions {
            assert!(
                parts(&package[1]) >= oldest.to_vec(),
                "{name} {}",
                package[1]
            );
        }
    }
    // What is checked here is what the tool checks where it is there.
    let deny: toml::Table = text("deny.toml").parse().unwrap();
    for word in ["openssl", "native-tls", "serde_cbor", "quinn"] {
        assert!(
            text("deny.toml").contains(&format!("crate = \"{word}\"")),
            "{word}"
        );
    }
    assert_eq!(deny["sources"]["unknown-registry"].as_str(), Some("deny"));
    assert_eq!(deny["sources"]["unknown-git"].as_str(), Some("deny"));
    assert!(
        text("Cargo.toml").contains("automerge = { version = \"=0.12.0\""),
        "automerge is pinned"
    );
    for gate in [
        "cargo clippy --workspace --all-targets --locked",
        "cargo doc --workspace --no-deps --locked",
    ] {
        assert!(text(".ci/run").contains(gate), "the gate says {gate}");
    }
    assert!(text("Makefile").contains("cargo test --workspace --locked"));
}
