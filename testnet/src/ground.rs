//! Where the nodes of a drill stand so that they can't meet behind a shaper's back: each in a
//! network namespace of its own with one road out, or, where that is not allowed, next to one
//! another in turn on the two loopback addresses.
//!
//! Nodes tell one another every address they hear on and try each. In a namespace only the end of
//! its own road can be reached, and there the shaper listens. On loopback an IPv4 socket can't send
//! to an IPv6 one.

use crate::topology::{OfficePlan, Topology};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What names of our namespaces begin with; the process that made them follows.
const NAME: &str = "jiaolian-";
/// 198.18.0.0/15 belongs to measurements (RFC 2544); a road takes four addresses.
const ROADS_FIRST: u32 = 0xC612_0000;
const ROAD_ADDRESSES: u32 = 4;
const ROADS_COUNT: u32 = 32_768;
/// Roads of one process before its numbers meet those of another.
const ROADS_OF_PROCESS: u32 = 16;

static ROADS_MADE: AtomicU32 = AtomicU32::new(0);

/// Where one office stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its own address, for its links and in a namespace for its pages and devices too.
    pub ip: IpAddr,
    /// Where its line up begins.
    pub front: IpAddr,
    /// Its network namespace; none on loopback.
    pub namespace: Option<String>,
}

/// Where all offices stand; the namespaces go when this is dropped.
#[derive(Debug)]
pub struct Ground {
    places: BTreeMap<String, Place>,
    /// Why there are no namespaces; none where there are.
    pub missing: Option<String>,
}

impl Ground {
    /// A namespace for every office, or loopback with the reason why.
    pub fn prepare(topology: &Topology) -> Self {
        clear_left_behind();
        let mut ground = Self {
            places: BTreeMap::new(),
            missing: None,
        };
        for plan in &topology.offices {
            let number = ROADS_MADE.fetch_add(1, Relaxed);
            match fence_off(number) {
                Ok(place) => ground.places.insert(plan.key.clone(), place),
                Err(why) => return Self::loopback(topology, why),
            };
        }
        ground
    }

    /// The two address families in turn, tier by tier.
    pub fn loopback(topology: &Topology, why: String) -> Self {
        let place = |plan: &OfficePlan| {
            let ip: IpAddr = if plan.tier % 2 == 1 {
                Ipv4Addr::LOCALHOST.into()
            } else {
                Ipv6Addr::LOCALHOST.into()
            };
            Place {
                ip,
                front: ip,
                namespace: None,
            }
        };
        let offices = topology.offices.iter();
        Self {
            places: offices
                .map(|plan| (plan.key.clone(), place(plan)))
                .collect(),
            missing: Some(why),
        }
    }

    /// Where an office stands.
    pub fn place(&self, key: &str) -> Option<&Place> {
        self.places.get(key)
    }

    /// UDP datagrams that came in at an office since its namespace was made; none on loopback.
    pub fn datagrams_in(&self, key: &str) -> Option<u64> {
        let name = self.places.get(key)?.namespace.as_deref()?;
        let table = ip(&["netns", "exec", name, "cat", "/proc/net/snmp"]).ok()?;
        let mut lines = table.lines().filter(|line| line.starts_with("Udp:"));
        let (head, figures) = (lines.next()?, lines.next()?);
        let at = head
            .split_whitespace()
            .position(|word| word == "InDatagrams")?;
        figures.split_whitespace().nth(at)?.parse().ok()
    }
}

impl Place {
    /// Words before a program that is to run there.
    pub fn before(&self) -> Vec<String> {
        let enter = |name: &String| {
            let words = ["ip", "netns", "exec", name.as_str()];
            words.map(str::to_owned).to_vec()
        };
        self.namespace.as_ref().map(enter).unwrap_or_default()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for name in self.places.values().filter_map(|p| p.namespace.as_ref()) {
            // With its last process it goes anyway; there is nobody to tell.
            let _ = ip(&["netns", "del", name]);
        }
    }
}

/// Makes a namespace with one road out of it.
fn fence_off(number: u32) -> Result<Place, String> {
    let process = std::process::id();
    let road = (process * ROADS_OF_PROCESS + number) % ROADS_COUNT;
    let base = ROADS_FIRST + road * ROAD_ADDRESSES;
    let (front, inner) = (Ipv4Addr::from(base + 1), Ipv4Addr::from(base + 2));
    let name = format!("{NAME}{process}-{number}");
    let (outside, inside) = (format!("jl{process}o{number}"), "road".to_owned());
    ip(&["netns", "add", &name])?;
    let laid = [
        format!("link add {outside} type veth peer name {inside} netns {name}"),
        format!("addr add {front}/30 dev {outside}"),
        format!("link set {outside} up"),
        format!("-n {name} addr add {inner}/30 dev {inside}"),
        format!("-n {name} link set {inside} up"),
        format!("-n {name} link set lo up"),
    ]
    .iter()
    .try_for_each(|line| ip(&line.split(' ').collect::<Vec<_>>()).map(|_| ()));
    if let Err(why) = laid {
        let _ = ip(&["netns", "del", &name]);
        return Err(why);
    }
    Ok(Place {
        ip: inner.into(),
        front: front.into(),
        namespace: Some(name),
    })
}

/// Namespaces of ours whose process ended without clearing up.
fn clear_left_behind() {
    let Ok(list) = ip(&["netns", "list"]) else {
        return;
    };
    for name in list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
    {
        let process = name
            .strip_prefix(NAME)
            .and_then(|rest| rest.split('-').next());
        if process.is_some_and(|id| !std::path::Path::new("/proc").join(id).exists()) {
            let _ = ip(&["netns", "del", name]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("ip").args(arguments).output();
    let output = output.map_err(|error| format!("`ip` does not run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("`ip {}`: {}", arguments.join(" "), said.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::THIN;

    #[test]
    fn on_loopback_an_office_and_the_one_above_have_different_families() {
        let thin = Topology::parse(THIN).unwrap();
        let ground = Ground::loopback(&thin, "a test".to_owned());
        for plan in &thin.offices {
            let Some(parent) = &plan.parent else { continue };
            let [here, above] = [&plan.key, parent].map(|key| ground.place(key).unwrap().ip);
            assert_ne!(here.is_ipv4(), above.is_ipv4(), "{}", plan.key);
        }
    }
}
