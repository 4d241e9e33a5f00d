//! A person at work at a node: what the node knows, and drafts of what the person signs. All of it is
//! signed at once when the work settles: by the key that is open here, or by signatures that a command
//! outside made of the same drafts.

mod bench;

use super::secret::refuse_key;
use super::{EXIT_IO, EXIT_LATER, Refusal};
use crate::home::{Home, HomeError};
use crate::key::OfficerKey;
use crate::owner::{Node, destroy_due};
use crate::store::{DiskStore, StoreReader};
use clap::Args;
use jiaolian_schema::act::{Act, At};
use jiaolian_schema::admit::Introductions as _;
use jiaolian_schema::authority::Authority;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Head, Kind};
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::fix::DAY_MS;
use jiaolian_schema::id::{AuthorId, BodyHash, DossierId, EnvelopeId, OfficeId, sha256};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::{SIGNATURE_BYTES, Sign as _};
use jiaolian_sync::{Draft, Payload, Replica, Seat, SignError, Unsigned};
use std::path::PathBuf;

pub(super) use bench::Bench;
pub(crate) use bench::{rolled_back, seat};

/// Whose hand signs, and at which node.
#[derive(Debug, Args)]
pub(super) struct Hand {
    /// The data directory of the office.
    #[arg(long)]
    pub(super) dir: PathBuf,
    /// Staff number of who signs.
    #[arg(long = "as")]
    pub(super) number: String,
    /// Read the passphrase from standard input.
    #[arg(long)]
    pub(super) passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// What signs the drafts.
pub(crate) enum Pen<'a> {
    /// A key that is open here.
    Key(&'a OfficerKey),
    /// Signatures of drafts, by the ids that these have.
    Given(&'a [(EnvelopeId, [u8; SIGNATURE_BYTES])]),
    /// Nobody signs.
    None,
}

/// A moment's time and entropy: with the same two, the same work drafts the same bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// The time, ms UTC.
    pub(crate) now: i64,
    /// What the salts are drawn from.
    pub(crate) entropy: [u8; 32],
}

/// A person, or nobody, at work at a node.
pub(crate) struct Desk<'a> {
    pub(super) home: &'a mut Home,
    pub(super) store: &'a DiskStore,
    /// What the node knows.
    pub(super) replica: &'a mut Replica<StoreReader>,
    pub(super) seat: Option<Seat>,
    /// The time, ms UTC.
    pub(super) now: i64,
    /// How many acts were signed.
    pub(super) signed: usize,
    /// A file that the work made, for where the command was typed.
    pub(crate) file: Option<Vec<u8>>,
    /// The Replica was opened anew.
    pub(crate) reopened: bool,
    entropy: [u8; 32],
    drafts: Vec<Unsigned>,
    pen: Pen<'a>,
    /// The drafts wait for signatures of a key that is not here.
    pub(crate) awaits: bool,
    /// Nobody else destroys what is due here.
    stopped: bool,
}

impl<'a> Desk<'a> {
    /// A desk at a node that runs; none where that one has no directory.
    pub(crate) fn at(
        node: &'a mut Node,
        seat: Option<Seat>,
        pen: Pen<'a>,
        moment: Moment,
    ) -> Option<Self> {
        Some(Self {
            home: node.home.as_mut()?,
            store: &node.store,
            replica: &mut node.replica,
            seat,
            now: moment.now,
            signed: 0,
            file: None,
            reopened: false,
            entropy: moment.entropy,
            drafts: Vec::new(),
            pen,
            awaits: false,
            stopped: false,
        })
    }

    /// Who stands where, and what superiors said.
    pub(super) fn authority(&self) -> &Authority {
        self.replica.authority()
    }

    /// Drafts one act as the person, in a dossier that is here or that an earlier draft opens.
    pub(super) fn sign(
        &mut self,
        dossier: Option<DossierId>,
        act: Act,
    ) -> Result<EnvelopeId, Refusal> {
        let payload = Payload::Act(act);
        let draft = Draft { dossier, payload };
        let place = (self.drafts.len() as u64).to_be_bytes();
        let salt = sha256(&[&self.entropy, &place]);
        let salt = *salt.first_chunk().expect("a hash has more than 16 bytes");
        let seat = self.seat()?;
        let drafted = self
            .replica
            .prepare(seat, &draft, &self.drafts, self.now, salt);
        let drafted = drafted.map_err(refuse_sign)?;
        let id = drafted.id();
        self.drafts.push(drafted);
        self.signed += 1;
        Ok(id)
    }

    /// Signs what was drafted and takes it in; it is durable when the work is over.
    pub(super) fn settle(&mut self) -> Result<(), Refusal> {
        if self.drafts.is_empty() {
            return Ok(());
        }
        let signatures = match &self.pen {
            Pen::Key(key) => {
                let sign = |one: &Unsigned| {
                    key.sign(&Head::signed_bytes(
                        one.head.kind,
                        &canon::encode(&one.head),
                    ))
                };
                let signed = self.drafts.iter().map(sign).collect::<Result<Vec<_>, _>>();
                signed.map_err(|error| refuse_key(&error))?
            }
            Pen::Given(given) if self.are_of_drafts(given) => {
                given.iter().map(|(_, signature)| *signature).collect()
            }
            Pen::Given(_) | Pen::None => {
                self.awaits = true;
                return Err(Refusal::new(EXIT_LATER, "signatures are awaited"));
            }
        };
        let seat = self.seat()?;
        let drafts = std::mem::take(&mut self.drafts);
        let accepted = self.replica.accept(seat, &drafts, &signatures, self.now);
        accepted.map_err(refuse_sign)
    }

    /// What was drafted and waits for signatures.
    pub(crate) fn drafts(&self) -> &[Unsigned] {
        &self.drafts
    }

    /// Destroys what the orders that are here ask for. A node that runs does so by itself while its
    /// case files are open.
    pub(super) fn shred(&mut self) -> Result<(), Refusal> {
        if self.stopped {
            let keep_ms = i64::from(RulePack::builtin().moved_keep_days()) * DAY_MS;
            let shredded = destroy_due(self.replica, self.store, self.now, keep_ms);
            shredded.map_err(|error| Refusal::new(EXIT_IO, error))?;
        }
        Ok(())
    }

    fn are_of_drafts(&self, given: &[(EnvelopeId, [u8; SIGNATURE_BYTES])]) -> bool {
        let ids = given.iter().map(|(id, _)| *id);
        ids.eq(self.drafts.iter().map(Unsigned::id))
    }

    fn seat(&self) -> Result<Seat, Refusal> {
        self.seat
            .ok_or_else(|| Refusal::data("a seat is needed to sign"))
    }

    /// Authority as it would be if the person signed these acts now; nothing is signed.
    pub(super) fn foresee(&self, acts: &[Act]) -> Result<Authority, Refusal> {
        let seat = self.seat()?;
        let author = seat.author;
        let mut authority = self.replica.authority().clone();
        let suite = authority
            .introduction(author)
            .map_or(0, |known| known.suite);
        let mut tip = self.replica.local_tip(author).map_err(HomeError::from)?;
        for act in acts {
            let head = Head {
                suite,
                kind: Kind::Act,
                author,
                n: tip.map_or(0, |tip| tip.n) + 1,
                prev: tip.map(|tip| tip.id),
                body_hash: BodyHash([0; 32]),
                receipt: None,
            };
            let id = EnvelopeId(sha256(&[&canon::encode(&head)]));
            let said = canon::decode("an act", &act.to_payload(self.now));
            let said = said.expect("a payload made here decodes");
            authority.add_head(id, &head);
            authority.add_fact(&Fact {
                id,
                author,
                n: head.n,
                dossier: id.into(),
                m: 1,
                prev_here: None,
                deps: Vec::new(),
                appointment: seat.appointment,
                at: self.now,
                what: What::Roster(said),
            });
            tip = Some(At { n: head.n, id });
        }
        Ok(authority)
    }

    /// The keys of a staff number at this office and below, with their offices: only those whose
    /// author begins with `author` in hexadecimal, and only those that nobody said no to unless
    /// `barred`.
    pub(super) fn keys_of(
        &self,
        staff_number: &str,
        author: Option<&str>,
        barred: bool,
    ) -> Result<Vec<(AuthorId, OfficeId)>, Refusal> {
        let authority = self.authority();
        let mut found: Vec<_> = authority
            .appointments()
            .filter(|(id, appoint, _)| {
                let key = appoint.author();
                appoint.staff_number == staff_number
                    && authority.is_appointed(*id)
                    && (barred || !authority.is_barred(key))
                    && author.is_none_or(|prefix| key.to_hex().starts_with(prefix))
            })
            .map(|(_, appoint, _)| (appoint.author(), appoint.office))
            .collect();
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            return Err(Refusal::data(format!(
                "nobody with the staff number {staff_number} is appointed below this office"
            )));
        }
        Ok(found)
    }
}

fn refuse_sign(error: SignError) -> Refusal {
    match error {
        SignError::Key(error) => refuse_key(&error),
        error => HomeError::from(error).into(),
    }
}
