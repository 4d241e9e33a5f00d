//! The answer as a file, for a desk without a link: the rosters above it, new appointment included.

use jiaolian_schema::admit::Introductions as _;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::id::OfficeId;
use jiaolian_sync::{Replica, Store, StoreError};
use minicbor::{Decode, Encode};
use thiserror::Error;

const FORM: &str = "jiaolian-reply/1";
/// Largest file, bytes.
pub const REPLY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Why a reply is not taken in. Nothing of it is stored then but what stands by its own signature.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum ReplyError {
    #[error("this is no answer to a request for a new key: {0}")]
    Form(String),
    #[error("the answer is for office {of}, this is {own}")]
    OtherOffice { of: OfficeId, own: OfficeId },
    #[error("the answer is not whole, or not of this roster: {0}")]
    Refused(String),
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Reply {
    #[n(0)]
    form: String,
    /// For which office.
    #[n(1)]
    pub office: OfficeId,
    /// Signed envelopes; each is checked as if it came by a link.
    #[n(2)]
    envelopes: Vec<Envelope>,
}

impl Reply {
    /// Everything that the office must have of the rosters above it and of its own, but for what its
    /// own people signed.
    pub fn new<S: Store>(replica: &Replica<S>, office: OfficeId) -> Result<Self, StoreError> {
        let authority = replica.authority();
        let mut envelopes = replica.join_file(office)?;
        envelopes.retain(|envelope| {
            let head = envelope.parse_head().ok();
            let seat = head.and_then(|head| authority.introduction(head.author));
            seat.is_none_or(|seat| seat.office != office)
        });
        Ok(Self {
            form: FORM.to_owned(),
            office,
            envelopes,
        })
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        canon::encode(self)
    }

    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReplyError> {
        let reply: Self =
            canon::decode("a reply", bytes).map_err(|error| ReplyError::Form(error.to_string()))?;
        if reply.form == FORM {
            Ok(reply)
        } else {
            Err(ReplyError::Form(format!("its form is {:?}", reply.form)))
        }
    }

    /// Takes it in at the office that it is for; says how much was new.
    pub fn take<S: Store>(
        self,
        replica: &mut Replica<S>,
        own: OfficeId,
        now: i64,
    ) -> Result<usize, ReplyError> {
        if self.office != own {
            return Err(ReplyError::OtherOffice {
                of: self.office,
                own,
            });
        }
        let outcome = replica.import(self.envelopes, now);
        match outcome.refused.first() {
            Some((_, reason)) => Err(ReplyError::Refused(reason.clone())),
            None if outcome.parked > 0 => Err(ReplyError::Refused(format!(
                "{} rest on others",
                outcome.parked
            ))),
            None => Ok(outcome.stored),
        }
    }
}
