//! Who may have a dossier: the one function that is asked before sending and before keeping.

mod stay;

pub use stay::{AHEAD_DAYS, EVER, Moment, NEVER, Stay, day_of, day_start, may_get};

use crate::id::OfficeId;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Deepest tree of offices.
pub const DEPTH_MAX: usize = 8;

/// What a dossier is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum DossierKind {
    /// One office's staff, nodes and what superiors say about them.
    #[n(1)]
    Roster,
    /// One person's case.
    #[n(2)]
    Case,
    /// One alarm.
    #[n(3)]
    Alarm,
    /// The log of one node, of one month.
    #[n(4)]
    Audit,
}

/// An office as the tree knows it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Office {
    /// The office above; none for the root.
    #[n(0)]
    pub parent: Option<OfficeId>,
    /// 1 township, 2 county, 3 city, 4 province, 5 ministry.
    #[n(1)]
    pub tier: u8,
    /// Code as of now.
    #[n(2)]
    pub code: String,
    /// Name as of now.
    #[n(3)]
    pub name: String,
    /// 1 in a drill.
    #[n(4)]
    pub drill: u8,
}

/// The tree of offices, folded from founding acts and from those that move an office. What takes no
/// time speaks of the founding, or of the day that `as_of` was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offices {
    rows: BTreeMap<OfficeId, Office>,
    /// Of offices that pass from one superior to another.
    stays: BTreeMap<OfficeId, Vec<Stay>>,
}

impl Offices {
    /// Puts an office into the tree.
    pub fn insert(&mut self, id: OfficeId, office: Office) {
        self.rows.insert(id, office);
    }

    /// One office.
    pub fn get(&self, id: OfficeId) -> Option<&Office> {
        self.rows.get(&id)
    }

    /// All offices in ascending order of ids.
    pub fn iter(&self) -> impl Iterator<Item = (OfficeId, &Office)> {
        self.rows.iter().map(|(id, office)| (*id, office))
    }

    /// The office and its superiors, from itself to the root; ends early where a parent is not
    /// known.
    pub fn path(&self, from: OfficeId) -> Vec<OfficeId> {
        let mut path = Vec::new();
        let mut next = Some(from);
        while let Some(id) = next
            && path.len() < DEPTH_MAX
        {
            path.push(id);
            next = self.rows.get(&id).and_then(|office| office.parent);
        }
        path
    }

    /// How many offices stand above; none where the path to the root is not known.
    pub fn depth(&self, id: OfficeId) -> Option<u8> {
        let path = self.path(id);
        let top = self.rows.get(path.last()?)?;
        top.parent.is_none().then_some(path.len() as u8 - 1)
    }

    /// Whether `upper` stands strictly above `lower`.
    pub fn is_above(&self, upper: OfficeId, lower: OfficeId) -> bool {
        upper != lower && self.path(lower).contains(&upper)
    }

    /// Whether `upper` is `lower` or stands above it.
    pub fn covers(&self, upper: OfficeId, lower: OfficeId) -> bool {
        self.path(lower).contains(&upper)
    }

    /// The office and everything below it, ascending.
    pub fn subtree(&self, top: OfficeId) -> Vec<OfficeId> {
        self.rows
            .keys()
            .copied()
            .filter(|id| self.covers(top, *id))
            .collect()
    }
}

/// What `may_hold` needs to know of a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audience {
    /// What it is about.
    pub kind: DossierKind,
    /// The responsible office.
    pub place: OfficeId,
    /// Whether it concerns a minor or a sealed record.
    pub minor: bool,
}

/// Whether an office may have the bodies of a dossier, and keep what it has.
///
/// A Roster belongs to its office, all above it and all below it, and to whoever has dossiers whose
/// standing rests on it. A Case or an Alarm belongs to the responsible office
/// and its superiors up to the province; the ministry has figures only. A minor's Case stays at
/// township and county
/// (社区矫正法 Art. 54), while the Alarm, which knows a code and no name, goes up as others do, and so
/// does a node's log, in which a minor's case has a pseudonym. A superior is whoever ever was one or
/// is to be; who is sent what is new, `may_get` says.
pub fn may_hold(offices: &Offices, who: OfficeId, audience: &Audience) -> bool {
    let Some(tier) = offices.get(who).map(|office| office.tier) else {
        return false;
    };
    match audience.kind {
        DossierKind::Roster => offices.share_evidence(who, audience.place),
        _ => tier_may(tier, audience) && offices.ever_over(who, audience.place),
    }
}

fn tier_may(tier: u8, audience: &Audience) -> bool {
    match audience.kind {
        DossierKind::Case if audience.minor => tier <= 2,
        DossierKind::Roster => true,
        _ => tier <= 4,
    }
}
