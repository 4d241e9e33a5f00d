//! Silence of many on the desk: which alarms one dead cell, gateway, vendor or office explains, and
//! the one row that they are shown in.

use super::alarm::{raise_of, severity};
use super::incident::is_alarm_open;
use super::shape::{AlarmRow, Coded, MassShape};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::act::Raise;
use jiaolian_schema::desk::{ALONE_SEVERITY, Fallen, File, MassRule, Row, Shared, fold_silences};
use jiaolian_schema::fact::What;
use jiaolian_schema::id::{DossierId, PersonCode};
use jiaolian_sync::WatchView;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Event by which a node takes an alarm back.
const WITHDRAW: &str = "withdraw";
/// Silences of handling that has ended are looked at for so long, ms: as context of those open.
const ENDED_MS: i64 = 2 * 86_400_000;

/// One silence of many.
#[derive(Debug, Clone)]
pub struct Mass {
    /// What they have in common, and which one it is.
    pub cause: (Shared, String),
    /// When the first and the last of them fell silent, ms UTC.
    pub began: (i64, i64),
    /// Its alarms, ascending by beginning.
    pub alarms: Vec<DossierId>,
    /// How many people they are of.
    pub people: usize,
}

/// All of them, as they are known now.
#[derive(Debug, Clone, Default)]
pub struct Masses {
    rows: Vec<Mass>,
    of: BTreeMap<DossierId, usize>,
}

impl Masses {
    /// The silence of many that an alarm is part of.
    pub fn with(&self, alarm: DossierId) -> Option<&Mass> {
        self.of.get(&alarm).map(|index| &self.rows[*index])
    }
}

impl Mass {
    /// Its id: that of the alarm of whoever fell silent first.
    pub fn id(&self) -> Option<DossierId> {
        self.alarms.first().copied()
    }
}

/// Tells which of these alarms, each the standing one of its name, are silence of many.
pub fn read(node: &mut Node, alarms: &[DossierId]) -> Masses {
    let rule = MassRule::of(&node.rules);
    let mut files: BTreeMap<PersonCode, Vec<Arc<File>>> = BTreeMap::new();
    let mut silent: BTreeSet<PersonCode> = BTreeSet::new();
    for id in alarms {
        let Some(file) = node.file(*id).filter(|file| !is_withdrawn(file)) else {
            continue;
        };
        let Some(raise) = raise_of(&file) else {
            continue;
        };
        let person = raise.person;
        if Fallen::is_kind(&raise.kind) && is_of_now(node, &file, raise) {
            silent.insert(person);
        }
        files.entry(person).or_default().push(file);
    }
    if silent.len() < rule.people_min {
        return Masses::default();
    }
    let mut fallen = Vec::new();
    for person in silent {
        let watch = node.replica.watch(person);
        let files = files.get(&person).into_iter().flatten();
        fallen.extend(files.filter_map(|file| fallen_of(node, file, watch.as_ref())));
    }
    let mut masses = Masses::default();
    let of: BTreeMap<DossierId, PersonCode> =
        fallen.iter().map(|one| (one.dossier, one.person)).collect();
    for row in fold_silences(fallen, rule) {
        if let Row::Mass {
            cause,
            began,
            alarms,
        } = row
        {
            let index = masses.rows.len();
            masses.of.extend(alarms.iter().map(|id| (*id, index)));
            let people: BTreeSet<_> = alarms.iter().filter_map(|id| of.get(id)).collect();
            let people = people.len();
            masses.rows.push(Mass {
                cause,
                began,
                alarms,
                people,
            });
        }
    }
    masses
}

fn is_withdrawn(file: &File) -> bool {
    let mut steps = file.steps(file.id.into());
    steps.any(|entry| matches!(&entry.fact.what, What::Step { event, .. } if event == WITHDRAW))
}

fn is_of_now(node: &Node, file: &File, raise: &Raise) -> bool {
    node.now() - raise.time <= ENDED_MS || is_alarm_open(node, file)
}

fn fallen_of(node: &Node, file: &File, watch: Option<&WatchView>) -> Option<Fallen> {
    let raise = raise_of(file)?;
    Some(Fallen {
        dossier: file.id,
        person: raise.person,
        kind: raise.kind.clone(),
        severity: severity(node, file),
        time: raise.time,
        until: until(node, file, raise, watch),
        shares: shares(file, raise, watch),
    })
}

/// When the condition was last known. What this node does not judge lasts as long as people handle
/// it: nobody is to be hidden by what is not known here.
fn until(node: &Node, file: &File, raise: &Raise, watch: Option<&WatchView>) -> i64 {
    let known = watch.and_then(|watch| watch.until.get(&raise.alarm));
    let breaks = |watch: &WatchView| {
        let mut open = watch.open.iter();
        open.any(|(fence, time)| *fence == raise.fence && *time == raise.time)
    };
    match known {
        _ if watch.is_some_and(breaks) => i64::MAX,
        Some(Some(until)) => raise.decided_at.max(*until),
        _ if is_alarm_open(node, file) => i64::MAX,
        _ => raise.decided_at,
    }
}

/// What a device last shared with others. Its gateway is the node that raised the alarm; the door,
/// the vendor and the cell are known to that node alone.
fn shares(file: &File, raise: &Raise, watch: Option<&WatchView>) -> BTreeMap<Shared, String> {
    let whence = watch.and_then(|watch| watch.whence.get(&raise.alarm));
    let door = whence.and_then(|whence| whence.door_name());
    let node = file.opening().map(|entry| entry.fact.author.to_hex());
    let gateway = node.map(|node| format!("{node}/{}", door.unwrap_or_default()));
    let part = |part: Option<&str>| part.map(str::to_owned);
    let shares = [
        (Shared::Cell, part(whence.and_then(|whence| whence.cell()))),
        (Shared::Gateway, gateway),
        (
            Shared::Vendor,
            part(whence.and_then(|whence| whence.vendor())),
        ),
        (Shared::Office, Some(file.place.to_hex())),
    ];
    let known = shares.into_iter();
    known
        .filter_map(|(shared, which)| Some((shared, which?)))
        .collect()
}

/// The silence of many that a row of this severity is shown in, as a whole; [`fold`] counts what one
/// person sees of it.
pub fn shape_of(node: &mut Node, alarm: DossierId, severity: u8) -> Option<MassShape> {
    if severity <= ALONE_SEVERITY {
        return None;
    }
    let known = node.incidents();
    let mass = known.masses().with(alarm)?;
    let first = node.file(mass.id()?)?;
    Some(MassShape {
        id: first.id.to_hex(),
        cause: cause(mass.cause.0),
        which: which(node, mass, &first),
        people: mass.people as u64,
        rows: mass.alarms.len() as u64,
        unclaimed: None,
        first_at: mass.began.0,
        last_at: mass.began.1,
    })
}

fn cause(shared: Shared) -> Coded {
    let code = match shared {
        Shared::Cell => "cell",
        Shared::Gateway => "gateway",
        Shared::Vendor => "vendor",
        Shared::Office => "office",
    };
    Coded::new(code, words("mass", code))
}

/// Which cell, gateway, vendor or office, in words that an officer knows.
fn which(node: &Node, mass: &Mass, first: &File) -> Text {
    let (shared, which) = &mass.cause;
    let office = |id| super::label::office_ref(node, id).name;
    match shared {
        Shared::Cell | Shared::Vendor => Text::plain(which.clone()),
        Shared::Office => Text::plain(office(first.place)),
        Shared::Gateway => {
            let by = first.opening().and_then(|entry| entry.by.as_ref());
            let door = which.rsplit('/').next().unwrap_or_default();
            let named = office(by.map_or(first.place, |by| by.office));
            Text::plain(format!("{named} {door}").trim_end())
        }
    }
}

/// Rows in their order, with those of one silence of many in the place of the first of them. The row
/// shown is the first that nobody has taken; it is as grave and as urgent as the worst of all.
pub fn fold(rows: Vec<AlarmRow>) -> Vec<AlarmRow> {
    let mut groups: Vec<Vec<AlarmRow>> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        let mass = row.mass.as_ref().filter(|_| row.open);
        match mass.map(|mass| mass.id.clone()) {
            Some(id) if places.contains_key(&id) => groups[places[&id]].push(row),
            named => {
                places.extend(named.map(|id| (id, groups.len())));
                groups.push(vec![row]);
            }
        }
    }
    groups.into_iter().filter_map(join).collect()
}

fn join(mut group: Vec<AlarmRow>) -> Option<AlarmRow> {
    if group.len() < 2 {
        return group.pop();
    }
    let is_untaken = |row: &AlarmRow| row.claimed.is_none();
    let unclaimed = group.iter().filter(|row| is_untaken(row)).count() as u64;
    let cases: BTreeSet<&str> = group
        .iter()
        .filter_map(|row| Some(row.case.as_ref()?.id.as_str()))
        .collect();
    let (people, rows) = (cases.len() as u64, group.len() as u64);
    let mut shown = group[group.iter().position(is_untaken).unwrap_or(0)].clone();
    if let Some(mass) = shown.mass.as_mut() {
        (mass.people, mass.rows, mass.unclaimed) = (people, rows, Some(unclaimed));
    }
    shown.count = group.iter().map(|row| row.count).sum();
    shown.severity = group.iter().map(|row| row.severity).min()?;
    shown.raised_at = group.iter().map(|row| row.raised_at).min()?;
    shown.received_at = group.iter().map(|row| row.received_at).min()?;
    shown.sounding = group.iter().any(|row| row.sounding);
    shown.live = group.iter().any(|row| row.live);
    let dues = group.into_iter().filter_map(|row| row.due);
    shown.due = dues.min_by_key(|due| due.at);
    Some(shown)
}

/// The rows of one silence of many, each by itself.
pub fn unfold(rows: Vec<AlarmRow>, id: &str) -> Vec<AlarmRow> {
    let of = |row: &AlarmRow| row.mass.as_ref().is_some_and(|mass| mass.id == id);
    rows.into_iter().filter(of).collect()
}

/// Alarms that are told together with this one: those of its silence of many.
pub fn told_with(node: &mut Node, alarm: DossierId, severity: u8) -> Vec<DossierId> {
    if severity <= ALONE_SEVERITY {
        return Vec::new();
    }
    let known = node.incidents();
    let mass = known.masses().with(alarm);
    mass.map(|mass| mass.alarms.clone()).unwrap_or_default()
}

/// Handling of the rest of a silence of many that is open and not in danger.
pub fn others_open(node: &mut Node, alarm: DossierId) -> Vec<Arc<File>> {
    let Some(own) = node.file(alarm).map(|file| severity(node, &file)) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for id in told_with(node, alarm, own) {
        let file = node.file(id).filter(|file| file.id != alarm);
        files.extend(
            file.filter(|file| is_alarm_open(node, file) && severity(node, file) > ALONE_SEVERITY),
        );
    }
    files
}
