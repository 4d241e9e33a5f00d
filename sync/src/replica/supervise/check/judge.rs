//! What check-ins come to: conditions by the rules, matched with the alarms that stand.

use super::super::super::Replica;
use super::super::alarm::Cause;
use super::super::watched::Watched;
use super::JUDGED_MAX;
use crate::store::{Store, StoreError};
use jiaolian_schema::checkin::{
    BAND_BACK_MS, CheckIn, Ground, LOOK_BACK_MS, Story, conditions, is_of_check_in, story,
};
use jiaolian_schema::fence::FenceKind;
use jiaolian_schema::fix::{DAY_MS, Point, SHANGHAI_AHEAD_MS};
use jiaolian_schema::id::{AlarmId, PersonCode};
use jiaolian_schema::watch::{
    AlarmChange, AlarmKind, Condition, Spans, StandingAlarm, match_alarms,
};
use std::collections::BTreeSet;

/// People of whom the clock decides with one tick.
const JUDGED_AT_ONCE: usize = 64;
/// After how long a disk that refused, or a key that could not sign, is tried again, ms.
const AGAIN_MS: i64 = 60_000;
/// Most positions of a band that are read around check-ins that came together.
const FIXES_AROUND_MAX: usize = 4_096;

/// What judging up to an instant came to.
struct Compared {
    now: i64,
    conditions: Vec<Condition>,
    alarms: Vec<StandingAlarm>,
    changes: Vec<AlarmChange>,
    next: Option<i64>,
}

impl Compared {
    /// Whether all that decides something of this time was looked at: at the border it was not.
    fn is_whole(&self, kind: AlarmKind, time: i64) -> bool {
        let back_ms = match kind {
            AlarmKind::Separation => BAND_BACK_MS,
            _ => LOOK_BACK_MS,
        };
        time >= self.now - back_ms + DAY_MS
    }
}

/// Check-ins, and where the band was about them.
struct Heard {
    check_ins: Vec<CheckIn>,
    band: Vec<Point>,
}

impl Heard {
    fn ground<'a>(&'a self, watched: &'a Watched) -> Ground<'a> {
        Ground {
            fences: &watched.ground.fences,
            permits: &watched.permits,
            band: &self.band,
        }
    }
}

impl<S: Store> Replica<S> {
    /// What the clock decides of check-ins.
    pub(in crate::replica) fn follow_check_ins(&mut self) {
        self.sweep_check_ins();
        if self.desk.checks.secret.is_none() || self.desk.checks.is_idle() {
            return;
        }
        self.note_alive();
        let now = self.true_now();
        for _ in 0..JUDGED_AT_ONCE {
            let first = self.desk.checks.due.first().copied();
            let Some((_, person)) = first.filter(|(due, _)| *due <= now) else {
                return;
            };
            self.desk.checks.schedule(person, None);
            let Ok(mut watched) = self.watch_of(person) else {
                let again = Some(now + AGAIN_MS);
                self.desk.checks.schedule(person, again);
                return;
            };
            if self.judge_check_ins(person, &mut watched).is_err() {
                let again = Some(now + AGAIN_MS);
                self.desk.checks.schedule(person, again);
            }
            self.save_watch(person, &mut watched);
            self.desk.watched.insert(person, watched);
        }
    }

    /// What is behind alarms about a person's check-ins as far as it is known now, one by one; none
    /// where this node does not ask the person.
    pub fn check_in_story(&mut self, person: PersonCode) -> Result<Option<Story>, StoreError> {
        let now = self.true_now();
        let watched = self.watch_of(person)?;
        let told = self.story_of(person, &watched, now);
        self.desk.watched.insert(person, watched);
        told
    }

    /// What a person's check-ins are judged from, up to now.
    fn heard_of(
        &self,
        person: PersonCode,
        watched: &Watched,
        now: i64,
    ) -> Result<Heard, StoreError> {
        let check_ins = self.check_ins(person, now - 2 * LOOK_BACK_MS, i64::MAX, JUDGED_MAX)?;
        let band = self.band_since(person, watched, &check_ins, now)?;
        Ok(Heard { check_ins, band })
    }

    fn story_of(
        &self,
        person: PersonCode,
        watched: &Watched,
        now: i64,
    ) -> Result<Option<Story>, StoreError> {
        let hex = person.to_hex();
        let Some(asked) = self.asked(&hex, watched) else {
            return Ok(None);
        };
        let heard = self.heard_of(person, watched, now)?;
        let ground = heard.ground(watched);
        Ok(Some(story(&asked, &ground, &heard.check_ins, now)))
    }

    /// Judges a person's check-ins up to now, and puts them where the clock finds them next. Gives
    /// alarms raised.
    pub(super) fn judge_check_ins(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
    ) -> Result<Vec<AlarmId>, StoreError> {
        let now = self.true_now();
        let Some(compared) = self.compare_check_ins(person, watched, now)? else {
            return Ok(Vec::new());
        };
        let mut raised = Vec::new();
        for change in &compared.changes {
            raised.extend(self.follow_change(person, watched, &compared, change));
        }
        let unsigned = std::mem::take(&mut self.desk.unsigned);
        let again = unsigned.then_some(now + AGAIN_MS);
        let next = [again, compared.next].into_iter().flatten().min();
        self.desk.checks.schedule(person, next);
        Ok(raised)
    }

    /// Computes conditions and matches the alarms that stand with them; none where this node does not
    /// ask.
    fn compare_check_ins(
        &self,
        person: PersonCode,
        watched: &Watched,
        now: i64,
    ) -> Result<Option<Compared>, StoreError> {
        let hex = person.to_hex();
        let Some(asked) = self.asked(&hex, watched) else {
            return Ok(None);
        };
        let heard = self.heard_of(person, watched, now)?;
        let ground = heard.ground(watched);
        let conditions = conditions(&asked, &ground, &heard.check_ins, now);
        let alarms = self.standing_of_check_ins(person, watched, now - LOOK_BACK_MS);
        // The band's next position may tell where it was.
        let made = heard
            .check_ins
            .iter()
            .map(|one| one.at.min(one.received_at));
        let held = made
            .max()
            .map(|at| at + asked.numbers.bracket_ms + AGAIN_MS);
        let is_bound = watched.ground.bound.iter().next().is_some();
        let held = held.filter(|held| is_bound && *held > now);
        Ok(Some(Compared {
            now,
            changes: match_alarms(&hex, &conditions, &alarms, &[]),
            conditions,
            alarms,
            next: [asked.next_after(now), held].into_iter().flatten().min(),
        }))
    }

    /// Does what one change asks for; gives the alarm that it raised.
    fn follow_change(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        compared: &Compared,
        change: &AlarmChange,
    ) -> Option<AlarmId> {
        match change {
            AlarmChange::Raise { condition, alarm } => {
                let condition = &compared.conditions[*condition];
                if !compared.is_whole(condition.kind, condition.time) {
                    return None;
                }
                let cause = cause_of(condition, *alarm);
                let raised = self.raise(person, watched, &cause);
                self.stand_for_check_in(watched, AlarmId(*alarm), condition);
                return raised;
            }
            AlarmChange::Stands { alarm, condition } => {
                let condition = &compared.conditions[*condition];
                self.stand_for_check_in(watched, AlarmId(*alarm), condition);
            }
            AlarmChange::Withdraw { alarm, .. } => {
                let mut alarms = compared.alarms.iter();
                let standing = alarms.find(|one| one.id == *alarm)?;
                if compared.is_whole(standing.kind, standing.time) {
                    let cause = cause_of_end(watched, &person.to_hex(), standing);
                    self.withdraw(AlarmId(*alarm), cause);
                }
            }
            AlarmChange::Merge { alarm, .. } => {
                self.withdraw(AlarmId(*alarm), "rejudged");
            }
        }
        None
    }

    /// Positions of the person's band around the check-ins of the last days.
    fn band_since(
        &self,
        person: PersonCode,
        watched: &Watched,
        check_ins: &[CheckIn],
        now: i64,
    ) -> Result<Vec<Point>, StoreError> {
        let bracket_ms = self
            .desk
            .checks
            .numbers
            .map_or(0, |numbers| numbers.bracket_ms);
        let recent = check_ins.iter().filter(|one| one.at >= now - BAND_BACK_MS);
        let placed = recent.filter(|one| one.point.is_some() && watched.ground.binds(one.at));
        let spans = Spans::new(placed.map(|one| (one.at - bracket_ms, one.at + bracket_ms + 1)));
        let mut band = Vec::new();
        for (from, until) in spans.iter() {
            let fixes = self.fixes(person, from, until, FIXES_AROUND_MAX)?;
            let fixes = fixes.into_iter().filter(|fix| fix.judged);
            band.extend(fixes.map(|fix| fix.point));
        }
        Ok(band)
    }

    fn stand_for_check_in(&mut self, watched: &mut Watched, alarm: AlarmId, of: &Condition) {
        let until = of.cleared.as_ref().map(|end| end.time);
        if watched
            .notes
            .get(&alarm)
            .is_none_or(|note| note.until != until)
        {
            watched.note(alarm, until);
        }
        self.worsen(watched, (alarm, of.kind), of.graver);
    }

    /// Alarms about check-ins that stand. One of which this node knows no end ends with its day, or
    /// as soon as a doubt does.
    fn standing_of_check_ins(
        &self,
        person: PersonCode,
        watched: &Watched,
        since: i64,
    ) -> Vec<StandingAlarm> {
        let hold_ms = self
            .desk
            .checks
            .numbers
            .map_or(0, |numbers| numbers.hold_ms);
        let mut alarms = self.standing_alarms(person, watched, (since, &BTreeSet::new()));
        alarms.retain(|alarm| is_of_check_in(alarm.kind, &alarm.about));
        for alarm in &mut alarms {
            let end = match alarm.kind {
                AlarmKind::CheckMiss => end_of_day(alarm.time),
                _ => alarm.time + hold_ms,
            };
            alarm.until = alarm.until.or(Some(end));
        }
        alarms
    }
}

fn cause_of(condition: &Condition, alarm: [u8; 32]) -> Cause<'_> {
    Cause {
        about: &condition.about,
        kind: condition.kind,
        graver: condition.graver,
        time: condition.time,
        decided_at: condition.decided_at,
        alarm: AlarmId(alarm),
        evidence: &condition.evidence,
        retrospective: condition.kind == AlarmKind::CheckMiss && condition.cleared.is_some(),
    }
}

/// Words of the rules for why such an alarm is withdrawn.
fn cause_of_end(watched: &Watched, person: &str, alarm: &StandingAlarm) -> &'static str {
    let mut permits = watched
        .permits
        .iter()
        .filter(|permit| permit.person == person);
    let is_permitted = permits.any(|permit| {
        let mut points = alarm.evidence.iter();
        points.any(|point| permit.covers("", FenceKind::KeepIn, point))
    });
    if is_permitted && alarm.kind == AlarmKind::CheckDoubt {
        "permit_late"
    } else {
        "rejudged"
    }
}

/// The first instant of the next day in Asia/Shanghai.
fn end_of_day(time: i64) -> i64 {
    let day = (time + SHANGHAI_AHEAD_MS).div_euclid(DAY_MS);
    (day + 1) * DAY_MS - SHANGHAI_AHEAD_MS
}
