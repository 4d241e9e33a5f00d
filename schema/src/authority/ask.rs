//! Who answers a request for a new key: only a keeper of an office above the desk that asks.

use super::Authority;
use crate::act::Ask;
use crate::id::{EnvelopeId, OfficeId};

impl Authority {
    /// The office whose keeper or witness signed an act of a roster.
    pub fn issued_by(&self, id: EnvelopeId) -> Option<OfficeId> {
        let signed = self.acts.get(&id)?;
        self.seat(signed.author).map(|seat| seat.office)
    }

    /// The appointment that answers a request: good, of the very key that was asked for, by a keeper
    /// of an office strictly above, and of a key that nobody said no to since. A keeper of the same
    /// office, a colleague, may appoint at will and answers nothing.
    pub fn answer_to(&self, ask: &Ask) -> Option<EnvelopeId> {
        if self.is_barred(ask.author()) {
            return None;
        }
        let mut appointments = self.signers_of(ask.office);
        let found = appointments.find(|(id, appoint, good)| {
            let above = self.was_said_above(*id, ask.office);
            *good && above && appoint.author() == ask.author() && appoint.person == ask.person
        });
        found.map(|(id, ..)| id)
    }
}
