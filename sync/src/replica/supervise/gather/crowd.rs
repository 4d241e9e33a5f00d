//! What a node keeps in mind of gatherings: up to when which day is judged, and what is to be judged
//! again.

use super::GatherNumbers;
use super::day::{CHUNK_MS, Day, Reading};
use jiaolian_schema::act::Raise;
use jiaolian_schema::fix::DAY_MS;
use jiaolian_schema::gather::day_of;
use jiaolian_schema::geo::Shape;
use jiaolian_schema::id::{AlarmId, PersonCode};
use jiaolian_schema::watch::Spans;
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Slices are looked at so long after they are over, ms: reports are on their way for a while.
const LAG_MS: i64 = 2 * 60_000;
/// How far back late reports make a day be judged again, ms.
const AGAIN_MS: i64 = 30 * DAY_MS;

/// What is kept in memory of it.
#[derive(Debug, Default)]
pub(in crate::replica::supervise) struct Crowds {
    pub(super) numbers: Option<GatherNumbers>,
    /// Areas that are not looked at.
    pub(super) sites: Vec<Shape>,
    pub(super) today: Option<Day>,
    pub(super) again: Option<Day>,
    /// Days to judge again, by their first instants, ms UTC.
    days: BTreeSet<i64>,
    /// The earliest instant of today that is to be judged again, ms UTC.
    late: Option<i64>,
    pub(super) reading: Option<Reading>,
    /// Alarms of gatherings, by when these began.
    alarms: BTreeSet<(i64, AlarmId)>,
    /// Households as they were read, by the newest act of the person's cases.
    pub(super) households: BTreeMap<PersonCode, (u64, Option<String>)>,
    /// When gatherings began of which another gateway said something.
    pub(in crate::replica::supervise) elsewhere: BTreeSet<i64>,
    pub(super) kept: Option<CrowdRow>,
}

/// The row of `Table::Local`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct CrowdRow {
    #[n(0)]
    begin: i64,
    #[n(1)]
    days: Vec<i64>,
}

impl Crowds {
    pub(in crate::replica::supervise) fn new(numbers: Option<GatherNumbers>) -> Self {
        Self {
            numbers,
            ..Self::default()
        }
    }

    /// A fix of that instant is new, or counts otherwise than before. One that nobody has looked for
    /// yet changes nothing.
    pub(in crate::replica::supervise) fn note(&mut self, time: i64, now: i64) {
        let Some(numbers) = self.numbers.filter(|_| time >= now - AGAIN_MS) else {
            return;
        };
        for time in [time, time.saturating_add(numbers.hold_ms)] {
            match &self.today {
                Some(today) if time >= today.begin => {
                    let reading = self.reading.as_ref().filter(|read| read.day == today.begin);
                    let seen = reading.map_or(today.until, |reading| reading.to);
                    if time < seen {
                        self.late = Some(self.late.map_or(time, |late| late.min(time)));
                    }
                }
                _ => {
                    self.days.insert(day_of(time));
                }
            }
        }
    }

    pub(in crate::replica::supervise) fn note_alarm(&mut self, raise: &Raise) {
        self.alarms.insert((raise.time, raise.alarm));
    }

    /// Alarms of gatherings that began on a day, each once.
    pub(super) fn alarms_of(&self, day: &Day) -> BTreeSet<AlarmId> {
        let first = AlarmId([0; 32]);
        let named = self.alarms.range((day.begin, first)..(day.end(), first));
        named.map(|(_, alarm)| *alarm).collect()
    }

    /// A decision binds a band at other times than before.
    pub(in crate::replica::supervise) fn note_bound(
        &mut self,
        before: &Spans,
        after: &Spans,
        now: i64,
    ) {
        let today = day_of(now);
        let days = (0..=AGAIN_MS / DAY_MS).map(|back| today - back * DAY_MS);
        let differs = |day: &i64| {
            let whole = Spans::new([(*day, *day + DAY_MS)]);
            before.within(&whole) != after.within(&whole)
        };
        for day in days.filter(differs).collect::<Vec<_>>() {
            self.note(day, now);
        }
    }

    /// What a day asked for could not be signed: it is judged again from an instant on.
    pub(super) fn owe(&mut self, day: &Day, is_today: bool, time: i64) {
        if is_today {
            let time = time.max(day.begin);
            self.late = Some(self.late.map_or(time, |late| late.min(time)));
        } else {
            self.days.insert(day.begin);
        }
    }

    pub(in crate::replica::supervise) fn forget(&mut self, person: PersonCode) {
        self.households.remove(&person);
    }

    /// Which chunk is read next; none while nothing is over that was not judged.
    pub(super) fn next(&mut self, now: i64) -> Option<Reading> {
        let over = now - LAG_MS;
        self.begin_day(day_of(over));
        for time in std::mem::take(&mut self.elsewhere) {
            self.note(time, now);
        }
        let late = self.late.take();
        let today = self.today.as_mut()?;
        if let Some(late) = late {
            today.rewind(late);
        }
        if today.until + CHUNK_MS <= over.min(today.end()) {
            return Some(today.reading());
        }
        let (begin, oldest) = (today.begin, day_of(now - AGAIN_MS));
        while self.again.is_none() {
            let day = self.days.pop_first()?;
            self.again = (oldest..begin).contains(&day).then(|| Day::new(day));
        }
        self.again.as_ref().map(Day::reading)
    }

    fn begin_day(&mut self, day: i64) {
        let Some(today) = &self.today else {
            // What came in while the node stopped, and what it had not judged when it did.
            let kept = self.kept.take().unwrap_or_default();
            self.days.extend(kept.days);
            let oldest = kept.begin.max(day - AGAIN_MS);
            let missed = (1..).map(|back| day - back * DAY_MS);
            if kept.begin != 0 {
                self.days
                    .extend(missed.take_while(|begin| *begin >= oldest));
            }
            self.today = Some(Day::new(day));
            return;
        };
        if today.begin > day {
            // The clock was ahead.
            self.today = Some(Day::new(day));
        } else if today.begin < day && today.until >= today.end() {
            self.today = Some(Day::new(today.end()));
        }
    }

    pub(super) fn row(&self) -> CrowdRow {
        let again = self.again.as_ref().map(|day| day.begin);
        CrowdRow {
            begin: self.today.as_ref().map_or(0, |day| day.begin),
            days: self.days.iter().copied().chain(again).collect(),
        }
    }
}
