//! Instants as texts: RFC 3339 in, UTC out, milliseconds since 1970 between.

/// Milliseconds in a day.
pub const DAY_MS: i64 = 86_400_000;
/// Milliseconds by which Asia/Shanghai is ahead of UTC; China keeps no summer time since 1992.
pub const SHANGHAI_AHEAD_MS: i64 = 8 * 3_600_000;

/// Why a text is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadInstantError {
    /// Not the form, or no such day or hour.
    #[error("a time is RFC 3339, as 2026-03-02T08:00:00+08:00: {0:?}")]
    Form(String),
    /// No `Z` and no offset.
    #[error("a time names its offset, Z or as +08:00: {0:?}")]
    Offset(String),
}

/// Milliseconds since 1970 of an RFC 3339 date-time with `Z` or an offset, cut to the millisecond.
pub fn read_instant(text: &str) -> Result<i64, ReadInstantError> {
    let form = || ReadInstantError::Form(text.chars().take(40).collect());
    let bytes = text.as_bytes();
    let day = text.get(..10).and_then(read_day).ok_or_else(form)?;
    let clock = bytes.get(11..19).ok_or_else(form)?;
    if !matches!(bytes[10], b'T' | b't' | b' ') || clock[2] != b':' || clock[5] != b':' {
        return Err(form());
    }
    let hour = two_digits(&clock[..2])
        .filter(|hour| *hour < 24)
        .ok_or_else(form)?;
    let minute = two_digits(&clock[3..5])
        .filter(|minute| *minute < 60)
        .ok_or_else(form)?;
    let second = two_digits(&clock[6..])
        .filter(|second| *second <= 60)
        .ok_or_else(form)?;
    let (milli, rest) = read_fraction(&bytes[19..]).ok_or_else(form)?;
    let ahead_minutes = match rest {
        b"Z" | b"z" => 0,
        [] => return Err(ReadInstantError::Offset(text.chars().take(40).collect())),
        rest => read_offset(rest).ok_or_else(form)?,
    };
    let minutes = day * 1440 + hour * 60 + minute - ahead_minutes;
    // A leap second ends a day of UTC; elsewhere there is no second 60.
    if second == 60 && minutes.rem_euclid(1440) != 1439 {
        return Err(form());
    }
    Ok((minutes * 60 + second) * 1000 + milli)
}

/// Days since 1970 of a date `YYYY-MM-DD`.
pub fn read_day(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year = two_digits(&bytes[..2])? * 100 + two_digits(&bytes[2..4])?;
    let (month, day) = (two_digits(&bytes[5..7])?, two_digits(&bytes[8..])?);
    let leap = i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let length = match month {
        2 => 28 + leap,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=length)
        .contains(&day)
        .then(|| days_since_1970(year, month, day))
}

/// `2026-03-02T00:00:00Z`, with `.mmm` only where the milliseconds are not 0.
pub fn write_instant(ms: i64) -> String {
    let (day, in_day) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
    let (year, month, date) = civil_date(day);
    let (second, milli) = (in_day / 1000, in_day % 1000);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = if milli == 0 {
        String::new()
    } else {
        format!(".{milli:03}")
    };
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Years begin in March here, so the leap day is the last; eras are the 400 years after which all
/// repeats.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = (march_month + 2) % 12 + 1;
    (era * 400 + year + i64::from(month <= 2), month, day)
}

fn two_digits(bytes: &[u8]) -> Option<i64> {
    match bytes {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        }
        _ => None,
    }
}

/// Milliseconds of a fraction, cut, and what follows it.
fn read_fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', rest)) = bytes.split_first() else {
        return Some((0, bytes));
    };
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digit = |index: usize| {
        if index < count {
            i64::from(rest[index] - b'0')
        } else {
            0
        }
    };
    (count > 0).then(|| (digit(0) * 100 + digit(1) * 10 + digit(2), &rest[count..]))
}

/// Minutes ahead of UTC.
fn read_offset(bytes: &[u8]) -> Option<i64> {
    let [sign, hours @ .., b':', m1, m2] = bytes else {
        return None;
    };
    let hours = two_digits(hours).filter(|hours| *hours < 24)?;
    let minutes = two_digits(&[*m1, *m2]).filter(|minutes| *minutes < 60)?;
    match sign {
        b'+' => Some(hours * 60 + minutes),
        b'-' => Some(-(hours * 60 + minutes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_cut_to_the_millisecond() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T08:00:00.0019+08:00", 1),
            ("2026-03-02T08:00:00+08:00", 1_772_409_600_000),
            ("2026-03-02t00:00:00.5z", 1_772_409_600_500),
            ("1969-12-31T23:59:59.9999Z", -1),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("2024-02-29T23:30:00-00:30", 1_709_251_200_000),
        ] {
            assert_eq!(read_instant(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn texts_without_offset_or_of_no_day_are_refused() {
        assert!(matches!(
            read_instant("2026-03-02T08:00:00"),
            Err(ReadInstantError::Offset(_))
        ));
        for text in [
            "",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-03-02",
            "2026-03-02T24:00:00Z",
            "2026-03-02T08:00Z",
            "2026-03-02T08:00:00+0800",
            "2026-03-02T08:00:00+08",
            "2026-03-02T08:00:00.Z",
            "2026-03-02T08:00:60Z",
            "20260302T080000Z",
            "2026-03-02T08:00:00Z ",
            "1772409600",
            "２026-03-02T08:00:00Z",
        ] {
            assert!(read_instant(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn writing_an_instant_reads_back() {
        for ms in [
            0,
            -1,
            1_772_409_600_001,
            951_782_400_000,
            -62_135_596_800_000,
            253_402_300_799_999,
        ] {
            assert_eq!(read_instant(&write_instant(ms)), Ok(ms), "{ms}");
        }
        assert_eq!(write_instant(1_772_409_600_000), "2026-03-02T00:00:00Z");
        assert_eq!(write_instant(1_772_409_600_050), "2026-03-02T00:00:00.050Z");
    }
}
