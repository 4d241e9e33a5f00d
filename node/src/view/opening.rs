//! Registering a case: who may, at which office, and what is checked before it is signed.

use super::Viewer;
use super::case::visible;
use super::label::{display, office_ref, text};
use super::seat::reads_cases;
use super::shape::FactShape;
use crate::http::error::{ApiError, ApiResult, FieldFault};
use crate::http::text::words;
use crate::owner::Node;
use jiaolian_schema::desk::{Offer, OfferField, opening_offer as opening, value_of};
use jiaolian_schema::id_number::IdNumber;
use jiaolian_schema::workflow::{
    Field, FieldOption, FieldType, Form, Label, Relation, Signer, Value,
};

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

/// Refuses an identity number that is none, or that a case seen by this person has already.
pub fn check_identity(node: &mut Node, viewer: &Viewer, form: &Form) -> ApiResult<()> {
    let Some(Value::Text(number)) = form.get("id_number") else {
        return Ok(());
    };
    if let Err(error) = IdNumber::parse(number) {
        let fault = FieldFault::new("invalid", &[&error.to_string()]);
        return Err(ApiError::field("id_number", fault));
    }
    let wanted = Some(Value::Text(number.clone()));
    let files = visible(node, viewer);
    let known = files
        .iter()
        .any(|file| value_of(file, &node.rules, "id_number") == wanted);
    if known {
        Err(ApiError::new("duplicate"))
    } else {
        Ok(())
    }
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
