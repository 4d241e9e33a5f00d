//! Words and small shapes that every view uses: offices, labels of the rules, values, deadlines,
//! standing.

use super::shape::{Coded, Delivery, DueShape, OfficeRef, Remaining, StandingShape};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::authority::{State, Wait};
use jiaolian_schema::calendar::civil_of;
use jiaolian_schema::deadline::{DueAt, Unit, left};
use jiaolian_schema::id::{DossierId, OfficeId};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::workflow::{Due, Field, FieldType, Label, Value, Workflow};
use jiaolian_sync::Delivery as Delivered;
use jiff::civil::Date;

const DAY_MS: i64 = 86_400_000;
/// A deadline that is nearer than this is orange, ms.
const NEAR_MS: i64 = DAY_MS;

/// A label of the rules.
pub fn text(label: &Label) -> Text {
    Text::new(&label.zh, &label.en)
}

/// Words of the rules' catalogue; where it has none, the key.
pub fn rule_text(rules: &RulePack, key: &str) -> Text {
    let found = rules.text(key).map(|text| Text::new(&text.zh, &text.en));
    found.unwrap_or_else(|| words("rule", key))
}

/// The word that a row of the log has for an act, in words of the rules.
pub fn act_text(rules: &RulePack, word: &str) -> Text {
    let (kind, name) = word.split_once(':').unwrap_or((word, ""));
    let found = match kind {
        "open" | "assign" | "serve" | "amend" | "rota" | "hand_over" => Some(words("act", kind)),
        "apply" => {
            let tables = rules.workflows().filter(|table| table.name().0 == name);
            tables.last().map(|table| text(&table.table().title))
        }
        _ => {
            let kind = rules.alarm_kind(word);
            let kind = kind.map(|kind| Text::new(&kind.zh, &kind.en));
            kind.or_else(|| {
                let mut events = rules.workflows().flat_map(|table| &table.table().event);
                let event = events.find(|event| event.id == word)?;
                Some(text(&event.label))
            })
        }
    };
    found.unwrap_or_else(|| Text::plain(word))
}

/// A role in words.
pub fn role_text(node: &Node, role: &str) -> Text {
    let found = node
        .rules
        .role(role)
        .map(|role| Text::new(&role.zh, &role.en));
    found.unwrap_or_else(|| Text::plain(role))
}

/// An office; one that is not known here has its id for a name.
pub fn office_ref(node: &Node, id: OfficeId) -> OfficeRef {
    office_on(node, id, node.now())
}

/// An office by the name and code that it had at an instant, ms UTC.
pub fn office_on(node: &Node, id: OfficeId, ms: i64) -> OfficeRef {
    let authority = node.authority();
    let named = authority.name_at(id, day_number(civil_of(ms).date()));
    let (code, name) = match named {
        Some(named) => (named.code.to_owned(), named.name.to_owned()),
        None => (String::new(), id.to_hex()[..8].to_owned()),
    };
    let tier = node.offices().get(id).map_or(1, |office| office.tier);
    OfficeRef {
        id: id.to_hex(),
        code,
        name,
        tier,
    }
}

/// Days since 1970-01-01.
pub fn day_number(day: Date) -> i32 {
    (day - Date::constant(1970, 1, 1)).get_days()
}

/// A state of a table.
pub fn state_coded(table: &Workflow, state: &str) -> Coded {
    let label = table.find_state(state).map(|state| text(&state.label));
    Coded::new(state, label.unwrap_or_else(|| Text::plain(state)))
}

/// The word of a field's kind in the contract.
pub fn kind_word(kind: &FieldType) -> &'static str {
    match kind {
        FieldType::Bool => "bool",
        FieldType::Date => "date",
        FieldType::Time => "datetime",
        FieldType::Ref => "ref",
        FieldType::Int { .. } => "integer",
        FieldType::Text { .. } => "text",
        FieldType::Choice(_) => "choice",
        FieldType::Area { .. } => "area",
    }
}

/// A value in words.
pub fn display(field: &Field, value: &Value) -> Text {
    match value {
        Value::Bool(yes) => words("word", if *yes { "yes" } else { "no" }),
        Value::Choice(id) => match &field.kind {
            FieldType::Choice(options) => {
                options.iter().find(|option| option.id == *id).map_or_else(
                    || Text::plain(id),
                    |option| Text::new(&option.zh, &option.en),
                )
            }
            _ => Text::plain(id),
        },
        Value::Int(number) => Text::plain(number.to_string()),
        Value::Date(date) => date_text(*date),
        Value::Time(ms) => moment_text(*ms),
        Value::Text(text) => Text::plain(text),
        Value::Ref(_) => words("word", "attached"),
        Value::Area(_) => words("word", "area"),
    }
}

/// A value that may not be there, in words.
pub fn display_or_none(field: &Field, value: Option<&Value>) -> Text {
    value.map_or_else(|| words("word", "none"), |value| display(field, value))
}

/// A civil date in words: 2026年3月2日(周一), Mon 2 Mar 2026.
pub fn date_text(date: Date) -> Text {
    const WEEK: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];
    let day = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
    let (year, month, of_month) = (date.year(), date.month(), date.day());
    Text::new(
        format!("{year}年{month}月{of_month}日(周{})", WEEK[day]),
        date.strftime("%a %-d %b %Y").to_string(),
    )
}

/// First and last day on one line: 2026年3月4日—3月10日, 4 Mar — 10 Mar 2026.
pub fn span_text(first: Date, last: Date) -> Text {
    let same_year = first.year() == last.year();
    let last_zh = if same_year {
        "%-m月%-d日"
    } else {
        "%Y年%-m月%-d日"
    };
    let first_en = if same_year { "%-d %b" } else { "%-d %b %Y" };
    Text::new(
        format!(
            "{}—{}",
            first.strftime("%Y年%-m月%-d日"),
            last.strftime(last_zh)
        ),
        format!(
            "{} — {}",
            first.strftime(first_en),
            last.strftime("%-d %b %Y")
        ),
    )
}

/// An instant in words, Asia/Shanghai.
pub fn moment_text(ms: i64) -> Text {
    let at = civil_of(ms);
    let date = date_text(at.date());
    let clock = at.strftime("%H:%M").to_string();
    Text::new(
        format!("{} {clock}", date.zh),
        format!("{} {clock}", date.en),
    )
}

/// A civil date of an instant, Asia/Shanghai.
pub fn date_of(ms: i64) -> String {
    civil_of(ms).date().to_string()
}

/// A deadline as it is at `now`.
pub fn due_shape(rules: &RulePack, due: &Due, now: i64) -> DueShape {
    let label = rule_text(rules, &due.text_key());
    let at = DueAt {
        at: due.at,
        provisional: due.provisional,
    };
    deadline(rules, (&due.id, label), at, due.unit, now)
}

/// A deadline in the contract's shape, with what is left in the unit that it is counted in.
pub fn deadline(
    rules: &RulePack,
    (id, label): (&str, Text),
    due: DueAt,
    unit: Unit,
    now: i64,
) -> DueShape {
    let end = due.at.end_ms();
    let rest = left(rules.calendar(), due.at, unit, now);
    let severity = match end - now {
        ..0 => 1,
        0..NEAR_MS => 2,
        NEAR_MS..604_800_000 => 3,
        _ => 4,
    };
    DueShape {
        id: id.to_owned(),
        label,
        at: end,
        date: due.at.date().to_string(),
        provisional: due.provisional || rest.provisional,
        remaining: Remaining {
            n: rest.n,
            unit: unit_word(rest.unit).into(),
        },
        severity,
    }
}

fn unit_word(unit: Unit) -> &'static str {
    match unit {
        Unit::WorkingDay => "working_day",
        Unit::CalendarDay | Unit::Month => "calendar_day",
        Unit::Hour => "hour",
        Unit::Minute => "minute",
    }
}

/// How an envelope stands by itself, in the words of `standing.md`.
pub fn standing_of(state: State) -> StandingShape {
    match state {
        State::Good { filed: Some(at) } => standing("good", None, Some(at)),
        State::Good { filed: None } => standing("unfiled", None, None),
        State::Waiting(wait) => standing("waiting", Some(wait_word(wait)), None),
        State::Void(_) => standing("void", None, None),
    }
}

/// A standing by its words' key.
pub fn standing(state: &str, reason: Option<&str>, evidence_at: Option<i64>) -> StandingShape {
    let key = reason.map_or_else(|| state.to_owned(), |reason| format!("{state}_{reason}"));
    let remedy_key = format!("{key}_remedy");
    let remedy = words("standing", &remedy_key);
    StandingShape {
        state: state.into(),
        reason: reason.map(Into::into),
        label: words("standing", &key),
        evidence_at,
        remedy: (remedy.zh != remedy_key).then_some(remedy),
    }
}

/// Why something waits, in words.
pub fn wait_text(wait: Wait) -> Text {
    words("standing", &format!("waiting_{}", wait_word(wait)))
}

fn wait_word(wait: Wait) -> &'static str {
    match wait {
        Wait::Gap => "gap",
        Wait::Cut => "cut",
        Wait::Fork => "fork",
        Wait::Body => "body",
        Wait::Deps => "deps",
        Wait::Appointment => "appointment",
        Wait::Window => "window",
    }
}

/// Whether a dossier has reached the office above, with the time that proves it.
pub fn delivery(node: &Node, dossier: DossierId) -> Delivery {
    let (state, to, as_of) = match node.replica.delivery(dossier) {
        Delivered::Local => ("local", None, None),
        Delivered::Delivered { office, as_of } => ("delivered", Some(office), Some(as_of)),
        Delivered::Waiting { office } => ("waiting", Some(office), None),
    };
    let to = to.map(|office| office_ref(node, office));
    let name = to
        .as_ref()
        .map(|office| office.name.clone())
        .unwrap_or_default();
    let label = words("delivery", state).fill(&[&name]);
    Delivery {
        state: state.into(),
        to,
        as_of,
        label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn dates_read_as_officers_write_them() {
        let text = date_text(date(2026, 3, 2));
        assert_eq!(
            (&*text.zh, &*text.en),
            ("2026年3月2日(周一)", "Mon 2 Mar 2026")
        );
        assert_eq!(date_text(date(2026, 3, 1)).zh, "2026年3月1日(周日)");
        assert_eq!(
            moment_text(1_772_413_200_000).zh,
            "2026年3月2日(周一) 09:00"
        );
        let span = span_text(date(2026, 3, 4), date(2026, 3, 10));
        assert_eq!(
            (&*span.zh, &*span.en),
            ("2026年3月4日—3月10日", "4 Mar — 10 Mar 2026")
        );
        let span = span_text(date(2026, 12, 30), date(2027, 1, 2));
        assert_eq!(span.zh, "2026年12月30日—2027年1月2日");
        assert_eq!(span.en, "30 Dec 2026 — 2 Jan 2027");
    }
}
