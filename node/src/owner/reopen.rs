//! A node whose Replica was opened anew while it runs, under a newer root.

use super::Node;

impl Node {
    /// The Replica was opened anew under the root that the directory's office trusts now: what was
    /// read is read again, and every session begins again.
    pub(crate) fn follow_new_root(&mut self) {
        self.root = self
            .home
            .as_ref()
            .and_then(|home| home.identity.root.clone());
        if self.own.iter().any(|author| self.doubted.contains(author)) {
            self.replica.retire_own();
        }
        if !self.is_locked() {
            self.replica.unlocked(self.now());
        }
        self.forget_all();
        self.to_follow_roster = true;
        self.allow_endpoints();
        if let Some(links) = &self.links {
            for peer in links.up() {
                links.hangup(&peer);
            }
        }
    }
}
