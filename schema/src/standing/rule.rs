//! What the fold asks of the rule pack: which events decide what, and who may sign them at which
//! level.

use crate::act::Span;
use crate::id::{OfficeId, PersonId};
use crate::late::LateRules;
use crate::rule::{builtin_check_in_numbers, builtin_numbers};
use crate::watch::Numbers;

/// A decision's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Granted; for a baton, the new office.
    Approve,
    /// Refused; for a baton, the old office.
    Refuse,
}

/// What an event decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The step of the matter that is the slot. The step named `baton` follows rule 38.
    pub step: String,
    /// The value.
    pub value: Verdict,
    /// Whether it burdens the person: such a decision is nothing to rely on.
    pub restrictive: bool,
}

/// Who signed, as the cited appointment says.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The person, not the key.
    pub person: PersonId,
    /// The office.
    pub office: OfficeId,
    /// Its tier, 1 township to 5 ministry.
    pub tier: u8,
    /// Role ids of the appointment, ascending.
    pub roles: &'a [String],
    /// How many offices stand above the signer's.
    pub depth: u8,
}

/// What was signed.
#[derive(Debug, Clone, Copy)]
pub enum SlotAct<'a> {
    /// A decision of a matter.
    Step {
        /// Workflow of the matter.
        workflow: &'a str,
        /// Version of its table.
        version: u16,
        /// The event.
        event: &'a str,
        /// The days asked for, with what this act itself sets.
        span: Option<Span>,
        /// Days of granted leaves in the two months that end on the last day asked for, and of this
        /// request.
        cum_days: u32,
        /// Whether an office above entrusted the signer's office with this workflow at the time of
        /// signing.
        entrusted: bool,
    },
    /// A protected field.
    Amend {
        /// Its name.
        field: &'a str,
    },
    /// Another office becomes responsible.
    Assign,
    /// A case is sealed, or its seal lifted.
    Seal {
        /// Whether it is sealed by it.
        sealed: bool,
        /// Ground in the rule pack.
        ground: &'a str,
    },
    /// A sealed case is opened to one person.
    Consult {
        /// Ground in the rule pack.
        ground: &'a str,
        /// For how long, ms.
        for_ms: i64,
    },
}

/// The part of a rule pack that the fold reads. It must be a pure function.
pub trait SlotRules {
    /// What the event decides, if it is a decision at all.
    fn decision(&self, workflow: &str, version: u16, event: &str) -> Option<Decision>;

    /// Whether who signed `earlier`, the act that opened the matter where there is none, prepared
    /// the decision `event` and may not sign it.
    fn is_apart(&self, workflow: (&str, u16), event: &str, earlier: Option<&str>) -> bool {
        let _ = (workflow, event);
        earlier.is_none()
    }

    /// Whether an appointment with these roles only reads: what is signed under it in a dossier that is
    /// no roster and no log is void.
    fn only_reads(&self, roles: &[String]) -> bool {
        let _ = roles;
        false
    }

    /// The numbers by which the watch judges; no part of the fold.
    fn watch_numbers(&self) -> Numbers {
        builtin_numbers().clone()
    }

    /// The numbers by which check-ins are judged; no part of the fold.
    fn check_in_numbers(&self) -> crate::checkin::Numbers {
        *builtin_check_in_numbers()
    }

    /// The numbers by which something is late; no part of the fold.
    fn late_rules(&self) -> LateRules {
        LateRules::default()
    }

    /// The numbers by which gatherings are told; none where nobody looks for them. No part of the
    /// fold.
    fn gather_numbers(&self) -> Option<crate::gather::Numbers> {
        None
    }

    /// Whether a role leads its office and may rule on quarrels there.
    fn leads(&self, role: &str) -> bool;

    /// Whether the signer's capacity and the level fit. How the signer's office stands to the
    /// responsible one is checked by the fold; `responsible` is the tier of the responsible office.
    fn competent(&self, signer: &Signer<'_>, act: &SlotAct<'_>, responsible: u8) -> bool;
}
