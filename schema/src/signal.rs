//! What a device says of itself, with a position or without one: its strap, its battery, whether it
//! was switched off.
//!
//! A device that has no word for a thing says nothing of it, which is neither yes nor no: only what
//! was said opens or ends anything.

use crate::id::sha256;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

const SIGNAL_DOMAIN: &[u8] = b"jiaolian signal/1\0";
/// Highest charge of a battery, per cent.
pub const BATTERY_PERCENT_MAX: u8 = 100;

/// One thing that a device may say yes or no to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Sign {
    /// The strap is open or cut.
    Strap = 0,
    /// The housing is open.
    Housing = 1,
    /// Its pieces are farther from one another than they may be.
    Apart = 2,
    /// It is being switched off in order; nothing more will come.
    Off = 3,
    /// It is being charged.
    Charging = 4,
    /// It has not moved for as long as it can tell.
    Still = 5,
    /// Another program makes its positions up.
    MadeUp = 6,
    /// It found itself at fault: no antenna, no store, wrong checks.
    Fault = 7,
    /// Its radio is being drowned out.
    Jammed = 8,
    /// Two devices report under its number.
    Cloned = 9,
    /// Its clock was set by other than the satellites, or stepped.
    Clock = 10,
    /// What it sent did not bear its own check.
    Garbled = 11,
}

impl Sign {
    /// Every sign, in the order of its number.
    pub const ALL: [Self; 12] = [
        Self::Strap,
        Self::Housing,
        Self::Apart,
        Self::Off,
        Self::Charging,
        Self::Still,
        Self::MadeUp,
        Self::Fault,
        Self::Jammed,
        Self::Cloned,
        Self::Clock,
        Self::Garbled,
    ];

    /// Its name in files and forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strap => "strap_open",
            Self::Housing => "housing_open",
            Self::Apart => "apart",
            Self::Off => "switched_off",
            Self::Charging => "charging",
            Self::Still => "still",
            Self::MadeUp => "made_up",
            Self::Fault => "fault",
            Self::Jammed => "jammed",
            Self::Cloned => "cloned",
            Self::Clock => "clock",
            Self::Garbled => "garbled",
        }
    }

    /// The sign of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sign| sign.name() == name)
    }

    const fn bit(self) -> u32 {
        1 << self as u8
    }
}

/// All that a device said of itself at one instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signs {
    said: u32,
    is: u32,
    battery: Option<u8>,
}

impl Signs {
    /// A device that says nothing.
    pub const NONE: Self = Self {
        said: 0,
        is: 0,
        battery: None,
    };

    /// The same, and this as well.
    #[must_use]
    pub const fn with(mut self, sign: Sign, is: bool) -> Self {
        self.said |= sign.bit();
        if is {
            self.is |= sign.bit();
        } else {
            self.is &= !sign.bit();
        }
        self
    }

    /// The same, with a charge in per cent; above 100 counts as 100.
    #[must_use]
    pub fn with_battery(mut self, percent: u8) -> Self {
        self.battery = Some(percent.min(BATTERY_PERCENT_MAX));
        self
    }

    /// What it says of this; none where it says nothing.
    pub const fn says(self, sign: Sign) -> Option<bool> {
        if self.said & sign.bit() == 0 {
            None
        } else {
            Some(self.is & sign.bit() != 0)
        }
    }

    /// Charge of the battery, per cent.
    pub const fn battery(self) -> Option<u8> {
        self.battery
    }

    /// Whether it says nothing at all.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// The same as three numbers, for columns: what is spoken of, what is so, and the charge plus
    /// one, 0 where none is told.
    pub fn to_parts(self) -> (u32, u32, u8) {
        (
            self.said,
            self.is,
            self.battery.map_or(0, |percent| percent + 1),
        )
    }

    /// The signs of such numbers; none where they can't be.
    pub fn from_parts((said, is, battery): (u32, u32, u8)) -> Option<Self> {
        let is_sound = is & !said == 0 && battery <= BATTERY_PERCENT_MAX + 1;
        is_sound.then(|| Self {
            said,
            is,
            battery: battery.checked_sub(1),
        })
    }

    /// What both say; where they differ, what is graver: yes, and the lower charge.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let battery = match (self.battery, other.battery) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self {
            said: self.said | other.said,
            is: self.is | other.is,
            battery,
        }
    }
}

impl<C> Encode<C> for Signs {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let entries = 2 + u64::from(self.battery.is_some());
        e.map(entries)?.u8(0)?.u32(self.said)?.u8(1)?.u32(self.is)?;
        if let Some(battery) = self.battery {
            e.u8(2)?.u8(battery)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Signs {
    fn decode(d: &mut Decoder<'b>, c: &mut C) -> Result<Self, decode::Error> {
        #[derive(Decode)]
        #[cbor(map)]
        struct Form {
            #[n(0)]
            said: u32,
            #[n(1)]
            is: u32,
            #[n(2)]
            battery: Option<u8>,
        }
        let form: Form = d.decode_with(c)?;
        let is_sound = form.is & !form.said == 0
            && form
                .battery
                .is_none_or(|percent| percent <= BATTERY_PERCENT_MAX);
        if !is_sound {
            return Err(decode::Error::message(
                "signs say yes only to what they speak of",
            ));
        }
        Ok(Self {
            said: form.said,
            is: form.is,
            battery: form.battery,
        })
    }
}

/// A report without a position.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Signal {
    /// The person's code.
    #[n(0)]
    pub person: String,
    /// Number of the device.
    #[n(1)]
    pub terminal: String,
    /// Device time, ms since 1970 UTC.
    #[n(2)]
    pub time: i64,
    /// What it says.
    #[n(3)]
    pub signs: Signs,
}

impl Signal {
    /// The same signal through any gateway has one name.
    pub fn id(&self) -> [u8; 32] {
        sha256(&[SIGNAL_DOMAIN, &crate::canon::encode(self)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_neither_yes_nor_no() {
        let signs = Signs::NONE
            .with(Sign::Strap, true)
            .with(Sign::Charging, false);
        assert_eq!(signs.says(Sign::Strap), Some(true));
        assert_eq!(signs.says(Sign::Charging), Some(false));
        assert_eq!(signs.says(Sign::Off), None);
        assert!(Signs::NONE.is_none() && !signs.is_none());
    }

    #[test]
    fn two_that_speak_at_once_are_taken_at_their_gravest_in_either_order() {
        let one = Signs::NONE.with(Sign::Strap, true).with_battery(40);
        let two = Signs::NONE.with(Sign::Strap, false).with_battery(15);
        assert_eq!(one.and(two), two.and(one));
        assert_eq!(one.and(two).says(Sign::Strap), Some(true));
        assert_eq!(one.and(two).battery(), Some(15));
    }

    #[test]
    fn bytes_come_back_and_a_yes_to_nothing_is_refused() {
        let signs = Signs::NONE.with(Sign::Clock, true).with_battery(200);
        let bytes = minicbor::to_vec(signs).unwrap();
        assert_eq!(decode::<Signs>(&bytes).unwrap(), signs);
        assert!(decode::<Signs>(&[0xa2, 0, 0, 1, 1]).is_err());
        assert!(decode::<Signs>(&[0xa3, 0, 0, 1, 0, 2, 0x18, 101]).is_err());
    }

    #[test]
    fn numbers_of_columns_come_back() {
        for signs in [
            Signs::NONE,
            Signs::NONE.with(Sign::Strap, false).with_battery(0),
            Signs::NONE.with(Sign::Garbled, true).with_battery(100),
        ] {
            assert_eq!(Signs::from_parts(signs.to_parts()), Some(signs));
        }
        assert_eq!(Signs::from_parts((0, 1, 0)), None);
        assert_eq!(Signs::from_parts((0, 0, 102)), None);
    }

    #[test]
    fn every_sign_has_a_name_of_its_own() {
        for sign in Sign::ALL {
            assert_eq!(Sign::named(sign.name()), Some(sign));
        }
        assert_eq!(Sign::named("strap"), None);
    }
}
