//! Sealed records: who seals, opens for a lawful query, and lifts, and on which grounds alone.

use super::text::keyed;
use crate::workflow::{SignRule, Signer};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is done with a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealStep {
    /// The case is sealed.
    Seal,
    /// One person may read it for a while.
    Consult,
    /// The seal is lifted.
    Lift,
}

/// A ground that the law knows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealGround {
    /// Its id, which acts carry.
    pub id: String,
    /// What it allows.
    pub step: SealStep,
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
    /// Article.
    pub source: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    id: SealStep,
    sign: Vec<SignRule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    source: String,
    verified: bool,
    consult_days_max: u32,
    step: Vec<Step>,
    ground: Vec<SealGround>,
}

/// The rules of sealed records.
#[derive(Debug, Clone)]
pub struct Sealing {
    /// Where they come from.
    pub source: String,
    /// True if they were read in the official text.
    pub verified: bool,
    /// Longest time that one query opens a case for, days.
    pub consult_days_max: u32,
    steps: BTreeMap<SealStep, Vec<SignRule>>,
    grounds: BTreeMap<String, SealGround>,
}

impl Sealing {
    /// Who may sign a step.
    pub fn sign(&self, step: SealStep) -> &[SignRule] {
        self.steps.get(&step).map_or(&[], Vec::as_slice)
    }

    /// Whether a capacity may sign a step.
    pub fn may_sign(&self, step: SealStep, signer: &Signer) -> bool {
        self.sign(step).iter().any(|rule| rule.fits(signer))
    }

    /// A ground by its id.
    pub fn ground(&self, id: &str) -> Option<&SealGround> {
        self.grounds.get(id)
    }

    /// All grounds by id.
    pub fn grounds(&self) -> impl Iterator<Item = &SealGround> {
        self.grounds.values()
    }
}

pub(super) fn parse(text: &str) -> Result<Sealing, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut steps = BTreeMap::new();
    for step in file.step {
        if steps.insert(step.id, step.sign).is_some() {
            return Err(format!("{:?} stands twice", step.id));
        }
    }
    for step in [SealStep::Seal, SealStep::Consult, SealStep::Lift] {
        if steps.get(&step).is_none_or(Vec::is_empty) {
            return Err(format!("somebody signs {step:?}"));
        }
        if !file.ground.iter().any(|ground| ground.step == step) {
            return Err(format!("{step:?} has a ground in the law"));
        }
    }
    if !(1..=30).contains(&file.consult_days_max) {
        let days = file.consult_days_max;
        return Err(format!("consult_days_max lies in 1..=30, found {days}"));
    }
    Ok(Sealing {
        source: file.source,
        verified: file.verified,
        consult_days_max: file.consult_days_max,
        steps,
        grounds: keyed(file.ground, |ground| &ground.id)?,
    })
}
