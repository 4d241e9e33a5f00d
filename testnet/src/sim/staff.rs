//! People at their desks: they open cases, take leaves through their steps, amend, write, hand
//! cases on and handle alarms, each with what their own node knows.

mod paper;
mod regret;

use super::journal::CaseNote;
use super::plan::{DAY_MS, OFFICES};
use super::queue::Event;
use super::world::World;
use jiaolian_schema::act::{Act, Apply, Open, Span, Step};
use jiaolian_schema::hold::{DossierKind, may_hold};
use jiaolian_schema::id::{DossierId, EnvelopeId, PersonCode, sha256};
use jiaolian_schema::standing::{MatterStanding, Outcome, Standing};
use jiaolian_schema::value::Fields;
use jiaolian_sync::{Draft, Payload};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Cases that a township opens beside those whose people carry a device.
const CASES_MAX: usize = 6;

impl World {
    pub(crate) fn work(&mut self, at: usize) {
        const MINUTE_MS: i64 = 60_000;
        if self.healed {
            return;
        }
        let wait = self.dice.between(5, 120) * MINUTE_MS;
        self.queue.at(self.now + wait, Event::Work { node: at });
        if self.nodes[at].replica.is_none() || self.nodes[at].disk.is_locked() {
            return;
        }
        match OFFICES[at].2 {
            1 => self.work_township(at),
            2 => self.work_county(at),
            3 => self.advance(at, &["head"]),
            _ => {}
        }
    }

    fn work_township(&mut self, at: usize) {
        match self.dice.below(12) {
            0 if self.own_cases(at).len() < CASES_MAX + 3 => {
                let (number, minor) = (self.dice.next(), self.dice.chance(200));
                self.open_case(at, "officer", number, minor);
            }
            0 | 1 => self.apply(at),
            2..=5 => self.advance(at, &["officer", "assistant", "head"]),
            6 => self.write(at, &["officer", "assistant"]),
            7 => self.regret(at, &["officer", "assistant", "head"]),
            _ => self.handle_alarm(at, &["officer", "assistant", "head"]),
        }
    }

    fn work_county(&mut self, at: usize) {
        match self.dice.below(12) {
            0 | 1 => self.amend(at),
            2 => self.assign(at),
            3 if self.dice.chance(500) => self.regret(at, &["head", "deputy", "case"]),
            3 => self.write(at, &["case"]),
            4..=8 => self.advance(at, &["head", "deputy", "case"]),
            9 => self.serve(at),
            _ => self.handle_alarm(at, &["duty", "deputy", "head"]),
        }
    }

    /// Signs as somebody at a node; what the node answered for is remembered.
    pub(crate) fn sign(
        &mut self,
        at: usize,
        suffix: &str,
        dossier: Option<DossierId>,
        payload: Payload,
    ) -> Option<EnvelopeId> {
        let name = format!("{}-{suffix}", OFFICES[at].0);
        let word = word_of(&payload);
        let (signer, seat, now) = (self.plan.signer(&name), self.seats[&name], self.clock(at));
        let salt = self.dice.bytes();
        let replica = self.nodes[at].replica.as_mut()?;
        let draft = Draft { dossier, payload };
        let signed = replica.sign(&signer, seat, draft, now, salt);
        let answered = self.carry_out(at);
        match signed {
            Ok(id) => {
                *self.journal.signed.entry(word).or_default() += 1;
                if answered {
                    let dossier = dossier.unwrap_or(id.into());
                    self.journal.acked.insert(id, (at, dossier));
                }
                Some(id)
            }
            Err(error) => {
                self.journal.refused_to_sign(&error.to_string());
                None
            }
        }
    }

    pub(crate) fn act(
        &mut self,
        at: usize,
        suffix: &str,
        dossier: Option<DossierId>,
        act: Act,
    ) -> Option<EnvelopeId> {
        self.sign(at, suffix, dossier, Payload::Act(act))
    }

    pub(crate) fn open_case(
        &mut self,
        at: usize,
        suffix: &str,
        number: u64,
        minor: bool,
    ) -> Option<DossierId> {
        let canary = format!("canary-{number:016x}");
        let open = Open {
            office: self.plan.office(at),
            person: code(self.plan.seed, number),
            minor: u8::from(minor),
            fields: [("name".to_owned(), canary.as_str().into())].into(),
        };
        // Nobody may find the words elsewhere, answered for or not.
        let case: DossierId = self.act(at, suffix, None, open.into())?.into();
        let places = [at].into();
        self.journal.cases.insert(
            case,
            CaseNote {
                canary,
                minor,
                places,
            },
        );
        Some(case)
    }

    /// Cases that this office may have, ascending.
    pub(crate) fn own_cases(&self, at: usize) -> Vec<DossierId> {
        self.dossiers_of(at, DossierKind::Case)
    }

    fn dossiers_of(&self, at: usize, kind: DossierKind) -> Vec<DossierId> {
        let Some(replica) = self.nodes[at].replica.as_ref() else {
            return Vec::new();
        };
        let offices = replica.authority().offices();
        let rows = replica.dossiers().filter(|(_, row)| {
            row.kind == kind && may_hold(offices, replica.office(), &row.audience())
        });
        rows.map(|(id, _)| id).collect()
    }

    fn standing(&mut self, at: usize, dossier: DossierId) -> Option<Arc<Standing>> {
        self.nodes[at].replica.as_mut()?.standing(dossier)
    }

    /// The day that a node's clock shows in Shanghai.
    fn today(&self, at: usize) -> i32 {
        (self.clock(at) + 8 * 3_600_000).div_euclid(DAY_MS) as i32
    }

    fn apply(&mut self, at: usize) {
        let cases = self.own_cases(at);
        let Some(case) = self.dice.pick(&cases).copied() else {
            return;
        };
        let days = [1, 2, 3, 7, 9, 33][self.dice.below(6)];
        let first_day = self.today(at) + self.dice.between(0, 3) as i32;
        let apply = Apply {
            workflow: "leave".to_owned(),
            version: 1,
            on_behalf: 1,
            span: Some(Span {
                first_day,
                last_day: first_day + days - 1,
            }),
            area: None,
            fields: words(&[
                ("purpose", "medical"),
                ("detail", "d"),
                ("destination", "x"),
            ]),
        };
        let who = ["officer", "assistant", "head"][self.dice.below(3)];
        self.act(at, who, Some(case), apply.into());
    }

    /// Takes one leave one step on, as far as somebody here may.
    fn advance(&mut self, at: usize, people: &[&str]) {
        let cases = self.own_cases(at);
        let mut open = Vec::new();
        for case in cases {
            let Some(standing) = self.standing(at, case) else {
                continue;
            };
            let leaves = standing
                .matters
                .values()
                .filter(|matter| matter.workflow == "leave");
            for leave in leaves {
                open.extend(self.next_step(at, leave).map(|step| (case, step)));
            }
        }
        let Some((case, (step, who))) = self.dice.pick(&open).cloned() else {
            return;
        };
        let who = if people.contains(&who) {
            who
        } else {
            people[0]
        };
        self.act(at, who, Some(case), step.into());
    }

    fn next_step(&mut self, at: usize, leave: &MatterStanding) -> Option<(Step, &'static str)> {
        let (span, tier) = (leave.span?, OFFICES[at].2);
        let days = span.last_day - span.first_day + 1;
        let level = [(8, 1), (31, 2), (i32::MAX, 3)]
            .into_iter()
            .find(|(most, _)| days < *most)?
            .1;
        let counts = |outcome| matches!(outcome, Outcome::Recorded | Outcome::Live);
        let done: BTreeSet<&str> = leave
            .steps
            .iter()
            .filter(|step| counts(step.outcome))
            .map(|step| step.event.as_str())
            .collect();
        let decided = leave
            .slots
            .get("grant")
            .map(|slot| slot.tips().to_vec())
            .unwrap_or_default();
        let favour = self.dice.chance(750);
        let verdict = if favour { "approve" } else { "refuse" };
        let deputy = if self.dice.chance(500) {
            "head"
        } else {
            "deputy"
        };
        let again = tier > 1 && self.dice.chance(30);
        let (event, who) = match tier {
            1 if !done.contains("verify") => ("verify", ["officer", "assistant"][at % 2]),
            1 if level > 1 && !done.contains("opine") => ("opine", "head"),
            1 if level == 1 && decided.is_empty() => (verdict, "head"),
            1 if !done.contains("return") && done.contains("approve") => ("return", "officer"),
            2 if level == 3 && done.contains("opine") && !done.contains("opine_county") => {
                ("opine_county", deputy)
            }
            2 if level < 3 && done.contains("verify") && (decided.is_empty() || again) => {
                (verdict, deputy)
            }
            3 if level == 3 && done.contains("opine_county") && decided.is_empty() => {
                (verdict, "head")
            }
            _ => return None,
        };
        let decides = matches!(event, "approve" | "refuse");
        let spent = Span {
            last_day: span.last_day.min(self.today(at)),
            ..span
        };
        let step = Step {
            matter: leave.id,
            event: event.to_owned(),
            replaces: if decides { decided } else { Vec::new() },
            section: decides.then(|| b"as on the screen".to_vec()),
            fields: words(&[("note", "n"), ("opinion", "o"), ("reason", "r")]),
            span: (event == "return").then_some(spent),
        };
        Some((step, who))
    }

    fn handle_alarm(&mut self, at: usize, people: &[&str]) {
        let alarms = self.dossiers_of(at, DossierKind::Alarm);
        let Some(alarm) = self.dice.pick(&alarms).copied() else {
            return;
        };
        let Some(standing) = self.standing(at, alarm) else {
            return;
        };
        let Some(matter) = standing.matters.values().next() else {
            return;
        };
        let done: BTreeSet<&str> = matter
            .steps
            .iter()
            .map(|step| step.event.as_str())
            .collect();
        let found = ["false_alarm", "explained", "violation"];
        let is_found = found.iter().any(|event| done.contains(event));
        let event = if done.contains("withdraw") || done.contains("close") {
            return;
        } else if !done.contains("acknowledge") {
            "acknowledge"
        } else if !done.contains("contact") {
            "contact"
        } else if !is_found {
            found[self.dice.below(3)]
        } else {
            "close"
        };
        let who = people[self.dice.below(people.len())];
        let step = Step {
            matter: matter.id,
            event: event.to_owned(),
            replaces: Vec::new(),
            section: None,
            fields: words(&[("cause", "other"), ("reason", "r")]),
            span: None,
        };
        self.act(at, who, Some(alarm), step.into());
    }
}

/// The code of a person by number.
pub(crate) fn code(seed: u64, number: u64) -> PersonCode {
    let digest = sha256(&[b"code", &seed.to_be_bytes(), &number.to_be_bytes()]);
    let mut code = [0; 16];
    code.copy_from_slice(&digest[..16]);
    PersonCode(code)
}

fn words(list: &[(&str, &str)]) -> Fields {
    list.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).into()))
        .collect()
}

fn word_of(payload: &Payload) -> &'static str {
    match payload {
        Payload::Edit(_) => "edit",
        Payload::Receipt(_) => "receipt",
        Payload::Act(act) => match act {
            Act::Open(_) => "open",
            Act::Assign(_) => "assign",
            Act::Amend(_) => "amend",
            Act::Apply(_) => "apply",
            Act::Step(_) => "step",
            Act::Serve(_) => "serve",
            Act::Withdraw(_) => "withdraw",
            Act::Correct(_) => "correct",
            Act::Revoke(_) => "revoke",
            Act::Endorse(_) => "endorse",
            _ => "other",
        },
    }
}
