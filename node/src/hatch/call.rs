//! The command's side: it asks, opens the person's ring with the person's passphrase, signs what the
//! node drafts, and reads what was done.

use super::find;
use super::proof::{ANSWER_BYTES, Challenges, GREETING, Side};
use super::word::{Call, REPLY_BYTES_MAX, Reply, frame, key_words, length};
use crate::command::{
    Done, EXIT_DATA, EXIT_LATER, EXIT_UNAVAILABLE, Left, Refusal, Who, Work, open_lent, refuse_key,
};
use crate::key::OfficerKey;
use crate::seal::entropy;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Head, Kind};
use jiaolian_schema::suite::Sign as _;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// Longest wait for a connection and a greeting, ms.
const GREETING_WAIT_MS: u64 = 5_000;
/// Longest wait for the node to do what it is asked, ms.
const WORK_WAIT_MS: u64 = 10 * 60_000;

/// Hands a work to the node that holds its directory.
pub(crate) fn call(work: &dyn Work, input: Vec<u8>) -> Result<Left, Refusal> {
    let (mut line, challenges) = connect(work.dir())?;
    let who = work.who();
    line.say(&Call::Ask {
        wire: work.wire()?,
        input: input.into(),
        number: who.map(|who| who.number.to_owned()),
    })?;
    let Some(who) = who else {
        return line.end(None);
    };
    let ring = match line.hear()? {
        Reply::Ring(ring) => ring,
        other => return left(other, None),
    };
    let key = open(work.dir(), who, ring.map(Into::into))?;
    let words = key_words(&challenges.bytes(), who.number);
    let proof = key.sign(&words).map_err(|error| refuse_key(&error))?;
    line.say(&Call::Key {
        suite: key.suite(),
        public: key.public_key().into(),
        proof: proof.to_vec().into(),
    })?;
    loop {
        match line.hear()? {
            Reply::Sign(heads) => {
                let signed = heads.iter().map(|head| sign(&key, head));
                let signed = signed.collect::<Result<Vec<_>, _>>()?;
                let signed = signed.into_iter().map(Into::into).collect();
                line.say(&Call::Signed(signed))?;
            }
            other => return left(other, Some(key)),
        }
    }
}

fn open(dir: &Path, who: Who<'_>, ring: Option<Vec<u8>>) -> Result<OfficerKey, Refusal> {
    let identity = crate::identity::Identity::read(dir).map_err(crate::home::HomeError::from)?;
    open_lent(identity.drill, who, ring)
}

/// Only heads of acts are signed for a node.
fn sign(key: &OfficerKey, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let head: Head = canon::decode("a head", bytes).map_err(Refusal::data)?;
    if head.kind != Kind::Act {
        return Err(Refusal::data("the node asked for a signature of no act"));
    }
    let signature = key.sign(&Head::signed_bytes(head.kind, bytes));
    Ok(signature.map_err(|error| refuse_key(&error))?.to_vec())
}

fn left(reply: Reply, key: Option<OfficerKey>) -> Result<Left, Refusal> {
    match reply {
        Reply::Done { line, data, file } => {
            let data = serde_json::from_str(&data).map_err(|error| {
                Refusal::new(EXIT_DATA, format!("what the node answered: {error}"))
            })?;
            Ok((Done { line, data }, file.map(Into::into), key))
        }
        Reply::Refused { status, reason } => Err(Refusal { status, reason }),
        Reply::Ring(_) | Reply::Sign(_) => Err(Refusal::data("the node answered out of turn")),
    }
}

/// A connection whose other end is the node of the directory.
struct Line(TcpStream);

impl Line {
    fn say(&mut self, call: &Call) -> Result<(), Refusal> {
        self.0.write_all(&frame(call)).map_err(broken)
    }

    fn hear(&mut self) -> Result<Reply, Refusal> {
        let mut head = [0; 4];
        self.0.read_exact(&mut head).map_err(broken)?;
        let length = length(head, REPLY_BYTES_MAX).map_err(Refusal::data)?;
        let mut bytes = Vec::new();
        let mut bounded = (&mut self.0).take(length as u64);
        bounded.read_to_end(&mut bytes).map_err(broken)?;
        canon::decode("what a node says", &bytes).map_err(Refusal::data)
    }

    fn end(mut self, key: Option<OfficerKey>) -> Result<Left, Refusal> {
        left(self.hear()?, key)
    }
}

#[allow(clippy::needless_pass_by_value)]
fn broken(error: io::Error) -> Refusal {
    let reason = format!("the running node broke off, and what was asked may not be done: {error}");
    Refusal::new(EXIT_UNAVAILABLE, reason)
}

/// A directory that is held, and nothing that proves itself at its hatch: another command, or a node
/// that is starting or ending.
fn connect(dir: &Path) -> Result<(Line, Challenges), Refusal> {
    greet(dir).map_err(|reason| {
        let dir = dir.display();
        let reason = format!(
            "{dir} is in use, and no running node answers there ({reason}): another command may be \
             at work; try again"
        );
        Refusal::new(EXIT_LATER, reason)
    })
}

fn greet(dir: &Path) -> Result<(Line, Challenges), String> {
    let (at, secret) = find(dir)?;
    let wait = Duration::from_millis(GREETING_WAIT_MS);
    let said = |error: io::Error| format!("{at}: {error}");
    let mut stream = TcpStream::connect_timeout(&at, wait).map_err(said)?;
    stream.set_read_timeout(Some(wait)).map_err(said)?;
    let command: [u8; 32] = entropy();
    let hello = [&GREETING[..], &command].concat();
    stream.write_all(&hello).map_err(said)?;
    let mut answer = [0; ANSWER_BYTES];
    stream.read_exact(&mut answer).map_err(said)?;
    let node = *answer.first_chunk().expect("a challenge has 32 bytes");
    let challenges = Challenges { command, node };
    if !challenges.proves(&secret, Side::Node, &answer[32..]) {
        return Err(format!("{at}: what listens there is another program"));
    }
    let proof = challenges.prove(&secret, Side::Command);
    stream.write_all(&proof).map_err(said)?;
    let wait = Some(Duration::from_millis(WORK_WAIT_MS));
    stream.set_read_timeout(wait).map_err(said)?;
    Ok((Line(stream), challenges))
}
