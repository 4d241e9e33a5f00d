//! What keepers of the town sign: offices, appointments, revocations, moves, endorsements.

use super::{ALWAYS, DAY, Draft, Seat, World, key, office, person};
use jiaolian_schema::act::{Appoint, At, Endorse, Found, Replant, Revoke};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{EnvelopeId, sha256};
use std::collections::BTreeMap;

impl World {
    pub fn found(&mut self, name: &str, parent: Option<&str>, tier: u8) -> EnvelopeId {
        let by = format!("{}.k", parent.unwrap_or("P"));
        let act = Found {
            office: office(name),
            parent: parent.map(office),
            tier,
            code: name.to_owned(),
            name: name.to_owned(),
            drill: 0,
            nonce: None,
        };
        let id = self.sign(&by, Draft::default(), act.into());
        self.rosters.insert(name.to_owned(), id.into());
        self.offices.insert(name.to_owned(), office(name));
        id
    }

    /// `who` is `office.name`; the person is the name's, the interval days from `first` to `last`.
    pub fn appoint(
        &mut self,
        who: &str,
        by: &str,
        duty: Duty,
        roles: &[&str],
        first: i64,
        last: i64,
    ) -> EnvelopeId {
        self.appoint_as(who, by, duty, roles, (first, last), &[1, 2])
    }

    /// Staff for some kinds of case only.
    pub fn appoint_for(&mut self, who: &str, by: &str, roles: &[&str], kinds: &[u8]) -> EnvelopeId {
        self.appoint_as(who, by, Duty::Staff, roles, (0, ALWAYS), kinds)
    }

    fn appoint_as(
        &mut self,
        who: &str,
        by: &str,
        duty: Duty,
        roles: &[&str],
        (first, last): (i64, i64),
        kinds: &[u8],
    ) -> EnvelopeId {
        let at = who.split('.').next().unwrap().to_owned();
        let act = Appoint {
            person: person(who),
            name: who.to_owned(),
            staff_number: String::new(),
            suite: 1,
            key: key(who),
            office: office(&at),
            duty,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            kinds: kinds.to_vec(),
            not_before: first * DAY,
            not_after: last * DAY,
            depth: 3,
            endpoint: roles.contains(&"NODE").then(|| sha256(&[who.as_bytes()])),
            document: String::new(),
            acting: None,
        };
        self.reappoint(who, by, act)
    }

    /// Signs this appointment, and `who` signs under it from now on.
    pub fn reappoint(&mut self, who: &str, by: &str, act: Appoint) -> EnvelopeId {
        let at = who.split('.').next().unwrap();
        let author = act.author();
        let roster = self.rosters.get(at).or_else(|| self.rosters.get("P"));
        let draft = Draft {
            dossier: roster.copied(),
            ..Draft::default()
        };
        let id = self.sign(by, draft, act.into());
        self.seats.insert(
            who.to_owned(),
            Seat {
                author,
                appointment: Some(id),
                n: 0,
                last: None,
                here: BTreeMap::new(),
                cites: None,
            },
        );
        id
    }

    pub fn revoke(
        &mut self,
        by: &str,
        whose: &str,
        at: Option<At>,
        replaces: &[EnvelopeId],
    ) -> EnvelopeId {
        let act = Revoke {
            author: self.author(whose),
            at,
            replaces: replaces.to_vec(),
            reason: String::new(),
            compromised_since: None,
        };
        let draft = self.roster_draft(whose, 50);
        self.sign(by, draft, act.into())
    }

    /// As `revoke`, on a day.
    pub fn revoke_on(
        &mut self,
        by: &str,
        whose: &str,
        at: Option<At>,
        replaces: &[EnvelopeId],
        day: i64,
    ) -> EnvelopeId {
        let act = Revoke {
            author: self.author(whose),
            at,
            replaces: replaces.to_vec(),
            reason: String::new(),
            compromised_since: None,
        };
        let draft = self.roster_draft(whose, day);
        self.sign(by, draft, act.into())
    }

    /// Signs on `day` that an office stands under another one from `first` on, with ten days of grace.
    pub fn replant(
        &mut self,
        by: &str,
        who: &str,
        under: &str,
        first: i32,
        day: i64,
    ) -> EnvelopeId {
        let act = Replant {
            office: office(who),
            parent: office(under),
            from_day: first,
            grace_days: 10,
        };
        self.replant_as(by, act, day)
    }

    pub fn replant_as(&mut self, by: &str, act: Replant, day: i64) -> EnvelopeId {
        let at = by.split('.').next().unwrap();
        let draft = Draft {
            dossier: Some(self.rosters[at]),
            day,
            ..Draft::default()
        };
        self.sign(by, draft, act.into())
    }

    pub fn endorse(&mut self, by: &str, whose: &str, at: EnvelopeId, day: i64) -> EnvelopeId {
        self.endorse_over(by, whose, at, day, &[])
    }

    pub fn endorse_over(
        &mut self,
        by: &str,
        whose: &str,
        at: EnvelopeId,
        day: i64,
        replaces: &[EnvelopeId],
    ) -> EnvelopeId {
        let act = Endorse {
            author: self.author(whose),
            at: self.at(at),
            replaces: replaces.to_vec(),
        };
        let draft = self.roster_draft(whose, day);
        self.sign(by, draft, act.into())
    }

    fn roster_draft(&self, whose: &str, day: i64) -> Draft {
        let at = whose.split('.').next().unwrap();
        Draft {
            dossier: Some(self.rosters[at]),
            day,
            ..Draft::default()
        }
    }
}
