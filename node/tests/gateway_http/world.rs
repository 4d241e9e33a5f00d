//! A county with one person, one band and one area that the person must not leave; its store on the
//! disk, its gateway on the loopback.

use jiaolian_node::event::Events;
use jiaolian_node::gateway::drive::Driver;
use jiaolian_node::gateway::terminal::{self, TerminalDoor, Terminals, Terms};
use jiaolian_node::gateway::{self, Limits};
use jiaolian_node::metric::Metrics;
use jiaolian_node::owner::{Node, Owner, Parts, StopError};
use jiaolian_node::seal::{CaseSecret, OpsKey, entropy};
use jiaolian_node::store::{CACHE_MIB_DEFAULT, DiskStore, FileMedium, StoreReader};
use jiaolian_node::view::County;
use jiaolian_schema::act::{Act, Amend, Apply, Appoint, Found, Open, Span, Step};
use jiaolian_schema::admit::Introduction;
use jiaolian_schema::authority::RootKey;
use jiaolian_schema::canon;
use jiaolian_schema::checkin::{CheckIn, Plan};
use jiaolian_schema::device::{Device, Regime, token_hash};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::fact::What;
use jiaolian_schema::fence::{Fence, FenceKind};
use jiaolian_schema::geo::{Coord, Shape};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, OfficeId, PersonCode, PersonId, sha256};
use jiaolian_schema::jt808::ItemTable;
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::{ED25519, Ed25519Signer, Sign as _, StrictVerifier};
use jiaolian_schema::value::{Fields, Value};
use jiaolian_sync::{
    Draft, Effect, Limits as ReplicaLimits, LocalSeat, Payload, Replica, Seat, Setup, StoredFix,
    StoredSignal, Table,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// 2 March 2026, 09:00 in Asia/Shanghai.
pub(crate) const START: i64 = 1_772_413_200_000;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const DAY: i64 = 86_400_000;
/// A band with a token, and one that has none on file.
pub(crate) const BAND: &str = "band-1";
pub(crate) const BARE: &str = "band-0";
/// A band that speaks JT/T 808: eleven digits, of which it sends twelve or twenty.
pub(crate) const TERMINAL: &str = "13800138000";
/// A band that reports to its maker's platform only, and what that platform is bound by.
pub(crate) const VENDED: &str = "860000000000001";
pub(crate) const VENDOR_TOKEN: &str = "of-the-bands-of-acme";
/// A phone that signs.
pub(crate) const PHONE: &str = "phone-1";
/// One without a token on file, and one whose binding ended two days ago.
pub(crate) const BARE_TERMINAL: &str = "42";
pub(crate) const LATE_TERMINAL: &str = "77";
/// A band whose binding ended before the story begins.
pub(crate) const LAPSED: &str = "band-9";
pub(crate) const TOKEN: &str = "kQ3v-81mZ-pp0x-77Lw";
/// The middle of the area, and a place 20 km east of it.
pub(crate) const HOME: (f64, f64) = (28.15, 113.6);
pub(crate) const AWAY: (f64, f64) = (28.15, 113.8);
/// As much as a test likes.
pub(crate) const AMPLE: Limits = Limits {
    device_reports_s: 1_000_000,
    device_burst: 1_000_000,
    stranger_requests_s: 1_000,
    stranger_burst: 1_000,
};

const OFFICES: [(&str, Option<&str>, u8); 4] = [
    ("province", None, 4),
    ("city", Some("province"), 3),
    ("county", Some("city"), 2),
    ("township", Some("county"), 1),
];
const PEOPLE: [(&str, &str, &str); 3] = [
    ("case", "county", "CTY_CASE"),
    ("head", "township", "OFF_HEAD"),
    ("bureau", "county", "CTY_BUREAU"),
];

/// The keys that outlive a start of the program.
#[derive(Clone, Copy)]
struct Keys {
    ops: [u8; 32],
    node: Seat,
}

/// Terms of the door for terminals, long enough for any test that does not wait for them.
pub(crate) fn terms() -> Terms {
    Terms {
        silence_ms: 600_000,
        hello_ms: 600_000,
        frame_ms: 600_000,
        answer_ms: 600_000,
        connections_max: 256,
        assembling_max: 16,
        main: None,
        backup: None,
        port: None,
        interval_s: None,
        quick: false,
    }
}

pub(crate) struct World {
    pub(crate) addr: SocketAddr,
    /// Where terminals connect.
    pub(crate) tcp: SocketAddr,
    pub(crate) terminals: Arc<Terminals>,
    pub(crate) owner: Owner<Node>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) time: Arc<AtomicI64>,
    pub(crate) dir: Arc<tempfile::TempDir>,
    reader: StoreReader,
    keys: Keys,
    stop: watch::Sender<bool>,
    _thread: JoinHandle<Result<(), StopError>>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

pub(crate) fn office(name: &str) -> OfficeId {
    OfficeId(
        sha256(&[b"office", name.as_bytes()])[..16]
            .try_into()
            .unwrap(),
    )
}

pub(crate) fn person() -> PersonCode {
    PersonCode([7; 16])
}

/// The band of the person of that number: 0 has [`BAND`].
pub(crate) fn driver(number: usize) -> Driver {
    let terminal = match number {
        0 => BAND.to_owned(),
        number => format!("unit-{number}"),
    };
    Driver {
        terminal,
        token: TOKEN.to_owned(),
    }
}

fn key(name: &str) -> Ed25519Signer {
    Ed25519Signer::from_seed(&sha256(&[b"seed", name.as_bytes()]))
}

pub(crate) fn phone_key() -> Ed25519Signer {
    key("phone")
}

fn root() -> RootKey {
    let introduction = Introduction {
        suite: ED25519,
        key: key("root").public_key(),
        office: office("province"),
        duty: Duty::Keeper,
    };
    RootKey {
        office: office("province"),
        introduction,
    }
}

fn setup(node: Option<Seat>) -> Setup {
    let signer = Box::new(key("node"));
    Setup {
        office: office("county"),
        root: root().into(),
        node: node.map(|seat| LocalSeat { signer, seat }),
        witness: None,
        rules: Arc::new(RulePack::builtin()),
        pack: RulePack::builtin().pack_id(),
        verifier: Box::new(StrictVerifier),
        limits: ReplicaLimits::default(),
        entropy: [5; 32],
    }
}

fn appoint(name: &str, at: &str, role: &str) -> Appoint {
    Appoint {
        person: PersonId(
            sha256(&[b"person", name.as_bytes()])[..16]
                .try_into()
                .unwrap(),
        ),
        name: name.to_owned(),
        staff_number: name.to_owned(),
        suite: ED25519,
        key: key(name).public_key(),
        office: office(at),
        duty: Duty::Staff,
        roles: vec![role.to_owned()],
        kinds: vec![1],
        not_before: START - 30 * DAY,
        not_after: START + 700 * DAY,
        depth: 0,
        endpoint: (role == "NODE").then(|| sha256(&[b"peer", at.as_bytes()])),
        document: "湘司任〔2026〕1号".to_owned(),
        acting: None,
    }
}

/// Signs what founds a world, one act after another.
struct Scribe<'a> {
    replica: &'a mut Replica<StoreReader>,
    salt: u64,
    seats: BTreeMap<&'static str, Seat>,
}

impl Scribe<'_> {
    fn sign(&mut self, by: &str, dossier: Option<DossierId>, act: Act) -> EnvelopeId {
        self.salt += 1;
        let salt = sha256(&[&self.salt.to_be_bytes()])[..16]
            .try_into()
            .unwrap();
        let draft = Draft {
            dossier,
            payload: Payload::Act(act),
        };
        let at = START - 20 * DAY;
        self.replica
            .sign(&key(by), self.seats[by], draft, at, salt)
            .unwrap()
    }

    fn seat(&mut self, name: &'static str, roster: DossierId, appoint: Appoint) {
        let author = appoint.author();
        let appointment = Some(self.sign("root", Some(roster), appoint.into()));
        let seat = Seat {
            author,
            appointment,
        };
        self.seats.insert(name, seat);
    }

    fn found(&mut self) {
        let mut rosters = BTreeMap::new();
        for (id, parent, tier) in OFFICES {
            let found = Found {
                office: office(id),
                parent: parent.map(office),
                tier,
                code: "430181".to_owned(),
                name: id.to_owned(),
                drill: 1,
                nonce: None,
            };
            let by = match parent {
                None | Some("province") => "root",
                Some(parent) => parent,
            };
            let roster: DossierId = self.sign(by, None, found.into()).into();
            let keeper = Appoint {
                duty: Duty::Keeper,
                roles: vec![],
                depth: 3,
                ..appoint(id, id, "")
            };
            self.seat(id, roster, keeper);
            rosters.insert(id, roster);
        }
        for (name, at, role) in PEOPLE {
            self.seat(name, rosters[at], appoint(name, at, role));
        }
        self.seat("node", rosters["county"], appoint("node", "county", "NODE"));
    }

    fn open(&mut self, number: usize, plan: Option<&Plan>) {
        let text = |text: &str| Value::from(text);
        let fields: Fields = [
            ("name", "张三"),
            ("case_number", "浏矫2026-001"),
            ("id_number", "430181199003072312"),
            ("kind", "02"),
            ("term_first", "2026-01-01"),
            ("term_last", "2027-12-31"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect();
        let mut code = person();
        code.0[..8]
            .iter_mut()
            .zip(number.to_be_bytes())
            .for_each(|(a, b)| *a ^= b);
        let open = Open {
            office: office("township"),
            person: code,
            minor: 0,
            fields,
        };
        let case: DossierId = self.sign("case", None, open.into()).into();
        self.amend("head", case, "fence/home", canon::encode(&square()));
        self.decide(case);
        let ends = START + 90 * DAY;
        self.bind(case, &driver(number).terminal, ends, true);
        if let Some(plan) = plan {
            self.amend("head", case, "checkin/daily", plan.write());
        }
        if number == 0 {
            self.bind(case, BARE, ends, false);
            self.bind(case, LAPSED, START - 10 * DAY, true);
            self.bind(case, BARE_TERMINAL, ends, false);
            self.bind(case, LATE_TERMINAL, START - 2 * DAY, true);
            let vended = Device {
                secret_hash: Some(token_hash(VENDED, VENDOR_TOKEN)),
                ..Device::new(Regime::Band, START - 20 * DAY, ends)
            };
            let field = format!("device/{VENDED}");
            self.amend("bureau", case, &field, canon::encode(&vended));
            let phone = Device {
                key: phone_key().public_key().try_into().ok(),
                ..Device::new(Regime::Phone, START - 20 * DAY, ends)
            };
            let field = format!("device/{PHONE}");
            self.amend("bureau", case, &field, canon::encode(&phone));
        }
        let terminal = 13_800_138_000 + number as u64;
        self.bind(case, &terminal.to_string(), ends, true);
    }

    /// A band may be used from twenty days before the start.
    fn decide(&mut self, case: DossierId) {
        let first_day = ((START - 20 * DAY) / DAY) as i32;
        let apply = Apply {
            workflow: "device".to_owned(),
            version: 1,
            on_behalf: 0,
            span: Some(Span {
                first_day,
                last_day: first_day + 88,
            }),
            area: None,
            fields: Fields::new(),
        };
        let matter = self.sign("case", Some(case), apply.into());
        for (event, by) in [("approve", "bureau"), ("fit", "case")] {
            let step = Step {
                matter,
                event: event.to_owned(),
                replaces: Vec::new(),
                section: None,
                fields: Fields::new(),
                span: None,
            };
            self.sign(by, Some(case), step.into());
        }
    }

    fn bind(&mut self, case: DossierId, terminal: &str, until: i64, proven: bool) {
        let device = Device {
            secret_hash: proven.then(|| token_hash(terminal, TOKEN)),
            ..Device::new(Regime::Band, START - 20 * DAY, until)
        };
        let field = format!("device/{terminal}");
        self.amend("bureau", case, &field, canon::encode(&device));
    }

    fn amend(&mut self, by: &str, case: DossierId, field: &str, value: Vec<u8>) {
        let amend = Amend {
            field: field.to_owned(),
            replaces: Vec::new(),
            value,
        };
        self.sign(by, Some(case), amend.into());
    }
}

/// A square of some 11 km around home.
fn square() -> Fence {
    let (lat, lon) = (281_500_000, 1_136_000_000);
    let half = 500_000;
    let corner = |north: i32, east: i32| Coord::new(lat + north * half, lon + east * half).unwrap();
    let ring = vec![corner(-1, -1), corner(-1, 1), corner(1, 1), corner(1, -1)];
    let shape = Shape::new(vec![vec![ring]]).unwrap();
    Fence::new("home", FenceKind::KeepIn, shape, 100_000).unwrap()
}

fn store_path(dir: &Path) -> PathBuf {
    dir.join("store")
}

impl World {
    /// A drill with ample limits.
    pub(crate) async fn open() -> Self {
        Self::open_with(true, AMPLE).await
    }

    pub(crate) async fn open_with(demo: bool, limits: Limits) -> Self {
        Self::with_people(1, demo, limits).await
    }

    pub(crate) async fn with_people(people: usize, demo: bool, limits: Limits) -> Self {
        Self::whole(people, (demo, limits, terms())).await
    }

    /// A live node whose door for terminals has these terms.
    pub(crate) async fn with_terms(terms: Terms) -> Self {
        Self::whole(1, (false, AMPLE, terms)).await
    }

    /// A live node that asks its person to check in by this plan.
    pub(crate) async fn asking(plan: &Plan) -> Self {
        Self::planned(1, (false, AMPLE, terms()), Some(plan)).await
    }

    pub(crate) async fn whole(people: usize, doors: (bool, Limits, Terms)) -> Self {
        Self::planned(people, doors, None).await
    }

    async fn planned(people: usize, doors: (bool, Limits, Terms), plan: Option<&Plan>) -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let medium = Arc::new(FileMedium::new(&store_path(dir.path()), Duration::ZERO));
        let ops = OpsKey::generate();
        let bytes = *ops.to_bytes();
        let public = CaseSecret::generate().public();
        let store = DiskStore::create(medium, CACHE_MIB_DEFAULT, ops, public).unwrap();
        let mut replica = Replica::open(store.reader(), setup(None)).unwrap();
        let author = root().introduction.author();
        let root_seat = Seat {
            author,
            appointment: None,
        };
        let mut scribe = Scribe {
            replica: &mut replica,
            salt: 0,
            seats: BTreeMap::from([("root", root_seat)]),
        };
        scribe.found();
        (0..people).for_each(|number| scribe.open(number, plan));
        let node = scribe.seats["node"];
        for effect in replica.drain() {
            if let Effect::Store(writes) = effect {
                store.commit(&writes).unwrap();
            }
        }
        drop(replica);
        let time = Arc::new(AtomicI64::new(START));
        Self::serve((dir, store), Keys { ops: bytes, node }, time, doors).await
    }

    /// The same node as the disk would show it had the power failed now: what stands in the file,
    /// with no farewell by the program.
    pub(crate) async fn after_power_cut(&self) -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let copy = store_path(dir.path());
        std::fs::copy(store_path(self.dir.path()), &copy).unwrap();
        for name in ["store.keys", "store.journal"] {
            let _ = std::fs::copy(self.dir.path().join(name), dir.path().join(name));
        }
        let medium = Arc::new(FileMedium::new(&copy, Duration::ZERO));
        let ops = OpsKey::from_bytes(self.keys.ops);
        let store = DiskStore::open(medium, CACHE_MIB_DEFAULT, ops).unwrap();
        let time = Arc::clone(&self.time);
        Self::serve((dir, store), self.keys, time, (true, AMPLE, terms())).await
    }

    async fn serve(
        (dir, store): (Arc<tempfile::TempDir>, DiskStore),
        keys: Keys,
        time: Arc<AtomicI64>,
        (demo, limits, terms): (bool, Limits, Terms),
    ) -> Self {
        let metrics = Arc::new(Metrics::default());
        let reader = store.reader();
        let make = {
            let (time, metrics) = (Arc::clone(&time), Arc::clone(&metrics));
            move || {
                let mut replica = Replica::open(store.reader(), setup(Some(keys.node))).unwrap();
                replica.ask_check_ins(entropy()).unwrap();
                Node::new(Parts {
                    replica,
                    store,
                    links: None,
                    rules: Arc::new(RulePack::builtin()),
                    counties: Arc::new(County::demo()),
                    events: Arc::new(Events::new(START)),
                    metrics,
                    office: office("county"),
                    demo,
                    clock: Arc::new(move || time.load(Ordering::SeqCst)),
                    tip: None,
                })
            }
        };
        let (owner, thread) = Owner::start(make, None).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let serving = gateway::serve(
            listener,
            owner.clone(),
            metrics.clone(),
            limits,
            stopped.clone(),
        );
        tokio::spawn(serving);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = listener.local_addr().unwrap();
        let terminals: Arc<Terminals> = Arc::default();
        let door = TerminalDoor {
            terms,
            items: ItemTable::builtin(),
            terminals: terminals.clone(),
        };
        let node = (owner.clone(), metrics.clone());
        tokio::spawn(terminal::serve(listener, node, door, limits, stopped));
        Self {
            addr,
            tcp,
            terminals,
            owner,
            metrics,
            time,
            dir,
            reader,
            keys,
            stop,
            _thread: thread,
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.time.load(Ordering::SeqCst)
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.time.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn store(&self) -> &StoreReader {
        &self.reader
    }

    /// Lets time pass in steps that are no outage, each with what the clock decides.
    pub(crate) async fn pass(&self, ms: i64) {
        let until = self.now() + ms;
        while self.now() < until {
            self.advance((4 * MINUTE).min(until - self.now()));
            let tick = |node: &mut Node| node.replica.tick(node.now(), entropy());
            self.owner.call(tick).await.unwrap();
        }
    }

    /// Every check-in that is stored.
    pub(crate) async fn check_ins(&self) -> Vec<CheckIn> {
        let look = |node: &mut Node| node.replica.check_ins(person(), i64::MIN, i64::MAX, 10_000);
        self.owner.look(look).await.unwrap().unwrap()
    }

    /// Every fix that is stored.
    pub(crate) async fn fixes(&self) -> Vec<StoredFix> {
        let look = |node: &mut Node| node.replica.fixes(person(), i64::MIN, i64::MAX, 10_000);
        self.owner.look(look).await.unwrap().unwrap()
    }

    /// How many fixes there are, of everybody.
    pub(crate) async fn all_fixes(&self) -> u64 {
        let look = |node: &mut Node| node.store.reader().count(Table::Fix);
        self.owner.look(look).await.unwrap().unwrap()
    }

    /// What devices said without a position, in the order of their times.
    pub(crate) async fn signals(&self) -> Vec<StoredSignal> {
        let look = |node: &mut Node| node.replica.signals(person(), i64::MIN, i64::MAX, 10_000);
        self.owner.look(look).await.unwrap().unwrap()
    }

    /// Ids of the alarms, which two gateways give alike.
    pub(crate) async fn alarm_ids(&self) -> Vec<AlarmId> {
        let look = |node: &mut Node| {
            let alarms = node.dossiers(DossierKind::Alarm);
            let mut found = Vec::new();
            for alarm in alarms {
                let file = node.file(alarm).unwrap();
                found.extend(
                    file.filed
                        .iter()
                        .filter_map(|entry| match &entry.fact.what {
                            What::Raise(raise) => Some(raise.alarm),
                            _ => None,
                        }),
                );
            }
            found.sort_unstable();
            found
        };
        self.owner.look(look).await.unwrap()
    }

    /// How many alarms there are.
    /// How many alarms stand.
    pub(crate) async fn alarms(&self) -> usize {
        self.kinds().await.len()
    }

    /// Kinds of the alarms that stand, ascending.
    pub(crate) async fn kinds(&self) -> Vec<String> {
        let look = |node: &mut Node| {
            let mut kinds = Vec::new();
            for id in node.dossiers(DossierKind::Alarm) {
                let facts = node.replica.facts(id).unwrap();
                let ends = |event: &str| matches!(event, "withdraw" | "close_itself");
                let mut steps = facts.values();
                if steps.any(|fact| matches!(&fact.what, What::Step { event, .. } if ends(event))) {
                    continue;
                }
                if let Some(What::Raise(raise)) = facts.get(&id.into()).map(|fact| &fact.what) {
                    kinds.push(raise.kind.clone());
                }
            }
            kinds.sort();
            kinds
        };
        self.owner.look(look).await.unwrap()
    }
}

/// A report of the band in the form of OsmAnd.
pub(crate) fn report(time: i64, (lat, lon): (f64, f64)) -> String {
    format!("id={BAND}&token={TOKEN}&timestamp={time}&lat={lat}&lon={lon}&accuracy=10")
}
