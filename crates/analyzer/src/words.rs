//! Words that decide what is looked for in a module, found in one pass over its text.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// A word that a text may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Exports,
    /// What comments to the analyzer begin with.
    Grafema,
    Express,
    Fetch,
    Axios,
    Undici,
}

/// By [`Word`]. None begins as another ends, so that none is hidden by one before it.
const TEXTS: [&str; 6] = ["exports", "grafema-", "express", "fetch", "axios", "undici"];

static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let mut builder = AhoCorasick::builder();
    builder.match_kind(MatchKind::LeftmostFirst);
    builder.build(TEXTS).ok()
});

/// The words that a text holds, also as parts of others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words(u8);

impl Words {
    const ALL: u8 = (1 << TEXTS.len()) - 1;

    pub(crate) fn of(source: &str) -> Self {
        let Some(finder) = &*FINDER else {
            return Words(Self::ALL);
        };
        let mut words = 0;
        for found in finder.find_iter(source) {
            words |= 1 << found.pattern().as_usize();
            if words == Self::ALL {
                break;
            }
        }
        Words(words)
    }

    /// Whether a word is among them.
    pub(crate) fn have(self, word: Word) -> bool {
        self.0 >> word as u32 & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::{TEXTS, Word, Words};

    #[test]
    fn words_are_found_wherever_they_stand() {
        use Word::{Axios, Exports, Express, Fetch, Grafema, Undici};
        let words = [Exports, Grafema, Express, Fetch, Axios, Undici];
        let long = "x".repeat(100);
        for (a, text) in TEXTS.iter().enumerate() {
            for other in TEXTS {
                assert!(!(1..text.len()).any(|at| other.starts_with(&text[at..])));
            }
            for source in [(*text).to_owned(), format!("{long}{text}{long}")] {
                let found = Words::of(&source);
                for (b, &word) in words.iter().enumerate() {
                    assert_eq!(found.have(word), a == b, "{word:?} in {source}");
                }
            }
        }
        let all = Words::of(&TEXTS.concat());
        assert!(words.iter().all(|&word| all.have(word)));
        assert!(!words.iter().any(|&word| Words::of("export").have(word)));
    }
}
