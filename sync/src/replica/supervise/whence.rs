//! By which way a device was last heard: whoever falls silent together with others that came the
//! same way has, more likely than not, done nothing.

use minicbor::{Decode, Encode};

/// Most characters of one part.
const PART_CHARS_MAX: usize = 48;

/// By which way a report came, as far as the gateway knows. The gateway itself is the node that
/// stores it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Whence {
    #[n(0)]
    door: Option<String>,
    #[n(1)]
    vendor: Option<String>,
    #[n(2)]
    cell: Option<String>,
}

impl Whence {
    /// Through a door of the gateway.
    pub fn door(door: &str) -> Self {
        Self {
            door: part(door),
            ..Self::default()
        }
    }

    /// The same, from a device of this maker or from this maker's platform.
    #[must_use]
    pub fn of_vendor(self, vendor: &str) -> Self {
        Self {
            vendor: part(vendor),
            ..self
        }
    }

    /// The same, heard by this cell of the mobile network.
    #[must_use]
    pub fn in_cell(self, cell: &str) -> Self {
        Self {
            cell: part(cell),
            ..self
        }
    }

    /// The door's name.
    pub fn door_name(&self) -> Option<&str> {
        self.door.as_deref()
    }

    /// The maker or its platform.
    pub fn vendor(&self) -> Option<&str> {
        self.vendor.as_deref()
    }

    /// The cell.
    pub fn cell(&self) -> Option<&str> {
        self.cell.as_deref()
    }
}

/// What a device says is no name until it looks like one.
fn part(text: &str) -> Option<String> {
    let text = text.trim();
    let is_name = (1..=PART_CHARS_MAX).contains(&text.chars().count());
    (is_name && !text.contains(char::is_control)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_endless_or_unreadable_names_nothing() {
        let whence = Whence::door("jt808").of_vendor(" ").in_cell("a\nb");
        assert_eq!(whence, Whence::door("jt808"));
        assert_eq!(whence.clone().in_cell(&"7".repeat(49)), whence);
        let told = whence.of_vendor("70111").in_cell("460-0-28730-20736");
        assert_eq!(
            (told.door_name(), told.vendor(), told.cell()),
            (Some("jt808"), Some("70111"), Some("460-0-28730-20736"))
        );
    }
}
