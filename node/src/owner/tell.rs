//! What follows from a commit: frames to send, sessions to end, pages to be told.

use super::Node;
use crate::event::{Change, Part};
use crate::link::Lane as WireLane;
use crate::metric::add;
use jiaolian_schema::desk::{File, RECORD_WORKFLOW};
use jiaolian_schema::fact::What;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, EnvelopeId, PersonCode, hex};
use jiaolian_schema::standing::Standing;
use jiaolian_sync::{Effect, Event, Lane};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most doubtful dossiers that are looked at in one go, so that no answer waits for all of them.
const DOUBTFUL_MAX: usize = 64;

impl Node {
    /// Performs one effect; what was to be stored is durable already.
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Store(_) => {}
            Effect::Send { peer, lane, frame } => {
                add(&self.metrics.frames_out[lane as usize], 1);
                add(&self.metrics.bytes_out[lane as usize], frame.len() as u64);
                if let Some(links) = &self.links
                    && !links.send(&peer.0, wire_lane(lane), frame)
                {
                    // A frame lost inside a session would break its order; the next session finds
                    // all.
                    links.hangup(&peer.0);
                }
            }
            Effect::Hangup { peer, reason } => {
                tracing::info!(peer = %hex(&peer.0), %reason, "hung up");
                if let Some(links) = &self.links {
                    links.hangup(&peer.0);
                }
            }
            Effect::Publish(event) => self.publish(event),
        }
    }

    /// Tells of the new position of each person once, however many reports one commit held.
    pub(super) fn tell_watched(&self, people: BTreeSet<PersonCode>) {
        let cases = people
            .into_iter()
            .flat_map(|person| self.replica.cases_of(person));
        let cases: Arc<[DossierId]> = cases.collect();
        if !cases.is_empty() {
            self.events.publish(Change::Located(cases));
        }
    }

    /// A head or a receipt that comes later than an act can bring it into force. Tells of dossiers
    /// that stand otherwise by such a change.
    pub(super) fn tell_doubtful(&mut self) {
        for _ in 0..DOUBTFUL_MAX {
            let Some(((_, id), told)) = self.doubtful.pop_first() else {
                return;
            };
            let Some(standing) = self.replica.standing(id) else {
                continue;
            };
            if standing.state_root() != told.standing.state_root() {
                self.tell_otherwise(&told, &standing);
            }
        }
    }

    fn tell_otherwise(&self, told: &File, now: &Standing) {
        if told.kind == DossierKind::Alarm {
            return self.events.publish(Change::AlarmChanged(told.id));
        }
        for (matter, standing) in &now.matters {
            if told.standing.matters.get(matter) != Some(standing) {
                let (matter, case) = (*matter, told.id);
                self.events.publish(Change::MatterChanged { matter, case });
            }
        }
        self.events.publish(Change::CaseChanged {
            case: told.id,
            by: None,
            parts: vec![Part::Protected, Part::Matters],
        });
    }

    fn publish(&mut self, event: Event) {
        match event {
            Event::Stored {
                dossier: Some(dossier),
                kind: Some(kind),
                id,
                ..
            } => {
                self.forget(dossier);
                self.tell_stored(dossier, kind, id);
            }
            Event::Alarm { dossier, .. } => {
                self.events.publish(Change::AlarmRaised(dossier));
                self.events.publish(Change::NetworkChanged);
            }
            Event::Roster => {
                self.to_follow_roster = true;
                self.forget_files();
                self.allow_endpoints();
                self.events.publish(Change::RosterChanged);
            }
            Event::Placed { dossier, .. } | Event::Gone { dossier } => self.forget(dossier),
            Event::Link { .. } => {
                self.lines_changed();
                self.events.publish(Change::NetworkChanged);
            }
            Event::Delivered { .. } | Event::ClockBehind { .. } => {
                self.events.publish(Change::NetworkChanged);
            }
            Event::Refused { id, reason, .. } => {
                tracing::warn!(%id, %reason, "an envelope was refused");
                self.events.publish(Change::NetworkChanged);
            }
            // Told once a commit; see `tell_watched`.
            Event::Watched { .. } => {}
            // A head without its body may close a gap in anybody's chain.
            Event::Stored { .. } => self.forget_files(),
        }
    }

    fn tell_stored(&mut self, dossier: DossierId, kind: DossierKind, id: EnvelopeId) {
        if kind == DossierKind::Roster {
            return self.forget_files();
        }
        if kind == DossierKind::Audit {
            return self.events.publish(Change::NetworkChanged);
        }
        let Some(file) = self.file(dossier) else {
            return;
        };
        let Some(entry) = file.find(id) else { return };
        let by = entry.by.as_ref().map(|by| by.name.clone());
        match kind {
            DossierKind::Roster | DossierKind::Audit => {}
            DossierKind::Alarm => {
                if !matches!(entry.fact.what, What::Raise(_)) {
                    self.events.publish(Change::AlarmChanged(dossier));
                }
                self.look_again(dossier);
            }
            DossierKind::Case => {
                let part = match &entry.fact.what {
                    What::Edit => Part::Texts,
                    What::Amend { .. } | What::Open { .. } | What::Assign { .. } => Part::Protected,
                    What::Apply { workflow, .. } if workflow == RECORD_WORKFLOW => Part::Records,
                    _ => Part::Matters,
                };
                let matter = match &entry.fact.what {
                    What::Apply { .. } => Some(id),
                    What::Step { matter, .. } => Some(*matter),
                    _ => None,
                };
                if let Some(matter) = matter {
                    self.events.publish(Change::MatterChanged {
                        matter,
                        case: dossier,
                    });
                }
                let parts = vec![part];
                self.events.publish(Change::CaseChanged {
                    case: dossier,
                    by,
                    parts,
                });
            }
        }
    }
}

fn wire_lane(lane: Lane) -> WireLane {
    match lane {
        Lane::Urgent => WireLane::Urgent,
        Lane::Normal => WireLane::Normal,
        Lane::Bulk => WireLane::Bulk,
    }
}
