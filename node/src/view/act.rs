//! One signed act in words: what, by whom, in which capacity, how it stands.

use super::label::{display, office_on, office_ref, standing, standing_of, text};
use super::mend;
use super::seat::capacity_text;
use super::shape::{ActShape, Line, OfficeRef, SignerShape, StandingShape, WindowShape};
use super::{Viewer, form, plan_form};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::act::Act;
use jiaolian_schema::desk::{ALARM_WORKFLOW, File, Filed, RECORD_WORKFLOW};
use jiaolian_schema::fact::What;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::{Outcome, SlotStanding};
use jiaolian_schema::value::{Fields, Value as Wire};
use jiaolian_schema::workflow::{ActForm, Form, Workflow};

/// Fields whose words are the act's own remark.
const NOTE_FIELDS: [&str; 3] = ["note", "opinion", "reason"];

/// One act of a dossier; none where it is not here.
pub fn act_shape(node: &Node, _: &Viewer, file: &File, id: EnvelopeId) -> Option<ActShape> {
    let entry = file.find(id)?;
    let said = say(node, file, entry);
    let matter = matter_of(entry);
    let alarm = matches!(entry.fact.what, What::Raise(_)).then(|| id.to_hex());
    let is_alarm = file.kind == jiaolian_schema::hold::DossierKind::Alarm;
    Some(ActShape {
        id: id.to_hex(),
        kind: said.kind,
        title: said.title,
        detail: said.detail,
        note: said.note,
        signer: signer(node, entry),
        claimed_at: entry.fact.at,
        window: window(node, entry),
        standing: standing_in(node, file, entry),
        corrections: mend::corrections(node, file, entry),
        changed: mend::changed(node, file, entry),
        mend: None,
        matter_id: matter.filter(|_| !is_alarm).map(|id| id.to_hex()),
        alarm_id: alarm.or_else(|| is_alarm.then(|| file.id.to_hex())),
    })
}

/// As `act_shape`, with what this person may still do about it.
pub fn mendable_shape(
    node: &Node,
    viewer: &Viewer,
    file: &File,
    id: EnvelopeId,
) -> Option<ActShape> {
    let entry = file.find(id)?;
    let offer = mend::offer(node, viewer, file, entry);
    let post = format!("/api/v1/cases/{}/events", file.id);
    let shape = |offer| {
        let mut shape = form::offer_shape(node, &offer, &post, None, &[]);
        mend::fill(node, file, entry, &mut shape);
        shape
    };
    let mend = offer.map(shape);
    Some(ActShape {
        mend,
        ..act_shape(node, viewer, file, id)?
    })
}

fn matter_of(entry: &Filed) -> Option<EnvelopeId> {
    match &entry.fact.what {
        What::Apply { workflow, .. } if workflow != RECORD_WORKFLOW => Some(entry.fact.id),
        What::Step { matter, .. } => Some(*matter),
        _ => None,
    }
}

/// Between which instants it was provably signed, and whether the claimed time lies outside.
pub fn window(node: &Node, entry: &Filed) -> WindowShape {
    let window = node.authority().window(&entry.fact);
    WindowShape {
        not_before: window.lower,
        not_after: window.filed,
        odd: window.clamp(entry.fact.at) != entry.fact.at,
    }
}

/// The act's own remark or reason.
pub fn note_of(node: &Node, file: &File, entry: &Filed) -> Option<String> {
    say(node, file, entry).note
}

/// Who signed, in which capacity.
pub fn signer(node: &Node, entry: &Filed) -> SignerShape {
    let unknown = || OfficeRef {
        id: String::new(),
        code: String::new(),
        name: String::new(),
        tier: 1,
    };
    let Some(by) = &entry.by else {
        let (name, capacity) = (words("word", "root").zh, words("word", "root"));
        return SignerShape {
            person_id: entry.fact.author.to_hex(),
            name,
            office: unknown(),
            capacity,
        };
    };
    let is_node = by.roles.iter().any(|role| role == "NODE");
    let capacity = if is_node {
        words("word", "system")
    } else {
        capacity_text(node, &by.roles, by.acting)
    };
    SignerShape {
        person_id: by.person.to_hex(),
        // What an office's own computer signs is signed by no person, whatever its seat is called.
        name: if is_node {
            words("word", "system").zh
        } else {
            by.name.clone()
        },
        office: office_on(node, by.office, entry.fact.at),
        capacity,
    }
}

/// How an act stands among the others of its dossier.
pub fn standing_in(node: &Node, file: &File, entry: &Filed) -> StandingShape {
    let id = entry.fact.id;
    let step = |matter: EnvelopeId| {
        let matter = file.standing.matters.get(&matter)?;
        matter
            .steps
            .iter()
            .find(|step| step.id == id)
            .map(|step| step.outcome)
    };
    match &entry.fact.what {
        _ if !entry.state.is_good() => standing_of(entry.state),
        What::Step { matter, .. } => match step(*matter) {
            Some(Outcome::Conflicted) => standing("conflicted", Some("step"), None),
            Some(Outcome::Late) => standing("late", None, None),
            Some(Outcome::Replaced) => standing("replaced", None, None),
            Some(Outcome::NotCompetent) => {
                standing("void", Some(no_capacity(node, file, entry, *matter)), None)
            }
            Some(Outcome::Withdrawn) => standing("withdrawn", None, None),
            _ => standing_of(entry.state),
        },
        What::Apply { .. } if file.standing.is_withdrawn(id) => standing("withdrawn", None, None),
        What::Withdraw { .. } if !counts(file, id) => standing("late", Some("withdraw"), None),
        What::Amend { field, .. } => match file.standing.fields.get(field) {
            Some(SlotStanding::Conflicted { tips, .. }) if tips.contains(&id) => {
                standing("conflicted", Some("field"), None)
            }
            _ => standing_of(entry.state),
        },
        _ => standing_of(entry.state),
    }
}

fn counts(file: &File, withdrawal: EnvelopeId) -> bool {
    let found = file.standing.withdrawals.get(&withdrawal);
    found.is_some_and(|withdrawal| withdrawal.counts)
}

/// Why a decision by a good key decides nothing.
fn no_capacity(node: &Node, file: &File, entry: &Filed, matter: EnvelopeId) -> &'static str {
    let Some(by) = &entry.by else {
        return "capacity";
    };
    if by.acting && by.roles.is_empty() {
        return "stand_in";
    }
    let action = table_of(node, file, matter).and_then(Workflow::entrustment);
    let at = node.authority().window(&entry.fact).clamp(entry.fact.at);
    match action {
        // 社区矫正法 Art. 9: a township office acts within what is entrusted to it.
        Some(action) if by.tier == 1 && !node.authority().entrusted(by.office, action, at) => {
            "entrust"
        }
        _ => "capacity",
    }
}

struct Said {
    kind: String,
    title: Text,
    detail: Vec<Line>,
    note: Option<String>,
}

fn say(node: &Node, file: &File, entry: &Filed) -> Said {
    let plain = |kind: &str| Said {
        kind: kind.into(),
        title: words("act", kind),
        detail: Vec::new(),
        note: None,
    };
    match &entry.fact.what {
        What::Open { .. } => plain("open"),
        What::Assign { office, .. } => {
            let line = Line {
                label: words("act", "office"),
                value: Text::plain(office_ref(node, *office).name),
            };
            Said {
                detail: vec![line],
                ..plain("assign")
            }
        }
        What::Amend { field, .. } => say_amend(node, entry, field),
        What::Apply {
            workflow, version, ..
        } => say_apply(node, entry, (workflow, *version)),
        What::Step { matter, event, .. } => say_step(node, file, entry, *matter, event),
        What::Serve { .. } => plain("serve"),
        What::Raise(raise) => {
            let kind = node.rules.alarm_kind(&raise.kind);
            let kind = kind.map(|kind| Text::new(&kind.zh, &kind.en));
            let line = Line {
                label: words("act", "alarm_kind"),
                value: kind.unwrap_or_else(|| Text::plain(&raise.kind)),
            };
            Said {
                detail: vec![line],
                ..plain("raise")
            }
        }
        What::Withdraw { act } | What::Correct { act, .. } => say_mended(node, file, entry, *act),
        What::Edit => plain("edit"),
        _ => plain("other"),
    }
}

/// A withdrawal or a correction, in the words of the act that it names.
fn say_mended(node: &Node, file: &File, entry: &Filed, of: EnvelopeId) -> Said {
    let named = file.find(of);
    // Only an application or a step is told by its own words, so that no chain of namings is
    // followed.
    let told = named.filter(|named| {
        matches!(
            named.fact.what,
            What::Apply { .. } | What::Step { .. } | What::Serve { .. }
        )
    });
    let title = told.map(|named| say(node, file, named).title);
    let (kind, reason, lines) = match &entry.act {
        Some(Act::Correct(correct)) => {
            let lines = named.map(|named| mend::lines(node, file, named, &correct.fields));
            ("correct", Some(&correct.reason), lines.unwrap_or_default())
        }
        Some(Act::Withdraw(withdraw)) => ("withdraw", Some(&withdraw.reason), Vec::new()),
        _ if matches!(entry.fact.what, What::Correct { .. }) => ("correct", None, Vec::new()),
        _ => ("withdraw", None, Vec::new()),
    };
    let line = |line: super::shape::ChangeLine| Line {
        label: line.label,
        value: words("mend", "line").fill_texts(&[&line.before, &line.after]),
    };
    Said {
        kind: kind.into(),
        title: words("act", kind).fill_texts(&[&title.unwrap_or_default()]),
        detail: lines.into_iter().map(line).collect(),
        note: reason.filter(|reason| !reason.is_empty()).cloned(),
    }
}

fn say_amend(node: &Node, entry: &Filed, field: &str) -> Said {
    let rule = node.rules.case_field(field);
    let value = match (&entry.act, rule) {
        (Some(Act::Amend(amend)), Some(rule)) => {
            plan_form::value_words(node, rule, field, &amend.value)
        }
        _ => words("word", "closed"),
    };
    let label = rule.map_or_else(|| Text::plain(field), |rule| text(&rule.field.label));
    let label = match field.split_once('/') {
        Some((_, name)) => Text::new(
            format!("{} {name}", label.zh),
            format!("{} {name}", label.en),
        ),
        None => label,
    };
    let title = words("act", "amend").fill_texts(&[&label]);
    Said {
        kind: "amend".into(),
        title,
        detail: vec![Line { label, value }],
        note: None,
    }
}

fn say_apply(node: &Node, entry: &Filed, (workflow, version): (&str, u16)) -> Said {
    let Ok(table) = node.rules.workflow(workflow, version) else {
        return Said {
            kind: "other".into(),
            title: words("act", "other"),
            detail: vec![],
            note: None,
        };
    };
    let event = &table.opening().id;
    let form = form_of(table, event, entry);
    let (detail, note) = lines(table, &form);
    if workflow == RECORD_WORKFLOW {
        let kind = form.choice("record_kind").unwrap_or("record").to_owned();
        let title = table.field("record_kind").zip(form.get("record_kind"));
        let title = title.map(|(field, value)| display(field, value));
        let title = title.unwrap_or_else(|| text(&table.table().title));
        return Said {
            kind,
            title,
            detail,
            note,
        };
    }
    let title = text(&table.opening().label);
    Said {
        kind: format!("apply:{workflow}"),
        title,
        detail,
        note,
    }
}

fn say_step(node: &Node, file: &File, entry: &Filed, matter: EnvelopeId, event: &str) -> Said {
    let table = table_of(node, file, matter);
    let Some(table) = table else {
        return Said {
            kind: event.into(),
            title: Text::plain(event),
            detail: vec![],
            note: None,
        };
    };
    let (detail, note) = lines(table, &form_of(table, event, entry));
    let title = table.find_event(event).map(|event| text(&event.label));
    let title = title.unwrap_or_else(|_| Text::plain(event));
    Said {
        kind: event.into(),
        title,
        detail,
        note,
    }
}

/// The table of a matter of a dossier.
pub fn table_of<'a>(node: &'a Node, file: &File, matter: EnvelopeId) -> Option<&'a Workflow> {
    let (name, version) = match &file.find(matter)?.fact.what {
        What::Apply {
            workflow, version, ..
        } => (workflow.as_str(), *version),
        What::Raise(_) => ALARM_WORKFLOW,
        _ => return None,
    };
    node.rules.workflow(name, version).ok()
}

/// What an act filled in, as far as it can be read.
pub fn form_of(table: &Workflow, event: &str, entry: &Filed) -> Form {
    let (span, area) = match &entry.fact.what {
        What::Apply { span, area, .. } => (*span, area.clone()),
        What::Step { span, .. } => (*span, None),
        _ => (None, None),
    };
    let fields = match &entry.act {
        Some(Act::Apply(apply)) => apply.fields.clone(),
        Some(Act::Step(step)) => step.fields.clone(),
        _ => Fields::new(),
    };
    debug_assert!(
        fields
            .values()
            .all(|value| !matches!(value, Wire::Text(t) if t.contains('\0')))
    );
    table.read_act(event, &ActForm { fields, span, area }).0
}

fn lines(table: &Workflow, form: &Form) -> (Vec<Line>, Option<String>) {
    let mut detail = Vec::new();
    let mut note = None;
    for (name, value) in form {
        let Some(field) = table.field(name) else {
            continue;
        };
        let shown = display(field, value);
        if note.is_none() && NOTE_FIELDS.contains(&name.as_str()) {
            note = Some(shown.zh);
        } else {
            detail.push(Line {
                label: text(&field.label),
                value: shown,
            });
        }
    }
    (detail, note)
}
