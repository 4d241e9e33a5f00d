//! The one door: whatever comes from a wire, a file or this node's own keys is admitted, parked or
//! refused here.

use super::Replica;
use super::dossier::{DossierRow, Holding};
use crate::effect::{Event, Peer};
use crate::parked::{Need, Parked};
use crate::store::{Store, Table};
use crate::subject::claimed_dossier;
use jiaolian_schema::act::{Act, RootStatement};
use jiaolian_schema::admit::{AdmitError, Admitted, Introductions as _, admit};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Envelope, body_hash};
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::EnvelopeId;

/// What became of one envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// Stored now.
    Stored,
    /// Here before.
    Known,
    /// Waits for what it names.
    Parked,
    /// Breaks a rule, and is listed.
    Refused(String),
}

/// What became of a file's envelopes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOutcome {
    /// Stored now.
    pub stored: usize,
    /// Here before.
    pub known: usize,
    /// Waiting for what they name.
    pub parked: usize,
    /// Refused, with the rule that each breaks.
    pub refused: Vec<(EnvelopeId, String)>,
}

/// An envelope on its way in that can't be stored.
enum Stop {
    Known,
    Wait(Need),
    /// More news could mend it: listed, but welcome when it comes again.
    Foreign,
    Refuse(String),
}

impl<S: Store> Replica<S> {
    /// Takes envelopes from a join file or a bundle, by the same door as the wire.
    pub fn import(&mut self, envelopes: Vec<Envelope>, now: i64) -> ImportOutcome {
        self.turn_clock(now);
        let mut outcome = ImportOutcome::default();
        for envelope in envelopes {
            let id = envelope.id();
            match self.take(envelope, None) {
                Taken::Stored => outcome.stored += 1,
                Taken::Known => outcome.known += 1,
                Taken::Parked => outcome.parked += 1,
                Taken::Refused(reason) => outcome.refused.push((id, reason)),
            }
        }
        outcome.parked = outcome.parked.min(self.parked.len());
        self.settle();
        outcome
    }

    /// Takes one envelope, and then whatever waited for it.
    pub(super) fn take(&mut self, envelope: Envelope, peer: Option<Peer>) -> Taken {
        let id = envelope.id();
        let (taken, needs) = self.take_one(envelope, peer);
        let mut needs = needs;
        while let Some(need) = needs.pop() {
            for waiting in self.parked.waiting_for(need) {
                needs.extend(self.take_parked(waiting));
            }
        }
        if taken == Taken::Parked && self.is_head_here(id) {
            return Taken::Stored;
        }
        taken
    }

    /// Tries again what waited for this.
    pub(super) fn retry(&mut self, need: Need) {
        let mut needs = vec![need];
        while let Some(need) = needs.pop() {
            for waiting in self.parked.waiting_for(need) {
                needs.extend(self.take_parked(waiting));
            }
        }
    }

    pub(super) fn take_parked(&mut self, id: EnvelopeId) -> Vec<Need> {
        let Ok(Some(bytes)) = self.disk.get(Table::Parked, &id.0) else {
            return Vec::new();
        };
        let Ok(parked) = minicbor::decode::<Parked>(&bytes) else {
            return Vec::new();
        };
        self.parked.remove(id);
        self.disk.remove(Table::Parked, &id.0);
        self.take_one(parked.envelope, parked.peer.map(Peer)).1
    }

    fn take_one(&mut self, envelope: Envelope, peer: Option<Peer>) -> (Taken, Vec<Need>) {
        let id = envelope.id();
        match self.judge(&envelope, peer) {
            Ok((admitted, Some(row))) if self.is_opening_gone(&admitted, &row) => {
                (Taken::Known, Vec::new())
            }
            Ok((admitted, row)) => {
                let needs = self.keep(&admitted, row, peer);
                (Taken::Stored, needs)
            }
            Err(Stop::Known) => (Taken::Known, Vec::new()),
            Err(Stop::Wait(need)) => {
                self.park(id, envelope, need, peer);
                if matches!(need, Need::Suite(_)) && self.parked.holds(id) {
                    self.offer_unchecked(id, peer);
                }
                (Taken::Parked, Vec::new())
            }
            Err(Stop::Foreign) => {
                let reason = "this office may not hold the dossier".to_owned();
                self.list_refused(&envelope, &reason, peer);
                (Taken::Refused(reason), Vec::new())
            }
            Err(Stop::Refuse(reason)) => {
                self.list_refused(&envelope, &reason, peer);
                (Taken::Refused(reason), Vec::new())
            }
        }
    }

    /// Whether the envelope may be stored, and the row of its dossier.
    fn judge(
        &self,
        envelope: &Envelope,
        peer: Option<Peer>,
    ) -> Result<(Admitted, Option<DossierRow>), Stop> {
        let id = envelope.id();
        if self.is_head_here(id) && envelope.body.is_none() {
            return Err(Stop::Known);
        }
        let claimed = claimed_dossier(envelope);
        if claimed.is_some_and(|d| self.is_condemned(d) || self.fact_of(d, id).is_some()) {
            return Err(Stop::Known);
        }
        let admitted = admit(envelope.clone(), &self.authority, &*self.verifier);
        let admitted = admitted.map_err(|error| match error {
            AdmitError::UnknownAuthor(author) => Stop::Wait(Need::Author(author)),
            AdmitError::UnknownSuite(_) => self.judge_unchecked(envelope),
            error => Stop::Refuse(error.to_string()),
        })?;
        let Some(fact) = admitted.fact() else {
            return Ok((admitted, None));
        };
        let row = self.judge_body(fact, peer)?;
        Ok((admitted, Some(row)))
    }

    fn judge_body(&self, fact: &Fact, peer: Option<Peer>) -> Result<DossierRow, Stop> {
        let opening = EnvelopeId::from(fact.dossier);
        let row = match self.rows.get(&fact.dossier) {
            Some(row) => row.clone(),
            None if opening == fact.id => {
                let row = DossierRow::opened_by(fact);
                let row = row.ok_or(Stop::Refuse("the act opens no dossier".to_owned()))?;
                self.follow_case(row)
            }
            None => return Err(Stop::Wait(Need::Envelope(opening))),
        };
        match self.holding(self.office, &row) {
            Holding::Yes => {}
            Holding::Unknown => return Err(Stop::Wait(Need::Roster)),
            Holding::No if self.is_handed_down(&row, peer) => {}
            Holding::No => return Err(Stop::Foreign),
        }
        for named in fact.deps.iter().chain(&fact.prev_here) {
            if self.fact_of(fact.dossier, *named).is_none() {
                return Err(Stop::Wait(Need::Envelope(*named)));
            }
        }
        self.judge_place_in_dossier(fact)?;
        self.judge_log(fact, &row).map_err(Stop::Refuse)?;
        Ok(row)
    }

    /// What this build can't check is kept for a later one and passed on, where its author was
    /// introduced with that suite, it names its own body, and this office may hold the dossier. Until
    /// then it counts for nothing.
    fn judge_unchecked(&self, envelope: &Envelope) -> Stop {
        let refuse = |error: AdmitError| Stop::Refuse(error.to_string());
        let (id, head) = match envelope.parse_head() {
            Ok(head) => (envelope.id(), head),
            Err(error) => return refuse(error.into()),
        };
        let Some(known) = self.authority.introduction(head.author) else {
            return Stop::Wait(Need::Author(head.author));
        };
        if known.suite != head.suite {
            let (known, said) = (known.suite, head.suite);
            return refuse(AdmitError::OtherSuite { known, said });
        }
        if self.parked.keeps(id, envelope) {
            return Stop::Known;
        }
        let Some(bytes) = &envelope.body else {
            return Stop::Wait(Need::Suite(head.suite));
        };
        if body_hash(head.suite, bytes) != head.body_hash {
            return refuse(AdmitError::OtherBody);
        }
        let fact = canon::decode("a body", bytes).and_then(|body| Fact::of(id, &head, &body));
        let fact = match fact {
            Ok(fact) => fact,
            Err(error) => return refuse(error.into()),
        };
        let opened = || DossierRow::opened_by(&fact).map(|row| self.follow_case(row));
        let row = match self.rows.get(&fact.dossier) {
            Some(row) => Some(row.clone()),
            None if EnvelopeId::from(fact.dossier) == id => opened(),
            None => return Stop::Wait(Need::Envelope(fact.dossier.into())),
        };
        match row.map(|row| self.holding(self.office, &row)) {
            Some(Holding::Yes) => Stop::Wait(Need::Suite(head.suite)),
            Some(Holding::Unknown) => Stop::Wait(Need::Roster),
            Some(Holding::No) => Stop::Foreign,
            None => Stop::Refuse("the act opens no dossier".to_owned()),
        }
    }

    /// A superior of both offices passes a case on from its beginning, and the rosters of those who
    /// signed in it; the
    /// act that makes this office responsible comes after what it rests on.
    fn is_handed_down(&self, row: &DossierRow, peer: Option<Peer>) -> bool {
        let from = peer.and_then(|peer| self.links.get(&peer));
        from.is_some_and(|link| {
            self.is_above(link.office, self.office) && self.is_over(link.office, row.place)
        })
    }

    /// `m` and `prev_here` go on from an envelope of the same author.
    fn judge_place_in_dossier(&self, fact: &Fact) -> Result<(), Stop> {
        let Some(prev) = fact.prev_here else {
            return Ok(());
        };
        let before = self.fact_of(fact.dossier, prev);
        let follows = before.is_some_and(|b| b.author == fact.author && b.m + 1 == fact.m);
        if follows {
            return Ok(());
        }
        let m = fact.m;
        Err(Stop::Refuse(format!(
            "prev_here is the author's own envelope at m - 1, here m = {m}"
        )))
    }

    /// An alarm stands where its case stands, where that is known.
    fn follow_case(&self, mut row: DossierRow) -> DossierRow {
        if let Some(case) = row.case.and_then(|case| self.rows.get(&case))
            && case.place != row.place
        {
            row.earlier.push(row.place);
            row.place = case.place;
        }
        row
    }

    /// Stores an admitted envelope. What may have waited for it is given back.
    fn keep(
        &mut self,
        admitted: &Admitted,
        row: Option<DossierRow>,
        peer: Option<Peer>,
    ) -> Vec<Need> {
        let (id, head) = (admitted.id(), admitted.head().clone());
        if admitted.body().is_some() && self.parked.holds(id) {
            self.parked.remove(id);
            self.disk.remove(Table::Parked, &id.0);
        }
        if !self.is_head_here(id) {
            self.keep_head(id, &head, admitted.envelope());
        }
        let mut needs = Vec::new();
        let mut dossier = None;
        if let (Some(row), Some(fact), Some(bytes)) =
            (row, admitted.fact(), &admitted.envelope().body)
        {
            needs.push(Need::Envelope(id));
            dossier = Some((fact.dossier, row.kind));
            needs.extend(self.keep_body(fact, row, bytes));
        }
        let at_once = admitted.fact().is_some_and(|fact| self.is_at_once(fact));
        self.await_receipt(id, head.author, head.n, dossier.is_some(), at_once);
        self.publish(Event::Stored {
            dossier: dossier.map(|(dossier, _)| dossier),
            kind: dossier.map(|(_, kind)| kind),
            id,
            peer,
        });
        self.offer(id, &head, dossier.map(|(dossier, _)| dossier), peer);
        needs
    }

    fn keep_body(&mut self, fact: &Fact, row: DossierRow, bytes: &[u8]) -> Vec<Need> {
        let open = matches!(row.kind, DossierKind::Roster | DossierKind::Audit)
            || matches!(fact.what, What::Raise(_));
        let table = if open {
            Table::RosterBody
        } else {
            Table::CaseBody
        };
        self.disk.put(table, &fact.id.0, bytes.to_vec());
        let key = [fact.dossier.0, fact.id.0].concat();
        self.disk.put(Table::Fact, &key, canon::encode(fact));
        let mut frontier = self.frontier_of(fact.dossier);
        frontier.add(fact);
        self.disk
            .put(Table::Frontier, &fact.dossier.0, frontier.encode());
        let before = row.seq;
        self.seq += 1;
        let watched = row.watched == 1 || super::supervise::is_watched(fact);
        let row = DossierRow {
            digest: frontier.digest(),
            seq: self.seq,
            changed_at: self.now,
            watched: u8::from(watched),
            count: row.count + 1,
            moved: row.moved.max(u8::from(fact.what.moves_or_seals())),
            ..row
        };
        self.put_row(fact.dossier, row);
        self.welcome_back(fact.dossier);
        self.note_change(fact.dossier, before);
        self.authority.add_fact(fact);
        self.note_confirmation(fact);
        self.note_purge(fact);
        self.standings.remove(&fact.dossier);
        self.note_watched(fact);
        self.count_guests(fact.dossier);
        self.count_gone(fact.dossier);
        self.follow(fact)
    }

    /// What an act changes beyond its own dossier.
    fn follow(&mut self, fact: &Fact) -> Vec<Need> {
        match &fact.what {
            What::Roster(_) => {
                self.roster_news = true;
                self.standings.clear();
                match fact.what.roster_act() {
                    Some(Act::Appoint(appoint)) => vec![Need::Author(appoint.author())],
                    Some(Act::Root(root)) => keepers(&root.statement),
                    _ => Vec::new(),
                }
            }
            What::Receipt(_) => {
                self.standings.clear();
                self.to_place = true;
                Vec::new()
            }
            What::Assign { .. } | What::Seal { .. } | What::Consult { .. } => {
                self.place(fact.dossier);
                Vec::new()
            }
            What::Open { .. } => {
                self.place_alarms(fact.dossier);
                Vec::new()
            }
            What::Raise(raise) => {
                self.publish(Event::Alarm {
                    dossier: fact.dossier,
                    alarm: raise.alarm,
                    person: raise.person,
                });
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn is_head_here(&self, id: EnvelopeId) -> bool {
        matches!(self.disk.get(Table::Head, &id.0), Ok(Some(_)))
    }
}

/// Whom a root statement introduces.
fn keepers(root: &RootStatement) -> Vec<Need> {
    let former = root.former.iter().map(|former| &former.key);
    let keys = former.chain([&root.keeper]);
    keys.map(|key| Need::Author(key.keeper_of(root.office).author()))
        .collect()
}
