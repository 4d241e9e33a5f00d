//! Which dossier a row of the disk tells of, for a shell that seals each dossier under its own key.

use crate::parked::Parked;
use crate::replica::RefusedRow;
use crate::store::Table;
use jiaolian_schema::envelope::{Body, Envelope};
use jiaolian_schema::id::{DossierId, EnvelopeId};

/// The dossier whose words a row holds; none where it holds nobody's.
///
/// A body names its dossier, or opens the one of its own id. What is parked or refused claims one,
/// which nobody has checked: such a row shares that dossier's key and nothing else.
pub fn dossier_of(table: Table, key: &[u8], value: &[u8]) -> Option<DossierId> {
    match table {
        Table::CaseBody => {
            let body: Body = minicbor::decode(value).ok()?;
            body.dossier
                .or_else(|| EnvelopeId::from_slice(key).map(DossierId::from))
        }
        Table::Parked => claimed_dossier(&minicbor::decode::<Parked>(value).ok()?.envelope),
        Table::Refused => minicbor::decode::<RefusedRow>(value).ok()?.dossier,
        Table::View => DossierId::from_slice(key),
        _ => None,
    }
}

/// The dossier that a body names, before anything about it is believed.
pub(crate) fn claimed_dossier(envelope: &Envelope) -> Option<DossierId> {
    let body: Body = minicbor::decode(envelope.body.as_deref()?).ok()?;
    Some(body.dossier.unwrap_or(DossierId(envelope.id().0)))
}
