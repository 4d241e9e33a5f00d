//! The one line that a node says when everything is open, so that whoever started it need not
//! guess.

use crate::identity::Identity;
use crate::link::Links;
use jiaolian_schema::id::hex;
use serde::Serialize;
use std::io::{self, Write as _};
use std::net::SocketAddr;

/// Where a node can be reached.
#[derive(Debug, Serialize)]
pub(super) struct Ready {
    office: String,
    name: String,
    endpoint: String,
    link: Vec<SocketAddr>,
    pub(super) http: Option<SocketAddr>,
    pub(super) lan: Option<SocketAddr>,
    pub(super) gateway: Option<SocketAddr>,
    pub(super) jt808: Option<SocketAddr>,
    pub(super) drill: Option<SocketAddr>,
}

impl Ready {
    pub(super) fn new(office: &Identity, links: &Links) -> Self {
        Self {
            office: office.office.clone(),
            name: office.name.clone(),
            endpoint: hex(&links.me()),
            link: links.addrs(),
            http: None,
            lan: None,
            gateway: None,
            jt808: None,
            drill: None,
        }
    }

    pub(super) fn say(&self, json: bool) -> io::Result<()> {
        let mut output = io::stdout().lock();
        if json {
            let line = serde_json::to_string(self).expect("addresses and names are plain texts");
            writeln!(output, "{line}")?;
        } else {
            let http = self.http.map(|at| at.to_string()).unwrap_or_default();
            writeln!(output, "{} 已启动，请打开 http://{http}/", self.name)?;
        }
        output.flush()
    }
}
