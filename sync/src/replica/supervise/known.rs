//! Fences that were read, by their bytes: whoever is kept to the same county is kept to one shape in
//! memory, not to a copy each.

use jiaolian_schema::fence::Fence;
use jiaolian_schema::id::sha256;
use std::collections::BTreeMap;

/// From so many on, those that nobody is kept to any more are looked for and forgotten.
const LOOKED_THROUGH_AT_MIN: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct KnownFences {
    fences: BTreeMap<[u8; 32], Fence>,
    /// How many there may be before the next look.
    room: usize,
}

impl KnownFences {
    /// The fence of these bytes; none where they are no fence.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Option<Fence> {
        let name = sha256(&[bytes]);
        if let Some(fence) = self.fences.get(&name) {
            return Some(fence.clone());
        }
        let fence: Fence = minicbor::decode(bytes).ok()?;
        if self.fences.len() >= self.room.max(LOOKED_THROUGH_AT_MIN) {
            self.fences.retain(|_, fence| fence.shape().is_shared());
            self.room = 2 * self.fences.len();
        }
        self.fences.insert(name, fence.clone());
        Some(fence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiaolian_schema::canon;
    use jiaolian_schema::fence::FenceKind;
    use jiaolian_schema::geo::{Coord, Shape};

    fn bytes(lat: i32) -> Vec<u8> {
        let corner = |lat, lon| Coord::new(lat, lon).unwrap();
        let ring = vec![corner(lat, 0), corner(lat, 9_000), corner(lat + 9_000, 0)];
        let shape = Shape::new(vec![vec![ring]]).unwrap();
        canon::encode(&Fence::new("home", FenceKind::KeepIn, shape, 1_000).unwrap())
    }

    #[test]
    fn the_same_bytes_are_one_shape_and_what_nobody_has_is_forgotten() {
        let mut known = KnownFences::default();
        let kept = known.read(&bytes(1)).unwrap();
        assert!(kept.shape().is_shared());
        assert_eq!(known.read(&bytes(1)).unwrap(), kept);
        assert!(known.read(b"no fence").is_none());
        for lat in 2..2_000 {
            known.read(&bytes(lat)).unwrap();
        }
        assert!(known.fences.len() <= 2 * LOOKED_THROUGH_AT_MIN);
        assert!(kept.shape().is_shared(), "what somebody has stays");
    }
}
