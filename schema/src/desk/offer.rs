//! What a signer is offered: steps of a matter, matters to start, fields to amend, records to keep.

use super::field::{FieldEntry, field_entry};
use super::file::File;
use super::ground::{rules_over, settle_fault};
use super::matter::DeskMatter;
use crate::id::EnvelopeId;
use crate::rule::{CaseField, RulePack};
use crate::standing::SlotStanding;
use crate::workflow::{Event, Field, Label, RuleError, Signer, Workflow};

/// Workflows of one act, in which records are kept; their matters are shown as records.
pub const RECORD_WORKFLOW: &str = "record";

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The usual next thing.
    Primary,
    /// Restricts or ends something.
    Danger,
    /// Anything else.
    Plain,
}

/// One field of an offer's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferField {
    /// The field.
    pub field: Field,
    /// Whether it must be filled in.
    pub required: bool,
}

/// Something that can be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Event of the table, or `apply:…`, `amend:…`, `record:…`, `open`.
    pub event: String,
    /// Words on the button.
    pub label: Label,
    /// How it looks.
    pub tone: Tone,
    /// Whether it decides.
    pub decision: bool,
    /// Whether a signed-in session is enough.
    pub light: bool,
    /// Why this signer may not sign it now.
    pub blocked: Option<RuleError>,
    /// The acts that contradict one another and that it settles (裁定, 核定); empty for most.
    pub settles: Vec<EnvelopeId>,
    /// The form.
    pub fields: Vec<OfferField>,
}

/// What can be signed next in a matter.
pub fn matter_offers(
    rules: &RulePack,
    matter: &DeskMatter,
    signer: &Signer,
    now_ms: i64,
) -> Vec<Offer> {
    let Some(table) = matter.table(rules).filter(|_| !matter.withdrawn) else {
        return Vec::new();
    };
    let over = |slot: &str| {
        let rivals = matter.rivals.get(slot);
        rivals.is_some_and(|rivals| rules_over(rules, rivals, signer))
    };
    let offers = table.offers_for(rules, &matter.state, signer, now_ms, over);
    let offer = |offer: crate::workflow::DeskOffer| {
        let event = table.find_event(&offer.event).ok()?;
        Some(Offer {
            event: offer.event.clone(),
            label: event.label.clone(),
            tone: tone(table, event, matter.state.at(now_ms)),
            decision: offer.decision,
            light: offer.light,
            blocked: offer
                .blocked
                .or_else(|| decision_fault((rules, table), matter, &offer.event, signer)),
            settles: settled_by(table, matter, &offer.event),
            // A step carries no area: the permit's area is the one that was asked for.
            fields: without(form(table, &offer.needs, &offer.takes), event.area.as_ref()),
        })
    };
    offers.into_iter().filter_map(offer).collect()
}

/// Why a decision waits although its level and its signer fit: what it rests on is contested, or
/// others must settle a quarrel.
fn decision_fault(
    (rules, table): (&RulePack, &Workflow),
    matter: &DeskMatter,
    event: &str,
    signer: &Signer,
) -> Option<RuleError> {
    let slot = table.slot_of(event)?;
    if let Some(field) = &matter.contested {
        return Some(RuleError::Contested {
            field: field.clone(),
        });
    }
    settle_fault(rules, matter.rivals.get(slot).into_iter().flatten(), signer)
}

fn settled_by(table: &Workflow, matter: &DeskMatter, event: &str) -> Vec<EnvelopeId> {
    let slot = table.slot_of(event).and_then(|slot| matter.slots.get(slot));
    match slot {
        Some(SlotStanding::Conflicted { tips, .. }) => tips.clone(),
        _ => Vec::new(),
    }
}

/// What can be started or amended in a case: `(matters to start, amendments, records)`.
pub fn case_offers(
    file: &File,
    rules: &RulePack,
    signer: &Signer,
) -> (Vec<Offer>, Vec<(Offer, FieldEntry)>, Vec<Offer>) {
    let (mut starts, mut records) = (Vec::new(), Vec::new());
    for table in rules.workflows().filter(|table| !table.opening().raise) {
        let event = table.opening();
        if !event
            .path
            .iter()
            .any(|path| path.sign.iter().any(|rule| rule.fits(signer)))
        {
            continue;
        }
        if table.name().0 == RECORD_WORKFLOW {
            records.extend(record_offers(table, event));
        } else {
            let prefix = format!("apply:{}", table.name().0);
            let title = table.table().title.clone();
            starts.push(start(table, event, prefix, title));
        }
    }
    let amends = rules
        .case_fields()
        .filter(|rule| !rule.many && rule.may_amend(signer));
    let amends = amends.map(|rule| {
        let entry = field_entry(file, rules, &rule.field.id);
        let rivals = entry.rivals.iter().filter_map(|(id, _)| file.find(*id));
        let signers = rivals.filter_map(|rival| rival.by.as_ref());
        let blocked = settle_fault(rules, signers, signer);
        (amend(rule, &entry, blocked), entry)
    });
    (starts, amends.collect(), records)
}

/// The offer to open a case at the signer's own office.
pub fn opening_offer(rules: &RulePack, signer: &Signer) -> Option<Offer> {
    const REQUIRED: [&str; 6] = [
        "name",
        "id_number",
        "sex",
        "kind",
        "term_first",
        "term_last",
    ];
    const OPTIONAL: [&str; 12] = [
        "case_number",
        "birth",
        "decision_organ",
        "document_number",
        "effective",
        "class",
        "home_division",
        "home_address",
        "registered_address",
        "phone",
        "employer",
        "minor",
    ];
    let name = rules
        .case_field("name")
        .filter(|rule| rule.may_amend(signer))?;
    let field = |id: &&str, required| {
        let field = rules.case_field(id)?.field.clone();
        Some(OfferField { field, required })
    };
    let required = REQUIRED.iter().filter_map(|id| field(id, true));
    let optional = OPTIONAL.iter().filter_map(|id| field(id, false));
    let label = Label {
        zh: "登记入矫".into(),
        en: "register a case".into(),
    };
    debug_assert_eq!(name.field.id, "name");
    Some(Offer {
        event: "open".into(),
        label,
        tone: Tone::Primary,
        decision: false,
        light: false,
        blocked: None,
        settles: Vec::new(),
        fields: required.chain(optional).collect(),
    })
}

fn start(table: &Workflow, event: &Event, name: String, label: Label) -> Offer {
    Offer {
        event: name,
        label,
        tone: Tone::Primary,
        decision: false,
        light: false,
        blocked: None,
        settles: Vec::new(),
        fields: form(table, &event.needs, &event.takes),
    }
}

/// One offer for each kind of record, its form without the kind.
fn record_offers(table: &Workflow, event: &Event) -> Vec<Offer> {
    use crate::workflow::FieldType;
    let Some(FieldType::Choice(kinds)) = table.field("record_kind").map(|field| &field.kind) else {
        return Vec::new();
    };
    let offer = |kind: &crate::workflow::FieldOption| {
        let label = Label {
            zh: kind.zh.clone(),
            en: kind.en.clone(),
        };
        let mut offer = start(table, event, format!("record:{}", kind.id), label);
        offer.tone = Tone::Plain;
        offer.fields.retain(|field| field.field.id != "record_kind");
        offer
    };
    kinds.iter().map(offer).collect()
}

fn amend(rule: &CaseField, entry: &FieldEntry, blocked: Option<RuleError>) -> Offer {
    let mut field = rule.field.clone();
    "value".clone_into(&mut field.id);
    Offer {
        event: format!("amend:{}", entry.name),
        label: rule.field.label.clone(),
        tone: Tone::Plain,
        decision: false,
        light: false,
        blocked,
        settles: entry.rivals.iter().map(|(id, _)| *id).collect(),
        fields: vec![OfferField {
            field,
            required: true,
        }],
    }
}

fn form(table: &Workflow, needs: &[String], takes: &[String]) -> Vec<OfferField> {
    let field = |(id, required): (&String, bool)| {
        Some(OfferField {
            field: table.field(id)?.clone(),
            required,
        })
    };
    let needed = needs.iter().map(|id| (id, true));
    let taken = takes
        .iter()
        .map(|id| (id, false))
        .filter(|(id, _)| !needs.contains(id));
    needed.chain(taken).filter_map(field).collect()
}

fn without(mut fields: Vec<OfferField>, area: Option<&String>) -> Vec<OfferField> {
    fields.retain(|entry| Some(&entry.field.id) != area);
    fields
}

/// What restricts is red; what leads on along the usual road is the first button.
fn tone(table: &Workflow, event: &Event, state: &str) -> Tone {
    use crate::workflow::Leaning;
    if let Some(decision) = &event.decision {
        return match decision.effect {
            Leaning::Favourable => Tone::Primary,
            Leaning::Restrictive => Tone::Danger,
        };
    }
    let road = &table.table().road;
    let here = road.iter().position(|stop| stop == state);
    let leads = |next: &String| road.iter().position(|stop| stop == next);
    let next = event
        .path
        .iter()
        .filter_map(|path| path.next.as_ref())
        .filter_map(leads)
        .max();
    if next > here {
        Tone::Primary
    } else {
        Tone::Plain
    }
}
