//! Readers for values with a bound or a form; their errors become sentences with a line.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A whole number from `MIN` to `MAX`.
pub(super) fn within<'de, D, const MIN: u64, const MAX: u64>(reader: D) -> Result<u64, D::Error>
where
    D: Deserializer<'de>,
{
    let value = i64::deserialize(reader)?;
    match u64::try_from(value) {
        Ok(value) if (MIN..=MAX).contains(&value) => Ok(value),
        _ => Err(D::Error::custom(format!(
            "it must be {MIN} to {MAX}, not {value}"
        ))),
    }
}

/// A whole number from `MIN` to `MAX`, where one is said.
pub(super) fn some_within<'de, D, T, const MIN: u64, const MAX: u64>(
    reader: D,
) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<u64>,
{
    let value = within::<D, MIN, MAX>(reader)?;
    Ok(T::try_from(value).ok())
}

/// 64 hexadecimal digits.
pub(super) fn endpoint_id<'de, D: Deserializer<'de>>(reader: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(reader)?;
    parse_id(&text).ok_or_else(|| {
        D::Error::custom(format!(
            "an endpoint id must have 64 hexadecimal digits, not {text:?}"
        ))
    })
}

fn parse_id(text: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let bytes: Vec<u8> = digits?
        .chunks(2)
        .map(|pair| (pair[0] << 4) as u8 | pair[pair.len() - 1] as u8)
        .collect();
    bytes.try_into().ok().filter(|_| text.len() == 64)
}
