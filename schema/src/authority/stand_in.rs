//! Stand-ins (AB岗): appointed ahead, without any capacity until the holder signs that the condition
//! came about. It takes effect without a link, from that position of the holder's chain on.

use super::Authority;
use crate::act::{Act, Appoint, StandIn};
use crate::id::EnvelopeId;

/// A good signature by which a stand-in took a place or gave it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoodIn<'a> {
    /// The signed act.
    pub id: EnvelopeId,
    /// Its position on the holder's chain.
    pub n: u64,
    /// Claimed time, ms UTC.
    pub at: i64,
    /// What it says.
    pub act: &'a StandIn,
    /// The stand-in's appointment.
    pub appoint: &'a Appoint,
}

impl Authority {
    /// Whether what is signed under an appointment at position `n` of its holder's chain has the
    /// capacity of the appointment: always, unless it is a stand-in's; then only after the holder
    /// took the place and before it was given back.
    pub fn has_capacity(&self, appointment: EnvelopeId, n: u64) -> bool {
        let Some(appoint) = self.appointment(appointment) else {
            return false;
        };
        if appoint.acting.is_none() {
            return true;
        }
        let before = self.stood_in(appointment).filter(|stood| stood.n < n);
        before
            .max_by_key(|stood| stood.n)
            .is_some_and(|last| last.act.back == 0)
    }

    /// Good standings in under an appointment, by id.
    pub fn stood_in(&self, appointment: EnvelopeId) -> impl Iterator<Item = StoodIn<'_>> {
        let ids = self.index.stand_ins.get(&appointment).into_iter().flatten();
        ids.filter_map(move |id| {
            let signed = self.acts.get(id)?;
            let appoint = self.appointment(appointment)?;
            let n = self.heads.get(*id)?.n;
            let Act::StandIn(act) = signed.act()? else {
                return None;
            };
            let by_holder = signed.author == appoint.author()
                && signed.appointment == Some(appointment)
                && appoint.acting.is_some();
            (by_holder && self.is_good_act(*id)).then_some(StoodIn {
                id: *id,
                n,
                at: signed.at,
                act,
                appoint,
            })
        })
    }

    /// Every appointment of a stand-in, with whether it counts.
    pub fn stand_in_seats(&self) -> super::Appointments<'_> {
        let all = self.appointments();
        Box::new(all.filter(|(_, appoint, _)| appoint.acting.is_some()))
    }
}
