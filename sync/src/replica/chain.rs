//! What is here of every author's chain: enough to compare it with a peer and to ask for what is
//! missing.

use super::Replica;
use crate::item::{Class, Digest, Key};
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::admit::Introductions as _;
use jiaolian_schema::envelope::{Duty, Envelope, Head};
use jiaolian_schema::id::{AuthorId, EnvelopeId, OfficeId, sha256};
use jiaolian_schema::suite::SIGNATURE_BYTES;
use std::collections::BTreeSet;

/// One chain in few words.
#[derive(Debug, Clone)]
pub(super) struct ChainRow {
    /// The author's office.
    pub(super) office: OfficeId,
    class: Class,
    sum: [u8; 32],
    /// How many heads are here.
    pub(super) count: u64,
    /// All positions up to this one are here.
    pub(super) whole: u64,
    /// The last position that is here.
    pub(super) top: u64,
    islands: BTreeSet<u64>,
}

impl ChainRow {
    fn new(office: OfficeId, duty: Duty) -> Self {
        let class = match duty {
            Duty::Staff => Class::StaffChain,
            Duty::Keeper | Duty::Witness => Class::KeeperChain,
        };
        Self {
            office,
            class,
            sum: [0; 32],
            count: 0,
            whole: 0,
            top: 0,
            islands: BTreeSet::new(),
        }
    }

    fn add(&mut self, n: u64, id: EnvelopeId) {
        let mut carry = 0;
        for (sum, byte) in self.sum.iter_mut().zip(id.0).rev() {
            let total = u16::from(*sum) + u16::from(byte) + carry;
            (*sum, carry) = (total as u8, total >> 8);
        }
        self.count += 1;
        self.top = self.top.max(n);
        if n > self.whole {
            self.islands.insert(n);
        }
        while self.islands.remove(&(self.whole + 1)) {
            self.whole += 1;
        }
    }

    pub(super) fn digest(&self) -> Digest {
        let mut digest = Digest::default();
        let hash = sha256(&[&self.count.to_be_bytes(), &self.sum]);
        digest.copy_from_slice(&hash[..16]);
        digest
    }

    pub(super) fn key(&self, author: AuthorId) -> Key {
        Key::chain(self.class, self.office, author)
    }
}

/// The key of a head in `Table::Chain`.
pub(super) fn chain_key(author: AuthorId, n: u64, id: Option<EnvelopeId>) -> Vec<u8> {
    let mut key = author.0.to_vec();
    key.extend_from_slice(&n.to_be_bytes());
    key.extend(id.iter().flat_map(|id| id.0));
    key
}

impl<S: Store> Replica<S> {
    /// Counts a head into its chain; the author was introduced.
    pub(super) fn add_to_chain(&mut self, author: AuthorId, n: u64, id: EnvelopeId) {
        if !self.chains.contains_key(&author) {
            let Some(known) = self.authority.introduction(author) else {
                return;
            };
            let row = ChainRow::new(known.office, known.duty);
            self.chains.insert(author, row);
        }
        if let Some(row) = self.chains.get_mut(&author) {
            row.add(n, id);
            if row.whole < row.top {
                self.gapped.insert(author);
            } else {
                self.gapped.remove(&author);
            }
            self.index.put(row.key(author), row.digest());
        }
    }

    /// Ids of the heads of a chain from one position to another, in order, at most `limit`.
    pub(super) fn heads_between(
        &self,
        author: AuthorId,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Vec<(u64, EnvelopeId)> {
        let lo = chain_key(author, from, None);
        let hi = chain_key(author, to.saturating_add(1), None);
        let rows = self.disk.range(Table::Chain, &lo, &hi, limit);
        let read = |(key, _): (Vec<u8>, Vec<u8>)| {
            let mut n = [0; 8];
            n.copy_from_slice(key.get(32..40)?);
            let id = EnvelopeId::from_slice(key.get(40..)?)?;
            Some((u64::from_be_bytes(n), id))
        };
        rows.unwrap_or_default()
            .into_iter()
            .filter_map(read)
            .collect()
    }

    /// A stored envelope without its body.
    pub(super) fn load_head(&self, id: EnvelopeId) -> Result<Option<Envelope>, StoreError> {
        let Some(mut head) = self.disk.get(Table::Head, &id.0)? else {
            return Ok(None);
        };
        let Some(at) = head.len().checked_sub(SIGNATURE_BYTES) else {
            return Err(StoreError::Damaged(Table::Head));
        };
        let mut signature = [0; SIGNATURE_BYTES];
        signature.copy_from_slice(&head.split_off(at));
        Ok(Some(Envelope {
            head,
            signature,
            body: None,
        }))
    }

    /// A stored envelope with its body, where that is here and can be read.
    pub(super) fn load_envelope(&self, id: EnvelopeId) -> Result<Option<Envelope>, StoreError> {
        let Some(mut envelope) = self.load_head(id)? else {
            return Ok(None);
        };
        envelope.body = self.load_body(id)?;
        Ok(Some(envelope))
    }

    pub(super) fn load_body(&self, id: EnvelopeId) -> Result<Option<Vec<u8>>, StoreError> {
        match self.disk.get(Table::RosterBody, &id.0)? {
            Some(body) => Ok(Some(body)),
            None => self.disk.get(Table::CaseBody, &id.0),
        }
    }

    /// Writes a head and counts it, wherever heads count.
    pub(super) fn keep_head(&mut self, id: EnvelopeId, head: &Head, envelope: &Envelope) {
        let bytes = [envelope.head.as_slice(), &envelope.signature].concat();
        self.disk.put(Table::Head, &id.0, bytes);
        let key = chain_key(head.author, head.n, Some(id));
        self.disk.put(Table::Chain, &key, Vec::new());
        let row = self.chains.get(&head.author);
        let extends = head.n == row.map_or(0, |row| row.top) + 1;
        self.authority.add_head(id, head);
        self.add_to_chain(head.author, head.n, id);
        if !extends || self.authority.is_disputed(head.author) {
            // A gap closed, a fork, a position that was spoken of: what was signed before may
            // stand otherwise.
            self.standings.clear();
            self.to_place = true;
            self.watch_anew();
        }
    }
}
