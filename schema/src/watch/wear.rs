//! What a device says of itself, stepped through in the order of time: the conditions D2 to D9 of
//! `docs/watch-device.md`. Beside what was said only the clock decides here, and only of silence.

mod lapse;

use minicbor::{Decode, Encode};

use lapse::Lapse;

use super::heard::{Heard, Row};
use super::number::Numbers;
use super::open::Open;
use super::run::RUN_GAP_MS_MAX;
use super::{AlarmKind, Change, Ground, Transition};
use crate::fix::{FixId, Point};
use crate::id::sha256;
use crate::signal::{Sign, Signs};

const MOMENT_DOMAIN: &[u8] = b"jiaolian moment/1\0";
/// Signs that the device or its positions can't be believed (D8).
const FAULTS: [Sign; 5] = [
    Sign::MadeUp,
    Sign::Fault,
    Sign::Cloned,
    Sign::Clock,
    Sign::Garbled,
];

/// The name of an instant: what reports of it come by which way does not matter.
fn moment(time: i64) -> FixId {
    sha256(&[MOMENT_DOMAIN, &time.to_be_bytes()])
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Wear {
    #[n(0)]
    last: Option<Heard>,
    /// Sorted by kind. A silence is never among them: it ends with the next report.
    #[n(1)]
    open: Vec<Open>,
    #[n(2)]
    strap: bool,
    #[n(3)]
    housing: bool,
    #[n(4)]
    apart: Option<Row>,
    #[n(5)]
    battery: Option<u8>,
    /// The last position, or the first report since a silence.
    #[n(6)]
    placed: Option<i64>,
    #[n(7)]
    jumps: Option<Row>,
    #[n(8)]
    faults: Option<Row>,
    /// Since when what came is known at all, where that is not always, ms since 1970.
    #[n(9)]
    floor: Option<i64>,
}

/// What an instant says to the device's part of the watch, after the fences judged it.
pub(super) struct Said {
    pub(super) heard: Heard,
    pub(super) jumped: bool,
    /// The last used fix.
    pub(super) seen: Option<Point>,
}

impl Wear {
    pub(super) fn since(floor: i64) -> Self {
        Self {
            floor: Some(floor),
            ..Self::default()
        }
    }

    pub(super) fn last(&self) -> Option<&Heard> {
        self.last.as_ref()
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &Open> {
        self.open.iter()
    }

    /// Time passes to the next report.
    pub(super) fn pass(&mut self, to: i64, ground: &Ground<'_>, seen: Option<Point>) -> Lapse {
        let mut lapse = self.lapse(to, ground, seen);
        if lapse.is_over {
            *self = Self::default();
        }
        if let Some(silence) = &lapse.silence {
            let ended = record(silence, Change::ClearReturned, to, to, seen);
            lapse.decided.push(ended);
            self.placed = None;
        }
        lapse
    }

    /// A report that nothing binds: only that it came.
    pub(super) fn note(&mut self, heard: Heard) {
        self.last = Some(heard);
    }

    /// The next report.
    pub(super) fn hear(&mut self, said: &Said, numbers: &Numbers) -> Vec<Transition> {
        let (time, signs) = (said.heard.time, said.heard.signs);
        self.last = Some(said.heard);
        self.battery = signs.battery().or(self.battery);
        let mut decided = Vec::new();
        let mut decide = |wear: &mut Self, kind, finding: Option<Finding>| {
            if let Some(finding) = finding {
                decided.extend(wear.turn(kind, &finding, said));
            }
        };
        let tamper = self.tamper(signs);
        decide(
            self,
            AlarmKind::Tamper,
            tamper.then_some(Finding::at(time)).or(Some(Finding::NOT)),
        );
        let apart = self.apart(time, signs, numbers);
        decide(self, AlarmKind::Separation, apart);
        let off = self.off(time, signs, numbers);
        decide(self, AlarmKind::PowerOff, off);
        let low = low(time, signs, numbers);
        decide(self, AlarmKind::LowBatt, low);
        let unplaced = self.unplaced(&said.heard, numbers);
        decide(self, AlarmKind::Silent, unplaced);
        let fault = self.fault(said, numbers);
        decide(self, AlarmKind::DevFault, fault);
        decided
    }

    /// D2: what was said to be open is open until it is said to be closed.
    fn tamper(&mut self, signs: Signs) -> bool {
        self.strap = signs.says(Sign::Strap).unwrap_or(self.strap);
        self.housing = signs.says(Sign::Housing).unwrap_or(self.housing);
        self.strap || self.housing
    }

    /// D3.
    fn apart(&mut self, time: i64, signs: Signs, numbers: &Numbers) -> Option<Finding> {
        if signs.says(Sign::Apart)? {
            let row = Row::extend(&mut self.apart, time, RUN_GAP_MS_MAX);
            (time.saturating_sub(row.first) > numbers.apart_ms).then_some(Finding::at(row.first))
        } else {
            self.apart = None;
            Some(Finding::NOT)
        }
    }

    /// D4.
    fn off(&self, time: i64, signs: Signs, numbers: &Numbers) -> Option<Finding> {
        if signs.says(Sign::Off) != Some(true) {
            return Some(Finding::NOT);
        }
        let lasts = self
            .battery
            .is_some_and(|percent| u32::from(percent) > numbers.off_percent);
        lasts.then_some(Finding::at(time))
    }

    /// D6.
    fn unplaced(&mut self, heard: &Heard, numbers: &Numbers) -> Option<Finding> {
        if heard.placed {
            self.placed = Some(heard.time);
            return Some(Finding::NOT);
        }
        let since = *self.placed.get_or_insert(heard.time);
        let lasted_ms = heard.time.saturating_sub(since);
        (lasted_ms >= numbers.unplaced_ms).then_some(Finding::at(since))
    }

    /// D8.
    fn fault(&mut self, said: &Said, numbers: &Numbers) -> Option<Finding> {
        let (time, bar) = (said.heard.time, &numbers.fault);
        let signed = FAULTS
            .iter()
            .any(|sign| said.heard.signs.says(*sign) == Some(true));
        let jumps = said
            .jumped
            .then(|| Row::extend(&mut self.jumps, time, bar.quiet_ms));
        let began = match jumps {
            _ if signed => Some(time),
            Some(jumps) if jumps.count >= bar.jumps => Some(jumps.first),
            _ => None,
        };
        let is_open = self
            .open
            .iter()
            .any(|open| open.kind == AlarmKind::DevFault);
        if began.is_some() || (is_open && said.jumped) {
            let faults = Row::extend(&mut self.faults, time, i64::MAX);
            let graver = (faults.count >= bar.repeats).then_some(bar.severity_repeated);
            let since = began.unwrap_or(time);
            return Some(Finding {
                since: Some(since),
                graver,
            });
        }
        let faults = self.faults?;
        if time.saturating_sub(faults.last) < bar.quiet_ms {
            return None;
        }
        self.faults = None;
        Some(Finding::NOT)
    }

    /// Opens, worsens or closes the condition of a kind.
    fn turn(&mut self, kind: AlarmKind, finding: &Finding, said: &Said) -> Option<Transition> {
        let time = said.heard.time;
        let place = self.open.binary_search_by_key(&kind, |open| open.kind);
        match (place, finding.since) {
            (Ok(at), Some(_)) => {
                let open = &mut self.open[at];
                let grows = finding
                    .graver
                    .is_some_and(|g| open.graver.is_none_or(|o| g < o));
                if !grows {
                    return None;
                }
                open.graver = finding.graver;
                Some(record(open, Change::Worsen, time, time, said.seen))
            }
            (Ok(at), None) => {
                let open = self.open.remove(at);
                Some(record(&open, Change::ClearReturned, time, time, said.seen))
            }
            (Err(at), Some(since)) => {
                let open = Open {
                    time: since,
                    deciding: moment(time),
                    kind,
                    decided_at: time,
                    graver: finding.graver,
                    first: None,
                };
                let begun = record(&open, Change::Begin, since, time, said.seen);
                self.open.insert(at, open);
                Some(begun)
            }
            (Err(_), None) => None,
        }
    }
}

/// D5.
fn low(time: i64, signs: Signs, numbers: &Numbers) -> Option<Finding> {
    let (percent, bar) = (u32::from(signs.battery()?), &numbers.battery);
    if percent <= bar.percent {
        let graver = (percent <= bar.percent_low).then_some(bar.severity_low);
        return Some(Finding {
            since: Some(time),
            graver,
        });
    }
    (percent > bar.percent + bar.hysteresis).then_some(Finding::NOT)
}

/// That something is so, since when and how grave; or that it is not.
struct Finding {
    since: Option<i64>,
    graver: Option<u8>,
}

impl Finding {
    const NOT: Self = Self {
        since: None,
        graver: None,
    };

    const fn at(since: i64) -> Self {
        Self {
            since: Some(since),
            graver: None,
        }
    }
}

fn record(
    open: &Open,
    change: Change,
    time: i64,
    decided_at: i64,
    seen: Option<Point>,
) -> Transition {
    let begins = change == Change::Begin;
    Transition {
        about: String::new(),
        kind: open.kind,
        change,
        time,
        decided_at,
        deciding: if begins {
            open.deciding
        } else {
            moment(decided_at)
        },
        graver: open.graver,
        evidence: seen.into_iter().collect(),
        began_by: (!begins).then_some(open.deciding),
    }
}
