//! What people read, in both languages, apart from the rules that show it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One text; `{name}` stands for a field of the matter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Key that rules name.
    pub key: String,
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    text: Vec<Text>,
}

pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Text>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    keyed(file.text, |text| &text.key)
}

/// Entries by id; an id that stands twice is an error.
pub(super) fn keyed<T>(
    entries: Vec<T>,
    id: impl Fn(&T) -> &String,
) -> Result<BTreeMap<String, T>, String> {
    let mut table = BTreeMap::new();
    for entry in entries {
        let key = id(&entry).clone();
        if table.insert(key.clone(), entry).is_some() {
            return Err(format!("{key:?} stands twice"));
        }
    }
    Ok(table)
}
