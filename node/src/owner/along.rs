//! One signature on an incident goes to each of its alarms whose own road allows it.

use super::sign::Ready;
use super::{Hand, Node, Place, SignRequest};
use crate::http::error::{ApiError, ApiResult};
use crate::view::{self, Viewer};
use jiaolian_schema::desk::File;
use jiaolian_schema::id::DossierId;
use serde_json::Map;
use std::sync::Arc;

/// The event by which somebody takes an alarm on.
const TAKE: &str = "acknowledge";
/// Most alarms of a silence of many that are taken with one signature; the rest waits for another.
const TAKEN_ALONG_MAX: usize = 200;

impl Node {
    /// A second person who claims an incident is told who has it.
    pub(super) fn check_claim(
        &mut self,
        viewer: &Viewer,
        file: &File,
        ask: &SignRequest,
    ) -> ApiResult<()> {
        if ask.event != TAKE {
            return Ok(());
        }
        match view::alarm::claim(self, file) {
            Some(claim) if claim.person_id != viewer.person.to_hex() => {
                Err(ApiError::with("already_claimed", &[&claim.name]))
            }
            _ => Ok(()),
        }
    }

    /// The other alarms of an incident that one signature is for.
    pub(super) fn others_handled(
        &mut self,
        viewer: &Viewer,
        place: Place,
        signed: Option<DossierId>,
        ask: &SignRequest,
    ) -> Vec<Arc<File>> {
        let Place::Alarm(alarm) = place else {
            return Vec::new();
        };
        let incident = view::incident::of_alarm(self, viewer, alarm);
        let lead = incident.as_ref().map(|incident| incident.lead.id);
        let mut handled = incident.map_or_else(Vec::new, |incident| incident.handled(self));
        if let Some(lead) = lead.filter(|_| ask.event == TAKE) {
            // Whoever takes one row takes the silence of many that it stands for.
            let mut others = view::mass::others_open(self, lead);
            others.retain(|file| view::case::sees(self, viewer, file.id));
            others.retain(|file| view::alarm::claim(self, file).is_none());
            others.retain(|file| handled.iter().all(|known| known.id != file.id));
            others.truncate(TAKEN_ALONG_MAX);
            handled.extend(others);
        }
        handled.retain(|file| Some(file.id) != signed);
        handled
    }

    /// Signs the same step on another alarm of the incident, where its own road allows it: an alarm
    /// that fired again since is first taken by whoever contacts the person.
    pub(super) fn sign_along(
        &mut self,
        hand: &Hand,
        file: &File,
        ask: &SignRequest,
    ) -> ApiResult<()> {
        let take = SignRequest {
            event: TAKE.to_owned(),
            fields: Map::new(),
            section_id: None,
            strong: ask.strong,
        };
        let first = (ask.event == "contact").then_some(&take);
        for ask in first.into_iter().chain([ask]) {
            let Some(file) = self.file(file.id) else {
                return Ok(());
            };
            let ready = self.ready_step(&hand.viewer, &file, file.id.into(), ask, false);
            if let Ok(Ready { dossier, act, .. }) = ready {
                self.sign(hand, dossier, act)?;
            }
        }
        Ok(())
    }
}
