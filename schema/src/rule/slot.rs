//! The pack as the fold asks it: which events decide what, and whose capacity and level fit.

use super::{DecisionFacts, RulePack, SealStep};
use crate::late::LateRules;
use crate::standing::{Decision, Signer, SlotAct, SlotRules, Verdict};
use crate::watch::Numbers;
use crate::workflow::{Leaning, Relation, Signer as Capacity};

/// Lowest tier that may make another office of its area responsible: the county.
const ASSIGN_TIER: u8 = 2;
const DAY_MS: i64 = 86_400_000;

impl SlotRules for RulePack {
    fn decision(&self, workflow: &str, version: u16, event: &str) -> Option<Decision> {
        let decision = Self::decision(self, workflow, version, event)?;
        Some(Decision {
            step: decision.slot.clone(),
            value: if decision.value == "approve" {
                Verdict::Approve
            } else {
                Verdict::Refuse
            },
            restrictive: decision.effect == Leaning::Restrictive,
        })
    }

    fn is_apart(&self, workflow: (&str, u16), event: &str, earlier: Option<&str>) -> bool {
        let Ok(workflow) = self.workflow(workflow.0, workflow.1) else {
            return true;
        };
        let earlier = earlier.unwrap_or(&workflow.opening().id);
        workflow.excluded_by(event).contains(&earlier)
    }

    fn only_reads(&self, roles: &[String]) -> bool {
        let mut known = roles.iter().filter_map(|role| self.role(role));
        known.any(|role| role.reads_only)
    }

    fn leads(&self, role: &str) -> bool {
        self.leads_office(role)
    }

    fn late_rules(&self) -> LateRules {
        self.lateness().clone()
    }

    fn watch_numbers(&self) -> Numbers {
        self.numbers().clone()
    }

    fn check_in_numbers(&self) -> crate::checkin::Numbers {
        *self.check_in_numbers()
    }

    fn gather_numbers(&self) -> Option<crate::gather::Numbers> {
        crate::gather::Numbers::of(self)
    }

    fn competent(&self, signer: &Signer<'_>, act: &SlotAct<'_>, responsible: u8) -> bool {
        let by = capacity(signer, responsible);
        match act {
            SlotAct::Step {
                workflow,
                version,
                event,
                span,
                cum_days,
                entrusted,
            } => {
                // Level follows from the days alone, so the time of signing has no part in it.
                let facts = DecisionFacts {
                    applied: *span,
                    decided: *span,
                    days_together: *cum_days,
                    entrusted: *entrusted,
                    at_ms: 0,
                };
                self.may_decide((workflow, *version), event, &by, &facts)
                    .is_ok()
            }
            SlotAct::Amend { field } => self
                .case_field(field)
                .is_some_and(|field| field.may_amend(&by)),
            SlotAct::Assign => signer.tier >= ASSIGN_TIER,
            SlotAct::Seal { sealed, ground } => {
                let step = if *sealed {
                    SealStep::Seal
                } else {
                    SealStep::Lift
                };
                self.has_ground(step, ground) && self.sealing().may_sign(step, &by)
            }
            SlotAct::Consult { ground, for_ms } => {
                let longest = i64::from(self.sealing().consult_days_max) * DAY_MS;
                self.has_ground(SealStep::Consult, ground)
                    && (0..=longest).contains(for_ms)
                    && self.sealing().may_sign(SealStep::Consult, &by)
            }
        }
    }
}

impl RulePack {
    fn has_ground(&self, step: SealStep, ground: &str) -> bool {
        let known = self.sealing().ground(ground);
        known.is_some_and(|known| known.step == step)
    }
}

/// The fold has checked that the office is the responsible one or above it; the tiers tell which.
fn capacity(signer: &Signer<'_>, responsible: u8) -> Capacity {
    Capacity {
        person: signer.person,
        tier: signer.tier,
        roles: signer.roles.iter().cloned().collect(),
        relation: if signer.tier == responsible {
            Relation::Own
        } else {
            Relation::Above
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::Span;
    use crate::id::{OfficeId, PersonId};

    fn may(role: &str, tier: u8, days: i32, entrusted: bool) -> bool {
        let roles = [role.to_owned()];
        let (person, office) = (PersonId([1; 16]), OfficeId([1; 16]));
        let signer = Signer {
            person,
            office,
            tier,
            roles: &roles,
            depth: 5 - tier,
        };
        let act = SlotAct::Step {
            workflow: "leave",
            version: 1,
            event: "approve",
            span: Some(Span {
                first_day: 20_000,
                last_day: 20_000 + days - 1,
            }),
            cum_days: days as u32,
            entrusted,
        };
        RulePack::builtin().competent(&signer, &act, 1)
    }

    #[test]
    fn a_leave_is_granted_at_the_level_of_its_days() {
        assert!(may("OFF_HEAD", 1, 7, true));
        assert!(!may("OFF_HEAD", 1, 7, false));
        assert!(may("CTY_HEAD", 2, 7, false));
        assert!(!may("OFF_HEAD", 1, 8, true));
        assert!(may("CTY_HEAD", 2, 30, true));
        assert!(!may("CTY_HEAD", 2, 31, true));
        assert!(may("CIT_HEAD", 3, 31, true));
        assert!(!may("OFF_STAFF", 1, 3, true));
    }
}
