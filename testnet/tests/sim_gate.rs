//! The simulator's own gate: a seed determines every byte, and some fixed seeds break no rule.

#![allow(clippy::unwrap_used)]

use jiaolian_schema::suite::Suite;
use jiaolian_testnet::sim::{Suites, run, run_in};
use std::process::Command;

/// Days of trouble in each run.
const DAYS: u32 = 3;
/// Seeds in which a rule was once broken: late alarms, double alarms, alarms without proof, timers
/// in a far time, forks that never met, and five more for breadth.
const SEEDS: [u64; 17] = [
    18, 24, 27, 30, 41, 128, 129, 172, 196, 212, 275, 280, 0, 3, 7, 13, 19,
];

fn process(args: &[&str]) -> (Vec<u8>, bool) {
    let binary = env!("CARGO_BIN_EXE_testnet");
    let out = Command::new(binary).arg("sim").args(args).output().unwrap();
    assert!(
        out.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    (out.stdout, out.status.success())
}

#[test]
fn one_seed_gives_the_same_bytes_twice_in_one_process() {
    let (first, second) = (run(7, DAYS), run(7, DAYS));
    assert_eq!(first.to_string(), second.to_string());
    assert_ne!(first.state, run(8, DAYS).state);
}

#[test]
fn one_seed_gives_the_same_bytes_in_two_processes_and_here() {
    let args = ["--seed", "5", "--days", "3"];
    let (first, second) = (process(&args), process(&args));
    assert_eq!(first, second);
    assert!(first.1);
    assert_eq!(
        String::from_utf8(first.0).unwrap(),
        run(5, DAYS).to_string()
    );
}

#[test]
fn fixed_seeds_break_no_rule() {
    let mut faults = 0;
    for seed in SEEDS {
        let report = run(seed, DAYS);
        assert!(report.broken.is_empty(), "{report}");
        faults += report.faults.values().sum::<u64>();
    }
    assert!(faults > 5_000, "only {faults} faults came");
}

#[test]
fn a_province_on_suite_two_and_a_mixed_one_break_no_rule() {
    for suites in [Suites::All(Suite::Sm2), Suites::Mixed] {
        let report = run_in(24, DAYS, suites);
        assert!(report.broken.is_empty(), "{suites:?}: {report}");
        assert!(report.signed.values().sum::<u64>() > 100, "{report}");
        assert_ne!(report.state, run(24, DAYS).state, "{suites:?}");
    }
}

#[test]
fn a_fork_known_only_elsewhere_stands_alike_after_two_weeks() {
    let report = run(329, 14);
    assert!(report.broken.is_empty(), "{report}");
}

#[test]
fn a_range_that_runs_backwards_is_refused_by_its_sentence() {
    let out = Command::new(env!("CARGO_BIN_EXE_testnet"))
        .args(["sim", "--seeds", "5..5"])
        .output()
        .unwrap();
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(
        text.contains("seeds are FROM..TO with FROM below TO"),
        "{text}"
    );
}
