//! Measures the device gateway on this machine's disk: reports durable a second over HTTP, with
//! connections kept alive.

#![allow(clippy::unwrap_used, dead_code)]

#[path = "../tests/gateway_http/world.rs"]
mod world;

use jiaolian_node::gateway::drive::{Load, drive};
use std::io::Write as _;
use world::{AMPLE, START, World, driver};

/// Connections, requests of each, reports in a request.
const RUNS: [(usize, usize, usize); 4] = [(1, 200, 1), (32, 200, 1), (256, 40, 1), (32, 8, 100)];
const PEOPLE: usize = 256;

#[tokio::main]
async fn main() {
    let world = World::with_people(PEOPLE, true, AMPLE).await;
    let mut first_at = START;
    for (connections, requests, reports) in RUNS {
        let load = Load {
            requests,
            reports,
            first_at,
            around: (281_500_000, 1_136_000_000),
        };
        let drivers = (0..connections).map(driver).collect();
        let driven = drive(world.addr, drivers, load).await.unwrap();
        first_at += (requests * reports) as i64 * 1_000;
        world.advance((requests * reports) as i64 * 1_000);
        let line = format!(
            "{connections} connections, {reports} reports a request: {} reports in {:.2} s, {:.0}/s\n",
            driven.accepted,
            driven.took.as_secs_f64(),
            driven.per_s()
        );
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}
