//! What a key holds already of the seat that is asked for. A changed seat is a new appointment beside the
//! earlier one, which goes on to its end: what it gave beyond the new one is taken back by revoking the
//! key, and nothing else.

use jiaolian_schema::act::Appoint;
use jiaolian_schema::authority::Authority;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// The kind of a minor's case.
const MINOR: u8 = 2;

/// What good appointments give a key in one place: its own, or a stand-in's for one person.
#[derive(Debug, Default)]
pub(super) struct Held {
    roles: BTreeSet<String>,
    kinds: BTreeSet<u8>,
    each: Vec<Given>,
}

/// What an earlier appointment gives beyond the one that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    staff_number: String,
    roles: Vec<String>,
    minors: bool,
}

impl Held {
    /// What the key that is asked for holds in that place.
    pub(super) fn of(authority: &Authority, asked: &Appoint) -> Self {
        let place = |appoint: &Appoint| appoint.acting.as_ref().map(|acting| acting.person);
        let mut held = Self::default();
        for (_, appoint, good) in authority.appointments() {
            if good && appoint.author() == asked.author() && place(appoint) == place(asked) {
                let (roles, kinds, condition) = of(appoint);
                held.roles.extend(roles.iter().cloned());
                held.kinds.extend(&kinds);
                held.each.push((roles, kinds, condition));
            }
        }
        held
    }

    /// Whether one appointment gives all that is asked for, on the same condition.
    pub(super) fn gives(&self, asked: &Appoint) -> bool {
        let (roles, kinds, condition) = of(asked);
        let mut each = self.each.iter();
        each.any(|held| held.0 >= roles && held.1 >= kinds && held.2 == condition)
    }

    /// What is held and no longer asked for; none where nothing is.
    pub(super) fn beyond(&self, asked: &Appoint) -> Option<Left> {
        let (roles, kinds, _) = of(asked);
        let left = Left {
            staff_number: asked.staff_number.clone(),
            roles: self.roles.difference(&roles).cloned().collect(),
            minors: self.kinds.contains(&MINOR) && !kinds.contains(&MINOR),
        };
        (!left.roles.is_empty() || left.minors).then_some(left)
    }
}

type Given = (BTreeSet<String>, BTreeSet<u8>, Option<String>);

fn of(appoint: &Appoint) -> Given {
    (
        appoint.roles.iter().cloned().collect(),
        appoint.kinds.iter().copied().collect(),
        appoint
            .acting
            .as_ref()
            .map(|acting| acting.condition.clone()),
    )
}

impl Left {
    /// The same in words, with what takes it back.
    pub(super) fn sentence(&self) -> String {
        let mut what = self.roles.join("+");
        if self.minors {
            what += if what.is_empty() { "" } else { "、" };
            what += "未成年人案件";
        }
        format!(
            "工号 {} 原任命中的 {what} 仍有效至原任期届满。如须收回，请由本人 enrol --again 更换密钥，\
             对原密钥 revoke，再次任命。",
            self.staff_number
        )
    }

    /// The same as data.
    pub(super) fn data(&self) -> Json {
        json!({ "staff_number": self.staff_number, "roles": self.roles, "minors": self.minors })
    }
}
