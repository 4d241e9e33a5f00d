//! Which check-ins a person should look at (K6 to K8). A doubt accuses nobody and ends no duty: it
//! is a draft that somebody decides on.

use super::owed::is_window;
use super::{CheckIn, Duty, Numbers, in_order};
use crate::fix::{DAY_MS, Point, SHANGHAI_AHEAD_MS};
use crate::signal::Sign;

/// Why a check-in is doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// Nobody was seen.
    NoFace,
    /// The face is not much like the one on file.
    Unlike,
    /// The face did not look alive: a picture, or a video played or passed on.
    NotAlive,
    /// Not where the person may be.
    Elsewhere,
    /// From another phone than the one bound.
    OtherPhone,
    /// The phone says that its positions are made up.
    MadeUp,
    /// Two within so short a time that they stand for two days or two windows (00:01 and 23:59).
    Edge,
}

impl Doubt {
    /// Its name in records and catalogues.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoFace => "no_face",
            Self::Unlike => "unlike",
            Self::NotAlive => "not_alive",
            Self::Elsewhere => "elsewhere",
            Self::OtherPhone => "other_phone",
            Self::MadeUp => "made_up",
            Self::Edge => "edge",
        }
    }
}

/// A doubtful check-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubtful {
    /// Which.
    pub check_in: CheckIn,
    /// Why, ascending.
    pub doubts: Vec<Doubt>,
    /// Graver where it is not the first for some time.
    pub severity: u8,
}

/// The doubtful ones among these check-ins, by time. `may_be` says whether a person may be at a
/// point at its time; `knows` whether a phone of that number is bound at a time.
pub fn doubtful(
    duties: &[Duty],
    check_ins: &[CheckIn],
    knows: impl Fn(&str, i64) -> bool,
    may_be: impl Fn(&Point) -> bool,
    numbers: &Numbers,
) -> Vec<Doubtful> {
    let check_ins = in_order(check_ins);
    let mut found: Vec<Doubtful> = Vec::new();
    for (index, one) in check_ins.iter().enumerate() {
        let mut doubts = of_itself(one, &knows, &may_be, numbers);
        let before = index.checked_sub(1).map(|before| &check_ins[before]);
        if before.is_some_and(|before| is_edge(before, one, duties, numbers)) {
            doubts.push(Doubt::Edge);
        }
        if doubts.is_empty() {
            continue;
        }
        doubts.sort_unstable();
        let again = found
            .last()
            .is_some_and(|last| one.at - last.check_in.at <= numbers.again_ms);
        let severity = numbers.doubts[usize::from(again)];
        found.push(Doubtful {
            check_in: one.clone(),
            doubts,
            severity,
        });
    }
    found
}

fn of_itself(
    one: &CheckIn,
    knows: impl Fn(&str, i64) -> bool,
    may_be: impl Fn(&Point) -> bool,
    numbers: &Numbers,
) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    match one.face {
        None => doubts.push(Doubt::NoFace),
        Some(face) => {
            if face.likeness < numbers.face.likeness {
                doubts.push(Doubt::Unlike);
            }
            if face.liveness < numbers.face.liveness {
                doubts.push(Doubt::NotAlive);
            }
        }
    }
    if one.point.is_some_and(|point| !may_be(&point)) {
        doubts.push(Doubt::Elsewhere);
    }
    if !knows(&one.terminal, one.at) {
        doubts.push(Doubt::OtherPhone);
    }
    if one.signs.says(Sign::MadeUp) == Some(true) {
        doubts.push(Doubt::MadeUp);
    }
    doubts
}

/// K8: nearer to one another than two hours, and of two civil days or two windows.
fn is_edge(before: &CheckIn, one: &CheckIn, duties: &[Duty], numbers: &Numbers) -> bool {
    let day = |time: i64| (time + SHANGHAI_AHEAD_MS).div_euclid(DAY_MS);
    let window = |time: i64| {
        let mut windows = duties.iter().filter(|duty| is_window(duty));
        windows.find(|duty| duty.holds(time)).map(|duty| duty.from)
    };
    let (earlier, later) = (window(before.at), window(one.at));
    let two_windows = earlier.is_some() && later.is_some() && earlier != later;
    one.at - before.at < numbers.edge_ms && (day(before.at) != day(one.at) || two_windows)
}
