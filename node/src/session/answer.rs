//! Answers given before: a double click or a retry after a cut connection signs once and reads the
//! first answer.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Most answers that one session remembers.
pub const ANSWERS_MAX: usize = 256;
/// Longest answer that is remembered, bytes; a longer one is given once.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Content type and body.
    pub body: Vec<u8>,
}

/// A place for one answer. Whoever holds it answers; others with the same key wait for it.
pub type Place = Arc<tokio::sync::Mutex<Option<Answer>>>;

/// Places by key, the oldest forgotten first.
#[derive(Debug, Default)]
pub struct Answers {
    places: Mutex<(BTreeMap<String, Place>, VecDeque<String>)>,
}

impl Answers {
    /// The place of a key, new or known.
    pub fn place(&self, key: &str) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let (by_key, order) = &mut *places;
        if let Some(place) = by_key.get(key) {
            return Arc::clone(place);
        }
        while order.len() >= ANSWERS_MAX {
            if let Some(oldest) = order.pop_front() {
                by_key.remove(&oldest);
            }
        }
        order.push_back(key.to_owned());
        let place = Place::default();
        by_key.insert(key.to_owned(), Arc::clone(&place));
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_key_has_one_place_until_it_is_the_oldest_of_too_many() {
        let answers = Answers::default();
        *answers.place("a").lock().await = Some(Answer {
            status: 201,
            body: vec![1],
        });
        assert!(answers.place("a").lock().await.is_some());
        for i in 0..ANSWERS_MAX {
            answers.place(&format!("k{i}"));
        }
        assert!(answers.place("a").lock().await.is_none());
    }
}
