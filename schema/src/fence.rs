//! Fences: an area a person keeps in or out of, and what each fix is to it.

mod door;
mod form;
mod index;
mod role;
mod set;
mod verdict;

use crate::fix::{Grade, Point};
use crate::geo::{CheckShapeError, Coord, Distance, Shape, depth_mm};
use crate::schedule::{ReadScheduleError, Schedule};

pub use door::{ReadFenceError, ReadFencesError, ReadShapeError, read_fences, read_shape};
pub use role::FenceRole;
pub use set::Fences;
pub use verdict::Verdict;

/// Largest buffer, mm.
pub const BUFFER_MM_MAX: u32 = 5_000_000;
/// Longest id, bytes.
pub const FENCE_ID_BYTES_MAX: usize = 256;

/// What a fence demands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, minicbor::Encode, minicbor::Decode,
)]
#[cbor(index_only)]
pub enum FenceKind {
    /// Stay inside; leaving is an exit.
    #[n(0)]
    KeepIn,
    /// Stay outside; coming near is an entry.
    #[n(1)]
    KeepOut,
}

impl FenceKind {
    /// Its name in files and forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeepIn => "keep_in",
            Self::KeepOut => "keep_out",
        }
    }

    /// Buffer when none is given (R6), mm.
    pub const fn buffer_default_mm(self) -> u32 {
        match self {
            Self::KeepIn => 100_000,
            Self::KeepOut => 50_000,
        }
    }
}

/// Why a fence is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckFenceError {
    /// No name, or too long a one.
    #[error("a fence has an id of 1 to {FENCE_ID_BYTES_MAX} bytes: {0}")]
    Id(usize),
    /// Out of range.
    #[error("a buffer is 0 to 5000 m: {0} mm")]
    Buffer(i64),
    /// A role that demands the opposite.
    #[error("a fence of the role {} is of the kind {}", role.name(), role.kind().name())]
    Role {
        /// The role asked for.
        role: FenceRole,
    },
    /// Nothing or everything.
    #[error(transparent)]
    Schedule(#[from] ReadScheduleError),
    /// No honest area.
    #[error(transparent)]
    Shape(#[from] CheckShapeError),
    /// Too narrow for its buffer.
    #[error("an exit could never be cleared with a buffer of {}, {}", metres(*buffer_mm), largest(*works_mm))]
    Clearable {
        /// The buffer asked for, mm.
        buffer_mm: i64,
        /// The largest that works, mm; `None` if not even 0 does.
        works_mm: Option<i64>,
    },
}

/// An area that binds while its schedule is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    id: String,
    kind: FenceKind,
    shape: Shape,
    buffer_mm: u32,
    schedule: Schedule,
    version: u32,
    valid: Validity,
    role: Option<FenceRole>,
}

/// The instants at which a version of a fence is the one that counts, ms since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First instant; `None` is since ever.
    pub from: Option<i64>,
    /// First instant at which it no longer counts; `None` is for ever.
    pub until: Option<i64>,
}

impl Validity {
    /// At all times.
    pub const ALWAYS: Self = Self {
        from: None,
        until: None,
    };

    /// Whether `time` lies within.
    pub fn holds(&self, time: i64) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time < until)
    }
}

impl Fence {
    /// A fence that has always counted, version 1, in force at all times. The shape is not checked
    /// for crossings.
    pub fn new(
        id: &str,
        kind: FenceKind,
        shape: Shape,
        buffer_mm: u32,
    ) -> Result<Self, CheckFenceError> {
        if id.is_empty() || id.len() > FENCE_ID_BYTES_MAX {
            return Err(CheckFenceError::Id(id.len()));
        }
        if buffer_mm > BUFFER_MM_MAX {
            return Err(CheckFenceError::Buffer(i64::from(buffer_mm)));
        }
        Ok(Self {
            id: id.to_owned(),
            kind,
            shape,
            buffer_mm,
            schedule: Schedule::ALWAYS,
            version: 1,
            valid: Validity::ALWAYS,
            role: None,
        })
    }

    /// The same fence with a role, refused where the role demands the other kind.
    pub fn with_role(self, role: FenceRole) -> Result<Self, CheckFenceError> {
        if role.kind() != self.kind {
            return Err(CheckFenceError::Role { role });
        }
        let role = Some(role);
        Ok(Self { role, ..self })
    }

    /// The same fence with a schedule.
    #[must_use]
    pub fn with_schedule(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// The same fence as a version that counts for some time only.
    #[must_use]
    pub fn with_version(self, version: u32, valid: Validity) -> Self {
        Self {
            version,
            valid,
            ..self
        }
    }

    /// Refuses areas that cross themselves; for every fence from outside.
    pub fn check(&self) -> Result<(), CheckFenceError> {
        Ok(self.shape.check()?)
    }

    /// Refuses a `keep_in` fence in which no exit could ever be cleared (R6).
    pub fn check_clearable(&self) -> Result<(), CheckFenceError> {
        let buffer_mm = i64::from(self.buffer_mm);
        if self.kind == FenceKind::KeepOut {
            return Ok(());
        }
        let depth = depth_mm(&self.shape, buffer_mm / 2 + 1);
        if 2 * depth > buffer_mm {
            return Ok(());
        }
        let works_mm = (depth > 0).then(|| 2 * depth - 1);
        Err(CheckFenceError::Clearable {
            buffer_mm,
            works_mm,
        })
    }

    /// What a place of this accuracy and grade is to the fence (R12).
    #[inline]
    pub fn verdict(&self, at: Coord, accuracy_mm: u32, grade: Grade) -> Verdict {
        verdict::judge(self, at, accuracy_mm, grade)
    }

    /// What a point is to the fence.
    #[inline]
    pub fn verdict_of(&self, point: &Point) -> Verdict {
        self.verdict(point.at, point.accuracy_mm, point.grade())
    }

    /// Whether version and schedule are in force at `time`, ms since 1970.
    #[inline]
    pub fn is_in_force(&self, time: i64) -> bool {
        self.valid.holds(time) && self.schedule.is_in_force(time)
    }

    /// Signed distance of a place to the edge, known up to `limit_mm` on both sides.
    pub fn distance(&self, at: Coord, limit_mm: u32) -> Distance {
        let limit = 4 * i64::from(limit_mm.min(BUFFER_MM_MAX));
        self.shape.distance(at, limit, limit)
    }

    /// The fence's name, one for all its versions.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it demands.
    pub const fn kind(&self) -> FenceKind {
        self.kind
    }

    /// Its area.
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Its buffer, mm.
    pub const fn buffer_mm(&self) -> u32 {
        self.buffer_mm
    }

    /// When it is in force.
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// What it is for, where that was said.
    pub const fn role(&self) -> Option<FenceRole> {
        self.role
    }

    /// Which of its versions this is; the higher counts where two are valid.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// When this version counts.
    pub const fn valid(&self) -> Validity {
        self.valid
    }
}

fn metres(mm: i64) -> String {
    let (whole, rest) = (mm / 1000, mm % 1000);
    if rest == 0 {
        format!("{whole} m")
    } else {
        format!("{whole}.{rest:03} m")
    }
}

fn largest(works_mm: Option<i64>) -> String {
    works_mm.map_or_else(
        || "the area is too narrow for any".to_owned(),
        |mm| format!("the largest that works is {}", metres(mm)),
    )
}
