//! What an office is called on a civil day: its founding's words until an office above gives others.

use super::Authority;
use crate::act::{Act, Restyle};
use crate::id::{EnvelopeId, OfficeId};

/// Name and code of an office on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeName<'a> {
    /// The name.
    pub name: &'a str,
    /// GB/T 2260 code and suffix.
    pub code: &'a str,
}

/// Later days win; of one day the higher office, then the later claimed time, then the greater id:
/// a name has no legal effect.
type Rank = (i32, std::cmp::Reverse<u8>, i64, EnvelopeId);

impl Authority {
    /// What an office is called on a day, days since 1970-01-01 in Asia/Shanghai; none for an office
    /// that is not known.
    pub fn name_at(&self, office: OfficeId, day: i32) -> Option<OfficeName<'_>> {
        let founded = self.offices.get(office)?;
        let newest = |part: fn(&Restyle) -> Option<&String>| {
            let styles = self.restyles(office).filter(|(rank, _)| rank.0 <= day);
            let told = styles.filter_map(|(rank, act)| Some((rank, part(act)?.as_str())));
            told.max_by_key(|(rank, _)| *rank).map(|(_, word)| word)
        };
        Some(OfficeName {
            name: newest(|act| act.name.as_ref()).unwrap_or(&founded.name),
            code: newest(|act| act.code.as_ref()).unwrap_or(&founded.code),
        })
    }

    /// The good restylings of an office, from the earliest day on.
    pub fn restyles_of(&self, office: OfficeId) -> Vec<(EnvelopeId, &Restyle)> {
        let mut all: Vec<(Rank, &Restyle)> = self.restyles(office).collect();
        all.sort_unstable_by_key(|(rank, _)| *rank);
        all.into_iter().map(|(rank, act)| (rank.3, act)).collect()
    }

    fn restyles(&self, office: OfficeId) -> impl Iterator<Item = (Rank, &Restyle)> {
        let ids = self.index.restyles.get(&office).into_iter().flatten();
        ids.filter_map(move |id| {
            let signed = self.acts.get(id)?;
            self.effect(signed.author, *id)?;
            let by = self.seat(signed.author)?.office;
            let above = self.was_said_above(*id, office) || self.is_root_keeper(signed.author);
            let depth = std::cmp::Reverse(self.offices.depth(by)?);
            match signed.act()? {
                Act::Restyle(act) if above => Some(((act.from_day, depth, signed.at, *id), act)),
                _ => None,
            }
        })
    }
}
