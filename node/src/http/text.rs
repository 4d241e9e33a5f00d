//! The fixed words that this node says to people, in both languages, from one table.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::ToSchema;

/// Words shown to people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both languages at once.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }

    /// The same words in both languages, for names and numbers.
    pub fn plain(words: impl Into<String>) -> Self {
        let words = words.into();
        Self {
            zh: words.clone(),
            en: words,
        }
    }

    /// Puts values in the places `{0}`, `{1}` …
    #[must_use]
    pub fn fill(&self, values: &[&str]) -> Self {
        let mut filled = self.clone();
        for (i, value) in values.iter().enumerate() {
            let place = format!("{{{i}}}");
            filled.zh = filled.zh.replace(&place, value);
            filled.en = filled.en.replace(&place, value);
        }
        filled
    }

    /// Fills with words that differ by language.
    #[must_use]
    pub fn fill_texts(&self, values: &[&Self]) -> Self {
        let mut filled = self.clone();
        for (i, value) in values.iter().enumerate() {
            let place = format!("{{{i}}}");
            filled.zh = filled.zh.replace(&place, &value.zh);
            filled.en = filled.en.replace(&place, &value.en);
        }
        filled
    }
}

static TABLE: LazyLock<BTreeMap<String, BTreeMap<String, Text>>> = LazyLock::new(|| {
    toml::from_str(include_str!("text.toml")).expect("the table of words is built in and tested")
});

/// The words of `group.key`; where the table has none, the key itself, so that a page is never
/// blank.
pub fn words(group: &str, key: &str) -> Text {
    let found = TABLE.get(group).and_then(|keys| keys.get(key));
    found.cloned().unwrap_or_else(|| Text::plain(key))
}

/// The words of `group.key` with values in their places.
pub fn words_with(group: &str, key: &str, values: &[&str]) -> Text {
    words(group, key).fill(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that no officer should have to read, and words for people that nobody should read
    /// (design §8).
    const BANNED: [&str; 14] = [
        "节点",
        "哈希",
        "分叉",
        "信封",
        "罪犯",
        "服刑人员",
        "矫正人员",
        "node",
        "hash",
        "fork",
        "envelope",
        "contested",
        "offender",
        "criminal",
    ];

    #[test]
    fn no_technical_or_disparaging_word_reaches_the_screen() {
        for (group, keys) in TABLE.iter() {
            for (key, text) in keys {
                for banned in BANNED {
                    let english = text.en.to_lowercase();
                    let found = text.zh.contains(banned)
                        || english
                            .split(|c: char| !c.is_alphabetic())
                            .any(|word| word == banned);
                    assert!(!found, "{group}.{key} says {banned}");
                }
                assert!(!text.zh.is_empty() && !text.en.is_empty(), "{group}.{key}");
            }
        }
    }

    #[test]
    fn values_take_their_places_in_both_languages() {
        let text = words_with("error", "too_many_attempts", &["8"]);
        assert_eq!(text.zh, "尝试过多, 请8秒后再试");
        assert_eq!(text.en, "Too many attempts: try again in 8 s");
    }
}
