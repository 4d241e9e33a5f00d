//! The offices of a test province, read from one file: who stands under whom, who works there, how
//! many cases.

use serde::Deserialize;
use std::collections::BTreeSet;
use thiserror::Error;

/// The drill province that ships with the program.
pub const HUNAN: &str = include_str!("../topology/hunan.toml");

/// One line of offices, for drills on poor lines.
pub const THIN: &str = include_str!("../topology/thin.toml");

/// Most offices of one topology.
pub const OFFICES_MAX: usize = 64;

/// Why a topology is refused.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum TopologyError {
    #[error("the topology can't be read: {0}")]
    Toml(#[from] toml::de::Error),
    #[error("office `{0}` comes twice")]
    Twice(String),
    #[error("office `{office}` names the parent `{parent}`, which does not come before it")]
    Parent { office: String, parent: String },
    #[error("a topology has exactly one root and it comes first; `{0}` has no parent")]
    Root(String),
    #[error("a topology has 1 to {OFFICES_MAX} offices, this one has {0}")]
    Count(usize),
    #[error("office `{office}` has the staff `{staff}`, which is not one of {known}")]
    Staff {
        office: String,
        staff: String,
        known: String,
    },
}

/// A whole test province.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// Everything made from it is a drill (演练).
    pub drill: bool,
    /// Offices, each after its parent.
    #[serde(rename = "office")]
    pub offices: Vec<OfficePlan>,
}

/// One office of a topology.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficePlan {
    /// Short name in this file, on the command line and in folders.
    pub key: String,
    /// Name shown to people.
    pub name: String,
    /// GB/T 2260 code and suffix.
    pub code: String,
    /// 1 township … 5 ministry.
    pub tier: u8,
    /// Key of the office above.
    pub parent: Option<String>,
    /// Who works there, by the words of `StaffPlan`.
    pub staff: Vec<String>,
    /// How many cases it is seeded with.
    #[serde(default)]
    pub cases: usize,
}

/// One officer of a test office: word in the file, surname-and-name, duty, roles by tier.
#[derive(Debug, Clone, Copy)]
pub struct StaffPlan {
    /// Word in the topology file.
    pub word: &'static str,
    /// Two digits that end the staff number.
    pub suffix: &'static str,
    /// `keeper` or `staff`.
    pub duty: &'static str,
}

/// Every kind of officer that a topology may name.
pub const STAFF: [StaffPlan; 9] = [
    StaffPlan {
        word: "keeper",
        suffix: "00",
        duty: "keeper",
    },
    StaffPlan {
        word: "head",
        suffix: "01",
        duty: "staff",
    },
    StaffPlan {
        word: "officer",
        suffix: "02",
        duty: "staff",
    },
    StaffPlan {
        word: "assistant",
        suffix: "03",
        duty: "staff",
    },
    StaffPlan {
        word: "case",
        suffix: "04",
        duty: "staff",
    },
    StaffPlan {
        word: "duty",
        suffix: "05",
        duty: "staff",
    },
    StaffPlan {
        word: "bureau",
        suffix: "06",
        duty: "staff",
    },
    StaffPlan {
        word: "analyst",
        suffix: "07",
        duty: "staff",
    },
    StaffPlan {
        word: "procurator",
        suffix: "08",
        duty: "staff",
    },
];

impl StaffPlan {
    /// The plan of a word.
    pub fn named(word: &str) -> Option<Self> {
        STAFF.into_iter().find(|plan| plan.word == word)
    }

    /// Role ids of the rules at a tier.
    pub fn roles(&self, tier: u8) -> Vec<&'static str> {
        match (self.word, tier) {
            ("keeper", _) => vec!["KEEPER"],
            ("head", 1) => vec!["OFF_HEAD", "OFF_STAFF"],
            ("officer" | "assistant", _) => vec!["OFF_STAFF"],
            ("head", 2) => vec!["CTY_HEAD"],
            ("head", 3) => vec!["CIT_HEAD"],
            ("head", 4) => vec!["PRO_HEAD"],
            ("case", _) => vec!["CTY_CASE"],
            ("bureau", _) => vec!["CTY_BUREAU"],
            ("duty", _) => vec!["CMD_DUTY"],
            ("procurator", _) => vec!["PROC"],
            _ => vec!["MIN_STAFF"],
        }
    }
}

impl StaffPlan {
    /// What the person is called at a tier.
    pub fn title_zh(&self, tier: u8) -> &'static str {
        match (self.word, tier) {
            ("keeper", _) => "名册管理员",
            ("head", 1) => "所长",
            ("officer", _) => "工作人员",
            ("assistant", _) => "工作人员二",
            ("head", 2) => "县级负责人",
            ("head", _) => "负责人",
            ("case", _) => "案件审核",
            ("bureau", _) => "执行科",
            ("duty", _) => "值班员",
            ("procurator", _) => "检察官",
            _ => "分析员",
        }
    }
}

impl Topology {
    /// Reads a topology and checks its tree.
    pub fn parse(text: &str) -> Result<Self, TopologyError> {
        let topology: Self = toml::from_str(text)?;
        if topology.offices.is_empty() || topology.offices.len() > OFFICES_MAX {
            return Err(TopologyError::Count(topology.offices.len()));
        }
        let mut seen = BTreeSet::new();
        for (at, office) in topology.offices.iter().enumerate() {
            office.check(at == 0, &seen)?;
            if !seen.insert(office.key.clone()) {
                return Err(TopologyError::Twice(office.key.clone()));
            }
        }
        Ok(topology)
    }

    /// One office.
    pub fn office(&self, key: &str) -> Option<&OfficePlan> {
        self.offices.iter().find(|office| office.key == key)
    }
}

impl OfficePlan {
    fn check(&self, first: bool, seen: &BTreeSet<String>) -> Result<(), TopologyError> {
        match &self.parent {
            None if !first => return Err(TopologyError::Root(self.key.clone())),
            Some(parent) if !seen.contains(parent) => {
                return Err(TopologyError::Parent {
                    office: self.key.clone(),
                    parent: parent.clone(),
                });
            }
            _ => {}
        }
        for word in &self.staff {
            if StaffPlan::named(word).is_none() {
                let known: Vec<_> = STAFF.iter().map(|plan| plan.word).collect();
                return Err(TopologyError::Staff {
                    office: self.key.clone(),
                    staff: word.clone(),
                    known: known.join(", "),
                });
            }
        }
        Ok(())
    }

    /// The staff number of one of its officers: the office's code and two digits.
    pub fn staff_number(&self, staff: &StaffPlan) -> String {
        format!("{}{}", self.code, staff.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunan_has_six_townships_under_three_counties() {
        let hunan = Topology::parse(HUNAN).unwrap();
        let of_tier = |tier| hunan.offices.iter().filter(|o| o.tier == tier).count();
        assert_eq!(
            [of_tier(5), of_tier(4), of_tier(3), of_tier(2), of_tier(1)],
            [1, 1, 2, 3, 6]
        );
        let heqing = hunan.office("heqing").unwrap();
        assert_eq!(
            heqing.staff_number(&StaffPlan::named("head").unwrap()),
            "43138110001"
        );
    }

    #[test]
    fn a_parent_that_comes_later_is_refused_by_name() {
        let text = "drill = true\n[[office]]\nkey = \"a\"\nname = \"a\"\ncode = \"1\"\ntier = 2\nparent = \"b\"\nstaff = []\n";
        let error = Topology::parse(text).unwrap_err().to_string();
        assert_eq!(
            error,
            "office `a` names the parent `b`, which does not come before it"
        );
    }
}
