//! Position reports made durable by a township's node on a real disk: reports a second by the size
//! of a commit, and their bytes on the disk.

use super::figure::Figure;
use super::key::{code, peer as peer_of};
use super::node::{Commit, Node};
use super::pen::Pen;
use super::terrain::{Span, counties, fence_around, span_of, walk};
use super::world::World;
use super::{Args, MeasureError, Part, gateway, peer, timing};
use jiaolian_node::seal::{CaseSecret, OpsKey, Place};
use jiaolian_node::store::{CACHE_MIB_DEFAULT, CopyError, DiskStore, FileMedium, StoreReader};
use jiaolian_schema::fix::Fix;
use jiaolian_schema::suite::Suite;
use jiaolian_sync::{Judged, Replica, Setup, Table};
use redb::{Database, TableDefinition};
use std::fs::File;
use std::io::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SECTION: &str = "ingest";
/// People under watch.
const PEOPLE: u64 = 100;
/// Cases in a commit.
const CASES_AT_ONCE: u64 = 500;
/// Reports in a commit.
const BATCHES: [usize; 4] = [1, 32, 100, 1_000];
/// Reports in a commit where the suites are compared.
const SEALED_BATCH: usize = 100;
/// Rows that a report changes: the fix and the person's watch.
const ROWS_PER_REPORT: usize = 2;
/// Bytes of a key and of a value of such a row, about.
const ROW_BYTES: (usize, usize) = (56, 120);
/// Bytes of one append to a log.
const APPEND_BYTES: usize = 4_096;
/// A report comes this long after its fix, ms.
const ON_THE_WAY_MS: i64 = 1_000;

/// A township's node on a disk of its own, with people under watch.
pub(super) struct Township {
    world: World,
    pub(super) node: Node<StoreReader>,
    store: Rc<DiskStore>,
    ops: OpsKey,
    directory: TempDir,
    span: Span,
}

/// The same after it was stopped.
pub(super) struct Closed {
    world: World,
    ops: OpsKey,
    directory: TempDir,
}

impl Township {
    pub(super) fn with_cases(cases: u64) -> Result<Self, MeasureError> {
        Self::sealed_in(Suite::Ed25519, cases)
    }

    fn sealed_in(suite: Suite, cases: u64) -> Result<Self, MeasureError> {
        let (ops, case) = (OpsKey::generate_in(suite), CaseSecret::generate_in(suite));
        let directory = tempfile::tempdir()?;
        let medium = medium(&directory);
        let store = DiskStore::create(medium, CACHE_MIB_DEFAULT, ops.clone(), case.public())?;
        store
            .unlock(case)
            .map_err(|error| MeasureError::Wrong(error.to_string()))?;
        let store = Rc::new(store);
        let world = World::found()?;
        let disk = store.clone();
        let commit: Commit = Box::new(move |writes| Ok(disk.commit(writes)?));
        let setup = world.setup("t");
        let mut node = Node::open(store.reader(), commit, peer_of("t"), setup)?;
        world.enter("t", &mut node)?;
        let span = span_of(&counties()?[..1]);
        let fence = fence_around(span)?;
        let mut pen = Pen::default();
        for number in 0..cases {
            world.watched_case(&mut pen, number, &fence)?;
            if number % CASES_AT_ONCE == CASES_AT_ONCE - 1 {
                pen.hand_in(&world, &mut node)?;
            }
        }
        pen.hand_in(&world, &mut node)?;
        Ok(Self {
            world,
            node,
            store,
            ops,
            directory,
            span,
        })
    }

    pub(super) fn close(self) -> Closed {
        Closed {
            world: self.world,
            ops: self.ops,
            directory: self.directory,
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.store.reader().bytes()
    }

    pub(super) fn count(&self, table: Table) -> Result<u64, MeasureError> {
        Ok(self.store.reader().count(table)?)
    }

    /// Bytes of a table's rows as they lie on the disk, keys included.
    pub(super) fn sealed_bytes(&self, table: Table) -> Result<usize, MeasureError> {
        let mut bytes = 0;
        let reader = self.store.reader();
        let read = reader.each_sealed(|(of, key, sealed)| {
            if of == table {
                bytes += key.len() + sealed.len();
            }
            Ok::<(), MeasureError>(())
        });
        match read {
            Ok(()) => Ok(bytes),
            Err(CopyError::Store(error)) => Err(error.into()),
            Err(CopyError::Taker(error)) => Err(error),
        }
    }
}

impl Closed {
    /// Opens disk and replica as a start does, with the CASE domain closed.
    pub(super) fn open(&mut self) -> Result<(), MeasureError> {
        let (store, setup) = self.store()?;
        drop(Replica::open(store.reader(), setup)?);
        Ok(())
    }

    /// The disk, and what a replica over it is told at its start.
    pub(super) fn store(&self) -> Result<(DiskStore, Setup), MeasureError> {
        let store = DiskStore::open(medium(&self.directory), CACHE_MIB_DEFAULT, self.ops.clone())?;
        Ok((store, self.world.setup("t")))
    }
}

fn medium(directory: &TempDir) -> Arc<FileMedium> {
    Arc::new(FileMedium::new(
        &directory.path().join("store.redb"),
        Duration::ZERO,
    ))
}

pub(super) fn measure(args: &Args, notes: &mut Vec<String>) -> Result<Vec<Figure>, MeasureError> {
    let mut figures = Vec::new();
    if args.wants(Part::Store) {
        figures.extend(commits(args.quick)?);
    }
    if args.wants(Part::Gateway) {
        figures.extend(gateway::measure(args.quick, notes)?);
    }
    Ok(figures)
}

/// Reports made durable by commits, without a gateway.
fn commits(quick: bool) -> Result<Vec<Figure>, MeasureError> {
    let least = Duration::from_millis(if quick { 20 } else { 2_000 });
    let (people, each) = if quick { (4, 6_000) } else { (PEOPLE, 12_000) };
    let mut township = Township::with_cases(people)?;
    let syncs = disk_syncs(least)?;
    let mut figures = vec![
        Figure::timed(SECTION, "disk: append of 4 KiB and sync", 1, (syncs, "/s"))
            .against(peer::DISK_SYNCS.name, peer::DISK_SYNCS.figure)
            .more(),
    ];
    let mut reports = reports(people, each, township.span);
    let empty = township.bytes();
    let mut in_suite_one = 0.0;
    for batch in BATCHES {
        let rate = ingest(&mut township, &mut reports, batch, least)?;
        if batch == SEALED_BATCH {
            in_suite_one = rate;
        }
        figures.extend(rates(batch, rate, syncs, bare_redb(batch, least)?));
    }
    figures.extend(bytes_on_disk(&township, empty)?);
    figures.extend(sealing(people, each, in_suite_one, least)?);
    Ok(figures)
}

/// What sealing costs a report in either suite, and how a township on suite 2 keeps up.
fn sealing(
    people: u64,
    each: usize,
    in_suite_one: f64,
    least: Duration,
) -> Result<Vec<Figure>, MeasureError> {
    let mut township = Township::sealed_in(Suite::Sm2, people)?;
    let mut reports = reports(people, each, township.span);
    let in_suite_two = ingest(&mut township, &mut reports, SEALED_BATCH, least)?;
    let durable = "reports durable, 100 in a commit, sealed in suite n";
    let mut figures = vec![
        Figure::timed(SECTION, durable, 2, (in_suite_two, "/s"))
            .against("the same in suite 1, this run", in_suite_one)
            .more(),
    ];
    for (suite, rate) in [(Suite::Ed25519, in_suite_one), (Suite::Sm2, in_suite_two)] {
        let ops = OpsKey::generate_in(suite);
        let place = Place {
            table: 10,
            key: &[9; ROW_BYTES.0],
        };
        let row = [3; ROW_BYTES.1];
        let rows = timing::rate(least, || {
            for _ in 0..SEALED_BATCH {
                std::hint::black_box(ops.seal(place, &row));
            }
            SEALED_BATCH
        });
        let what = "sealing a report's rows (suite n)";
        let cost = ROWS_PER_REPORT as f64 * 1e6 / rows;
        figures.push(
            Figure::timed(SECTION, what, u64::from(suite.number()), (cost, "µs"))
                .against("a report made durable so, this run", 1e6 / rate),
        );
    }
    Ok(figures)
}

/// Everybody's fixes in the order of their times.
fn reports(people: u64, each: usize, span: Span) -> impl Iterator<Item = Fix> {
    let walks: Vec<Vec<Fix>> = (0..people)
        .map(|number| walk(&code(number).to_hex(), span, each, number))
        .collect();
    (0..each).flat_map(move |at| {
        walks
            .iter()
            .map(|walk| walk[at].clone())
            .collect::<Vec<_>>()
    })
}

/// Reports a second, so many in a commit.
fn ingest(
    township: &mut Township,
    reports: &mut impl Iterator<Item = Fix>,
    batch: usize,
    least: Duration,
) -> Result<f64, MeasureError> {
    let (started, mut count) = (Instant::now(), 0);
    loop {
        let fixes: Vec<Fix> = reports.take(batch).collect();
        if fixes.is_empty() {
            break;
        }
        for fix in &fixes {
            let outcome =
                township
                    .node
                    .replica
                    .report(fix, fix.point.time + ON_THE_WAY_MS, true)?;
            if outcome.judged != Judged::Next {
                return Err(MeasureError::Wrong(format!(
                    "a report came to {:?}",
                    outcome.judged
                )));
            }
        }
        township.node.settle()?;
        count += fixes.len();
        if started.elapsed() >= least {
            break;
        }
    }
    if count == 0 {
        let text = format!("no report is left for commits of {batch}");
        return Err(MeasureError::Wrong(text));
    }
    Ok(timing::per_second(count, started.elapsed()))
}

fn rates(batch: usize, rate: f64, syncs: f64, redb: f64) -> Vec<Figure> {
    let figure = || {
        let what = "reports durable (n in a commit)";
        Figure::timed(SECTION, what, batch as u64, (rate, "/s")).more()
    };
    let mut figures = vec![figure().against("bare redb, same rows unsealed, this run", redb)];
    match batch {
        1 => figures.push(figure().against("disk syncs, this run", syncs)),
        100 => {
            let peer = peer::POSTGRES_COPY_100;
            figures.push(figure().against(peer.name, peer.figure));
        }
        _ => {
            let peer = peer::POSTGRES_INSERT_32;
            figures.push(figure().against(peer.name, peer.figure));
        }
    }
    figures
}

fn bytes_on_disk(township: &Township, empty: u64) -> Result<Vec<Figure>, MeasureError> {
    let fixes = township.store.reader().count(Table::Fix)?;
    let grown = township.bytes().saturating_sub(empty) as f64 / fixes as f64;
    let (took, compacted) = timing::time(|| township.store.compact());
    compacted?;
    let packed = township.bytes() as f64 / fixes as f64;
    let json = peer::JSON_REPORT_BYTES;
    let row = |what, bytes: f64| {
        Figure::counted(SECTION, what, fixes, (bytes, "B")).against(json.name, json.figure)
    };
    Ok(vec![
        Figure {
            timed: true,
            ..row("file growth a report (n reports)", grown)
        },
        Figure {
            timed: true,
            ..row("file a report, compacted", packed)
        },
        Figure::timed(SECTION, "compact", fixes, (timing::millis(took), "ms"))
            .against("a second", 1_000.0),
    ])
}

/// Durable appends a second, nothing else.
fn disk_syncs(least: Duration) -> Result<f64, MeasureError> {
    let directory = tempfile::tempdir()?;
    let mut file = File::create(directory.path().join("log"))?;
    let page = [7; APPEND_BYTES];
    let mut failed = None;
    let rate = timing::rate(least, || {
        let appended = file.write_all(&page).and_then(|()| file.sync_data());
        failed = failed.take().or(appended.err());
        1
    });
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(rate),
    }
}

/// Reports a second of a bare redb: rows of the same sizes, neither judged nor sealed.
fn bare_redb(batch: usize, least: Duration) -> Result<f64, MeasureError> {
    const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
    let directory = tempfile::tempdir()?;
    let database =
        Database::create(directory.path().join("bare.redb")).map_err(redb::Error::from)?;
    let mut number = 0_u64;
    let mut write = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        {
            let mut table = transaction.open_table(ROWS)?;
            for _ in 0..batch * ROWS_PER_REPORT {
                number += 1;
                let mut key = [0; ROW_BYTES.0];
                // Half of the rows are new, half replace one of a person.
                let place = if number.is_multiple_of(2) {
                    number
                } else {
                    number % PEOPLE
                };
                key[..8].copy_from_slice(&place.to_be_bytes());
                table.insert(key.as_slice(), [3; ROW_BYTES.1].as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    };
    let mut failed = None;
    let rate = timing::rate(least, || {
        failed = failed.take().or(write().err());
        batch
    });
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(rate),
    }
}
