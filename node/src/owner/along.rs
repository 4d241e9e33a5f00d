//! One signature on an incident goes to each of its alarms whose own road allows it.

use super::sign::Ready;
use super::{Hand, Node, Place, SignRequest};
use crate::http::error::{ApiError, ApiResult};
use crate::view::{self, Viewer};
use jiaolian_schema::desk::File;
use jiaolian_schema::id::DossierId;
use serde_json::Map;
use std::sync::Arc;

impl Node {
    /// A second person who claims an incident is told who has it.
    pub(super) fn check_claim(
        &mut self,
        viewer: &Viewer,
        file: &File,
        ask: &SignRequest,
    ) -> ApiResult<()> {
        if ask.event != "acknowledge" {
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
        place: Place,
        signed: Option<DossierId>,
    ) -> Vec<Arc<File>> {
        let Place::Alarm(alarm) = place else {
            return Vec::new();
        };
        let incident = view::incident::of_alarm(self, alarm);
        let mut handled = incident.map_or_else(Vec::new, |incident| incident.handled(self));
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
            event: "acknowledge".to_owned(),
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
