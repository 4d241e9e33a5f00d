//! Ports that a drill's nodes keep over their restarts.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

/// Ports below those that the system gives away by itself, so that a node that restarts
/// finds its own free. Where each search begins differs by process.
pub(super) struct Ports {
    next: u16,
}

impl Ports {
    const FIRST: u16 = 10_000;
    const COUNT: u16 = 20_000;

    pub(super) fn new() -> Self {
        let start = std::process::id().wrapping_mul(97) % u32::from(Self::COUNT);
        Self { next: start as u16 }
    }

    /// A port at which neither TCP nor UDP is heard.
    pub(super) fn free(&mut self, ip: IpAddr) -> io::Result<SocketAddr> {
        for _ in 0..Self::COUNT {
            self.next = (self.next + 1) % Self::COUNT;
            let address = SocketAddr::new(ip, Self::FIRST + self.next);
            if UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok() {
                return Ok(address);
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }
}
