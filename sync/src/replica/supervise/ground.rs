//! By what a person is judged, as the cases say: fences, leaves and the devices bound, each in the
//! versions that counted when they did.

use super::super::Replica;
use super::watched::Watched;
use crate::store::Store;
use jiaolian_schema::canon;
use jiaolian_schema::device::{DEVICE_FIELD, Device, FENCE_FIELD, Regime};
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::fence::{Fence, Fences, Validity};
use jiaolian_schema::fix::{DAY_MS, SHANGHAI_AHEAD_MS};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::id::{DossierId, EnvelopeId, PersonCode};
use jiaolian_schema::permit::Permit;
use jiaolian_schema::standing::{GrantedPermit, SlotStanding, SlotValue, device_uses, permits};
use jiaolian_schema::watch::{Ground, Numbers, Spans, Terms};
use std::collections::BTreeMap;
use std::sync::Arc;

/// By what a person is judged, beside the permits and what is the node's own.
#[derive(Debug, Clone, Default)]
pub(super) struct Grounds {
    pub(super) fences: Fences,
    /// When a decision bound a band, ms UTC, and what its binding says.
    pub(super) bound: Spans,
}

impl Grounds {
    /// Whether a decision bound a band at an instant, ms UTC.
    pub(super) fn binds(&self, time: i64) -> bool {
        self.bound.around(time).is_some()
    }

    pub(super) fn on<'a>(
        &'a self,
        numbers: &'a Numbers,
        permits: &'a [Permit],
        down: &'a Spans,
    ) -> Ground<'a> {
        Ground {
            fences: &self.fences,
            permits,
            numbers,
            interval_ms: None,
            bound: &self.bound,
            down,
        }
    }
}

impl<S: Store> Replica<S> {
    pub(super) fn read_cases(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        cases: impl Iterator<Item = DossierId>,
    ) {
        let (mut fences, mut bound) = (Vec::new(), Vec::new());
        watched.band_case = None;
        watched.cases.clear();
        watched.permits.clear();
        watched.devices.clear();
        watched.asked.clear();
        watched.uses.clear();
        for case in cases {
            let (Some(standing), Ok(facts)) = (self.stand(case), self.load_facts(case)) else {
                continue;
            };
            for (name, slot) in &standing.fields {
                if let Some(id) = name.strip_prefix(FENCE_FIELD) {
                    let versions = self.fence_versions(&facts, slot);
                    fences.extend(versions.into_iter().map(Arc::new));
                    watched.cases.entry(id.to_owned()).or_insert(case);
                }
                if let Some(terminal) = name.strip_prefix(DEVICE_FIELD) {
                    let spans = self.band_spans(&facts, slot);
                    if !spans.is_empty() {
                        watched.band_case.get_or_insert(case);
                    }
                    bound.extend(spans);
                    if let Some(device) = open_value(slot).and_then(|b| minicbor::decode(b).ok()) {
                        watched.devices.insert(terminal.to_owned(), device);
                    }
                }
            }
            self.read_plans(case, &standing, &facts, watched);
            watched.uses.extend(device_uses(&standing, &facts));
            let granted = permits(&standing);
            let granted = granted.iter().filter_map(|granted| permit(person, granted));
            watched.permits.extend(granted);
        }
        watched.ground.fences = Fences::new(fences);
        // A binding outside a decision binds nobody.
        let used = watched.uses.iter().map(|one| (one.from, one.until));
        watched.ground.bound = Spans::of_terms(bound).within(&Spans::new(used));
    }

    /// When the values that a device's field had bound a band, each until the next was signed.
    fn band_spans(&self, facts: &BTreeMap<EnvelopeId, Fact>, slot: &SlotStanding) -> Vec<Terms> {
        let line = self.line(facts, slot);
        let ends = line.iter().skip(1).map(|(at, _)| *at).chain([i64::MAX]);
        let begins = [i64::MIN]
            .into_iter()
            .chain(line.iter().skip(1).map(|(at, _)| *at));
        let spans = line.iter().zip(begins.zip(ends));
        let spans = spans.filter_map(|((_, bytes), (begin, end))| {
            let device = minicbor::decode::<Device>(bytes).ok()?;
            let until = device.until.saturating_add(1).min(end);
            (device.regime == Regime::Band).then_some(Terms {
                from: device.from.max(begin),
                until,
                interval_ms: device.interval_ms(),
                is_heard_here: device.heard_at == Some(self.office),
                is_grave: device.is_grave(),
            })
        });
        spans.filter(|terms| terms.from < terms.until).collect()
    }

    /// All values that a fence's field had in one line, each from its signing on; taking it away
    /// ends them.
    fn fence_versions(
        &mut self,
        facts: &BTreeMap<EnvelopeId, Fact>,
        slot: &SlotStanding,
    ) -> Vec<Fence> {
        let line = self.line(facts, slot);
        let mut fences: Vec<Fence> = Vec::new();
        for (version, (at, bytes)) in (1..).zip(line) {
            match self.desk.known.read(&bytes) {
                Some(fence) => {
                    let valid = fence.valid();
                    let from = Some(valid.from.map_or(at, |from| from.max(at)));
                    let until = valid.until;
                    fences.push(fence.with_version(version, Validity { from, until }));
                }
                None => fences = fences.into_iter().map(|fence| ended(fence, at)).collect(),
            }
        }
        fences
    }

    /// All values that a field had in one line, oldest first, with the time of signing, ms UTC; an
    /// empty one took it away.
    pub(super) fn line(
        &self,
        facts: &BTreeMap<EnvelopeId, Fact>,
        slot: &SlotStanding,
    ) -> Vec<(i64, Vec<u8>)> {
        let (mut line, mut next) = (Vec::new(), slot.in_force().map(|(ids, _)| ids.to_vec()));
        while let Some(fact) = next
            .take()
            .and_then(|ids| ids.first().and_then(|id| facts.get(id)))
        {
            let What::Amend { replaces, open, .. } = &fact.what else {
                break;
            };
            let at = self.authority.window(fact).clamp(fact.at);
            line.push((at, open.clone().unwrap_or_default()));
            next = (!replaces.is_empty() && line.len() < 1_000).then(|| replaces.clone());
        }
        line.reverse();
        line
    }
}

fn open_value(slot: &SlotStanding) -> Option<&[u8]> {
    match slot.in_force()?.1 {
        SlotValue::Field { open, .. } => open.as_deref(),
        _ => None,
    }
}

fn ended(fence: Fence, at: i64) -> Fence {
    let valid = fence.valid();
    let until = Some(valid.until.map_or(at, |until| until.min(at)));
    let version = fence.version();
    let from = valid.from;
    fence.with_version(version, Validity { from, until })
}

/// A leave of civil days in Asia/Shanghai; one whose area can't be read covers nothing.
fn permit(person: PersonCode, granted: &GrantedPermit) -> Option<Permit> {
    let area: Option<Shape> = match &granted.area {
        Some(bytes) => Some(minicbor::decode(bytes).ok()?),
        None => None,
    };
    let midnight = |day: i32| i64::from(day) * DAY_MS - SHANGHAI_AHEAD_MS;
    Some(Permit {
        person: person.to_hex(),
        from: midnight(granted.first_day),
        to: midnight(granted.last_day) + DAY_MS - 1,
        area,
        fence: None,
        signed: Some(granted.signed_at),
        revoked: granted.revoked_at,
    })
}

/// What the watch judges by, in few bytes.
pub(super) fn basis(watched: &Watched) -> [u8; 32] {
    let fences: Vec<&Fence> = watched.ground.fences.iter().collect();
    let bound: Vec<(i64, i64)> = watched.ground.bound.iter().collect();
    let terms = watched.ground.bound.terms().iter();
    // What says nothing leaves the basis as it was.
    let said = terms.filter(|one| one.interval_ms.is_some() || one.is_heard_here || one.is_grave);
    let said: Vec<_> = said
        .map(|one| {
            (
                one.from,
                one.until,
                one.interval_ms,
                one.is_heard_here,
                one.is_grave,
            )
        })
        .collect();
    let said = if said.is_empty() {
        Vec::new()
    } else {
        canon::encode(&said)
    };
    let parts = [
        canon::encode(&fences),
        canon::encode(&watched.permits),
        canon::encode(&bound),
        said,
    ];
    let bytes = parts.concat();
    jiaolian_schema::id::sha256(&[&bytes])
}
