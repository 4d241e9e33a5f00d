//! Positions after their third day: packed by person and day, read as if they had never moved, and
//! taken away when their term is over.
//!
//! A day's row is keyed by the day's first instant; of a day with very many positions the later
//! parts have rows of their own, keyed by their first instant. What comes late for a packed day lies
//! beside it until the next round adds it.

use super::Replica;
use super::supervise::fix_prefix;
use crate::replica::StoredFix;
use crate::store::{Store, StoreError, Table};
use crate::track::{POSITIONS_MAX, day_start, pack, unpack};
use jiaolian_schema::fix::{DAY_MS, Point};
use jiaolian_schema::id::PersonCode;
use jiaolian_schema::watch::NodeClock;
use std::cmp::Ordering;

/// How long positions lie row by row, ms, counted in whole days of Asia/Shanghai.
const LOOSE_MS: i64 = 3 * DAY_MS;
/// Positions later than this from now lie row by row in any case, whichever day it is.
const SURELY_LOOSE_MS: i64 = 2 * DAY_MS;
/// Time from the beginning of one round over all people to that of the next, ms.
const ROUND_MS: i64 = 3_600_000;
/// People looked at with one tick.
const PEOPLE_AT_ONCE: usize = 16;
/// Rows written with one tick.
const ROWS_AT_ONCE: usize = 4;
/// Positions taken up at once.
const LOOSE_AT_ONCE: usize = 4_096;
/// Rows of packed positions read at once.
const PACKED_AT_ONCE: usize = 4;
/// Rows whose term is over that are taken away at once.
const GONE_AT_ONCE: usize = 1_024;

/// How far the round over people has come.
#[derive(Debug)]
pub(super) struct Tracks {
    /// When this or the last round began, ms UTC.
    began: i64,
    /// The last person done; none at the beginning of a round.
    after: Option<PersonCode>,
    running: bool,
    /// Somebody of this round could not be done.
    failed: bool,
    gone_before: Option<i64>,
}

impl Default for Tracks {
    fn default() -> Self {
        Self {
            began: i64::MIN,
            after: None,
            running: false,
            failed: false,
            gone_before: None,
        }
    }
}

impl<S: Store> Replica<S> {
    /// Before which instant nobody's positions are stored any more, ms UTC: the keys of those days
    /// may be destroyed. None as long as no round over all people has found out.
    pub fn tracks_gone_before(&self) -> Option<i64> {
        self.tracks.gone_before
    }

    /// Stored positions of a person with `from <= device time < to`, ms UTC, in order, at most
    /// `limit`.
    pub(super) fn positions(
        &self,
        person: PersonCode,
        (from, to): (i64, i64),
        limit: usize,
    ) -> Result<Vec<StoredFix>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let (lo, hi) = (fix_prefix(person, from), fix_prefix(person, to));
        let rows = self.disk.range(Table::Fix, &lo, &hi, limit)?;
        let packed = self.packed(person, (from, to), limit)?;
        let mut all = joined(packed, loose(&rows));
        all.truncate(limit);
        Ok(all)
    }

    /// Whether a position lies in a packed day already.
    pub(super) fn is_packed(&self, person: PersonCode, point: &Point) -> Result<bool, StoreError> {
        if point.time >= self.now.saturating_sub(SURELY_LOOSE_MS) {
            return Ok(false);
        }
        let moment = (point.time, point.time.saturating_add(1));
        let packed = self.packed(person, moment, usize::MAX)?;
        Ok(packed.iter().any(|fix| fix.point == *point))
    }

    /// Packs and takes away what is due of some more people.
    pub(super) fn keep_tracks(&mut self) {
        let since = self.now.saturating_sub(self.tracks.began);
        if !self.tracks.running && (0..ROUND_MS).contains(&since) {
            return;
        }
        if !self.tracks.running {
            (self.tracks.began, self.tracks.after) = (self.now, None);
            (self.tracks.running, self.tracks.failed) = (true, false);
        }
        let Ok(people) = self.watched_after(self.tracks.after) else {
            return;
        };
        if people.is_empty() {
            return self.end_round();
        }
        let mut room = ROWS_AT_ONCE;
        for person in people {
            match self.keep_track_of(person, &mut room) {
                Ok(true) => {}
                Ok(false) => return,
                // The disk is asked again with the next round.
                Err(_) => self.tracks.failed = true,
            }
            self.tracks.after = Some(person);
        }
    }

    fn end_round(&mut self) {
        self.tracks.running = false;
        if !self.tracks.failed
            && let Some(kept) = self.kept_since(self.tracks.began)
        {
            let known = self.tracks.gone_before;
            self.tracks.gone_before = Some(known.map_or(kept, |known| known.max(kept)));
        }
    }

    /// The first instant whose positions are kept at a time, ms UTC; none where all are.
    fn kept_since(&self, now: i64) -> Option<i64> {
        // A clock that the devices do not believe destroys nothing.
        if matches!(self.node_clock(), NodeClock::Untrusted { .. }) {
            return None;
        }
        let keep_ms = self.limits.track_keep_ms?;
        Some(day_start(now.saturating_sub(keep_ms)))
    }

    /// Some more people who have a watch here.
    pub(super) fn watched_after(
        &self,
        after: Option<PersonCode>,
    ) -> Result<Vec<PersonCode>, StoreError> {
        let from = after.map_or_else(Vec::new, |person| [&person.0[..], &[u8::MAX]].concat());
        let end = [u8::MAX; PersonCode::BYTES + 1];
        // A person may have a second row.
        let rows = self
            .disk
            .range(Table::Watch, &from, &end, 2 * PEOPLE_AT_ONCE)?;
        let people = rows
            .iter()
            .filter_map(|(key, _)| PersonCode::from_slice(key));
        Ok(people.take(PEOPLE_AT_ONCE).collect())
    }

    /// False where there was no room for all.
    fn keep_track_of(&mut self, person: PersonCode, room: &mut usize) -> Result<bool, StoreError> {
        if let Some(kept) = self.kept_since(self.tracks.began)
            && !self.let_go_of_positions(person, kept)?
        {
            return Ok(false);
        }
        let until = fix_prefix(person, day_start(self.now.saturating_sub(LOOSE_MS)));
        let mut from = fix_prefix(person, i64::MIN);
        loop {
            let rows = self.disk.range(Table::Fix, &from, &until, LOOSE_AT_ONCE)?;
            let fixes = loose(&rows);
            let (Some(first), Some((last, _))) = (fixes.first(), rows.last()) else {
                return Ok(true);
            };
            if *room == 0 {
                return Ok(false);
            }
            *room -= 1;
            let day = day_start(first.point.time);
            let (of_day, others): (Vec<_>, Vec<_>) = fixes
                .into_iter()
                .partition(|fix| day_start(fix.point.time) == day);
            // A row that can't be read stays where it is and is passed over.
            from = match others.first() {
                Some(next) => fix_prefix(person, next.point.time),
                None => [last.as_slice(), &[0]].concat(),
            };
            for fix in &of_day {
                let key = [
                    &fix_prefix(person, fix.point.time)[..],
                    &fix.point.id(&fix.person),
                ];
                self.disk.remove(Table::Fix, &key.concat());
            }
            self.add_to_day(person, day, of_day)?;
        }
    }

    /// Adds positions in order to the rows of their day.
    fn add_to_day(
        &mut self,
        person: PersonCode,
        day: i64,
        fixes: Vec<StoredFix>,
    ) -> Result<(), StoreError> {
        let (from, to) = (fix_prefix(person, day), fix_prefix(person, day + DAY_MS));
        let mut rows = self.disk.range(Table::Track, &from, &to, usize::MAX)?;
        if rows.first().is_none_or(|(key, _)| *key != from) {
            rows.insert(0, (from, Vec::new()));
        }
        let mut fixes = fixes.into_iter().peekable();
        for (at, (key, value)) in rows.iter().enumerate() {
            let until = rows.get(at + 1).and_then(|(next, _)| instant_of(next));
            let mut own = Vec::new();
            let is_own = |fix: &StoredFix| until.is_none_or(|until| fix.point.time < until);
            while let Some(fix) = fixes.next_if(is_own) {
                own.push(fix);
            }
            if own.is_empty() {
                continue;
            }
            let before = unpacked(person, key, value)?;
            self.put_parts(person, key, day, &joined(before, own));
        }
        Ok(())
    }

    /// Writes positions under a key, and what is too many for it under keys of their own.
    fn put_parts(&mut self, person: PersonCode, key: &[u8], day: i64, fixes: &[StoredFix]) {
        let mut key = key.to_vec();
        for part in parts(fixes) {
            if part[0].point.time != fixes[0].point.time {
                key = fix_prefix(person, part[0].point.time);
            }
            self.disk.put(Table::Track, &key, pack(day, part));
        }
    }

    fn packed(
        &self,
        person: PersonCode,
        (from, to): (i64, i64),
        limit: usize,
    ) -> Result<Vec<StoredFix>, StoreError> {
        let (mut key, end) = (fix_prefix(person, day_start(from)), fix_prefix(person, to));
        let mut found: Vec<StoredFix> = Vec::new();
        loop {
            let rows = self.disk.range(Table::Track, &key, &end, PACKED_AT_ONCE)?;
            for (at, (key, value)) in rows.iter().enumerate() {
                let next = rows.get(at + 1).and_then(|(next, _)| instant_of(next));
                if next.is_some_and(|next| next <= from) {
                    continue;
                }
                let fixes = unpacked(person, key, value)?.into_iter();
                found.extend(fixes.filter(|fix| (from..to).contains(&fix.point.time)));
            }
            match rows.last() {
                Some((last, _)) if rows.len() == PACKED_AT_ONCE && found.len() < limit => {
                    key = [last.as_slice(), &[0]].concat();
                }
                _ => break,
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Takes away positions from before an instant; false where there are more.
    fn let_go_of_positions(&mut self, person: PersonCode, before: i64) -> Result<bool, StoreError> {
        let (from, to) = (fix_prefix(person, i64::MIN), fix_prefix(person, before));
        let mut is_done = true;
        for table in [Table::Fix, Table::Track] {
            let rows = self.disk.range(table, &from, &to, GONE_AT_ONCE)?;
            for (key, _) in &rows {
                self.disk.remove(table, key);
            }
            is_done &= rows.len() < GONE_AT_ONCE;
        }
        Ok(is_done)
    }
}

/// The positions of a row; of none where there is none yet.
fn unpacked(person: PersonCode, key: &[u8], value: &[u8]) -> Result<Vec<StoredFix>, StoreError> {
    if value.is_empty() {
        return Ok(Vec::new());
    }
    let day = instant_of(key).map(day_start);
    let fixes = day.and_then(|day| unpack(&person.to_hex(), day, value));
    fixes.ok_or(StoreError::Damaged(Table::Track))
}

/// Cuts positions into parts that are not too long, never between two of one instant.
fn parts(fixes: &[StoredFix]) -> Vec<&[StoredFix]> {
    let mut found = Vec::new();
    let mut rest = fixes;
    while rest.len() > POSITIONS_MAX {
        // Halves have room for what comes late.
        let half = rest.len().min(2 * POSITIONS_MAX) / 2;
        let same = |fix: &StoredFix| fix.point.time < rest[half].point.time;
        let mut cut = rest.partition_point(same);
        if cut == 0 {
            let time = rest[0].point.time;
            cut = rest.partition_point(|fix| fix.point.time <= time);
        }
        let (part, after) = rest.split_at(cut);
        found.push(part);
        rest = after;
    }
    if !rest.is_empty() {
        found.push(rest);
    }
    found
}

/// Two lists in order as one; of a position that is in both, what the first says of it.
fn joined(first: Vec<StoredFix>, second: Vec<StoredFix>) -> Vec<StoredFix> {
    let mut all = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    loop {
        match (first.peek(), second.peek()) {
            (Some(a), Some(b)) => match in_order(a, b) {
                Ordering::Less => all.extend(first.next()),
                Ordering::Greater => all.extend(second.next()),
                Ordering::Equal => {
                    all.extend(first.next());
                    second.next();
                }
            },
            (Some(_), None) => all.extend(first.next()),
            (None, Some(_)) => all.extend(second.next()),
            (None, None) => return all,
        }
    }
}

/// The order of keys: by time, and at one instant by the positions' names.
fn in_order(a: &StoredFix, b: &StoredFix) -> Ordering {
    let by_name = || a.point.id(&a.person).cmp(&b.point.id(&b.person));
    match a.point.time.cmp(&b.point.time) {
        Ordering::Equal if a.point == b.point => Ordering::Equal,
        Ordering::Equal => by_name(),
        order => order,
    }
}

fn loose(rows: &[(Vec<u8>, Vec<u8>)]) -> Vec<StoredFix> {
    let fixes = rows.iter().map(|(_, value)| minicbor::decode(value).ok());
    fixes.flatten().collect()
}

/// The instant in a row's key.
fn instant_of(key: &[u8]) -> Option<i64> {
    let bytes = key.get(PersonCode::BYTES..)?.first_chunk::<8>()?;
    Some((u64::from_be_bytes(*bytes) ^ (1 << 63)) as i64)
}
