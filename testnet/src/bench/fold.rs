//! What a node computes from what was signed: the standing of a long case, and authority over a
//! hundred thousand heads.

use super::figure::Figure;
use super::key::{root, signer};
use super::world::World;
use super::{MeasureError, peer, timing};
use jiaolian_schema::act::At;
use jiaolian_schema::authority::{Authority, PathState};
use jiaolian_schema::canon;
use jiaolian_schema::content::{Content, ContentKind, EditCommand, Hash};
use jiaolian_schema::envelope::{Duty, Head, Kind};
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::{AuthorId, BodyHash, DossierId, EnvelopeId, sha256};
use jiaolian_schema::standing::fold;
use jiaolian_schema::suite::{ED25519, Sign as _, StrictVerifier, Verify as _};
use jiaolian_sync::Store;
use std::collections::BTreeMap;
use std::time::Duration;

const SECTION: &str = "fold";
/// Acts of a long case, and how many of them belong to leaves of four acts each.
const ACTS: usize = 1_000;
const ACTS_QUICK: usize = 60;
/// Authors, and heads of each.
const AUTHORS: usize = 50;
const HEADS_EACH: usize = 2_000;
const HEADS_EACH_QUICK: usize = 20;
/// Acts that come in one by one.
const SINGLE: usize = 500;
/// Runs of which the median counts.
const RUNS: usize = 5;
/// Days between two leaves.
const LEAVE_EVERY_DAYS: i32 = 20;

pub(super) fn measure(quick: bool) -> Result<Vec<Figure>, MeasureError> {
    let verify = verify_time(Duration::from_millis(if quick { 3 } else { 500 }));
    let mut figures = case(if quick { ACTS_QUICK } else { ACTS }, verify)?;
    figures.extend(authority(
        if quick { HEADS_EACH_QUICK } else { HEADS_EACH },
        verify,
    )?);
    Ok(figures)
}

/// Seconds that it takes to check one signature.
fn verify_time(least: Duration) -> f64 {
    let key = signer("root");
    let (public, message) = (key.public_key(), [7_u8; 200]);
    let signature = key.sign(&message).expect("a key in memory signs");
    let rate = timing::rate(least, || {
        let good = StrictVerifier.verify(ED25519, &public, &message, &signature);
        std::hint::black_box(good);
        1
    });
    1.0 / rate
}

/// A case of many acts: leaves, and a field set again and again.
fn case(acts: usize, verify: f64) -> Result<Vec<Figure>, MeasureError> {
    let mut world = World::found()?;
    let (mut township, _) = world.join("t")?;
    world.now += 60_000;
    let case = world.open(&mut township, 1, BTreeMap::new())?;
    let (mut first_day, mut last) = (20_600, None);
    let mut count = 1;
    while count < acts {
        if count % 8 < 4 && acts - count >= 4 {
            world.leave(&mut township, case, first_day)?;
            first_day += LEAVE_EVERY_DAYS;
            count += 4;
        } else {
            let value = count.to_be_bytes();
            let replaces = last.into_iter().collect();
            let set = world.amend(&mut township, "c-head", case, ("class", &value), replaces)?;
            last = Some(set);
            count += 1;
        }
        world.now += 1_000;
    }
    township.settle()?;
    let facts = township.replica.facts(case)?;
    let authority = township.replica.authority();
    let standing = fold(authority, world.rules(), &facts);
    if standing.matters.is_empty() || facts.len() != acts || !standing.listed.is_empty() {
        let listed = standing.listed.len();
        return Err(MeasureError::Wrong(format!(
            "{} acts, {listed} of them listed",
            facts.len()
        )));
    }
    let took = timing::median_of(RUNS, || {
        timing::time(|| fold(authority, world.rules(), &facts).state_root()).0
    });
    let read = timing::median_of(RUNS, || timing::time(|| township.replica.facts(case)).0);
    let checked = verify * 1e3 * acts as f64;
    let row = |what, took: Duration| {
        Figure::timed(SECTION, what, acts as u64, (timing::millis(took), "ms"))
            .against("checking their signatures, this run", checked)
    };
    let mut figures = vec![
        row("standing and state root of a case (n acts)", took).goal(1.0),
        row("reading its facts", read),
    ];
    let authority = authority.clone();
    figures.push(late_revocation(&mut world, authority, &facts)?);
    Ok(figures)
}

/// The county's head is said no to from the middle of a long case on: everything that follows for
/// the case, its text made anew among it.
fn late_revocation(
    world: &mut World,
    mut authority: Authority,
    facts: &BTreeMap<EnvelopeId, Fact>,
) -> Result<Figure, MeasureError> {
    let author = world.seat("c-head").author;
    let own = facts.values().filter(|fact| fact.author == author);
    let mut own: Vec<At> = own
        .map(|fact| At {
            n: fact.n,
            id: fact.id,
        })
        .collect();
    own.sort_unstable_by_key(|at| at.n);
    let middle = own.get(own.len() / 2).copied();
    let middle = middle.ok_or_else(|| MeasureError::Wrong("the head signed nothing".to_owned()))?;
    let revoke = world.revoke("c-head", Some(middle))?;
    let replica = &world.province.replica;
    let fact = replica.fact(world.roster("t"), revoke);
    let fact = fact.ok_or_else(|| MeasureError::Wrong("the revocation must be here".to_owned()))?;
    let head = read_head(replica, revoke)?;
    let changes = edits(facts.len())?;
    let changes: Vec<(&[u8], Hash)> = changes
        .iter()
        .map(|(bytes, author)| (bytes.as_slice(), *author))
        .collect();
    let (took, (listed, refused)) = timing::time(|| {
        authority.add_head(revoke, &head);
        authority.add_fact(&fact);
        let standing = fold(&authority, world.rules(), facts);
        let (_, refused) = Content::rebuild(ContentKind::Case, &changes);
        std::hint::black_box(standing.state_root());
        (standing.listed.len(), refused.len())
    });
    if listed == 0 || refused > 0 {
        return Err(MeasureError::Wrong(format!(
            "a late revocation must be felt: {listed} listed, {refused} changes refused"
        )));
    }
    let what = "after a late revocation: standing, and the text of n edits";
    let n = facts.len() as u64;
    Ok(
        Figure::timed(SECTION, what, n, (timing::millis(took), "ms"))
            .against("limit: a rebuild", peer::LIMIT_REBUILD_MS)
            .goal(1.0),
    )
}

/// So many changes of one text by two officers who read one another.
fn edits(count: usize) -> Result<Vec<(Vec<u8>, Hash)>, MeasureError> {
    let mut content = Content::genesis(ContentKind::Case);
    let mut changes = Vec::with_capacity(count);
    let mut text = String::new();
    for number in 0..count {
        let author = [1 + (number % 2) as u8; 32];
        text.push(if number % 40 == 0 { '\n' } else { '访' });
        let base = content.heads();
        let command = EditCommand::Text {
            name: "plan",
            base: &base,
            text: &text,
        };
        let wrong = |error: String| MeasureError::Wrong(error);
        let change = content.edit(&author, 0, command);
        let change = change.map_err(|error| wrong(error.to_string()))?;
        let applied = content.apply(&change, &author);
        applied.map_err(|error| wrong(error.to_string()))?;
        changes.push((change, author));
    }
    Ok(changes)
}

/// Heads by their ids.
type Signed = Vec<(EnvelopeId, Head)>;

/// Heads of many authors, chained, without bodies.
struct Heads {
    heads: Signed,
    /// The position in the middle of the first author's chain, and the id after it.
    middle: (At, EnvelopeId),
}

fn heads(world: &World, each: usize) -> Heads {
    let mut heads = Vec::with_capacity(AUTHORS * each);
    let mut path = Vec::new();
    for number in 0..AUTHORS {
        let author = world.seat(&clerk(number)).author;
        let mut prev = None;
        for n in 1..=each as u64 {
            let head = head(author, n, prev);
            let id = EnvelopeId(sha256(&[&canon::encode(&head)]));
            prev = Some(id);
            if number == 0 {
                path.push(id);
            }
            heads.push((id, head));
        }
    }
    let half = each / 2;
    let middle = (
        At {
            n: half as u64,
            id: path[half - 1],
        },
        path[half],
    );
    Heads { heads, middle }
}

fn head(author: AuthorId, n: u64, prev: Option<EnvelopeId>) -> Head {
    let body_hash = BodyHash(sha256(&[&author.0, &n.to_be_bytes()]));
    Head {
        suite: ED25519,
        kind: Kind::Act,
        author,
        n,
        prev,
        body_hash,
        receipt: None,
    }
}

fn clerk(number: usize) -> String {
    format!("clerk-{number}")
}

/// The rosters' own heads and facts.
fn rosters(world: &World) -> Result<(Signed, Vec<Fact>), MeasureError> {
    let (mut heads, mut facts) = (Vec::new(), Vec::new());
    for office in ["p", "c", "t"] {
        let (some, more) = roster(world, world.roster(office))?;
        heads.extend(some);
        facts.extend(more);
    }
    Ok((heads, facts))
}

fn roster(world: &World, dossier: DossierId) -> Result<(Signed, Vec<Fact>), MeasureError> {
    let replica = &world.province.replica;
    let facts: Vec<Fact> = replica.facts(dossier)?.into_values().collect();
    let mut heads = Vec::new();
    for fact in &facts {
        heads.push((fact.id, read_head(replica, fact.id)?));
    }
    Ok((heads, facts))
}

fn read_head<S: Store>(
    replica: &jiaolian_sync::Replica<S>,
    id: EnvelopeId,
) -> Result<Head, MeasureError> {
    let envelope = replica.envelope(id)?;
    let head = envelope.and_then(|envelope| envelope.parse_head().ok());
    head.ok_or_else(|| MeasureError::Wrong(format!("the head of {id} must be here")))
}

fn authority(each: usize, verify: f64) -> Result<Vec<Figure>, MeasureError> {
    let mut world = World::found()?;
    for number in 0..AUTHORS {
        world.appoint(&clerk(number), "t", Duty::Staff, &["OFF_STAFF"])?;
    }
    let (mut roster_heads, facts) = rosters(&world)?;
    let Heads {
        heads,
        middle: (at, after),
    } = heads(&world, each);
    roster_heads.extend(heads.iter().cloned());
    let load = || {
        let mut authority = Authority::new(root());
        authority.extend(roster_heads.iter().map(|(id, head)| (*id, head)), &facts);
        authority
    };
    let loaded = timing::median_of(3, || timing::time(load).0);
    let mut authority = load();
    let copied = timing::median_of(RUNS, || timing::time(|| authority.clone()).0);
    let single = add_singly(
        &mut authority,
        &world,
        each,
        heads.last().map(|(id, _)| *id),
    );
    let revoke = world.revoke(&clerk(0), Some(at))?;
    let replica = &world.province.replica;
    let fact = replica.fact(world.roster("t"), revoke);
    let fact = fact.ok_or_else(|| MeasureError::Wrong("the revocation must be here".to_owned()))?;
    let head = read_head(replica, revoke)?;
    let before = authority.path_state(after);
    let (revoked, ()) = timing::time(|| {
        authority.add_head(revoke, &head);
        authority.add_fact(&fact);
    });
    if (before, authority.path_state(after)) != (PathState::Good, PathState::Cut) {
        return Err(MeasureError::Wrong(
            "a revocation must cut what comes after it".to_owned(),
        ));
    }
    let n = heads.len() as u64;
    let checked = verify * 1e3 * heads.len() as f64;
    let row = |what, took: Duration| {
        Figure::timed(SECTION, what, n, (timing::millis(took), "ms"))
            .against("checking their signatures, this run", checked)
    };
    let share = n as f64 / peer::PROVINCE_DOSSIERS;
    let limit = peer::LIMIT_PROVINCE_START_MS * share;
    Ok(vec![
        row("authority over n heads, from nothing", loaded),
        row("authority over n heads, from nothing", loaded)
            .against("limit: province's start, by size", limit)
            .goal(1.0),
        row("a copy of it, for a trial", copied),
        Figure::timed(SECTION, "one more head", n, (timing::micros(single), "µs"))
            .against("checking its signature, this run", verify * 1e6)
            .goal(1.0),
        row("a late revocation in a chain's middle", revoked),
    ])
}

/// Time that one more head takes, the next of the last author's chain.
fn add_singly(
    authority: &mut Authority,
    world: &World,
    each: usize,
    last: Option<EnvelopeId>,
) -> Duration {
    let author = world.seat(&clerk(AUTHORS - 1)).author;
    let mut prev = last;
    let (took, ()) = timing::time(|| {
        for n in 1..=SINGLE as u64 {
            let head = head(author, each as u64 + n, prev);
            let id = EnvelopeId(sha256(&[&canon::encode(&head)]));
            authority.add_head(id, &head);
            prev = Some(id);
        }
    });
    took / SINGLE as u32
}
