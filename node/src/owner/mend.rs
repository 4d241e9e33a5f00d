//! Signing what mends or serves an act that was signed before.

use super::Node;
use super::sign::{Place, Ready, SignRequest};
use crate::http::error::ApiResult;
use crate::view::shape::DryRun;
use crate::view::{self, Viewer};
use jiaolian_schema::desk::File;
use std::sync::Arc;

impl Node {
    /// What a withdrawal, a correction or a service would sign; none for other events.
    pub(super) fn ready_mend(
        &mut self,
        viewer: &Viewer,
        place: Place,
        ask: &SignRequest,
    ) -> Option<ApiResult<Ready>> {
        let file: Arc<File> = match place {
            Place::Case(case) => view::case::find(self, viewer, case).ok()?,
            Place::Matter(matter) => view::matter::find(self, viewer, matter).ok()?,
            Place::Cases | Place::Alarm(_) => return None,
        };
        let act = view::mend::act(self, viewer, &file, &ask.event, &ask.fields)?;
        Some(act.map(|act| Ready {
            dossier: Some(file.id),
            act,
            light: false,
            dry: DryRun::default(),
        }))
    }
}
