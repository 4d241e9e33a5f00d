//! What a request may say: the form and bounds of its texts, and who may sit where. A file comes from
//! another office's hands, so that nothing in it is taken for granted before a keeper signs.

use super::{REQUEST_FORM, Request, RequestError, Seat, duty_named};
use jiaolian_schema::authority::is_admin_role;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{OfficeId, PersonId, unhex};
use jiaolian_schema::rule::{Duty as RoleDuty, RulePack};
use jiaolian_schema::suite::Suite;
use std::collections::BTreeSet;

/// Longest name of an office, in characters.
const OFFICE_NAME_CHARS_MAX: usize = 100;
/// Longest name of a seat, in characters; a node's is its office's and a word.
const SEAT_NAME_CHARS_MAX: usize = 110;
/// Shortest and longest code of an office, in bytes.
const CODE_BYTES: std::ops::RangeInclusive<usize> = 2..=24;
/// Longest staff number, in bytes.
const STAFF_NUMBER_BYTES_MAX: usize = crate::key::STAFF_NUMBER_BYTES_MAX;
/// Most seats of one office.
const SEATS_MAX: usize = 200;
/// Most roles of one seat.
const ROLES_MAX: usize = 16;
/// Longest condition of a stand-in, in characters.
const CONDITION_CHARS_MAX: usize = 200;
/// How much of an odd value a sentence shows, in characters.
const SHOWN_CHARS_MAX: usize = 40;
/// What a node's own two keys are, in the order of the duties.
const NODE_ROLES: [(Duty, &str); 2] = [(Duty::Staff, "NODE"), (Duty::Witness, "WITNESS")];

/// A value as a sentence shows it: short, and nothing in it moves the terminal.
pub(super) fn shown(value: &str) -> String {
    let mut chars = value.chars();
    let head: String = chars.by_ref().take(SHOWN_CHARS_MAX).collect();
    let more = if chars.next().is_some() { "…" } else { "" };
    format!("{head:?}{more}")
}

/// An office's name.
pub fn check_office_name(name: &str) -> Result<(), String> {
    if is_text(name, OFFICE_NAME_CHARS_MAX) {
        return Ok(());
    }
    Err(format!(
        "an office's name has 1 to {OFFICE_NAME_CHARS_MAX} characters and no control characters, not {}",
        shown(name)
    ))
}

/// An office's code.
pub fn check_code(code: &str) -> Result<(), String> {
    let plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain && CODE_BYTES.contains(&code.len()) {
        return Ok(());
    }
    Err(format!(
        "an office's code has {} to {} letters and digits, not {}",
        CODE_BYTES.start(),
        CODE_BYTES.end(),
        shown(code)
    ))
}

/// A person's staff number.
pub fn check_staff_number(number: &str) -> Result<(), String> {
    let plain = number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain && (1..=STAFF_NUMBER_BYTES_MAX).contains(&number.len()) {
        return Ok(());
    }
    Err(format!(
        "a staff number has 1 to {STAFF_NUMBER_BYTES_MAX} letters and digits, not {}",
        shown(number)
    ))
}

/// Whether the rules know a person's role, at the office's tier and for the duty.
pub fn check_role(rules: &RulePack, id: &str, duty: Duty, tier: u8) -> Result<(), String> {
    let Some(known) = rules.role(id) else {
        return Err(format!("the rules know no role {}", shown(id)));
    };
    let fits = match duty {
        Duty::Keeper => known.duty == RoleDuty::Keeper,
        Duty::Staff => matches!(known.duty, RoleDuty::Staff | RoleDuty::Partner),
        Duty::Witness => false,
    };
    if !fits {
        return Err(format!("role {id} goes with another duty than the seat's"));
    }
    if !known.tiers.contains(&tier) {
        return Err(format!(
            "role {id} is given at tiers {:?}, not at tier {tier}",
            known.tiers
        ));
    }
    Ok(())
}

/// Whether roles may be held in one seat: an administrator's alone (三员分立).
pub fn check_apart(rules: &RulePack, roles: &[String]) -> Result<(), String> {
    let admin = roles.iter().find(|role| is_admin_role(role));
    match admin.and_then(|role| rules.role(role)) {
        Some(role) if roles.len() > 1 => Err(format!(
            "系统管理员、安全管理员、安全审计员三员分立: {} ({}) is held alone, not with {}",
            role.zh,
            role.id,
            shown(&roles.join("+"))
        )),
        _ => Ok(()),
    }
}

/// The form of a request and of each seat.
pub(super) fn check(request: &Request) -> Result<(), RequestError> {
    let no = |reason: String| Err(RequestError::NoRequest(reason));
    if request.form != REQUEST_FORM {
        return no(format!("its form is {}", shown(&request.form)));
    }
    if OfficeId::from_hex(&request.office).is_none() {
        return no(format!(
            "an office id has 32 hexadecimal digits, not {}",
            shown(&request.office)
        ));
    }
    if !(1..=5).contains(&request.tier) {
        return no(format!(
            "a tier is 1 (township) to 5 (ministry), not {}",
            request.tier
        ));
    }
    check_office_name(&request.name).map_err(RequestError::NoRequest)?;
    check_code(&request.code).map_err(RequestError::NoRequest)?;
    if request.seats.len() > SEATS_MAX {
        return no(format!(
            "a request has at most {SEATS_MAX} seats, not {}",
            request.seats.len()
        ));
    }
    for (index, seat) in request.seats.iter().enumerate() {
        check_seat(index, seat)?;
    }
    check_twice(request)
}

impl Request {
    /// Whether each seat is one that the rules give to an office of this tier.
    pub fn check_roles(&self, rules: &RulePack) -> Result<(), RequestError> {
        for (index, seat) in self.seats.iter().enumerate() {
            let refused = |reason| {
                let name = shown(&seat.name);
                RequestError::Role {
                    index,
                    name,
                    reason,
                }
            };
            let duty = duty_named(&seat.duty).unwrap_or(Duty::Staff);
            if seat.staff_number.is_empty() {
                let is_node = NODE_ROLES
                    .iter()
                    .any(|(of, role)| *of == duty && seat.roles == [*role]);
                let dials = seat.endpoint.is_some() == (duty == Duty::Staff);
                if !is_node || !dials {
                    return Err(refused(
                        "a seat without a staff number is the node's own, NODE or WITNESS"
                            .to_owned(),
                    ));
                }
                continue;
            }
            if seat.endpoint.is_some() {
                return Err(refused("only a node has a transport key".to_owned()));
            }
            for role in &seat.roles {
                check_role(rules, role, duty, self.tier).map_err(refused)?;
            }
            check_apart(rules, &seat.roles).map_err(refused)?;
            if seat.acting.is_some() && duty != Duty::Staff {
                return Err(refused("only staff stand in for others".to_owned()));
            }
        }
        Ok(())
    }
}

fn check_seat(index: usize, seat: &Seat) -> Result<(), RequestError> {
    let wrong = |field, value: &str, wanted| {
        Err(RequestError::Seat {
            index,
            name: shown(&seat.name),
            field,
            value: shown(value),
            wanted,
        })
    };
    if !is_text(&seat.name, SEAT_NAME_CHARS_MAX) {
        return wrong(
            "name",
            &seat.name,
            "1 to 110 characters without control characters",
        );
    }
    if !seat.staff_number.is_empty() && check_staff_number(&seat.staff_number).is_err() {
        return wrong("staff_number", &seat.staff_number, "letters and digits");
    }
    if PersonId::from_hex(&seat.person).is_none() {
        return wrong("person", &seat.person, "32 hexadecimal digits");
    }
    if duty_named(&seat.duty).is_none() {
        return wrong("duty", &seat.duty, "keeper, witness or staff");
    }
    let Some(suite) = Suite::numbered(seat.suite) else {
        let wanted = "1 (Ed25519) or 2 (SM2)";
        return wrong("suite", &seat.suite.to_string(), wanted);
    };
    if unhex(&seat.key).is_none_or(|key| !suite.is_public_key(&key)) {
        let wanted = match suite {
            Suite::Ed25519 => "64 hexadecimal digits of an Ed25519 key",
            Suite::Sm2 => "130 hexadecimal digits of a point on the SM2 curve, 04 first",
        };
        return wrong("key", &seat.key, wanted);
    }
    if let Some(acting) = &seat.acting {
        if PersonId::from_hex(&acting.person).is_none() || acting.person == seat.person {
            return wrong("acting", &acting.person, "the id of another person");
        }
        if !is_text(&acting.condition, CONDITION_CHARS_MAX) {
            return wrong("condition", &acting.condition, "1 to 200 characters");
        }
    }
    if seat.roles.len() > ROLES_MAX {
        return wrong("roles", &seat.roles.len().to_string(), "at most 16 roles");
    }
    Ok(())
}

/// No key and no transport key twice, and no staff number or person twice but the node's own.
fn check_twice(request: &Request) -> Result<(), RequestError> {
    let mut seen = BTreeSet::new();
    let seats = request.seats.iter().enumerate();
    // A stand-in's seat is one more of a person and key that have their own.
    for (index, seat) in seats.filter(|(_, seat)| seat.acting.is_none()) {
        let person = (!seat.staff_number.is_empty()).then_some(&seat.person);
        let number = (!seat.staff_number.is_empty()).then_some(&seat.staff_number);
        let fields = [
            ("key", Some(&seat.key)),
            ("endpoint", seat.endpoint.as_ref()),
            ("person", person),
            ("staff_number", number),
        ];
        for (field, value) in fields {
            let Some(value) = value else { continue };
            if !seen.insert((field, value.to_ascii_lowercase())) {
                return Err(RequestError::Seat {
                    index,
                    name: shown(&seat.name),
                    field,
                    value: shown(value),
                    wanted: "its own: another seat has it too",
                });
            }
        }
    }
    Ok(())
}

fn is_text(text: &str, chars_max: usize) -> bool {
    let mut chars = 0;
    for char in text.chars() {
        chars += 1;
        if chars > chars_max || char.is_control() {
            return false;
        }
    }
    chars > 0
}
