//! One command for the common case: the county's own node gets a certificate of the county's own
//! authority, which is made where there is none yet.

use super::super::desk::Bench;
use super::super::secret::Source;
use super::super::{Done, Refusal, now_ms};
use super::authority::found;
use super::file::{read_authority, write_new};
use super::node::{done, install, request};
use crate::certificate::Scope;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `jiaolian certificate make`.
#[derive(Debug, Args)]
pub struct Make {
    /// The county's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// Staff number of its keeper.
    #[arg(long = "as")]
    keeper: String,
    /// The authority: read where it exists, made where it does not. Best on a USB stick.
    #[arg(long)]
    ca: PathBuf,
    /// A DNS name or address of this node on its local network; comes once or more.
    #[arg(long = "name", required = true)]
    names: Vec<String>,
    /// A domain that a new authority may sign for, with all below.
    #[arg(long = "domain", default_value = "jiaolian.internal")]
    domains: Vec<String>,
    /// Address ranges of a new authority beside the private ones, `address/bits`.
    #[arg(long = "subnet")]
    subnets: Vec<String>,
    /// Where to serve the local network, `ip:port`.
    #[arg(long)]
    listen: SocketAddr,
    /// Read two passphrases from standard input, one a line: the keeper's, then the authority's.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Make {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let mut bench = Bench::open(&self.dir, &self.keeper, self.passphrase_stdin)?;
        let source = Source::new(self.passphrase_stdin);
        let (file, words) = if self.ca.exists() {
            let file = read_authority(&self.ca)?;
            (file, source.ask("签发机构文件")?)
        } else {
            let scope = Scope::new(&self.domains, &self.subnets)?;
            let words = source.ask_new("签发机构文件")?;
            let mut desk = bench.desk();
            let file = found(&mut desk, scope, &words, "")?;
            write_new(&self.ca, &file.to_bytes())?;
            desk.settle()?;
            bench.close()?;
            (file, words)
        };
        let ask = request(&bench.home, &self.names, false)?;
        let issued = file.issue(&words, &ask, now_ms())?;
        let issued = install(&bench.home, &bench.store, issued, Some(self.listen))?;
        Ok(done(&issued, Some(self.listen)))
    }
}
