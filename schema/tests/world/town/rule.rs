//! Who decides what in the town: a small stand-in for the rules of workflows.

use jiaolian_schema::standing::{Decision, Signer, SlotAct, SlotRules, Verdict};

/// Heads and deputies decide; the rest of level is not this world's matter.
#[derive(Debug)]
pub struct TownRules;

impl SlotRules for TownRules {
    fn decision(&self, workflow: &str, _: u16, event: &str) -> Option<Decision> {
        let (step, value) = match (workflow, event) {
            ("leave", "approve" | "adjudicate_approve") | ("home", "approve") => {
                ("decide", Verdict::Approve)
            }
            ("leave", "refuse" | "adjudicate_refuse") | ("home", "refuse") => {
                ("decide", Verdict::Refuse)
            }
            ("leave", "extend") => ("extend", Verdict::Approve),
            ("leave", "bind") => ("bind", Verdict::Approve),
            ("leave", "free") => ("bind", Verdict::Refuse),
            ("transfer", "register") => ("baton", Verdict::Approve),
            ("transfer", "cancel") => ("baton", Verdict::Refuse),
            _ => return None,
        };
        Some(Decision {
            step: step.to_owned(),
            value,
            restrictive: event != "free" && (value == Verdict::Refuse || event == "bind"),
        })
    }

    fn is_apart(&self, _: (&str, u16), _: &str, earlier: Option<&str>) -> bool {
        earlier.is_none_or(|earlier| earlier == "verify")
    }

    fn only_reads(&self, roles: &[String]) -> bool {
        roles.iter().any(|role| role == "PROC")
    }

    fn leads(&self, role: &str) -> bool {
        role.ends_with("_HEAD")
    }

    fn competent(&self, signer: &Signer<'_>, act: &SlotAct<'_>, _: u8) -> bool {
        let decides = signer
            .roles
            .iter()
            .any(|role| role.ends_with("_HEAD") || role.ends_with("_DEP"));
        match act {
            SlotAct::Step {
                workflow: "home",
                entrusted,
                ..
            } => decides && (*entrusted || signer.tier >= 2),
            SlotAct::Step {
                workflow, cum_days, ..
            } => decides && (*workflow != "leave" || *cum_days <= 30 || signer.tier >= 3),
            SlotAct::Amend { .. } => true,
            SlotAct::Assign => signer.tier >= 2,
            SlotAct::Seal { .. } | SlotAct::Consult { .. } => decides,
        }
    }
}
