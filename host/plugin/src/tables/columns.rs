//! A table in the form that guests pull: texts as numbered words, one column of numbers per interest (ABI.md 6.5, 8.3).

use std::collections::HashMap;

use wubbo_core::ProviderTable;
use wubbo_plugin_sdk::abi::interest::Space;

use crate::call::input::Wanted;
use crate::call::url;

/// The sections of one table for one list of interests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Per column ROWS numbers u32: a word's number plus 1, 0 for absent.
    columns: Vec<Box<[u8]>>,
    /// The end of each word, then their bytes.
    words: Box<[u8]>,
    /// How many words there are.
    count: u32,
}

impl Columns {
    pub(super) fn new(table: &ProviderTable, wanted: &[Wanted]) -> Self {
        let mut words = Words::default();
        let columns = wanted.iter().map(|wanted| {
            let cells = table.rows().iter().flat_map(|row| {
                let number = match wanted.space {
                    Space::Url => {
                        url::parameter(&row.url, &wanted.key).map(|text| words.number(text))
                    }
                    Space::Field => match url::of_field(&row.url, wanted.field) {
                        Ok(Some(text)) => Some(words.number(text.as_str())),
                        _ => None,
                    },
                    _ => None,
                };
                number.unwrap_or(0).to_le_bytes()
            });
            cells.collect()
        });
        Self {
            columns: columns.collect(),
            count: u32::try_from(words.ends.len() / 4).unwrap_or(u32::MAX),
            words: [words.ends, words.bytes].concat().into(),
        }
    }

    /// One column.
    #[cfg(feature = "wasm")]
    pub(crate) fn column(&self, number: usize) -> Option<&[u8]> {
        self.columns.get(number).map(AsRef::as_ref)
    }

    /// The section of words.
    #[cfg(feature = "wasm")]
    pub(crate) fn words(&self) -> &[u8] {
        &self.words
    }

    /// How many columns and words there are.
    #[cfg(feature = "wasm")]
    pub(crate) fn counts(&self) -> (usize, u32) {
        (self.columns.len(), self.count)
    }
}

/// The distinct texts in the order in which they were met.
#[derive(Default)]
struct Words {
    numbers: HashMap<Box<str>, u32>,
    ends: Vec<u8>,
    bytes: Vec<u8>,
}

impl Words {
    /// The number of a text, from 1.
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.bytes.extend_from_slice(text.as_bytes());
        let end = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.ends.extend_from_slice(&end.to_le_bytes());
        let number = u32::try_from(self.numbers.len() + 1).unwrap_or(u32::MAX);
        self.numbers.insert(text.into(), number);
        number
    }
}

#[cfg(feature = "wasm")]
#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use wubbo_core::{ProviderRow, ServiceKey, Url};

    #[test]
    fn equal_texts_are_one_word_and_absent_ones_are_zero() {
        let rows = [
            "10.0.0.1:1/a.B?tag=gray",
            "10.0.0.1:2/a.B?tag=",
            "10.0.0.1:3/a.B?tag=gray",
        ];
        let rows = rows.map(|rest| {
            ProviderRow::new(
                Url::parse(&format!("dubbo://{rest}")).unwrap(),
                Arc::default(),
            )
        });
        let table = ProviderTable::new(ServiceKey::new("a.B", "", ""), 7, 1, rows.into());
        let wanted = |space, field, key: &str| Wanted {
            space,
            field,
            key: key.into(),
        };
        let host = wubbo_plugin_sdk::abi::field::HOST;
        let columns = Columns::new(
            &table,
            &[
                wanted(Space::Url, 0, "tag"),
                wanted(Space::Field, host, "host"),
                wanted(Space::Attachment, 0, "tag"),
            ],
        );
        let numbers = |bytes: &[u8]| -> Vec<u32> {
            bytes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|bytes| u32::from_le_bytes(*bytes))
                .collect()
        };
        assert_eq!(columns.counts(), (3, 2));
        assert_eq!(numbers(columns.column(0).unwrap()), [1, 0, 1]);
        assert_eq!(numbers(columns.column(1).unwrap()), [2, 2, 2]);
        assert_eq!(numbers(columns.column(2).unwrap()), [0, 0, 0]);
        assert!(columns.column(3).is_none());
        let (ends, bytes) = columns.words().split_at(8);
        assert_eq!((numbers(ends), bytes), (vec![4, 12], &b"gray10.0.0.1"[..]));
    }
}
