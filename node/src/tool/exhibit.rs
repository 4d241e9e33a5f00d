//! `jiaolian replay BUNDLE`: judges an alarm's reports anew, with no node and no network, and says
//! whether they come to what the alarm says.

use std::io::Write;
use std::path::Path;

use jiaolian_schema::act::{Act, Raise};
use jiaolian_schema::bundle::{Bundle, Subject};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, body_hash};
use jiaolian_schema::explain::{Difference, Explanation, explain};
use jiaolian_schema::fix::write_instant;
use jiaolian_schema::id::{DossierId, EnvelopeId, hex};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::watch::AlarmKind;
use serde_json::{Value as Json, json};

use super::{Outcome, RunToolError, read_file, refused};

/// Prints what the reports decide, then a line for each difference, then whether all agrees. Signatures
/// are the business of `jiaolian verify`.
pub fn run(
    path: &Path,
    alarm: Option<&str>,
    output: &mut impl Write,
) -> Result<Outcome, RunToolError> {
    let bundle = Bundle::parse(&read_file(path)?).map_err(|error| refused(path, &error))?;
    let Subject::Alarm(dossier) = bundle.subject else {
        return Err(refused(
            path,
            &"a bundle of an alarm is replayed, this one is of a case",
        ));
    };
    let raise = raise_of(&bundle, dossier)
        .ok_or_else(|| refused(path, &"the act that raised the alarm is in the file"))?;
    let is_meant = |text: &str| text == dossier.to_hex() || text == hex(&raise.alarm.0);
    if let Some(other) = alarm.filter(|text| !is_meant(text)) {
        return Err(refused(
            path,
            &format!("the file is of alarm {dossier}, not of {other:?}"),
        ));
    }
    let exhibit = bundle.exhibit().ok_or_else(|| {
        refused(
            path,
            &"the file holds what its alarm was judged from (jiaolian-bundle/2)",
        )
    })?;
    let rules = RulePack::builtin();
    let found = explain(&raise, exhibit, rules.numbers());
    if !found.is_decidable {
        let rule = format!(
            "alarms of kind {} are not decided by a few hours of reports",
            raise.kind
        );
        return Err(refused(path, &rule));
    }
    let pack_differs = bundle.rule_pack != rules.pack_id();
    for line in lines(&raise, &exhibit.person, &found, pack_differs) {
        writeln!(output, "{line}")?;
    }
    Ok(if found.differs.is_empty() {
        Outcome::Whole
    } else {
        Outcome::Differs
    })
}

/// The act that raised the alarm, as the head in the file names its body.
fn raise_of(bundle: &Bundle, dossier: DossierId) -> Option<Raise> {
    let id: EnvelopeId = dossier.into();
    let envelope = bundle
        .envelopes
        .iter()
        .find(|envelope| envelope.id() == id)?;
    let (head, bytes) = (envelope.parse_head().ok()?, envelope.body.as_ref()?);
    if body_hash(head.suite, bytes) != head.body_hash {
        return None;
    }
    let body: Body = canon::decode("a body", bytes).ok()?;
    match Act::from_payload(&body.payload).ok()? {
        (_, Act::Raise(raise)) => Some(raise),
        _ => None,
    }
}

fn lines(raise: &Raise, person: &str, found: &Explanation, pack_differs: bool) -> Vec<Json> {
    let mut lines = Vec::new();
    if let Some(decision) = &found.decision {
        lines.push(json!({
            "person": person, "fence": decision.about, "event": event(decision.kind),
            "time": write_instant(decision.time), "decided_at": write_instant(decision.decided_at),
        }));
    }
    lines.extend(
        found
            .differs
            .iter()
            .map(|differs| json!({ "differs": sentence(differs) })),
    );
    lines.push(json!({
        "alarm": hex(&raise.alarm.0), "kind": raise.kind, "reports": found.seen.len(),
        "counted": found.seen.iter().filter(|seen| seen.counts).count(),
        "rules_differ": pack_differs, "agrees": found.differs.is_empty(),
    }));
    lines
}

fn event(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::Exit | AlarmKind::LeaveDev | AlarmKind::NightOut => "exit",
        AlarmKind::Enter | AlarmKind::NearPerson => "enter",
        AlarmKind::Suspect => "suspect",
        _ => "device",
    }
}

fn sentence(differs: &Difference) -> String {
    match differs {
        Difference::Undecided => "the reports decide no such alarm".to_owned(),
        Difference::Time(said, found) => format!(
            "the alarm says that it began at {}, the reports say {}",
            write_instant(*said),
            write_instant(*found)
        ),
        Difference::DecidedAt(said, found) => format!(
            "the alarm says that it was decided at {}, the reports say {}",
            write_instant(*said),
            write_instant(*found)
        ),
        Difference::Proof(time) => format!(
            "the point of {} that was signed as proof is not among the reports",
            write_instant(*time)
        ),
        Difference::Report(time) => format!(
            "the report of {} is not what the file says that it was",
            write_instant(*time)
        ),
        Difference::Fence(why) => format!("the fence is not sound: {why}"),
    }
}
