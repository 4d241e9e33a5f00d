//! Calls that are owed (D-8): one for an alarm, a step, a way and a receiver, durable from the moment it is
//! owed, tried until it succeeds, and told of in the alarm by the node's own act.

mod row;

pub(super) use row::Mark;
pub use row::{CallRow, CallState, Name, Try};

use super::Node;
use super::duty::CALL;
use crate::notify::{Call, TellError, Way};
use crate::seal::entropy;
use crate::view::{duty, mass};
use jiaolian_schema::act::Step;
use jiaolian_schema::canon;
use jiaolian_schema::desk::File;
use jiaolian_schema::duty::{CallStep, Called, Owed, Seen, on_duty};
use jiaolian_schema::id::{DossierId, hex, sha256};
use jiaolian_schema::value::Value;
use jiaolian_sync::{Draft, Payload, StoreError};
use row::{mark_of, set_reason};

/// Tries that a row keeps, the newest.
const TRIES_KEPT: usize = 32;
/// The act by which a node says that somebody was told.
const NOTIFY: &str = "notify";
/// Most calls that wait; what is owed beyond is noted when there is room.
const WAITING_MAX: usize = 10_000;
/// Most acts signed in one tick.
const SIGNED_A_TICK: usize = 8;

impl Node {
    /// Reads calls as they were when the node last ran. What was out then has an outcome that nobody knows,
    /// and is made again.
    pub(super) fn read_calls(&mut self) -> Result<(), StoreError> {
        let mut rows: Vec<(Name, CallRow)> = Vec::new();
        self.each_duty_row((CALL, i64::MIN), |key, value| {
            let name = key.get(9..).and_then(|name| Name::try_from(name).ok());
            rows.extend(name.zip(minicbor::decode(value).ok()));
        })?;
        for (name, mut row) in rows {
            self.duty.done.insert(name);
            self.note_told(&row);
            if row.state == CallState::Waits {
                if row.trying == 1 {
                    row.trying = 0;
                    "unknown".clone_into(&mut row.reason);
                }
                self.duty.waiting.insert(name, row);
            } else if row.state == CallState::Told && row.signed == 0 {
                self.duty.unsigned.insert(name);
                self.duty.waiting.insert(name, row);
            }
        }
        Ok(())
    }

    /// Notes what is owed for an alarm, unless it was noted before.
    pub(super) fn owe(&mut self, file: &File, severity: u8, round: u32, owed: Owed) {
        let step = owed.step.word();
        let row = |way: Way, one: Option<&Called>| CallRow {
            at: owed.at,
            alarm: file.id,
            step: step.clone(),
            of: owed.of,
            way: way as u8,
            receiver: one.map(|one| one.person.to_hex()).unwrap_or_default(),
            name: one.map(|one| one.name.clone()).unwrap_or_default(),
            phone: one.and_then(|one| one.phone.clone()).unwrap_or_default(),
            severity,
            tries: 0,
            tried: Vec::new(),
            trying: 0,
            reason: String::new(),
            state: CallState::Waits,
            ended_at: 0,
            signed: 0,
            round,
        };
        if self.note_page(row(Way::Page, None)) && owed.step != CallStep::Raised {
            self.tell_pages(file.id);
        }
        let ways = self.duty.ways.clone();
        if ways.contains(&Way::Siren) {
            self.note_call(row(Way::Siren, None));
        }
        if ways.contains(&Way::Sms) {
            let (book, now) = (self.book(), self.now());
            let people = on_duty(&self.rules, &book, owed.of, now).people;
            for one in &people {
                self.note_call(row(Way::Sms, Some(one)));
            }
            if people.is_empty() {
                self.note_call(row(Way::Sms, None));
            }
        }
        if ways.is_empty() {
            self.note_call(row(Way::None, None));
        }
    }

    /// The page's own row: a clock passes once, whatever restarts.
    fn note_page(&mut self, mut row: CallRow) -> bool {
        let name = self.name_of(&row);
        if !self.duty.done.insert(name) {
            return false;
        }
        (row.state, row.signed) = (CallState::Told, 1);
        row.ended_at = self.now();
        self.save_call(&name, &row);
        true
    }

    fn note_call(&mut self, mut row: CallRow) {
        let name = self.name_of(&row);
        if let Some(known) = self.duty.waiting.get(&name) {
            // The list has a number since, or another one.
            if known.state == CallState::Waits && known.phone != row.phone {
                let phone = row.phone;
                let mut known = known.clone();
                known.phone = phone;
                set_reason(&mut known);
                self.keep_call(name, known);
                self.duty.wake.notify_waiters();
            }
            return;
        }
        if self.is_called_already(&row) || self.duty.waiting.len() >= WAITING_MAX {
            return;
        }
        if self.duty.done.insert(name) {
            set_reason(&mut row);
            self.tell_pages(row.alarm);
            self.keep_call(name, row);
            self.duty.wake.notify_waiters();
        }
    }

    /// Whether somebody was told of this step by this way, or a call of it waits for another alarm of the
    /// same incident or silence of many: what is one row on the desk is told once.
    fn is_called_already(&mut self, row: &CallRow) -> bool {
        let incidents = self.incidents();
        let mut alarms = incidents.with(row.alarm);
        alarms.extend(mass::told_with(self, row.alarm, row.severity));
        let same = |alarm: DossierId| (alarm, row.step.clone(), row.round, row.way);
        let mut waiting = self.duty.waiting.values();
        waiting.any(|known| {
            known.alarm != row.alarm
                && known.state == CallState::Waits
                && alarms.iter().any(|alarm| same(*alarm) == mark_of(known))
        }) || alarms
            .iter()
            .any(|alarm| self.duty.told.contains(&same(*alarm)))
    }

    /// Somebody was told.
    fn note_told(&mut self, row: &CallRow) {
        if row.state == CallState::Told && row.way != Way::Page as u8 {
            self.duty.told.insert(mark_of(row));
        }
    }

    fn name_of(&self, row: &CallRow) -> Name {
        // Alarms of two gateways on one violation have one id.
        let shared = self.replica.dossier(row.alarm).and_then(|row| row.alarm);
        let alarm = shared.map_or(row.alarm.0, |alarm| alarm.0);
        let digest = sha256(&[
            b"call/1",
            &alarm,
            row.step.as_bytes(),
            &row.round.to_be_bytes(),
            &[row.way],
            row.receiver.as_bytes(),
        ]);
        let mut name = Name::default();
        name.copy_from_slice(&digest[..16]);
        name
    }

    /// Nobody is called any more for what is owed no longer: the alarm was taken, handled or ended. A line
    /// that came back meanwhile ends no call.
    pub(super) fn give_up_calls(&mut self, seen: &Seen<'_>, alarm: DossierId, owed: &[Owed]) {
        let now = self.now();
        let given_up = self.duty.waiting.iter().filter(|(_, row)| {
            row.alarm == alarm
                && row.state == CallState::Waits
                && row.trying == 0
                && if CallStep::is_tier(&row.step) {
                    owed.iter().all(|owed| owed.step.word() != row.step)
                } else {
                    seen.taken || seen.ended || seen.retrospective
                }
        });
        let given_up: Vec<(Name, CallRow)> = given_up.map(|(n, r)| (*n, r.clone())).collect();
        for (name, mut row) in given_up {
            (row.state, row.ended_at) = (CallState::Dropped, now);
            self.save_call(&name, &row);
            self.duty.waiting.remove(&name);
            self.tell_pages(alarm);
            // This call stood for those of a silence of many that nobody took.
            for other in mass::told_with(self, alarm, row.severity) {
                self.look_again(other);
            }
        }
    }

    /// The next call that a way may make; it is noted that it is tried.
    pub fn next_call(&mut self, way: Way) -> Option<Call> {
        let now = self.now();
        let due = self.duty.waiting.iter();
        let mut due = due.filter(|(_, row)| row.state == CallState::Waits);
        let (name, row) = due.find(|(_, row)| row.is_due(self, way, now))?;
        let (name, mut row) = (*name, row.clone());
        row.trying = 1;
        let call = Call {
            name,
            step: row.step.clone(),
            severity: row.severity,
            at: row.at,
            phone: row.phone.clone(),
            text: duty::call_text(self, &row),
            tries: row.tries,
        };
        self.keep_call(name, row);
        Some(call)
    }

    /// How a try ended.
    pub fn called(&mut self, name: Name, told: Result<(), TellError>) {
        let now = self.now();
        let Some(mut row) = self.duty.waiting.get(&name).cloned() else {
            return;
        };
        let reason = told
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        row.trying = 0;
        row.tries = row.tries.saturating_add(1);
        row.tried.push(Try {
            at: now,
            reason: reason.clone(),
        });
        if row.tried.len() > TRIES_KEPT {
            row.tried.remove(0);
        }
        row.reason = reason;
        if told.is_ok() {
            (row.state, row.ended_at) = (CallState::Told, now);
            self.duty.unsigned.insert(name);
            self.note_told(&row);
        }
        let alarm = row.alarm;
        self.keep_call(name, row);
        if told.is_ok() {
            self.sign_told();
        }
        self.look_again(alarm);
        self.tell_pages(alarm);
    }

    /// Tells of calls that were made in the alarms they were for.
    pub(super) fn sign_told(&mut self) {
        let unsigned: Vec<Name> = self
            .duty
            .unsigned
            .iter()
            .take(SIGNED_A_TICK)
            .copied()
            .collect();
        for name in unsigned {
            let Some(mut row) = self.duty.waiting.get(&name).cloned() else {
                self.duty.unsigned.remove(&name);
                continue;
            };
            if !self.sign_notify(&row) {
                continue;
            }
            row.signed = 1;
            self.save_call(&name, &row);
            self.duty.unsigned.remove(&name);
            self.duty.waiting.remove(&name);
        }
    }

    /// Whether the act was signed, or the alarm is not here to sign in any more.
    fn sign_notify(&mut self, row: &CallRow) -> bool {
        let Some(file) = self.file(row.alarm) else {
            return true;
        };
        let note = duty::notify_note(self, row);
        let step = Step {
            matter: file.id.into(),
            event: NOTIFY.to_owned(),
            replaces: Vec::new(),
            section: None,
            fields: [("note".to_owned(), Value::from(note.as_str()))].into(),
            span: None,
        };
        let draft = Draft {
            dossier: Some(file.id),
            payload: Payload::Act(step.into()),
        };
        let (now, salt) = (self.now(), entropy());
        match self.replica.sign_by_node(&draft, now, salt) {
            Ok(_) => {
                self.forget(row.alarm);
                true
            }
            Err(error) => {
                tracing::warn!(%error, alarm = %row.alarm, "that somebody was told is not signed yet");
                false
            }
        }
    }

    fn keep_call(&mut self, name: Name, row: CallRow) {
        self.save_call(&name, &row);
        self.duty.waiting.insert(name, row);
    }

    fn save_call(&mut self, name: &Name, row: &CallRow) {
        let (key, value) = (row.key(name), canon::encode(row));
        self.put_duty(key, Some(value));
    }

    /// Calls that reached nobody so far, oldest first.
    pub fn untold(&self) -> Vec<(String, CallRow)> {
        let waiting = self.duty.waiting.iter();
        let waiting = waiting.filter(|(_, row)| row.state == CallState::Waits);
        let mut rows: Vec<(String, CallRow)> = waiting
            .map(|(name, row)| (hex(name), row.clone()))
            .collect();
        rows.sort_by_key(|(name, row)| (row.at, name.clone()));
        rows
    }

    /// Calls of an instant on, newest first, at most so many.
    pub fn calls_since(&self, from: i64, limit: usize) -> Result<Vec<CallRow>, StoreError> {
        let mut rows: Vec<CallRow> = Vec::new();
        self.each_duty_row((CALL, from), |_, value| {
            let row = minicbor::decode::<CallRow>(value).ok();
            rows.extend(row.filter(|row| row.way != Way::Page as u8));
        })?;
        rows.reverse();
        rows.truncate(limit);
        Ok(rows)
    }
}
