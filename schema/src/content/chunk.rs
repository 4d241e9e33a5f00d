//! The frame of a change chunk: who, after what, and where its columns lie.
//!
//! Layout: magic (4) · checksum (4) · type (1) · length · body, where the body is deps · actor ·
//! seq · first counter · time · message · other actors · column list · columns · extra bytes.

use sha2::{Digest, Sha256};

use super::error::PrecheckError;
use super::limit::EditLimits;
use super::reader::Reader;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const TYPE_CHANGE: u8 = 1;
const DEFLATE_BIT: u64 = 0b1000;

/// The columns of `edit/1`, ascending as they must be in a change: specification number = id of
/// the group times 16, plus the type. Marks (`0x94`, `0xa5`) are not among them.
const COLUMN_SPECS: [u64; 12] = [
    0x01, 0x02, 0x11, 0x13, 0x15, 0x34, 0x42, 0x56, 0x57, 0x70, 0x71, 0x73,
];

/// A column by its place in [`COLUMN_SPECS`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    ObjActor,
    ObjCounter,
    KeyActor,
    KeyCounter,
    KeyText,
    Insert,
    Action,
    ValueMeta,
    Value,
    PredCount,
    PredActor,
    PredCounter,
}

/// A change chunk whose frame keeps the limits. Its rows are not checked yet.
#[derive(Debug, Clone)]
pub(super) struct Chunk<'a> {
    pub(super) hash: [u8; 32],
    pub(super) deps: Vec<[u8; 32]>,
    /// The author first, then the other actors ascending; operations refer to them by place.
    pub(super) actors: Vec<[u8; 32]>,
    pub(super) seq: u64,
    pub(super) start_op: u64,
    pub(super) time_ms: i64,
    columns: [Option<&'a [u8]>; COLUMN_SPECS.len()],
}

impl<'a> Chunk<'a> {
    /// Reads the frame. Fails with the first rule broken; never panics, never allocates more than
    /// the lists of deps and actors, which are shorter than the input.
    pub(super) fn read(
        bytes: &'a [u8],
        limits: &EditLimits,
        expected_actor: &[u8; 32],
    ) -> Result<Self, PrecheckError> {
        let (body, hash) = open(bytes, limits)?;
        let mut body = Reader::new(body, "list of deps");
        let deps = read_deps(&mut body, limits)?;
        body.enter("actor");
        let actor = read_actor(&mut body)?;
        if actor != *expected_actor {
            return Err(PrecheckError::Actor {
                expected: *expected_actor,
                found: actor,
            });
        }
        body.enter("sequence number");
        let seq = in_range("a sequence number", body.unsigned()?, u64::from(u32::MAX))?;
        body.enter("first counter");
        let start_op = in_range("a first counter", body.unsigned()?, limits.counter_max)?;
        body.enter("time");
        let time_ms = body.signed()?;
        body.enter("message");
        let message = body.unsigned()?;
        if message != 0 {
            return Err(PrecheckError::Message { bytes: message });
        }
        let actors = read_actors(&mut body, actor, limits)?;
        let columns = read_columns(&mut body)?;
        if body.len() > limits.extra_bytes_max {
            let (bytes, max) = (body.len(), limits.extra_bytes_max);
            return Err(PrecheckError::Extra { bytes, max });
        }
        Ok(Self {
            hash,
            deps,
            actors,
            seq,
            start_op,
            time_ms,
            columns,
        })
    }

    /// The bytes of a column, or nothing if the change leaves it out.
    pub(super) fn column(&self, column: Column) -> Option<&'a [u8]> {
        self.columns.get(column as usize).copied().flatten()
    }
}

/// Checks the header and returns the body and the change's hash (SHA-256 over type, length, body).
fn open<'a>(bytes: &'a [u8], limits: &EditLimits) -> Result<(&'a [u8], [u8; 32]), PrecheckError> {
    if bytes.len() > limits.chunk_bytes_max {
        let max = limits.chunk_bytes_max;
        return Err(PrecheckError::ChunkLength {
            bytes: bytes.len(),
            max,
        });
    }
    let mut header = Reader::new(bytes, "header");
    let found: [u8; 4] = header.array()?;
    if found != MAGIC {
        return Err(PrecheckError::Magic { found });
    }
    let said: [u8; 4] = header.array()?;
    let [chunk_type] = header.array()?;
    if chunk_type != TYPE_CHANGE {
        return Err(PrecheckError::ChunkType { found: chunk_type });
    }
    let length = header.unsigned()?;
    if length != header.len() as u64 {
        return Err(PrecheckError::BodyLength {
            said: length,
            found: header.len(),
        });
    }
    let hash: [u8; 32] = Sha256::digest(bytes.get(8..).unwrap_or_default()).into();
    let found = [hash[0], hash[1], hash[2], hash[3]];
    if found != said {
        return Err(PrecheckError::Checksum { said, found });
    }
    Ok((header.take(length)?, hash))
}

fn in_range(what: &'static str, found: u64, max: u64) -> Result<u64, PrecheckError> {
    if (1..=max).contains(&found) {
        Ok(found)
    } else {
        Err(PrecheckError::Range { what, found, max })
    }
}

fn read_deps(body: &mut Reader<'_>, limits: &EditLimits) -> Result<Vec<[u8; 32]>, PrecheckError> {
    let count = body.unsigned()?;
    let max = limits.deps_max as u64;
    if !(1..=max).contains(&count) {
        return Err(PrecheckError::Count {
            what: "deps",
            count,
            max,
        });
    }
    let deps = (0..count)
        .map(|_| body.array())
        .collect::<Result<Vec<_>, _>>()?;
    ascending("deps", &deps)?;
    Ok(deps)
}

fn read_actor(body: &mut Reader<'_>) -> Result<[u8; 32], PrecheckError> {
    let bytes = body.unsigned()?;
    if bytes != 32 {
        return Err(PrecheckError::ActorLength { bytes });
    }
    body.array()
}

fn read_actors(
    body: &mut Reader<'_>,
    own: [u8; 32],
    limits: &EditLimits,
) -> Result<Vec<[u8; 32]>, PrecheckError> {
    body.enter("list of other actors");
    let others = body.unsigned()?;
    let (count, max) = (others.saturating_add(1), limits.actors_max as u64);
    if count > max {
        return Err(PrecheckError::Count {
            what: "actors",
            count,
            max,
        });
    }
    let mut actors = vec![own];
    for _ in 0..others {
        actors.push(read_actor(body)?);
    }
    let others = actors.get(1..).unwrap_or_default();
    ascending("other actors", others)?;
    if let Some(index) = others.iter().position(|other| *other == own) {
        return Err(PrecheckError::Order {
            what: "other actors",
            index,
        });
    }
    Ok(actors)
}

fn ascending(what: &'static str, list: &[[u8; 32]]) -> Result<(), PrecheckError> {
    match list.windows(2).position(|pair| pair[0] >= pair[1]) {
        Some(index) => Err(PrecheckError::Order {
            what,
            index: index + 1,
        }),
        None => Ok(()),
    }
}

fn read_columns<'a>(
    body: &mut Reader<'a>,
) -> Result<[Option<&'a [u8]>; COLUMN_SPECS.len()], PrecheckError> {
    body.enter("list of columns");
    let count = body.unsigned()?;
    let max = COLUMN_SPECS.len() as u64;
    if !(1..=max).contains(&count) {
        return Err(PrecheckError::Count {
            what: "columns",
            count,
            max,
        });
    }
    let mut lengths = [0_u64; COLUMN_SPECS.len()];
    let mut free_from = 0;
    for index in 0..count as usize {
        let (place, length) = read_column(body)?;
        if place < free_from {
            return Err(PrecheckError::Order {
                what: "columns",
                index,
            });
        }
        free_from = place + 1;
        lengths[place] = length;
    }
    body.enter("columns");
    let mut columns = [None; COLUMN_SPECS.len()];
    for (column, length) in columns.iter_mut().zip(lengths) {
        if length > 0 {
            *column = Some(body.take(length)?);
        }
    }
    Ok(columns)
}

/// One entry of the column list: the place in [`COLUMN_SPECS`] and the length in bytes.
fn read_column(body: &mut Reader<'_>) -> Result<(usize, u64), PrecheckError> {
    let spec = body.unsigned()?;
    if spec & DEFLATE_BIT != 0 {
        return Err(PrecheckError::Deflate { spec });
    }
    let place = COLUMN_SPECS
        .binary_search(&spec)
        .map_err(|_| PrecheckError::Column { spec })?;
    match body.unsigned()? {
        0 => Err(PrecheckError::EmptyColumn { spec }),
        length => Ok((place, length)),
    }
}
