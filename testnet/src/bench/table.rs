//! How figures are printed: one aligned table for people, one JSON object for programs.

use super::figure::{Better, Figure};
use serde_json::{Value, json};
use std::fmt::Write as _;

const HEAD: [&str; 9] = [
    "section",
    "what",
    "n",
    "figure",
    "unit",
    "against",
    "its figure",
    "ratio",
    "goal",
];
/// Columns of numbers, which end at the right.
const RIGHT: [usize; 4] = [2, 3, 6, 7];

/// The table, a line a figure, and notes under it.
pub(super) fn text(figures: &[Figure], notes: &[String]) -> String {
    let rows: Vec<[String; 9]> = figures.iter().map(row).collect();
    let head = HEAD.map(str::to_owned);
    let mut widths = head.clone().map(|cell| cell.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = line(&head, &widths);
    let rule = widths.map(|width| "-".repeat(width));
    out.push_str(&line(&rule, &widths));
    for row in &rows {
        out.push_str(&line(row, &widths));
    }
    for note in notes {
        let _ = writeln!(out, "{note}.");
    }
    let missed = figures
        .iter()
        .filter(|figure| figure.is_met() == Some(false))
        .count();
    let set = figures
        .iter()
        .filter(|figure| figure.goal.is_some())
        .count();
    let _ = writeln!(
        out,
        "{} figures, {set} with a goal, {missed} missed",
        figures.len()
    );
    out
}

/// One object with all figures and notes.
pub(super) fn json(figures: &[Figure], notes: &[String]) -> String {
    let rows: Vec<Value> = figures
        .iter()
        .map(|figure| {
            let mut row = json!(figure);
            row["met"] = json!(figure.is_met());
            row
        })
        .collect();
    format!(
        "{:#}\n",
        json!({ "form": 1, "figures": rows, "notes": notes })
    )
}

fn row(figure: &Figure) -> [String; 9] {
    let goal = figure.goal.map(|goal| {
        let sign = if figure.better == Better::Less {
            "≤"
        } else {
            "≥"
        };
        let met = if figure.is_met() == Some(true) {
            "ok"
        } else {
            "MISSED"
        };
        format!("{sign} {} {met}", number(goal))
    });
    [
        figure.section.to_owned(),
        figure.what.clone(),
        grouped(figure.size),
        number(figure.figure),
        figure.unit.to_owned(),
        figure.against.clone(),
        number(figure.against_figure),
        number(figure.ratio),
        goal.unwrap_or_else(|| "-".to_owned()),
    ]
}

fn line(cells: &[String; 9], widths: &[usize; 9]) -> String {
    let mut out = String::new();
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let room = " ".repeat(width - cell.chars().count());
        let (before, after) = if RIGHT.contains(&at) {
            (room, String::new())
        } else {
            (String::new(), room)
        };
        let _ = write!(out, "{before}{cell}{after}  ");
    }
    format!("{}\n", out.trim_end())
}

/// Three digits that count, and thousands set apart.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 1_000.0 => grouped(value.round() as u64),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => trim(format!("{value:.1}")),
        size if size >= 1.0 => trim(format!("{value:.2}")),
        size => {
            let places = (2.0 - size.log10().floor()).clamp(3.0, 9.0) as usize;
            trim(format!("{value:.places$}"))
        }
    }
}

fn trim(text: String) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits_that_count() {
        let texts = [0.0, 0.000_123_4, 0.5, 1.0, 12.34, 123.4, 1_234_567.0].map(number);
        assert_eq!(
            texts,
            ["0", "0.000123", "0.5", "1", "12.3", "123", "1,234,567"]
        );
    }

    #[test]
    fn a_goal_is_met_in_the_direction_of_the_figure() {
        let few = Figure::counted("a", "bytes", 1, (50.0, "B"))
            .against("limit", 100.0)
            .goal(1.0);
        let slow = Figure::timed("a", "rate", 1, (50.0, "/s"))
            .against("p", 100.0)
            .more()
            .goal(1.0);
        assert_eq!((few.is_met(), slow.is_met()), (Some(true), Some(false)));
        let text = text(&[few, slow], &["geos was not found".to_owned()]);
        assert!(text.contains("\ngeos was not found.\n"), "{text}");
        assert!(
            text.contains("≤ 1 ok") && text.contains("≥ 1 MISSED"),
            "{text}"
        );
        assert!(
            text.ends_with("2 figures, 2 with a goal, 1 missed\n"),
            "{text}"
        );
    }
}
