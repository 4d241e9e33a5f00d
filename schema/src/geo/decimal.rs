//! Decimal texts to whole numbers, exactly: `27.65` becomes 276500000 without passing through a
//! float.

/// Why a text is no usable number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadNumberError {
    /// Not a decimal number.
    #[error("a number is written in decimal digits: {0:?}")]
    Form(String),
    /// Too large for the unit.
    #[error("the number is too large: {0:?}")]
    Size(String),
}

/// Most decimal digits of the result; one more could overflow an `i64`.
const RESULT_DIGITS_MAX: i64 = 18;

/// The number of units of `10^-places` in `text`, rounded with halves away from zero.
///
/// A sign, a point and an exponent are understood; spaces, `inf` and `nan` are not.
pub fn decimal_to_integer(text: &str, places: u8) -> Result<i64, ReadNumberError> {
    let form = || ReadNumberError::Form(text.chars().take(40).collect());
    let (negative, rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, read_exponent(exponent).ok_or_else(form)?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.len() + fraction.len() == 0 {
        return Err(form());
    }
    let digits = || {
        whole
            .bytes()
            .chain(fraction.bytes())
            .map(|byte| i64::from(byte - b'0'))
    };
    let zeros = digits().take_while(|digit| *digit == 0).count();
    let kept = whole.len() as i64 - zeros as i64 + exponent + i64::from(places);
    if digits().all(|digit| digit == 0) || kept < 0 {
        return Ok(0);
    }
    if kept > RESULT_DIGITS_MAX {
        return Err(ReadNumberError::Size(text.chars().take(40).collect()));
    }
    let mut significant = digits().skip(zeros);
    let magnitude = (0..kept).fold(0_i64, |sum, _| sum * 10 + significant.next().unwrap_or(0));
    let magnitude = magnitude + i64::from(significant.next().unwrap_or(0) >= 5);
    Ok(if negative { -magnitude } else { magnitude })
}

/// The same for a float that came out of JSON, through its shortest decimal text.
pub fn float_to_integer(value: f64, places: u8) -> Result<i64, ReadNumberError> {
    decimal_to_integer(&value.to_string(), places)
}

fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let far = 1_000_000;
    let size = digits.parse::<i64>().unwrap_or(far).min(far);
    Some(if text.starts_with('-') { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_round_halves_away_from_zero() {
        for (text, places, expected) in [
            ("27.65", 7, 276_500_000),
            ("-27.650000049", 7, -276_500_000),
            ("0.00000005", 7, 1),
            ("-0.00000005", 7, -1),
            ("0.000000049999999999999999999", 7, 0),
            ("99.99999995", 7, 1_000_000_000),
            ("+1e2", 3, 100_000),
            (".5", 0, 1),
            ("5.", 3, 5000),
            ("1.5e-3", 3, 2),
            ("0e999999999999999999999", 3, 0),
            ("1e-999999999999999999999", 3, 0),
            ("000000000000000000000000000001", 3, 1000),
        ] {
            assert_eq!(decimal_to_integer(text, places), Ok(expected), "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_numbers_are_refused() {
        for text in [
            "", ".", "-", "e5", "1e", "1 ", " 1", "inf", "NaN", "1_0", "0x10", "１", "--1", "1e1e1",
        ] {
            assert!(
                matches!(decimal_to_integer(text, 7), Err(ReadNumberError::Form(_))),
                "{text:?}"
            );
        }
        assert!(matches!(
            decimal_to_integer("1e30", 7),
            Err(ReadNumberError::Size(_))
        ));
        assert!(float_to_integer(f64::INFINITY, 7).is_err());
    }
}
