//! What was not answered, and how grave that is (K3 to K5).

use super::{CheckIn, Duty, Numbers, in_order};

/// A duty that nobody answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Miss {
    /// Which.
    pub duty: Duty,
    /// Since when that is known, ms since 1970 UTC.
    pub since: i64,
    /// How many in a row, this one included.
    pub in_a_row: u32,
    /// 4 blue to 1 red.
    pub severity: u8,
    /// The device time of a check-in that says it was made in time and came too late: for the
    /// officer to judge.
    pub late: Option<i64>,
}

/// What of these duties was missed as far as it is known at `now`, by the end of the duty.
pub fn missed(duties: &[Duty], check_ins: &[CheckIn], numbers: &Numbers, now: i64) -> Vec<Miss> {
    let turns = turns(duties, check_ins, numbers, now).into_iter();
    turns
        .filter_map(|turn| match turn {
            Turn::Missed(miss) => Some(miss),
            Turn::Answered(_) => None,
        })
        .collect()
}

/// What became of a duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Answered, by a check-in first received then, ms since 1970 UTC.
    Answered(i64),
    /// Missed.
    Missed(Miss),
}

/// What became of each duty as far as it is known at `now`, by the end of the duty.
pub(super) fn turns(
    duties: &[Duty],
    check_ins: &[CheckIn],
    numbers: &Numbers,
    now: i64,
) -> Vec<Turn> {
    let check_ins = in_order(check_ins);
    let mut duties = duties.to_vec();
    duties.sort_by_key(|duty| (duty.until, duty.from, duty.kind));
    duties.dedup();
    let begun = duties.iter().map(|duty| duty.from).min();
    let mut found: Vec<Turn> = Vec::new();
    let mut in_a_row = 0;
    for duty in duties {
        let since = duty.until + numbers.grace_ms;
        if since > now {
            continue;
        }
        let answers = check_ins.iter().filter(|one| answers(one, &duty, numbers));
        if let Some(first) = answers.map(|one| one.received_at).min() {
            in_a_row = 0;
            found.push(Turn::Answered(first));
            continue;
        }
        in_a_row += 1;
        let late = check_ins.iter().find(|one| duty.holds(one.at));
        let asked = begun.is_some_and(|begun| begun <= since - numbers.silence_ms);
        let silent = asked && is_silent(&check_ins, since, numbers);
        found.push(Turn::Missed(Miss {
            duty,
            since,
            in_a_row,
            severity: severity(in_a_row, silent, numbers),
            late: late.map(|one| one.at),
        }));
    }
    found
}

/// K3: made within the duty by the phone's clock, and here before the grace was over.
pub(super) fn answers(one: &CheckIn, duty: &Duty, numbers: &Numbers) -> bool {
    let known = duty.from..duty.until + numbers.grace_ms;
    duty.holds(one.at) && known.contains(&one.received_at)
}

/// K5: nothing was received for as long before that instant.
fn is_silent(check_ins: &[CheckIn], since: i64, numbers: &Numbers) -> bool {
    let quiet = since - numbers.silence_ms..since;
    !check_ins.iter().any(|one| quiet.contains(&one.received_at))
}

fn severity(in_a_row: u32, silent: bool, numbers: &Numbers) -> u8 {
    let [single, several, silence] = numbers.severities;
    match (silent, in_a_row >= numbers.misses) {
        (true, _) => silence,
        (false, true) => several,
        (false, false) => single,
    }
}
