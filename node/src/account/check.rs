//! Checking an account without a node: its signature, everything inside it by the one door, the rows
//! one by one, and the receipts that cover them.

use super::minute::{Line, tell};
use super::{ACCOUNT_FORM, ACCOUNT_TYPE, Account, Signed};
use jiaolian_schema::admit::Introductions as _;
use jiaolian_schema::audit::Flaw;
use jiaolian_schema::authority::Window;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::pre_authentication;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::id::{AuthorId, EnvelopeId, OfficeId, PersonId};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::{StrictVerifier, Verify as _};
use jiaolian_sync::{Batch, Effect, Limits, MemoryStore, Replica, Setup};
use std::collections::BTreeMap;
use std::sync::Arc;
use thiserror::Error;

/// The role of an appointment that makes a node.
const NODE_ROLE: &str = "NODE";

/// Which rule an account breaks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum CheckAccountError {
    #[error("the file is no account of duty: {0}")]
    NoAccount(String),
    #[error("the account's root key is {0}, not the one that was asked for")]
    OtherRoot(String),
    #[error("the account is signed by the node of its office or of one above; {0} is neither")]
    Signer(AuthorId),
    #[error("the signature is not the node's over these bytes")]
    Signature,
    #[error("envelope {0} in the account is refused: {1}")]
    Refused(EnvelopeId, String),
    #[error("{0} envelopes in the account rest on others that it lacks")]
    Lacking(usize),
    #[error("the store in memory refused: {0}")]
    Store(String),
    #[error("the account holds no signed row of the log of office {0}")]
    NoRows(OfficeId),
    #[error("rows {} to {} of the log: {}", .0.number, .0.to, .0.fault.word())]
    Flawed(Flaw),
}

/// What an account proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The account.
    pub account: Account,
    /// Its person's name as appointed.
    pub name: String,
    /// Its office's name.
    pub office: String,
    /// First and last row of the batches that it rests on.
    pub rows: (u64, u64),
    /// The time until which receipts of the offices above cover the rows, ms UTC; none where no
    /// receipt does.
    pub covered_until: Option<i64>,
    /// The lines, in order of time.
    pub lines: Vec<Line>,
}

/// Checks an account. `root` is the mark of the root that one trusts (`Account::root_mark`); without
/// it, the root that the account names is taken and is for its reader to compare.
pub fn check(bytes: &[u8], root: Option<&str>) -> Result<Checked, CheckAccountError> {
    let no_account = |error: canon::CanonError| CheckAccountError::NoAccount(error.to_string());
    let signed: Signed = canon::decode("a signed account", bytes).map_err(no_account)?;
    let account: Account = canon::decode("an account", &signed.account).map_err(no_account)?;
    if account.form != ACCOUNT_FORM {
        return Err(CheckAccountError::NoAccount(format!(
            "its form is {}",
            account.form
        )));
    }
    if !account.is_of_one_root() {
        let why = "its root statement is of another key".to_owned();
        return Err(CheckAccountError::NoAccount(why));
    }
    let key = account.root_mark();
    if root.is_some_and(|root| !root.eq_ignore_ascii_case(&key)) {
        return Err(CheckAccountError::OtherRoot(key));
    }
    let replica = read(&account)?;
    check_signature(&replica, &account, &signed)?;
    let batches = batches_of(&replica, &account)?;
    let rows = (
        batches.first().map_or(0, |batch| batch.log.first),
        batches.last().map_or(0, |batch| batch.log.top()),
    );
    let windows: BTreeMap<EnvelopeId, Window> = batches
        .iter()
        .map(|batch| (batch.id, window(&replica, batch.author, batch.n, batch.id)))
        .collect();
    let covered_until = windows.values().filter_map(|window| window.filed).max();
    let names = Names {
        people: people(&replica),
        replica: &replica,
        rules: RulePack::builtin(),
    };
    let lines = tell(&names, &account, &batches, &windows);
    Ok(Checked {
        name: names.person(account.person),
        office: names.office(account.office),
        rows,
        covered_until,
        lines,
        account,
    })
}

/// Everything inside by the one door, under the root that the account names.
fn read(account: &Account) -> Result<Replica<MemoryStore>, CheckAccountError> {
    let store = |error: &dyn ToString| CheckAccountError::Store(error.to_string());
    let rules = Arc::new(RulePack::builtin());
    let setup = Setup {
        office: account.signer,
        root: account.root(),
        node: None,
        witness: None,
        pack: rules.pack_id(),
        rules,
        verifier: Box::new(StrictVerifier),
        limits: Limits::default(),
        entropy: [0; 32],
    };
    let mut replica =
        Replica::open(MemoryStore::default(), setup).map_err(|error| store(&error))?;
    let outcome = replica.import(account.envelopes.clone(), account.made_at);
    if let Some((id, reason)) = outcome.refused.into_iter().next() {
        return Err(CheckAccountError::Refused(id, reason));
    }
    if outcome.parked > 0 {
        return Err(CheckAccountError::Lacking(outcome.parked));
    }
    for effect in replica.drain() {
        if let Effect::Store(writes) = effect {
            replica.store_mut().commit(&writes);
        }
    }
    Ok(replica)
}

fn check_signature(
    replica: &Replica<MemoryStore>,
    account: &Account,
    signed: &Signed,
) -> Result<(), CheckAccountError> {
    let authority = replica.authority();
    let signer = || CheckAccountError::Signer(signed.author);
    let known = authority.introduction(signed.author).ok_or_else(signer)?;
    let mut seats = authority.appointments();
    let is_node = seats.any(|(id, appoint, good)| {
        good && appoint.author() == signed.author
            && authority.is_appointed(id)
            && appoint.roles.iter().any(|role| role == NODE_ROLE)
    });
    let stands = authority.offices().ever_over(known.office, account.office)
        && known.office == account.signer;
    if !is_node || !stands {
        return Err(signer());
    }
    let words = pre_authentication(ACCOUNT_TYPE, &signed.account);
    let signature = signed.signature.as_slice().try_into();
    let signature = signature.map_err(|_| CheckAccountError::Signature)?;
    if StrictVerifier.verify(known.suite, &known.key, &words, &signature) {
        Ok(())
    } else {
        Err(CheckAccountError::Signature)
    }
}

/// The batches of the office's log in their order, without a flaw in them or between them.
fn batches_of(
    replica: &Replica<MemoryStore>,
    account: &Account,
) -> Result<Vec<Batch>, CheckAccountError> {
    let store = |error: jiaolian_sync::StoreError| CheckAccountError::Store(error.to_string());
    let batches = replica.log_batches().map_err(store)?;
    let own: Vec<Batch> = batches
        .into_iter()
        .filter(|batch| batch.office == account.office)
        .collect();
    if own.is_empty() {
        return Err(CheckAccountError::NoRows(account.office));
    }
    let findings = replica.log_findings().map_err(store)?;
    let told = own
        .iter()
        .filter(|batch| batch.log.times.0 < account.to && batch.log.times.1 >= account.from);
    let (first, top) = told.fold((u64::MAX, 0), |(first, top), batch| {
        (first.min(batch.log.first), top.max(batch.log.top()))
    });
    let flawed = findings.into_iter().find(|finding| {
        finding.office == account.office && finding.flaw.to >= first && finding.flaw.number <= top
    });
    match flawed {
        Some(finding) => Err(CheckAccountError::Flawed(finding.flaw)),
        None => Ok(own),
    }
}

/// Between which instants an envelope was provably signed, from its head alone.
pub(super) fn window(
    replica: &Replica<MemoryStore>,
    author: AuthorId,
    n: u64,
    id: EnvelopeId,
) -> Window {
    let fact = Fact {
        id,
        author,
        n,
        dossier: id.into(),
        m: 1,
        prev_here: None,
        deps: Vec::new(),
        appointment: None,
        at: 0,
        what: What::Edit,
    };
    replica.authority().window(&fact)
}

fn people(replica: &Replica<MemoryStore>) -> BTreeMap<PersonId, String> {
    let appointments = replica.authority().appointments();
    appointments
        .map(|(_, appoint, _)| (appoint.person, appoint.name.clone()))
        .collect()
}

/// Names of people and offices by the rosters in the account.
pub(super) struct Names<'a> {
    people: BTreeMap<PersonId, String>,
    pub(super) replica: &'a Replica<MemoryStore>,
    pub(super) rules: RulePack,
}

impl Names<'_> {
    fn person(&self, id: PersonId) -> String {
        let name = self.people.get(&id).filter(|name| !name.is_empty());
        name.cloned().unwrap_or_else(|| id.to_hex())
    }

    pub(super) fn office(&self, id: OfficeId) -> String {
        let office = self.replica.authority().offices().get(id);
        office.map_or_else(|| id.to_hex(), |office| office.name.clone())
    }
}
