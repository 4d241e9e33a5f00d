//! A day of gatherings as a node judges it: chunk by chunk, with how it stood before each, so that a
//! late fix costs no more than what came after it.

use jiaolian_schema::fix::{DAY_MS, Point};
use jiaolian_schema::gather::{Crowd, Gathering, Numbers, Presence, SLICE_MS};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::id::PersonCode;

/// Slices that are looked at together: so much of everybody's fixes is in memory at once.
pub(super) const CHUNK_MS: i64 = 15 * SLICE_MS;

/// A day of gatherings, judged up to an instant.
#[derive(Debug, Clone)]
pub(super) struct Day {
    pub(super) begin: i64,
    pub(super) until: i64,
    crowd: Crowd,
    ended: Vec<Gathering>,
    /// How it stood before each chunk.
    marks: Vec<(i64, Crowd, usize)>,
}

/// A chunk while everybody's fixes are read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) day: i64,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) after: Option<PersonCode>,
    pub(super) read: Vec<Read>,
}

#[derive(Debug)]
pub(super) struct Read {
    pub(super) person: String,
    pub(super) household: Option<String>,
    pub(super) points: Vec<Point>,
}

impl Day {
    pub(super) fn new(begin: i64) -> Self {
        Self {
            begin,
            until: begin,
            crowd: Crowd::default(),
            ended: Vec::new(),
            marks: Vec::new(),
        }
    }

    pub(super) fn end(&self) -> i64 {
        self.begin + DAY_MS
    }

    /// Forgets what was judged from an instant on.
    pub(super) fn rewind(&mut self, late: i64) {
        while self.until > late
            && let Some((until, crowd, ended)) = self.marks.pop()
        {
            (self.until, self.crowd) = (until, crowd);
            self.ended.truncate(ended);
        }
    }

    pub(super) fn reading(&self) -> Reading {
        Reading {
            day: self.begin,
            from: self.until,
            to: self.until + CHUNK_MS,
            after: None,
            read: Vec::new(),
        }
    }

    pub(super) fn step(&mut self, reading: &Reading, sites: &[Shape], numbers: &Numbers) {
        let presences: Vec<Presence<'_>> = reading.read.iter().map(Read::presence).collect();
        let mark = (self.until, self.crowd.clone(), self.ended.len());
        self.marks.push(mark);
        let span = (reading.from, reading.to);
        let left_out = |at| sites.iter().any(|site| site.holds(at));
        let ended = self.crowd.step(&presences, left_out, span, numbers);
        self.ended.extend(ended);
        self.until = reading.to;
    }

    pub(super) fn gatherings(&self) -> Vec<Gathering> {
        let mut all = self.ended.clone();
        all.extend(self.crowd.going());
        all.sort();
        all
    }
}

impl Read {
    fn presence(&self) -> Presence<'_> {
        Presence {
            person: &self.person,
            household: self.household.as_deref(),
            points: &self.points,
            called: &[],
        }
    }
}
