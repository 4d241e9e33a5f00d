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
        let check_ins = self.check_ins(person, now - 2 * LOOK_BACK_MS, i64::MAX, JUDGED_MAX)?;
        let band = self.band_since(person, watched, &check_ins, now)?;
        let ground = Ground {
            fences: &watched.ground.fences,
            permits: &watched.permits,
            band: &band,
        };
        Ok(Some(story(&asked, &ground, &check_ins, now)))
    }

    /// Judges a person's check-ins up to now, and puts them where the clock finds them next. Gives
    /// alarms raised.
    pub(super) fn judge_check_ins(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
    ) -> Result<Vec<AlarmId>, StoreError> {
        let now = self.true_now();
        let hex = person.to_hex();
        let check_ins = self.check_ins(person, now - 2 * LOOK_BACK_MS, i64::MAX, JUDGED_MAX)?;
        let Some(asked) = self.asked(&hex, watched) else {
            return Ok(Vec::new());
        };
        let band = self.band_since(person, watched, &check_ins, now)?;
        let ground = Ground {
            fences: &watched.ground.fences,
            permits: &watched.permits,
            band: &band,
        };
        let conditions = conditions(&asked, &ground, &check_ins, now);
        let bracket_ms = asked.numbers.bracket_ms;
        let next = asked.next_after(now);
        let since = now - LOOK_BACK_MS;
        let alarms = self.standing_of_check_ins(person, watched, since);
        let changes = match_alarms(&hex, &conditions, &alarms, &[]);
        // At the border of what is looked at a condition is seen in part.
        let is_whole = |kind: AlarmKind, time: i64| match kind {
            AlarmKind::Separation => time >= now - BAND_BACK_MS + DAY_MS,
            _ => time >= since + DAY_MS,
        };
        let mut raised = Vec::new();
        for change in changes {
            let is_whole_alarm = |id: &[u8; 32]| {
                let alarm = alarms.iter().find(|alarm| alarm.id == *id);
                alarm.is_some_and(|alarm| is_whole(alarm.kind, alarm.time))
            };
            match change {
                AlarmChange::Raise { condition, alarm } => {
                    let condition = &conditions[condition];
                    if is_whole(condition.kind, condition.time) {
                        let cause = cause_of(condition, alarm);
                        raised.extend(self.raise(person, watched, &cause));
                        self.stand_for_check_in(watched, AlarmId(alarm), condition);
                    }
                }
                AlarmChange::Stands { alarm, condition } => {
                    self.stand_for_check_in(watched, AlarmId(alarm), &conditions[condition]);
                }
                AlarmChange::Withdraw { alarm, .. } if is_whole_alarm(&alarm) => {
                    let standing = alarms.iter().find(|one| one.id == alarm);
                    let cause = cause_of_end(watched, &hex, standing);
                    self.withdraw(AlarmId(alarm), cause);
                }
                AlarmChange::Withdraw { .. } => {}
                AlarmChange::Merge { alarm, .. } => {
                    self.withdraw(AlarmId(alarm), "rejudged");
                }
            }
        }
        let unsigned = std::mem::take(&mut self.desk.unsigned);
        let next = if unsigned { Some(now + AGAIN_MS) } else { next };
        // The band's next position may tell where it was.
        let newest = check_ins
            .iter()
            .map(|one| one.at.min(one.received_at))
            .max();
        let held = newest.map(|at| at + bracket_ms + AGAIN_MS);
        let held = held.filter(|held| watched.ground.bound.iter().next().is_some() && *held > now);
        let next = [next, held].into_iter().flatten().min();
        self.desk.checks.schedule(person, next);
        Ok(raised)
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
fn cause_of_end(watched: &Watched, person: &str, alarm: Option<&StandingAlarm>) -> &'static str {
    let points = alarm.into_iter().flat_map(|alarm| &alarm.evidence);
    let mut permits = watched
        .permits
        .iter()
        .filter(|permit| permit.person == person);
    let is_permitted = permits.any(|permit| {
        let mut points = points.clone();
        points.any(|point| permit.covers("", FenceKind::KeepIn, point))
    });
    if is_permitted {
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
