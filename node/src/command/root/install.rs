//! `jiaolian root install`: a node trusts a newer version from now on; at the root office it also
//! carries it to everybody.

use super::super::desk::Desk;
use super::super::work::Work;
use super::super::{Done, EXIT_IO, Refusal, read_bounded};
use super::file::{ROOT_FILE_BYTES_MAX, parse_root};
use super::shown;
use crate::home::HomeError;
use crate::identity::RootPin;
use crate::seal::entropy;
use crate::store::StoreReader;
use clap::Args;
use jiaolian_schema::act::{Root as RootAct, RootStatement};
use jiaolian_sync::{Draft, Payload, Replica};
use serde_json::json;
use std::path::{Path, PathBuf};

/// `jiaolian root install`.
#[derive(Debug, Args)]
pub(super) struct Install {
    /// The node.
    #[arg(long)]
    dir: PathBuf,
    /// The signed statement.
    #[arg(long)]
    file: PathBuf,
}

impl Work for Install {
    fn dir(&self) -> &Path {
        &self.dir
    }

    fn read(&self) -> Result<Vec<u8>, Refusal> {
        read_bounded(&self.file, ROOT_FILE_BYTES_MAX)
    }

    fn check(&self, input: &[u8]) -> Result<(), Refusal> {
        parse_root(input, &self.file).map(|_| ())
    }

    fn work(&self, desk: &mut Desk<'_>, input: &[u8]) -> Result<Done, Refusal> {
        let root = parse_root(input, &self.file)?;
        let before = desk.home.identity.root.clone();
        let pin = before.as_ref().ok_or(HomeError::NotJoined)?;
        let pinned = pin.to_statement().ok_or(HomeError::NotJoined)?;
        check_newer(&root, &pinned, desk.replica)?;
        desk.home.identity.root = Some(RootPin::of(&root.statement));
        match desk.home.replica(desk.store) {
            Ok(replica) => *desk.replica = replica,
            Err(error) => {
                desk.home.identity.root = before;
                return Err(error.into());
            }
        }
        desk.reopened = true;
        let carried = carry(desk, &root)?;
        let mut done = shown(&root, None);
        done.line = format!("本机关自此信任根声明第 {} 版。", root.statement.version);
        done.data["carried"] = json!(carried);
        Ok(done)
    }

    /// The pin goes to the disk after what it carried.
    fn finish(&self, desk: &mut Desk<'_>, done: Done) -> Result<Done, Refusal> {
        let written = desk.home.identity.write(desk.home.dir());
        written.map_err(|error| Refusal::new(EXIT_IO, error))?;
        Ok(done)
    }
}

fn check_newer(
    root: &RootAct,
    pinned: &RootStatement,
    replica: &Replica<StoreReader>,
) -> Result<(), Refusal> {
    let in_force = replica.authority().root();
    let (own, version) = (pinned.version, root.statement.version);
    if root.statement.office != pinned.office {
        return Err(Refusal::data(format!(
            "the root office is {} here, the statement is of {}",
            pinned.office, root.statement.office
        )));
    }
    if version <= own {
        return Err(Refusal::data(format!(
            "versions of the root never go down: version {own} is trusted here, the file has {version}"
        )));
    }
    if root.follows(pinned) || root.follows(in_force) || root.statement == *in_force {
        return Ok(());
    }
    Err(Refusal::data(format!(
        "version {version} must follow version {own} and carry {} signatures of its root keys and \
         {} of its own; it carries {} and {}",
        pinned.threshold,
        root.statement.threshold,
        root.signers_among(pinned),
        root.signers_among(&root.statement)
    )))
}

/// At the root office the node's own key carries the statement into the roster, from where it goes to
/// everybody; who carries it gives it no weight.
fn carry(desk: &mut Desk<'_>, root: &RootAct) -> Result<bool, Refusal> {
    let (home, replica) = (&*desk.home, &mut *desk.replica);
    let office = replica.authority().root_office();
    let known = replica.authority().carries_root(&root.statement);
    if home.identity.office_id() != office || known {
        return Ok(false);
    }
    let (Some(node), Some(roster)) = (home.node_seat(replica.authority()), replica.roster(office))
    else {
        return Ok(false);
    };
    let draft = Draft {
        dossier: Some(roster),
        payload: Payload::Act(root.clone().into()),
    };
    let signed = replica.sign(&*node.signer, node.seat, draft, desk.now, entropy());
    signed.map_err(HomeError::from)?;
    Ok(true)
}
