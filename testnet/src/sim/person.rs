//! Supervised people with a device: where they walk, what the device sees of it, and when it
//! reaches a gateway.

use super::dice::Dice;
use super::fault::Fault;
use super::plan::{DAY_MS, OFFICES, START};
use super::queue::Event;
use super::staff::code;
use super::world::World;
use jiaolian_schema::act::{Amend, Apply, Span, Step};
use jiaolian_schema::canon;
use jiaolian_schema::device::{Device, Regime};
use jiaolian_schema::fence::{Fence, FenceKind};
use jiaolian_schema::fix::{Coord, Point, Source};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::id::{DossierId, PersonCode};
use jiaolian_schema::signal::{Sign, Signs};
use jiaolian_schema::watch::Word;
use jiaolian_sync::{Report, ReportError};
use std::collections::BTreeSet;

/// People with a device at each township.
const PEOPLE: usize = 2;
/// 1e-7 degree of latitude in a metre, about.
const UNITS_M: i64 = 90;
/// Half the side of the area that a person keeps in, metres.
const HALF_M: i64 = 3_000;
/// Where the forbidden place begins, metres east of home, and half its side.
const FORBIDDEN_M: (i64, i64) = (1_500, 200);
/// A report later than this is not of the moment any more, ms.
const LIVE_MS: i64 = 60_000;

/// One way to a gateway, with what waits on it.
#[derive(Debug, Clone)]
pub(crate) struct Road {
    pub(crate) node: usize,
    pub(crate) waiting: Vec<Word>,
    /// What the gateway answered for.
    pub(crate) acked: BTreeSet<(i64, [u8; 32])>,
}

/// One person who walks.
#[derive(Debug, Clone)]
pub(crate) struct Walker {
    pub(crate) code: PersonCode,
    pub(crate) number: u64,
    pub(crate) township: usize,
    pub(crate) case: Option<DossierId>,
    home: (i64, i64),
    /// Metres east of home.
    east_m: i64,
    goal_m: i64,
    until: i64,
    silent_until: i64,
    battery: i64,
    pub(crate) roads: Vec<Road>,
    bound: bool,
}

impl Walker {
    fn coord(&self, east_m: i64) -> Coord {
        let (lat, lon) = self.home;
        Coord::from_wide(lat, lon + east_m * UNITS_M).expect("homes lie in the middle of China")
    }

    fn square(&self, east_m: i64, half_m: i64) -> Shape {
        let (lat, lon) = (self.home.0, self.home.1 + east_m * UNITS_M);
        let half = half_m * UNITS_M;
        let corner = |dlat, dlon| Coord::from_wide(lat + dlat, lon + dlon).expect("in China");
        let ring = vec![
            corner(-half, -half),
            corner(-half, half),
            corner(half, half),
            corner(half, -half),
        ];
        Shape::new(vec![vec![ring]]).expect("a square is a shape")
    }

    /// Chooses where to go next: mostly home, sometimes past the edge or to the forbidden place.
    fn plan(&mut self, now: i64, dice: &mut Dice) {
        let (goal, minutes) = match dice.below(20) {
            0 => (HALF_M + dice.between(150, 2_500), dice.between(5, 240)),
            1 => (HALF_M + dice.between(60, 180), dice.between(5, 60)),
            2 => (FORBIDDEN_M.0 + dice.between(-300, 300), dice.between(2, 40)),
            3 | 4 => (dice.between(-2_500, 2_500), dice.between(30, 180)),
            _ => (dice.between(-200, 200), dice.between(120, 720)),
        };
        (self.goal_m, self.until) = (goal, now + minutes * 60_000);
    }

    fn walk(&mut self, minutes: i64) {
        let step = minutes * 300;
        self.east_m += (self.goal_m - self.east_m).clamp(-step, step);
    }

    /// What the device says of itself: its battery sinks and is charged, now and then somebody
    /// tampers with it, and some of it is said again with the next report.
    fn speak(&mut self, minutes: i64, dice: &mut Dice) -> Signs {
        self.battery -= minutes / 8;
        if self.battery < dice.between(3, 25) {
            self.battery = dice.between(80, 100);
        }
        let mut signs = Signs::NONE.with_battery(self.battery.clamp(1, 100) as u8);
        for (sign, chance) in [
            (Sign::Strap, 8),
            (Sign::Housing, 4),
            (Sign::Apart, 40),
            (Sign::Off, 8),
            (Sign::Fault, 10),
        ] {
            if dice.chance(chance) {
                signs = signs.with(sign, true);
            } else if dice.chance(300) {
                signs = signs.with(sign, false);
            }
        }
        signs
    }

    /// Whether the device is told to report often: away from home.
    fn is_away(&self) -> bool {
        self.east_m.abs() > 1_000 || self.goal_m.abs() > 1_000
    }
}

impl World {
    /// Opens the cases of everybody who will carry a device.
    pub(crate) fn settle_people(&mut self, dice: &mut Dice) {
        let townships = (0..OFFICES.len()).filter(|at| OFFICES[*at].2 == 1);
        for township in townships.collect::<Vec<_>>() {
            for place in 0..PEOPLE {
                let number = (township * 10 + place) as u64;
                let case = self.open_case(township, "officer", number, false);
                let mut gateways = vec![township];
                if self.swarm.strikes(Fault::TwoGateways, dice, 400) {
                    gateways.extend(OFFICES[township].1);
                }
                let road = |node| Road {
                    node,
                    waiting: Vec::new(),
                    acked: BTreeSet::new(),
                };
                self.people.push(Walker {
                    code: code(self.plan.seed, number),
                    number,
                    township,
                    case,
                    home: (276_000_000 + township as i64 * 1_000_000, 1_130_000_000),
                    east_m: 0,
                    goal_m: 0,
                    until: START,
                    silent_until: START,
                    battery: dice.between(20, 100),
                    roads: gateways.into_iter().map(road).collect(),
                    bound: false,
                });
                let person = self.people.len() - 1;
                self.draw_fences(person);
                let first = dice.between(1, 120) * 60_000;
                self.queue.at(self.now + first, Event::Fix { person });
            }
        }
    }

    fn draw_fences(&mut self, person: usize) {
        let walker = self.people[person].clone();
        let (east_m, half_m) = FORBIDDEN_M;
        let drawn = [
            ("home", FenceKind::KeepIn, walker.square(0, HALF_M), 100_000),
            (
                "school",
                FenceKind::KeepOut,
                walker.square(east_m, half_m),
                50_000,
            ),
        ];
        for (id, kind, shape, buffer_mm) in drawn {
            let fence = Fence::new(id, kind, shape, buffer_mm).expect("the fence is in bounds");
            let amend = Amend {
                field: format!("fence/{id}-{}", walker.number),
                replaces: Vec::new(),
                value: canon::encode(&fence_named(&fence, walker.number)),
            };
            self.act(walker.township, "head", walker.case, amend.into());
        }
    }

    /// The county's bureau binds the device, once the case is there.
    fn bind(&mut self, person: usize) {
        let walker = &self.people[person];
        let (number, case) = (walker.number, walker.case);
        let Some(county) = OFFICES[walker.township].1 else {
            return;
        };
        let replica = self.nodes[county].replica.as_ref();
        let here = case.is_some_and(|case| replica.is_some_and(|r| r.dossier(case).is_some()));
        if !here || self.nodes[county].disk.is_locked() {
            return;
        }
        self.decide(county, person);
        let device = Device::new(Regime::Band, START, START + 90 * DAY_MS);
        let amend = Amend {
            field: format!("device/band-{number}"),
            replaces: Vec::new(),
            value: canon::encode(&device),
        };
        let signed = self.act(county, "bureau", case, amend.into());
        self.people[person].bound = signed.is_some_and(|id| self.journal.acked.contains_key(&id));
    }

    /// Without a decision in force the binding lets nothing in.
    fn decide(&mut self, county: usize, person: usize) {
        let case = self.people[person].case;
        let first_day = i32::try_from(START.div_euclid(DAY_MS)).expect("a day fits");
        let apply = Apply {
            workflow: "device".to_owned(),
            version: 1,
            on_behalf: 0,
            span: Some(Span {
                first_day,
                last_day: first_day + 88,
            }),
            area: None,
            fields: [].into(),
        };
        let Some(matter) = self.act(county, "case", case, apply.into()) else {
            return;
        };
        for (event, by) in [("approve", "bureau"), ("fit", "case")] {
            let step = Step {
                matter,
                event: event.to_owned(),
                replaces: Vec::new(),
                section: None,
                fields: [].into(),
                span: None,
            };
            self.act(county, by, case, step.into());
        }
    }

    pub(crate) fn fix(&mut self, person: usize) {
        const MINUTE_MS: i64 = 60_000;
        if self.healed {
            return;
        }
        if !self.people[person].bound {
            self.bind(person);
        }
        let mut dice = self.dice.fork(8);
        let now = self.now;
        let walker = &mut self.people[person];
        if now >= walker.until {
            walker.plan(now, &mut dice);
        }
        let minutes = if walker.is_away() {
            dice.between(1, 6)
        } else {
            dice.between(20, 29)
        };
        walker.walk(minutes);
        let at = walker.coord(walker.east_m);
        let accuracy = Some(dice.between(5, 60) as u32 * 1_000);
        let mut point = Point::new(now, at, accuracy, Source::Gnss);
        if self.swarm.strikes(Fault::DeviceCoarse, &mut dice, 60) {
            let source = if dice.chance(500) {
                Source::Wifi
            } else {
                Source::Cell
            };
            point = Point::new(now, at, None, source);
        }
        if self.swarm.strikes(Fault::DeviceJump, &mut dice, 15) {
            let far = self.people[person].coord(60_000);
            point = Point::new(now, far, accuracy, Source::Gnss);
        }
        if self.swarm.strikes(Fault::DeviceBacklog, &mut dice, 8) {
            let hours = dice.between(1, 72);
            self.people[person].silent_until = now + hours * 60 * MINUTE_MS;
        }
        let walker = &mut self.people[person];
        let signs = walker.speak(minutes, &mut dice);
        let word = Word {
            time: now,
            point: (!dice.chance(60)).then_some(point),
            signs,
        };
        for road in &mut walker.roads {
            road.waiting.push(word);
        }
        self.queue
            .at(now + minutes * MINUTE_MS, Event::Fix { person });
        self.queue
            .at(now + dice.between(100, 3_000), Event::Flush { person });
    }

    /// Sends what waits to every gateway that answers; what is answered for waits no more.
    pub(crate) fn flush(&mut self, person: usize) {
        if self.now < self.people[person].silent_until && !self.healed {
            return;
        }
        let mut dice = self.dice.fork(9);
        for road in 0..self.people[person].roads.len() {
            let mut waiting = std::mem::take(&mut self.people[person].roads[road].waiting);
            if waiting.len() > 1 && self.swarm.strikes(Fault::DeviceReorder, &mut dice, 300) {
                dice.shuffle(&mut waiting);
            }
            let mut kept = Vec::new();
            for word in waiting {
                if !self.hand_in(person, road, word) {
                    kept.push(word);
                } else if self.swarm.strikes(Fault::DeviceDouble, &mut dice, 30) {
                    self.hand_in(person, road, word);
                }
            }
            self.people[person].roads[road].waiting = kept;
        }
    }

    fn hand_in(&mut self, person: usize, road: usize, word: Word) -> bool {
        let walker = &self.people[person];
        let at = walker.roads[road].node;
        let report = Report {
            person: walker.code.to_hex(),
            terminal: format!("band-{}", walker.number),
            time: word.time,
            point: word.point,
            signs: word.signs,
            live: self.now - word.time <= LIVE_MS,
        };
        let received_at = self.clock(at);
        let Some(replica) = self.nodes[at].replica.as_mut() else {
            return false;
        };
        match replica.hear_device(&report, received_at) {
            Ok(_) => {}
            Err(ReportError::UnknownPerson(_) | ReportError::Unbound { .. }) => return false,
            Err(error) => {
                self.journal
                    .breaks
                    .insert(format!("a report is refused: {error}"));
                return false;
            }
        }
        let answered = self.carry_out(at);
        if let Some(point) = word.point.filter(|_| answered) {
            self.journal.fixes += 1;
            let road = &mut self.people[person].roads[road];
            road.acked.insert((point.time, point.id(&report.person)));
        }
        answered
    }
}

/// Fences of all people have names of their own.
fn fence_named(fence: &Fence, number: u64) -> Fence {
    let id = format!("{}-{number}", fence.id());
    Fence::new(&id, fence.kind(), fence.shape().clone(), fence.buffer_mm()).expect("in bounds")
}
