//! The rule pack: every number and procedure of law that the program acts on, as versioned data.
//!
//! Nodes state the pack they judge by; its id is the SHA-256 of the tables' texts in fixed order,
//! so two nodes with one id judge alike.

mod alarm_kind;
mod case_field;
mod deadline_table;
mod decide;
mod duty;
mod policy;
mod role;
mod sealing;
mod shipped;
mod slot;
mod text;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::calendar::Calendar;
use crate::checkin;
use crate::id_number::DivisionTable;
use crate::late::LateRules;
use crate::watch::Numbers;
use crate::workflow::{RuleError, Workflow};

pub use alarm_kind::{AlarmKind, Escalation, Regime, Sla, Worsening};
pub use case_field::{CaseField, DecodeFieldError};
pub use deadline_table::Deadline;
pub use decide::{DecisionFacts, LeaveSum};
pub use duty::DutyRules;
pub use policy::Policy;
pub use role::{Duty, Role};
pub use sealing::{SealGround, SealStep, Sealing};
pub use text::Text;

pub(crate) use shipped::{builtin_check_in_numbers, builtin_lateness, builtin_numbers};

/// What the tables are made of, for whoever reads them without the interpreter.
pub use crate::workflow::{Guard, Leaning, LeaveLevel, Relation, SignRule};

/// The texts of the pack that is built in, in the order in which they are hashed.
const BUILTIN: [(&str, &str); 17] = [
    ("alarm.toml", include_str!("../rules/alarm.toml")),
    ("alarm_kind.toml", include_str!("../rules/alarm_kind.toml")),
    ("calendar.toml", include_str!("../rules/calendar.toml")),
    ("case_field.toml", include_str!("../rules/case_field.toml")),
    (
        "cross_county.toml",
        include_str!("../rules/cross_county.toml"),
    ),
    ("deadline.toml", include_str!("../rules/deadline.toml")),
    ("device.toml", include_str!("../rules/device.toml")),
    ("division.toml", include_str!("../rules/division.toml")),
    ("duty.toml", include_str!("../rules/duty.toml")),
    ("leave.toml", include_str!("../rules/leave.toml")),
    ("policy.toml", include_str!("../rules/policy.toml")),
    ("reception.toml", include_str!("../rules/reception.toml")),
    ("record.toml", include_str!("../rules/record.toml")),
    ("report.toml", include_str!("../rules/report.toml")),
    ("role.toml", include_str!("../rules/role.toml")),
    ("sealing.toml", include_str!("../rules/sealing.toml")),
    ("text.toml", include_str!("../rules/text.toml")),
];

/// Separates this hash from every other use of SHA-256.
const PACK_DOMAIN: &[u8] = b"jiaolian rule pack 1";

/// Why a set of tables is not a rule pack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParsePackError {
    /// One table cannot be read.
    #[error("{file}: {reason}")]
    File {
        /// The table.
        file: String,
        /// Why.
        reason: String,
    },
    /// A table the pack cannot do without.
    #[error("rule pack lacks {0}")]
    Missing(&'static str),
    /// Tables contradict one another.
    #[error("rule pack: {0}")]
    Faults(String),
}

/// All rules, read and found consistent.
#[derive(Debug, Clone)]
pub struct RulePack {
    id: [u8; 32],
    calendar: Calendar,
    divisions: DivisionTable,
    deadlines: BTreeMap<String, Deadline>,
    kinds: BTreeMap<String, AlarmKind>,
    numbers: Numbers,
    check_in_numbers: checkin::Numbers,
    lateness: LateRules,
    roles: BTreeMap<String, Role>,
    fields: BTreeMap<String, CaseField>,
    policies: BTreeMap<String, Policy>,
    sealing: Sealing,
    duty: DutyRules,
    texts: BTreeMap<String, Text>,
    workflows: BTreeMap<(String, u16), Workflow>,
}

impl RulePack {
    /// The pack that ships with the program.
    pub fn builtin() -> Self {
        Self::parse(&BUILTIN).expect("the shipped tables are read by a test")
    }

    /// Reads a pack from named texts; a file not known by name is a workflow.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, ParsePackError> {
        let mut sorted = files.to_vec();
        sorted.sort_unstable();
        let find = |file: &'static str| {
            let found = sorted.iter().find(|(name, _)| *name == file);
            found
                .map(|(_, text)| *text)
                .ok_or(ParsePackError::Missing(file))
        };
        let calendar = Calendar::parse(find("calendar.toml")?).map_err(in_file("calendar.toml"))?;
        let divisions =
            DivisionTable::parse(find("division.toml")?).map_err(in_file("division.toml"))?;
        let kinds =
            alarm_kind::parse(find("alarm_kind.toml")?).map_err(in_file("alarm_kind.toml"))?;
        let numbers = Numbers::read(&kinds).map_err(in_file("alarm_kind.toml"))?;
        let check_in_numbers = checkin::Numbers::read(&kinds);
        let check_in_numbers = check_in_numbers.map_err(in_file("alarm_kind.toml"))?;
        let deadlines =
            deadline_table::parse(find("deadline.toml")?).map_err(in_file("deadline.toml"))?;
        let fields =
            case_field::parse(find("case_field.toml")?).map_err(in_file("case_field.toml"))?;
        let policies = policy::parse(find("policy.toml")?).map_err(in_file("policy.toml"))?;
        let lateness = LateRules::read(&calendar, &kinds, &deadlines, &fields, &policies)
            .map_err(ParsePackError::Faults)?;
        let pack = Self {
            id: pack_id(&sorted),
            calendar,
            divisions,
            deadlines,
            kinds,
            numbers,
            check_in_numbers,
            lateness,
            roles: role::parse(find("role.toml")?).map_err(in_file("role.toml"))?,
            fields,
            policies,
            sealing: sealing::parse(find("sealing.toml")?).map_err(in_file("sealing.toml"))?,
            duty: duty::parse(find("duty.toml")?).map_err(in_file("duty.toml"))?,
            texts: text::parse(find("text.toml")?).map_err(in_file("text.toml"))?,
            workflows: parse_workflows(&sorted)?,
        };
        let faults = pack.faults();
        if faults.is_empty() {
            Ok(pack)
        } else {
            Err(ParsePackError::Faults(faults.join("; ")))
        }
    }

    /// What the pack is called on the wire: SHA-256 over names and texts.
    pub fn pack_id(&self) -> [u8; 32] {
        self.id
    }

    /// Working days.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Known divisions.
    pub fn divisions(&self) -> &DivisionTable {
        &self.divisions
    }

    /// The deadline of that id.
    pub fn deadline(&self, id: &str) -> Option<&Deadline> {
        self.deadlines.get(id)
    }

    /// All deadlines by id.
    pub fn deadlines(&self) -> impl Iterator<Item = &Deadline> {
        self.deadlines.values()
    }

    /// The alarm kind of that code.
    pub fn alarm_kind(&self, code: &str) -> Option<&AlarmKind> {
        self.kinds.get(code)
    }

    /// The numbers by which the watch judges.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// The numbers by which check-ins are judged.
    pub fn check_in_numbers(&self) -> &checkin::Numbers {
        &self.check_in_numbers
    }

    /// The numbers by which something is late.
    pub fn lateness(&self) -> &LateRules {
        &self.lateness
    }

    /// All alarm kinds by code.
    pub fn alarm_kinds(&self) -> impl Iterator<Item = &AlarmKind> {
        self.kinds.values()
    }

    /// The role of that id.
    pub fn role(&self, id: &str) -> Option<&Role> {
        self.roles.get(id)
    }

    /// Whether a role leads its office, so that it may rule on quarrels there and below.
    pub fn leads_office(&self, role: &str) -> bool {
        self.role(role).is_some_and(|role| role.head)
    }

    /// All roles by id.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.values()
    }

    /// The protected field of that name; `fence/east` is one of the many called `fence`.
    pub fn case_field(&self, name: &str) -> Option<&CaseField> {
        match name.split_once('/') {
            Some((id, rest)) => self
                .fields
                .get(id)
                .filter(|field| field.many && !rest.is_empty()),
            None => self.fields.get(name).filter(|field| !field.many),
        }
    }

    /// All protected fields by id.
    pub fn case_fields(&self) -> impl Iterator<Item = &CaseField> {
        self.fields.values()
    }

    /// The number of a policy.
    pub fn policy(&self, id: &str) -> Option<&Policy> {
        self.policies.get(id)
    }

    /// Whom alarms call.
    pub fn duty(&self) -> &DutyRules {
        &self.duty
    }

    /// Sealed records.
    pub fn sealing(&self) -> &Sealing {
        &self.sealing
    }

    /// What people read for a text key.
    pub fn text(&self, key: &str) -> Option<&Text> {
        self.texts.get(key)
    }

    /// The workflow of that name and version.
    pub fn workflow(&self, name: &str, version: u16) -> Result<&Workflow, RuleError> {
        let found = self.workflows.get(&(name.to_owned(), version));
        found.ok_or_else(|| RuleError::Workflow {
            name: name.to_owned(),
            version,
        })
    }

    /// All workflows by name and version.
    pub fn workflows(&self) -> impl Iterator<Item = &Workflow> {
        self.workflows.values()
    }

    /// Sources of rules that nobody has compared with the official text.
    pub fn unverified(&self) -> Vec<String> {
        let deadlines = self.deadlines.values().filter(|rule| !rule.verified);
        let kinds = self.kinds.values().filter(|rule| !rule.verified);
        let policies = self.policies.values().filter(|rule| !rule.verified);
        let fields = self.fields.values().filter(|rule| !rule.verified);
        let tables = self
            .workflows()
            .map(Workflow::table)
            .filter(|table| !table.verified);
        let mut found: Vec<String> = Vec::new();
        found.extend(deadlines.map(|rule| format!("deadline {}: {}", rule.id, rule.source)));
        found.extend(kinds.map(|rule| format!("alarm {}: {}", rule.code, rule.source)));
        found.extend(policies.map(|rule| format!("policy {}: {}", rule.id, rule.source)));
        found.extend(fields.map(|rule| format!("field {}: {}", rule.field.id, rule.source)));
        if !self.sealing.verified {
            found.push(format!("sealing: {}", self.sealing.source));
        }
        if !self.duty.verified {
            found.push(format!("duty: {}", self.duty.source));
        }
        found.extend(tables.map(|table| format!("workflow {}: {}", table.name, table.source)));
        found
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for workflow in self.workflows.values() {
            let table = workflow.table();
            let roles = table.event.iter().flat_map(|event| &event.path);
            let signing = roles
                .flat_map(|path| &path.sign)
                .flat_map(|rule| &rule.roles);
            let owing = table.due.iter().map(|due| &due.role);
            let told = table.reminder.iter().map(|reminder| &reminder.role);
            let sealing = [SealStep::Seal, SealStep::Consult, SealStep::Lift];
            let sealing = sealing.into_iter().flat_map(|step| self.sealing.sign(step));
            let sealing = sealing.flat_map(|rule| &rule.roles);
            for role in signing.chain(sealing).chain(owing).chain(told) {
                if !self.roles.contains_key(role) {
                    faults.push(format!("{}: role {role:?} is not defined", table.name));
                }
            }
            for id in table.due.iter().filter_map(|due| due.deadline.as_ref()) {
                if !self.deadlines.contains_key(id) {
                    faults.push(format!("{}: deadline {id:?} is not defined", table.name));
                }
            }
            let fields = table.rests_on.iter();
            for name in fields.filter(|name| self.case_field(name).is_none()) {
                faults.push(format!("{}: no protected field {name:?}", table.name));
            }
            let reminders = table.reminder.iter().map(|reminder| reminder.text.clone());
            let warnings = table.warning.iter().map(|warning| warning.text.clone());
            let dues = table.due.iter().map(|due| format!("due.{}", due.id));
            for key in reminders.chain(warnings).chain(dues) {
                if !self.texts.contains_key(&key) {
                    faults.push(format!("{}: text {key:?} is not defined", table.name));
                }
            }
        }
        faults
    }
}

fn parse_workflows(
    files: &[(&str, &str)],
) -> Result<BTreeMap<(String, u16), Workflow>, ParsePackError> {
    const TABLES: [&str; 10] = [
        "alarm_kind.toml",
        "calendar.toml",
        "case_field.toml",
        "deadline.toml",
        "division.toml",
        "duty.toml",
        "policy.toml",
        "role.toml",
        "sealing.toml",
        "text.toml",
    ];
    let mut workflows = BTreeMap::new();
    for (file, text) in files.iter().filter(|(file, _)| !TABLES.contains(file)) {
        let workflow = Workflow::parse(text).map_err(in_file(file))?;
        let (name, version) = workflow.name();
        let key = (name.to_owned(), version);
        if workflows.insert(key, workflow).is_some() {
            return Err(in_file(file)(
                "a workflow of this name and version stands twice",
            ));
        }
    }
    Ok(workflows)
}

fn in_file<E: ToString>(file: &str) -> impl Fn(E) -> ParsePackError {
    move |error| ParsePackError::File {
        file: file.to_owned(),
        reason: error.to_string(),
    }
}

fn pack_id(sorted: &[(&str, &str)]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(PACK_DOMAIN);
    for part in sorted.iter().flat_map(|(name, text)| [*name, *text]) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}
