//! Keys in files: the OPS key, readable by root only, and the node's own three seeds sealed under
//! it.

use super::Seed;
use crate::platform::{
    PrivateFileError, check_private, create_private, sync_directory, write_atomically,
};
use crate::seal::{OpsKey, Place, entropy};
use jiaolian_schema::suite::Suite;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;
use zeroize::Zeroizing;

const TRANSPORT_FILE: &str = "transport.key";
const WITNESS_FILE: &str = "witness.key";
const STAFF_FILE: &str = "node-staff.key";

/// Why a key file was not made or not read.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// Others may read it, or it can't be read.
    #[error(transparent)]
    Private(#[from] PrivateFileError),
    /// Its bytes are not a key, or not one sealed under this OPS key.
    #[error("{0} must hold a key made on this node")]
    Malformed(PathBuf),
    /// The disk refused.
    #[error("{path} could not be written: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The seeds of the node's own authors and of its links.
#[derive(Debug)]
pub struct NodeKeys {
    /// Names this node on links.
    pub transport: Seed,
    /// Signs receipts.
    pub witness: Seed,
    /// Signs what the node itself states: alarms, check-ins of devices.
    pub staff: Seed,
}

impl NodeKeys {
    /// Draws the seeds and writes them; refused when one is there already.
    pub fn create(directory: &Path, ops: &OpsKey) -> Result<Self, KeyFileError> {
        let make = |name: &str| {
            let seed: Seed = Zeroizing::new(entropy());
            write_new(
                &directory.join(name),
                &ops.seal(file_place(name), seed.as_slice()),
            )?;
            Ok::<_, KeyFileError>(seed)
        };
        Ok(Self {
            transport: make(TRANSPORT_FILE)?,
            witness: make(WITNESS_FILE)?,
            staff: make(STAFF_FILE)?,
        })
    }

    /// Draws new seeds for the node's two authors. The name on links stays: it is no author.
    pub fn renew(&mut self, directory: &Path, ops: &OpsKey) -> Result<(), KeyFileError> {
        for (name, seed) in [
            (WITNESS_FILE, &mut self.witness),
            (STAFF_FILE, &mut self.staff),
        ] {
            let new: Seed = Zeroizing::new(entropy());
            let path = directory.join(name);
            let sealed = ops.seal(file_place(name), new.as_slice());
            write_atomically(&path, &sealed)
                .map_err(|source| KeyFileError::Write { path, source })?;
            *seed = new;
        }
        Ok(())
    }

    /// Reads the seeds.
    pub fn open(directory: &Path, ops: &OpsKey) -> Result<Self, KeyFileError> {
        let read = |name: &str| {
            let path = directory.join(name);
            let opened = ops.open(file_place(name), &read_private(&path)?);
            seed_from(opened.ok(), path)
        };
        Ok(Self {
            transport: read(TRANSPORT_FILE)?,
            witness: read(WITNESS_FILE)?,
            staff: read(STAFF_FILE)?,
        })
    }
}

/// Draws the OPS key and writes it, mode 0600; refused when the file is there.
pub fn create_ops_key(path: &Path, suite: Suite) -> Result<OpsKey, KeyFileError> {
    let key = OpsKey::generate_in(suite);
    write_ops_key(path, &key)?;
    Ok(key)
}

/// Writes an OPS key, mode 0600; refused when the file is there.
pub fn write_ops_key(path: &Path, key: &OpsKey) -> Result<(), KeyFileError> {
    write_new(path, key.to_bytes().as_slice())
}

/// Reads the OPS key of a node of the suite; refused when group or world may read it.
pub fn open_ops_key(path: &Path, suite: Suite) -> Result<OpsKey, KeyFileError> {
    let bytes = read_private(path)?;
    Ok(OpsKey::new(suite, seed_from(Some(bytes), path.to_owned())?))
}

/// Writes a secret of any length, sealed under the OPS key and its file's name, over an older one.
pub(crate) fn write_sealed_file(
    path: &Path,
    ops: &OpsKey,
    plain: &[u8],
) -> Result<(), KeyFileError> {
    let sealed = ops.seal(file_place(&file_name(path)), plain);
    write_atomically(path, &sealed).map_err(|source| KeyFileError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Reads what `write_sealed_file` wrote.
pub(crate) fn open_sealed_file(
    path: &Path,
    ops: &OpsKey,
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let opened = ops.open(file_place(&file_name(path)), &read_private(path)?);
    let opened = opened.map_err(|_| KeyFileError::Malformed(path.to_owned()))?;
    Ok(Zeroizing::new(opened))
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn file_place(name: &str) -> Place<'_> {
    Place {
        table: 0,
        key: name.as_bytes(),
    }
}

fn seed_from(bytes: Option<Vec<u8>>, path: PathBuf) -> Result<Seed, KeyFileError> {
    let bytes = Zeroizing::new(bytes.unwrap_or_default());
    let seed = bytes
        .as_slice()
        .try_into()
        .map_err(|_| KeyFileError::Malformed(path))?;
    Ok(Zeroizing::new(seed))
}

fn read_private(path: &Path) -> Result<Vec<u8>, KeyFileError> {
    check_private(path)?;
    let unreadable = |source| PrivateFileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    Ok(std::fs::read(path).map_err(unreadable)?)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), KeyFileError> {
    let written = create_private(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        path.parent().map_or(Ok(()), sync_directory)
    });
    written.map_err(|source| KeyFileError::Write {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_and_are_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ops.key");
        let ops = create_ops_key(&path, Suite::Ed25519).unwrap();
        assert_eq!(
            open_ops_key(&path, Suite::Ed25519).unwrap().to_bytes(),
            ops.to_bytes()
        );
        assert!(matches!(
            create_ops_key(&path, Suite::Ed25519),
            Err(KeyFileError::Write { .. })
        ));
        let made = NodeKeys::create(directory.path(), &ops).unwrap();
        let read = NodeKeys::open(directory.path(), &ops).unwrap();
        assert_eq!(
            (made.transport, made.witness),
            (read.transport, read.witness)
        );
        assert_ne!(read.staff, Zeroizing::new([0; 32]));
        let foreign = NodeKeys::open(directory.path(), &OpsKey::generate());
        assert!(
            matches!(foreign, Err(KeyFileError::Malformed(_))),
            "{foreign:?}"
        );
    }

    #[test]
    fn new_authors_of_a_node_keep_its_name_on_links() {
        let directory = tempfile::tempdir().unwrap();
        let ops = OpsKey::generate();
        let mut keys = NodeKeys::create(directory.path(), &ops).unwrap();
        let (staff, witness) = (keys.staff.clone(), keys.witness.clone());
        keys.renew(directory.path(), &ops).unwrap();
        let read = NodeKeys::open(directory.path(), &ops).unwrap();
        assert_eq!((&read.staff, &read.witness), (&keys.staff, &keys.witness));
        assert!(read.staff != staff && read.witness != witness);
        assert_eq!(read.transport, keys.transport);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ops.key");
        create_ops_key(&path, Suite::Ed25519).unwrap();
        crate::platform::set_mode(&path, 0o644).unwrap();
        let refused = open_ops_key(&path, Suite::Ed25519).unwrap_err().to_string();
        assert!(
            refused.contains("0600") && refused.contains("0644"),
            "{refused}"
        );
    }
}
