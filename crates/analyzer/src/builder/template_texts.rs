//! Texts of templates: a thread appends them, and its modules share them.

use std::sync::{Arc, OnceLock};

/// Texts of a page.
const PAGE: usize = 1 << 8;

#[derive(Debug)]
struct Page([OnceLock<Box<str>>; PAGE]);

/// A list of texts that grows at its end. Copies share what they have: a module names texts by number, and counts as one owner
/// of all of them. A text that is owned by itself would be counted by every module that uses it.
#[derive(Debug, Clone, Default)]
pub(crate) struct TemplateTexts {
    pages: Arc<Vec<Arc<Page>>>,
}

impl TemplateTexts {
    /// The text at a place.
    pub(crate) fn get(&self, place: u32) -> Option<&str> {
        let place = place as usize;
        let text = self.pages.get(place / PAGE)?.0[place % PAGE].get()?;
        Some(text)
    }
}

/// The texts of a thread, which alone appends to them.
#[derive(Debug, Default)]
pub(super) struct GrowingTexts {
    texts: TemplateTexts,
    count: usize,
}

impl GrowingTexts {
    /// Appends a text, and answers its place.
    pub(super) fn push(&mut self, text: &str) -> u32 {
        let place = self.count;
        self.count += 1;
        let pages = &mut self.texts.pages;
        if place / PAGE == pages.len() {
            let page = Page(std::array::from_fn(|_| OnceLock::new()));
            // Those who share the pages before do without this one.
            Arc::make_mut(pages).push(Arc::new(page));
        }
        pages[place / PAGE].0[place % PAGE].get_or_init(|| text.into());
        place as u32
    }

    /// All that there are.
    pub(super) fn texts(&self) -> &TemplateTexts {
        &self.texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_where_they_are() {
        let mut growing = GrowingTexts::default();
        let before = growing.texts().clone();
        let mut shared = Vec::new();
        for n in 0..PAGE as u32 * 2 + 3 {
            assert_eq!(growing.push(&n.to_string()), n);
            shared.push(growing.texts().clone());
        }
        assert_eq!(before.get(0), None);
        for (n, texts) in (0..).zip(&shared) {
            for place in [0, n / 2, n] {
                assert_eq!(texts.get(place), Some(&*place.to_string()));
            }
        }
        assert_eq!(growing.texts().get(shared.len() as u32), None);
    }
}
