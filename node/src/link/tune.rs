//! How QUIC is set: closed network, named address, bounded windows, our own pace.

use super::lane::Lane;
use super::pace::PaceFactory;
use super::{Peer, StartLinkError};
use crate::config::LinkConfig;
use crate::key::Seed;
use crate::link::gate::Gate;
use iroh::address_lookup::memory::MemoryLookup;
use iroh::endpoint::{
    IdleTimeout, MtuDiscoveryConfig, PortmapperConfig, QuicTransportConfig, VarInt, presets,
};
use iroh::{Endpoint, RelayMode, SecretKey};
use std::sync::Arc;
use std::time::Duration;

/// Name of the protocol inside QUIC's handshake.
pub(super) const ALPN: &[u8] = b"jiaolian/1";
/// Streams each way: one a lane and one for what was taken.
pub(super) const STREAMS: u32 = Lane::ALL.len() as u32 + 1;

/// One stream's unread bytes, on the receiver.
const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
/// All streams' bytes in flight or unread, on either side; more than the windows of Normal and Bulk
/// together, so that Urgent always has room.
const CONNECTION_WINDOW_BYTES: u32 = 3 * 1024 * 1024;
/// No probing upwards on slow links; every path carries this.
const MTU_BYTES: u16 = 1200;
const KEEP_ALIVE_S: u64 = 5;
/// A first guess above a satellite link's round trip spares needless repeats of the handshake.
const RTT_FIRST_MS: u64 = 700;

/// Binds an endpoint that knows only the addresses in `book`.
pub(super) async fn bind(
    config: &LinkConfig,
    seed: &Seed,
    book: MemoryLookup,
    gate: Gate,
) -> Result<Endpoint, StartLinkError> {
    let refused = |reason: String| StartLinkError::Bind {
        address: config.bind,
        reason,
    };
    Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .clear_ip_transports()
        .bind_addr(config.bind)
        .map_err(|error| refused(error.to_string()))?
        .portmapper_config(PortmapperConfig::Disabled)
        .secret_key(SecretKey::from_bytes(seed))
        .alpns(vec![ALPN.to_vec()])
        .address_lookup(book)
        .hooks(gate)
        .transport_config(transport(config))
        .bind()
        .await
        .map_err(|error| refused(error.to_string()))
}

/// The endpoint id that a seed gives.
pub(super) fn id(seed: &Seed) -> Peer {
    *SecretKey::from_bytes(seed).public().as_bytes()
}

fn transport(config: &LinkConfig) -> QuicTransportConfig {
    let idle = u32::try_from(config.idle_s * 1_000).unwrap_or(u32::MAX);
    QuicTransportConfig::builder()
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(STREAMS))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW_BYTES))
        .send_window(u64::from(CONNECTION_WINDOW_BYTES))
        .datagram_receive_buffer_size(None)
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(idle))))
        .keep_alive_interval(Duration::from_secs(KEEP_ALIVE_S))
        .initial_rtt(Duration::from_millis(RTT_FIRST_MS))
        .initial_mtu(MTU_BYTES)
        .mtu_discovery_config(config.mtu_probing.then(MtuDiscoveryConfig::default))
        .congestion_controller_factory(Arc::new(PaceFactory))
        .build()
}
