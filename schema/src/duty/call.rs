//! When an alarm is told to people who are not at a page, and to whom: a function of the alarm, the lists
//! and what this node can reach.

use super::rota::in_hours;
use super::{Book, BookOffice};
use crate::id::OfficeId;
use crate::rule::RulePack;
use crate::workflow::Due;

/// Deadlines until which somebody takes the alarm.
const TAKE_DUES: [&str; 2] = ["acknowledge", "acknowledge_again"];
/// While a clock that waits for a broken line has passed, it is looked at again after so long, ms.
const LOOK_AGAIN_MS: i64 = 30_000;

/// Why somebody is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallStep {
    /// It was raised, and nobody is at the office.
    Raised,
    /// Nobody took it in time.
    Untaken,
    /// The office that answers for it can't be reached.
    Cut,
    /// It was not handled in time: this tier is to hear of it.
    Tier(u8),
}

impl CallStep {
    /// Whether a word is that of a tier.
    pub fn is_tier(word: &str) -> bool {
        word.starts_with("tier")
    }

    /// Its word, for keys and texts.
    pub fn word(self) -> String {
        match self {
            Self::Raised => "raised".to_owned(),
            Self::Untaken => "untaken".to_owned(),
            Self::Cut => "cut".to_owned(),
            Self::Tier(tier) => format!("tier{tier}"),
        }
    }
}

/// An alarm as it stands.
#[derive(Debug, Clone, Copy)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is one thing known of an alarm"
)]
pub struct Seen<'a> {
    /// The responsible office.
    pub office: OfficeId,
    /// When it was raised, ms UTC.
    pub raised_at: i64,
    /// 1 gravest to 4, as it stands now.
    pub severity: u8,
    /// When it becomes graver if it goes on, ms UTC; none where it does not.
    pub graver_at: Option<i64>,
    /// Judged afterwards.
    pub retrospective: bool,
    /// Whether somebody has taken it since it was last raised or reopened.
    pub taken: bool,
    /// Whether somebody was told by a node.
    pub told: bool,
    /// Whether nothing is owed any more.
    pub ended: bool,
    /// What is owed, with the time.
    pub dues: &'a [Due],
}

/// What the node that asks is and can reach.
#[derive(Debug, Clone, Copy)]
pub struct Here {
    /// Its office.
    pub office: OfficeId,
    /// Whether the configuration asks to call those on duty however pages and lines stand.
    pub always: bool,
    /// Whether any line to another office is up.
    pub linked: bool,
    /// When the node of the responsible office was last heard, where it can't be reached, ms UTC.
    pub cut_since: Option<i64>,
}

/// Somebody is to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owed {
    /// Since when, ms UTC.
    pub at: i64,
    /// Why.
    pub step: CallStep,
    /// Whose duty: the office whose people answer.
    pub of: OfficeId,
}

/// What is owed now, and when to look again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    /// Ascending.
    pub owed: Vec<Owed>,
    /// The next instant at which more may be owed by time alone; none where nothing is.
    pub look_at: Option<i64>,
}

/// What is owed for one alarm at `now`, ms UTC (D-5 to D-8). Deadlines are instants, so what passed while a
/// node was off, or before the alarm came here, is owed as soon as it is known.
pub fn calls(rules: &RulePack, book: &Book, alarm: &Seen<'_>, here: &Here, now: i64) -> Calls {
    let mut calls = Calls::default();
    if alarm.retrospective || alarm.ended {
        return calls;
    }
    let mut ask = |at: i64, step: CallStep, of: OfficeId| {
        if at <= now {
            calls.owed.push(Owed { at, step, of });
        } else {
            calls.look_at = Some(calls.look_at.map_or(at, |next: i64| next.min(at)));
        }
    };
    let tier = book.0.get(&here.office).map_or(0, |row| row.tier);
    for due in alarm.dues {
        if due.is_for_tier(tier) {
            ask(due.at.end_ms(), CallStep::Tier(tier), here.office);
        }
    }
    let grave = alarm.severity <= rules.duty().severity_max;
    let own = alarm.office == here.office;
    let desk = book.desk_of(alarm.office) == Some(here.office);
    if alarm.taken || !grave || !(own || desk) {
        if !(grave || alarm.taken) {
            let next = calls.look_at.into_iter().chain(alarm.graver_at);
            calls.look_at = next.min();
        }
        return finish(calls);
    }
    let untaken = alarm.dues.iter().find(|due| TAKE_DUES.contains(&&*due.id));
    let untaken = untaken.map(|due| due.at.end_ms());
    let absent = book
        .0
        .get(&alarm.office)
        .is_none_or(|row| is_absent(rules, row, alarm));
    if own && (absent || here.always) {
        ask(alarm.raised_at, CallStep::Raised, alarm.office);
    }
    if let Some(at) = untaken
        && (own || (here.always && !alarm.told))
    {
        if here.always || !here.linked || at > now {
            ask(at, CallStep::Untaken, alarm.office);
        } else {
            ask(now + LOOK_AGAIN_MS, CallStep::Untaken, alarm.office);
        }
    }
    if let Some(since) = here.cut_since.filter(|_| desk && !own) {
        let wait_ms = i64::from(rules.duty_takeover_minutes()) * 60_000;
        ask(
            alarm.raised_at.max(since + wait_ms),
            CallStep::Cut,
            here.office,
        );
    }
    finish(calls)
}

fn is_absent(rules: &RulePack, row: &BookOffice, alarm: &Seen<'_>) -> bool {
    !in_hours(rules, &row.rotas, alarm.raised_at)
}

fn finish(mut calls: Calls) -> Calls {
    calls.owed.sort_unstable();
    calls.owed.dedup();
    calls
}

/// How long to wait after so many failed tries of a call, ms.
pub fn retry_ms(rules: &RulePack, tries: u32) -> i64 {
    let hours = rules.duty();
    let (first, most) = (i64::from(hours.retry_s_min), i64::from(hours.retry_s_max));
    let doubled = first.saturating_mul(1 << tries.saturating_sub(1).min(20));
    doubled.min(most) * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::civil_of;
    use crate::calendar::instant_of;
    use crate::deadline::{Moment, Unit};
    use crate::duty::Rotas;

    const TOWN: OfficeId = OfficeId([1; 16]);
    const COUNTY: OfficeId = OfficeId([2; 16]);
    const CITY: OfficeId = OfficeId([3; 16]);
    const MINUTE: i64 = 60_000;

    fn day() -> i64 {
        instant_of("2026-03-02T09:00".parse().unwrap())
    }

    fn night() -> i64 {
        instant_of("2026-03-02T23:00".parse().unwrap())
    }

    fn book() -> Book {
        let row = |parent: Option<OfficeId>, tier: u8| BookOffice {
            parent,
            tier,
            rotas: Rotas::default(),
            staff: vec![],
        };
        let rows = [
            (TOWN, row(Some(COUNTY), 1)),
            (COUNTY, row(Some(CITY), 2)),
            (CITY, row(None, 3)),
        ];
        Book(rows.into())
    }

    fn due(id: &str, at_ms: i64, tier: u8) -> Due {
        Due {
            id: id.to_owned(),
            at: Moment::Time(civil_of(at_ms)),
            provisional: false,
            unit: Unit::Minute,
            role: "CMD_DUTY".to_owned(),
            tier,
            state: "RAISED".to_owned(),
        }
    }

    fn dues(raised_at: i64) -> Vec<Due> {
        vec![
            due("acknowledge", raised_at + 10 * MINUTE, 1),
            due("escalate_t3", raised_at + 120 * MINUTE, 3),
        ]
    }

    fn seen(raised_at: i64, dues: &[Due]) -> Seen<'_> {
        Seen {
            office: TOWN,
            raised_at,
            severity: 2,
            graver_at: None,
            retrospective: false,
            taken: false,
            told: false,
            ended: false,
            dues,
        }
    }

    fn at(office: OfficeId) -> Here {
        Here {
            office,
            always: false,
            linked: true,
            cut_since: None,
        }
    }

    fn steps(alarm: &Seen<'_>, here: &Here, now: i64) -> Vec<String> {
        let found = calls(&RulePack::builtin(), &book(), alarm, here, now);
        found.owed.iter().map(|owed| owed.step.word()).collect()
    }

    #[test]
    fn at_night_the_raising_itself_is_told_and_by_day_only_silence_without_a_line() {
        let (by_day, by_night) = (dues(day()), dues(night()));
        let (by_day, by_night) = (seen(day(), &by_day), seen(night(), &by_night));
        assert_eq!(steps(&by_night, &at(TOWN), night()), ["raised"]);
        assert!(steps(&by_day, &at(TOWN), day() + 10 * MINUTE).is_empty());
        let cut = Here {
            linked: false,
            ..at(TOWN)
        };
        assert!(steps(&by_day, &cut, day() + 10 * MINUTE - 1).is_empty());
        assert_eq!(steps(&by_day, &cut, day() + 10 * MINUTE), ["untaken"]);
        let always = Here {
            always: true,
            ..at(TOWN)
        };
        assert_eq!(steps(&by_day, &always, day()), ["raised"]);
        assert_eq!(
            steps(&by_day, &always, day() + 10 * MINUTE),
            ["raised", "untaken"]
        );
    }

    #[test]
    fn what_is_mild_taken_ended_or_judged_afterwards_calls_nobody() {
        let owed = dues(night());
        let base = seen(night(), &owed);
        let later = night() + 15 * MINUTE;
        for alarm in [
            Seen {
                severity: 3,
                ..base
            },
            Seen {
                taken: true,
                ..base
            },
            Seen {
                ended: true,
                ..base
            },
            Seen {
                retrospective: true,
                ..base
            },
        ] {
            assert!(steps(&alarm, &at(TOWN), later).is_empty(), "{alarm:?}");
        }
        let late = night() + 125 * MINUTE;
        let afterwards = Seen {
            retrospective: true,
            ..base
        };
        assert!(steps(&afterwards, &at(CITY), late).is_empty());
    }

    #[test]
    fn a_tier_hears_when_its_own_clock_has_passed_whoever_took_the_alarm() {
        let owed = dues(night());
        let taken = Seen {
            taken: true,
            ..seen(night(), &owed)
        };
        let passes = night() + 120 * MINUTE;
        assert!(steps(&taken, &at(CITY), passes - 1).is_empty());
        assert_eq!(steps(&taken, &at(CITY), passes), ["tier3"]);
        assert!(steps(&taken, &at(COUNTY), passes).is_empty());
        let before = calls(&RulePack::builtin(), &book(), &taken, &at(CITY), night());
        assert_eq!(before.look_at, Some(passes));
    }

    #[test]
    fn the_county_takes_over_when_the_office_was_not_heard_for_five_minutes() {
        let owed = dues(night());
        let alarm = seen(night(), &owed);
        let cut = Here {
            cut_since: Some(night() - 2 * MINUTE),
            ..at(COUNTY)
        };
        let rules = RulePack::builtin();
        let before = calls(&rules, &book(), &alarm, &cut, night());
        assert_eq!(
            (before.owed.len(), before.look_at),
            (0, Some(night() + 3 * MINUTE))
        );
        let after = calls(&rules, &book(), &alarm, &cut, night() + 3 * MINUTE);
        let expected = Owed {
            at: night() + 3 * MINUTE,
            step: CallStep::Cut,
            of: COUNTY,
        };
        assert_eq!(after.owed, [expected]);
        // An office that was silent long before owes from the raising, not from before it.
        let long = Here {
            cut_since: Some(0),
            ..cut
        };
        assert_eq!(
            calls(&rules, &book(), &alarm, &long, night()).owed[0].at,
            night()
        );
        assert!(steps(&alarm, &at(COUNTY), night() + 60 * MINUTE).is_empty());
    }

    #[test]
    fn what_is_mild_is_looked_at_again_when_it_becomes_graver() {
        let owed = dues(night());
        let mild = Seen {
            severity: 3,
            graver_at: Some(night() + 60 * MINUTE),
            ..seen(night(), &owed)
        };
        let found = calls(&RulePack::builtin(), &book(), &mild, &at(TOWN), night());
        assert_eq!((found.owed.len(), found.look_at), (0, mild.graver_at));
        let grave = Seen {
            severity: 2,
            graver_at: None,
            ..mild
        };
        assert_eq!(steps(&grave, &at(TOWN), night() + 60 * MINUTE)[0], "raised");
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let rules = RulePack::builtin();
        let waits: Vec<i64> = (1..=8)
            .map(|tries| retry_ms(&rules, tries) / 1_000)
            .collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!(retry_ms(&rules, u32::MAX), 600_000);
    }
}
