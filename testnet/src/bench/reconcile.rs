//! Two replicas meet again over stores in memory: with nothing changed, with ten dossiers changed,
//! and the first copy.

use super::figure::Figure;
use super::node::{Memory, Node};
use super::wire::{Trip, meet, part, rest};
use super::world::World;
use super::{Args, MeasureError, peer, timing};
use jiaolian_schema::id::DossierId;
use jiaolian_schema::value::Fields;
use jiaolian_sync::Replica;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const SIZES_QUICK: [usize; 2] = [40, 400];
/// Dossiers changed on a side.
const CHANGES: usize = 10;
/// Reconnects of which the median counts.
const RUNS: usize = 9;
/// Dossiers opened between two commits while the store is filled.
const FILL_BATCH: usize = 100;
const SECTION: &str = "reconcile";

pub(super) fn measure(args: &Args) -> Result<Vec<Figure>, MeasureError> {
    let sizes = match args.dossiers {
        Some(size) => vec![size as usize],
        None if args.quick => SIZES_QUICK.to_vec(),
        None => SIZES.to_vec(),
    };
    let mut figures = Vec::new();
    for size in sizes {
        figures.extend(measure_size(size)?);
    }
    figures.extend(copy(if args.quick { 50 } else { 1_000 })?);
    Ok(figures)
}

/// A township with its cases and the county above it, with the same.
struct Pair {
    world: World,
    township: Node<Memory>,
    county: Node<Memory>,
    county_disk: Memory,
    cases: Vec<DossierId>,
    first: Trip,
}

impl Pair {
    fn fill(size: usize, fields: impl Fn(u64) -> Fields) -> Result<Self, MeasureError> {
        let mut world = World::found()?;
        let (mut township, _) = world.join("t")?;
        let (mut county, county_disk) = world.join("c")?;
        world.now += 60_000;
        let mut cases = Vec::with_capacity(size);
        for number in 0..size as u64 {
            cases.push(world.open(&mut township, number, fields(number))?);
            if cases.len().is_multiple_of(FILL_BATCH) {
                township.settle()?;
            }
        }
        township.settle()?;
        let first = meet(&mut township, &mut county, world.now)?;
        world.now = rest(&mut township, &mut county, world.now)?;
        part(&mut township, &mut county)?;
        let mut pair = Self {
            world,
            township,
            county,
            county_disk,
            cases,
            first,
        };
        pair.check()?;
        Ok(pair)
    }

    /// Both have every case, with the same frontier.
    fn check(&mut self) -> Result<(), MeasureError> {
        for case in &self.cases {
            let (here, there) = (&self.township.replica, &self.county.replica);
            if here.frontier(*case) != there.frontier(*case) || there.dossier(*case).is_none() {
                return Err(MeasureError::Apart(format!("case {case}")));
            }
        }
        Ok(())
    }

    fn again(&mut self) -> Result<Trip, MeasureError> {
        self.world.now += 1_000;
        let trip = meet(&mut self.township, &mut self.county, self.world.now)?;
        part(&mut self.township, &mut self.county)?;
        Ok(trip)
    }

    /// A meeting after one field changed in so many cases below and so many others above.
    fn again_changed(&mut self, below: usize, above: usize) -> Result<Trip, MeasureError> {
        self.world.now += 1_000;
        let stride = self.cases.len() / (below + above);
        let mut at = (0..below + above).map(|number| self.cases[number * stride]);
        let (lower, upper): (Vec<_>, Vec<_>) = (at.by_ref().take(below).collect(), at.collect());
        let value = format!("field as of {}", self.world.now);
        for case in lower {
            let field = ("address", value.as_bytes());
            self.world
                .amend(&mut self.township, "t-head", case, field, Vec::new())?;
        }
        for case in upper {
            let field = ("class", value.as_bytes());
            self.world
                .amend(&mut self.county, "c-head", case, field, Vec::new())?;
        }
        self.township.settle()?;
        self.county.settle()?;
        let trip = meet(&mut self.township, &mut self.county, self.world.now)?;
        self.check()?;
        self.world.now = rest(&mut self.township, &mut self.county, self.world.now)?;
        part(&mut self.township, &mut self.county)?;
        self.again()?;
        Ok(trip)
    }
}

fn measure_size(size: usize) -> Result<Vec<Figure>, MeasureError> {
    let mut pair = Pair::fill(size, |_| small())?;
    let n = size as u64;
    pair.again()?;
    let mut trips = Vec::new();
    for _ in 0..RUNS {
        trips.push(pair.again()?);
    }
    let mut figures = unchanged(n, &mut trips);
    let trip = pair.again_changed(CHANGES, 0)?;
    figures.extend(changed(n, trip));
    let trip = pair.again_changed(CHANGES, CHANGES)?;
    figures.extend(changed_both(n, trip));
    let mut setups = (0..3).map(|_| pair.world.setup("c")).collect::<Vec<_>>();
    let took = timing::median_of(3, || {
        let (disk, setup) = (pair.county_disk.clone(), setups.pop());
        let setup = setup.expect("there is a setup for each run");
        timing::time(|| Replica::open(disk, setup).map(drop)).0
    });
    let share = size as f64 / peer::PROVINCE_DOSSIERS;
    figures.push(
        Figure::timed(
            SECTION,
            "open the county's replica",
            n,
            (timing::millis(took), "ms"),
        )
        .against(
            "limit: province's start, by size",
            peer::LIMIT_PROVINCE_START_MS * share,
        )
        .goal(1.0),
    );
    Ok(figures)
}

fn unchanged(n: u64, trips: &mut [Trip]) -> Vec<Figure> {
    trips.sort_by_key(|trip| trip.took);
    let (trip, size) = (trips[trips.len() / 2], n as f64);
    let what = |part: &str| format!("unchanged: {part}");
    let bytes = || Figure::counted(SECTION, what("payload"), n, (trip.bytes as f64, "B"));
    let automerge = peer::AUTOMERGE_NOOP_BYTES_PER_DOCUMENT * size;
    vec![
        bytes()
            .against(peer::LIMIT_NOOP_BYTES.name, peer::LIMIT_NOOP_BYTES.figure)
            .goal(1.0),
        bytes().against("automerge-repo 2.5 payload", automerge),
        bytes().against(peer::POUCHDB_NOOP.name, peer::POUCHDB_NOOP.figure),
        bytes().against(peer::IROH_DOCS_NOOP.name, peer::IROH_DOCS_NOOP.figure),
        Figure::counted(SECTION, what("messages"), n, (trip.frames as f64, "msg")).against(
            "automerge-repo 2.5",
            peer::AUTOMERGE_NOOP_MESSAGES_PER_DOCUMENT * size,
        ),
        Figure::counted(
            SECTION,
            what("one-way flights"),
            n,
            (f64::from(trip.flights), "flights"),
        )
        .against(
            peer::LIMIT_NOOP_FLIGHTS.name,
            peer::LIMIT_NOOP_FLIGHTS.figure,
        )
        .goal(1.0),
        Figure::timed(
            SECTION,
            what("time, both sides"),
            n,
            (timing::millis(trip.took), "ms"),
        )
        .against(peer::LIMIT_NOOP_MS.name, peer::LIMIT_NOOP_MS.figure)
        .goal(1.0),
    ]
}

fn changed(n: u64, trip: Trip) -> Vec<Figure> {
    let what = |part: &str| format!("{CHANGES} changed below: {part}");
    let flights = (f64::from(trip.flights), "flights");
    let pouchdb = peer::POUCHDB_DELTA_FLIGHTS;
    vec![
        Figure::counted(
            SECTION,
            what("bytes beside envelopes"),
            n,
            (trip.talk_bytes() as f64, "B"),
        )
        .against(
            "limit: 60 B a change",
            peer::LIMIT_DELTA_BYTES_PER_CHANGE * CHANGES as f64,
        )
        .goal(1.0),
        Figure::counted(SECTION, what("payload"), n, (trip.bytes as f64, "B"))
            .against("its envelopes alone", trip.envelope_bytes as f64),
        Figure::counted(SECTION, what("messages"), n, (trip.frames as f64, "msg"))
            .against("an envelope a message", CHANGES as f64),
        Figure::counted(SECTION, what("one-way flights"), n, flights)
            .against(pouchdb.name, pouchdb.figure),
        Figure::timed(
            SECTION,
            what("time, both sides"),
            n,
            (timing::millis(trip.took), "ms"),
        )
        .against(peer::LIMIT_NOOP_MS.name, peer::LIMIT_NOOP_MS.figure),
    ]
}

fn changed_both(n: u64, trip: Trip) -> Vec<Figure> {
    let what = format!("{CHANGES}+{CHANGES} changed: payload");
    let bytes = || Figure::counted(SECTION, what.clone(), n, (trip.bytes as f64, "B"));
    vec![
        bytes()
            .against(peer::POUCHDB_DELTA.name, peer::POUCHDB_DELTA.figure)
            .goal(0.125),
        bytes().against(peer::AUTOMERGE_DELTA.name, peer::AUTOMERGE_DELTA.figure),
        bytes().against(peer::IROH_DOCS_DELTA.name, peer::IROH_DOCS_DELTA.figure),
    ]
}

/// The first copy of cases of about 4 KB each, one envelope a case.
fn copy(size: usize) -> Result<Vec<Figure>, MeasureError> {
    let pair = Pair::fill(size, large)?;
    let each = pair.first.bytes as f64 / size as f64;
    let rate = timing::per_second(size, pair.first.took);
    let n = size as u64;
    Ok(vec![
        Figure::counted(
            SECTION,
            "first copy, 4 KB a case: payload a case",
            n,
            (each, "B"),
        )
        .against(
            peer::POUCHDB_COPY_BYTES.name,
            peer::POUCHDB_COPY_BYTES.figure,
        )
        .goal(1.0 / 3.0),
        Figure::timed(
            SECTION,
            "first copy, 4 KB a case: both sides",
            n,
            (rate, "cases/s"),
        )
        .against(peer::POUCHDB_COPY_RATE.name, peer::POUCHDB_COPY_RATE.figure)
        .more()
        .goal(5.0),
    ])
}

fn small() -> Fields {
    [
        ("name".to_owned(), "某某".into()),
        ("sex".to_owned(), 1.into()),
    ]
    .into()
}

/// About as much as the peers' documents: 60 fields and 40 entries of a few words, 4 KB of JSON.
fn large(number: u64) -> Fields {
    const WORDS: [&str; 28] = [
        "river",
        "bridge",
        "north",
        "camp",
        "village",
        "ridge",
        "radio",
        "team",
        "found",
        "child",
        "adult",
        "water",
        "shelter",
        "search",
        "sector",
        "grid",
        "medic",
        "transport",
        "fever",
        "injured",
        "missing",
        "hamlet",
        "crossing",
        "checkpoint",
        "supply",
        "route",
        "contact",
        "slope",
    ];
    let mut dice = super::dice::Dice::new(number);
    let mut words = |count: usize| {
        let words: Vec<_> = (0..count).map(|_| WORDS[dice.below(28) as usize]).collect();
        words.join(" ")
    };
    let mut fields = Fields::new();
    for at in 0..60_i64 {
        let text = words(if at % 2 == 0 { 3 } else { 1 });
        fields.insert(format!("f{at:02}"), text.as_str().into());
    }
    for at in 0..40_u64 {
        let second = 1_790_000_000 + (number * 7_919 + at * 104_729) % 1_000_000;
        let entry = format!(
            "{second} {} u{} {}",
            words(1),
            (number + at * 31) % 99,
            words(4)
        );
        fields.insert(format!("event/{at:02}"), entry.as_str().into());
    }
    fields
}
