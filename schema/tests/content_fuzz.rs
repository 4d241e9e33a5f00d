//! Twenty thousand damaged changes, and as many invented ones, with a right checksum each: not one
//! may panic, hang, swell or be set aside by Automerge after the checks let it through.
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "corpus/forge.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod forge;
#[path = "corpus/random.rs"]
mod random;

use std::collections::BTreeSet;

use automerge::{Automerge, Change, ChangeHash, TextEncoding};
use forge::{CONTACT, Forge, body_of, chunk, signed, unsigned};
use jiaolian_schema::content::{
    ApplyError, Content, ContentKind, EDIT_1, EditCommand, GENESIS_ACTOR, Hash, fuzz_precheck,
    precheck,
};
use random::Xorshift;

const ROUNDS: usize = 20_000;
const MEMORY_KIB_MAX: u64 = 512 * 1024;
const AUTHORS: [Hash; 3] = [[0x11; 32], [0x22; 32], [0x33; 32]];

/// An honest history: each change with its author and the document as it was before it.
fn history() -> Vec<(Vec<u8>, Hash, Content)> {
    let mut random = Xorshift(7);
    let mut content = Content::genesis(ContentKind::Case);
    let mut seen = content.heads();
    let mut history = Vec::new();
    for round in 0..60 {
        if round % 3 == 0 {
            seen = content.heads();
        }
        let now = content.heads();
        let actor = random.pick(&AUTHORS);
        let key = random.pick(&["phone", "家属", "unit"]);
        let string: String = (0..random.below(9))
            .map(|_| random.pick(&['甲', '乙', 'a', '🙂']))
            .collect();
        let record = format!("r{round}");
        let command = match random.below(5) {
            0 => EditCommand::Put {
                name: "contact",
                base: &now,
                key,
                value: &string,
            },
            1 => EditCommand::Remove {
                name: "contact",
                base: &now,
                key,
            },
            2 => EditCommand::Record {
                name: "record",
                key: &record,
                value: &string,
            },
            _ => EditCommand::Text {
                name: "plan",
                base: &seen,
                text: &string,
            },
        };
        if let Ok(change) = content.edit(&actor, 0, command) {
            history.push((change.clone(), actor, content.clone()));
            content.apply(&change, &actor).unwrap();
        }
    }
    assert!(history.len() > 30, "{}", history.len());
    history
}

#[derive(Debug, Default)]
struct Tally {
    precheck: usize,
    past: usize,
    applied: usize,
}

impl Tally {
    /// Offers a change to a copy of a document and counts the answer.
    fn offer(&mut self, before: &Content, bytes: &[u8], actor: &Hash) -> Option<Content> {
        let mut content = before.clone();
        match content.apply(bytes, actor) {
            Ok(_) => {
                self.applied += 1;
                let _readable = content.hydrate();
                return Some(content);
            }
            Err(ApplyError::Quarantine(error)) => panic!("{error}: {bytes:02x?}"),
            Err(ApplyError::Precheck(_)) => self.precheck += 1,
            Err(_) => self.past += 1,
        }
        assert_eq!(content.heads(), before.heads());
        None
    }
}

fn mutate(random: &mut Xorshift, body: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=random.below(3) {
        let place = random.below(body.len());
        match random.below(7) {
            0 => body[place] ^= 1 << random.below(8),
            1 => body[place] = random.next() as u8,
            2 => body[place] = random.pick(&[0, 1, 2, 0x7e, 0x7f, 0x80, 0xff]),
            3 => body.insert(place, random.next() as u8),
            4 => {
                body.remove(place);
            }
            5 => {
                let end = (place + random.below(8)).min(body.len());
                let piece = body[place..end].to_vec();
                body.splice(place..place, piece);
            }
            _ => {
                let from = random.below(other.len());
                let end = (from + random.below(16)).min(other.len());
                let stop = (place + end - from).min(body.len());
                body.splice(place..stop, other[from..end].iter().copied());
            }
        }
        if body.is_empty() {
            body.push(0);
        }
    }
}

/// Peak memory of this process, from the kernel.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

#[test]
fn damaged_changes_are_refused_or_harmless() {
    let history = history();
    let mut random = Xorshift(0x5eed);
    let mut tally = Tally::default();
    for _ in 0..ROUNDS {
        let (change, actor, before) = &history[random.below(history.len())];
        let (other, ..) = &history[random.below(history.len())];
        let mut body = body_of(change).to_vec();
        mutate(&mut random, &mut body, body_of(other));
        tally.offer(before, &chunk(1, &body), actor);
    }
    assert!(tally.precheck > ROUNDS / 2, "{tally:?}");
    assert!(
        tally.applied > 100 && tally.past > 100,
        "the door is not what was tested: {tally:?}"
    );
    assert!(peak_kib() < MEMORY_KIB_MAX, "{} KiB", peak_kib());
    println!("damaged: {tally:?}, peak {} KiB", peak_kib());
}

#[test]
fn noise_is_refused() {
    let mut random = Xorshift(0xfeed);
    for _ in 0..ROUNDS {
        let body: Vec<u8> = (0..random.below(300))
            .map(|_| random.next() as u8)
            .collect();
        fuzz_precheck(&body);
        fuzz_precheck(&chunk(random.below(4) as u8, &body));
    }
    let (change, ..) = history().remove(5);
    for _ in 0..ROUNDS {
        let mut bytes = change.clone();
        mutate(&mut random, &mut bytes, &change);
        fuzz_precheck(&bytes);
    }
}

/// Writes rows the way an honest writer does, so that only their meaning is invented.
fn encode<T: PartialEq>(rows: &[Option<T>], cell: impl Fn(&T) -> Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut literals: Vec<&T> = Vec::new();
    let flush = |literals: &mut Vec<&T>, bytes: &mut Vec<u8>| {
        if !literals.is_empty() {
            bytes.extend(signed(-(literals.len() as i64)));
            literals
                .drain(..)
                .for_each(|value| bytes.extend(cell(value)));
        }
    };
    if rows.iter().all(Option::is_none) {
        return bytes;
    }
    for group in rows.chunk_by(|a, b| a == b) {
        match (&group[0], group.len()) {
            (Some(value), 1) => literals.push(value),
            (value, count) => {
                flush(&mut literals, &mut bytes);
                match value {
                    Some(value) => bytes.extend([signed(count as i64), cell(value)].concat()),
                    None => bytes.extend([vec![0], unsigned(count as u64)].concat()),
                }
            }
        }
    }
    flush(&mut literals, &mut bytes);
    bytes
}

fn deltas(rows: &[Option<u64>]) -> Vec<Option<i64>> {
    let mut before = 0;
    let difference = |row: &Option<u64>| {
        row.map(|value| {
            let value = value as i64;
            value - std::mem::replace(&mut before, value)
        })
    };
    rows.iter().map(difference).collect()
}

/// One invented operation. Actors are places in [`ACTORS`], which is ascending.
struct Row {
    container: u64,
    name: Option<&'static str>,
    element: (Option<usize>, Option<u64>),
    insert: bool,
    action: u64,
    value: &'static str,
    preds: Vec<(usize, u64)>,
}

const GENESIS: usize = 3;
const ACTORS: [Hash; 4] = [AUTHORS[0], AUTHORS[1], AUTHORS[2], GENESIS_ACTOR];

fn invent(random: &mut Xorshift, ceiling: u64) -> Row {
    let reference = |random: &mut Xorshift| {
        (
            random.pick(&[0, 0, 1, 1, 2, 2, GENESIS]),
            1 + random.below(ceiling as usize + 1) as u64,
        )
    };
    let (actor, counter) = reference(random);
    let mut row = Row {
        container: random.pick(&[1, 1, 1, 2, u64::from(CONTACT), u64::from(CONTACT), 5]),
        name: None,
        element: (Some(actor), Some(counter)),
        insert: false,
        action: 1,
        value: random.pick(&["甲", "a", "🙂"]),
        preds: Vec::new(),
    };
    if row.container >= 4 {
        (row.name, row.element) = (Some(random.pick(&["phone", "家属", "unit"])), (None, None));
        row.preds = (0..random.below(3)).map(|_| reference(random)).collect();
        row.preds
            .sort_unstable_by_key(|(actor, counter)| (*counter, *actor));
        row.preds.dedup();
        row.action = if row.preds.is_empty() {
            1
        } else {
            random.pick(&[1, 3])
        };
    } else if random.below(3) == 0 {
        row.action = 3;
        row.preds = vec![(actor, counter)];
    } else {
        row.insert = true;
        if random.below(3) == 0 {
            row.element = (None, Some(0));
        }
    }
    if row.action == 3 {
        row.value = "";
    }
    row
}

fn forge(rows: &[Row], deps: Vec<Hash>, actor: Hash, seq: u64, start_op: u64) -> Forge {
    let column = |cells: Vec<Option<u64>>| encode(&cells, |value| unsigned(*value));
    let delta = |cells: Vec<Option<u64>>| encode(&deltas(&cells), |value| signed(*value));
    let of = |pick: fn(&Row) -> Option<u64>| rows.iter().map(pick).collect::<Vec<_>>();
    let preds = || rows.iter().flat_map(|row| row.preds.iter());
    // The author has place 0, the others that are referred to follow in ascending order.
    let is_own = |logical: usize| ACTORS[logical] == actor;
    let elements = rows.iter().filter_map(|row| row.element.0);
    let referred = elements
        .chain(preds().map(|(logical, _)| *logical))
        .chain([GENESIS]);
    let others: BTreeSet<usize> = referred.filter(|logical| !is_own(*logical)).collect();
    let place = |logical: usize| match others.iter().position(|other| *other == logical) {
        Some(place) => Some(place as u64 + 1),
        None => Some(0),
    };
    let names: Vec<Option<&str>> = rows.iter().map(|row| row.name).collect();
    let mut insert = Vec::new();
    let mut last = false;
    for group in rows.chunk_by(|a, b| a.insert == b.insert) {
        if insert.is_empty() && group[0].insert != last {
            insert.push(0);
        }
        last = group[0].insert;
        insert.extend(unsigned(group.len() as u64));
    }
    let meta = of(|row| Some((row.value.len() as u64) << 4 | if row.action == 3 { 0 } else { 6 }));
    let mut forge = Forge {
        deps,
        actor: actor.to_vec(),
        seq,
        start_op,
        ..Forge::default()
    };
    forge.columns.clear();
    forge.others = others.iter().map(|other| ACTORS[*other].to_vec()).collect();
    forge
        .column(0x01, column(rows.iter().map(|_| place(GENESIS)).collect()))
        .column(0x02, column(of(|row| Some(row.container))))
        .column(
            0x11,
            column(
                rows.iter()
                    .map(|row| row.element.0.and_then(place))
                    .collect(),
            ),
        )
        .column(0x13, delta(of(|row| row.element.1)))
        .column(
            0x15,
            encode(&names, |name| {
                [&[name.len() as u8], name.as_bytes()].concat()
            }),
        )
        .column(0x34, insert)
        .column(0x42, column(of(|row| Some(row.action))))
        .column(0x56, column(meta))
        .column(
            0x57,
            rows.iter().flat_map(|row| row.value.bytes()).collect(),
        )
        .column(0x70, column(of(|row| Some(row.preds.len() as u64))))
        .column(
            0x71,
            column(preds().map(|(logical, _)| place(*logical)).collect()),
        )
        .column(
            0x73,
            delta(preds().map(|(_, counter)| Some(*counter)).collect()),
        )
}

#[test]
fn invented_operations_are_refused_or_harmless() {
    let history = history();
    let mut random = Xorshift(0xabcd);
    let mut tally = Tally::default();
    for _ in 0..ROUNDS {
        let (change, actor, before) = &history[random.below(history.len())];
        let honest = precheck(change, &EDIT_1, actor).unwrap();
        let count = 1 + random.below(4);
        let rows: Vec<Row> = (0..count)
            .map(|index| invent(&mut random, honest.start_op + index as u64))
            .collect();
        let (seq, start_op) = (honest.seq, honest.start_op);
        let bytes = forge(&rows, honest.deps.clone(), *actor, seq, start_op).bytes();
        if let Some(after) = tally.offer(before, &bytes, actor) {
            assert_reencodes(&history, before, &bytes);
            let past = history.iter().take(before.changes());
            let past = past.map(|(change, author, _)| (change.as_slice(), *author));
            let all: Vec<_> = [(bytes.as_slice(), *actor)]
                .into_iter()
                .chain(past)
                .collect();
            let (rebuilt, refused) = Content::rebuild(ContentKind::Case, &all);
            assert!(refused.is_empty(), "{refused:?}");
            assert_eq!(rebuilt.hydrate(), after.hydrate(), "{bytes:02x?}");
        }
    }
    assert!(
        tally.applied > 100 && tally.past > 100,
        "the door is not what was tested: {tally:?}"
    );
    println!("invented: {tally:?}, peak {} KiB", peak_kib());
}

/// Automerge re-encodes changes when it forks; an admitted one must come out as it went in.
fn assert_reencodes(history: &[(Vec<u8>, Hash, Content)], before: &Content, bytes: &[u8]) {
    let mut document = Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint);
    let genesis = Change::from_bytes(ContentKind::Case.genesis_bytes().to_vec()).unwrap();
    let past = history
        .iter()
        .take(before.changes())
        .map(|(change, ..)| change.clone());
    let offered = past
        .chain([bytes.to_vec()])
        .map(|bytes| Change::from_bytes(bytes).unwrap());
    let changes: Vec<Change> = [genesis].into_iter().chain(offered).collect();
    let hash: ChangeHash = changes.last().unwrap().hash();
    document.apply_changes(changes).unwrap();
    let again = automerge::ReadDoc::get_change_by_hash(&document, &hash).unwrap();
    assert_eq!(again.raw_bytes(), bytes);
}

#[test]
fn invented_operations_of_three_authors_converge_in_every_order() {
    const ORDERS: [[usize; 3]; 6] = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let history = history();
    let (last, author, before) = history.last().unwrap();
    let mut content = before.clone();
    content.apply(last, author).unwrap();
    let summaries = history
        .iter()
        .map(|(bytes, by, _)| precheck(bytes, &EDIT_1, by).unwrap());
    let start_op = summaries.map(|summary| summary.ops_max).max().unwrap() + 1;
    let seq_of = |author| history.iter().filter(|(_, by, _)| *by == author).count() as u64 + 1;
    let mut random = Xorshift(0x00c0_ffee);
    let mut draw = |author: Hash| loop {
        let count = 1 + random.below(6) as u64;
        let rows: Vec<Row> = (0..count)
            .map(|at| invent(&mut random, start_op + at))
            .collect();
        let bytes = forge(&rows, content.heads(), author, seq_of(author), start_op).bytes();
        if content.clone().apply(&bytes, &author).is_ok() {
            return bytes;
        }
    };
    for _ in 0..300 {
        let changes = AUTHORS.map(&mut draw);
        let views = ORDERS.map(|order| {
            let mut replica = content.clone();
            for place in order {
                replica.apply(&changes[place], &AUTHORS[place]).unwrap();
            }
            replica.hydrate()
        });
        assert!(views.iter().all(|view| *view == views[0]), "{changes:02x?}");
    }
}
