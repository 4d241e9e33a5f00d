//! `jiaolian join`: takes the answer of the office above, checks that it speaks of this node's own
//! keys, and remembers whom to trust and whom to call.

use super::{Done, EXIT_IO, Refusal, now_ms, read_bounded};
use crate::home::{Home, HomeError, seat_of, settle};
use crate::identity::{RootPin, Superior};
use crate::request::{ANSWER_BYTES_MAX, Answer};
use crate::store::{CACHE_MIB_DEFAULT, StoreReader};
use clap::Args;
use jiaolian_schema::act::bound_office_id;
use jiaolian_schema::id::{OfficeId, hex};
use jiaolian_sync::Replica;
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `jiaolian join`.
#[derive(Debug, Args)]
pub struct Join {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// The answer of the office above.
    #[arg(long)]
    file: PathBuf,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Join {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let bytes = read_bounded(&self.file, ANSWER_BYTES_MAX)?;
        let answer = Answer::parse(&bytes).map_err(Refusal::data)?;
        let (mut home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        check(&home, &answer)?;
        let (own, joined) = (home.identity.office_id(), home.identity.root.is_some());
        home.identity.root = Some(root_to_trust(home.identity.root.as_ref(), answer.root())?);
        home.identity.office = answer.office.to_hex();
        if joined && answer.office != own {
            return Err(other_office(own, answer.office));
        }
        home.identity.superior = superior(&answer)?;
        let mut replica = home.replica(&store)?;
        let superior = answer.superior;
        let outcome = replica.import(answer.envelopes, now_ms());
        if let Some((id, reason)) = outcome.refused.first() {
            return Err(Refusal::data(format!(
                "envelope {id} of the answer is refused: {reason}"
            )));
        }
        if outcome.parked > 0 {
            return Err(Refusal::data(format!(
                "the answer is not whole: {} of its envelopes rest on others that it lacks",
                outcome.parked
            )));
        }
        check_id(&replica, own, answer.office)?;
        check_place(&home, &replica, &superior)?;
        // Up to here nothing was stored, so that a refused answer leaves no trace.
        settle(&mut replica, &store).map_err(HomeError::from)?;
        home.identity
            .write(&self.dir)
            .map_err(|error| Refusal::new(EXIT_IO, error))?;
        let line = format!(
            "{} 已加入，收到 {} 份签名文件。",
            home.identity.name, outcome.stored
        );
        let data = json!({
            "office": home.identity.office, "stored": outcome.stored, "known": outcome.known,
        });
        Ok(Done { line, data })
    }
}

fn check(home: &Home, answer: &Answer) -> Result<(), Refusal> {
    let own = &home.identity;
    if (answer.drill == 1) != own.drill {
        return Err(Refusal::data(
            "a drill's offices and live ones never join (演练)",
        ));
    }
    Ok(())
}

/// Whether the answer's office is the one that this node minted a number for: an id made of the
/// number and of the office that founded it, or the number itself.
fn check_id(
    replica: &Replica<StoreReader>,
    minted: OfficeId,
    office: OfficeId,
) -> Result<(), Refusal> {
    let parent = replica.authority().offices().get(office);
    let parent = parent.and_then(|office| office.parent);
    let made = parent.map(|parent| bound_office_id(parent, minted.0));
    if office == minted || made == Some(office) {
        Ok(())
    } else {
        Err(other_office(minted, office))
    }
}

fn other_office(own: OfficeId, answer: OfficeId) -> Refusal {
    Refusal::data(format!("the answer is for office {answer}, this is {own}"))
}

/// The root to trust from now on: the one pinned here where there is one, whose version an answer
/// may lag behind but never lead.
fn root_to_trust(own: Option<&RootPin>, answer: RootPin) -> Result<RootPin, Refusal> {
    let version = |pin: &RootPin| Some((pin.office.clone(), pin.to_statement()?.version));
    let Some(own) = own.filter(|own| **own != answer) else {
        return Ok(answer);
    };
    match (version(own), version(&answer)) {
        (Some((office, here)), Some((other, there))) if office == other && here > there => {
            Ok(own.clone())
        }
        (Some((office, here)), Some((other, there))) if office == other && here < there => {
            Err(Refusal::data(format!(
                "this office trusts version {here} of the root, the answer rests on version \
                 {there}: install that one first (`jiaolian root install`)"
            )))
        }
        _ => Err(Refusal::data(format!(
            "this office trusts the root {}, the answer names {}",
            own.key, answer.key
        ))),
    }
}

/// Whether the roster that came with the answer says what the answer says.
fn check_place(
    home: &Home,
    replica: &Replica<StoreReader>,
    superior: &[u8; 32],
) -> Result<(), Refusal> {
    let (own, authority) = (&home.identity, replica.authority());
    let mut authors = home.own_authors().into_iter();
    if !authors.all(|author| seat_of(authority, author).is_some()) {
        return Err(Refusal::data(
            "the answer appoints other keys than this node's; was it made from an older request?",
        ));
    }
    let (id, offices) = (own.office_id(), authority.offices());
    let founded = offices.get(id);
    if founded.is_none_or(|office| (office.drill == 1) != own.drill || office.tier != own.tier) {
        let found = founded.map(|office| (office.tier, office.drill == 1));
        return Err(Refusal::data(format!(
            "the roster must know this office as it was made, tier {} (drill: {}), not {found:?}",
            own.tier, own.drill
        )));
    }
    let above = authority.endpoints().get(superior).map(|seat| seat.office);
    if *superior != [0; 32] && !above.is_some_and(|above| offices.is_above(above, id)) {
        return Err(Refusal::data(format!(
            "the answer names a node above that its roster does not: {}",
            hex(superior)
        )));
    }
    Ok(())
}

/// Whom to call; none where the answer is the root's own.
fn superior(answer: &Answer) -> Result<Option<Superior>, Refusal> {
    if answer.superior == [0; 32] {
        return Ok(None);
    }
    let addrs = answer.addresses.iter().map(|text| {
        text.parse::<SocketAddr>()
            .map_err(|_| Refusal::data(format!("an address is `ip:port`, not {text:?}")))
    });
    Ok(Some(Superior {
        endpoint: hex(&answer.superior),
        addrs: addrs.collect::<Result<_, _>>()?,
    }))
}
