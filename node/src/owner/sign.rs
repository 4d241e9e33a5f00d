//! Signing: what was offered is looked up again, its section compared, its form read, and one act
//! is signed.

use super::Node;
use crate::http::error::{ApiError, ApiResult};
use crate::key::OfficerKey;
use crate::seal::entropy;
use crate::view::form;
use crate::view::shape::{DryRun, Signed, Target};
use crate::view::{self, Viewer};
use jiaolian_schema::act::{Act, Apply, Open, Step};
use jiaolian_schema::desk::{File, Section};
use jiaolian_schema::fact::What;
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId, OfficeId, PersonCode};
use jiaolian_schema::suite::KeyError;
use jiaolian_schema::workflow::{Form, MatterFacts, Value, Workflow, write_wire};
use jiaolian_sync::{Draft, Payload, Seat, SignError};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// What is signed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A new case.
    Cases,
    /// A case.
    Case(DossierId),
    /// A matter.
    Matter(EnvelopeId),
    /// An alarm.
    Alarm(DossierId),
}

/// What a page asks to be signed.
#[derive(Debug, Clone)]
pub struct SignRequest {
    /// Which offer.
    pub event: String,
    /// The form.
    pub fields: Map<String, Json>,
    /// The section that was on the screen.
    pub section_id: Option<String>,
    /// Whether the passphrase was given and is right.
    pub strong: bool,
}

/// Who signs, with which key.
#[derive(Debug, Clone)]
pub struct Hand {
    /// The person in the seat.
    pub viewer: Arc<Viewer>,
    /// The key.
    pub key: Arc<OfficerKey>,
}

/// An act that is ready to be signed.
pub(super) struct Ready {
    pub(super) dossier: Option<DossierId>,
    pub(super) act: Act,
    pub(super) light: bool,
    pub(super) dry: DryRun,
}

impl Node {
    /// Signs what a page asks for; the answer names the act and where to go next.
    pub fn sign_event(
        &mut self,
        hand: &Hand,
        place: Place,
        ask: &SignRequest,
    ) -> ApiResult<Signed> {
        let ready = self.ready(&hand.viewer, place, ask, true)?;
        if !ready.light && !ask.strong {
            let code = match hand.key.ukey() {
                None => "passphrase_wrong",
                Some(_) => "ukey_pin",
            };
            return Err(ApiError::new(code));
        }
        let others = self.others_handled(&hand.viewer, place, ready.dossier, ask);
        let id = self.sign(hand, ready.dossier, ready.act)?;
        for other in others {
            self.sign_along(hand, &other, ask)?;
        }
        let dossier = ready.dossier.unwrap_or(id.into());
        let file = self.file(dossier).ok_or(ApiError::not_found())?;
        let act = view::act::act_shape(self, &hand.viewer, &file, id);
        let act = act.ok_or(ApiError::not_found())?;
        let target = target(
            place,
            &act.id,
            &file,
            file.find(id).map(|entry| &entry.fact.what),
        );
        Ok(Signed { act, target })
    }

    /// What would follow from a form; nothing is signed.
    pub fn try_event(
        &mut self,
        viewer: &Viewer,
        place: Place,
        ask: &SignRequest,
    ) -> ApiResult<DryRun> {
        self.ready(viewer, place, ask, false).map(|ready| ready.dry)
    }

    /// Signs one act in a seat.
    pub fn sign(
        &mut self,
        hand: &Hand,
        dossier: Option<DossierId>,
        act: Act,
    ) -> ApiResult<EnvelopeId> {
        let viewer = &hand.viewer;
        if self.is_doubted(viewer.author) {
            return Err(ApiError::new("rolled_back"));
        }
        let seat = Seat {
            author: viewer.author,
            appointment: viewer.appointment,
        };
        let draft = Draft {
            dossier,
            payload: Payload::Act(act),
        };
        let signed = self
            .replica
            .sign(&*hand.key, seat, draft, self.now(), entropy());
        let id = signed.map_err(|error| refuse_sign(&error))?;
        self.note_signed(viewer.author);
        self.forget(dossier.unwrap_or(id.into()));
        Ok(id)
    }

    /// The newest position of a local author goes to its second place after the commit.
    pub(crate) fn note_signed(&mut self, author: AuthorId) {
        if let Ok(Some(at)) = self.replica.local_tip(author) {
            self.signed.insert(author.0, at.n);
        }
    }

    fn ready(
        &mut self,
        viewer: &Viewer,
        place: Place,
        ask: &SignRequest,
        check_section: bool,
    ) -> ApiResult<Ready> {
        if let Some(mend) = self.ready_mend(viewer, place, ask) {
            return mend;
        }
        match place {
            Place::Cases => self.ready_open(viewer, ask),
            Place::Case(case) => self.ready_case(viewer, case, ask),
            Place::Matter(matter) => {
                let file = view::matter::find(self, viewer, matter)?;
                self.ready_step(viewer, &file, matter, ask, check_section)
            }
            Place::Alarm(alarm) => {
                view::alarm::find(self, viewer, alarm)?;
                let incident = view::incident::of_alarm(self, viewer, alarm);
                let file = incident.ok_or(ApiError::not_found())?.lead;
                self.check_claim(viewer, &file, ask)?;
                self.ready_step(viewer, &file, file.id.into(), ask, check_section)
            }
        }
    }

    fn ready_open(&mut self, viewer: &Viewer, ask: &SignRequest) -> ApiResult<Ready> {
        let offer =
            view::opening::opening_offer(self, viewer).ok_or(ApiError::new("offer_gone"))?;
        let mut filled = form::read(&self.counties, &offer, &ask.fields)?;
        view::opening::check(self, viewer, &mut filled.form)?;
        let minor = u8::from(filled.form.flag("minor"));
        let office = filled.form.choice("office").and_then(OfficeId::from_hex);
        let office = office.unwrap_or(viewer.office);
        let fields = filled.form.iter().filter(|(name, _)| *name != "office");
        let fields = fields.map(|(name, value)| (name.clone(), write_wire(value)));
        let person = PersonCode(entropy());
        let act = Open {
            office,
            person,
            minor,
            fields: fields.collect(),
        }
        .into();
        let dry = DryRun {
            facts: view::opening::opening_facts(self, &filled.form),
            warnings: vec![],
        };
        Ok(Ready {
            dossier: None,
            act,
            light: false,
            dry,
        })
    }

    fn ready_case(
        &mut self,
        viewer: &Viewer,
        case: DossierId,
        ask: &SignRequest,
    ) -> ApiResult<Ready> {
        let file = view::case::find(self, viewer, case)?;
        let offers = view::case::offers(self, viewer, &file);
        let offer = offers.into_iter().find(|offer| offer.event == ask.event);
        let offer = offer.ok_or(ApiError::new("offer_gone"))?;
        form::refuse_blocked(self, &offer)?;
        let filled = form::read(&self.counties, &offer, &ask.fields)?;
        let (prefix, name) = ask.event.split_once(':').unwrap_or((&ask.event, ""));
        let (act, dry) = match prefix {
            "amend" => (self.amend(&file, name, &filled).into(), DryRun::default()),
            "fence_set" => (self.fence(&file, &filled)?.into(), DryRun::default()),
            "checkin_set" => (self.plan(&file, &filled)?.into(), DryRun::default()),
            "device_bind" => (self.device(&file, &filled)?.into(), DryRun::default()),
            "record" => {
                let mut form = filled.form;
                form.set("record_kind", Value::Choice(name.to_owned()));
                self.apply(viewer, &file, "record", &form)?
            }
            _ => self.apply(viewer, &file, name, &filled.form)?,
        };
        Ok(Ready {
            dossier: Some(case),
            act,
            light: false,
            dry,
        })
    }

    fn apply(
        &mut self,
        viewer: &Viewer,
        file: &File,
        name: &str,
        form: &Form,
    ) -> ApiResult<(Act, DryRun)> {
        let rules = Arc::clone(&self.rules);
        let table = rules
            .workflows()
            .filter(|table| table.name().0 == name)
            .last();
        let table = table.ok_or(ApiError::new("offer_gone"))?;
        let event = table.opening().id.clone();
        let facts = view::section::facts_before(self, file, table, form);
        let signer = file.signer(self.offices(), &viewer.capacity());
        table
            .may_sign(&event, &signer, &facts)
            .map_err(|e| form::refuse_rule(self, &e))?;
        check_form(table, &event, form, &facts)?;
        let act = table.write_act(&event, form, &facts);
        let (workflow, version) = table.name();
        let apply = Apply {
            workflow: workflow.to_owned(),
            version,
            on_behalf: 1,
            span: act.span,
            area: act.area,
            fields: act.fields,
        };
        Ok((
            apply.into(),
            view::section::dry_run(self, table, &event, &facts),
        ))
    }

    pub(super) fn ready_step(
        &mut self,
        viewer: &Viewer,
        file: &File,
        matter: EnvelopeId,
        ask: &SignRequest,
        check_section: bool,
    ) -> ApiResult<Ready> {
        let now = self.now();
        let rules = Arc::clone(&self.rules);
        let desk = view::matter::run(self, file, matter).ok_or(ApiError::not_found())?;
        let signer = file.signer(self.offices(), &viewer.capacity());
        let offers = jiaolian_schema::desk::matter_offers(&rules, &desk, &signer, now);
        let offer = offers.into_iter().find(|offer| offer.event == ask.event);
        let offer = offer.ok_or(ApiError::new("offer_gone"))?;
        form::refuse_blocked(self, &offer)?;
        let section = offer
            .decision
            .then(|| view::section::section(self, file, &desk));
        if check_section {
            compare_section(section.as_ref(), ask)?;
        }
        let filled = form::read(&self.counties, &offer, &ask.fields)?;
        let table = desk.table(&rules).ok_or(ApiError::not_found())?;
        let mut facts: MatterFacts = desk.state.facts.clone();
        facts.form.lay(&filled.form);
        check_form(table, &ask.event, &filled.form, &facts)?;
        let act = table.write_act(&ask.event, &filled.form, &facts);
        let slot = table
            .slot_of(&ask.event)
            .and_then(|name| desk.slots.get(name));
        let step = Step {
            matter,
            event: ask.event.clone(),
            replaces: slot.map(|slot| slot.tips().to_vec()).unwrap_or_default(),
            section: section.map(|section| section.bytes()),
            fields: act.fields,
            span: act.span,
        };
        let dry = view::section::dry_run(self, table, &ask.event, &facts);
        Ok(Ready {
            dossier: Some(file.id),
            act: step.into(),
            light: offer.light,
            dry,
        })
    }
}

fn compare_section(section: Option<&Section>, ask: &SignRequest) -> ApiResult<()> {
    let now = section.map(|section| jiaolian_schema::id::hex(&section.id()));
    if now == ask.section_id {
        Ok(())
    } else {
        Err(ApiError::new("section_changed"))
    }
}

fn check_form(table: &Workflow, event: &str, form: &Form, facts: &MatterFacts) -> ApiResult<()> {
    let faults = table.check_form(event, form, facts);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(form::refuse_fields(&faults))
    }
}

fn target(place: Place, act: &str, file: &File, what: Option<&What>) -> Target {
    let to = |view: &str, id: String| Target {
        view: view.into(),
        id: Some(id),
        event: None,
    };
    match (place, what) {
        (Place::Case(_), Some(What::Apply { workflow, .. })) if workflow != "record" => {
            to("matter", act.to_owned())
        }
        (Place::Cases | Place::Case(_), _) => to("case", file.id.to_hex()),
        (Place::Matter(matter), _) => to("matter", matter.to_hex()),
        (Place::Alarm(alarm), _) => to("alarm", alarm.to_hex()),
    }
}

/// Why a UKey gave no signature, in the contract's codes.
pub(crate) fn refuse_key(error: &KeyError) -> ApiError {
    match error {
        KeyError::Absent => ApiError::new("ukey_absent"),
        KeyError::NoPin => ApiError::new("ukey_pin"),
        KeyError::WrongPin { left } => ApiError::with("ukey_pin_wrong", &[&left.to_string()]),
        KeyError::PinLocked => ApiError::new("ukey_locked"),
        KeyError::OtherKey => ApiError::new("ukey_other"),
        KeyError::Failed(why) => {
            tracing::warn!(why, "a UKey gave no signature");
            ApiError::new("ukey_failed")
        }
    }
}

/// A refusal to sign, in the contract's codes.
pub(super) fn refuse_sign(error: &SignError) -> ApiError {
    match error {
        SignError::ClockBehind { .. } => ApiError::new("clock_behind"),
        SignError::Stale { limit, .. } => ApiError::with("authority_stale", &[&limit.to_string()]),
        SignError::Key(error) => refuse_key(error),
        SignError::Store(jiaolian_sync::StoreError::Locked(_)) => ApiError::new("locked"),
        SignError::Store(_) => ApiError::new("store_failed"),
        SignError::UnknownAuthor(_)
        | SignError::OtherKey(_)
        | SignError::OtherAppointment
        | SignError::OutsideInterval { .. }
        | SignError::AppointmentWithout => ApiError::new("not_allowed"),
        other => {
            tracing::warn!(error = %other, "an act was not signed");
            ApiError::rule(&view::fault::sign(other))
        }
    }
}
