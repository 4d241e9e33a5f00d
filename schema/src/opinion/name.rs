//! what an office is called on a day.

use super::paper::Paper;
use super::{Opinion, State};
use crate::act::{Act, Restyle};
use crate::id::OfficeId;

impl Opinion<'_> {
    /// Name and code of an office on a civil day in Asia/Shanghai, counted from 1970-01-01; none
    /// where it is not founded.
    pub fn called(&self, id: OfficeId, day: i32) -> Option<(String, String)> {
        let founded = self.offices.get(id)?;
        let (mut name, mut code) = (None, None);
        for (paper, act) in self.restyles(id, day) {
            let depth = self
                .office_of(paper.head.author)
                .and_then(|by| self.offices.get(by))
                .map_or(u8::MAX, |office| office.depth);
            // Greatest by first day, height of the office, claim and id: the lowest depth is highest.
            let rank = (act.from_day, u8::MAX - depth, paper.claimed(), paper.id);
            let newer =
                |told: &Option<(_, String)>| told.as_ref().is_none_or(|(old, _)| *old < rank);
            if let Some(word) = act.name.clone().filter(|_| newer(&name)) {
                name = Some((rank, word));
            }
            if let Some(word) = act.code.clone().filter(|_| newer(&code)) {
                code = Some((rank, word));
            }
        }
        Some((
            name.map_or_else(|| founded.name.clone(), |(_, word)| word),
            code.map_or_else(|| founded.code.clone(), |(_, word)| word),
        ))
    }

    /// The counting acts that name an office from a day on that is not after `day`.
    fn restyles(&self, id: OfficeId, day: i32) -> impl Iterator<Item = (&Paper, &Restyle)> {
        self.papers.iter().filter_map(move |paper| {
            let Some((_, Act::Restyle(act))) = paper.act() else {
                return None;
            };
            let good = matches!(self.states.get(&paper.id), Some(State::Good { .. }));
            let about = act.office == id && act.from_day <= day;
            let counts = good
                && about
                && (self.papers.keeps_root(paper.head.author) || self.spoke_above(paper, id));
            counts.then_some((paper, act))
        })
    }
}
