//! What people of the bench's world sign in a case: the decision and the binding of a band, leaves.

use super::MeasureError;
use super::node::Node;
use super::world::{DAY_MS, START_MS, TERM_DAYS, World};
use jiaolian_schema::act::{Apply, Span, Step};
use jiaolian_schema::canon;
use jiaolian_schema::device::{Device, Regime};
use jiaolian_schema::fence::Fence;
use jiaolian_schema::id::DossierId;
use jiaolian_schema::value::Fields;
use jiaolian_sync::Store;

impl World {
    /// Binds a band to a case's person and sets a fence.
    pub(super) fn watch<S: Store>(
        &mut self,
        node: &mut Node<S>,
        case: DossierId,
        number: u64,
        fence: &Fence,
    ) -> Result<(), MeasureError> {
        self.decide(node, case)?;
        let until = START_MS + TERM_DAYS * DAY_MS;
        let device = Device {
            regime: Regime::Band,
            from: START_MS - DAY_MS,
            until,
            secret_hash: None,
            key: None,
            interval_s: None,
            heard_at: None,
            ground: None,
        };
        let name = format!("device/band-{number}");
        let device = canon::encode(&device);
        self.amend(node, "c-head", case, (&name, &device), Vec::new())?;
        let name = format!("fence/{}", fence.id());
        self.amend(
            node,
            "t-head",
            case,
            (&name, &canon::encode(fence)),
            Vec::new(),
        )?;
        Ok(())
    }

    /// The decision without which a band lets nothing in, for three months.
    fn decide<S: Store>(
        &mut self,
        node: &mut Node<S>,
        case: DossierId,
    ) -> Result<(), MeasureError> {
        let first_day = i32::try_from(START_MS.div_euclid(DAY_MS)).unwrap_or(i32::MAX) - 1;
        let apply = Apply {
            workflow: "device".to_owned(),
            version: 1,
            on_behalf: 0,
            span: Some(Span {
                first_day,
                last_day: first_day + 88,
            }),
            area: None,
            fields: Fields::new(),
        };
        let matter = self.act(node, "t-officer", Some(case), apply.into())?;
        for (event, by) in [("approve", "c-head"), ("fit", "t-officer")] {
            let step = Step {
                matter,
                event: event.to_owned(),
                replaces: Vec::new(),
                section: None,
                fields: Fields::new(),
                span: None,
            };
            self.act(node, by, Some(case), step.into())?;
        }
        Ok(())
    }

    /// A leave of two days, from application to approval: four acts.
    pub(super) fn leave<S: Store>(
        &mut self,
        node: &mut Node<S>,
        case: DossierId,
        first_day: i32,
    ) -> Result<(), MeasureError> {
        let apply = Apply {
            workflow: "leave".to_owned(),
            version: 1,
            on_behalf: 1,
            span: Some(Span {
                first_day,
                last_day: first_day + 1,
            }),
            area: None,
            fields: Fields::new(),
        };
        let matter = self.act(node, "t-officer", Some(case), apply.into())?;
        for (who, event) in [
            ("t-officer", "verify"),
            ("t-officer", "opine"),
            ("t-head", "approve"),
        ] {
            let step = Step {
                matter,
                event: event.to_owned(),
                replaces: Vec::new(),
                section: None,
                fields: Fields::new(),
                span: None,
            };
            self.act(node, who, Some(case), step.into())?;
        }
        Ok(())
    }
}
