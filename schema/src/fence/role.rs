//! What a fence is for: some roles raise alarms of their own kind, with their own count and dwell.

use super::FenceKind;

/// What a fence is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, minicbor::Encode, minicbor::Decode,
)]
#[cbor(index_only)]
pub enum FenceRole {
    /// The cities and counties of the residence (所居住的市、县).
    #[n(0)]
    Home,
    /// An area that the correction plan or a permission sets.
    #[n(1)]
    Plan,
    /// A place that a restraining order of the court forbids (禁止令).
    #[n(2)]
    Order,
    /// The residence, to be kept in by night.
    #[n(3)]
    Curfew,
    /// About the address of somebody who must not be contacted; seen as an address and never as a
    /// person.
    #[n(4)]
    Person,
    /// A place from which devices are known not to be heard: it demands nothing, and a silence that
    /// began there is milder.
    #[n(5)]
    Blind,
}

impl FenceRole {
    /// Every role.
    pub const ALL: [Self; 6] = [
        Self::Home,
        Self::Plan,
        Self::Order,
        Self::Curfew,
        Self::Person,
        Self::Blind,
    ];

    /// Its name in files and forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Plan => "plan",
            Self::Order => "order",
            Self::Curfew => "curfew",
            Self::Person => "person",
            Self::Blind => "blind",
        }
    }

    /// The role of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What a fence of this role demands.
    pub const fn kind(self) -> FenceKind {
        match self {
            Self::Home | Self::Plan | Self::Curfew => FenceKind::KeepIn,
            Self::Order | Self::Person | Self::Blind => FenceKind::KeepOut,
        }
    }
}
