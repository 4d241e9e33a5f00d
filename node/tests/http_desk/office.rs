//! A real node of a county with its township, founded under a root of its own, served on the
//! loopback.

use jiaolian_node::config::LinkConfig;
use jiaolian_node::event::Events;
use jiaolian_node::http::accept::{Bounds, serve};
use jiaolian_node::http::lan::Lan;
use jiaolian_node::http::{App, Clock, router, sweep};
use jiaolian_node::identity::RootPin;
use jiaolian_node::key::{Cost, KeyRing, OfficerKey};
use jiaolian_node::link::{LinkEvents, Links};
use jiaolian_node::metric::Metrics;
use jiaolian_node::owner::{Node, Owner, Parts};
use jiaolian_node::seal::{CaseSecret, OpsKey};
use jiaolian_node::store::{CACHE_MIB_DEFAULT, DiskStore, FileMedium, StoreReader};
use jiaolian_node::view::County;
use jiaolian_schema::act::{Act, Appoint, Entrust, Found, Open, Raise};
use jiaolian_schema::admit::Introduction;
use jiaolian_schema::authority::RootKey;
use jiaolian_schema::envelope::{Duty, author_id};
use jiaolian_schema::id::{
    AlarmId, AuthorId, DossierId, EnvelopeId, OfficeId, PersonCode, PersonId, sha256,
};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::{ED25519, Ed25519Signer, Sign as _, StrictVerifier, Suite};
use jiaolian_schema::value::Fields;
use jiaolian_sync::{
    Draft, Effect, Limits, LocalSeat, MemoryStore, Payload, Replica, Seat, Setup, Store,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use zeroize::Zeroizing;

/// 2 March 2026, 09:00 in Asia/Shanghai.
pub(crate) const START: i64 = 1_772_413_200_000;
pub(crate) const DAY: i64 = 86_400_000;
pub(crate) const PASSPHRASE: &str = "春天的雨 2026";

const OPS_KEY: [u8; 32] = [3; 32];

const CHEAP: Cost = Cost {
    memory_kib: 64,
    passes: 1,
    lanes: 1,
};

/// Staff number, name, office, roles.
const PEOPLE: [(&str, &str, &str, &[&str]); 17] = [
    ("T1", "李工", "township", &["OFF_STAFF"]),
    ("T2", "王所", "township", &["OFF_HEAD"]),
    ("C1", "陈办", "county", &["CTY_CASE"]),
    ("C2", "赵局", "county", &["CTY_HEAD"]),
    ("C3", "周值", "county", &["CMD_DUTY"]),
    ("C4", "吴值", "county", &["CMD_DUTY"]),
    ("C5", "钱副", "county", &["CTY_DEP"]),
    ("C6", "冯副", "county", &["CTY_DEP"]),
    ("M1", "未检", "county", &["CTY_CASE", "MINOR_OFFICER"]),
    ("B1", "孙局", "county", &["CTY_BUREAU"]),
    ("A1", "管理员", "county", &["SYS_ADM"]),
    ("S1", "审计员", "county", &["SEC_AUD"]),
    ("P1", "检察官", "county", &["PROC"]),
    ("D1", "市局员", "city", &["CIT_STAFF"]),
    ("D2", "市局长", "city", &["CIT_HEAD"]),
    ("O1", "邻所", "other", &["OFF_STAFF"]),
    ("", "township node", "township", &["NODE"]),
];

/// Staff number of the county's keeper.
pub(crate) const KEEPER: &str = "K0";

/// Id, parent, tier, code, name.
const OFFICES: [(&str, Option<&str>, u8, &str, &str); 5] = [
    ("province", None, 4, "430000", "湖南省司法厅"),
    ("city", Some("province"), 3, "430100", "长沙市司法局"),
    ("county", Some("city"), 2, "430181", "浏阳市司法局"),
    ("township", Some("county"), 1, "430181001", "集里司法所"),
    ("other", Some("county"), 1, "430181002", "荷花司法所"),
];

pub(crate) struct Office {
    pub(crate) addr: SocketAddr,
    pub(crate) owner: Owner<Node>,
    pub(crate) time: Arc<AtomicI64>,
    pub(crate) node_seat: Seat,
    pub(crate) app: App,
    at: &'static str,
    stop: watch::Sender<bool>,
    dir: tempfile::TempDir,
}

impl Drop for Office {
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

fn seed(name: &str) -> [u8; 32] {
    sha256(&[b"seed", name.as_bytes()])
}

pub(crate) fn key(name: &str) -> Ed25519Signer {
    Ed25519Signer::from_seed(&seed(name))
}

/// The author that a person is at an office.
pub(crate) fn author(name: &str, at: &str) -> AuthorId {
    author_id(ED25519, &key(name).public_key(), office(at), Duty::Staff)
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

fn pin() -> RootPin {
    RootPin::of(&root().into())
}

fn appoint(staff_number: &str, name: &str, at: &str, roles: &[&str]) -> Appoint {
    Appoint {
        person: PersonId(
            sha256(&[b"person", name.as_bytes()])[..16]
                .try_into()
                .unwrap(),
        ),
        name: name.to_owned(),
        staff_number: staff_number.to_owned(),
        suite: ED25519,
        key: key(name).public_key(),
        office: office(at),
        duty: Duty::Staff,
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        kinds: if roles.contains(&"MINOR_OFFICER") {
            vec![1, 2]
        } else {
            vec![1]
        },
        not_before: START - 30 * DAY,
        not_after: START + 700 * DAY,
        depth: 0,
        endpoint: roles.contains(&"NODE").then(|| endpoint(at)),
        document: "湘司任〔2026〕1号".to_owned(),
        acting: None,
    }
}

/// The transport key of an office's node.
pub(crate) fn endpoint(at: &str) -> [u8; 32] {
    let key = Ed25519Signer::from_seed(&endpoint_seed(at)).public_key();
    key.try_into().unwrap()
}

pub(crate) fn endpoint_seed(at: &str) -> [u8; 32] {
    sha256(&[b"peer", at.as_bytes()])
}

/// Links on the loopback under an office's transport key.
pub(crate) async fn links(at: &str) -> (Links, LinkEvents) {
    let config = LinkConfig {
        bind: "127.0.0.1:0".parse().unwrap(),
        idle_s: 15,
        mtu_probing: false,
        peers: Vec::new(),
    };
    let seed = Zeroizing::new(endpoint_seed(at));
    Links::start(&config, &seed).await.unwrap()
}

/// Whose key the node of an office signs with.
fn node_name(at: &str) -> &'static str {
    if at == "county" {
        "node"
    } else {
        "township node"
    }
}

fn setup(at: &str, node: Option<Seat>) -> Setup {
    let signer = Box::new(key(node_name(at)));
    Setup {
        office: office(at),
        root: root().into(),
        node: node.map(|seat| LocalSeat { signer, seat }),
        witness: None,
        rules: Arc::new(RulePack::builtin()),
        pack: RulePack::builtin().pack_id(),
        verifier: Box::new(StrictVerifier),
        limits: Limits {
            log_ms: Some(300_000),
            track_keep_ms: Some(183 * DAY),
            ..Limits::default()
        },
        entropy: [5; 32],
    }
}

/// Founds each office by the keeper of the one above it and appoints everybody; the county's own
/// node last.
fn found<S: Store>(replica: &mut Replica<S>) -> Seat {
    let mut salt = 0u64;
    let mut keepers: BTreeMap<&str, Seat> = BTreeMap::new();
    let mut rosters: BTreeMap<&str, DossierId> = BTreeMap::new();
    let root_seat = Seat {
        author: root().introduction.author(),
        appointment: None,
    };
    let mut sign = |by: &str, seat: Seat, dossier: Option<DossierId>, act: Act| -> EnvelopeId {
        salt += 1;
        let fresh = sha256(&[&salt.to_be_bytes()])[..16].try_into().unwrap();
        let draft = Draft {
            dossier,
            payload: Payload::Act(act),
        };
        replica
            .sign(&key(by), seat, draft, START - DAY, fresh)
            .unwrap()
    };
    for (id, parent, tier, code, name) in OFFICES {
        let found = Found {
            office: office(id),
            parent: parent.map(office),
            tier,
            code: code.to_owned(),
            name: name.to_owned(),
            drill: 1,
            nonce: None,
        };
        let (by, seat) = match parent {
            None | Some("province") => ("root", root_seat),
            Some(parent) => (parent, keepers[parent]),
        };
        let roster: DossierId = sign(by, seat, None, found.into()).into();
        rosters.insert(id, roster);
        let number = if id == "county" { KEEPER } else { "" };
        let keeper = Appoint {
            duty: Duty::Keeper,
            roles: vec![],
            depth: 3,
            ..appoint(number, id, id, &[])
        };
        let author = keeper.author();
        let appointment = Some(sign("root", root_seat, Some(roster), keeper.into()));
        keepers.insert(
            id,
            Seat {
                author,
                appointment,
            },
        );
    }
    for (number, name, at, roles) in PEOPLE {
        let appoint = appoint(number, name, at, roles);
        sign("root", root_seat, Some(rosters[at]), appoint.into());
    }
    let entrust = Entrust {
        office: office("township"),
        actions: vec!["leave".to_owned()],
        from: 0,
        to: START + 900 * DAY,
        document: "浏司委〔2026〕1号".to_owned(),
        ends: None,
    };
    sign(
        "county",
        keepers["county"],
        Some(rosters["county"]),
        entrust.into(),
    );
    let witness = Appoint {
        duty: Duty::Witness,
        ..appoint("", "city witness", "city", &[])
    };
    sign("root", root_seat, Some(rosters["city"]), witness.into());
    let node = appoint("", "node", "county", &["NODE"]);
    let author = node.author();
    let id = sign("root", root_seat, Some(rosters["county"]), node.into());
    Seat {
        author,
        appointment: Some(id),
    }
}

/// The seat of a person by name.
fn seat_named(replica: &Replica<StoreReader>, name: &str) -> Seat {
    let authority = replica.authority();
    let mut seats = authority.appointments();
    let (id, appoint, _) = seats.find(|(_, appoint, _)| appoint.name == name).unwrap();
    Seat {
        author: appoint.author(),
        appointment: Some(id),
    }
}

impl Office {
    /// Founded, staffed, served, with its case files closed.
    pub(crate) async fn open() -> Self {
        Self::open_with(Bounds::STANDARD).await
    }

    pub(crate) async fn open_with(bounds: Bounds) -> Self {
        Self::open_linked(bounds, None).await
    }

    /// The node of another office of the same world: what the two know is equal, byte for byte.
    pub(crate) async fn open_at(at: &'static str) -> Self {
        Self::open_whole(at, Bounds::STANDARD, None).await
    }

    pub(crate) async fn open_linked(bounds: Bounds, links: Option<(Links, LinkEvents)>) -> Self {
        Self::open_whole("county", bounds, links).await
    }

    async fn open_whole(
        at: &'static str,
        bounds: Bounds,
        links: Option<(Links, LinkEvents)>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let medium = Arc::new(FileMedium::new(&dir.path().join("store"), Duration::ZERO));
        let case = CaseSecret::generate();
        let store = DiskStore::create(
            medium,
            CACHE_MIB_DEFAULT,
            OpsKey::from_bytes(OPS_KEY),
            case.public(),
        )
        .unwrap();
        let keys = KeyRing::new(CHEAP);
        let rings: Vec<_> = PEOPLE
            .iter()
            .filter(|(number, ..)| !number.is_empty())
            .map(|(number, name, ..)| (*number, *name))
            .chain([(KEEPER, "county")])
            .map(|(number, name)| {
                let key = OfficerKey::Ring(Suite::Ed25519, Zeroizing::new(seed(name)));
                keys.enrol(number, PASSPHRASE, &key, &case).unwrap()
            })
            .collect();
        store.commit(&rings).unwrap();
        let mut replica = Replica::open(store.reader(), setup(at, None)).unwrap();
        let seat = if at == "county" {
            found(&mut replica)
        } else {
            // What the county founded, carried by hand: the chains of its keepers are the same.
            let mut above = Replica::open(MemoryStore::default(), setup("county", None)).unwrap();
            found(&mut above);
            let carried = above.join_file(office(at)).unwrap();
            let outcome = replica.import(carried, START - DAY);
            assert!(outcome.refused.is_empty(), "{:?}", outcome.refused);
            seat_named(&replica, node_name(at))
        };
        for effect in replica.drain() {
            if let Effect::Store(writes) = effect {
                store.commit(&writes).unwrap();
            }
        }
        drop(replica);
        let lan = Lan::new(Ok(None), false);
        Self::serve(at, (dir, store, keys), (seat, links, lan), bounds).await
    }

    async fn serve(
        at: &'static str,
        (dir, store, keys): (tempfile::TempDir, DiskStore, KeyRing),
        (node_seat, links, lan): (Seat, Option<(Links, LinkEvents)>, Arc<Lan>),
        bounds: Bounds,
    ) -> Self {
        let (links, link_events) = links.unzip();
        let time = Arc::new(AtomicI64::new(START));
        let read = Arc::clone(&time);
        let clock: Clock = Arc::new(move || read.load(Ordering::SeqCst));
        let (events, metrics) = (Arc::new(Events::new(START)), Arc::new(Metrics::default()));
        let disk = store.reader();
        let make = {
            let (events, metrics) = (Arc::clone(&events), Arc::clone(&metrics));
            let clock = Arc::clone(&clock);
            move || {
                let replica = Replica::open(store.reader(), setup(at, Some(node_seat))).unwrap();
                Node::new(Parts {
                    replica,
                    store,
                    links,
                    rules: Arc::new(RulePack::builtin()),
                    counties: Arc::new(County::demo()),
                    events,
                    metrics,
                    office: office(at),
                    demo: true,
                    clock,
                    tip: None,
                })
                .with_root(Some(pin()))
            }
        };
        let (owner, _thread) = Owner::start(make, link_events).unwrap();
        let app = App::new(
            owner.clone(),
            (events, metrics),
            (Arc::new(keys), disk),
            clock,
            lan,
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, router(app.clone()), bounds, stopped));
        tokio::spawn(sweep(app.clone()));
        Self {
            addr,
            owner,
            time,
            node_seat,
            app,
            at,
            stop,
            dir,
        }
    }

    /// One more door to the same node, for other parts of it.
    pub(crate) async fn door(&self, app: App) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let stopped = self.stop.subscribe();
        tokio::spawn(serve(listener, router(app), Bounds::STANDARD, stopped));
        at
    }

    /// The disk of this moment under a new process, as after a power cut: nothing was closed.
    pub(crate) async fn after_power_cut(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("store"), self.disk()).unwrap();
        let keys = std::fs::read(self.dir.path().join("store.keys")).unwrap();
        std::fs::write(dir.path().join("store.keys"), keys).unwrap();
        if let Ok(journal) = std::fs::read(self.dir.path().join("store.journal")) {
            std::fs::write(dir.path().join("store.journal"), journal).unwrap();
        }
        let medium = Arc::new(FileMedium::new(&dir.path().join("store"), Duration::ZERO));
        let ops = OpsKey::from_bytes(OPS_KEY);
        let store = DiskStore::open(medium, CACHE_MIB_DEFAULT, ops).unwrap();
        let keys = KeyRing::new(CHEAP);
        let lan = Lan::new(Ok(None), false);
        let parts = (self.node_seat, None, lan);
        Self::serve(self.at, (dir, store, keys), parts, Bounds::STANDARD).await
    }

    /// A store of other bytes beside the keys that are there now, with nobody signed in.
    pub(crate) fn store_of(&self, disk: Vec<u8>) -> StoreReader {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("store"), disk).unwrap();
        let keys = std::fs::read(self.dir.path().join("store.keys")).unwrap();
        std::fs::write(dir.path().join("store.keys"), keys).unwrap();
        let medium = FileMedium::new(&dir.path().join("store"), Duration::ZERO);
        let ops = OpsKey::from_bytes(OPS_KEY);
        let store = DiskStore::open(Arc::new(medium), CACHE_MIB_DEFAULT, ops).unwrap();
        store.reader()
    }

    /// The bytes on the disk.
    pub(crate) fn disk(&self) -> Vec<u8> {
        std::fs::read(self.dir.path().join("store")).unwrap()
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.time.fetch_add(ms, Ordering::SeqCst);
    }

    /// An alarm as the node itself would raise it now.
    pub(crate) fn alarm(&self, case: DossierId, at: &str, number: u8, severity: u8) -> Raise {
        let now = self.time.load(Ordering::SeqCst);
        Raise {
            alarm: AlarmId([number; 32]),
            case,
            office: office(at),
            person: PersonCode([1; 16]),
            kind: "GEO_OUT".to_owned(),
            severity,
            fence: "浏阳城区".to_owned(),
            time: now - 60_000,
            decided_at: now,
            retrospective: 0,
            evidence: Vec::new(),
        }
    }

    /// Raises an alarm as the node itself does.
    pub(crate) async fn raise(
        &self,
        case: DossierId,
        at: &str,
        number: u8,
        severity: u8,
    ) -> DossierId {
        let raise = self.alarm(case, at, number, severity);
        self.sign_alarm(raise).await
    }

    /// Signs an alarm with the node's key.
    pub(crate) async fn sign_alarm(&self, raise: Raise) -> DossierId {
        let number = raise.alarm.0[0];
        let (seat, signer) = (self.node_seat, node_name(self.at));
        let job = move |node: &mut Node| {
            let draft = Draft {
                dossier: None,
                payload: Payload::Act(raise.into()),
            };
            let salt = [number; 16];
            let now = node.now();
            node.replica
                .sign(&key(signer), seat, draft, now, salt)
                .unwrap()
        };
        self.owner.call(job).await.unwrap().into()
    }

    /// Opens a case at an office, signed by the county's officer.
    pub(crate) async fn case(&self, name: &str, at: &str, minor: u8) -> DossierId {
        let text = |text: &str| jiaolian_schema::value::Value::from(text);
        let fields: Fields = [
            ("name", name),
            ("case_number", "浏矫2026-001"),
            ("id_number", "430181199003072312"),
            ("kind", "02"),
            ("term_first", "2026-01-01"),
            ("term_last", "2027-12-31"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect();
        let person = PersonCode(sha256(&[name.as_bytes()])[..16].try_into().unwrap());
        let open = Open {
            office: office(at),
            person,
            minor,
            fields,
        };
        let job = move |node: &mut Node| {
            let authority = node.authority();
            let mut seats = authority.appointments();
            let (id, appoint, _) = seats.find(|(_, a, _)| a.staff_number == "C1").unwrap();
            let seat = Seat {
                author: appoint.author(),
                appointment: Some(id),
            };
            drop(seats);
            let draft = Draft {
                dossier: None,
                payload: Payload::Act(open.into()),
            };
            let (now, salt) = (node.now(), [minor + 1; 16]);
            node.replica
                .sign(&key("陈办"), seat, draft, now, salt)
                .unwrap()
        };
        self.owner.call(job).await.unwrap().into()
    }
}
