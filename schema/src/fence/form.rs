//! The bytes of a fence, for signed acts and the node's own store: a map with integer keys, one
//! form each.

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use super::{Fence, FenceKind, FenceRole, Validity};
use crate::geo::Shape;
use crate::schedule::Schedule;

#[derive(Decode)]
#[cbor(map)]
struct Form {
    #[n(0)]
    id: String,
    #[n(1)]
    kind: FenceKind,
    #[n(2)]
    shape: Shape,
    #[n(3)]
    buffer_mm: u32,
    #[n(4)]
    schedule: Schedule,
    #[n(5)]
    version: u32,
    #[n(6)]
    from: Option<i64>,
    #[n(7)]
    until: Option<i64>,
    #[n(8)]
    role: Option<FenceRole>,
}

impl<C> Encode<C> for Fence {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        c: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let bounds = [(6, self.valid.from), (7, self.valid.until)];
        let bounded = bounds.iter().filter(|(_, bound)| bound.is_some()).count() as u64;
        e.map(6 + bounded + u64::from(self.role.is_some()))?;
        e.u8(0)?.str(&self.id)?.u8(1)?.encode_with(self.kind, c)?;
        e.u8(2)?
            .encode_with(&self.shape, c)?
            .u8(3)?
            .u32(self.buffer_mm)?;
        e.u8(4)?
            .encode_with(&self.schedule, c)?
            .u8(5)?
            .u32(self.version)?;
        for (key, bound) in bounds {
            if let Some(bound) = bound {
                e.u8(key)?.i64(bound)?;
            }
        }
        if let Some(role) = self.role {
            e.u8(8)?.encode_with(role, c)?;
        }
        Ok(())
    }
}

/// Checks ranges and sizes; [`Fence::check`] is for fences that come from elsewhere.
impl<'b, C> Decode<'b, C> for Fence {
    fn decode(d: &mut Decoder<'b>, c: &mut C) -> Result<Self, decode::Error> {
        let form: Form = d.decode_with(c)?;
        form.schedule.check().map_err(decode::Error::custom)?;
        let fence = Self::new(&form.id, form.kind, form.shape, form.buffer_mm);
        let valid = Validity {
            from: form.from,
            until: form.until,
        };
        let mut fence = fence.map_err(decode::Error::custom)?;
        if let Some(role) = form.role {
            fence = fence.with_role(role).map_err(decode::Error::custom)?;
        }
        Ok(fence
            .with_schedule(form.schedule)
            .with_version(form.version, valid))
    }
}
