//! Which certificate authorities an office's local network may trust.

use super::Authority;
use crate::act::{Act, Vouch};
use crate::envelope::Duty;
use crate::id::{EnvelopeId, OfficeId};
use std::collections::BTreeMap;

impl Authority {
    /// Vouchings in force for an office, by id: good, by a keeper of the office or of one above,
    /// and named in the `replaces` of no good one by a keeper of the same office or of one above
    /// that.
    pub fn vouchings(&self, office: OfficeId) -> BTreeMap<EnvelopeId, &Vouch> {
        let good: Vec<(EnvelopeId, OfficeId, &Vouch)> = self.good_vouchings().collect();
        let replaced = |id: EnvelopeId, of: OfficeId| {
            good.iter()
                .any(|(by, _, other)| other.replaces.contains(&id) && self.may_end(*by, of, office))
        };
        good.iter()
            .filter(|(id, by, vouch)| {
                vouch.authority.is_some() && self.was_said_over(*id, office) && !replaced(*id, *by)
            })
            .map(|(id, _, vouch)| (*id, *vouch))
            .collect()
    }

    /// Whether a certificate authority, by the SHA-256 of its certificate, is vouched for.
    pub fn is_vouched(&self, office: OfficeId, authority: &[u8; 32]) -> bool {
        let vouchings = self.vouchings(office);
        vouchings
            .values()
            .any(|vouch| vouch.authority.as_ref() == Some(authority))
    }

    fn good_vouchings(&self) -> impl Iterator<Item = (EnvelopeId, OfficeId, &Vouch)> {
        self.index.rulings.iter().filter_map(|id| {
            let signed = self.acts.get(id)?;
            self.effect(signed.author, *id)?;
            let seat = self.seat(signed.author)?;
            match signed.act()? {
                Act::Vouch(vouch) if seat.duty == Duty::Keeper => Some((*id, seat.office, vouch)),
                _ => None,
            }
        })
    }
}
