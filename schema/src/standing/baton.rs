//! The baton of a transfer (rule 38): the register of the new office against the served cancel of
//! the old one.

use super::entry::Past;
use super::reader::Reader;
use super::rule::Verdict;
use super::slot::{Candidate, SlotValue, UNFILED};
use crate::fact::What;
use crate::hold::Moment;
use crate::id::OfficeId;

/// The step that is a baton.
pub(super) const BATON: &str = "baton";

/// A register by itself, and every served cancel by its service, each filed with the common
/// superior.
pub(super) fn candidates(
    reader: &Reader<'_>,
    indexes: Vec<usize>,
    within: Option<&Past>,
) -> Vec<Candidate> {
    let all: Vec<Candidate> = indexes
        .into_iter()
        .filter_map(|index| reader.candidate(index))
        .collect();
    let signers = signers(reader, &all);
    let mut counting: Vec<Candidate> = all
        .into_iter()
        .filter_map(|candidate| {
            if candidate.value == SlotValue::Verdict(Verdict::Refuse) {
                return served(reader, candidate, &signers, within);
            }
            let filed = filed(reader, candidate.index, &signers);
            Some(Candidate { filed, ..candidate })
        })
        .collect();
    for candidate in &mut counting {
        // No office outranks the other here: only the earlier filing counts.
        candidate.depth = 0;
    }
    counting.sort_by_key(|candidate| (candidate.past.size(), candidate.id));
    counting
}

/// The earliest filed good service of a cancel; an unserved cancel has no effect.
fn served(
    reader: &Reader<'_>,
    cancel: Candidate,
    signers: &[OfficeId],
    within: Option<&Past>,
) -> Option<Candidate> {
    let serves = reader.entries.iter().enumerate().filter(|(index, entry)| {
        matches!(entry.fact.what, What::Serve { decision } if decision == cancel.id)
            && entry.state.is_good()
            && within.is_none_or(|past| past.contains(*index))
    });
    let (filed, _, serve) = serves
        .map(|(index, entry)| (filed(reader, index, signers), entry.fact.id, index))
        .min()?;
    // Whoever saw the cancel and not its service saw nothing that counts.
    Some(Candidate {
        index: serve,
        filed,
        past: reader.entries[serve].past.clone(),
        ..cancel
    })
}

/// When the witness of the common superior first filed an entry, as the offices stood when that was
/// said.
fn filed(reader: &Reader<'_>, index: usize, signers: &[OfficeId]) -> i64 {
    let entry = &reader.entries[index];
    common_superior(reader, signers, entry.moment)
        .and_then(|office| reader.authority.filed_with(entry.fact.id, office))
        .unwrap_or(UNFILED)
}

/// Offices that register.
fn signers(reader: &Reader<'_>, candidates: &[Candidate]) -> Vec<OfficeId> {
    let registers = candidates
        .iter()
        .filter(|candidate| candidate.value == SlotValue::Verdict(Verdict::Approve));
    let seats = registers.filter_map(|candidate| reader.entries[candidate.index].seat);
    seats.map(|seat| seat.office).collect()
}

/// The lowest office that stood above the old office and above every office that registers, or is
/// it.
fn common_superior(reader: &Reader<'_>, signers: &[OfficeId], moment: Moment) -> Option<OfficeId> {
    let offices = reader.authority.offices();
    let above = offices.path_at(reader.opening.place, moment.said);
    above.into_iter().skip(1).find(|upper| {
        let over = |signer: &OfficeId| offices.stood_over(*upper, *signer, Moment::at(moment.said));
        signers.iter().all(over)
    })
}
