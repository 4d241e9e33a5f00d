//! A desk over a directory that is opened here, while no node runs there, and the seats that a key may
//! have at it.

use super::super::secret::{Source, open_ring, ready};
use super::super::work::{Seating, Who};
use super::super::{EXIT_CONFIG, EXIT_IO, EXIT_NO_PERMISSION, Refusal, cost, now_ms};
use super::{Desk, Moment, Pen};
use crate::config::Config;
use crate::home::{CONFIG_FILE, Home, HomeError, seat_of, settle};
use crate::key::{KeyRing, OfficerKey, Tip};
use crate::run::judge;
use crate::seal::entropy;
use crate::store::{CACHE_MIB_DEFAULT, DiskStore, StoreReader};
use jiaolian_schema::authority::Authority;
use jiaolian_schema::envelope::{Duty, author_id};
use jiaolian_schema::suite::Sign as _;
use jiaolian_sync::{Replica, Seat};
use std::path::Path;

/// A node's directory, opened for a work while the node does not run.
pub(in super::super) struct Bench {
    pub(in super::super) home: Home,
    pub(in super::super) store: DiskStore,
    replica: Replica<StoreReader>,
    tip: Option<Tip>,
    pub(in super::super) signer: Option<OfficerKey>,
    seat: Option<Seat>,
    moment: Moment,
}

impl Bench {
    /// Opens a directory for one of its keepers.
    pub(in super::super) fn open(
        dir: &Path,
        keeper: &str,
        from_lines: bool,
    ) -> Result<Self, Refusal> {
        let (home, store) = Home::open(dir, CACHE_MIB_DEFAULT)?;
        Self::new(home, store, Some(Who::numbered(keeper, from_lines)))
    }

    /// Opens what a person's passphrase opens, where somebody's key signs.
    pub(in super::super) fn new(
        home: Home,
        store: DiskStore,
        who: Option<Who<'_>>,
    ) -> Result<Self, Refusal> {
        let Some(who) = who else {
            let replica = home.replica(&store)?;
            return Ok(Self::of(home, store, replica));
        };
        let keys = KeyRing::new(cost(home.identity.drill));
        let keys = keys.keeping_tries(home.dir(), home.ops.clone());
        let source = Source::new(who.from_lines);
        let words = source.ask(who.number)?;
        let opened = open_ring(&store.reader(), &keys, who.number, &words)?;
        let signer = ready(opened.key, who.number, source)?;
        if !opened.case_secret.is_none() {
            store
                .unlock(opened.case_secret)
                .map_err(|error| Refusal::new(EXIT_IO, error))?;
        }
        let mut replica = home.replica(&store)?;
        let key = (signer.suite(), signer.public_key());
        let seat = seat(&home, replica.authority(), who.seating, &key)?;
        let config = Config::load(&home.dir().join(CONFIG_FILE))
            .map_err(|error| Refusal::new(EXIT_CONFIG, error))?;
        let (tip, doubted) = judge(&home, &config.tip_path(), &mut replica);
        let tip = tip.filter(|_| !doubted.contains(&seat.author));
        Ok(Self {
            tip: Some(tip.ok_or_else(|| rolled_back(who.number))?),
            signer: Some(signer),
            seat: Some(seat),
            ..Self::of(home, store, replica)
        })
    }

    fn of(home: Home, store: DiskStore, replica: Replica<StoreReader>) -> Self {
        let moment = Moment {
            now: now_ms(),
            entropy: entropy(),
        };
        Self {
            home,
            store,
            replica,
            tip: None,
            signer: None,
            seat: None,
            moment,
        }
    }

    /// The desk of who opened it.
    pub(in super::super) fn desk(&mut self) -> Desk<'_> {
        Desk {
            home: &mut self.home,
            store: &self.store,
            replica: &mut self.replica,
            seat: self.seat,
            now: self.moment.now,
            signed: 0,
            file: None,
            reopened: false,
            entropy: self.moment.entropy,
            drafts: Vec::new(),
            awaits: false,
            pen: self.signer.as_ref().map_or(Pen::None, Pen::Key),
            stopped: true,
        }
    }

    /// Makes durable what was signed, and notes the position in the second place as a running node
    /// does.
    pub(in super::super) fn close(&mut self) -> Result<(), Refusal> {
        settle(&mut self.replica, &self.store).map_err(HomeError::from)?;
        let Some(tip) = &mut self.tip else {
            return Ok(());
        };
        let own = self.home.own_authors().into_iter();
        for author in own.chain(self.seat.map(|seat| seat.author)) {
            if let Ok(Some(at)) = self.replica.local_tip(author) {
                tip.record(author.0, at.n).map_err(HomeError::from)?;
            }
        }
        Ok(())
    }
}

/// What is said to somebody whose key has signed more than this disk knows.
pub(crate) fn rolled_back(number: &str) -> Refusal {
    Refusal::data(format!(
        "{number} has signed more than this disk knows (rolled_back): it was set back, and \
         the key signs no more here; `jiaolian enrol --again` makes a new one"
    ))
}

/// The seat of a key, suite and public half, at an office.
pub(crate) fn seat(
    home: &Home,
    authority: &Authority,
    seating: Seating,
    key: &(u8, Vec<u8>),
) -> Result<Seat, Refusal> {
    match seating {
        Seating::Keeper => keeper_seat(home, authority, key),
        Seating::Staff => staff_seat(home, authority, key),
        Seating::StandIn => stand_in_seat(home, authority, key),
    }
}

fn keeper_seat(
    home: &Home,
    authority: &Authority,
    (suite, key): &(u8, Vec<u8>),
) -> Result<Seat, Refusal> {
    let office = home.identity.office_id();
    let author = author_id(*suite, key, office, Duty::Keeper);
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

fn staff_seat(
    home: &Home,
    authority: &Authority,
    (suite, key): &(u8, Vec<u8>),
) -> Result<Seat, Refusal> {
    let author = author_id(*suite, key, home.identity.office_id(), Duty::Staff);
    seat_of(authority, author).ok_or_else(|| {
        Refusal::new(
            EXIT_NO_PERMISSION,
            format!("only an officer of {} signs here", home.identity.name),
        )
    })
}

fn stand_in_seat(
    home: &Home,
    authority: &Authority,
    (suite, key): &(u8, Vec<u8>),
) -> Result<Seat, Refusal> {
    let office = home.identity.office_id();
    let author = author_id(*suite, key, office, Duty::Staff);
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
