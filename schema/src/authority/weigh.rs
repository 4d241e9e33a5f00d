//! The state of one envelope: good, waiting or void, the first line that applies (rules 21–26).

use super::Authority;
use super::admin::is_admin_role;
use super::judge::{Effect, Judged, filed_time};
use super::state::{PathState, State, VoidReason, Wait, Window};
use super::statement::{AT_ONCE, NEVER};
use crate::act::{Act, Appoint, ROSTER_KINDS, Receipt};
use crate::envelope::Duty;
use crate::fact::{Fact, What};
use crate::hold::Moment;
use crate::id::{AuthorId, EnvelopeId};
use std::collections::BTreeSet;

/// Number of the act that asks for a new key.
const ASK_KIND: u16 = 21;
/// A root act: its weight is inside it, so that whoever can may carry it.
const ROOT_KIND: u16 = 7;
/// A standing in, which its holder signs.
const STAND_IN_KIND: u16 = 9;
/// The role that lets a keeper appoint; alone, it does not narrow which roles may be conferred.
const KEEPER_ROLE: &str = "KEEPER";

/// What a roster act or a receipt says.
#[derive(Debug, Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "a receipt keeps its heads elsewhere"
)]
pub(super) enum Said {
    Act(Act),
    Receipt(Receipt),
}

/// What authority keeps of a roster act or a receipt.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) author: AuthorId,
    pub(super) appointment: Option<EnvelopeId>,
    pub(super) at: i64,
    pub(super) said: Said,
}

impl Signed {
    pub(super) fn act(&self) -> Option<&Act> {
        match &self.said {
            Said::Act(act) => Some(act),
            Said::Receipt(_) => None,
        }
    }

    fn weighed<'a>(&self, id: EnvelopeId, judged: &'a Judged) -> Weighed<'a> {
        Weighed {
            id,
            author: self.author,
            appointment: self.appointment,
            at: self.at,
            duty: match &self.said {
                Said::Act(act) => duty_of_kind(act.kind()),
                Said::Receipt(_) => Some(Duty::Witness),
            },
            judged,
        }
    }
}

/// What the state of an envelope depends on.
struct Weighed<'a> {
    id: EnvelopeId,
    author: AuthorId,
    appointment: Option<EnvelopeId>,
    at: i64,
    /// The duty that signs such a thing; none where every duty may.
    duty: Option<Duty>,
    judged: &'a Judged,
}

/// Which duty signs what an envelope says (rule 2); none where every duty may.
fn duty_for(what: &What) -> Option<Duty> {
    match what {
        What::Roster(act) => duty_of_kind(act.kind),
        What::Unknown { kind } if ROSTER_KINDS.contains(kind) => Some(Duty::Keeper),
        What::Receipt(_) => Some(Duty::Witness),
        _ => Some(Duty::Staff),
    }
}

fn duty_of_kind(kind: u16) -> Option<Duty> {
    match kind {
        ROOT_KIND => None,
        // Staff of an office may ask; nothing follows from it by itself.
        STAND_IN_KIND | ASK_KIND => Some(Duty::Staff),
        _ => Some(Duty::Keeper),
    }
}

impl Authority {
    /// How an envelope stands. `complete`: all that it names in its dossier is here and complete.
    pub fn state(&self, fact: &Fact, complete: bool) -> State {
        let Some(chain) = self.chains.get(&fact.author) else {
            return State::Waiting(Wait::Gap);
        };
        let weighed = Weighed {
            id: fact.id,
            author: fact.author,
            appointment: fact.appointment,
            at: fact.at,
            duty: duty_for(&fact.what),
            judged: &chain.judged,
        };
        let (state, _) = self.weigh(&weighed, complete);
        match self.acts.get(&fact.id).and_then(Signed::act) {
            Some(Act::Appoint(appoint)) if state.is_good() => self
                .appoint_fault(fact.author, fact.appointment, appoint)
                .map_or(state, State::Void),
            _ => state,
        }
    }

    /// Between which instants an envelope was provably signed.
    pub fn window(&self, fact: &Fact) -> Window {
        if self.is_root_keeper(fact.author) {
            return Window {
                lower: None,
                filed: Some(fact.at),
            };
        }
        self.chains
            .get(&fact.author)
            .map(|chain| self.window_of(&chain.judged, fact.id))
            .unwrap_or_default()
    }

    /// A receipt that is dated before another which the signer cites lies about its time: the
    /// signature cannot be older than what it names (Q7 of `docs/standing-quarrel.md`).
    fn window_of(&self, judged: &Judged, id: EnvelopeId) -> Window {
        let lower = self.heads.get(id).and_then(|row| judged.lower_at(row.n));
        let filed = judged.filed.get(&id);
        Window {
            lower,
            filed: filed.map(|time| lower.map_or(*time, |lower| lower.max(*time))),
        }
    }

    /// The state, and the latest endorsement without which it would not count.
    fn weigh(&self, x: &Weighed<'_>, complete: bool) -> (State, i64) {
        let waits = |wait| (State::Waiting(wait), AT_ONCE);
        match self.path_state_in(x.author, x.judged, x.id) {
            PathState::Good => {}
            PathState::Gap => return waits(Wait::Gap),
            PathState::Cut => return waits(Wait::Cut),
            PathState::Fork => return waits(Wait::Fork),
        }
        if !complete {
            return waits(Wait::Deps);
        }
        let Some(seat) = self.seat(x.author) else {
            return waits(Wait::Appointment);
        };
        if x.duty.is_some_and(|duty| duty != seat.duty) {
            return (State::Void(VoidReason::Duty), AT_ONCE);
        }
        if self.is_root_keeper(x.author) {
            return (State::Good { filed: Some(x.at) }, AT_ONCE);
        }
        let (appoint, behind) = match self.appointment_behind(x.author, x.appointment) {
            Ok(found) => found,
            Err(state) => return (state, AT_ONCE),
        };
        self.weigh_window(x, appoint, behind)
    }

    /// Rule 22, as far as it is asked of every act; roles and kinds are asked by the rules of each
    /// step.
    fn appointment_behind(
        &self,
        author: AuthorId,
        cited: Option<EnvelopeId>,
    ) -> Result<(&Appoint, i64), State> {
        let void = State::Void(VoidReason::Appointment);
        let waiting = State::Waiting(Wait::Appointment);
        let id = cited.ok_or(void)?;
        let signed = match self.acts.get(&id) {
            Some(signed) => signed,
            None if self.bodies.is_here(id) => return Err(void),
            None => return Err(waiting),
        };
        let Some(Act::Appoint(appoint)) = signed.act() else {
            return Err(void);
        };
        if appoint.author() != author {
            return Err(void);
        }
        if self.offices.get(appoint.office).is_none() {
            return Err(waiting);
        }
        // Before what became of it is asked: who is no judge may be of no smaller rank (rule 4).
        if !self.may_judge(signed.author, author) {
            return Err(void);
        }
        let effect = self.effect(signed.author, id);
        let effect = effect.filter(|effect| effect.counts).ok_or(waiting)?;
        if !self.judged_when(signed.author, author, effect.moment) {
            return Err(void);
        }
        Ok((appoint, effect.delay))
    }

    /// Rules 24 and 26.
    fn weigh_window(&self, x: &Weighed<'_>, appoint: &Appoint, behind: i64) -> (State, i64) {
        let void = (State::Void(VoidReason::Interval), AT_ONCE);
        let window = self.window_of(x.judged, x.id);
        let (first, last) = (appoint.not_before, appoint.not_after);
        let n = self.heads.get(x.id).map_or(0, |row| row.n);
        let delay = behind.max(x.judged.delay_at(n));
        let good = |delay: i64| {
            let time = filed_time(window.filed, delay);
            let filed = (time != NEVER).then_some(time);
            (State::Good { filed }, delay)
        };
        if window.lower.is_some_and(|lower| lower > last)
            || window.filed.is_some_and(|filed| filed < first)
        {
            return void;
        }
        let claimed = window.clamp(x.at);
        if window.filed.is_some_and(|filed| filed <= last) && claimed >= first {
            return good(delay);
        }
        if claimed > last {
            return void;
        }
        if window.filed.is_none() && claimed >= first {
            return good(delay);
        }
        let told = x.judged.told(x.id);
        if matches!(told.verdict, Some((_, true))) {
            return good(delay.max(told.yes_filed));
        }
        (State::Waiting(Wait::Window), AT_ONCE)
    }

    /// Whether a roster act that no memory of effects covers takes effect.
    pub(super) fn is_good_act(&self, id: EnvelopeId) -> bool {
        let Some(signed) = self.acts.get(&id) else {
            return false;
        };
        let Some(chain) = self.chains.get(&signed.author) else {
            return false;
        };
        let weighed = signed.weighed(id, &chain.judged);
        let (state, _) = self.weigh(&weighed, self.bodies.is_complete(id));
        state.is_good()
    }

    /// The effect of one act of a keeper or a witness, none where it is not good.
    pub(super) fn effect_of(&self, id: EnvelopeId, judged: &Judged) -> Option<Effect> {
        let signed = self.acts.get(&id)?;
        let weighed = signed.weighed(id, judged);
        let (state, delay) = self.weigh(&weighed, self.bodies.is_complete(id));
        let State::Good { filed } = state else {
            return None;
        };
        let counts = match &signed.said {
            Said::Receipt(receipt) => self.is_in_time(id, receipt, judged.newest),
            Said::Act(Act::Appoint(appoint)) => self
                .appoint_fault(signed.author, signed.appointment, appoint)
                .is_none(),
            // Neither is asked for by its effect.
            Said::Act(Act::Root(_) | Act::StandIn(_)) => return None,
            Said::Act(_) => true,
        };
        Some(Effect {
            filed: filed.unwrap_or(NEVER),
            delay,
            counts,
            moment: self.moment_in(id, signed, judged),
        })
    }

    fn moment_in(&self, id: EnvelopeId, signed: &Signed, judged: &Judged) -> Moment {
        if self.is_root_keeper(signed.author) {
            return Moment {
                said: signed.at,
                known: Some(signed.at),
            };
        }
        let window = self.window_of(judged, id);
        Moment {
            said: window.clamp(signed.at),
            known: window.filed,
        }
    }

    /// Rule 10; stricter than its words in one point: not before *any* good receipt below it on the
    /// chain, so that two receipts cannot step back where one could not.
    fn is_in_time(&self, id: EnvelopeId, receipt: &Receipt, newest: Option<i64>) -> bool {
        let cited = self.heads.get(id).and_then(|row| row.receipt);
        let cited = cited.and_then(|cited| self.receipt(cited));
        newest.is_none_or(|newest| receipt.time >= newest)
            && cited.is_none_or(|(cited, _)| receipt.time >= cited.time)
    }

    /// What is wrong with an appointment in itself or against its issuer's own: child ⊆ parent in
    /// roles, kinds, depth.
    fn appoint_fault(
        &self,
        issuer: AuthorId,
        issuer_appointment: Option<EnvelopeId>,
        child: &Appoint,
    ) -> Option<VoidReason> {
        if !is_sound(child) {
            return Some(VoidReason::Scope);
        }
        if self.is_root_keeper(issuer) {
            return None;
        }
        let parent = self.appointment(issuer_appointment?)?;
        let inside = child.depth <= parent.depth
            && child.kinds.iter().all(|kind| parent.kinds.contains(kind))
            && confers(parent, child);
        (!inside).then_some(VoidReason::Scope)
    }
}

/// Whether an appointment may be at all, whoever signs it: some interval; an administrator's role
/// alone; a stand-in of staff for somebody else.
fn is_sound(appoint: &Appoint) -> bool {
    let administers = appoint.roles.iter().any(|role| is_admin_role(role));
    let stands_in = appoint.acting.as_ref();
    appoint.not_before <= appoint.not_after
        && (!administers || (appoint.roles.len() == 1 && appoint.duty == Duty::Staff))
        && stands_in.is_none_or(|acting| {
            appoint.duty == Duty::Staff && acting.person != appoint.person && !administers
        })
}

/// A keeper confers the roles that its own appointment lists beside `KEEPER`; where it lists none,
/// all.
fn confers(parent: &Appoint, child: &Appoint) -> bool {
    let listed = |appoint: &Appoint| -> BTreeSet<String> {
        let roles = appoint.roles.iter().cloned();
        roles.filter(|role| role != KEEPER_ROLE).collect()
    };
    let (may, gives) = (listed(parent), listed(child));
    let narrowed = !may.is_empty();
    let unlisted_keeper = child.duty == Duty::Keeper && gives.is_empty();
    !narrowed || (gives.is_subset(&may) && !unlisted_keeper)
}
