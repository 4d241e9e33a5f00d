//! Who looked at what, and why: what a person asks of the node becomes a row of its log, durable
//! before the answer.

use super::Node;
use crate::http::error::{ApiError, ApiResult};
use crate::seal::entropy;
use crate::view::Viewer;
pub use jiaolian_schema::audit::Looked;
use jiaolian_schema::audit::Row;
use jiaolian_schema::id::{DossierId, EnvelopeId, PersonId};
use jiaolian_sync::StoreError;
use std::collections::{BTreeMap, BTreeSet};

/// The same look of the same person within this time has one row, ms: a page that reads itself anew
/// tells nothing new.
const SAME_LOOK_MS: i64 = 60_000;
/// Most looks that are remembered for that.
const RECENT_MAX: usize = 4_096;
/// Most alarms remembered as shown to a person.
const SHOWN_MAX: usize = 50_000;
/// Most purposes remembered by person and case.
const PURPOSES_MAX: usize = 10_000;
/// A purpose holds for the same person and case so long, ms.
const PURPOSE_MS: i64 = 8 * 3_600_000;

/// One look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    row: Row,
}

/// What the shell remembers so that pages that read themselves anew make no new rows.
#[derive(Debug, Default)]
pub(super) struct Recent {
    looks: BTreeMap<Vec<u8>, i64>,
    shown: BTreeSet<(PersonId, DossierId)>,
    purposes: BTreeMap<(PersonId, DossierId), (String, i64)>,
}

impl Access {
    /// A look by a person at this moment.
    pub fn new(node: &Node, viewer: &Viewer, looked: Looked) -> Self {
        let row = Row::new(node.now(), Some(viewer.person), viewer.office, looked);
        Self { row }
    }

    /// Something that the node itself notes, or that was done by somebody it does not know.
    pub fn by_nobody(node: &Node, looked: Looked) -> Self {
        let row = Row::new(node.now(), None, node.office, looked);
        Self { row }
    }

    /// Of one case, or of one alarm.
    #[must_use]
    pub fn of(mut self, case: DossierId) -> Self {
        self.row.case = Some(case);
        self
    }

    /// For a purpose, a word of a closed list.
    #[must_use]
    pub fn for_purpose(mut self, purpose: &str) -> Self {
        purpose.clone_into(&mut self.row.purpose);
        self
    }

    /// Over a time, ms UTC.
    #[must_use]
    pub fn over(mut self, from: i64, to: i64) -> Self {
        (self.row.from, self.row.to) = (Some(from), Some(to));
        self
    }

    /// Of one matter.
    #[must_use]
    pub fn about(mut self, act: EnvelopeId) -> Self {
        self.row.act = Some(act);
        self
    }

    /// With a code of a closed list.
    #[must_use]
    pub fn saying(mut self, word: &str) -> Self {
        self.row.word = Some(word.to_owned());
        self
    }

    /// A list of so many.
    #[must_use]
    pub fn counting(mut self, rows: usize) -> Self {
        self.row.count = Some(rows as u64);
        self
    }

    /// By a person in the roster who is not signed in.
    #[must_use]
    pub fn by(mut self, person: Option<PersonId>) -> Self {
        self.row.person = person;
        self
    }

    /// What tells two looks apart, but for their time.
    fn mark(&self) -> Vec<u8> {
        let same = Row {
            at: 0,
            count: None,
            ..self.row.clone()
        };
        same.to_bytes()
    }

    /// Attempts and deeds each have their row; a look that is repeated at once has one.
    fn may_be_same(&self) -> bool {
        !matches!(
            self.row.looked,
            Looked::Denied
                | Looked::SignedIn
                | Looked::SignInRefused
                | Looked::SignedOut
                | Looked::Signed
                | Looked::TextSaved
                | Looked::Export
                | Looked::Refused
                | Looked::Account
                | Looked::Setting
                | Looked::Started
                | Looked::Stopped
                | Looked::Unlocked
                | Looked::Locked
        )
    }
}

impl Node {
    /// Writes a look down; it is durable before what was looked at is shown.
    pub fn note_access(&mut self, mut access: Access) -> ApiResult<()> {
        if let Some(case) = access.row.case {
            access.row.case = self.replica.row_name(case);
        }
        let (mark, at) = (access.mark(), access.row.at);
        if access.may_be_same() {
            let near = |last: &i64| (0..SAME_LOOK_MS).contains(&(at - last));
            if self.recent.looks.get(&mark).is_some_and(near) {
                return Ok(());
            }
        }
        self.replica.note(access.row).map_err(|error| {
            tracing::error!(%error, "the log of looks could not be written");
            ApiError::new("store_failed")
        })?;
        while self.recent.looks.len() >= RECENT_MAX {
            self.recent.looks.pop_first();
        }
        self.recent.looks.insert(mark, at);
        Ok(())
    }

    /// Notes alarms that come up on a person's screen, each once.
    pub fn note_shown(&mut self, viewer: &Viewer, alarms: &[DossierId]) -> ApiResult<()> {
        for alarm in alarms {
            if !self.recent.shown.contains(&(viewer.person, *alarm)) {
                let access = Access::new(self, viewer, Looked::AlarmShown).of(*alarm);
                self.note_access(access)?;
                while self.recent.shown.len() >= SHOWN_MAX {
                    self.recent.shown.pop_first();
                }
                self.recent.shown.insert((viewer.person, *alarm));
            }
        }
        Ok(())
    }

    /// Remembers the purpose that a person gave for a case.
    pub fn keep_purpose(&mut self, person: PersonId, case: DossierId, purpose: &str) {
        let now = self.now();
        let purposes = &mut self.recent.purposes;
        purposes.retain(|_, (_, at)| (0..PURPOSE_MS).contains(&(now - *at)));
        if purposes.len() < PURPOSES_MAX {
            purposes.insert((person, case), (purpose.to_owned(), now));
        }
    }

    /// The purpose that a person gave for a case not long ago.
    pub fn purpose_given(&self, person: PersonId, case: DossierId) -> Option<String> {
        let (purpose, at) = self.recent.purposes.get(&(person, case))?;
        (0..PURPOSE_MS)
            .contains(&(self.now() - at))
            .then(|| purpose.clone())
    }

    /// Notes that the node started: no line is open yet.
    pub fn note_start(&mut self) {
        self.note_machine(Looked::Started);
    }

    /// Notes that the node was told to stop, and signs what it has noted.
    pub fn note_stop(&mut self) {
        self.note_machine(Looked::Stopped);
        let now = self.now();
        self.replica.flush_log(now, entropy());
    }

    fn note_machine(&mut self, looked: Looked) {
        let access = Access::by_nobody(self, looked);
        // A disk that can't be written stops the node with a sentence of its own.
        let _ = self.note_access(access);
    }

    /// Rows of the node's own log, from a number on, at most so many; the first has the number 1.
    pub fn accesses(&self, from: u64, limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = self.replica.log_rows(from, limit)?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }
}
