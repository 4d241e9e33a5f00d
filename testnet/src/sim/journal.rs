//! What the people of a simulated world remember by themselves, beside every node: what was
//! acknowledged to them, where a case ever stood, what was forged.

use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId};
use std::collections::{BTreeMap, BTreeSet};

/// What is remembered of one case.
#[derive(Debug, Clone)]
pub(crate) struct CaseNote {
    /// Words that stand in the case's opening and nowhere else.
    pub(crate) canary: String,
    pub(crate) minor: bool,
    /// Every office that was ever named responsible, as places of the plan.
    pub(crate) places: BTreeSet<usize>,
}

/// The memory of everybody together.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Acknowledged writes, with the node that answered and the dossier.
    pub(crate) acked: BTreeMap<EnvelopeId, (usize, DossierId)>,
    pub(crate) cases: BTreeMap<DossierId, CaseNote>,
    /// Forged by somebody without the capacity: must never have effect.
    pub(crate) forged: BTreeSet<EnvelopeId>,
    /// Keys that somebody else had: envelopes after these positions are not the owner's.
    pub(crate) stolen: BTreeMap<AuthorId, u64>,
    pub(crate) signed: BTreeMap<&'static str, u64>,
    pub(crate) unsigned: BTreeMap<String, u64>,
    pub(crate) hangups: BTreeMap<String, u64>,
    pub(crate) refusals: BTreeMap<String, u64>,
    pub(crate) clock_behind: u64,
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    pub(crate) fixes: u64,
    /// Rules that were seen broken on the way.
    pub(crate) breaks: BTreeSet<String>,
}

impl Journal {
    pub(crate) fn hangup(&mut self, reason: &str) {
        *self.hangups.entry(stem(reason)).or_default() += 1;
    }

    pub(crate) fn refusal(&mut self, reason: &str) {
        *self.refusals.entry(stem(reason)).or_default() += 1;
    }

    pub(crate) fn refused_to_sign(&mut self, reason: &str) {
        *self.unsigned.entry(stem(reason)).or_default() += 1;
    }
}

/// A sentence without its numbers and ids, so that like ones are counted together.
fn stem(sentence: &str) -> String {
    let words = sentence.split_whitespace().take(12);
    let plain = words.map(|word| {
        let hidden = word.chars().any(|c| c.is_ascii_digit());
        if hidden { "…" } else { word }
    });
    plain.collect::<Vec<_>>().join(" ")
}
