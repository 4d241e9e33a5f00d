//! The node's side: few connections, each greeted, asked once, and answered by the one writer.

use super::proof::{ANSWER_BYTES, Challenges, GREETING, HELLO_BYTES, Side};
use super::word::{CALL_BYTES_MAX, Call, Reply, WORDS_MAX, Wire, frame, key_words, length};
use super::{DRAFTS_MAX, Hatch};
use crate::command::{
    Asked, EXIT_DATA, EXIT_IO, EXIT_LATER, EXIT_NO_PERMISSION, Moment, Outcome, Refusal, Work,
};
use crate::http::App;
use crate::owner::CallError;
use crate::seal::entropy;
use jiaolian_schema::canon;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::suite::{SIGNATURE_BYTES, StrictVerifier, Verify as _};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

/// Longest greeting, ms.
const GREETING_WAIT_MS: u64 = 5_000;
/// Longest wait for a person at the command: a passphrase, a PIN, the button of a UKey, ms.
const PERSON_WAIT_MS: u64 = 10 * 60_000;
/// Pause after the system refused to accept, ms.
const ACCEPT_PAUSE_MS: u64 = 50;
/// Most connections that have not proved the secret.
const STRANGERS_MAX: usize = 64;
/// Most commands at once.
const COMMANDS_MAX: usize = 8;

type Signatures = Vec<(EnvelopeId, [u8; SIGNATURE_BYTES])>;

/// Serves commands until `stop` says true.
pub(crate) async fn serve(
    listener: TcpListener,
    hatch: Hatch,
    app: App,
    mut stop: watch::Receiver<bool>,
) {
    let (strangers, commands) = (
        Arc::new(Semaphore::new(STRANGERS_MAX)),
        Arc::new(Semaphore::new(COMMANDS_MAX)),
    );
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stopped| *stopped) => return,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&strangers).try_acquire_owned() else {
            continue;
        };
        let (app, commands, secret) = (app.clone(), Arc::clone(&commands), hatch.secret);
        let mut stop = stop.clone();
        tokio::spawn(async move {
            let met = async {
                let wait = Duration::from_millis(GREETING_WAIT_MS);
                let mut stream = stream;
                let challenges = timeout(wait, greet(&mut stream, &secret)).await??;
                drop(place);
                let mut line = Line(stream);
                let Ok(_turn) = commands.try_acquire_owned() else {
                    let many = format!("at most {COMMANDS_MAX} commands are at work at once");
                    return line.say(&Refusal::new(EXIT_LATER, many).into()).await;
                };
                converse(&mut line, &challenges, &app).await
            };
            tokio::select! {
                met = met => if let Err(error) = met {
                    tracing::debug!(%peer, %error, "a command at the hatch ended early");
                },
                _ = stop.wait_for(|stopped| *stopped) => {}
            }
        });
    }
}

/// The greeting; nothing is said to who does not know the secret.
async fn greet(stream: &mut TcpStream, secret: &[u8; 32]) -> io::Result<Challenges> {
    let stranger = || io::Error::from(io::ErrorKind::PermissionDenied);
    let mut hello = [0; HELLO_BYTES];
    stream.read_exact(&mut hello[..GREETING.len()]).await?;
    if hello[..GREETING.len()] != GREETING[..] {
        return Err(stranger());
    }
    stream.read_exact(&mut hello[GREETING.len()..]).await?;
    let command = *hello.last_chunk().expect("a challenge has 32 bytes");
    let challenges = Challenges::answering(command);
    let mut answer = [0; ANSWER_BYTES];
    answer[..32].copy_from_slice(&challenges.node);
    answer[32..].copy_from_slice(&challenges.prove(secret, Side::Node));
    stream.write_all(&answer).await?;
    let mut proof = [0; 32];
    stream.read_exact(&mut proof).await?;
    if challenges.proves(secret, Side::Command, &proof) {
        Ok(challenges)
    } else {
        Err(stranger())
    }
}

/// A connection whose other end is a command of the directory's owner.
struct Line(TcpStream);

impl Line {
    async fn say(&mut self, reply: &Reply) -> io::Result<()> {
        self.0.write_all(&frame(reply)).await?;
        self.0.flush().await
    }

    async fn hear(&mut self) -> io::Result<Call> {
        let odd = |error: String| io::Error::new(io::ErrorKind::InvalidData, error);
        let heard = async {
            let mut head = [0; 4];
            self.0.read_exact(&mut head).await?;
            let length = length(head, CALL_BYTES_MAX).map_err(odd)?;
            let mut bytes = Vec::new();
            let mut bounded = (&mut self.0).take(length as u64);
            bounded.read_to_end(&mut bytes).await?;
            canon::decode("what a command says", &bytes).map_err(|error| odd(error.to_string()))
        };
        timeout(Duration::from_millis(PERSON_WAIT_MS), heard).await?
    }
}

async fn converse(line: &mut Line, challenges: &Challenges, app: &App) -> io::Result<()> {
    let Call::Ask {
        wire,
        input,
        number,
    } = line.hear().await?
    else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let asked = match read(&wire, number.as_deref(), input.into(), moment(app)) {
        Ok(asked) => asked,
        Err(refusal) => return line.say(&refusal.into()).await,
    };
    let Some(number) = number else {
        let reply = change(app, &asked, Vec::new()).await;
        return line.say(&told(reply)).await;
    };
    let ring = app.keys.lend(&app.disk, &number, app.now());
    let ring = match ring {
        Ok(ring) => ring,
        Err(error) => {
            return line
                .say(&Refusal::new(EXIT_NO_PERMISSION, error).into())
                .await;
        }
    };
    line.say(&Reply::Ring(ring.map(Into::into))).await?;
    let Call::Key {
        suite,
        public,
        proof,
    } = line.hear().await?
    else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let words = key_words(&challenges.bytes(), &number);
    let signature = proof.as_slice().try_into().ok();
    if !signature.is_some_and(|proof| StrictVerifier.verify(suite, &public, &words, &proof)) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let asked = asked.by(number, (suite, public.into()));
    sign_and_say(line, app, asked).await
}

/// Drafts, lets the command sign, and takes in; anew where the node's state went on in between.
async fn sign_and_say(line: &mut Line, app: &App, mut asked: Asked) -> io::Result<()> {
    let mut outcome = look(app, &asked).await;
    for _ in 0..DRAFTS_MAX {
        let heads = match outcome {
            Outcome::Sign(heads) => heads,
            other => return line.say(&told(other)).await,
        };
        let bytes = heads.iter().map(|head| canon::encode(head).into());
        line.say(&Reply::Sign(bytes.collect())).await?;
        let Call::Signed(given) = line.hear().await? else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let ids = heads
            .iter()
            .map(|head| jiaolian_schema::envelope::head_id(&canon::encode(head)));
        let given: Option<Signatures> = ids
            .zip(&given)
            .map(|(id, one)| Some((id, one.as_slice().try_into().ok()?)))
            .collect();
        outcome = change(app, &asked, given.unwrap_or_default()).await;
        if matches!(outcome, Outcome::Sign(_)) {
            asked.moment = moment(app);
            outcome = look(app, &asked).await;
        }
    }
    let reason = format!("the roster changed {DRAFTS_MAX} times while this was signed; try again");
    line.say(&Refusal::new(EXIT_LATER, reason).into()).await
}

/// What is asked, where it is asked soundly.
fn read(
    wire: &Wire,
    number: Option<&str>,
    input: Vec<u8>,
    moment: Moment,
) -> Result<Asked, Refusal> {
    if let Wire::Line(words) = wire
        && words.len() > WORDS_MAX
    {
        return Err(Refusal::new(
            EXIT_DATA,
            format!("a command has at most {WORDS_MAX} words"),
        ));
    }
    let work: Arc<dyn Work> = crate::command::work_of(wire)?;
    if work.who().map(|who| who.number) != number {
        return Err(Refusal::data("a command is asked by who signs it"));
    }
    work.check(&input)?;
    Ok(Asked::new(work, input, moment))
}

fn moment(app: &App) -> Moment {
    Moment {
        now: app.now(),
        entropy: entropy(),
    }
}

async fn look(app: &App, asked: &Asked) -> Outcome {
    let (asked, keys) = (asked.clone(), Arc::clone(&app.keys));
    let seen = app.owner.look(move |node| asked.draft(node, &keys)).await;
    seen.unwrap_or_else(gone)
}

async fn change(app: &App, asked: &Asked, given: Signatures) -> Outcome {
    let asked = asked.clone();
    let done = app
        .owner
        .change(move |node| asked.carry_out(node, &given))
        .await;
    done.unwrap_or_else(gone)
}

fn gone(error: CallError) -> Outcome {
    Outcome::Refused(Refusal::new(EXIT_IO, error))
}

fn told(outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Done(done, file) => Reply::Done {
            line: done.line,
            data: done.data.to_string(),
            file: file.map(Into::into),
        },
        Outcome::Refused(refusal) => refusal.into(),
        Outcome::Sign(_) => Refusal::new(EXIT_LATER, "signatures are awaited").into(),
    }
}
