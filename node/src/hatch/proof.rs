//! The greeting: `jiaolian-hatch/1` and a challenge, answered by a challenge and a proof, answered by a
//! proof. A proof is an HMAC under the secret over who proves and both challenges.

use crate::seal::entropy;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What a command says first.
pub(super) const GREETING: &[u8; 16] = b"jiaolian-hatch/1";
/// Length of the command's first words, bytes.
pub(super) const HELLO_BYTES: usize = 16 + 32;
/// Length of the node's answer, bytes: its challenge and its proof.
pub(super) const ANSWER_BYTES: usize = 32 + 32;

/// Who proves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Node,
    Command,
}

/// The challenges of both sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Challenges {
    pub(super) command: [u8; 32],
    pub(super) node: [u8; 32],
}

impl Challenges {
    /// The node's answer to a command's challenge.
    pub(super) fn answering(command: [u8; 32]) -> Self {
        Self {
            command,
            node: entropy(),
        }
    }

    /// Both, in the command's order.
    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.command, self.node].concat()
    }

    /// The proof that a side knows the secret.
    pub(super) fn prove(&self, secret: &[u8; 32], side: Side) -> [u8; 32] {
        self.mac(secret, side).finalize().into_bytes().into()
    }

    /// Whether a proof is that of a side, in a time that says nothing of it.
    pub(super) fn proves(&self, secret: &[u8; 32], side: Side, proof: &[u8]) -> bool {
        self.mac(secret, side).verify_slice(proof).is_ok()
    }

    fn mac(&self, secret: &[u8; 32], side: Side) -> Hmac<Sha256> {
        let word: &[u8] = match side {
            Side::Node => b"node",
            Side::Command => b"command",
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length will do");
        mac.update(&self.bytes());
        mac.update(word);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_of_one_side_one_secret_and_one_meeting() {
        let meeting = Challenges::answering([1; 32]);
        let proof = meeting.prove(&[7; 32], Side::Command);
        assert!(meeting.proves(&[7; 32], Side::Command, &proof));
        assert!(!meeting.proves(&[7; 32], Side::Node, &proof));
        assert!(!meeting.proves(&[8; 32], Side::Command, &proof));
        assert!(!meeting.proves(&[7; 32], Side::Command, &proof[..31]));
        let other = Challenges::answering([1; 32]);
        assert!(!other.proves(&[7; 32], Side::Command, &proof));
    }
}
