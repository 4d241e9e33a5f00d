//! From gatherings to alarms: one a person, under names that every node mints alike, matched by overlap
//! with those that stand (G7 to G9).

use super::Gathering;
use crate::fix::{DAY_MS, SHANGHAI_AHEAD_MS};
use crate::id::{hex, sha256};
use std::collections::{BTreeMap, BTreeSet};

/// A day of gatherings begins so long after midnight in Shanghai, ms: when fewest people are out.
const DAY_BEGINS_MS: i64 = 4 * 3_600_000;
/// First part of what an alarm of a gathering is about.
const PLACE: &str = "gathering/";
/// Bytes of a gathering's name.
const NAME_BYTES: usize = 8;

/// First instant of the day of gatherings (G7) that holds an instant, ms UTC. It ends where the next
/// begins.
pub fn day_of(time: i64) -> i64 {
    let shift = SHANGHAI_AHEAD_MS - DAY_BEGINS_MS;
    (time + shift).div_euclid(DAY_MS) * DAY_MS - shift
}

/// What all alarms of a gathering are about: the same at every node that sees the same gathering.
pub fn place_name(gathering: &Gathering) -> String {
    let time = gathering.decided_at.to_be_bytes();
    let people = gathering.people.join(",");
    let digest = sha256(&[b"gathering/1\0", &time, people.as_bytes()]);
    format!("{PLACE}{}", hex(&digest[..NAME_BYTES]))
}

/// Whether an alarm is about a gathering, by what it is about.
pub fn is_place(about: &str) -> bool {
    about.starts_with(PLACE)
}

/// Id of one person's alarm of a gathering, by what it is about.
pub fn alarm_of(about: &str, person: &str) -> [u8; 32] {
    sha256(&[
        b"gathering-alarm/1\0",
        about.as_bytes(),
        b"\0",
        person.as_bytes(),
    ])
}

/// An alarm of a gathering that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatherAlarm {
    /// Its id.
    pub id: [u8; 32],
    /// Whose, by code.
    pub person: String,
    /// What it is about.
    pub about: String,
    /// When its gathering began, ms UTC.
    pub time: i64,
    /// When it was one, ms UTC.
    pub decided_at: i64,
}

/// What becomes of alarms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatherChange {
    /// It stands for a gathering, by its place in the list.
    Stands {
        /// The alarm.
        alarm: [u8; 32],
        /// The gathering.
        gathering: usize,
    },
    /// No gathering bears it out, or another alarm stands for the same one.
    Withdraw {
        /// The alarm.
        alarm: [u8; 32],
    },
    /// A person of a gathering has no alarm.
    Raise {
        /// The person's code.
        person: String,
        /// What the new alarm is about: what those of the others are about, where they have one.
        about: String,
        /// The gathering.
        gathering: usize,
    },
}

/// Matches alarms with the gatherings of one day by person and overlap of time (G9). Order of neither
/// enters.
pub fn match_gatherings(gatherings: &[Gathering], alarms: &[GatherAlarm]) -> Vec<GatherChange> {
    let mut alarms: Vec<&GatherAlarm> = alarms.iter().collect();
    alarms.sort_by_key(|alarm| (alarm.time, alarm.id));
    let mut stand_for: BTreeMap<(usize, &str), &GatherAlarm> = BTreeMap::new();
    let (mut changes, mut left) = (Vec::new(), BTreeSet::new());
    for alarm in &alarms {
        let mut fits = (0..gatherings.len()).filter(|at| borne_out(alarm, &gatherings[*at]));
        // An alarm over two gatherings stands for the earlier one that has none.
        match fits.find(|at| !stand_for.contains_key(&(*at, alarm.person.as_str()))) {
            Some(at) => {
                stand_for.insert((at, &alarm.person), alarm);
            }
            None => {
                left.insert(alarm.id);
            }
        }
    }
    for ((gathering, _), alarm) in &stand_for {
        changes.push(GatherChange::Stands {
            alarm: alarm.id,
            gathering: *gathering,
        });
    }
    changes.extend(
        left.into_iter()
            .map(|alarm| GatherChange::Withdraw { alarm }),
    );
    for (index, gathering) in gatherings.iter().enumerate() {
        let known = stand_for.range((index, "")..(index + 1, ""));
        let about = known.map(|(_, alarm)| alarm.about.clone()).min();
        let about = about.unwrap_or_else(|| place_name(gathering));
        for person in &gathering.people {
            if !stand_for.contains_key(&(index, person.as_str())) {
                changes.push(GatherChange::Raise {
                    person: person.clone(),
                    about: about.clone(),
                    gathering: index,
                });
            }
        }
    }
    changes
}

/// Whether a gathering of the alarm's person lasted at some time of the alarm.
fn borne_out(alarm: &GatherAlarm, gathering: &Gathering) -> bool {
    let until = gathering.until.unwrap_or(i64::MAX);
    let overlaps = gathering.time <= alarm.decided_at && alarm.time < until;
    overlaps && gathering.people.contains(&alarm.person)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn gathering(from: i64, people: &[&str]) -> Gathering {
        Gathering {
            time: from,
            decided_at: from + 900_000,
            until: Some(from + HOUR),
            people: people.iter().map(|code| (*code).to_owned()).collect(),
        }
    }

    fn raised(gathering: &Gathering) -> Vec<GatherAlarm> {
        let about = place_name(gathering);
        let people = gathering.people.iter();
        people
            .map(|person| GatherAlarm {
                id: alarm_of(&about, person),
                person: person.clone(),
                about: about.clone(),
                time: gathering.time,
                decided_at: gathering.decided_at,
            })
            .collect()
    }

    #[test]
    fn a_day_begins_at_four_in_shanghai() {
        // 2 March 2026, 04:00 in Shanghai.
        let day = 1_772_395_200_000;
        assert_eq!([day_of(day), day_of(day + DAY_MS - 1)], [day, day]);
        assert_eq!(day_of(day - 1), day - DAY_MS);
    }

    #[test]
    fn what_is_borne_out_stands_and_a_gathering_without_alarms_gets_one_a_person() {
        let known = gathering(0, &["a", "b", "c"]);
        let stands = match_gatherings(std::slice::from_ref(&known), &raised(&known));
        let all = |change: &GatherChange| matches!(change, GatherChange::Stands { .. });
        assert!(stands.len() == 3 && stands.iter().all(all), "{stands:?}");
        let anew = match_gatherings(&[known], &[]);
        assert_eq!(anew.len(), 3);
        let abouts = anew.iter().map(|change| match change {
            GatherChange::Raise { about, .. } => about.as_str(),
            _ => "",
        });
        assert_eq!(abouts.collect::<BTreeSet<_>>().len(), 1, "one name for all");
    }

    #[test]
    fn a_gathering_that_shrank_and_began_later_keeps_its_name_and_lets_go_of_who_was_not_there() {
        let before = gathering(0, &["a", "b", "c", "d"]);
        let after = gathering(120_000, &["b", "c", "d", "e"]);
        let changes = match_gatherings(&[after], &raised(&before));
        let about = place_name(&before);
        let gone = alarm_of(&about, "a");
        assert!(changes.contains(&GatherChange::Withdraw { alarm: gone }));
        let more = GatherChange::Raise {
            person: "e".to_owned(),
            about,
            gathering: 0,
        };
        assert!(changes.contains(&more));
        assert_eq!(changes.len(), 5);
    }

    #[test]
    fn of_two_nodes_alarms_for_one_gathering_one_goes_in_any_order() {
        let (one, other) = (
            gathering(0, &["a", "b", "c"]),
            gathering(0, &["a", "b", "c", "d"]),
        );
        let mut alarms = [raised(&one), raised(&other)].concat();
        let changes = match_gatherings(std::slice::from_ref(&other), &alarms);
        alarms.reverse();
        assert_eq!(
            match_gatherings(std::slice::from_ref(&other), &alarms),
            changes
        );
        let gone = changes
            .iter()
            .filter(|change| matches!(change, GatherChange::Withdraw { .. }));
        assert_eq!(gone.count(), 3);
        assert!(match_gatherings(&[], &alarms).len() == 7);
    }
}
