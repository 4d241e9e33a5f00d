//! A person on the command line: who is to be enrolled, with which duty and roles.

use crate::key::OfficerKey;
use crate::request::{Seat, check_apart, check_role, check_staff_number, duty_named, duty_word};
use crate::seal::entropy;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{PersonId, hex};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::Sign as _;

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 60;

/// `number,name,duty,ROLE+ROLE`, and the person's id where the person has a capacity elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Newcomer {
    pub(super) staff_number: String,
    pub(super) name: String,
    duty: Duty,
    roles: Vec<String>,
    /// Who it is, where that is known already.
    pub(super) person: Option<PersonId>,
}

impl Newcomer {
    /// Reads an argument of the command line.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let form = "a person is `number,name,keeper|staff,ROLE+ROLE` and, where the same person has a \
                    capacity elsewhere, `,person id`";
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let (staff_number, name, duty, roles, person) = match parts[..] {
            [number, name, duty, roles] => (number, name, duty, roles, None),
            [number, name, duty, roles, person] => {
                let id = PersonId::from_hex(person).ok_or_else(|| {
                    format!("{form}; a person id has 32 hexadecimal digits, not {person:?}")
                })?;
                (number, name, duty, roles, Some(id))
            }
            _ => return Err(format!("{form}, not {text:?}")),
        };
        let duty = duty_named(duty)
            .filter(|duty| *duty != Duty::Witness)
            .ok_or_else(|| format!("{form}; the duty is {duty:?}"))?;
        let chars = name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&chars) || name.chars().any(char::is_control) {
            return Err(format!(
                "a name has 1 to {NAME_CHARS_MAX} characters and no control characters, not {name:?}"
            ));
        }
        let roles: Vec<String> = roles
            .split('+')
            .filter(|role| !role.is_empty())
            .map(str::to_owned)
            .collect();
        let plain = |role: &String| {
            role.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        };
        match roles.iter().find(|role| !plain(role)) {
            Some(role) => Err(format!(
                "a role has capital letters and _ only, not {role:?}"
            )),
            None => Ok(Self {
                staff_number: staff_number.to_owned(),
                name: name.to_owned(),
                duty,
                roles,
                person,
            }),
        }
    }

    /// Whether the rules give such a seat at an office of the tier.
    pub(super) fn check(&self, rules: &RulePack, tier: u8) -> Result<(), String> {
        check_staff_number(&self.staff_number)?;
        let mut roles = self.roles.iter();
        roles.try_for_each(|role| check_role(rules, role, self.duty, tier))?;
        check_apart(rules, &self.roles)
    }

    /// The seat that the person asks for with a key.
    pub(super) fn seat(&self, key: &OfficerKey) -> Seat {
        let person = self.person.unwrap_or_else(|| PersonId(entropy()));
        Seat {
            person: person.to_hex(),
            name: self.name.clone(),
            staff_number: self.staff_number.clone(),
            duty: duty_word(self.duty).to_owned(),
            roles: self.roles.clone(),
            suite: key.suite(),
            key: hex(&key.public_key()),
            endpoint: None,
            acting: None,
        }
    }

    /// Whether the person keeps the roster.
    pub(super) fn is_keeper(&self) -> bool {
        self.duty == Duty::Keeper
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_read_and_odd_ones_are_refused_with_their_value() {
        let person = Newcomer::parse("43138110001, 刘建国, staff, OFF_HEAD+OFF_STAFF").unwrap();
        assert_eq!((person.name.as_str(), person.roles.len()), ("刘建国", 2));
        let known = Newcomer::parse("1,甲,staff,A,000102030405060708090a0b0c0d0e0f").unwrap();
        assert_eq!(known.person.map(|id| id.0[15]), Some(15));
        for odd in [
            "",
            "1,甲,staff",
            "1,甲,witness,",
            "1,,staff,A",
            "1,甲,staff,off_head",
            "1,甲,staff,A,xyz",
        ] {
            let refused = Newcomer::parse(odd).unwrap_err();
            assert!(
                refused.contains(" not ") || refused.contains("duty is"),
                "{refused}"
            );
        }
    }
}
