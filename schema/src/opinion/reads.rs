//! Rule R-80: an appointment with a role that only reads gives nobody a word in a case.

use super::law::Law;
use super::paper::{Paper, Says};
use super::{Opinion, State, Void};
use crate::id::EnvelopeId;

/// Numbers of acts that stay with the roster and with logs.
const ROSTER: std::ops::RangeInclusive<u16> = 1..=31;
const LOGS: std::ops::RangeInclusive<u16> = 96..=99;

impl Opinion<'_> {
    /// How an envelope stands once the roles of the appointment that it cites are asked too.
    pub fn state_under(&self, id: EnvelopeId, law: &dyn Law) -> State {
        let state = self.state(id);
        let paper = self.papers.get(id);
        match (state, paper) {
            (State::Good { .. }, Some(paper)) if self.is_by_a_reader(paper, law) => {
                State::Void(Void::Reads)
            }
            _ => state,
        }
    }

    fn is_by_a_reader(&self, paper: &Paper, law: &dyn Law) -> bool {
        let concerns_a_case = match paper.inside.as_ref().map(|(_, says)| says) {
            None | Some(Says::Receipt(_)) => false,
            Some(Says::Edit { .. }) => true,
            Some(Says::Act { act, .. }) => {
                !ROSTER.contains(&act.kind()) && !LOGS.contains(&act.kind())
            }
        };
        let act = self.capacity(paper);
        concerns_a_case && act.is_some_and(|act| act.roles.iter().any(|role| law.reads(role)))
    }
}
