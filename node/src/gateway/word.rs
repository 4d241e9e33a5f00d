//! What the HTTP forms say of the device itself: its battery, whether it is charged or moves, what
//! happened to it. A value that can't be read says nothing; it is no reason to refuse a position.

use super::report::{Said, is_yes};
use jiaolian_schema::geo::decimal_to_integer;
use jiaolian_schema::signal::{BATTERY_PERCENT_MAX, Sign, Signs};

/// Before the name of a sign: it is not so.
const NOT: &str = "not_";

/// The signs of a report.
pub(super) fn signs(said: &Said) -> Signs {
    let mut signs = Signs::NONE;
    if let Some(percent) = said.battery.as_deref().and_then(percent) {
        signs = signs.with_battery(percent);
    }
    for (text, sign, yes_is) in [
        (&said.charging, Sign::Charging, true),
        (&said.motion, Sign::Still, false),
        (&said.mock, Sign::MadeUp, true),
    ] {
        if let Some(is) = text.as_deref().and_then(answer) {
            signs = signs.with(sign, is == yes_is);
        }
    }
    let events = said.event.as_deref().unwrap_or_default().split(',');
    for (sign, is) in events.filter_map(event) {
        signs = signs.and(Signs::NONE.with(sign, is));
    }
    signs
}

/// A sign's name says yes, `not_` before it no; other words are the application's own.
fn event(word: &str) -> Option<(Sign, bool)> {
    let word = word.trim();
    match word.strip_prefix(NOT) {
        Some(name) => Some((Sign::named(name)?, false)),
        None => Some((Sign::named(word)?, true)),
    }
}

fn answer(text: &str) -> Option<bool> {
    let is_no = matches!(text, "0" | "false" | "False" | "FALSE");
    (is_yes(text) || is_no).then(|| is_yes(text))
}

/// Whole per cent, cut; a battery below none or above full is none.
fn percent(text: &str) -> Option<u8> {
    let tenths = decimal_to_integer(text, 1).ok()?;
    let most = i64::from(BATTERY_PERCENT_MAX) * 10;
    let is_charge = (0..=most).contains(&tenths);
    is_charge.then(|| u8::try_from(tenths / 10).unwrap_or(BATTERY_PERCENT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(battery: &str, motion: &str, event: &str) -> Said {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Said {
            battery: some(battery),
            motion: some(motion),
            event: some(event),
            ..Said::default()
        }
    }

    #[test]
    fn what_can_be_read_is_said_and_the_rest_says_nothing() {
        let told = signs(&said("77.9", "false", "strap_open, not_housing_open,tick"));
        assert_eq!(told.battery(), Some(77));
        assert_eq!(told.says(Sign::Still), Some(true));
        assert_eq!(told.says(Sign::Strap), Some(true));
        assert_eq!(told.says(Sign::Housing), Some(false));
        assert_eq!(told.says(Sign::Charging), None);
        for (battery, motion, event) in [("-1", "", ""), ("101", "maybe", "strap"), ("NaN", "", "")]
        {
            assert!(signs(&said(battery, motion, event)).is_none());
        }
    }

    #[test]
    fn of_two_words_on_one_thing_the_graver_stands() {
        for event in ["strap_open,not_strap_open", "not_strap_open,strap_open"] {
            let told = signs(&said("", "", event));
            assert_eq!(told.says(Sign::Strap), Some(true));
        }
    }
}
