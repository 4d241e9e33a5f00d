//! By what a person is asked to check in, as the cases say: plans and phones, each in the versions
//! that counted when they did, and since when this node knows of them. Before it knew of a plan
//! nobody could have been asked by it, and before it knew of a phone it let nobody in.

use super::super::super::Replica;
use super::super::watched::Watched;
use crate::store::Store;
use jiaolian_schema::checkin::{Asked, CHECK_IN_FIELD, PhoneSpan, Plan, PlanSpan};
use jiaolian_schema::device::{DEVICE_FIELD, Device, Regime};
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::{DossierId, EnvelopeId, PersonCode, sha256};
use jiaolian_schema::standing::{SlotStanding, Standing};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// A plan or phone that this node knows of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(in crate::replica) struct Known {
    /// SHA-256 of its field's name and its bytes.
    #[cbor(n(0), with = "minicbor::bytes")]
    hash: [u8; 32],
    /// Since when, ms UTC.
    #[n(1)]
    since: i64,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(in crate::replica) struct AskedOf {
    /// Plans by which this node asks.
    plans: Vec<PlanSpan>,
    phones: Vec<PhoneSpan>,
    /// The first case with such a plan, which alarms about check-ins follow.
    pub(in crate::replica::supervise) case: Option<DossierId>,
    known: BTreeMap<[u8; 32], i64>,
}

impl AskedOf {
    pub(in crate::replica::supervise) fn knowing(known: Vec<Known>) -> Self {
        let known = known.into_iter().map(|one| (one.hash, one.since));
        Self {
            known: known.collect(),
            ..Self::default()
        }
    }

    pub(in crate::replica::supervise) fn known(&self) -> Vec<Known> {
        let known = self.known.iter();
        let known = known.map(|(hash, since)| Known {
            hash: *hash,
            since: *since,
        });
        known.collect()
    }

    /// Forgets what is read from cases again.
    pub(in crate::replica::supervise) fn clear(&mut self) {
        self.plans.clear();
        self.phones.clear();
        self.case = None;
    }

    /// Since when a value is known, ms UTC; from `now` on where it is new. Never, as long as nobody
    /// told the node what time it is.
    fn since(&mut self, field: &str, value: &[u8], now: Option<i64>) -> Learnt {
        let length = (field.len() as u64).to_be_bytes();
        let hash = sha256(&[&length, field.as_bytes(), value]);
        match (self.known.get(&hash), now) {
            (Some(since), _) => Learnt::Before(*since),
            (None, Some(now)) => {
                self.known.insert(hash, now);
                Learnt::Now(now)
            }
            (None, None) => Learnt::Later,
        }
    }
}

/// When a plan or phone became known.
enum Learnt {
    /// At an instant before, ms UTC.
    Before(i64),
    /// At this one, ms UTC.
    Now(i64),
    /// Not yet.
    Later,
}

impl Learnt {
    /// Since when it is known, ms UTC; what is new is to be stored, what is not yet to be read again.
    fn note(self, watched: &mut Watched) -> i64 {
        match self {
            Self::Before(since) => since,
            Self::Now(since) => {
                watched.marked = true;
                since
            }
            Self::Later => {
                watched.read_again();
                i64::MAX
            }
        }
    }
}

impl<S: Store> Replica<S> {
    /// A plan was signed somewhere: whom this node asks stands in its index.
    pub(in crate::replica::supervise) fn note_plan(&mut self, person: PersonCode, value: &[u8]) {
        let checks = &mut self.desk.checks;
        let asks_here = Plan::read(value).is_ok_and(|plan| plan.asks == self.office);
        if asks_here || checks.due_of.contains_key(&person) {
            checks.schedule(person, Some(i64::MIN));
        }
    }

    /// The time, ms UTC; none before anybody told it.
    fn told_now(&self) -> Option<i64> {
        (self.now != 0).then(|| self.true_now())
    }

    /// Whether this node asks a person.
    pub(super) fn asks(&self, watched: &Watched) -> bool {
        self.desk.checks.secret.is_some() && !watched.asked.plans.is_empty()
    }

    /// By what a person is judged; none where this node does not ask.
    pub(super) fn asked<'a>(&'a self, person: &'a str, watched: &'a Watched) -> Option<Asked<'a>> {
        let checks = &self.desk.checks;
        let (secret, numbers) = (checks.secret.as_ref()?, checks.numbers.as_ref()?);
        self.asks(watched).then_some(Asked {
            person,
            plans: &watched.asked.plans,
            phones: &watched.asked.phones,
            secret,
            down: &self.desk.down,
            numbers,
        })
    }

    /// Reads plans and phones of a case.
    pub(in crate::replica::supervise) fn read_plans(
        &self,
        case: DossierId,
        standing: &Standing,
        facts: &BTreeMap<EnvelopeId, Fact>,
        watched: &mut Watched,
    ) {
        for (name, slot) in &standing.fields {
            if name.starts_with(CHECK_IN_FIELD) {
                let before = watched.asked.plans.len();
                self.read_plan((name, slot), facts, watched);
                if watched.asked.plans.len() > before {
                    watched.asked.case.get_or_insert(case);
                }
            }
            if let Some(terminal) = name.strip_prefix(DEVICE_FIELD) {
                self.read_phone((name, terminal), slot, facts, watched);
            }
        }
    }

    fn read_plan(
        &self,
        (name, slot): (&str, &SlotStanding),
        facts: &BTreeMap<EnvelopeId, Fact>,
        watched: &mut Watched,
    ) {
        let line = self.line(facts, slot);
        let ends = line.iter().skip(1).map(|(at, _)| *at).chain([i64::MAX]);
        for ((at, bytes), end) in line.iter().zip(ends) {
            // What can't be read asks nobody; the door by which it is signed refuses it.
            let Some(plan) = Plan::read(bytes)
                .ok()
                .filter(|plan| plan.asks == self.office)
            else {
                continue;
            };
            let learnt = watched.asked.since(name, bytes, self.told_now());
            let known = learnt.note(watched);
            watched.asked.plans.push(PlanSpan {
                from: plan.from.max(*at).max(known),
                until: plan.until.saturating_add(1).min(end),
                plan,
            });
        }
    }

    fn read_phone(
        &self,
        (name, terminal): (&str, &str),
        slot: &SlotStanding,
        facts: &BTreeMap<EnvelopeId, Fact>,
        watched: &mut Watched,
    ) {
        let line = self.line(facts, slot);
        let ends = line.iter().skip(1).map(|(at, _)| *at).chain([i64::MAX]);
        let begins = line.iter().skip(1).map(|(at, _)| *at);
        let begins = [i64::MIN].into_iter().chain(begins);
        for (((_, bytes), begin), end) in line.iter().zip(begins).zip(ends) {
            let device: Option<Device> = minicbor::decode(bytes).ok();
            let Some(device) = device.filter(|one| one.regime == Regime::Phone) else {
                continue;
            };
            let learnt = watched.asked.since(name, bytes, self.told_now());
            let known = learnt.note(watched);
            watched.asked.phones.push(PhoneSpan {
                terminal: terminal.to_owned(),
                from: device.from.max(begin),
                until: device.until.saturating_add(1).min(end),
                known,
            });
        }
    }
}
