//! Every order in which some envelopes of a story can arrive, each arrival held against all at once.
// Each story file uses a part of this.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use super::town::{TownRules, World};
use jiaolian_schema::authority::Authority;
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::{Standing, fold};
use std::collections::{BTreeMap, BTreeSet};

/// What a node makes of what it holds: how each envelope of the story stands, with its window, and
/// the whole case.
type Reading = (Vec<String>, Standing, [u8; 32]);

/// All orders of arrival of `story`, after everything else of the world was there. Each envelope
/// comes whole; `heads_first` lets all heads come before the first body.
pub struct Orders<'a> {
    w: &'a World,
    story: &'a [EnvelopeId],
    batch: BTreeMap<u64, Reading>,
    heads_first: bool,
    /// Complete orders that were tried.
    pub tried: usize,
}

impl<'a> Orders<'a> {
    /// Tries every order; fails at the first arrival after which a node stands otherwise than one
    /// that got the same envelopes at once.
    pub fn try_all(w: &'a World, story: &'a [EnvelopeId]) -> usize {
        let mut tried = 0;
        for heads_first in [false, true] {
            let mut orders = Self {
                w,
                story,
                batch: BTreeMap::new(),
                heads_first,
                tried: 0,
            };
            let mut start = orders.ground();
            if heads_first {
                for id in story {
                    start.add_head(*id, &w.heads[id]);
                }
            }
            orders.go_on(&start, 0);
            tried += orders.tried;
        }
        tried
    }

    /// What was there before.
    fn ground(&self) -> Authority {
        let story: BTreeSet<&EnvelopeId> = self.story.iter().collect();
        let mut authority = Authority::new(self.w.root.clone());
        let heads = self.w.heads.iter().filter(|(id, _)| !story.contains(id));
        let facts = self.w.facts.iter().filter(|(id, _)| !story.contains(id));
        authority.extend(
            heads.map(|(id, head)| (*id, head)),
            facts.map(|(_, fact)| fact),
        );
        authority
    }

    fn go_on(&mut self, here: &Authority, arrived: u64) {
        let reading = self.read(here, arrived);
        let expected = self.at_once(arrived);
        assert_eq!(reading, expected, "after {arrived:b}");
        if arrived.count_ones() as usize == self.story.len() {
            self.tried += 1;
        }
        for (place, id) in self.story.iter().enumerate() {
            if arrived >> place & 1 == 1 {
                continue;
            }
            let mut next = here.clone();
            if !self.heads_first {
                next.add_head(*id, &self.w.heads[id]);
            }
            next.add_fact(&self.w.facts[id]);
            self.go_on(&next, arrived | 1 << place);
        }
    }

    fn at_once(&mut self, arrived: u64) -> Reading {
        if let Some(known) = self.batch.get(&arrived) {
            return known.clone();
        }
        let mut authority = self.ground();
        let came = self.came(arrived);
        let heads = self.story.iter().copied();
        let heads: Vec<EnvelopeId> = heads
            .filter(|id| self.heads_first || came.contains(id))
            .collect();
        authority.extend(
            heads.iter().map(|id| (*id, &self.w.heads[id])),
            came.iter().map(|id| &self.w.facts[id]),
        );
        let reading = self.read(&authority, arrived);
        self.batch.insert(arrived, reading.clone());
        reading
    }

    fn came(&self, arrived: u64) -> Vec<EnvelopeId> {
        let places = self.story.iter().enumerate();
        let came = places.filter(|(place, _)| arrived >> place & 1 == 1);
        came.map(|(_, id)| *id).collect()
    }

    fn read(&self, authority: &Authority, arrived: u64) -> Reading {
        let came = self.came(arrived);
        let say = |id: &EnvelopeId| {
            let fact = &self.w.facts[id];
            let state = authority.state(fact, authority.is_complete(*id));
            format!("{state:?} {:?}", authority.window(fact))
        };
        let here = |id: &EnvelopeId| !self.story.contains(id) || came.contains(id);
        let facts: BTreeMap<EnvelopeId, Fact> = self
            .w
            .case_facts()
            .into_iter()
            .filter(|(id, _)| here(id))
            .collect();
        let standing = fold(authority, &TownRules, &facts);
        let root = standing.state_root();
        (came.iter().map(say).collect(), standing, root)
    }
}
