//! `jiaolian root install`: a node trusts a newer version from now on; at the root office it also
//! carries it to everybody.

use super::super::{Done, EXIT_IO, Refusal, now_ms};
use super::file::read_root;
use super::shown;
use crate::home::{Home, HomeError, settle};
use crate::identity::RootPin;
use crate::seal::entropy;
use crate::store::{CACHE_MIB_DEFAULT, StoreReader};
use clap::Args;
use jiaolian_schema::act::{Root as RootAct, RootStatement};
use jiaolian_sync::{Draft, Payload, Replica};
use serde_json::json;
use std::path::PathBuf;

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

impl Install {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let root = read_root(&self.file)?;
        let (mut home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let pin = home.identity.root.as_ref().ok_or(HomeError::NotJoined)?;
        let pinned = pin.to_statement().ok_or(HomeError::NotJoined)?;
        let replica = home.replica(&store)?;
        check_newer(&root, &pinned, &replica)?;
        drop(replica);
        home.identity.root = Some(RootPin::of(&root.statement));
        let mut replica = home.replica(&store)?;
        let carried = carry(&home, &mut replica, &root)?;
        settle(&mut replica, &store).map_err(HomeError::from)?;
        home.identity
            .write(&self.dir)
            .map_err(|error| Refusal::new(EXIT_IO, error))?;
        let mut done = shown(&root, None);
        done.line = format!("本机关自此信任根声明第 {} 版。", root.statement.version);
        done.data["carried"] = json!(carried);
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
fn carry(home: &Home, replica: &mut Replica<StoreReader>, root: &RootAct) -> Result<bool, Refusal> {
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
    let signed = replica.sign(&*node.signer, node.seat, draft, now_ms(), entropy());
    signed.map_err(HomeError::from)?;
    Ok(true)
}
