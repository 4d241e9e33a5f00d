//! What a command does at an office's node, in one form for a node that is stopped and one that runs:
//! the directory is opened here, or the request goes to the node by its hatch, and the same function
//! looks, drafts and tells.

use super::desk::{Bench, Desk, Hand};
use super::{Done, Refusal};
use crate::hatch::{self, Wire};
use crate::home::{Home, HomeError};
use crate::key::OfficerKey;
use crate::platform;
use crate::store::CACHE_MIB_DEFAULT;
use std::path::Path;

/// In which seat a person works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seating {
    /// As a keeper of the office.
    Keeper,
    /// As an officer of the office's staff.
    Staff,
    /// By a stand-in's appointment (AB岗).
    StandIn,
}

/// Whose key signs what a command drafts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who<'a> {
    /// Staff number.
    pub(crate) number: &'a str,
    /// Whether passphrases come by standard input.
    pub(crate) from_lines: bool,
    /// In which seat.
    pub(crate) seating: Seating,
}

impl<'a> Who<'a> {
    /// A keeper, as the command line names one.
    pub(super) fn keeper(hand: &'a Hand) -> Self {
        Self::numbered(&hand.number, hand.passphrase_stdin)
    }

    /// An officer of the staff, as the command line names one.
    pub(super) fn staff(hand: &'a Hand) -> Self {
        Self {
            seating: Seating::Staff,
            ..Self::keeper(hand)
        }
    }

    /// A keeper by the parts of the name.
    pub(super) fn numbered(number: &'a str, from_lines: bool) -> Self {
        Self {
            number,
            from_lines,
            seating: Seating::Keeper,
        }
    }
}

/// A command's work at a node.
pub(crate) trait Work: Send + Sync {
    /// The office's data directory.
    fn dir(&self) -> &Path;

    /// Whose key signs; none where nobody's does.
    fn who(&self) -> Option<Who<'_>> {
        None
    }

    /// The same request for a node that runs.
    fn wire(&self) -> Result<Wire, Refusal> {
        Wire::command_line()
    }

    /// What the command reads where it is typed: a file that was carried here.
    fn read(&self) -> Result<Vec<u8>, Refusal> {
        Ok(Vec::new())
    }

    /// What can be refused before anybody's passphrase is asked for.
    fn check(&self, _input: &[u8]) -> Result<(), Refusal> {
        Ok(())
    }

    /// Looks at what the node knows, drafts what is to be signed, and settles it at most once. It may
    /// run again from the start, so it changes nothing else.
    fn work(&self, desk: &mut Desk<'_>, input: &[u8]) -> Result<Done, Refusal>;

    /// What follows once all of it is durable.
    fn finish(&self, _desk: &mut Desk<'_>, done: Done) -> Result<Done, Refusal> {
        Ok(done)
    }

    /// Keeps, where the command is typed, the file that the work made.
    fn keep(&self, _file: &[u8]) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Does a command's work at its node.
pub(super) fn carry_out(work: &dyn Work) -> Result<Done, Refusal> {
    carry_out_with_key(work).map(|(done, _)| done)
}

/// The same, with the key that was opened for it.
pub(super) fn carry_out_with_key(work: &dyn Work) -> Result<(Done, Option<OfficerKey>), Refusal> {
    let (done, file, key) = carry_out_whole(work)?;
    if let Some(file) = &file {
        work.keep(file)?;
    }
    Ok((done, key))
}

/// The file that a work makes, for who asked in this process.
pub(super) fn carry_out_file(work: &dyn Work) -> Result<Vec<u8>, Refusal> {
    let (_, file, _) = carry_out_whole(work)?;
    file.ok_or_else(|| Refusal::data("the node answered nothing"))
}

fn carry_out_whole(work: &dyn Work) -> Result<Left, Refusal> {
    let input = work.read()?;
    work.check(&input)?;
    match Home::open(work.dir(), CACHE_MIB_DEFAULT) {
        Ok(parts) => at_stopped(work, parts, &input),
        Err(HomeError::Held(_)) => hatch::call(work, input),
        Err(error) => Err(error.into()),
    }
}

/// What a work leaves: its words, the file that it made, and the key that was opened for it.
pub(crate) type Left = (Done, Option<Vec<u8>>, Option<OfficerKey>);

fn at_stopped(
    work: &dyn Work,
    (home, store): (Home, crate::store::DiskStore),
    input: &[u8],
) -> Result<Left, Refusal> {
    let mut bench = Bench::new(home, store, work.who())?;
    let mut desk = bench.desk();
    let done = work.work(&mut desk, input)?;
    let file = desk.file.take();
    bench.close()?;
    let done = work.finish(&mut bench.desk(), done)?;
    bench.close()?;
    Ok((done, file, bench.signer))
}

/// Writes a file whole or not at all.
pub(super) fn write_out(path: &Path, bytes: &[u8], status: u8) -> Result<(), Refusal> {
    platform::write_atomically(path, bytes)
        .map_err(|error| Refusal::new(status, format!("{}: {error}", path.display())))
}
