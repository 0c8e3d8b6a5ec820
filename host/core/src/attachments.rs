//! What travels beside the arguments: an ordered map from text to values, most of it never looked at.
//!
//! Attachments read from a frame stay where they are: an entry remembers its bytes, so that a gateway copies the untouched ones
//! instead of encoding them again. Changing an entry drops its bytes.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use wubbo_hessian2::Value;

/// The value of one attachment.
#[derive(Clone, Debug, PartialEq)]
pub enum AttachmentValue {
    /// Text; what Dubbo 2 knows and what nearly every attachment is.
    Text(Box<str>),
    /// Anything else (Dubbo Java 2.7 and later), self-contained: its references point into itself.
    Value(Value),
}

impl AttachmentValue {
    /// The text, if it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Value(Value::String(text)) => Some(text),
            Self::Value(_) => None,
        }
    }

    /// The same as a Hessian value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.to_string()),
            Self::Value(value) => value.clone(),
        }
    }
}

impl From<&str> for AttachmentValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for AttachmentValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// One attachment as it is stored: in the frame's bytes, or owned.
#[derive(Clone, Debug)]
enum Stored {
    /// Key and value are UTF-8 text inside [`Attachments::raw`]; `whole` is the encoded entry, key and value together.
    Raw {
        key: Range<u32>,
        value: Range<u32>,
        whole: Range<u32>,
    },
    /// Everything else; `whole` as above when the entry came from the frame and was not touched.
    Owned {
        key: Cow<'static, str>,
        value: AttachmentValue,
        whole: Option<Range<u32>>,
    },
}

/// One attachment as it is read.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The key.
    pub key: &'a str,
    /// The text, when the value is text.
    pub text: Option<&'a str>,
    /// The value, when it is not text.
    pub value: Option<&'a Value>,
    /// The encoded entry as it came, when it is untouched.
    pub raw: Option<&'a [u8]>,
}

/// An ordered map of attachments. Keys are unique; a read is a scan, since a call has about ten. Send + Sync.
#[derive(Clone, Debug, Default)]
pub struct Attachments {
    raw: Bytes,
    entries: Vec<Stored>,
}

impl Attachments {
    /// No attachments.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty map whose raw entries will point into `raw`, the bytes of the frame's body.
    #[must_use]
    pub fn over(raw: Bytes) -> Self {
        Self {
            raw,
            entries: Vec::with_capacity(12),
        }
    }

    /// Adds an entry that lies in the frame: `key` and `value` are the ranges of their UTF-8 text, `whole` of the encoded entry.
    /// A range outside the bytes, or one that is no text, is refused by `false`. Of a repeated key the later entry counts.
    pub fn push_raw(
        &mut self,
        key: Range<usize>,
        value: Range<usize>,
        whole: Range<usize>,
    ) -> bool {
        let (Some(key), Some(value), Some(whole)) = (narrow(&key), narrow(&value), narrow(&whole))
        else {
            return false;
        };
        let (Some(name), Some(_), Some(_)) = (
            text_at(&self.raw, &key),
            text_at(&self.raw, &value),
            bytes_at(&self.raw, &whole),
        ) else {
            return false;
        };
        remove_from(&mut self.entries, &self.raw, name);
        self.entries.push(Stored::Raw { key, value, whole });
        true
    }

    /// Adds an entry that was read from the frame but cannot stay there as text; `whole` is where it lies.
    pub fn push_decoded(&mut self, key: String, value: AttachmentValue, whole: Range<usize>) {
        remove_from(&mut self.entries, &self.raw, &key);
        let whole = narrow(&whole).filter(|range| bytes_at(&self.raw, range).is_some());
        self.entries.push(Stored::Owned {
            key: Cow::Owned(key),
            value,
            whole,
        });
    }

    /// The text under `key`; `None` when absent or not text.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.find(key).and_then(|entry| entry.text)
    }

    /// The entry under `key`.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<Entry<'_>> {
        self.entries
            .iter()
            .find(|stored| key_bytes(stored, &self.raw) == key.as_bytes())
            .map(|stored| self.entry(stored))
    }

    /// Whether `key` is there, whatever its value.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.entries
            .iter()
            .any(|stored| key_bytes(stored, &self.raw) == key.as_bytes())
    }

    /// Sets `key`, in place when it is there, at the end otherwise.
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<AttachmentValue>) {
        let key = key.into();
        let raw = &self.raw;
        let place = self
            .entries
            .iter()
            .position(|stored| key_bytes(stored, raw) == key.as_bytes());
        let stored = Stored::Owned {
            key,
            value: value.into(),
            whole: None,
        };
        match place.and_then(|index| self.entries.get_mut(index)) {
            Some(there) => *there = stored,
            None => self.entries.push(stored),
        }
    }

    /// Removes `key`; whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        remove_from(&mut self.entries, &self.raw, key)
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        self.entries.iter().map(|stored| self.entry(stored))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn entry<'a>(&'a self, stored: &'a Stored) -> Entry<'a> {
        match stored {
            Stored::Raw { key, value, whole } => Entry {
                key: text_at(&self.raw, key).unwrap_or_default(),
                text: text_at(&self.raw, value),
                value: None,
                raw: bytes_at(&self.raw, whole),
            },
            Stored::Owned { key, value, whole } => Entry {
                key,
                text: value.as_str(),
                value: match value {
                    AttachmentValue::Text(_) | AttachmentValue::Value(Value::String(_)) => None,
                    AttachmentValue::Value(value) => Some(value),
                },
                raw: whole.as_ref().and_then(|range| bytes_at(&self.raw, range)),
            },
        }
    }
}

impl<K: Into<Cow<'static, str>>, V: Into<AttachmentValue>> FromIterator<(K, V)> for Attachments {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut attachments = Self::new();
        for (key, value) in pairs {
            attachments.set(key, value);
        }
        attachments
    }
}

fn key_bytes<'a>(stored: &'a Stored, raw: &'a Bytes) -> &'a [u8] {
    match stored {
        Stored::Raw { key, .. } => bytes_at(raw, key).unwrap_or_default(),
        Stored::Owned { key, .. } => key.as_bytes(),
    }
}

/// Removes `key`; whether it was there.
fn remove_from(entries: &mut Vec<Stored>, raw: &Bytes, key: &str) -> bool {
    let place = entries
        .iter()
        .position(|stored| key_bytes(stored, raw) == key.as_bytes());
    place.map(|index| entries.remove(index)).is_some()
}

fn narrow(range: &Range<usize>) -> Option<Range<u32>> {
    Some(u32::try_from(range.start).ok()?..u32::try_from(range.end).ok()?)
}

fn bytes_at<'a>(raw: &'a Bytes, range: &Range<u32>) -> Option<&'a [u8]> {
    raw.get(range.start as usize..range.end as usize)
}

fn text_at<'a>(raw: &'a Bytes, range: &Range<u32>) -> Option<&'a str> {
    std::str::from_utf8(bytes_at(raw, range)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed() -> Attachments {
        // "path"="p", "n"="1", as a frame would hold them.
        let mut attachments = Attachments::over(Bytes::from_static(b"\x04path\x01p\x01n\x011"));
        assert!(attachments.push_raw(1..5, 6..7, 0..7));
        assert!(attachments.push_raw(8..9, 10..11, 7..11));
        attachments
    }

    #[test]
    fn untouched_entries_keep_their_bytes() {
        let mut attachments = framed();
        attachments.set("path", "q");
        attachments.set("new", "v");
        let raw: Vec<bool> = attachments
            .iter()
            .map(|entry| entry.raw.is_some())
            .collect();
        assert_eq!(raw, [false, true, false]);
        assert_eq!(attachments.get("path"), Some("q"));
        assert_eq!(attachments.get("n"), Some("1"));
        assert_eq!(attachments.len(), 3);
    }

    #[test]
    fn a_copy_does_not_see_later_changes() {
        let shared = framed();
        let mut attempt = shared.clone();
        attempt.set("tag", "gray");
        assert!(attempt.remove("path"));
        assert!(!shared.contains("tag"));
        assert_eq!(shared.get("path"), Some("p"));
    }

    #[test]
    fn ranges_outside_the_frame_and_bad_text_are_refused() {
        let mut attachments = Attachments::over(Bytes::from_static(b"\xff\xff\xff"));
        assert!(!attachments.push_raw(0..1, 1..2, 0..2));
        assert!(!attachments.push_raw(0..9, 1..2, 0..2));
        assert!(attachments.is_empty());
    }

    #[test]
    fn of_a_repeated_key_the_later_entry_counts() {
        let mut attachments = framed();
        assert!(attachments.push_raw(1..5, 10..11, 0..7));
        assert_eq!(attachments.get("path"), Some("1"));
        assert_eq!(attachments.len(), 2);
    }
}
