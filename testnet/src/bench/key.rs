//! Ids and keys of the bench's house, each made from its name.

use jiaolian_schema::admit::Introduction;
use jiaolian_schema::authority::RootKey;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{OfficeId, PersonCode, sha256};
use jiaolian_schema::suite::{ED25519, Ed25519Signer, Sign as _};
use jiaolian_sync::Peer;

/// The person's code of a running number.
pub(super) fn code(number: u64) -> PersonCode {
    PersonCode(bytes16("code", &number.to_string()))
}

/// The key at the top.
pub(super) fn root() -> RootKey {
    let key = signer("root").public_key();
    let office = office("p");
    let introduction = Introduction {
        suite: ED25519,
        key,
        office,
        duty: Duty::Keeper,
    };
    RootKey {
        office,
        introduction,
    }
}

/// The key of a name.
pub(super) fn signer(name: &str) -> Ed25519Signer {
    Ed25519Signer::from_seed(&sha256(&[b"bench seed", name.as_bytes()]))
}

/// The transport key of an office's node.
pub(super) fn peer(office: &str) -> Peer {
    Peer(sha256(&[b"bench peer", office.as_bytes()]))
}

/// An office's id.
pub(super) fn office(name: &str) -> OfficeId {
    OfficeId(bytes16("office", name))
}

/// Sixteen bytes that belong to a name.
pub(super) fn bytes16(kind: &str, name: &str) -> [u8; 16] {
    let hash = sha256(&[kind.as_bytes(), b"/", name.as_bytes()]);
    std::array::from_fn(|at| hash[at])
}
