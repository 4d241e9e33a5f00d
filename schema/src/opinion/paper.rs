//! One envelope, its bytes checked: form, hashes, signature, and what it says.

use super::fault::{Fault, Form};
use super::{Key, root};
use crate::act::{
    ACT_BYTES_MAX, Act, EditBytes, RECEIPT_HEADS_MAX, Receipt, RootStatement, SECTION_BYTES_MAX,
    Stays,
};
use crate::canon;
use crate::envelope::{
    BODY_BYTES_MAX, Body, DEPS_MAX, Duty, Envelope, HEAD_BYTES_MAX, Head, Kind, body_hash,
};
use crate::id::{AuthorId, DossierId, EnvelopeId};
use crate::merkle;
use crate::suite::Verify;
use std::collections::BTreeMap;

/// What a body says.
#[derive(Debug, Clone)]
pub enum Says {
    /// An act, signed with a claimed time, ms UTC.
    Act {
        /// The claimed time.
        at: i64,
        /// The act.
        act: Act,
    },
    /// A change of content, which has no legal effect.
    Edit {
        /// The claimed time.
        at: i64,
    },
    /// What a superior had seen.
    Receipt(Receipt),
}

/// An envelope whose bytes were found in order.
#[derive(Debug, Clone)]
pub struct Paper {
    /// SHA-256 of the head's bytes.
    pub id: EnvelopeId,
    /// The head.
    pub head: Head,
    /// The body with what it says, where it is here.
    pub inside: Option<(Body, Says)>,
}

impl Paper {
    /// The dossier, where the body is here.
    pub fn dossier(&self) -> Option<DossierId> {
        let (body, _) = self.inside.as_ref()?;
        Some(body.dossier.unwrap_or(self.id.into()))
    }

    /// The act with its claimed time, where it is one and here.
    pub fn act(&self) -> Option<(i64, &Act)> {
        match &self.inside {
            Some((_, Says::Act { at, act })) => Some((*at, act)),
            _ => None,
        }
    }

    /// The receipt, where it is one and here.
    pub fn receipt(&self) -> Option<&Receipt> {
        match &self.inside {
            Some((_, Says::Receipt(receipt))) => Some(receipt),
            _ => None,
        }
    }

    /// The time that the signer claims, where the body is here.
    pub fn claimed(&self) -> Option<i64> {
        match &self.inside.as_ref()?.1 {
            Says::Act { at, .. } | Says::Edit { at } => Some(*at),
            Says::Receipt(receipt) => Some(receipt.time),
        }
    }

    /// What it names inside its dossier: deps and its author's envelope before it.
    pub fn names(&self) -> Vec<EnvelopeId> {
        let body = self.inside.as_ref().map(|(body, _)| body);
        let deps = body.iter().flat_map(|body| &body.deps);
        let before = body.iter().filter_map(|body| body.prev_here.as_ref());
        deps.chain(before).copied().collect()
    }
}

/// A set of envelopes whose bytes were found in order.
#[derive(Debug, Clone)]
pub struct Papers {
    /// The statement that is trusted by configuration, and the one in force above it.
    pub(super) pinned: RootStatement,
    pub(super) in_force: RootStatement,
    pub(super) keepers: BTreeMap<AuthorId, Stays>,
    pub(super) all: BTreeMap<EnvelopeId, Paper>,
    pub(super) keys: BTreeMap<AuthorId, Key>,
}

impl Papers {
    /// Checks every envelope; one that is not in order refuses the whole set.
    pub fn open<'a>(
        pinned: RootStatement,
        envelopes: impl Iterator<Item = &'a Envelope> + Clone,
        verifier: &dyn Verify,
    ) -> Result<Self, Fault> {
        let mut all = BTreeMap::<EnvelopeId, Paper>::new();
        for envelope in envelopes.clone() {
            let id = envelope.id();
            let paper = read(envelope).map_err(|rule| Fault { id, rule })?;
            let known = all.entry(id).or_insert_with(|| paper.clone());
            if known.inside.is_none() {
                *known = paper;
            }
        }
        let keys = introduced(&pinned, &all);
        for envelope in envelopes {
            let id = envelope.id();
            check_signature(envelope, &all[&id].head, &keys, verifier)
                .map_err(|rule| Fault { id, rule })?;
        }
        for paper in all.values() {
            if let Some((_, Act::Root(act))) = paper.act() {
                let id = paper.id;
                root::check_act(act, verifier).map_err(|rule| Fault { id, rule })?;
            }
        }
        let in_force = root::climb(&pinned, &all);
        Ok(Self {
            keepers: root::keepers(&in_force),
            pinned,
            in_force,
            all,
            keys,
        })
    }

    /// The envelope of that id.
    pub fn get(&self, id: EnvelopeId) -> Option<&Paper> {
        self.all.get(&id)
    }

    /// All envelopes in ascending order of ids.
    pub fn iter(&self) -> impl Iterator<Item = &Paper> {
        self.all.values()
    }

    /// Whom an author id stands for.
    pub fn key(&self, author: AuthorId) -> Option<&Key> {
        self.keys.get(&author)
    }

    /// The root statement that was trusted.
    pub fn pinned(&self) -> &RootStatement {
        &self.pinned
    }

    /// Everything in one dossier, ascending.
    pub fn of_dossier(&self, dossier: DossierId) -> impl Iterator<Item = &Paper> {
        let of = move |paper: &&Paper| paper.dossier() == Some(dossier);
        self.all.values().filter(of)
    }
}

/// An author id is the hash of what introduces it, so any appointment that makes it will do, good
/// or not.
fn introduced(
    pinned: &RootStatement,
    all: &BTreeMap<EnvelopeId, Paper>,
) -> BTreeMap<AuthorId, Key> {
    let mut keys = BTreeMap::new();
    let statements = root::root_acts(all).map(|act| &act.statement);
    for statement in statements.chain([pinned]) {
        let former = statement.former.iter().map(|one| &one.key);
        for key in former.chain([&statement.keeper]) {
            let key = root::keeper(key, statement.office);
            keys.insert(key.author(), key);
        }
    }
    for paper in all.values() {
        if let Some((_, Act::Appoint(act))) = paper.act() {
            let key = Key {
                suite: act.suite,
                key: act.key.clone(),
                office: act.office,
                duty: act.duty,
            };
            keys.insert(key.author(), key);
        }
    }
    keys
}

fn check_signature(
    envelope: &Envelope,
    head: &Head,
    keys: &BTreeMap<AuthorId, Key>,
    verifier: &dyn Verify,
) -> Result<(), Form> {
    let key = keys.get(&head.author).ok_or(Form::Stranger(head.author))?;
    if !verifier.knows(head.suite) || head.suite != key.suite {
        return Err(Form::Suite(head.suite));
    }
    if (key.duty == Duty::Witness) != (head.kind == Kind::Receipt) {
        return Err(Form::Witness);
    }
    let words = Head::signed_bytes(head.kind, &envelope.head);
    if verifier.verify(head.suite, &key.key, &words, &envelope.signature) {
        Ok(())
    } else {
        Err(Form::Signature(head.author, head.kind.type_string()))
    }
}

fn read(envelope: &Envelope) -> Result<Paper, Form> {
    if envelope.head.len() > HEAD_BYTES_MAX {
        return Err(Form::LongHead(envelope.head.len()));
    }
    let head: Head = canon::decode("a head", &envelope.head)?;
    let first = head.n == 1;
    if head.n == 0 || first != head.prev.is_none() {
        return Err(Form::ChainStart(head.n));
    }
    let inside = match &envelope.body {
        Some(bytes) => Some(read_body(&head, bytes)?),
        None => None,
    };
    Ok(Paper {
        id: envelope.id(),
        head,
        inside,
    })
}

fn read_body(head: &Head, bytes: &[u8]) -> Result<(Body, Says), Form> {
    if bytes.len() > BODY_BYTES_MAX {
        return Err(Form::LongBody(bytes.len()));
    }
    if body_hash(head.suite, bytes) != head.body_hash {
        return Err(Form::OtherBody);
    }
    let body: Body = canon::decode("a body", bytes)?;
    if body.deps.len() > DEPS_MAX || body.deps.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(Form::Deps(body.deps.len()));
    }
    if body.m == 0 || (body.m == 1) != body.prev_here.is_none() {
        return Err(Form::HereStart(body.m));
    }
    let says = read_payload(head, &body.payload)?;
    let opens = matches!(
        says,
        Says::Act {
            act: Act::Found(_) | Act::Open(_) | Act::Raise(_) | Act::Ledger(_),
            ..
        }
    );
    let alone = body.m == 1 && body.deps.is_empty();
    if opens != body.dossier.is_none() || (opens && !alone) {
        return Err(Form::Opening);
    }
    Ok((body, says))
}

fn read_payload(head: &Head, payload: &[u8]) -> Result<Says, Form> {
    match head.kind {
        Kind::Act => {
            if payload.len() > ACT_BYTES_MAX {
                return Err(Form::LongAct(payload.len()));
            }
            let (at, act) = Act::from_payload(payload)?;
            let section = match &act {
                Act::Step(step) => step.section.as_ref().map_or(0, Vec::len),
                _ => 0,
            };
            if section > SECTION_BYTES_MAX {
                return Err(Form::LongSection(section));
            }
            Ok(Says::Act { at, act })
        }
        Kind::Edit => {
            let edit: EditBytes = canon::decode("an edit", payload)?;
            Ok(Says::Edit { at: edit.at })
        }
        Kind::Receipt => {
            let receipt: Receipt = canon::decode("a receipt", payload)?;
            let root = merkle::root(head.suite, receipt.heads.iter().map(canon::encode));
            let ascending = receipt.heads.windows(2).all(|pair| pair[0] < pair[1]);
            if root != receipt.root || !ascending || receipt.heads.len() > RECEIPT_HEADS_MAX {
                return Err(Form::Receipt);
            }
            Ok(Says::Receipt(receipt))
        }
    }
}
