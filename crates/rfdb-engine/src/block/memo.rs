//! Metadata texts of a block that come again and again.

use std::ops::Range;

use crate::dictionary::Dictionary;

/// Bytes of texts that are remembered.
const MOST_BYTES: usize = 1 << 16;
/// Longer texts come mostly once.
const LONGEST: usize = 64;
/// So many texts may be new before the old ones have to have paid.
const TRIAL: u32 = 64;

/// Where in the payload of a block a text was written. Of most edges between files there are few texts, so it is mostly copied;
/// where texts do not come again, nothing is remembered any more.
#[derive(Debug, Default)]
pub(super) struct Memo {
    texts: Dictionary,
    /// Of each text.
    spans: Vec<Range<u32>>,
    found: u32,
    missed: u32,
}

impl Memo {
    /// Forgets everything and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.texts.clear();
        self.spans.clear();
        (self.found, self.missed) = (0, 0);
    }

    fn pays(&self, text: &str) -> bool {
        text.len() <= LONGEST && self.missed < TRIAL + self.found
    }

    /// Writes a text again that was written before; `false` if it was not.
    pub(super) fn copy(&mut self, text: &str, payload: &mut Vec<u8>) -> bool {
        if !self.pays(text) {
            return false;
        }
        let span = (self.texts.find(text.as_bytes())).and_then(|at| self.spans.get(at as usize));
        match span {
            Some(span) => {
                payload.extend_from_within(span.start as usize..span.end as usize);
                self.found += 1;
                true
            }
            None => {
                self.missed += 1;
                false
            }
        }
    }

    /// Notes where a new text was written.
    pub(super) fn remember(&mut self, text: &str, place: Range<usize>) {
        if self.pays(text) && self.texts.intern(text.as_bytes(), MOST_BYTES).is_some() {
            self.spans.push(place.start as u32..place.end as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_comes_again_is_copied() {
        let mut memo = Memo::default();
        let mut payload = b"?".to_vec();
        assert!(!memo.copy("{}", &mut payload));
        payload.extend_from_slice(b"abc");
        memo.remember("{}", 1..4);
        assert!(memo.copy("{}", &mut payload));
        assert_eq!(payload, b"?abcabc");
        memo.clear();
        assert!(!memo.copy("{}", &mut payload));
    }

    #[test]
    fn texts_that_differ_are_not_remembered_for_ever() {
        let mut memo = Memo::default();
        let mut payload = Vec::new();
        for number in 0..TRIAL * 2 {
            let text = number.to_string();
            assert!(!memo.copy(&text, &mut payload));
            memo.remember(&text, 0..0);
        }
        assert!(!memo.copy("0", &mut payload));
        assert!(memo.spans.len() < TRIAL as usize);
    }
}
