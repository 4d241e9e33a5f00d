//! Amendments of protected fields as a form asks for them; each names the values that it replaces.

use super::Node;
use crate::http::error::ApiResult;
use crate::view::form::Filled;
use crate::view::{bind_form, plan_form};
use jiaolian_schema::act::Amend;
use jiaolian_schema::checkin::CHECK_IN_FIELD;
use jiaolian_schema::desk::{File, amend_of, field_entry, matters_of};
use jiaolian_schema::device::{Device, Regime};

/// The workflow of W9, and its states in which a device may be bound.
const USE: &str = "device";
const DECIDED: [&str; 2] = ["APPROVED", "ACTIVE"];

impl Node {
    pub(super) fn amend(&self, file: &File, name: &str, filled: &Filled) -> Amend {
        amend_of(
            &field_entry(file, &self.rules, name),
            filled.form.get("value"),
        )
    }

    pub(super) fn fence(&self, file: &File, filled: &Filled) -> ApiResult<Amend> {
        let fence = bind_form::fence(filled)?;
        let value = jiaolian_schema::canon::encode(&fence);
        Ok(self.amend_bytes(file, &format!("fence/{}", fence.id()), value))
    }

    pub(super) fn device(&self, file: &File, filled: &Filled) -> ApiResult<Amend> {
        let (terminal, device) = bind_form::device(filled, self.replica.office())?;
        let ground = self
            .ground_of(file)
            .filter(|_| device.regime == Regime::Band);
        let device = Device { ground, ..device };
        let value = jiaolian_schema::canon::encode(&device);
        Ok(self.amend_bytes(file, &format!("device/{terminal}"), value))
    }

    pub(super) fn plan(&self, file: &File, filled: &Filled) -> ApiResult<Amend> {
        let (name, plan) = plan_form::plan(filled)?;
        let field = format!("{CHECK_IN_FIELD}{name}");
        Ok(self.amend_bytes(file, &field, plan.write()))
    }

    /// Number of the ground on which the use of a device stands decided; the highest of several.
    fn ground_of(&self, file: &File) -> Option<u8> {
        let now = self.now();
        let matters = matters_of(file, self.authority(), &self.rules, now);
        let used = matters
            .iter()
            .filter(|matter| matter.workflow.0 == USE && DECIDED.contains(&matter.state.at(now)));
        let grounds = used.filter_map(|matter| matter.form.choice("ground")?.strip_prefix('G'));
        grounds.filter_map(|number| number.parse().ok()).max()
    }

    fn amend_bytes(&self, file: &File, name: &str, value: Vec<u8>) -> Amend {
        let entry = field_entry(file, &self.rules, name);
        Amend {
            field: entry.name,
            replaces: entry.replaces,
            value,
        }
    }
}
