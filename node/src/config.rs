//! The node's one TOML file. Every value has a unit in its name and a bound; an unknown key, a
//! wrong type
//! or a value out of bounds is a sentence with its line, and nothing starts on half a
//! configuration.

mod bound;
mod notify;
mod site;
mod terminal;
mod vendor;

pub use notify::{ModemConfig, NotifyConfig, SirenConfig};
pub use terminal::Jt808Config;
pub use vendor::{VendorConfig, VendorMap};

use bound::{endpoint_id, within};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The largest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Most peers that one node keeps links to: a city with all its counties and townships.
const PEERS_MAX: usize = 1_024;
/// Shortest token of a drill, bytes.
const DRILL_TOKEN_BYTES_MIN: usize = 16;
/// Most platforms of makers.
const VENDORS_MAX: usize = 16;
/// Most addresses of one peer.
const PEER_ADDRS_MAX: usize = 8;

/// Why a configuration was refused.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{file}:{line}: {reason}")]
pub struct LoadConfigError {
    /// The file as it was named.
    pub file: String,
    /// The line, counted from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who this node is and where it keeps its things.
    pub node: NodeConfig,
    /// Pages and their interface.
    #[serde(default)]
    pub http: HttpConfig,
    /// Links to other nodes.
    pub link: LinkConfig,
    /// Doors for devices.
    #[serde(default)]
    pub gateway: GatewayConfig,
    /// The disk.
    #[serde(default)]
    pub store: StoreConfig,
    /// Judging of position reports.
    #[serde(default)]
    pub supervision: SupervisionConfig,
    /// How people are told who are not at a page.
    #[serde(default)]
    pub notify: NotifyConfig,
    /// What only a drill offers; none: no such door.
    #[serde(default)]
    pub drill: Option<DrillConfig>,
}

/// `[drill]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillConfig {
    /// A loopback address.
    pub bind: SocketAddr,
    /// Who knows it may look in and pull plugs.
    pub token: String,
    /// Added to the clock, in seconds: a drill may play on another day, or with a wrong clock.
    #[serde(default)]
    pub clock_offset_s: i64,
}

/// `[node]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// Directory of the store, the keys and the tip. Relative to the configuration file.
    pub data_dir: PathBuf,
    /// Second place for the newest signed positions; best on another disk. Default: `tip` in
    /// `data_dir`.
    #[serde(default)]
    pub tip_path: Option<PathBuf>,
    /// What the pages call this office.
    pub office_label: String,
    /// Marks every page and document as a demonstration.
    #[serde(default)]
    pub demo: bool,
}

/// `[http]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Where pages are served at this machine; not over TLS.
    pub bind: SocketAddr,
    /// Where pages are served to the local network, over TLS; none: no such door.
    pub lan: Option<SocketAddr>,
    /// Connections at once, 1 to 10,000.
    #[serde(deserialize_with = "within::<_, 1, 10_000>")]
    pub connections_max: u64,
    /// Longest time for a request's headers, in seconds, 1 to 60.
    #[serde(deserialize_with = "within::<_, 1, 60>")]
    pub header_timeout_s: u64,
    /// Longest time for a request's body, in seconds, 1 to 600.
    #[serde(deserialize_with = "within::<_, 1, 600>")]
    pub body_timeout_s: u64,
    /// Largest JSON body, in KiB, 16 to 16,384.
    #[serde(deserialize_with = "within::<_, 16, 16_384>")]
    pub json_kib_max: u64,
    /// Largest upload, in MiB, 1 to 1,024.
    #[serde(deserialize_with = "within::<_, 1, 1_024>")]
    pub upload_mib_max: u64,
}

/// `[link]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkConfig {
    /// The named address of this node on the government network.
    pub bind: SocketAddr,
    /// Silence after which a link counts as down, in seconds, 15 to 600.
    #[serde(default = "idle_s_default", deserialize_with = "within::<_, 15, 600>")]
    pub idle_s: u64,
    /// Whether larger packets are probed for; off on slow links.
    #[serde(default)]
    pub mtu_probing: bool,
    /// Other nodes that this one dials.
    #[serde(default)]
    pub peers: Vec<PeerConfig>,
}

/// `[[link.peers]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// The peer's endpoint id: 64 hexadecimal digits.
    #[serde(deserialize_with = "endpoint_id")]
    pub id: [u8; 32],
    /// Where it listens; none for a peer that dials us.
    #[serde(default)]
    pub addrs: Vec<SocketAddr>,
}

/// `[gateway]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewayConfig {
    /// Where phones and bands post over HTTP; none: no such door.
    pub http_bind: Option<SocketAddr>,
    /// The door for JT/T 808 terminals over TCP; none: no such door.
    pub jt808: Option<Jt808Config>,
    /// Platforms of makers whose bands report there and nowhere else.
    pub vendor: Vec<VendorConfig>,
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// Page cache, in MiB, 1 to 4,096.
    #[serde(deserialize_with = "within::<_, 1, 4_096>")]
    pub cache_mib: u64,
}

/// `[supervision]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SupervisionConfig {
    /// Days that position reports stay in full, 1 to 30; then they are segments.
    #[serde(deserialize_with = "within::<_, 1, 30>")]
    pub fix_days: u64,
    /// Days without a superior after which new decisions stop, 1 to 30.
    #[serde(deserialize_with = "within::<_, 1, 30>")]
    pub stale_authority_days: u64,
    /// Areas in which people may meet without being a gathering, a file in the form of fences.
    /// Relative to the configuration file.
    pub gathering_sites: Option<PathBuf>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 7080)),
            lan: None,
            connections_max: 512,
            header_timeout_s: 10,
            body_timeout_s: 30,
            json_kib_max: 2_048,
            upload_mib_max: 64,
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            cache_mib: u64::from(crate::store::CACHE_MIB_DEFAULT),
        }
    }
}

impl Default for SupervisionConfig {
    fn default() -> Self {
        Self {
            fix_days: 3,
            stale_authority_days: 7,
            gathering_sites: None,
        }
    }
}

fn idle_s_default() -> u64 {
    60
}

impl Config {
    /// Reads and checks a file; relative paths in it are taken from its directory.
    pub fn load(path: &Path) -> Result<Self, LoadConfigError> {
        let file = path.display().to_string();
        let whole = |reason: String| LoadConfigError {
            file: file.clone(),
            line: 0,
            reason,
        };
        let size = std::fs::metadata(path)
            .map_err(|error| whole(error.to_string()))?
            .len();
        if size > FILE_BYTES_MAX {
            return Err(whole(format!(
                "it must have at most {FILE_BYTES_MAX} bytes, not {size}"
            )));
        }
        let bytes = std::fs::read(path).map_err(|error| whole(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| whole("it must be UTF-8".into()))?;
        let mut config = Self::parse(&file, &text)?;
        let base = path.parent().unwrap_or(Path::new("."));
        config.node.data_dir = base.join(&config.node.data_dir);
        config.node.tip_path = config.node.tip_path.map(|tip| base.join(tip));
        config.notify.resolve(base);
        let sites = config.supervision.gathering_sites.take();
        config.supervision.gathering_sites = sites.map(|sites| base.join(sites));
        for vendor in &mut config.gateway.vendor {
            vendor.based(base);
        }
        if let Some(door) = &mut config.gateway.jt808 {
            door.items = door.items.take().map(|items| base.join(items));
        }
        Ok(config)
    }

    /// Checks the text of a file; `file` is its name in sentences.
    pub fn parse(file: &str, text: &str) -> Result<Self, LoadConfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let config: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| line_of(text, span.start));
            let reason = error.message().to_owned();
            LoadConfigError {
                file: file.to_owned(),
                line,
                reason,
            }
        })?;
        let broken = config.rules().into_iter().find_map(|(holds, key, reason)| {
            let line = text.find(key).map_or(0, |at| line_of(text, at));
            (!holds).then(|| LoadConfigError {
                file: file.to_owned(),
                line,
                reason,
            })
        });
        broken.map_or(Ok(config), Err)
    }

    /// Where the second place of the newest signed positions is.
    pub fn tip_path(&self) -> PathBuf {
        self.node
            .tip_path
            .clone()
            .unwrap_or_else(|| self.node.data_dir.join("tip"))
    }

    /// Rules on more than one value: whether each holds, where to point, and the sentence if not.
    fn rules(&self) -> Vec<(bool, &'static str, String)> {
        let label_chars = self.node.office_label.chars().count();
        let mut ids: Vec<_> = self.link.peers.iter().map(|peer| peer.id).collect();
        ids.sort_unstable();
        let addrs = self
            .link
            .peers
            .iter()
            .map(|peer| peer.addrs.len())
            .max()
            .unwrap_or(0);
        let drill = self.drill.as_ref();
        let vendors = self.gateway.vendor.iter();
        let mut vendors: Vec<_> = vendors.map(|vendor| &vendor.name).collect();
        vendors.sort_unstable();
        vec![
            (
                (1..=100).contains(&label_chars),
                "office_label",
                format!("office_label must have 1 to 100 characters, not {label_chars}"),
            ),
            (
                !self.node.data_dir.as_os_str().is_empty(),
                "data_dir",
                "data_dir must name a directory".into(),
            ),
            (
                !is_any(self.link.bind.ip()),
                "[link]",
                format!(
                    "link.bind must be a named address of this machine, not {}",
                    self.link.bind
                ),
            ),
            (
                self.node.demo || self.http.bind.ip().is_loopback(),
                "[http]",
                format!(
                    "http.bind must be a loopback address, not {}: other PCs come over TLS, to \
                     http.lan",
                    self.http.bind
                ),
            ),
            (
                drill.is_none_or(|drill| self.node.demo && drill.bind.ip().is_loopback()),
                "[drill]",
                "[drill] goes with node.demo = true and a loopback address only".into(),
            ),
            (
                drill.is_none_or(|drill| drill.token.len() >= DRILL_TOKEN_BYTES_MIN),
                "token",
                format!("drill.token must have at least {DRILL_TOKEN_BYTES_MIN} bytes"),
            ),
            (
                ids.len() <= PEERS_MAX,
                "link.peers",
                format!(
                    "link.peers must have at most {PEERS_MAX} entries, not {}",
                    ids.len()
                ),
            ),
            (
                addrs <= PEER_ADDRS_MAX,
                "link.peers",
                format!("a peer must have at most {PEER_ADDRS_MAX} addresses, not {addrs}"),
            ),
            (
                ids.windows(2).all(|pair| pair[0] != pair[1]),
                "link.peers",
                "every peer in link.peers must have an id of its own".into(),
            ),
            (
                vendors.len() <= VENDORS_MAX,
                "gateway.vendor",
                format!(
                    "gateway.vendor must have at most {VENDORS_MAX} entries, not {}",
                    vendors.len()
                ),
            ),
            (
                vendors.windows(2).all(|pair| pair[0] != pair[1]),
                "gateway.vendor",
                "every vendor in gateway.vendor must have a name of its own".into(),
            ),
        ]
    }
}

/// Peers tell one another every address they hear on; a node that hears everywhere tells its inner
/// networks.
fn is_any(address: IpAddr) -> bool {
    address.is_unspecified()
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}
