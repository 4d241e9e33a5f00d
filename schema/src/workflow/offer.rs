//! What can be signed next, by whom, and why a person who asks may not.

use super::Workflow;
use super::guard::MatterFacts;
use super::matter::{EventOffer, MatterState};
use super::sign::{RuleError, SignRule, Signer};
use super::table::{Event, Path};
use super::value::Value;
use crate::calendar::civil_of;
use crate::rule::RulePack;

/// One thing that a signer could sign in this state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskOffer {
    /// Name of the event.
    pub event: String,
    /// Fields that must be filled in.
    pub needs: Vec<String>,
    /// Fields that may be filled in.
    pub takes: Vec<String>,
    /// True if it decides.
    pub decision: bool,
    /// True if a signed-in session is enough to sign it.
    pub light: bool,
    /// Why this signer may not sign it now, if that is so.
    pub blocked: Option<RuleError>,
}

impl Workflow {
    /// What `signer` finds on the desk at `now_ms`: everything their capacity signs in this state.
    ///
    /// A decision that another level or another person must sign is there too, with the reason.
    /// `over` tells on which slots the signer rules from above, whatever the level (rule Q9).
    pub fn offers_for(
        &self,
        pack: &RulePack,
        matter: &MatterState,
        signer: &Signer,
        now_ms: i64,
        over: impl Fn(&str) -> bool,
    ) -> Vec<DeskOffer> {
        let state = matter.at(now_ms);
        let facts = self.facts_at(pack, &matter.facts, now_ms);
        let mut offers = Vec::new();
        for event in &self.table().event {
            let over = self.slot_of(&event.id).is_some_and(&over);
            let here = |path: &&Path| path.starts_in(state) && (over || path.fits(signer));
            let mine = event.path.iter().filter(here);
            // What is still to be filled in cannot block.
            let failing = mine.map(|path| self.failing(&path.when, &facts).unwrap_or(None));
            let Some(level) = failing.min_by_key(Option::is_some) else {
                continue;
            };
            let decision = event.decision.is_some();
            if !self.is_awaited(event, &facts) || (level.is_some() && !decision) {
                continue;
            }
            let blocked = match level {
                Some(guard) if !over => Some(RuleError::Level {
                    event: event.id.clone(),
                    guard: guard.name(),
                }),
                _ => self.stands_apart(event, signer, &facts).err(),
            };
            let EventOffer {
                event: id,
                needs,
                takes,
                ..
            } = self.offer(event, Vec::new(), &facts);
            let light = event.light;
            offers.push(DeskOffer {
                event: id,
                needs,
                takes,
                decision,
                light,
                blocked,
            });
        }
        offers
    }

    /// Keys of the hints that belong to an event with these facts.
    pub fn warnings_for(&self, event: &str, facts: &MatterFacts) -> Vec<String> {
        let warnings = self.table().warning.iter().filter(|warning| {
            warning.event == event && matches!(self.failing(&warning.when, facts), Ok(None))
        });
        warnings.map(|warning| warning.text.clone()).collect()
    }

    /// What can be signed in `state`, and who signs it.
    pub(super) fn offers(&self, state: &str, facts: &MatterFacts) -> Vec<EventOffer> {
        let mut offers = Vec::new();
        for event in self
            .table()
            .event
            .iter()
            .filter(|event| self.is_awaited(event, facts))
        {
            let mut who: Vec<SignRule> = Vec::new();
            for path in event.path.iter().filter(|path| path.starts_in(state)) {
                // A condition on what is still to be filled in leaves the offer open.
                if !matches!(self.failing(&path.when, facts), Ok(Some(_))) {
                    who.extend(path.sign.iter().cloned());
                }
            }
            if !who.is_empty() {
                offers.push(self.offer(event, who, facts));
            }
        }
        offers
    }

    /// Whether the event that must come before has come, and was not answered yet.
    pub(super) fn is_awaited(&self, event: &Event, facts: &MatterFacts) -> bool {
        let Some(before) = &event.after else {
            return true;
        };
        let slot = self.slot_of(&event.id);
        let answers = |id: &str| slot.is_some() && self.slot_of(id) == slot;
        let last = |wanted: &dyn Fn(&str) -> bool| {
            facts.signed.iter().rposition(|(signed, _)| wanted(signed))
        };
        last(&|id| id == before) > last(&answers)
    }

    /// The facts as they stand at `at_ms`: the date, and how grave an alarm has grown.
    pub(super) fn facts_at(&self, pack: &RulePack, facts: &MatterFacts, at_ms: i64) -> MatterFacts {
        let mut facts = facts.clone();
        facts.on = Some(civil_of(at_ms).date());
        if let Some(severity) = severity_at(pack, &facts, at_ms).filter(|_| self.opening().raise) {
            facts.form.set("severity", Value::Int(severity));
        }
        facts
    }

    fn offer(&self, event: &Event, who: Vec<SignRule>, facts: &MatterFacts) -> EventOffer {
        let needs = self.needs_of(event, facts);
        EventOffer {
            event: event.id.clone(),
            who,
            needs: needs.into_iter().map(str::to_owned).collect(),
            takes: event.takes.clone(),
        }
    }
}

/// An alarm that goes on grows graver; one judged afterwards does not.
fn severity_at(pack: &RulePack, facts: &MatterFacts, at_ms: i64) -> Option<i64> {
    let kind = pack.alarm_kind(facts.form.choice("kind")?)?;
    let (raised, since_ms) = (facts.form.int("severity")?, facts.form.time("since")?);
    if facts.form.flag("retrospective") {
        return None;
    }
    let minutes = ((at_ms - since_ms).max(0) / 60_000).min(i64::from(u32::MAX));
    let raised = u8::try_from(raised).ok()?;
    Some(i64::from(kind.severity_grown(raised, minutes as u32)))
}
