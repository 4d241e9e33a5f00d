//! What people of the bench's world sign in a case: the decision and the binding of a band, leaves.

use super::MeasureError;
use super::key::{code, office};
use super::node::Node;
use super::pen::{Paper, Pen};
use super::world::{DAY_MS, START_MS, TERM_DAYS, World};
use jiaolian_schema::act::{Amend, Apply, Open, Span, Step};
use jiaolian_schema::canon;
use jiaolian_schema::device::{Device, Regime};
use jiaolian_schema::fence::Fence;
use jiaolian_schema::id::DossierId;
use jiaolian_schema::value::Fields;
use jiaolian_sync::Store;

impl World {
    /// A case whose person wears a band and is kept to a fence: the opening, the decision without
    /// which a band lets nothing in, for three months, the band and the fence; six acts.
    pub(super) fn watched_case(
        &self,
        pen: &mut Pen,
        number: u64,
        fence: &Fence,
    ) -> Result<(), MeasureError> {
        let mut paper = Paper::default();
        let open = Open {
            office: office("t"),
            person: code(number),
            minor: 0,
            fields: Fields::new(),
        };
        pen.write(self, &mut paper, ("t-officer", open))?;
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
        let matter = pen.write(self, &mut paper, ("t-officer", apply))?;
        for (event, by) in [("approve", "c-head"), ("fit", "t-officer")] {
            let step = Step {
                matter,
                event: event.to_owned(),
                replaces: Vec::new(),
                section: None,
                fields: Fields::new(),
                span: None,
            };
            pen.write(self, &mut paper, (by, step))?;
        }
        let band = Device::new(
            Regime::Band,
            START_MS - DAY_MS,
            START_MS + TERM_DAYS * DAY_MS,
        );
        let amends = [
            (
                "c-head",
                format!("device/band-{number}"),
                canon::encode(&band),
            ),
            (
                "t-head",
                format!("fence/{}", fence.id()),
                canon::encode(fence),
            ),
        ];
        for (by, field, value) in amends {
            let amend = Amend {
                field,
                replaces: Vec::new(),
                value,
            };
            pen.write(self, &mut paper, (by, amend))?;
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
