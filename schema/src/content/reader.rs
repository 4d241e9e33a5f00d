//! Reads the numbers and slices of a change chunk without trusting any of them.

use super::error::PrecheckError;

/// A position in bytes that somebody else wrote. Every read is bounded by what is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    within: &'static str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], within: &'static str) -> Self {
        Self {
            rest: bytes,
            within,
        }
    }

    /// Names the part that is read from here on, for the error text.
    pub(super) fn enter(&mut self, within: &'static str) {
        self.within = within;
    }

    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8], PrecheckError> {
        let split = usize::try_from(count)
            .ok()
            .and_then(|n| self.rest.split_at_checked(n));
        let (taken, rest) = split.ok_or(PrecheckError::Truncated {
            within: self.within,
        })?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PrecheckError> {
        let taken = self.take(N as u64)?;
        taken.try_into().map_err(|_| PrecheckError::Truncated {
            within: self.within,
        })
    }

    fn byte(&mut self) -> Result<u8, PrecheckError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    /// An unsigned LEB128 number, shortest form only.
    pub(super) fn unsigned(&mut self) -> Result<u64, PrecheckError> {
        let mut value = 0_u64;
        for place in 0..10_u32 {
            let byte = self.byte()?;
            let overflow = place == 9 && byte > 1;
            let overlong = place > 0 && byte == 0;
            if overflow || overlong {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(PrecheckError::Number {
            within: self.within,
        })
    }

    /// A signed LEB128 number, shortest form only.
    pub(super) fn signed(&mut self) -> Result<i64, PrecheckError> {
        let mut value = 0_i64;
        let mut before = 0_u8;
        for place in 0..10_u32 {
            let byte = self.byte()?;
            let last = byte & 0x80 == 0;
            let overflow = place == 9 && byte != 0 && byte != 0x7f;
            let sign_repeated =
                (byte == 0 && before & 0x40 == 0) || (byte == 0x7f && before & 0x40 != 0);
            if overflow || (last && place > 0 && sign_repeated) {
                break;
            }
            value |= i64::from(byte & 0x7f) << (7 * place);
            if last {
                let sign_place = 7 * (place + 1);
                let negative = byte & 0x40 != 0 && sign_place < 64;
                return Ok(if negative {
                    value | (-1 << sign_place)
                } else {
                    value
                });
            }
            before = byte;
        }
        Err(PrecheckError::Number {
            within: self.within,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsigned(bytes: &[u8]) -> Result<u64, PrecheckError> {
        Reader::new(bytes, "test").unsigned()
    }

    fn signed(bytes: &[u8]) -> Result<i64, PrecheckError> {
        Reader::new(bytes, "test").signed()
    }

    #[test]
    fn unsigned_number_reaches_sixty_four_bits_and_no_further() {
        let mut most = [0xff_u8; 10];
        most[9] = 1;
        assert_eq!(unsigned(&most), Ok(u64::MAX));
        most[9] = 2;
        assert_eq!(
            unsigned(&most),
            Err(PrecheckError::Number { within: "test" })
        );
        assert_eq!(unsigned(&[0x80, 0x01]), Ok(128));
    }

    #[test]
    fn signed_number_reaches_both_ends_of_sixty_four_bits() {
        let mut least = [0x80_u8; 10];
        least[9] = 0x7f;
        assert_eq!(signed(&least), Ok(i64::MIN));
        let mut most = [0xff_u8; 10];
        most[9] = 0;
        assert_eq!(signed(&most), Ok(i64::MAX));
        assert_eq!(signed(&[0x7f]), Ok(-1));
        assert_eq!(signed(&[0xc0, 0x00]), Ok(64));
    }

    #[test]
    fn longer_form_than_needed_is_refused() {
        let refused = Err(PrecheckError::Number { within: "test" });
        assert_eq!(unsigned(&[0x80, 0x00]), refused);
        assert_eq!(signed(&[0x80, 0x00]), refused.clone().map(|_: u64| 0));
        assert_eq!(signed(&[0xff, 0x7f]), refused.map(|_| 0));
    }
}
