//! Telling a terminal to report quicker (`0x8202`) where its person is about to break a fence's
//! rule. When, the watch says; what was told is remembered, so that not every report is answered
//! by it.

use super::super::form::Sent;
use super::super::report::Report;
use super::order::Told;
use super::session::{End, Session};
use super::waiting::Own;
use crate::metric::add;
use crate::owner::Node;
use jiaolian_schema::jt808::Answer;
use jiaolian_schema::watch::{Pace, Quick, Word};
use std::time::Duration;

/// Reports farther from the clock here are not looked at, ms: a clock here that is wrong by more
/// than that only means that nobody is told.
const CLOCKS_APART_MS: u64 = 24 * 3_600_000;

/// What a terminal is to be told after these reports.
pub(super) fn quicken(node: &mut Node, sent: &Sent, pace: &mut Pace) -> Option<Quick> {
    let now = node.now();
    let reports = sent
        .reports
        .iter()
        .filter(|report| report.live != Some(false));
    let words = reports.filter_map(word_of);
    // What waited on the terminal says nothing of where to look now.
    let is_late = |word: &Word| now.abs_diff(word.time) > CLOCKS_APART_MS;
    let mut words: Vec<Word> = words.filter(|word| !is_late(word)).collect();
    words.sort_by_key(|word| word.time);
    let mut told = None;
    for word in words {
        told = node
            .replica
            .pace_of(&sent.terminal, (&word, now), pace)
            .or(told);
    }
    told
}

/// What a report says of now; none where it can't be read.
fn word_of(report: &Report) -> Option<Word> {
    let point = match &report.reading {
        Ok(reading) => Some(reading.point),
        Err(_) if report.is_word => None,
        Err(_) => return None,
    };
    Some(Word {
        time: report.time?,
        point,
        signs: report.signs,
    })
}

impl Session {
    /// Passes on what the last reports came to.
    pub(super) async fn quicken(&mut self) -> Result<(), End> {
        let Some(guest) = &mut self.guest else {
            return Ok(());
        };
        let Some(quick) = guest.quick.take().filter(|_| guest.waiting.has_room()) else {
            return Ok(());
        };
        let seconds = |ms: i64| ms / 1_000;
        let message = Answer::Track {
            interval_s: u16::try_from(seconds(quick.interval_ms)).unwrap_or(u16::MAX),
            for_s: u32::try_from(seconds(quick.for_ms)).unwrap_or(u32::MAX),
        };
        let serial = self.wire.send(&guest.newest, &message).await?;
        let wait = Duration::from_millis(self.hall.terms.answer_ms);
        guest.waiting.own(serial, (message.id(), Own::Quick), wait);
        add(&self.hall.metrics.gateway.quickened, 1);
        Ok(())
    }

    /// A terminal answered to it: one that refuses is left alone.
    pub(super) fn quickened(&self, told: Told) {
        let Some(guest) = self.guest.as_ref().filter(|_| told != Told::Done) else {
            return;
        };
        self.hall.terminals.refuse_pace(&guest.terminal);
        add(&self.hall.metrics.gateway.quick_refused, 1);
    }
}
