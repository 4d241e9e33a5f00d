//! `jiaolian stand-in`: who was appointed a stand-in (AB岗) ahead takes the place when its condition
//! came about, and gives it back. It needs no link; the office above sees all that is signed in it.

use super::desk::{Desk, Hand};
use super::revoke::check_reason;
use super::work::{Seating, Who, Work};
use super::{Done, Refusal};
use clap::Args;
use jiaolian_schema::act::StandIn as StandInAct;
use serde_json::json;
use std::path::Path;

/// `jiaolian stand-in`.
#[derive(Debug, Args)]
pub struct StandIn {
    #[command(flatten)]
    pub(super) hand: Hand,
    /// The condition that came about, or why the place is given back.
    #[arg(long)]
    reason: String,
    /// Give the place back.
    #[arg(long)]
    back: bool,
}

impl Work for StandIn {
    fn dir(&self) -> &Path {
        &self.hand.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who {
            seating: Seating::StandIn,
            ..Who::keeper(&self.hand)
        })
    }

    fn check(&self, _input: &[u8]) -> Result<(), Refusal> {
        check_reason(&self.reason)
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let Some(appointment) = desk.seat.and_then(|seat| seat.appointment) else {
            return Err(Refusal::data("a place is taken under its appointment"));
        };
        let authority = desk.authority();
        let held = authority.has_capacity(appointment, u64::MAX);
        if held != self.back {
            return Err(Refusal::data(if held {
                "the place is taken already; `--back` gives it back"
            } else {
                "only a place that was taken is given back"
            }));
        }
        let acting = authority.appointment(appointment);
        let acting = acting.and_then(|appoint| appoint.acting.clone());
        let condition = acting.map(|acting| acting.condition).unwrap_or_default();
        let roster = desk.replica.roster(desk.home.identity.office_id());
        let act = StandInAct {
            appointment,
            reason: self.reason.clone(),
            back: u8::from(self.back),
        };
        let id = desk.sign(roster, act.into())?;
        desk.settle()?;
        let line = if self.back {
            "AB 岗已交回, 此后签署不再代行。".to_owned()
        } else {
            format!("AB 岗自此代行(条件: {condition})。所签事项均注明“代”并报上级。")
        };
        Ok(Done {
            line,
            data: json!({
                "act": id.to_hex(), "appointment": appointment.to_hex(), "back": self.back,
                "condition": condition,
            }),
        })
    }
}
