//! `jiaolian account`: makes the account of a person's duty (履职证明) from an office's directory, or
//! checks one without any node.

use super::desk::Desk;
use super::work::{Work, carry_out, write_out};
use super::{Done, EXIT_CANNOT_CREATE, Refusal, read_bounded};
use crate::account::{ACCOUNT_BYTES_MAX, ACCOUNT_SPAN_MS_MAX, Asked, Checked, check, make};
use crate::home::HomeError;
use crate::seal::entropy;
use clap::Args;
use jiaolian_schema::audit::{Looked, Row};
use jiaolian_schema::calendar::{instant_of, parse_date, start_of};
use jiff::civil::DateTime;
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

impl Work for Account {
    fn dir(&self) -> &Path {
        self.dir.as_deref().unwrap_or(Path::new(""))
    }

    fn check(&self, _input: &[u8]) -> Result<(), Refusal> {
        self.span().map(|_| ())
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let number = self.person.as_deref().unwrap_or_default();
        let span = self.span()?;
        let known = desk.authority().appointments();
        let mut known =
            known.filter(|(_, appoint, _)| !number.is_empty() && appoint.staff_number == number);
        let person = known.next().map(|(_, appoint, _)| appoint.person);
        drop(known);
        let person = person.ok_or_else(|| {
            Refusal::data(format!(
                "nobody with the staff number {number} is known here"
            ))
        })?;
        let (office, now) = (desk.home.identity.office_id(), desk.now);
        let row = Row {
            case: None,
            word: Some(format!("of {number}")),
            from: Some(span.0),
            to: Some(span.1),
            ..Row::new(now, None, office, Looked::Account)
        };
        desk.replica
            .note(row)
            .map_err(|error| Refusal::new(super::EXIT_IO, error))?;
        desk.replica.flush_log(now, entropy());
        let root = desk
            .home
            .identity
            .root
            .as_ref()
            .ok_or(HomeError::NotJoined)?;
        let asked = Asked {
            person,
            office,
            span,
        };
        let bytes = make(desk.replica, root, asked, now).map_err(Refusal::data)?;
        let out = self.out.clone().unwrap_or_default();
        let done = Done {
            line: format!(
                "工号 {number} 的履职证明已写入 {}，{} 字节。",
                out.display(),
                bytes.len()
            ),
            data: json!({ "staff_number": number, "file": out.display().to_string(),
                "bytes": bytes.len() }),
        };
        desk.file = Some(bytes);
        Ok(done)
    }

    fn keep(&self, file: &[u8]) -> Result<(), Refusal> {
        let out = self.out.as_deref().unwrap_or(Path::new(""));
        write_out(out, file, EXIT_CANNOT_CREATE)
    }
}

impl Account {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        match (&self.check, &self.dir) {
            (Some(file), _) => self.check_file(file),
            (None, Some(_)) => carry_out(self),
            (None, None) => Err(Refusal::data("either --dir or --check is needed")),
        }
    }

    /// The same as a node's work, where it is one.
    pub(super) fn work(self) -> Option<Arc<dyn Work>> {
        self.dir.is_some().then(|| Arc::new(self) as Arc<dyn Work>)
    }

    fn span(&self) -> Result<(i64, i64), Refusal> {
        let span = (instant(self.from.as_deref())?, instant(self.to.as_deref())?);
        if (1..=ACCOUNT_SPAN_MS_MAX).contains(&span.1.saturating_sub(span.0)) {
            return Ok(span);
        }
        Err(Refusal::data(
            "an account goes from a time to a later one, at most 31 days",
        ))
    }

    fn check_file(&self, file: &Path) -> Result<Done, Refusal> {
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
