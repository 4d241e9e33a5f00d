//! `jiaolian verify FILE`: judges a bundle anew, with no node and no network: who decided what, in
//! which capacity, under which appointment, in which window, and whether a rule is broken.

use super::{EXIT_CONFIG, EXIT_IO, Refusal, read_bounded};
use crate::identity::RootPin as PinFile;
use crate::view::label::day_number;
use clap::Args;
use jiaolian_schema::act::{Act, Appoint, RootStatement};
use jiaolian_schema::bundle::{BUNDLE_BYTES_MAX, Bundle, Subject};
use jiaolian_schema::calendar::civil_of;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::opinion::{CaseOpinion, Decided, Opinion, Paper, Papers, Says, State, Window};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::StrictVerifier;
use serde_json::{Value as Json, json};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Longest file with a root key, bytes.
const PIN_BYTES_MAX: usize = 64 * 1024;
/// Exit status for evidence that breaks a rule.
const EXIT_BROKEN: u8 = 1;

/// `jiaolian verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The bundle.
    file: PathBuf,
    /// A file with the root key that you trust: an office's `office.json`, or its `root` alone.
    #[arg(long)]
    root: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// What was found.
struct Found {
    root: String,
    given: bool,
    subject: Subject,
    made_at: i64,
    pack_differs: bool,
    lines: Vec<Line>,
    broken: Vec<String>,
}

/// One decision, or another act that has no effect.
struct Line {
    id: EnvelopeId,
    what: String,
    value: &'static str,
    by: Option<By>,
    claimed: i64,
    window: Window,
    fate: &'static str,
    fate_zh: &'static str,
    broken: Option<String>,
}

/// In which capacity.
struct By {
    name: String,
    office: String,
    roles: Vec<String>,
    appointment: Option<EnvelopeId>,
    document: String,
}

impl Verify {
    /// Runs the command: exit status 0 where no rule is broken, 1 where one is.
    pub(super) fn run(&self) -> ExitCode {
        let (text, status) = match self.judge() {
            Ok(found) if self.json => (found.to_json().to_string(), found.status()),
            Ok(found) => (found.to_text(), found.status()),
            Err(refusal) if self.json => {
                let text = json!({ "valid": false, "broken": [refusal.reason] }).to_string();
                (text, refusal.status)
            }
            Err(refusal) => (format!("NOT VALID: {}", refusal.reason), refusal.status),
        };
        match writeln!(io::stdout().lock(), "{text}") {
            Ok(()) => ExitCode::from(status),
            Err(_) => ExitCode::from(EXIT_IO),
        }
    }

    fn judge(&self) -> Result<Found, Refusal> {
        let broken = |reason: String| Refusal::new(EXIT_BROKEN, reason);
        let bytes = read_bounded(&self.file, BUNDLE_BYTES_MAX)?;
        let bundle = Bundle::parse(&bytes).map_err(|error| broken(error.to_string()))?;
        let given = self.root.as_deref().map(read_pin).transpose()?;
        let trusted = given.as_ref().unwrap_or(bundle.root()).clone();
        let open = |root: &RootStatement| {
            Papers::open(root.clone(), bundle.envelopes.iter(), &StrictVerifier)
        };
        let foreign = || {
            broken(format!(
                "rule 5: the root is the one that you trust, {}; the file is of another, {}",
                fingerprint(&trusted),
                fingerprint(bundle.root())
            ))
        };
        // Under a root of somebody else nobody in the file is introduced; that is not what is wrong.
        let papers = open(&trusted).map_err(|error| match open(bundle.root()) {
            Ok(_) if trusted != *bundle.root() => foreign(),
            _ => broken(error.to_string()),
        })?;
        if papers.root() != bundle.root() {
            return Err(foreign());
        }
        let opinion = Opinion::of(&papers);
        let rules = RulePack::builtin();
        let case = opinion.of_case(bundle.subject.dossier(), &rules);
        let lacks = opinion.lacks(bundle.subject.dossier());
        let mut found = Found {
            root: fingerprint(bundle.root()),
            given: given.is_some(),
            subject: bundle.subject,
            made_at: bundle.made_at,
            pack_differs: bundle.rule_pack != rules.pack_id(),
            lines: lines(&opinion, &case, bundle.subject, &rules),
            broken: lacks.iter().map(ToString::to_string).collect(),
        };
        let of_lines = found.lines.iter().filter_map(|line| line.broken.clone());
        let of_lines: Vec<String> = of_lines.collect();
        found.broken.extend(of_lines);
        Ok(found)
    }
}

/// By which people tell a root: the id of its keeper, and its version where it has had several.
fn fingerprint(root: &RootStatement) -> String {
    let keeper = root.keeper.keeper_of(root.office).author();
    if root.version == 1 {
        keeper.to_hex()
    } else {
        format!("{keeper} v{}", root.version)
    }
}

fn read_pin(path: &Path) -> Result<RootStatement, Refusal> {
    let bytes = read_bounded(path, PIN_BYTES_MAX)?;
    let wrong = |error: String| {
        let reason = format!("{} holds no root key: {error}", path.display());
        Refusal::new(EXIT_CONFIG, reason)
    };
    let json: Json = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let pin = json.get("root").unwrap_or(&json).clone();
    let pin: PinFile = serde_json::from_value(pin).map_err(|error| wrong(error.to_string()))?;
    pin.to_statement()
        .ok_or_else(|| wrong("its digits are wrong".to_owned()))
}

/// Decisions in the order of their claimed times, then what else has no effect.
fn lines(
    opinion: &Opinion<'_>,
    case: &CaseOpinion,
    subject: Subject,
    rules: &RulePack,
) -> Vec<Line> {
    let is_asked = |paper: &Paper| match (subject, paper.act()) {
        (Subject::Matter(_, matter), Some((_, Act::Step(step)))) => step.matter == matter,
        (Subject::Matter(_, matter), _) => paper.id == matter,
        _ => true,
    };
    let decided = case.decided.iter().filter_map(|(id, fate)| {
        let paper = opinion.papers().get(*id).filter(|paper| is_asked(paper))?;
        Some(line(opinion, paper, fate, rules))
    });
    let mut lines: Vec<Line> = decided.collect();
    lines.sort_by_key(|line| (line.claimed, line.id));
    for (id, state) in opinion.without_effect(subject.dossier(), rules) {
        let paper = opinion.papers().get(id).filter(|paper| is_asked(paper));
        if let Some(paper) = paper.filter(|_| !case.decided.contains_key(&id)) {
            lines.push(line(opinion, paper, &Decided::NoEffect(state), rules));
        }
    }
    lines
}

fn line(opinion: &Opinion<'_>, paper: &Paper, fate: &Decided, rules: &RulePack) -> Line {
    let (what, value) = words(opinion, paper, rules);
    let reading = opinion.reading(paper.id);
    let (word, zh, broken) = match fate {
        Decided::Stands => ("stands", "有效", None),
        Decided::Replaced => ("replaced", "已被后来的决定取代", None),
        Decided::Late => ("late", "未采用，此前已有决定", None),
        Decided::Conflicted => ("conflicted", "两处决定待裁定", None),
        Decided::Withdrawn => ("withdrawn", "已撤回", None),
        Decided::Unserved => ("unserved", "未送达，不生效", None),
        Decided::Incompetent(rule) => ("not competent", "越权，无效", Some(rule.to_string())),
        Decided::NoEffect(state) => {
            let (word, zh) = match state {
                State::Waiting(_) => ("waiting", "待补，暂不生效"),
                _ => ("void", "无效"),
            };
            (word, zh, state.rule().map(str::to_owned))
        }
    };
    Line {
        id: paper.id,
        what,
        value,
        by: opinion
            .capacity(paper)
            .map(|act| by(opinion, paper, act, rules)),
        claimed: paper.claimed().unwrap_or_default(),
        window: reading.map(|reading| reading.window).unwrap_or_default(),
        fate: word,
        fate_zh: zh,
        broken: broken.map(|rule| format!("{rule} ({} {})", value, paper.id)),
    }
}

fn by(opinion: &Opinion<'_>, paper: &Paper, act: &Appoint, rules: &RulePack) -> By {
    let role = |id: &String| {
        rules
            .role(id)
            .map_or_else(|| id.clone(), |role| role.zh.clone())
    };
    let day = day_number(civil_of(paper.claimed().unwrap_or_default()).date());
    let office = opinion.called(act.office, day);
    By {
        name: act.name.clone(),
        office: office.map_or_else(|| act.office.to_hex(), |(name, _)| name),
        roles: act.roles.iter().map(role).collect(),
        appointment: paper.inside.as_ref().and_then(|(body, _)| body.appointment),
        document: act.document.clone(),
    }
}

/// What was signed, in Chinese and as a word.
fn words(opinion: &Opinion<'_>, paper: &Paper, rules: &RulePack) -> (String, &'static str) {
    match paper.inside.as_ref().map(|(_, says)| says) {
        Some(Says::Act { act, .. }) => match act {
            Act::Step(step) => {
                let matter = opinion.papers().get(step.matter).and_then(Paper::act);
                let workflow = match matter {
                    Some((_, Act::Apply(apply))) => Some((apply.workflow.as_str(), apply.version)),
                    Some((_, Act::Raise(_))) => Some(("alarm", 1)),
                    _ => None,
                };
                let found = workflow.and_then(|(name, version)| rules.workflow(name, version).ok());
                let events = found.map(|found| found.table().event.iter());
                let event = events.and_then(|mut events| events.find(|e| e.id == step.event));
                let label =
                    event.map_or_else(|| step.event.clone(), |event| event.label.zh.clone());
                (label, "step")
            }
            Act::Amend(amend) => {
                let known = rules.case_field(&amend.field);
                let label = known.map_or(amend.field.as_str(), |field| &field.field.label.zh);
                (format!("改定「{label}」"), "amend")
            }
            Act::Assign(_) => ("指定负责机构".to_owned(), "assign"),
            Act::Open(_) => ("立案".to_owned(), "open"),
            Act::Apply(_) => ("提出事项".to_owned(), "apply"),
            Act::Serve(_) => ("送达".to_owned(), "serve"),
            Act::Raise(_) => ("报警".to_owned(), "raise"),
            _ => ("其他".to_owned(), "other"),
        },
        Some(Says::Edit { .. }) => ("文字修改".to_owned(), "edit"),
        _ => ("其他".to_owned(), "other"),
    }
}

impl Found {
    fn status(&self) -> u8 {
        if self.broken.is_empty() {
            0
        } else {
            EXIT_BROKEN
        }
    }

    fn to_text(&self) -> String {
        let root = &self.root;
        let mut out = vec![if self.given {
            format!("信任的根密钥: {root} (与所给文件一致)")
        } else {
            format!("信任的根密钥: {root} (文件自带，请与公布的指纹核对，或用 --root)")
        }];
        if self.pack_differs {
            out.push("注意: 导出单位所用规则版本与本程序不同".to_owned());
        }
        out.extend(self.lines.iter().map(Line::to_text));
        if self.broken.is_empty() {
            out.push("VALID".to_owned());
        } else {
            let broken = self.broken.iter().map(|rule| format!("NOT VALID: {rule}"));
            out.extend(broken);
        }
        out.join("\n")
    }

    fn to_json(&self) -> Json {
        let (kind, id) = match self.subject {
            Subject::Case(id) => ("case", id.to_hex()),
            Subject::Matter(_, id) => ("matter", id.to_hex()),
            Subject::Alarm(id) => ("alarm", id.to_hex()),
        };
        json!({
            "valid": self.broken.is_empty(),
            "root": self.root, "root_given": self.given,
            "subject": { "kind": kind, "id": id }, "made_at": self.made_at,
            "rules_differ": self.pack_differs,
            "decisions": self.lines.iter().map(Line::to_json).collect::<Vec<_>>(),
            "broken": self.broken,
        })
    }
}

impl Line {
    fn to_text(&self) -> String {
        let by = self.by.as_ref().map_or_else(
            || "签名人的任命不在文件中".to_owned(),
            |by| {
                let appointment = by.appointment.map(|id| id.to_hex());
                let appointment = appointment.as_deref().map_or("根", |hex| &hex[..12]);
                format!(
                    "{} ({} {})，任命 {appointment} {}",
                    shown(&by.name),
                    shown(&by.office),
                    by.roles.join("、"),
                    shown(&by.document)
                )
            },
        );
        let verdict = self.broken.as_deref().unwrap_or("VALID");
        format!(
            "{} {}: {by}，证据时间 ({}, {}]，{}: {verdict}",
            clock(Some(self.claimed)),
            shown(&self.what),
            clock(self.window.lower),
            clock(self.window.filed),
            self.fate_zh
        )
    }

    fn to_json(&self) -> Json {
        let by = self.by.as_ref().map(|by| {
            json!({ "name": by.name, "office": by.office, "roles": by.roles,
                "appointment": by.appointment.map(|id| id.to_hex()), "document": by.document })
        });
        json!({
            "id": self.id.to_hex(), "what": self.what, "kind": self.value, "by": by,
            "claimed_at": self.claimed, "after": self.window.lower, "filed": self.window.filed,
            "standing": self.fate, "broken": self.broken,
        })
    }
}

/// A text out of the file, which may hold anything: on one line, and nothing in it moves the
/// terminal.
fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '·' } else { c })
        .collect()
}

/// A time in Asia/Shanghai; a dash where there is none.
fn clock(at: Option<i64>) -> String {
    at.map_or_else(
        || "—".to_owned(),
        |at| civil_of(at).strftime("%Y-%m-%d %H:%M").to_string(),
    )
}
