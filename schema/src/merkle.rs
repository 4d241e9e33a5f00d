//! A Merkle root over a list, with leaves and nodes hashed apart (RFC 6962 §2.1).

use crate::id::sha256;

/// The root over the leaves in their order; of no leaves, SHA-256 of nothing.
pub fn root(leaves: impl Iterator<Item = Vec<u8>>) -> [u8; 32] {
    let hashes: Vec<[u8; 32]> = leaves.map(|leaf| sha256(&[&[0], &leaf])).collect();
    if hashes.is_empty() {
        sha256(&[])
    } else {
        tree(&hashes)
    }
}

fn tree(hashes: &[[u8; 32]]) -> [u8; 32] {
    if let [one] = hashes {
        return *one;
    }
    let (left, right) = hashes.split_at(hashes.len().next_power_of_two() / 2);
    sha256(&[&[1], &tree(left), &tree(right)])
}
