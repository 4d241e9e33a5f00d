//! What the town signs in the case of its story.

use super::{DAY, Draft, World, office};
use jiaolian_schema::act::{
    Act, Amend, Apply, Correct, EditBytes, Open, Serve, Span, Step, Withdraw,
};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::Kind;
use jiaolian_schema::id::{DossierId, EnvelopeId, PersonCode};
use jiaolian_schema::value::Fields;

impl World {
    /// Opens the case of T1 that the other acts belong to.
    pub fn open(&mut self, who: &str) -> DossierId {
        let at = who.split('.').next().unwrap();
        let act = Open {
            office: office(at),
            person: PersonCode([7; 16]),
            minor: 0,
            fields: Fields::new(),
        };
        let id = self.sign(who, Draft::default(), act.into());
        self.case = Some(id.into());
        id.into()
    }

    fn in_case(&self, deps: &[EnvelopeId], day: i64) -> Draft {
        let case = self.case.unwrap();
        let mut deps = deps.to_vec();
        deps.push(case.into());
        Draft {
            dossier: Some(case),
            deps,
            day,
            ..Draft::default()
        }
    }

    pub fn apply(&mut self, who: &str, workflow: &str, days: (i32, i32)) -> EnvelopeId {
        let act = Apply {
            workflow: workflow.to_owned(),
            version: 1,
            on_behalf: 1,
            span: Some(Span {
                first_day: days.0,
                last_day: days.1,
            }),
            area: None,
            fields: Fields::new(),
        };
        let draft = self.in_case(&[], 10);
        self.sign(who, draft, act.into())
    }

    pub fn step(
        &mut self,
        who: &str,
        matter: EnvelopeId,
        event: &str,
        replaces: &[EnvelopeId],
        deps: &[EnvelopeId],
    ) -> EnvelopeId {
        self.step_on(who, matter, event, replaces, deps, 11)
    }

    pub fn step_on(
        &mut self,
        who: &str,
        matter: EnvelopeId,
        event: &str,
        replaces: &[EnvelopeId],
        deps: &[EnvelopeId],
        day: i64,
    ) -> EnvelopeId {
        let mut replaces = replaces.to_vec();
        replaces.sort_unstable();
        let mut all = deps.to_vec();
        all.push(matter);
        all.extend(&replaces);
        let act = Step {
            matter,
            event: event.to_owned(),
            replaces,
            section: None,
            fields: Fields::new(),
            span: None,
        };
        let draft = self.in_case(&all, day);
        self.sign(who, draft, act.into())
    }

    pub fn serve(&mut self, who: &str, decision: EnvelopeId, day: i64) -> EnvelopeId {
        let act = Serve {
            decision,
            fields: Fields::new(),
        };
        let draft = self.in_case(&[decision], day);
        self.sign(who, draft, act.into())
    }

    /// Takes an act back, having seen it and `deps`.
    pub fn withdraw(&mut self, who: &str, act: EnvelopeId, deps: &[EnvelopeId]) -> EnvelopeId {
        let withdraw = Withdraw {
            act,
            reason: "entered for another person".to_owned(),
        };
        let deps: Vec<EnvelopeId> = deps.iter().copied().chain([act]).collect();
        let draft = self.in_case(&deps, 11);
        self.sign(who, draft, withdraw.into())
    }

    /// From now on the author signs as if nothing of the case was known.
    pub fn forget_place(&mut self, who: &str) {
        let case = self.case.unwrap();
        self.seats.get_mut(who).unwrap().here.remove(&case);
    }

    /// Corrects an act.
    pub fn correct(&mut self, who: &str, act: EnvelopeId, reason: &str) -> EnvelopeId {
        let correct = Correct {
            act,
            fields: [("note".to_owned(), "as it was".into())].into(),
            reason: reason.to_owned(),
        };
        let draft = self.in_case(&[act], 11);
        self.sign(who, draft, correct.into())
    }

    pub fn amend(&mut self, who: &str, value: &str, replaces: &[EnvelopeId]) -> EnvelopeId {
        let mut replaces = replaces.to_vec();
        replaces.sort_unstable();
        let act = Amend {
            field: "term".to_owned(),
            replaces: replaces.clone(),
            value: value.as_bytes().to_vec(),
        };
        let draft = self.in_case(&replaces, 11);
        self.sign(who, draft, act.into())
    }

    /// Any act on the case.
    pub fn any(&mut self, who: &str, act: Act, deps: &[EnvelopeId]) -> EnvelopeId {
        let draft = self.in_case(deps, 11);
        self.sign(who, draft, act)
    }

    /// A change of the case's texts.
    pub fn edit(&mut self, who: &str) -> EnvelopeId {
        let draft = self.in_case(&[], 11);
        let edit = EditBytes {
            at: draft.day * DAY,
            change: vec![1],
        };
        self.seal(who, draft, Kind::Edit, canon::encode(&edit))
    }

    /// An act that says nothing of weight: a note on the chain.
    pub fn note(&mut self, who: &str, day: i64) -> EnvelopeId {
        let draft = self.in_case(&[], day);
        let matter = self.case.unwrap().into();
        let act = Step {
            matter,
            event: "note".to_owned(),
            replaces: Vec::new(),
            section: None,
            fields: Fields::new(),
            span: None,
        };
        self.sign(who, draft, act.into())
    }

    /// As `note`, on another head than the last one.
    pub fn note_after(
        &mut self,
        who: &str,
        day: i64,
        n: u64,
        prev: Option<EnvelopeId>,
    ) -> EnvelopeId {
        let seat = self.seats[who].clone();
        let case = self.case.unwrap();
        self.seats.get_mut(who).unwrap().here.remove(&case);
        let draft = Draft {
            after: Some((n, prev)),
            ..self.in_case(&[], day)
        };
        let act = Step {
            matter: case.into(),
            event: "note".to_owned(),
            replaces: Vec::new(),
            section: None,
            fields: Fields::new(),
            span: None,
        };
        let id = self.sign(who, draft, act.into());
        self.seats.insert(who.to_owned(), seat);
        id
    }
}
