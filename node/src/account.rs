//! The account of a person's duty (履职证明): one signed file that says what an officer did, knew and
//! could reach, minute by minute, and that anybody can check without a node. See `docs/account.md`.

mod check;
mod minute;

pub use check::{CheckAccountError, Checked, check};
pub use minute::{Line, LineState};

use crate::identity::RootPin;
use jiaolian_schema::act::{PublicKey, RootStatement};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AuthorId, DossierId, OfficeId, PersonId, hex, sha256};
use jiaolian_sync::{Replica, Store, StoreError};
use minicbor::{Decode, Encode};
use std::collections::BTreeSet;
use thiserror::Error;

/// The form's name and version.
pub const ACCOUNT_FORM: &str = "jiaolian-account/1";
/// The type string inside the signed bytes.
pub const ACCOUNT_TYPE: &str = "account/1";
/// Longest time of one account, ms: thirty-one days.
pub const ACCOUNT_SPAN_MS_MAX: i64 = 31 * 86_400_000;
/// Longest account, bytes.
pub const ACCOUNT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Account {
    #[n(0)]
    form: String,
    /// Office id of the root.
    #[n(1)]
    pub root_office: OfficeId,
    /// Suite of the root keeper's key.
    #[n(2)]
    pub root_suite: u8,
    /// Key of the root's keeper.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub root_key: Vec<u8>,
    /// The office whose log is told of.
    #[n(4)]
    pub office: OfficeId,
    /// Of whom it is.
    #[n(5)]
    pub person: PersonId,
    /// From when, ms UTC.
    #[n(6)]
    pub from: i64,
    /// Until when, ms UTC, not included.
    #[n(7)]
    pub to: i64,
    /// When it was made, by the clock of the node that signs, ms UTC.
    #[n(8)]
    pub made_at: i64,
    /// The office whose node signs it.
    #[n(9)]
    pub signer: OfficeId,
    /// Rosters and receipts, the log's batches, and the heads of the person's chains.
    #[n(10)]
    pub envelopes: Vec<Envelope>,
    /// The pinned root statement, where it is more than its keeper's key.
    #[n(11)]
    root_statement: Option<RootStatement>,
}

impl Account {
    /// The root that it rests on; its statement stands for the three words that say the same.
    pub fn root(&self) -> RootStatement {
        let keeper = PublicKey {
            suite: self.root_suite,
            key: self.root_key.clone(),
        };
        let single = || RootStatement::single(self.root_office, keeper);
        self.root_statement.clone().unwrap_or_else(single)
    }

    /// By what the root is compared with one that is trusted, hexadecimal: its keeper's key, or
    /// SHA-256 of the statement where it is more than that key.
    pub fn root_mark(&self) -> String {
        match &self.root_statement {
            None => hex(&self.root_key),
            Some(statement) => hex(&sha256(&[&canon::encode(statement)])),
        }
    }

    /// Whether the three words and the statement say the same.
    fn is_of_one_root(&self) -> bool {
        let root = self.root();
        root.office == self.root_office
            && root.keeper.suite == self.root_suite
            && root.keeper.key == self.root_key
            && root.check().is_ok()
    }
}

/// The file: the account's bytes under the signature of a node.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Signed {
    #[cbor(n(0), with = "minicbor::bytes")]
    account: Vec<u8>,
    #[n(1)]
    author: AuthorId,
    #[cbor(n(2), with = "minicbor::bytes")]
    signature: Vec<u8>,
}

/// Why no account was made.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum MakeAccountError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the node's own key is needed to sign an account, and its appointment is not here")]
    NoKey,
    #[error("the root of trust is not known here")]
    NoRoot,
    #[error("an account has at most {ACCOUNT_BYTES_MAX} bytes, this one would have {0}")]
    TooLong(usize),
}

/// Of whom, whose log, over which time.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Of whom.
    pub person: PersonId,
    /// Whose log.
    pub office: OfficeId,
    /// From when and until when, ms UTC.
    pub span: (i64, i64),
}

/// Makes and signs an account of what is here. Rows should have been signed before.
pub fn make<S: Store>(
    replica: &Replica<S>,
    root: &RootPin,
    asked: Asked,
    now: i64,
) -> Result<Vec<u8>, MakeAccountError> {
    let pinned = root.to_statement().ok_or(MakeAccountError::NoRoot)?;
    let account = Account {
        form: ACCOUNT_FORM.to_owned(),
        root_office: pinned.office,
        root_suite: pinned.keeper.suite,
        root_key: pinned.keeper.key.clone(),
        office: asked.office,
        person: asked.person,
        from: asked.span.0,
        to: asked.span.1,
        made_at: now,
        signer: replica.office(),
        envelopes: gather(replica, asked)?,
        root_statement: root.statement.as_ref().map(|_| pinned),
    };
    let account = canon::encode(&account);
    let (seat, signature) = replica
        .sign_words(ACCOUNT_TYPE, &account)
        .ok_or(MakeAccountError::NoKey)?;
    let signed = canon::encode(&Signed {
        account,
        author: seat.author,
        signature,
    });
    if signed.len() > ACCOUNT_BYTES_MAX {
        return Err(MakeAccountError::TooLong(signed.len()));
    }
    Ok(signed)
}

/// Rosters of everybody who matters, the logs of the time, and the person's chains.
fn gather<S: Store>(replica: &Replica<S>, asked: Asked) -> Result<Vec<Envelope>, StoreError> {
    let authority = replica.authority();
    let appointments = authority.appointments();
    let own = appointments.filter(|(_, appoint, _)| appoint.person == asked.person);
    let seats: BTreeSet<(AuthorId, OfficeId)> = own
        .map(|(_, appoint, _)| (appoint.author(), appoint.office))
        .collect();
    let places = [asked.office, replica.office()].into_iter();
    let places = places.chain(seats.iter().map(|(_, office)| *office));
    let mut offices: BTreeSet<OfficeId> = places
        .flat_map(|office| {
            authority
                .offices()
                .superiors(office)
                .into_iter()
                .chain([office])
        })
        .collect();
    offices.extend(peers(replica, asked)?);
    let mut dossiers: Vec<DossierId> = offices
        .into_iter()
        .filter_map(|office| replica.roster(office))
        .collect();
    let logs = replica.dossiers();
    let logs = logs.filter(|(_, row)| row.kind == DossierKind::Audit && row.place == asked.office);
    // A log that was changed last before the time began says nothing of it.
    let logs = logs.filter(|(_, row)| row.changed_at >= asked.span.0);
    dossiers.extend(logs.map(|(id, _)| id));
    let mut envelopes = replica.export(replica.office(), &dossiers)?;
    let mut here: BTreeSet<_> = envelopes.iter().map(Envelope::id).collect();
    for (author, _) in seats {
        let heads = replica.chain_heads(author)?.into_iter();
        envelopes.extend(heads.filter(|head| here.insert(head.id())));
    }
    Ok(envelopes)
}

/// The offices at the other ends of lines that the log tells of.
fn peers<S: Store>(replica: &Replica<S>, asked: Asked) -> Result<BTreeSet<OfficeId>, StoreError> {
    let batches = replica.log_batches()?.into_iter();
    let own =
        batches.filter(|batch| batch.office == asked.office && batch.log.times.0 < asked.span.1);
    let rows = own.flat_map(|batch| replica.batch_rows(&batch));
    Ok(rows.filter_map(|(_, row)| row.peer).collect())
}
