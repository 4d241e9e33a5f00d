//! The lines of a drill province: from every office to the one above through a shaper of its own,
//! so that nothing else connects them.

use crate::ground::Ground;
use crate::province::{Province, ProvinceError};
use crate::shaper::{Line, LineCount, Shaper};
use jiaolian_node::identity::Identity;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

/// Every office's line up, by its key.
#[derive(Debug)]
pub struct Lines(BTreeMap<String, Shaper>);

impl Lines {
    /// Lays a line for every office that has one above, and tells its node to call there. Nodes
    /// must not run yet.
    pub async fn lay(
        province: &Province,
        ground: &Ground,
        line: Line,
    ) -> Result<Self, ProvinceError> {
        let mut lines = BTreeMap::new();
        for (number, key) in province.order.iter().enumerate() {
            let site = province.site(key)?;
            let (Some(parent), Some(place)) = (&site.plan.parent, ground.place(key)) else {
                continue;
            };
            let failed = |error| ProvinceError::System(key.clone(), error);
            let front = SocketAddr::new(place.front, 0);
            let seeded = |line: Line, more: u64| Line {
                seed: line.seed + number as u64 * 2 + more,
                ..line
            };
            let target = province.site(parent)?.link;
            let shaper = Shaper::start(front, target, seeded(line, 0), seeded(line, 1));
            let shaper = shaper.await.map_err(failed)?;
            let wrong = |error: jiaolian_node::identity::IdentityError| {
                failed(io::Error::other(error.to_string()))
            };
            let mut identity = Identity::read(&site.dir).map_err(wrong)?;
            if let Some(superior) = &mut identity.superior {
                superior.addrs = vec![shaper.addr()];
            }
            identity.write(&site.dir).map_err(wrong)?;
            lines.insert(key.clone(), shaper);
        }
        Ok(Self(lines))
    }

    /// Makes every line another one, both ways; what is in the air arrives as before.
    pub fn set(&self, line: Line) {
        for shaper in self.0.values() {
            shaper.set_line(line);
        }
    }

    /// What went up an office's line, and down.
    pub fn counts(&self, key: &str) -> (LineCount, LineCount) {
        self.0.get(key).map(Shaper::counts).unwrap_or_default()
    }

    /// What the lines have handed to an office: down its own, up those of the offices
    /// below.
    pub fn handed_to(&self, province: &Province, key: &str) -> LineCount {
        let below = province.sites.values().filter(|site| {
            let parent = site.plan.parent.as_deref();
            parent == Some(key)
        });
        let up = below.map(|site| self.counts(&site.plan.key).0);
        up.fold(self.counts(key).1, |sum, line| LineCount {
            packets: sum.packets + line.packets,
            bytes: sum.bytes + line.bytes,
            lost: sum.lost + line.lost,
            dropped: sum.dropped + line.dropped,
        })
    }
}
