//! A line between two nodes that keeps a copy of every datagram.
//!
//! Its front and its back are of different address families, so that the nodes, which tell one
//! another their addresses, can't meet without it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::UdpSocket;

const DATAGRAM_BYTES_MAX: usize = 65_535;

/// A line that copies.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) front: SocketAddr,
    copy: Arc<Mutex<Vec<u8>>>,
}

impl Wire {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
        let front = socket.local_addr().unwrap();
        let copy = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(forward(socket, target, Arc::clone(&copy)));
        Self { front, copy }
    }

    /// Everything that went over the line, both ways.
    pub(crate) fn captured(&self) -> Vec<u8> {
        self.copy.lock().unwrap().clone()
    }
}

async fn forward(front: Arc<UdpSocket>, target: SocketAddr, copy: Arc<Mutex<Vec<u8>>>) {
    let mut backs: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
    let mut bytes = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let Ok((length, from)) = front.recv_from(&mut bytes).await else {
            continue;
        };
        copy.lock().unwrap().extend_from_slice(&bytes[..length]);
        let back = if let Some(back) = backs.get(&from) {
            Arc::clone(back)
        } else {
            let back = Arc::new(UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap());
            back.connect(target).await.unwrap();
            tokio::spawn(answer(
                Arc::clone(&back),
                Arc::clone(&front),
                from,
                Arc::clone(&copy),
            ));
            backs.insert(from, Arc::clone(&back));
            back
        };
        // A node that is off takes nothing; its peer sends again.
        let _ = back.send(&bytes[..length]).await;
    }
}

async fn answer(
    back: Arc<UdpSocket>,
    front: Arc<UdpSocket>,
    to: SocketAddr,
    copy: Arc<Mutex<Vec<u8>>>,
) {
    let mut bytes = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        if let Ok(length) = back.recv(&mut bytes).await {
            copy.lock().unwrap().extend_from_slice(&bytes[..length]);
            let _ = front.send_to(&bytes[..length], to).await;
        }
    }
}
