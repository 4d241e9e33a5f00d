//! A request as one line of text, on a stick or in a QR picture: the envelope that the node signed.

use super::answer::{AnswerError, Waiting, of_ask};
use jiaolian_schema::act::Act;
use jiaolian_schema::admit::admit;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::id::{hex, unhex};
use jiaolian_schema::suite::StrictVerifier;
use jiaolian_sync::{Replica, Store};

/// How the line begins.
const FORM: &str = "JLR1:";
/// Longest line, bytes: what a QR picture of capital letters and digits may hold.
pub const CARRIED_BYTES_MAX: usize = 4_096;

/// The line; capital letters and digits make the smaller picture.
pub fn carried(envelope: &Envelope) -> String {
    let digits = hex(&canon::encode(envelope)).to_ascii_uppercase();
    FORM.to_owned() + &digits
}

/// Reads a line: the request of a node that the roster here names.
pub fn read_carried<S: Store>(replica: &Replica<S>, line: &str) -> Result<Waiting, AnswerError> {
    let line = line.trim();
    let digits = line.strip_prefix(FORM).ok_or(AnswerError::NoRequest)?;
    if line.len() > CARRIED_BYTES_MAX {
        return Err(AnswerError::NoRequest);
    }
    let bytes = unhex(&digits.to_ascii_lowercase()).ok_or(AnswerError::NoRequest)?;
    let envelope: Envelope =
        canon::decode("an envelope", &bytes).map_err(|_| AnswerError::NoRequest)?;
    let admitted = admit(envelope, replica.authority(), &StrictVerifier);
    let admitted = admitted.map_err(|_| AnswerError::NotByANode)?;
    let fact = admitted.fact().ok_or(AnswerError::NoRequest)?;
    match fact.what.roster_act() {
        Some(Act::Ask(ask)) => of_ask(replica, ask, fact.author, fact.at),
        _ => Err(AnswerError::NoRequest),
    }
}
