//! `jiaolian account`: makes the account of a person's duty (履职证明) from an office's directory, or
//! checks one without any node.

use super::{Done, EXIT_CANNOT_CREATE, Refusal, now_ms, read_bounded};
use crate::account::{ACCOUNT_BYTES_MAX, ACCOUNT_SPAN_MS_MAX, Asked, Checked, check, make};
use crate::home::{Home, HomeError, settle};
use crate::seal::entropy;
use crate::store::CACHE_MIB_DEFAULT;
use clap::Args;
use jiaolian_schema::audit::{Looked, Row};
use jiaolian_schema::calendar::{instant_of, parse_date, start_of};
use jiff::civil::DateTime;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;

/// `jiaolian account`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["dir", "check"])))]
pub struct Account {
    /// The office's data directory.
    #[arg(long, requires_all = ["person", "from", "to", "out"])]
    dir: Option<PathBuf>,
    /// Staff number of the person.
    #[arg(long)]
    person: Option<String>,
    /// From when, Asia/Shanghai: `2026-03-02` or `2026-03-02T09:00`.
    #[arg(long)]
    from: Option<String>,
    /// Until when, not included.
    #[arg(long)]
    to: Option<String>,
    /// Where the account goes.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Check an account instead.
    #[arg(long, conflicts_with_all = ["dir", "out"])]
    check: Option<PathBuf>,
    /// The root key that you trust, hexadecimal.
    #[arg(long, requires = "check")]
    root: Option<String>,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Account {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        match (&self.check, &self.dir) {
            (Some(file), _) => self.check(file),
            (None, Some(dir)) => self.make(dir),
            (None, None) => Err(Refusal::data("either --dir or --check is needed")),
        }
    }

    fn make(&self, dir: &std::path::Path) -> Result<Done, Refusal> {
        let number = self.person.as_deref().unwrap_or_default();
        let span = (instant(self.from.as_deref())?, instant(self.to.as_deref())?);
        if !(1..=ACCOUNT_SPAN_MS_MAX).contains(&span.1.saturating_sub(span.0)) {
            return Err(Refusal::data(
                "an account goes from a time to a later one, at most 31 days",
            ));
        }
        let (home, store) = Home::open(dir, CACHE_MIB_DEFAULT)?;
        let mut replica = home.replica(&store)?;
        let known = replica.authority().appointments();
        let mut known =
            known.filter(|(_, appoint, _)| !number.is_empty() && appoint.staff_number == number);
        let person = known.next().map(|(_, appoint, _)| appoint.person);
        drop(known);
        let person = person.ok_or_else(|| {
            Refusal::data(format!(
                "nobody with the staff number {number} is known here"
            ))
        })?;
        let (office, now) = (home.identity.office_id(), now_ms());
        let row = Row {
            case: None,
            word: Some(format!("of {number}")),
            from: Some(span.0),
            to: Some(span.1),
            ..Row::new(now, None, office, Looked::Account)
        };
        replica
            .note(row)
            .map_err(|error| Refusal::new(super::EXIT_IO, error))?;
        replica.flush_log(now, entropy());
        settle(&mut replica, &store).map_err(HomeError::from)?;
        let root = home.identity.root.as_ref().ok_or(HomeError::NotJoined)?;
        let asked = Asked {
            person,
            office,
            span,
        };
        let bytes = make(&replica, root, asked, now).map_err(Refusal::data)?;
        let out = self.out.clone().unwrap_or_default();
        std::fs::write(&out, &bytes).map_err(|error| {
            Refusal::new(EXIT_CANNOT_CREATE, format!("{}: {error}", out.display()))
        })?;
        Ok(Done {
            line: format!(
                "工号 {number} 的履职证明已写入 {}，{} 字节。",
                out.display(),
                bytes.len()
            ),
            data: json!({ "staff_number": number, "file": out.display().to_string(),
                "bytes": bytes.len() }),
        })
    }

    fn check(&self, file: &std::path::Path) -> Result<Done, Refusal> {
        let bytes = read_bounded(file, ACCOUNT_BYTES_MAX)?;
        let checked = check(&bytes, self.root.as_deref())
            .map_err(|error| Refusal::new(1, format!("INVALID: {error}")))?;
        let data = json!({
            "valid": true, "person": checked.account.person.to_hex(), "name": checked.name,
            "office": checked.office, "from": checked.account.from, "to": checked.account.to,
            "root_key": checked.account.root_mark(), "rows": checked.rows,
            "covered_until": checked.covered_until, "lines": checked.lines,
        });
        Ok(Done {
            line: text(&checked),
            data,
        })
    }
}

/// An account as lines, the verdict last.
fn text(checked: &Checked) -> String {
    let mut out = format!("{} {}\n", checked.office, checked.name);
    for line in &checked.lines {
        let proved = match line.proved {
            (_, Some(filed)) => format!(" [证据时间 {}]", clock(filed)),
            _ => String::new(),
        };
        let _ = writeln!(out, "{} {}{proved}", line.minute, line.text);
    }
    let _ = writeln!(out, "根密钥 {}", checked.account.root_mark());
    let _ = writeln!(out, "操作记录第{}至{}条", checked.rows.0, checked.rows.1);
    out.push_str("VALID");
    out
}

fn clock(at: i64) -> String {
    let civil = jiaolian_schema::calendar::civil_of(at);
    civil.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn instant(text: Option<&str>) -> Result<i64, Refusal> {
    let text = text.unwrap_or_default();
    if let Ok(date) = parse_date(text) {
        return Ok(start_of(date));
    }
    let at: Result<DateTime, _> = text.parse();
    at.map(instant_of).map_err(|_| {
        Refusal::data(format!(
            "a time is written 2026-03-02 or 2026-03-02T09:00, not {text}"
        ))
    })
}
