//! Permits: when and where a person may be what a fence forbids (R22 to R24).

mod door;

use minicbor::{Decode, Encode};

use crate::fence::FenceKind;
use crate::fix::Point;
use crate::geo::Shape;

pub use door::{ReadPermitsError, read_permits};

/// How long before its beginning a permit covers a `keep_in` fence, ms.
pub const PERMIT_LEAD_MS: i64 = 2 * 3_600_000;

/// A leave, or a permission to enter one forbidden place.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Permit {
    /// The person's code.
    #[n(0)]
    pub person: String,
    /// First instant, ms since 1970; a `keep_in` fence is lifted [`PERMIT_LEAD_MS`] earlier.
    #[n(1)]
    pub from: i64,
    /// Last instant, inclusive, ms since 1970.
    #[n(2)]
    pub to: i64,
    /// Where; `None` is anywhere.
    #[n(3)]
    pub area: Option<Shape>,
    /// The one fence it lifts; `None` lifts every `keep_in` and no `keep_out`.
    #[n(4)]
    pub fence: Option<String>,
    /// Covers nothing before this instant, ms since 1970.
    #[n(5)]
    pub signed: Option<i64>,
    /// Covers nothing from this instant on, ms since 1970.
    #[n(6)]
    pub revoked: Option<i64>,
}

impl Permit {
    /// Whether the permit lifts this fence for its person at this point; accuracy does not matter.
    pub fn covers(&self, fence: &str, kind: FenceKind, point: &Point) -> bool {
        self.lifts(fence, kind, point.time)
            && self.area.as_ref().is_none_or(|area| area.holds(point.at))
    }

    /// Whether the permit lifts this fence at this time, ms since 1970, somewhere.
    pub fn lifts(&self, fence: &str, kind: FenceKind, time: i64) -> bool {
        let lifts = match &self.fence {
            Some(named) => named == fence,
            None => kind == FenceKind::KeepIn,
        };
        lifts && self.is_in_force(kind, time)
    }

    fn is_in_force(&self, kind: FenceKind, time: i64) -> bool {
        let lead_ms = match kind {
            FenceKind::KeepIn => PERMIT_LEAD_MS,
            FenceKind::KeepOut => 0,
        };
        let from = self.from.saturating_sub(lead_ms);
        let from = self.signed.map_or(from, |signed| from.max(signed));
        from <= time && time <= self.to && self.revoked.is_none_or(|revoked| time < revoked)
    }
}
