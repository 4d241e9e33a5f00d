//! `jiaolian certificate`: what it takes that the other PCs of an office open its pages over TLS,
//! from the county's authority to the node's certificate.

mod authority;
mod file;
mod make;
mod node;

use super::work::{Work, carry_out};
use super::{Done, EXIT_CANNOT_CREATE, EXIT_IO, EXIT_NO_PERMISSION, Refusal};
use crate::certificate::CertificateError;
use clap::Subcommand;
use std::sync::Arc;

/// `jiaolian certificate`.
#[derive(Debug, Subcommand)]
pub enum Certificate {
    /// Make the county's certificate authority and vouch for it in the roster.
    Ca(authority::Ca),
    /// Vouch no longer for an authority, say one that was stolen.
    Distrust(authority::Distrust),
    /// Ask, at a node, for its certificate.
    Ask(node::Ask),
    /// Sign, with the authority, what a node asks for.
    Issue(authority::Issue),
    /// Put a certificate into the node that asked for it and open its door to the local network.
    Install(node::Install),
    /// All of it at the county's own desk: authority, if there is none, request, certificate,
    /// installation.
    Make(make::Make),
}

impl Certificate {
    /// Runs the command.
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        match self {
            Self::Ca(command) => command.run(),
            Self::Distrust(command) => carry_out(command),
            Self::Ask(command) => command.run(),
            Self::Issue(command) => command.run(),
            Self::Install(command) => command.run(),
            Self::Make(command) => command.run(),
        }
    }

    /// The step as a node's work, where it is one.
    pub(super) fn work(self) -> Option<Arc<dyn Work>> {
        match self {
            Self::Distrust(command) => Some(Arc::new(command)),
            _ => None,
        }
    }

    /// Whether to answer in JSON.
    pub(super) fn json(&self) -> bool {
        match self {
            Self::Ca(command) => command.json,
            Self::Distrust(command) => command.json,
            Self::Ask(command) => command.json,
            Self::Issue(command) => command.json,
            Self::Install(command) => command.json,
            Self::Make(command) => command.json,
        }
    }
}

impl From<CertificateError> for Refusal {
    fn from(error: CertificateError) -> Self {
        let status = match &error {
            CertificateError::Passphrase => EXIT_NO_PERMISSION,
            CertificateError::Disk { source, .. }
                if source.kind() == std::io::ErrorKind::AlreadyExists =>
            {
                EXIT_CANNOT_CREATE
            }
            CertificateError::Disk { .. } | CertificateError::Key(_) => EXIT_IO,
            _ => return Self::data(error),
        };
        Self::new(status, error)
    }
}
