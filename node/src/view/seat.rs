//! From a key to the seat that its owner signs in.

use super::label::{office_ref, role_text};
use super::shape::{NodeInfo, PersonShape, SessionShape};
use super::{Viewer, incident};
use crate::http::text::{Text, words};
use crate::owner::Node;
use crate::session::IDLE_MS_MAX;
use jiaolian_schema::act::Appoint;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::rule::Role;
use std::cmp::Reverse;

/// The views of an officer who sees cases, in the order of the navigation.
const CASE_VIEWS: [&str; 7] = [
    "today", "cases", "leave", "alarms", "duty", "map", "network",
];
/// The views of everybody else: separated duties (三员分立).
const OTHER_VIEWS: [&str; 1] = ["network"];
/// The view of those who oversee, beside their others.
const AUDIT_VIEW: &str = "audit";

/// The only view of a session at the wall.
pub const WALL_VIEW: &str = "wall";

/// The seat of a public key under the staff number that opened it, where a good appointment at this
/// office gives one at this time.
pub fn find(node: &Node, staff_number: &str, key: &[u8], now: i64) -> Option<Viewer> {
    let authority = node.authority();
    let seats = authority.appointments().filter(|(_, appoint, good)| {
        *good
            && appoint.key == key
            && appoint.staff_number == staff_number
            && appoint.duty != Duty::Witness
            && !authority.is_barred(appoint.author())
            && (appoint.not_before..=appoint.not_after).contains(&now)
    });
    // A place that was taken goes before the person's own; one that waits to be taken after it.
    let rank = |id: EnvelopeId, appoint: &Appoint| match &appoint.acting {
        Some(_) if authority.has_capacity(id, u64::MAX) => 0,
        None => 1,
        Some(_) => 2,
    };
    // Of several appointments to one place the one that gives most, then the one that lasts longest.
    let width =
        |appoint: &Appoint| Reverse((appoint.roles.len() + appoint.kinds.len(), appoint.not_after));
    let (id, appoint, _) =
        seats.min_by_key(|(id, appoint, _)| (rank(*id, appoint), width(appoint), *id))?;
    let holds = authority.has_capacity(id, u64::MAX);
    let tier = authority
        .offices()
        .get(appoint.office)
        .map_or(0, |office| office.tier);
    Some(Viewer {
        person: appoint.person,
        name: appoint.name.clone(),
        staff_number: appoint.staff_number.clone(),
        office: appoint.office,
        tier,
        author: appoint.author(),
        appointment: Some(id),
        roles: appoint.roles.iter().filter(|_| holds).cloned().collect(),
        acting: appoint.acting.is_some(),
        kinds: appoint.kinds.clone(),
        reads_only: has_role_that(node, &appoint.roles, |role| role.reads_only),
    })
}

/// Whether the seat still stands.
pub fn stands(node: &Node, viewer: &Viewer, now: i64) -> bool {
    let mut appointments = node.authority().appointments();
    appointments.any(|(id, appoint, good)| {
        good && Some(id) == viewer.appointment
            && !node.authority().is_barred(viewer.author)
            && (appoint.not_before..=appoint.not_after).contains(&now)
    })
}

/// Whether the person oversees: reads the logs of the offices below.
pub fn audits(node: &Node, viewer: &Viewer) -> bool {
    has_role_that(node, &viewer.roles, |role| role.audits)
}

/// Whether the person heads the office.
pub fn heads(node: &Node, viewer: &Viewer) -> bool {
    has_role_that(node, &viewer.roles, |role| role.head)
}

fn has_role_that(node: &Node, roles: &[String], is: impl Fn(&Role) -> bool) -> bool {
    let mut known = roles.iter().filter_map(|role| node.rules.role(role));
    known.any(is)
}

/// Whether the person's roles read cases.
pub fn reads_cases(node: &Node, viewer: &Viewer) -> bool {
    has_role_that(node, &viewer.roles, |role| role.reads_cases)
}

/// What anybody may know of this node.
pub fn node_info(node: &mut Node) -> NodeInfo {
    NodeInfo {
        office: office_ref(node, node.office),
        demo: node.demo,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now: node.now(),
        alarm: incident::sounding(node),
        locked: node.is_locked(),
    }
}

/// Who is signed in. `expires_in_ms` is from now; `ukey` where the key is on one.
pub fn session_shape(
    node: &Node,
    viewer: &Viewer,
    (expires_in_ms, ukey): (i64, bool),
) -> SessionShape {
    let mut views = if reads_cases(node, viewer) {
        CASE_VIEWS.to_vec()
    } else {
        OTHER_VIEWS.to_vec()
    };
    if audits(node, viewer) {
        views.push(AUDIT_VIEW);
    }
    let now = node.now();
    SessionShape {
        person: PersonShape {
            id: viewer.person.to_hex(),
            name: viewer.name.clone(),
            staff_number: viewer.staff_number.clone(),
        },
        office: office_ref(node, viewer.office),
        capacity: capacity_text(node, &viewer.roles, viewer.acting),
        roles: viewer.roles.clone(),
        views: views.iter().map(ToString::to_string).collect(),
        expires_at: now + expires_in_ms,
        idle_s: IDLE_MS_MAX / 1_000,
        ukey,
        demo: node.demo,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now,
    }
}

/// All roles in words; 代 before those of a stand-in, and what to do where the place is not taken.
pub fn capacity_text(node: &Node, roles: &[String], acting: bool) -> Text {
    if acting && roles.is_empty() {
        return words("word", "stand_in");
    }
    let texts: Vec<Text> = roles.iter().map(|role| role_text(node, role)).collect();
    let join = |roles: Vec<&str>, with: &str| roles.join(with);
    let all = Text {
        zh: join(texts.iter().map(|text| text.zh.as_str()).collect(), "、"),
        en: join(texts.iter().map(|text| text.en.as_str()).collect(), ", "),
    };
    if acting {
        words("word", "acting").fill_texts(&[&all])
    } else {
        all
    }
}
