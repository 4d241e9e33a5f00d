//! Incidents: alarms of one condition that are shown in one row and handled together.

use super::alarm::{SOUNDING_SEVERITY, claim, raise_of, severity_of};
use super::mass::{self, Masses};
use super::{Viewer, case, matter};
use crate::owner::Node;
use jiaolian_schema::act::Raise;
use jiaolian_schema::desk::{DeskMatter, File, SeenAlarm, incidents};
use jiaolian_schema::id::{AlarmId, DossierId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Policy that says how long a condition must be normal before it is a new incident.
const QUIET_POLICY: &str = "alarm_quiet_minutes";
const MINUTE_MS: i64 = 60_000;
/// The kind of which people of several cases share one incident, named by its place.
const GATHERING: &str = "GATHER";

/// Which alarms are one incident, as they are known now.
#[derive(Debug, Clone, Default)]
pub struct Incidents {
    groups: Vec<Vec<DossierId>>,
    of: BTreeMap<DossierId, usize>,
    by_case: BTreeMap<DossierId, Vec<usize>>,
    masses: Masses,
}

impl Incidents {
    fn add(&mut self, cases: impl IntoIterator<Item = DossierId>, group: Vec<DossierId>) {
        let index = self.groups.len();
        self.of.extend(group.iter().map(|id| (*id, index)));
        for case in cases {
            self.by_case.entry(case).or_default().push(index);
        }
        self.groups.push(group);
    }

    /// Silences of many.
    pub fn masses(&self) -> &Masses {
        &self.masses
    }

    /// The alarms that share an incident with this one, the one raised first at the head.
    pub fn with(&self, alarm: DossierId) -> Vec<DossierId> {
        let group = self.of.get(&alarm).map(|index| self.groups[*index].clone());
        group.unwrap_or_else(|| vec![alarm])
    }

    /// Incidents of a case.
    pub fn of_case(&self, case: DossierId) -> impl Iterator<Item = &Vec<DossierId>> {
        let indices = self.by_case.get(&case).into_iter().flatten();
        indices.map(|index| &self.groups[*index])
    }

    /// All incidents.
    pub fn all(&self) -> &[Vec<DossierId>] {
        &self.groups
    }
}

/// Alarms of two gateways on one violation have one id; the smaller dossier stands for them.
fn standing(node: &Node) -> BTreeMap<AlarmId, Vec<DossierId>> {
    let mut alarms: BTreeMap<AlarmId, Vec<DossierId>> = BTreeMap::new();
    for (id, row) in node.replica.dossiers() {
        if let Some(alarm) = row.alarm {
            alarms.entry(alarm).or_default().push(id);
        }
    }
    alarms
}

/// Tells incidents apart. What can't be read while case files are closed stands alone.
pub fn read(node: &mut Node) -> Incidents {
    let mut found = Incidents::default();
    let mut conditions: BTreeMap<(DossierId, String, String), Vec<Arc<File>>> = BTreeMap::new();
    let mut gathered: BTreeMap<String, Vec<Arc<File>>> = BTreeMap::new();
    let mut twins: BTreeMap<DossierId, Vec<DossierId>> = BTreeMap::new();
    for ids in standing(node).into_values() {
        let Some((first, others)) = ids.split_first() else {
            continue;
        };
        twins.insert(*first, others.to_vec());
        let file = node.file(*first);
        let raise = file.as_ref().and_then(|file| raise_of(file));
        let gathering = raise.filter(|raise| raise.kind == GATHERING && !raise.fence.is_empty());
        if let (Some(raise), Some(file)) = (gathering, file.clone()) {
            gathered.entry(raise.fence.clone()).or_default().push(file);
        } else if let (Some(condition), Some(file)) = (raise.map(condition), file.clone()) {
            conditions.entry(condition).or_default().push(file);
        } else {
            let case = node.replica.dossier(*first).and_then(|row| row.case);
            found.add(case, vec![*first]);
        }
    }
    let quiet = node.rules.policy(QUIET_POLICY).map_or(0, |policy| policy.n);
    for ((case, ..), files) in conditions {
        if let [alone] = &files[..] {
            found.add(Some(case), vec![alone.id]);
            continue;
        }
        let seen = files.iter().filter_map(|file| seen(node, file)).collect();
        for group in incidents(seen, i64::from(quiet) * MINUTE_MS) {
            let ids = group.iter().map(|alarm| alarm.dossier).collect();
            found.add(Some(case), ids);
        }
    }
    for files in gathered.into_values() {
        let cases = files.iter().filter_map(|file| Some(raise_of(file)?.case));
        let cases: BTreeSet<DossierId> = cases.collect();
        found.add(cases, files.iter().map(|file| file.id).collect());
    }
    let known: Vec<DossierId> = twins.keys().copied().collect();
    found.masses = mass::read(node, &known);
    for (first, others) in twins {
        if let Some(index) = found.of.get(&first).copied() {
            found
                .of
                .extend(others.into_iter().map(|other| (other, index)));
        }
    }
    found
}

fn condition(raise: &Raise) -> (DossierId, String, String) {
    (raise.case, raise.kind.clone(), raise.fence.clone())
}

fn seen(node: &mut Node, file: &File) -> Option<SeenAlarm> {
    let raise = raise_of(file)?;
    let handling = handling(node, file);
    let ended = handling.filter(|desk| desk.state.ended);
    Some(SeenAlarm {
        dossier: file.id,
        case: raise.case,
        kind: raise.kind.clone(),
        fence: raise.fence.clone(),
        time: raise.time,
        until: until(node, raise),
        raised_at: file.opening()?.fact.at,
        ended_at: ended.map(|desk| desk.state.since_ms),
    })
}

/// When the condition was last known: the end of its violation where this office judges it, else
/// the position that decided.
fn until(node: &mut Node, raise: &Raise) -> i64 {
    let Some(watch) = node.replica.watch(raise.person) else {
        return raise.decided_at;
    };
    let lasts = |(fence, time): &(String, i64)| *fence == raise.fence && *time == raise.time;
    if watch.open.iter().any(lasts) {
        return i64::MAX;
    }
    let ended = watch.until.get(&raise.alarm).copied().flatten();
    ended.map_or(raise.decided_at, |at| at.max(raise.decided_at))
}

/// How the handling of one alarm stands.
pub fn handling(node: &Node, file: &File) -> Option<DeskMatter> {
    matter::run(node, file, file.id.into())
}

/// Whether one alarm is open.
pub fn is_alarm_open(node: &Node, file: &File) -> bool {
    handling(node, file).is_none_or(|desk| !desk.state.ended)
}

/// One incident with its alarms.
#[derive(Debug, Clone)]
pub struct Incident {
    /// Its alarms, the one raised first at the head: that one's id is the incident's.
    pub alarms: Vec<Arc<File>>,
    /// The alarm whose handling is shown: the first open one, else the last.
    pub lead: Arc<File>,
    /// Whether any alarm of it is open.
    pub open: bool,
}

impl Incident {
    /// The incident's id.
    pub fn id(&self) -> DossierId {
        self.alarms.first().map_or(self.lead.id, |first| first.id)
    }

    /// The alarms that a signature on the incident is for: those open; all where none is.
    pub fn handled(&self, node: &Node) -> Vec<Arc<File>> {
        let alarms = self.alarms.iter();
        let open = |file: &&Arc<File>| !self.open || is_alarm_open(node, file);
        alarms.filter(open).cloned().collect()
    }
}

fn gather(node: &mut Node, ids: &[DossierId]) -> Option<Incident> {
    let alarms: Vec<_> = ids.iter().filter_map(|id| node.file(*id)).collect();
    let first_open = alarms.iter().find(|file| is_alarm_open(node, file));
    let lead = first_open.or(alarms.last())?;
    Some(Incident {
        open: first_open.is_some(),
        lead: Arc::clone(lead),
        alarms,
    })
}

/// The incident that an alarm belongs to, as far as this person may see it.
pub fn of_alarm(node: &mut Node, viewer: &Viewer, alarm: DossierId) -> Option<Incident> {
    let mut ids = node.incidents().with(alarm);
    ids.retain(|id| case::sees(node, viewer, *id));
    gather(node, &ids)
}

/// Incidents of a case, with the alarms that follow it.
pub fn of_case(node: &mut Node, case: DossierId) -> Vec<Incident> {
    let known = node.incidents();
    let follows = |node: &Node, id: &DossierId| {
        let row = node.replica.dossier(*id);
        row.is_none_or(|row| row.case.is_none_or(|of| of == case))
    };
    let mut found = Vec::new();
    for group in known.of_case(case) {
        let own: Vec<DossierId> = group
            .iter()
            .copied()
            .filter(|id| follows(node, id))
            .collect();
        found.extend(gather(node, &own));
    }
    found
}

/// Every incident that this person may see. Alarms follow their case: of a gathering each person sees
/// those of the cases within sight.
pub fn visible(node: &mut Node, viewer: &Viewer) -> Vec<Incident> {
    let known = node.incidents();
    let mut found = Vec::new();
    for ids in known.all() {
        let seen = ids
            .iter()
            .copied()
            .filter(|id| case::sees(node, viewer, *id));
        let seen: Vec<DossierId> = seen.collect();
        found.extend(gather(node, &seen));
    }
    found
}

/// The alarm that stands for each incident that is open here.
pub fn open_leads(node: &mut Node) -> Vec<Arc<File>> {
    let known = node.incidents();
    let gathered = known.all().iter().filter_map(|ids| gather(node, ids));
    let open = gathered.filter(|incident| incident.open);
    open.map(|incident| incident.lead).collect()
}

/// How many incidents are open here, without those of minors and sealed cases: whoever asks has not signed in.
pub fn open_count(node: &mut Node) -> u64 {
    let known = node.incidents();
    let mut open = 0;
    let is_hidden = |id: &DossierId| {
        let row = node.replica.dossier(*id);
        row.is_some_and(|row| case::is_hidden(node, row))
    };
    let told: Vec<_> = known
        .all()
        .iter()
        .filter(|ids| !ids.iter().any(is_hidden))
        .collect();
    for ids in told {
        let files: Vec<_> = ids.iter().filter_map(|id| node.file(*id)).collect();
        open += u64::from(files.iter().any(|file| is_alarm_open(node, file)));
    }
    open
}

/// Severity of the gravest incident that is to sound here: open, not taken, grave enough.
pub fn sounding(node: &mut Node) -> Option<u8> {
    let known = node.incidents();
    let mut gravest = None;
    for ids in known.all() {
        let incident = gather(node, ids).filter(|incident| incident.open);
        let untaken = incident.filter(|incident| claim(node, &incident.lead).is_none());
        let severity = untaken.and_then(|incident| severity_of(node, &incident));
        let sounds = severity.filter(|severity| *severity <= SOUNDING_SEVERITY);
        gravest = [gravest, sounds].into_iter().flatten().min();
    }
    gravest
}
