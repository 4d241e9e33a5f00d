//! Registering a case: who may, at which office, and what is checked before it is signed.

use super::Viewer;
use super::case::visible;
use super::fault;
use super::label::{display, office_ref, text};
use super::seat::reads_cases;
use super::shape::FactShape;
use crate::http::error::{ApiError, ApiResult, FieldFault};
use crate::http::text::words;
use crate::owner::Node;
use jiaolian_schema::calendar::civil_of;
use jiaolian_schema::deadline::add_months;
use jiaolian_schema::desk::{File, Offer, OfferField, opening_offer as opening, value_of};
use jiaolian_schema::id_number::IdNumber;
use jiaolian_schema::workflow::{
    Field, FieldOption, FieldType, Form, Label, Relation, Signer, Value,
};
use std::sync::Arc;

/// The offer to open a case at the person's own office or below.
pub fn opening_offer(node: &Node, viewer: &Viewer) -> Option<Offer> {
    if !reads_cases(node, viewer) {
        return None;
    }
    let by = viewer.capacity();
    let signer = Signer {
        person: by.person,
        tier: by.tier,
        roles: by.roles.into_iter().collect(),
        relation: Relation::Own,
    };
    let mut offer = opening(&node.rules, &signer)?;
    offer.fields.insert(
        0,
        OfferField {
            field: office_field(node, viewer),
            required: true,
        },
    );
    Some(offer)
}

/// Which office is to be responsible: the person's own or one of a township below it.
fn office_field(node: &Node, viewer: &Viewer) -> Field {
    let below = node.offices().subtree(viewer.office).into_iter();
    let near = below.filter(|id| {
        node.offices()
            .get(*id)
            .is_some_and(|office| office.tier <= 2)
    });
    let option = |id: jiaolian_schema::id::OfficeId| {
        let name = office_ref(node, id).name;
        FieldOption {
            id: id.to_hex(),
            zh: name.clone(),
            en: name,
        }
    };
    let label = words("act", "office");
    Field {
        id: "office".into(),
        label: Label {
            zh: label.zh,
            en: label.en,
        },
        kind: FieldType::Choice(near.map(option).collect()),
    }
}

/// Kind of case of a minor in an appointment.
const MINOR_KIND: u8 = 2;
/// Age at which a person is no minor, months.
const ADULT_MONTHS: i32 = 18 * 12;

/// Refuses a form whose entries contradict one another, and raises the identity number to its
/// present form. A minor is never opened as an adult: more people would see the case.
pub fn check(node: &mut Node, viewer: &Viewer, form: &mut Form) -> ApiResult<()> {
    if let (Some(first), Some(last)) = (form.date("term_first"), form.date("term_last"))
        && last < first
    {
        return Err(refuse("term_last", "term_order", &[]));
    }
    let minor = form.flag("minor");
    if minor && !viewer.kinds.contains(&MINOR_KIND) {
        return Err(refuse("minor", "minor_kind", &[]));
    }
    let Some(Value::Text(number)) = form.get("id_number") else {
        return Ok(());
    };
    let number = IdNumber::parse(number);
    let number = number.map_err(|e| ApiError::field("id_number", fault::identity(&e)))?;
    let birth = number.birth();
    if let Some(said) = form.date("birth").filter(|said| *said != birth) {
        return Err(refuse(
            "birth",
            "birth_differs",
            &[&birth.to_string(), &said.to_string()],
        ));
    }
    let adult_from = add_months(birth, ADULT_MONTHS).unwrap_or(birth);
    if !minor && civil_of(node.now()).date() < adult_from {
        return Err(refuse("minor", "minor_by_birth", &[&birth.to_string()]));
    }
    let number = Value::Text(number.as_str().to_owned());
    let files = visible(node, viewer);
    let same =
        |file: &Arc<File>| value_of(file, &node.rules, "id_number").as_ref() == Some(&number);
    if files.iter().any(same) {
        let fault = FieldFault::new("duplicate", &[]);
        return Err(ApiError::new("duplicate").at("id_number", fault));
    }
    form.set("id_number", number);
    Ok(())
}

fn refuse(field: &str, fault: &str, values: &[&str]) -> ApiError {
    ApiError::field(field, FieldFault::new(fault, values))
}

/// What a new case would be.
pub fn opening_facts(node: &Node, form: &Form) -> Vec<FactShape> {
    let fact = |(name, value): (&String, &Value)| {
        let field = &node.rules.case_field(name)?.field;
        let (label, value) = (text(&field.label), display(field, value));
        Some(FactShape {
            label,
            value,
            tone: "plain".into(),
        })
    };
    form.iter().filter_map(fact).collect()
}
