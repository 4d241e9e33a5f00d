//! What a link compares: one row a dossier and one row an author's chain, in an order that puts
//! what is urgent first.

use jiaolian_schema::hold::{Audience, DossierKind};
use jiaolian_schema::id::{AuthorId, DossierId, OfficeId, sha256};

/// Bytes of an item's digest.
pub(crate) const DIGEST_BYTES: usize = 16;
/// Bytes of an item's key: class, office, id.
pub(crate) const KEY_BYTES: usize = 49;
/// Bytes of a key that name its class and office.
pub(crate) const GROUP_BYTES: usize = 17;

/// First bytes of a hash over what a node has of an item.
pub(crate) type Digest = [u8; DIGEST_BYTES];

/// What an item is. The numbers are the order in which nodes bring one another up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Class {
    /// Roster dossiers.
    Roster = 0,
    /// Alarm dossiers by the responsible office.
    Alarm = 1,
    /// Alarm dossiers by the county: what cities and provinces compare, whom a move inside the
    /// county does not concern.
    CountyAlarm = 2,
    /// Case dossiers of adults by the responsible office.
    Case = 3,
    /// Case dossiers of adults by the county.
    CountyCase = 4,
    /// Case dossiers of minors, which stay at township and county.
    MinorCase = 5,
    /// Chains of keepers and witnesses.
    KeeperChain = 6,
    /// Chains of staff.
    StaffChain = 7,
    /// Logs of nodes, after all else.
    Audit = 8,
}

impl Class {
    /// The class of a dossier with this audience.
    pub(crate) fn of(audience: &Audience) -> Self {
        match audience.kind {
            DossierKind::Roster => Self::Roster,
            DossierKind::Alarm => Self::Alarm,
            DossierKind::Case if audience.minor => Self::MinorCase,
            DossierKind::Case => Self::Case,
            DossierKind::Audit => Self::Audit,
        }
    }
}

/// Class and office of an item: the part of its key that a link's scope is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Group(pub(crate) [u8; GROUP_BYTES]);

impl Group {
    /// All items of one class at one office.
    pub(crate) fn new(class: Class, office: OfficeId) -> Self {
        let mut bytes = [0; GROUP_BYTES];
        bytes[0] = class as u8;
        bytes[1..].copy_from_slice(&office.0);
        Self(bytes)
    }

    /// Whether the items are chains.
    pub(crate) fn is_chain(&self) -> bool {
        [Class::KeeperChain as u8, Class::StaffChain as u8].contains(&self.0[0])
    }

    /// The key that no key of the group is below.
    pub(crate) fn first(&self) -> Key {
        let mut bytes = [0; KEY_BYTES];
        bytes[..GROUP_BYTES].copy_from_slice(&self.0);
        Key(bytes)
    }

    /// The lowest key above all keys of the group.
    pub(crate) fn end(&self) -> Key {
        let mut bytes = self.first().0;
        for byte in bytes[..GROUP_BYTES].iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
        Key(bytes)
    }
}

/// Where an item stands in the order of all items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(pub(crate) [u8; KEY_BYTES]);

impl Key {
    /// Below every key.
    pub(crate) const START: Self = Self([0; KEY_BYTES]);
    /// Above every key.
    pub(crate) const END: Self = {
        let mut bytes = [0; KEY_BYTES];
        bytes[0] = 0xff;
        Self(bytes)
    };

    /// The key of a dossier at its responsible office.
    pub(crate) fn dossier(audience: &Audience, id: DossierId) -> Self {
        Self::of(Group::new(Class::of(audience), audience.place), &id.0)
    }

    /// The key of a dossier at the county of its responsible office, where offices above compare by
    /// counties.
    pub(crate) fn at_county(audience: &Audience, county: OfficeId, id: DossierId) -> Option<Self> {
        let class = match Class::of(audience) {
            Class::Alarm => Class::CountyAlarm,
            Class::Case => Class::CountyCase,
            _ => return None,
        };
        Some(Self::of(Group::new(class, county), &id.0))
    }

    /// The key of a chain.
    pub(crate) fn chain(class: Class, office: OfficeId, author: AuthorId) -> Self {
        Self::of(Group::new(class, office), &author.0)
    }

    fn of(group: Group, id: &[u8; 32]) -> Self {
        let mut key = group.first();
        key.0[GROUP_BYTES..].copy_from_slice(id);
        key
    }

    /// Class and office.
    pub(crate) fn group(&self) -> Group {
        let mut bytes = [0; GROUP_BYTES];
        bytes.copy_from_slice(&self.0[..GROUP_BYTES]);
        Group(bytes)
    }

    /// The dossier's or author's id.
    pub(crate) fn id(&self) -> [u8; 32] {
        let mut id = [0; 32];
        id.copy_from_slice(&self.0[GROUP_BYTES..]);
        id
    }

    /// The first bytes of the id, by which peers speak of the item.
    pub(crate) fn short(&self) -> ItemRef {
        item_ref(&self.id())
    }
}

/// First bytes of a dossier's or an author's id. Where two share them, both are meant.
pub type ItemRef = [u8; 8];

/// The short form of an id.
pub(crate) fn item_ref(id: &[u8; 32]) -> ItemRef {
    let mut short = [0; 8];
    short.copy_from_slice(&id[..8]);
    short
}

/// What two nodes of one session mix into every short digest, so that nobody can prepare a
/// collision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Salt(pub(crate) [u8; 8]);

/// A hash cut to six bytes, good for one session.
pub(crate) type Short = [u8; 6];

impl Salt {
    /// The salted short form of some bytes.
    pub(crate) fn short(self, bytes: &[u8]) -> Short {
        let hash = sha256(&[&self.0, bytes]);
        let mut short = [0; 6];
        short.copy_from_slice(&hash[..6]);
        short
    }
}
