//! `jiaolian reenrol`: a new key for an officer whose passphrase is forgotten, asked for at the
//! officer's desk and answered at an office above. A running node offers the same on its pages.

mod above;
mod desk;

use super::work::{Work, carry_out};
use super::{Done, Refusal};
use clap::Subcommand;
use std::sync::Arc;

/// `jiaolian reenrol`.
#[derive(Debug, Subcommand)]
pub enum Reenrol {
    /// Ask, at the officer's desk, for a new key under a new passphrase.
    Ask(desk::Ask),
    /// List, at an office above, what waits for an answer.
    List(above::List),
    /// Appoint the new key whose code the officer reads over the telephone.
    Answer(above::Answer),
    /// Take in, at the officer's desk, an answer that came by hand.
    Take(desk::Take),
    /// Give the new key the case files by the old passphrase, where it was remembered after all.
    Recall(desk::Recall),
}

impl Reenrol {
    /// Runs the command.
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        match self {
            Self::Ask(command) => command.run(),
            Self::List(command) => carry_out(command),
            Self::Answer(command) => carry_out(command),
            Self::Take(command) => command.run(),
            Self::Recall(command) => command.run(),
        }
    }

    /// The step as a node's work, where it is one.
    pub(super) fn work(self) -> Option<Arc<dyn Work>> {
        match self {
            Self::List(command) => Some(Arc::new(command)),
            Self::Answer(command) => Some(Arc::new(command)),
            _ => None,
        }
    }

    /// Whether to answer in JSON.
    pub(super) fn json(&self) -> bool {
        match self {
            Self::Ask(command) => command.json,
            Self::List(command) => command.json,
            Self::Answer(command) => command.json,
            Self::Take(command) => command.json,
            Self::Recall(command) => command.json,
        }
    }
}
