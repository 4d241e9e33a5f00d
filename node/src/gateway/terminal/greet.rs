//! Letting a terminal in: what it hears before it has shown its code, and once it has.

use super::super::door::wait_for_grid;
use super::super::limit::Limiter;
use super::enrol::{self, Found, code_of, names, pass_stranger};
use super::guest::{Arrival, Guest};
use super::session::{End, Session};
use super::waiting::Own;
use crate::metric::add;
use jiaolian_schema::device::Card;
use jiaolian_schema::jt808::{Answer, Header, Message, Registered, Verdict, read};
use std::time::{Duration, Instant};

type Went = Result<(), End>;

impl Session {
    /// Hears who has shown nothing yet. Nothing of it is taken in.
    pub(super) async fn greet(&mut self, header: &Header, body: &[u8]) -> Went {
        if !pass_stranger(&self.hall.meter, self.from.ip()) {
            add(&self.hall.metrics.gateway.limited, 1);
            return Err(End::Refused);
        }
        let message = match header.part {
            None => read(header, body),
            Some(_) => Ok(Message::Other),
        };
        match message {
            Ok(Message::Register { maker, plate, .. }) => {
                self.register(header, maker, &plate).await
            }
            Ok(Message::Authenticate { code }) => self.authenticate(header, &code).await,
            _ => Ok(self.wire.general(header, Verdict::Wrong).await?),
        }
    }

    /// A registration is answered with a code only where it shows that code itself; everybody else,
    /// known here or not, is told to show the code that he has.
    pub(super) async fn register(&mut self, header: &Header, maker: Vec<u8>, plate: &[u8]) -> Went {
        let arrived = Instant::now();
        self.maker = maker;
        let result = match self.find(header, code_of(plate)).await? {
            Found::Known { .. } if plate.is_empty() => Registered::Known(header.number().into()),
            Found::Known { .. } => Registered::Known(code_of(plate).into_bytes()),
            Found::Stranger { bare } => {
                self.count_stranger(bare);
                wait_for_grid(arrived).await;
                Registered::Listed
            }
        };
        let serial = header.serial;
        let answer = Answer::Registration { serial, result };
        self.wire.send(header, &answer).await?;
        Ok(())
    }

    async fn authenticate(&mut self, header: &Header, code: &[u8]) -> Went {
        let arrived = Instant::now();
        match self.find(header, code_of(code)).await? {
            Found::Known { terminal, card } => self.let_in(header, terminal, card).await,
            Found::Stranger { bare } => {
                self.count_stranger(bare);
                wait_for_grid(arrived).await;
                self.wire.general(header, Verdict::Failed).await?;
                Err(End::Refused)
            }
        }
    }

    pub(super) fn count_stranger(&self, bare: bool) {
        let count = &self.hall.metrics.gateway;
        add(&count.strangers, 1);
        add(&count.bare, u64::from(bare));
    }

    async fn find(&self, header: &Header, code: String) -> Result<Found, End> {
        let names = names(header);
        let owner = &self.hall.owner;
        let found = owner
            .look(move |node| enrol::find(node, &names, &code))
            .await;
        found.map_err(|_| End::Closed)
    }

    async fn let_in(&mut self, header: &Header, terminal: String, card: Card) -> Went {
        if !self.place.admit() {
            add(&self.hall.metrics.gateway.crowded, 1);
            self.wire.general(header, Verdict::Failed).await?;
            return Err(End::Closed);
        }
        let (name, said) = (terminal.clone(), std::mem::take(&mut self.maker));
        let noting = self.hall.owner.call(move |node| {
            enrol::note_maker(node, &name, &said)?;
            if said.is_empty() {
                enrol::read_maker(node, &name)
            } else {
                Ok(said)
            }
        });
        let Ok(Ok(maker)) = noting.await else {
            self.wire.general(header, Verdict::Failed).await?;
            return Err(End::Closed);
        };
        let from = self.from.ip();
        let know = |limiter: &mut Limiter, now| {
            limiter.know(&card, from, 0, now);
        };
        self.hall.meter.act(know);
        let entered = self.hall.terminals.enter(&terminal);
        let count = &self.hall.metrics.gateway;
        add(&count.terminals, 1);
        add(&count.displaced, u64::from(entered.displaces));
        let arrival = Arrival {
            terminal,
            card,
            maker,
            line: entered.number,
            orders: entered.orders,
        };
        self.guest = Some(Guest::new(arrival, header));
        self.wire.general(header, Verdict::Done).await?;
        self.set_parameters().await
    }

    /// Tells a terminal once where to send and how often.
    async fn set_parameters(&mut self) -> Went {
        let Some(guest) = &mut self.guest else {
            return Ok(());
        };
        let parameters = self.hall.terms.parameters(guest.newest.edition.year());
        let Some((parameters, hash)) = parameters else {
            return Ok(());
        };
        if self.hall.terminals.has_set(&guest.terminal, &hash) {
            return Ok(());
        }
        let message = Answer::SetParameters(parameters);
        let serial = self.wire.send(&guest.newest, &message).await?;
        let wait = Duration::from_millis(self.hall.terms.answer_ms);
        let own = Own::Parameters(hash);
        guest.waiting.own(serial, (message.id(), own), wait);
        Ok(())
    }
}
