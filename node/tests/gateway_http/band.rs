//! A terminal of JT/T 808 on a plain socket: what bands send, byte for byte, and what they hear.

use crate::world::{TERMINAL, TOKEN};
use jiaolian_schema::fix::write_instant;
use jiaolian_schema::jt808::{
    Batch, Deframed, Deframer, Edition, Header, Item, Location, Part, Status, frame, unframe,
};
use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

pub(crate) const OLD: Edition = Edition::Of2013;
pub(crate) const NEW: Edition = Edition::Of2019 { version: 1 };
/// Most bytes of a part's body.
const PART_BYTES: usize = 1_000;

/// A band on the line.
pub(crate) struct Band {
    stream: TcpStream,
    frames: Deframer,
    heard: std::collections::VecDeque<Vec<u8>>,
    pub(crate) edition: Edition,
    number: String,
    pub(crate) serial: u16,
}

/// A message that the band heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) id: u16,
    pub(crate) number: String,
    pub(crate) serial: u16,
    pub(crate) body: Vec<u8>,
}

impl Heard {
    /// Serial number, id and result of a general answer.
    #[track_caller]
    pub(crate) fn general(&self) -> (u16, u16, u8) {
        assert_eq!((self.id, self.body.len()), (0x8001, 5), "{self:x?}");
        let word = |at: usize| u16::from_be_bytes([self.body[at], self.body[at + 1]]);
        (word(0), word(2), self.body[4])
    }
}

impl Band {
    pub(crate) async fn connect(to: SocketAddr, edition: Edition) -> Self {
        Self::named(to, edition, TERMINAL).await
    }

    pub(crate) async fn named(to: SocketAddr, edition: Edition, number: &str) -> Self {
        Self::of(TcpStream::connect(to).await.unwrap(), edition, number)
    }

    /// From another address of this machine.
    pub(crate) async fn from(at: IpAddr, to: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(at, 0)).unwrap();
        Self::of(socket.connect(to).await.unwrap(), OLD, TERMINAL)
    }

    fn of(stream: TcpStream, edition: Edition, number: &str) -> Self {
        Self {
            stream,
            frames: Deframer::default(),
            heard: std::collections::VecDeque::new(),
            edition,
            number: number.to_owned(),
            serial: 0,
        }
    }

    /// A band that was let in.
    pub(crate) async fn admitted(to: SocketAddr, edition: Edition) -> Self {
        let mut band = Self::connect(to, edition).await;
        assert_eq!(band.authenticate(TOKEN).await, 0);
        band
    }

    fn header(&self, id: u16, part: Option<Part>) -> Header {
        let digits = if self.edition == OLD { 12 } else { 20 };
        Header {
            id,
            edition: self.edition,
            terminal: format!("{:0>digits$}", self.number),
            serial: self.serial,
            part,
        }
    }

    /// The frame of the next message.
    pub(crate) fn frame(&mut self, id: u16, body: &[u8]) -> Vec<u8> {
        let bytes = frame(&self.header(id, None).write(body));
        self.serial = self.serial.wrapping_add(1);
        bytes
    }

    /// The frames of a message in parts.
    pub(crate) fn parts(&mut self, id: u16, body: &[u8]) -> Vec<Vec<u8>> {
        let chunks: Vec<_> = body.chunks(PART_BYTES).collect();
        let total = chunks.len() as u16;
        let mut frames = Vec::new();
        for (at, chunk) in chunks.into_iter().enumerate() {
            let index = at as u16 + 1;
            let header = self.header(id, Some(Part { total, index }));
            frames.push(frame(&header.write(chunk)));
            self.serial = self.serial.wrapping_add(1);
        }
        frames
    }

    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        // The gateway may have closed.
        let _ = self.stream.write_all(bytes).await;
    }

    pub(crate) async fn send(&mut self, id: u16, body: &[u8]) {
        let bytes = self.frame(id, body);
        self.raw(&bytes).await;
    }

    /// The next message, which is for this band; none where the gateway closed the connection.
    pub(crate) async fn hear(&mut self) -> Option<Heard> {
        let heard = self.hear_any().await?;
        assert_eq!(heard.number, self.number);
        Some(heard)
    }

    /// The next message, whosever number it bears.
    pub(crate) async fn hear_any(&mut self) -> Option<Heard> {
        loop {
            if let Some(bytes) = self.heard.pop_front() {
                let (header, body) = Header::read(&bytes).unwrap();
                assert_eq!(header.edition, self.edition, "answered in its own edition");
                return Some(Heard {
                    id: header.id,
                    number: header.number().to_owned(),
                    serial: header.serial,
                    body: body.to_vec(),
                });
            }
            let mut bytes = [0; 4_096];
            let size = self.stream.read(&mut bytes).await.unwrap_or(0);
            if size == 0 {
                return None;
            }
            for found in self.frames.push(&bytes[..size]) {
                let Deframed::Raw(raw) = found else {
                    panic!("the gateway sends frames")
                };
                self.heard.push_back(unframe(&raw).unwrap());
            }
        }
    }

    /// Says that nothing more comes and hears all that is still said.
    pub(crate) async fn finish(mut self) {
        let _ = self.stream.shutdown().await;
        while self.hear_any().await.is_some() {}
    }

    /// Sends a message and gives the result of the general answer to it.
    pub(crate) async fn say(&mut self, id: u16, body: &[u8]) -> u8 {
        let serial = self.serial;
        self.send(id, body).await;
        let (of, what, result) = self.hear().await.expect("an answer").general();
        assert_eq!((of, what), (serial, id));
        result
    }

    pub(crate) fn code(&self, token: &str) -> Vec<u8> {
        if self.edition == OLD {
            return token.as_bytes().to_vec();
        }
        [&[token.len() as u8], token.as_bytes(), &[0; 35]].concat()
    }

    pub(crate) async fn authenticate(&mut self, token: &str) -> u8 {
        let code = self.code(token);
        self.say(0x0102, &code).await
    }

    /// The body of a registration.
    pub(crate) fn registration(&self, maker: &str, plate: &str) -> Vec<u8> {
        let (maker_bytes, model, device) = if self.edition == OLD {
            (5, 20, 7)
        } else {
            (11, 30, 30)
        };
        let mut body = vec![0; 4 + maker_bytes + model + device + 1];
        body[4..4 + maker.len()].copy_from_slice(maker.as_bytes());
        body.extend_from_slice(plate.as_bytes());
        body
    }

    /// Registers; gives the result and the code.
    pub(crate) async fn register(&mut self, maker: &str, plate: &str) -> (u8, Vec<u8>) {
        let serial = self.serial;
        let body = self.registration(maker, plate);
        self.send(0x0100, &body).await;
        let heard = self.hear().await.expect("an answer");
        assert_eq!(
            (heard.id, &heard.body[..2]),
            (0x8100, &serial.to_be_bytes()[..])
        );
        (heard.body[2], heard.body[3..].to_vec())
    }
}

/// A location at home, or 20 km away from it.
pub(crate) fn location(is_home: bool) -> Location {
    Location {
        alarm: 0,
        status: Status(2),
        lat_e6: 28_150_000,
        lon_e6: if is_home { 113_600_000 } else { 113_800_000 },
        altitude_m: 60,
        speed_dkmh: 40,
        bearing_deg: 90,
        time: 0,
        items: Vec::new(),
    }
}

/// With items after it.
pub(crate) fn with_items(mut location: Location, items: &[(u8, &[u8])]) -> Location {
    let item = |(id, value): &(u8, &[u8])| Item {
        id: *id,
        value: value.to_vec(),
    };
    location.items = items.iter().map(item).collect();
    location
}

/// `YYMMDDhhmmss` in GMT+8 of an instant, ms UTC.
pub(crate) fn clock(time: i64) -> String {
    let text = write_instant(time + 8 * 3_600_000);
    let digits: String = text.chars().filter(char::is_ascii_digit).take(14).collect();
    digits[2..].to_owned()
}

/// The body of a location at an instant.
pub(crate) fn at(location: &Location, time: i64) -> Vec<u8> {
    location.write(&clock(time))
}

/// The body of a batch of places at home, a minute apart.
pub(crate) fn batch(is_history: bool, first: i64, count: i64) -> Vec<u8> {
    let home = location(true);
    let bodies: Vec<_> = (0..count)
        .map(|minute| at(&home, first + minute * 60_000))
        .collect();
    Batch::write(is_history, &bodies)
}
