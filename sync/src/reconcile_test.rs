//! Two sides reconcile in memory: everything that differs is found, nothing else, in few bytes.

use super::*;
use crate::item::{Class, Group, item_ref};
use jiaolian_schema::id::{AuthorId, OfficeId, sha256};
use std::collections::BTreeSet;

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

fn office(number: u64) -> OfficeId {
    let mut id = [0; 16];
    id.copy_from_slice(&sha256(&[&number.to_be_bytes()])[..16]);
    OfficeId(id)
}

fn key(class: Class, at: u64, number: u64) -> Key {
    Key::chain(
        class,
        office(at),
        AuthorId(sha256(&[b"item", &number.to_be_bytes()])),
    )
}

fn digest(version: u64) -> Digest {
    let mut digest = [0; 16];
    digest.copy_from_slice(&sha256(&[b"version", &version.to_be_bytes()])[..16]);
    digest
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    a_only: BTreeSet<ItemRef>,
    b_only: BTreeSet<ItemRef>,
    differ: BTreeSet<ItemRef>,
    bytes: usize,
    legs: usize,
}

fn run(a: &Side<'_>, b: &Side<'_>) -> Found {
    let mut found = Found::default();
    let mut flying = a.open();
    let mut to_b = true;
    while !flying.is_empty() {
        found.legs += 1;
        let mut next = Vec::new();
        for message in flying {
            found.bytes += message.len();
            let answer = if to_b { b } else { a }.answer(&message).unwrap();
            let (mine, others) = if to_b {
                (&mut found.b_only, &mut found.a_only)
            } else {
                (&mut found.a_only, &mut found.b_only)
            };
            mine.extend(answer.ours.iter().map(Key::short));
            others.extend(answer.theirs);
            found.differ.extend(answer.differ.iter().map(Key::short));
            next.extend(answer.messages);
        }
        (flying, to_b) = (next, !to_b);
    }
    found
}

fn shorts(keys: impl IntoIterator<Item = Key>) -> BTreeSet<ItemRef> {
    keys.into_iter().map(|key| item_ref(&key.id())).collect()
}

#[test]
fn four_hundred_random_pairs_find_exactly_what_differs() {
    for case in 1..=400_u64 {
        let mut dice = Dice(case.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (mut a, mut b) = (Index::default(), Index::default());
        let (mut rows_a, mut rows_b) = (BTreeMap::new(), BTreeMap::new());
        let shown: Vec<Group> = (0..6)
            .map(|at| Group::new(Class::Case, office(at)))
            .collect();
        let view = View::new(shown[..=dice.below(6) as usize].to_vec());
        for _ in 0..dice.below(600) {
            let (at, number) = (dice.below(6), dice.below(500));
            let key = key(Class::Case, at, at * 1000 + number);
            let version = dice.below(3);
            match dice.below(20) {
                0 => {
                    a.put(key, digest(version));
                    rows_a.insert(key, version);
                }
                1 => {
                    b.remove(&key);
                    rows_b.remove(&key);
                }
                _ => {
                    a.put(key, digest(version));
                    b.put(key, digest(version));
                    rows_a.insert(key, version);
                    rows_b.insert(key, version);
                }
            }
        }
        rows_a.retain(|key, _| view.shows(&key.group()));
        rows_b.retain(|key, _| view.shows(&key.group()));
        let salt = Salt(case.to_be_bytes());
        let side = |index| Side {
            index,
            view: &view,
            salt,
        };
        let found = run(&side(&a), &side(&b));
        let only = |x: &BTreeMap<Key, u64>, y: &BTreeMap<Key, u64>| {
            shorts(x.keys().filter(|key| !y.contains_key(*key)).copied())
        };
        assert_eq!(found.a_only, only(&rows_a, &rows_b), "case {case}");
        assert_eq!(found.b_only, only(&rows_b, &rows_a), "case {case}");
        let differ = rows_a
            .iter()
            .filter(|(key, version)| rows_b.get(*key).is_some_and(|other| other != *version));
        assert_eq!(
            found.differ,
            shorts(differ.map(|(key, _)| *key)),
            "case {case}"
        );
    }
}

#[test]
fn sums_follow_any_order_of_puts_and_removes() {
    let mut dice = Dice(7);
    let (mut index, mut rows) = (Index::default(), BTreeMap::new());
    for _ in 0..20_000 {
        let key = key(Class::Case, dice.below(3), dice.below(2_000));
        if dice.below(3) == 0 {
            index.remove(&key);
            rows.remove(&key);
        } else {
            let digest = digest(dice.below(5));
            index.put(key, digest);
            rows.insert(key, digest);
        }
    }
    let mut fresh = Index::default();
    for (key, digest) in &rows {
        fresh.put(*key, *digest);
    }
    assert_eq!(
        index.sum(&Key::START, &Key::END),
        fresh.sum(&Key::START, &Key::END)
    );
    let all: Vec<_> = index.items(&Key::START, &Key::END).collect();
    assert_eq!(all, rows.clone().into_iter().collect::<Vec<_>>());
    for skip in [0, 1, 100, rows.len() - 1] {
        let nth = index.nth(&Key::START, &Key::END, skip);
        assert_eq!(nth, rows.keys().nth(skip).copied());
    }
    assert_eq!(index.nth(&Key::START, &Key::END, rows.len()), None);
}

fn filled(count: u64, offices: u64) -> Index {
    let mut index = Index::default();
    for number in 0..count {
        index.put(key(Class::Case, number % offices, number), digest(0));
    }
    index
}

fn all(offices: u64) -> View {
    View::new(
        (0..offices)
            .map(|at| Group::new(Class::Case, office(at)))
            .collect(),
    )
}

#[test]
fn ten_changed_of_many_cost_little_more_when_the_rest_is_ten_times_as_large() {
    let bytes: Vec<usize> = [3_000, 30_000]
        .into_iter()
        .map(|count| {
            let view = all(30);
            let a = filled(count, 30);
            let mut b = a.clone();
            for number in 0..10 {
                b.put(key(Class::Case, number % 30, number), digest(1));
            }
            let side = |index| Side {
                index,
                view: &view,
                salt: Salt::default(),
            };
            let found = run(&side(&a), &side(&b));
            assert_eq!(found.differ.len(), 10);
            assert!(found.legs <= 6, "{} legs", found.legs);
            found.bytes
        })
        .collect();
    assert!(bytes[1] < bytes[0] * 2, "{bytes:?}");
    assert!(bytes[1] < 10 * 1_000, "{bytes:?}");
}

#[test]
fn changes_of_one_office_cost_a_fraction_of_scattered_ones() {
    let view = all(100);
    let a = filled(20_000, 100);
    let (mut near, mut far) = (a.clone(), a.clone());
    for number in 0..50 {
        near.put(key(Class::Case, 5, 5 + number * 100), digest(1));
        far.put(key(Class::Case, number * 2, number * 2), digest(1));
    }
    let side = |index| Side {
        index,
        view: &view,
        salt: Salt::default(),
    };
    let (near, far) = (run(&side(&a), &side(&near)), run(&side(&a), &side(&far)));
    assert_eq!((near.differ.len(), far.differ.len()), (50, 50));
    assert!(
        near.bytes * 3 < far.bytes,
        "{} and {}",
        near.bytes,
        far.bytes
    );
}

#[test]
fn an_empty_side_learns_everything_in_three_legs() {
    let view = all(3);
    let (a, empty) = (filled(5_000, 3), Index::default());
    let side = |index| Side {
        index,
        view: &view,
        salt: Salt::default(),
    };
    let found = run(&side(&a), &side(&empty));
    assert_eq!((found.a_only.len(), found.legs), (5_000, 2));
    let found = run(&side(&empty), &side(&a));
    assert_eq!((found.b_only.len(), found.legs), (5_000, 1));
}

#[test]
fn hostile_stretches_are_refused_and_never_panic() {
    let view = all(3);
    let index = filled(500, 3);
    let side = Side {
        index: &index,
        view: &view,
        salt: Salt::default(),
    };
    let honest = side.open().remove(0);
    let mut dice = Dice(99);
    for round in 0..20_000 {
        let mut bytes = honest.clone();
        if round % 3 == 0 {
            bytes = (0..dice.below(200)).map(|_| dice.next() as u8).collect();
        }
        for _ in 0..dice.below(4) {
            let at = dice.below(bytes.len() as u64 + 1) as usize;
            if let Some(byte) = bytes.get_mut(at) {
                *byte = dice.next() as u8;
            } else {
                bytes.truncate(at / 2);
            }
        }
        if let Ok(answer) = side.answer(&bytes) {
            let said: usize = answer.messages.iter().map(Vec::len).sum();
            assert!(
                said <= 500 * 16 + bytes.len() * 32,
                "{said} for {}",
                bytes.len()
            );
        }
    }
    assert_eq!(side.answer(&[1]), Err(ReadStretchesError::Short(1)));
    assert_eq!(side.answer(&[0, 60]), Err(ReadStretchesError::Bound(0)));
}
