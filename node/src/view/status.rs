//! The strip at the top of every page.

use super::Viewer;
use super::alarm::{self, AlarmQuery};
use super::case;
use super::label::office_ref;
use super::network::waiting;
use super::seat::reads_cases;
use super::shape::{ClockShape, Notice, Status, Target, Upstream};
use crate::http::text::words;
use crate::owner::Node;
use crate::platform::CLOCK_MS_MIN;
use jiaolian_schema::authority::State;
use jiaolian_schema::desk::File;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::DossierId;
use jiaolian_schema::watch::NodeClock;
use jiaolian_sync::LinkStatus;
use std::collections::BTreeMap;

/// The strip.
pub fn status(node: &mut Node, viewer: &Viewer) -> Status {
    let now = node.now();
    let links = node.replica.links();
    let up = upstream(node, &links);
    let query = AlarmQuery::default();
    let open = if reads_cases(node, viewer) {
        alarm::list(node, viewer, &query)
    } else {
        vec![]
    };
    let mut alarms: BTreeMap<String, u64> = (1..=4).map(|n: u8| (n.to_string(), 0)).collect();
    for row in &open {
        *alarms.entry(row.severity.to_string()).or_default() += 1;
    }
    let receipt = node
        .authority()
        .newest_receipt_for(node.office)
        .map(|(_, time)| time);
    let behind = receipt.is_some_and(|time| time > now);
    let apart = matches!(node.replica.node_clock(), NodeClock::Untrusted { .. });
    let early = now < CLOCK_MS_MIN;
    let note = match (early, behind, apart) {
        (true, ..) => Some(words("status", "clock_early")),
        (false, true, _) => Some(words("error", "clock_behind")),
        (false, false, true) => Some(words("status", "clock")),
        _ => None,
    };
    Status {
        now,
        demo: node.demo,
        clock: ClockShape {
            trusted: note.is_none(),
            note,
        },
        waiting: up.map(waiting).unwrap_or_default(),
        upstream: up.map(|link| Upstream {
            office: office_ref(node, link.office),
            state: if link.up_since.is_some() {
                "linked"
            } else {
                "cut"
            }
            .into(),
            as_of: link.delivered_as_of,
            cut_since: if link.up_since.is_some() {
                None
            } else {
                link.heard_at
            },
        }),
        unfiled: unfiled(node, viewer),
        unacknowledged: open.iter().filter(|row| row.claimed.is_none()).count() as u64,
        alarms,
        notices: notices(node, early, behind),
    }
}

/// The link to the nearest office above.
fn upstream<'a>(node: &Node, links: &'a [LinkStatus]) -> Option<&'a LinkStatus> {
    let path = node.offices().path(node.office);
    let mut above = path.iter().skip(1);
    above.find_map(|office| links.iter().find(|link| link.office == *office))
}

/// Acts signed at this office that no office above has filed, without what is hidden from this
/// person. The root files its own.
fn unfiled(node: &mut Node, viewer: &Viewer) -> u64 {
    let office = node.office;
    if office == node.authority().root_office() {
        return 0;
    }
    let mut ids: Vec<DossierId> = node.dossiers(DossierKind::Case);
    ids.extend(node.dossiers(DossierKind::Alarm));
    let own = |file: &File| {
        let waits = |state: State| matches!(state, State::Good { filed: None });
        let mine = file.filed.iter().filter(|entry| {
            waits(entry.state) && entry.by.as_ref().is_some_and(|by| by.office == office)
        });
        mine.count() as u64
    };
    ids.retain(|id| {
        let row = node.replica.dossier(*id);
        let hidden = row.is_some_and(|row| case::is_hidden(node, row));
        !hidden || case::sees(node, viewer, *id)
    });
    ids.into_iter()
        .filter_map(|id| node.file(id))
        .map(|file| own(&file))
        .sum()
}

fn notices(node: &Node, early: bool, behind: bool) -> Vec<Notice> {
    let network = Target {
        view: "network".into(),
        id: None,
        event: None,
    };
    let mut notices = Vec::new();
    if early {
        notices.push(Notice {
            code: "clock".into(),
            severity: 1,
            text: words("status", "clock_early"),
            target: None,
        });
    } else if behind {
        notices.push(Notice {
            code: "clock".into(),
            severity: 1,
            text: words("error", "clock_behind"),
            target: None,
        });
    }
    let stale = node.replica.stale_authority();
    if stale.is_stale() {
        notices.push(Notice {
            code: "stale_authority".into(),
            severity: 2,
            text: words("error", "authority_stale").fill(&[&stale.limit_days.to_string()]),
            target: Some(network.clone()),
        });
    }
    if node.replica.refused_count() > 0 {
        notices.push(Notice {
            code: "refused".into(),
            severity: 3,
            text: words("notice", "refused").fill(&[&node.replica.refused_count().to_string()]),
            target: Some(network),
        });
    }
    let flaws = super::audit::findings(node, node.office).map_or(0, |found| found.items.len());
    if flaws > 0 {
        notices.push(Notice {
            code: "audit".into(),
            severity: 1,
            text: words("notice", "audit").fill(&[&flaws.to_string()]),
            target: Some(Target {
                view: "audit".into(),
                id: None,
                event: None,
            }),
        });
    }
    notices
}
