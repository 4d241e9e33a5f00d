//! A person at work at a node that does not run: the directory opened with the person's passphrase,
//! signing as the person, and leaving both places of the newest position as a running node does.

use super::secret::{Source, open_ring, ready, refuse_key};
use super::{EXIT_CONFIG, EXIT_IO, EXIT_NO_PERMISSION, Refusal, cost, now_ms};
use crate::config::Config;
use crate::home::{CONFIG_FILE, Home, HomeError, seat_of, settle};
use crate::key::{KeyRing, OfficerKey, Tip};
use crate::owner::destroy_due;
use crate::run::judge;
use crate::seal::entropy;
use crate::store::{CACHE_MIB_DEFAULT, DiskStore, StoreReader};
use clap::Args;
use jiaolian_schema::act::{Act, RootSignature};
use jiaolian_schema::authority::Authority;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Duty, Head, Kind, author_id};
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::id::{AuthorId, BodyHash, DossierId, EnvelopeId, OfficeId, sha256};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::Sign as _;
use jiaolian_sync::{Draft, Payload, Replica, Seat, SignError};
use std::path::{Path, PathBuf};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3_600_000;

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

/// A person at work at a node that does not run.
pub(super) struct Desk {
    pub(super) home: Home,
    pub(super) store: DiskStore,
    /// What the node knows.
    pub(super) replica: Replica<StoreReader>,
    tip: Tip,
    signer: OfficerKey,
    pub(super) seat: Seat,
    /// The time, ms UTC.
    pub(super) now: i64,
    /// How many acts were signed.
    pub(super) signed: usize,
}

type Seating = fn(&Home, &Authority, &OfficerKey) -> Result<Seat, Refusal>;

impl Desk {
    /// Opens a node's directory for one of its keepers.
    pub(super) fn open(dir: &Path, keeper: &str, from_lines: bool) -> Result<Self, Refusal> {
        Self::open_as(dir, keeper, from_lines, keeper_seat)
    }

    /// The same by the words of the command line.
    pub(super) fn of(hand: &Hand) -> Result<Self, Refusal> {
        Self::open(&hand.dir, &hand.number, hand.passphrase_stdin)
    }

    /// The same for an officer of the office's staff.
    pub(super) fn of_staff(hand: &Hand) -> Result<Self, Refusal> {
        Self::open_as(&hand.dir, &hand.number, hand.passphrase_stdin, staff_seat)
    }

    /// The same for a person who holds a stand-in's appointment.
    pub(super) fn of_stand_in(hand: &Hand) -> Result<Self, Refusal> {
        Self::open_as(
            &hand.dir,
            &hand.number,
            hand.passphrase_stdin,
            stand_in_seat,
        )
    }

    fn open_as(
        dir: &Path,
        number: &str,
        from_lines: bool,
        seating: Seating,
    ) -> Result<Self, Refusal> {
        let (home, store) = Home::open(dir, CACHE_MIB_DEFAULT)?;
        let keys = KeyRing::new(cost(home.identity.drill));
        let source = Source::new(from_lines);
        let words = source.ask(number)?;
        let opened = open_ring(&store.reader(), &keys, number, &words)?;
        let signer = ready(opened.key, number, source)?;
        if !opened.case_secret.is_none() {
            store
                .unlock(opened.case_secret)
                .map_err(|error| Refusal::new(EXIT_IO, error))?;
        }
        let mut replica = home.replica(&store)?;
        let seat = seating(&home, replica.authority(), &signer)?;
        let config = Config::load(&dir.join(CONFIG_FILE))
            .map_err(|error| Refusal::new(EXIT_CONFIG, error))?;
        let (tip, doubted) = judge(&home, &config.tip_path(), &mut replica);
        let tip = tip.filter(|_| !doubted.contains(&seat.author));
        let tip = tip.ok_or_else(|| {
            Refusal::data(format!(
                "{number} has signed more than this disk knows (rolled_back): it was set back, and \
                 the key signs no more here; `jiaolian enrol --again` makes a new one"
            ))
        })?;
        Ok(Self {
            home,
            store,
            replica,
            tip,
            signer,
            seat,
            now: now_ms(),
            signed: 0,
        })
    }

    /// Who stands where, and what superiors said.
    pub(super) fn authority(&self) -> &Authority {
        self.replica.authority()
    }

    /// Makes durable what was signed, and notes the position in the second place as a running node does.
    pub(super) fn settle(&mut self) -> Result<(), Refusal> {
        settle(&mut self.replica, &self.store).map_err(HomeError::from)?;
        let own = self.home.own_authors().into_iter();
        for author in own.chain([self.seat.author]) {
            if let Ok(Some(at)) = self.replica.local_tip(author) {
                self.tip.record(author.0, at.n).map_err(HomeError::from)?;
            }
        }
        Ok(())
    }

    /// Destroys what the orders that are here ask for, and what may be kept no more, at this node.
    pub(super) fn shred(&mut self) -> Result<(), Refusal> {
        let keep_ms = i64::from(RulePack::builtin().moved_keep_days()) * DAY_MS;
        let shredded = destroy_due(&mut self.replica, &self.store, self.now, keep_ms);
        shredded.map_err(|error| Refusal::new(EXIT_IO, error))?;
        self.settle()
    }

    /// Signs one act as the person.
    pub(super) fn sign(
        &mut self,
        dossier: Option<DossierId>,
        act: Act,
    ) -> Result<EnvelopeId, Refusal> {
        let draft = Draft {
            dossier,
            payload: Payload::Act(act),
        };
        let signed = self
            .replica
            .sign(&self.signer, self.seat, draft, self.now, entropy());
        self.signed += 1;
        signed.map_err(|error| match error {
            SignError::Key(error) => refuse_key(&error),
            error => HomeError::from(error).into(),
        })
    }

    /// The person's signature as a root key, where the keeper's key is one.
    pub(super) fn sign_bytes(&self, bytes: &[u8]) -> Result<RootSignature, Refusal> {
        super::root::signature(&self.signer, bytes)
    }

    /// Authority as it would be if the person signed these acts now; nothing is signed.
    pub(super) fn foresee(&self, acts: &[Act]) -> Result<Authority, Refusal> {
        let author = self.seat.author;
        let mut authority = self.replica.authority().clone();
        let mut tip = self.replica.local_tip(author).map_err(HomeError::from)?;
        for act in acts {
            let head = Head {
                suite: self.signer.suite(),
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
                appointment: self.seat.appointment,
                at: self.now,
                what: What::Roster(said),
            });
            tip = Some(jiaolian_schema::act::At { n: head.n, id });
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

fn keeper_seat(home: &Home, authority: &Authority, signer: &OfficerKey) -> Result<Seat, Refusal> {
    let office = home.identity.office_id();
    let author = author_id(signer.suite(), &signer.public_key(), office, Duty::Keeper);
    if authority.root_keeper() == author {
        return Ok(Seat {
            author,
            appointment: None,
        });
    }
    seat_of(authority, author).ok_or_else(|| {
        Refusal::new(
            EXIT_NO_PERMISSION,
            format!("only a keeper of {} appoints here", home.identity.name),
        )
    })
}

fn staff_seat(home: &Home, authority: &Authority, signer: &OfficerKey) -> Result<Seat, Refusal> {
    let office = home.identity.office_id();
    let author = author_id(signer.suite(), &signer.public_key(), office, Duty::Staff);
    seat_of(authority, author).ok_or_else(|| {
        Refusal::new(
            EXIT_NO_PERMISSION,
            format!("only an officer of {} signs here", home.identity.name),
        )
    })
}

fn stand_in_seat(home: &Home, authority: &Authority, signer: &OfficerKey) -> Result<Seat, Refusal> {
    let office = home.identity.office_id();
    let author = author_id(signer.suite(), &signer.public_key(), office, Duty::Staff);
    let now = now_ms();
    let mut seats = authority.stand_in_seats().filter(|(_, appoint, good)| {
        *good
            && appoint.author() == author
            && (appoint.not_before..=appoint.not_after).contains(&now)
    });
    let appointment = seats.next().map(|(id, ..)| id);
    let appointment = appointment.filter(|_| !authority.is_barred(author));
    appointment.map_or_else(
        || {
            Err(Refusal::new(
                EXIT_NO_PERMISSION,
                "a place is taken by who was appointed a stand-in (AB岗) for it ahead",
            ))
        },
        |appointment| {
            Ok(Seat {
                author,
                appointment: Some(appointment),
            })
        },
    )
}
