//! What a device says of itself in the bits and items of a location, by tables in files: the standard
//! has no word for a strap, and every maker has another one.

use super::item::Item;
use super::location::Location;
use crate::fix::Source;
use crate::signal::{BATTERY_PERCENT_MAX, Sign, Signs};
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

/// Longest table, bytes.
pub const ITEM_TABLE_BYTES_MAX: usize = 64 * 1_024;
/// Most rows of one table.
const ROWS_MAX: usize = 512;
/// First id that is a maker's.
const MAKER_ID_MIN: u8 = 0xE0;
/// Widest field of an item, bytes.
const WIDTH_MAX: u8 = 8;
/// Longest code of a maker, bytes (2019).
const MAKER_BYTES_MAX: usize = 11;

const BUILTIN: &str = include_str!("../../rules/device_item.toml");

/// Why a text is no table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {reason}")]
pub struct ParseItemTableError {
    /// Line of the text, from 1.
    pub line: usize,
    /// The rule that it breaks, with the value.
    pub reason: String,
}

/// All rows, in the order of their files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemTable {
    rows: Vec<Row>,
}

/// What a location says beside its place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Telling {
    /// Of the device itself.
    pub signs: Signs,
    /// 95 % radius, mm.
    pub accuracy_mm: Option<u32>,
    /// How the place was found.
    pub source: Option<Source>,
    /// The cell of the mobile network, a number of its maker's making.
    pub cell: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    place: Place,
    test: Test,
    unless: Vec<u64>,
    meaning: Meaning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Alarm,
    Status,
    Item {
        id: u8,
        maker: Option<String>,
        offset: usize,
        width: usize,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Bit { bit: u8, inverted: bool },
    Yes(Vec<u64>),
    Value { times: u64, over: u64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Sign(Sign),
    /// A charge; with a number where a bit stands for it.
    Battery(Option<u8>),
    Accuracy,
    Source(Source),
    CellId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    #[serde(default, rename = "verified")]
    _verified: bool,
    #[serde(default)]
    alarm: Vec<Spanned<RowFile>>,
    #[serde(default)]
    status: Vec<Spanned<RowFile>>,
    #[serde(default)]
    item: Vec<Spanned<RowFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowFile {
    means: String,
    id: Option<u8>,
    maker: Option<String>,
    offset: Option<u8>,
    width: Option<u8>,
    bit: Option<u8>,
    #[serde(default)]
    inverted: bool,
    yes: Option<Vec<u64>>,
    scale: Option<[u64; 2]>,
    percent: Option<u8>,
    #[serde(default)]
    unless: Vec<u64>,
}

impl ItemTable {
    /// The table that ships with the program.
    pub fn builtin() -> Self {
        Self::parse(BUILTIN).expect("the shipped table is read by a test")
    }

    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self, ParseItemTableError> {
        if text.len() > ITEM_TABLE_BYTES_MAX {
            let reason = format!(
                "a table has at most {ITEM_TABLE_BYTES_MAX} bytes: {}",
                text.len()
            );
            return Err(ParseItemTableError { line: 0, reason });
        }
        let at_line = |at: usize, reason: String| ParseItemTableError {
            line: 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count(),
            reason,
        };
        let file: TableFile = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            at_line(at, error.message().to_owned())
        })?;
        let mut rows = Vec::new();
        let parts = [
            (file.alarm, Kind::Alarm),
            (file.status, Kind::Status),
            (file.item, Kind::Item),
        ];
        for (part, kind) in parts {
            for row in part {
                let at = row.span().start;
                if rows.len() >= ROWS_MAX {
                    return Err(at_line(at, format!("a table has at most {ROWS_MAX} rows")));
                }
                let read = row.into_inner().read(kind);
                rows.push(read.map_err(|reason| at_line(at, reason))?);
            }
        }
        Ok(Self { rows })
    }

    /// This table and the rows of one more.
    #[must_use]
    pub fn with(mut self, more: Self) -> Self {
        self.rows.extend(more.rows);
        self
    }

    /// What a location of a maker's terminal says; the maker as its registration named it, empty
    /// where it never did. Of rows that speak of one thing the gravest stands, of accuracies the
    /// worst.
    pub fn read(&self, maker: &[u8], location: &Location) -> Telling {
        let mut telling = Telling::default();
        for row in &self.rows {
            for value in row.place.values(maker, location) {
                if !row.unless.contains(&value) {
                    row.tell(value, &mut telling);
                }
            }
        }
        telling
    }
}

impl Place {
    fn values(&self, maker: &[u8], location: &Location) -> Vec<u64> {
        match self {
            Self::Alarm => vec![u64::from(location.alarm)],
            Self::Status => vec![u64::from(location.status.0)],
            Self::Item {
                maker: Some(own), ..
            } if own.as_bytes() != maker => Vec::new(),
            Self::Item {
                id, offset, width, ..
            } => {
                let items = location.items.iter().filter(|item| item.id == *id);
                items
                    .filter_map(|item| field(item, *offset, *width))
                    .collect()
            }
        }
    }
}

/// A number in an item, big end first; none where the item ends before it.
fn field(item: &Item, offset: usize, width: usize) -> Option<u64> {
    let bytes = item.value.get(offset..offset + width)?;
    Some(
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    )
}

impl Row {
    fn tell(&self, value: u64, telling: &mut Telling) {
        let is_yes = match &self.test {
            Test::Bit { bit, inverted } => Some((value >> bit & 1 == 1) != *inverted),
            Test::Yes(values) => Some(values.contains(&value)),
            Test::Value { .. } => None,
        };
        let scaled = match self.test {
            Test::Value { times, over } => value.saturating_mul(times) / over,
            _ => 0,
        };
        match (self.meaning, is_yes) {
            (Meaning::Sign(sign), Some(is_yes)) => {
                telling.signs = telling.signs.and(Signs::NONE.with(sign, is_yes));
            }
            (Meaning::Battery(Some(percent)), Some(true)) => {
                telling.signs = telling.signs.and(Signs::NONE.with_battery(percent));
            }
            (Meaning::Battery(None), None) if scaled <= u64::from(BATTERY_PERCENT_MAX) => {
                let battery = Signs::NONE.with_battery(scaled as u8);
                telling.signs = telling.signs.and(battery);
            }
            (Meaning::Accuracy, None) => {
                let Test::Value { times, over } = self.test else {
                    return;
                };
                let mm = value.saturating_mul(times).saturating_mul(1_000) / over;
                let mm = u32::try_from(mm).unwrap_or(u32::MAX);
                telling.accuracy_mm = Some(telling.accuracy_mm.unwrap_or(0).max(mm));
            }
            (Meaning::Source(source), Some(true)) => telling.source = Some(source),
            (Meaning::CellId, None) => telling.cell = Some(value),
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Alarm,
    Status,
    Item,
}

impl RowFile {
    fn read(self, kind: Kind) -> Result<Row, String> {
        let meaning = self.meaning()?;
        let place = self.place(kind)?;
        let bits = match &place {
            Place::Item { width, .. } => 8 * *width as u8,
            _ => 32,
        };
        let test = self.test(meaning, bits)?;
        Ok(Row {
            place,
            test,
            unless: self.unless,
            meaning,
        })
    }

    fn meaning(&self) -> Result<Meaning, String> {
        Ok(match self.means.as_str() {
            "battery" => match self.percent {
                Some(percent) if percent > BATTERY_PERCENT_MAX => {
                    return Err(format!("percent is 0 to 100: {percent}"));
                }
                percent => Meaning::Battery(percent),
            },
            "accuracy_m" => Meaning::Accuracy,
            "gnss" => Meaning::Source(Source::Gnss),
            "wifi" => Meaning::Source(Source::Wifi),
            "cell" => Meaning::Source(Source::Cell),
            "cell_id" => Meaning::CellId,
            name => Meaning::Sign(Sign::named(name).ok_or_else(|| {
                format!(
                    "means is a sign, \"battery\", \"accuracy_m\", \"gnss\", \"wifi\", \"cell\" or \
                     \"cell_id\": {name:?}"
                )
            })?),
        })
    }

    fn place(&self, kind: Kind) -> Result<Place, String> {
        let is_bare = self.maker.is_none() && self.offset.is_none() && self.width.is_none();
        match (kind, self.id) {
            (Kind::Item, Some(id)) if id >= MAKER_ID_MIN => {
                let width = self.width.unwrap_or(1);
                if !(1..=WIDTH_MAX).contains(&width) {
                    return Err(format!("width is 1 to {WIDTH_MAX} bytes: {width}"));
                }
                let maker = self.maker.clone();
                if let Some(maker) = &maker
                    && !(1..=MAKER_BYTES_MAX).contains(&maker.len())
                {
                    let reason = format!("maker has 1 to {MAKER_BYTES_MAX} bytes: {maker:?}");
                    return Err(reason);
                }
                Ok(Place::Item {
                    id,
                    maker,
                    offset: usize::from(self.offset.unwrap_or(0)),
                    width: usize::from(width),
                })
            }
            (Kind::Item, Some(id)) => Err(format!("an item's id is 0xE0 to 0xFF: {id:#04X}")),
            (Kind::Item, None) => Err("an item has an id".to_owned()),
            (Kind::Alarm, None) if is_bare => Ok(Place::Alarm),
            (Kind::Status, None) if is_bare => Ok(Place::Status),
            _ => Err("a bit of the standard has no id, maker, offset or width".to_owned()),
        }
    }

    fn test(&self, meaning: Meaning, bits: u8) -> Result<Test, String> {
        if meaning == Meaning::CellId && self.scale.is_some() {
            return Err("a cell is a number without a scale".to_owned());
        }
        let is_number = matches!(
            meaning,
            Meaning::Battery(None) | Meaning::Accuracy | Meaning::CellId
        );
        if self.percent.is_some() && !matches!(meaning, Meaning::Battery(_)) {
            return Err("percent goes with a battery".to_owned());
        }
        match (self.bit, &self.yes, is_number) {
            (Some(bit), None, false) if bit >= bits => {
                Err(format!("bit is 0 to {}: {bit}", bits - 1))
            }
            (Some(bit), None, false) if self.scale.is_none() => Ok(Test::Bit {
                bit,
                inverted: self.inverted,
            }),
            (None, Some(yes), false) if self.scale.is_none() && !self.inverted => {
                Ok(Test::Yes(yes.clone()))
            }
            (None, None, true) if !self.inverted => match self.scale.unwrap_or([1, 1]) {
                [_, 0] => Err("scale is [times, over], over not 0".to_owned()),
                [times, over] => Ok(Test::Value { times, over }),
            },
            (_, _, true) => Err("a number has a scale and neither bit nor yes".to_owned()),
            _ => Err("a sign, a source and a percent have one of bit and yes, no scale".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jt808::Status;

    fn location(alarm: u32, items: &[(u8, &[u8])]) -> Location {
        let item = |(id, value): &(u8, &[u8])| Item {
            id: *id,
            value: value.to_vec(),
        };
        Location {
            alarm,
            status: Status(2),
            lat_e6: 28_150_000,
            lon_e6: 113_600_000,
            altitude_m: 0,
            speed_dkmh: 0,
            bearing_deg: 0,
            time: 0,
            items: items.iter().map(item).collect(),
        }
    }

    #[test]
    fn bits_of_the_standard_are_always_said_and_a_maker_s_items_by_that_maker_only() {
        let table = ItemTable::builtin();
        let plain = table.read(b"", &location(0, &[]));
        assert_eq!(plain.signs, Signs::NONE.with(Sign::Fault, false));
        let cut = table.read(b"", &location(1 << 8 | 1 << 7, &[]));
        let wanted = Signs::NONE.with(Sign::Fault, true).with_battery(10);
        assert_eq!(cut.signs, wanted);

        let strapped = location(0, &[(0xF1, &[0b0001]), (0xF2, &[63]), (0xF4, &[1])]);
        assert_eq!(table.read(b"70111", &strapped), plain);
        let told = table.read(b"JLXY1", &strapped);
        assert_eq!(told.signs.says(Sign::Strap), Some(true));
        assert_eq!(told.signs.says(Sign::Housing), Some(false));
        assert_eq!(told.signs.says(Sign::MadeUp), None);
        assert_eq!(told.signs.battery(), Some(63));
        assert_eq!(told.source, Some(Source::Wifi));
    }

    #[test]
    fn numbers_are_scaled_and_what_says_nothing_or_is_cut_short_is_not_read() {
        let table = ItemTable::builtin();
        let read = |items: &[(u8, &[u8])]| table.read(b"JLXY1", &location(0, items));
        assert_eq!(read(&[(0xF3, &[0x01, 0x2C])]).accuracy_mm, Some(30_000));
        assert_eq!(read(&[(0xF3, &[0, 0])]).accuracy_mm, None);
        assert_eq!(read(&[(0xF3, &[1])]).accuracy_mm, None);
        for nothing in [101, 255] {
            assert_eq!(read(&[(0xF2, &[nothing])]).signs.battery(), None);
        }
        let twice = read(&[(0xF2, &[80]), (0xF2, &[20])]);
        assert_eq!(twice.signs.battery(), Some(20));
    }

    #[test]
    fn a_cell_is_a_number_as_it_stands() {
        let row = "[[item]]\nid = 0xE7\noffset = 2\nwidth = 6\nmeans = \"cell_id\"\nunless = [0]\n";
        let table = ItemTable::parse(row).unwrap();
        let read = |value: &[u8]| table.read(b"", &location(0, &[(0xE7, value)])).cell;
        assert_eq!(
            read(&[1, 204, 0x70, 0x3A, 0, 0, 0x51, 0]),
            Some(0x703A_0000_5100)
        );
        assert_eq!(read(&[1, 204, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(read(&[1, 204, 0x70]), None, "cut short");
        let scaled = format!("{row}scale = [1, 10]\n");
        assert!(ItemTable::parse(&scaled).is_err());
    }

    #[test]
    fn one_more_table_adds_rows_and_inverts_bits() {
        let more = "[[item]]\nid = 0xE5\noffset = 1\nwidth = 2\nbit = 6\ninverted = true\n\
                    means = \"strap_open\"\n[[status]]\nbit = 26\nmeans = \"charging\"\n";
        let table = ItemTable::builtin().with(ItemTable::parse(more).unwrap());
        let whole = table.read(b"", &location(0, &[(0xE5, &[9, 0, 0x40])]));
        assert_eq!(whole.signs.says(Sign::Strap), Some(false));
        let cut = table.read(b"", &location(0, &[(0xE5, &[9, 0x40, 0])]));
        assert_eq!(cut.signs.says(Sign::Strap), Some(true));
        assert_eq!(cut.signs.says(Sign::Charging), Some(false));
    }

    #[test]
    fn a_wrong_table_is_refused_with_its_line_and_the_value() {
        for (row, line, why) in [
            (
                "id = 0x30\nbit = 0\nmeans = \"fault\"",
                2,
                "0xE0 to 0xFF: 0x30",
            ),
            ("bit = 0\nmeans = \"fault\"", 2, "has an id"),
            ("id = 0xE1\nbit = 8\nmeans = \"fault\"", 2, "0 to 7: 8"),
            ("id = 0xE1\nbit = 0\nmeans = \"strap\"", 2, "\"strap\""),
            ("id = 0xE1\nmeans = \"fault\"", 2, "one of bit and yes"),
            ("id = 0xE1\nwidth = 9\nmeans = \"battery\"", 2, "8 bytes: 9"),
            (
                "id = 0xE1\nscale = [1, 0]\nmeans = \"battery\"",
                2,
                "over not 0",
            ),
            (
                "id = 0xE1\nbit = 0\nmeans = \"battery\"",
                2,
                "neither bit nor yes",
            ),
            (
                "id = 0xE1\nbits = 0\nmeans = \"fault\"",
                4,
                "unknown field `bits`",
            ),
            ("id = 256\nbit = 0\nmeans = \"fault\"", 3, "256"),
            (
                "id = 0xE1\nbit = 0\nmeans = \"battery\"\npercent = 101",
                2,
                "0 to 100: 101",
            ),
        ] {
            let error = ItemTable::parse(&format!("\n[[item]]\n{row}\n")).unwrap_err();
            assert!(error.line >= line && error.line <= line + 3, "{error}");
            assert!(error.reason.contains(why), "{error}");
        }
        let fault = ItemTable::parse("[[alarm]]\nid = 0xE1\nbit = 1\nmeans = \"fault\"\n");
        assert!(fault.unwrap_err().reason.contains("no id"));
        let long = "#".repeat(ITEM_TABLE_BYTES_MAX + 1);
        assert!(ItemTable::parse(&long).is_err());
    }
}
