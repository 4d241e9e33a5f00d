//! Why a change was refused before Automerge saw it: one sentence for each rule, with the value.

use thiserror::Error;

use crate::id::hex;

/// The rule of `edit/1` that a chunk of bytes breaks.
///
/// Depends on nothing but the bytes, the limits and the expected actor, so every node gives the
/// same answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PrecheckError {
    /// The chunk is longer than allowed.
    #[error("a change has at most {max} bytes, this one has {bytes}")]
    ChunkLength {
        /// Bytes found.
        bytes: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// The bytes end too early.
    #[error("the change ends inside its {within}")]
    Truncated {
        /// The part that is cut.
        within: &'static str,
    },
    /// The four magic bytes are missing.
    #[error("a change begins with 856f4a83, this one with {}", hex(.found))]
    Magic {
        /// What stands there.
        found: [u8; 4],
    },
    /// A document, a compressed change, a bundle, or something unknown.
    #[error("only chunk type 1 (an uncompressed change) is admitted, this is type {found}")]
    ChunkType {
        /// The type byte.
        found: u8,
    },
    /// The length in the header is not the length of what follows.
    #[error("the change says that {said} bytes follow its header, {found} do")]
    BodyLength {
        /// Length in the header.
        said: u64,
        /// Bytes behind the header.
        found: usize,
    },
    /// The checksum in the header is not that of the bytes.
    #[error("the checksum says {}, the bytes give {}", hex(.said), hex(.found))]
    Checksum {
        /// In the header.
        said: [u8; 4],
        /// Computed.
        found: [u8; 4],
    },
    /// A number is longer than 64 bits or longer than it needs to be.
    #[error("a number is LEB128 in its shortest form and at most 64 bits, in {within} it is not")]
    Number {
        /// Where.
        within: &'static str,
    },
    /// A list is longer than allowed, or a required one is empty.
    #[error("a change has 1 to {max} {what}, this one has {count}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// Found.
        count: u64,
        /// Allowed.
        max: u64,
    },
    /// A list is not strictly ascending.
    #[error("the {what} ascend without repeats, number {index} does not")]
    Order {
        /// The list.
        what: &'static str,
        /// Zero-based place of the first offender.
        index: usize,
    },
    /// An actor id is not 32 bytes long.
    #[error("an actor id has 32 bytes, this one has {bytes}")]
    ActorLength {
        /// Found.
        bytes: u64,
    },
    /// The change was made in another actor's name than the author's.
    #[error("the actor of a change is its author {}, this one names {}", hex(.expected), hex(.found))]
    Actor {
        /// The author who signed.
        expected: [u8; 32],
        /// The actor in the change.
        found: [u8; 32],
    },
    /// A number that starts at one is zero or beyond its bound.
    #[error("{what} lies between 1 and {max}, here it is {found}")]
    Range {
        /// Which number.
        what: &'static str,
        /// Found.
        found: u64,
        /// Highest allowed.
        max: u64,
    },
    /// The change carries a commit message.
    #[error("a change carries no message, this one has {bytes} bytes of it")]
    Message {
        /// Its length.
        bytes: u64,
    },
    /// A column that `edit/1` does not use (marks, future columns, references to nothing).
    #[error("column {spec:#04x} is not part of edit/1")]
    Column {
        /// Its specification number.
        spec: u64,
    },
    /// A column is flagged as compressed.
    #[error("a column is never compressed, column {spec:#04x} is")]
    Deflate {
        /// Its specification number.
        spec: u64,
    },
    /// A listed column holds nothing; such a column is left out.
    #[error("a listed column is not empty, column {spec:#04x} is")]
    EmptyColumn {
        /// Its specification number.
        spec: u64,
    },
    /// The runs of a column add up to more rows than allowed.
    #[error("the runs of column {column} add up to at most {max} rows, here to {rows} or more")]
    Rows {
        /// The column.
        column: &'static str,
        /// Sum at the point where the limit was passed.
        rows: u64,
        /// Allowed.
        max: u64,
    },
    /// A column has more or fewer rows than there are operations (or predecessors).
    #[error("column {column} has a row for each of its {expected} entries, no more and no fewer")]
    RowCount {
        /// The column.
        column: &'static str,
        /// Operations (or predecessors) of the change.
        expected: u64,
    },
    /// A run that a correct writer would have written otherwise.
    #[error("run {run} of column {column} is not in its one correct form")]
    Run {
        /// The column.
        column: &'static str,
        /// Zero-based number of the run.
        run: usize,
    },
    /// A text is not UTF-8.
    #[error("{within} is UTF-8, here it is not")]
    Utf8 {
        /// Where.
        within: &'static str,
    },
    /// A key or value is longer than allowed.
    #[error("{what} has at most {max} bytes, here it has {bytes}")]
    Length {
        /// Key or value.
        what: &'static str,
        /// Found.
        bytes: u64,
        /// Allowed.
        max: u64,
    },
    /// One operation breaks a rule of its own.
    #[error("operation {index}: {rule}, here it is {found}")]
    Operation {
        /// Zero-based number of the operation in the change.
        index: u64,
        /// The rule.
        rule: &'static str,
        /// What was found instead.
        found: u64,
    },
    /// Bytes stand behind the columns.
    #[error("a change has at most {max} bytes behind its columns, this one has {bytes}")]
    Extra {
        /// Found.
        bytes: usize,
        /// Allowed.
        max: usize,
    },
}

/// Why a change does not fit the document it is meant for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// Changes that it builds on are not here (yet).
    #[error("a change builds on changes that are here, {} is not", hex(.0.first().map_or(&[], |hash| hash)))]
    Missing(Vec<[u8; 32]>),
    /// The author's count of changes is not one more than in the past it names.
    #[error(
        "change {expected} of this author comes next in the past it names, this one is {found}"
    )]
    Sequence {
        /// Next in its past.
        expected: u64,
        /// In the change.
        found: u64,
    },
    /// Another change of the same author has this number.
    #[error("an author has one change {seq} in a document, {} is here already", hex(.standing))]
    Fork {
        /// The number.
        seq: u64,
        /// The change that has it.
        standing: [u8; 32],
    },
    /// The first counter does not follow on the past it names.
    #[error("the first counter is one more than the highest of its past {expected}, here {found}")]
    Counter {
        /// The counter that follows.
        expected: u64,
        /// In the change.
        found: u64,
    },
    /// An operation refers to something that its past does not hold.
    #[error("operation {index}: {rule}, counter {found} is not")]
    Reference {
        /// Zero-based number of the operation.
        index: u64,
        /// The rule.
        rule: &'static str,
        /// The counter referred to.
        found: u64,
    },
}
