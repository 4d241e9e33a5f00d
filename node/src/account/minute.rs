//! The lines of an account: what each minute held, in words, with the proof of each.

use super::Account;
use super::check::{Names, window};
use crate::http::text::{Text, words};
use crate::view::label::act_text;
use jiaolian_schema::audit::{Looked, Row};
use jiaolian_schema::authority::Window;
use jiaolian_schema::calendar::civil_of;
use jiaolian_schema::envelope::Head;
use jiaolian_schema::id::{EnvelopeId, OfficeId, PersonId};
use jiaolian_sync::Batch;
use serde::Serialize;
use std::collections::BTreeMap;

/// How a line to another office stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineState {
    /// The office at the other end.
    pub office: String,
    /// Whether it could be reached.
    pub up: bool,
    /// Since when, ms UTC.
    pub since: i64,
    /// Delivered there up to this instant, ms UTC.
    pub as_of: Option<i64>,
}

/// One line of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, by the node's clock, ms UTC.
    pub at: i64,
    /// The minute in Asia/Shanghai, `2026-03-02 09:05`.
    pub minute: String,
    /// Row of the log; 0 for the state at the beginning.
    pub row: u64,
    /// `did`, `knew` or `reach`.
    pub part: &'static str,
    /// Word of the kind.
    pub kind: String,
    /// In words.
    pub text: String,
    /// The act, hexadecimal.
    pub act: Option<String>,
    /// The dossier by the name that rows have for it, hexadecimal.
    pub dossier: Option<String>,
    /// After which instant and not after which instant it was provably there, ms UTC.
    pub proved: (Option<i64>, Option<i64>),
    /// Lines as they stand from here on, where this line changes one.
    pub lines: Option<Vec<LineState>>,
}

/// The account's lines, in order of rows.
pub(super) fn tell(
    names: &Names<'_>,
    account: &Account,
    batches: &[Batch],
    windows: &BTreeMap<EnvelopeId, Window>,
) -> Vec<Line> {
    let (mut lines, mut reach, mut begun) = (Vec::new(), Reach::default(), false);
    for batch in batches {
        let proved = windows.get(&batch.id).copied().unwrap_or_default();
        for (number, row) in names.replica.batch_rows(batch) {
            if row.at >= account.to {
                continue;
            }
            if row.at >= account.from && !begun {
                begun = true;
                lines.push(reach.beginning(names, account.from));
            }
            let changed = reach.follow(&row);
            if row.at >= account.from && is_told(&row, account.person) {
                let mut line = line(names, number, &row, proved);
                line.lines = changed.then(|| reach.states(names));
                lines.push(line);
            }
        }
    }
    if !begun {
        lines.push(reach.beginning(names, account.from));
    }
    lines
}

/// Rows of the person, and of the machine where they say what could be reached and known.
fn is_told(row: &Row, person: PersonId) -> bool {
    match row.person {
        Some(who) => who == person,
        None => part(row.looked) == "reach" || row.looked == Looked::Signed,
    }
}

fn part(looked: Looked) -> &'static str {
    match looked {
        Looked::LineUp
        | Looked::LineDown
        | Looked::Started
        | Looked::Stopped
        | Looked::Unlocked
        | Looked::Locked
        | Looked::Clock => "reach",
        Looked::Signed
        | Looked::TextSaved
        | Looked::DraftSaved
        | Looked::SignedIn
        | Looked::SignInRefused
        | Looked::SignedOut
        | Looked::Export
        | Looked::Refused
        | Looked::Setting
        | Looked::Denied
        | Looked::Account => "did",
        _ => "knew",
    }
}

fn minute(at: i64) -> String {
    civil_of(at).strftime("%Y-%m-%d %H:%M").to_string()
}

fn line(names: &Names<'_>, number: u64, row: &Row, batch: Window) -> Line {
    let act = row
        .act
        .filter(|_| row.looked == Looked::Signed || row.looked == Looked::TextSaved);
    let head = act.and_then(|id| names.replica.envelope(id).ok().flatten());
    let head: Option<Head> = head.and_then(|envelope| envelope.parse_head().ok());
    let own = head.zip(act);
    let own = own.map(|(head, id)| window(names.replica, head.author, head.n, id));
    let part = if row.person.is_none() && row.looked == Looked::Signed {
        "knew"
    } else {
        part(row.looked)
    };
    let proved = own.unwrap_or(batch);
    Line {
        at: row.at,
        minute: minute(row.at),
        row: number,
        part,
        kind: row.looked.word().to_owned(),
        text: said(names, row),
        act: row.act.map(|act| act.to_hex()),
        dossier: row.case.map(|case| case.to_hex()),
        proved: (proved.lower, proved.filed),
        lines: None,
    }
}

/// A row in words.
fn said(names: &Names<'_>, row: &Row) -> String {
    let mut text = if row.person.is_none() && row.looked == Looked::Signed {
        words("account", "machine_signed").zh
    } else {
        words("looked", row.looked.word()).zh
    };
    let mut add = |key: &str, value: &str| {
        text.push_str(&words("account", key).fill(&[value]).zh);
    };
    if let Some(peer) = row.peer {
        add("with", &names.office(peer));
    }
    if let Some(as_of) = row.as_of {
        add("delivered", &minute(as_of));
    }
    if let Some(case) = row.case {
        add("dossier", &case.to_hex()[..8]);
    }
    if let Some(act) = row.act {
        add("act", &act.to_hex()[..8]);
    }
    match (row.looked, &row.word) {
        (Looked::Denied | Looked::SignInRefused, Some(word)) => {
            add("because", &words("error", word).fill(&["", ""]).zh);
        }
        (Looked::Clock, Some(word)) => add("because", &words("clock", word).zh),
        (Looked::Signed, Some(word)) => add("word", &act_text(&names.rules, word).zh),
        (_, Some(word)) => add("word", word),
        _ => {}
    }
    if !row.purpose.is_empty() && row.looked != Looked::Denied {
        add("purpose", &words("purpose", &row.purpose).zh);
    }
    text
}

/// Which offices could be reached.
#[derive(Debug, Default)]
struct Reach {
    lines: BTreeMap<OfficeId, (bool, i64, Option<i64>)>,
}

impl Reach {
    /// Whether the row changes it. No line is open when a machine starts.
    fn follow(&mut self, row: &Row) -> bool {
        let up = match row.looked {
            Looked::LineUp => true,
            Looked::LineDown => false,
            Looked::Started => {
                for line in self.lines.values_mut().filter(|line| line.0) {
                    *line = (false, row.at, line.2);
                }
                return true;
            }
            _ => return false,
        };
        if let Some(peer) = row.peer {
            let before = self.lines.get(&peer).and_then(|line| line.2);
            self.lines.insert(peer, (up, row.at, row.as_of.or(before)));
        }
        true
    }

    fn states(&self, names: &Names<'_>) -> Vec<LineState> {
        let states = self
            .lines
            .iter()
            .map(|(office, (up, since, as_of))| LineState {
                office: names.office(*office),
                up: *up,
                since: *since,
                as_of: *as_of,
            });
        states.collect()
    }

    fn beginning(&self, names: &Names<'_>, from: i64) -> Line {
        let states = self.states(names);
        let state = |line: &LineState| -> Text {
            let key = if line.up { "up_since" } else { "down_since" };
            words("account", key).fill(&[&line.office, &minute(line.since)])
        };
        let texts: Vec<String> = states.iter().map(|line| state(line).zh).collect();
        let text = if texts.is_empty() {
            words("account", "no_line").zh
        } else {
            texts.join("; ")
        };
        Line {
            at: from,
            minute: minute(from),
            row: 0,
            part: "reach",
            kind: "beginning".to_owned(),
            text,
            act: None,
            dossier: None,
            proved: (None, None),
            lines: Some(states),
        }
    }
}
