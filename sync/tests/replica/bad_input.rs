//! The bad inputs that come over a wire, a row each with its number in the catalogue: whatever a
//! rostered peer sends is answered as the row says, changes nothing that is stored, costs bounded
//! memory, is counted where it is listed, and holds back nobody else.

use crate::world::{C, DAY, P, T1, T2, World, office, peer_key, signer};
use jiaolian_schema::act::{Act, Amend, Open};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Envelope, Head, Kind};
use jiaolian_schema::id::{
    AuthorId, BodyHash, DossierId, EnvelopeId, OfficeId, PersonCode, sha256,
};
use jiaolian_schema::value::Fields;
use jiaolian_sync::frame::{
    Chain, FRAME_BYTES_MAX, Frame, Guest, Have, Hello, ITEMS_MAX, TIPS_MAX,
};
use jiaolian_sync::{Effect, Peer};

/// What a row expects of the county's node.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// It ends the session, for this reason, and comes back to it later.
    HangUp(&'static str),
    /// It lists what came, with this rule.
    Listed(&'static str),
    /// It keeps at most so many for later.
    Parked(usize),
    /// It says nothing.
    Silence,
}

struct Row {
    number: u8,
    what: &'static str,
    frames: fn(&mut World) -> Vec<Vec<u8>>,
    answer: Answer,
}

const MEMORY_KIB_MAX: u64 = 64 * 1024;

pub(crate) fn have(item: [u8; 8], tips: Vec<u8>) -> Have {
    Have {
        item,
        tips,
        refused: None,
    }
}

pub(crate) fn haves(items: Vec<Have>) -> Vec<u8> {
    Frame::Have {
        items,
        answer: false,
    }
    .encode()
}

pub(crate) fn envelopes(envelopes: Vec<Envelope>) -> Vec<u8> {
    Frame::Envelopes { lane: 1, envelopes }.encode()
}

/// An envelope that a township's officer signs with a program of their own, after what the county
/// knows of the chain.
pub(crate) fn forge(
    world: &World,
    who: &str,
    act: &Act,
    change: impl FnOnce(&mut Head, &mut Body),
) -> Envelope {
    let seat = world.seats[who];
    let tip = world.net.nodes[C]
        .replica
        .authority()
        .chain_tip(seat.author);
    let mut body = Body {
        salt: [7; 16],
        dossier: None,
        m: 1,
        prev_here: None,
        deps: Vec::new(),
        appointment: seat.appointment,
        payload: act.to_payload(world.net.now),
    };
    let mut head = Head {
        suite: 1,
        kind: Kind::Act,
        author: seat.author,
        n: tip.map_or(1, |tip| tip.n + 1),
        prev: tip.map(|tip| tip.id),
        body_hash: BodyHash([0; 32]),
        receipt: None,
    };
    change(&mut head, &mut body);
    let bytes = canon::encode(&body);
    head.body_hash = BodyHash(sha256(&[&bytes]));
    Envelope::seal(&signer(who), &head, bytes).unwrap()
}

pub(crate) fn amend(value: &[u8]) -> Act {
    let amend = Amend {
        field: "term".to_owned(),
        replaces: Vec::new(),
        value: value.to_vec(),
    };
    amend.into()
}

fn open_at(place: OfficeId) -> Act {
    let open = Open {
        office: place,
        person: PersonCode([9; 16]),
        minor: 0,
        fields: Fields::new(),
    };
    open.into()
}

/// The one case that every world of this file has.
fn case(world: &World) -> DossierId {
    let rows = world.net.nodes[C].replica.dossiers();
    let mut cases = rows.filter(|(_, row)| row.kind == jiaolian_schema::hold::DossierKind::Case);
    cases.next().unwrap().0
}

fn packed(bytes: u32, plain: &[u8]) -> Vec<u8> {
    let packed = zstd::bulk::compress(plain, 3).unwrap();
    canon::encode(&Frame::Packed { bytes, packed })
}

/// Many dossiers that nobody has.
fn wants(from: u64, count: usize) -> Vec<Have> {
    let item = |number: u64| sha256(&[&number.to_be_bytes()])[..8].try_into().unwrap();
    (from..from + count as u64)
        .map(|number| have(item(number), Vec::new()))
        .collect()
}

const ROWS: &[Row] = &[
    Row {
        number: 41,
        what: "a frame longer than a frame may be",
        frames: |_| vec![vec![0; FRAME_BYTES_MAX + 1]],
        answer: Answer::HangUp("at most 262144 bytes"),
    },
    Row {
        number: 41,
        what: "a compressed frame that says it holds 4 GiB",
        frames: |_| vec![packed(u32::MAX, &[0; 64])],
        answer: Answer::HangUp("at most 262144 bytes"),
    },
    Row {
        number: 41,
        what: "64 MiB of zeros in a compressed frame that says it holds 1,000 bytes",
        frames: |_| vec![packed(1_000, &vec![0; 64 << 20])],
        answer: Answer::HangUp("does not unpack"),
    },
    Row {
        number: 41,
        what: "a compressed frame in a compressed frame",
        frames: |_| {
            let inner = packed(40, &[0; 40]);
            vec![packed(inner.len() as u32, &inner)]
        },
        answer: Answer::HangUp("does not unpack"),
    },
    Row {
        number: 41,
        what: "an array that says it has 2³² − 1 items",
        frames: |_| vec![vec![0x82, 0x02, 0x82, 0x9A, 0xFF, 0xFF, 0xFF, 0xFF]],
        answer: Answer::HangUp("frame"),
    },
    Row {
        number: 41,
        what: "ten thousand arrays in one another",
        frames: |_| vec![vec![0x81; 10_000]],
        answer: Answer::HangUp("frame"),
    },
    Row {
        number: 42,
        what: "a list of more dossiers than a list may have",
        frames: |_| vec![haves(wants(0, ITEMS_MAX + 1))],
        answer: Answer::HangUp("at most 2048 dossiers"),
    },
    Row {
        number: 42,
        what: "a dossier with more tips than are spoken of",
        frames: |_| vec![haves(vec![have([1; 8], vec![0; 16 * (TIPS_MAX + 1)])])],
        answer: Answer::HangUp("at most 1024 tips"),
    },
    Row {
        number: 42,
        what: "tips that are no whole number of rows",
        frames: |_| vec![haves(vec![have([1; 8], vec![0; 17])])],
        answer: Answer::HangUp("not a whole number"),
    },
    Row {
        number: 42,
        what: "wanted dossiers without end",
        frames: |_| {
            let list = |round: u64| haves(wants(round * ITEMS_MAX as u64, ITEMS_MAX));
            (0..60).map(list).collect()
        },
        answer: Answer::HangUp("asks without end"),
    },
    Row {
        number: 42,
        what: "chains asked for without end",
        frames: |world| {
            let author = world.seats["t1-officer"].author;
            let ask = Frame::Heads {
                author,
                from: 1,
                to: u64::MAX,
            };
            vec![ask.encode(); 110_000]
        },
        answer: Answer::HangUp("asks without end"),
    },
    Row {
        number: 42,
        what: "stretches that do not ascend",
        frames: |_| {
            let stretches = vec![0, 0, 0x41, 0, 9, 1, 1, 1, 1, 1, 1, 1, 1, 0x41, 0, 5];
            let frame = Frame::Ranges {
                chains: false,
                stretches,
            };
            vec![frame.encode()]
        },
        answer: Answer::HangUp("stretches"),
    },
    Row {
        number: 44,
        what: "a case of the province, which the county may not hold",
        frames: |world| {
            vec![envelopes(vec![forge(
                world,
                "t1-officer",
                &open_at(office("p")),
                |_, _| (),
            )])]
        },
        answer: Answer::Listed("may not hold"),
    },
    Row {
        number: 44,
        what: "a case of an office that nobody founded",
        frames: |world| {
            let nowhere = open_at(OfficeId([0xEE; 16]));
            vec![envelopes(vec![forge(
                world,
                "t1-officer",
                &nowhere,
                |_, _| (),
            )])]
        },
        answer: Answer::Parked(1),
    },
    Row {
        number: 45,
        what: "fifteen hundred acts in a case that never comes",
        frames: |world| {
            let act = |number: u64| {
                forge(
                    world,
                    "t1-officer",
                    &amend(&number.to_be_bytes()),
                    |head, body| {
                        (head.n, head.prev) = (number + 50, Some(EnvelopeId([1; 32])));
                        body.dossier = Some(DossierId([2; 32]));
                    },
                )
            };
            let all: Vec<Envelope> = (0..1_500).map(act).collect();
            all.chunks(100)
                .map(|some| envelopes(some.to_vec()))
                .collect()
        },
        answer: Answer::Parked(1_000),
    },
    Row {
        number: 45,
        what: "2 MiB of bodies that wait for their past",
        frames: |world| {
            let act = |number: u64| {
                forge(
                    world,
                    "t1-officer",
                    &amend(&vec![3; 40_000]),
                    |head, body| {
                        (head.n, head.prev) = (number + 50, Some(EnvelopeId([1; 32])));
                        body.dossier = Some(DossierId([2; 32]));
                    },
                )
            };
            (0..50).map(|number| envelopes(vec![act(number)])).collect()
        },
        answer: Answer::Parked(26),
    },
    Row {
        number: 46,
        what: "a place in the case after somebody else's act",
        frames: |world| {
            let case = case(world);
            let forged = forge(world, "t1-head", &amend(b"x"), |_, body| {
                body.dossier = Some(case);
                (body.m, body.prev_here) = (2, Some(case.into()));
            });
            vec![envelopes(vec![forged])]
        },
        answer: Answer::Listed("prev_here is the author's own"),
    },
    Row {
        number: 46,
        what: "an act that rests on one that nobody signed",
        frames: |world| {
            let case = case(world);
            let forged = forge(world, "t1-head", &amend(b"x"), |_, body| {
                body.dossier = Some(case);
                body.deps = vec![EnvelopeId([0xAB; 32])];
            });
            vec![envelopes(vec![forged])]
        },
        answer: Answer::Parked(1),
    },
    Row {
        number: 49,
        what: "a hundred envelopes whose signatures are nobody's",
        frames: |world| {
            let forged = |number: u8| {
                let mut forged = forge(world, "t1-officer", &open_at(office("t1")), |head, _| {
                    head.n = u64::from(number) + 1;
                    head.prev = (number > 0).then_some(EnvelopeId([4; 32]));
                });
                forged.signature[3] ^= 1;
                forged
            };
            (0..100)
                .map(|number| envelopes(vec![forged(number)]))
                .collect()
        },
        answer: Answer::HangUp("sends what is refused"),
    },
    Row {
        number: 50,
        what: "an acknowledgement of what was never sent",
        frames: |_| {
            let frame = Frame::Durable {
                urgent: u64::MAX,
                normal: u64::MAX,
                bulk: u64::MAX,
            };
            vec![frame.encode()]
        },
        answer: Answer::Silence,
    },
    Row {
        number: 43,
        what: "a case of the neighbour, a chain and a roster that nobody has",
        frames: |world| {
            let secret = world.net.nodes[T2].replica.dossiers();
            let secret = secret.filter(|(_, row)| row.place == office("t2"));
            let items = secret.map(|(id, _)| have(id.0[..8].try_into().unwrap(), vec![0; 16]));
            let chain = Chain {
                item: [5; 8],
                whole: 9,
                count: 9,
            };
            let guest = Guest {
                office: OfficeId([5; 16]),
                digest: Some([5; 6]),
            };
            let chains = Frame::Chains {
                items: vec![chain],
                answer: false,
            };
            let heads = Frame::Heads {
                author: AuthorId([5; 32]),
                from: 0,
                to: u64::MAX,
            };
            let guests = Frame::Guests(vec![guest]);
            let cases: Vec<Have> = items
                .filter(|have| {
                    world.net.nodes[T1]
                        .replica
                        .dossiers()
                        .all(|(id, _)| id.0[..8] != have.item)
                })
                .collect();
            vec![
                haves(cases),
                chains.encode(),
                heads.encode(),
                guests.encode(),
            ]
        },
        answer: Answer::Silence,
    },
    Row {
        number: 54,
        what: "fifty bytes that would make automerge's own protocol take 16 GB",
        frames: |_| {
            let mut bytes = vec![0x42, 0, 0, 1, 0, 0x11];
            bytes.extend([1, 10, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
            bytes.resize(50, 0xFF);
            vec![bytes]
        },
        answer: Answer::HangUp("frame"),
    },
    Row {
        number: 54,
        what: "nothing at all",
        frames: |_| vec![Vec::new()],
        answer: Answer::HangUp("frame"),
    },
    Row {
        number: 40,
        what: "a second greeting in a version that nobody speaks",
        frames: |_| {
            let hello = Hello {
                wire: 0,
                fold: 9,
                edit: 9,
                pack: [0; 4],
                office: [0; 4],
                salt: [0; 4],
                roster: [0; 6],
                root: [0; 12],
                agreed: None,
                recent: None,
            };
            vec![Frame::Hello(hello).encode()]
        },
        answer: Answer::HangUp("version"),
    },
];

/// What was said and done at the county.
#[derive(Default)]
struct Heard {
    hangups: Vec<String>,
    sent: usize,
}

fn hear(world: &mut World, frame: &[u8]) -> Heard {
    let now = world.net.now;
    world.replica(C).receive(Peer(peer_key("t1")), frame, now);
    let mut heard = Heard::default();
    for effect in world.replica(C).drain() {
        match effect {
            Effect::Store(writes) => world.net.nodes[C].disk.0.borrow_mut().commit(&writes),
            Effect::Hangup { reason, .. } => heard.hangups.push(reason),
            Effect::Send { frame, .. } => heard.sent += frame.len(),
            Effect::Publish(_) => {}
        }
    }
    heard
}

/// Every dossier with its frontier and its standing.
fn stored(world: &mut World) -> Vec<String> {
    let ids: Vec<DossierId> = world.replica(C).dossiers().map(|(id, _)| id).collect();
    let row = |id| {
        let root = world.replica(C).state_root(id);
        format!("{id} {:?} {root:?}", world.replica(C).frontier(id))
    };
    ids.into_iter().map(row).collect()
}

pub(crate) fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    number.unwrap_or(0)
}

fn begun() -> World {
    let mut world = World::new();
    world.link_all();
    world.open(T1, "t1-officer", "t1", 1, false);
    world.open(T2, "t2-officer", "t2", 2, false);
    world.net.rest();
    world
}

fn try_row(row: &Row) {
    let story = format!("{} {}", row.number, row.what);
    let mut world = begun();
    let frames = (row.frames)(&mut world);
    let (before, memory) = (stored(&mut world), resident_kib());
    let refused = world.replica(C).refused_count();
    let mut hangups = Vec::new();
    for frame in &frames {
        hangups.extend(hear(&mut world, frame).hangups);
        if !hangups.is_empty() {
            break;
        }
    }
    let grown = resident_kib().saturating_sub(memory);
    assert!(grown < MEMORY_KIB_MAX, "{grown} KiB: {story}");
    let listed = world.replica(C).refused_count() - refused;
    let parked = world.replica(C).parked_count();
    match row.answer {
        Answer::HangUp(rule) => assert!(
            hangups.first().is_some_and(|reason| reason.contains(rule)),
            "{hangups:?}: {story}"
        ),
        Answer::Listed(rule) => {
            let last = world.replica(C).refused(refused + 1, 1).unwrap().remove(0);
            assert!(last.reason.contains(rule), "{}: {story}", last.reason);
            assert_eq!((listed, hangups.len()), (1, 0), "{story}");
        }
        Answer::Parked(most) => {
            assert!((1..=most).contains(&parked), "{parked} wait: {story}");
            assert!(hangups.is_empty(), "{hangups:?}: {story}");
        }
        Answer::Silence => assert_eq!((listed, parked, hangups.len()), (0, 0, 0), "{story}"),
    }
    assert_eq!(
        stored(&mut world),
        before,
        "nothing stored is harmed: {story}"
    );
    goes_on(&mut world, &story);
}

/// The neighbour is served at once; the peer itself, when its time has come.
fn goes_on(world: &mut World, story: &str) {
    let next = world.open(T2, "t2-officer", "t2", 9, false);
    world.net.rest();
    assert!(world.replica(C).dossier(next).is_some(), "{story}");
    assert!(world.replica(P).dossier(next).is_some(), "{story}");
    let own = world.open(T1, "t1-officer", "t1", 8, false);
    world.net.cut(C, T1);
    world.net.tick(2 * DAY);
    world.net.heal(C, T1);
    world.net.rest();
    assert!(world.replica(C).dossier(own).is_some(), "{story}");
}

#[test]
fn rows_40_to_54_are_answered_as_they_should_be() {
    for row in ROWS {
        try_row(row);
    }
}

const LIMITED: &str = "JIAOLIAN_LIMITED";

/// The same rows in a process of their own that may have a gigabyte of addresses and two minutes of
/// the processor: whoever allocates what a peer says, or loops as long as it says, dies there.
#[test]
fn t9_crafted_bytes_are_answered_within_bounded_memory() {
    if std::env::var_os(LIMITED).is_some() {
        return rows_40_to_54_are_answered_as_they_should_be();
    }
    let this = std::env::current_exe().unwrap();
    let name = "bad_input::t9_crafted_bytes_are_answered_within_bounded_memory";
    let child = std::process::Command::new("sh")
        .args([
            "-c",
            "ulimit -v 1048576; ulimit -t 120; exec \"$0\" \"$1\" --exact --test-threads=1",
        ])
        .arg(&this)
        .arg(name)
        .env(LIMITED, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}
