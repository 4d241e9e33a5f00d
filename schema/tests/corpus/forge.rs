//! Makes changes that no honest writer makes: each part by hand, the checksum always right.

use jiaolian_schema::content::{ContentKind, GENESIS_ACTOR, Hash};
use sha2::{Digest, Sha256};

pub(crate) const WANG: Hash = [0x11; 32];

/// A change whose every part can be wrong. `Forge::default()` puts "手机" = "1" into `contact`.
#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) deps: Vec<Hash>,
    pub(crate) actor: Vec<u8>,
    pub(crate) seq: u64,
    pub(crate) start_op: u64,
    pub(crate) time: i64,
    pub(crate) message: Vec<u8>,
    pub(crate) others: Vec<Vec<u8>>,
    pub(crate) columns: Vec<(u64, Vec<u8>)>,
    pub(crate) extra: Vec<u8>,
}

/// Counter of the container `contact` of a case: the fourth that the genesis makes.
pub(crate) const CONTACT: u8 = 4;
/// First counter after the genesis of a case.
pub(crate) const FIRST: u64 = 6;

impl Default for Forge {
    fn default() -> Self {
        Self {
            deps: vec![ContentKind::Case.genesis_hash()],
            actor: WANG.to_vec(),
            seq: 1,
            start_op: FIRST,
            time: 0,
            message: Vec::new(),
            others: vec![GENESIS_ACTOR.to_vec()],
            columns: vec![
                (0x01, literal(&[1])),
                (0x02, literal(&[CONTACT])),
                (0x15, literal(&[&[6], "手机".as_bytes()].concat())),
                (0x34, vec![1]),
                (0x42, literal(&[1])),
                (0x56, literal(&[0x16])),
                (0x57, b"1".to_vec()),
                (0x70, literal(&[0])),
            ],
            extra: Vec::new(),
        }
    }
}

/// A literal run of one value (its bytes given).
pub(crate) fn literal(value: &[u8]) -> Vec<u8> {
    [&[0x7f], value].concat()
}

/// A run of `count` times one value.
pub(crate) fn run(count: i64, value: &[u8]) -> Vec<u8> {
    [signed(count), value.to_vec()].concat()
}

impl Forge {
    /// Replaces, adds (in order) or, with empty bytes, removes a column.
    pub(crate) fn column(mut self, spec: u64, bytes: Vec<u8>) -> Self {
        self.columns.retain(|(other, _)| *other != spec);
        if !bytes.is_empty() {
            let place = self.columns.partition_point(|(other, _)| *other < spec);
            self.columns.insert(place, (spec, bytes));
        }
        self
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = unsigned(self.deps.len() as u64);
        self.deps.iter().for_each(|dep| body.extend(dep));
        prefixed(&mut body, &self.actor);
        body.extend(unsigned(self.seq));
        body.extend(unsigned(self.start_op));
        body.extend(signed(self.time));
        prefixed(&mut body, &self.message);
        body.extend(unsigned(self.others.len() as u64));
        self.others
            .iter()
            .for_each(|other| prefixed(&mut body, other));
        body.extend(unsigned(self.columns.len() as u64));
        for (spec, bytes) in &self.columns {
            body.extend(unsigned(*spec));
            body.extend(unsigned(bytes.len() as u64));
        }
        self.columns
            .iter()
            .for_each(|(_, bytes)| body.extend(bytes));
        body.extend(&self.extra);
        body
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        chunk(1, &self.body())
    }
}

/// Puts a body into a chunk with the right length and checksum.
pub(crate) fn chunk(chunk_type: u8, body: &[u8]) -> Vec<u8> {
    let hashed = [&[chunk_type], unsigned(body.len() as u64).as_slice(), body].concat();
    let hash = Sha256::digest(&hashed);
    [&[0x85, 0x6f, 0x4a, 0x83], &hash[..4], &hashed].concat()
}

/// The body of a chunk.
pub(crate) fn body_of(chunk: &[u8]) -> &[u8] {
    let length_bytes = chunk[9..]
        .iter()
        .take_while(|byte| **byte & 0x80 != 0)
        .count()
        + 1;
    &chunk[9 + length_bytes..]
}

pub(crate) fn unsigned(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

pub(crate) fn signed(mut value: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

fn prefixed(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend(unsigned(bytes.len() as u64));
    body.extend(bytes);
}
