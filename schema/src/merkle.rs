//! A Merkle root over a list, with leaves and nodes hashed apart (RFC 6962 §2.1), in a suite's hash.

use crate::suite::digest;

/// The root over the leaves in their order; of no leaves, the hash of nothing.
pub fn root(suite: u8, leaves: impl Iterator<Item = Vec<u8>>) -> [u8; 32] {
    let hashes: Vec<[u8; 32]> = leaves.map(|leaf| digest(suite, &[&[0], &leaf])).collect();
    if hashes.is_empty() {
        digest(suite, &[])
    } else {
        tree(suite, &hashes)
    }
}

fn tree(suite: u8, hashes: &[[u8; 32]]) -> [u8; 32] {
    if let [one] = hashes {
        return *one;
    }
    let (left, right) = hashes.split_at(hashes.len().next_power_of_two() / 2);
    digest(suite, &[&[1], &tree(suite, left), &tree(suite, right)])
}
