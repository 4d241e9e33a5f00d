//! What a signature rests on: the facts that follow from a request, and the section that must be on
//! the screen.

use super::label::{display, display_or_none, moment_text, office_ref, rule_text, text};
use super::shape::{Coded, DryRun, FactShape};
use super::{Viewer, act, case};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::desk::{
    DeskMatter, File, Filed, RECORD_WORKFLOW, Section, SectionLine, granted_leaves, grounds_of,
    section_of,
};
use jiaolian_schema::fact::What;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::SlotStanding;
use jiaolian_schema::workflow::{Form, MatterContext, MatterFacts, Workflow};

/// Longest value of a line of a section, characters.
const LINE_CHARS_MAX: usize = 1_000;

/// Days, days together and level of a request.
pub(super) fn facts(node: &Node, table: &Workflow, facts: &MatterFacts) -> Vec<FactShape> {
    let fact = |key: &str, value: Text, tone: &str| FactShape {
        label: words("fact", key),
        value,
        tone: tone.into(),
    };
    let days = |n: u32| words("word", "days").fill(&[&n.to_string()]);
    let Some(sum) = node.rules.leave_sum(table.name(), ("from", "to"), facts) else {
        return Vec::new();
    };
    let level = rule_text(&node.rules, &format!("level.{}", sum.level.as_str()));
    let entrusted = if facts.context.entrusted { "yes" } else { "no" };
    let tone = if sum.together > sum.days {
        "warn"
    } else {
        "plain"
    };
    vec![
        fact("days", days(sum.days), "plain"),
        fact("together", days(sum.together), tone),
        fact("level", level, "plain"),
        fact(
            "entrusted",
            words("word", entrusted),
            if facts.context.entrusted {
                "good"
            } else {
                "warn"
            },
        ),
    ]
}

/// What a further act would mean, in facts and warnings.
pub fn dry_run(node: &Node, table: &Workflow, event: &str, facts_then: &MatterFacts) -> DryRun {
    let warnings = table.warnings_for(event, facts_then);
    let warnings = warnings
        .iter()
        .map(|key| rule_text(&node.rules, key))
        .collect();
    DryRun {
        facts: facts(node, table, facts_then),
        warnings,
    }
}

/// The facts before a matter is opened with a form.
pub fn facts_before(node: &Node, file: &File, table: &Workflow, form: &Form) -> MatterFacts {
    let now = node.now();
    let entrusted = table
        .entrustment()
        .is_some_and(|action| node.authority().entrusted(file.place, action, now));
    let granted_leaves = granted_leaves(file, None);
    let context = MatterContext {
        entrusted,
        granted_leaves,
        days_together: None,
    };
    let slots = std::collections::BTreeMap::new();
    table.facts(&node.rules, &[], &slots, &context, (form, now))
}

/// What must be on the screen when a decision of this matter is signed.
pub fn section(node: &Node, file: &File, matter: &DeskMatter) -> Section {
    let case = case::case_ref(node, file);
    let mut lines = Vec::new();
    let mut line = |label: &Text, value: &str| {
        let value = value.chars().take(LINE_CHARS_MAX).collect();
        lines.push(SectionLine {
            label: label.zh.clone(),
            value,
        });
    };
    line(&words("fact", "person"), &case.name);
    line(&words("fact", "number"), &case.no);
    let table = matter.table(&node.rules);
    let grounds = table.map(|table| grounds_of(file, &node.rules, table));
    let (grounds, values): (Vec<_>, Vec<_>) = grounds.into_iter().flatten().unzip();
    for entry in values {
        if let Some(rule) = node.rules.case_field(&entry.name) {
            let value = display_or_none(&rule.field, entry.value.as_ref());
            line(&text(&rule.field.label), &value.zh);
        }
    }
    if let Some(table) = matter.table(&node.rules) {
        line(&words("fact", "matter"), &table.table().title.zh);
        for (name, value) in &matter.state.facts.form {
            if let Some(field) = table.field(name) {
                line(&text(&field.label), &display(field, value).zh);
            }
        }
        for fact in facts(node, table, &matter.state.facts) {
            line(&fact.label, &fact.value.zh);
        }
        for entry in matter.acts.iter().skip(1).filter_map(|id| file.find(*id)) {
            let What::Step { event, .. } = &entry.fact.what else {
                continue;
            };
            let label = table.find_event(event).map(|event| text(&event.label));
            let by = entry
                .by
                .as_ref()
                .map(|by| by.name.as_str())
                .unwrap_or_default();
            let when = moment_text(entry.fact.at).zh;
            let mut said = format!("{by} {when}");
            if matter
                .slots
                .values()
                .any(|slot| is_contested(slot, entry.fact.id))
            {
                said.push_str(&side_text(node, file, entry));
            }
            line(&label.unwrap_or_default(), &said);
        }
    }
    section_of(matter, lines, grounds)
}

fn is_contested(slot: &SlotStanding, id: EnvelopeId) -> bool {
    matches!(slot, SlotStanding::Conflicted { tips, .. } if tips.contains(&id))
}

/// The reason and the time of evidence of one side of a quarrel, for whoever settles it.
fn side_text(node: &Node, file: &File, entry: &Filed) -> String {
    let window = act::window(node, entry);
    let filed = window.not_after.map(|at| moment_text(at).zh);
    let filed = filed.unwrap_or_else(|| words("quarrel", "unfiled").zh);
    let office = entry.by.as_ref().map(|by| office_ref(node, by.office).name);
    let reason = act::note_of(node, file, entry).unwrap_or_default();
    let values = [&*office.unwrap_or_default(), &*reason, &*filed];
    words("quarrel", "side").fill(&values).zh
}

/// Acts of a case that a reference may name: records that are kept, newest first.
pub fn candidates(node: &Node, viewer: &Viewer, file: &File) -> Vec<Coded> {
    let records = file.good().filter(|entry| {
        matches!(&entry.fact.what, What::Apply { workflow, .. } if workflow == RECORD_WORKFLOW)
    });
    let coded = |id: EnvelopeId| {
        let act = act::act_shape(node, viewer, file, id)?;
        let when = moment_text(act.claimed_at).zh;
        let label = Text::new(
            format!("{} {when}", act.title.zh),
            format!("{} {when}", act.title.en),
        );
        Some(Coded::new(act.id, label))
    };
    let ids: Vec<_> = records.map(|entry| entry.fact.id).collect();
    ids.into_iter().rev().filter_map(coded).collect()
}
