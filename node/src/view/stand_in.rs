//! Stand-ins (AB岗): who was appointed ahead to stand in for whom at this office and below, who does so
//! now, and since when.

use super::Viewer;
use super::label::{office_ref, role_text};
use super::shape::{StandInChange, StandInRow};
use crate::http::error::{ApiError, ApiResult};
use crate::http::text::Text;
use crate::owner::{Hand, Node};
use jiaolian_schema::act::{Appoint, StandIn};
use jiaolian_schema::id::{EnvelopeId, PersonId};
use std::sync::Arc;

/// Longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 200;
/// Most changes shown of one place, the newest.
const CHANGES_MAX: usize = 20;

/// Every place of a stand-in at the person's office and those below, those that are taken first.
pub fn rows(node: &Node, viewer: &Viewer) -> Vec<StandInRow> {
    let authority = node.authority();
    let seats = authority.stand_in_seats().filter(|(_, appoint, good)| {
        *good
            && authority.offices().covers(viewer.office, appoint.office)
            && !authority.is_barred(appoint.author())
    });
    let mut rows: Vec<StandInRow> = seats
        .map(|(id, appoint, _)| row(node, viewer, id, appoint))
        .collect();
    rows.sort_by_key(|row| (!row.own, !row.taken, row.appointment.clone()));
    rows
}

fn row(node: &Node, viewer: &Viewer, id: EnvelopeId, appoint: &Appoint) -> StandInRow {
    let authority = node.authority();
    let acting = appoint.acting.as_ref();
    let mut changes: Vec<StandInChange> = authority
        .stood_in(id)
        .map(|one| StandInChange {
            n: one.n,
            at: one.at,
            reason: one.act.reason.clone(),
            back: one.act.back == 1,
        })
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.n));
    changes.truncate(CHANGES_MAX);
    StandInRow {
        appointment: id.to_hex(),
        office: office_ref(node, appoint.office),
        name: appoint.name.clone(),
        staff_number: appoint.staff_number.clone(),
        in_place_of: acting
            .map(|acting| name_of(node, acting.person))
            .unwrap_or_default(),
        capacity: capacity(node, &appoint.roles),
        condition: acting
            .map(|acting| acting.condition.clone())
            .unwrap_or_default(),
        taken: authority.has_capacity(id, u64::MAX),
        own: is_own(node, viewer, appoint),
        changes,
    }
}

/// Takes a place, or gives it back, in the name of who was appointed to it.
pub fn change(
    node: &mut Node,
    hand: &Hand,
    appointment: EnvelopeId,
    reason: &str,
    back: bool,
) -> ApiResult<()> {
    let viewer = &hand.viewer;
    let appoint = node.authority().appointment(appointment);
    let good = node.authority().is_appointed(appointment);
    let is_own = appoint
        .filter(|appoint| appoint.acting.is_some() && good)
        .is_some_and(|appoint| is_own(node, viewer, appoint));
    if !is_own {
        return Err(ApiError::not_found());
    }
    if node.authority().has_capacity(appointment, u64::MAX) != back {
        return Err(ApiError::new("offer_gone"));
    }
    let act = StandIn {
        appointment,
        reason: reason.to_owned(),
        back: u8::from(back),
    };
    let seated = Viewer {
        appointment: Some(appointment),
        ..Viewer::clone(viewer)
    };
    let hand = Hand {
        viewer: Arc::new(seated),
        key: Arc::clone(&hand.key),
    };
    let roster = node.replica.roster(viewer.office);
    node.sign(&hand, roster, act.into()).map(|_| ())
}

/// Whether the place is one that the person may take now.
fn is_own(node: &Node, viewer: &Viewer, appoint: &Appoint) -> bool {
    appoint.author() == viewer.author
        && (appoint.not_before..=appoint.not_after).contains(&node.now())
}

fn name_of(node: &Node, person: PersonId) -> String {
    let mut known = node.authority().appointments();
    let named = known.find(|(_, appoint, good)| *good && appoint.person == person);
    named.map_or_else(String::new, |(_, appoint, _)| appoint.name.clone())
}

fn capacity(node: &Node, roles: &[String]) -> Text {
    let texts: Vec<Text> = roles.iter().map(|role| role_text(node, role)).collect();
    let join = |words: Vec<&str>, with: &str| words.join(with);
    Text {
        zh: join(texts.iter().map(|text| text.zh.as_str()).collect(), "、"),
        en: join(texts.iter().map(|text| text.en.as_str()).collect(), ", "),
    }
}
