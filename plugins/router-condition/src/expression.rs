//! A condition's text: `host = 10.* & method != get* => region = hz, sh`.

use crate::pattern::{Part, Values};
use wubbo_plugin_sdk::{Error, Result, yaml::Node};

/// A side of a condition names at most so many keys.
const KEYS_MAX: usize = 64;
/// A host takes keys of 256 bytes, and `default.` stands before some.
const KEY_BYTES_MAX: usize = wubbo_plugin_sdk::abi::limits::KEY_MAX - "default.".len();
/// A rule names at most so many keys and values: what bounds the time that reading and indexing take.
pub(crate) const WORDS_MAX: usize = 10_000;

/// A key and what its value must and must not be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) matches: Values,
    pub(crate) mismatches: Values,
}

impl Pair {
    /// A value that is absent holds where nothing is asked of it but what it must not be.
    pub(crate) fn holds(&self, value: Option<&str>, part: Part) -> bool {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return self.matches.is_empty();
        };
        if self.mismatches.hold(value, part) {
            return false;
        }
        if self.matches.is_empty() {
            !self.mismatches.is_empty()
        } else {
            self.matches.hold(value, part)
        }
    }

    pub(crate) fn references(&self) -> impl Iterator<Item = &str> {
        self.matches
            .references()
            .chain(self.mismatches.references())
    }
}

/// A condition as it stands in a rule, to point into it when it is wrong.
#[derive(Debug)]
pub(crate) struct Text<'r> {
    node: &'r Node,
    text: String,
    /// The words `consumer.` and `provider.` were left out: offsets are no longer the rule's.
    shortened: bool,
}

impl<'r> Text<'r> {
    pub(crate) fn new(node: &'r Node) -> Result<Self> {
        let written = node.text()?;
        let text = written.replace("consumer.", "").replace("provider.", "");
        Ok(Self {
            node,
            shortened: text.len() != written.len(),
            text,
        })
    }

    /// The parts around the first arrow; without an arrow all is consequence.
    pub(crate) fn parts(&self) -> (Side<'_>, Side<'_>) {
        let arrow = self.text.find("=>");
        let (when, then) = match arrow {
            Some(place) => (0..place, place + 2..self.text.len()),
            None => (0..0, 0..self.text.len()),
        };
        let side = |range: std::ops::Range<usize>, part| Side {
            of: self,
            start: range.start,
            text: self.text.get(range).unwrap_or_default(),
            part,
        };
        (side(when, Part::When), side(then, Part::Then))
    }

    /// The whole text as one side.
    pub(crate) fn whole(&self, part: Part) -> Side<'_> {
        Side {
            of: self,
            start: 0,
            text: &self.text,
            part,
        }
    }

    pub(crate) fn error(&self, offset: usize, message: String) -> Error {
        match self.shortened {
            true => self.node.error(message),
            false => self.node.error_at(offset, message),
        }
    }
}

/// One side of a condition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side<'t> {
    of: &'t Text<'t>,
    start: usize,
    text: &'t str,
    part: Part,
}

impl Side<'_> {
    /// Whether it is empty or says just `word`.
    pub(crate) fn is(&self, word: &str) -> bool {
        let text = self.text.trim();
        text.is_empty() || text == word
    }

    /// Reads the pairs. A separator of `& = != ,` (or none) stands before each word and says what the word is.
    /// `words_left` is what the rule may still spend.
    pub(crate) fn pairs(&self, words_left: &mut usize) -> Result<Vec<Pair>> {
        let mut pairs: Vec<Pair> = Vec::new();
        let mut current = None;
        let mut values_are = None;
        for (offset, separator, content) in words(self.text) {
            let Some(left) = words_left.checked_sub(1) else {
                let message = format!("more than {WORDS_MAX} keys and values in one rule");
                return Err(self.of.error(self.start + offset, message));
            };
            *words_left = left;
            let is_key = matches!(separator, "" | "&") || content.starts_with('$');
            if is_key && content.len() > KEY_BYTES_MAX {
                let message = format!("a key has at most {KEY_BYTES_MAX} bytes");
                return Err(self.of.error(self.start + offset, message));
            }
            if let ("" | "&", key) = (separator, content) {
                current = Some(self.begin(&mut pairs, key, separator.is_empty(), offset)?);
                continue;
            }
            let pair = current.and_then(|place: usize| pairs.get_mut(place));
            match (separator, values_are, pair) {
                ("=", _, Some(pair)) => {
                    pair.matches.add(content, self.part);
                    values_are = Some((current, true));
                }
                ("!=", _, Some(pair)) => {
                    pair.mismatches.add(content, self.part);
                    values_are = Some((current, false));
                }
                (",", Some((Some(of), equal)), _) => {
                    let Some(pair) = pairs.get_mut(of) else {
                        continue;
                    };
                    let values = if equal {
                        &mut pair.matches
                    } else {
                        &mut pair.mismatches
                    };
                    values.add(content, self.part);
                }
                _ => return Err(self.illegal(offset, separator, content)),
            }
        }
        if pairs.is_empty() {
            return Err(self
                .of
                .error(self.start, format!("\"{}\" names no key", self.text.trim())));
        }
        Ok(pairs)
    }

    /// The place of the pair of a key: a new one, or with `&` the one that is there.
    fn begin(&self, pairs: &mut Vec<Pair>, key: &str, anew: bool, offset: usize) -> Result<usize> {
        let known = pairs.iter().position(|pair| pair.key == key);
        let fresh = Pair {
            key: key.to_owned(),
            ..Pair::default()
        };
        match known {
            Some(place) => {
                if let Some(pair) = pairs.get_mut(place).filter(|_| anew) {
                    *pair = fresh;
                }
                Ok(place)
            }
            None if pairs.len() < KEYS_MAX => {
                pairs.push(fresh);
                Ok(pairs.len() - 1)
            }
            None => Err(self.of.error(
                self.start + offset,
                format!("more than {KEYS_MAX} keys in one condition"),
            )),
        }
    }

    fn illegal(&self, offset: usize, separator: &str, content: &str) -> Error {
        let offset = self.start + offset;
        let rule = &self.of.text;
        let index = rule
            .get(..offset)
            .map_or(0, |before| before.chars().count());
        let message = format!(
            "Illegal route rule \"{}\", The error char '{separator}' at index {index} before \"{content}\".",
            rule.trim_end()
        );
        self.of.error(offset, message)
    }
}

/// Each word with what separates it from the one before and the offset of that separator.
fn words(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    let is_separator = |byte: &u8| matches!(byte, b'&' | b'!' | b'=' | b',');
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let mut place = 0;
    std::iter::from_fn(move || {
        let bytes = text.as_bytes();
        let end = |from: usize, is: &dyn Fn(&u8) -> bool| {
            let rest = bytes.get(from..).unwrap_or_default();
            from + rest.iter().take_while(|byte| is(byte)).count()
        };
        while place < bytes.len() {
            let start = place;
            let separator = end(start, &is_separator);
            let content = end(separator, &is_space);
            place = end(content, &|byte| !is_separator(byte) && !is_space(byte));
            if place > content {
                // All borders are ASCII, so they are borders of characters.
                let (before, word) = (text.get(start..separator)?, text.get(content..place)?);
                return Some((start, before, word));
            }
        }
        None
    })
}
