//! Reports made durable by a whole gateway: HTTP over kept connections, group commit, a store on a real
//! disk; beside `PostgreSQL` and `SQLite` in the same run where they are found.

use super::figure::Figure;
use super::ingest::Township;
use super::key::office;
use super::rival::{Postgres, sqlite, told};
use super::world::START_MS;
use super::{MeasureError, peer};
use jiaolian_node::event::Events;
use jiaolian_node::gateway::drive::{Driver, Load, drive};
use jiaolian_node::gateway::{self, Limits};
use jiaolian_node::metric::Metrics;
use jiaolian_node::owner::{Node, Owner, Parts};
use jiaolian_node::view::County;
use jiaolian_schema::rule::RulePack;
use jiaolian_sync::Replica;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

const SECTION: &str = "ingest";
/// Connections, requests of each, reports in a request.
const RUNS: [(usize, usize, usize); 4] =
    [(32, 150, 1), (1_024, 25, 1), (32, 25, 100), (32, 4, 1_000)];
const RUNS_QUICK: [(usize, usize, usize); 2] = [(32, 8, 1), (32, 2, 100)];
/// Clients of `PostgreSQL`, each with one insert in flight.
const CLIENTS: usize = 32;
/// A gateway that turns nobody away.
const AMPLE: Limits = Limits {
    device_reports_s: 1_000_000,
    device_burst: 1_000_000,
    stranger_requests_s: 1_000_000,
    stranger_burst: 1_000_000,
};

/// A township's node behind its gateway.
struct Serving {
    addr: SocketAddr,
    time: Arc<AtomicI64>,
}

pub(super) fn measure(quick: bool, notes: &mut Vec<String>) -> Result<Vec<Figure>, MeasureError> {
    let least = Duration::from_millis(if quick { 100 } else { 3_000 });
    let runs: &[_] = if quick { &RUNS_QUICK } else { &RUNS };
    let rates = driven(runs)?;
    let peers = Peers::measure(least, notes);
    let mut figures = Vec::new();
    for ((connections, _, reports), rate) in runs.iter().zip(rates) {
        figures.extend(peers.beside((*connections, *reports), rate));
    }
    Ok(figures)
}

/// Reports durable a second, by run.
fn driven(runs: &[(usize, usize, usize)]) -> Result<Vec<f64>, MeasureError> {
    let people = runs.iter().map(|run| run.0).max().unwrap_or(1);
    let closed = Township::with_cases(people as u64)?.close();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let (store, setup) = closed.store()?;
    let time = Arc::new(AtomicI64::new(START_MS));
    let clock = Arc::clone(&time);
    let make = move || {
        let replica = Replica::open(store.reader(), setup).expect("what was closed opens");
        Node::new(Parts {
            replica,
            store,
            links: None,
            rules: Arc::new(RulePack::builtin()),
            counties: Arc::new(County::demo()),
            events: Arc::new(Events::new(START_MS)),
            metrics: Arc::new(Metrics::default()),
            office: office("t"),
            demo: true,
            clock: Arc::new(move || clock.load(Ordering::SeqCst)),
            tip: None,
        })
    };
    let (owner, thread) = Owner::start(make, None)?;
    let rates = runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (stop, stopped) = watch::channel(false);
        let addr = listener.local_addr()?;
        let metrics = Arc::new(Metrics::default());
        tokio::spawn(gateway::serve(listener, owner, metrics, AMPLE, stopped));
        let serving = Serving { addr, time };
        let rates = serving.drive_all(runs).await;
        stop.send_replace(true);
        rates
    });
    // With the runtime go the last who could ask the owner anything.
    drop(runtime);
    match thread.join() {
        Ok(Ok(())) => rates,
        Ok(Err(error)) => Err(MeasureError::Wrong(error.to_string())),
        Err(_) => Err(MeasureError::Wrong("the owner thread broke off".to_owned())),
    }
}

impl Serving {
    async fn drive_all(&self, runs: &[(usize, usize, usize)]) -> Result<Vec<f64>, MeasureError> {
        let (mut rates, mut first_at) = (Vec::new(), START_MS + 60_000);
        for (connections, requests, reports) in runs {
            let took_ms = (requests * reports) as i64 * 1_000;
            // What a device sends now, it has gathered up to now.
            self.time.store(first_at + took_ms, Ordering::SeqCst);
            let load = Load {
                requests: *requests,
                reports: *reports,
                first_at,
                around: (277_000_000, 1_115_000_000),
            };
            let driver = |number| Driver {
                terminal: format!("band-{number}"),
                token: "any".to_owned(),
            };
            let drivers = (0..*connections).map(driver).collect();
            let driven = drive(self.addr, drivers, load).await?;
            if driven.accepted != (connections * requests * reports) as u64 {
                let text = format!("{} of the reports were accepted", driven.accepted);
                return Err(MeasureError::Wrong(text));
            }
            rates.push(driven.per_s());
            first_at += took_ms + 1_000;
        }
        Ok(rates)
    }
}

/// What the peers make durable a second; none where one is not there.
struct Peers {
    inserts: Option<f64>,
    copies: [Option<f64>; 2],
    sqlite: [Option<f64>; 2],
}

impl Peers {
    fn measure(least: Duration, notes: &mut Vec<String>) -> Self {
        let server = told(Postgres::start(), notes);
        let server = server.as_ref();
        let mut ask = |ask: &dyn Fn(&Postgres) -> Result<f64, String>| {
            server.and_then(|server| told(ask(server), notes))
        };
        let inserts = ask(&|server| server.inserts(CLIENTS, least));
        let copies = [100, 1_000].map(|batch| ask(&|server| server.copies(batch, least)));
        let sqlite = [100, 1_000].map(|batch| told(sqlite(batch, least), notes));
        Self {
            inserts,
            copies,
            sqlite,
        }
    }

    fn beside(&self, (connections, reports): (usize, usize), rate: f64) -> Vec<Figure> {
        if reports == 1 {
            let what = "gateway: single reports durable (n connections)";
            let insert = peer::POSTGRES_INSERT_32;
            let goal = if connections > 32 { 3.0 } else { 0.7 };
            let figure = Figure::timed(SECTION, what, connections as u64, (rate, "/s")).more();
            let against = match self.inserts {
                Some(inserts) => ("PostgreSQL INSERT, 32 clients, this run", inserts),
                None => (insert.name, insert.figure),
            };
            return vec![figure.against(against.0, against.1).goal(goal)];
        }
        let what = "gateway: reports durable, 32 connections, batches (of n)";
        let figure = || Figure::timed(SECTION, what, reports as u64, (rate, "/s")).more();
        let at = usize::from(reports > 100);
        let copy = peer::POSTGRES_COPY_100;
        let mut figures = vec![match self.copies[at] {
            Some(copies) => figure().against("PostgreSQL COPY of as many, this run", copies),
            None => figure().against(copy.name, copy.figure),
        }];
        if at == 0 {
            figures[0].goal = Some(2.0);
        }
        if let Some(sqlite) = self.sqlite[at] {
            figures.push(figure().against("SQLite of as many, synced, this run", sqlite));
        }
        figures
    }
}
