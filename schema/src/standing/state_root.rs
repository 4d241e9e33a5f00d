//! One hash over a standing, which peers with equal facts compare.
//!
//! What waits or is void enters by id and class, not by reason: peers may lack different things.

use super::matter::{MatterStanding, Outcome};
use super::rule::Verdict;
use super::slot::{SlotStanding, SlotValue};
use super::{FOLD_VERSION, Standing};
use crate::id::{EnvelopeId, sha256};
use minicbor::Encoder;
use minicbor::encode::Error;
use std::convert::Infallible;

type Out = Encoder<Vec<u8>>;
type Written = Result<(), Error<Infallible>>;

impl Standing {
    /// SHA-256 of the standing's one byte form; the same for any order of arrival.
    pub fn state_root(&self) -> [u8; 32] {
        let mut out = Encoder::new(Vec::new());
        write(self, &mut out).expect("writing to memory cannot fail");
        sha256(&[&out.into_writer()])
    }
}

/// What later kinds of act bring is written only where there is any, so that a dossier without them
/// keeps its root.
fn write(standing: &Standing, out: &mut Out) -> Written {
    let mended = !(standing.withdrawals.is_empty() && standing.corrections.is_empty());
    let sealed = !(standing.seal == SlotStanding::Open && standing.consults.is_empty());
    out.array(9 + if mended { 2 } else { 0 } + if sealed { 3 } else { 0 })?
        .u16(FOLD_VERSION)?
        .encode(standing.kind)?
        .encode(standing.place)?
        .bool(standing.minor)?
        .encode(standing.person)?
        .bool(standing.unknown)?;
    out.array(standing.fields.len() as u64)?;
    for (name, slot) in &standing.fields {
        out.array(2)?.str(name)?;
        write_slot(slot, out)?;
    }
    out.array(standing.matters.len() as u64)?;
    for matter in standing.matters.values() {
        write_matter(matter, out)?;
    }
    out.array(standing.listed.len() as u64)?;
    for (id, _) in &standing.listed {
        out.encode(id)?;
    }
    if mended {
        write_mended(standing, out)?;
    }
    if sealed {
        write_sealed(standing, out)?;
    }
    Ok(())
}

/// Begins with a word of its own, so that no root of it is one of what was mended.
fn write_sealed(standing: &Standing, out: &mut Out) -> Written {
    out.str("seal")?;
    write_slot(&standing.seal, out)?;
    out.array(standing.consults.len() as u64)?;
    for one in &standing.consults {
        out.array(4)?.encode(one.id)?.encode(one.person)?;
        out.i64(one.from)?.i64(one.to)?;
    }
    Ok(())
}

fn write_mended(standing: &Standing, out: &mut Out) -> Written {
    out.array(standing.withdrawals.len() as u64)?;
    for (id, withdrawal) in &standing.withdrawals {
        out.array(3)?
            .encode(id)?
            .encode(withdrawal.act)?
            .bool(withdrawal.counts)?;
    }
    out.array(standing.corrections.len() as u64)?;
    for (act, ids) in &standing.corrections {
        out.array(2)?.encode(act)?;
        write_ids(ids, out)?;
    }
    Ok(())
}

fn write_matter(matter: &MatterStanding, out: &mut Out) -> Written {
    out.array(10)?
        .encode(matter.id)?
        .bool(matter.state.is_good())?
        .str(&matter.workflow)?
        .u16(matter.version)?
        .encode(matter.span)?
        .bool(matter.reliance)?
        .bool(matter.served)?;
    match &matter.grant {
        None => out.null()?,
        Some(grant) => out
            .array(5)?
            .encode(grant.decision)?
            .i32(grant.first_day)?
            .i32(grant.last_day)?
            .i64(grant.signed_at)?
            .encode(grant.revoked_at)?,
    };
    out.array(matter.slots.len() as u64)?;
    for (step, slot) in &matter.slots {
        out.array(2)?.str(step)?;
        write_slot(slot, out)?;
    }
    out.array(matter.steps.len() as u64)?;
    for step in &matter.steps {
        out.array(2)?.encode(step.id)?.u8(outcome(step.outcome))?;
    }
    Ok(())
}

fn outcome(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Recorded => 0,
        Outcome::Live => 1,
        Outcome::Replaced => 2,
        Outcome::Late => 3,
        Outcome::Conflicted => 4,
        Outcome::NotCompetent => 5,
        Outcome::NoEffect => 6,
        Outcome::Withdrawn => 7,
    }
}

fn write_slot(slot: &SlotStanding, out: &mut Out) -> Written {
    match slot {
        SlotStanding::Open => {
            out.array(1)?.u8(0)?;
        }
        SlotStanding::Stands { ids, value, filed } => {
            out.array(4)?.u8(1)?;
            write_ids(ids, out)?;
            write_value(value, out)?;
            out.bool(*filed)?;
        }
        SlotStanding::Conflicted { tips, in_force } => {
            out.array(3)?.u8(2)?;
            write_ids(tips, out)?;
            match in_force {
                None => {
                    out.null()?;
                }
                Some(before) => {
                    out.array(2)?;
                    write_ids(&before.ids, out)?;
                    write_value(&before.value, out)?;
                }
            }
        }
    }
    Ok(())
}

fn write_ids(ids: &[EnvelopeId], out: &mut Out) -> Written {
    out.array(ids.len() as u64)?;
    for id in ids {
        out.encode(id)?;
    }
    Ok(())
}

fn write_value(value: &SlotValue, out: &mut Out) -> Written {
    match value {
        SlotValue::Verdict(Verdict::Approve) => out.array(1)?.u8(1)?,
        SlotValue::Verdict(Verdict::Refuse) => out.array(1)?.u8(2)?,
        SlotValue::Field { hash, open } => {
            out.array(3)?.u8(3)?.bytes(hash)?;
            match open {
                None => out.null()?,
                Some(bytes) => out.bytes(bytes)?,
            }
        }
        SlotValue::Office(office) => out.array(2)?.u8(4)?.encode(office)?,
    };
    Ok(())
}
