//! Kinds of what the watch decides, each with its code in `rules/alarm_kind.toml`.

use minicbor::{Decode, Encode};

use crate::fence::{Fence, FenceKind, FenceRole};

/// What the watch raises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum AlarmKind {
    /// Left a `keep_in` fence.
    #[n(0)]
    Exit,
    /// Entered a `keep_out` fence.
    #[n(1)]
    Enter,
    /// Coarse fixes make one of these likely (R17); no condition is behind it.
    #[n(2)]
    Suspect,
    /// Left a `keep_in` fence under a leave for another place.
    #[n(3)]
    LeaveDev,
    /// Left the residence during a curfew.
    #[n(4)]
    NightOut,
    /// Near the address of somebody who must not be contacted.
    #[n(5)]
    NearPerson,
    /// Strap or housing open.
    #[n(6)]
    Tamper,
    /// Pieces of the device apart from one another.
    #[n(7)]
    Separation,
    /// Switched off in order with a battery that would have lasted.
    #[n(8)]
    PowerOff,
    /// Battery low.
    #[n(9)]
    LowBatt,
    /// On line without a position.
    #[n(10)]
    Silent,
    /// No report at all.
    #[n(11)]
    NoSignal,
    /// The device or its positions can't be believed.
    #[n(12)]
    DevFault,
    /// A check-in that was owed did not come.
    #[n(20)]
    CheckMiss = 20,
    /// A check-in that a person should look at.
    #[n(21)]
    CheckDoubt = 21,
}

impl AlarmKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Exit,
        Self::Enter,
        Self::Suspect,
        Self::LeaveDev,
        Self::NightOut,
        Self::NearPerson,
        Self::Tamper,
        Self::Separation,
        Self::PowerOff,
        Self::LowBatt,
        Self::Silent,
        Self::NoSignal,
        Self::DevFault,
        Self::CheckMiss,
        Self::CheckDoubt,
    ];

    /// Its code in the rules; a suspicion is one of an exit.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Exit | Self::Suspect => "GEO_OUT",
            Self::Enter => "GEO_IN",
            Self::LeaveDev => "LEAVE_DEV",
            Self::NightOut => "NIGHT_OUT",
            Self::NearPerson => "NEAR_PERSON",
            Self::Tamper => "TAMPER",
            Self::Separation => "SEPARATION",
            Self::PowerOff => "POWER_OFF",
            Self::LowBatt => "LOW_BATT",
            Self::Silent => "SILENT",
            Self::NoSignal => "NO_SIGNAL",
            Self::DevFault => "DEV_FAULT",
            Self::CheckMiss => "CHK_MISS",
            Self::CheckDoubt => "CHK_ABN",
        }
    }

    /// The kind of that code, a suspicion apart; none where the watch raises no such alarm.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// What the fence demands that it is about; none where it is about the device.
    pub const fn fence_kind(self) -> Option<FenceKind> {
        match self {
            Self::Exit | Self::LeaveDev | Self::NightOut => Some(FenceKind::KeepIn),
            Self::Enter | Self::Suspect | Self::NearPerson => Some(FenceKind::KeepOut),
            _ => None,
        }
    }

    /// What breaking a fence is, before any leave is asked for.
    pub(super) fn of_fence(fence: &Fence, with_role: bool) -> Self {
        match (fence.kind(), fence.role().filter(|_| with_role)) {
            (FenceKind::KeepIn, Some(FenceRole::Curfew)) => Self::NightOut,
            (FenceKind::KeepIn, _) => Self::Exit,
            (FenceKind::KeepOut, Some(FenceRole::Person)) => Self::NearPerson,
            (FenceKind::KeepOut, _) => Self::Enter,
        }
    }
}
