//! What a terminal's messages come to, and what is said to each.

use super::super::admit::{self, admit, note};
use super::super::form::Sent;
use super::super::limit::Limiter;
use super::super::report::Report;
use super::enrol::code_of;
use super::guest::Parted;
use super::order::{Asked, Told};
use super::pace::quicken;
use super::reading;
use super::session::{End, Session};
use super::waiting::Own;
use crate::metric::add;
use crate::owner::CallError;
use jiaolian_schema::device::token_hash;
use jiaolian_schema::id::hex;
use jiaolian_schema::jt808::{
    Batch, Header, Location, Message, MessageId, ReadFrameError, Verdict, read,
};
use jiaolian_schema::signal::{Sign, Signs};
use jiaolian_sync::Whence;
use std::time::Duration;

type Went = Result<(), End>;

/// Messages that are paced by the reports in them.
const REPORTS: [u16; 3] = [
    MessageId::Location as u16,
    MessageId::LocationAnswer as u16,
    MessageId::Batch as u16,
];

impl Session {
    /// Passes an order on.
    pub(super) async fn order(&mut self, asked: Asked) -> Went {
        let Some(guest) = &mut self.guest else {
            return Ok(());
        };
        if !guest.waiting.has_room() {
            let _ = asked.answer.send(Told::Busy);
            return Ok(());
        }
        let message = asked.order.message(guest.newest.edition.year());
        let serial = self.wire.send(&guest.newest, &message).await?;
        let wait = Duration::from_millis(self.hall.terms.answer_ms);
        guest.waiting.sent(serial, asked, wait);
        Ok(())
    }

    /// Hears a terminal that was let in.
    pub(super) async fn message(&mut self, header: &Header, body: &[u8]) -> Went {
        if header.part.is_some() || !REPORTS.contains(&header.id) {
            self.pace(1).await;
        }
        let Some(guest) = &mut self.guest else {
            return Ok(());
        };
        if header.number() != guest.number {
            add(&self.hall.metrics.gateway.malformed, 1);
            return Ok(self.wire.general(header, Verdict::Wrong).await?);
        }
        guest.newest = Header {
            part: None,
            ..header.clone()
        };
        let Some(part) = header.part else {
            return self.whole(header, body).await;
        };
        let ways = (&mut self.wire, &self.hall.leaves);
        match guest.part(ways, (header, part), body).await? {
            Parted::Whole(header, body) => self.whole(&header, &body).await,
            Parted::Waits => Ok(()),
            Parted::Full => Ok(self.wire.general(header, Verdict::Failed).await?),
        }
    }

    async fn whole(&mut self, header: &Header, body: &[u8]) -> Went {
        match read(header, body) {
            Ok(message) => self.heard(header, message).await,
            Err(error) if header.id == MessageId::Location as u16 => {
                let report = self.unread((&error, body), None);
                self.reports(header, vec![report]).await
            }
            Err(error) => {
                tracing::debug!(from = %self.from, %error, "a message can't be read");
                add(&self.hall.metrics.gateway.malformed, 1);
                let said = format!("{:04x}{}", header.id, hex(body));
                let report = Report::none(&error.to_string(), said);
                match self.hear(vec![report]).await? {
                    Verdict::Failed => Ok(self.wire.general(header, Verdict::Failed).await?),
                    _ => Ok(self.wire.general(header, Verdict::Wrong).await?),
                }
            }
        }
    }

    async fn heard(&mut self, header: &Header, message: Message) -> Went {
        match message {
            Message::Heartbeat => {
                let verdict = self.say(Signs::NONE).await?;
                Ok(self.wire.general(header, verdict).await?)
            }
            Message::Logout => {
                let verdict = self.say(Signs::NONE).await?;
                self.wire.general(header, verdict).await?;
                Err(End::Gone)
            }
            Message::Location(location) => {
                let report = self.report(&location, None);
                self.reports(header, vec![report]).await
            }
            Message::Batch(batch) => {
                let reports = self.batch(&batch);
                self.reports(header, reports).await
            }
            Message::Located { serial, location } => self.located(serial, &location).await,
            Message::Answer { serial, id, result } => {
                self.answered(serial, id, result);
                Ok(())
            }
            Message::Authenticate { code } => {
                let guest = self.guest.as_ref();
                let is_same = guest.is_some_and(|guest| {
                    guest.card == token_hash(&guest.terminal, &code_of(&code))
                });
                let verdict = if is_same {
                    Verdict::Done
                } else {
                    Verdict::Failed
                };
                Ok(self.wire.general(header, verdict).await?)
            }
            Message::Register { plate, maker, .. } => self.register(header, maker, &plate).await,
            Message::Other => Ok(self.wire.general(header, Verdict::Unsupported).await?),
        }
    }

    fn answered(&mut self, serial: u16, id: u16, result: u8) {
        let Some(guest) = &mut self.guest else {
            return;
        };
        let answered = guest.waiting.answered(serial, id, result);
        match answered {
            Some((Own::Parameters(hash), Told::Done)) => {
                self.hall.terminals.note_set(&guest.terminal, hash);
            }
            Some((Own::Quick, told)) => self.quickened(told),
            Some((Own::Parameters(_), _)) | None => {}
        }
    }

    fn report(&self, location: &Location, live: Option<bool>) -> Report {
        reading::report(location, (&self.hall.items, self.maker_of()), live)
    }

    fn unread(&self, (error, bytes): (&ReadFrameError, &[u8]), live: Option<bool>) -> Report {
        reading::unread(error, bytes, (&self.hall.items, self.maker_of()), live)
    }

    fn maker_of(&self) -> &[u8] {
        self.guest.as_ref().map_or(&[], |guest| &guest.maker)
    }

    /// What waited where there was no line is never live, whatever its time.
    fn batch(&self, batch: &Batch) -> Vec<Report> {
        let live = batch.is_history.then_some(false);
        let empty = Vec::new();
        let read = |(at, location): (usize, &Result<Location, ReadFrameError>)| match location {
            Ok(location) => self.report(location, live),
            Err(error) => {
                let bytes = batch.unread.get(&at).unwrap_or(&empty);
                self.unread((error, bytes), live)
            }
        };
        batch.locations.iter().enumerate().map(read).collect()
    }

    /// Takes reports in and says what became of them once they are on the disk.
    async fn reports(&mut self, header: &Header, reports: Vec<Report>) -> Went {
        let verdict = self.hear(reports).await?;
        self.wire.general(header, verdict).await?;
        match verdict {
            Verdict::Wrong => Err(End::Refused),
            _ => self.quicken().await,
        }
    }

    async fn located(&mut self, serial: u16, location: &Location) -> Went {
        let report = self.report(location, None);
        let told = match self.hear(vec![report]).await? {
            Verdict::Done => Told::Located {
                time: location.time,
                at: location.place(),
            },
            _ => Told::Refused,
        };
        if let Some(guest) = &mut self.guest {
            guest.waiting.located(serial, told);
        }
        Ok(())
    }

    /// Waits until the terminal may send so much. It is held up by not being read, and sends nothing
    /// twice.
    async fn pace(&self, count: u64) {
        let Some(guest) = &self.guest else {
            return;
        };
        let (card, from) = (guest.card, self.from.ip());
        let pass = |limiter: &mut Limiter, now| limiter.pass(&card, from, count, now);
        while let Err(wait_s) = self.hall.meter.act(pass) {
            add(&self.hall.metrics.gateway.limited, 1);
            tokio::time::sleep(Duration::from_secs(wait_s)).await;
        }
    }

    /// Wrong where the terminal is bound no longer, or by another token.
    async fn hear(&mut self, reports: Vec<Report>) -> Result<Verdict, End> {
        let Some(guest) = &self.guest else {
            return Ok(Verdict::Wrong);
        };
        if reports.is_empty() {
            return Ok(Verdict::Done);
        }
        let (card, terminal) = (guest.card, guest.terminal.clone());
        self.pace(reports.len() as u64).await;
        let sent = Sent {
            terminal: terminal.clone(),
            token: None,
            reports,
            way: Whence::door("jt808").of_vendor(&String::from_utf8_lossy(&guest.maker)),
        };
        let known = self
            .hall
            .terms
            .quick
            .then(|| self.hall.terminals.pace(&terminal));
        let taking = self.hall.owner.call(move |node| {
            let verdict = admit(node, &sent, &card);
            let is_heard = matches!(verdict, Ok(admit::Verdict::Heard { .. }));
            let mut pace = known.filter(|_| is_heard);
            let quick = pace.as_mut().and_then(|pace| quicken(node, &sent, pace));
            (verdict, pace, quick)
        });
        let heard = taking.await.map(|(verdict, pace, quick)| {
            if let Some(pace) = pace {
                self.hall.terminals.keep_pace(&terminal, pace);
            }
            if let Some(guest) = &mut self.guest {
                guest.quick = quick;
            }
            verdict
        });
        match heard {
            Ok(Ok(admit::Verdict::Heard { outcomes, alarms })) => {
                self.hall.metrics.gateway.heard(&outcomes, alarms);
                Ok(Verdict::Done)
            }
            Ok(Ok(admit::Verdict::Stranger { bare })) => {
                self.count_stranger(bare);
                self.hall.meter.act(|limiter, _| limiter.forget(&card));
                Ok(Verdict::Wrong)
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "a report could not be taken in");
                Ok(Verdict::Failed)
            }
            Err(CallError::Full) => {
                add(&self.hall.metrics.jobs_refused, 1);
                Ok(Verdict::Failed)
            }
            Err(CallError::Gone | CallError::Broken) => Err(End::Closed),
        }
    }

    /// That the terminal is there, and what is said of it without a place.
    async fn say(&self, signs: Signs) -> Result<Verdict, End> {
        let Some(guest) = &self.guest else {
            return Ok(Verdict::Wrong);
        };
        let (terminal, card) = (guest.terminal.clone(), guest.card);
        let noting = self
            .hall
            .owner
            .call(move |node| note(node, &terminal, &card, signs));
        match noting.await {
            // Not bound now: what it kept from before is still heard.
            Ok(Ok(_)) => Ok(Verdict::Done),
            Ok(Err(_)) | Err(CallError::Full) => Ok(Verdict::Failed),
            Err(CallError::Gone | CallError::Broken) => Err(End::Closed),
        }
    }

    /// Writes down what was noticed of the terminal at this end.
    pub(super) async fn note(&self, sign: Sign) {
        let _ = self.say(Signs::NONE.with(sign, true)).await;
    }
}
